"""The report: its first sentence, the judge, the page itself, and what it refuses to read."""

import json
import re
import shutil
from dataclasses import asdict

import pytest
from hostile_text import figure

from helpers.course.results import results_table
from helpers.display.report import headline, read_metrics, write_report
from helpers.display.report.results import judge_section
from helpers.evaluation.calibration import calibrate
from helpers.evaluation.metrics import FACTS
from helpers.evaluation.verdict_stats import summarize
from helpers.files.file_kinds import DataError
from helpers.profiles import load_profile
from helpers.run import ROOT, Run

SHIPPED = ROOT / "data" / "finished_run"


def metrics(before, after):
    facts = {name: figure(1.0, 0.5, 1.5) for name in FACTS}
    change = {key: after[key] - before[key] for key in ("value", "low", "high")}
    return {
        "tasks": 40,
        "before": {**facts, "stop_rate": before, "rouge_l": before},
        "lora": {**facts, "stop_rate": after, "rouge_l": after},
        "change": {"lora": {"stop_rate": change, "rouge_l": change}},
    }


def test_the_headline_claims_only_what_the_intervals_show():
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


def test_the_headline_says_what_the_judge_found_and_how_often_it_is_right():
    judge = {"pairs": 124, "can_tell": True, "accuracy": figure(0.65, 0.56, 0.73)}
    judge["lora"] = {"win_rate": figure(0.37, 0.27, 0.46)}
    found = metrics(figure(0.2, 0.1, 0.3), figure(0.5, 0.4, 0.6))
    assert headline({**found, "judge": judge}).endswith(
        "; a judge that is right in 65 % (56 to 73) of 124 known pairs preferred its answers to "
        "those before in 37 % (27 to 46)."
    )
    unable = headline({**found, "judge": {**judge, "can_tell": False}})
    assert "37 %" not in unable and "the judge cannot tell" in unable
    untested = headline({**found, "judge": {**judge, "pairs": 3}})
    assert "37 %" not in untested and "tested on too few pairs" in untested


def test_the_table_has_every_fact_and_interval():
    shown = results_table(metrics(figure(0.2, 0.1, 0.3), figure(0.5, 0.4, 0.6)))
    assert "0.20 [0.10, 0.30]" in shown and "0.50 [0.40, 0.60]" in shown
    assert len(shown.splitlines()) == len(FACTS) + 1


def test_the_report_needs_nothing_from_outside():
    page = (SHIPPED / "report.html").read_text()
    assert "<script" not in page
    assert not re.findall(r'(?:src|href)="(?!#)[^"]', page)
    assert not re.findall(r"url\((?!#)", page)
    assert page.count("<article>") == 10


def test_a_report_names_a_file_that_it_cannot_use(tmp_path):
    run = Run(shutil.copytree(SHIPPED, tmp_path / "run"), load_profile("laptop"))
    assert write_report(run).read_text().count("<article>") == 10
    run.path("fsdp/training.json").write_text("{}")
    with pytest.raises(DataError, match=r"fsdp/training.json has no 'history'.*lesson 4"):
        write_report(run)
    run.path("lora/training.json").unlink()
    with pytest.raises(DataError, match=r"lora/training.json.*Run lesson 3 again"):
        write_report(run)


def judged(decide):
    """What lesson 5 writes about a judge into metrics.json."""
    records = [{"id": str(i), **decide, "chars": [10 + i, 20], "kind": "plain"} for i in range(20)]
    return {**calibrate(records), "lora": asdict(summarize(records))}


def test_a_judge_that_cannot_tell_is_given_no_win_rate():
    coin, able = judged({"ab": "A", "ba": "A"}), judged({"ab": "A", "ba": "B"})
    shown = judge_section(coin)
    assert "This judge cannot tell" in shown and "it is not shown" in shown
    assert "preferred in" not in shown and "after LoRA" not in shown
    shown = judge_section(able)
    assert "better than a coin" in shown and "after LoRA against before" in shown
    assert "100%" in shown and "at equal length" in shown


@pytest.mark.parametrize("place", ["tasks", "judge.unparsed", "before.stop_rate.low"])
def test_a_text_in_place_of_a_number_never_reaches_a_page(tmp_path, place):
    found = json.loads((SHIPPED / "metrics.json").read_text())
    inner = found
    *keys, last = place.split(".")
    for key in keys:
        inner = inner[key]
    inner[last] = "<img src=x onerror=alert(1)>"
    path = tmp_path / "metrics.json"
    path.write_text(json.dumps(found))
    with pytest.raises(DataError, match=rf"{place} is '<img src=x.*expected a number"):
        read_metrics(path)
    path.write_text("[" * 100_000)
    with pytest.raises(DataError, match="not a usable JSON file"):
        read_metrics(path)
    path.write_text("[1]")
    with pytest.raises(DataError, match="no JSON object"):
        read_metrics(path)
    assert read_metrics(SHIPPED / "metrics.json")["tasks"]
