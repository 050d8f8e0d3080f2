"""Text that somebody else wrote, made safe for a terminal or a page to show.

On the ground floor, under everything that prints what a server, a model or a file has said.
"""

import re
import unicodedata
from itertools import groupby

MARKS = 4  # upon one letter; more than any language needs
_RUN = re.compile(rf"[^\w\s]{{{MARKS + 1},}}")  # marks are no letters, so a stack is within one
# Letters and signs that draw nothing, and count as printable: fillers of Hangul and of Khitan,
# vowels of Khmer that are not written, the empty sign of Braille, a note without a head.
_INVISIBLE = frozenset("\u115f\u1160\u3164\uffa0\U00016fe4\u17b4\u17b5\u2800\U0001d159")


def printable(text: str) -> str:
    """The text with what steers or turns it round named and not obeyed.

    Control characters (with them a terminal's colours and titles), marks of direction and letters
    that draw nothing become ``⟨U+001B⟩``; of marks stacked upon one letter, which paint over the
    lines above, four stay.
    """
    if text.isascii() and text.isprintable():
        return text
    named = "".join(
        char if char in "\n\t" or _is_drawn(char) else f"⟨U+{ord(char):04X}⟩" for char in text
    )
    return _RUN.sub(_thinned, named)


def _is_drawn(char):
    return char.isprintable() and char not in _INVISIBLE


def _thinned(run):
    """A run of signs and marks with at most so many marks after one another."""
    if run[0].isascii():
        return run[0]
    parts = []
    for is_mark, group in groupby(run[0], key=_is_mark):
        chars = "".join(group)
        more = len(chars) - MARKS
        parts.append(f"{chars[:MARKS]}⟨{more} marks more⟩" if is_mark and more > 0 else chars)
    return "".join(parts)


def _is_mark(char):
    return unicodedata.category(char) in ("Mn", "Me")
