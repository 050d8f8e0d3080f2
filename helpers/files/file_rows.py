"""Read the rows of a JSON, JSON Lines, CSV, TSV or parquet file.

The content decides how a file is read, not its name: many a ``.json`` file holds JSON Lines.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from helpers.files.compression import decompress
from helpers.files.file_kinds import DataError, decode, read_bytes
from helpers.files.json_rows import rows_of_list, rows_of_objects
from helpers.files.parquet_rows import rows_of_parquet
from helpers.files.table_rows import find_table, rows_of_table

_JSON_NAME = re.compile(r"\.(json|jsonl|ndjson)(\.(gz|bz2|xz))?$", re.I)


def read_rows(path: Path, is_header: Callable[[list[str]], bool]) -> Sequence[object]:
    """The rows of a JSON list, JSON Lines, CSV, TSV or parquet file; their fields are not checked.

    ``is_header`` says whether a list of names can be the columns of a table of tasks. The separator
    of a table is the one that gives such columns. Raises DataError naming the file, and the line
    where there is one.
    """
    data = decompress(read_bytes(path), path)
    if data.startswith(b"PAR1"):
        return rows_of_parquet(data, path)
    text = decode(data, path)
    first = text.lstrip()[:1]
    if first == "[":
        return rows_of_list(text, path)
    if first and first != "{":
        separator, table = find_table(text.lstrip(), is_header)
        if separator:
            return rows_of_table(table, path, separator)
        if not _JSON_NAME.search(path.name):
            header = table.splitlines()[0].strip()
            raise DataError(
                f"{path}: its first line is {header[:80]!r}, expected the columns "
                "instruction, input and output, separated by commas or tabs (or JSON, JSON Lines, "
                "parquet). Add a line with the names of the columns."
            )
    return rows_of_objects(text, path, is_header)
