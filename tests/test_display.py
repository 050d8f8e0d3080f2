"""What is shown: text of models stays text, and the page needs nothing from outside."""

import re

from helpers import plots
from helpers.batches import encode
from helpers.lessons import results_table
from helpers.metrics import FACTS
from helpers.report import headline
from helpers.widgets import escape, response_mask, side_by_side, table, training_meter

EVIL = (
    '<script>alert(1)</script><img src=x onerror="x"> $x^2$ \\(y\\) \x1b[31mred\x1b[0m \u202eback'
)


def test_model_text_is_inert():
    shown = escape(EVIL)
    assert "<script" not in shown and "<img" not in shown
    assert "\x1b" not in shown and "\u202e" not in shown
    assert "$x" not in shown and "\\(" not in shown  # no formula for MathJax to find


def test_widgets_escape_whatever_they_show(tokenizer):
    row = {"instruction": EVIL, "input": EVIL, "output": EVIL}
    answers = {"before": [{"output": EVIL, "stopped": False}]}
    for shown in (
        table([row], ["instruction", "output"], caption=EVIL),
        side_by_side([row], answers, names={"before": EVIL}),
        response_mask(encode(row, tokenizer), tokenizer),
    ):
        markup = shown._repr_html_()
        assert "<script" not in markup and "<img" not in markup
        assert repr(shown)  # and a reading without HTML


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
    assert "batch loss 1.000" in repr(shown) and "held-out loss 2.500" in repr(shown)
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
        "before": {**facts, "stop_rate": before, "rouge_l": before},
        "lora": {**facts, "stop_rate": after, "rouge_l": after},
        "change": {"lora": {"stop_rate": change, "rouge_l": change}},
    }


def test_the_headline_claims_only_what_the_intervals_carry():
    apart = headline(metrics(figure(0.2, 0.1, 0.3), figure(0.5, 0.4, 0.6)))
    meeting = headline(metrics(figure(0.4, 0.5, 0.4), figure(0.5, 0.4, 0.6)))
    worse = headline(metrics(figure(0.5, 0.4, 0.6), figure(0.2, 0.1, 0.3)))
    assert "open" not in apart and "0.20 → 0.50" in apart
    assert meeting.count("is open") == 2
    assert worse.count("stops by itself less often") == 1


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


def test_the_report_needs_nothing_from_outside():
    from helpers.run import ROOT

    page = (ROOT / "data" / "finished_run" / "report.html").read_text()
    assert "<script" not in page
    assert not re.findall(r'(?:src|href)="(?!#)[^"]', page)
    assert not re.findall(r"url\((?!#)", page)
    assert page.count("<article>") == 10
