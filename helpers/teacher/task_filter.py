"""Keep a task or drop it with a reason: every task of every raw record ends in one of two lists.

The filter needs no teacher: raw records go in, accepted tasks and a ledger of the dropped ones come
out. It drops, in this order: what could not be parsed, what is faulty by itself, what copies the
output of an example, and what is too similar to a task that was kept before.
"""

from collections.abc import Iterator, Sequence
from typing import TypedDict

from helpers.data.filters import rejection_of
from helpers.data.reply_parsing.no_input import without_no_input
from helpers.data.reply_parsing.task_list import Drop
from helpers.files.row_shapes import Task
from helpers.similarity import Admission, RougeIndex, is_above, rouge_l
from helpers.teacher.generation_settings import Settings
from helpers.teacher.raw_records import RawRecord, tasks_of

COPIED = 0.7  # an output with a ROUGE-L above this to an example's output is a copy


class TaskFilter:
    """Filters raw records one after another, and keeps ``accepted`` tasks and the ``ledger``.

    ``guarded`` are evaluation tasks. No task that is too similar to one of them, or to a seed, is
    accepted, so that none leaks into training. ``requests`` counts the filtered records.
    """

    def __init__(self, seeds: Sequence[Task], guarded: Sequence[Task], settings: Settings) -> None:
        self.settings = settings
        self.index = RougeIndex(
            [row["instruction"] for row in [*seeds, *guarded]], threshold=settings.threshold
        )
        self.example_outputs = {row["id"]: row["output"] for row in seeds}
        self.accepted: list[Task] = []
        self.ledger: list[Drop] = []
        self.requests = 0

    def filter_records(self, records: Sequence[RawRecord]) -> tuple[list[Task], list[Drop]]:
        """Filter the tasks of more raw records; returns those newly accepted and newly dropped.

        Records must come in the order of their numbers. Many at once give the same result as one by
        one, but faster.
        """
        entries = [entry for record in records for entry in self._entries(record)]
        self.requests += len(records)
        new = [task["instruction"] for _, task, _ in entries if task is not None]
        admissions = iter(self.index.admit_many(new))
        accepted: list[Task] = []
        dropped: list[Drop] = []
        for record, task, drop in entries:
            if task is not None:
                admission = next(admissions)
                if admission.accepted:
                    accepted.append(self._accept(task, record, admission))
                    continue
                drop = _near_duplicate(task, admission)
            if drop is not None:
                dropped.append({**drop, "request": record["number"]})
        self.ledger += dropped
        return accepted, dropped

    def _entries(self, record: RawRecord) -> Iterator[tuple[RawRecord, Task | None, Drop | None]]:
        """What a record holds, with either a task that is sound so far or a drop."""
        tasks, drops = tasks_of(record)
        for drop in drops:
            yield record, None, {**drop, "filter": "parse"}
        for task in tasks:
            task = {**task, "input": without_no_input(task["input"])}
            if fault := rejection_of(task, self.settings.language):
                yield record, None, _dropped(task, *fault)
            elif example := self._copied_example(task, record):
                reason = "output copied from an example"
                yield record, None, _dropped(task, reason, "copy", {"neighbour": example})
            else:
                yield record, task, None

    def _copied_example(self, task: Task, record: RawRecord) -> str | None:
        """The id of the example whose output a task copies, or None."""
        for example in record["examples"]:
            score = rouge_l(self.example_outputs.get(example, ""), task["output"])
            if is_above(score, COPIED):
                return example
        return None

    def _accept(self, task: Task, record: RawRecord, admission: Admission) -> Task:
        """Give a task an id, and keep it; later requests may show it as an example."""
        row: Task = {
            "id": f"gen_{len(self.accepted) + 1:05d}",
            **task,
            "category": "generated",
            "source": f"request {record['number']}",
            "nearest_score": round(admission.score, 4),
        }
        self.accepted.append(row)
        self.example_outputs[row["id"]] = row["output"]
        return row


class _Neighbour(TypedDict, total=False):
    """The fields of a ledger row that name what a task was too similar to."""

    neighbour: str
    score: float


def _near_duplicate(task: Task, admission: Admission) -> Drop:
    """The ledger row of a task that is too similar to a text kept before."""
    score = round(admission.score, 4)
    near: _Neighbour = {"neighbour": admission.nearest or "", "score": score}
    return _dropped(task, "near-duplicate", "novelty", near)


def _dropped(task: Task, reason: str, filter_name: str, near: _Neighbour | None = None) -> Drop:
    """The ledger row of a task, without the number of its request."""
    return {
        "reason": reason,
        "filter": filter_name,
        **(near or {}),
        "text": task["instruction"],
        "input": task["input"],
        "output": task["output"],
    }
