"""Grading single answers: reading a grade from a text, from digits, and asking a judge for it."""

import asyncio
import time

import pytest
from planted import Planted

from helpers.evaluation.grading import grade
from helpers.evaluation.judge_prompts import judge_message
from helpers.evaluation.verdict_parser.grades import parse_grade
from helpers.evaluation.verdict_parser.readings import read_grade

PAIR = {"id": "1", "request": "Do.", "left": "good", "right": "bad"}


def test_an_unreadable_grade_is_asked_for_once_more(tmp_path):
    rows = [{"id": str(i), "instruction": "Do.", "input": "", "output": "done"} for i in range(2)]

    class Grader(Planted):
        async def create(self, **body):
            self.bodies.append(body)
            reply = await Planted(lambda a, b: "", letters=False).create(
                messages=[{"role": "user", "content": judge_message(PAIR, "ab")}]
            )
            good = "good" in body["messages"][0]["content"]
            reply.choices[0].message.content = "4" if good else "no number"
            return reply

    grader = Grader(None)
    answers = [{"output": "good"}, {"output": "bad"}]
    found = asyncio.run(grade(grader, rows, answers, tmp_path / "g.jsonl", say=None))
    assert found == [{"id": "0", "grade": 4}, {"id": "1", "grade": None}]
    assert len(grader.bodies) == 3  # the unreadable one is asked for once more


@pytest.mark.parametrize(
    ("text", "step"),
    [("4", 4), ("Step 3.", 3), ("I give it 5/5", 5), ("5 points? No: 2", 2), ("10", None),
     ("none", None), ("", None), (None, None), ("3.5", None)],
)  # fmt: skip
def test_a_grade_is_read_from_a_text(text, step):
    assert parse_grade(text) == step


@pytest.mark.parametrize(
    ("text", "step"),
    [
        # the scale is not the score
        ("4/5", 4), ("4 out of 5", 4), ("Score: 4 of 5", 4), ("4 dari 5", 4), ("4점/5점 만점", 4),
        ("5점 만점에 4점입니다.", 4), ("4점 (5점 만점)", 4), ("Skor 4 dari skala 5", 4),
        ("On a scale of 1 to 5, I give it a 4.", 4), ("4 (on a scale of 1 to 5)", 4),
        ("skala 1-5: 4", 4), ("1점에서 5점 사이에서 4점", 4), ("Four out of five", 4), ("★★★★☆", 4),
        # a grade on another scale
        ("8/10", None), ("Score: 8/10", None), ("8 out of 10", None), ("4/10", None), ("80%", None),
        ("10점 만점에 8점", None), ("4점 (10점 만점)", None), ("On a scale from 1 to 10, 4", None),
        ("Accuracy: 4/5\nOverall: 8/10", None), ("4.5/5", None), ("3 or 4", None), ("3-4", None),
        # a number that is not a grade
        ("It has 2 errors.", None), ("Mistakes: 3", None), ("1 + 1 = 2", None),
        ("The correct answer is 3", None), ("3 out of 5 facts are right.", None),
        ("This is not a 5, it's a 4.", 4), ("4, not 5", 4), ("5점이 아니라 4점입니다", 4),
        ("A score of 5 would need more. Score: 3", 3), ("No one is better", None),
        ("Grade: 4\nIt has 2 flaws, missing step 3", 4), ("Overall: 4\nStyle: 3", 4),
        # common spellings
        ("Rating: [[4]]", 4), (r"\boxed{4}", 4), ("[RESULT] 4", 4), ("Grade: **4**", 4),
        ("4: right and complete, with a small flaw of form", 4),
        ("점수는 4점입니다", 4), ("4단계", 4),
        ('{"grade": 4}', 4), ('{"score": "4/5"}', 4), ('{"grade": 8}', None),
        ('{"reasons": "has 2 errors", "grade": 3}', 3), ('{"grade": null, "style": 4}', None),
        ("<think>Grade: 2</think>4", 4), ("<think>Grade: 2", None),
        # more ways to write the scale
        ("Grade: 4 out of a possible 5", 4), ("4 on a scale of 5", 4), ("Bewertung: 4 von 5", 4),
        ('{"score": 4, "max_score": 5}', 4), ('{"max_score": 5, "score": 3}', 3),
        ('{"overall_score": 3, "style_score": 5}', 3), ('{"style_score": 5, "score": 2}', 2),
        ('{"style_score": 5, "accuracy_score": 3}', None), ('{"score": 8, "max_score": 10}', None),
        ("Grade: 3 out of a maximum of 5", 3), ("3 of a possible 5 points", 3),
        # the scale restated
        ("Scale:\n1: wrong\n2: in part\n3: mostly right\n4: right\n5: exactly", None),
        ("1 - wrong\n2 - in part\n3 - mostly right\n4 - right\n5 - exactly", None),
        ("1 = wrong\n2 = in part\n3 = mostly right\n4 = right\n5 = exactly\n\nGrade: 3", 3),
        ("1: wrong\n2: in part\n3: mostly right\n4: right\n5: exactly\n\n4", 4),
        # a number of the task, of the answer or of one criterion
        ("The result should be 5.", None), ("The answer gives 4 instead of 5", None),
        ("The user asked for 5 items; the answer gives 4.", None), ("x = 3", None),
        ("The answer has exactly 3", None), ("It covers 4 of 5 points.", None),
        ("It meets 3 of 5 criteria", None), ("The right value must be 2", None),
        ("Correctness: 5\nStyle: 3", None), ("Style: 3\nCorrectness: 5\nOverall: 4", 4),
        # other clear grades
        ("Grade: four", 4), ("<score>4</score>", 4), ("<grade>3</grade> because", 3),
        ("오류가 2개 있어 3점을 줍니다.", 3), ("점수는 4점으로 하겠습니다.", 4),
        ("Nilai: empat", 4), ("I would give it a 4.", 4), ("It deserves a 3.", 3),
    ],
)  # fmt: skip
def test_only_a_step_of_the_scale_is_a_grade(text, step):
    assert parse_grade(text) == step


@pytest.mark.parametrize(
    ("text", "step"),
    [("Grade: 4\nThe reasons are th", 4), ("4\n\nIt is right, but", 4), ("4 out of", None),
     ("It deserves 4", None), ('{"grade": 4, "reasons": "it is', 4), ("[[4]] because", 4)],
)  # fmt: skip
def test_in_a_text_that_was_cut_only_a_marked_grade_counts(text, step):
    assert parse_grade(text, cut=True) == step


def test_a_long_text_is_read_in_seconds():
    started = time.perf_counter()
    assert parse_grade("Answer: 3 " * 2000) is None
    assert time.perf_counter() - started < 5


def test_improbable_digits_are_not_a_grade():
    likely = {"text": "4", "finish": "stop", "letters": {"4": 0.5, "5": 0.5}}
    assert read_grade(likely) == {"grade": 4.5}
    thinking = {"text": "<think>", "finish": "length", "letters": {"<think>": 1.0, "4": 1e-9}}
    assert read_grade(thinking) == {"grade": None, "improbable": True}
