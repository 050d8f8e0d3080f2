"""The overnight way: OpenAI's Batch API, which answers within a day for half the price.

Beside :mod:`helpers.teacher.generate` because it is another way for the same requests to travel: a
file of them goes up, a file of answers comes down, and in between nothing of ours needs to run::

    submit(endpoint, seeds, folder, settings, count=500)    tonight
    collect(endpoint, folder)                               tomorrow, as often as you like
    await generate(endpoint, seeds, folder, settings)       sifts what came, asks what is missing

Answers land in the same ``raw.jsonl`` as those of the live loop. ``batches.jsonl`` says which
request numbers are out; a batch is written there before it is submitted, so that a kill in between
loses no money: :func:`collect` finds the batch again by the mark it carries.
Only for ``task_list`` and ``task_json``, where a request is one call.
"""

import json
import secrets
from collections import Counter
from dataclasses import replace
from pathlib import Path

from helpers.io import append_jsonl
from helpers.safe_io.bounded_json import bounded_json
from helpers.teacher.budget import Budget, Tries
from helpers.teacher.generation_folder import (
    alone,
    charge,
    claim,
    fingerprint,
    pending_batches,
    raw_records,
)
from helpers.teacher.prices import BATCH_PRICE
from helpers.teacher.request_parameters import fit_request
from helpers.teacher.retries import with_endpoint_errors
from helpers.teacher.task_requests import (
    Settings,
    charged_tokens,
    check,
    dearest_request,
    list_request,
    reply_record,
    request_of,
)

_UNCOUNTED = (4_096, 4_096)  # tokens in and out of a repeated answer that does not say
_UNDER_WAY = ("validating", "in_progress", "finalizing", "cancelling")


def submit(endpoint, seeds, folder, settings=None, *, count, guarded=()):
    """Send ``count`` requests as one batch; returns its row of ``batches.jsonl``.

    Raises ValueError for self-synthesis, for a folder made with other settings or in use, and when
    what the folder has spent, what is out, and this batch could pass a cap of the settings;
    EndpointError when the provider refuses.
    """
    settings, folder = settings or Settings(way="task_list"), Path(folder)
    check(settings, endpoint, seeds)
    if settings.way == "self_synthesis":
        raise ValueError("self_synthesis asks twice in turn and cannot travel in a batch.")
    with alone(folder):
        _keep_caps(endpoint, seeds, folder, settings, count)
        claim(folder, fingerprint(settings, seeds, guarded, endpoint))
        lines, row = _prepare(endpoint, seeds, folder, settings, count)
        # Another POST after a failure could make, and charge, a second batch of the same requests.
        with endpoint.client(max_retries=0) as client:
            data = (f"{row['id']}.jsonl", "".join(lines).encode())
            file = with_endpoint_errors(
                lambda: client.files.create(file=data, purpose="batch"), endpoint
            )
            append_jsonl(folder / "batches.jsonl", [row])  # from here on it may be out
            with_endpoint_errors(
                lambda: client.batches.create(
                    input_file_id=file.id,
                    endpoint="/v1/chat/completions",
                    completion_window="24h",
                    metadata={"mark": row["id"]},
                ),
                endpoint,
            )
    return row


def collect(endpoint, folder, *, forget=False):
    """Fetch what has come back; returns ``{id: state}`` for every batch that was out.

    States are OpenAI's ("in_progress", "completed", "expired", …), and "not found" for a batch the
    account does not know: one whose submission was cut off, or another account's. Such a one stays
    out until ``forget=True``. Requests that failed or came back unreadable are asked by the loop.
    Where several batches carry one mark, which a gateway that repeats requests can cause, all are
    waited for; the first answer to a request is kept, and the others are charged.
    """
    folder, states = Path(folder), {}
    with alone(folder), endpoint.client() as client:
        known = {record["number"] for record in raw_records(folder)}
        out = pending_batches(folder)
        found = with_endpoint_errors(lambda: list(client.batches.list()), endpoint) if out else []
        for row in out:
            batches = [batch for batch in found if (batch.metadata or {}).get("mark") == row["id"]]
            states[row["id"]] = _state([batch.status for batch in batches])
            if states[row["id"]] in _UNDER_WAY or not (batches or forget):
                continue
            records = []
            for file in (batch.output_file_id for batch in batches if batch.output_file_id):
                text = with_endpoint_errors(lambda f=file: client.files.content(f).text, endpoint)
                records += _records(text, row)
            _charge_repeated(records, folder)
            kept = {}
            for record in records:
                if record["number"] not in known:
                    kept.setdefault(record["number"], record)
            append_jsonl(folder / "raw.jsonl", kept.values())
            append_jsonl(folder / "batches.jsonl", [{"collected": row["id"]}])
    return states


def _state(states):
    """One state for all batches of a mark: under way if any is, completed if any other is."""
    chosen = [state for state in states if state in _UNDER_WAY]
    chosen += [state for state in states if state == "completed"]
    return [*chosen, *states, "not found"][0]


def _charge_repeated(records, folder):
    """Note answers beyond the first to a request as lost tries; a second collection adds none."""
    tries, seen = Tries(folder / "tries.jsonl"), Counter()
    for record in records:
        number = record["number"]
        if tries.sent[number] < seen[number]:
            tries.send(number, charged_tokens(record, _UNCOUNTED))
        seen[number] += 1


def _keep_caps(endpoint, seeds, folder, settings, count):
    """Raise ValueError if spent, out and coming together could pass a cap."""
    dollars, *tokens = dearest_request(endpoint, settings, seeds)
    out = sum(len(row["examples"]) for row in pending_batches(folder))
    spent = Budget(endpoint, settings.max_dollars, settings.max_tokens)
    charge(spent, raw_records(folder), Tries(folder / "tries.jsonl"), tuple(tokens))
    spent_tokens = spent.tokens + (out + count) * sum(tokens)
    spent_dollars = spent.dollars + BATCH_PRICE * (out + count) * dollars
    if spent_dollars > settings.max_dollars:
        raise ValueError(
            f"with what is spent and out, {count} requests could cost up to ${spent_dollars:.2f}, "
            f"and max_dollars is {settings.max_dollars}. Send fewer, or raise the cap."
        )
    if settings.max_tokens is not None and spent_tokens > settings.max_tokens:
        raise ValueError(
            f"with what is spent and out, {count} requests could take {spent_tokens:,} tokens, and "
            f"max_tokens is {settings.max_tokens:,}. Send fewer, or raise the cap."
        )


def _prepare(endpoint, seeds, folder, settings, count):
    """The lines of a batch file, and the row that says what is in it."""
    taken = {record["number"] for record in raw_records(folder)}
    taken |= {int(number) for row in pending_batches(folder) for number in row["examples"]}
    numbers, number = [], 0
    while len(numbers) < count:
        if number not in taken:
            numbers.append(number)
        number += 1
    lines, examples, start = [], {}, None
    for number in numbers:
        meta, shown = request_of(number, seeds, replace(settings, from_accepted=0))
        body, start = list_request(number, shown, settings)
        body = {"model": endpoint.model, **fit_request(body, endpoint)}
        examples[str(number)] = meta["examples"]
        line = {"custom_id": str(number), "method": "POST", "url": "/v1/chat/completions"}
        lines.append(json.dumps({**line, "body": body}, ensure_ascii=False) + "\n")
    mark = f"batch-{secrets.token_hex(8)}"
    return lines, {"id": mark, "start": start, "way": settings.way, "examples": examples}


def _records(text, row):
    """Raw records of a batch's output file; lines that failed, or are torn, are left out."""
    for line in text.split("\n"):
        try:
            answer = bounded_json(line)
            number, response = answer["custom_id"], answer.get("response") or {}
            examples = row["examples"][number]
            if answer.get("error") or response.get("status_code") != 200:
                continue
            record = reply_record(response["body"], row["start"], row["way"])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            continue
        yield {"number": int(number), "examples": examples, "batch": row["id"], **record}
