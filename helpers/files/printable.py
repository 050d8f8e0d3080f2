"""Make text of unknown origin safe to show in a terminal or on a page.

For everything that prints what a server, a model or a file contains.
"""

import re
import unicodedata
from itertools import groupby

MARKS = 4  # combining marks on one letter; no language needs more
# Characters in a row that are neither letters nor spaces. A stack of marks is among them, because
# \w does not match a combining mark.
_RUN = re.compile(rf"[^\w\s]{{{MARKS + 1},}}")
# Characters that draw nothing although Python counts them as printable: fillers of Hangul and of
# Khitan, two Khmer vowels that are not written, the empty Braille pattern, a note without a head.
_INVISIBLE = frozenset("\u115f\u1160\u3164\uffa0\U00016fe4\u17b4\u17b5\u2800\U0001d159")


def printable(text: str) -> str:
    """The text without characters that control or falsify the display.

    Control characters (for example those that set a terminal's colours and title), marks of
    writing direction and invisible letters are replaced by their number, such as ``⟨U+001B⟩``. Of
    more than four combining marks on one letter, which would cover other lines, four are kept.
    """
    if text.isascii() and text.isprintable():
        return text
    named = "".join(
        char if char in "\n\t" or _is_drawn(char) else f"⟨U+{ord(char):04X}⟩" for char in text
    )
    return _RUN.sub(_limit_marks, named)


def _is_drawn(char: str) -> bool:
    return char.isprintable() and char not in _INVISIBLE


def _limit_marks(run: re.Match[str]) -> str:
    """A run of signs and marks, with at most ``MARKS`` marks in a row."""
    if run[0].isascii():
        return run[0]
    parts = []
    for is_mark, group in groupby(run[0], key=_is_mark):
        chars = "".join(group)
        removed = len(chars) - MARKS
        too_many = is_mark and removed > 0
        parts.append(f"{chars[:MARKS]}⟨{removed} more marks⟩" if too_many else chars)
    return "".join(parts)


def _is_mark(char: str) -> bool:
    return unicodedata.category(char) in ("Mn", "Me")
