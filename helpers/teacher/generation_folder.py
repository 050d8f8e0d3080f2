"""The folder of a generation run: its files, its lock, and the settings that it was made with.

``raw.jsonl`` holds the answers, ``tries.jsonl`` every try that was sent, ``batches.jsonl`` the
batches at OpenAI's Batch API, and ``settings.fingerprint`` a hash of the settings.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TypedDict, cast

from helpers.files.locks import locked
from helpers.files.row_shapes import Task
from helpers.files.writing import write_text
from helpers.io import read_jsonl
from helpers.teacher.budget import Budget, RequestId, Tokens, Tries
from helpers.teacher.endpoint import Endpoint
from helpers.teacher.generation_settings import Settings
from helpers.teacher.raw_records import RawRecord, tokens_charged_for
from helpers.teacher.token_prices import BATCH_PRICE_SHARE


class Batch(TypedDict):
    """A row of ``batches.jsonl`` for requests that were submitted together.

    ``id`` is the mark that the provider's batch carries. ``examples`` maps each request's number,
    as text, to the ids of its examples. ``start`` is the number of the first task in each list.
    """

    id: str
    start: int
    way: str
    examples: dict[str, list[str]]


def raw_records(folder: str | Path) -> list[RawRecord]:
    """The raw records of a run folder, one for each answered request; none in a new folder."""
    path = Path(folder) / "raw.jsonl"
    rows = read_jsonl(path, torn_tail_ok=True) if path.exists() else []
    return cast(list[RawRecord], rows)  # written by the run itself


def pending_batches(folder: str | Path) -> list[Batch]:
    """The batches that were submitted from a run folder and not collected yet."""
    path = Path(folder) / "batches.jsonl"
    rows = read_jsonl(path, torn_tail_ok=True) if path.exists() else []
    collected = {row["collected"] for row in rows if "collected" in row}
    pending = [row for row in rows if "id" in row and row["id"] not in collected]
    return cast(list[Batch], pending)  # written by openai_batch


def charge_spent(budget: Budget, records: Iterable[RawRecord], tries: Tries, most: Tokens) -> None:
    """Charge a budget with the raw records and the lost tries of a run folder.

    ``most`` is charged where a record has no believable count, in tokens in and out.
    """
    answered: dict[RequestId, int] = {}
    for record in records:
        price = BATCH_PRICE_SHARE if record.get("batch") else 1.0
        budget.spend(tokens_charged_for(record, most), price=price)
        answered[record["number"]] = record.get("tries", 0)
    tries.charge_lost(budget, answered)


@contextmanager
def lock_folder(folder: Path) -> Iterator[None]:
    """Hold a run folder for this process alone; the lock ends with the process.

    Raises ValueError if another process holds it.
    """
    why = (
        f"another process is generating in {folder}. Wait for it, stop it, or choose another "
        "folder. Two processes would pay for the same requests twice."
    )
    with locked(folder / ".lock", why):
        yield


def fingerprint_of(
    settings: Settings, seeds: Sequence[Task], guarded: Sequence[Task], endpoint: Endpoint
) -> str:
    """A short hash of everything that decides which tasks a run generates."""
    choices = asdict(settings)
    # The target and the limits decide when a run stops, not what it generates.
    for name in ("target", "request_limit", "max_dollars", "max_tokens"):
        choices.pop(name)
    parts: list[object] = [choices, list(seeds), list(guarded), endpoint.model]
    if getattr(endpoint, "parameters", None):
        parts.append({name: str(value) for name, value in endpoint.parameters.items()})
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def check_fingerprint(folder: Path, fingerprint: str) -> None:
    """Write the fingerprint into a new folder; raise ValueError if the folder has another."""
    path = folder / "settings.fingerprint"
    if not path.exists():
        write_text(path, fingerprint + "\n")
    elif path.read_text().strip() != fingerprint:
        raise ValueError(
            f"{folder} was made with other settings, seeds or teacher, and its tasks would be "
            "mixed with new ones. Choose another run name, or delete that folder to start again."
        )
