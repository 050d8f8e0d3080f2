"""Parse JSON that someone else wrote, with a limit on its length and on its nesting.

Python's JSON parser calls itself once for each level of nesting. A text of 100,000 opening brackets
is easy to send and ends in a RecursionError. The levels are therefore counted first, in one pass.
"""

import json
import re

LEVELS = 100  # levels of nested lists and objects; the files of this project have at most five
CHARACTERS = 50_000_000
# A string, a bracket, or what may stand between them in JSON: numbers, commas, true, NaN.
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[{]|[\]}]|[\s\w,:.+\-]++', re.S)


def bounded_json(text: str | bytes, levels: int = LEVELS, characters: int = CHARACTERS) -> object:
    """The value of a JSON text with at most so many characters and so many levels of nesting.

    Raises:
        ValueError: with what was found and what is allowed, or json's own error where the text
            is not JSON.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8-sig")
    if len(text) > characters:
        raise ValueError(f"the JSON text has {len(text):,} characters; {characters:,} are allowed")
    place = find_too_deep(text, 0, levels)
    if place is not None:
        raise ValueError(
            f"the JSON text has more than {levels} levels of lists and objects inside one "
            f"another (at character {place:,}); {levels} are allowed"
        )
    return json.loads(text)


def find_too_deep(text: str, begin: int = 0, levels: int = LEVELS) -> int | None:
    """Find where a JSON value exceeds the allowed number of levels.

    Reading starts at ``begin``. It stops at the end of the value, or where the text can no longer
    be JSON. Returns the position of the first bracket that is too deep, or None.
    """
    place, depth = begin, 0
    while token := _TOKEN.match(text, place):
        first = text[place]
        if first in "[{":
            depth += 1
            if depth > levels:
                return place
        elif first in "]}":
            depth -= 1
            if depth <= 0:
                break
        place = token.end()
    return None
