"""What is shown: text of models stays text, and the page needs nothing from outside."""

import json
import re
import time

import pytest

from helpers.course.lessons import results_table
from helpers.display import plots
from helpers.display.controls import DEBOUNCE_SECONDS, WIDGET_VIEW, without_views
from helpers.display.report import _judge, headline, read_metrics
from helpers.display.safe_html import LONGEST, differences, escape
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
from helpers.evaluation.metrics import FACTS
from helpers.evaluation.votes import make_ballots, read_votes
from helpers.planning.memory import PARTS
from helpers.prompts import format_prompt
from helpers.run import ROOT
from helpers.safe_io.file_kinds import DataError
from helpers.safe_io.printable import printable
from helpers.similarity import RougeIndex
from helpers.training.encoding import encode

EVIL = (
    '<script>alert(1)</script><img src=x onerror="x"> $x^2$ \\(y\\) \x1b[31mred\x1b[0m \u202eback'
)


MEGABYTE = "x" * 1_000_000  # without a space


def inert(markup):
    """Whether nothing of :data:`EVIL` can run, draw, turn the line around or become a formula."""
    assert "<script" not in markup and "<img" not in markup
    assert "\x1b" not in markup and "\u202e" not in markup
    assert "$x" not in markup and "\\(" not in markup
    return len(markup) < 20 * LONGEST


def test_model_text_is_inert():
    assert inert(escape(EVIL)) and inert(differences(EVIL, "other words"))
    assert escape(MEGABYTE).endswith("and 980,000 characters more")
    assert len(differences(MEGABYTE, EVIL)) < 2 * LONGEST


def test_differences_are_the_words_the_other_does_not_have_in_this_order():
    marked = differences("one big  river here", "one river here")
    assert re.sub(r"<ins.*?>|</ins>", "", marked) == "one big  river here"
    assert re.findall(r"<ins.*?>(.*?)</ins>", marked) == ["big  "]
    assert "<ins" not in differences("same words", "same words")


def every_widget(text, tokenizer, folder):
    """Each widget over nothing but ``text``: its static form, and what its controls show."""
    row = {"id": "1", "instruction": text, "input": text, "output": text, "category": text}
    trained = {key: value[:100] for key, value in row.items()}
    given = [{"output": text, "stopped": False}]
    pair = {"request": text, "left": text, "right": text, "kind": text, "why": text}
    verdict = {"id": "1", "ab": "A", "ba": "A", "texts": {"ab": text, "ba": text}}
    drawn = make_ballots([row], {"before": given, "lora": [{"output": "other " + text}]})
    said = [(text, {"old": given[0]})]
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
        chat({"old": lambda text: given[0]}, said),
    ]


def pages(shown):
    """The HTML of a widget: its static form, and every page its controls show."""
    from ipywidgets import HTML

    def below(widget):
        return [
            widget,
            *(deep for child in getattr(widget, "children", ()) for deep in below(child)),
        ]

    if not hasattr(shown, "controls"):
        return [shown.markup]
    live = [widget.value for widget in below(shown.controls) if isinstance(widget, HTML)]
    return [shown.static.markup, *live]


def test_no_widget_lets_the_text_of_a_model_do_anything(tokenizer, tmp_path):
    for shown in every_widget(EVIL, tokenizer, tmp_path):
        assert all(inert(page) for page in pages(shown)), repr(shown)
        assert "script" in pages(shown)[0] and repr(shown)  # it is there to be read, both ways


def test_a_megabyte_without_a_space_does_not_fill_the_page(tokenizer, tmp_path):
    for shown in every_widget(MEGABYTE, tokenizer, tmp_path):
        assert all(len(page) < 10 * LONGEST for page in pages(shown))


def test_the_mask_marks_prompt_response_and_end(tokenizer):
    row = {"instruction": "Say yes.", "input": "", "output": "Yes."}
    markup = response_mask(encode(row, tokenizer), tokenizer)._repr_html_()
    assert markup.count('title="end"') == 1
    assert markup.count('title="learned"') == len(tokenizer("Yes.")["input_ids"])


def test_the_meter_shows_what_is_known_and_no_more():
    assert "not begun" in repr(training_meter([]))
    readings = {"of": 10, "tokens_per_second": 0.0, "padding": 0.0, "memory": 2e9}
    first = {"step": 0, "heldout_loss": 2.5, "minutes_left": None, **readings}
    assert repr(training_meter([first])) == "step 0 of 10, held-out loss 2.500, peak memory 2.0 GB"
    readings |= {"tokens_per_second": 1234.5, "padding": 0.042, "minutes_left": 1.26}
    points = [first, *({"step": i, "loss": 3.0 - i, **readings} for i in (1, 2))]
    shown = training_meter(points)
    assert "training loss 1.000" in repr(shown) and "held-out loss 2.500" in repr(shown)
    assert (
        "1,234" in repr(shown) and "padding 4%" in repr(shown) and "minutes left 1.3" in repr(shown)
    )
    markup = shown._repr_html_()
    assert 'value="2" max="10"' in markup and "from 2.00 to 1.00" in markup


def figure(value, low, high):
    return {"value": value, "low": low, "high": high}


def metrics(before, after):
    facts = {name: figure(1.0, 0.5, 1.5) for name in FACTS}
    change = {key: after[key] - before[key] for key in ("value", "low", "high")}
    return {
        "tasks": 40,
        "before": {**facts, "stop_rate": before, "rouge_l": before},
        "lora": {**facts, "stop_rate": after, "rouge_l": after},
        "change": {"lora": {"stop_rate": change, "rouge_l": change}},
    }


def test_the_headline_claims_only_what_the_intervals_carry():
    apart = headline(metrics(figure(0.2, 0.1, 0.3), figure(0.5, 0.4, 0.6)))
    meeting = headline(metrics(figure(0.4, 0.5, 0.4), figure(0.5, 0.4, 0.6)))
    worse = headline(metrics(figure(0.5, 0.4, 0.6), figure(0.2, 0.1, 0.3)))
    assert "open" not in apart and apart.startswith(
        "On 40 tasks, after LoRA, the student stops by itself more often ("
    )
    assert "20 % of its answers before, 50 % after: +30 points, 95 % interval +30 to +30" in apart
    assert "ROUGE-L 0.20 before, 0.50 after: +0.30, +0.30 to +0.30" in apart
    assert meeting.count("is open") == 2
    assert "stops by itself less often" in worse and "share fewer words" in worse


def test_the_headline_tells_what_the_judge_said_and_what_it_is_worth():
    judge = {"pairs": 124, "can_tell": True, "accuracy": figure(0.65, 0.56, 0.73)}
    judge["lora"] = {"win_rate": figure(0.37, 0.27, 0.46)}
    found = metrics(figure(0.2, 0.1, 0.3), figure(0.5, 0.4, 0.6))
    assert headline({**found, "judge": judge}).endswith(
        "; a judge that is right in 65 % (56 to 73) of 124 known pairs preferred its answers to "
        "those before in 37 % (27 to 46)."
    )
    told = headline({**found, "judge": {**judge, "can_tell": False}})
    assert "37 %" not in told and "the judge cannot tell" in told


def test_the_table_has_every_fact_and_interval():
    shown = results_table(metrics(figure(0.2, 0.1, 0.3), figure(0.5, 0.4, 0.6)))
    assert "0.20 [0.10, 0.30]" in shown and "0.50 [0.40, 0.60]" in shown
    assert len(shown.splitlines()) == len(FACTS) + 1


def test_a_picture_says_in_words_what_it_shows_and_draws_the_same_bytes():
    one, two = (
        plots.drops({"refusal": 3, "too short": 1}),
        plots.drops({"refusal": 3, "too short": 1}),
    )
    assert "refusal 3, too short 1" in one.alt and one.svg() == two.svg()
    assert 'role="img"' in one.svg() and "refusal 3" in one.svg()


def test_what_was_found_of_a_watermark_is_drawn_with_both_intervals_and_said_in_words():
    rates = {"marked": figure(0.9, 0.7, 1.0), "plain": figure(0.0, 0.0, 0.1)}
    picture = plots.found_by_length({30: rates, 120: rates})
    assert "with the watermark: 30 tokens 90%, 120 tokens 90%; without: 30 tokens 0%" in picture.alt
    assert "share found" in picture.svg()


def test_win_rates_are_drawn_with_their_intervals_and_said_in_words():
    picture = plots.win_rates({"gold": figure(0.65, 0.56, 0.73), "lora": figure(0.5, 0.4, 0.6)})
    assert "gold 65% [56%, 73%]; after LoRA 50% [40%, 60%]" in picture.alt
    assert 'role="img"' in picture.svg() and "after LoRA" in picture.svg()


@pytest.mark.parametrize("draw", [plots.lengths, plots.novelty, plots.drops, plots.sunburst])
def test_a_picture_of_nothing_says_so(draw):
    nothing = draw({} if draw is plots.drops else [])
    assert nothing.alt.startswith("No") and nothing.alt in nothing.svg()


def test_the_report_needs_nothing_from_outside():
    from helpers.run import ROOT

    page = (ROOT / "data" / "finished_run" / "report.html").read_text()
    assert "<script" not in page
    assert not re.findall(r'(?:src|href)="(?!#)[^"]', page)
    assert not re.findall(r"url\((?!#)", page)
    assert page.count("<article>") == 10


# --- a blind vote, a judge's verdicts -----------------------------------------------------------


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
    monkeypatch.setattr("helpers.display.controls.DEBOUNCE_SECONDS", 0)
    path, drawn = tmp_path / "votes.jsonl", ballots()
    shown = blind_vote(drawn, path, "me")
    page, _, status = shown.controls.children
    assert drawn[0]["request"] in page.value and "5 to go" in status.value
    for button in ("A is better", "B is better", "tie"):
        buttons(shown)[button].click()
    assert drawn[3]["request"] in page.value
    votes = read_votes(path)["me"]
    assert [votes[ballot["id"]] for ballot in drawn[:3]] == ["A", "B", "tie"]
    again = blind_vote(drawn, path, "me")  # broken off and opened again
    assert "2 to go" in again.controls.children[2].value
    for _ in range(3):  # one more than there are
        buttons(again)["both bad"].click()
    assert len(read_votes(path)["me"]) == 5
    assert "All voted" in again.controls.children[2].value
    assert "2 wait for me" in repr(again)  # what stood there when it was opened


def test_a_vote_that_could_not_be_kept_stays_with_its_pair(tmp_path, monkeypatch):
    monkeypatch.setattr("helpers.display.controls.DEBOUNCE_SECONDS", 0)
    path, drawn = tmp_path / "votes.jsonl", ballots()
    shown = blind_vote(drawn, path, "me")
    page, _, status = shown.controls.children
    full = OSError(28, "No space left on device")
    with monkeypatch.context() as patch:
        patch.setattr("helpers.display.widgets.cast_vote", lambda *_: (_ for _ in ()).throw(full))
        buttons(shown)["A is better"].click()
    assert "could not be kept (No space left on device)" in status.value
    assert drawn[0]["request"] in page.value and read_votes(path) == {}
    buttons(shown)["B is better"].click()
    assert read_votes(path) == {"me": {drawn[0]["id"]: "B"}} and "4 to go" in status.value


def test_a_second_click_does_not_vote_on_a_pair_that_nobody_has_read(tmp_path):
    path, drawn = tmp_path / "votes.jsonl", ballots()
    shown = blind_vote(drawn, path, "me")
    time.sleep(DEBOUNCE_SECONDS)
    for _ in range(4):
        buttons(shown)["A is better"].click()
    assert read_votes(path) == {"me": {drawn[0]["id"]: "A"}}


def test_a_vote_is_blind_also_where_no_kernel_runs(tmp_path):
    shown = blind_vote(ballots(EVIL), tmp_path / "votes.jsonl", "me")
    bundle = shown._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html", WIDGET_VIEW}
    for text in (bundle["text/html"], shown.controls.children[0].value):
        assert "before" not in text and "lora" not in text
        assert "<script" not in text and "<img" not in text and "task" in text
    assert bundle[WIDGET_VIEW]["model_id"] == shown.controls.model_id


def test_a_saved_notebook_keeps_the_static_form(tmp_path):
    from nbformat.v4 import new_code_cell, new_notebook, new_output

    bundle = blind_vote(ballots(), tmp_path / "v.jsonl", "me")._repr_mimebundle_()
    notebook = new_notebook(cells=[new_code_cell(outputs=[new_output("display_data", bundle)])])
    notebook.metadata["widgets"] = {}
    without_views(notebook)
    assert set(notebook.cells[0].outputs[0].data) == {"text/plain", "text/html"}
    assert "widgets" not in notebook.metadata


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


def test_what_no_judge_decided_is_told_in_its_own_words():
    pair = {"request": "ask", "left": "l", "right": "r"}
    record = {"id": "1", "ab": "A", "ba": "B", "found": f"by its pattern {EVIL}"}
    markup = verdict_browser([pair], [record], names=("before", "after")).static.markup
    assert inert(markup) and "by its pattern" in markup and "ab: A" not in markup


def test_verdicts_are_sifted_by_what_became_of_them():
    pairs = [{"request": f"ask {i}", "left": "l", "right": "r", "kind": "plain"} for i in range(3)]
    ways = [{"ab": "A", "ba": "B"}, {"ab": "A", "ba": "A"}, {"ab": "A", "ba": "B"}]
    verdicts = [{"id": str(i), **way} for i, way in enumerate(ways)]
    choice, page = verdict_browser(pairs, verdicts, names=("ours", "theirs")).controls.children
    assert [shown for shown, _ in choice.options] == [
        "all (3)",
        "ours (2)",
        "changed with the order (1)",
    ]
    choice.value = "changed with the order"
    assert "ask 1" in page.value and "ask 0" not in page.value and "plain" in page.value


def judged(decide):
    """What lesson 5 writes of a judge into metrics.json."""
    from dataclasses import asdict

    from helpers.evaluation.verdict_stats import calibrate, summarize

    records = [{"id": str(i), **decide, "chars": [10 + i, 20], "kind": "plain"} for i in range(20)]
    return {**calibrate(records), "lora": asdict(summarize(records))}


def test_a_judge_that_cannot_tell_is_given_no_win_rate():
    coin, able = judged({"ab": "A", "ba": "A"}), judged({"ab": "A", "ba": "B"})
    shown = _judge(coin)
    assert "This judge cannot tell" in shown and "it is not shown" in shown
    assert "preferred in" not in shown and "after LoRA" not in shown
    shown = _judge(able)
    assert "better than a coin" in shown and "after LoRA against before" in shown
    assert "100%" in shown and "at equal length" in shown


# --- the data set browser -----------------------------------------------------------------------


def many(n=52_000):
    kinds = ("write", "sum", "list")
    return [
        {"instruction": f"Task {i} about rivers", "input": "", "output": f"Answer {i % 977}",
         "category": kinds[i % 3], "id": str(i)}
        for i in range(n)
    ]  # fmt: skip


def desk(shown):
    head, page, turns = shown.controls.children
    return head.children[0], head.children[1], page, turns.children


def test_rows_are_searched_filtered_and_paged():
    shown = dataset_browser(many(100))
    search, category, page, (back, on) = desk(shown)
    assert "rows 1 to 10 of 100" in page.value and "rows 1 to 10 of 100" in repr(shown)
    on.click()
    assert "rows 11 to 20 of 100" in page.value and "Task 10 " in page.value
    assert [shown for shown, _ in category.options][:2] == ["all (100)", "write (34)"]
    category.value = "sum"
    assert "rows 1 to 10 of 33" in page.value
    back.click()  # there is nothing before the first page
    assert "rows 1 to 10 of 33" in page.value
    search.value = "TASK answer 97"
    assert "rows 1 to 1 of 1" in page.value and "Task 97 " in page.value
    on.click()  # nor after the last
    assert "rows 1 to 1 of 1" in page.value
    search.value = "no such words"
    on.click()
    assert "no row fits" in page.value


def test_fifty_thousand_rows_are_sifted_as_a_few_are():
    rows = many(52_000)
    search, _, page, _ = desk(dataset_browser(rows))
    search.value = "answer 500"
    fitting = sum("500" in row["instruction"] + row["output"] for row in rows)
    assert f"rows 1 to 10 of {fitting}" in page.value


def test_a_row_and_a_long_text_unfold_in_full():
    rows = [{"instruction": "short", "output": "word " * 200, "source": "somewhere"}]
    page = dataset_browser(rows).static.markup
    assert ">1</summary>" in page and "somewhere" in page
    assert page.count(rows[0]["output"]) == 2  # in its cell, and in the row in full


# --- trying things out --------------------------------------------------------------------------


def test_the_prompt_grows_as_it_is_typed():
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

    before = [
        (
            "Hello?",
            {"old": {"output": "Hm", "stopped": False}, "new": {"output": EVIL, "stopped": True}},
        )
    ]
    models = {"old": lambda text: {"output": text.upper(), "stopped": True}, "new": broken}
    shown = chat(models, before)
    said, box, button = shown.controls.children
    assert "Hello?" in repr(shown) and "did not stop" in said.value
    box.value = "name a <b>river</b>"
    button.click()
    assert "NAME A &lt;B&gt;RIVER" in said.value and "RuntimeError" in said.value
    assert "<script" not in said.value and "<img" not in said.value and box.value == ""
    assert button.description == "ask" and "reference" not in said.value
    length = len(said.value)
    button.click()  # nothing typed, nothing asked
    assert len(said.value) == length


def test_a_drop_for_a_reason_that_looks_like_a_formula_is_drawn():
    for reason in (r"$\x{y}$", "costs $5 and $6", r"\frac{", "$$", "_^{"):
        assert reason in repr(plots.drops({reason: 3, "too long": 1}))


def test_what_steers_a_terminal_or_turns_a_line_round_is_named():
    evil = "\x1b[31mred\x1b]0;title\x07 \u202egnp.exe \u2066x\u2069 \x9b1m"
    shown = printable(evil)
    assert shown.startswith("⟨U+001B⟩[31mred") and "⟨U+202E⟩" in shown and "⟨U+009B⟩" in shown
    assert shown.replace("\n", "").isprintable()
    assert printable("a\tb\n물 été नमस्ते \U0001f332") == "a\tb\n물 été नमस्ते \U0001f332"
    assert printable(repr(table([{"a": evil}], ["a"]))) == repr(table([{"a": evil}], ["a"]))


def test_a_stack_of_accents_stays_small():
    tower = "Z" + "\u0300" * 500 + "algo"
    assert printable(tower) == "Z" + "\u0300" * 4 + "⟨496 marks more⟩algo"
    assert "e\u0301" in printable("cafe\u0301") and len(escape(tower)) < 60


@pytest.mark.parametrize("unit", ["a ", "! ", "ab cd ", "* "])
def test_two_long_texts_are_compared_in_time(unit):
    began = time.process_time()
    shown = differences(unit * 9_000, "b " + unit * 9_000 + "c")
    assert time.process_time() - began < 20  # of all words, minutes
    assert unit.strip() in shown and "<ins" in differences("one two", "one three")


@pytest.mark.parametrize("place", ["tasks", "judge.unparsed", "before.stop_rate.low"])
def test_a_text_in_the_place_of_a_number_never_reaches_a_page(tmp_path, place):
    found = json.loads((ROOT / "data/finished_run/metrics.json").read_text())
    inner = found
    *way, last = place.split(".")
    for key in way:
        inner = inner[key]
    inner[last] = "<img src=x onerror=alert(1)>"
    path = tmp_path / "metrics.json"
    path.write_text(json.dumps(found))
    with pytest.raises(DataError, match=rf"{place} is '<img src=x.*expected a number"):
        read_metrics(path)
    path.write_text("[" * 100_000)
    with pytest.raises(DataError, match="no sound JSON file"):
        read_metrics(path)
    assert read_metrics(ROOT / "data/finished_run/metrics.json")["tasks"]


@pytest.mark.parametrize("mark", "\u2de0\ua8e0\u0e49\u0301\u20dd\ufe0f\u05b0\u0483\U0001d167")
def test_a_stack_of_any_mark_stays_small(mark):
    assert printable("a" + mark * 200 + "b") == "a" + mark * 4 + "⟨196 marks more⟩b"
    assert printable("!" + mark * 4 + "?") == "!" + mark * 4 + "?"


@pytest.mark.parametrize(
    "text",
    [
        "ที่นี่ น้ำ เปี๊ยก", "क्षत्रिय हिंदी ज़िंदगी", "Tiê\u0301ng Vie\u0323\u0302t", "בְּרֵאשִׁ֖ית",
        "مُحَمَّدٌ رَّسُولُ", "안녕하세요 \u1112\u1161\u11ab", "---- ……… ««»» !!!!!! ━━━━━━━",
        "👩🏽 ❤️ 5\ufe0f\u20e3",
    ],
)  # fmt: skip
def test_languages_with_marks_look_as_before(text):
    assert printable(text) == text


@pytest.mark.parametrize("letter", "\u3164\u2800\u115f\u1160\uffa0\u17b5")
def test_a_letter_that_draws_nothing_is_named(letter):
    assert printable(f"a{letter}b") == f"a⟨U+{ord(letter):04X}⟩b"


def test_nothing_steers_a_picture_or_its_words():
    evil = "\u202eback\x1b[0m" + "\u0301" * 300
    drawn = [
        plots.drops({evil: 3, "x" * 5000: 2}),
        plots.sunburst([(evil, 3, [(evil, 2)])], evil),
        plots.win_rates({evil: figure(0.5, 0.4, 0.6)}),
        plots.memory({evil: dict.fromkeys(PARTS, 1e9)}),
    ]
    for picture in drawn:
        for text in (picture.alt, picture.svg()):
            assert "\u202e" not in text and "\x1b" not in text and "\u0301" * 5 not in text
            assert "⟨U+202E⟩" in text
    assert "x" * 61 not in drawn[0].svg().partition(">")[2]


@pytest.mark.parametrize("key", ["step", "of", "loss", "heldout_loss", "memory", "minutes_left"])
def test_a_meter_shows_numbers_and_nothing_else(key):
    point = {"step": 1, "of": 2, "loss": 1.0, "heldout_loss": 1.0, "tokens_per_second": 1.0,
             "padding": 0.0, "memory": 1e9, "minutes_left": 1.0}  # fmt: skip
    assert "step 1 of 2" in repr(training_meter([point]))
    with pytest.raises(ValueError, match=f"{key} .*expected a number"):
        training_meter([{**point, key: '"><img src=x onerror=alert(1)>'}, point])
