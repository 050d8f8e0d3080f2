"""Finding the tasks in a reply that was asked for as JSON, whatever stands around the JSON.

Models write words with brackets of their own before it, fences around it, one object a line, or
several lists one after the other. A list is only trusted where all of it can be parsed.
"""

import json
import re
from collections.abc import Callable

from helpers.data.parsing.field_names import FIELDS, field_of_key, names_of
from helpers.data.parsing.json_repair import repaired
from helpers.safe_io.bounded_json import CHARACTERS, too_deep

_OPENING = re.compile(r"[{\[]")
_NEXT_LINE = re.compile(r"(?<=\n)[ \t]*+(?={)")
_CONTAINER = re.compile(r'\[|\{\s*+"[^"]*+"\s*+:\s*+[\[{]')
_ASKS = rf'"(?:{names_of(*FIELDS["instruction"])})"\s*+:'
_CONTENT = re.compile(rf'{_ASKS}\s*+"[^"]{{0,20}}?\w', re.I)
_ROW = re.compile(rf"(?:(?<=[}}\[])|(?<=[}}\[],))\s*+(?={{\s*+{_ASKS})", re.I)
_AFTER_ROW = re.compile(r"[\s,\]}]*+")
LONGEST_REST = 100_000  # characters of an unreadable reply that a drop keeps
# Lists of what the model was shown, or shows itself, beside the tasks that it was asked for.
_SHOWN = re.compile(
    r"(?:few[ _-]?shot|seed|given|sample|in[ _-]?context)?[ _-]?"
    r"(?:examples?|seeds?|demonstrations?|shots?)(?:[ _-]?tasks?)?|예시|예제|contoh",
    re.I,
)


def _whole_number(digits: str) -> int | float:
    """An integer; Python refuses to read one of more than 4,300 digits."""
    return int(digits) if len(digits) < 1000 else float("inf")


# A line break inside a string leaves no doubt.
_DECODER = json.JSONDecoder(strict=False, parse_int=_whole_number)


def json_rows(text: str) -> tuple[list[object], str | None]:
    """``(rows, rest)``: the tasks in a reply's JSON values, and what could not be read.

    Rows are dicts with the keys instruction, input and output, as far as they are there, or other
    values that stand in a list of tasks. ``rest`` is None when nothing is in doubt. Slips that
    leave no doubt are repaired (see :mod:`helpers.data.parsing.json_repair`). Of a list that is
    damaged, the tasks are kept that can be read alone. ``rest`` is never longer than the text, and
    ends after :data:`LONGEST_REST` characters.
    """
    rows, rest = _found(text)
    return rows, None if rest is None else rest[: min(len(text), LONGEST_REST)]


def _found(text: str) -> tuple[list[object], str | None]:
    if len(text) > CHARACTERS:
        return [], text
    text = _unquoted(text)
    rows, rest = _read(text, whole=True)
    if rest is None:
        return rows, rest
    again = repaired(text)
    if again != text:
        found, still = _read(again, whole=True)
        if still is None:
            return found, None
    return _read(text, whole=False)


def _unquoted(text: str) -> str:
    """The text itself, where the whole reply is a JSON string that holds JSON."""
    try:
        inside = json.loads(text) if text.lstrip().startswith('"') else text
    except ValueError:
        return text
    return inside if isinstance(inside, str) else text


def _read(text: str, whole: bool) -> tuple[list[object], str | None]:
    values, broken = _values(text, whole)
    rows = [row for value in values for row in _rows(value)]
    if broken or rows or any(_is_empty_list(value) for value in values):
        return rows, "\n".join(broken) or None
    return [], text


def _values(text: str, whole: bool) -> tuple[list[object], list[str]]:
    """Every JSON object and list of a text, in order, and the parts that began as one of tasks.

    Objects that stand alone, one a line, are read one by one; those inside a broken list only
    where they need not be ``whole``.
    """
    values, broken, place, torn = [], [], 0, False
    next_line = _places(_NEXT_LINE, text)
    while opening := _OPENING.search(text, place):
        begin, listed = opening.start(), bool(_CONTAINER.match(text, opening.start()))
        deep = too_deep(text, begin)
        if deep is not None:
            place = deep
            continue
        try:
            value, place = _DECODER.raw_decode(text, begin)
            if not torn or listed:
                values.append(value)
            continue
        except json.JSONDecodeError as error:
            fault, cut = max(error.pos, begin + 1), _ran_out(error, text)
        end = len(text) if cut else fault
        if not _CONTENT.search(text, begin, end):
            place = fault
            continue
        after = None if listed else next_line(begin + 1)
        place = after or (len(text) if cut else fault)
        if listed and not cut and not whole and not torn:
            found, damaged = _sound_rows(text[begin:])
            values += found
            return values, [*_pieces(text[:begin], broken), *damaged]
        broken.append((begin, place if after else len(text)))
        torn = torn or listed or not after
    return values, _pieces(text, broken)


def _places(pattern: re.Pattern, text: str) -> Callable[[int], int | None]:
    """A function for where a pattern next ends from a place on, which reads the text only once.

    The places that it is asked about must not go back.
    """
    ends = (found.end() for found in pattern.finditer(text))
    found = next(ends, None)

    def from_there(place: int) -> int | None:
        nonlocal found
        while found is not None and found < place:
            found = next(ends, None)
        return found

    return from_there


def _pieces(text: str, broken: list[tuple[int, int]]) -> list[str]:
    """The broken parts of a text; each ends where the next begins, so nothing is kept twice."""
    begins = [*(begin for begin, _ in broken[1:]), len(text)]
    return [text[i : min(end, j)].rstrip() for (i, end), j in zip(broken, begins, strict=False)]


def _sound_rows(text: str) -> tuple[list[object], list[str]]:
    """The tasks of a damaged list that can be read alone, and the others.

    A task begins behind the end of another one. So a text in a task that only looks like one, with
    quote marks that were not escaped, is not taken for one.
    """
    begins = [found.end() for found in _ROW.finditer(text)]
    pieces = [text[i:j] for i, j in zip(begins, [*begins[1:], len(text)], strict=True)]
    found, damaged = [], []
    for piece in pieces:
        value = _row_alone(piece, piece is pieces[-1])
        if value is None:
            damaged.append(piece)
        else:
            found.append(value)
    return (found, damaged) if found else ([], [text])


def _row_alone(piece: str, last: bool) -> dict | None:
    """The object with which a part of a list begins, if nothing but its end follows."""
    for text in (piece, repaired(piece)):
        try:
            value, end = _DECODER.raw_decode(text)
        except json.JSONDecodeError:
            continue
        if last or _AFTER_ROW.fullmatch(text, end):
            return value
    return None


def _ran_out(error: json.JSONDecodeError, text: str) -> bool:
    """Whether a value could not be parsed because the text ends inside it."""
    return error.msg.startswith("Unterminated string") or not text[error.pos :].strip()


def _rows(value: object) -> list[object]:
    """The tasks in one JSON value: of a list, of an object that holds lists, or the object."""
    if isinstance(value, list):
        if not any(isinstance(row, dict) for row in value):
            return []  # a list of other things, such as numbers in words before the JSON
        return [found for row in value for found in (_rows(row) or [row])]
    if not isinstance(value, dict):
        return []
    task = _task(value)
    if isinstance(task.get("instruction"), str) or _has_text(task):
        return [task]
    found = {key: _rows(inner) for key, inner in value.items()}
    asked = [rows for key, rows in found.items() if rows and not _SHOWN.fullmatch(str(key))]
    rows = [row for rows in asked or found.values() for row in rows]
    return rows or ([task] if "instruction" in task or "output" in task else [])


def _has_text(task: dict[str, object]) -> bool:
    """Whether an object without an instruction is a task all the same, if not a sound one."""
    values = [task[name] for name in ("instruction", "output") if name in task]
    return bool(values) and not any(isinstance(value, (dict, list)) for value in values)


def _task(value: dict) -> dict[str, object]:
    """An object with its keys in English and lower case; other keys are left out.

    Of several keys for one field, the surest name is taken.
    """
    task, ranks = {}, {}
    for key, field in value.items():
        name, rank = field_of_key(key) or (None, 0)
        exact = rank + (str(key).strip().lower() == name)
        container = isinstance(field, (dict, list)) and exact < 3
        if name and not container and exact > ranks.get(name, -1):
            task[name], ranks[name] = field, exact
    return {name: task[name] for name in FIELDS if name in task}


def _is_empty_list(value: object) -> bool:
    return value == [] or (isinstance(value, dict) and [] in value.values())
