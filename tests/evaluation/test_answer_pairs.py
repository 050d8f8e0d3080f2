"""Pairs to judge: gold pairs from a file."""

import pytest

from helpers.evaluation.answer_pairs import gold_pairs
from helpers.io import DataError, read_jsonl, write_jsonl
from helpers.run import ROOT


@pytest.mark.parametrize("language, least", [("en", 100), ("ko", 30), ("id", 30)])
def test_gold_pairs_are_complete_varied_and_balanced_in_length(language, least):
    path = ROOT / "data" / f"judge_gold.{language}.jsonl"
    pairs, rows = gold_pairs(path), read_jsonl(path)
    assert len(pairs) >= least and len({pair["id"] for pair in pairs}) == len(pairs)
    assert len({row["instruction"] + row["input"] for row in rows}) == len(rows)
    kinds = {row["kind"] for row in rows}
    assert kinds == {"plain", "subtle", "longer_wrong", "confident_wrong", "first_listed",
                     "flattering", "choose_me"}  # fmt: skip
    assert all(row["better"].strip() and row["better"] != row["worse"] for row in rows)
    for kind in ("plain", "subtle"):
        longer = [len(r["better"]) > len(r["worse"]) for r in rows if r["kind"] == kind]
        assert sum(longer) == len(longer) / 2


def test_a_gold_row_without_a_field_is_named(tmp_path):
    write_jsonl(tmp_path / "g.jsonl", [{"id": "1", "instruction": "x", "better": "a"}])
    with pytest.raises(DataError, match=r"g.jsonl:1: the field 'worse' is missing"):
        gold_pairs(tmp_path / "g.jsonl")
