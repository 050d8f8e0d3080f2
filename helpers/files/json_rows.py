"""Read the rows of a JSON text: one list, one object, or JSON Lines."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from helpers.files.file_kinds import DataError, type_name


def parse_lines(text: str, path: Path) -> list[dict[str, Any]]:
    """The objects of a JSON Lines text. Raises DataError naming ``path:line`` of a bad line."""
    rows = []
    for number, line in enumerate(text.split("\n" if "\n" in text else "\r"), 1):
        line = line.strip("\ufeff")  # in the middle of a file that was joined from several
        if not line.strip():
            continue
        try:
            row = json.loads(line, object_pairs_hook=_object)
        except (ValueError, RecursionError) as error:
            raise DataError(
                f"{path}:{number}: not valid JSON ({_reason(error)}). Each line must hold one "
                f"whole JSON object; fix or delete this line.{_advice_for_list(text)}"
            ) from None
        if not isinstance(row, dict):
            raise DataError(
                f"{path}:{number}: found {type_name(row)}, expected a JSON object such as "
                f'{{"instruction": …}}. Fix or delete this line.{_advice_for_list(text)}'
            )
        rows.append(row)
    return rows


def rows_of_list(text: str, path: Path) -> Sequence[object]:
    """The rows of a text that begins with ``[``. Raises DataError, with the line if possible."""
    try:
        rows: list[object] = json.loads(text, object_pairs_hook=_object)
        return rows
    except json.JSONDecodeError as error:
        if error.msg == "Extra data" and ".jsonl" in path.name:
            return parse_lines(text, path)  # each line is a list: the error names the first one
        raise DataError(
            f"{path}:{error.lineno}: not valid JSON ({_reason(error)}). "
            "An Alpaca file is one JSON list of objects; fix this line."
        ) from None
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: not valid JSON ({_reason(error)}).") from None


def rows_of_objects(
    text: str, path: Path, is_header: Callable[[list[str]], bool]
) -> Sequence[object]:
    """The rows of a text of JSON objects: one object, JSON Lines, or objects over several lines.

    For ``is_header`` see :func:`file_rows.read_rows`. Raises DataError naming the file.
    """
    whole = _single_value(text)
    if isinstance(whole, dict):
        return _rows_of_object(whole, path, is_header)
    return _consecutive_objects(text) or parse_lines(text, path)


def _single_value(text: str) -> object:
    """The value of a text that is one JSON value; None for any other text."""
    try:
        return json.loads(text, object_pairs_hook=_object)
    except (ValueError, RecursionError):
        return None


def _consecutive_objects(text: str) -> list[dict[str, Any]] | None:
    """JSON objects one after the other, with any line breaks; None for any other text."""
    decoder, rows, place = json.JSONDecoder(object_pairs_hook=_object), [], 0
    while place < len(text):
        if text[place] in " \t\r\n\ufeff":
            place += 1
            continue
        try:
            row, place = decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            return None
        if not isinstance(row, dict):
            return None
        rows.append(row)
    return rows


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A JSON object. One with a repeated key is an error: json would silently drop a value."""
    row = dict(pairs)
    if len(row) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        raise ValueError(f"the key {counts.most_common(1)[0][0]!r} occurs twice")
    return row


def _rows_of_object(
    whole: dict[str, object], path: Path, is_header: Callable[[list[str]], bool]
) -> list[dict[str, object]]:
    """The rows of a file that is one JSON object: the row itself, or a list for each column.

    Raises DataError for an object that has rows inside it, with the way to save them as a list.
    """
    if is_header(list(whole)):
        rows = _rows_of_columns(whole, path, is_header)
        return [whole] if rows is None else rows
    lists = [name for name, value in whole.items() if isinstance(value, list)]
    nested = [isinstance(value, dict) and is_header(list(value)) for value in whole.values()]
    if lists:
        what_to_do = f"Save the list alone, e.g. json.dump(whole[{lists[0]!r}], file)"
    elif any(nested):
        what_to_do = "Save its values as a list: json.dump(list(whole.values()), file)"
    else:
        return [whole]
    keys = ", ".join(map(str, list(whole)[:8])) + (", …" if len(whole) > 8 else "")
    raise DataError(
        f"{path}: found one JSON object with the keys {keys}, expected a list of rows. "
        f"{what_to_do}."
    )


def _rows_of_columns(
    whole: dict[str, object], path: Path, is_header: Callable[[list[str]], bool]
) -> list[dict[str, object]] | None:
    """The rows of an object that holds a list for each column; None for any other object."""
    columns = {}
    for name, value in whole.items():
        cells = _cells(value, holds_chats=is_header([name]))
        if cells is None:
            return None
        columns[name] = cells
    sizes = {name: len(cells) for name, cells in columns.items()}
    if len(set(sizes.values())) > 1:
        raise DataError(f"{path}: its columns are not of one length ({sizes}). Fix them.")
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _cells(value: object, *, holds_chats: bool) -> list[object] | None:
    """The cells of a column as Dataset.to_dict() or DataFrame.to_json() writes it, or None.

    A list of dicts is the turns of one chat, not a column.
    """
    if isinstance(value, dict) and value and all(key.isdigit() for key in value):
        return list(value.values())
    if not isinstance(value, list):
        return None
    is_chat = any(isinstance(cell, dict) and (holds_chats or "role" in cell) for cell in value)
    return None if is_chat else value


def _advice_for_list(text: str) -> str:
    """What to do about a file that is one JSON list and not JSON Lines; else an empty text."""
    try:
        is_list = text.lstrip().startswith("[") and isinstance(json.loads(text), list)
    except (ValueError, RecursionError):
        return ""
    return " The file is one JSON list: load_examples reads it." if is_list else ""


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at column {error.colno}"
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)
