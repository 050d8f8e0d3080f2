"""Raw records: a teacher's answers as they are kept on disk, and the tasks in them.

A raw record holds the teacher's text as it came. So :func:`tasks_of` can read it again at any later
time, for example with better filters.
"""

from typing import TypedDict

from helpers.data.reply_parsing.finish_reasons import is_filtered, is_whole
from helpers.data.reply_parsing.task_list import Drop, parse_completion, parse_json_completion
from helpers.data.reply_parsing.thinking import without_thinking
from helpers.files.row_shapes import Task
from helpers.teacher.budget import Tokens, charged_tokens
from helpers.teacher.replies import Completion


class RawRecord(TypedDict, total=False):
    """A line of ``raw.jsonl``: one answered request for tasks, as it came.

    ``number`` of the request, ids of its ``examples``, ``usage`` as ``[tokens in, tokens out]``
    (None where the provider gave no believable count), ``seconds``, and the number of ``tries``
    that the answer accounts for. A list request has a ``completion`` and the number of its first
    task (``start``). Self-synthesis has an ``instruction`` and, if that ended by itself, an
    ``answer``. A record from OpenAI's Batch API has the id of its ``batch``, and neither tries nor
    seconds.
    """

    number: int
    examples: list[str]
    way: str
    usage: list[int | None]
    tries: int
    seconds: float
    completion: Completion
    start: int
    instruction: Completion
    answer: Completion
    batch: str


def tasks_of(record: RawRecord) -> tuple[list[Task], list[Drop]]:
    """The tasks and drops of a raw record, whichever way it was asked for."""
    if "completion" not in record:
        return _tasks_of_synthesis(record)
    text, finish = record["completion"]["text"], record["completion"]["finish"]
    if finish == "refusal" or not without_thinking(text).strip():
        return [], [{"reason": _why_unusable(finish) or "empty reply", "text": text}]
    if record.get("way") == "task_json":
        return parse_json_completion(text, finish)
    return parse_completion(text, record["start"], finish)


def _tasks_of_synthesis(record: RawRecord) -> tuple[list[Task], list[Drop]]:
    """The task or the drop of a self-synthesis record."""
    instruction = record["instruction"]
    parts = [("instruction", instruction)]
    if "answer" in record:
        parts.append(("output", record["answer"]))
    for name, part in parts:
        reason = _why_unusable(part["finish"], f"{name} ")
        if reason:
            return [], [{"reason": reason, "text": instruction["text"].strip()}]
    task: Task = {
        "instruction": without_thinking(instruction["text"]).strip(),
        "input": "",
        "output": without_thinking(record["answer"]["text"]).strip(),
    }
    return [task], []


# Finish reasons of replies without a text that could be read.
_UNREADABLE = {
    "refusal": "refused by the teacher",
    "no choice": "empty reply",
    "unreadable": "unreadable reply",
}


def _why_unusable(finish: str | None, part: str = "") -> str | None:
    """Why a reply, or a ``part`` of one, cannot be used; None if it ended by itself."""
    if finish in _UNREADABLE:
        return _UNREADABLE[finish]
    if is_filtered(finish):
        return "stopped by the provider's filter"
    return None if is_whole(finish) else f"{part}cut by the length limit"


def tokens_charged_for(record: RawRecord, most: Tokens) -> Tokens:
    """The tokens in and out that a raw record is charged with.

    ``most`` replaces a count that the provider did not give, or that cannot be true.
    """
    return charged_tokens(record["usage"], most)
