"""Verdicts are read from texts as judges really write them."""

import json
from collections import Counter

import pytest

from helpers.run import ROOT
from helpers.verdicts import parse_verdict


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("A", "A"),
        (" b. ", "B"),
        ("Answer B", "B"),
        ("[[A]]", "A"),
        ("[[Answer B]]", "B"),
        ("My verdict is: [[A>>B]]", "A"),
        ("[[A=B]]", "tie"),
        ("A is short. B is right. Verdict: B", "B"),
        ("**Verdict: B**", "B"),
        ("The winner is Assistant A", "A"),
        ("**Final answer:** A", "A"),
        ("Verdict: A, because it stops.", "A"),
        ("\\boxed{A}", "A"),
        ("Both serve it equally. [[tie]]", "tie"),
        ("[[C]]", "tie"),
        ("Verdict: tie", "tie"),
        ('{"reasons": "Answer A is better at first sight", "verdict": "B"}', "B"),
        ("7 9\nBoth assistants were helpful. Assistant 1 was shorter.", "B"),
        ("6.5 6.5", "tie"),
        ("Scores:\nAssistant 1: 4 (wrong)\nAssistant 2: 3 (wrong, and long)", "A"),
        ("1\n\n### Reason: Response 1 stays on topic.", "A"),
        ("Answer A is better because it stops.", "A"),
        ("Assistant 2 performed better than Assistant 1.", "B"),
        ("A is clearly better.", "A"),
        ("I prefer the answer B.", "B"),
        ("Both answers are equally good.", "tie"),
        ("판정: A입니다", "A"),
        ("판정: 무승부", "tie"),
        ("이유를 씁니다.\n[[무승부]]", "tie"),
        ("답변 B가 더 정확합니다.", "B"),
        ("Putusan: Jawaban B", "B"),
        ("Alasan di atas.\n[[seri]]", "tie"),
        ("Jawaban A lebih baik.", "A"),
    ],
)
def test_a_verdict_is_found_where_there_is_one(text, verdict):
    assert parse_verdict(text) == verdict


@pytest.mark.parametrize(
    "text",
    [
        "",
        None,
        "A and B are both fine",
        "[[A]] or [[B]]",
        "Verdict: A or B",
        "Verdict: A bit of both",
        "A fine day",
        "a is better",
        "I do not think Answer A is better.",
        "It is hard to say whether Answer A is better.",
        "verdict A is unclear, verdict B is unclear",
        "Assistant 1:\ngood\nAssistant 2:\nalso good",
        "Assistant 1: 8 points, and I forgot the other.",
        "[End of Response 1]",
        "8 of 10 experts agree.",
    ],
)
def test_a_text_that_decides_nothing_is_no_verdict(text):
    assert parse_verdict(text) is None


def test_the_last_unambiguous_verdict_counts():
    assert parse_verdict("Verdict: A\nOn second thought, no.\nVerdict: B") == "B"
    assert parse_verdict("Reply with [[A]] or [[B]].\nIt stays on topic.\n[[B]]") == "B"
    assert parse_verdict("[[B]]\n([[A]] if A is better, [[B]] if B is.)") == "B"


GOLD = ROOT.parent / "shared" / "data" / "judge_gold"
needs_gold = pytest.mark.skipif(
    not GOLD.exists(), reason="the reference verdicts, made elsewhere, are not on this machine"
)
BY_LABEL = {"1": "A", "2": "B", "Tie": "tie", "garbage": None}


@needs_gold
def test_eighty_reviews_by_gpt_4_are_read_as_they_were_scored():
    path = GOLD / "vicuna80_gpt4_reviews.jsonl"
    reviews = [json.loads(line) for line in path.read_text().splitlines()]
    for review in reviews:
        first, second = review["score"]
        expected = "tie" if first == second else "A" if first > second else "B"
        assert parse_verdict(review["text"]) == expected, review["text"]
    assert len(reviews) == 80


@needs_gold
def test_999_verdicts_and_what_is_not_one():
    rows = json.loads((GOLD / "pandalm_gpt35_verdicts.json").read_text())
    for row in rows:
        whole = f"{row['gpt_result']}\n\n### Reason: {row['gpt_reason']}"
        assert parse_verdict(whole) == BY_LABEL[row["gpt_result"]], whole
    unusable = [row for row in rows if row["gpt_result"] == "garbage"]
    assert len(unusable) == 25 and not any(parse_verdict(r["gpt_reason"]) for r in unusable)


@needs_gold
def test_reasons_alone_hardly_ever_tell_the_wrong_one():
    rows = json.loads((GOLD / "pandalm_gpt35_verdicts.json").read_text())
    found = Counter()
    for row in rows:
        verdict = parse_verdict(row["gpt_reason"])
        if verdict:
            found[verdict == BY_LABEL[row["gpt_result"]]] += 1
    # In two the reason praises the other response; read for themselves they are read rightly.
    assert found[True] > 200 and found[False] <= 2
