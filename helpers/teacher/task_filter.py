"""Kept, or dropped with a reason: every task of every answer ends in one of two books.

Beside :mod:`helpers.teacher.generate` because it needs no teacher: raw records in, tasks and ledger
out, now or a year later. In this order: what cannot be read, what is faulty by itself, what was
copied from an example, what is too near to something kept before.
"""

from helpers.data.filters import fault_of
from helpers.data.parsing.task_list import normal_input
from helpers.similarity import RougeIndex, is_above, rouge_l
from helpers.teacher.task_requests import tasks_of


class TaskFilter:
    """Filters and novelty over a stream of raw records; keeps the tasks and the ledger.

    ``seeds`` and ``guarded`` (evaluation tasks, so that none leaks into training) are in the index
    from the start. Used by the loop, and by anyone who wants to sift ``raw.jsonl`` again.
    """

    def __init__(self, seeds, guarded, settings):
        self.settings = settings
        self.index = RougeIndex(
            [row["instruction"] for row in [*seeds, *guarded]], threshold=settings.threshold
        )
        self.example_outputs = {row["id"]: row["output"] for row in seeds}
        self.accepted, self.ledger, self.requests = [], [], 0

    def sift(self, records):
        """Sort the tasks of raw records into ``accepted`` and ``ledger``; returns both new parts.

        The records come in the order of their numbers; many at once give the same as one by one,
        faster.
        """
        entries = [entry for record in records for entry in self._entries(record)]
        self.requests += len(records)
        new = [task["instruction"] for _, task, drop in entries if drop is None]
        admissions = iter(self.index.admit_many(new))
        kept, dropped = [], []
        for record, task, drop in entries:
            admission = next(admissions) if drop is None else None
            drop = drop or self._stale(task, record, admission)
            if drop:
                dropped.append({**drop, "request": record["number"]})
            else:
                kept.append(self._keep(task, record, admission))
        self.ledger += dropped
        return kept, dropped

    def _entries(self, record):
        """``(record, task, drop)`` for everything in a record; a drop has its task's text."""
        tasks, drops = tasks_of(record)
        yield from ((record, None, {**drop, "filter": "parse"}) for drop in drops)
        for task in tasks:
            task = {**task, "input": normal_input(task["input"])}
            fault = fault_of(task, self.settings.language) or self._copied(task, record)
            yield record, task, self._drop(task, *fault) if fault else None

    def _copied(self, task, record):
        for example in record["examples"]:
            if is_above(rouge_l(self.example_outputs.get(example, ""), task["output"]), 0.7):
                return "output copied from an example", "copy", {"neighbour": example}
        return None

    def _stale(self, task, record, admission):
        if admission.accepted:
            return None
        near = {"neighbour": admission.nearest, "score": round(admission.score, 4)}
        return self._drop(task, "near-duplicate", "novelty", near)

    @staticmethod
    def _drop(task, reason, name, more=()):
        text = {"text": task["instruction"], "input": task["input"], "output": task["output"]}
        return {"reason": reason, "filter": name, **dict(more), **text}

    def _keep(self, task, record, admission):
        row = {
            "id": f"gen_{len(self.accepted) + 1:05d}",
            **task,
            "category": "generated",
            "source": f"request {record['number']}",
            "nearest_score": round(admission.score, 4),
        }
        self.accepted.append(row)
        self.example_outputs[row["id"]] = row["output"]
        return row
