"""Reading one task of a list: its instruction, input and output, or why it is none.

A task's text may hold several lines that look like "Output:", because inputs quote logs and answers
show what a program prints. The list's own is the one with the task's number, or in the style of the
other tasks. Where two tasks may be in one text, neither is kept: a merged task teaches nonsense.
"""

import re
import textwrap
from collections import Counter

from helpers.data.parsing.headings import Mark, is_frame, mark_of
from helpers.data.parsing.one_line_tasks import with_inline_input
from helpers.data.parsing.splitting import Body
from helpers.data.parsing.tails import is_note, trimmed

_LABEL = re.compile(r"[*_]{0,3}[^\W\d_][\w /&\-]{0,30}[*_]{0,3}[ ]?[:：]")
_WORD = re.compile(r"\S")
_TITLE_ENDS = (".", "?", "!", ":", "。", "？", "！", "：", ",")


def usual_output(bodies: list[Body]) -> tuple | None:
    """The style of Output headings that most tasks of a list have, None if it is one task's."""
    outputs = [body.of("output") for body in bodies]
    held = Counter(style for marks in outputs for style in {_style(mark) for mark in marks})
    first = Counter(_style(marks[0]) for marks in outputs if marks)
    style = max(held, key=lambda style: (held[style], first[style]), default=None)
    return style if held[style] > 1 else None


def read_task(
    text: str, body: Body, usual: tuple | None = None, bare: bool = False
) -> tuple[dict[str, str] | None, str | None]:
    """``(task, None)`` for one task of a list, or ``(None, why it cannot be read)``.

    ``usual`` is the style of the list's Output headings; ``bare`` says that the list's tasks have
    no named headings, so that one may begin where no mark shows it.
    """
    output = _output(body, usual)
    if output is None:
        return None, "no output field"
    given = _input(body, output)
    parts = sorted([mark for mark in (given, output) if mark], key=lambda mark: mark.start)
    notes = _notes(text, body, output)
    indent = _indent(text, body)
    begins = [mark.start for mark in parts] + [body.end]
    ends = [
        _end_of(mark, notes, end) for mark, end in zip([body.head, *parts], begins, strict=True)
    ]
    instruction = _instruction(text, body, ends[0], indent)
    if parts[0].decorated:
        instruction = _without_notes(instruction, body.number)
    fault = _fault(text, body, output, parts, instruction, bare)
    if fault or any(mark.start < output.start for mark in notes if not _is_note(text, mark)):
        return None, fault or "a field that is not known"
    texts = {m: field_of(text, m, end, indent) for m, end in zip(parts, ends[1:], strict=True)}
    said = texts[given] if given else ""
    if given and given.start < output.start:
        said = _inputs(text, body, given, output) or said
    elif not given:
        instruction, said = with_inline_input(instruction, body.number)
    return {"instruction": instruction, "input": said, "output": trimmed(texts[output])}, None


def _fault(
    text: str, body: Body, output: Mark, parts: list[Mark], instruction: str, bare: bool
) -> str | None:
    """Why a task with an Output cannot be kept, or None."""
    if not any(char.isalnum() for char in instruction):
        return "empty instruction"
    if _holds_another(text, body, output, parts, bare):
        return "two tasks in one"
    alike = [
        m for m in body.of("output") if (_style(m), m.number) == (_style(output), output.number)
    ]
    return "two output fields" if len(alike) > 1 else None


def _notes(text: str, body: Body, output: Mark) -> list[Mark]:
    """Fields of our task that are none of ours, in a list that numbers all: "4. Note: …"."""
    if not output.look.before:
        return []
    notes, above = [], body.head
    for mark in body.marks:
        numbered = mark.kind == "item" or (
            mark.kind == "head" and mark.rank < 2 and mark.look.before
        )
        listed = above.kind == "item" and above.number == body.number - 1
        empty = mark.start > output.start and not text[output.end : mark.start].strip()
        named = mark.kind == "item" and _LABEL.match(text, mark.end)
        after = mark.kind == "head" and mark.start > output.start
        if (
            numbered
            and mark.number == body.number
            and not listed
            and not empty
            and (named or after)
        ):
            notes.append(mark)
        above = mark
    return notes


def _is_note(text: str, mark: Mark) -> bool:
    """Whether a field says only of which sort the task is, so that nothing is lost without it."""
    return is_note(text[mark.start : mark.end + 60].partition("\n")[0], mark.number)


def _end_of(mark: Mark, notes: list[Mark], end: int) -> int:
    """Where the text of a heading ends: at the next part of the task, or at a note before it."""
    return min([note.start for note in notes if mark.end < note.start < end], default=end)


def _without_notes(instruction: str, number: int) -> str:
    """An instruction without lines after it such as "**Difficulty:** easy"."""
    lines = instruction.split("\n")
    while len(lines) > 1 and (is_note(lines[-1], number) or not lines[-1].strip()):
        lines.pop()
    return "\n".join(lines)


def field_of(text: str, mark: Mark, end: int, indent: int = 0) -> str:
    """The text that a heading announces, up to a place, without what belongs to the heading.

    ``indent`` is by how many spaces the list indents all the lines of a task.
    """
    field = text[mark.end : end]
    if mark.torn:
        line, newline, rest = field.partition("\n")
        field = line.replace("**", "", 1) + newline + rest
    look = (mark.under or mark).look
    if look.bracket == "<":
        field = re.sub(rf"</{re.escape(look.name)}>.*", "", field, flags=re.S | re.I)
    if indent:
        field = re.sub(rf"^ {{1,{indent}}}", "", field, flags=re.M)
    begins_below = field[: len(field) - len(field.lstrip())].count("\n")
    return textwrap.dedent(field).strip() if begins_below else field.strip()


def _indent(text: str, body: Body) -> int:
    """By how many spaces the lines of a task are set in under its first one, if they all are."""
    marks = [mark.indent for mark in body.of("input", "output")]
    lines = [line for line in text[body.head.end : body.end].split("\n")[1:] if not is_frame(line)]
    return min(marks + [len(line) - len(line.lstrip(" ")) for line in lines], default=0)


def _style(mark: Mark) -> tuple:
    return mark.look.name, mark.look.before, mark.look.signs


def _output(body: Body, usual: tuple | None) -> Mark | None:
    """The Output heading of a task: by its number, its style, its name, or the first of all."""
    outputs, inputs = body.of("output"), body.of("input")
    if not outputs:
        return None
    given = inputs[0] if inputs else None
    if given and given.start > outputs[0].start and not _is_in_instruction(outputs, given):
        given = None

    def fitness(mark: Mark) -> tuple:
        """Reasons to think that a mark is the list's own Output, the best first."""
        after_input = given is not None and mark.start > given.start
        as_in_other_tasks = _style(mark) == usual
        as_the_input = after_input and mark.style == given.style
        with_our_number = mark.look.before and mark.number == body.number
        sure_name = mark.rank if after_input else 0
        return as_in_other_tasks, as_the_input, with_our_number, mark.look.before, sure_name

    return max(outputs, key=fitness)


def _is_in_instruction(outputs: list[Mark], given: Mark) -> bool:
    """Whether the first Output stands before the Input because the instruction speaks of it."""
    after = [mark for mark in outputs if mark.start > given.start]
    return any(mark.rank > outputs[0].rank and mark.style == given.style for mark in after)


def _input(body: Body, output: Mark) -> Mark | None:
    """The Input heading of a task; a few models call it Context, or write it after the Output."""
    inputs = body.of("input")
    before = [mark for mark in inputs if mark.start < output.start]
    if before:
        return max(before, key=lambda mark: mark.look.before == output.look.before)
    contexts = [mark for mark in body.of("context") if mark.start < output.start]
    contexts = [mark for mark in contexts if mark.style == output.style]
    if contexts:
        return contexts[0]
    after = [mark for mark in inputs if mark.style == output.style]
    lone = len(after) == 1 and body.of("output")[-1].start < after[0].start
    return after[0] if lone and (output.decorated or output.look.before) else None


def _inputs(text: str, body: Body, given: Mark, output: Mark) -> str | None:
    """Several inputs with numbers of their own ("Input 1: …", "Input 2: …") as one text."""
    marks = [mark for mark in body.of("input") if given.start <= mark.start < output.start]
    if len(marks) < 2 or any(mark.look != given.look or not mark.look.after for mark in marks):
        return None
    ends = [mark.start for mark in marks[1:]] + [output.start]
    return "\n".join(text[mark.label : end].strip() for mark, end in zip(marks, ends, strict=True))


def _instruction(text: str, body: Body, end: int, indent: int) -> str:
    """A task's instruction, without bold type around it, without a title above it."""
    head = body.head
    whole = _without_headings(trimmed(field_of(text, head, end, indent)), body)
    line, newline, rest = whole.partition("\n")
    bold = re.fullmatch(r"(\*\*|__)(?P<text>(?:(?!\1).)+)\1", line)
    titled = head.torn or bold or (head.decorated and not head.alone)
    if titled and newline and rest.strip() and head.rank < 2:
        plain = bold["text"] if bold else line
        if not plain.rstrip("* ").endswith(_TITLE_ENDS):
            return _without_headings(textwrap.dedent(rest).strip(), body)
    if bold and not rest.strip():
        return bold["text"].strip()
    return whole


def _without_headings(text: str, body: Body) -> str:
    """An instruction without a heading that some models write twice ("Instruction: Task 4: …")."""
    for _ in range(2):
        line = text.partition("\n")[0]
        mark = mark_of(line)
        if not mark or mark.kind not in ("head", "item") or not line[mark.end :].strip():
            return text if not mark or mark.kind != "head" or mark.rank < 2 else text[mark.end :]
        own = mark.number in (None, body.number) and mark.rank > 0
        counted = mark.number == body.number and bool(body.head.look.name)
        if not (own or (counted and not _goes_on(text, mark))):
            return text
        text = text[mark.end :].lstrip() if mark.kind == "item" else text[mark.end :]
    return text


def _goes_on(text: str, item: Mark) -> bool:
    """Whether an instruction is a list that begins with this item."""
    marks = [mark_of(line) for line in text.split("\n")[1:] if line.strip()]
    return any(m and m.kind == item.kind and m.number == item.number + 1 for m in marks)


def _holds_another(text: str, body: Body, output: Mark, parts: list[Mark], bare: bool) -> bool:
    """Whether another task of the list, whose heading was not one, hides in a task.

    In the instruction the next number or an Instruction gives it away; in the input the next
    number; in the answer another Output, with another number, behind a rule or a heading, or where
    the list has no headings.
    """
    asks = [mark for mark in body.marks if mark.start < parts[0].start]
    if any(mark.kind == "head" and mark.rank == 2 for mark in asks):
        return True
    if bare and any(mark.kind == "item" and mark.number == body.number + 1 for mark in asks):
        return True
    if _begins_in_input(text, body, parts[0], output, bare):
        return True
    return _holds_another_answer(text, body, output, bare)


def _holds_another_answer(text: str, body: Body, output: Mark, bare: bool) -> bool:
    """Whether an answer holds the Output of another task."""
    kinds, asked, gap = set(), False, _second_paragraph(text, output.end)
    for mark in body.marks:
        if mark.start <= output.start:
            continue
        if mark.kind == "output":
            parted = bare and gap < mark.start
            if asked or _is_of_another(output, mark, kinds, parted):
                return True
        kinds.add(mark.kind)
        asked = asked or (mark.kind == "head" and mark.rank == 2)
    return False


def _second_paragraph(text: str, begin: int) -> int:
    """Where the second paragraph of a text begins, or its end."""
    first = _WORD.search(text, begin)
    blank = text.find("\n\n", first.start()) if first else -1
    second = _WORD.search(text, blank) if blank >= 0 else None
    return second.start() if second else len(text)


def _begins_in_input(text: str, body: Body, given: Mark, output: Mark, bare: bool) -> bool:
    """Whether an input holds the heading of a later task: a rule, or a number without a list."""
    inside = [m for m in body.marks if given.start < m.start < output.start]
    if body.head.kind == "rule" and any(mark.kind == "rule" for mark in inside):
        return True
    item = next((mark for mark in inside if mark.kind == "item"), None)
    if not item or item.number <= body.number:
        return False
    if output.look.before and output.number == item.number and given.look.before:
        return given.number != output.number and item.apart
    said = text[given.end : item.start]
    first = mark_of(said.partition("\n")[0])
    listed = first is not None and first.kind == "item"
    follows = item.number == body.number + 1 or (item.apart and bool(said.strip()))
    return bare and follows and not listed


def _is_of_another(output: Mark, other: Mark, kinds: set[str], parted: bool) -> bool:
    """Whether ``other``, an Output in an answer, is another task's.

    ``kinds`` are those of the marks between them, ``parted`` says that a blank line alone parts
    two tasks of this list, and that there is one.
    """
    if output.look.before and other.look.before and output.number != other.number:
        return True
    if output.look.before:
        return False
    alike = (other.style, other.rank) == (output.style, output.rank)
    return "rule" in kinds or (alike and ("input" in kinds or parted))
