"""Finding the tasks in a reply that was asked for as JSON, whatever stands around the JSON.

Models write words with brackets of their own before it, fences around it, one object a line, or
several lists one after the other. A list is only trusted where all of it can be parsed.
"""

import json
import re

_OPENING = re.compile(r"[{\[]")
_OPENINGS = re.compile(r"[{\[\s]+")
_NEXT_LINE = re.compile(r"\n\s*+(?={)")
_CONTAINER = re.compile(r'\[|\{\s*+"[^"]*+"\s*+:\s*+[\[{]')
_CONTENT = re.compile(r'"(?:instruction|지시|perintah)"\s*+:\s*+"[^"]{0,20}?\w', re.I)
_COMMAS = re.compile(r'(?P<string>"(?:[^"\\]++|\\.)*+"?)|,(?=\s*+[}\]])', re.S)
_KEYS = {
    "instruction": (
        "instruction",
        "instructions",
        "task",
        "prompt",
        "question",
        "지시",
        "perintah",
    ),
    "input": ("input", "inputs", "context", "입력", "masukan"),
    "output": ("output", "outputs", "response", "answer", "출력", "keluaran"),
}
_DECODER = json.JSONDecoder(strict=False)  # a line break inside a string leaves no doubt


def json_rows(text: str) -> tuple[list[object], str | None]:
    """``(rows, rest)``: the tasks in a reply's JSON values, and what could not be read.

    Rows are dicts with the keys instruction, input and output, as far as they are there, or other
    values that stand in a list of tasks. ``rest`` is None when nothing is in doubt. A comma after
    the last element of a list is forgiven.
    """
    text = _unquoted(text)
    rows, rest = _read(text)
    if rest is not None:
        forgiven = _COMMAS.sub(lambda found: found["string"] or "", text)
        again, still = _read(forgiven) if forgiven != text else (rows, rest)
        if still is None:
            return again, None
    return rows, rest


def _unquoted(text: str) -> str:
    """The text itself, where the whole reply is a JSON string that holds JSON."""
    try:
        inside = json.loads(text) if text.lstrip().startswith('"') else text
    except ValueError:
        return text
    return inside if isinstance(inside, str) else text


def _read(text: str) -> tuple[list[object], str | None]:
    values, broken = _values(text)
    rows = [row for value in values for row in _rows(value)]
    if broken or rows or any(_is_empty_list(value) for value in values):
        return rows, "\n".join(broken) or None
    return [], text


def _values(text: str) -> tuple[list[object], list[str]]:
    """Every JSON object and list of a text, in order, and the parts that began as one of tasks.

    The objects inside a broken list are not looked for: where one of them is damaged, the next may
    begin inside a string. Objects that stand alone, one a line, are read one by one.
    """
    values, broken, place, torn = [], [], 0, False
    while opening := _OPENING.search(text, place):
        begin, listed = opening.start(), bool(_CONTAINER.match(text, opening.start()))
        try:
            value, place = _DECODER.raw_decode(text, begin)
            if not torn or listed:
                values.append(value)
            continue
        except RecursionError:
            place = _OPENINGS.match(text, begin).end()
            continue
        except json.JSONDecodeError as error:
            fault, cut = max(error.pos, begin + 1), _ran_out(error, text)
        end = len(text) if cut else fault
        if not _CONTENT.search(text, begin, end):
            place = fault
            continue
        after = None if listed else _NEXT_LINE.search(text, begin)
        place = after.end() if after else (len(text) if cut else fault)
        broken.append(text[begin : place if after else len(text)])
        torn = torn or listed or not after
    return values, broken


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
    if "instruction" in task or "output" in task:
        return [task]
    return [row for inner in value.values() for row in _rows(inner)]


def _task(value: dict) -> dict[str, object]:
    """An object with its keys in English and lower case; other keys are left out."""
    given = {str(key).strip().lower(): field for key, field in value.items()}
    task = {}
    for name, keys in _KEYS.items():
        found = [key for key in keys if key in given]
        if found and not (found[0] != name and isinstance(given[found[0]], (dict, list))):
            task[name] = given[found[0]]
    return task


def _is_empty_list(value: object) -> bool:
    return value == [] or (isinstance(value, dict) and [] in value.values())
