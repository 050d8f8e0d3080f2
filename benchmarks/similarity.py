"""How fast is the novelty filter? All of a data set, each text against all before it.

Three ways, in one run on the same texts:

- ours, with the ten nearest and the mean (``RougeIndex.admit_many``), and decisions alone
  (``decide_many``), on the whole file;
- Alpaca's way, one process pool a candidate (Taori et al. 2023, its ``generate_instruction.py``),
  and the same scores one after another, on a few candidates at full size: all of them would take
  hours.

    python benchmarks/similarity.py alpaca_data.json

The file is Alpaca's released data, or anything ``load_examples`` reads.
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
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from helpers.io import load_examples
from helpers.similarity import BLOCK, RougeIndex


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", help="alpaca_data.json, also gzipped, or any file of examples")
    parser.add_argument("--sample", type=int, default=5, help="candidates for Alpaca's way")
    args = parser.parse_args()
    texts = [row["instruction"] for row in _rows(Path(args.file))]
    print(f"{len(texts):,} instructions, {os.cpu_count()} cores")

    seconds, _ = timed(lambda: RougeIndex(threshold=1.0).admit_many(texts, k=10))
    print(f"each against all before it, ten nearest and mean: {seconds:.1f} s", flush=True)
    decisions, kept = timed(lambda: RougeIndex(threshold=0.7).decide_many(texts))
    print(f"decisions alone at 0.7: {decisions:.1f} s, {sum(kept):,} kept", flush=True)
    print(f"peak memory so far: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")

    print("\nmilliseconds a candidate, and how many times Alpaca's way takes")
    heads = ("pool", "ours", "serial", "a pool each", "serial/ours", "pool/ours")
    print("".join(f"{head:>13}" for head in heads))
    for size in (1000, 2000, 5000, 10_000, 20_000, len(texts)):
        _row(texts, size, args.sample)
    print(f"ours: a block of {BLOCK}; the others: mean of {args.sample} candidates at each size")


def _rows(path):
    if path.suffix == ".gz":
        return json.loads(gzip.decompress(path.read_bytes()))
    return load_examples(path)


def _row(texts, size, sample):
    """One line of the table: the cost of one candidate against ``size`` texts, three ways."""
    from rouge_score import rouge_scorer

    rng = random.Random(size)
    pool, coming = texts[:size], rng.sample(texts, BLOCK)
    index = RougeIndex(pool, threshold=0.0)  # nothing is kept, so the pool keeps its size
    ours = timed(lambda: index.admit_many(coming, k=10))[0] / BLOCK

    tokenizer = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=False)._tokenizer
    tokens = [tokenizer.tokenize(text) for text in pool]
    candidates = [tokenizer.tokenize(text) for text in rng.sample(coming, sample)]

    def serial():
        for candidate in candidates:
            [rouge_scorer._score_lcs(candidate, kept) for kept in tokens]

    def a_pool_each():
        for candidate in candidates:
            with multiprocessing.Pool(os.cpu_count()) as workers:
                workers.map(functools.partial(rouge_scorer._score_lcs, candidate), tokens)

    one, many = timed(serial)[0] / sample, timed(a_pool_each)[0] / sample
    print(
        f"{size:>13,}{1000 * ours:>13.2f}{1000 * one:>13.1f}{1000 * many:>13.1f}"
        f"{one / ours:>13,.0f}{many / ours:>13,.0f}",
        flush=True,
    )


def timed(call):
    """Seconds a call took, and its result."""
    started = time.perf_counter()
    result = call()
    return time.perf_counter() - started, result


if __name__ == "__main__":
    main()
