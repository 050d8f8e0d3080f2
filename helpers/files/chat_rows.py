"""Read one exchange of a chat as a task: what the user asks and what the assistant answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from helpers.files.field_values import is_absent, may_matter, parse_value
from helpers.files.file_kinds import DataError, type_name
from helpers.files.message_content import text_of

_ROLES = {
    "user": "user", "human": "user", "prompter": "user", "usr": "user",
    "assistant": "assistant", "gpt": "assistant", "bot": "assistant", "model": "assistant",
    "chatgpt": "assistant", "bing": "assistant", "bard": "assistant", "ai": "assistant",
    "system": "system", "developer": "system",
}  # fmt: skip
# Keys of a turn that say whether its text is to be trained on.
_TRAINING_FLAGS = ("weight", "loss_weight", "loss", "train", "trainable")
_KNOWN_KEYS = {
    "role", "from", "content", "value", "text", "tool_calls", "function_call", "type",
    "content_type", *_TRAINING_FLAGS,
}  # fmt: skip


@dataclass(frozen=True)
class Exchange:
    """What a chat of one exchange contains.

    ``instruction`` and ``output`` are the content of the user's and of the assistant's turn. They
    may be anything: whoever uses them checks that they are texts. ``unused`` names further keys of
    the turns that may matter, such as ``messages[1].reasoning_content``.
    """

    instruction: object
    output: object
    system: str
    unused: list[str]


def read_exchange(turns: object, where: str, key: str) -> Exchange:
    """The exchange in a list of turns, or in a text that spells such a list.

    ``where`` and ``key`` name the row and its field in error messages. Raises DataError if the chat
    is not one user turn and one assistant turn after any number of system turns, if a turn holds
    something that is not text, or if the answer is marked as not for training.
    """
    if isinstance(turns, str):
        turns = parse_value(turns)
    listed: list[object] = turns if isinstance(turns, list) else []
    read = [turn if isinstance(turn, dict) else {} for turn in listed]
    system_turns = _count_system_turns(read, where, key)
    contents = [_content(turn, where, f"{key}[{i}]") for i, turn in enumerate(read)]
    _refuse_untrained(read[-1], where, f"{key}[{len(read) - 1}]")
    unused = [
        f"{key}[{i}].{name}"
        for i, turn in enumerate(read)
        for name, value in turn.items()
        if name not in _KNOWN_KEYS and may_matter(name, value)
    ]
    system = _system_text(contents[:system_turns], where, key)
    return Exchange(contents[-2], contents[-1], system, unused)


def _count_system_turns(turns: list[dict[str, Any]], where: str, key: str) -> int:
    """The number of turns before the exchange. Raises DataError for a chat of any other form."""
    found = [turn.get("role", turn.get("from")) for turn in turns]
    roles = [_ROLES.get(str(role).lower()) for role in found]
    count = next((i for i, role in enumerate(roles) if role != "system"), len(roles))
    if roles[count:] != ["user", "assistant"]:
        raise DataError(
            f"{where}: {key} has the roles {found}, expected one user turn and one assistant turn, "
            "and before them at most a system turn. Split longer conversations into rows of one "
            "exchange."
        )
    return count


def _system_text(contents: Sequence[object], where: str, key: str) -> str:
    texts = []
    for i, content in enumerate(contents):
        if content and not isinstance(content, str):
            raise DataError(
                f"{where}: {key}[{i}] has {type_name(content)} as its content, expected text in "
                "quotes. Fix it, or delete the row."
            )
        texts.append(str(content or "").strip())
    return "\n\n".join(filter(None, texts))


def _refuse_untrained(turn: dict[str, Any], where: str, place: str) -> None:
    """Raise DataError for an answer that is marked as not for training, as by ``weight: 0``."""
    for name in _TRAINING_FLAGS:
        if name in turn and not is_absent(turn[name]) and turn[name] in (0, False, "0", "false"):
            raise DataError(
                f"{where}: {place} has {name!r}: {turn[name]!r}, so its text is not for training. "
                "The row has no other answer. Delete the row."
            )


def _content(turn: dict[str, Any], where: str, place: str) -> object:
    """The content of a turn. Raises DataError for parts such as a picture or a tool call."""
    for name in ("tool_calls", "function_call"):
        if turn.get(name):
            raise DataError(
                f"{where}: {place} has {name!r}, and only text can be trained on. Delete the row."
            )
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
