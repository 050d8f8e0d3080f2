"""Split a text of any script into tokens.

On Latin text the tokens are those of the package rouge-score. That package drops every other
script; here Hangul, Han, Kana, Thai and the rest have tokens too.
"""

import functools
import itertools
import re
import unicodedata

_LATIN = re.compile(r"[a-z0-9]+")
# Scripts that write words without spaces, and Hangul, which attaches particles to words. In these
# scripts each character is a token.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7a3\uf900-\ufaff]"
)
# Parts of Hangul syllables, and marks of kana that are separate characters.
_DECOMPOSED = re.compile("[\u1100-\u11ff\u3099\u309a]")
_LETTER_CATEGORIES = {"Ll", "Lm", "Lo", "Lt", "Lu", "Mc", "Mn", "Nd"}


def tokenize(text: str) -> list[str]:
    """Tokens of a text, in lower case.

    Latin text is split into rouge-score's words. Korean is split into syllables, because its
    particles are attached to words. Han, Kana, Thai, Lao, Burmese and Khmer are split into
    characters, and other scripts into words.
    """
    text = text.lower()
    if text.isascii():
        return _LATIN.findall(text)
    if _DECOMPOSED.search(text):
        text = unicodedata.normalize("NFC", text)
    tokens: list[str] = []
    for kind, run in itertools.groupby(text, _kind):
        if kind == "characters":
            tokens.extend(run)
        elif kind:
            tokens.append("".join(run))
    return tokens


@functools.cache
def _kind(char: str) -> str | None:
    """What a lower-case character is part of: a Latin word, another word, or no token (None).

    A character that is a token by itself has the kind ``characters``.
    """
    if char.isascii() and char.isalnum():
        return "latin"
    if _UNSPACED.match(char) and unicodedata.category(char)[0] in "LMN":
        return "characters"
    return "letters" if _is_other_letter(char) else None


def _is_other_letter(char: str) -> bool:
    """Whether a character is a letter, mark or digit of a script other than Latin.

    An accented Latin letter is not: it separates words, as in rouge-score.
    """
    if char < "\u0300" or "\u2000" <= char <= "\u2bff":
        return False
    if unicodedata.category(char) not in _LETTER_CATEGORIES:
        return False
    return not unicodedata.name(char, "").startswith(("LATIN", "FULLWIDTH LATIN", "COMBINING"))
