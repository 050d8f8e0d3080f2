"""Split a task list: which of the lines that look like headings begin a task of the list.

Answers contain headings and numbers too, so each candidate needs evidence. The best evidence is the
next number. The style of an earlier heading of the list is good evidence. A heading in a style of
its own must stand between two Output headings, because a task has only one. A number without a name
("5. Add 2 and 3.") must be the next one, otherwise it belongs to a list in an answer.
"""

from collections.abc import Set
from dataclasses import dataclass, replace

from helpers.data.reply_parsing.field_names import PROMPT_NAMES
from helpers.data.reply_parsing.headings import Heading, HeadingStyle, has_no_text
from helpers.data.reply_parsing.preamble import announces_list
from helpers.data.reply_parsing.reply_headings import LABELLED_LINE, ReplyHeadings, with_title
from helpers.data.reply_parsing.trailing_text import is_metadata
from helpers.data.reply_parsing.unnamed_headings import TaskStart, add_unnamed, bare_instructions

_NEARBY = 200  # headings to look back or ahead at: no task has more
# The heading that the prompt ended with: "4. Instruction:" in the prompt's language.
_PROMPT_STYLES = {HeadingStyle(number_before=True, name=name) for name in PROMPT_NAMES}


@dataclass(frozen=True)
class TaskSection:
    """The part of a reply that holds one task: its heading, and the headings inside it."""

    heading: Heading
    number: int  # the heading's, or counted if it has none
    end: int  # offset at which the section ends
    headings: list[Heading]

    def of(self, *kinds: str) -> list[Heading]:
        """The inner headings of these kinds, in order."""
        return [heading for heading in self.headings if heading.kind in kinds]


def split_tasks(text: str, start: int) -> list[TaskSection]:
    """The tasks of a list whose first task has the number ``start``, in order. No text is lost.

    The text before the first heading is the first task, because its heading stood in the prompt.
    If that text only announces the list, it is no task.
    """
    reply = ReplyHeadings(text, start)
    starts = add_unnamed(reply, _named_starts(reply, start))
    if len(starts) == 1 and not reply.of("output"):
        starts = bare_instructions(reply, starts[0])
    ends = [heading.start for heading, _ in starts[1:]] + [len(text)]
    return [
        TaskSection(heading, number, end, reply.between(heading.end, end))
        for (heading, number), end in zip(starts, ends, strict=True)
    ]


def _named_starts(reply: ReplyHeadings, start: int) -> list[TaskStart]:
    """The first task, and every task whose heading has a name."""
    first = _first_heading(reply, start)
    starts = [TaskStart(first, start if first.number is None else first.number)]
    list_styles = _PROMPT_STYLES | {first.style}
    candidates = reply.of("task")
    for i, heading in enumerate(candidates):
        last, number = starts[-1]
        if heading.start < last.end:
            continue
        below, above = heading.below_title, candidates[max(i - 1, 0)]
        if below and _title_is_of_answer(heading, below, above, starts[-1], list_styles):
            heading = below
        heading = _with_number_above(reply, heading, last, number + 1)
        following = candidates[i + 1 : i + 1 + _NEARBY]
        end = next((h.start for h in following if _ends_task(h, heading, number)), len(reply.text))
        if _begins_next_task(reply, heading, starts[-1], end, list_styles):
            number = number + 1 if heading.number is None else heading.number
            starts.append(TaskStart(heading, number))
            list_styles.add(heading.style)
    return starts


def _ends_task(other: Heading, heading: Heading, number: int) -> bool:
    """Whether ``other`` is as sure a sign as the ``heading`` before it, and so ends its task.

    ``number`` is that of the task before both.
    """
    if other.certainty == 2 or heading.certainty == 2:
        return other.certainty == 2
    if heading.number == number + 1:
        return other.number == number + 2
    evidence, other_evidence = (h.certainty + (h.number is not None) for h in (heading, other))
    return other_evidence >= evidence


def _title_is_of_answer(
    heading: Heading,
    below: Heading,
    above: Heading,
    last: TaskStart,
    list_styles: Set[HeadingStyle],
) -> bool:
    """Whether the title of ``heading`` belongs to the answer before it, with others like it.

    ``below`` is the heading without its title, ``above`` the candidate before it.
    """
    among_others = above.style == heading.style and last.heading.end <= above.start < heading.start
    wrong_number = heading.number != last.number + 1 and below.style in list_styles
    return heading.style not in list_styles and (among_others or wrong_number)


def _begins_next_task(
    reply: ReplyHeadings,
    heading: Heading,
    last: TaskStart,
    end: int,
    list_styles: Set[HeadingStyle],
) -> bool:
    """Whether a heading with a name begins a task of the list, after the task ``last``.

    ``end`` is the offset of the next heading with a name.
    """
    known, before, number = heading.style in list_styles, last.heading.end, last.number
    follows, later = heading.number == number + 1, (heading.number or 0) > number
    if follows and (heading.certainty == 2 or known):
        return True
    output, given = (reply.first(k, before, heading.start) for k in ("output", "input"))
    answer = reply.first("output", heading.end, end)
    if known and heading.certainty == 2:
        return bool(output or later or (heading.set_apart and not given))
    if heading.certainty == 2 and later and answer:
        return True
    if not output:
        return heading.certainty == 2 and heading.set_apart and heading.number is None
    if follows and heading.certainty == 1 and heading.set_apart and not answer:
        return bool(reply.first("input", heading.end, end))  # only its Output is missing
    if not answer:
        return False
    if follows and answer.style.number_before and answer.number == heading.number:
        return True
    if reply.last_places.get(number + 1, -1) > heading.start:
        return False  # the next number comes later: this heading is part of an answer
    return _is_between_outputs(reply, heading, last, answer)


def _is_between_outputs(
    reply: ReplyHeadings, heading: Heading, last: TaskStart, answer: Heading
) -> bool:
    """Whether a heading stands between the Output of the task ``last`` and its own, ``answer``."""
    output = reply.last("output", last.heading.end, heading.start)
    if not output:
        return False
    if reply.last("input", output.end, heading.start):
        return False  # part of an input
    if not reply.has_text(output.end, heading.start):
        return False  # part of an Output, which would be empty otherwise
    if heading.certainty == 2:
        return True
    items = [h for h in reply.between(output.end, answer.start)[:_NEARBY] if h.kind == "number"]
    follows = heading.number == last.number + 1
    if not follows and any(h.set_apart and (h.number or 0) > last.number for h in items):
        return False  # the list's headings are numbers alone
    first_output = reply.first("output", last.heading.end, heading.start)
    same_name = first_output is not None and answer.style.name == first_output.style.name
    return heading.certainty > 0 or same_name


def _with_number_above(
    reply: ReplyHeadings, heading: Heading, last: Heading, expected: int
) -> Heading:
    """The heading joined with a number that stands above it: "**5.**" or "5. Arithmetic"."""
    item = reply.before(heading)
    if not item or item.kind != "number" or item.start < last.end or heading.number is not None:
        return heading
    adjacent = not reply.has_text(item.end, heading.start)
    belongs = adjacent and (item.decorated or item.number == expected)
    titled = item.number == expected and (item.set_apart or item.decorated)
    if heading.certainty == 2:
        on_next_line = titled and reply.text.count("\n", item.end, heading.start) == 1
        if belongs or on_next_line:
            return with_title(item, heading)
    named = titled and heading.certainty > 0 and _is_name(reply.text[item.end : heading.start])
    return with_title(item, heading) if named else heading


def _is_name(title: str) -> bool:
    """Whether a text is a task's name ("5) Sums"), with nothing but labelled lines below it."""
    name, *below = title.split("\n")
    labelled = all(has_no_text(line) or LABELLED_LINE.match(line) for line in below)
    return labelled and len(name) < 80 and not name.rstrip().endswith((".", "?", "!", "。"))


def _first_heading(reply: ReplyHeadings, start: int) -> Heading:
    """The heading of the first task; an empty one if that stood in the prompt."""
    outputs = reply.of("output")
    limit = outputs[0].start if outputs else len(reply.text)
    region = [heading for heading in reply.headings if heading.start < limit]
    for kind in ("task", "number"):
        headings = [heading for heading in region if heading.kind == kind]
        if not headings:
            continue
        heading = headings[0]
        several = any(other.style == heading.style for other in headings[1:])
        if kind == "task":
            for number in (start, 1):
                heading = _with_number_above(reply, heading, replace(heading, end=0), number)
        if _opens_list(reply, heading, several, start, bool(outputs)):
            return heading
    return Heading("task", 0, 0, start, style=HeadingStyle(number_before=True, name="instruction"))


def _opens_list(
    reply: ReplyHeadings, heading: Heading, several: bool, start: int, answered: bool
) -> bool:
    """Whether a heading is the list's first one, with nothing of a task before it.

    ``several`` says that the first task would hold more headings in its style, ``answered`` that
    the reply has an Output.
    """
    if not reply.has_text(0, heading.start):
        if heading.kind == "number":
            first_of_one = heading.number == 1 and not several
            return answered and (heading.number == start or first_of_one)
        return heading.certainty == 2 or not several
    before = reply.text[: heading.start].strip("` \t\n")
    lines = [line for line in before.split("\n") if line.strip()]
    if announces_list(before) or all(is_metadata(line, heading.number) for line in lines):
        return heading.certainty == 2 or answered
    if heading.kind == "number" and not (answered and heading.set_apart):
        return False
    if heading.number == start:
        return heading.certainty == 2 or (heading.set_apart and not several)
    introduced = before.endswith((":", "：")) and not several and heading.kind == "task"
    return (
        introduced and heading.number in (None, 1) and (heading.certainty == 2 or heading.set_apart)
    )
