"""Read and write datasets: JSON Lines, and the formats in which instruction data is shared.

A *row* is a dict with at least ``instruction``, ``input`` and ``output`` (all str). Three
guarantees:

- an error in reading names the file and line of the first bad row, and says how to fix it;
- writing a file is atomic: readers see the old file or the new one, never half of it;
- appending survives a kill at any moment: the next append removes an incomplete last line, and
  :func:`read_jsonl` can skip it.

How the rows of a file are read is in :mod:`helpers.files.file_rows`, and which shapes a row can
have in :mod:`helpers.files.row_shapes`.
"""

import json
import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from helpers.files.appending import append_text, is_json
from helpers.files.bounded_json import LEVELS
from helpers.files.compression import decompress
from helpers.files.file_kinds import DataError, decode, read_bytes
from helpers.files.file_rows import read_rows
from helpers.files.json_rows import parse_lines
from helpers.files.row_shapes import FIELDS, Shaped, Task, as_example, describes_tasks
from helpers.files.writing import write_text
from helpers.prompts import format_prompt

FORMATS = ("alpaca", "messages", "prompt_completion")
# Half of a surrogate pair, written as an escape in JSON or as a character.
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")


def read_jsonl(path: str | Path, *, torn_tail_ok: bool = False) -> list[dict[str, Any]]:
    """Read a JSON Lines file into a list of dicts.

    Blank lines are skipped. With ``torn_tail_ok``, an incomplete last line without a newline is
    skipped too: a killed :func:`append_jsonl` leaves one. A lone surrogate (half of a character)
    becomes U+FFFD, with a warning. Raises DataError naming ``path:line`` for a line that is not a
    JSON object.
    """
    path = Path(path)
    data = read_bytes(path)
    if torn_tail_ok:
        lines, newline, tail = data.rpartition(b"\n")
        data = data if is_json(tail) else lines + newline
    text = decode(decompress(data, path), path)
    rows = parse_lines(text, path)
    return _without_surrogates(rows, path) if _SURROGATE.search(text) else rows


def write_jsonl(path: str | Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    """Write dicts as JSON Lines, atomically; returns the path. An error leaves the old file."""
    return write_text(path, "".join(_line(row) for row in rows))


def append_jsonl(path: str | Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    """Append dicts to a JSON Lines file and force them to disk before returning the path.

    If an earlier append was killed, its incomplete last line is removed first. So a row is either
    in the file in full or not at all. Several programs may append to the same file.
    """
    return append_text(path, "".join(_line(row) for row in rows))


def load_examples(path: str | Path) -> list[Task]:
    """Load instruction data from a JSON list, JSON Lines, CSV, TSV or parquet file, also gzipped.

    The kind of the file is recognised by its content. The rows may be Alpaca's, chats of one
    exchange (``messages``, ShareGPT's ``conversations``), or have other names for the three fields,
    as listed in :mod:`helpers.files.row_shapes`.

    Returns a list of rows; keys beyond the three fields are kept. A warning says what was changed
    (a system text moved, a lone surrogate replaced) and which columns the prompt will not show.
    Rows are not cleaned; :mod:`helpers.data.cleaning.clean` does that. Raises DataError naming the
    file, the first row that is not a task, and the reason.
    """
    path = Path(path)
    rows = _without_surrogates(read_rows(path, describes_tasks), path)
    if not rows:
        raise DataError(f"{path}: no rows. Expected at least one instruction.")
    shaped = [as_example(row, f"{path}: row {number}") for number, row in enumerate(rows, 1)]
    _warn_of_changes(shaped, path)
    return [one.row for one in shaped]


def export_examples(rows: Iterable[Mapping[str, Any]], path: str | Path, format: str) -> Path:
    """Write rows in a format of other tools; returns the path.

    ``"alpaca"``: a JSON list of instruction/input/output. ``"messages"``: chat JSONL.
    ``"prompt_completion"``: JSONL with the text of the training prompt, and the answer. Raises
    DataError for another format or for a row that is not a task.
    """
    if format not in FORMATS:
        raise DataError(f"format={format!r} is unknown; choose one of {', '.join(FORMATS)}.")
    examples = [as_example(row, f"row {number}").row for number, row in enumerate(rows, 1)]
    if format == "alpaca":
        plain = [{field: row[field] for field in FIELDS} for row in examples]
        return write_text(path, json.dumps(plain, ensure_ascii=False, indent=2) + "\n")
    if format == "messages":
        return write_jsonl(path, map(_as_messages, examples))
    return write_jsonl(path, map(_as_prompt_and_completion, examples))


def join_input(row: Mapping[str, Any]) -> str:
    """The user's turn in a chat: the instruction, then the input if there is one."""
    return row["instruction"] + (f"\n\n{row['input']}" if row.get("input") else "")


def _line(row: Mapping[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False) + "\n"


def _without_surrogates(rows: Sequence[Any], path: Path) -> list[Any]:
    """Rows without lone surrogates, which no tokenizer, request or file can represent."""
    repaired = [_repaired(row, f"{path}: row {number}") for number, row in enumerate(rows, 1)]
    changed = [i for i, row in enumerate(rows, 1) if row != repaired[i - 1]]
    if changed:
        _warn(
            path,
            f"{_rows_named(changed)} contained half of a character (a lone surrogate). "
            "It is now U+FFFD.",
        )
    return repaired


def _repaired(value: Any, where: str, levels: int = LEVELS) -> Any:
    """A JSON value without lone surrogates.

    Raises DataError for a value with more than ``levels`` levels of lists and dicts.
    """
    if isinstance(value, str):
        if value.isascii() or not _SURROGATE.search(value):
            return value
        # Two halves that belong together become one character on the way.
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if not isinstance(value, (dict, list)):
        return value
    if not levels:
        raise DataError(
            f"{where}: lists and objects are nested in more than {LEVELS} levels. No task needs "
            "that: remove the row, or the field that holds them."
        )
    if isinstance(value, list):
        return [_repaired(item, where, levels - 1) for item in value]
    return {
        _repaired(key, where): _repaired(item, where, levels - 1) for key, item in value.items()
    }


def _warn_of_changes(shaped: Sequence[Shaped], path: Path) -> None:
    """Warn once for a file: system texts that were moved, and columns that are not shown."""
    placed = [number for number, one in enumerate(shaped, 1) if one.system_placed]
    if placed:
        _warn(path, f"{_rows_named(placed)}: the system text was put in front of the instruction.")
    unused = dict.fromkeys(name for one in shaped for name in one.unused)
    if unused:
        _warn(path, f"the prompt does not show {', '.join(map(repr, unused))}.")


def _rows_named(numbers: Sequence[int]) -> str:
    """``row 3``, or ``12 rows (first: row 3)``."""
    first = f"row {numbers[0]}"
    return first if len(numbers) == 1 else f"{len(numbers):,} rows (first: {first})"


def _warn(path: Path, text: str) -> None:
    warnings.warn(f"{path}: {text}", stacklevel=4)  # at the call of the public function


def _as_messages(row: Task) -> dict[str, list[dict[str, str]]]:
    return {
        "messages": [
            {"role": "user", "content": join_input(row)},
            {"role": "assistant", "content": row["output"]},
        ]
    }


def _as_prompt_and_completion(row: Task) -> dict[str, str]:
    prompt = format_prompt(row["instruction"], row["input"])
    return {"prompt": prompt, "completion": row["output"]}
