"""Find the tasks in a reply that was requested as JSON, whatever stands around the JSON.

A list is trusted only if all of it can be parsed, or if its readable tasks can be told from the
damaged ones.
"""

import json
import re

from helpers.data.reply_parsing.field_names import FIELD_CLASSES, field_of_key
from helpers.data.reply_parsing.json_repair import repaired
from helpers.data.reply_parsing.json_values import json_values
from helpers.files.bounded_json import CHARACTERS

LONGEST_REST = 100_000  # characters of an unreadable reply that a drop keeps
# Lists of tasks that the model was shown, or shows itself, beside the tasks of the reply.
_EXAMPLES = re.compile(
    r"(?:few[ _-]?shot|seed|given|sample|in[ _-]?context)?[ _-]?"
    r"(?:examples?|seeds?|demonstrations?|shots?)(?:[ _-]?tasks?)?|예시|예제|contoh",
    re.I,
)


def json_rows(text: str) -> tuple[list[object], str | None]:
    """``(rows, rest)``: the tasks in a reply's JSON values, and what could not be read.

    Rows are dicts with the keys instruction, input and output as far as they exist, or other values
    that stand in a list of tasks. ``rest`` is None if everything is certain. Small errors are
    repaired, see ``json_repair``. Of a damaged list, the tasks are kept that can be read by
    themselves. ``rest`` is never longer than the text, and ends after :data:`LONGEST_REST`
    characters.
    """
    rows, rest = _read_or_repair(text)
    return rows, None if rest is None else rest[: min(len(text), LONGEST_REST)]


def _read_or_repair(text: str) -> tuple[list[object], str | None]:
    """Read a text as it is, otherwise repaired, otherwise only its readable tasks."""
    if len(text) > CHARACTERS:
        return [], text
    text = _unquoted(text)
    rows, rest = _read(text, keep_partial=False)
    if rest is None:
        return rows, None
    corrected = repaired(text)
    if corrected != text:
        rows, rest = _read(corrected, keep_partial=False)
        if rest is None:
            return rows, None
    return _read(text, keep_partial=True)


def _unquoted(text: str) -> str:
    """The JSON inside a reply that is one JSON string; otherwise the reply itself."""
    try:
        inside = json.loads(text) if text.lstrip().startswith('"') else text
    except ValueError:
        return text
    return inside if isinstance(inside, str) else text


def _read(text: str, keep_partial: bool) -> tuple[list[object], str | None]:
    """The tasks of a text and its damaged parts; without any task, the whole text is the rest."""
    values, damaged = json_values(text, keep_partial)
    rows = [row for value in values for row in _rows(value)]
    if damaged or rows or any(_has_empty_list(value) for value in values):
        return rows, "\n".join(damaged) or None
    return [], text


def _rows(value: object) -> list[object]:
    """The tasks in one JSON value: in a list, in the lists of an object, or the object itself."""
    if isinstance(value, list):
        if not any(isinstance(row, dict) for row in value):
            return []  # a list of other things, such as numbers in the text before the JSON
        return [found for row in value for found in (_rows(row) or [row])]
    if not isinstance(value, dict):
        return []
    task = _task(value)
    if isinstance(task.get("instruction"), str) or _is_incomplete_task(task):
        return [task]
    found = {key: _rows(inner) for key, inner in value.items()}
    requested = [rows for key, rows in found.items() if rows and not _EXAMPLES.fullmatch(str(key))]
    rows = [row for rows in requested or found.values() for row in rows]
    return rows or ([task] if "instruction" in task or "output" in task else [])


def _is_incomplete_task(task: dict[str, object]) -> bool:
    """Whether an object without a text as instruction is meant as a task, not as a wrapper."""
    values = [task[name] for name in ("instruction", "output") if name in task]
    return bool(values) and not any(isinstance(value, dict | list) for value in values)


def _task(value: dict[str, object]) -> dict[str, object]:
    """The fields of an object, under their English names; other keys are left out.

    If several keys name one field, the name with the highest certainty is taken.
    """
    task: dict[str, object] = {}
    certainties: dict[str, int] = {}
    for key, field in value.items():
        name, certainty = field_of_key(key) or ("", 0)
        exact = certainty + (str(key).strip().lower() == name)
        is_wrapper = isinstance(field, dict | list) and exact < 3
        if name and not is_wrapper and exact > certainties.get(name, -1):
            task[name], certainties[name] = field, exact
    return {name: task[name] for name in FIELD_CLASSES if name in task}


def _has_empty_list(value: object) -> bool:
    return value == [] or (isinstance(value, dict) and [] in value.values())
