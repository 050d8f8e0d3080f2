"""Reading what a teacher wrote, and telling what should not be kept.

Beside :mod:`helpers.generate` because it is another idea: text in, tasks and reasons out, with no
model and no loop. Tasks never merge, a task that was cut is never kept, and nothing is dropped
without a reason.
"""

import re

from helpers.metrics import repetition
from helpers.similarity import rouge_l

CUT = ("length", "content_filter")  # finish reasons that leave an answer unfinished

_HEADING = re.compile(
    r"^[ \t]*(?:#{2,}[ \t]*)?\**(\d+)[.)]\**[ \t]*\**Instruction\**[ \t]*:\**[ \t]*", re.M | re.I
)
_PART = re.compile(
    r"^[ \t]*\**(\d+[.)])?\**[ \t]*\**(Input|Output)\**[ \t]*:\**[ \t]*", re.M | re.I
)
_NO_INPUT = re.compile(r"^\W*(no ?input|none|n/?a|not applicable|empty)\W*$", re.I)
_REFUSAL = re.compile(
    r"^(i['’]?m (so )?(sorry|afraid)|i apologi[sz]e|sorry\b|as an? (ai|language model)|"
    r"i (can(no|'|’)t|can not|am not able|am unable|don['’]?t have))",
    re.I,
)
_ABSENT = re.compile(
    r"\b((this|that|these|those|the (following|above|given|last|previous)) "
    r"(sentence|sentences|text|paragraph|passage|message|email|e-mail|list|poem|story|code|table|"
    r"image|picture|photo|video|article|review|recipe|rule|word|words|activities|two|items)|"
    r"your (recipe|list|story|last|previous|message|answer|response))\b",
    re.I,
)
_NEEDS_TOOLS = re.compile(
    r"\b(image|picture|photo|video|graph|chart|draw|plot|file|website|link)s?\b", re.I
)
_ODD_OPENING = re.compile(r"\s*[^\w\s\"'“‘¿¡]")


def parse_completion(text, start, finish_reason):
    """Tasks out of one task-list completion: ``(tasks, drops)``.

    ``start`` is the number of the first task, whose heading ``"{start}. Instruction:"`` stood at
    the end of the prompt. ``tasks`` are dicts with instruction, input, output. ``drops`` are dicts
    with ``reason`` and ``text``: a last task cut by ``finish_reason == "length"``, or one without
    a part it needs. A task ends where the next numbered heading begins, never at a bare ``###``
    or a number, which answers contain too.
    """
    text = text.replace("\r\n", "\n").strip("\n")
    first = _HEADING.search(text)
    if first and (not text[: first.start()].strip() or int(first.group(1)) == start):
        text = text[first.start() :]  # the teacher wrote the heading again, after a preamble or not
    else:
        text = f"{start}. Instruction: {text.lstrip()}"
    heads = list(_HEADING.finditer(text))
    tasks, drops = [], []
    for i, head in enumerate(heads):
        end = heads[i + 1].start() if i + 1 < len(heads) else len(text)
        body = re.sub(r"\n(#{2,}|-{3,})\s*$", "", text[head.end() : end].rstrip()).rstrip()
        if finish_reason in CUT and i + 1 == len(heads):
            drops.append({"reason": "cut by the length limit", "text": body})
            continue
        task, fault = _split_task(body)
        if fault:
            drops.append({"reason": fault, "text": body})
        else:
            tasks.append(task)
    return tasks, drops


def _split_task(body):
    """Instruction, input and output of one task's text: ``(task, fault)``, one of them None."""
    found = list(_PART.finditer(body))
    numbered = [mark for mark in found if mark.group(1)]
    marks = {}
    # "Output:" may be a line of the task's own input; a numbered mark is the list's.
    for mark in numbered or found:
        marks.setdefault(mark.group(2).lower(), mark)
    if "output" not in marks:
        return None, "no output field"
    output, given = marks["output"], marks.get("input")
    if given and given.start() > output.start():
        given = None
    task = {
        "instruction": " ".join(body[: (given or output).start()].split()),
        "input": body[given.end() : output.start()].strip() if given else "",
        "output": body[output.end() :].strip(),
    }
    if _NO_INPUT.match(task["input"]):
        task["input"] = ""
    if not task["instruction"]:
        return None, "empty instruction"
    return task, None


def fault_of(task):
    """Why a task should not be kept, as ``(reason, filter)``, or None. Novelty is judged later."""
    instruction, answer = task["instruction"], task["output"].strip()
    words = len(instruction.split())
    absent = not task["input"] and _ABSENT.search(instruction) and not _quotes(instruction)
    checks = (
        (words < 4, "instruction too short", "length"),
        (words > 80, "instruction too long", "length"),
        (bool(_ODD_OPENING.match(instruction)), "opening punctuation", "opening"),
        ("<|" in instruction + answer, "chat markup in the text", "markup"),
        (bool(absent), "refers to something that is not there", "absent"),
        (bool(_NEEDS_TOOLS.search(instruction)), "needs a picture, file or website", "tools"),
        (not answer, "empty output", "empty"),
        (bool(_REFUSAL.match(answer)), "refusal", "refusal"),
        (repetition(answer) > 0.2 or _repeats_lines(answer), "output repeats itself", "repetition"),
        (rouge_l(instruction, answer) > 0.7, "output repeats the instruction", "echo"),
    )
    return next(((reason, name) for bad, reason, name in checks if bad), None)


def _quotes(text):
    """Whether the text brings the thing it speaks of: a quotation, a colon or a second line."""
    return bool(re.search(r"[\"“'‘].{3,}[\"”'’]|:\s*\S|\n\s*\S", text))


def _repeats_lines(text):
    lines = [re.sub(r"^\W*\d*\W*", "", line).strip().lower() for line in text.splitlines()]
    lines = [line for line in lines if line]
    return len(lines) - len(set(lines)) > 0
