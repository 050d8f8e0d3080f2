"""How far a number can be trusted: intervals, a sign test, and what a sample can show at all.

On the ground floor: numbers in, numbers out. Every interval is 95 % unless told otherwise, and is a
dict ``{"value", "low", "high"}``. The tests hold these against scipy and statsmodels.
"""

import math
import random
from typing import TypedDict

Z95 = 1.959963984540054  # 97.5 % of a standard normal distribution lies below


class Interval(TypedDict):
    """A number and the interval it can be trusted to lie in, by default of 95 %."""

    value: float
    low: float
    high: float


def bootstrap(values, *, draws=4000, seed=0, level=0.95, statistic=None):
    """Mean of ``values``, or another ``statistic``, with a percentile bootstrap interval.

    Resamples the values, one a task, with replacement (Efron 1979): tasks are what would differ if
    an evaluation were written again. The seed makes it repeatable. Raises ValueError for an empty
    list.
    """
    if not values:
        raise ValueError("no values to take a mean of; expected at least one a task.")
    rng, n, of = random.Random(seed), len(values), statistic or _mean
    found = sorted(of(rng.choices(values, k=n)) for _ in range(draws))
    tail = (1 - level) / 2
    return {
        "value": of(values),
        "low": found[int(tail * draws)],
        "high": found[int((1 - tail) * draws) - 1],
    }


def percent(share):
    """A share and its interval as people read them, "86% [79%, 93%]"; a dash for None."""
    if share is None:
        return "–"
    return f"{share['value']:.0%} [{share['low']:.0%}, {share['high']:.0%}]"


def _mean(values):
    return sum(values) / len(values)


def wilson(successes, trials):
    """A share with Wilson's score interval (1927), which behaves at 0, at 1 and for few trials.

    ``successes`` may hold parts of one, as half a point for a tie: points between 0 and 1 vary less
    than wins and losses of the same mean, so the interval is then a little too wide, never too
    narrow. For few trials it covers the truth where :func:`bootstrap` does not
    (``benchmarks/intervals.py``). Raises ValueError unless ``0 <= successes <= trials`` and there
    is a trial. (scipy has the same for whole numbers.)
    """
    if not 0 <= successes <= trials or trials == 0:
        raise ValueError(f"{successes} successes in {trials} trials; expected 0 <= s <= n, n > 0.")
    share, z2n = successes / trials, Z95**2 / trials
    middle = (share + z2n / 2) / (1 + z2n)
    half = Z95 * math.sqrt(share * (1 - share) / trials + z2n / (4 * trials)) / (1 + z2n)
    # At 0 and at 1 the end is the share itself, but for rounding.
    low, high = max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))
    return {"value": share, "low": low, "high": high}


def sign_test(wins, losses):
    """Exact two-sided p-value of that many wins and losses, were both equally likely.

    Ties are left out, as usual. 1.0 where nothing was decided.
    """
    from scipy.stats import binomtest  # a second to import

    return float(binomtest(wins, wins + losses).pvalue) if wins + losses else 1.0


def smallest_difference(prompts, *, power=0.8, level=0.95):
    """The smallest true win rate above one half that ``prompts`` decided pairs show.

    That is: in ``power`` of all samples of this size :func:`sign_test` would come out below
    ``1 - level``. 1.0 where even a model that always wins could not be told from a coin.
    """
    from scipy.stats import beta, binom

    if prompts < 1:
        raise ValueError(f"prompts={prompts}; expected at least one pair.")
    # The fewest wins that are significant: so many or more are less likely than half a level.
    needed = int(binom.isf((1 - level) / 2, prompts, 0.5)) + 1
    if needed > prompts:
        return 1.0
    # The chance of at least so many wins is a beta distribution's share below the win rate.
    return float(beta.ppf(power, needed, prompts - needed + 1))
