"""The shapes in which instruction data travels, and the one that this project works with.

:func:`as_example` makes any of them a row with ``instruction``, ``input`` and ``output``:

- those three fields (Alpaca), also with ``system``;
- other names for them: ``prompt``/``completion``, ``question``/``answer``,
  ``instruction``/``context``/``response`` (Dolly), and the like;
- one exchange of a chat: ``messages`` with ``role`` and ``content`` (OpenAI, TRL), or
  ``conversations`` with ``from`` and ``value`` (ShareGPT).

The training prompt has no place for a system text, so it is put in front of the instruction: a
system text says how to answer, and the model should see it. Earlier turns have no place at all,
and are refused.
"""

import ast
import json
import re
from dataclasses import dataclass
from typing import NotRequired, TypedDict

from helpers.prompts import TEMPLATES
from helpers.safe_io.file_kinds import DataError, type_name
from helpers.safe_io.message_content import text_of

FIELDS = ("instruction", "input", "output")
_ASKING = ("instruction", "prompt", "question", "query", "problem", "user", "human", "inputs")
_GIVEN = ("input", "context")
_ANSWER = ("output", "response", "completion", "answer", "solution", "assistant", "targets")
_SYSTEM = ("system", "system_prompt")
_EARLIER = ("history",)
_CHATS = ("messages", "conversations", "conversation")
_ROLES = {
    "user": "user", "human": "user", "prompter": "user", "usr": "user",
    "assistant": "assistant", "gpt": "assistant", "bot": "assistant", "model": "assistant",
    "chatgpt": "assistant", "bing": "assistant", "bard": "assistant", "ai": "assistant",
    "system": "system", "developer": "system",
}  # fmt: skip
# What a turn says, who says it, and whether it is to be learned.
_OF_A_TURN = {"role", "from", "content", "value", "text", "tool_calls", "function_call"}
_TAUGHT = ("weight", "loss_weight", "loss", "train", "trainable")
_OF_A_TURN |= {*_TAUGHT, "type", "content_type"}

# Columns that say something about a task and are no part of it: the prompt lacks nothing.
_ABOUT_A_TASK = {
    "id", "idx", "index", "task_id", "prompt_id", "uuid", "category", "kind", "topic", "source",
    "origin", "dataset", "url", "license", "licence", "author", "created", "date", "language",
    "lang", "is_classification", "nearest_score", "__index_level_0__", "unnamed: 0", "",
    *_SYSTEM, *_EARLIER,
}  # fmt: skip


class Task(TypedDict):
    """One row of instruction data: what is asked, what it is asked about, and a good answer.

    ``nearest_score`` is the ROUGE-L to the most similar instruction that was kept before.
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
    """A row with the three fields, and what a reader should know about how it became one.

    ``system_placed``: a system text now stands in front of the instruction. ``unused``: columns
    that may belong to the task, but are not shown to the model.
    """

    row: dict
    system_placed: bool
    unused: tuple[str, ...]


def describes_tasks(columns: list[str]) -> bool:
    """Whether a table with these columns can hold tasks."""
    names = {name.strip().lower() for name in columns}
    both = names.intersection(_ASKING) and names.intersection(_ANSWER)
    return bool(both or names.intersection(_CHATS) or names.issuperset({"input", "output"}))


def as_example(row: object, where: str) -> Shaped:
    """A row of any shape as one with the three fields; other keys stay in it.

    Raises DataError with ``where`` and the field for a row that has no task, or that holds more
    than one exchange.
    """
    if not isinstance(row, dict):
        raise DataError(f"{where}: found {type_name(row)}, expected an object.")
    names = {str(key).strip().lower(): key for key in row}
    _refuse_earlier_turns(row, names, where)
    chat = next((names[name] for name in _CHATS if name in names), None)
    asking, answer = (_first(row, names, known) for known in (_ASKING, _ANSWER))
    if chat is not None:
        texts, used = _from_turns(row[chat], where, chat), [chat]
    elif isinstance(row.get(asking), list) and isinstance(row.get(answer), list):
        texts, used = _from_turns(row[asking] + row[answer], where, asking), [asking, answer]
    else:
        texts, used = _from_columns(row, names, asking, answer, where)
    before = [_system(row, names, where), texts.pop("system", "")]
    of_turns = texts.pop("unused", [])
    _check(texts, used, where)
    system = "\n\n".join(text for text in before if text)
    if system:
        texts["instruction"] = f"{system}\n\n{texts['instruction']}"
    rest = {key: value for key, value in row.items() if key not in used}
    unused = [str(key) for key, value in rest.items() if _may_matter(key, value)] + of_turns
    renamed = {key for key in used if key not in FIELDS} | {names.get(name) for name in _SYSTEM}
    kept = {key: value for key, value in row.items() if key not in renamed}
    return Shaped({"input": "", **kept, **texts}, bool(system), tuple(unused))


def _first(row: dict, names: dict, known: tuple[str, ...]) -> str | None:
    """The row's key for the first of these columns that holds anything, or that is there."""
    found = [names[name] for name in known if name in names]
    return next((key for key in found if row[key] is not None), found[0] if found else None)


def _may_matter(key: object, value: object) -> bool:
    """Whether a column may belong to the task, so that it is a loss if the prompt lacks it."""
    return not _is_empty(value) and str(key).strip().lower() not in _ABOUT_A_TASK


def _is_absent(value: object) -> bool:
    """Whether a value is how JSON (null) or pandas (NaN) writes that there is none."""
    return value is None or value != value


def _is_empty(value: object) -> bool:
    """Whether a value holds nothing in any spelling: NaN, "[]", [["", ""]], a turn without text."""
    if isinstance(value, str):
        text = value.strip()
        if text.lower() in ("", "null", "none", "nan"):
            return True
        inside = _parsed(text) if text[0] in "[{(" else None
        return inside is not None and _is_empty(inside)
    if isinstance(value, dict):
        return all(_is_empty(item) for key, item in value.items() if key not in ("role", "from"))
    if isinstance(value, (list, tuple)):
        return all(map(_is_empty, value))
    return value is False or _is_absent(value)


def _parsed(text: str) -> object:
    """The list or object that a text spells: a column of a CSV file is a text. None otherwise."""
    for parse in (json.loads, ast.literal_eval):
        try:
            return parse(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
    return None


def _from_columns(row, names, asking, answer, where) -> tuple[dict, list[str]]:
    """The three texts of a row with a column for each: ``(texts, columns used)``."""
    for field, key, known in (("instruction", asking, _ASKING), ("output", answer, _ANSWER)):
        if key is None:
            found = ", ".join(map(str, row)) or "nothing"
            raise DataError(
                f"{where}: the field {field!r} is missing (found {found}). Add it, name the column "
                f"that holds it {field!r} (or {', '.join(known[1:5])}), or delete the row."
            )
    given = _first(row, names, _GIVEN)
    text = "" if given is None or _is_absent(row[given]) else row[given]
    texts = {"instruction": row[asking], "output": row[answer], "input": text}
    if isinstance(row[asking], str) and not text:
        texts |= _unframed(row[asking])
    return texts, [asking, answer] + ([given] if given is not None else [])


def _check(texts: dict, used: list[str], where: str) -> None:
    columns = dict(zip(("instruction", "output", "input"), used, strict=False))
    for field in FIELDS:
        column = columns.get(field, field)
        named = repr(field) if column in (field, *_CHATS) else f"{column!r} (the {field})"
        if not isinstance(texts[field], str):
            raise DataError(
                f"{where}: {named} is {type_name(texts[field])}, expected text in quotes. "
                "Fix it, or delete the row."
            )
    if not texts["instruction"].strip():
        raise DataError(f"{where}: the instruction is empty. Fill it in, or delete the row.")


def _system(row: dict, names: dict, where: str) -> str:
    key = _first(row, names, _SYSTEM)
    text = "" if key is None or _is_absent(row[key]) else row[key]
    if not isinstance(text, str):
        raise DataError(f"{where}: {key!r} is {type_name(text)}, expected text in quotes.")
    return text.strip()


def _refuse_earlier_turns(row: dict, names: dict, where: str) -> None:
    for name in _EARLIER:
        if name in names and not _is_empty(row[names[name]]):
            raise DataError(
                f"{where}: {names[name]!r} holds earlier turns, and the training prompt has no "
                "place for them. Split the conversation into rows of one exchange, or empty it."
            )


def _from_turns(turns: object, where: str, key: str) -> dict:
    """``instruction``, ``output``, ``input`` and ``system`` of a chat with one exchange.

    And ``unused``, a list: what else its turns hold.
    """
    if isinstance(turns, str):
        turns = _parsed(turns)
    turns = turns if isinstance(turns, list) else []
    turns = [turn if isinstance(turn, dict) else {} for turn in turns]
    found = [turn.get("role", turn.get("from")) for turn in turns]
    roles = [_ROLES.get(str(role).lower()) for role in found]
    before = next((i for i, role in enumerate(roles) if role != "system"), len(roles))
    if roles[before:] != ["user", "assistant"]:
        raise DataError(
            f"{where}: {key} has the roles {found}, expected one user turn and one assistant turn, "
            "and before them at most a system turn. Split longer conversations into rows of one "
            "exchange."
        )
    texts = [_content(turn, where, f"{key}[{i}]") for i, turn in enumerate(turns)]
    _refuse_untaught(turns[-1], where, f"{key}[{len(turns) - 1}]")
    system = "\n\n".join(text.strip() for text in texts[:before] if text and text.strip())
    unused = [
        f"{key}[{i}].{name}"
        for i, turn in enumerate(turns)
        for name, value in turn.items()
        if name not in _OF_A_TURN and _may_matter(name, value)
    ]
    given = {"instruction": texts[-2], "output": texts[-1], "input": ""}
    return {**given, "system": system, "unused": unused}


def _refuse_untaught(turn: dict, where: str, place: str) -> None:
    """Raise DataError for an answer that is marked as not to be learned: ``weight: 0``."""
    for name in _TAUGHT:
        if name in turn and not _is_absent(turn[name]) and turn[name] in (0, False, "0", "false"):
            raise DataError(
                f"{where}: {place} has {name!r}: {turn[name]!r}, so its text is not to be trained "
                "on, and a row has no other. Delete the row."
            )


def _content(turn: dict, where: str, place: str) -> object:
    """The text of a turn; parts that are no text (a picture, a tool call) are refused by name."""
    for name in ("tool_calls", "function_call"):
        if turn.get(name):
            raise DataError(f"{where}: {place} has {name!r}, and only text can be trained on.")
    content = turn.get("content", turn.get("value", turn.get("text")))
    if not isinstance(content, list):
        return content
    for part in content:
        kind = part.get("type", "text") if isinstance(part, dict) else "text"
        if kind not in ("text", "input_text", "output_text"):
            raise DataError(
                f"{where}: {place} holds a part of type {kind!r}, and only text can be trained on. "
                "Delete the row."
            )
    return text_of([{**p, "type": "text"} if isinstance(p, dict) else p for p in content])


def _pattern(template: str) -> re.Pattern:
    text = re.escape(template.rstrip()).replace(r"\{instruction\}", "(?P<instruction>.*?)")
    return re.compile(text.replace(r"\{input\}", "(?P<input>.*)") + r"\s*", re.S)


_FRAMES = [_pattern(texts[kind]) for texts in TEMPLATES.values() for kind in sorted(texts)[::-1]]


def _unframed(prompt: str) -> dict:
    """Instruction and input of a text that is a whole training prompt; {} for any other text."""
    found = next((match for frame in _FRAMES if (match := frame.fullmatch(prompt))), None)
    return {"input": "", **found.groupdict()} if found else {}
