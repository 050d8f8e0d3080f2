"""Read how long a server asks to wait: in the header Retry-After, in a field, or in its message."""

import re
from email.utils import parsedate_to_datetime
from time import time

from helpers.teacher.error_bodies import LONGEST_TEXT, error_message, fields_of

_LONGEST_PAUSE = 1e9  # seconds, more than thirty years
_PAUSE_FIELDS = ("retrydelay", "retryafter", "retryafterseconds", "retryin")
_SECONDS_PER_UNIT = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(
    r"(?<!\d)(\d{1,12}+(?:\.\d{1,12}+)?)\s*+(ms|milliseconds?|s(?:ec(?:ond)?s?)?|m(?:in(?:ute)?s?)?|h(?:(?:ou)?rs?)?|"
    r"d(?:ays?)?)(?![a-z])[\s,and]*",
    re.I,
)
_PAUSE = re.compile(
    r"(?:try(?:ing)? again|retry\w{0,20}|wait|available|resets?)\b[^\d.!?]{0,40}?\b"
    rf"((?:{_DURATION.pattern})+)",
    re.I,
)


def retry_after(error: Exception) -> float | None:
    """Seconds that a server asks to wait, in the header of its reply or in its body, or None."""
    response = getattr(error, "response", None)
    header = response.headers.get("retry-after") if response is not None else None
    pause = _pause_in_header(header)
    return _pause_in_body(getattr(error, "body", None)) if pause is None else pause


def _pause_in_header(header: str | None) -> float | None:
    """Seconds that a Retry-After header asks to wait: a number, or a date; None for neither."""
    if header is None:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time())
    except (TypeError, ValueError, OverflowError):
        return None


def _pause_in_body(body: object) -> float | None:
    """Seconds that an error's body asks to wait, in a field or in its message, or None."""
    for name, value in fields_of(body):
        if name in _PAUSE_FIELDS:
            if isinstance(value, int | float) and not isinstance(value, bool):
                return float(max(0, min(value, _LONGEST_PAUSE)))
            if isinstance(value, str) and (found := _seconds(value[:LONGEST_TEXT])) is not None:
                return found
    asked = _PAUSE.search(error_message(body))
    return _seconds(asked[1]) if asked else None


def _seconds(text: str) -> float | None:
    """A duration such as ``1h26m24s``, ``350ms`` or ``20`` in seconds; None for any other text."""
    if re.fullmatch(r"\s*\d+(?:\.\d+)?\s*", text):
        return float(text)
    total = 0.0
    for number, unit in _DURATION.findall(text):
        unit = unit.lower()
        short = "ms" if unit.startswith(("ms", "mil")) else unit[0]
        total += float(number) * _SECONDS_PER_UNIT[short]
    return total or None
