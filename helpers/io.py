"""Reading and writing datasets: JSON Lines, and the formats instruction data travels in.

A *row* is a dict with at least ``instruction``, ``input`` and ``output`` (all str).
Three promises:

- reading names the file and line of the first bad row, and what to do about it;
- writing a file is atomic: readers see the old file or the new one, never half;
- appending survives a kill at any moment: a torn last line is cut off before the next append,
  and :func:`read_jsonl` can be told to overlook it.

What a file is made of is found out in :mod:`helpers.safe_io.file_kinds` and
:mod:`helpers.safe_io.file_rows`, what a row is made of in :mod:`helpers.safe_io.row_shapes`.
"""

import json
import re
import warnings
from collections.abc import Iterable
from pathlib import Path

from helpers.prompts import format_prompt
from helpers.safe_io.bounded_json import LEVELS
from helpers.safe_io.file_kinds import DataError, decode, decompress, read_bytes
from helpers.safe_io.file_rows import parse_lines, read_rows
from helpers.safe_io.row_shapes import FIELDS, Task, as_example, describes_tasks
from helpers.safe_io.writing import append_text, is_json, write_text

FORMATS = ("alpaca", "messages", "prompt_completion")
_HALF = re.compile(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")


def read_jsonl(path: str | Path, *, torn_tail_ok: bool = False) -> list[dict]:
    """Read a JSON Lines file into a list of dicts.

    Blank lines are skipped. With ``torn_tail_ok`` a last line without a newline that does not
    parse is left out: that is what a killed :func:`append_jsonl` leaves behind. Half a character
    (a lone surrogate) becomes U+FFFD, with a warning.
    Raises DataError naming ``path:line`` for a line that is not a JSON object.
    """
    path = Path(path)
    data = read_bytes(path)
    if torn_tail_ok:
        whole, newline, tail = data.rpartition(b"\n")
        data = data if is_json(tail) else whole + newline
    text = decode(decompress(data, path), path)
    rows = parse_lines(text, path)
    return _with_whole_characters(rows, path) if _HALF.search(text) else rows


def write_jsonl(path: str | Path, rows: Iterable[dict]) -> Path:
    """Write dicts as JSON Lines, atomically; returns the path. Nothing is replaced on failure."""
    return write_text(path, "".join(_line(row) for row in rows))


def append_jsonl(path: str | Path, rows: Iterable[dict]) -> Path:
    """Append dicts to a JSON Lines file and force them to disk before returning.

    If an earlier append was killed half-way, its torn last line is removed first, so a row is
    either wholly in the file or not at all. Several programs may append to the same file.
    """
    return append_text(path, "".join(_line(row) for row in rows))


def load_examples(path: str | Path) -> list[Task]:
    """Load instruction data from a JSON list, JSON Lines, CSV, TSV or parquet file, also gzipped.

    The kind of the file is found out from its content. The rows may be Alpaca's, chats of one
    exchange (``messages``, ShareGPT's ``conversations``), or have other names for the three fields,
    as listed in :mod:`helpers.safe_io.row_shapes`. Returns a list of rows; keys beyond the three
    fields are kept. A warning says what was changed (a system text placed, half a character
    replaced) and which columns the prompt will not show. Nothing is cleaned:
    :mod:`helpers.data.cleaning.clean` does. Raises DataError naming the file and the first row that
    has no task in it, and why.
    """
    path = Path(path)
    rows = _with_whole_characters(read_rows(path, describes_tasks), path)
    if not rows:
        raise DataError(f"{path}: no rows. Expected at least one instruction.")
    shaped = [as_example(row, f"{path}: row {number}") for number, row in enumerate(rows, 1)]
    _say_what_changed(shaped, path)
    return [one.row for one in shaped]


def export_examples(rows: Iterable[dict], path: str | Path, format: str) -> Path:
    """Write rows for other tools; returns the path.

    ``"alpaca"``: a JSON list of instruction/input/output. ``"messages"``: chat JSONL.
    ``"prompt_completion"``: JSONL with the training prompt's text and the answer.
    """
    if format not in FORMATS:
        raise DataError(f"format={format!r} is unknown; choose one of {', '.join(FORMATS)}.")
    examples = [as_example(row, f"row {number}").row for number, row in enumerate(rows, 1)]
    if format == "alpaca":
        plain = [{field: row[field] for field in FIELDS} for row in examples]
        return write_text(path, json.dumps(plain, ensure_ascii=False, indent=2) + "\n")
    if format == "messages":
        return write_jsonl(path, map(_as_messages, examples))
    pairs = ((format_prompt(row["instruction"], row["input"]), row["output"]) for row in examples)
    return write_jsonl(path, ({"prompt": asked, "completion": said} for asked, said in pairs))


def join_input(row: dict) -> str:
    """The user's turn in a chat: the instruction, then the input if there is one."""
    return row["instruction"] + (f"\n\n{row['input']}" if row.get("input") else "")


def _line(row):
    return json.dumps(row, ensure_ascii=False) + "\n"


def _with_whole_characters(rows, path):
    """Rows in which no lone surrogate is left: no tokenizer, request or file can hold one."""
    whole = [_repaired(row, f"{path}: row {number}") for number, row in enumerate(rows, 1)]
    changed = [i for i, row in enumerate(rows, 1) if row != whole[i - 1]]
    if changed:
        _warn(path, f"{_named(changed)} held half a character (a lone surrogate), now U+FFFD.")
    return whole


def _repaired(value, where, levels=LEVELS):
    """A value without half characters; DataError for one with more levels of lists and dicts."""
    if isinstance(value, str):
        if value.isascii() or not _HALF.search(value):
            return value
        # Two halves that belong together become one character on the way.
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if not isinstance(value, (dict, list)):
        return value
    if not levels:
        raise DataError(
            f"{where}: lists and objects stand inside one another in more than {LEVELS} levels, "
            "and no task needs them. Remove the row, or the field that holds them."
        )
    if isinstance(value, list):
        return [_repaired(item, where, levels - 1) for item in value]
    return {
        _repaired(key, where): _repaired(item, where, levels - 1) for key, item in value.items()
    }


def _say_what_changed(shaped, path):
    """Warn once a file: where system texts went, and which columns the prompt will not show."""
    placed = [number for number, one in enumerate(shaped, 1) if one.system_placed]
    if placed:
        _warn(path, f"{_named(placed)}: the system text was put in front of the instruction.")
    unused = dict.fromkeys(name for one in shaped for name in one.unused)
    if unused:
        _warn(path, f"the prompt does not show {', '.join(map(repr, unused))}.")


def _named(numbers):
    """``row 3``, or ``12 rows (first: row 3)``."""
    first = f"row {numbers[0]}"
    return first if len(numbers) == 1 else f"{len(numbers):,} rows (first: {first})"


def _warn(path, text):
    warnings.warn(f"{path}: {text}", stacklevel=4)


def _as_messages(row):
    return {
        "messages": [
            {"role": "user", "content": join_input(row)},
            {"role": "assistant", "content": row["output"]},
        ]
    }
