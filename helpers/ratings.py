"""Several models in one order: Bradley–Terry ratings from pairwise outcomes, with intervals.

Each model has a strength, and wins against another with probability
``1 / (1 + 10 ** ((theirs - ours) / 400))`` (Bradley and Terry 1952, on the scale chess uses). Found
by Hunter's (2004) minorization-maximization. Intervals redraw *prompts*, never single votes: the
pairs of one prompt stand and fall together.
"""

import math
from collections import defaultdict
from itertools import combinations

from helpers.intervals import bootstrap

MEAN = 1000  # ratings are relative; their mean over the models is set to this


def bradley_terry(contests):
    """Ratings ``{model: {"value", "low", "high"}}``, highest first.

    ``contests`` are dicts with ``prompt`` (an id), ``left``, ``right`` (models' names) and
    ``points``: 1 where the left won, 0 where it lost, 0.5 for a tie. Half a drawn contest between
    every two models is added, so that a model which won everything keeps a finite rating. Raises
    ValueError where there are no two models to compare.
    """
    models, prompts = _grouped(contests)
    drawn = {
        # The same seed draws the same prompts for every model.
        name: _redrawn(prompts, lambda sample, name=name: _fit(models, sample)[name])
        for name in models
    }
    return dict(sorted(drawn.items(), key=lambda item: -item[1]["value"]))


def rating_gaps(contests):
    """``{(higher, lower): interval}``: by how much every model's rating is above each lower one.

    Ratings share one mean, so whether two can be told apart is said by this interval and not by
    those of the two ratings. ``contests`` and errors as in :func:`bradley_terry`.
    """
    models, prompts = _grouped(contests)
    ratings = _fit(models, prompts)
    ordered = sorted(models, key=lambda name: -ratings[name])
    return {
        (a, b): _redrawn(prompts, lambda sample, a=a, b=b: _gap(_fit(models, sample), a, b))
        for a, b in combinations(ordered, 2)
    }


def _grouped(contests):
    """The models' names, and the contests of each prompt."""
    models = sorted({name for c in contests for name in (c["left"], c["right"])})
    if len(models) < 2:
        raise ValueError(f"ratings compare models; found {len(models)} in the contests.")
    by_prompt = defaultdict(list)
    for contest in contests:
        by_prompt[contest["prompt"]].append(contest)
    return models, list(by_prompt.values())


def _redrawn(prompts, statistic):
    return bootstrap(prompts, draws=400, statistic=statistic)


def _gap(ratings, higher, lower):
    return ratings[higher] - ratings[lower]


def _fit(models, prompts, rounds=200):
    """One set of ratings from lists of contests."""
    won, met = defaultdict(float), defaultdict(float)
    for left in models:
        for right in models:
            if left != right:
                won[left] += 0.25
                met[left, right] += 0.5
    for contest in (contest for prompt in prompts for contest in prompt):
        left, right, points = contest["left"], contest["right"], contest["points"]
        won[left] += points
        won[right] += 1 - points
        met[left, right] += 1
        met[right, left] += 1
    strength = dict.fromkeys(models, 1.0)
    for _ in range(rounds):
        strength = {
            a: won[a] / sum(met[a, b] / (strength[a] + strength[b]) for b in models if b != a)
            for a in models
        }
        middle = math.exp(sum(map(math.log, strength.values())) / len(models))
        strength = {name: value / middle for name, value in strength.items()}
    return {name: MEAN + 400 * math.log10(value) for name, value in strength.items()}
