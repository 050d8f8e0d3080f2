"""Extract the text of a field: without its heading, its indent, and bold type around it."""

import re
import textwrap

from helpers.data.reply_parsing.headings import Heading, has_no_text, heading_of
from helpers.data.reply_parsing.task_splitting import TaskSection
from helpers.data.reply_parsing.trailing_text import is_metadata, without_separators

_NOT_A_TITLE = (".", "?", "!", ":", "。", "？", "！", "：", ",")  # a line with such an end


def field_text(text: str, heading: Heading, end: int, indent: int = 0) -> str:
    """The text that a heading announces, from the heading to the offset ``end``.

    ``indent`` is the number of spaces by which the list indents the lines of a task.
    """
    field = text[heading.end : end]
    if heading.splits_bold:
        line, newline, rest = field.partition("\n")
        field = line.replace("**", "", 1) + newline + rest
    style = (heading.below_title or heading).style
    if style.bracket == "<":
        field = re.sub(rf"</{re.escape(style.name)}>.*", "", field, flags=re.S | re.I)
    if indent:
        field = re.sub(rf"^ {{1,{indent}}}", "", field, flags=re.M)
    begins_below = "\n" in field[: len(field) - len(field.lstrip())]
    return textwrap.dedent(field).strip() if begins_below else field.strip()


def shared_indent(text: str, section: TaskSection) -> int:
    """The number of spaces by which all lines of a task below its first one are indented."""
    indents = [heading.indent for heading in section.of("input", "output")]
    lines = text[section.heading.end : section.end].split("\n")[1:]
    indents += [len(line) - len(line.lstrip(" ")) for line in lines if not has_no_text(line)]
    return min(indents, default=0)


def numbered_inputs(text: str, section: TaskSection, given: Heading, output: Heading) -> str | None:
    """Several inputs with numbers of their own ("Input 1: …", "Input 2: …") as one text."""
    inputs = [h for h in section.of("input") if given.start <= h.start < output.start]
    if len(inputs) < 2:
        return None
    if any(h.style != given.style or not h.style.number_after for h in inputs):
        return None
    ends = [heading.start for heading in inputs[1:]] + [output.start]
    texts = [text[h.name_start : end].strip() for h, end in zip(inputs, ends, strict=True)]
    return "\n".join(texts)


def instruction_text(text: str, section: TaskSection, end: int, indent: int) -> str:
    """A task's instruction, without bold type around it and without a title above it."""
    heading = section.heading
    extracted = without_separators(field_text(text, heading, end, indent))
    whole = _without_second_heading(extracted, section)
    line, newline, rest = whole.partition("\n")
    bold = re.fullmatch(r"(\*\*|__)(?P<text>(?:(?!\1).)+)\1", line)
    titled = heading.splits_bold or bold or (heading.decorated and not heading.fills_line)
    if titled and newline and rest.strip() and heading.certainty < 2:
        title = bold["text"] if bold else line
        if not title.rstrip("* ").endswith(_NOT_A_TITLE):
            return _without_second_heading(textwrap.dedent(rest).strip(), section)
    if bold and not rest.strip():
        return bold["text"].strip()
    return whole


def without_metadata(instruction: str, number: int) -> str:
    """An instruction without lines at its end such as "**Difficulty:** easy".

    ``number`` is the task's number.
    """
    lines = instruction.split("\n")
    while len(lines) > 1 and (is_metadata(lines[-1], number) or not lines[-1].strip()):
        lines.pop()
    return "\n".join(lines)


def _without_second_heading(text: str, section: TaskSection) -> str:
    """An instruction without a heading that a model wrote twice ("Instruction: Task 4: …")."""
    for _ in range(2):
        line = text.partition("\n")[0]
        heading = heading_of(line)
        if not heading or heading.kind not in ("task", "number"):
            return text
        if not line[heading.end :].strip():
            named = heading.kind == "task" and heading.certainty == 2
            return text[heading.end :] if named else text
        same_number = heading.number == section.number
        own = heading.certainty > 0 and (same_number or heading.number is None)
        counted = same_number and bool(section.heading.style.name)
        if not (own or (counted and not _begins_list(text, heading))):
            return text
        text = text[heading.end :]
        text = text.lstrip() if heading.kind == "number" else text
    return text


def _begins_list(text: str, item: Heading) -> bool:
    """Whether an instruction is a list that begins with this item."""
    headings = [heading_of(line) for line in text.split("\n")[1:] if line.strip()]
    following = (item.kind, (item.number or 0) + 1)
    return any(h and (h.kind, h.number) == following for h in headings)
