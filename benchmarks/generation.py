"""How many tasks a minute, and for a thousand tokens? The embedded teacher, asked three ways.

- ours: many requests in flight, self-synthesis;
- the same requests, one after another;
- Alpaca's way: the numbered list, one request after another.

    python benchmarks/generation.py

All three in one run on the same machine, with the same seeds and filters. The teacher is small and
hardly keeps the format of a list, so the third line says more about it than about the list.
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

WAYS = {
    "8 in flight, self-synthesis": (8, Settings(), 6),
    "one by one, self-synthesis": (1, Settings(), 2),
    "one by one, task list": (1, Settings(way="task_list", list_length=8), 0.5),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=12, help="unit of requests for each way")
    args = parser.parse_args()
    root = Path(__file__).resolve().parent.parent
    seeds = load_examples(root / "data" / "seed_tasks.en.jsonl")
    heads = ("requests", "accepted", "a minute", "per 1,000 tokens")
    print(f"{'':<30}" + "".join(f"{head:>18}" for head in heads))
    pace = {}
    for name, (parallel, settings, share) in WAYS.items():
        count = max(1, round(args.requests * share))
        endpoint = Endpoint.local(parallel=parallel)
        settings = replace(settings, target=10**6, request_limit=count)
        with tempfile.TemporaryDirectory() as folder:
            started = time.perf_counter()
            bill = asyncio.run(generate(endpoint, seeds, folder, settings))
            pace[name] = 60 * bill["accepted"] / (time.perf_counter() - started)
        print(
            f"{name:<30}{bill['requests']:>18}{bill['accepted']:>18}{pace[name]:>18.1f}"
            f"{bill['accepted_per_1000_tokens']:>18.2f}",
            flush=True,
        )
    ours, same, alpaca = pace.values()
    print(f"ours against the same one by one: {ours / same:.1f} times the tasks a minute")
    if alpaca:
        print(f"ours against Alpaca's way: {ours / alpaca:.1f} times the tasks a minute")
    else:
        print("ours against Alpaca's way: it brought no task that passed the filters")


if __name__ == "__main__":
    main()
