"""Fences of code: three or more backticks or tildes, in lines that begin and end a block.

As in CommonMark, what ends a fence has the same sign, at least as often, and no language. A line
may have words before its fence ("5. Output: ```python"), because models write that.
"""

import re

# Tildes stand at the line's beginning or after a colon: in a sentence they only draw out a word.
_RUN = re.compile(r"`{3,}|(?:(?<=^)|(?<=[:：])|(?<=[:：] ))~{3,}(?=[ ]?\{?[.\w+\-]*\}?\s*$)")
_ALONE = re.compile(r"\s*(?:`{3,}|~{3,})[ ]?\{?[.\w+\-]*\}?\s*")


def fence_of(line: str) -> tuple[str, str] | None:
    """``(signs, language)`` of a fence that begins or ends in a line, or None."""
    if "```" not in line and "~~~" not in line:
        return None
    bare = line.lstrip()
    runs = list(_RUN.finditer(bare))
    if len(runs) % 2 == 0:
        return None  # begun and ended in the same line, or none
    return runs[-1][0], bare[runs[-1].end() :].strip().lower()


def is_fence(line: str) -> bool:
    """Whether a line is only the beginning or the end of a fence."""
    return bool(_ALONE.fullmatch(line))


def closes(signs: str, opened: str) -> bool:
    """Whether a fence of these signs can end one that was opened with others."""
    return signs[0] == opened[0] and len(signs) >= len(opened)


def fences(lines: list[str]) -> list[tuple[int, int, str]]:
    """``(first, end, language)`` of every fence that is closed: the lines inside it."""
    found, opened, place, passed = [], None, 0, False
    while place < len(lines) or (opened and passed):
        if place == len(lines):  # never closed: look for fences in what it would hold
            place, opened, passed = opened[0] + 1, None, False
            continue
        signs, info = fence_of(lines[place]) or ("", "")
        if signs and opened and not closes(signs, opened[1]):
            passed = True  # shorter, or of the other sign: part of the code
        elif signs and (opened is None or info):  # one that names its language always opens
            opened, passed = (place, signs, info), False
        elif signs:
            found.append((opened[0] + 1, place, opened[2]))
            opened, passed = None, False
        place += 1
    return found


def left_open(lines: list[str]) -> str | None:
    """The signs of a fence that is still open after these lines, or None."""
    opened = None
    for line in lines:
        signs, info = fence_of(line) or ("", "")
        if signs and (opened is None or (info and closes(signs, opened))):
            opened = signs
        elif signs and closes(signs, opened):
            opened = None
    return opened
