"""Read the instruction, input and output of one task of a list, or say why that is impossible.

A task's text may hold several lines that look like "Output:", because inputs quote logs and answers
show what a program prints. ``own_headings`` finds the task's own headings, ``field_text`` the text
below them. If two tasks may be in one text, none is kept: a merged task would teach nonsense.
"""

import re
from collections.abc import Sequence

from helpers.data.reply_parsing.field_text import (
    field_text,
    instruction_text,
    numbered_inputs,
    shared_indent,
    without_metadata,
)  # fmt: skip
from helpers.data.reply_parsing.headings import Heading
from helpers.data.reply_parsing.hidden_tasks import holds_another_task
from helpers.data.reply_parsing.one_line_tasks import with_inline_input
from helpers.data.reply_parsing.own_headings import OutputStyle, output_style, own_input, own_output
from helpers.data.reply_parsing.task_splitting import TaskSection
from helpers.data.reply_parsing.trailing_text import is_metadata, without_separators
from helpers.files.row_shapes import Task

_LABEL = re.compile(r"[*_]{0,3}[^\W\d_][\w /&\-]{0,30}[*_]{0,3}[ ]?[:：]")


def read_task(
    text: str,
    section: TaskSection,
    common_style: OutputStyle | None = None,
    numbers_only: bool = False,
) -> Task | str:
    """The task in a section of the reply ``text``, or the reason why it cannot be read.

    ``common_style`` is the style of most Output headings in the list. ``numbers_only`` says that
    the list's tasks have no named headings. Then a task may begin where no heading shows it.
    """
    output = own_output(section, common_style)
    if output is None:
        return "no output field"
    given = own_input(section, output)
    parts = sorted([h for h in (given, output) if h], key=lambda heading: heading.start)
    extra = _extra_fields(text, section, output)
    indent = shared_indent(text, section)
    limits = [*(heading.start for heading in parts), section.end]
    headings = [section.heading, *parts]
    ends = [_end_of(h, extra, limit) for h, limit in zip(headings, limits, strict=True)]
    instruction = instruction_text(text, section, ends[0], indent)
    if parts[0].decorated:
        instruction = without_metadata(instruction, section.number)
    fault = _fault(text, section, output, parts, instruction, numbers_only)
    if fault:
        return fault
    if any(h.start < output.start and not _is_metadata_field(text, h) for h in extra):
        return "a field that is not known"
    texts = {h: field_text(text, h, end, indent) for h, end in zip(parts, ends[1:], strict=True)}
    if given is None:
        instruction, input_text = with_inline_input(instruction, section.number)
    else:
        several = numbered_inputs(text, section, given, output)
        input_text = several or texts[given]
    answer = without_separators(texts[output])
    return {"instruction": instruction, "input": input_text, "output": answer}


def _fault(
    text: str,
    section: TaskSection,
    output: Heading,
    parts: Sequence[Heading],
    instruction: str,
    numbers_only: bool,
) -> str | None:
    """Why a task with an Output cannot be kept, or None. ``parts`` are its Input and Output."""
    if not any(char.isalnum() for char in instruction):
        return "empty instruction"
    if holds_another_task(text, section, output, parts[0], numbers_only):
        return "two tasks in one"
    alike = [
        heading
        for heading in section.of("output")
        if (output_style(heading), heading.number) == (output_style(output), output.number)
    ]
    return "two output fields" if len(alike) > 1 else None


def _extra_fields(text: str, section: TaskSection, output: Heading) -> list[Heading]:
    """Fields other than input and output, in a list that numbers all fields: "4. Note: …"."""
    if not output.style.number_before:
        return []
    extra, above = [], section.heading
    for heading in section.headings:
        in_list = above.kind == "number" and above.number == section.number - 1
        above = heading
        if heading.number != section.number or in_list:
            continue
        after_output = heading.start > output.start
        is_first = after_output and not text[output.end : heading.start].strip()
        if not is_first and _is_extra_field(text, heading, after_output):
            extra.append(heading)
    return extra


def _is_extra_field(text: str, heading: Heading, after_output: bool) -> bool:
    """Whether a heading with the task's number names a field of its own."""
    if heading.kind == "number":
        return bool(_LABEL.match(text, heading.end))
    uncertain = heading.certainty < 2 and heading.style.number_before
    return after_output and heading.kind == "task" and uncertain


def _is_metadata_field(text: str, heading: Heading) -> bool:
    """Whether a field only describes the task, so that the task is complete without it."""
    line = text[heading.start : heading.end + 60].partition("\n")[0]
    return is_metadata(line, heading.number)


def _end_of(heading: Heading, extra: Sequence[Heading], limit: int) -> int:
    """Where the text of a heading ends: at the first extra field after it, or at the limit."""
    return min([h.start for h in extra if heading.end < h.start < limit], default=limit)
