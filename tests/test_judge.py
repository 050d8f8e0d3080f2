"""Asking a judge: both orders, three ways, three languages, one more try, gold pairs."""

import asyncio
import json

import pytest
from planted import Planted

from helpers.evidence import summarize
from helpers.io import DataError, read_jsonl, write_jsonl
from helpers.judge import best_way, gold_pairs, grade, judge, pair_up
from helpers.rubrics import SCALE, grade_message, judge_message, parse_grade
from helpers.run import ROOT

PAIRS = pair_up(
    [{"id": f"t{i}", "instruction": "Do.", "input": "", "category": "doing"} for i in range(6)],
    [{"output": f"good {i}"} for i in range(6)],
    [{"output": f"bad {i}"} for i in range(6)],
)


def fair(a, b):
    return "A" if a.startswith("good") else "B"


def run(endpoint, cache, pairs=PAIRS, **how):
    return asyncio.run(judge(endpoint, pairs, cache, say=None, **how))


@pytest.mark.parametrize("way", ["letters", "schema", "written"])
@pytest.mark.parametrize("language", ["en", "ko", "id"])
def test_a_fair_judge_finds_the_better_answer_in_every_way_and_language(tmp_path, way, language):
    verdicts = run(Planted(fair), tmp_path / "calls.jsonl", way=way, language=language)
    summary = summarize(verdicts)
    assert (summary.wins, summary.flips, summary.first_position_rate) == (6, 0, 0.5)
    assert summary.categories["doing"]["prompts"] == 6
    if way == "letters":
        assert summary.preference["value"] == pytest.approx(0.9)
    else:
        assert summary.preference is None


def test_letters_without_log_probabilities_are_read_from_the_text(tmp_path):
    verdicts = run(Planted(fair, letters=False), tmp_path / "calls.jsonl")
    assert summarize(verdicts).wins == 6 and verdicts[0]["p_left"] is None


def test_every_pair_is_asked_in_both_orders(tmp_path):
    fake = Planted(lambda a, b: "A")
    summary = summarize(run(fake, tmp_path / "calls.jsonl"))
    asked = {body["messages"][0]["content"] for body in fake.bodies}
    assert len(asked) == len(fake.bodies) == 2 * len(PAIRS)
    assert summary.flips == len(PAIRS) and summary.first_position_rate == 1.0


def test_a_second_report_costs_nothing(tmp_path):
    before = run(Planted(fair), tmp_path / "calls.jsonl")
    second = Planted(fair)
    assert run(second, tmp_path / "calls.jsonl") == before and second.bodies == []


def test_what_cannot_be_read_is_asked_once_more_and_then_counted(tmp_path):
    mumbling = Planted(lambda a, b: "A and B are both fine")
    verdicts = run(mumbling, tmp_path / "calls.jsonl", way="written")
    assert len(mumbling.bodies) == 4 * len(PAIRS)
    assert summarize(verdicts).unparsed == 2 * len(PAIRS) and summarize(verdicts).wins == 0
    assert verdicts[0]["texts"]["ab"] == "A and B are both fine"
    asked_again = [body for body in mumbling.bodies if body["temperature"] > 0]
    assert len(asked_again) == 2 * len(PAIRS)


def test_the_second_try_counts_where_it_decides(tmp_path):
    seen = set()

    def at_second(a, b):
        if (a, b) in seen:
            return fair(a, b)
        seen.add((a, b))
        return "hm"

    verdicts = run(Planted(at_second, letters=False), tmp_path / "calls.jsonl", way="written")
    assert summarize(verdicts).wins == 6 and summarize(verdicts).unparsed == 0


def test_a_way_or_language_that_is_not_there_is_refused_before_anything_is_asked(tmp_path):
    fake = Planted(fair)
    with pytest.raises(ValueError, match="choose one of letters, schema, written"):
        run(fake, tmp_path / "c.jsonl", way="essay")
    with pytest.raises(ValueError, match="choose one of en, ko, id"):
        run(fake, tmp_path / "c.jsonl", language="fr")
    assert fake.bodies == []


def test_the_message_shows_both_answers_in_the_order_asked():
    pair = {"id": "1", "request": "Ask {b}", "left": "LEFT {request}", "right": "RIGHT"}
    ab, ba = judge_message(pair, "ab"), judge_message(pair, "ba")
    assert ab.index("LEFT") < ab.index("RIGHT") and ba.index("RIGHT") < ba.index("LEFT")
    assert "Ask {b}" in ab and "LEFT {request}" in ab  # a brace in a text stays text
    assert "(no answer)" in judge_message({**pair, "left": " \n"}, "ab")


def test_a_reference_is_shown_only_where_there_is_one():
    row = {"id": "1", "instruction": "Add 2 and 2.", "input": "", "output": "4"}
    with_it, without = (
        pair_up([row], [{"output": "5"}], [{"output": "four"}], reference=shown)[0]
        for shown in (True, False)
    )
    assert "[Reference answer]\n4" in judge_message(with_it, "ab")
    assert "Reference" not in judge_message(without, "ab")


@pytest.mark.parametrize("language", ["en", "ko", "id"])
def test_reasons_are_asked_for_before_the_verdict(language):
    message = judge_message(PAIRS[0], "ab", kind="written", language=language)
    assert message.rindex("[[A]]") < message.rindex("[[B]]")
    assert "[[" not in message.split("\n\n[")[0]  # the verdict is the last thing asked for
    assert len(SCALE[language]) == 5 and len(set(SCALE[language])) == 5
    for step in SCALE[language]:
        assert step in grade_message("request", "answer", language=language)


def test_grades_are_means_over_digits_or_read_from_text(tmp_path):
    rows = [{"id": str(i), "instruction": "Do.", "input": "", "output": "done"} for i in range(2)]

    class Grader(Planted):
        async def create(self, **body):
            self.bodies.append(body)
            reply = await Planted(lambda a, b: "", letters=False).create(
                messages=[{"role": "user", "content": judge_message(PAIRS[0], "ab")}]
            )
            good = "good" in body["messages"][0]["content"]
            reply.choices[0].message.content = "4" if good else "no number"
            return reply

    grader = Grader(None)
    answers = [{"output": "good"}, {"output": "bad"}]
    found = asyncio.run(grade(grader, rows, answers, tmp_path / "g.jsonl", say=None))
    assert found == [{"id": "0", "grade": 4}, {"id": "1", "grade": None}]
    assert len(grader.bodies) == 3  # the unread one once more


@pytest.mark.parametrize(
    ("text", "step"),
    [("4", 4), ("Step 3.", 3), ("I give it 5/5", 5), ("5 points? No: 2", 2), ("10", None),
     ("none", None), ("", None), (None, None), ("3.5", None)],
)  # fmt: skip
def test_a_grade_is_read_from_the_end_of_a_text(text, step):
    assert parse_grade(text) == step


@pytest.mark.parametrize("language, least", [("en", 100), ("ko", 30), ("id", 30)])
def test_gold_pairs_are_whole_varied_and_not_won_by_length(language, least):
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


def test_a_gold_row_that_lacks_something_is_named(tmp_path):
    write_jsonl(tmp_path / "g.jsonl", [{"id": "1", "instruction": "x", "better": "a"}])
    with pytest.raises(DataError, match=r"g.jsonl:1: the field 'worse' is missing"):
        gold_pairs(tmp_path / "g.jsonl")


def test_the_embedded_endpoint_tells_letters_and_its_best_way_is_letters(endpoint, tmp_path):
    assert best_way(endpoint) == "letters"
    verdicts = run(endpoint, tmp_path / "calls.jsonl", PAIRS[:2])
    assert all(0 < v["p_left"] < 1 for v in verdicts)
    (written,) = run(endpoint, tmp_path / "calls.jsonl", PAIRS[:1], way="schema")
    assert set(json.loads(written["texts"]["ab"])) == {"reasons", "verdict"}
