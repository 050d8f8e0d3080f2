"""Intervals and tests, compared with scipy, with statsmodels and with simulations."""

import random

import pytest
from scipy.stats import binomtest
from statsmodels.stats.proportion import proportion_confint

from helpers.evaluation.intervals import bootstrap, sign_test, smallest_difference, wilson


@pytest.mark.parametrize(
    "successes, trials", [(0, 1), (0, 12), (3, 7), (10, 13), (90, 179), (50, 50)]
)
def test_wilson_agrees_with_statsmodels_and_scipy(successes, trials):
    ours = wilson(successes, trials)
    low, high = proportion_confint(successes, trials, method="wilson")
    assert (ours["low"], ours["high"]) == pytest.approx((low, high), abs=1e-9)
    theirs = binomtest(successes, trials).proportion_ci(method="wilson")
    assert (ours["low"], ours["high"]) == pytest.approx((theirs.low, theirs.high), abs=1e-9)
    assert ours["value"] == successes / trials


def test_wilson_takes_halves_and_refuses_impossible_counts():
    assert wilson(2.5, 5)["value"] == 0.5
    for successes, trials in ((0, 0), (3, 2), (-1, 2)):
        with pytest.raises(ValueError, match="successes"):
            wilson(successes, trials)


def test_the_original_comparison_is_not_significant():
    """Alpaca's 90 to 89, and the Korean course's 10 wins and 3 losses."""
    alpaca, course = wilson(90, 179), wilson(10, 13)
    assert (round(alpaca["low"], 2), round(alpaca["high"], 2)) == (0.43, 0.58)
    assert alpaca["low"] < 0.5 < alpaca["high"] and sign_test(90, 89) == 1.0
    assert course["low"] < 0.5


@pytest.mark.parametrize("wins, losses", [(0, 0), (1, 0), (5, 5), (10, 3), (0, 9), (620, 530)])
def test_the_sign_test_agrees_with_scipy(wins, losses):
    n = wins + losses
    expected = binomtest(wins, n, 0.5).pvalue if n else 1.0
    assert sign_test(wins, losses) == pytest.approx(expected, rel=1e-6)
    assert sign_test(wins, losses) == sign_test(losses, wins)


def test_a_bootstrap_interval_covers_the_mean_and_narrows_with_more_values():
    few, many = bootstrap([0.0, 1.0] * 5), bootstrap([0.0, 1.0] * 80)
    assert few["low"] < 0.5 < few["high"] and many["low"] < 0.5 < many["high"]
    assert many["high"] - many["low"] < few["high"] - few["low"]


def test_bootstrap_agrees_with_the_normal_approximation():
    many = bootstrap([0.0] * 120 + [1.0] * 80)
    half = 1.96 * (0.4 * 0.6 / 200) ** 0.5
    assert (many["low"], many["high"]) == pytest.approx((0.4 - half, 0.4 + half), abs=0.01)


def test_bootstrap_of_another_statistic():
    spread = bootstrap([1.0, 2.0, 3.0, 4.0] * 20, statistic=max)
    assert spread["value"] == spread["high"] == 4.0


def test_bootstrap_is_repeatable_and_refuses_an_empty_list():
    assert bootstrap([1.0, 2.0, 4.0]) == bootstrap([1.0, 2.0, 4.0])
    with pytest.raises(ValueError, match="at least one"):
        bootstrap([])


def test_the_smallest_difference_is_significant_in_four_samples_of_five():
    rate, rng = smallest_difference(100), random.Random(0)
    assert 0.60 < rate < 0.68

    def shown(rate):
        wins = (sum(rng.random() < rate for _ in range(100)) for _ in range(3000))
        return sum(sign_test(won, 100 - won) < 0.05 for won in wins) / 3000

    assert shown(rate) == pytest.approx(0.8, abs=0.03)
    assert shown(rate - 0.05) < 0.6


def test_more_prompts_show_smaller_differences_and_too_few_show_none():
    assert smallest_difference(5) == 1.0  # even five of five is p = 0.06
    assert smallest_difference(20) > smallest_difference(100) > smallest_difference(1000) > 0.5
    with pytest.raises(ValueError, match="prompts=0"):
        smallest_difference(0)
