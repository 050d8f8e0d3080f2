"""Read the rows of a CSV or TSV text, whose first line names the columns."""

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from helpers.files.file_kinds import DataError


def find_table(text: str, is_header: Callable[[list[str]], bool]) -> tuple[str | None, str]:
    """The separator of a table, and the table without the line ``sep=;`` that Excel may write.

    The separator is None for a text that is not a table of tasks.
    """
    named = re.match(r"\"?sep=(.)\"?(?:\r\n?|\n)", text, re.I)
    text = text[named.end() :] if named else text
    separators = named[1] if named else "\t,;|"
    return next((s for s in separators if is_header(_first_cells(text, s))), None), text


def rows_of_table(text: str, path: Path, separator: str) -> list[dict[str, str]]:
    """The rows of a CSV or TSV text. Raises DataError naming ``path:line`` of a bad line."""
    limit = csv.field_size_limit(2**31 - 1)  # an answer may be longer than csv's limit of 131,072
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        columns = _column_names(next(reader), path)
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


def refuse_repeated(names: Sequence[str], path: Path) -> None:
    """Raise DataError if a column's name occurs twice."""
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise DataError(
            f"{path}: the column {repeated[0]!r} occurs twice, and only one could be kept. Rename "
            "or delete the others."
        )


def _first_cells(text: str, separator: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=separator), [])
    except csv.Error:
        return []


def _column_names(header: list[str], path: Path) -> list[str]:
    """The names of a table's columns. Spreadsheets add columns without one: they get a number.

    The first column without a name is the row's index, and its name stays empty.
    """
    names = [name.strip() for name in header]
    refuse_repeated([name for name in names if name], path)
    return [
        f"column {i}" if not name and "" in names[: i - 1] else name
        for i, name in enumerate(names, 1)
    ]
