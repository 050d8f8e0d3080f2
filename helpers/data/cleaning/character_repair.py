"""Repair characters that are certainly wrong: misread bytes, control and invisible characters."""

import re

_INVISIBLE = re.compile("[\u200b\u2060\ufeff\u00ad\ufffe\uffff]")
_JOINERS = re.compile(  # outside of emoji and of scripts such as Devanagari, which need them
    "(?<![^\x00-\u024f])[\u200c\u200d](?![^\x00-\u024f])"
)
_DIRECTIONS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff]")
_TERMINAL = re.compile("\x1b\\[[0-9;?]*[A-Za-z]")
_BREAKS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
# Bytes of UTF-8 that were read as Windows-1252 or Latin-1: a first byte, then those that follow it.
_BYTE_OF = {bytes([b]).decode("cp1252", "replace"): b for b in range(0x80, 0x100)}
_BYTE_OF |= {chr(b): b for b in range(0x80, 0xA0)} | {"\u00a0": 0xA0}
_BYTE_OF.pop("\ufffd", None)
_FOLLOWING = (
    "[" + "".join(re.escape(char) for char, b in _BYTE_OF.items() if 0x80 <= b < 0xC0) + "]"
)
_MISREAD = re.compile(
    f"(?:[\xc2-\xdf]{_FOLLOWING}|[\xe0-\xef]{_FOLLOWING}{{2}}|[\xf0-\xf4]{_FOLLOWING}{{3}})+"
)
# No text has one of these first bytes before such a character.
_NEVER_MEANT = ("\xc2", "\xc3", "\xe2", "\xf0")
_OPENING_QUOTES = "“‘«„‹\"'「『"
_HALF_QUOTE = re.compile("\xe2€(?=[\\s.,;:!?)]|$)")  # whose last byte was lost


def repair_characters(text: str) -> str:
    """A text without misread bytes, control and invisible characters, and terminal colours."""
    if text.isascii() and not _CONTROL.search(text) and not _BREAKS.search(text):
        return text
    text = _TERMINAL.sub("", _repair_misread(text))
    text = _BREAKS.sub("\n", text)
    text = _JOINERS.sub("", _INVISIBLE.sub("", _CONTROL.sub("", text)))
    if not _RIGHT_TO_LEFT.search(text):
        text = _DIRECTIONS.sub("", text)
    text = _LONE_SURROGATE.sub("\ufffd", text)
    whole = text.rstrip("\ufffd")  # the rest of an emoji that was cut
    return text if whole == text else whole.rstrip()


def _repair_misread(text: str) -> str:
    """``Itâ€™s`` becomes ``It’s``: bytes of UTF-8 that were read as Windows-1252 or Latin-1."""
    for _ in range(3):  # the error may have happened several times
        repaired = _HALF_QUOTE.sub("”", _MISREAD.sub(_decoded, text))
        if repaired == text:
            break
        text = repaired
    return text


def _decoded(match: re.Match[str]) -> str:
    """The characters that a run of misread bytes stands for, or the run itself if it is meant."""
    run = match[0]
    try:
        characters = bytes(_BYTE_OF.get(char, ord(char)) for char in run).decode("utf-8")
    except (UnicodeDecodeError, ValueError):
        return run
    before, after = match.string[: match.start()][-1:], match.string[match.end() :][:1]
    if len(characters) == 1 and before and before in _OPENING_QUOTES and not after.isalpha():
        return run  # “Ã”: a letter in quotation marks
    # One accented letter before a quotation mark may be meant. Two such pairs in a row are not.
    return characters if run.startswith(_NEVER_MEANT) or len(characters) > 1 else run
