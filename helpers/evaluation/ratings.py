"""Several models in one order: Bradley–Terry ratings from pairwise outcomes, with intervals.

Each model has a strength, and wins against another with probability
``1 / (1 + 10 ** ((theirs - ours) / 400))`` (Bradley and Terry 1952, on the scale chess uses).
Found by Newton's method: the usual fixed-point rounds (Hunter 2004) take thousands where models
form a chain, each met by its neighbours alone. Intervals redraw *prompts*, never single votes: the
pairs of one prompt stand and fall together.
"""

import math
import random
from collections import defaultdict
from itertools import combinations

import numpy as np

MEAN = 1000  # ratings are relative; their mean over the models is set to this
POINTS = 400 / math.log(10)  # of a rating, to one unit of the natural logarithm of strength
STEPS = 200


def bradley_terry(contests):
    """Ratings ``{model: {"value", "low", "high"}}``, highest first.

    ``contests`` are dicts with ``prompt`` (an id), ``left``, ``right`` (models' names) and
    ``points``: 1 where the left won, 0 where it lost, 0.5 for a tie. Half a drawn contest between
    every two models is added, so that a model which won everything keeps a finite rating. Raises
    ValueError where there are no two models to compare, or points are not between 0 and 1.
    """
    ratings, redrawn = _with_redrawn(contests)
    found = {name: _interval(value, [r[name] for r in redrawn]) for name, value in ratings.items()}
    return dict(sorted(found.items(), key=lambda item: -item[1]["value"]))


def rating_gaps(contests):
    """``{(higher, lower): interval}``: by how much every model's rating is above each lower one.

    Ratings share one mean, so whether two can be told apart is said by this interval and not by
    those of the two ratings. ``contests`` and errors as in :func:`bradley_terry`.
    """
    ratings, redrawn = _with_redrawn(contests)
    ordered = sorted(ratings, key=lambda name: -ratings[name])
    return {
        (a, b): _interval(ratings[a] - ratings[b], [r[a] - r[b] for r in redrawn])
        for a, b in combinations(ordered, 2)
    }


def _with_redrawn(contests, draws=400):
    """The ratings, and those of as many samples of the prompts, drawn with replacement."""
    models, prompts = _grouped(contests)
    rng = random.Random(0)
    redrawn = [_fit(models, rng.choices(prompts, k=len(prompts))) for _ in range(draws)]
    return _fit(models, prompts), redrawn


def _interval(value, drawn):
    low, high = np.quantile(drawn, [0.025, 0.975])
    return {"value": value, "low": float(low), "high": float(high)}


def _grouped(contests):
    """The models' names, and the contests of each prompt."""
    models = sorted({name for c in contests for name in (c["left"], c["right"])})
    if len(models) < 2:
        raise ValueError(f"ratings compare models; found {len(models)} in the contests.")
    by_prompt = defaultdict(list)
    for contest in contests:
        if not 0 <= contest["points"] <= 1 or contest["left"] == contest["right"]:
            raise ValueError(
                f"the contest {contest} is none; expected two models and points from 0 to 1."
            )
        by_prompt[contest["prompt"]].append(contest)
    return models, list(by_prompt.values())


def _fit(models, prompts):
    """One set of ratings from lists of contests, by Newton's method, to a ten-thousandth."""
    place = {name: i for i, name in enumerate(models)}
    met = 0.5 * (1 - np.eye(len(models)))
    won = np.full(len(models), 0.25 * (len(models) - 1))
    for contest in (contest for prompt in prompts for contest in prompt):
        left, right = place[contest["left"]], place[contest["right"]]
        won[left] += contest["points"]
        won[right] += 1 - contest["points"]
        met[left, right] += 1
        met[right, left] += 1
    logs = np.zeros(len(models))  # of the strengths
    for _ in range(STEPS):
        wins = 1 / (1 + np.exp(np.clip(logs[None, :] - logs[:, None], -700, 700)))
        curvature = met * wins * wins.T
        # The likelihood is flat where all ratings rise together; the mean is held by the last term.
        hessian = np.diag(curvature.sum(axis=1)) - curvature + 1 / len(models)
        step = np.linalg.solve(hessian, won - (met * wins).sum(axis=1))
        step *= min(1.0, 2.0 / max(np.abs(step).max(), 1e-300))  # far away it would overshoot
        logs += step - step.mean()
        if np.abs(step).max() * POINTS < 1e-4:
            return {name: float(MEAN + POINTS * logs[i]) for name, i in place.items()}
    raise RuntimeError(f"the ratings of {len(models)} models did not converge in {STEPS} steps.")
