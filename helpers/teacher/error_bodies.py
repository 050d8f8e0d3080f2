"""Read the JSON body of an error: its message, its codes, its status and the parameters it names.

Each provider has its own format, and gateways wrap one format inside another, sometimes as JSON
inside a string. The functions here take any JSON value of any size and depth and never raise. Of a
long value they read the beginning.
"""

import json
import re
from collections.abc import Iterator

from helpers.files.bounded_json import bounded_json

LONGEST_TEXT = 4_000  # characters of a message that are read
_LONGEST_JSON = 1_000_000  # characters of a body that arrives as text
_DEPTH = 6  # levels of values inside one another; gateways wrap two or three times

# Fields that may hold the message, the most specific first. All names are compared by plain_name.
_MESSAGE_FIELDS = (
    "message", "msg", "errormessage", "errormsg", "statusmsg", "detail", "details", "error",
    "errors", "errordescription", "description", "title", "reason", "cause", "issues", "messages",
    "baseresp", "fault", "faultstring", "failure", "text", "raw",
)  # fmt: skip
_CODE_FIELDS = {
    "code", "type", "errorcode", "errortype", "errorname", "name", "reason", "statusmsg",
    "status",  # Google sends a word there, such as INVALID_ARGUMENT
}  # fmt: skip
_PARAMETER_FIELDS = {
    "param", "params", "parameter", "parameters", "loc", "keys", "path", "field", "fields",
    "property", "additionalproperty", "instancepath", "argument", "key",
}  # fmt: skip
_STATUS_FIELDS = ("code", "status", "statuscode", "httpstatus", "httpcode", "errorcode")


def error_message(body: object, depth: int = 2 * _DEPTH) -> str:
    """The message in an error's body; empty if no field has a known name."""
    if isinstance(body, str):
        inner = _as_json(body) if depth else None
        found = error_message(inner, depth - 1) if inner is not None else ""
        return found or body.strip()[:LONGEST_TEXT]
    if not depth:
        return ""
    if isinstance(body, list):
        parts = (error_message(part, depth - 1) for part in body[:LONGEST_TEXT])
        return "; ".join(dict.fromkeys(filter(None, parts)))[:LONGEST_TEXT]
    return _message_of_object(body, depth) if isinstance(body, dict) else ""


def _message_of_object(body: dict[str, object], depth: int) -> str:
    """The message of a JSON object: ``location: message: message of the provider behind``."""
    fields = {plain_name(name): value for name, value in body.items()}
    messages = (error_message(fields.get(name), depth - 1) for name in _MESSAGE_FIELDS)
    message = next(filter(None, messages), "")
    metadata = fields.get("metadata")  # OpenRouter puts the original provider's error there
    original = error_message(metadata.get("raw"), depth - 1) if isinstance(metadata, dict) else ""
    loc = fields.get("loc")
    location = ".".join(str(x) for x in loc if _is_short(x)) if isinstance(loc, list) else ""
    parts = [location, message, original if original != message else ""]
    return ": ".join(filter(None, parts))[:LONGEST_TEXT]


def message_or_body(body: object) -> str:
    """The message in an error's body; without one, the whole body as JSON."""
    message = error_message(body)
    if message or not body:
        return message
    try:
        return json.dumps(body, ensure_ascii=False, default=str)[:LONGEST_TEXT]
    except (ValueError, RecursionError):
        return ""


def error_codes(body: object) -> str:
    """All codes, types and other short names in an error's body, joined by spaces."""
    values = [value for name, value in fields_of(body) if name in _CODE_FIELDS]
    codes = [str(value)[:LONGEST_TEXT] for value in values if isinstance(value, str | int)]
    return " ".join(codes)[:LONGEST_TEXT]


def named_parameters(body: object) -> set[str]:
    """The words in those fields of an error's body that name parameters."""
    values = [value for name, value in fields_of(body) if name in _PARAMETER_FIELDS]
    parts = [part for v in values for part in (v if isinstance(v, list) else [v])]
    texts = [part[:LONGEST_TEXT] for part in parts if isinstance(part, str)]
    return {word for text in texts for word in re.findall(r"\w+", text)}


def status_in(body: object) -> int | None:
    """The HTTP status of a failure that a body names, or None."""
    for part in (body, body.get("error") if isinstance(body, dict) else None):
        fields = {plain_name(n): v for n, v in part.items()} if isinstance(part, dict) else {}
        for name in _STATUS_FIELDS:
            value = fields.get(name)
            if isinstance(value, str | int) and re.fullmatch(r"[45]\d\d", str(value)):
                return int(value)
    return None


def fields_of(body: object, depth: int = _DEPTH) -> Iterator[tuple[str, object]]:
    """All fields of a body as ``(plain name, value)``, also those in nested objects and JSON."""
    if isinstance(body, str):
        body = _as_json(body)
    if depth and isinstance(body, list):
        for part in body:
            yield from fields_of(part, depth - 1)
    if depth and isinstance(body, dict):
        for name, value in body.items():
            yield plain_name(name), value
            yield from fields_of(value, depth - 1)


def plain_name(name: object) -> str:
    """A field's name in lower case without ``_`` and ``-``."""
    return str(name).lower().replace("_", "").replace("-", "")


def _as_json(text: str) -> object:
    """The value of a text that is a JSON object or list; None for any other text."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return bounded_json(text, characters=_LONGEST_JSON)
    except ValueError:
        return None


def _is_short(value: object) -> bool:
    return isinstance(value, str | int) and len(str(value)) <= LONGEST_TEXT
