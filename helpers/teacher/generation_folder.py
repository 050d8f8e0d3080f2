"""The folder of a generation run: what it was made with, what it holds, who may write in it.

``raw.jsonl`` has the answers, ``tries.jsonl`` every try that was sent, ``batches.jsonl`` what is
out overnight, ``settings.fingerprint`` everything that decides what would be generated.
"""

import hashlib
import json
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from helpers.io import read_jsonl
from helpers.safe_io.writing import locked, write_text
from helpers.teacher.prices import BATCH_PRICE
from helpers.teacher.task_requests import charged_tokens


def charge(budget, records, tries, dearest):
    """Charge a budget with the answers (raw records) and the lost tries of a run folder.

    ``dearest`` is what a request may take, in tokens in and out, where its reply does not say.
    """
    for record in records:
        price = BATCH_PRICE if record.get("batch") else 1.0
        budget.spend(charged_tokens(record, dearest), price=price)
    tries.charge_lost(budget, {record["number"]: record.get("tries", 0) for record in records})


def fingerprint(settings, seeds, guarded, endpoint):
    """A short hash of everything that decides what a run would generate."""
    parts = [asdict(settings), list(seeds), list(guarded), endpoint.model]
    if getattr(endpoint, "parameters", None):
        parts.append({name: str(value) for name, value in endpoint.parameters.items()})
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
    why = (
        f"another process is generating in {folder}. Wait for it, stop it, or choose another "
        "folder; two would ask the same requests twice."
    )
    with locked(folder / ".lock", why):
        yield


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
    """The raw records of a run folder, one an answered request; none in a new one."""
    path = folder / "raw.jsonl"
    return read_jsonl(path, torn_tail_ok=True) if path.exists() else []
