"""Measure the tasks per minute and per thousand tokens of the embedded teacher, in three ways.

- this project's way: self-synthesis, many requests in parallel;
- the same requests, one after another;
- Alpaca's way: a numbered list of tasks, one request after another.

    python benchmarks/generation.py

All three run on the same machine, with the same seeds and filters. The teacher is small and often
breaks the format of a list. So the third line says more about this teacher than about lists.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from helpers.io import load_examples
from helpers.teacher.endpoint import Endpoint
from helpers.teacher.generate import Settings, generate

# Requests in parallel, settings, and how many times --requests each way makes.
WAYS: dict[str, tuple[int, Settings, float]] = {
    "8 in parallel, self-synthesis": (8, Settings(), 6),
    "one by one, self-synthesis": (1, Settings(), 2),
    "one by one, task list": (1, Settings(way="task_list", list_length=8), 0.5),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=12, help="each way makes a multiple of it")
    args = parser.parse_args()
    root = Path(__file__).resolve().parent.parent
    seeds = load_examples(root / "data" / "seed_tasks.en.jsonl")
    heads = ("requests", "accepted", "per minute", "per 1,000 tokens")
    print(f"{'':<30}" + "".join(f"{head:>18}" for head in heads))
    speeds: dict[str, float] = {}
    for name, (in_parallel, settings, share) in WAYS.items():
        count = max(1, round(args.requests * share))
        endpoint = Endpoint.local(parallel=in_parallel)
        settings = replace(settings, target=10**6, request_limit=count)
        with tempfile.TemporaryDirectory() as folder:
            started = time.perf_counter()
            bill = asyncio.run(generate(endpoint, seeds, folder, settings))
            speeds[name] = 60 * bill["accepted"] / (time.perf_counter() - started)
        print(
            f"{name:<30}{bill['requests']:>18}{bill['accepted']:>18}{speeds[name]:>18.1f}"
            f"{bill['accepted_per_1000_tokens']:>18.2f}",
            flush=True,
        )
    parallel, one_by_one, alpaca = speeds.values()
    print(f"parallel / one by one: {parallel / one_by_one:.1f} times the tasks per minute")
    if alpaca:
        print(f"parallel / Alpaca's way: {parallel / alpaca:.1f} times the tasks per minute")
    else:
        print("parallel / Alpaca's way: no ratio, because no task of its list passed the filters")


if __name__ == "__main__":
    main()
