"""Facts and their intervals, compared with values by hand."""

import pytest

from helpers.evaluation.metrics import FACTS, answer_facts, paired_changes, summarize_facts
from helpers.similarity import repetition


def test_repetition_counts_trigrams_that_occurred_before():
    assert repetition("one two three four five") == 0.0
    # The trigrams are abc, bca, cab, abc: one of four occurred before.
    assert repetition("a b c a b c") == pytest.approx(1 / 4)
    assert repetition("no no no no no no") == pytest.approx(3 / 4)
    assert repetition("") == 0.0


def test_facts_of_an_answer():
    row = {"output": "The capital is Lima."}
    facts = answer_facts(row, {"output": "The capital is Lima.", "stopped": True}, 1.5)
    assert facts == {"heldout_loss": 1.5, "stop_rate": 1.0, "rouge_l": 1.0, "repetition": 0.0,
                     "language_kept": 1.0}  # fmt: skip
    stopped = summarize_facts([facts])["stop_rate"]  # one answer shows little
    assert stopped["value"] == stopped["high"] == 1.0 and stopped["low"] < 0.3


def test_an_answer_in_another_language_does_not_keep_it():
    row = {"output": "서울입니다.", "language": "ko"}
    given = {"output": "The capital is Seoul.", "stopped": True}
    assert answer_facts(row, given, 1.0)["language_kept"] == 0.0
    assert answer_facts(row, {**given, "output": "서울"}, 1.0)["language_kept"] == 1.0


def test_changes_are_measured_task_by_task():
    """Tasks differ widely, but each gains the same, and the paired interval shows the gain."""
    before = [dict.fromkeys(FACTS, i / 100) for i in range(40)]
    after = [dict.fromkeys(FACTS, i / 100 + 0.05) for i in range(40)]
    change = paired_changes(before, after)["rouge_l"]
    assert change == pytest.approx({"value": 0.05, "low": 0.05, "high": 0.05})
    old, new = (summarize_facts(facts)["rouge_l"] for facts in (before, after))
    assert old["high"] > new["low"]  # the two separate intervals overlap
    with pytest.raises(ValueError):
        paired_changes(before, after[1:])
