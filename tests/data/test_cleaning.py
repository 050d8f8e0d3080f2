"""Cleaning as a whole: duplicates, malformed rows, the report, real and shipped data."""

import gzip
import json
import time
from collections import Counter

import pytest
from cleaning_rows import dropped, row
from conftest import ROOT

from helpers.data.cleaning.clean import clean_examples
from helpers.io import load_examples


def test_of_exact_and_near_duplicates_the_first_one_stays():
    river = row("Name three rivers in the north of Peru.", "", "Marañón, Ucayali, Napo")
    rows = [
        river,
        {**river, "instruction": "name three  rivers in the north of peru."},
        {**river, "instruction": "Name three rivers in the south of Peru."},
        row("Name the largest lake on Earth.", "", "The Caspian Sea"),
    ]
    cleaning = clean_examples(rows)
    assert cleaning.kept == [rows[0], rows[3]]
    assert [one.fault for one in cleaning.dropped] == ["duplicate", "near-duplicate"]
    assert "row 1" in cleaning.dropped[0].reason and "north of" in cleaning.dropped[1].reason
    assert len(clean_examples(rows, threshold=None).kept) == 3


def test_the_same_request_about_another_text_is_another_task():
    request = "Say whether the review of the restaurant is positive or negative."
    texts = ["The soup was cold.", "The soup was hot.", "We waited an hour for the bill."]
    rows = [row(request, text, "negative") for text in texts]
    assert clean_examples(rows, threshold=0.8).kept == rows
    assert dropped(rows[0], {**rows[0], "output": "bad"}) == ["duplicate"]


REVIEW = (
    "Read the customer review below carefully and decide whether the overall sentiment expressed "
    "by the writer is positive, negative or neutral, then answer with one word."
)


@pytest.mark.parametrize("between", [0, 1, 20])
def test_a_near_duplicate_of_any_kept_row_is_found(between):
    """Even if that row is similar to others, and was kept because its input differs."""
    place = "Great location near the beach with friendly staff and clean rooms."
    texts = [f"Room {'x' * i} {i} number{i} was colour{i} and size{i}." for i in range(between)]
    rows = [row(REVIEW, text, "negative") for text in [*texts, place]]
    rows.append(row(REVIEW, place.replace("friendly", "very friendly"), "positive"))
    assert [one.position for one in clean_examples(rows).dropped] == [between + 1]
    assert len(clean_examples(rows[::-1]).dropped) == 1


def test_similar_inputs_with_other_requests_hide_no_duplicate():
    texts = [f"The ferry to the island leaves at nine from pier {i}." for i in range(12)]
    rows = [row(f"{verb} it now.", texts[0]) for verb in ("Shorten", "Translate", "Explain")]
    rows += [row("Give the number of the pier in a full sentence.", text) for text in texts]
    assert [one.position for one in clean_examples(rows).dropped] == list(range(4, 15))


@pytest.mark.parametrize(
    "bad",
    [3, {}, {"instruction": "x"}, {"instruction": " ", "output": "x"}, {"output": "x"},
     {"instruction": "x", "output": None}, {"instruction": "x", "output": "y", "input": 3},
     {"instruction": "\u200b", "output": "x"}],
)  # fmt: skip
def test_a_malformed_row_is_dropped_and_the_others_are_cleaned(bad):
    cleaning = clean_examples([row(), bad, {"instruction": "Name a tree.", "output": "Oak"}])
    assert [(one.position, one.fault) for one in cleaning.dropped] == [(1, "not a task")]
    assert cleaning.kept[1] == {"instruction": "Name a tree.", "output": "Oak", "input": ""}
    assert cleaning.repaired == []
    assert [line["rows"] for line in cleaning.report()] == [1]


def test_an_unknown_language_is_an_error_but_that_of_a_row_is_not():
    with pytest.raises(ValueError, match=r"'xx' has no filters.*en, id, ko"):
        clean_examples([row()], "xx")
    french = {**row("Nomme un fleuve de la France.", "N/A", "La Loire"), "language": "fr"}
    assert clean_examples([french]).kept == [{**french, "input": ""}]


def test_every_row_is_kept_or_dropped_and_each_repair_builds_on_the_last():
    rows = [row(given="N/A", output="It&#39;s\u200b the moon."), row(), row(output=""), 3]
    before = json.dumps(rows)
    cleaning = clean_examples(rows)
    assert json.dumps(rows) == before
    assert len(cleaning.kept) + len(cleaning.dropped) == len(rows)
    steps = cleaning.repaired
    assert [one.position for one in steps] == [0, 0, 0] and steps[0].before == rows[0]
    assert steps[0].after == steps[1].before and steps[-1].after == cleaning.kept[0]
    assert clean_examples(cleaning.kept).kept == cleaning.kept  # nothing is left to clean
    assert str(cleaning) == "1 of 4 rows kept, 1 of them repaired"


def test_the_report_counts_what_was_done_and_shows_an_example():
    rows = [row("Name a tree.", output=""), row("Name a river.", output="N/A"), row(given="None")]
    report = clean_examples(rows).report()
    assert [(line["done"], line["class"], line["rows"]) for line in report] == [
        ("dropped", "empty output", 2),
        ("repaired", "says there is no input", 1),
    ]
    assert report[0]["example"] == "Name a tree." and report[0]["why"] == "the output is empty"
    assert report[1]["why"] == "input: 'None' is now ''"
    assert clean_examples([]).report() == []


FAULTS = {
    2: "says there is no input", 3: "empty output", 4: "refusal", 5: "address or attachment",
    6: "two tasks in one", 7: "stray characters", 9: "stray markup", 10: "echo",
    11: "wrong language", 12: "picture or sound", 13: "text missing", 14: "empty output",
    15: "cut off", 16: "stray markup", 17: "duplicate", 18: "near-duplicate",
}  # fmt: skip


def test_each_row_of_the_dirty_file_has_its_one_fault():
    rows = load_examples(ROOT / "data" / "dirty_rows.en.jsonl")
    cleaning = clean_examples(rows)
    found = {one.position + 1: one.fault for one in [*cleaning.dropped, *cleaning.repaired]}
    assert found == FAULTS and len(rows) == 19
    assert len(cleaning.dropped) + len(cleaning.repaired) == len(FAULTS)


@pytest.mark.parametrize("language", ["en", "ko", "id"])
def test_no_row_written_for_this_project_is_dropped_or_changed(language):
    for name in ("seed_tasks", "eval_tasks"):
        rows = load_examples(ROOT / f"data/{name}.{language}.jsonl")
        cleaning = clean_examples(rows, language)
        assert cleaning.kept == rows, cleaning.report()


ALPACA = ROOT.parent / "shared" / "data" / "alpaca52k" / "alpaca_data.json.gz"


@pytest.mark.skipif(not ALPACA.is_file(), reason=f"Alpaca's released data is not here ({ALPACA})")
def test_the_known_faults_of_alpacas_release_are_found():
    rows = json.loads(gzip.decompress(ALPACA.read_bytes()))
    assert len(load_examples(ALPACA)) == len(rows) == 52_002
    suspects = [
        one for one in rows if one["input"] or len(one["output"]) > 400 or not one["output"]
    ]
    cleaning = clean_examples(suspects, threshold=None)
    counts = Counter(one.fault for one in [*cleaning.dropped, *cleaning.repaired])
    empty = [one for one in cleaning.dropped if not one.row["output"].strip()]
    assert len(empty) == 28
    assert 525 <= counts["says there is no input"] <= 680
    assert 30 <= counts["two tasks in one"] <= 37
    assert counts["address or attachment"] > 250 and counts["duplicate"] == 0
    assert len(cleaning.dropped) < 0.04 * len(suspects)  # most rows are sound


@pytest.mark.parametrize(
    "piece",
    ["\n", " ", "-", "#\n", "\n---\n", "```\n", "1. ", ". ", "<", "[image", "é", "\n5. Output:",
     "\n\nInstruction:\n", "\n\nInstruction:\nInput:\n"],
)  # fmt: skip
def test_monotonous_texts_are_cleaned_in_linear_time(piece):
    def seconds(times):
        text = "Oak" + piece * times + "x"
        started = time.perf_counter()
        clean_examples([row(output=text), row(given=text), row(instruction=text)])
        return time.perf_counter() - started

    seconds(10)
    assert seconds(8_000) < 0.5 + 60 * seconds(400)  # the text is 20 times as long
