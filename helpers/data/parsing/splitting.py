"""Splitting a task list: which of the lines that look like headings begin a task of the list.

Answers contain headings and numbers as well, so each candidate needs evidence. A number that goes
on where the last one ended is the best. The same look as an earlier heading of the list is good. A
heading in a style of its own must stand between two Output parts, because a task has one. A number
without a name ("5. Add 2 and 3.") must be the next one, or it belongs to a list in an answer.
"""

import re
from dataclasses import dataclass, replace

from helpers.data.parsing.field_names import PROMPT_NAMES
from helpers.data.parsing.headings import Look, Mark, is_frame
from helpers.data.parsing.numbered_tasks import Start, add_numbered, plain_items
from helpers.data.parsing.reply_marks import NOTE, ReplyMarks, under
from helpers.data.parsing.tails import is_note

_NEAR = 200  # headings to look back or ahead at: no task has more
# The heading that the prompt ended with: "4. Instruction:" in the prompt's language.
_PROMPT_LOOKS = {Look(before=True, name=name) for name in PROMPT_NAMES}
_PREAMBLE = re.compile(
    r"\W*(?:(?:sure|certainly|of course|absolutely|ok(?:ay)?|great|all ?right|understood|got it"
    r"|no problem|yes|continuing|as requested|below|the following|these are|let'?s|let me"
    r"|here(?:['’]s| is| are)|i(?:['’]ll| will|['’]ve| have))\b"
    r"|물론|알겠|좋습니다|좋아요|네[,.! ]|예[,.! ]|다음은|아래는|여기|이어서|계속"
    r"|(?:tentu|baik|berikut|oke|siap|di bawah|inilah|melanjutkan)\b)",
    re.I,
)
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
    reply = ReplyMarks(text, start)
    starts = add_numbered(reply, _labelled(reply, start))
    if len(starts) == 1 and not reply.of("output"):
        starts = plain_items(reply, starts[0])
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


def _labelled(reply: ReplyMarks, start: int) -> list[Start]:
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
        near = heads[i + 1 : i + 1 + _NEAR]
        after = next((h.start for h in near if _ends(h, head, number)), len(reply.text))
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


def _is_of_answer(head: Mark, above: Mark, last: Start, seen: set) -> bool:
    """Whether the title over a heading belongs to the answer before it, with others like it."""
    start, number = last
    listed = above.look == head.look and start.end <= above.start < head.start
    odd = head.number != number + 1 and head.under.look in seen
    return head.look not in seen and (listed or odd)


def _is_next(reply: ReplyMarks, head: Mark, last: tuple, until: int, seen: set) -> bool:
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
    if not output:
        return head.rank == 2 and head.apart and head.number is None
    if follows and head.rank == 1 and head.apart and not answer:
        return bool(reply.first("input", head.end, until))  # its Output is missing, not its Input
    if answer and follows and answer.look.before and answer.number == head.number:
        return True
    if not answer or reply.last_places.get(number + 1, -1) > head.start:
        return False  # the list goes on with the next number later: this is part of an answer
    part = reply.last("output", before.end, head.start)
    if reply.last("input", part.end, head.start) or not reply.written(part.end, head.start):
        return False  # part of an input, or of an Output that would be empty
    if head.rank == 2:
        return True
    items = [m for m in reply.between(part.end, answer.start)[:_NEAR] if m.kind == "item"]
    if not follows and any(item.apart and item.number > number for item in items):
        return False  # the list's headings are numbers alone
    return head.rank > 0 or answer.look.name == output.look.name


def _with_number_above(reply: ReplyMarks, head: Mark, last: Mark, expected: int) -> Mark:
    """The heading with a number that stands above it: "**5.**" or "5. Arithmetic"."""
    item = reply.before(head)
    if not item or item.kind != "item" or item.start < last.end or head.number is not None:
        return head
    near = not reply.written(item.end, head.start)
    sure = near and (item.decorated or item.number == expected)
    titled = item.number == expected and (item.apart or item.decorated)
    if head.rank == 2 and (sure or (titled and reply.text.count("\n", item.end, head.start) == 1)):
        return under(item, head)
    named = titled and head.rank > 0 and _is_name(reply.text[item.end : head.start])
    return under(item, head) if named else head


def _is_name(title: str) -> bool:
    """Whether a text is the name of a task ("5) Sums"), with nothing but notes under it."""
    name, *below = title.split("\n")
    noted = all(is_frame(line) or NOTE.match(line) for line in below)
    return noted and len(name) < 80 and not name.rstrip().endswith((".", "?", "!", "。"))


def _first(reply: ReplyMarks, start: int) -> Mark:
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
    return Mark("head", 0, 0, start, look=Look(before=True, name="instruction"))


def _opens(reply: ReplyMarks, mark: Mark, several: bool, start: int, answered: bool) -> bool:
    """Whether a mark is the list's first heading, with nothing of a task before it."""
    before = reply.text[: mark.start].strip("` \t\n")
    if not reply.written(0, mark.start):
        if mark.kind == "item":
            return answered and (mark.number == start or (mark.number == 1 and not several))
        return mark.rank == 2 or not several
    noted = all(is_note(line, mark.number) for line in before.split("\n") if line.strip())
    if announces(before) or noted:
        return mark.rank == 2 or answered
    if mark.kind == "item" and not (answered and mark.apart):
        return False
    if mark.number == start:
        return mark.rank == 2 or (mark.apart and not several)
    opens = before.endswith((":", "：")) and not several and mark.kind == "head"
    return opens and mark.number in (None, 1) and (mark.rank == 2 or mark.apart)
