"""Measure the speed of the novelty filter: each text of a data set against all texts before it.

One run compares several ways on the same texts:

- this project's index on the whole file: with the ten nearest texts and the mean
  (``RougeIndex.admit_many``), and with decisions only (``decide_many``);
- Alpaca's way, a process pool for each candidate (Taori et al. 2023, ``generate_instruction.py``),
  and the same scores one after another. Both get only a few candidates, against the full number of
  texts, because all candidates would take hours.

    python benchmarks/similarity.py alpaca_data.json

The file is Alpaca's released data, or any file that ``load_examples`` reads.
"""

import argparse
import functools
import gzip
import json
import multiprocessing
import os
import random
import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from helpers.io import Task, load_examples
from helpers.similarity import BLOCK, RougeIndex

T = TypeVar("T")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", help="alpaca_data.json, also gzipped, or any file of examples")
    parser.add_argument("--sample", type=int, default=5, help="candidates for Alpaca's way")
    args = parser.parse_args()
    texts = [row["instruction"] for row in _rows(Path(args.file))]
    print(f"{len(texts):,} instructions, {os.cpu_count()} cores")

    seconds, _ = timed(lambda: RougeIndex(threshold=1.0).admit_many(texts, k=10))
    print(f"each against all before it, ten nearest and mean: {seconds:.1f} s", flush=True)
    decisions, kept = timed(lambda: RougeIndex(threshold=0.7).decide_many(texts))
    print(f"decisions only, at 0.7: {decisions:.1f} s, {sum(kept):,} kept", flush=True)
    print(f"peak memory so far: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")

    print("\nmilliseconds per candidate, and how many times longer the other two take")
    heads = ("texts", "index", "serial", "a pool each", "serial/index", "pool/index")
    print("".join(f"{head:>13}" for head in heads))
    for size in (1000, 2000, 5000, 10_000, 20_000, len(texts)):
        _row(texts, size, args.sample)
    print(f"index: a block of {BLOCK}; the others: mean of {args.sample} candidates at each size")


def _rows(path: Path) -> Sequence[Task]:
    """Read a file of examples; Alpaca's gzipped JSON is read directly."""
    if path.suffix == ".gz":
        return json.loads(gzip.decompress(path.read_bytes()))
    return load_examples(path)


def _row(texts: Sequence[str], size: int, sample: int) -> None:
    """Print a line of the table: the time of one candidate against ``size`` texts, three ways."""
    from rouge_score import rouge_scorer

    rng = random.Random(size)
    known, block = texts[:size], rng.sample(texts, BLOCK)
    index = RougeIndex(known, threshold=0.0)  # no candidate is admitted, so its size stays
    own = timed(lambda: index.admit_many(block, k=10))[0] / BLOCK

    tokenizer = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=False)._tokenizer
    tokens = [tokenizer.tokenize(text) for text in known]
    candidates = [tokenizer.tokenize(text) for text in rng.sample(block, sample)]

    def serial() -> None:
        for candidate in candidates:
            [rouge_scorer._score_lcs(candidate, other) for other in tokens]

    def a_pool_each() -> None:
        for candidate in candidates:
            with multiprocessing.Pool(os.cpu_count()) as workers:
                workers.map(functools.partial(rouge_scorer._score_lcs, candidate), tokens)

    one, many = timed(serial)[0] / sample, timed(a_pool_each)[0] / sample
    print(
        f"{size:>13,}{1000 * own:>13.2f}{1000 * one:>13.1f}{1000 * many:>13.1f}"
        f"{one / own:>13,.0f}{many / own:>13,.0f}",
        flush=True,
    )


def timed(call: Callable[[], T]) -> tuple[float, T]:
    """Return the seconds that a call took, and its result."""
    started = time.perf_counter()
    result = call()
    return time.perf_counter() - started, result


if __name__ == "__main__":
    main()
