"""Measure the speed of the embedded judge, and the accuracy of each way to judge.

    python benchmarks/judging.py [--pairs 16]
    python benchmarks/judging.py --worth [--human pandalm_testset.json]

A comparison is one pair in both orders. The first command times three ways on the same pairs: a
written verdict, one request after another (FastChat's way); a letter, several requests in parallel;
and the likelihood of the answers, for which the judge writes nothing.

``--worth`` measures the accuracy of all ways that were tried, on the gold pairs. ``--human`` adds
pairs on which most of three people agreed: PandaLM's test set, which is not part of this project.
"""

import argparse
import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
ROOT = Path(__file__).resolve().parent.parent

from helpers.evaluation.intervals import wilson
from helpers.evaluation.judge import gold_pairs, judge, judge_bodies
from helpers.evaluation.judge_prompts import judge_message
from helpers.evaluation.likelihood import judge_by_likelihood, load_judge, log_likelihoods
from helpers.evaluation.verdict_records import Pair
from helpers.evaluation.verdict_stats import ORDERS
from helpers.teacher.cached_calls import ask_all
from helpers.teacher.endpoint import Endpoint

ROUNDS = 4  # the ways take turns, so that other work on the machine slows all of them


def speed(pairs: Sequence[Pair]) -> dict[str, float]:
    """Time each way on the pairs, in seconds; the ways take turns after a few pairs."""
    model, tokenizer = load_judge(ROOT / "runs" / "cache")
    parallel = Endpoint.local()
    one_by_one = replace(parallel, parallel=1)
    seconds = dict.fromkeys(("written, one by one", "letters", "likelihood"), 0.0)
    with tempfile.TemporaryDirectory() as folder:
        caches = {name: Path(folder) / f"{i}.jsonl" for i, name in enumerate(seconds)}

        def judge_part(name: str, part: Sequence[Pair]) -> object:
            if name == "likelihood":
                return judge_by_likelihood(model, tokenizer, part, caches[name])
            way = "letters" if name == "letters" else "written"
            endpoint = parallel if name == "letters" else one_by_one
            return asyncio.run(judge(endpoint, part, caches[name], way=way, say=None))

        for name in seconds:
            judge_part(name, pairs[:1])  # the first comparison is slower, so it is not timed
        for turn in range(ROUNDS):
            for name in seconds:
                started = time.perf_counter()
                judge_part(name, pairs[1 + turn :: ROUNDS])
                seconds[name] += time.perf_counter() - started
    return seconds


def report_speed(pairs: Sequence[Pair]) -> None:
    """Print the comparisons per minute of each way."""
    seconds, count = speed(pairs), len(pairs) - 1
    slowest = seconds["written, one by one"]
    print(f"{count} pairs, both orders\n{'':<22}{'per min':>9}{'times':>7}")
    for name, took in seconds.items():
        print(f"{name:<22}{60 * count / took:>9.1f}{slowest / took:>7.1f}")


def scores(pairs: Sequence[Pair], cache: Path | None) -> dict[str, list[float]]:
    """Score each pair in every way; above zero the way prefers the left answer.

    ``cache`` is a file for the calls. Without it no letters are asked for, because that takes long
    for long pairs.
    """
    longer = {"the longer answer": [float(len(p["left"]) - len(p["right"])) for p in pairs]}
    return longer | (by_letters(pairs, cache) if cache else {}) | by_likelihood(pairs)


def by_letters(pairs: Sequence[Pair], cache: Path) -> dict[str, list[float]]:
    """Score pairs by the letter that the judge answers."""
    letters = asyncio.run(judge(Endpoint.local(), pairs, cache, say=None))
    with_examples = asyncio.run(after_examples(pairs, cache))
    points = {"A": 1.0, "B": -1.0}
    return {
        "a letter, flips are ties": [
            points.get(r["ab"], 0) - points.get(r["ba"], 0) for r in letters
        ],
        "a letter's probability": [r["p_left"] - 0.5 for r in letters],
        "the same, after examples": [p - 0.5 for p in with_examples],
    }


def by_likelihood(pairs: Sequence[Pair]) -> dict[str, list[float]]:
    """Score pairs by the answers' log-likelihoods, with the request and without it."""
    model, tokenizer = load_judge(ROOT / "runs" / "cache")
    sides = ("left", "right")
    given, alone = (
        [log_likelihoods(model, tokenizer, [(ask(p), p[side]) for p in pairs]) for side in sides]
        for ask in (lambda pair: pair["request"], lambda pair: "")
    )
    sizes = [[len(tokenizer(p[side])["input_ids"]) + 1 for p in pairs] for side in sides]

    def difference(score: Callable[[float, float, int], float]) -> list[float]:
        values = [list(map(score, *columns)) for columns in zip(given, alone, sizes, strict=True)]
        return [left - right for left, right in zip(*values, strict=True)]

    return {
        "likelihood": difference(lambda given, alone, size: given),
        "likelihood per token": difference(lambda given, alone, size: given / size),
        "contrast": difference(lambda given, alone, size: given - alone),
        "contrast per token": difference(lambda given, alone, size: (given - alone) / size),
        "contrast per root of tokens": difference(lambda g, alone, size: (g - alone) / size**0.5),
        "share explained": difference(lambda given, alone, size: 1 - given / alone),
    }


EXAMPLES = [  # request, better, worse; the better one is A and B in turns
    ("What is 3 + 4?", "7", "8"),
    ("Name the capital of Italy.", "The capital of Italy is Rome.", "It is a city."),
    ("Give a word that rhymes with tree.", "Bee", "Car"),
    ("Write the word yes in capitals.", "YES", "Yes, of course I can do that."),
]


async def after_examples(pairs: Sequence[Pair], cache: Path) -> list[float]:
    """Return the probability of the left answer, over both orders, after four judged examples."""
    turns = []
    for i, (request, left, right) in enumerate(EXAMPLES):
        example = {"request": request, "left": left, "right": right}
        turns += [
            {"role": "user", "content": judge_message(example, ORDERS[i % 2])},
            {"role": "assistant", "content": "AB"[i % 2]},
        ]
    bodies = judge_bodies(pairs)
    for body in bodies:
        body["messages"] = turns + body["messages"]
    answers = await ask_all(Endpoint.local(), bodies, cache, say=None)
    first = [a["letters"].get("A", 0) for a in answers]
    second = [a["letters"].get("B", 0) for a in answers]
    p = [(a or 1e-9) / (a + b or 2e-9) for a, b in zip(first, second, strict=True)]
    return [(ab + 1 - ba) / 2 for ab, ba in zip(p[::2], p[1::2], strict=True)]


def report_worth(name: str, pairs: Sequence[Pair], letters: bool = True) -> None:
    """Print each way's accuracy, the share of pairs that the better answer wins, and by kind."""
    print(f"\n{name}, {len(pairs)} pairs")
    kinds = list(dict.fromkeys(pair["kind"] for pair in pairs))
    print(f"{'':<26}{'accuracy':>20}  " + " ".join(f"{kind[:9]:>9}" for kind in kinds))
    with tempfile.TemporaryDirectory() as folder:
        found = scores(pairs, Path(folder) / "calls.jsonl" if letters else None)
    for way, preferences in found.items():
        points = [0.5 if each == 0 else float(each > 0) for each in preferences]
        by_kind = [
            statistics.mean(
                p for p, pair in zip(points, pairs, strict=True) if pair["kind"] == kind
            )
            for kind in kinds
        ]
        rate = wilson(sum(points), len(points))
        interval = f"{rate['value']:.2f} [{rate['low']:.2f}, {rate['high']:.2f}]"
        print(
            f"{way:<26}{interval:>20}  " + " ".join(f"{share:>9.2f}" for share in by_kind),
            flush=True,
        )


def human_pairs(path: str | Path, count: int = 300) -> list[Pair]:
    """Read pairs on which most of three people preferred the same answer, which is the left one."""
    pairs: list[Pair] = []
    for number, row in enumerate(json.loads(Path(path).read_text())):
        votes = Counter(row[f"annotator{i}"] for i in (1, 2, 3))
        winner, agreed = votes.most_common(1)[0]
        answers = [str(row["response1"]), str(row["response2"])]
        request = "\n\n".join(filter(None, (row["instruction"], row["input"])))
        if winner == 0 or agreed < 2 or len(request) + sum(map(len, answers)) > 2500:
            continue
        left, right = answers if winner == 1 else answers[::-1]
        kind = {3: "all three", 2: "two"}[agreed]
        pairs.append(
            {"id": str(number), "request": request, "left": left, "right": right, "kind": kind}
        )
    random.Random(0).shuffle(pairs)
    return pairs[:count]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=16)
    parser.add_argument("--worth", action="store_true", help="measure accuracy, not speed")
    parser.add_argument("--human", help="PandaLM's test set, pandalm_testset.json")
    args = parser.parse_args()
    gold = gold_pairs(ROOT / "data" / "judge_gold.en.jsonl")
    if not args.worth:
        report_speed(random.Random(0).sample(gold, args.pairs + 1))
        return
    report_worth("gold, English", gold)
    for language, name in (("ko", "Korean"), ("id", "Indonesian")):
        report_worth(f"gold, {name}", gold_pairs(ROOT / "data" / f"judge_gold.{language}.jsonl"))
    if args.human:
        report_worth("judged by people", human_pairs(args.human), letters=False)


if __name__ == "__main__":
    main()
