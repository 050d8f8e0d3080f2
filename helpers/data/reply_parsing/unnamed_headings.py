"""Find tasks whose headings have no field name: "5. Add 2 and 3.", or a separator alone.

Answers hold numbered lists too. So a number begins a task if it is the next number, an Output
follows it, and it does not continue a list in the answer ("… 4. Stir. 5. Drink.").
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from helpers.data.reply_parsing.headings import Heading, heading_of
from helpers.data.reply_parsing.no_input import without_no_input
from helpers.data.reply_parsing.reply_headings import ReplyHeadings


class TaskStart(NamedTuple):
    """The heading of a task, and the task's number."""

    heading: Heading
    number: int


def add_unnamed(reply: ReplyHeadings, starts: Sequence[TaskStart]) -> list[TaskStart]:
    """Add the tasks with unnamed headings to the ``starts`` of those with named ones.

    If the next named heading has a number, no more tasks are added than are missing before it.
    """
    found: list[TaskStart] = []
    numbers_only = starts[0].heading.kind == "number" or len(starts) == 1
    for start, after in zip(starts, [*starts[1:], None], strict=True):
        found.append(start)
        counted = after is not None and after.heading.number is not None
        missing = after.number - start.number - 1 if after and counted else None
        if missing is None or missing > 0:
            search = _Search(reply, start, missing, numbers_only)
            found += search.run(after.heading.start if after else len(reply.text))
            by_number = any(heading.kind == "number" for heading, _ in search.found)
            numbers_only = numbers_only or by_number
    return found


def bare_instructions(reply: ReplyHeadings, first: TaskStart) -> list[TaskStart]:
    """The tasks of a list without any Output: each next number begins one, if a useless one."""
    starts = [first]
    for item in reply.of("number"):
        number = starts[-1].number + 1
        if item.number == number and item.start >= first.heading.end:
            starts.append(TaskStart(item, number))
    return starts


class _Search:
    """The search for unnamed headings between one task's heading and the next named one.

    The headings in between are read in *regions*: each lasts from one Output to the next.
    ``missing`` is how many tasks may be found at most, None if that is not known. ``numbers_only``
    says that headings of the list are numbers alone.
    """

    def __init__(
        self, reply: ReplyHeadings, start: TaskStart, missing: int | None, numbers_only: bool
    ) -> None:
        self.reply, self.heading, self.number = reply, start.heading, start.number
        self.missing, self.numbers_only = missing, numbers_only
        self.found: list[TaskStart] = []
        self.taken: set[Heading] = set()  # the headings of ``found``
        self.last_item: Heading | None = None  # of a list in an answer, which may continue

    def run(self, end: int) -> list[TaskStart]:
        """The tasks that begin between the heading and the offset ``end``."""
        last: Heading | None = None
        region: list[Heading] = []
        for heading in self.reply.between(self.heading.end, end):
            if heading.kind == "output":
                self._search_region(region, last, heading)
                last, region = heading, []
            else:
                region.append(heading)
        self._search_region(region, last, None)
        return self.found

    def _search_region(
        self, region: list[Heading], last: Heading | None, output: Heading | None
    ) -> None:
        """Add the tasks that begin in a region between two Outputs, ``last`` and ``output``."""
        full = self.missing is not None and len(self.found) >= self.missing
        items = [] if full else self._candidates(region, output)
        self._remember_first_line(last)
        picked = self._pick(items, region, last, output)
        if picked is not None:
            self._take(items[picked], items[picked].number or 0)
            for item in items[picked + 1 :]:
                if item.number == self.number + 1 and item.style == items[picked].style:
                    self._take(item, item.number)
        elif last and output and not full and self._is_of_other_task(output, last):
            separators = [
                heading
                for heading in _before_input(region, "separator")
                if self._is_after_answer(last, heading, region, output)
            ]
            if len(separators) == 1:
                self._take(separators[0], self.number + 1)
        self._remember_list(region, output)

    def _candidates(self, region: list[Heading], output: Heading | None) -> list[Heading]:
        """The numbers in a region that may begin a task: those before its last Input, and one more.

        Lists in an Input have numbers too. But if a task has no Output, the heading of the next
        task stands between its Input and the next task's Output.
        """
        items = _before_input(region, "number")
        inputs = [heading for heading in region if heading.kind == "input"]
        if inputs:
            given = inputs[-1]
            after = [h for h in region if h.kind == "number" and h.start > given.start]
            if after and self._ends_input(given, after[0], output):
                items.append(after[0])
        return items

    def _ends_input(self, given: Heading, item: Heading, output: Heading | None) -> bool:
        """Whether the first number after an Input begins another task, not a list in the Input."""
        if not output or output.certainty < self.reply.best_output:
            return False
        if output.style.number_before and output.number is not None:
            return output.number == item.number != given.number
        text = self.reply.text[given.end : item.start]
        return item.set_apart or item.decorated or bool(text.strip() and not without_no_input(text))

    def _remember_list(self, region: list[Heading], output: Heading | None) -> None:
        """Remember the last item of an answer's list, unless the answer ends with the region."""
        items = [heading for heading in region if heading.kind == "number"]
        if output and output.certainty >= self.reply.best_output:
            self.last_item = None
        elif items:
            self.last_item = items[-1]

    def _remember_first_line(self, last: Heading | None) -> None:
        """Remember the number with which an answer begins on the line of its heading."""
        item = heading_of(self.reply.line(last.end)) if last else None
        if last and item and item.kind == "number":
            self.last_item = replace(item, start=last.end)

    def _pick(
        self,
        items: list[Heading],
        region: list[Heading],
        last: Heading | None,
        output: Heading | None,
    ) -> int | None:
        """The index in ``items`` of the next task's heading, or None."""
        if last is None:  # the task has no Output yet: only a number set apart begins the next one
            first = items[0] if items else None
            return 0 if first and first.set_apart and self._is_next(first, None, None) else None
        styles = {heading.style for heading in self.taken} | {self.heading.style}
        found = []
        for i, item in enumerate(items):
            previous = items[i - 1] if i else self.last_item
            answered = self.reply.has_text(last.end, item.start)
            if self._is_next(item, previous, output) and answered:
                found.append((item.style in styles, item.set_apart, i))
        if found:
            best = max(found)[2]
            return best if self._is_certain(items[best], region, last, output) else None
        return 0 if self._is_single(items, last, output) else None

    def _is_next(self, item: Heading, previous: Heading | None, output: Heading | None) -> bool:
        """Whether an item has the next number and does not continue the list of ``previous``."""
        if item.number != self.number + 1:
            return False
        if not previous or previous.number != item.number - 1 or previous in self.taken:
            return True
        if not output or output.certainty < self.reply.best_output:
            return False
        return item.set_apart or self._is_one_line(item, output)

    def _is_one_line(self, item: Heading, output: Heading) -> bool:
        """Whether the Output stands right below an item's line, with no other task between."""
        between = self.reply.text[item.end : output.start].rstrip("\n")
        return not output.style.number_before and bool(between.strip()) and "\n" not in between

    def _is_certain(
        self, item: Heading, region: list[Heading], last: Heading, output: Heading | None
    ) -> bool:
        """Whether the text after an item, or the style of the list, proves that it is a heading."""
        if output and output.certainty >= self.reply.best_output:
            return True
        if not item.set_apart:
            return False
        has_input = any(h.kind == "input" and h.start > item.start for h in region)
        ends_reply = not self.reply.has_text(item.end, len(self.reply.text))
        usual = self.numbers_only and not last.style.number_before
        just_begun = item.after_separator and ends_reply
        return bool(output or has_input or just_begun or self.missing or usual)

    def _is_single(self, items: list[Heading], last: Heading, output: Heading | None) -> bool:
        """Whether the only number of a region is a heading although it is not the next number."""
        if len(items) != 1 or not self.numbers_only or not items[0].set_apart:
            return False
        number = items[0].number or 0
        plausible = number == 1 or number > self.number
        answered = self.reply.has_text(last.end, items[0].start)
        return plausible and answered and self._is_of_other_task(output, last)

    def _is_of_other_task(self, output: Heading | None, last: Heading) -> bool:
        """Whether ``output`` can belong to another task than the Output ``last``."""
        if not output or output.certainty < self.reply.best_output:
            return False
        if output.style.number_before != last.style.number_before:
            return False
        return not (output.style.number_before and output.number == last.number)

    def _is_after_answer(
        self, last: Heading, separator: Heading, region: list[Heading], output: Heading
    ) -> bool:
        """Whether a separator stands between an answer and an instruction, and neither is empty."""
        inputs = [h.start for h in region if h.kind == "input" and h.start > separator.start]
        end = inputs[0] if inputs else output.start
        answered = self.reply.has_text(last.end, separator.start)
        return answered and self.reply.has_text(separator.end, end)

    def _take(self, heading: Heading, number: int) -> None:
        """Count a heading as that of the task with this number."""
        self.found.append(TaskStart(heading, number))
        self.taken.add(heading)
        self.number = number


def _before_input(region: list[Heading], kind: str) -> list[Heading]:
    """The headings of a kind that stand before the last Input of a region."""
    inputs = [i for i, heading in enumerate(region) if heading.kind == "input"]
    end = inputs[-1] if inputs else None
    return [heading for heading in region[:end] if heading.kind == kind]
