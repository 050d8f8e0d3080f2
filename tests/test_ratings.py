"""Bradley–Terry: strengths that were planted are found, and statsmodels agrees."""

import math
import random

import numpy as np
import pytest
import statsmodels.api as sm

from helpers.ratings import _fit, bradley_terry, rating_gaps

TRUE = {"weak": 900, "middle": 1000, "strong": 1100}


def contests(n, seed=0):
    rng, found = random.Random(seed), []
    for prompt in range(n):
        for left, right in (("weak", "middle"), ("middle", "strong"), ("strong", "weak")):
            p = 1 / (1 + 10 ** ((TRUE[right] - TRUE[left]) / 400))
            points = float(rng.random() < p)
            found.append({"prompt": prompt, "left": left, "right": right, "points": points})
    return found


def test_planted_strengths_are_found_within_their_intervals():
    found = bradley_terry(contests(300))
    assert list(found) == ["strong", "middle", "weak"]
    for name, rating in found.items():
        assert rating["low"] < TRUE[name] < rating["high"]
        assert 10 < rating["high"] - rating["low"] < 100
    assert sum(r["value"] for r in found.values()) == pytest.approx(3000)


def test_gaps_say_which_strengths_can_be_told_apart():
    many, few = rating_gaps(contests(300)), rating_gaps(contests(12))
    assert list(many) == [("strong", "middle"), ("strong", "weak"), ("middle", "weak")]
    for (higher, lower), gap in many.items():
        assert 0 < gap["low"] < TRUE[higher] - TRUE[lower] < gap["high"]
    assert any(gap["low"] < 0 < gap["high"] for gap in few.values())
    with pytest.raises(ValueError, match="compare models; found 0"):
        rating_gaps([])


def test_the_fit_is_a_logistic_regressions():
    many = contests(400, seed=3)
    names = sorted(TRUE)
    design = np.zeros((len(many), 3))
    for row, contest in zip(design, many, strict=True):
        row[names.index(contest["left"])], row[names.index(contest["right"])] = 1, -1
    won = [contest["points"] for contest in many]
    theirs = sm.Logit(won, design[:, 1:]).fit(disp=False).params * 400 / math.log(10)
    ours = _fit(names, [many])
    assert [ours[n] - ours[names[0]] for n in names[1:]] == pytest.approx(theirs, abs=1.5)


def test_who_wins_everything_keeps_a_finite_rating():
    swept = [{"prompt": i, "left": "a", "right": "b", "points": 1.0} for i in range(5)]
    found = bradley_terry(swept)
    assert list(found) == ["a", "b"] and math.isfinite(found["a"]["value"])
    with pytest.raises(ValueError, match="compare models; found 0"):
        bradley_terry([])
