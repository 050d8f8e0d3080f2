"""How many secrets and paths the look before an upload finds, and how many sound texts it stops.

    python benchmarks/leaks.py

Each text of ``data/leaks.jsonl`` becomes a file in a folder of its own. Their keys are drawn here:
a file of texts that look like real ones would itself be stopped by whoever guards a repository.
Both sets were written before the rules were tried on them: the first by whoever wrote the rules,
the second by somebody who had not seen them. What was missed in the second was looked at afterwards
and mended by its class, so only its first measurement (``README.md``) is a blind one.
"""

import random
import re
import string
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from helpers.evaluation.intervals import percent, wilson
from helpers.io import read_jsonl
from helpers.release.upload import UploadError, upload_plan

TEXTS = Path(__file__).resolve().parent.parent / "data" / "leaks.jsonl"
ALPHABETS = {
    "a": string.ascii_letters + string.digits,
    "A": string.ascii_uppercase + string.digits,
    "d": string.digits,
    "h": "0123456789abcdef",
    "u": string.ascii_letters + string.digits + "-_",
    "b": string.ascii_letters + string.digits + "+/",
    "p": string.ascii_letters + string.digits,
}


def filled(text: str, seed: int) -> str:
    """A text with ``{a24}`` and the like drawn: 24 characters of an alphabet."""
    rng = random.Random(seed)

    def drawn(place: re.Match) -> str:
        if place[0] == "{b64x}":
            return "\\n".join("".join(rng.choices(ALPHABETS["b"], k=64)) for _ in range(4))
        return "".join(rng.choices(ALPHABETS[place[1]], k=int(place[2])))

    return re.sub(r"\{b64x\}|\{([aAdhubp])(\d+)\}", drawn, text)


def is_stopped(row: dict, seed: int) -> str:
    """Why the folder with this text alone must not be uploaded; empty where it may."""
    with tempfile.TemporaryDirectory(prefix="page-") as folder:
        encoding = "utf-16" if "16" in row["file"] else "utf-8"
        Path(folder, row["file"]).write_text(filled(row["text"], seed), encoding=encoding)
        try:
            upload_plan(folder)
        except UploadError as error:
            return str(error)
    return ""


def rates(rows: list[dict]) -> dict[str, tuple[dict, list[str]]]:
    """``{what was expected: (share stopped with its interval, the texts decided wrongly)}``."""
    stopped, wrong = defaultdict(list), defaultdict(list)
    for seed, row in enumerate(rows):
        expected, found = row["expected"], bool(is_stopped(row, seed))
        stopped[expected].append(found)
        if found == (expected == "harmless"):
            wrong[expected].append(f"{row['kind']}: {row['text'][:90]}")
    return {key: (wilson(sum(all_), len(all_)), wrong[key]) for key, all_ in stopped.items()}


def main():
    rows = read_jsonl(TEXTS)
    for name in ("first", "second"):
        for expected, (share, wrong) in rates([r for r in rows if r["set"] == name]).items():
            print(f"{name} set, {expected}: {percent(share)} stopped, {len(wrong)} decided wrongly")
            for line in wrong:
                print("   ", line)


if __name__ == "__main__":
    main()
