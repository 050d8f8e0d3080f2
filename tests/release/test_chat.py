"""The chat of the demo: only checked sentences are shown, and stopped text is never seen."""

import queue
import threading
import time

import pytest
import torch

from helpers.release.chat import (
    LONGEST,
    WITHHELD_TEXT,
    Refused,
    _guarded,
    answer_functions,
    check_text,
    respond,
)
from helpers.release.guard import GuardError, Ruling
from helpers.release.streaming import Outcome, read_pieces, stop_when_set
from helpers.training.student import load_student


def guard_against(*words):
    """A guard that stops every text with one of these words, and records what it has read."""

    def decide(text):
        decide.read.append(text)
        return Ruling(any(word in text for word in words), 0.5, "test guard", "word")

    decide.read = []
    return decide


def undecided(text):
    raise GuardError("no answer")


def shown(text, guard, ended=True, size=3):
    """What is shown of an answer that is written ``size`` characters at a time."""
    pieces = [(text[i : i + size], None) for i in range(0, len(text), size)] + [("", ended)]
    return list(_guarded(iter(pieces), guard))


def test_an_answer_is_shown_sentence_by_sentence_after_the_guard_has_read_it():
    guard = guard_against("never")
    answers = shown("One. Two is longer! Three\nand a rest", guard)
    outputs = [answer["output"] for answer in answers]
    assert outputs == ["One.", "One. Two is longer!", "One. Two is longer! Three",
                       "One. Two is longer! Three\nand a rest"]  # fmt: skip
    assert [text.strip() for text in guard.read] == outputs
    assert [answer["stopped"] for answer in answers] == [False, False, False, True]


def test_a_stopped_sentence_is_never_shown_and_the_answer_is_withdrawn():
    answers = shown("A fine start. Then a venomous line. And more.", guard_against("venom"))
    assert not any("venom" in answer["output"] for answer in answers)
    assert answers[-1] == {"output": "", "stopped": False, "withheld": True}


def test_if_the_guard_cannot_decide_nothing_is_shown_or_answered():
    assert shown("Anything at all.", undecided) == [
        {"output": "", "stopped": False, "withheld": True}
    ]
    with pytest.raises(Refused, match=r"could not be checked.*no answer"):
        check_text("Name a river.", undecided)


@pytest.mark.parametrize(
    "text, why",
    [
        ("", "Write an instruction"),
        (" \n ", "Write an instruction"),
        (None, "Write an instruction"),
        ("x" * 1_000_000, f"1,000,000 characters; {LONGEST:,}"),
        ("a venomous wish", r"test guard stopped this message \(word\)"),
    ],
)
def test_a_refusal_says_why(text, why):
    guard = guard_against("venom")
    with pytest.raises(Refused, match=why):
        check_text(text, guard)
    assert len(guard.read) == ("venom" in (text or ""))  # an overlong message is not read


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)  # answers are sampled


@pytest.fixture(scope="module")
def models(student_folder, tokenizer):
    model = load_student(student_folder)
    return {"before": (model, tokenizer), "after": (model, tokenizer)}


def test_both_models_answer_in_turn_and_the_first_answer_stays(models):
    steps = list(respond("Name three rivers.", models, guard_against("never"), max_new_tokens=24))
    assert list(steps[0]) == ["before"] and list(steps[-1]) == ["before", "after"]
    first = next(step for step in steps if "after" in step)["before"]
    assert all(step["before"] == first for step in steps if "after" in step)
    assert steps[-1]["before"]["output"] and steps[-1]["after"]["output"]


def test_stopping_ends_the_answer_at_the_next_token_and_its_thread(models):
    stop, before = threading.Event(), threading.active_count()
    answers = respond(
        "Tell a long story.", models, guard_against("never"), stop=stop, max_new_tokens=400
    )
    next(answers)
    stop.set()
    rest = list(answers)
    assert "after" not in (rest or [{}])[-1] and not any(
        answer["stopped"] for answer in (rest or [{"before": {"stopped": False}}])[-1].values()
    )
    assert threading.active_count() == before


def test_closing_the_generator_ends_the_writing_thread(models):
    before = threading.active_count()
    answers = respond("Tell a long story.", models, guard_against("never"), max_new_tokens=400)
    next(answers)
    answers.close()
    assert threading.active_count() == before


def test_an_error_of_the_model_reaches_the_reader(models, monkeypatch):
    model, tokenizer = models["before"]
    monkeypatch.setattr(model, "generate", lambda **_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        list(respond("Name a river.", {"one": (model, tokenizer)}, guard_against("never")))


def test_answer_functions_return_whole_answers_of_one_model(models):
    functions = answer_functions(models, guard_against("never"), max_new_tokens=8)
    assert list(functions) == ["before", "after"]
    answer = functions["after"]("Name three rivers.")
    assert answer["output"] and answer["output"] != WITHHELD_TEXT and not answer["withheld"]
    with pytest.raises(Refused, match="Write an instruction"):
        functions["before"]("")
    strict = answer_functions(models, guard_against("Name", " "), max_new_tokens=8)
    with pytest.raises(Refused, match="stopped this message"):
        strict["before"]("Name three rivers.")


def test_a_withdrawn_answer_says_so(models):
    def stop_all_answers(text):
        return Ruling(text != "Name three rivers.", 0.5, "test guard")

    ask = answer_functions(models, stop_all_answers, max_new_tokens=8)["before"]
    assert ask("Name three rivers.")["output"] == WITHHELD_TEXT


def test_a_guard_with_an_unexpected_error_has_not_decided():
    def out_of_memory(text):
        raise RuntimeError(f"no memory for {text}")

    with pytest.raises(Refused, match=r"could not be checked.*RuntimeError") as refused:
        check_text("a private line", out_of_memory)
    assert "private" not in str(refused.value)
    assert shown("Anything.", out_of_memory)[-1]["withheld"]


def test_the_stopping_criterion_answers_on_the_device_of_the_ids():
    stop = threading.Event()
    result = stop_when_set(stop, threading.Event())(torch.zeros(3, 2, device="meta"), None)
    assert result.device.type == "meta" and result.dtype == torch.bool and result.shape == (3,)
    ids = torch.zeros(2, 2)
    assert not stop_when_set(stop)(ids, None).any()
    stop.set()
    assert stop_when_set(threading.Event(), stop)(ids, None).all()


def test_a_model_that_writes_nothing_for_too_long_is_an_error():
    def silent():
        yield "One"
        raise queue.Empty

    pieces = read_pieces(silent(), None, Outcome())
    assert next(pieces) == ("One", None)
    with pytest.raises(TimeoutError, match="wrote nothing for"):
        next(pieces)


def test_a_message_is_refused_when_the_model_writes_nothing_for_too_long(models, monkeypatch):
    monkeypatch.setattr("helpers.release.streaming.LONGEST_WAIT", 0.01)
    model, tokenizer = models["before"]
    monkeypatch.setattr(model, "generate", lambda **_: time.sleep(1))
    with pytest.raises(Refused, match=r"wrote nothing for 0\.01 seconds\. Try again\."):
        list(respond("Name a river.", {"one": (model, tokenizer)}, guard_against("never")))
