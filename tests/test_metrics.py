"""Facts and their intervals, on cases worked by hand."""

import pytest

from helpers.metrics import (
    FACTS,
    answer_facts,
    bootstrap,
    paired_changes,
    repetition,
    summarize_facts,
)


def test_repetition_counts_trigrams_said_before():
    assert repetition("one two three four five") == 0.0
    # a b c a b c: the trigrams abc bca cab abc, one of four said before
    assert repetition("a b c a b c") == pytest.approx(1 / 4)
    assert repetition("no no no no no no") == pytest.approx(3 / 4)
    assert repetition("") == 0.0


def test_bootstrap_interval_holds_the_mean_and_narrows_with_more_values():
    few, many = bootstrap([0.0, 1.0] * 5), bootstrap([0.0, 1.0] * 80)
    assert few["value"] == many["value"] == 0.5
    assert few["low"] < 0.5 < few["high"]
    assert many["high"] - many["low"] < (few["high"] - few["low"]) / 2


def test_bootstrap_agrees_with_the_normal_approximation():
    many = bootstrap([0.0] * 120 + [1.0] * 80)
    error = 1.96 * (0.4 * 0.6 / 200) ** 0.5
    assert many["low"] == pytest.approx(0.4 - error, abs=0.012)
    assert many["high"] == pytest.approx(0.4 + error, abs=0.012)


def test_bootstrap_is_repeatable_and_refuses_nothing_to_average():
    assert bootstrap([1.0, 2.0, 4.0]) == bootstrap([1.0, 2.0, 4.0])
    with pytest.raises(ValueError, match="at least one"):
        bootstrap([])


def test_facts_of_an_answer():
    row = {"output": "The capital is Lima."}
    facts = answer_facts(row, {"output": "The capital is Lima.", "stopped": True}, 1.5)
    assert facts == {"heldout_loss": 1.5, "stop_rate": 1.0, "rouge_l": 1.0, "repetition": 0.0}
    assert summarize_facts([facts])["stop_rate"] == {"value": 1.0, "low": 1.0, "high": 1.0}


def test_changes_are_taken_task_by_task():
    """Tasks differ widely, yet each gains the same: the paired interval sees it."""
    before = [{name: float(i) for name in FACTS} for i in range(40)]
    after = [{name: float(i) + 0.5 for name in FACTS} for i in range(40)]
    change = paired_changes(before, after)["rouge_l"]
    assert (change["value"], change["low"], change["high"]) == (0.5, 0.5, 0.5)
    apart = summarize_facts(before)["rouge_l"]["high"] > summarize_facts(after)["rouge_l"]["low"]
    assert apart  # side by side, the intervals overlap and would hide it
    with pytest.raises(ValueError):
        paired_changes(before, after[1:])
