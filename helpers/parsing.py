"""Reading a task list as models really write it: text in, tasks and reasons out.

Asked for ::

    4. Instruction: …
    4. Input: … or <noinput>
    4. Output: …
    ###
    5. Instruction: …

they add preambles, forget ``###``, set headings in bold or in code fences, lose count, leave out
the Input line, translate the field names. Three promises hold all the same: tasks never merge, a
task that was cut is never kept, and nothing is dropped without a reason. What ends a task is the
next heading, never a bare ``###`` or number, which answers contain too (Alpaca's release lost every
output with "20." in it to a stop string, and merged 37 tasks by splitting at ``###``).
"""

import json
import re

# Finish reasons of an answer that is whole; any other, or none, may have cut it.
WHOLE = ("stop", "eos", "eos_token", "end_turn", "stop_sequence")

# Field names by what they mean; English ones serve in every language.
_NAMES = {
    "instruction": "Instruction|Task|지시(?: ?사항|문)?|명령어?|과제|Perintah|Instruksi|Tugas",
    "input": "Input|입력|Masukan",
    "output": "Output|출력|응답|Keluaran|Jawaban",
}
_OPEN = r"^[ \t>]*(?:#{1,6}[ \t]+)?[*_]*"  # marks before a heading: a quote, hashes, bold
_COLON = r"[*_]*[ \t]*[:：][*_]*[ \t]*"
_NUMBER = r"[(#]?(?P<number>\d+)(?:[ \t]*[.):]|[ \t]+[-–])[ \t]*"
_HEADING = re.compile(
    rf"{_OPEN}(?:{_NUMBER})?[*_]*(?:{_NAMES['instruction']})(?:[ \t]*#?(?P<after>\d+))?{_COLON}",
    re.M | re.I,
)
_PARTS = {
    name: re.compile(rf"{_OPEN}(?:{_NUMBER})?[*_]*(?:{_NAMES[name]}){_COLON}", re.M | re.I)
    for name in ("input", "output")
}
_LIST_ITEM = re.compile(rf"{_OPEN}{_NUMBER}", re.M)
_RULE = re.compile(r"\n[ \t]*(?:#{2,}|-{3,}|\*{3,})[ \t]*$")  # what some put between tasks
_NO_INPUT = re.compile(
    r"\W*(?:(?:there is )?(?:no|none|without|not)\W*(?:additional |specific |further |extra )?"
    r"(?:in ?put)s?\W*(?:is |are )?(?:needed|required|necessary|provided|given|available)?"
    r"|none|nil|null|empty|n ?/ ?a|not applicable|not needed|not required"
    r"|(?:입력)?\s*없음|없습니다|해당\s*없음|불필요"
    r"|tidak ada(?: masukan| input)?|tanpa (?:masukan|input)|tidak (?:di)?perlu(?:kan)?"
    r")\W*|[-–—.…\s]{0,3}",
    re.I,
)


def parse_completion(text, start, finish_reason):
    """Tasks out of one task-list completion: ``(tasks, drops)``.

    ``start`` is the number of the first task, whose heading ``"{start}. Instruction:"`` stood at
    the end of the prompt. ``tasks`` are dicts with instruction, input, output. ``drops`` are dicts
    with ``reason`` and ``text``: a last task cut by the length limit (any ``finish_reason`` but
    those of a whole answer), one without a part it needs, or two that could not be told apart.
    """
    text = _without_fence(text.replace("\r\n", "\n").strip("\n"))
    bodies = _split_tasks(_with_first_heading(text, start), start)
    tasks, drops = [], []
    for i, body in enumerate(bodies):
        if finish_reason not in WHOLE and i + 1 == len(bodies):
            drops.append({"reason": _cut_by(finish_reason), "text": body})
            continue
        task, fault = _split_parts(body)
        if fault:
            drops.append({"reason": fault, "text": body})
        else:
            tasks.append(task)
    return tasks, drops


def parse_structured(text, finish_reason):
    """Tasks out of a completion asked for as JSON: ``(tasks, drops)`` as above.

    Expects ``{"tasks": [{"instruction", "input", "output"}, …]}``, alone, in a code fence, or with
    words around it, or the bare list. A text that does not parse, as one that was cut, is one drop:
    half a JSON text cannot be trusted.
    """
    rows = _json_tasks(text)
    if not isinstance(rows, list):
        cut = finish_reason not in WHOLE
        reason = _cut_by(finish_reason) if cut else "not the JSON that was asked for"
        return [], [{"reason": reason, "text": text}]
    tasks, drops = [], [] if rows else [{"reason": "no task in the reply", "text": text}]
    for row in rows:
        fields = row if isinstance(row, dict) else {}
        given = {name: fields.get(name) or "" for name in ("instruction", "input", "output")}
        if not all(isinstance(value, str) for value in given.values()):
            drops.append({"reason": "a field is not text", "text": json.dumps(row)})
        elif not given["instruction"].strip():
            drops.append({"reason": "empty instruction", "text": json.dumps(row)})
        else:
            task = {name: value.strip() for name, value in given.items()}
            tasks.append({**task, "input": normal_input(task["input"])})
    return tasks, drops


def _json_tasks(text):
    """The list of tasks in the first JSON value of a text, or None."""
    opening = re.search(r"[{\[]", text)
    try:
        value, _ = json.JSONDecoder().raw_decode(text[opening.start() :]) if opening else (None, 0)
    except ValueError:
        return None
    return value.get("tasks") if isinstance(value, dict) else value


def _cut_by(finish_reason):
    by_filter = finish_reason == "content_filter"
    return "stopped by the provider's filter" if by_filter else "cut by the length limit"


def normal_input(text):
    """An input that only says that there is none (``<noinput>``, "N/A", "없음") becomes empty."""
    return "" if _NO_INPUT.fullmatch(text.strip()) else text


def _without_fence(text):
    """Without a code fence around the whole answer; fences inside it stay."""
    found = re.fullmatch(r"(?P<preamble>[^`]*)```\w*\n(?P<inside>.*?)\n?```\s*", text, re.S)
    output = _PARTS["output"]
    if not found or output.search(found["preamble"]) or not output.search(found["inside"]):
        return text
    return f"{found['preamble']}\n{found['inside']}".strip("\n")


def _with_first_heading(text, start):
    """The text from its first task's heading on: the prompt's, unless the teacher repeated it."""
    first = _HEADING.search(text)
    if first:
        before = text[: first.start()]
        repeated = not before.strip() or _number(first) == start
        # A preamble ends in a colon or a blank line, and has no part of a task in it.
        preamble = not any(part.search(before) for part in _PARTS.values()) and (
            before.rstrip().endswith((":", "：")) or _number(first) in (1, start)
        )
        if repeated or preamble:
            return text[first.start() :]
    return f"{start}. Instruction: {text.lstrip()}"


def _number(heading):
    number = heading["number"] or heading["after"]
    return int(number) if number else None


def _split_tasks(text, start):
    """The bodies of the tasks, without their headings, in order; none is lost."""
    heads, starts = list(_HEADING.finditer(text)), []
    for i, head in enumerate(heads):
        end = heads[i + 1].start() if i + 1 < len(heads) else len(text)
        if not starts or _begins_task(text, starts[-1], head, end):
            starts.append(head)
    ends = [head.start() for head in starts[1:]] + [len(text)]
    bodies = [_trimmed(text[head.end() : end]) for head, end in zip(starts, ends, strict=True)]
    if len(bodies) == 1 and not _PARTS["output"].search(bodies[0]):
        return _plain_items(bodies[0], start)
    return bodies


def _begins_task(text, last, head, end):
    """Whether ``head``, in a text that speaks of tasks and instructions, is a heading of the list.

    A number that goes up says so ("5. Instruction:" after "4. …"). Without one, with one that does
    not go up, or with a word that answers use as well ("Task 7:"), it is a heading only where one
    task is over before it and another is whole after it.
    """
    if head["number"] and int(head["number"]) > (_number(last) or 0):
        return True
    output = _PARTS["output"]
    return bool(
        output.search(text, last.end(), head.start()) and output.search(text, head.end(), end)
    )


def _plain_items(body, start):
    """A list of bare instructions, "… 5. … 6. …": each is a task of its own, if a useless one."""
    marks = []
    for mark in _LIST_ITEM.finditer(body):
        if int(mark["number"]) == start + 1 + len(marks):
            marks.append(mark)
    ends = [mark.start() for mark in marks] + [len(body)]
    starts = [0] + [mark.end() for mark in marks]
    return [_trimmed(body[a:b]) for a, b in zip(starts, ends, strict=True)]


def _trimmed(body):
    body = _RULE.sub("", body.rstrip()).rstrip()
    if len(re.findall(r"```", body)) % 2 and body.endswith("```"):
        body = _RULE.sub("", body[:-3].rstrip()).rstrip()  # the end of a fence opened elsewhere
    return body


def _split_parts(body):
    """Instruction, input and output of one task's text: ``(task, fault)``, one of them None."""
    outputs, inputs = (list(_PARTS[name].finditer(body)) for name in ("output", "input"))
    # "Output:" may be a line of the task's own input; a numbered mark is the list's.
    output = next((mark for mark in outputs if mark["number"]), outputs[0] if outputs else None)
    if output is None:
        return None, "no output field"
    inputs = [mark for mark in inputs if mark.start() < output.start()]
    given = next((mark for mark in inputs if mark["number"]), inputs[0] if inputs else None)
    task = {
        "instruction": " ".join(body[: (given or output).start()].split()).strip("*_ "),
        "input": body[given.end() : output.start()].strip() if given else "",
        "output": body[output.end() :].strip(),
    }
    if not task["instruction"]:
        return None, "empty instruction"
    if _holds_another(task["output"], output):
        return None, "two tasks in one"
    return {**task, "input": normal_input(task["input"])}, None


def _holds_another(answer, mark):
    """Whether another task of the list, whose heading was not one, hides in an answer.

    Its parts give it away: an Output with another number, or one behind a ``###`` line.
    """
    others = list(_PARTS["output"].finditer(answer))
    if mark["number"]:
        return any(other["number"] and other["number"] != mark["number"] for other in others)
    rule = re.search(r"^[ \t]*(?:#{2,}|-{3,}|\*{3,})[ \t]*$", answer, re.M)
    return bool(rule and any(other.start() > rule.start() for other in others))
