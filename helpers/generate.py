"""Self-instruct: a teacher model writes tasks, filters keep the good and the new ones.

One turn of the loop (Wang et al. 2022; Taori et al. 2023)::

    sample examples → ask → raw completion to disk → parse → filter → novelty (ROUGE-L) → keep
                                                        └─ every drop is a row of the ledger

How a request is put together is the matter of :mod:`helpers.asking`, what to do when the teacher
does not answer that of :mod:`helpers.patience`, what is kept that of :mod:`helpers.sieve`. Here
many requests are in flight at once, and the books are kept.

A run lives in one folder: ``raw.jsonl`` (what the teacher answered, written before anything is
made of it), ``generated.jsonl`` (tasks kept), ``ledger.jsonl`` (tasks dropped and why). Killed at
any moment it goes on: answered requests are parsed again from disk and never asked twice.
"""

import asyncio
import hashlib
import json
import math
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from helpers.asking import (
    Settings,
    ask,
    booked_tokens,
    check,
    dearest_request,
    request_of,
    tasks_of,
)
from helpers.filters import fault_of
from helpers.io import append_jsonl, read_jsonl, write_jsonl, write_text
from helpers.parsing import parse_completion
from helpers.sieve import Sieve

__all__ = ["Settings", "Sieve", "estimate", "fault_of", "generate", "parse_completion", "preview"]


class _Books:
    """What a run has been answered and has spent, and when it must stop."""

    def __init__(self, endpoint, seeds, settings, sieve):
        self.endpoint, self.settings, self.sieve = endpoint, settings, sieve
        self.dearest_dollars, *self.dearest = dearest_request(endpoint, settings, seeds)
        self.answered, self.tokens_in, self.tokens_out, self.seconds = {}, 0, 0, 0.0

    def book(self, record):
        """Enter one raw record."""
        self.answered[record["number"]] = record
        tokens_in, tokens_out = booked_tokens(record, self.dearest)
        self.tokens_in, self.tokens_out = self.tokens_in + tokens_in, self.tokens_out + tokens_out
        self.seconds += record.get("seconds", 0.0)

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
        settings, coming = self.settings, flying + 1
        if len(self.sieve.accepted) >= settings.target:
            return "target reached"
        if len(self.answered) + flying >= settings.request_limit:
            return "request limit reached"
        spent = self.endpoint.cost(self.tokens_in, self.tokens_out)
        if spent + coming * self.dearest_dollars > settings.max_dollars:
            return "money cap reached"
        tokens = self.tokens_in + self.tokens_out
        if (
            settings.max_tokens is not None
            and tokens + coming * sum(self.dearest) > settings.max_tokens
        ):
            return "token cap reached"
        return None

    def bill(self):
        """What the run has cost and brought so far."""
        accepted, tokens = len(self.sieve.accepted), self.tokens_in + self.tokens_out
        return {
            "requests": len(self.answered),
            "sifted": self.sieve.requests,
            "tokens_in": self.tokens_in,
            "tokens_out": self.tokens_out,
            "dollars": self.endpoint.cost(self.tokens_in, self.tokens_out),
            "seconds": round(self.seconds, 1),
            "accepted": accepted,
            "dropped": len(self.sieve.ledger),
            "accepted_per_1000_tokens": round(1000 * accepted / tokens, 2) if tokens else 0.0,
        }


async def generate(endpoint, seeds, folder, settings=None, *, guarded=(), on_record=None):
    """Run the loop until ``settings.target`` tasks are accepted; returns the final bill, a dict.

    Resumes what ``folder`` already holds. ``on_record(bill)`` is called after every answered
    request with the running bill: requests answered and sifted (some arrive ahead of an earlier
    one, and wait), tokens in and out, dollars, seconds (of all requests, one after another),
    accepted, dropped. Stops at ``request_limit`` requests, or before a cap on
    money or tokens could be passed, counting what is in flight, and says which in ``stopped``. A
    try that was lost on its way (a time-out, a reset) is booked at its dearest once its request is
    answered, because the provider may charge it.
    Raises ValueError if the folder was made with other settings, seeds or teacher, or is in use by
    another process; EndpointError for a wrong key, an unknown model, or a server that stays away.
    """
    settings, folder = settings or Settings(), Path(folder)
    check(settings, endpoint, seeds)
    with alone(folder):
        claim(folder, fingerprint(settings, seeds, guarded, endpoint))
        if pending_batches(folder):
            raise ValueError(f"{folder} waits for a batch; collect it first (helpers.batch).")
        sieve = Sieve(seeds, guarded, settings)
        books = _Books(endpoint, seeds, settings, sieve)
        for record in raw_records(folder):
            books.book(record)
        books.drain()
        write_jsonl(folder / "generated.jsonl", sieve.accepted)
        write_jsonl(folder / "ledger.jsonl", sieve.ledger)

        def arrived(record):
            append_jsonl(folder / "raw.jsonl", [record])
            books.book(record)
            kept, dropped = books.drain()
            append_jsonl(folder / "generated.jsonl", kept)
            append_jsonl(folder / "ledger.jsonl", dropped)
            if on_record:
                on_record(books.bill())

        async with endpoint.async_client(max_retries=0, timeout=endpoint.timeout) as client:
            stopped = await _ask_until_done(client, seeds, books, arrived)
        return {**books.bill(), "stopped": stopped}


async def _ask_until_done(client, seeds, books, arrived):
    """Keep ``endpoint.parallel`` requests in flight until there is a reason to stop; returns it."""
    endpoint, settings, flying, number, failed = books.endpoint, books.settings, {}, 0, []
    try:
        while True:
            stop = books.reason_to_stop(len(flying))
            while not stop and len(flying) < endpoint.parallel:
                if number not in books.answered:
                    meta, examples = request_of(number, seeds, settings, books.sieve.accepted)
                    call = ask(
                        client, endpoint, number, examples, settings, given_up=lambda: bool(failed)
                    )
                    flying[asyncio.ensure_future(call)] = meta
                number += 1
                stop = books.reason_to_stop(len(flying))
            if not flying:
                return stop
            done, _ = await asyncio.wait(flying, return_when=asyncio.FIRST_COMPLETED)
            failure = _land(done, flying, arrived)
            if failure:
                failed.append(failure)
                if flying and isinstance(failure, Exception):  # an interrupt does not wait
                    # What is on its way will be paid for: it is written down as well.
                    await asyncio.wait(flying)
                    _land(list(flying), flying, arrived)
                raise failure
    finally:
        for call in flying:
            call.cancel()


def _land(calls, flying, arrived):
    """Write down every answer among finished calls; returns the first failure among them."""
    failures = []
    for call in calls:
        meta = flying.pop(call)
        try:
            arrived({**meta, **call.result()})
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


def fingerprint(settings, seeds, guarded, endpoint):
    """A short hash of everything that decides what a run would generate."""
    parts = [asdict(settings), list(seeds), list(guarded), endpoint.model]
    # The target and the limits decide how long to go on, not what is generated.
    for name in ("target", "request_limit", "max_dollars", "max_tokens"):
        parts[0].pop(name)
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def pending_batches(folder):
    """Batches that were submitted from a folder and not collected, as rows of its batches.jsonl."""
    path = Path(folder) / "batches.jsonl"
    rows = read_jsonl(path, torn_tail_ok=True) if path.exists() else []
    done = {row["collected"] for row in rows if "collected" in row}
    return [row for row in rows if "id" in row and row["id"] not in done]


@contextmanager
def alone(folder):
    """Hold a run folder for this process alone; a kill lets go of it."""
    from filelock import FileLock, Timeout

    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ValueError(
            f"another process is generating in {folder}. Wait for it, stop it, or choose another "
            "folder; two would ask the same requests twice."
        ) from None
    try:
        yield
    finally:
        lock.release()


def claim(folder, mark):
    """Write the fingerprint into a new folder; refuse a folder that carries another."""
    path = folder / "settings.fingerprint"
    if not path.exists():
        write_text(path, mark + "\n")
    elif path.read_text().strip() != mark:
        raise ValueError(
            f"{folder} was made with other settings, seeds or teacher, and its tasks would be "
            "mixed with new ones. Choose another run name, or delete that folder to start afresh."
        )


def raw_records(folder):
    path = folder / "raw.jsonl"
    return read_jsonl(path, torn_tail_ok=True) if path.exists() else []
