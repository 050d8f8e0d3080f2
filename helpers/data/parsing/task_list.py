"""Reading a task list as models really write it: text in, tasks and reasons out.

Asked for ::

    4. Instruction: …
    4. Input: … or <noinput>
    4. Output: …
    ###
    5. Instruction: …

they think first, add preambles, forget ``###``, set headings in bold, as titles or in code fences,
lose count, leave out the Input line or the word "Instruction", translate the field names. Three
promises hold all the same: tasks never merge, a task that was cut is never kept, and nothing is
dropped without a reason. What ends a task is the next heading, never a bare ``###`` or number,
which answers contain too (Alpaca's release lost every output with "20." in it to a stop string,
and merged 37 tasks by splitting at ``###``).

:mod:`helpers.data.parsing.headings` says which lines can be headings,
:mod:`helpers.data.parsing.splitting` which of them begin a task, :mod:`helpers.data.parsing.fields`
what its instruction, input and output are, and :mod:`helpers.data.parsing.tails` what after an
output belongs to no task. Here it all comes together.
"""

import json
import re
from typing import NotRequired, TypedDict

from helpers.data.parsing.field_names import names_of
from helpers.data.parsing.fields import read_task, usual_output
from helpers.data.parsing.finish_reasons import is_filtered, is_whole
from helpers.data.parsing.headings import mark_of
from helpers.data.parsing.json_tasks import json_rows
from helpers.data.parsing.no_input import normal_input
from helpers.data.parsing.one_line_tasks import read_lines
from helpers.data.parsing.splitting import Body, split_tasks, without_preamble
from helpers.data.parsing.tails import trimmed, without_end_tokens, without_tail, without_titles
from helpers.data.parsing.thinking import without_thinking

# Where a numbered list begins in a reply that should be JSON, and with which number.
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
) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Tasks out of one task-list completion: ``(tasks, drops)``.

    ``start`` is the number of the first task, whose heading ``"{start}. Instruction:"`` stood at
    the end of the prompt. ``tasks`` are dicts with instruction, input, output. ``drops`` are dicts
    with ``reason`` and ``text``: a last task cut by the length limit (any ``finish_reason`` but
    those of a whole answer), one without a part it needs, or two that could not be told apart.
    """
    answer, whole = _clean(without_thinking(text)), is_whole(finish_reason)
    answer = without_end_tokens(answer) if whole else answer
    if not answer.strip():
        reason = "no task in the reply" if whole else _cut_by(finish_reason)
        return [], [{"reason": reason, "text": text}]
    bodies = split_tasks(answer + "\n" * whole, start)  # a newline says that the line is whole
    if not any(body.of("output") for body in bodies) and _is_json(answer):
        return parse_structured(answer, finish_reason)
    tasks, drops = [], []
    for body, after, (task, fault) in zip(
        bodies, [*bodies[1:], None], _read(answer, bodies), strict=True
    ):
        cut = not whole and after is None
        if cut or fault:
            body_text = trimmed(answer[body.head.end : body.end].strip())
            drops.append({"reason": _cut_by(finish_reason) if cut else fault, "text": body_text})
        else:
            tasks.append(_tidy(task, body, after, first=body is bodies[0]))
    return _without_numbers(tasks), drops


def _read(text: str, bodies: list[Body]) -> list[tuple[dict[str, str] | None, str | None]]:
    """``(task, fault)`` of every task of a list; one of both is None."""
    if not any(body.of("output") for body in bodies):
        return read_lines(text, bodies)
    usual, bare = usual_output(bodies), not any(body.head.look.name for body in bodies[1:])
    return [read_task(text, body, usual, bare) for body in bodies]


def _tidy(task: dict[str, str], body: Body, after: Body | None, first: bool) -> dict[str, str]:
    """A task without what stands around the list; ``after`` is the next one, if there is one."""
    instruction = task["instruction"]
    if first and not body.head.end:
        instruction = without_preamble(instruction)
    if after:
        output = without_end_tokens(without_titles(task["output"], after.number))
    else:
        output = without_tail(task["output"], body.number)
    return {"instruction": instruction, "input": normal_input(task["input"]), "output": output}


def _without_numbers(tasks: list[dict[str, str]]) -> list[dict[str, str]]:
    """Tasks without numbers at the beginning of all their instructions ("Instruction: 4. …")."""
    marks = [mark_of(task["instruction"].partition("\n")[0]) for task in tasks]
    numbers = [mark.number if mark and mark.kind == "item" else None for mark in marks]
    if (
        len(tasks) < 2
        or None in numbers
        or numbers != list(range(numbers[0], numbers[0] + len(numbers)))
    ):
        return tasks
    return [
        {**task, "instruction": task["instruction"][mark.end :].lstrip()}
        for task, mark in zip(tasks, marks, strict=True)
    ]


def parse_structured(
    text: str, finish_reason: str | None
) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Tasks out of a completion asked for as JSON: ``(tasks, drops)`` as above.

    Expects ``{"tasks": [{"instruction", "input", "output"}, …]}``, alone, in a code fence, or with
    words around it, the bare list, single objects, or one object a line. A text that was cut is one
    drop: half a JSON text cannot be trusted. A numbered list in place of JSON is read as one.
    """
    answer = without_thinking(text)
    rows, rest = json_rows(answer)
    if not rows and rest is not None and (first := _FIRST_NUMBER.search(answer)):
        listed = parse_completion(text, int(first["number"] or 1), finish_reason)
        if listed[0]:
            return listed
    tasks, drops = [], []
    for row in rows:
        task, fault = _read_row(row)
        if fault:
            drops.append({"reason": fault, "text": json.dumps(row, ensure_ascii=False)})
        else:
            tasks.append(task)
    if rest is not None:
        whole = is_whole(finish_reason)
        reason = "not the JSON that was asked for" if whole else _cut_by(finish_reason)
        drops.append({"reason": reason, "text": rest or text})
    elif not rows:
        drops.append({"reason": "no task in the reply", "text": text})
    return tasks, drops


def _is_json(text: str) -> bool:
    """Whether a reply holds tasks as JSON although a list was asked for."""
    rows = [row for row in json_rows(text)[0] if isinstance(row, dict)]
    return any(isinstance(row.get("instruction"), str) and "output" in row for row in rows)


def _read_row(row: object) -> tuple[dict[str, str] | None, str | None]:
    """``(task, None)`` for one JSON object, or ``(None, why it is not a task)``."""
    fields = row if isinstance(row, dict) else {}
    given = {name: fields.get(name) or "" for name in ("instruction", "input", "output")}
    if not all(isinstance(value, str) for value in given.values()):
        return None, "a field is not text"
    if not any(char.isalnum() for char in given["instruction"]):
        return None, "empty instruction"
    task = {name: value.strip() for name, value in given.items()}
    return {**task, "input": normal_input(task["input"])}, None


def _clean(text: str) -> str:
    """A reply with line ends of one kind, and without a quote mark before every line."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip("\ufeff\n")
    lines = text.split("\n")
    if all(line.startswith(">") or not line.strip() for line in lines):
        text = "\n".join(re.sub(r"^> ?", "", line) for line in lines)
    return text


def _cut_by(finish_reason: str | None) -> str:
    by_filter = is_filtered(finish_reason)
    return "stopped by the provider's filter" if by_filter else "cut by the length limit"
