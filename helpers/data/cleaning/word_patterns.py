"""Build regular expressions from lists of words, so that a reader can check the lists."""

import re
from collections.abc import Iterable


def one_of(*words: str | Iterable[str]) -> str:
    """``(?:a|b|c)`` for words or whole lists of them; each is a regular expression itself."""
    flat = [word for one in words for word in ([one] if isinstance(one, str) else one)]
    return f"(?:{'|'.join(flat)})"


def whole_words(*words: str | Iterable[str]) -> str:
    """``(?:a|b|c)``, where no word may be part of a longer word in Latin letters."""
    return rf"(?<![a-z]){one_of(*words)}(?![a-z])"


def pattern(text: str) -> re.Pattern[str]:
    """A compiled expression that ignores the case of letters."""
    return re.compile(text, re.I)
