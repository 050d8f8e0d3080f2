"""The rows of a file, whatever it is written in: JSON, JSON Lines, CSV, TSV or parquet.

The content decides and not the name, which may be wrong: many a ``.json`` file holds JSON Lines.
"""

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path

from helpers.file_kinds import DataError, decode, read_bytes, unpack

_JSON_NAME = re.compile(r"\.(json|jsonl|ndjson)(\.(gz|bz2|xz))?$", re.I)


def read_rows(path: Path, is_header: Callable[[list[str]], bool]) -> list[object]:
    """The rows of a JSON list, JSON Lines, CSV, TSV or parquet file; their fields are not checked.

    ``is_header`` says whether a list of names can be the columns of a table of tasks: so the
    separator is found. Raises DataError naming the file, and the line where there is one.
    """
    data = unpack(read_bytes(path), path)
    if data.startswith(b"PAR1"):
        return _parquet(data, path)
    text = decode(data, path)
    start = text.lstrip()[:1]
    if start == "[":
        return _json_list(text, path)
    if start and start != "{":
        header = text.lstrip().partition("\n")[0]
        separator = next((s for s in "\t,;|" if is_header(_cells(header, s))), None)
        if separator:
            return _table(text.lstrip(), path, separator)
        if not _JSON_NAME.search(path.name):
            raise DataError(
                f"{path}: its first line is {header.strip()[:80]!r}, expected the columns "
                "instruction, input and output, separated by commas or tabs (or JSON, JSON Lines, "
                "parquet). Add a line with the names of the columns."
            )
    _refuse_one_object(text, path, is_header)
    return parse_lines(text, path)


def parse_lines(text: str, path: Path) -> list[dict]:
    """The objects of a JSON Lines text. Raises DataError naming ``path:line`` of a bad line."""
    rows = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise DataError(
                f"{path}:{number}: not valid JSON ({_what(error)}). Each line must hold one whole "
                f"JSON object; fix or delete this line.{_if_list(text)}"
            ) from None
        if not isinstance(row, dict):
            raise DataError(
                f"{path}:{number}: found a {type(row).__name__}, expected a JSON object such as "
                f'{{"instruction": …}}. Fix or delete this line.{_if_list(text)}'
            )
        rows.append(row)
    return rows


def _if_list(text: str) -> str:
    try:
        whole = text.lstrip().startswith("[") and isinstance(json.loads(text), list)
    except (ValueError, RecursionError):
        return ""
    return " The file is one JSON list: load_examples reads it." if whole else ""


def _what(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at column {error.colno}"
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)


def _parquet(data: bytes, path: Path) -> list[object]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise DataError(
            f"{path}: is a parquet file. Install pyarrow to read it, or convert it: "
            'datasets.load_dataset("parquet", data_files="…")["train"].to_json("rows.jsonl").'
        ) from None
    try:
        return pyarrow.parquet.read_table(pyarrow.BufferReader(data)).to_pylist()
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(f"{path}: a damaged parquet file ({error}). Download it again.") from None


def _json_list(text: str, path: Path) -> list[object]:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data" and ".jsonl" in path.name:
            return parse_lines(text, path)  # lines that are lists: the first one is named
        raise DataError(
            f"{path}:{error.lineno}: not valid JSON ({_what(error)}). "
            "An Alpaca file is one JSON list of objects; fix this line."
        ) from None
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: not valid JSON ({_what(error)}).") from None


def _refuse_one_object(text: str, path: Path, is_header: Callable[[list[str]], bool]) -> None:
    """One JSON object that is no row but holds them under some key: say what its keys are."""
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        return
    if not isinstance(whole, dict):
        return
    holds_lists = any(isinstance(value, list) for value in whole.values())
    if "\n" in text.strip() or (holds_lists and not is_header(list(whole))):
        keys = ", ".join(map(str, whole)) or "none"
        raise DataError(
            f"{path}: found one JSON object with the keys {keys}, expected a list of rows. Save "
            "the list alone, e.g. json.dump(whole[KEY], file)."
        )


def _table(text: str, path: Path, separator: str) -> list[object]:
    """The rows of a CSV or TSV text; its first line names the columns."""
    limit = csv.field_size_limit(2**31 - 1)  # an answer may be longer than csv's 131,072
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        columns = [name.strip() for name in next(reader)]
        rows = []
        for cells in filter(None, reader):
            if len(cells) != len(columns):
                raise DataError(
                    f"{path}:{reader.line_num}: {len(cells)} columns, expected {len(columns)} "
                    f"({', '.join(columns)}). Put a text that holds {separator!r} in quotes."
                )
            rows.append(dict(zip(columns, cells, strict=True)))
        return rows
    except csv.Error as error:
        raise DataError(
            f"{path}:{reader.line_num}: not valid CSV ({error}). Fix the quotes of this line."
        ) from None
    finally:
        csv.field_size_limit(limit)


def _cells(line: str, separator: str) -> list[str]:
    return next(csv.reader([line.strip()], delimiter=separator), [])
