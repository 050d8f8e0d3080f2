"""Find the JSON objects and lists in a reply, and the damaged parts that look like tasks.

Models write text with brackets of their own before the JSON, code fences around it, one object a
line, or several lists one after the other.
"""

import json
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from helpers.data.reply_parsing.field_names import FIELD_CLASSES, names_of
from helpers.data.reply_parsing.json_repair import repaired
from helpers.files.bounded_json import find_too_deep

_OPENING = re.compile(r"[{\[]")
_NEXT_LINE = re.compile(r"(?<=\n)[ \t]*+(?={)")
_CONTAINER = re.compile(r'\[|\{\s*+"[^"]*+"\s*+:\s*+[\[{]')
_INSTRUCTION_KEY = rf'"(?:{names_of(*FIELD_CLASSES["instruction"])})"\s*+:'
_TASK_BEGUN = re.compile(rf'{_INSTRUCTION_KEY}\s*+"[^"]{{0,20}}?\w', re.I)
_ROW = re.compile(rf"(?:(?<=[}}\[])|(?<=[}}\[],))\s*+(?={{\s*+{_INSTRUCTION_KEY})", re.I)
_AFTER_ROW = re.compile(r"[\s,\]}]*+")


def _whole_number(digits: str) -> int | float:
    """An integer. Python refuses to read one of more than 4,300 digits."""
    return int(digits) if len(digits) < 1000 else float("inf")


# Not strict, so that a string may hold a line break: its meaning is certain.
_DECODER = json.JSONDecoder(strict=False, parse_int=_whole_number)


class _Failure(NamedTuple):
    """Why a value could not be parsed. ``offset`` is where the error was found."""

    offset: int
    text_ended: bool  # whether the value is incomplete because the text ends inside it


def json_values(text: str, keep_partial: bool) -> tuple[list[object], list[str]]:
    """``(values, damaged)``: the JSON objects and lists of a text, in order, and damaged parts.

    A damaged part is only listed if it began as a task or a list of tasks. Objects that stand by
    themselves, one a line, are read one by one. Of a damaged list, the readable tasks are taken
    only with ``keep_partial``.
    """
    values: list[object] = []
    damaged: list[tuple[int, int]] = []  # offsets of the begin and the end of each part
    offset, in_damaged_list = 0, False
    next_line = _search_forward(_NEXT_LINE, text)
    while opening := _OPENING.search(text, offset):
        begin, is_container = opening.start(), bool(_CONTAINER.match(text, opening.start()))
        deep = find_too_deep(text, begin)
        if deep is not None:
            offset = deep
            continue
        try:
            value, offset = _DECODER.raw_decode(text, begin)
            if not in_damaged_list or is_container:
                values.append(value)
            continue
        except json.JSONDecodeError as error:
            failure = _failure(error, text, begin)
        end = len(text) if failure.text_ended else failure.offset
        if not _TASK_BEGUN.search(text, begin, end):
            offset = failure.offset
            continue
        next_object = None if is_container else next_line(begin + 1)
        offset = next_object or end
        if is_container and keep_partial and not (failure.text_ended or in_damaged_list):
            found, rest = _readable_rows(text[begin:])
            return values + found, [*_parts(text[:begin], damaged), *rest]
        damaged.append((begin, offset if next_object else len(text)))
        in_damaged_list = in_damaged_list or is_container or not next_object
    return values, _parts(text, damaged)


def _failure(error: json.JSONDecodeError, text: str, begin: int) -> _Failure:
    text_ended = error.msg.startswith("Unterminated string") or not text[error.pos :].strip()
    return _Failure(max(error.pos, begin + 1), text_ended)


def _search_forward(pattern: re.Pattern[str], text: str) -> Callable[[int], int | None]:
    """A function that tells where the next match of a pattern ends, from an offset on.

    Its offsets must not decrease from call to call. So the text is read only once.
    """
    ends = (found.end() for found in pattern.finditer(text))
    current = next(ends, None)

    def next_end(offset: int) -> int | None:
        nonlocal current
        while current is not None and current < offset:
            current = next(ends, None)
        return current

    return next_end


def _parts(text: str, damaged: Sequence[tuple[int, int]]) -> list[str]:
    """The damaged parts of a text. Each ends where the next begins, so nothing is kept twice."""
    limits = [*(begin for begin, _ in damaged[1:]), len(text)]
    return [
        text[begin : min(end, limit)].rstrip()
        for (begin, end), limit in zip(damaged, limits, strict=False)
    ]


def _readable_rows(text: str) -> tuple[list[object], list[str]]:
    """The tasks of a damaged list that can be read by themselves, and the others as text.

    A task begins where another one ends. So a text inside a task that only looks like a task, with
    quote marks that were not escaped, is not mistaken for one.
    """
    begins = [found.end() for found in _ROW.finditer(text)]
    pieces = [text[i:j] for i, j in zip(begins, [*begins[1:], len(text)], strict=False)]
    found: list[object] = []
    damaged = []
    for i, piece in enumerate(pieces):
        value = _row(piece, is_last=i + 1 == len(pieces))
        if value is None:
            damaged.append(piece)
        else:
            found.append(value)
    return (found, damaged) if found else ([], [text])


def _row(piece: str, is_last: bool) -> object | None:
    """The object with which a piece of a list begins, if only the list's punctuation follows."""
    for text in (piece, repaired(piece)):
        try:
            value, end = _DECODER.raw_decode(text)
        except json.JSONDecodeError:
            continue
        if is_last or _AFTER_ROW.fullmatch(text, end):
            return value
    return None
