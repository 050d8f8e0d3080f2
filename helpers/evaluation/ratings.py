"""Rank several models by Bradley–Terry ratings from pairwise comparisons, with intervals.

Each model has a strength, and wins against another with probability
``1 / (1 + 10 ** ((other - own) / 400))`` (Bradley and Terry 1952, on the scale of chess ratings).
Newton's method finds the strengths. The usual fixed-point iteration (Hunter 2004) takes thousands
of rounds where models form a chain and each meets only its neighbours. Intervals resample
*prompts*, never single comparisons, because those of one prompt depend on each other.
"""

import math
import random
from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations

import numpy as np

from helpers.evaluation.intervals import Interval
from helpers.evaluation.verdict_records import Contest

MEAN = 1000  # ratings are relative; their mean over the models is set to this
POINTS = 400 / math.log(10)  # rating points in one unit of the natural logarithm of strength
STEPS = 200


def bradley_terry(contests: Sequence[Contest]) -> dict[str, Interval]:
    """Each model's rating with its interval, highest first.

    Half a drawn contest between every two models is added, so that a model that won everything has
    a finite rating. Raises ValueError where there are fewer than two models, or a contest is
    between a model and itself or has points outside 0 to 1.
    """
    ratings, resampled = _with_resamples(contests)
    found = {
        name: _interval(rating, [sample[name] for sample in resampled])
        for name, rating in ratings.items()
    }
    return dict(sorted(found.items(), key=lambda item: -item[1]["value"]))


def rating_gaps(contests: Sequence[Contest]) -> dict[tuple[str, str], Interval]:
    """``{(higher, lower): interval}``: by how much each rating is above each lower rating.

    All ratings share one mean. So this interval says whether two models differ, and the intervals
    of the two ratings do not. Errors as in :func:`bradley_terry`.
    """
    ratings, resampled = _with_resamples(contests)
    ordered = sorted(ratings, key=lambda name: -ratings[name])
    return {
        (a, b): _interval(ratings[a] - ratings[b], [sample[a] - sample[b] for sample in resampled])
        for a, b in combinations(ordered, 2)
    }


def _with_resamples(
    contests: Sequence[Contest], draws: int = 400
) -> tuple[dict[str, float], list[dict[str, float]]]:
    """The ratings, and the ratings of ``draws`` samples of the prompts, with replacement."""
    models, prompts = _grouped(contests)
    rng = random.Random(0)
    resampled = [_fit(models, rng.choices(prompts, k=len(prompts))) for _ in range(draws)]
    return _fit(models, prompts), resampled


def _interval(value: float, samples: Sequence[float]) -> Interval:
    low, high = np.quantile(samples, [0.025, 0.975])
    return {"value": value, "low": float(low), "high": float(high)}


def _grouped(contests: Sequence[Contest]) -> tuple[list[str], list[list[Contest]]]:
    """The models' names, and the contests of each prompt."""
    models = sorted({name for c in contests for name in (c["left"], c["right"])})
    if len(models) < 2:
        raise ValueError(
            f"ratings compare models; found {len(models)} in the contests, expected two or more."
        )
    by_prompt = defaultdict(list)
    for contest in contests:
        if not 0 <= contest["points"] <= 1 or contest["left"] == contest["right"]:
            raise ValueError(
                f"the contest {contest} cannot be rated; expected two models and points from 0 "
                "to 1."
            )
        by_prompt[contest["prompt"]].append(contest)
    return models, list(by_prompt.values())


def _fit(models: Sequence[str], prompts: Sequence[Sequence[Contest]]) -> dict[str, float]:
    """One set of ratings from the contests of each prompt, exact to a ten-thousandth of a point."""
    place = {name: i for i, name in enumerate(models)}
    met = 0.5 * (1 - np.eye(len(models)))
    won = np.full(len(models), 0.25 * (len(models) - 1))
    for contest in (contest for prompt in prompts for contest in prompt):
        left, right = place[contest["left"]], place[contest["right"]]
        won[left] += contest["points"]
        won[right] += 1 - contest["points"]
        met[left, right] += 1
        met[right, left] += 1
    logs = _log_strengths(met, won)
    return {name: float(MEAN + POINTS * logs[i]) for name, i in place.items()}


def _log_strengths(met: np.ndarray, won: np.ndarray) -> np.ndarray:
    """Logarithms of the strengths, with mean 0, by Newton's method.

    ``met[i, j]`` is how often two models met, ``won[i]`` how many points a model has. Raises
    RuntimeError where the method does not converge.
    """
    logs = np.zeros(len(won))
    for _ in range(STEPS):
        wins = 1 / (1 + np.exp(np.clip(logs[None, :] - logs[:, None], -700, 700)))
        curvature = met * wins * wins.T
        # The likelihood does not change if all ratings rise together. The last term makes the
        # Hessian invertible.
        hessian = np.diag(curvature.sum(axis=1)) - curvature + 1 / len(won)
        step = np.linalg.solve(hessian, won - (met * wins).sum(axis=1))
        # Far from the solution a whole Newton step would overshoot.
        step *= min(1.0, 2.0 / max(np.abs(step).max(), 1e-300))
        logs += step - step.mean()
        if np.abs(step).max() * POINTS < 1e-4:
            return logs
    raise RuntimeError(f"the ratings of {len(won)} models did not converge in {STEPS} steps.")
