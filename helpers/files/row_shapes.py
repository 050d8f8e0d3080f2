"""Turn rows of any usual shape into tasks with ``instruction``, ``input`` and ``output``.

:func:`as_example` reads:

- those three fields (Alpaca), also with ``system``;
- other names for them: ``prompt``/``completion``, ``question``/``answer``,
  ``instruction``/``context``/``response`` (Dolly), and the like;
- one exchange of a chat: ``messages`` with ``role`` and ``content`` (OpenAI, TRL), or
  ``conversations`` with ``from`` and ``value`` (ShareGPT).

A system text says how to answer, so the model should see it. The training prompt has no field for
it, so it is put in front of the instruction. Earlier turns have no field either: a row with such
turns is refused.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NotRequired, TypedDict, cast

from helpers.files.chat_rows import read_exchange
from helpers.files.field_values import is_absent, is_empty, may_matter
from helpers.files.file_kinds import DataError, type_name
from helpers.prompts import TEMPLATES

Field = Literal["instruction", "input", "output"]
FIELDS: tuple[Field, ...] = ("instruction", "input", "output")
# Names of columns, in lower case, for each part of a task. The first that holds anything is read.
_INSTRUCTION = ("instruction", "prompt", "question", "query", "problem", "user", "human", "inputs")
_INPUT = ("input", "context")
_OUTPUT = ("output", "response", "completion", "answer", "solution", "assistant", "targets")
_SYSTEM = ("system", "system_prompt")
_EARLIER_TURNS = ("history",)
_CHAT = ("messages", "conversations", "conversation")


class Task(TypedDict):
    """One row of instruction data: an instruction, an input that it refers to, and a good answer.

    ``language`` is an ISO code. ``source`` names the teacher's answer that a generated task comes
    from. ``nearest_score`` is the ROUGE-L to the most similar instruction that was kept before.
    """

    instruction: str
    input: str
    output: str
    id: NotRequired[str]
    category: NotRequired[str]
    language: NotRequired[str]
    is_classification: NotRequired[bool]
    source: NotRequired[str]
    nearest_score: NotRequired[float]


@dataclass(frozen=True)
class Shaped:
    """A row as a task, and what was changed to make it one.

    ``system_placed``: a system text was put in front of the instruction. ``unused``: columns that
    may belong to the task, but that the prompt does not show.
    """

    row: Task
    system_placed: bool
    unused: tuple[str, ...]


@dataclass(frozen=True)
class _Found:
    """The parts of a task as a row holds them; the first three may be anything but text still.

    ``columns``: the row's keys for instruction, output and input, in this order, as far as it has
    them. A chat has one key for all.
    """

    instruction: object
    output: object
    input: object
    columns: Sequence[str]
    system: str = ""
    unused: Sequence[str] = ()


def describes_tasks(columns: Iterable[str]) -> bool:
    """Whether a table with these columns can hold tasks."""
    names = {name.strip().lower() for name in columns}
    both = names.intersection(_INSTRUCTION) and names.intersection(_OUTPUT)
    return bool(both or names.intersection(_CHAT) or names.issuperset({"input", "output"}))


def as_example(row: object, where: str) -> Shaped:
    """A row of any shape as a task; the row's other keys are kept.

    Raises DataError with ``where`` and the field for a row without a task, or with more than one
    exchange.
    """
    if not isinstance(row, dict):
        raise DataError(f"{where}: found {type_name(row)}, expected an object.")
    names = {str(key).strip().lower(): key for key in row}
    _refuse_earlier_turns(row, names, where)
    found = _find_parts(row, names, where)
    system = "\n\n".join(filter(None, [_system_column(row, names, where), found.system]))
    texts = _checked_texts(found, where)
    if system:
        texts["instruction"] = f"{system}\n\n{texts['instruction']}"
    rest = {key: value for key, value in row.items() if key not in found.columns}
    unused = [str(key) for key, value in rest.items() if may_matter(key, value)]
    renamed = {key for key in found.columns if key not in FIELDS}
    renamed |= {names[name] for name in _SYSTEM if name in names}
    kept = {key: value for key, value in row.items() if key not in renamed}
    task = cast(Task, {"input": "", **kept, **texts})  # its three texts are checked
    return Shaped(task, bool(system), (*unused, *found.unused))


def _find_parts(row: dict[str, Any], names: dict[str, str], where: str) -> _Found:
    """The parts of a task, from a chat or from a column each.

    ``names`` maps the row's keys, in lower case and without spaces around them, to the keys.
    """
    chat = next((names[name] for name in _CHAT if name in names), None)
    asking, answer = (_first_filled(row, names, known) for known in (_INSTRUCTION, _OUTPUT))
    if chat is not None:
        turns, key, columns = row[chat], chat, [chat]
    elif (
        asking is not None and isinstance(row[asking], list)
        and answer is not None and isinstance(row[answer], list)
    ):  # fmt: skip
        turns, key, columns = row[asking] + row[answer], asking, [asking, answer]
    else:
        return _from_columns(row, names, where)
    chat_parts = read_exchange(turns, where, key)
    return _Found(
        chat_parts.instruction, chat_parts.output, "", columns, chat_parts.system, chat_parts.unused
    )


def _first_filled(row: dict[str, Any], names: dict[str, str], known: Sequence[str]) -> str | None:
    """The row's key for the first of the ``known`` names that is not null, or that is there."""
    found = [names[name] for name in known if name in names]
    return next((key for key in found if row[key] is not None), found[0] if found else None)


def _from_columns(row: dict[str, Any], names: dict[str, str], where: str) -> _Found:
    """The parts of a task in a row with a column for each."""
    columns = []
    for field, known in (("instruction", _INSTRUCTION), ("output", _OUTPUT)):
        key = _first_filled(row, names, known)
        if key is None:
            present = ", ".join(map(str, row)) or "nothing"
            raise DataError(
                f"{where}: the field {field!r} is missing (found {present}). Add it, rename the "
                f"column that holds it to {field!r} (or {', '.join(known[1:5])}), or delete the "
                "row."
            )
        columns.append(key)
    asking, answer = columns
    key = _first_filled(row, names, _INPUT)
    text = "" if key is None or is_absent(row[key]) else row[key]
    instruction = row[asking]
    if isinstance(instruction, str) and not text:
        instruction, text = _without_template(instruction) or (instruction, text)
    return _Found(instruction, row[answer], text, columns if key is None else [*columns, key])


def _checked_texts(found: _Found, where: str) -> dict[str, str]:
    """The three fields of a task. Raises DataError if one is not text, or nothing is asked."""
    columns = dict(zip(("instruction", "output", "input"), found.columns, strict=False))
    texts: dict[str, str] = {}
    for field in FIELDS:
        column, value = columns.get(field, field), getattr(found, field)
        if not isinstance(value, str):
            named = repr(field) if column in (field, *_CHAT) else f"{column!r} (the {field})"
            raise DataError(
                f"{where}: {named} is {type_name(value)}, expected text in quotes. "
                "Fix it, or delete the row."
            )
        texts[field] = value
    if not texts["instruction"].strip():
        raise DataError(f"{where}: the instruction is empty. Fill it in, or delete the row.")
    return texts


def _system_column(row: dict[str, Any], names: dict[str, str], where: str) -> str:
    key = _first_filled(row, names, _SYSTEM)
    text = "" if key is None or is_absent(row[key]) else row[key]
    if not isinstance(text, str):
        raise DataError(
            f"{where}: {key!r} is {type_name(text)}, expected text in quotes. Fix it, or delete "
            "the row."
        )
    return text.strip()


def _refuse_earlier_turns(row: dict[str, Any], names: dict[str, str], where: str) -> None:
    for name in _EARLIER_TURNS:
        if name in names and not is_empty(row[names[name]]):
            raise DataError(
                f"{where}: {names[name]!r} holds earlier turns, which the training prompt cannot "
                "show. Split the conversation into rows of one exchange, or empty this field."
            )


def _pattern(template: str) -> re.Pattern[str]:
    text = re.escape(template.rstrip()).replace(r"\{instruction\}", "(?P<instruction>.*?)")
    return re.compile(text.replace(r"\{input\}", "(?P<input>.*)") + r"\s*", re.S)


_TEMPLATE_PATTERNS = [
    _pattern(texts[kind]) for texts in TEMPLATES.values() for kind in sorted(texts)[::-1]
]


def _without_template(prompt: str) -> tuple[str, str] | None:
    """Instruction and input in a text that is a whole training prompt; None for any other text."""
    for pattern in _TEMPLATE_PATTERNS:
        if match := pattern.fullmatch(prompt):
            return match["instruction"], match.groupdict().get("input", "")
    return None
