"""Lessons and widgets in JupyterLab, in a browser, used with the keyboard alone.

Lessons with live widgets are run with Run All on the files of an earlier headless run, so no model
is asked twice. The other lessons are opened as that run saved them. The widgets have a notebook of
their own, with texts that would do harm if they were run. It is opened twice: with the ipywidgets
of requirements.txt, and with Colab's older one, which needs its own jupyterlab_widgets. Without
Chromium these tests are skipped.
"""

import os
import re
import shutil
import sys
from itertools import filterfalse
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from nbformat import write
from nbformat.v4 import new_code_cell, new_notebook

pytest.importorskip("playwright", reason="pip install -r requirements-dev.txt")
import browser as chrome

from helpers.display.widgets.interactive import WIDGET_VIEW
from helpers.evaluation.votes import read_votes
from helpers.run import LESSONS, ROOT

pytestmark = pytest.mark.skipif(
    not chrome.CHROMIUM, reason="no Chromium here; Debian and Ubuntu: apt-get install chromium"
)
COLABS = Path(sys.prefix) / "widgets7"  # Colab's ipywidgets, which `make test` installs
HARM = (
    "<script>window.hacked=1</script><img src=x onerror='window.hacked=1'> $x^2$ \\(y\\) "
    "\x1b[31mred \u202eback"
)
THEMES = ("JupyterLab Light", "JupyterLab Dark")
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
CELLS = (
    f"""import ipywidgets
from helpers.training.encoding import encode
from helpers.similarity import RougeIndex
from helpers.training.student import load_tokenizer
from helpers.training.model_folders import student_folder
from helpers.evaluation.votes import make_ballots
from helpers.display.widgets import *
harm, wide, long = {HARM!r}, "x" * 1_000, "x" * 1_000_000
rows = [{{"id": str(i), "instruction": f"Task {{i}}", "input": harm, "category": "ab"[i % 2],
         "output": long if i == 1 else harm}} for i in range(25)]
given = [{{"output": harm, "stopped": False}}, {{"output": wide, "stopped": True}}]
tokenizer = load_tokenizer(student_folder("embedded", "runs/cache"))
print(ipywidgets.__version__)""",
    "dataset_browser(rows)",
    "prompt_builder('Name a river.', harm)",
    """index = RougeIndex(["Name three lakes.", "Why is the sky blue?", harm, wide, long])
neighbours(index, "Name a lake.")""",
    """ballots = make_ballots(rows[:2], {"old": given, "new": given[::-1]})
blind_vote(ballots, "votes.jsonl", "me")""",
    """def shout(text): return {"output": text.upper(), "stopped": True}
def fail(text): raise RuntimeError(harm)
chat({"loud": shout, "broken": fail}, [(harm, {"loud": given[0], "broken": given[1]})])""",
    """pairs = [{"request": harm, "left": harm, "right": wide, "kind": harm, "why": harm}] * 2
verdicts = [{"id": "1", "ab": "A", "ba": "A", "texts": {"ab": harm, "ba": wide}},
            {"id": "2", "ab": "B", "ba": None}]
verdict_browser(pairs, verdicts, names=("mine", "yours"))""",
    "table(rows, ['instruction', 'input', 'output'], caption=harm)",
    """side_by_side(rows[:2], {"a": given, "b": given[::-1]}, names={"a": "<i>a</i>", "b": "b"})""",
    """row = {"instruction": harm, "input": "", "output": harm}
response_mask(encode(row, tokenizer), tokenizer)""",
    """last = {"of": 2, "tokens_per_second": 9.0, "computed": 0.9, "memory": 2e9, "minutes_left": 1}
training_meter([{"step": i, "loss": 3.0 - i, "heldout_loss": 2.0, **last} for i in (0, 1, 2)])""",
)


@pytest.fixture(scope="module", params=("8", "7.7.1"))
def bench(request, chromium, student_folder, tmp_path_factory):
    """All widgets on one page, with one version of ipywidgets; each test uses one of them."""
    environment = {}
    if request.param == "7.7.1":
        if not COLABS.exists():
            pytest.skip("Colab's ipywidgets is missing; `make test` installs it in .venv/widgets7")
        paths = [str(COLABS), os.environ.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
        environment["JUPYTER_PATH"] = str(COLABS / "share" / "jupyter")
    folder = chrome.project_copy(tmp_path_factory.mktemp("widgets"))
    cells = [new_code_cell(source) for source in CELLS]
    write(new_notebook(cells=cells, metadata={"kernelspec": KERNEL}), folder / "widgets.ipynb")
    with (
        chrome.jupyter(folder, **environment) as address,
        chrome.opened(chromium, address, "widgets.ipynb") as (page, errors),
    ):
        outputs = [cell["outputs"] for cell in chrome.run_all(page)["cells"]]
        assert not [o for one in outputs for o in one if o["output_type"] == "error"]
        assert outputs[0][0]["text"].startswith(request.param)
        yield SimpleNamespace(version=request.param, page=page, errors=errors, folder=folder)


def shows(page, words):
    """Wait until an output shows these words."""
    shown = page.locator(chrome.OUTPUT, has_text=words).first
    shown.wait_for()
    return shown.is_visible()


def choose_next(page, name):
    """Choose the next value of a dropdown, which JupyterLab lets arrow keys reach once open."""
    chrome.press_until(page, name)
    for key in ("Space", "ArrowDown", "Enter"):
        page.keyboard.press(key)
        page.wait_for_timeout(200)


def test_every_widget_is_shown(bench):
    assert chrome.unshown(bench.page) == []
    assert bench.page.locator(chrome.VIEW).count() == 6
    assert bench.errors == []


def test_rows_are_searched_filtered_and_paged_with_keys(bench):
    page, keys = bench.page, bench.page.keyboard
    chrome.press_until(page, "search")
    keys.type("task 17")
    assert shows(page, "rows 1 to 1 of 1")
    keys.press("Control+A")
    keys.press("Delete")
    assert shows(page, "rows 1 to 10 of 25")
    choose_next(page, "category")
    assert shows(page, "rows 1 to 10 of 13")
    chrome.press_until(page, "next")
    keys.press("Enter")  # to the last page, where this button is off
    assert shows(page, "rows 11 to 13 of 13")
    chrome.press_until(page, "previous", "Shift+Tab", most=10)
    keys.press("Space")
    assert shows(page, "rows 1 to 10 of 13")


def test_a_row_unfolds_with_keys(bench):
    chrome.press_until(bench.page, "1")
    bench.page.keyboard.press("Enter")
    assert bench.page.evaluate("document.activeElement.parentElement.open")


def test_the_prompt_grows_as_it_is_typed(bench):
    page, keys = bench.page, bench.page.keyboard
    chrome.press_until(page, "instruction")
    keys.press("Control+End")
    keys.type(" Why?")
    assert shows(page, "Name a river. Why?")
    choose_next(page, "language")
    assert shows(page, "### 지시:")


def test_neighbours_change_with_the_text(bench):
    page, keys = bench.page, bench.page.keyboard
    chrome.press_until(page, "text")
    keys.press("Control+A")
    keys.type("Why is the sea blue?")
    assert shows(page, "nearest to: Why is the sea blue?")
    assert page.locator(chrome.OUTPUT, has_text="nearest to").locator("td").nth(1).inner_text() == (
        "Why is the sky blue?"
    )


def test_votes_are_cast_with_keys(bench):
    chrome.press_until(bench.page, "A is better")
    chrome.press_until(bench.page, "B is better", most=1)
    bench.page.keyboard.press("Enter")
    assert shows(bench.page, "1 to go")
    bench.page.wait_for_timeout(400)  # a click right after the first counts as a double click
    chrome.press_until(bench.page, "tie", most=2)
    bench.page.keyboard.press("Space")
    assert shows(bench.page, "All voted")
    assert list(read_votes(bench.folder / "votes.jsonl")["me"].values()) == ["B", "tie"]


def test_a_chat_answers_and_shows_what_failed(bench):
    page, keys = bench.page, bench.page.keyboard
    chrome.press_until(page, "you ask")
    keys.type("name a <b>river</b>")
    page.wait_for_timeout(1500)  # ipywidgets holds typed text back while the kernel is busy
    chrome.press_until(page, "ask", most=1)
    keys.press("Enter")
    assert shows(page, "NAME A <B>RIVER</B>")
    assert shows(page, "RuntimeError: <script>")
    chrome.press_until(page, "you ask", "Shift+Tab", most=2)  # and on to the next question


def test_a_verdict_is_chosen_and_unfolds_with_keys(bench):
    page = bench.page
    choose_next(page, "verdict")
    folded = page.locator(chrome.OUTPUT, has=page.get_by_label("verdict")).locator("details")
    folded.nth(1).wait_for(state="detached")  # of two verdicts one is left
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert folded.evaluate("details => details.open")


def test_every_control_has_a_name_and_is_reached_with_tab_in_order(bench):
    page = bench.page
    assert [control for control in chrome.controls(page) if not control[1].strip()] == []
    one_by_one = f"""[...document.querySelectorAll(`{chrome.CONTROLS}`)].filter(
        one => !one.disabled && one.checkVisibility() && one.tagName !== 'PROGRESS')"""
    page.evaluate(f"{one_by_one}[0].focus()")
    reached, count = [], page.evaluate(f"{one_by_one}.length")
    for _ in range(count + 20):  # JupyterLab may have controls of its own between them
        reached.append(page.evaluate(f"{one_by_one}.indexOf(document.activeElement)"))
        page.keyboard.press("Tab")
    assert [i for i in reached if i >= 0][:count] == list(range(count))


@pytest.mark.parametrize("theme", THEMES)
def test_text_can_be_read_and_nothing_is_wider_than_the_page(bench, theme):
    chrome.use_theme(bench.page, theme)
    unfold = "open => document.querySelectorAll('details').forEach(one => one.open = open)"
    bench.page.evaluate(unfold, False)
    chrome.screenshot(bench.page, f"widgets_{bench.version}_{theme.split()[1].lower()}")
    bench.page.evaluate(unfold, True)
    assert chrome.low_contrast(bench.page) == []
    assert chrome.too_wide(bench.page) == []


def test_the_text_of_a_model_is_shown_and_never_run(bench):
    """Runs last, after every widget has been used and unfolded."""
    page = bench.page
    assert page.evaluate("window.hacked") is None
    made = page.locator(chrome.OUTPUT).locator("img, script, mjx-container, .MathJax, .ansi-red-fg")
    assert made.count() == 0
    assert shows(page, "$x^2$")
    assert "\u202e" not in page.locator(".jp-Notebook").inner_text()
    assert bench.errors == []


# --- the lessons --------------------------------------------------------------------------------


LIVE = ("prompt_builder", "dataset_browser", "neighbours", "blind_vote", "chat", "verdict_browser")


def has_live_widgets(name):
    """Whether a lesson calls one of the widgets that need a kernel."""
    cells = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4).cells
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    return re.search(rf"^({'|'.join(LIVE)})\(", code, re.M) is not None


@pytest.fixture(scope="module")
def lessons(finished, tmp_path_factory):
    """JupyterLab on a copy of the project and of the files of a headless run."""
    folder = chrome.project_copy(tmp_path_factory.mktemp("lessons"))
    run = folder / "runs" / "tiny"
    shutil.copytree(finished[0], run)
    shutil.copytree(run / "notebooks", folder / "executed")  # beside assets/
    settings = {"ALPACA_PROFILE": "tiny", "ALPACA_RUN": str(run), "ALPACA_PRECISION": "fp32"}
    with chrome.jupyter(folder, **settings) as address:
        yield address


def check_page(page, name):
    """Everything is shown, fits, and can be read in both themes; saves a screenshot of each."""
    assert chrome.unshown(page) == []
    assert chrome.too_wide(page) == []
    for theme in THEMES:
        chrome.use_theme(page, theme)
        chrome.screenshot(page, f"{name}_{theme.split()[1].lower()}")
        assert chrome.low_contrast(page) == []


@pytest.mark.parametrize("name", filter(has_live_widgets, LESSONS))
def test_run_all_runs_the_lesson(lessons, chromium, name):
    with chrome.opened(chromium, lessons, f"notebooks/{name}.ipynb") as (page, errors):
        notebook = chrome.run_all(page)
        code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        for cell in code:
            failed = [out for out in cell["outputs"] if out["output_type"] == "error"]
            meant = "raises-exception" in cell["metadata"].get("tags", ())
            assert bool(failed) == meant, (cell["source"], failed)
        assert [cell["source"] for cell in code if not cell["execution_count"]] == []
        views = [
            out for cell in code for out in cell["outputs"] if WIDGET_VIEW in out.get("data", {})
        ]
        assert page.locator(chrome.VIEW).count() == len(views) > 0
        check_page(page, name)
        assert errors == []


@pytest.mark.parametrize("name", filterfalse(has_live_widgets, LESSONS))
def test_a_saved_lesson_is_shown(lessons, chromium, name):
    with chrome.opened(chromium, lessons, f"executed/{name}.ipynb") as (page, errors):
        page.locator(chrome.OUTPUT).first.wait_for()
        assert page.locator(chrome.OUTPUT).count() > 20
        check_page(page, name)
        assert errors == []
