"""Recognise headings: does a line name a task, an input or an output, and in which style?

A heading is a line that begins with a field's name ("5. Instruction:", "**Output:**", "정답:"), a
task's title ("### Task 5"), or a number alone ("5. Add 2 and 3."). A line that looks like a heading
may belong to an answer. Whether it begins a task is decided in ``task_splitting``.
"""

import re
import unicodedata
from dataclasses import dataclass, replace
from typing import NamedTuple

from helpers.data.reply_parsing.code_fences import is_fence
from helpers.data.reply_parsing.field_names import CLASSES
from helpers.data.reply_parsing.heading_patterns import (
    CLOSING_BRACKETS,
    NAMED_HEADING,
    NUMBER_HEADING,
    OPENING_BRACKETS,
    SEPARATOR_LINE,
    SPACES,
    TASK_PREFIX,
)  # fmt: skip

_NAME_A_TASK = ("q", "question", "질문", "pertanyaan")  # of their class, also without a number
_LONGEST = 120  # characters of a line in which a heading is searched


class HeadingStyle(NamedTuple):
    """The look of a heading. Headings of one field in one list usually share it."""

    signs: str = ""  # hashes, bullets and bold type before it
    bracket: str = ""
    number_before: bool = False  # a number stands before the name
    name: str = ""
    number_after: bool = False  # a number stands after the name


_NO_STYLE = HeadingStyle()


@dataclass(frozen=True)
class Heading:
    """A line that may be a heading: where it stands, what it announces, how it looks.

    ``kind`` is ``"task"`` (a title or an Instruction), ``"number"`` (a number without a name),
    ``"separator"`` (a line of dashes or hashes), ``"input"``, ``"context"`` or ``"output"``.
    """

    kind: str
    start: int  # offset of its line
    end: int  # offset of the text after it
    number: int | None = None  # never None for the kind "number"
    certainty: int = 2  # of its name, 0 to 2: see ``field_names.CLASSES``
    style: HeadingStyle = _NO_STYLE
    name_start: int = 0  # offset of its name
    fills_line: bool = False  # no text follows on its line
    needs_line_end: bool = False  # has no colon: a heading only if its line is complete
    splits_bold: bool = False  # bold type begins in it and ends in the text after it
    indent: int = 0  # spaces before it
    set_apart: bool = False  # a blank line, a separator or a fence stands before it
    after_separator: bool = False
    below_title: "Heading | None" = None  # of a title with a heading below it: that heading

    @property
    def decorated(self) -> bool:
        """Whether hashes, bold type or brackets distinguish it from plain text."""
        return _is_decorated(self.style.signs) or self.style.bracket in OPENING_BRACKETS

    @property
    def shared_style(self) -> tuple[str, bool, bool]:
        """The part of the style that headings of different fields share in one list."""
        return self.style.signs, self.style.number_before, self.style.number_after


def heading_of(line: str) -> Heading | None:
    """The heading that a line begins with, or None. Offsets count from the line's beginning."""
    if is_separator(line):
        return Heading("separator", 0, len(line), fills_line=True)
    head = line[:_LONGEST].translate(SPACES)
    named = NAMED_HEADING.match(head)
    heading = _with_task_prefix(head) or (_named(named) if named else None)
    heading = heading or _number_alone(head, line)
    if not heading:
        return None
    end, splits_bold = heading.end, line.count("**", 0, heading.end) % 2 == 1
    if splits_bold and line.startswith("**", end):
        end, splits_bold = end + 2, False
    end = len(line) - len(line[end:].lstrip())
    return replace(
        heading,
        end=end,
        splits_bold=splits_bold,
        fills_line=not line[end:].strip(" *_#"),
        indent=len(line) - len(line.lstrip(" ")),
    )


def is_separator(line: str) -> bool:
    """Whether a line consists of hashes, dashes, stars or the like only."""
    return bool(SEPARATOR_LINE.fullmatch(line))


def has_no_text(line: str) -> bool:
    """Whether a line is blank, a separator or a fence."""
    return not line.strip() or is_separator(line) or is_fence(line)


def _with_task_prefix(head: str) -> Heading | None:
    """The heading of a field whose name stands after the task's: "Task 4 Output: …"."""
    prefix = TASK_PREFIX.match(head)
    named = NAMED_HEADING.match(head, prefix.end()) if prefix else None
    heading = _named(named) if named and named["colon"] else None
    if not prefix or not heading or heading.certainty < 2 or heading.number is not None:
        return None
    style = heading.style._replace(signs=_visible(prefix["signs"]), number_before=True)
    return replace(heading, number=int(prefix["number"]), style=style)


def _named(found: re.Match[str]) -> Heading | None:
    """The heading with a field's name, or None if the name is only a word of a sentence."""
    key = next(key for key in CLASSES if found[key])
    kind, certainty = CLASSES[key]
    number = found["before"] or found["after"]
    style = HeadingStyle(
        signs=_visible(found["signs"]),
        bracket=found["bracket"],
        number_before=bool(found["before"]),
        name=found[key].lower(),
        number_after=bool(found["after"]),
    )
    if not _stands_out(found, style, certainty):
        return None
    if key == "question" and style.name not in _NAME_A_TASK and not number:
        return None  # "Problem:" and "Example:" name a task only with its number
    # After "[Input]", dashes belong to the text.
    dash = "dash" if found["dash"] else "alone" if found["alone"] else None
    return Heading(
        kind,
        start=0,
        end=found.start(dash) if dash and style.bracket else found.end(),
        number=_value(number) if number else None,
        certainty=certainty,
        style=style,
        name_start=found.start(key),
        needs_line_end=not found["colon"],
    )


def _stands_out(found: re.Match[str], style: HeadingStyle, certainty: int) -> bool:
    """Whether a colon, bold type or the like distinguishes a field's name from a plain word."""
    rest = found[0][found.end("bracket") :]
    if style.bracket and not any(sign in rest for sign in CLOSING_BRACKETS):
        return False
    numbered = style.number_before or style.number_after
    closed = bool(style.bracket) or (bool(found["close"]) and _is_decorated(found[0]))
    if style.name in ("a", "q") and not (found["colon"] or numbered):
        return False
    if found["colon"]:
        return True
    if found["dot"] or (found[0].rstrip().endswith(")") and "(" not in found[0]):
        return numbered
    if found["dash"] or found["alone"] is not None:
        return numbered or closed or _is_decorated(style.signs) or certainty == 2
    return closed


def _number_alone(head: str, line: str) -> Heading | None:
    """The heading that is only a number, of a list's item or alone on its line."""
    found = NUMBER_HEADING.match(head)
    if not found:
        return None
    signs = _visible(found["signs"])
    after = line[found.end() :]
    fills_line, spaced = not after.strip(" \t*_#"), after[:1].strip() == ""
    ordinal = (found["ordinal"] or found["no"] or "").strip()
    stands_out = "#" in signs or "**" in signs or ordinal.endswith("\u20e3")
    hashed = found["signs"].endswith("#") and spaced
    circled = unicodedata.category(found["number"][0]) == "No"
    # "5번 문제를 풀어라" begins a sentence: such a number must stand out, or fill its line.
    counted = (ordinal and spaced and stands_out) or (fills_line and (ordinal or stands_out))
    if not (found["sign"] or hashed or counted or circled):
        return None
    return Heading(
        "number",
        start=0,
        end=found.end(),
        number=_value(found["number"]),
        certainty=0,
        style=HeadingStyle(signs, "①" if circled else found["bracket"], number_before=True),
        needs_line_end=fills_line,
    )


def _value(digits: str) -> int:
    """The number that digits, or a circled number such as ④, stand for."""
    return int(unicodedata.numeric(digits)) if len(digits) == 1 else int(digits)


def _visible(signs: str) -> str:
    """Signs without spaces and quote marks of an e-mail."""
    return re.sub(r"[\s>]", "", signs)


def _is_decorated(signs: str) -> bool:
    return any(sign in signs for sign in ("#", "**", "__"))
