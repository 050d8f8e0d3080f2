"""The state of a generation run: what was answered and spent, and whether to go on."""

from collections.abc import Sequence
from pathlib import Path
from typing import NotRequired, TypedDict

from helpers.data.reply_parsing.task_list import Drop
from helpers.files.row_shapes import Task
from helpers.teacher.budget import Budget, RequestCharges, Tokens, Tries
from helpers.teacher.endpoint import Endpoint
from helpers.teacher.generation_folder import charge_spent, raw_records
from helpers.teacher.generation_settings import Settings
from helpers.teacher.raw_records import RawRecord, tasks_of, tokens_charged_for
from helpers.teacher.retries import MAX_EMPTY_REPLIES
from helpers.teacher.task_filter import TaskFilter
from helpers.teacher.task_requests import worst_case


class Bill(TypedDict):
    """What a generation run has cost and brought so far.

    ``requests`` were answered and ``sifted`` of them filtered, in the order of their numbers.
    ``tokens_in`` and ``tokens_out`` are those of the answers. ``lost_tries`` were sent without an
    answer; the provider may have charged them, so they count in ``dollars``. ``seconds`` adds up
    the time of all requests. ``accepted`` and ``dropped`` count tasks. The final bill says in
    ``stopped`` why the run ended.
    """

    requests: int
    sifted: int
    tokens_in: int
    tokens_out: int
    lost_tries: int
    dollars: float
    seconds: float
    accepted: int
    dropped: int
    accepted_per_1000_tokens: float
    stopped: NotRequired[str]


class Progress:
    """What a run has received and spent, and when it must stop.

    Starts from what ``folder`` holds already. ``answered`` maps the number of each answered request
    to its raw record. ``worst_case`` is the most that one request can take, in tokens in and out.
    ``cap_reached`` is set once a try did not fit under a cap.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        seeds: Sequence[Task],
        settings: Settings,
        task_filter: TaskFilter,
        folder: Path,
    ) -> None:
        self.endpoint, self.settings, self.task_filter = endpoint, settings, task_filter
        self.worst_case: Tokens = worst_case(endpoint, settings, seeds).tokens
        self.answered: dict[int, RawRecord] = {}
        self.tokens_in, self.tokens_out, self.seconds = 0, 0, 0.0
        self.replies_without_task = 0  # in a row
        self.cap_reached: str | None = None
        self.tries = Tries(folder / "tries.jsonl")
        self.budget = Budget(endpoint, settings.max_dollars, settings.max_tokens)
        records = raw_records(folder)
        for record in records:
            self._count(record)
        charge_spent(self.budget, records, self.tries, self.worst_case)

    def add(self, record: RawRecord, meter: RequestCharges) -> None:
        """Add the raw record of a request that was answered now, and charge it."""
        used = self._count(record)
        meter.answered(used)
        has_task = bool(tasks_of(record)[0])
        self.replies_without_task = 0 if has_task else self.replies_without_task + 1
        # Some models think beyond the limit of a request. Later requests may do so too.
        self.worst_case = (
            max(self.worst_case[0], used[0]),
            max(self.worst_case[1], used[1]),
        )

    def _count(self, record: RawRecord) -> Tokens:
        """Count an answer; returns the tokens in and out that it is charged with."""
        self.answered[record["number"]] = record
        used = tokens_charged_for(record, self.worst_case)
        self.tokens_in, self.tokens_out = self.tokens_in + used[0], self.tokens_out + used[1]
        self.seconds += record.get("seconds", 0.0)
        return used

    def filter_answered(self) -> tuple[list[Task], list[Drop]]:
        """Filter the answers that are next in order, until the target is reached.

        Returns the tasks that were accepted and dropped now. No answer after the one that reaches
        the target is filtered, so that a resumed run ends with the same tasks as one without a
        break.
        """
        accepted: list[Task] = []
        dropped: list[Drop] = []
        while records := self._next_records():
            new = self.task_filter.filter_records(records)
            accepted, dropped = accepted + new[0], dropped + new[1]
        return accepted, dropped

    def _next_records(self) -> list[RawRecord]:
        """The next answers in order that hold as many tasks as are still missing, or fewer."""
        missing = self.settings.target - len(self.task_filter.accepted)
        first = self.task_filter.requests
        records: list[RawRecord] = []
        while missing > 0 and first + len(records) in self.answered:
            records.append(self.answered[first + len(records)])
            missing -= len(tasks_of(records[-1])[0])
            if self.settings.from_accepted:
                break  # an example may be a task of the record before
        return records

    def reason_to_stop(self, in_flight: int) -> str | None:
        """Why no further request may be sent while so many are in flight; None if one may."""
        if len(self.task_filter.accepted) >= self.settings.target:
            return "target reached"
        if len(self.answered) + in_flight >= self.settings.request_limit:
            return "request limit reached"
        if self.replies_without_task >= MAX_EMPTY_REPLIES:
            return self._why_fruitless()
        if cap := self.budget.cap_exceeded_by(self.worst_case):
            return f"{cap} cap reached"
        return self.cap_reached

    def _why_fruitless(self) -> str:
        """The commonest reason why the last replies brought no task, and what to do about it."""
        last = list(self.answered.values())[-self.replies_without_task :]
        reasons = [tasks_of(record)[1][-1]["reason"] for record in last]
        reason = max(set(reasons), key=reasons.count)
        advice = "read raw.jsonl, and try another way of asking or another teacher"
        if "cut" in reason or "empty" in reason:
            advice = (
                "raise answer_tokens (a model that thinks spends them before it writes), or switch "
                "its thinking off with Endpoint(parameters=…)"
            )
        return (
            f"nothing comes back: {self.replies_without_task} replies in a row without a task "
            f"({reason}); {advice}"
        )

    def bill(self) -> Bill:
        """What the run has cost and brought so far."""
        accepted, tokens = len(self.task_filter.accepted), self.tokens_in + self.tokens_out
        return {
            "requests": len(self.answered),
            "sifted": self.task_filter.requests,
            "tokens_in": self.tokens_in,
            "tokens_out": self.tokens_out,
            "lost_tries": self.budget.lost,
            "dollars": self.budget.dollars,
            "seconds": round(self.seconds, 1),
            "accepted": accepted,
            "dropped": len(self.task_filter.ledger),
            "accepted_per_1000_tokens": round(1000 * accepted / tokens, 2) if tokens else 0.0,
        }
