"""Verdict records: two orders make one outcome, points and contests."""

import pytest

from helpers.evaluation.verdict_records import contests, outcome, points_of


def record(i, ab, ba):
    return {"id": str(i), "ab": ab, "ba": ba, "p_left": None}


@pytest.mark.parametrize(
    ("ab", "ba", "expected"),
    [
        ("A", "B", "win"), ("B", "A", "loss"), ("A", "A", "flip"), ("B", "B", "flip"),
        ("tie", "tie", "tie"), ("A", "tie", "tie"), ("tie", "A", "tie"),
        (None, "B", "unparsed"), ("A", None, "unparsed"), (None, None, "unparsed"),
    ],
)  # fmt: skip
def test_two_orders_make_one_outcome(ab, ba, expected):
    assert outcome(record(0, ab, ba)) == expected
    points = {"win": 1.0, "loss": 0.0}.get(expected, 0.5)
    assert points_of([record(0, ab, ba)]) == [points]


def test_verdicts_become_contests_of_two_models():
    verdicts = [record(0, "A", "B"), record(1, "A", "A"), record(2, "B", "A")]
    found = contests(verdicts, "ours", "theirs")
    assert [(c["prompt"], c["points"]) for c in found] == [("0", 1.0), ("1", 0.5), ("2", 0.0)]
    assert {(c["left"], c["right"]) for c in found} == {("ours", "theirs")}
