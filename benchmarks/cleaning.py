"""Measure what cleaning finds in a real data set, and how long it takes.

    python benchmarks/cleaning.py alpaca_data.json.gz

Prints the number of rows in every class. With ``--show 20`` it also prints 20 rows of each class,
because only a reader can judge how precise a class is. The file is Alpaca's released data, or any
file that ``load_examples`` reads.
"""

import argparse
import random
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from helpers.data.cleaning.clean import Cleaning, clean_examples
from helpers.io import load_examples

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "data" / "alpaca52k" / "alpaca_data.json.gz"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", nargs="?", default=SHARED, help="any file of examples")
    parser.add_argument("--language", default="en")
    parser.add_argument("--show", type=int, default=0, help="rows of each class to print")
    args = parser.parse_args()
    started = time.perf_counter()
    rows = load_examples(args.file)
    print(f"{len(rows):,} rows loaded in {time.perf_counter() - started:.1f} s")

    for threshold in (None, 0.7):
        started = time.perf_counter()
        cleaning = clean_examples(rows, args.language, threshold)
        seconds = time.perf_counter() - started
        print(f"{'with' if threshold else 'without'} near-duplicates: {seconds:.1f} s; {cleaning}")

    print(f"\n{'done':<10}{'class':<32}{'rows':>7}")
    for line in cleaning.report():
        print(f"{line['done']:<10}{line['class']:<32}{line['rows']:>7,}")
    if args.show:
        _show(cleaning, args.show)


def _show(cleaning: Cleaning, count: int) -> None:
    """Print ``count`` random rows of every class, the same ones in each run."""
    classes: dict[tuple[str, str], list[tuple[str, Any]]] = defaultdict(list)
    for dropped in cleaning.dropped:
        classes["dropped", dropped.fault].append((dropped.reason, dropped.row))
    for repaired in cleaning.repaired:
        classes["repaired", repaired.fault].append((repr(repaired.after), repaired.before))
    for (done, fault), found in classes.items():
        print(f"\n== {done}: {fault} ({len(found):,})")
        for why, row in random.Random(0).sample(found, min(count, len(found))):
            print(f"- {why[:200]}")
            for name in ("instruction", "input", "output"):
                print(f"    {name}: {row.get(name)!r:.200}")


if __name__ == "__main__":
    main()
