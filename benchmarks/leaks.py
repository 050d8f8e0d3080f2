"""Measure how many secrets and paths the upload check finds, and how many harmless texts it stops.

    python benchmarks/leaks.py

Each text of ``data/leaks.jsonl`` becomes a file in its own folder. The keys in the texts are drawn
at random here, because a file with realistic keys would itself be stopped by a host's secret
scanner.

There are two sets, both written before the rules were tried on them. The author of the rules wrote
the first; somebody who had not seen the rules wrote the second. After the first measurement the
rules were extended for the classes that they had missed in the second set. So only that first
measurement (``README.md``) is blind.
"""

import random
import re
import string
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from helpers.evaluation.intervals import Interval, percent, wilson
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
    """Fill in random characters: ``{a24}`` becomes 24 characters of the alphabet ``a``."""
    rng = random.Random(seed)

    def drawn(place: re.Match[str]) -> str:
        if place[0] == "{b64x}":
            return "\\n".join("".join(rng.choices(ALPHABETS["b"], k=64)) for _ in range(4))
        return "".join(rng.choices(ALPHABETS[place[1]], k=int(place[2])))

    return re.sub(r"\{b64x\}|\{([aAdhubp])(\d+)\}", drawn, text)


def why_stopped(row: dict, seed: int) -> str:
    """Return why a folder with only this text is stopped; empty if it may be uploaded."""
    with tempfile.TemporaryDirectory(prefix="page-") as folder:
        encoding = "utf-16" if "16" in row["file"] else "utf-8"
        Path(folder, row["file"]).write_text(filled(row["text"], seed), encoding=encoding)
        try:
            upload_plan(folder)
        except UploadError as error:
            return str(error)
    return ""


def rates(rows: list[dict]) -> dict[str, tuple[Interval, list[str]]]:
    """Return ``{expected: (share stopped, with interval, and the texts decided wrongly)}``."""
    stopped: dict[str, list[bool]] = defaultdict(list)
    wrong: dict[str, list[str]] = defaultdict(list)
    for seed, row in enumerate(rows):
        expected, found = row["expected"], bool(why_stopped(row, seed))
        stopped[expected].append(found)
        if found == (expected == "harmless"):
            wrong[expected].append(f"{row['kind']}: {row['text'][:90]}")
    return {key: (wilson(sum(hits), len(hits)), wrong[key]) for key, hits in stopped.items()}


def main() -> None:
    rows = read_jsonl(TEXTS)
    for name in ("first", "second"):
        for expected, (share, wrong) in rates([r for r in rows if r["set"] == name]).items():
            print(f"{name} set, {expected}: {percent(share)} stopped, {len(wrong)} decided wrongly")
            for line in wrong:
                print("   ", line)


if __name__ == "__main__":
    main()
