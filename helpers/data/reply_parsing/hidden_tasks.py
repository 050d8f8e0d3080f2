"""Detect a second task inside a task, whose heading was not recognised as one.

In an instruction, the next number or the word "Instruction" reveals it, in an input the next
number. In an answer, another Output reveals it if it has another number, stands behind a separator
or a heading, or belongs to a list without headings.
"""

import re
from collections.abc import Set

from helpers.data.reply_parsing.headings import Heading, heading_of
from helpers.data.reply_parsing.task_splitting import TaskSection

_NO_SPACE = re.compile(r"\S")


def holds_another_task(
    text: str, section: TaskSection, output: Heading, first: Heading, numbers_only: bool
) -> bool:
    """Whether another task hides in a section of the reply ``text``.

    ``output`` is the task's own Output heading and ``first`` its Input or Output, whichever comes
    first. ``numbers_only`` says that the list's tasks have no named headings.
    """
    in_instruction = [heading for heading in section.headings if heading.start < first.start]
    if any(heading.kind == "task" and heading.certainty == 2 for heading in in_instruction):
        return True
    following = ("number", section.number + 1)
    if numbers_only and any((h.kind, h.number) == following for h in in_instruction):
        return True
    if _is_in_input(text, section, first, output, numbers_only):
        return True
    return _is_in_answer(text, section, output, numbers_only)


def _is_in_input(
    text: str, section: TaskSection, given: Heading, output: Heading, numbers_only: bool
) -> bool:
    """Whether an input holds the heading of a later task: a separator or a number."""
    inside = [h for h in section.headings if given.start < h.start < output.start]
    if section.heading.kind == "separator" and any(h.kind == "separator" for h in inside):
        return True
    item = next((heading for heading in inside if heading.kind == "number"), None)
    if not item or item.number is None or item.number <= section.number:
        return False
    all_numbered = output.style.number_before and given.style.number_before
    if all_numbered and output.number == item.number:
        return given.number != output.number and item.set_apart
    input_text = text[given.end : item.start]
    first = heading_of(input_text.partition("\n")[0])
    in_list = first is not None and first.kind == "number"
    set_apart = item.set_apart and bool(input_text.strip())
    follows = item.number == section.number + 1 or set_apart
    return numbers_only and follows and not in_list


def _is_in_answer(text: str, section: TaskSection, output: Heading, numbers_only: bool) -> bool:
    """Whether an answer holds the Output of another task."""
    kinds: set[str] = set()  # of the headings since the Output
    named = False  # whether an Instruction is among them
    second_paragraph = _second_paragraph(text, output.end)
    for heading in section.headings:
        if heading.start <= output.start:
            continue
        if heading.kind == "output":
            in_paragraph = numbers_only and second_paragraph < heading.start
            if named or _is_of_another_task(output, heading, kinds, in_paragraph):
                return True
        kinds.add(heading.kind)
        named = named or (heading.kind == "task" and heading.certainty == 2)
    return False


def _is_of_another_task(
    output: Heading, other: Heading, kinds: Set[str], in_paragraph: bool
) -> bool:
    """Whether ``other``, an Output in an answer, belongs to another task than ``output``.

    ``kinds`` are those of the headings between both. ``in_paragraph`` says that a blank line alone
    separates two tasks of this list, and that one stands between both headings.
    """
    if output.style.number_before:
        return other.style.number_before and output.number != other.number
    if "separator" in kinds:
        return True
    alike = other.shared_style == output.shared_style and other.certainty == output.certainty
    return alike and ("input" in kinds or in_paragraph)


def _second_paragraph(text: str, begin: int) -> int:
    """The offset of the second paragraph after ``begin``, or the end of the text."""
    first = _NO_SPACE.search(text, begin)
    blank = text.find("\n\n", first.start()) if first else -1
    second = _NO_SPACE.search(text, blank) if blank >= 0 else None
    return second.start() if second else len(text)
