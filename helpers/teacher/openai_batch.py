"""Send requests for tasks through OpenAI's Batch API: answers within a day, at half the price.

A file of requests is uploaded and a file of answers is downloaded. In between, no program needs to
run::

    submit(endpoint, seeds, folder, settings, count=500)    tonight
    collect(endpoint, folder)                               tomorrow; repeat until "completed"
    await generate(endpoint, seeds, folder, settings)       filters the answers, asks for the rest

Answers are added to the same ``raw.jsonl`` as those of :func:`generate`. ``batches.jsonl`` lists
which requests were submitted. A batch is listed there before it is submitted, so that a kill in
between loses no money: :func:`collect` finds the batch again by its mark. Only ``task_list`` and
``task_json`` work, because self-synthesis needs two requests for each task.
"""

import json
import secrets
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import count as count_from
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.files.bounded_json import bounded_json
from helpers.files.row_shapes import Task
from helpers.io import append_jsonl
from helpers.teacher.budget import Budget, Tokens, Tries
from helpers.teacher.endpoint import Endpoint
from helpers.teacher.generation_folder import (
    Batch,
    charge_spent,
    check_fingerprint,
    fingerprint_of,
    lock_folder,
    pending_batches,
    raw_records,
)
from helpers.teacher.generation_settings import Settings, check_settings
from helpers.teacher.raw_records import RawRecord, tokens_charged_for
from helpers.teacher.replies import read_completion, usage_of
from helpers.teacher.request_parameters import fit_request
from helpers.teacher.retries import with_endpoint_errors
from helpers.teacher.task_requests import choose_examples, list_request, worst_case
from helpers.teacher.token_prices import BATCH_PRICE_SHARE

if TYPE_CHECKING:
    from openai import OpenAI

_UNCOUNTED: Tokens = (4_096, 4_096)  # charged for a repeated answer without a believable count
_UNDER_WAY = ("validating", "in_progress", "finalizing", "cancelling")


def submit(
    endpoint: Endpoint,
    seeds: Sequence[Task],
    folder: str | Path,
    settings: Settings | None = None,
    *,
    count: int,
    guarded: Sequence[Task] = (),
) -> Batch:
    """Send ``count`` requests as one batch; returns its row of ``batches.jsonl``.

    Raises ValueError for self-synthesis, for a folder that is in use or was made with other
    settings, and if a cap of the settings could be exceeded by what was spent, the batches not yet
    collected, and this one. Raises EndpointError if the provider refuses.
    """
    settings, folder = settings or Settings(way="task_list"), Path(folder)
    check_settings(settings, endpoint, seeds)
    if settings.way == "self_synthesis":
        raise ValueError(
            "self_synthesis needs two requests, one after the other, and cannot be sent as a "
            'batch. Use Settings(way="task_list") or Settings(way="task_json").'
        )
    with lock_folder(folder):
        _check_caps(endpoint, seeds, folder, settings, count)
        check_fingerprint(folder, fingerprint_of(settings, seeds, guarded, endpoint))
        lines, batch = _prepare(endpoint, seeds, folder, settings, count)
        # A retry after a failure could make, and charge, a second batch of the same requests.
        with endpoint.client(max_retries=0) as client:
            _upload(client, endpoint, lines, batch, folder)
    return batch


def _upload(
    client: "OpenAI", endpoint: Endpoint, lines: Sequence[str], batch: Batch, folder: Path
) -> None:
    """Upload a batch's file, list the batch in ``batches.jsonl``, and submit it."""
    data = (f"{batch['id']}.jsonl", "".join(lines).encode())
    file = with_endpoint_errors(lambda: client.files.create(file=data, purpose="batch"), endpoint)
    append_jsonl(folder / "batches.jsonl", [batch])  # from here on it may have been submitted
    with_endpoint_errors(
        lambda: client.batches.create(
            input_file_id=file.id,
            endpoint="/v1/chat/completions",
            completion_window="24h",
            metadata={"mark": batch["id"]},
        ),
        endpoint,
    )


def collect(endpoint: Endpoint, folder: str | Path, *, forget: bool = False) -> dict[str, str]:
    """Download finished batches; returns the state of each batch that was not collected yet.

    States are OpenAI's ("in_progress", "completed", "expired", …). "not found" is a batch that the
    account does not know: its submission was cut off, or it belongs to another account. It stays
    pending until ``forget=True``. :func:`generate` sends requests again that failed or whose answer
    cannot be read.

    A gateway that repeats requests can make several batches with the same mark. All of them are
    waited for. The first answer to a request is kept, and the others are charged.
    """
    folder, states = Path(folder), {}
    with lock_folder(folder), endpoint.client() as client:
        known = {record["number"] for record in raw_records(folder)}
        pending = pending_batches(folder)
        found: list[Any] = []
        if pending:
            found = with_endpoint_errors(lambda: list(client.batches.list()), endpoint)
        for batch in pending:
            twins = [each for each in found if (each.metadata or {}).get("mark") == batch["id"]]
            state = states[batch["id"]] = _common_state([twin.status for twin in twins])
            if state in _UNDER_WAY or not (twins or forget):
                continue
            records = _download(client, endpoint, twins, batch)
            _charge_repeated(records, folder)
            append_jsonl(folder / "raw.jsonl", _first_answers(records, known))
            append_jsonl(folder / "batches.jsonl", [{"collected": batch["id"]}])
    return states


def _common_state(states: Sequence[str]) -> str:
    """One state for all batches with a mark: under way if one is, else completed if one is."""
    chosen = [state for state in states if state in _UNDER_WAY]
    chosen += [state for state in states if state == "completed"]
    return [*chosen, *states, "not found"][0]


def _download(
    client: "OpenAI", endpoint: Endpoint, twins: Iterable[Any], batch: Batch
) -> list[RawRecord]:
    """The raw records in the output files of all the provider's batches with one mark."""
    names = [twin.output_file_id for twin in twins if twin.output_file_id]
    texts = with_endpoint_errors(
        lambda: [client.files.content(name).text for name in names], endpoint
    )
    return [record for text in texts for record in _read_answers(text, batch)]


def _first_answers(records: Iterable[RawRecord], known: Collection[int]) -> list[RawRecord]:
    """The first record of each request that has no answer on disk."""
    first: dict[int, RawRecord] = {}
    for record in records:
        if record["number"] not in known:
            first.setdefault(record["number"], record)
    return list(first.values())


def _charge_repeated(records: Iterable[RawRecord], folder: Path) -> None:
    """Record answers beyond the first to a request as lost tries, once each."""
    tries, seen = Tries(folder / "tries.jsonl"), Counter[int]()
    for record in records:
        number = record["number"]
        if tries.sent[number] < seen[number]:  # not recorded by an earlier collection
            tries.add_sent(number, tokens_charged_for(record, _UNCOUNTED))
        seen[number] += 1


def _check_caps(
    endpoint: Endpoint, seeds: Sequence[Task], folder: Path, settings: Settings, count: int
) -> None:
    """Raise ValueError if ``count`` more requests could exceed a cap."""
    most = worst_case(endpoint, settings, seeds)
    requests = count + sum(len(batch["examples"]) for batch in pending_batches(folder))
    spent = Budget(endpoint, settings.max_dollars, settings.max_tokens)
    charge_spent(spent, raw_records(folder), Tries(folder / "tries.jsonl"), most.tokens)
    dollars = spent.dollars + BATCH_PRICE_SHARE * requests * most.dollars
    tokens = spent.tokens + requests * sum(most.tokens)
    together = f"with what was spent and the batches not yet collected, {count} requests could"
    if dollars > settings.max_dollars:
        raise ValueError(
            f"{together} cost up to ${dollars:.2f}, and max_dollars is {settings.max_dollars}. "
            "Send fewer, or raise the cap."
        )
    if settings.max_tokens is not None and tokens > settings.max_tokens:
        raise ValueError(
            f"{together} take {tokens:,} tokens, and max_tokens is {settings.max_tokens:,}. "
            "Send fewer, or raise the cap."
        )


def _prepare(
    endpoint: Endpoint, seeds: Sequence[Task], folder: Path, settings: Settings, count: int
) -> tuple[list[str], Batch]:
    """The lines of a batch's file, and the batch's row: the first ``count`` requests not sent."""
    taken = {record["number"] for record in raw_records(folder)}
    taken |= {int(number) for batch in pending_batches(folder) for number in batch["examples"]}
    lines: list[str] = []
    examples: dict[str, list[str]] = {}
    start = 0
    for number in islice((n for n in count_from() if n not in taken), count):
        record, shown = choose_examples(number, seeds, replace(settings, from_accepted=0))
        body, start = list_request(number, shown, settings)
        body = {"model": endpoint.model, **fit_request(body, endpoint)}
        examples[str(number)] = record["examples"]
        line = {"custom_id": str(number), "method": "POST", "url": "/v1/chat/completions"}
        lines.append(json.dumps({**line, "body": body}, ensure_ascii=False) + "\n")
    mark = f"batch-{secrets.token_hex(8)}"
    return lines, {"id": mark, "start": start, "way": settings.way, "examples": examples}


def _read_answers(text: str, batch: Batch) -> Iterator[RawRecord]:
    """Raw records from a batch's output file; lines that failed or cannot be read are left out."""
    for line in text.split("\n"):
        try:
            answer: Any = bounded_json(line)  # the provider's: any other shape ends in `except`
            number, response = answer["custom_id"], answer.get("response") or {}
            examples = batch["examples"][number]
            if answer.get("error") or response.get("status_code") != 200:
                continue
            record = _record_of(response["body"], batch)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            continue
        yield {"number": int(number), "examples": examples, "batch": batch["id"], **record}


def _record_of(body: dict[str, Any], batch: Batch) -> RawRecord:
    """The raw record of one reply, without its request and batch."""
    from openai.types.chat import ChatCompletion

    reply = ChatCompletion.construct(**body)  # as lenient as the client is with a live reply
    return {
        "completion": read_completion(reply),
        "start": batch["start"],
        "usage": usage_of(reply),
        "way": batch["way"],
    }
