"""Alternations of words for the rules of cleaning, written so that a reader can check them."""

import re
from collections.abc import Iterable


def one_of(*words: str | Iterable[str]) -> str:
    """``(?:a|b|c)`` for words or whole lists of them; each is a regular expression itself."""
    flat = [word for one in words for word in ([one] if isinstance(one, str) else one)]
    return f"(?:{'|'.join(flat)})"


def whole_words(*words: str | Iterable[str]) -> str:
    """The same, where none may be a part of a longer word in Latin letters."""
    return rf"(?<![a-z]){one_of(*words)}(?![a-z])"


def pattern(text: str) -> re.Pattern:
    """A compiled expression that ignores the case of letters."""
    return re.compile(text, re.I)
