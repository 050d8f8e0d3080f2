"""The loop of a generation run: it keeps many requests in flight until there is reason to stop."""

import asyncio
import itertools
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from helpers.files.row_shapes import Task
from helpers.teacher.budget import CapReached, RequestCharges
from helpers.teacher.generation_progress import Progress
from helpers.teacher.raw_records import RawRecord
from helpers.teacher.task_requests import ask, choose_examples

if TYPE_CHECKING:
    from openai import AsyncOpenAI

OnAnswer = Callable[[RawRecord, RequestCharges], None]


class _Sent(NamedTuple):
    """What the loop knows of a request in flight: the first fields of its record, and its meter."""

    record: RawRecord
    meter: RequestCharges


_InFlight = dict["asyncio.Task[RawRecord]", _Sent]


async def ask_until_done(
    client: "AsyncOpenAI", seeds: Sequence[Task], progress: Progress, on_answer: OnAnswer
) -> str:
    """Send requests until ``progress`` has a reason to stop; returns the reason.

    Up to ``endpoint.parallel`` requests are in flight. The first goes alone, so that a parameter
    that the endpoint refuses is refused once only. ``on_answer(record, meter)`` runs after each
    answer. Raises the first failure of a request or of ``on_answer``. Answers that are in flight
    then are still awaited and handed over, except after an interrupt.
    """
    in_flight: _InFlight = {}
    failures: list[BaseException] = []
    numbers = (number for number in itertools.count() if number not in progress.answered)
    parallel = 1
    try:
        while True:
            stop = progress.reason_to_stop(len(in_flight))
            while not stop and len(in_flight) < parallel and not progress.budget.waiting:
                call, sent = _send(client, seeds, progress, next(numbers), failures)
                in_flight[asyncio.ensure_future(call)] = sent
                stop = progress.reason_to_stop(len(in_flight))
            if stop and not in_flight:
                return stop
            done, _ = await asyncio.wait(in_flight, return_when=asyncio.FIRST_COMPLETED)
            parallel = max(1, progress.endpoint.parallel)
            failure = _hand_over(done, in_flight, on_answer)
            if isinstance(failure, CapReached):
                progress.cap_reached = f"{failure.cap} cap reached"
            elif failure:
                failures.append(failure)
                if in_flight and isinstance(failure, Exception):
                    # The provider charges what is in flight, so those answers are kept as well.
                    await asyncio.wait(in_flight)
                    _hand_over(list(in_flight), in_flight, on_answer)
                raise failure
    finally:
        for task in in_flight:
            task.cancel()


def _send(
    client: "AsyncOpenAI",
    seeds: Sequence[Task],
    progress: Progress,
    number: int,
    failures: Sequence[BaseException],
) -> tuple[Coroutine[Any, Any, RawRecord], _Sent]:
    """A request as a coroutine, with its worst case reserved; it gives up after a failure."""
    settings = progress.settings
    record, examples = choose_examples(number, seeds, settings, progress.task_filter.accepted)
    meter = RequestCharges(number, progress.worst_case, progress.budget, progress.tries)
    progress.budget.reserve(progress.worst_case)
    call = ask(
        client, progress.endpoint, number, examples, settings, meter,
        given_up=lambda: bool(failures),
    )  # fmt: skip
    return call, _Sent(record, meter)


def _hand_over(
    done: Iterable["asyncio.Task[RawRecord]"], in_flight: _InFlight, on_answer: OnAnswer
) -> BaseException | None:
    """Hand the answers of finished requests over; returns the first failure among them."""
    failures: list[BaseException] = []
    for task in done:
        record, meter = in_flight.pop(task)
        try:
            on_answer({**record, **task.result()}, meter)
        except BaseException as failure:  # the other answers are kept, even after an interrupt
            failures.append(failure)
    return failures[0] if failures else None
