"""Self-instruct: a teacher model writes tasks, filters keep the good and the new ones.

One turn of the loop (Wang et al. 2022; Taori et al. 2023)::

    sample examples → ask → raw completion to disk → parse → filter → novelty (ROUGE-L) → keep
                                                        └─ every drop is a row of the ledger

How a request is put together is the matter of :mod:`helpers.teacher.task_requests`, what to do when
the teacher does not answer that of :mod:`helpers.teacher.retries`, what may be spent that of
:mod:`helpers.teacher.budget`, what is kept that of :mod:`helpers.teacher.task_filter`. Here many
requests are in flight at once.

A run lives in one folder: ``raw.jsonl`` (what the teacher answered, written before anything is
made of it), ``tries.jsonl`` (every try that was sent), ``generated.jsonl`` (tasks kept),
``ledger.jsonl`` (tasks dropped and why). Killed at any moment, a run resumes: answered requests are
parsed again from disk and never sent twice, and tries without an answer stay on the bill.
"""

import asyncio
import math
from dataclasses import replace
from pathlib import Path
from typing import NotRequired, TypedDict

from helpers.data.filters import fault_of
from helpers.data.parsing.task_list import parse_completion
from helpers.io import append_jsonl, write_jsonl
from helpers.teacher.budget import Budget, CapReached, Meter, Tries
from helpers.teacher.generation_folder import (
    alone,
    charge,
    claim,
    fingerprint,
    pending_batches,
    raw_records,
)
from helpers.teacher.task_filter import TaskFilter
from helpers.teacher.task_requests import (
    Settings,
    ask,
    charged_tokens,
    check,
    dearest_request,
    request_of,
    tasks_of,
)

FRUITLESS = 12  # replies without a task, one after another, that end a run

__all__ = [
    "Settings",
    "TaskFilter",
    "estimate",
    "fault_of",
    "generate",
    "parse_completion",
    "preview",
]


class Bill(TypedDict):
    """What a generation run has cost and brought so far.

    ``requests`` answered and ``sifted`` (looked into, in order), tokens in and out,
    ``lost_tries`` (the provider may have charged them), dollars, seconds of all requests one
    after another, tasks accepted and dropped. The final bill says in ``stopped`` why the run
    ended.
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


class _Books:
    """What a run has been answered and has spent, and when it must stop."""

    def __init__(self, endpoint, seeds, settings, sieve, folder):
        self.endpoint, self.settings, self.sieve = endpoint, settings, sieve
        self.dearest = dearest_request(endpoint, settings, seeds)[1:]
        self.answered, self.tokens_in, self.tokens_out, self.seconds = {}, 0, 0, 0.0
        self.fruitless, self.capped, self.tries = 0, None, Tries(folder / "tries.jsonl")
        records = raw_records(folder)
        for record in records:
            self._enter(record)
        self.budget = Budget(endpoint, settings.max_dollars, settings.max_tokens)
        charge(self.budget, records, self.tries, self.dearest)

    def enter(self, record, meter):
        """Enter the raw record of a request that was just answered."""
        used = self._enter(record)
        meter.answered(used)
        self.fruitless = 0 if tasks_of(record)[0] else self.fruitless + 1
        # Where thinking is not bounded by the request, what was seen is the best bound there is.
        self.dearest = tuple(max(pair) for pair in zip(self.dearest, used, strict=True))

    def _enter(self, record):
        self.answered[record["number"]] = record
        used = charged_tokens(record, self.dearest)
        self.tokens_in, self.tokens_out = self.tokens_in + used[0], self.tokens_out + used[1]
        self.seconds += record.get("seconds", 0.0)
        return used

    def drain(self):
        """Sift what was answered, in the order of numbers, up to the target; returns new parts.

        As many records at once as hold the tasks that are missing, so that a resumed run, which has
        them all, ends with the same tasks as one that met them one by one.
        """
        kept, dropped, sieve = [], [], self.sieve
        while len(sieve.accepted) < self.settings.target and sieve.requests in self.answered:
            missing, records = self.settings.target - len(sieve.accepted), []
            while missing > 0 and sieve.requests + len(records) in self.answered:
                records.append(self.answered[sieve.requests + len(records)])
                missing -= len(tasks_of(records[-1])[0])
                if self.settings.from_accepted:
                    break  # an example may be a task of the record before
            new = sieve.sift(records)
            kept, dropped = kept + new[0], dropped + new[1]
        return kept, dropped

    def reason_to_stop(self, flying):
        """Why no further request may be sent while ``flying`` are on their way, or None."""
        settings = self.settings
        if len(self.sieve.accepted) >= settings.target:
            return "target reached"
        if len(self.answered) + flying >= settings.request_limit:
            return "request limit reached"
        if self.fruitless >= FRUITLESS:
            return self._nothing_comes_back()
        over = self.budget.over(self.dearest)
        return f"{over} cap reached" if over else self.capped

    def _nothing_comes_back(self):
        last = list(self.answered.values())[-self.fruitless :]
        reasons = [tasks_of(record)[1][-1]["reason"] for record in last]
        reason = max(set(reasons), key=reasons.count)
        advice = "read raw.jsonl, and try another way of asking or another teacher"
        if "cut" in reason or "empty" in reason:
            advice = (
                "raise answer_tokens (a model that thinks spends them before it writes), or switch "
                "its thinking off with Endpoint(parameters=…)"
            )
        return f"nothing comes back: {self.fruitless} replies without a task ({reason}); {advice}"

    def bill(self):
        """What the run has cost and brought so far."""
        accepted, tokens = len(self.sieve.accepted), self.tokens_in + self.tokens_out
        return {
            "requests": len(self.answered),
            "sifted": self.sieve.requests,
            "tokens_in": self.tokens_in,
            "tokens_out": self.tokens_out,
            "lost_tries": self.budget.lost,
            "dollars": self.budget.dollars,
            "seconds": round(self.seconds, 1),
            "accepted": accepted,
            "dropped": len(self.sieve.ledger),
            "accepted_per_1000_tokens": round(1000 * accepted / tokens, 2) if tokens else 0.0,
        }


async def generate(endpoint, seeds, folder, settings=None, *, guarded=(), on_record=None):
    """Run the loop until ``settings.target`` tasks are accepted; returns the final bill, a dict.

    Resumes what ``folder`` already holds. ``on_record(bill)`` is called after every answered
    request with the running bill: requests answered and sifted (some arrive ahead of an earlier
    one, and wait), tokens in and out of the answers, ``lost_tries``, dollars, seconds (of all
    requests, one after another), accepted, dropped. Stops at ``request_limit`` requests, after
    twelve replies in a row without a task, or before a cap on money or tokens could be passed,
    counting what is in flight, and says which in ``stopped``. A try that was lost on its way (a
    time-out, a reset, a kill) counts at its dearest in ``dollars`` and against both caps, because
    the provider may charge it.
    Raises ValueError if the folder was made with other settings, seeds or teacher, or is in use by
    another process; EndpointError for a wrong key, an unknown model, or a server that stays away.
    """
    settings, folder = settings or Settings(), Path(folder)
    check(settings, endpoint, seeds)
    with alone(folder):
        claim(folder, fingerprint(settings, seeds, guarded, endpoint))
        if pending_batches(folder):
            raise ValueError(
                f"{folder} waits for a batch; collect it first (helpers.teacher.openai_batch)."
            )
        sieve = TaskFilter(seeds, guarded, settings)
        books = _Books(endpoint, seeds, settings, sieve, folder)
        books.drain()
        write_jsonl(folder / "generated.jsonl", sieve.accepted)
        write_jsonl(folder / "ledger.jsonl", sieve.ledger)

        def arrived(record, meter):
            append_jsonl(folder / "raw.jsonl", [record])
            books.enter(record, meter)
            kept, dropped = books.drain()
            append_jsonl(folder / "generated.jsonl", kept)
            append_jsonl(folder / "ledger.jsonl", dropped)
            if on_record:
                on_record(books.bill())

        async with endpoint.async_client(max_retries=0, timeout=endpoint.timeout) as client:
            stopped = await _ask_until_done(client, seeds, books, arrived)
        return {**books.bill(), "stopped": stopped}


async def _ask_until_done(client, seeds, books, arrived):
    """Keep ``endpoint.parallel`` requests in flight until there is a reason to stop; returns it.

    The first goes alone: what an endpoint refuses is found out once.
    """
    flying, number, failed, parallel = {}, 0, [], 1
    try:
        while True:
            stop = books.reason_to_stop(len(flying))
            while not stop and len(flying) < parallel and not books.budget.waiting:
                if number not in books.answered:
                    call, kept = _send(client, seeds, books, number, failed)
                    flying[asyncio.ensure_future(call)] = kept
                number += 1
                stop = books.reason_to_stop(len(flying))
            if not flying:
                return stop
            done, _ = await asyncio.wait(flying, return_when=asyncio.FIRST_COMPLETED)
            parallel = books.endpoint.parallel
            failure = _land(done, flying, arrived)
            if isinstance(failure, CapReached):
                books.capped = f"{failure.cap} cap reached"
            elif failure:
                failed.append(failure)
                if flying and isinstance(failure, Exception):  # an interrupt does not wait
                    # What is on its way will be paid for: it is written down as well.
                    await asyncio.wait(flying)
                    _land(list(flying), flying, arrived)
                raise failure
    finally:
        for call in flying:
            call.cancel()


def _send(client, seeds, books, number, failed):
    """One request as a coroutine, and what its record needs besides: its meta data and meter."""
    meta, examples = request_of(number, seeds, books.settings, books.sieve.accepted)
    meter = Meter(number, books.dearest, books.budget, books.tries)
    books.budget.hold(books.dearest)
    call = ask(
        client, books.endpoint, number, examples, books.settings, meter,
        given_up=lambda: bool(failed),
    )  # fmt: skip
    return call, (meta, meter)


def _land(calls, flying, arrived):
    """Write down every answer among finished calls; returns the first failure among them."""
    failures = []
    for call in calls:
        meta, meter = flying.pop(call)
        try:
            arrived({**meta, **call.result()}, meter)
        except BaseException as failure:  # an interrupt in between loses no answer either
            failures.append(failure)
    return failures[0] if failures else None


async def preview(endpoint, seeds, folder, settings=None, *, guarded=(), tasks=52_002):
    """Make one request, if none was made yet, and say what ``tasks`` accepted tasks would take.

    Returns a dict: the last raw ``record``, its ``tasks`` and ``drops``, the ``bill`` so far, and
    the ``estimate``. The request counts: a later :func:`generate` in the same folder uses it.
    """
    settings = settings or Settings()
    bill = await generate(
        endpoint, seeds, folder, replace(settings, request_limit=1), guarded=guarded
    )
    records = raw_records(Path(folder))
    seen = {"record": None, "tasks": [], "drops": []}
    if records:
        found, drops = tasks_of(records[-1])
        seen = {"record": records[-1], "tasks": found, "drops": drops}
    return {**seen, "bill": bill, "estimate": estimate(bill, tasks, endpoint.parallel)}


def estimate(bill, tasks, parallel=1):
    """What ``tasks`` accepted tasks would take, going by a bill: a dict, or None if none was.

    ``requests``, ``tokens_in``, ``tokens_out``, ``dollars``, ``minutes`` with ``parallel`` requests
    in flight, and ``from_requests``, how many the estimate rests on: from few it is no more than
    an order of magnitude. Answers that nobody has looked into yet bring no task, so they do not
    count. The more is kept, the more is turned away as a near-duplicate.
    """
    if not bill["accepted"]:
        return None
    times = tasks / bill["accepted"] * bill["sifted"] / bill["requests"]
    return {
        **{name: math.ceil(bill[name] * times) for name in ("requests", "tokens_in", "tokens_out")},
        "dollars": bill["dollars"] * times,
        "minutes": bill["seconds"] * times / 60 / parallel,
        "from_requests": bill["sifted"],
    }
