"""Measure how often the 95 % intervals of this project contain the true value.

    python benchmarks/intervals.py

It draws many samples from a known distribution and counts the intervals that contain the truth.
There are four kinds of samples:

- wins and losses;
- wins, losses and ties;
- the position that two verdicts on one prompt name, from a judge that follows the position in all
  or in half of the prompts;
- the win rate at equal lengths, from a judge that prefers long answers or does not.
"""

import math
import random
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from helpers.evaluation.intervals import Interval, bootstrap, wilson
from helpers.evaluation.length_control import win_rate_at_equal_length
from helpers.evaluation.verdict_stats import summarize

DRAWS = 1000
T = TypeVar("T")


def coverage(
    n: int,
    draw: Callable[[random.Random], T],
    interval: Callable[[list[T]], Interval],
    truth: float,
    draws: int = DRAWS,
) -> float:
    """Return the share of ``draws`` samples of size ``n`` whose interval contains ``truth``."""
    rng = random.Random(0)
    found = [interval([draw(rng) for _ in range(n)]) for _ in range(draws)]
    return sum(each["low"] <= truth <= each["high"] for each in found) / draws


def wilson_of(points: Sequence[float]) -> Interval:
    """Return Wilson's interval for the mean of points."""
    return wilson(sum(points), len(points))


def win(p: float) -> Callable[[random.Random], float]:
    """Draw a prompt that is won with probability ``p``."""
    return lambda rng: float(rng.random() < p)


def win_or_tie(rng: random.Random) -> float:
    """Draw a prompt that is a tie half of the time, and else won or lost with equal chances."""
    return rng.choice([0.0, 0.5, 0.5, 1.0])


def verdicts(rng: random.Random) -> tuple[str, str]:
    """Draw both verdicts of a judge that follows one position in half of all prompts."""
    return rng.choice([("A", "A"), ("B", "B"), ("A", "B"), ("B", "A")])


def by_prompt(pairs: list[tuple[str, str]]) -> Interval:
    """Return the share of the first position, where both verdicts on a prompt count as one."""
    return summarize(
        [{"id": i, "ab": ab, "ba": ba} for i, (ab, ba) in enumerate(pairs)]
    ).first_position


def by_verdict(pairs: list[tuple[str, str]]) -> Interval:
    """Return the same share, as if the two verdicts on a prompt were independent."""
    return wilson_of([float(letter == "A") for pair in pairs for letter in pair])


def always(rng: random.Random) -> tuple[str, str]:
    """Draw both verdicts of a judge that names one position in both orders."""
    return rng.choice([("A", "A"), ("B", "B")])


def by_length(constant: float, slope: float) -> Callable[[random.Random], tuple[float, float]]:
    """Draw a prompt's difference in length, and whether a judge that prefers length let it win."""

    def draw(rng: random.Random) -> tuple[float, float]:
        difference = math.tanh(rng.gauss(0, 1))
        return difference, float(rng.random() < logistic(constant + slope * difference))

    return draw


def logistic(x: float) -> float:
    """Return the share whose logit is ``x``."""
    return 1 / (1 + math.exp(-x))


def main() -> None:
    resampled = lambda values: bootstrap(values, draws=400)  # noqa: E731
    print("| sample | prompts | Wilson | bootstrap |\n|---|---|---|---|")
    for n in (12, 30, 100):
        for p in (0.5, 0.75, 0.9):
            a, b = (coverage(n, win(p), how, p) for how in (wilson_of, resampled))
            print(f"| wins, {p:.2f} | {n} | {a:.2f} | {b:.2f} |")
        a, b = (coverage(n, win_or_tie, how, 0.5) for how in (wilson_of, resampled))
        print(f"| half ties | {n} | {a:.2f} | {b:.2f} |")
    print("\n| first position | prompts | by prompt | by verdict |\n|---|---|---|---|")
    for name, judge in (("follows the position always", always), ("in half of all", verdicts)):
        for n in (12, 30, 100):
            a, b = (coverage(n, judge, how, 0.5, 400) for how in (by_prompt, by_verdict))
            print(f"| {name} | {n} | {a:.2f} | {b:.2f} |")
    at_equal_length = lambda data: win_rate_at_equal_length(data)["value"]  # noqa: E731
    resampled_rate = lambda data: bootstrap(data, draws=200, statistic=at_equal_length)  # noqa: E731
    print("\n| at equal lengths | prompts | regression | bootstrap |\n|---|---|---|---|")
    for constant, slope in ((0, 0), (0.8, 1.5), (1.5, 0)):
        for n in (12, 30, 100):
            draw, truth = by_length(constant, slope), logistic(constant)
            a = coverage(n, draw, win_rate_at_equal_length, truth, 400)
            b = coverage(n, draw, resampled_rate, truth, 100)
            print(f"| {truth:.2f}, slope {slope} | {n} | {a:.2f} | {b:.2f} |")


if __name__ == "__main__":
    main()
