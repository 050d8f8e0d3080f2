"""The chat of the demo: what is shown was checked, what is stopped stays unseen."""

import queue
import threading

import pytest
import torch

from helpers.release.chat import (
    LONGEST,
    TAKEN_BACK,
    Refused,
    _guarded,
    _read,
    _until,
    answerers,
    check_text,
    respond,
)
from helpers.release.guard import GuardError, Ruling
from helpers.training.student import load_student


def guard_against(*words):
    """A guard that stops every text with one of these words, and counts what it has read."""

    def ask(text):
        ask.read.append(text)
        return Ruling(any(word in text for word in words), 0.5, "test guard", "word")

    ask.read = []
    return ask


def broken(text):
    raise GuardError("no answer")


def shown(text, guard, ended=True, size=3):
    """What is shown of a text that is written a few characters at a time."""
    pieces = [(text[i : i + size], None) for i in range(0, len(text), size)] + [("", ended)]
    return list(_guarded(iter(pieces), guard))


def test_an_answer_is_shown_sentence_by_sentence_each_after_it_was_read():
    guard = guard_against("never")
    answers = shown("One. Two is longer! Three\nand a rest", guard)
    outputs = [answer["output"] for answer in answers]
    assert outputs == ["One.", "One. Two is longer!", "One. Two is longer! Three",
                       "One. Two is longer! Three\nand a rest"]  # fmt: skip
    assert [text.strip() for text in guard.read] == outputs
    assert [answer["stopped"] for answer in answers] == [False, False, False, True]


def test_a_sentence_the_guard_stops_is_never_seen_and_the_rest_is_taken_back():
    answers = shown("A fine start. Then a venomous line. And more.", guard_against("venom"))
    assert not any("venom" in answer["output"] for answer in answers)
    assert answers[-1] == {"output": "", "stopped": False, "withheld": True}


def test_where_the_guard_cannot_decide_nothing_is_shown_and_nothing_answered():
    assert shown("Anything at all.", broken) == [{"output": "", "stopped": False, "withheld": True}]
    with pytest.raises(Refused, match=r"could not be checked.*no answer"):
        check_text("Name a river.", broken)


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
def test_a_message_that_is_not_answered_is_told_why(text, why):
    guard = guard_against("venom")
    with pytest.raises(Refused, match=why):
        check_text(text, guard)
    assert len(guard.read) == ("venom" in (text or ""))  # a megabyte is not even read


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)  # answers are sampled


@pytest.fixture(scope="module")
def speakers(student_folder, tokenizer):
    model = load_student(student_folder)
    return {"before": (model, tokenizer), "after": (model, tokenizer)}


def test_both_models_answer_in_turn_and_what_grew_stays(speakers):
    said = list(respond("Name three rivers.", speakers, guard_against("never"), max_new_tokens=24))
    assert list(said[0]) == ["before"] and list(said[-1]) == ["before", "after"]
    first = next(step for step in said if "after" in step)["before"]
    assert all(step["before"] == first for step in said if "after" in step)
    assert said[-1]["before"]["output"] and said[-1]["after"]["output"]


def test_a_stop_ends_the_answer_at_the_next_token_and_leaves_no_thread(speakers):
    stop, before = threading.Event(), threading.active_count()
    talk = respond(
        "Tell a long story.", speakers, guard_against("never"), stop=stop, max_new_tokens=400
    )
    next(talk)
    stop.set()
    rest = list(talk)
    assert "after" not in (rest or [{}])[-1] and not any(
        answer["stopped"] for answer in (rest or [{"before": {"stopped": False}}])[-1].values()
    )
    assert threading.active_count() == before


def test_a_closed_page_ends_the_writing(speakers):
    before = threading.active_count()
    talk = respond("Tell a long story.", speakers, guard_against("never"), max_new_tokens=400)
    next(talk)
    talk.close()
    assert threading.active_count() == before


def test_an_error_of_the_model_reaches_the_reader(speakers, monkeypatch):
    model, tokenizer = speakers["before"]
    monkeypatch.setattr(model, "generate", lambda **_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        list(respond("Name a river.", {"one": (model, tokenizer)}, guard_against("never")))


def test_the_widget_gets_whole_answers_one_model_at_a_time(speakers):
    asking = answerers(speakers, guard_against("never"), max_new_tokens=8)
    assert list(asking) == ["before", "after"]
    given = asking["after"]("Name three rivers.")
    assert given["output"] and given["output"] != TAKEN_BACK and not given["withheld"]
    with pytest.raises(Refused, match="Write an instruction"):
        asking["before"]("")
    strict = answerers(speakers, guard_against("Name", " "), max_new_tokens=8)
    with pytest.raises(Refused, match="stopped this message"):
        strict["before"]("Name three rivers.")


def test_an_answer_that_is_taken_back_says_so(speakers):
    def nothing_but_questions(text):
        return Ruling(text != "Name three rivers.", 0.5, "test guard")

    given = answerers(speakers, nothing_but_questions, max_new_tokens=8)["before"](
        "Name three rivers."
    )
    assert given["output"] == TAKEN_BACK


def test_a_guard_that_breaks_down_has_not_decided():
    def out_of_memory(text):
        raise RuntimeError(f"no room for {text}")

    with pytest.raises(Refused, match=r"could not be checked.*RuntimeError") as refused:
        check_text("a private line", out_of_memory)
    assert "private" not in str(refused.value)
    assert shown("Anything.", out_of_memory)[-1]["withheld"]


def test_the_criterion_answers_on_the_device_it_is_asked_on():
    stop = threading.Event()
    said = _until(stop, threading.Event())(torch.zeros(3, 2, device="meta"), None)
    assert said.device.type == "meta" and said.dtype == torch.bool and said.shape == (3,)
    ids = torch.zeros(2, 2)
    assert not _until(stop)(ids, None).any()
    stop.set()
    assert _until(threading.Event(), stop)(ids, None).all()


def test_a_model_that_falls_silent_is_told():
    def silent():
        yield "One"
        raise queue.Empty

    pieces = _read(silent(), None, {})
    assert next(pieces) == ("One", None)
    with pytest.raises(Refused, match="said no word for"):
        next(pieces)
