"""Learn from a refusal which parameter to rename, lower or leave out in all later requests.

Servers differ in the parameters that they accept. Reasoning models want ``max_completion_tokens``
and no temperature, some servers do not know ``seed``, others give at most five ``top_logprobs``.
A refusal costs nothing and says what is wrong. Its message is read, a warning says what changes,
and the change is kept in ``Endpoint.refused``, so each refusal happens once.
"""

import re
import warnings
from collections.abc import Mapping
from typing import Any

from helpers.teacher.endpoint import Endpoint
from helpers.teacher.error_bodies import named_parameters
from helpers.teacher.failure_messages import server_message
from helpers.teacher.failures import (
    InvalidReply,
    body_of,
    is_account_error,
    is_filtered_prompt,
    status_of,
)
from helpers.teacher.parameter_limits import (
    depends_on_the_prompt,
    lower_bound,
    names_a_range,
    speaks_of_a_bound,
    upper_bound,
)
from helpers.teacher.request_parameters import (
    ALL_LENGTH_NAMES,
    LENGTH_NAMES,
    OTHER_LENGTH_NAMES,
    AtLeast,
    AtMost,
    Renamed,
    apply_changes,
    fit_request,
    is_number,
)

_NEVER_LEFT_OUT = {"model", "messages", "prompt", *LENGTH_NAMES}
_LEFT_OUT_TOGETHER = {"logprobs": ("logprobs", "top_logprobs")}  # one is useless without the other
# Numbers that a server may want smaller. A smaller one asks for less of the same.
_MAY_BE_LOWERED = ("top_logprobs", "temperature", *LENGTH_NAMES)
_OTHER_NAMES = {"top_logprobs": ("top_n_tokens",), "max_tokens": OTHER_LENGTH_NAMES}
_LENGTH_NAME = re.compile(r"\b(?:(?:max|n|num)_\w*(?:tokens|predict)|max[A-Z]?\w*Tokens)\b")
_LENGTH_IN_WORDS = re.compile(
    r"\b(?:completion|output|new|generated|max(?:imum)?(?: number of)?) (?:tokens|limit|length)\b|"
    r"tokens? to (?:generate|sample)",
    re.I,
)
# The server does not know or allow the parameter, whatever its value.
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
_USE_INSTEAD = re.compile(r"\buse\s+(['\"`]?)(\w+)\1\s+instead", re.I)


def learn_from_refusal(error: Exception, sent: Mapping[str, Any], endpoint: Endpoint) -> bool:
    """Whether a failure refused a parameter of the body ``sent``, so another try will differ."""
    status = status_of(error)
    may_refuse = status in (400, 403, 404, 405, 422, 500, 501)
    if not (may_refuse or (status is None and isinstance(error, InvalidReply))):
        return False
    if is_filtered_prompt(error) or is_account_error(error):
        return False
    message, named = server_message(error, endpoint), named_parameters(body_of(error))
    return learn_from_message(message, named, sent, endpoint, sure=status in (400, 422))


def learn_from_message(
    message: str,
    named: set[str],
    body: Mapping[str, Any],
    endpoint: Endpoint,
    *,
    sure: bool = True,
) -> bool:
    """Add to ``endpoint.refused`` what a refusal says; whether another try will differ.

    ``message`` is the server's, ``named`` the words in those fields of its reply that name
    parameters, ``body`` what was sent. A parameter that only the message names must be used as a
    name there. If it is not ``sure`` that the request is at fault (status 500), the message must
    also speak of a refusal.
    """
    refused = _refused_names(message, named, body)
    if not (sure or named & set(body) or _REFUSED.search(message)):
        return False
    if fit_request(body, endpoint) != body:
        return True  # an earlier refusal changed the endpoint after this body was sent
    changes: dict[str, object] = {}
    for name in refused:
        change = _change_of_length if name in LENGTH_NAMES else _change_of_other
        changes |= change(name, body, message)
    if apply_changes(body, changes) == body:
        return False
    for name, change_of_name in changes.items():
        # Later changes must be applied after earlier ones, so a repeated name moves to the end.
        endpoint.refused.pop(name, None)
        endpoint.refused[name] = change_of_name
    words = ", ".join(f"{name} {_in_words(change)}" for name, change in changes.items())
    warnings.warn(
        f"{endpoint.base_url} refuses a parameter ({message[:200]}). From now on {words}.",
        stacklevel=2,
    )
    return True


def _refused_names(message: str, named: set[str], body: Mapping[str, Any]) -> list[str]:
    """The parameters of a body that a refusal names, in its fields or else in its message."""
    in_message = [name for name in body if _names(message, name)]
    refused = [name for name in body if named & _spellings(name)] or in_message
    if refused:
        return refused
    about_length = any(_names(message, name) for name in ALL_LENGTH_NAMES)
    if about_length or _LENGTH_IN_WORDS.search(message):
        return [name for name in LENGTH_NAMES if name in body]
    return []


def _spellings(name: str) -> set[str]:
    """A parameter's name in the spellings of servers: logit_bias, logitBias, logit-bias."""
    first, *rest = name.split("_")
    camel_case = first + "".join(word.capitalize() for word in rest)
    return {name, camel_case, name.replace("_", "-"), *_OTHER_NAMES.get(name, ())}


def _names(message: str, name: str) -> bool:
    """Whether a message names a parameter, and does not use an English word spelled alike."""
    if any(_is_a_word_of(message, each) for each in _spellings(name) if each != name):
        return True
    # These names are not English words, so they can only mean the parameter.
    if ("_" in name or name == "logprobs") and _is_a_word_of(message, name):
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
    after_another = rf"\b\w+_\w+(?:\s*,|\s+and|\s+or)\s+{name}\b"
    pattern = rf"{quoted}|{before}{name}\b|\b{name}{after}|{after_another}"
    return bool(re.search(pattern, message, re.I | re.A))


def _is_a_word_of(message: str, name: str) -> bool:
    return bool(re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", message, re.A))


def _change_of_length(name: str, body: Mapping[str, Any], message: str) -> dict[str, object]:
    """The change for a refused limit on the reply's length: ``{name: change}``, or nothing.

    A limit whose value is refused is never renamed. A server that ignores the other name would
    then send replies of any length.
    """
    other = next(each for each in LENGTH_NAMES if each != name)
    value, unknown, instead = body[name], _UNKNOWN.search(message), _USE_INSTEAD.search(message)
    names_both = _is_a_word_of(message, name) and _is_a_word_of(message, other)
    without_names = _LENGTH_NAME.sub("it", message)  # the "max" of a name says nothing
    about_value = speaks_of_a_bound(without_names) or names_a_range(without_names)
    about_value = about_value or str(value) in message.replace(",", "")
    if other in body and not about_value and (name == "max_tokens" if names_both else unknown):
        return {name: None}  # the other limit stays
    if depends_on_the_prompt(message) or not is_number(value):
        return {}
    limit = upper_bound(without_names, value, is_count=True, may_be_small=False)
    if about_value and limit:
        return {name: AtMost(limit)}
    if unknown and instead and instead[2] in ALL_LENGTH_NAMES and instead[2] not in body:
        return {name: Renamed(instead[2])}
    if about_value and not (unknown and names_both):
        least = lower_bound(without_names, value)
        return {name: AtLeast(least)} if least else {}
    renames = unknown and name == "max_tokens" and other not in body and not limit
    return {name: Renamed(other)} if renames else {}


def _change_of_other(name: str, body: Mapping[str, Any], message: str) -> dict[str, object]:
    """The change for any other refused parameter: rename it, lower it, or leave it out."""
    if name in _NEVER_LEFT_OUT:
        return {}
    instead = _USE_INSTEAD.search(message)
    if instead and instead[2] not in body and ("_" in instead[2] or instead[1]):
        return {name: Renamed(instead[2])}
    unknown, number_name = _UNKNOWN.search(message), name
    if name == "logprobs" and "top_logprobs" in body and not unknown:
        number_name = "top_logprobs"  # logprobs is true or false, so a bound means the number
    value, is_count = body[number_name], number_name == "top_logprobs"
    about_value = speaks_of_a_bound(message) or (is_count and not unknown)
    if number_name in _MAY_BE_LOWERED and is_number(value) and about_value:
        limit = upper_bound(message, value, is_count=is_count, may_be_small=True)
        if limit:
            return {number_name: AtMost(limit)}
    return {each: None for each in _LEFT_OUT_TOGETHER.get(name, (name,)) if each in body}


def _in_words(change: object) -> str:
    """A change for the warning: ``is sent as …``, ``is left out``, ``is at most …``."""
    if isinstance(change, Renamed):
        return f"is sent as {change}"
    if isinstance(change, AtLeast):
        return f"is at least {change}"
    return "is left out" if change is None else f"is at most {change:g}"
