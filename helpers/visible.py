"""Text that somebody else wrote, made safe for a terminal or a page to show.

On the ground floor, under everything that prints what a server, a model or a file has said.
"""

import re

# Accents that are put upon the letter before them; four on one letter are more than any language.
_ACCENT = r"[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_STACKED = re.compile(rf"({_ACCENT}{{4}}){_ACCENT}+")


def visible(text: str) -> str:
    """The text with what steers or turns it round named and not obeyed.

    Control characters (with them a terminal's colours and titles) and marks of direction become
    ``⟨U+001B⟩``; of accents stacked upon one letter, which paint over the lines above, four stay.
    """
    named = "".join(
        char if char in "\n\t" or char.isprintable() else f"⟨U+{ord(char):04X}⟩" for char in text
    )
    return _STACKED.sub(lambda found: f"{found[1]}⟨{len(found[0]) - 4} marks more⟩", named)
