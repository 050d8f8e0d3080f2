"""Splitting a task list: which of the lines that look like headings begin a task of the list.

Answers contain headings and numbers as well, so each candidate needs evidence. A number that goes
on where the last one ended is the best. The same look as an earlier heading of the list is good. A
heading in a style of its own must stand between two Output parts, because a task has one. A number
without a name ("5. Add 2 and 3.") must be the next one, or it belongs to a list in an answer.
"""

import re
from bisect import bisect_left
from dataclasses import dataclass, replace

from helpers.headings import Mark, is_frame, marks_of, number_of

# The heading that the prompt ended with: "4. Instruction:" in the prompt's language.
_PROMPT_LOOKS = {("", "", True, name, False) for name in ("instruction", "지시", "perintah")}
_PREAMBLE = re.compile(
    r"\W*(?:(?:sure|certainly|of course|absolutely|ok(?:ay)?|great|all ?right|understood|got it"
    r"|no problem|yes|continuing|as requested|below|the following|these are|let'?s|let me"
    r"|here(?:['’]s| is| are)|i(?:['’]ll| will|['’]ve| have))\b"
    r"|물론|알겠|좋습니다|좋아요|네[,.! ]|예[,.! ]|다음은|아래는|여기|이어서|계속"
    r"|(?:tentu|baik|berikut|oke|siap|di bawah|inilah|melanjutkan)\b)",
    re.I,
)
_NOTE = re.compile(r"\W*\w[\w ]{0,30}\W{0,4}[:：]")  # "**Category:** maths", under a title
_OF_TASKS = re.compile(
    r"\b(?:tasks?|instructions|prompts|list|tugas|perintah|instruksi|daftar)\b|과제|지시|작업|목록",
    re.I,
)


@dataclass(frozen=True)
class Body:
    """One task of the list: the mark of its heading, and the marks inside it."""

    head: Mark
    number: int  # the heading's, or counted where it has none
    end: int
    marks: list[Mark]

    def of(self, *kinds: str) -> list[Mark]:
        """The marks of these kinds, in order."""
        return [mark for mark in self.marks if mark.kind in kinds]


def split_tasks(text: str, start: int) -> list[Body]:
    """The tasks of a list whose first has the number ``start``, in order; no text is lost.

    What stands before the first heading is the first task, without the heading that stood in the
    prompt, unless it only announces the list.
    """
    reply = _Reply(text, start)
    starts = _add_items(reply, _labelled(reply, start))
    if len(starts) == 1 and not reply.of("output"):
        starts = _plain_items(reply, starts[0])
    ends = [mark.start for mark, _ in starts[1:]] + [len(text)]
    return [
        Body(head, number, end, reply.between(head.end, end))
        for (head, number), end in zip(starts, ends, strict=True)
    ]


def without_preamble(text: str) -> str:
    """A first task without a paragraph before it that announces the list."""
    first, blank, rest = text.partition("\n\n")
    if blank and rest.strip() and announces(first) and _OF_TASKS.search(first):
        return rest
    return text


def announces(text: str) -> bool:
    """Whether a text only says that a list follows ("Sure! Here are 17 more tasks.")."""
    text = text.strip()
    title = "\n" not in text and text.startswith(("#", "**")) and _OF_TASKS.search(text)
    return len(text) < 500 and bool(title or _PREAMBLE.match(text))


class _Reply:
    """The text of a reply, with its marks to be looked up by kind and place."""

    def __init__(self, text: str, start: int):
        self.text = text
        self.marks = _join_titles(text, marks_of(text, start))
        self.places = [mark.start for mark in self.marks]
        self.best = max((mark.rank for mark in self.of("output")), default=0)
        self.last_places = {m.number: m.start for m in self.of("head") if m.rank == 2}
        self._of = {kind: self.of(kind) for kind in ("head", "item", "rule", "input", "output")}
        self._places = {kind: [m.start for m in marks] for kind, marks in self._of.items()}
        self._written = {}

    def of(self, kind: str) -> list[Mark]:
        return [mark for mark in self.marks if mark.kind == kind]

    def between(self, begin: int, end: int) -> list[Mark]:
        return self.marks[bisect_left(self.places, begin) : bisect_left(self.places, end)]

    def before(self, mark: Mark) -> Mark | None:
        """The mark before another one, rules left out."""
        place = bisect_left(self.places, mark.start) - 1
        while place >= 0 and self.marks[place].kind == "rule":
            place -= 1
        return self.marks[place] if place >= 0 else None

    def first(self, kind: str, begin: int, end: int) -> Mark | None:
        """The first mark of a kind that begins between two places."""
        return _at(self._of[kind], bisect_left(self._places[kind], begin), begin, end)

    def last(self, kind: str, begin: int, end: int) -> Mark | None:
        """The last mark of a kind that begins between two places."""
        return _at(self._of[kind], bisect_left(self._places[kind], end) - 1, begin, end)

    def line(self, begin: int) -> str:
        """The rest of the line from a place on."""
        end = self.text.find("\n", begin)
        return self.text[begin:] if end < 0 else self.text[begin:end]

    def written(self, begin: int, end: int) -> bool:
        """Whether anything but rules and fences stands between two places."""
        if begin not in self._written:
            self._written[begin] = _next_text(self.text, begin)
        return self._written[begin] < end


def _at(marks: list[Mark], place: int, begin: int, end: int) -> Mark | None:
    return marks[place] if 0 <= place < len(marks) and begin <= marks[place].start < end else None


def _next_text(text: str, begin: int) -> int:
    """Where, from a place on, the next line stands that says something."""
    for line in re.compile(r"[^\n]+").finditer(text, begin):
        if not is_frame(line[0]):
            return line.start()
    return len(text) + 1


# --- headings with a name -------------------------------------------------------------------


def _join_titles(text: str, marks: list[Mark]) -> list[Mark]:
    """One mark for a title and the heading under it: "### Task 5" and "**Instruction:**"."""
    joined = []
    for mark in marks:
        above = joined[-1] if joined else None
        rules = []
        while above and above.kind == "rule" and len(joined) > len(rules) + 1:
            rules.append(above)
            above = joined[-1 - len(rules)]
        if above and mark.kind == "head" and _is_title(text, above, mark):
            del joined[len(joined) - len(rules) - 1 :]
            mark = _under(above, mark)
        joined.append(mark)
    return joined


def _is_title(text: str, above: Mark, mark: Mark) -> bool:
    """Whether the heading ``above`` is the title of the task that ``mark`` begins."""
    if above.kind != "head" or (above.number is None and not (above.rank == 1 and above.alone)):
        return False
    near = _next_text(text, above.end) >= mark.start
    if above.rank == 2:
        return near and mark.rank == 2 and mark.number in (None, above.number)
    if near or mark.rank < 2:
        return near
    between = text[above.end : mark.start].split("\n")
    if not above.alone:
        between = between[1:]
    noted = mark.number is None and all(is_frame(line) or _NOTE.match(line) for line in between)
    return (above.decorated and noted) or (above.apart and len(between) == 1)


def _under(title: Mark, mark: Mark) -> Mark:
    """``mark`` with its title: it begins there, and has the title's number and look."""
    above = {"start": title.start, "look": title.look, "apart": title.apart}
    number = title.number if title.number is not None else mark.number
    return replace(mark, number=number, rank=max(title.rank, mark.rank), under=mark, **above)


def _labelled(reply: _Reply, start: int) -> list[tuple[Mark, int]]:
    """``(mark, number)`` of the first task and of every one whose heading has a name."""
    first = _first(reply, start)
    starts = [(first, start if first.number is None else first.number)]
    seen = _PROMPT_LOOKS | {first.look}
    heads = reply.of("head")
    for i, head in enumerate(heads):
        last, number = starts[-1]
        if head.start < last.end:
            continue
        if head.under and _is_of_answer(head, heads[max(i - 1, 0)], starts[-1], seen):
            head = head.under
        head = _with_number_above(reply, head, last, number + 1)
        after = next((h.start for h in heads[i + 1 :] if _ends(h, head, number)), len(reply.text))
        if _is_next(reply, head, starts[-1], after, seen):
            starts.append((head, number + 1 if head.number is None else head.number))
            seen.add(head.look)
    return starts


def _ends(other: Mark, head: Mark, number: int) -> bool:
    """Whether ``other`` is as good a heading as the one before it, and so ends its task."""
    if other.rank == 2 or head.rank == 2:
        return other.rank == 2
    if head.number == number + 1:
        return other.number == number + 2
    return other.rank + (other.number is not None) >= head.rank + (head.number is not None)


def _is_of_answer(head: Mark, above: Mark, last: tuple[Mark, int], seen: set) -> bool:
    """Whether the title over a heading belongs to the answer before it, with others like it."""
    start, number = last
    listed = above.look == head.look and start.end <= above.start < head.start
    odd = head.number != number + 1 and head.under.look in seen
    return head.look not in seen and (listed or odd)


def _is_next(reply: _Reply, head: Mark, last: tuple, until: int, seen: set) -> bool:
    """Whether a heading with a name begins a task of the list, after the task ``last``.

    ``until`` is where the next heading with a name begins, ``seen`` are the list's looks.
    """
    (before, number), known = last, head.look in seen
    follows, later = head.number == number + 1, (head.number or 0) > number
    if follows and (head.rank == 2 or known):
        return True
    output, given = (reply.first(k, before.end, head.start) for k in ("output", "input"))
    answer = reply.first("output", head.end, until)
    if known and head.rank == 2:
        return bool(output or later or (head.apart and not given))
    if head.rank == 2 and later and answer:
        return True
    part = reply.last("output", before.end, head.start) or given
    if part and not reply.written(part.end, head.start):
        return False  # an Output that would be empty
    if not output:
        return head.rank == 2 and head.apart and head.number is None
    if not answer or reply.last_places.get(number + 1, -1) > head.start:
        return False  # the list goes on with the next number later: this is part of an answer
    if reply.last("input", part.end, head.start):
        return False  # part of an input
    if head.rank == 2:
        return True
    items = [m for m in reply.between(part.end, answer.start) if m.kind == "item" and m.apart]
    if not follows and any(item.number > number for item in items):
        return False  # the list's headings are numbers alone
    return head.rank > 0 or answer.name == output.name


def _with_number_above(reply: _Reply, head: Mark, last: Mark, expected: int) -> Mark:
    """The heading with a number that stands above it: "**5.**" or "5. Arithmetic"."""
    item = reply.before(head)
    if not item or item.kind != "item" or item.start < last.end or head.number is not None:
        return head
    near = not reply.written(item.end, head.start)
    titled = item.number == expected and reply.text.count("\n", item.end, head.start) == 1
    if head.rank < 2 or not (
        (near and (item.decorated or item.number == expected))
        or (titled and (item.apart or item.decorated))
    ):
        return head
    return _under(item, head)


def _first(reply: _Reply, start: int) -> Mark:
    """The heading of the first task, or an empty mark in the place of the prompt's."""
    outputs = reply.of("output")
    limit = outputs[0].start if outputs else len(reply.text)
    region = [mark for mark in reply.marks if mark.start < limit]
    for kind in ("head", "item"):
        marks = [mark for mark in region if mark.kind == kind]
        if marks:
            mark = marks[0]
            if kind == "head":
                for number in (start, 1):
                    mark = _with_number_above(reply, mark, replace(mark, end=0), number)
            several = any(other.look == marks[0].look for other in marks[1:])
            if _opens(reply, mark, several, start, bool(outputs)):
                return mark
    return Mark("head", 0, 0, start, look=("", "", True, "instruction", False))


def _opens(reply: _Reply, mark: Mark, several: bool, start: int, answered: bool) -> bool:
    """Whether a mark is the list's first heading, with nothing of a task before it."""
    before = reply.text[: mark.start].strip("` \t\n")
    if not reply.written(0, mark.start):
        if mark.kind == "item":
            return answered and (mark.number == start or (mark.number == 1 and not several))
        return mark.rank == 2 or not several
    if announces(before):
        return mark.rank == 2 or answered
    if mark.kind == "item" and not (answered and mark.apart):
        return False
    if mark.number == start:
        return mark.rank == 2 or (mark.apart and not several)
    opens = before.endswith((":", "：")) and not several and mark.kind == "head"
    return opens and mark.number in (None, 1) and (mark.rank == 2 or mark.apart)


# --- headings that are only a number --------------------------------------------------------


def _add_items(reply: _Reply, starts: list[tuple[Mark, int]]) -> list[tuple[Mark, int]]:
    """The starts, and between them the tasks whose headings are a number or a rule alone."""
    found, bare = [], starts[0][0].kind == "item" or len(starts) == 1
    for (mark, number), after in zip(starts, [*starts[1:], None], strict=True):
        found.append((mark, number))
        room = after[1] - number - 1 if after and after[0].number is not None else None
        if room is None or room > 0:
            end = after[0].start if after else len(reply.text)
            more = _Items(reply, mark, number, room, bare).starts(end)
            found += more
            bare = bare or any(mark.kind == "item" for mark, _ in more)
    return found


class _Items:
    """Finds the tasks without a named heading after one task of the list.

    ``room`` is how many numbers are missing before the next named heading, None if that is not
    known. ``bare`` says that headings of the list are numbers alone.
    """

    def __init__(self, reply: _Reply, head: Mark, number: int, room: int | None, bare: bool):
        self.reply, self.head, self.room, self.bare = reply, head, room, bare
        self.number, self.found, self.before = number, [], None

    def starts(self, end: int) -> list[tuple[Mark, int]]:
        """``(mark, number)`` of the tasks between the head and ``end``."""
        marks = self.reply.between(self.head.end, end)
        last, region = None, []
        for mark in [*marks, None]:
            if mark is None or mark.kind == "output":
                self._look(region, last, mark)
                last, region = mark, []
            else:
                region.append(mark)
        return self.found

    def _look(self, region: list[Mark], last: Mark | None, output: Mark | None) -> None:
        """Take up the tasks that begin between two Output parts."""
        full = self.room is not None and len(self.found) >= self.room
        items = [] if full else self._before_input(region, "item")
        if last and (number := number_of(self.reply.line(last.end))):
            self.before = replace(last, kind="item", number=number)
        picked = self._pick(items, region, last, output)
        if picked is None and last and not full and self._same_style(last, output):
            rules = self._before_input(region, "rule")
            rules = [m for m in rules if self._stands(last, m, self._part(region, m, output))]
            if len(rules) == 1:
                self._take(rules[0], self.number + 1)
        elif picked is not None:
            self._take(items[picked], items[picked].number)
            for item in items[picked + 1 :]:
                if item.number == self.number + 1:
                    self._take(item, item.number)
        self.before = next((m for m in reversed(region) if m.kind == "item"), self.before)

    def _pick(self, items, region, last, output) -> int | None:
        """The place among ``items`` of the next task's number, or None."""
        if last is None:  # the task has no Output yet: the next one begins only apart from it
            first = items[0] if items else None
            return 0 if first and self._follows(first, None) and first.apart else None
        for i in range(len(items) - 1, -1, -1):
            item, previous = items[i], items[i - 1] if i else self.before
            if self._follows(item, previous, output) and self.reply.written(last.end, item.start):
                return i if self._is_certain(item, region, last, output) else None
        lone = len(items) == 1 and items[0].apart and self._same_style(last, output)
        lone = lone and self.bare and (items[0].number == 1 or items[0].number > self.number)
        return 0 if lone and self.reply.written(last.end, items[0].start) else None

    def _follows(self, item: Mark, previous: Mark | None, output: Mark | None = None) -> bool:
        """Whether an item has the next number, and does not only go on with a list."""
        if item.number != self.number + 1:
            return False
        goes_on = previous and previous.number == item.number - 1
        goes_on = goes_on and not any(previous is mark for mark, _ in self.found)
        return not goes_on or (item.apart and output is not None and output.rank >= self.reply.best)

    def _is_certain(self, item: Mark, region: list[Mark], last: Mark, output: Mark | None) -> bool:
        """Whether what follows an item, or how the list looks, makes it the heading of a task."""
        if output and output.rank >= self.reply.best:
            return True
        asked = any(mark.kind == "input" and mark.start > item.start for mark in region)
        asked = asked or (
            item.ruled and item.alone and not self.reply.written(item.end, len(self.reply.text))
        )
        return item.apart and bool(
            output or asked or self.room or (self.bare and not last.numbered)
        )

    def _same_style(self, last: Mark, output: Mark | None) -> bool:
        same = output and output.rank >= self.reply.best and output.numbered == last.numbered
        return bool(same and not (output.numbered and output.number == last.number))

    def _before_input(self, region: list[Mark], kind: str) -> list[Mark]:
        inputs = [mark.start for mark in region if mark.kind == "input"]
        limit = inputs[-1] if inputs else None
        return [m for m in region if m.kind == kind and (limit is None or m.start < limit)]

    def _part(self, region: list[Mark], mark: Mark, output: Mark) -> int:
        """Where the first part after a mark begins."""
        return next((m.start for m in region if m.kind == "input" and m.start > mark.start),
                    output.start)  # fmt: skip

    def _stands(self, last: Mark, mark: Mark, part: int) -> bool:
        """Whether something is written on both sides of a mark, up to the parts around it."""
        return self.reply.written(last.end, mark.start) and self.reply.written(mark.end, part)

    def _take(self, mark: Mark, number: int) -> None:
        self.found.append((mark, number))
        self.number = number


def _plain_items(reply: _Reply, first: tuple[Mark, int]) -> list[tuple[Mark, int]]:
    """A list of bare instructions, "… 5. … 6. …": each is a task of its own, if a useless one."""
    starts = [first]
    for item in reply.of("item"):
        if item.number == starts[-1][1] + 1 and item.start >= first[0].end:
            starts.append((item, item.number))
    return starts
