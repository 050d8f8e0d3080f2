"""Length control: the regression agrees with statsmodels, and its interval covers the truth."""

import random

import numpy as np
import pytest
import statsmodels.api as sm

from helpers.evaluation.length_control import length_preference, win_rate_at_equal_length
from helpers.evaluation.verdict_stats import summarize


def test_length_control_removes_a_win_rate_that_length_caused():
    """The left answer is mostly the longer one, and the judge mostly prefers the longer one."""
    rng, verdicts = random.Random(5), []
    for i in range(200):
        left_longer, prefers_longer = rng.random() < 0.8, rng.random() < 0.9
        won = left_longer == prefers_longer
        chars = [300 + i, 100] if left_longer else [100, 300 + i]
        ab, ba = "AB" if won else "BA"
        verdicts.append({"id": str(i), "ab": ab, "ba": ba, "chars": chars})
    summary = summarize(verdicts)
    controlled = summary.length["controlled"]
    assert summary.win_rate["low"] > 0.6
    assert controlled["low"] < 0.5 < controlled["high"] and controlled["value"] < 0.62


def test_length_control_agrees_with_statsmodels():
    rng = random.Random(4)
    data = []
    for _ in range(300):
        x = rng.uniform(-1, 1)
        data.append((x, rng.choice([0.5, float(rng.random() < 1 / (1 + np.exp(-0.6 - 1.5 * x)))])))
    design = sm.add_constant([x for x, _ in data])
    fit = sm.GLM([y for _, y in data], design, family=sm.families.Binomial()).fit()
    expected = 1 / (1 + np.exp(-fit.params[0]))
    found = win_rate_at_equal_length(data)
    assert found["value"] == pytest.approx(expected, abs=1e-3)
    low, high = 1 / (1 + np.exp(-fit.conf_int()[0]))
    assert (found["low"], found["high"]) == pytest.approx((low, high), abs=5e-3)


@pytest.mark.parametrize("prompts", [12, 60])
@pytest.mark.parametrize("constant, slope", [(0.0, 3.0), (1.5, 0.0)])
def test_the_interval_at_equal_length_covers_the_truth(prompts, constant, slope):
    rng, held, truth = random.Random(prompts), 0, 1 / (1 + np.exp(-constant))
    for _ in range(400):
        xs = [np.tanh(rng.gauss(0, 1)) for _ in range(prompts)]
        won = [float(rng.random() < 1 / (1 + np.exp(-constant - slope * x))) for x in xs]
        found = win_rate_at_equal_length(list(zip(xs, won, strict=True)))
        held += found["low"] <= truth <= found["high"]
    assert held / 400 >= 0.93


def test_ties_only_give_one_half_without_a_warning(recwarn):
    verdicts = [{"id": str(i), "ab": "A", "ba": "A", "chars": [i, 5]} for i in range(12)]
    found = length_preference(verdicts)
    assert found["longer_wins"] is None and found["correlation"] is None
    assert found["controlled"]["value"] == pytest.approx(0.5) and not list(recwarn)
