"""The exercises: printed solutions pass, and wrong answers fail with the right diagnosis."""

import ast
import importlib.util
import re

import nbformat
import pytest

from helpers.course.exercises import all_checks, check, judged
from helpers.run import LESSONS, ROOT

CARD = re.compile(r"^### Exercise (\d)\.(\d) · (.+)$", re.M)
SOLUTION = re.compile(r"<summary>Solution</summary>\s*```python\n(.*?)```", re.S)


def cells(lesson):
    return nbformat.read(ROOT / "notebooks" / f"{lesson}.ipynb", as_version=4).cells


def cards():
    """Every card as ``(lesson, heading, text, stub, hint and solution)``, from four cells."""
    found = []
    for lesson in LESSONS:
        here = cells(lesson)
        for i, cell in enumerate(here):
            if cell.cell_type == "markdown" and CARD.search(cell.source):
                folded = here[i + 2].source + here[i + 3].source
                found.append((lesson, CARD.search(cell.source), cell.source, here[i + 1], folded))
    return found


def name_of(stub):
    """The exercise's name: the argument of ``check``, the last call of the stub."""
    call = ast.parse(stub.source).body[-1].value
    assert call.func.id == "check", stub.source
    name, answer = call.args
    assert answer.id == name.value, "the learner's answer and its exercise have different names"
    return name.value


CARDS = {name_of(card[3]): card for card in cards()}
NAMES = sorted(CARDS)


def wrong_answers():
    """``{exercise: [(wrong answer, words of the diagnosis)]}`` of all lessons."""
    found = {}
    for path in sorted((ROOT / "tests" / "wrong_answers").glob("lesson_*.py")):
        spec = importlib.util.spec_from_file_location(f"wrong_{path.stem}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found |= module.WRONG
    return found


WRONG = wrong_answers()


def run(code, name):
    """What ``name`` is after the code has run."""
    variables = {}
    exec(compile(code, name, "exec"), variables)
    return variables[name]


def test_every_lesson_has_four_cards_or_more_numbered_in_order():
    for lesson in LESSONS:
        numbers = [(m[1], int(m[2])) for where, m, *_ in cards() if where == lesson]
        assert len(numbers) >= 4, lesson
        assert numbers == [(lesson[1], i) for i in range(1, len(numbers) + 1)]


def test_every_check_has_its_card():
    assert set(all_checks()) == set(CARDS)


@pytest.mark.parametrize("name", NAMES)
def test_a_card_says_how_hard_how_long_and_why(name):
    _, _, text, stub, folded = CARDS[name]
    assert re.search(r"^\*difficulty [●○]{5} · \d+ minutes · why: .+\*$", text, re.M)
    assert folded.count("<details>") == folded.count("</details>") == 2
    assert "<summary>Hint</summary>" in folded and SOLUTION.search(folded)
    assert len(stub.source.splitlines()) <= 15


@pytest.mark.parametrize("name", NAMES)
def test_an_untouched_stub_counts_as_not_tried(name):
    code = CARDS[name][3].source.rsplit("check(", 1)[0]
    assert judged(name, run(code, name))[0] == "untouched"


@pytest.mark.parametrize("name", NAMES)
def test_the_printed_solution_passes(name):
    solution = SOLUTION.search(CARDS[name][4])[1]
    outcome, words = judged(name, run(solution, name))
    assert outcome == "right", words
    assert len(words) > len("right. ") + 10


@pytest.mark.parametrize("name", NAMES)
def test_three_wrong_answers_fail_each_with_its_own_diagnosis(name):
    wrong = WRONG[name]
    assert len(wrong) >= 3 and len({words for _, words in wrong}) >= 3
    diagnoses = []
    for answer, words in wrong:
        outcome, diagnosis = judged(name, answer)
        assert outcome == "wrong" and words in diagnosis, diagnosis
        diagnoses.append(diagnosis)
    assert len(set(diagnoses)) >= 3


def test_an_honest_sentence_may_say_that_stopping_improved():
    text = "On 100 tasks, the share of answers that stop improved by 33 points (24 to 43 points)."
    assert judged("honest_sentence", text)[0] == "right"


def test_a_check_never_raises_because_of_an_answer():
    def breaks(*_):
        raise KeyError("lost")

    for name in NAMES:
        for answer in (breaks, 12345, "text", [], {}, object()):
            assert judged(name, answer)[0] == "wrong", name
    with pytest.raises(ValueError, match="no exercise 'none'"):
        check("none", 1)
    assert "<script" not in check(NAMES[0], "<script>")._repr_html_()
