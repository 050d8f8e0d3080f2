"""Controls: voting, browsing rows, forms and chat, worked as a reader works them."""

import time

from hostile_text import EVIL

from helpers.display.widgets import blind_vote, chat, dataset_browser, neighbours, prompt_builder
from helpers.display.widgets.controls import DEBOUNCE_SECONDS
from helpers.display.widgets.interactive import WIDGET_VIEW, without_views
from helpers.evaluation.votes import make_ballots, read_votes
from helpers.prompts import format_prompt
from helpers.similarity import RougeIndex

# --- a blind vote -------------------------------------------------------------------------------


def ballots(output="plain"):
    rows = [{"id": f"t{i}", "instruction": f"task {i}", "input": ""} for i in range(5)]
    answers = {
        "before": [{"output": f"{output} old {i}"} for i in range(5)],
        "lora": [{"output": f"{output} new {i}"} for i in range(5)],
    }
    return make_ballots(rows, answers)


def buttons(shown):
    from ipywidgets import Button, HBox

    (row,) = [child for child in shown.controls.children if isinstance(child, HBox)]
    assert all(isinstance(child, Button) for child in row.children)
    return {button.description: button for button in row.children}


def test_votes_are_cast_by_the_buttons_one_ballot_after_another(tmp_path, monkeypatch):
    monkeypatch.setattr("helpers.display.widgets.controls.DEBOUNCE_SECONDS", 0)
    path, drawn = tmp_path / "votes.jsonl", ballots()
    shown = blind_vote(drawn, path, "me")
    page, _, status = shown.controls.children
    assert drawn[0]["request"] in page.value and "5 to go" in status.value
    for button in ("A is better", "B is better", "tie"):
        buttons(shown)[button].click()
    assert drawn[3]["request"] in page.value
    votes = read_votes(path)["me"]
    assert [votes[ballot["id"]] for ballot in drawn[:3]] == ["A", "B", "tie"]
    again = blind_vote(drawn, path, "me")  # interrupted and opened again
    assert "2 to go" in again.controls.children[2].value
    for _ in range(3):  # one more than there are
        buttons(again)["both bad"].click()
    assert len(read_votes(path)["me"]) == 5
    assert "All voted" in again.controls.children[2].value
    assert "2 wait for me" in repr(again)  # the static text does not change


def test_a_vote_that_could_not_be_saved_stays_with_its_pair(tmp_path, monkeypatch):
    monkeypatch.setattr("helpers.display.widgets.controls.DEBOUNCE_SECONDS", 0)
    path, drawn = tmp_path / "votes.jsonl", ballots()
    shown = blind_vote(drawn, path, "me")
    page, _, status = shown.controls.children
    full = OSError(28, "No space left on device")

    def fail(*_):
        raise full

    with monkeypatch.context() as patch:
        patch.setattr("helpers.display.widgets.verdicts.cast_vote", fail)
        buttons(shown)["A is better"].click()
    assert "could not be kept (No space left on device)" in status.value
    assert drawn[0]["request"] in page.value and read_votes(path) == {}
    buttons(shown)["B is better"].click()
    assert read_votes(path) == {"me": {drawn[0]["id"]: "B"}} and "4 to go" in status.value


def test_a_double_click_does_not_vote_on_a_pair_that_nobody_has_read(tmp_path):
    path, drawn = tmp_path / "votes.jsonl", ballots()
    shown = blind_vote(drawn, path, "me")
    time.sleep(DEBOUNCE_SECONDS)
    for _ in range(4):
        buttons(shown)["A is better"].click()
    assert read_votes(path) == {"me": {drawn[0]["id"]: "A"}}


def test_a_vote_is_also_blind_without_a_kernel(tmp_path):
    shown = blind_vote(ballots(EVIL), tmp_path / "votes.jsonl", "me")
    bundle = shown._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html", WIDGET_VIEW}
    for text in (bundle["text/html"], shown.controls.children[0].value):
        assert "before" not in text and "lora" not in text
        assert "<script" not in text and "<img" not in text and "task" in text
    assert bundle[WIDGET_VIEW]["model_id"] == shown.controls.model_id


def test_a_saved_notebook_keeps_the_static_html(tmp_path):
    from nbformat.v4 import new_code_cell, new_notebook, new_output

    bundle = blind_vote(ballots(), tmp_path / "v.jsonl", "me")._repr_mimebundle_()
    notebook = new_notebook(cells=[new_code_cell(outputs=[new_output("display_data", bundle)])])
    notebook.metadata["widgets"] = {}
    without_views(notebook)
    assert set(notebook.cells[0].outputs[0].data) == {"text/plain", "text/html"}
    assert "widgets" not in notebook.metadata


# --- browsing rows ------------------------------------------------------------------------------


def many(n=52_000):
    kinds = ("write", "sum", "list")
    return [
        {"instruction": f"Task {i} about rivers", "input": "", "output": f"Answer {i % 977}",
         "category": kinds[i % 3], "id": str(i)}
        for i in range(n)
    ]  # fmt: skip


def browser_parts(shown):
    """The search field, the first filter, the page, and the two buttons."""
    head, page, turns = shown.controls.children
    return head.children[0], head.children[1], page, turns.children


def test_rows_are_searched_filtered_and_paged():
    shown = dataset_browser(many(100))
    search, category, page, (back, forward) = browser_parts(shown)
    assert "rows 1 to 10 of 100" in page.value and "rows 1 to 10 of 100" in repr(shown)
    forward.click()
    assert "rows 11 to 20 of 100" in page.value and "Task 10 " in page.value
    assert [shown for shown, _ in category.options][:2] == ["all (100)", "write (34)"]
    category.value = "sum"
    assert "rows 1 to 10 of 33" in page.value
    back.click()  # there is nothing before the first page
    assert "rows 1 to 10 of 33" in page.value
    search.value = "TASK answer 97"
    assert "rows 1 to 1 of 1" in page.value and "Task 97 " in page.value
    forward.click()  # nor after the last
    assert "rows 1 to 1 of 1" in page.value
    search.value = "no such words"
    forward.click()
    assert "no row fits" in page.value


def test_fifty_thousand_rows_are_searched_like_a_few():
    rows = many(52_000)
    search, _, page, _ = browser_parts(dataset_browser(rows))
    search.value = "answer 500"
    fitting = sum("500" in row["instruction"] + row["output"] for row in rows)
    assert f"rows 1 to 10 of {fitting}" in page.value


# --- forms and chat -----------------------------------------------------------------------------


def test_the_prompt_changes_with_what_is_typed():
    shown = prompt_builder("Name a river.")
    instruction, given, language, result = shown.controls.children
    assert repr(shown) == format_prompt("Name a river.") and "Name a river." in result.value
    given.value = "in <b>Peru</b>"
    assert "### Input:" in result.value and "<b>" not in result.value
    language.value = "ko"
    assert "### 지시:" in result.value
    instruction.value = " "
    assert "instruction is empty" in result.value


def test_neighbours_are_found_for_what_is_typed():
    index = RougeIndex(["Name three rivers in Peru.", "Why is the sky blue?", EVIL])
    shown = neighbours(index, "Name three lakes in Peru.", k=2)
    text, result = shown.controls.children
    assert "0.80 | Name three rivers in Peru." in repr(shown)
    text.value = "Why is the sea blue?"
    assert result.value.index("Why is the sky blue?") < result.value.index("0.00")
    text.value = ""
    assert "<td" not in result.value and "<script" not in result.value


def test_several_models_are_asked_the_same():
    def broken(text):
        raise RuntimeError(EVIL)

    answers = {
        "old": {"output": "Hm", "stopped": False},
        "new": {"output": EVIL, "stopped": True},
    }
    models = {"old": lambda text: {"output": text.upper(), "stopped": True}, "new": broken}
    shown = chat(models, [("Hello?", answers)])
    conversation, box, button = shown.controls.children
    assert "Hello?" in repr(shown) and "did not stop" in conversation.value
    box.value = "name a <b>river</b>"
    button.click()
    page = conversation.value
    assert "NAME A &lt;B&gt;RIVER" in page and "RuntimeError" in page
    assert "<script" not in page and "<img" not in page and box.value == ""
    assert button.description == "ask" and "reference" not in page
    button.click()  # nothing is typed, so nothing is asked
    assert len(conversation.value) == len(page)
