"""Confidence intervals, a sign test, and the smallest difference that a sample can show.

Every interval is a dict ``{"value", "low", "high"}``, at 95 % unless another level is asked for.
"""

import math
import random
from collections.abc import Callable, Sequence
from typing import TypedDict, TypeVar

Z95 = 1.959963984540054  # 97.5 % of a standard normal distribution lies below
T = TypeVar("T")


class Interval(TypedDict):
    """A number with its confidence interval, by default at 95 %."""

    value: float
    low: float
    high: float


def bootstrap(
    values: Sequence[T],
    *,
    draws: int = 4000,
    seed: int = 0,
    level: float = 0.95,
    statistic: Callable[[Sequence[T]], float] | None = None,
) -> Interval:
    """Mean of ``values``, or another ``statistic``, with a percentile bootstrap interval.

    Resamples the values with replacement (Efron 1979). Each value belongs to one task, because
    another evaluation would have other tasks. The same ``seed`` gives the same interval. Raises
    ValueError for an empty list.
    """
    if not values:
        raise ValueError("no values to take a mean of; expected at least one value, one a task.")
    # Not scipy.stats.bootstrap: it draws other samples, and the published intervals would change.
    rng, n = random.Random(seed), len(values)
    measure: Callable[[Sequence], float] = statistic or _mean
    found = sorted(measure(rng.choices(values, k=n)) for _ in range(draws))
    tail = (1 - level) / 2
    return {
        "value": measure(values),
        "low": found[int(tail * draws)],
        "high": found[int((1 - tail) * draws) - 1],
    }


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def percent(share: Interval | None) -> str:
    """A share and its interval as text, such as "86% [79%, 93%]"; a dash for None."""
    if share is None:
        return "–"
    return f"{share['value']:.0%} [{share['low']:.0%}, {share['high']:.0%}]"


def wilson(successes: float, trials: int) -> Interval:
    """A share with Wilson's score interval (1927), which is valid at 0, at 1 and for few trials.

    ``successes`` may have fractions, such as half a point for a tie. Points between 0 and 1 vary
    less than wins and losses with the same mean, so the interval is then a little too wide, never
    too narrow. For few trials it covers the true value where :func:`bootstrap` does not
    (``benchmarks/intervals.py``). Raises ValueError unless ``0 <= successes <= trials`` and there
    is a trial.
    """
    if not 0 <= successes <= trials or trials == 0:
        raise ValueError(f"{successes} successes in {trials} trials; expected 0 <= s <= n, n > 0.")
    # scipy's binomtest has this interval for whole numbers only. One formula serves both cases;
    # the tests compare it with scipy and statsmodels.
    share, z2n = successes / trials, Z95**2 / trials
    middle = (share + z2n / 2) / (1 + z2n)
    half = Z95 * math.sqrt(share * (1 - share) / trials + z2n / (4 * trials)) / (1 + z2n)
    # At 0 and at 1 one end equals the share, but rounding may move it past.
    low, high = max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))
    return {"value": share, "low": low, "high": high}


def mean_of_points(points: Sequence[float]) -> Interval:
    """The mean of points between 0 and 1 with Wilson's interval."""
    return wilson(sum(points), len(points))


def sign_test(wins: int, losses: int) -> float:
    """Exact two-sided p-value of ``wins`` against ``losses``, if both were equally likely.

    Ties are left out, as usual. Returns 1.0 where nothing was decided.
    """
    from scipy.stats import binomtest  # a second to import

    return float(binomtest(wins, wins + losses).pvalue) if wins + losses else 1.0


def smallest_difference(prompts: int, *, power: float = 0.8, level: float = 0.95) -> float:
    """The smallest true win rate above one half that ``prompts`` decided pairs can show.

    At this win rate :func:`sign_test` is below ``1 - level`` in a share ``power`` of all samples
    of this size. Returns 1.0 where even a model that always wins would not be significant. Raises
    ValueError for fewer than one pair.
    """
    from scipy.stats import beta, binom

    if prompts < 1:
        raise ValueError(f"prompts={prompts}; expected at least one pair.")
    # The fewest wins that are significant. This many or more have a probability below half of
    # 1 - level, because the test has two sides.
    needed = int(binom.isf((1 - level) / 2, prompts, 0.5)) + 1
    if needed > prompts:
        return 1.0
    # The probability of at least that many wins, as a function of the win rate, is the
    # distribution function of a beta distribution.
    return float(beta.ppf(power, needed, prompts - needed + 1))
