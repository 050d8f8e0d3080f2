"""Finding tasks whose headings have lost their names: "5. Add 2 and 3." or a rule alone.

Answers hold numbered lists as well. A number is a heading when it is the next one of the list, an
Output follows it, and it does not only go on with a list in the answer ("… 4. Stir. 5. Drink.").
"""

from dataclasses import replace

from helpers.data.parsing.headings import Mark, mark_of
from helpers.data.parsing.no_input import normal_input
from helpers.data.parsing.reply_marks import ReplyMarks

Start = tuple[Mark, int]  # the heading of a task, and the task's number


def add_numbered(reply: ReplyMarks, starts: list[Start]) -> list[Start]:
    """The starts of the tasks with named headings, and between them those of the others.

    Where the next named heading has a number, no more tasks are looked for than are missing.
    """
    found = []
    bare = starts[0][0].kind == "item" or len(starts) == 1
    for (mark, number), after in zip(starts, [*starts[1:], None], strict=True):
        found.append((mark, number))
        room = after[1] - number - 1 if after and after[0].number is not None else None
        if room is None or room > 0:
            search = _Search(reply, mark, number, room, bare)
            found += search.run(after[0].start if after else len(reply.text))
            bare = bare or any(mark.kind == "item" for mark, _ in search.found)
    return found


def plain_items(reply: ReplyMarks, first: Start) -> list[Start]:
    """A list of bare instructions, "… 5. … 6. …": each is a task of its own, if a useless one."""
    starts = [first]
    for item in reply.of("item"):
        if item.number == starts[-1][1] + 1 and item.start >= first[0].end:
            starts.append((item, item.number))
    return starts


class _Search:
    """The search for tasks without a named heading after one task of the list.

    ``room`` is how many may be missing, None if that is not known. ``bare`` says that headings of
    the list are numbers alone.
    """

    def __init__(self, reply: ReplyMarks, head: Mark, number: int, room: int | None, bare: bool):
        self.reply, self.head, self.room, self.bare = reply, head, room, bare
        self.number, self.found, self.heads = number, [], set()
        self.before = None  # the last item of a list that may go on

    def run(self, end: int) -> list[Start]:
        """The tasks that begin between the head and ``end``."""
        last, region = None, []
        for mark in [*self.reply.between(self.head.end, end), None]:
            if mark is None or mark.kind == "output":
                self._look(region, last, mark)
                last, region = mark, []
            else:
                region.append(mark)
        return self.found

    def _look(self, region: list[Mark], last: Mark | None, output: Mark | None) -> None:
        """Take up the tasks that begin in a region between two Outputs, ``last`` and ``output``."""
        full = self.room is not None and len(self.found) >= self.room
        items = [] if full else self._items(region, output)
        self._open_list(last)
        picked = self._pick(items, region, last, output)
        if picked is not None:
            self._take(items[picked], items[picked].number)
            for item in items[picked + 1 :]:
                if item.number == self.number + 1 and item.look == items[picked].look:
                    self._take(item, item.number)
        elif last and not full and self._is_own(output, last):
            rules = [rule for rule in _before_input(region, "rule")
                     if self._stands_between(last, rule, region, output)]  # fmt: skip
            if len(rules) == 1:
                self._take(rules[0], self.number + 1)
        self._remember_list(region, output)

    def _items(self, region: list[Mark], output: Mark | None) -> list[Mark]:
        """The items of a region that may be headings: those before its last Input, and one after.

        Lists in an Input have items too. But where a task has no Output, the heading of the next
        one stands between its Input and the next task's Output.
        """
        items = _before_input(region, "item")
        inputs = [mark for mark in region if mark.kind == "input"]
        given = inputs[-1] if inputs else None
        inside = [
            mark for mark in region if given and mark.kind == "item" and mark.start > given.start
        ]
        if inside and self._ends_input(given, inside[0], output):
            items.append(inside[0])
        return items

    def _ends_input(self, given: Mark, item: Mark, output: Mark | None) -> bool:
        """Whether the first item after an Input begins another task rather than a list in it."""
        if not output or output.rank < self.reply.best:
            return False
        if output.look.before and output.number is not None:
            return output.number == item.number != given.number
        said = self.reply.text[given.end : item.start]
        return item.apart or item.decorated or bool(said.strip() and not normal_input(said))

    def _remember_list(self, region: list[Mark], output: Mark | None) -> None:
        """Note the last item of an answer's list; such a list goes on in one answer only."""
        items = [mark for mark in region if mark.kind == "item"]
        if output and output.rank >= self.reply.best:
            self.before = None
        elif items:
            self.before = items[-1]

    def _open_list(self, last: Mark | None) -> None:
        """Note the number with which an answer begins on the line of its heading."""
        item = mark_of(self.reply.line(last.end)) if last else None
        if item and item.kind == "item":
            self.before = replace(item, start=last.end)

    def _pick(
        self, items: list[Mark], region: list[Mark], last: Mark | None, output: Mark | None
    ) -> int | None:
        """The place among ``items`` of the heading of the next task, or None."""
        if last is None:  # the task has no Output yet: the next one begins only apart from it
            first = items[0] if items else None
            return 0 if first and first.apart and self._is_next(first, None, None) else None
        looks = {mark.look for mark in self.heads} | {self.head.look}
        found = []
        for i, item in enumerate(items):
            previous = items[i - 1] if i else self.before
            if self._is_next(item, previous, output) and self.reply.written(last.end, item.start):
                found.append((item.look in looks, item.apart, i))
        if found:
            picked = max(found)[2]
            return picked if self._is_certain(items[picked], region, last, output) else None
        return 0 if self._is_lone(items, last, output) else None

    def _is_next(self, item: Mark, previous: Mark | None, output: Mark | None) -> bool:
        """Whether an item has the next number, and does not only go on with a list."""
        if item.number != self.number + 1:
            return False
        if not previous or previous.number != item.number - 1 or previous in self.heads:
            return True
        own = output and output.rank >= self.reply.best
        return bool(own and (item.apart or self._is_one_line(item, output)))

    def _is_one_line(self, item: Mark, output: Mark) -> bool:
        """Whether the Output stands right under an item's line, so that no other task fits in."""
        between = self.reply.text[item.end : output.start].rstrip("\n")
        return not output.look.before and bool(between.strip()) and "\n" not in between

    def _is_certain(self, item: Mark, region: list[Mark], last: Mark, output: Mark | None) -> bool:
        """Whether what follows an item, or how the list looks, makes it the heading of a task."""
        if output and output.rank >= self.reply.best:
            return True
        asked = any(mark.kind == "input" and mark.start > item.start for mark in region)
        begun = item.ruled and not self.reply.written(item.end, len(self.reply.text))
        known = asked or begun or self.room or (self.bare and not last.look.before)
        return item.apart and bool(output or known)

    def _is_lone(self, items: list[Mark], last: Mark, output: Mark | None) -> bool:
        """Whether a single item, whose number is not the next, is a heading all the same."""
        if len(items) != 1 or not (self.bare and items[0].apart and self._is_own(output, last)):
            return False
        counts = items[0].number == 1 or items[0].number > self.number
        return counts and self.reply.written(last.end, items[0].start)

    def _is_own(self, output: Mark | None, last: Mark) -> bool:
        """Whether an Output can be that of another task than ``last`` is."""
        if not output or output.rank < self.reply.best or output.look.before != last.look.before:
            return False
        return not (output.look.before and output.number == last.number)

    def _stands_between(self, last: Mark, rule: Mark, region: list[Mark], output: Mark) -> bool:
        """Whether a rule stands between an answer and an instruction, and neither is empty."""
        inputs = [m.start for m in region if m.kind == "input" and m.start > rule.start]
        part = inputs[0] if inputs else output.start
        return self.reply.written(last.end, rule.start) and self.reply.written(rule.end, part)

    def _take(self, mark: Mark, number: int) -> None:
        self.found.append((mark, number))
        self.heads.add(mark)
        self.number = number


def _before_input(region: list[Mark], kind: str) -> list[Mark]:
    """The marks of a kind that stand before the last Input of a region."""
    inputs = [i for i, mark in enumerate(region) if mark.kind == "input"]
    return [mark for mark in region[: inputs[-1] if inputs else None] if mark.kind == kind]
