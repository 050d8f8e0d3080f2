"""The demo in a browser, with two tabs at once, and its handlers by themselves."""

import os
import re
import socket
import subprocess
import sys

import gradio
import pytest
from demo_page import request_from

pytest.importorskip("playwright", reason="pip install -r requirements-dev.txt")
import browser as chrome

from helpers.course.demo.handlers import (
    REMEMBERED,
    OpenPage,
    on_answer,
    on_close,
    on_report,
    on_stop,
)
from helpers.io import read_jsonl
from helpers.release.chat import WITHHELD_TEXT, Refused
from helpers.run import ROOT

needs_chromium = pytest.mark.skipif(
    not chrome.CHROMIUM, reason="no Chromium here; Debian and Ubuntu: apt-get install chromium"
)
ANSWER = ".bot"  # a message of a model
QUEUED = re.compile(r"queue: \d+/\d+")
HARM = "<img src=x onerror='window.hacked=1'> <b>bold</b>"


def demo(*arguments, **environment):
    """The demo in a process of its own, as `make demo` starts it."""
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
        line, printed = process.stdout.readline(), ""
        while line and "the demo is at" not in line:
            printed, line = printed + line, process.stdout.readline()
        assert line, printed
        yield re.search(r"http://127\.0\.0\.1:\d+", line)[0]
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture
def tab(chromium, address):
    """A function that opens the demo in a new tab; no tab may send a request to another host."""
    pages, foreign = [], []

    def open_one():
        page = chromium.new_page(viewport={"width": 1100, "height": 900})
        page.on(
            "request",
            lambda request: (
                None if request.url.startswith((address, "data:")) else foreign.append(request.url)
            ),
        )
        page.goto(address)
        pages.append(page)
        return page

    yield open_one
    for page in pages:
        page.close()
    assert foreign == []


def accept_terms(page):
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
    accept_terms(page)
    assert not page.get_by_text("Before you write").is_visible()


@needs_chromium
def test_both_answer_as_text_and_an_answer_is_reported(tab, finished):
    kept = finished[0] / "reports.jsonl"
    kept.unlink(missing_ok=True)
    page = accept_terms(tab())
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
    exchange = {"message": HARM, "answers": {"before training": "a", "after LoRA": "b"}}
    pages = {"mine": OpenPage(exchange=exchange)}
    report = on_report(tmp_path / "reports.jsonl", pages)
    empty, thanks = report("It repeats itself.", request_from("mine"))
    assert empty == "" and thanks.startswith("Thank you")
    (row,) = read_jsonl(tmp_path / "reports.jsonl")
    assert row["why"] == "It repeats itself." and row["answers"] == exchange["answers"]
    with pytest.raises(gradio.Error, match="no answer to report"):
        report("Whose?", request_from("another page"))
    with pytest.raises(gradio.Error, match="no answer to report"):
        report("Twice?", request_from("mine"))


def answering(monkeypatch, *steps):
    """The handler of Answer with a model that answers ``steps``, and the open pages."""
    pages = {}

    def respond(message, asked, guard, *, stop, **_):
        for step in steps:
            if isinstance(step, Exception):
                raise step
            yield {"one": step}

    monkeypatch.setattr("helpers.course.demo.handlers.respond", respond)
    return on_answer({"one": None}, None, pages), pages


def test_a_refused_message_can_be_reported_and_no_older_answer_in_its_place(monkeypatch, tmp_path):
    answer, pages = answering(monkeypatch, {"output": "fine", "withheld": False})
    list(answer("first", ["one"], 0.8, 16, True, request_from("mine")))
    assert pages["mine"].exchange["answers"] == {"one": "fine"}
    answer, more = answering(monkeypatch, Refused("stopped, wrongly"))
    more.update(pages)
    with pytest.raises(gradio.Error, match="wrongly"):
        list(answer("second", ["one"], 0.8, 16, True, request_from("mine")))
    on_report(tmp_path / "reports.jsonl", more)("why?", request_from("mine"))
    (row,) = read_jsonl(tmp_path / "reports.jsonl")
    assert (row["message"], row["refused"]) == ("second", "stopped, wrongly")


def test_a_withdrawn_answer_says_so(monkeypatch):
    answer, pages = answering(monkeypatch, {"output": "", "withheld": True})
    ((shown,),) = answer("ask", ["one"], 0.8, 16, True, request_from("mine"))
    assert shown[1]["content"] == WITHHELD_TEXT
    assert pages["mine"].exchange["answers"] == {"one": WITHHELD_TEXT}


@pytest.mark.parametrize(
    "chosen, accepted, why", [(["one"], False, "Read the terms"), ([], True, "Choose in the")]
)
def test_without_the_terms_or_a_model_nothing_is_answered(monkeypatch, chosen, accepted, why):
    answer, pages = answering(monkeypatch, {"output": "a", "withheld": False})
    with pytest.raises(gradio.Error, match=why):
        list(answer("ask", chosen, 0.8, 16, accepted, request_from("mine")))
    assert pages == {}


def test_stop_ends_the_answer_of_its_own_page_only(monkeypatch):
    answer, pages = answering(monkeypatch, {"output": "a", "withheld": False}, Refused("late"))
    running = [
        answer("ask", ["one"], 0.8, 16, True, request_from(page)) for page in ("mine", "yours")
    ]
    for one in running:
        next(one)
    on_stop(pages)(request_from("mine"))
    on_stop(pages)(request_from("a page that never asked"))
    assert pages["mine"].stop.is_set() and not pages["yours"].stop.is_set()


def test_closed_pages_are_forgotten_and_the_oldest_of_too_many(monkeypatch):
    answer, pages = answering(monkeypatch, {"output": "a", "withheld": False})
    for i in [*range(REMEMBERED), 0, REMEMBERED]:  # the first asks again
        list(answer("ask", ["one"], 0.8, 16, True, request_from(i)))
    assert len(pages) == REMEMBERED and 0 in pages and 1 not in pages
    on_close(pages)(request_from(0))
    assert 0 not in pages


@needs_chromium
def test_an_empty_message_is_refused_with_the_reason(tab):
    page = accept_terms(tab())
    ask(page, "   ")
    page.get_by_text("Write an instruction first.").wait_for()
    assert page.locator(ANSWER).count() == 0


@needs_chromium
def test_the_second_tab_sees_its_place_in_the_queue_until_the_first_is_stopped(tab):
    first, second = accept_terms(tab()), accept_terms(tab())
    ask(first, "Tell a long story about a lighthouse.")
    first.get_by_text("Tell a long story").first.wait_for()
    ask(second, "Name a river.")
    second.get_by_text(QUEUED).first.wait_for(timeout=20_000)
    first.get_by_role("button", name="Stop").click()
    second.locator(ANSWER).first.wait_for(timeout=60_000)
    assert not second.get_by_text("Tell a long story").count()  # each page has its own answers


def test_a_port_in_use_and_an_unfinished_run_give_a_one_line_error(finished, tmp_path):
    folder, _ = finished
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = demo("--run", str(folder), "--port", str(port))
        printed, _ = process.communicate(timeout=180)
    assert process.returncode == 1
    assert f"port {port}" in printed and "Traceback" not in printed
    process = demo("--run", str(tmp_path), "--after", "fsdp")
    printed, _ = process.communicate(timeout=180)
    assert process.returncode == 1
    assert "04_train_fsdp" in printed and "Traceback" not in printed
