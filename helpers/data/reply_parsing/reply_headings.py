"""List all headings of a reply in order, and look them up by kind and place.

Lines inside a code block are not headings. A fence around tasks of the list, or one that was never
closed, is no code block. A title and the heading below it count as one heading.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace

from helpers.data.reply_parsing.code_fences import code_blocks
from helpers.data.reply_parsing.headings import Heading, has_no_text, heading_of

_FENCES = ("```", "~~~")
_NO_PROGRAMMING_LANGUAGE = ("", "text", "txt", "markdown", "md", "plaintext")
_LINE = re.compile(r"[^\n]+")
LABELLED_LINE = re.compile(r"\W*\w[\w ]{0,30}\W{0,4}[:：]")  # "**Category:** maths", below a title
_KINDS = ("task", "number", "separator", "input", "context", "output")


class ReplyHeadings:
    """The text of a reply, and its headings.

    ``start`` is the number of the list's first task. A heading without a colon counts only on a
    complete line, that is, before a newline. ``best_output`` is the highest certainty of an Output
    heading in the reply. ``last_places`` maps a task's number to the offset of the last Instruction
    heading with it.
    """

    def __init__(self, text: str, start: int) -> None:
        self.text = text
        self.headings = _without_quoted(text, _join_titles(text, _headings(text, start)))
        self._starts = [heading.start for heading in self.headings]
        self._of_kind = {kind: [h for h in self.headings if h.kind == kind] for kind in _KINDS}
        self._starts_of = {kind: [h.start for h in found] for kind, found in self._of_kind.items()}
        self._next_text: dict[int, int] = {}
        self.best_output = max((h.certainty for h in self._of_kind["output"]), default=0)
        tasks = self._of_kind["task"]
        self.last_places = {h.number: h.start for h in tasks if h.certainty == 2}

    def of(self, kind: str) -> list[Heading]:
        """All headings of a kind."""
        return self._of_kind[kind]

    def between(self, begin: int, end: int) -> list[Heading]:
        """All headings that begin between two offsets."""
        return self.headings[bisect_left(self._starts, begin) : bisect_left(self._starts, end)]

    def first(self, kind: str, begin: int, end: int) -> Heading | None:
        """The first heading of a kind that begins between two offsets."""
        index = bisect_left(self._starts_of[kind], begin)
        return _at(self._of_kind[kind], index, begin, end)

    def last(self, kind: str, begin: int, end: int) -> Heading | None:
        """The last heading of a kind that begins between two offsets."""
        index = bisect_left(self._starts_of[kind], end) - 1
        return _at(self._of_kind[kind], index, begin, end)

    def before(self, heading: Heading) -> Heading | None:
        """The heading before another one; separators do not count."""
        index = bisect_left(self._starts, heading.start) - 1
        while index >= 0 and self.headings[index].kind == "separator":
            index -= 1
        return self.headings[index] if index >= 0 else None

    def has_text(self, begin: int, end: int) -> bool:
        """Whether anything but separators and fences stands between two offsets."""
        if begin not in self._next_text:
            self._next_text[begin] = _next_text(self.text, begin)
        return self._next_text[begin] < end

    def line(self, begin: int) -> str:
        """The rest of the line that an offset is in."""
        end = self.text.find("\n", begin)
        return self.text[begin:] if end < 0 else self.text[begin:end]


def with_title(title: Heading, heading: Heading) -> Heading:
    """A heading joined with its title: it begins there, and has the title's number and style."""
    return replace(
        heading,
        start=title.start,
        number=title.number if title.number is not None else heading.number,
        certainty=max(title.certainty, heading.certainty),
        style=title.style,
        set_apart=title.set_apart,
        after_separator=title.after_separator,
        below_title=heading,
    )


def _at(headings: Sequence[Heading], index: int, begin: int, end: int) -> Heading | None:
    """The heading at an index, if there is one and it begins between two offsets."""
    found = headings[index] if 0 <= index < len(headings) else None
    return found if found and begin <= found.start < end else None


def _next_text(text: str, begin: int) -> int:
    """The offset of the next line with text, from an offset on; beyond the end if there is none."""
    lines = (line for line in _LINE.finditer(text, begin) if not has_no_text(line[0]))
    return next((line.start() for line in lines), len(text) + 1)


def _headings(text: str, start: int) -> list[Heading]:
    """The headings of a text, line by line, without those in code."""
    lines = text.split("\n")
    by_line: list[Heading | None] = [None] * len(lines)
    offset, set_apart, after_separator = 0, True, False
    for i, line in enumerate(lines):
        heading = heading_of(line) if line.strip() else None
        if heading and not (heading.needs_line_end and i + 1 == len(lines)):
            by_line[i] = replace(
                heading,
                start=offset,
                end=offset + heading.end,
                name_start=offset + heading.name_start,
                set_apart=set_apart,
                after_separator=after_separator,
            )
        after_separator = bool(heading and heading.kind == "separator")
        set_apart = after_separator or not line.strip() or line.lstrip().startswith(_FENCES)
        offset += len(line) + 1
    for i in _code_lines(lines, by_line, start):
        by_line[i] = None
    found = [heading for heading in by_line if heading]
    if not any(heading.style.name == "q" for heading in found):
        # "A:" is an answer only if "Q:" occurs: speakers in a dialogue have such names too.
        found = [heading for heading in found if heading.style.name != "a"]
    return found


def _code_lines(lines: Sequence[str], by_line: Sequence[Heading | None], start: int) -> list[int]:
    """The indices of the lines inside a code block. ``by_line`` holds each line's heading."""
    blocks = [(range(first, end), language) for first, end, language in code_blocks(lines)]
    fenced = {i for inside, _ in blocks for i in inside}
    output_outside = any(
        heading and heading.kind == "output" and i not in fenced
        for i, heading in enumerate(by_line)
    )
    code: list[int] = []
    for inside, language in blocks:
        headings = [heading for heading in by_line[inside.start : inside.stop] if heading]
        if not _holds_tasks(headings, language, start, output_outside):
            code += inside
    return code


def _holds_tasks(
    headings: Sequence[Heading], language: str, start: int, output_outside: bool
) -> bool:
    """Whether a fence encloses tasks of the list, or was left open before them.

    That is so if an Output stands inside it and none outside of fences. It is also so if a whole
    task is inside, with the number of a later task or a heading that no programming language has.
    """
    outputs = [heading for heading in headings if heading.kind == "output"]
    if not outputs or not output_outside:
        return bool(outputs)
    tasks = [h for h in headings if h.kind == "task" and h.start < outputs[-1].start]
    is_code = language not in _NO_PROGRAMMING_LANGUAGE
    return any(
        task.certainty and ((task.number or 0) > start or (is_code and task.decorated))
        for task in tasks
        if "#" not in task.style.signs or task.number
    )


def _join_titles(text: str, headings: Sequence[Heading]) -> list[Heading]:
    """Join each title with the heading below it: "### Task 5" and "**Instruction:**"."""
    joined: list[Heading] = []
    above: int | None = None  # the index of the last one that is no separator
    for heading in headings:
        if heading.kind == "separator":
            joined.append(heading)
            continue
        if above is not None and _is_title(text, joined[above], heading):
            heading = with_title(joined[above], heading)
            del joined[above:]
        above = len(joined)
        joined.append(heading)
    return joined


def _is_title(text: str, above: Heading, heading: Heading) -> bool:
    """Whether ``above`` is the title of the task that ``heading`` begins."""
    if above.kind != "task" or heading.kind != "task":
        return False
    if above.number is None and not (above.certainty == 1 and above.fills_line):
        return False
    adjacent = _next_text(text, above.end) >= heading.start
    if above.certainty == 2:
        return adjacent and heading.certainty == 2 and heading.number in (None, above.number)
    if heading.certainty < 2:
        return adjacent and heading.number in (None, above.number)
    if adjacent:
        return True
    between = text[above.end : heading.start].split("\n")[0 if above.fills_line else 1 :]
    labelled = all(has_no_text(line) or LABELLED_LINE.match(line) for line in between)
    if above.decorated and heading.number is None and labelled:
        return True
    return above.set_apart and len(between) == 1


def _without_quoted(text: str, headings: Sequence[Heading]) -> list[Heading]:
    """Leave out headings of tasks with which an input or an answer begins."""
    kept = list(headings[:1])
    for heading in headings[1:]:
        in_field = kept[-1].kind in ("input", "output")
        quoted = in_field and heading.kind == "task" and heading.number is None
        if not (quoted and _next_text(text, kept[-1].end) >= heading.start):
            kept.append(heading)
    return kept
