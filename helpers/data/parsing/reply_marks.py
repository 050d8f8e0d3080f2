"""Everything in a reply that looks like a heading, in order, to be looked up by kind and place.

Lines inside a fence of code are not headings. A fence around tasks of the list, or one that was
never closed, is not a fence of code. A title and the heading under it are one mark.
"""

import re
from bisect import bisect_left
from dataclasses import replace

from helpers.data.parsing.fences import fences
from helpers.data.parsing.headings import Mark, is_frame, mark_of

_FENCES = ("```", "~~~")
_PLAIN_TEXT = ("", "text", "txt", "markdown", "md", "plaintext")  # no programming languages
_LINE = re.compile(r"[^\n]+")
NOTE = re.compile(r"\W*\w[\w ]{0,30}\W{0,4}[:：]")  # "**Category:** maths", under a title
KINDS = ("head", "item", "rule", "input", "context", "output")


class ReplyMarks:
    """The text of a reply, with its marks.

    ``start`` is the number of the list's first task. A heading without a colon must be on a whole
    line, that is, a newline must end it. ``best`` is the rank of the surest Output there is, and
    ``last_places`` says where a task's number stands before an Instruction for the last time.
    """

    def __init__(self, text: str, start: int):
        self.text = text
        self.marks = _without_quoted(text, _join_titles(text, _marks(text, start)))
        self._starts = [mark.start for mark in self.marks]
        self._of = {kind: [m for m in self.marks if m.kind == kind] for kind in KINDS}
        self._places = {kind: [m.start for m in marks] for kind, marks in self._of.items()}
        self._next_text = {}
        self.best = max((mark.rank for mark in self._of["output"]), default=0)
        self.last_places = {m.number: m.start for m in self._of["head"] if m.rank == 2}

    def of(self, kind: str) -> list[Mark]:
        """All marks of a kind."""
        return self._of[kind]

    def between(self, begin: int, end: int) -> list[Mark]:
        """All marks that begin between two places."""
        return self.marks[bisect_left(self._starts, begin) : bisect_left(self._starts, end)]

    def first(self, kind: str, begin: int, end: int) -> Mark | None:
        """The first mark of a kind that begins between two places."""
        return _within(self._of[kind], bisect_left(self._places[kind], begin), begin, end)

    def last(self, kind: str, begin: int, end: int) -> Mark | None:
        """The last mark of a kind that begins between two places."""
        return _within(self._of[kind], bisect_left(self._places[kind], end) - 1, begin, end)

    def before(self, mark: Mark) -> Mark | None:
        """The mark before another one, rules left out."""
        place = bisect_left(self._starts, mark.start) - 1
        while place >= 0 and self.marks[place].kind == "rule":
            place -= 1
        return self.marks[place] if place >= 0 else None

    def written(self, begin: int, end: int) -> bool:
        """Whether anything but rules and fences stands between two places."""
        if begin not in self._next_text:
            self._next_text[begin] = _next_text(self.text, begin)
        return self._next_text[begin] < end

    def line(self, begin: int) -> str:
        """The rest of the line from a place on."""
        end = self.text.find("\n", begin)
        return self.text[begin:] if end < 0 else self.text[begin:end]


def _within(marks: list[Mark], place: int, begin: int, end: int) -> Mark | None:
    return marks[place] if 0 <= place < len(marks) and begin <= marks[place].start < end else None


def _next_text(text: str, begin: int) -> int:
    """Where, from a place on, the next line stands that says something."""
    lines = (line for line in _LINE.finditer(text, begin) if not is_frame(line[0]))
    return next((line.start() for line in lines), len(text) + 1)


def _marks(text: str, start: int) -> list[Mark]:
    """The marks of a text, line by line, without those in code."""
    lines = text.split("\n")
    marks, position, apart, ruled = [None] * len(lines), 0, True, False
    for i, line in enumerate(lines):
        mark = mark_of(line) if line.strip() else None
        if mark and not (mark.partial and i + 1 == len(lines)):
            places = {"start": position, "end": position + mark.end, "label": position + mark.label}
            marks[i] = replace(mark, **places, apart=apart, ruled=ruled)
        ruled = bool(mark and mark.kind == "rule")
        apart = ruled or not line.strip() or line.lstrip().startswith(_FENCES)
        position += len(line) + 1
    for i in _code_lines(lines, marks, start):
        marks[i] = None
    found = [mark for mark in marks if mark]
    if not any(mark.look.name == "q" for mark in found):
        # "A:" is an answer only where "Q:" asks: people in a dialogue have such names too.
        found = [mark for mark in found if mark.look.name != "a"]
    return found


def _code_lines(lines: list[str], marks: list[Mark | None], start: int) -> list[int]:
    """The lines inside a fence in which no task of the list stands."""
    blocks = [(range(first, last), info) for first, last, info in fences(lines)]
    fenced = {i for inside, _ in blocks for i in inside}
    bare = any(m and m.kind == "output" and i not in fenced for i, m in enumerate(marks))
    code = []
    for inside, info in blocks:
        held = [marks[i] for i in inside if marks[i]]
        if not _holds_tasks(held, info, start, bare):
            code += inside
    return code


def _holds_tasks(marks: list[Mark], info: str, start: int, bare: bool) -> bool:
    """Whether a fence stands around tasks of the list, or was left open before them.

    So it is when no Output stands outside of fences (``bare``), and when a whole task is inside
    that has the number of a later one, or a heading that no programming language has.
    """
    outputs = [mark for mark in marks if mark.kind == "output"]
    if not outputs or not bare:
        return bool(outputs)
    heads = [mark for mark in marks if mark.kind == "head" and mark.start < outputs[-1].start]
    return any(
        mark.rank and ((mark.number or 0) > start or (info not in _PLAIN_TEXT and mark.decorated))
        for mark in heads
        if "#" not in mark.look.signs or mark.number
    )


def _join_titles(text: str, marks: list[Mark]) -> list[Mark]:
    """One mark for a title and the heading under it: "### Task 5" and "**Instruction:**"."""
    joined, above = [], None  # ``above``: the place of the last mark that is no rule
    for mark in marks:
        if mark.kind == "rule":
            joined.append(mark)
            continue
        if above is not None and mark.kind == "head" and _is_title(text, joined[above], mark):
            mark = under(joined[above], mark)
            del joined[above:]
        above = len(joined)
        joined.append(mark)
    return joined


def _is_title(text: str, above: Mark, mark: Mark) -> bool:
    """Whether the heading ``above`` is the title of the task that ``mark`` begins."""
    if above.kind != "head" or (above.number is None and not (above.rank == 1 and above.alone)):
        return False
    near = _next_text(text, above.end) >= mark.start
    if above.rank == 2:
        return near and mark.rank == 2 and mark.number in (None, above.number)
    if mark.rank < 2:
        return near and mark.number in (None, above.number)
    if near:
        return True
    between = text[above.end : mark.start].split("\n")[0 if above.alone else 1 :]
    noted = mark.number is None and all(is_frame(line) or NOTE.match(line) for line in between)
    return (above.decorated and noted) or (above.apart and len(between) == 1)


def under(title: Mark, mark: Mark) -> Mark:
    """``mark`` with its title: it begins there, and has the title's number and look."""
    number = title.number if title.number is not None else mark.number
    rank = max(title.rank, mark.rank)
    whole = {"start": title.start, "look": title.look, "apart": title.apart, "ruled": title.ruled}
    return replace(mark, number=number, rank=rank, under=mark, **whole)


def _without_quoted(text: str, marks: list[Mark]) -> list[Mark]:
    """Without headings of tasks with which an input or an answer begins."""
    kept = marks[:1]
    for mark in marks[1:]:
        part = kept[-1].kind in ("input", "output")
        quoted = part and mark.kind == "head" and mark.number is None
        if not (quoted and _next_text(text, kept[-1].end) >= mark.start):
            kept.append(mark)
    return kept
