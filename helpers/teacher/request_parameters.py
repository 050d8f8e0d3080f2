"""Fitting a request to its endpoint: what it refuses is found out once and never sent again.

OpenAI's protocol has many dialects. Reasoning models want ``max_completion_tokens`` and no
temperature, some servers know no ``seed``, others give at most five ``top_logprobs``. A refusal
costs nothing and says what is wrong, so it is read: the parameter is renamed, lowered or left out,
the change is said in a warning, and all further requests of the endpoint go out that way. What an
endpoint is known to want can be given beforehand, as ``Endpoint(parameters={…})``.
"""

import inspect
import re
import warnings
from functools import cache

from helpers.teacher.endpoint import Endpoint, EndpointError
from helpers.teacher.parameter_limits import (
    depends_on_the_prompt,
    lower_bound,
    names_a_range,
    speaks_of_a_bound,
    upper_bound,
)

# The bound on what a reply may cost: it may be renamed or changed, but never left out.
LENGTHS = ("max_tokens", "max_completion_tokens")
_BOUNDS = (*LENGTHS, "max_output_tokens", "max_new_tokens", "n_predict")  # what others call it
_FIXED = {"model", "messages", "prompt", *LENGTHS}
_TOGETHER = {"logprobs": ("logprobs", "top_logprobs")}  # one is nothing without the other
# Numbers that a server may want smaller, and that do less, but the same, when they are.
_LOWERED = ("top_logprobs", "temperature", *LENGTHS)
_OTHER_NAMES = {"top_logprobs": ("top_n_tokens",), "max_tokens": _BOUNDS[2:]}
_A_BOUND = re.compile(r"\b(?:(?:max|n|num)_\w*(?:tokens|predict)|max[A-Z]?\w*Tokens)\b")
_SPOKEN_LENGTH = re.compile(
    r"\b(?:completion|output|new|generated|max(?:imum)?(?: number of)?) (?:tokens|limit|length)\b|"
    r"tokens? to (?:generate|sample)",
    re.I,
)

# "We do not know this parameter", which is no reason to think that its value was wrong.
_UNKNOWN = re.compile(
    r"unsupported|not (?:currently )?support|n['’]t support|unknown|unrecogni[sz]ed|unexpected|"
    r"not (?:permitted|allowed|available|implemented|enabled|valid|compatible|recogni[sz]ed)|"
    r"unavailable|extra (?:inputs|fields)|extraneous|unevaluated|additional propert|"
    r"deprecated|no such|disabled|不支持|지원하지",
    re.I,
)
_REFUSED = re.compile(
    rf"{_UNKNOWN.pattern}|invalid|only the default|cannot|can['’]t|must|should|requires?\b|fixed|"
    r"less than|at most|greater than|more than|exceed|too (?:large|high)|maximum|range|非法|无效",
    re.I,
)
_INSTEAD = re.compile(r"\buse\s+(['\"`]?)(\w+)\1\s+instead", re.I)


class Renamed(str):
    """In ``Endpoint.parameters``: send a parameter under this name instead."""


class AtMost(float):
    """A number that is lowered to this where it is larger."""


class AtLeast(int):
    """A number that is raised to this where it is smaller."""


def fit_request(body: dict, endpoint: Endpoint) -> dict:
    """The body of a request as this endpoint wants it; the given one is left alone.

    First ``endpoint.parameters`` (what its user said), then what the endpoint has refused so far.
    """
    for changes in (getattr(endpoint, "parameters", {}), getattr(endpoint, "refused", {})):
        body = _changed(body, changes)
    return body


def _changed(body: dict, changes: dict) -> dict:
    found = dict(body)
    for name, change in changes.items():
        if isinstance(change, Renamed):
            if name in found:
                found[str(change)] = found.pop(name)
        elif isinstance(change, AtMost | AtLeast):
            if _is_number(found.get(name)):
                nearest = (min if isinstance(change, AtMost) else max)(found[name], change)
                found[name] = int(nearest) if float(nearest).is_integer() else float(nearest)
        elif change is None:
            found.pop(name, None)
        else:
            found[name] = change
    return found


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def as_arguments(body: dict) -> dict:
    """A body as keyword arguments of the ``openai`` client; what it has no name for goes along."""
    known = _client_parameters()
    extra = {name: value for name, value in body.items() if name not in known}
    named = {name: value for name, value in body.items() if name in known}
    return {**named, "extra_body": extra} if extra else named


@cache
def _client_parameters() -> frozenset[str]:
    from openai.resources import chat, completions

    creates = (chat.completions.Completions.create, completions.Completions.create)
    return frozenset().union(*(inspect.signature(create).parameters for create in creates))


def most_tokens_out(body: dict) -> int:
    """The most tokens that the choices of a reply to this body may have, by its own limit."""
    bound = max((n for name in _BOUNDS if _is_number(n := body.get(name))), default=0)
    choices = max([1, *(n for name in ("n", "best_of") if _is_number(n := body.get(name)))])
    return max(0, int(bound)) * int(choices)


def check_bounded(body: dict, endpoint: Endpoint, *, capped: bool = False) -> None:
    """Raise EndpointError where a reply could cost any amount: priced or ``capped``, unbounded."""
    if (capped or endpoint.cost(0, 1)) and not most_tokens_out(fit_request(body, endpoint)):
        raise EndpointError(
            f"nothing bounds the length of a reply from {endpoint.base_url}, so no cap could hold. "
            "Send max_tokens, and do not leave it out by Endpoint(parameters=…): set a number "
            "there, such as {'max_tokens': 4000}, or rename it with "
            "Renamed('max_completion_tokens')."
        )


def learn_from_refusal(
    said: str, named: set[str], body: dict, endpoint: Endpoint, *, sure: bool = True
) -> bool:
    """Change what the endpoint is sent from now on, by a refusal; whether there was something to.

    ``said`` is the server's message, ``named`` the words in fields for a parameter's name, ``body``
    what was sent. A parameter that only the message names must stand there as a name. Where it is
    not ``sure`` that the request is at fault (status 500), the message must speak of a refusal.
    """
    spoken = [name for name in body if _names(said, name)]
    names = [name for name in body if named & _spellings(name)] or spoken
    if not names and (_SPOKEN_LENGTH.search(said) or any(_names(said, n) for n in _BOUNDS)):
        names = [name for name in LENGTHS if name in body]
    if not (sure or named & set(body) or _REFUSED.search(said)):
        return False
    if fit_request(body, endpoint) != body:
        return True  # another request was refused first, and this one has not heard of it
    changes = {}
    for name in names:
        changes |= (
            _change_length(name, body, said) if name in LENGTHS else _change(name, body, said)
        )
    if _changed(body, changes) == body:
        return False
    for name, change in changes.items():
        endpoint.refused.pop(name, None)
        endpoint.refused[name] = change  # at the end: later changes are made after earlier ones
    words = ", ".join(f"{name} {_in_words(change)}" for name, change in changes.items())
    warnings.warn(
        f"{endpoint.base_url} refuses a parameter ({said[:200]}). From now on {words}.",
        stacklevel=2,
    )
    return True


def _spellings(name: str) -> set[str]:
    """A parameter's name in the spellings that servers use: logit_bias, logitBias, logit-bias."""
    first, *rest = name.split("_")
    camel = first + "".join(word.capitalize() for word in rest)
    return {name, camel, name.replace("_", "-"), *_OTHER_NAMES.get(name, ())}


def _names(said: str, name: str) -> bool:
    """Whether a message speaks of a parameter by its name, not of a word that is spelled alike."""
    if any(_stands_alone(said, each) for each in _spellings(name) if each != name):
        return True
    # Names that are no English words can only be meant as such.
    if ("_" in name or name == "logprobs") and _stands_alone(said, name):
        return True
    quoted = rf"['\"`‘“\[(]{name}['\"`’”\])]"
    before = (
        r"(?:parameters?|params?|arguments?|fields?|keys?|supplied|property|properties|option|"
        r"invalid|value (?:of|for)|support(?:s|ed|ing)?(?: the)?|accept\w*(?: the)?|unknown|"
        r"recogni[sz]ed|permitted|allowed|body)\W{1,4}"
    )
    after = (
        r"(?:\s*(?:[:=<>]|is|are|was|must|cannot|can|does|should|has to|may|not|parameter|field|"
        r"value|argument|option|[^\x00-\x7f])|(?:\s*,|\s+and|\s+or)\s+(?:\w+_\w+|\w+\s+(?:is|are|"
        r"must|cannot|not)\b))"
    )
    follows = rf"\b\w+_\w+(?:\s*,|\s+and|\s+or)\s+{name}\b"
    spoken = rf"{quoted}|{before}{name}\b|\b{name}{after}|{follows}"
    return bool(re.search(spoken, said, re.I | re.A))


def _stands_alone(said: str, name: str) -> bool:
    return bool(re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", said, re.A))


def _change_length(name: str, body: dict, said: str) -> dict:
    """What to do about a refused bound of the reply: ``{name: new name or bound}``, or nothing.

    A bound that a server wants otherwise is never renamed, because a server that ignores the other
    name would then send replies of any length.
    """
    other = next(each for each in LENGTHS if each != name)
    value, unknown, instead = body[name], _UNKNOWN.search(said), _INSTEAD.search(said)
    both = _stands_alone(said, name) and _stands_alone(said, other)
    nameless = _A_BOUND.sub("it", said)  # no "max" in names
    about_a_bound = speaks_of_a_bound(nameless) or names_a_range(nameless)
    about_a_bound = about_a_bound or str(value) in said.replace(",", "")
    if other in body and not about_a_bound and (name == "max_tokens" if both else unknown):
        return {name: None}  # the other bound is left
    if depends_on_the_prompt(said) or not _is_number(value):
        return {}
    limit = upper_bound(nameless, value, whole=True, small=False)
    if about_a_bound and limit:
        return {name: AtMost(limit)}
    if unknown and instead and instead[2] in _BOUNDS and instead[2] not in body:
        return {name: Renamed(instead[2])}
    if about_a_bound and not (unknown and both):
        least = lower_bound(nameless, value)
        return {name: AtLeast(least)} if least else {}
    renames = unknown and name == "max_tokens" and other not in body and not limit
    return {name: Renamed(other)} if renames else {}


def _change(name: str, body: dict, said: str) -> dict:
    """What to do about another refused parameter: ``{name: new name, a bound or None}``."""
    if name in _FIXED:
        return {}
    instead = _INSTEAD.search(said)
    if instead and instead[2] not in body and ("_" in instead[2] or instead[1]):
        return {name: Renamed(instead[2])}
    unknown, number = _UNKNOWN.search(said), name
    if name == "logprobs" and "top_logprobs" in body and not unknown:
        number = "top_logprobs"  # what a bound on them is about
    value, is_count = body[number], number == "top_logprobs"
    about_a_bound = speaks_of_a_bound(said) or (is_count and not unknown)
    limit = None
    if number in _LOWERED and _is_number(value) and about_a_bound:
        limit = upper_bound(said, value, whole=is_count, small=True)
    if limit:
        return {number: AtMost(limit)}
    return {each: None for each in _TOGETHER.get(name, (name,)) if each in body}


def _in_words(change: object) -> str:
    if isinstance(change, Renamed):
        return f"is sent as {change}"
    if isinstance(change, AtLeast):
        return f"is at least {change}"
    return "is left out" if change is None else f"is at most {change:g}"
