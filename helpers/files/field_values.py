"""Decide whether a field of a row holds anything, and whether it belongs to the task."""

import ast
import json

# Columns with facts about a task. The prompt does not show them, and nothing is lost by that.
_ABOUT_A_TASK = {
    "id", "idx", "index", "task_id", "prompt_id", "uuid", "category", "kind", "topic", "source",
    "origin", "dataset", "url", "license", "licence", "author", "created", "date", "language",
    "lang", "is_classification", "nearest_score", "__index_level_0__", "unnamed: 0", "",
}  # fmt: skip
# Columns that are read or refused elsewhere, so they are not reported as unused.
_HANDLED = {"system", "system_prompt", "history"}


def may_matter(key: object, value: object) -> bool:
    """Whether a column may belong to the task, so that something is lost if the prompt lacks it."""
    return not is_empty(value) and str(key).strip().lower() not in _ABOUT_A_TASK | _HANDLED


def is_absent(value: object) -> bool:
    """Whether a value is what JSON (null) or pandas (NaN) writes for a missing value."""
    return value is None or value != value


def is_empty(value: object) -> bool:
    """Whether a value holds nothing: NaN, False, "null", "[]", [["", ""]], a turn without text."""
    if isinstance(value, str):
        text = value.strip()
        if text.lower() in ("", "null", "none", "nan"):
            return True
        inside = parse_value(text) if text[0] in "[{(" else None
        return inside is not None and is_empty(inside)
    if isinstance(value, dict):
        return all(is_empty(item) for key, item in value.items() if key not in ("role", "from"))
    if isinstance(value, (list, tuple)):
        return all(map(is_empty, value))
    return value is False or is_absent(value)


def parse_value(text: str) -> object:
    """The value that a text spells in JSON or Python, such as a list in a CSV cell; else None."""
    for parse in (json.loads, ast.literal_eval):
        try:
            return parse(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
    return None
