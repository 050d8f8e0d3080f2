"""The rows of a file, whatever it is written in: JSON, JSON Lines, CSV, TSV or parquet.

The content decides and not the name, which may be wrong: many a ``.json`` file holds JSON Lines.
"""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from helpers.safe_io.file_kinds import (
    DataError,
    check_size,
    decode,
    decompress,
    read_bytes,
    type_name,
)

_JSON_NAME = re.compile(r"\.(json|jsonl|ndjson)(\.(gz|bz2|xz))?$", re.I)


def read_rows(path: Path, is_header: Callable[[list[str]], bool]) -> list[object]:
    """The rows of a JSON list, JSON Lines, CSV, TSV or parquet file; their fields are not checked.

    ``is_header`` says whether a list of names can be the columns of a table of tasks: so the
    separator is found. Raises DataError naming the file, and the line where there is one.
    """
    data = decompress(read_bytes(path), path)
    if data.startswith(b"PAR1"):
        return _parquet(data, path)
    text = decode(data, path)
    start = text.lstrip()[:1]
    if start == "[":
        return _json_list(text, path)
    if start and start != "{":
        separator, table = _find_table(text.lstrip(), is_header)
        if separator:
            return _table(table, path, separator)
        if not _JSON_NAME.search(path.name):
            header = table.splitlines()[0].strip()
            raise DataError(
                f"{path}: its first line is {header[:80]!r}, expected the columns "
                "instruction, input and output, separated by commas or tabs (or JSON, JSON Lines, "
                "parquet). Add a line with the names of the columns."
            )
    whole = _whole(text)
    if isinstance(whole, dict):
        return _rows_of_object(whole, path, is_header)
    return _stream(text) or parse_lines(text, path)


def _whole(text: str) -> object:
    """The one JSON value that a text is, or None."""
    try:
        return json.loads(text, object_pairs_hook=_object)
    except (ValueError, RecursionError):
        return None


def _stream(text: str) -> list[dict] | None:
    """JSON objects one after the other, however they are broken into lines; None for other text."""
    decoder, rows, at = json.JSONDecoder(object_pairs_hook=_object), [], 0
    while at < len(text):
        if text[at] in " \t\r\n\ufeff":
            at += 1
            continue
        try:
            row, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return None
        if not isinstance(row, dict):
            return None
        rows.append(row)
    return rows


def _object(pairs: list[tuple[str, object]]) -> dict:
    """A JSON object; one that has a key twice would lose the first value without a word."""
    row = dict(pairs)
    if len(row) < len(pairs):
        seen = Counter(key for key, _ in pairs)
        raise ValueError(f"the key {seen.most_common(1)[0][0]!r} occurs twice")
    return row


def parse_lines(text: str, path: Path) -> list[dict]:
    """The objects of a JSON Lines text. Raises DataError naming ``path:line`` of a bad line."""
    rows = []
    for number, line in enumerate(text.split("\n" if "\n" in text else "\r"), 1):
        line = line.strip("\ufeff")  # of a file that was appended to this one
        if not line.strip():
            continue
        try:
            row = json.loads(line, object_pairs_hook=_object)
        except (ValueError, RecursionError) as error:
            raise DataError(
                f"{path}:{number}: not valid JSON ({_what(error)}). Each line must hold one whole "
                f"JSON object; fix or delete this line.{_if_list(text)}"
            ) from None
        if not isinstance(row, dict):
            raise DataError(
                f"{path}:{number}: found {type_name(row)}, expected a JSON object such as "
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
        file = pyarrow.parquet.ParquetFile(pyarrow.BufferReader(data))
        _refuse_repeated(file.schema_arrow.names, path)
        sizes = _declared_sizes(file.metadata)
        check_size(sum(sizes), len(data), path)
        rows, size = [], 0
        # A column may hold one long text once and name it in every row: the declared size is
        # small then. So few rows are read at a time, and counted as they come.
        few = min(1000, max(8, 1_000_000_000 // max([1, *sizes])))
        for batch in file.iter_batches(batch_size=few):
            size += batch.nbytes
            check_size(size, len(data), path)
            rows += batch.to_pylist()
        return rows
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(f"{path}: a damaged parquet file ({error}). Download it again.") from None


def _declared_sizes(metadata):
    """The bytes of each column of each group of rows, unpacked, as a parquet file declares them."""
    groups = (metadata.row_group(i) for i in range(metadata.num_row_groups))
    return [group.column(i).total_uncompressed_size for group in groups
            for i in range(group.num_columns)]  # fmt: skip


def _json_list(text: str, path: Path) -> list[object]:
    try:
        return json.loads(text, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data" and ".jsonl" in path.name:
            return parse_lines(text, path)  # lines that are lists: the first one is named
        raise DataError(
            f"{path}:{error.lineno}: not valid JSON ({_what(error)}). "
            "An Alpaca file is one JSON list of objects; fix this line."
        ) from None
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: not valid JSON ({_what(error)}).") from None


def _rows_of_object(whole: dict, path: Path, is_header: Callable) -> list[object]:
    """The rows of a file that is one JSON object: the row itself, or a list for each column."""
    if is_header(list(whole)):
        columns = [_column(value, is_header([name])) for name, value in whole.items()]
        if None in columns:
            return [whole]
        sizes = {name: len(cells) for name, cells in zip(whole, columns, strict=True)}
        if len(set(sizes.values())) > 1:
            raise DataError(f"{path}: its columns are not of one length ({sizes}). Fix them.")
        return [dict(zip(whole, cells, strict=True)) for cells in zip(*columns, strict=True)]
    lists = [name for name, value in whole.items() if isinstance(value, list)]
    nested = [isinstance(value, dict) and is_header(list(value)) for value in whole.values()]
    if lists:
        way_out = f"Save the list alone, e.g. json.dump(whole[{lists[0]!r}], file)"
    elif any(nested):
        way_out = "Save its values as a list: json.dump(list(whole.values()), file)"
    else:
        return [whole]
    keys = ", ".join(map(str, list(whole)[:8])) + (", …" if len(whole) > 8 else "")
    raise DataError(
        f"{path}: found one JSON object with the keys {keys}, expected a list of rows. {way_out}."
    )


def _column(value: object, of_chats: bool) -> list | None:
    """The cells of a column as Dataset.to_dict() and DataFrame.to_json() write it, or None."""
    if isinstance(value, dict) and value and all(key.isdigit() for key in value):
        return list(value.values())
    turns = isinstance(value, list) and any(
        isinstance(cell, dict) and (of_chats or "role" in cell) for cell in value
    )
    return value if isinstance(value, list) and not turns else None


def _find_table(text: str, is_header: Callable) -> tuple[str | None, str]:
    """``(separator, table)``: None for a text that is no table; Excel's line ``sep=;`` is cut."""
    named = re.match(r"\"?sep=(.)\"?(?:\r\n?|\n)", text, re.I)
    text = text[named.end() :] if named else text
    tried = named[1] if named else "\t,;|"
    return next((s for s in tried if is_header(_first_cells(text, s))), None), text


def _first_cells(text: str, separator: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=separator), [])
    except csv.Error:
        return []


def _table(text: str, path: Path, separator: str) -> list[object]:
    """The rows of a CSV or TSV text; its first line names the columns."""
    limit = csv.field_size_limit(2**31 - 1)  # an answer may be longer than csv's 131,072
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        columns = _columns(next(reader), path)
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


def _columns(header: list[str], path: Path) -> list[str]:
    """The names of a table's columns. Further ones without a name (a spreadsheet's) get one."""
    names = [name.strip() for name in header]
    _refuse_repeated([name for name in names if name], path)
    return [
        f"column {i}" if not name and "" in names[: i - 1] else name
        for i, name in enumerate(names, 1)
    ]


def _refuse_repeated(names: list[str], path: Path) -> None:
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise DataError(
            f"{path}: the column {repeated[0]!r} occurs twice, and only one could be kept. Rename "
            "or delete the others."
        )
