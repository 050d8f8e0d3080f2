"""Find fenced code blocks: the lines between two fences of backticks or tildes.

As in CommonMark, a closing fence repeats the sign of the opening one at least as often, and names
no language. Unlike there, text may stand before an opening fence ("5. Output: ```python"), because
models write that.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

# Tildes count at the line's beginning or after a colon: in a sentence they only draw out a word.
_FENCE = re.compile(r"`{3,}|(?:(?<=^)|(?<=[:：])|(?<=[:：] ))~{3,}(?=[ ]?\{?[.\w+\-]*\}?\s*$)")
_FENCE_LINE = re.compile(r"\s*(?:`{3,}|~{3,})[ ]?\{?[.\w+\-]*\}?\s*")


class CodeBlock(NamedTuple):
    """The lines inside a closed fence: indices ``first`` to ``end - 1``, and the language named."""

    first: int
    end: int
    language: str


def fence_of(line: str) -> tuple[str, str] | None:
    """``(signs, language)`` of a fence that begins or ends in a line, or None.

    ``signs`` are the backticks or tildes themselves. ``language`` is empty if none is named.
    """
    if "```" not in line and "~~~" not in line:
        return None
    stripped = line.lstrip()
    fences = list(_FENCE.finditer(stripped))
    if len(fences) % 2 == 0:
        return None  # none, or each one is closed in the same line
    return fences[-1][0], stripped[fences[-1].end() :].strip().lower()


def is_fence(line: str) -> bool:
    """Whether a line consists of a fence only."""
    return bool(_FENCE_LINE.fullmatch(line))


def code_blocks(lines: Sequence[str]) -> list[CodeBlock]:
    """Every fenced block that is closed, in order."""
    found: list[CodeBlock] = []
    opened: tuple[int, str, str] | None = None  # index, signs and language of an open fence
    index, skipped_one = 0, False
    while index < len(lines) or (opened and skipped_one):
        if index == len(lines) and opened:  # never closed: search the lines after it again
            index, opened, skipped_one = opened[0] + 1, None, False
            continue
        signs, language = fence_of(lines[index]) or ("", "")
        if signs and opened and not _closes(signs, opened[1]):
            skipped_one = True  # shorter, or of the other sign: part of the code
        elif signs and (opened is None or language):  # one that names its language always opens
            opened, skipped_one = (index, signs, language), False
        elif signs and opened:
            found.append(CodeBlock(opened[0] + 1, index, opened[2]))
            opened, skipped_one = None, False
        index += 1
    return found


def open_fence(lines: Sequence[str]) -> str | None:
    """The signs of a fence that is still open after these lines, or None."""
    opened: str | None = None
    for line in lines:
        signs, language = fence_of(line) or ("", "")
        if signs and (opened is None or (language and _closes(signs, opened))):
            opened = signs
        elif signs and opened and _closes(signs, opened):
            opened = None
    return opened


def _closes(signs: str, opened: str) -> bool:
    """Whether a fence of these signs can close one that was opened with ``opened``."""
    return signs[0] == opened[0] and len(signs) >= len(opened)
