"""Self-instruct: let a teacher model write tasks, and keep those that are good and new.

Each turn of the loop (Wang et al. 2022; Taori et al. 2023)::

    sample examples → ask → write the answer to disk → parse → filter → compare (ROUGE-L) → keep
                                                         └──────────────┴─ dropped: to the ledger

A run lives in one folder. ``raw.jsonl`` has each answer as it came, written before it is parsed,
``tries.jsonl`` every try that was sent, ``generated.jsonl`` the accepted tasks, and
``ledger.jsonl`` the dropped ones with the reason. A run that was killed resumes. It parses the
answers on disk again and does not send those requests twice. Tries without an answer stay on the
bill.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypedDict

from helpers.data.filters import rejection_of
from helpers.data.reply_parsing.task_list import Drop, parse_completion
from helpers.files.row_shapes import Task
from helpers.io import append_jsonl, write_jsonl
from helpers.teacher.budget import RequestCharges
from helpers.teacher.endpoint import Endpoint
from helpers.teacher.generation_estimate import Estimate, estimate
from helpers.teacher.generation_folder import (
    check_fingerprint,
    fingerprint_of,
    lock_folder,
    pending_batches,
    raw_records,
)
from helpers.teacher.generation_loop import ask_until_done
from helpers.teacher.generation_progress import Bill, Progress
from helpers.teacher.generation_settings import Settings, check_settings
from helpers.teacher.raw_records import RawRecord, tasks_of
from helpers.teacher.task_filter import TaskFilter

__all__ = [
    "Bill",
    "Settings",
    "TaskFilter",
    "estimate",
    "generate",
    "parse_completion",
    "preview",
    "rejection_of",
]


async def generate(
    endpoint: Endpoint,
    seeds: Sequence[Task],
    folder: str | Path,
    settings: Settings | None = None,
    *,
    guarded: Sequence[Task] = (),
    on_record: Callable[[Bill], object] | None = None,
) -> Bill:
    """Run the loop until ``settings.target`` tasks are accepted; returns the final bill.

    Resumes what ``folder`` already holds. ``guarded`` are evaluation tasks that no accepted task
    may be too similar to. ``on_record(bill)`` runs after every answered request. Answers are
    filtered in the order of their numbers, so one that arrives early waits for those before it.

    The run also ends after ``settings.request_limit`` requests, after twelve replies in a row
    without a task, or before a cap on dollars or tokens could be exceeded. Requests in flight and
    lost tries (after a time-out, a reset, a kill) count in full against both caps. The bill says
    in ``stopped`` which it was.

    Raises ValueError if the folder was made with other settings, seeds or teacher, if another
    process uses it, or if it waits for a batch. Raises EndpointError for a wrong key, an unknown
    model, or a server that does not answer.
    """
    settings, folder = settings or Settings(), Path(folder)
    check_settings(settings, endpoint, seeds)
    with lock_folder(folder):
        check_fingerprint(folder, fingerprint_of(settings, seeds, guarded, endpoint))
        _refuse_pending_batch(folder)
        progress = _resume(endpoint, seeds, settings, guarded, folder)

        def on_answer(record: RawRecord, meter: RequestCharges) -> None:
            append_jsonl(folder / "raw.jsonl", [record])
            progress.add(record, meter)
            accepted, dropped = progress.filter_answered()
            append_jsonl(folder / "generated.jsonl", accepted)
            append_jsonl(folder / "ledger.jsonl", dropped)
            if on_record:
                on_record(progress.bill())

        async with endpoint.async_client(max_retries=0, timeout=endpoint.timeout) as client:
            stopped = await ask_until_done(client, seeds, progress, on_answer)
        return {**progress.bill(), "stopped": stopped}


def _refuse_pending_batch(folder: Path) -> None:
    """Raise ValueError if a batch is pending, because its requests would be sent twice."""
    if pending_batches(folder):
        raise ValueError(
            f"{folder} waits for a batch; collect it first, with collect(endpoint, folder) of "
            "helpers.teacher.openai_batch."
        )


def _resume(
    endpoint: Endpoint,
    seeds: Sequence[Task],
    settings: Settings,
    guarded: Sequence[Task],
    folder: Path,
) -> Progress:
    """Read what a run has so far, and write its accepted and dropped tasks anew."""
    task_filter = TaskFilter(seeds, guarded, settings)
    progress = Progress(endpoint, seeds, settings, task_filter, folder)
    progress.filter_answered()
    write_jsonl(folder / "generated.jsonl", task_filter.accepted)
    write_jsonl(folder / "ledger.jsonl", task_filter.ledger)
    return progress


class Preview(TypedDict):
    """The last answer of a run, what was read from it, the bill, and an estimate for more tasks."""

    record: RawRecord | None
    tasks: list[Task]
    drops: list[Drop]
    bill: Bill
    estimate: Estimate | None


async def preview(
    endpoint: Endpoint,
    seeds: Sequence[Task],
    folder: str | Path,
    settings: Settings | None = None,
    *,
    guarded: Sequence[Task] = (),
    tasks: int = 52_002,
) -> Preview:
    """Send one request, unless the folder has an answer, and estimate ``tasks`` accepted tasks.

    A later :func:`generate` in the same folder uses the answer. The default is the number of tasks
    that Alpaca released.
    """
    settings = replace(settings or Settings(), request_limit=1)
    bill = await generate(endpoint, seeds, folder, settings, guarded=guarded)
    records = raw_records(folder)
    record = records[-1] if records else None
    found, drops = tasks_of(record) if record else ([], [])
    return {
        "record": record,
        "tasks": found,
        "drops": drops,
        "bill": bill,
        "estimate": estimate(bill, tasks, endpoint.parallel),
    }
