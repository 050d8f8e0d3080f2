"""κ and α: compared with values by hand and with other implementations."""

import random

import pytest
from statsmodels.stats.inter_rater import cohens_kappa, to_table

from helpers.evaluation.agreement import cohen_kappa, krippendorff_alpha


def test_kappa_by_hand():
    first = ["yes"] * 25 + ["no"] * 25
    second = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    # 35 of 50 are the same; expected by chance: 0.5 · 0.6 + 0.5 · 0.4 = 0.5
    assert cohen_kappa(first, second) == pytest.approx((0.7 - 0.5) / 0.5)


def test_extreme_values_of_kappa():
    votes = ["A", "B", "tie", "A"]
    assert cohen_kappa(votes, votes) == 1.0
    assert cohen_kappa(["A", "B"], ["B", "A"]) == -1.0
    assert cohen_kappa(["A", "A"], ["A", "A"]) is None
    assert cohen_kappa(["A", "A"], ["B", "A"]) == 0.0
    for one, two in (([], []), (["A"], [])):
        with pytest.raises(ValueError, match="same items"):
            cohen_kappa(one, two)


def test_kappa_agrees_with_statsmodels():
    rng = random.Random(1)
    first = [rng.choice("ABT") for _ in range(200)]
    second = [a if rng.random() < 0.6 else rng.choice("ABT") for a in first]
    pairs = [["ABT".index(label) for label in pair] for pair in zip(first, second, strict=True)]
    expected = cohens_kappa(to_table(pairs)[0]).kappa
    assert cohen_kappa(first, second) == pytest.approx(expected)
    mixed = {"A": 1, "B": "B", "T": None}  # labels of different kinds
    relabelled = ([mixed[label] for label in votes] for votes in (first, second))
    assert cohen_kappa(*relabelled) == pytest.approx(expected)


def test_alpha_agrees_with_the_textbook():
    """Krippendorff's own worked example: nominal, four coders, votes missing."""
    coders = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
        [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
    ]
    items = [list(item) for item in zip(*coders, strict=True)]
    assert krippendorff_alpha(items) == pytest.approx(0.743, abs=0.0005)


def test_extreme_values_of_alpha():
    assert krippendorff_alpha([["A", "A"], ["B", "B"], ["B", "B", None]]) == 1.0
    assert krippendorff_alpha([["A", "A"], ["A", "A"]]) is None
    assert krippendorff_alpha([["A"], [None, "B"]]) is None
    assert krippendorff_alpha([["A", "B"], ["B", "A"]]) < 0
