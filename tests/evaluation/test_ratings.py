"""Bradley–Terry ratings: known strengths are found, and statsmodels agrees."""

import math
import random
import time
from itertools import pairwise

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.optimize import minimize

from helpers.evaluation.ratings import _fit, bradley_terry, rating_gaps

TRUE = {"weak": 900, "middle": 1000, "strong": 1100}


def contests(n, seed=0):
    rng, found = random.Random(seed), []
    for prompt in range(n):
        for left, right in (("weak", "middle"), ("middle", "strong"), ("strong", "weak")):
            p = 1 / (1 + 10 ** ((TRUE[right] - TRUE[left]) / 400))
            points = float(rng.random() < p)
            found.append({"prompt": prompt, "left": left, "right": right, "points": points})
    return found


def test_the_intervals_cover_known_strengths():
    found = bradley_terry(contests(300))
    assert list(found) == ["strong", "middle", "weak"]
    for name, rating in found.items():
        assert rating["low"] < TRUE[name] < rating["high"]
        assert 10 < rating["high"] - rating["low"] < 100
    assert sum(r["value"] for r in found.values()) == pytest.approx(3000)


def test_gaps_show_which_strengths_differ():
    many, few = rating_gaps(contests(300)), rating_gaps(contests(12))
    assert list(many) == [("strong", "middle"), ("strong", "weak"), ("middle", "weak")]
    for (higher, lower), gap in many.items():
        assert 0 < gap["low"] < TRUE[higher] - TRUE[lower] < gap["high"]
    assert any(gap["low"] < 0 < gap["high"] for gap in few.values())
    with pytest.raises(ValueError, match="compare models; found 0"):
        rating_gaps([])


def test_the_fit_agrees_with_a_logistic_regression():
    many = contests(400, seed=3)
    names = sorted(TRUE)
    design = np.zeros((len(many), 3))
    for row, contest in zip(design, many, strict=True):
        row[names.index(contest["left"])], row[names.index(contest["right"])] = 1, -1
    won = [contest["points"] for contest in many]
    expected = sm.Logit(won, design[:, 1:]).fit(disp=False).params * 400 / math.log(10)
    found = _fit(names, [many])
    assert [found[n] - found[names[0]] for n in names[1:]] == pytest.approx(expected, abs=1.5)


def test_a_model_that_wins_everything_has_a_finite_rating():
    swept = [{"prompt": i, "left": "a", "right": "b", "points": 1.0} for i in range(5)]
    found = bradley_terry(swept)
    assert list(found) == ["a", "b"] and math.isfinite(found["a"]["value"])
    with pytest.raises(ValueError, match="compare models; found 0"):
        bradley_terry([])


@pytest.mark.parametrize("length", [3, 12, 40])
@pytest.mark.parametrize("points", [1.0, 0.9])
def test_a_chain_of_models_converges(length, points):
    """Each model meets only its neighbours; scipy maximises the same likelihood."""
    names = [f"m{i:02}" for i in range(length)]
    chain = [
        {"prompt": f"{i}-{n}", "left": names[i], "right": names[i + 1], "points": points}
        for i in range(length - 1)
        for n in range(5)
    ]
    ratings = _fit(names, [[contest] for contest in chain])

    def loss(logs):
        gaps = logs[:-1] - logs[1:]
        lost = 5 * (points * np.log1p(np.exp(-gaps)) + (1 - points) * np.log1p(np.exp(gaps)))
        # Half a drawn contest between every two models.
        every = logs[:, None] - logs[None, :]
        drawn = 0.25 * (np.log1p(np.exp(every)) + np.log1p(np.exp(-every)))
        return lost.sum() + drawn[np.triu_indices(length, 1)].sum()

    best = minimize(loss, np.zeros(length), method="BFGS", options={"gtol": 1e-8}).x
    expected = 1000 + 400 / np.log(10) * (best - best.mean())
    assert [ratings[name] for name in names] == pytest.approx(list(expected), abs=0.5)


def test_twelve_models_are_rated_in_three_seconds():
    names, rng = [f"m{i:02}" for i in range(12)], random.Random(0)
    chain = [
        {"prompt": prompt, "left": left, "right": right, "points": float(rng.random() < 0.6)}
        for prompt in range(8)
        for left, right in pairwise(names)
    ]
    started = time.perf_counter()
    ratings, gaps = bradley_terry(chain), rating_gaps(chain)
    assert time.perf_counter() - started < 3  # each sample of prompts is fitted once for all models
    assert len(ratings) == 12 and len(gaps) == 66
    for (higher, lower), gap in gaps.items():
        apart = ratings[higher]["value"] - ratings[lower]["value"]
        assert gap["value"] == pytest.approx(apart) and gap["low"] <= gap["value"] <= gap["high"]


@pytest.mark.parametrize("wrong", [{"points": 3.0}, {"points": -1}, {"right": "a"}])
def test_an_impossible_contest_raises(wrong):
    contest = {"prompt": 0, "left": "a", "right": "b", "points": 1.0}
    with pytest.raises(ValueError, match="expected two models and points from 0 to 1"):
        bradley_terry([contest, contest | wrong])
