"""Measure how well the harm filter and the watermark work.

    python benchmarks/release.py guard
    python benchmarks/release.py watermark [--answers 40]

``guard`` tests the local guard on labelled sentences that it has not seen, by language and by kind:
five folds, with three random splits. It also counts how many ordinary tasks and probes it stops.
``watermark`` samples answers with and without a watermark and counts how many are detected, at
several lengths and after edits. Then it measures the cost in held-out loss and in repetition.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
ROOT = Path(__file__).resolve().parent.parent

from helpers.evaluation.intervals import Interval, bootstrap, wilson
from helpers.io import load_examples
from helpers.release.guard import Guard, detection_rates, evaluate_guard, local_guard
from helpers.release.harm_classifier import LANGUAGES
from helpers.release.probes import read_probes
from helpers.release.watermark import (
    BIAS,
    P_VALUE_LIMIT,
    SHARE,
    count_found,
    found_after_edits,
    found_by_length,
    sample_answers,
    token_ids,
    watermark_cost,
)
from helpers.similarity import repetition
from helpers.training.model_folders import student_folder
from helpers.training.student import load_student, load_tokenizer

CACHE = ROOT / "runs" / "cache"


def guard() -> None:
    """Print tables of the local guard's precision, recall and false alarms."""
    for split in range(3):
        rows, scores = evaluate_guard(CACHE, seed=split)
        if split == 0:
            print(f"{len(rows)} sentences, each scored by a guard that has not seen it")
        print(f"\nsplit {split}\n{'':<12}{'precision':>20}{'recall':>20}{'false alarms':>20}")
        for by in ("language", "kind") if split == 0 else ("language",):
            for value, figures in detection_rates(rows, scores, by).items():
                if by == "language" or value != "all":
                    cells = "".join(f"{_shown(figures[key]):>20}" for key in figures)
                    print(f"{value:<12}{cells}")
    print("\nstopped by the guard that was trained on all sentences")
    trained = local_guard(CACHE)
    for language in LANGUAGES:
        tasks = load_examples(ROOT / "data" / f"eval_tasks.{language}.jsonl")
        texts = [row[key] for row in tasks for key in ("instruction", "output")]
        _count(f"evaluation tasks, {language}", trained, texts)
    probes = read_probes(ROOT / "data" / "probe_tasks.en.jsonl")
    for kind in dict.fromkeys(probe["kind"] for probe in probes):
        texts = [probe["instruction"] for probe in probes if probe["kind"] == kind]
        _count(f"probes, {kind}", trained, texts)


def _count(name: str, guard: Guard, texts: Sequence[str]) -> None:
    """Print how many of the texts a guard stops."""
    hits = sum(guard(text).blocked for text in texts)
    print(f"{name:<28}{hits:>4} of {len(texts):<5}{_shown(wilson(hits, len(texts)))}")


def _shown(rate: Interval | None) -> str:
    """Format a rate with its interval."""
    return "–" if rate is None else f"{rate['value']:.2f} [{rate['low']:.2f}, {rate['high']:.2f}]"


def watermark(count: int) -> None:
    """Print tables of how often the watermark is detected, and what it costs."""
    folder = student_folder("embedded", CACHE)
    model, tokenizer = load_student(folder), load_tokenizer(folder)
    tasks = load_examples(ROOT / "data" / "eval_tasks.en.jsonl")
    size = model.config.vocab_size
    texts = {
        name: sample_answers(model, tokenizer, tasks[:count], 120, marked=name == "marked")
        for name in ("plain", "marked")
    }
    ids = {name: token_ids(some, tokenizer) for name, some in texts.items()}
    print(f"{count} answers each, sampled; detected means p < {P_VALUE_LIMIT}\n")
    print(f"{'tokens':<10}{'median z':>9}{'marked, detected':>22}{'plain, detected':>22}")
    table = found_by_length(ids["marked"], ids["plain"], size, (15, 30, 60, 120))
    for length, rates in table.items():
        cells = "".join(f"{_shown(rates[name]):>22}" for name in ("marked", "plain"))
        print(f"{length:<10}{rates['marked']['z']:>9.1f}{cells}")
    people = token_ids([row["output"] for row in tasks if len(row["output"]) > 60], tokenizer)
    print(f"\ndetected in texts by people: {_shown(count_found(people, size))} of {len(people)}")
    others = " ".join(row["output"] for row in tasks)
    print(f"\n{'edited':<10}{'median z':>9}{'marked, detected':>22}")
    for share, rate in found_after_edits(texts["marked"], others, tokenizer, size).items():
        print(f"{share:<10.0%}{rate['z']:>9.1f}{_shown(rate):>22}")
    change = watermark_cost(model, tokenizer, tasks[:40])
    print(f"\nheld-out loss, 40 tasks: {change['value']:+.2f} nats per token "
          f"[{change['low']:+.2f}, {change['high']:+.2f}]")  # fmt: skip
    for name, some in texts.items():
        print(f"repeated 3-grams, {name}: {_shown(bootstrap([repetition(t) for t in some]))}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["guard", "watermark"])
    parser.add_argument("--answers", type=int, default=40)
    args = parser.parse_args()
    print(f"green share {SHARE}, bias {BIAS}" if args.what == "watermark" else "local guard")
    guard() if args.what == "guard" else watermark(args.answers)
