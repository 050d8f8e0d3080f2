"""Parsing JSON that someone else wrote, with a bound on its size and on its nesting.

Python's parser calls itself once a level. Text such as 100,000 opening brackets, which costs its
author nothing, ends in a RecursionError. So the levels are counted first, in one pass.
"""

import json
import re

LEVELS = 100  # lists and objects inside one another; ours have at most five
CHARACTERS = 50_000_000
# A string, a bracket, or what may stand between them in JSON: numbers, commas, true, NaN.
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[{]|[\]}]|[\s\w,:.+\-]++', re.S)


def bounded_json(text: str | bytes, levels: int = LEVELS, characters: int = CHARACTERS) -> object:
    """The value of a JSON text that is at most so long, and so many levels deep.

    Raises:
        ValueError: with what was found and what is allowed, or json's own error where the text
            is no JSON.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8-sig")
    if len(text) > characters:
        raise ValueError(f"the JSON text has {len(text):,} characters; {characters:,} are allowed")
    place = too_deep(text, 0, levels)
    if place is not None:
        raise ValueError(
            f"the JSON text has more than {levels} levels of lists and objects inside one "
            f"another (at character {place:,}); {levels} are allowed"
        )
    return json.loads(text)


def too_deep(text: str, begin: int = 0, levels: int = LEVELS) -> int | None:
    """Where the JSON value that begins at a place goes deeper than so many levels, or None.

    Reading ends with the value, or where the text can no longer be JSON.
    """
    depth = 0
    for token in iter(_TOKEN.scanner(text, begin).match, None):
        sign = text[token.start()]
        if sign in "[{":
            depth += 1
            if depth > levels:
                return token.start()
        elif sign in "]}":
            depth -= 1
            if depth <= 0:
                break
    return None
