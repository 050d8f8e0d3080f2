"""The demo as people meet it: in a browser, two tabs at once, over the run that the tests made."""

import os
import re
import socket
import subprocess
import sys
from types import SimpleNamespace

import pytest
from demo_page import STAND_IN, Refusal, page_of

pytest.importorskip("playwright", reason="pip install -r requirements-dev.txt")
import browser as chrome

from helpers.course.demo import WAITING, _forgetter, _reporter, _stopper, _talker
from helpers.io import read_jsonl
from helpers.release.chat import TAKEN_BACK, Refused
from helpers.run import ROOT

needs_chromium = pytest.mark.skipif(
    not chrome.CHROMIUM, reason="no Chromium here; Debian and Ubuntu: apt-get install chromium"
)
ANSWER = ".bot"  # a message that is no person's
QUEUED = re.compile(r"queue: \d+/\d+")
HARM = "<img src=x onerror='window.hacked=1'> <b>bold</b>"


def demo(*arguments, **environment):
    """The demo as a process of its own, as `make demo` starts it."""
    return subprocess.Popen(
        [sys.executable, "-u", "-m", "helpers.course.demo", *arguments],
        cwd=ROOT,
        env={**os.environ, "ALPACA_PROFILE": "tiny", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture(scope="module")
def address(finished):
    folder, _ = finished
    process = demo("--run", str(folder), "--tokens", "48")
    try:
        line, told = process.stdout.readline(), ""
        while line and "the demo is at" not in line:
            told, line = told + line, process.stdout.readline()
        assert line, told
        yield re.search(r"http://127\.0\.0\.1:\d+", line)[0]
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture
def tab(chromium, address):
    """Opens pages of the demo, terms read; what they asked of other hosts is collected."""
    pages, foreign = [], []

    def open_one():
        page = chromium.new_page(viewport={"width": 1100, "height": 900})
        page.on(
            "request",
            lambda asked: (
                None if asked.url.startswith((address, "data:")) else foreign.append(asked.url)
            ),
        )
        page.goto(address)
        pages.append(page)
        return page

    yield open_one
    for page in pages:
        page.close()
    assert foreign == []


def enter(page):
    page.get_by_role("button", name="I have read this").click()
    page.get_by_label("Instruction").wait_for()
    return page


def ask(page, text):
    page.get_by_label("Instruction").fill(text)
    page.get_by_role("button", name="Answer", exact=True).click()


@needs_chromium
def test_the_terms_come_before_the_first_message(tab):
    page = tab()
    page.get_by_text("Before you write").wait_for()
    assert not page.get_by_label("Instruction").is_visible()
    enter(page)
    assert not page.get_by_text("Before you write").is_visible()


@needs_chromium
def test_both_answer_as_text_and_an_answer_is_reported(tab, finished):
    kept = finished[0] / "reports.jsonl"
    kept.unlink(missing_ok=True)
    page = enter(tab())
    ask(page, f"Repeat this: {HARM}")
    page.locator(ANSWER).nth(1).wait_for(timeout=60_000)
    page.get_by_text(QUEUED).first.wait_for(state="hidden")
    assert page.get_by_text("<b>bold</b>").count() >= 2  # in both panes, as typed
    assert page.evaluate("() => window.hacked") is None
    page.screenshot(path=str(chrome.SHOTS / "demo.png"), full_page=True)
    page.get_by_label("What is wrong with it?").fill("It repeats itself.")
    page.get_by_role("button", name="Report this answer").click()
    page.get_by_text("Thank you.").wait_for()
    (row,) = read_jsonl(kept)
    assert row["why"] == "It repeats itself." and HARM in row["message"]
    assert set(row["answers"]) == {"before training", "after LoRA"}


def test_a_report_keeps_the_answer_and_what_is_wrong_with_it(tmp_path):
    stand_in = SimpleNamespace(Error=Refusal, Request=object)
    exchange = {"message": HARM, "answers": {"before training": "a", "after LoRA": "b"}}
    pages = {"mine": {"said": exchange}}
    report = _reporter(stand_in, tmp_path / "reports.jsonl", pages)
    empty, thanks = report("It repeats itself.", SimpleNamespace(session_hash="mine"))
    assert empty == "" and thanks.startswith("Thank you")
    (row,) = read_jsonl(tmp_path / "reports.jsonl")
    assert row["why"] == "It repeats itself." and row["answers"] == exchange["answers"]
    with pytest.raises(Refusal, match="no answer to report"):
        report("Whose?", SimpleNamespace(session_hash="another page"))
    with pytest.raises(Refusal, match="no answer to report"):
        report("Twice?", SimpleNamespace(session_hash="mine"))


def talking(monkeypatch, *steps):
    """What the button Answer does where the models say ``steps``, and the state of the pages."""
    pages = {}

    def respond(message, asked, guard, *, stop, **_):
        for step in steps:
            if isinstance(step, Exception):
                raise step
            yield {"one": step}

    monkeypatch.setattr("helpers.course.demo.respond", respond)
    return _talker(STAND_IN, {"one": None}, None, pages), pages


def test_a_refused_message_can_be_reported_and_no_older_answer_in_its_place(monkeypatch, tmp_path):
    given = {"output": "fine", "withheld": False}
    talk, pages = talking(monkeypatch, given)
    list(talk("first", ["one"], 0.8, 16, True, page_of("mine")))
    assert pages["mine"]["said"]["answers"] == {"one": "fine"}
    talk, more = talking(monkeypatch, Refused("stopped, wrongly"))
    more.update(pages)
    with pytest.raises(Refusal, match="wrongly"):
        list(talk("second", ["one"], 0.8, 16, True, page_of("mine")))
    _reporter(STAND_IN, tmp_path / "reports.jsonl", more)("why?", page_of("mine"))
    (row,) = read_jsonl(tmp_path / "reports.jsonl")
    assert (row["message"], row["refused"]) == ("second", "stopped, wrongly")


def test_an_answer_taken_back_is_told_as_one(monkeypatch):
    talk, pages = talking(monkeypatch, {"output": "", "withheld": True})
    ((shown,),) = talk("ask", ["one"], 0.8, 16, True, page_of("mine"))
    assert shown[1]["content"] == TAKEN_BACK
    assert pages["mine"]["said"]["answers"] == {"one": TAKEN_BACK}


def test_a_stop_reaches_the_answer_of_its_own_page(monkeypatch):
    talk, pages = talking(monkeypatch, {"output": "a", "withheld": False}, Refused("late"))
    answers = [talk("ask", ["one"], 0.8, 16, True, page_of(name)) for name in ("mine", "yours")]
    for answer in answers:
        next(answer)
    _stopper(STAND_IN, pages)(page_of("mine"))
    _stopper(STAND_IN, pages)(page_of("nobody's"))
    assert pages["mine"]["stop"].is_set() and not pages["yours"]["stop"].is_set()


def test_closed_pages_are_forgotten_and_the_oldest_of_too_many(monkeypatch):
    talk, pages = talking(monkeypatch, {"output": "a", "withheld": False})
    for i in [*range(10 * WAITING), 0, 10 * WAITING]:  # the first asks again
        list(talk("ask", ["one"], 0.8, 16, True, page_of(i)))
    assert len(pages) == 10 * WAITING and 0 in pages and 1 not in pages
    _forgetter(STAND_IN, pages)(page_of(0))
    assert 0 not in pages


@needs_chromium
def test_what_is_not_answered_says_why(tab):
    page = enter(tab())
    ask(page, "   ")
    page.get_by_text("Write an instruction first.").wait_for()
    assert page.locator(ANSWER).count() == 0


@needs_chromium
def test_the_second_tab_waits_and_sees_its_place_and_a_stop_lets_it_in(tab):
    first, second = enter(tab()), enter(tab())
    ask(first, "Tell a long story about a lighthouse.")
    first.get_by_text("Tell a long story").first.wait_for()
    ask(second, "Name a river.")
    second.get_by_text(QUEUED).first.wait_for(timeout=20_000)
    first.get_by_role("button", name="Stop").click()
    second.locator(ANSWER).first.wait_for(timeout=60_000)
    assert not second.get_by_text("Tell a long story").count()  # each page has its own answers


def test_a_port_in_use_and_an_unfinished_run_are_told_in_a_line(finished, tmp_path):
    folder, _ = finished
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = demo("--run", str(folder), "--port", str(port))
        told, _ = process.communicate(timeout=180)
    assert process.returncode == 1 and f"port {port}" in told and "Traceback" not in told
    process = demo("--run", str(tmp_path), "--after", "fsdp")
    told, _ = process.communicate(timeout=180)
    assert process.returncode == 1 and "Traceback" not in told
    assert "04_train_fsdp" in told
