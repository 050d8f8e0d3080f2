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

from helpers.endpoint import Endpoint

# The bound on what a reply may cost: it may be renamed or lowered, but never left out.
LENGTHS = ("max_tokens", "max_completion_tokens")
_FIXED = {"model", "messages", "prompt", *LENGTHS}
_TOGETHER = {"logprobs": ("logprobs", "top_logprobs")}  # one is nothing without the other
# Numbers that a server may want smaller, and that do less, but the same, when they are.
_LOWERED = ("top_logprobs", "temperature", *LENGTHS)

_REFUSED = re.compile(
    r"unsupported|not (?:currently )?support|n['’]t support|unknown|unrecogni[sz]ed|unexpected|"
    r"not (?:permitted|allowed|available|implemented|enabled|valid|compatible)|unavailable|"
    r"extra (?:inputs|fields)|invalid|only the default|deprecated|cannot|can['’]t|must be|"
    r"less than|at most|greater than|more than|exceed|too (?:large|high)|maximum|no such|disabled|"
    r"不支持|지원하지",
    re.I,
)
_INSTEAD = re.compile(r"\buse\s+['\"`]?(\w+)['\"`]?\s+instead", re.I)
_TOO_LONG = re.compile(r"too (?:large|high|long)|exceed|context", re.I)
_LIMIT = re.compile(
    r"(?:<=|≤|at most|more than|less than or equal to|maximum(?: \w+)?(?: of| is|:)?|max(?: is|:)?|"
    r"exceeds?(?: the)?(?: \w+){0,3}(?: of)?|up to|no (?:larger|greater) than|"
    r"(?:between|range)\W{0,3}\d+(?:\.\d+)?\s*(?:and|to|,|-)|supports at most)\s*(\d+(?:\.\d+)?)",
    re.I,
)


class Renamed(str):
    """In ``Endpoint.parameters``: send a parameter under this name instead."""


class AtMost(float):
    """A number that is lowered to this where it is larger."""


def fitted(body: dict, endpoint: Endpoint) -> dict:
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
        elif isinstance(change, AtMost):
            if found.get(name, 0) > change:
                found[name] = type(found[name])(change)
        elif change is None:
            found.pop(name, None)
        else:
            found[name] = change
    return found


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
    """The most tokens a reply to this body may have, by its own limit."""
    return max((body[name] for name in LENGTHS if body.get(name)), default=0)


def learn(said: str, named: set[str], body: dict, endpoint: Endpoint) -> bool:
    """Change what the endpoint is sent from now on, by a refusal; whether there was something to.

    ``said`` is the server's message, ``named`` the parameters that it names in fields of their own,
    ``body`` what was sent. A parameter that only the message names must stand there as a name.
    """
    if not (named or _REFUSED.search(said)):
        return False
    if fitted(body, endpoint) != body:
        return True  # another request was refused first, and this one has not heard of it
    names = [name for name in body if name in named] or [n for n in body if _names(said, n)]
    changes = {}
    for name in names:
        changes |= _change(name, body, said)
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


def _names(said: str, name: str) -> bool:
    """Whether a message speaks of a parameter by its name, not of a word that is spelled alike."""
    quoted = rf"['\"`‘“\[(]{name}['\"`’”\])]"
    spoken = (
        rf"(?:parameters?|arguments?|fields?|keys?|supplied|property|option)\W{{1,4}}{name}\b|"
        rf"\b{name}\s*(?:is|are|was|must|cannot|can|does|should|parameter|field|argument|:|=|<)|"
        rf"support(?:s|ed|ing)?(?: the)?\s+{name}\b|\bbody\W+{name}\b"
    )
    if re.search(quoted, said) or re.search(spoken, said, re.I):
        return True
    # Names that are no English words can only be meant as such.
    return ("_" in name or name == "logprobs") and bool(re.search(rf"\b{name}\b", said))


def _change(name: str, body: dict, said: str) -> dict:
    """What to do about one refused parameter: ``{name: new name, a bound or None}``."""
    instead = _INSTEAD.search(said)
    if instead and instead[1] != name and instead[1] not in body:
        return {name: Renamed(instead[1])}
    limit = _LIMIT.search(said)
    if name == "logprobs" and limit and "top_logprobs" in body:
        name = "top_logprobs"  # the number that a limit on them is about
    value = body[name]
    if limit and name in _LOWERED and type(value) in (int, float) and 0 < float(limit[1]) < value:
        return {name: AtMost(limit[1])}
    if name == "max_tokens" and "max_completion_tokens" not in body and not _TOO_LONG.search(said):
        return {name: Renamed("max_completion_tokens")}
    if name in _FIXED:
        return {}
    return {each: None for each in _TOGETHER.get(name, (name,)) if each in body}


def _in_words(change: object) -> str:
    if isinstance(change, Renamed):
        return f"is sent as {change}"
    return "is left out" if change is None else f"is at most {change:g}"
