"""Reading one task of a list: its instruction, input and output, or why it is none.

A task's text may hold several lines that look like "Output:", because inputs quote logs and answers
show what a program prints. The list's own is the one with the task's number, or in the style of the
other tasks. Where two tasks may be in one text, neither is kept: a merged task teaches nonsense.
"""

import re
import textwrap
from collections import Counter

from helpers.headings import Mark, is_frame, mark_of
from helpers.splitting import Body

_INLINE = re.compile(
    r"(?<=[\s.;,|])\**(?P<name>Input|Output|입력|출력|Masukan|Keluaran)\**[ \t]?[:：]\**[ \t]*"
)
_INPUTS = ("Input", "입력", "Masukan")
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
    swapped = given is not None and given.start > output.start
    parts = sorted([mark for mark in (given, output) if mark], key=lambda mark: mark.start)
    indent = _indent(text, body)
    instruction = _instruction(text, body.head, parts[0].start, indent)
    if not any(char.isalnum() for char in instruction):
        return None, "empty instruction"
    if _holds_another(text, body, output, parts[0].start, bare):
        return None, "two tasks in one"
    if sum((_style(m), m.number) == (_style(output), output.number) for m in body.of("output")) > 1:
        return None, "two output fields"
    ends = [mark.start for mark in parts[1:]] + [body.end]
    places = zip(parts, ends, strict=True)
    texts = {mark: field_of(text, mark, end, indent) for mark, end in places}
    said = texts[given] if given else ""
    if given and not swapped:
        said = _inputs(text, body, given, output) or said
    return {"instruction": instruction, "input": said, "output": trimmed(texts[output])}, None


def read_line(text: str) -> dict[str, str] | None:
    """A task written in one line ("Add 2 and 3. Input: none Output: 5"), or None."""
    found = list(_INLINE.finditer(text))
    names = [mark["name"] in _INPUTS for mark in found]
    if names not in ([True, False], [False]):
        return None
    ends = [mark.start() for mark in found[1:]] + [len(text)]
    parts = [text[mark.end() : end].strip(" |;\n") for mark, end in zip(found, ends, strict=True)]
    instruction = text[: found[0].start()].strip(" |;\n*")
    given = parts[0] if names[0] else ""
    return {"instruction": instruction, "input": given, "output": parts[-1]}


def trimmed(text: str) -> str:
    """A text without the rules, and the ends of fences around it, that follow it."""
    lines, popped = text.rstrip().split("\n"), []
    while lines and is_frame(lines[-1]):
        popped.append(lines.pop())
    fences = sum(line.count("```") for line in lines)
    closing = [line for line in reversed(popped) if line.strip() == "```"]
    if fences % 2 and closing:
        lines.append(closing[0])  # it ends a fence that begins inside the text
    return "\n".join(lines).rstrip()


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
        like_input = given and mark.start > given.start and mark.style == given.style
        return (
            _style(mark) == usual,
            bool(like_input),
            mark.look.before and mark.number == body.number,
            mark.look.before,
            given is not None and mark.start > given.start and mark.rank,
        )

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


def _instruction(text: str, head: Mark, end: int, indent: int) -> str:
    """A task's instruction, without bold type around it, without a title above it."""
    whole = _without_heading(trimmed(field_of(text, head, end, indent)))
    line, newline, rest = whole.partition("\n")
    bold = re.fullmatch(r"(\*\*|__)(?P<text>(?:(?!\1).)+)\1", line)
    titled = head.torn or bold or (head.decorated and not head.alone)
    if titled and newline and rest.strip() and head.rank < 2:
        plain = bold["text"] if bold else line
        if not plain.rstrip("* ").endswith(_TITLE_ENDS):
            return textwrap.dedent(rest).strip()
    if bold and not rest.strip():
        return bold["text"].strip()
    return whole


def _without_heading(text: str) -> str:
    """An instruction without the word "Instruction:" that some models write twice."""
    mark = mark_of(text.partition("\n")[0])
    return text[mark.end :] if mark and mark.kind == "head" and mark.rank == 2 else text


def _holds_another(text: str, body: Body, output: Mark, first: int, bare: bool) -> bool:
    """Whether another task of the list, whose heading was not one, hides in a task.

    In the instruction the next number or an Instruction gives it away; in the answer another
    Output, with another number, behind a rule or a heading, or where the list has no headings.
    """
    asks = [mark for mark in body.marks if mark.start < first]
    if any(mark.kind == "head" and mark.rank == 2 for mark in asks):
        return True
    if bare and any(mark.kind == "item" and mark.number == body.number + 1 for mark in asks):
        return True
    between = []
    for mark in body.marks:
        if mark.start <= output.start:
            continue
        if mark.kind == "output" and _is_of_another(text, output, mark, between, bare):
            return True
        between.append(mark)
    return False


def _is_of_another(text: str, output: Mark, other: Mark, between: list[Mark], bare: bool) -> bool:
    """Whether ``other``, an Output in an answer, is another task's; ``between`` are marks."""
    if output.look.before and other.look.before and output.number != other.number:
        return True
    kinds = {mark.kind for mark in between}
    if any(mark.kind == "head" and mark.rank == 2 for mark in between):
        return True
    if output.look.before:
        return False
    alike = (other.style, other.rank) == (output.style, output.rank)
    parted = "\n\n" in text[output.end : other.start].strip()
    return "rule" in kinds or (alike and ("input" in kinds or (bare and parted)))
