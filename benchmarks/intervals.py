"""How often our intervals hold the truth: python benchmarks/intervals.py

Draws many samples from a known truth and counts in how many the 95 % interval holds it. Four
samples: wins and losses of single prompts; wins, losses and ties; which position two verdicts on
one prompt name, by a judge that follows the position always or in half of all prompts; and the win
rate at equal lengths, by a judge that likes length or does not.
"""

import math
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from helpers.evaluation.intervals import bootstrap, wilson
from helpers.evaluation.verdict_stats import _at_equal_length, _controlled, summarize

DRAWS = 1000


def coverage(n: int, draw, interval, truth: float, draws: int = DRAWS) -> float:
    """The share of ``draws`` samples of size ``n`` whose interval holds the ``truth``."""
    rng = random.Random(0)
    found = [interval([draw(rng) for _ in range(n)]) for _ in range(draws)]
    return sum(each["low"] <= truth <= each["high"] for each in found) / draws


def wilson_of(points: list[float]) -> dict:
    """Wilson's interval of the mean of points."""
    return wilson(sum(points), len(points))


def win(p: float):
    """A prompt that is won with probability ``p``."""
    return lambda rng: float(rng.random() < p)


def win_or_tie(rng: random.Random) -> float:
    """A prompt that is a tie in half of all cases, and else won or lost alike."""
    return rng.choice([0.0, 0.5, 0.5, 1.0])


def verdicts(rng: random.Random) -> tuple[str, str]:
    """Both verdicts of a judge that follows the position, either one, in half of all prompts."""
    return rng.choice([("A", "A"), ("B", "B"), ("A", "B"), ("B", "A")])


def by_prompt(pairs: list[tuple[str, str]]) -> dict:
    """The first position's share as we count it: both verdicts on one prompt as one."""
    return summarize(
        [{"id": i, "ab": ab, "ba": ba} for i, (ab, ba) in enumerate(pairs)]
    ).first_position


def by_verdict(pairs: list[tuple[str, str]]) -> dict:
    """The same as if the two verdicts on one prompt knew nothing of each other."""
    return wilson_of([float(letter == "A") for pair in pairs for letter in pair])


def always(rng: random.Random) -> tuple[str, str]:
    """A judge that names one position in both orders, drawn for each prompt."""
    return rng.choice([("A", "A"), ("B", "B")])


def by_length(constant: float, slope: float):
    """A prompt's difference in length and whether it was won, by a judge that looks at both."""

    def draw(rng: random.Random) -> tuple[float, float]:
        difference = math.tanh(rng.gauss(0, 1))
        return difference, float(rng.random() < logistic(constant + slope * difference))

    return draw


def logistic(x: float) -> float:
    """The share whose logit is ``x``."""
    return 1 / (1 + math.exp(-x))


def main():
    few = lambda values: bootstrap(values, draws=400)  # noqa: E731
    print("| sample | prompts | Wilson | bootstrap |\n|---|---|---|---|")
    for n in (12, 30, 100):
        for p in (0.5, 0.75, 0.9):
            a, b = (coverage(n, win(p), how, p) for how in (wilson_of, few))
            print(f"| wins, {p:.2f} | {n} | {a:.2f} | {b:.2f} |")
        a, b = (coverage(n, win_or_tie, how, 0.5) for how in (wilson_of, few))
        print(f"| half ties | {n} | {a:.2f} | {b:.2f} |")
    print("\n| first position | prompts | by prompt | by verdict |\n|---|---|---|---|")
    for name, judge in (("follows the position always", always), ("in half of all", verdicts)):
        for n in (12, 30, 100):
            a, b = (coverage(n, judge, how, 0.5, 400) for how in (by_prompt, by_verdict))
            print(f"| {name} | {n} | {a:.2f} | {b:.2f} |")
    redrawn = lambda data: bootstrap(data, draws=200, statistic=_at_equal_length)  # noqa: E731
    print("\n| at equal lengths | prompts | regression | bootstrap |\n|---|---|---|---|")
    for constant, slope in ((0, 0), (0.8, 1.5), (1.5, 0)):
        for n in (12, 30, 100):
            draw, truth = by_length(constant, slope), logistic(constant)
            a = coverage(n, draw, _controlled, truth, 400)
            b = coverage(n, draw, redrawn, truth, 100)
            print(f"| {truth:.2f}, slope {slope} | {n} | {a:.2f} | {b:.2f} |")


if __name__ == "__main__":
    main()
