"""Reading the body of an error: the server's words, its codes, the names and the pause it gives.

Each provider has a shape of its own, and gateways wrap one inside another, sometimes as JSON inside
a text. Everything here takes any JSON value of any size and depth, and never raises. Of a long one
the beginning is read.
"""

import json
import re
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from time import time

from helpers.safe_io.bounded_json import bounded_json

LONGEST = 4_000  # characters of words that are read; a server's own words have a tenth of that
_LONGEST_JSON = 1_000_000  # characters of a body that arrives as text
_LONGEST_WAIT = 1e9  # seconds, more than thirty years
_DEPTH = 6  # values inside one another; gateways wrap twice or three times

# Where a message may stand, the most telling first; compared in small letters, without "_".
_WORDS = (
    "message", "msg", "errormessage", "errormsg", "statusmsg", "detail", "details", "error",
    "errors", "errordescription", "description", "title", "reason", "cause", "issues", "messages",
    "baseresp", "fault", "faultstring", "failure", "text", "raw",
)  # fmt: skip
_CODES = {"code", "type", "errorcode", "errortype", "errorname", "name", "reason", "statusmsg"}
_CODES |= {"status"}  # Google's are words, such as INVALID_ARGUMENT
_NAMES = {"param", "params", "parameter", "parameters", "loc", "keys", "path", "field", "fields",
          "property", "additionalproperty", "instancepath", "argument", "key"}  # fmt: skip
_STATUS = ("code", "status", "statuscode", "httpstatus", "httpcode", "errorcode")


def error_message(body: object, depth: int = 2 * _DEPTH) -> str:
    """The message in an error's body; empty where there is none under a name that we know."""
    if isinstance(body, str):
        inner = _as_json(body) if depth else None
        return (inner is not None and error_message(inner, depth - 1)) or body.strip()[:LONGEST]
    if not depth:
        return ""
    if isinstance(body, list):
        parts = (error_message(part, depth - 1) for part in body[:LONGEST])
        return "; ".join(dict.fromkeys(filter(None, parts)))[:LONGEST]
    if not isinstance(body, dict):
        return ""
    fields = {_plain(name): value for name, value in body.items()}
    found = next(
        (said for name in _WORDS if (said := error_message(fields.get(name), depth - 1))), ""
    )
    metadata = fields.get("metadata")  # OpenRouter: the words of the provider behind it
    behind = error_message(metadata.get("raw"), depth - 1) if isinstance(metadata, dict) else ""
    loc = fields.get("loc")
    place = ".".join(str(x) for x in loc if _is_short(x)) if isinstance(loc, list) else ""
    return ": ".join(filter(None, [place, found, behind if behind != found else ""]))[:LONGEST]


def message_or_body(body: object) -> str:
    """The message in an error's body; where there is none, the whole body as JSON."""
    said = error_message(body)
    if said or not body:
        return said
    try:
        return json.dumps(body, ensure_ascii=False, default=str)[:LONGEST]
    except (ValueError, RecursionError):
        return ""


def error_codes(body: object) -> str:
    """All codes, types and other short names of an error's body, as one text."""
    found = [v for name, v in _fields_of(body) if name in _CODES and isinstance(v, str | int)]
    return " ".join(str(code)[:LONGEST] for code in found)[:LONGEST]


def named_in(body: object) -> set[str]:
    """Words that stand where an error's body names parameters in fields of their own."""
    found = [value for name, value in _fields_of(body) if name in _NAMES]
    parts = [part for v in found for part in (v if isinstance(v, list) else [v])]
    texts = [part[:LONGEST] for part in parts if isinstance(part, str)]
    return {word for text in texts for word in re.findall(r"\w+", text)}


def status_in(body: object) -> int | None:
    """The HTTP status of a failure that a body names, or None."""
    for part in (body, body.get("error") if isinstance(body, dict) else None):
        fields = {_plain(n): v for n, v in part.items()} if isinstance(part, dict) else {}
        for name in _STATUS:
            value = fields.get(name)
            if isinstance(value, str | int) and re.fullmatch(r"[45]\d\d", str(value)):
                return int(fields[name])
    return None


_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
_LENGTH = re.compile(
    r"(?<!\d)(\d{1,12}+(?:\.\d{1,12}+)?)\s*+(ms|milliseconds?|s(?:ec(?:ond)?s?)?|m(?:in(?:ute)?s?)?|h(?:(?:ou)?rs?)?|"
    r"d(?:ays?)?)(?![a-z])[\s,and]*",
    re.I,
)
_PAUSE = re.compile(
    r"(?:try(?:ing)? again|retry\w{0,20}|wait|available|resets?)\b[^\d.!?]{0,40}?\b"
    rf"((?:{_LENGTH.pattern})+)",
    re.I,
)


def pause_in(body: object) -> float | None:
    """Seconds that an error's body asks to wait, in a field or in its words, or None."""
    for name, value in _fields_of(body):
        if name in ("retrydelay", "retryafter", "retryafterseconds", "retryin"):
            if isinstance(value, int | float) and not isinstance(value, bool):
                return float(max(0, min(value, _LONGEST_WAIT)))
            if isinstance(value, str) and (found := _seconds(value[:LONGEST])) is not None:
                return found
    asked = _PAUSE.search(error_message(body))
    return _seconds(asked[1]) if asked else None


def header_pause(header: str | None) -> float | None:
    """Seconds that a Retry-After header asks to wait: a number, or a date; None for neither."""
    try:
        return max(0.0, float(header))
    except (TypeError, ValueError):
        pass
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time())
    except (TypeError, ValueError, OverflowError):
        return None


def _seconds(text: str) -> float | None:
    """A length of time such as ``1h26m24s``, ``350ms`` or ``20`` as seconds."""
    if re.fullmatch(r"\s*\d+(?:\.\d+)?\s*", text):
        return float(text)
    found = _LENGTH.findall(text)
    units = [(n, "ms" if unit.lower().startswith(("ms", "mil")) else unit) for n, unit in found]
    return sum(float(n) * _UNITS[u if u == "ms" else u[0].lower()] for n, u in units) or None


def _plain(name: object) -> str:
    return str(name).lower().replace("_", "").replace("-", "")


def _as_json(text: str) -> object:
    """What a text holds, if it is a JSON object or list; else None."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return bounded_json(text, characters=_LONGEST_JSON)
    except ValueError:
        return None


def _is_short(value: object) -> bool:
    return isinstance(value, str | int) and len(str(value)) <= LONGEST


def _fields_of(body: object, depth: int = _DEPTH) -> Iterator[tuple[str, object]]:
    """Every field of a body as ``(plain name, value)``, the inner ones and JSON texts included."""
    if isinstance(body, str):
        body = _as_json(body)
    if depth and isinstance(body, list):
        for part in body:
            yield from _fields_of(part, depth - 1)
    if depth and isinstance(body, dict):
        for name, value in body.items():
            yield _plain(name), value
            yield from _fields_of(value, depth - 1)
