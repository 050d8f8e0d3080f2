"""Rows in and rows out: JSON Lines and the three formats instruction data travels in.

A *row* is a dict with at least ``instruction``, ``input`` and ``output`` (all str).
Three promises:

- reading names the file and line of the first bad row, and what to do about it;
- writing a file is atomic: readers see the old file or the new one, never half;
- appending survives a kill at any moment: a torn last line is cut off before the next append,
  and :func:`read_jsonl` can be told to overlook it.
"""

import json
import os
from pathlib import Path

FIELDS = ("instruction", "input", "output")
FORMATS = ("alpaca", "messages", "prompt_completion")


class DataError(ValueError):
    """A file or row that is not what it should be; the message names the place and the way out."""


def read_jsonl(path, *, torn_tail_ok=False):
    """Read a JSON Lines file into a list of dicts.

    Blank lines are skipped. With ``torn_tail_ok`` a last line without a newline that does not
    parse is left out: that is what a killed :func:`append_jsonl` leaves behind.
    Raises DataError naming ``path:line`` for a line that is not a JSON object.
    """
    path = Path(path)
    rows = []
    for number, line in enumerate(_read_text(path, torn_tail_ok).split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise DataError(
                f"{path}:{number}: not valid JSON ({error.msg} at column {error.colno}). "
                "Each line must hold one whole JSON object; mend or delete this line."
            ) from None
        if not isinstance(row, dict):
            raise DataError(
                f"{path}:{number}: found a {type(row).__name__}, expected a JSON object "
                'such as {"instruction": …}. Mend or delete this line.'
            )
        rows.append(row)
    return rows


def write_jsonl(path, rows):
    """Write dicts as JSON Lines, atomically; returns the path. Nothing is replaced on failure."""
    return write_text(path, "".join(_line(row) for row in rows))


def append_jsonl(path, rows):
    """Append dicts to a JSON Lines file and force them to disk before returning.

    If an earlier append was killed half-way, its torn last line is removed first, so a row is
    either wholly in the file or not at all.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "ab+") as file:
        _cut_torn_tail(file)
        file.write(_encode("".join(_line(row) for row in rows)))
        file.flush()
        os.fsync(file.fileno())
    return path


def write_text(path, text):
    """Write a text file atomically: to a neighbour first, then renamed into place."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    neighbour = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(neighbour, "wb") as file:
            file.write(_encode(text))
            file.flush()
            os.fsync(file.fileno())
        os.replace(neighbour, path)
    finally:
        neighbour.unlink(missing_ok=True)
    return path


def load_examples(path):
    """Load instruction data: Alpaca JSON, JSONL of tasks, or chat ``messages`` JSONL.

    Returns a list of rows; keys beyond the three fields are kept. Raises DataError naming the
    first row that lacks a field or holds something other than text there.
    """
    path = Path(path)
    rows = _read_json_list(path) if path.suffix == ".json" else read_jsonl(path)
    if not rows:
        raise DataError(f"{path}: no rows. Expected at least one instruction.")
    return [_as_example(row, f"{path}: row {number}") for number, row in enumerate(rows, 1)]


def export_examples(rows, path, format):
    """Write rows for other tools; returns the path.

    ``"alpaca"``: a JSON list of instruction/input/output. ``"messages"``: chat JSONL.
    ``"prompt_completion"``: JSONL with the training prompt's text and the answer.
    """
    if format not in FORMATS:
        raise DataError(f"format={format!r} is unknown; choose one of {', '.join(FORMATS)}.")
    examples = [_as_example(row, f"row {number}") for number, row in enumerate(rows, 1)]
    if format == "alpaca":
        plain = [{field: row[field] for field in FIELDS} for row in examples]
        return write_text(path, json.dumps(plain, ensure_ascii=False, indent=2) + "\n")
    if format == "messages":
        return write_jsonl(path, map(_as_messages, examples))
    from helpers.prompts import format_prompt  # a neighbour on the same floor

    return write_jsonl(
        path,
        (
            {
                "prompt": format_prompt(row["instruction"], row["input"]),
                "completion": row["output"],
            }
            for row in examples
        ),
    )


def join_input(row):
    """The user's turn in a chat: the instruction, then the input if there is one."""
    return row["instruction"] + (f"\n\n{row['input']}" if row.get("input") else "")


def _encode(text):
    # Half a surrogate pair, which a model can produce, is no character: it becomes "?".
    return text.encode("utf-8", errors="replace")


def _line(row):
    return json.dumps(row, ensure_ascii=False) + "\n"


def _read_text(path, torn_tail_ok=False):
    try:
        data = path.read_bytes()
        if torn_tail_ok:
            whole, newline, tail = data.rpartition(b"\n")
            data = data if _is_json(tail) else whole + newline
        # A byte-order mark, as some editors leave, is not part of the data.
        return data.decode("utf-8-sig")
    except FileNotFoundError:
        raise DataError(
            f"{path}: no such file. Check the path, or run the lesson that writes it."
        ) from None
    except IsADirectoryError:
        raise DataError(f"{path}: is a folder, expected a file.") from None
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}: byte {error.start} is not UTF-8. Save the file as UTF-8 and try again."
        ) from None


def _read_json_list(path):
    try:
        rows = json.loads(_read_text(path))
    except json.JSONDecodeError as error:
        raise DataError(
            f"{path}:{error.lineno}: not valid JSON ({error.msg}). "
            "An Alpaca file is one JSON list; a file with one object a line must end in .jsonl."
        ) from None
    if not isinstance(rows, list):
        raise DataError(f"{path}: found a {type(rows).__name__}, expected a JSON list of rows.")
    return rows


def _as_example(row, where):
    if not isinstance(row, dict):
        raise DataError(f"{where}: found a {type(row).__name__}, expected an object.")
    if "messages" in row:
        row = _from_messages(row, where)
    found, row = ", ".join(map(str, row)) or "nothing", {"input": "", **row}
    for field in FIELDS:
        if field not in row:
            raise DataError(
                f"{where}: the field {field!r} is missing (found {found}). "
                "Add it, or delete the row."
            )
        if not isinstance(row[field], str):
            raise DataError(
                f"{where}: {field!r} is a {type(row[field]).__name__}, expected text in quotes."
            )
    if not row["instruction"].strip():
        raise DataError(f"{where}: the instruction is empty. Fill it in, or delete the row.")
    return row


def _from_messages(row, where):
    turns = row["messages"] if isinstance(row["messages"], list) else []
    turns = [turn if isinstance(turn, dict) else {} for turn in turns]
    roles = [turn.get("role") for turn in turns]
    if [role for role in roles if role != "system"] != ["user", "assistant"]:
        raise DataError(
            f"{where}: messages has the roles {roles}, expected one user turn and one assistant "
            "turn. Split longer conversations into rows of one exchange."
        )
    text = {turn["role"]: turn.get("content") for turn in turns}
    rest = {key: value for key, value in row.items() if key != "messages"}
    return {**rest, "instruction": text["user"], "input": "", "output": text["assistant"]}


def _as_messages(row):
    return {
        "messages": [
            {"role": "user", "content": join_input(row)},
            {"role": "assistant", "content": row["output"]},
        ]
    }


def _cut_torn_tail(file):
    size = file.seek(0, os.SEEK_END)
    keep, block = size, 1 << 16
    while keep > 0:
        start = max(0, keep - block)
        file.seek(start)
        newline = file.read(keep - start).rfind(b"\n")
        if newline >= 0:
            keep = start + newline + 1
            break
        keep = start
    if keep < size:
        file.seek(keep)
        tail = file.read()
        # A whole row that only lacks its newline (a hand-edited file) is kept.
        if _is_json(tail):
            file.write(b"\n")
        else:
            file.truncate(keep)
    file.seek(0, os.SEEK_END)


def _is_json(data):
    try:
        json.loads(data)
    except ValueError:
        return False
    return True
