"""Read a model's task list, however it is written: text in, tasks and reasons out.

The prompt asks for this form::

    4. Instruction: …
    4. Input: … or <noinput>
    4. Output: …
    ###
    5. Instruction: …

Models think first, add preambles, omit ``###``, write headings in bold type, as titles or in code
fences, miscount, leave out the Input line or the word "Instruction", and translate the field names.

Three promises hold for every reply. Tasks never merge. A task that was cut is never kept. Nothing
is dropped without a reason.

A task ends at the next heading. It never ends at ``###`` or a number alone, because answers contain
these too. Alpaca's release used "20." as a stop string and lost every output with it, and merged 37
tasks because it split the list at ``###``.
"""

import json
import re
from collections.abc import Sequence
from typing import NotRequired, TypedDict

from helpers.data.reply_parsing.field_names import names_of
from helpers.data.reply_parsing.finish_reasons import is_filtered, is_whole
from helpers.data.reply_parsing.headings import heading_of
from helpers.data.reply_parsing.json_tasks import json_rows
from helpers.data.reply_parsing.no_input import without_no_input
from helpers.data.reply_parsing.one_line_tasks import read_one_line_tasks
from helpers.data.reply_parsing.own_headings import common_output_style
from helpers.data.reply_parsing.preamble import without_preamble
from helpers.data.reply_parsing.task_fields import read_task
from helpers.data.reply_parsing.task_splitting import TaskSection, split_tasks
from helpers.data.reply_parsing.thinking import without_thinking
from helpers.data.reply_parsing.trailing_text import (
    without_end_tokens,
    without_section_titles,
    without_separators,
    without_trailing_text,
)  # fmt: skip
from helpers.files.row_shapes import FIELDS, Task

# The beginning of a numbered list in a reply that should be JSON, and its first number.
_FIRST_NUMBER = re.compile(
    rf"^[#*_>\s]{{0,8}}(?:(?P<number>\d{{1,4}})[.):]|(?:{names_of('label')})[ ]?[:：*])",
    re.M | re.I,
)


class Drop(TypedDict):
    """A part of a reply that did not become a task, and why: a row of ``ledger.jsonl``.

    ``filter`` names the step that rejected it, ``request`` the request it came from,
    ``neighbour`` the text or id it was too similar to, with their ROUGE-L as ``score``.
    """

    reason: str
    text: str
    input: NotRequired[str]
    output: NotRequired[str]
    filter: NotRequired[str]
    request: NotRequired[int]
    neighbour: NotRequired[str]
    score: NotRequired[float]


def parse_completion(
    text: str, start: int, finish_reason: str | None
) -> tuple[list[Task], list[Drop]]:
    """Read the tasks in one completion of a task list: ``(tasks, drops)``.

    ``start`` is the number of the first task. Its heading ``"{start}. Instruction:"`` stood at the
    end of the prompt. A task has an instruction, an input and an output. A part is dropped if the
    length limit may have cut it (the last task, unless ``finish_reason`` says that the reply is
    whole), if a field is missing, or if two tasks cannot be told apart.
    """
    answer, whole = _unified(without_thinking(text)), is_whole(finish_reason)
    answer = without_end_tokens(answer) if whole else answer
    if not answer.strip():
        reason = "no task in the reply" if whole else _cut_by(finish_reason)
        return [], [{"reason": reason, "text": text}]
    sections = split_tasks(answer + "\n" * whole, start)  # the last line is complete if whole
    if not any(section.of("output") for section in sections) and _is_json(answer):
        return parse_json_completion(answer, finish_reason)
    tasks: list[Task] = []
    drops: list[Drop] = []
    found = zip(sections, [*sections[1:], None], _read(answer, sections), strict=True)
    for section, after, task in found:
        cut = not whole and after is None
        if cut or isinstance(task, str):
            section_text = without_separators(answer[section.heading.end : section.end].strip())
            reason = task if isinstance(task, str) and not cut else _cut_by(finish_reason)
            drops.append({"reason": reason, "text": section_text})
        else:
            tasks.append(_tidy(task, section, after, is_first=section is sections[0]))
    return _without_numbers(tasks), drops


def parse_json_completion(text: str, finish_reason: str | None) -> tuple[list[Task], list[Drop]]:
    """Read the tasks in a completion that was requested as JSON: ``(tasks, drops)``.

    Expects ``{"tasks": [{"instruction", "input", "output"}, …]}``. Also accepts the bare list,
    single objects, or one object a line, in a code fence or with text around them. A numbered list
    in place of JSON is read by :func:`parse_completion`. A JSON value that was cut becomes one
    drop, because half of it cannot be trusted.
    """
    answer = without_thinking(text)
    rows, rest = json_rows(answer)
    if not rows and rest is not None and (first := _FIRST_NUMBER.search(answer)):
        listed = parse_completion(text, int(first["number"] or 1), finish_reason)
        if listed[0]:
            return listed
    tasks: list[Task] = []
    drops: list[Drop] = []
    for row in rows:
        task = _read_row(row)
        if isinstance(task, str):
            drops.append({"reason": task, "text": json.dumps(row, ensure_ascii=False)})
        else:
            tasks.append(task)
    if rest is not None:
        whole = is_whole(finish_reason)
        reason = "not the JSON that was asked for" if whole else _cut_by(finish_reason)
        drops.append({"reason": reason, "text": rest or text})
    elif not rows:
        drops.append({"reason": "no task in the reply", "text": text})
    return tasks, drops


def _read(text: str, sections: Sequence[TaskSection]) -> list[Task | str]:
    """For each section of a list, its task or the reason why it has none."""
    if not any(section.of("output") for section in sections):
        return read_one_line_tasks(text, sections)
    common_style = common_output_style(sections)
    numbers_only = not any(section.heading.style.name for section in sections[1:])
    return [read_task(text, section, common_style, numbers_only) for section in sections]


def _tidy(task: Task, section: TaskSection, after: TaskSection | None, is_first: bool) -> Task:
    """A task without text that belongs to the list. ``after`` is the next section, if any."""
    instruction = task["instruction"]
    if is_first and not section.heading.end:
        instruction = without_preamble(instruction)
    if after:
        output = without_end_tokens(without_section_titles(task["output"], after.number))
    else:
        output = without_trailing_text(task["output"], section.number)
    return {"instruction": instruction, "input": without_no_input(task["input"]), "output": output}


def _without_numbers(tasks: list[Task]) -> list[Task]:
    """Tasks without consecutive numbers at the beginning of all instructions ("4. Add …")."""
    first_lines = [task["instruction"].partition("\n")[0] for task in tasks]
    numbered = [h for h in map(heading_of, first_lines) if h and h.kind == "number"]
    if len(tasks) < 2 or len(numbered) < len(tasks):
        return tasks
    first = numbered[0].number or 0
    if [heading.number for heading in numbered] != list(range(first, first + len(tasks))):
        return tasks
    return [
        {**task, "instruction": task["instruction"][heading.end :].lstrip()}
        for task, heading in zip(tasks, numbered, strict=True)
    ]


def _is_json(text: str) -> bool:
    """Whether a reply holds tasks as JSON although a list was requested."""
    rows = [row for row in json_rows(text)[0] if isinstance(row, dict)]
    return any(isinstance(row.get("instruction"), str) and "output" in row for row in rows)


def _read_row(row: object) -> Task | str:
    """The task in one JSON object, or the reason why there is none."""
    fields = row if isinstance(row, dict) else {}
    instruction, given, output = (fields.get(name) or "" for name in FIELDS)
    if not all(isinstance(value, str) for value in (instruction, given, output)):
        return "a field is not text"
    if not any(char.isalnum() for char in instruction):
        return "empty instruction"
    given = without_no_input(given.strip())
    return {"instruction": instruction.strip(), "input": given, "output": output.strip()}


def _unified(text: str) -> str:
    """A reply with one kind of line end, and without a quote mark before every line."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip("\ufeff\n")
    lines = text.split("\n")
    if all(line.startswith(">") or not line.strip() for line in lines):
        text = "\n".join(re.sub(r"^> ?", "", line) for line in lines)
    return text


def _cut_by(finish_reason: str | None) -> str:
    """The reason of a drop whose reply did not end by itself."""
    by_filter = is_filtered(finish_reason)
    return "stopped by the provider's filter" if by_filter else "cut by the length limit"
