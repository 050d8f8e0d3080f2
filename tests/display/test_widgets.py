"""Widgets: text stays text in each of them, and their static HTML shows what it should."""

import pytest
from hostile_text import EVIL, MEGABYTE, inert, pages

from helpers.display.safe_html import LONGEST_TEXT
from helpers.display.widgets import (
    blind_vote,
    chat,
    dataset_browser,
    neighbours,
    prompt_builder,
    response_mask,
    side_by_side,
    table,
    training_meter,
    verdict_browser,
)
from helpers.evaluation.votes import make_ballots
from helpers.similarity import RougeIndex
from helpers.training.encoding import encode


def every_widget(text, tokenizer, folder):
    """Each widget with ``text`` wherever a text is shown."""
    row = {"id": "1", "instruction": text, "input": text, "output": text, "category": text}
    trained = {key: value[:100] for key, value in row.items()}
    given = [{"output": text, "stopped": False}]
    pair = {"request": text, "left": text, "right": text, "kind": text, "why": text}
    verdict = {"id": "1", "ab": "A", "ba": "A", "texts": {"ab": text, "ba": text}}
    drawn = make_ballots([row], {"before": given, "lora": [{"output": "other " + text}]})
    exchanges = [(text, {"old": given[0]})]
    return [
        table([row], ["instruction", "output"], caption=text),
        side_by_side([row], {"a": given, "b": given}, names={"a": text, "b": text}),
        side_by_side([row], {"a": given, "b": given}, names={"a": "a", "b": "b"}, differ_from="a"),
        response_mask(encode(trained, tokenizer), tokenizer),
        dataset_browser([row]),
        prompt_builder(text, text),
        neighbours(RougeIndex([text[:5000]]), text),
        blind_vote(drawn, folder / "votes.jsonl", "me"),
        verdict_browser([pair], [verdict]),
        chat({"old": lambda text: given[0]}, exchanges),
    ]


def test_the_text_of_a_model_can_do_nothing_in_any_widget(tokenizer, tmp_path):
    for shown in every_widget(EVIL, tokenizer, tmp_path):
        assert all(inert(page) for page in pages(shown)), repr(shown)
        assert "script" in pages(shown)[0] and repr(shown)  # both the HTML and the text show it


def test_a_megabyte_without_a_space_does_not_fill_the_page(tokenizer, tmp_path):
    for shown in every_widget(MEGABYTE, tokenizer, tmp_path):
        assert all(len(page) < 10 * LONGEST_TEXT for page in pages(shown))


def test_the_mask_marks_prompt_response_and_end(tokenizer):
    row = {"instruction": "Say yes.", "input": "", "output": "Yes."}
    markup = response_mask(encode(row, tokenizer), tokenizer)._repr_html_()
    assert markup.count('title="end"') == 1
    assert markup.count('title="learned"') == len(tokenizer("Yes.")["input_ids"])


def test_the_meter_shows_only_what_is_known():
    assert "waiting for the first report" in repr(training_meter([]))
    readings = {"of": 10, "tokens_per_second": 0.0, "computed": 0.0, "memory": 2e9}
    first = {"step": 0, "heldout_loss": 2.5, "minutes_left": None, **readings}
    assert repr(training_meter([first])) == "step 0 of 10, held-out loss 2.500, peak memory 2.0 GB"
    readings |= {"tokens_per_second": 1234.5, "computed": 0.862, "minutes_left": 1.26}
    points = [first, *({"step": i, "loss": 3.0 - i, **readings} for i in (1, 2))]
    shown = training_meter(points)
    assert "training loss 1.000" in repr(shown) and "held-out loss 2.500" in repr(shown)
    assert (
        "1,234" in repr(shown)
        and "computed 86% of the text" in repr(shown)
        and "minutes left 1.3" in repr(shown)
    )
    markup = shown._repr_html_()
    assert 'value="2" max="10"' in markup and "from 2.00 to 1.00" in markup


@pytest.mark.parametrize("key", ["step", "of", "loss", "heldout_loss", "memory", "minutes_left"])
def test_the_meter_refuses_anything_but_numbers(key):
    point = {
        "step": 1,
        "of": 2,
        "loss": 1.0,
        "heldout_loss": 1.0,
        "tokens_per_second": 1.0,
        "computed": 0.0,
        "memory": 1e9,
        "minutes_left": 1.0,
    }
    assert "step 1 of 2" in repr(training_meter([point]))
    with pytest.raises(ValueError, match=f"{key} .*expected a number"):
        training_meter([{**point, key: '"><img src=x onerror=alert(1)>'}, point])


def test_a_row_and_a_long_text_unfold_in_full():
    rows = [{"instruction": "short", "output": "word " * 200, "source": "somewhere"}]
    page = dataset_browser(rows).static.markup
    assert ">1</summary>" in page and "somewhere" in page
    assert page.count(rows[0]["output"]) == 2  # in its cell, and among the row's fields


# --- a judge's verdicts -------------------------------------------------------------------------


def test_verdicts_can_be_read_with_their_reasons():
    pairs = [{"request": EVIL, "left": EVIL, "right": "right"}] * 2
    verdicts = [
        {"id": "1", "ab": "A", "ba": "A", "texts": {"ab": EVIL, "ba": "A"}},
        {"id": "2", "ab": "A", "ba": None},
    ]
    shown = verdict_browser(pairs, verdicts, names=("ours", "theirs"))
    markup = shown.static.markup
    assert inert(markup) and markup.count("<details>") == 2 and "changed with the order" in markup
    assert "could not be read" in markup and "ours" in markup
    assert "changed with the order" in repr(shown)
    short = verdict_browser(pairs, verdicts, limit=1)
    assert "1 of 2 shown" in short.static.markup


def test_a_record_that_no_judge_decided_shows_what_was_found():
    pair = {"request": "ask", "left": "l", "right": "r"}
    record = {"id": "1", "ab": "A", "ba": "B", "found": f"by its pattern {EVIL}"}
    markup = verdict_browser([pair], [record], names=("before", "after")).static.markup
    assert inert(markup) and "by its pattern" in markup and "ab: A" not in markup


def test_verdicts_are_filtered_by_their_outcome():
    pairs = [{"request": f"ask {i}", "left": "l", "right": "r", "kind": "plain"} for i in range(3)]
    letters = [{"ab": "A", "ba": "B"}, {"ab": "A", "ba": "A"}, {"ab": "A", "ba": "B"}]
    verdicts = [{"id": str(i), **both} for i, both in enumerate(letters)]
    choice, page = verdict_browser(pairs, verdicts, names=("ours", "theirs")).controls.children
    assert [shown for shown, _ in choice.options] == [
        "all (3)",
        "ours (2)",
        "changed with the order (1)",
    ]
    choice.value = "changed with the order"
    assert "ask 1" in page.value and "ask 0" not in page.value and "plain" in page.value
