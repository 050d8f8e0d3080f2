"""The six lessons end to end with the profile tiny, in a run folder of their own."""

import json
import os
import shutil
import subprocess
import sys

import nbformat
import pytest
from conftest import make_run

from helpers.course.notebook_files import read_executed, read_notebook
from helpers.course.publish_outputs import publish
from helpers.evaluation.metrics import FACTS
from helpers.io import load_examples, read_jsonl
from helpers.run import LESSONS, ROOT, RunError, open_run

INTENDED_ERRORS = {
    "01_preprocess": "DataError",
    "02_generate": "RuntimeError",
    "03_train_lora": "ValueError",
    "04_train_fsdp": "ValueError",
    "05_evaluate": "KeyError",
    "06_release": "DiffError",
}


def notebook(name, folder=ROOT / "notebooks"):
    return nbformat.read(folder / f"{name}.ipynb", as_version=4)


def test_the_folder_contains_only_the_lessons():
    assert sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb")) == sorted(LESSONS)


def test_the_run_ends_with_the_table_and_the_report(finished):
    folder, printed = finished
    assert all(label in printed for label, _, _ in FACTS.values())
    assert printed.rstrip().endswith("report.html")
    assert (folder / "report.html").stat().st_size > 20_000
    assert "peak memory" in printed


def test_metrics_have_every_fact_of_every_model_with_its_interval(finished):
    metrics = json.loads((finished[0] / "metrics.json").read_text())
    for model in ("before", "lora", "fsdp"):
        for fact in FACTS:
            figure = metrics[model][fact]
            assert figure["low"] <= figure["value"] <= figure["high"]
    assert metrics["judge"]["lora"]["prompts"] == metrics["tasks"] == 4
    assert isinstance(metrics["judge"]["can_tell"], bool)


def test_a_second_run_skips_finished_lessons(finished):
    again = make_run(finished[0])
    assert again.returncode == 0, again.stderr[-2000:]
    assert again.stdout.count("done before, unchanged") == len(LESSONS)


def test_every_answer_is_kept_or_rejected_with_a_reason(finished):
    folder = finished[0]
    generated, ledger = read_jsonl(folder / "generated.jsonl"), read_jsonl(folder / "ledger.jsonl")
    assert all(row["reason"] and row["filter"] for row in ledger)
    recorded = {row["request"] for row in ledger}
    recorded |= {int(row["source"].split()[1]) for row in generated}
    assert recorded == set(range(max(recorded) + 1))  # no request between them is missing
    assert len(generated) == 4


def test_no_evaluation_task_is_trained_on(finished):
    folder = finished[0]
    train = {row["instruction"] for row in load_examples(folder / "train.jsonl")}
    train |= {row["instruction"] for row in load_examples(folder / "generated.jsonl")}
    for name in ("heldout", "eval"):
        assert not train & {row["instruction"] for row in load_examples(folder / f"{name}.jsonl")}


@pytest.mark.parametrize("name", LESSONS)
def test_each_lesson_fails_only_in_its_tagged_cell(finished, name):
    executed = notebook(name, finished[0] / "notebooks")
    errors = []
    for cell in executed.cells:
        found = [o for o in cell.get("outputs", ()) if o.output_type == "error"]
        tagged = "raises-exception" in cell.metadata.get("tags", ())
        assert bool(found) == tagged, cell.source
        errors += [output.ename for output in found]
    assert errors == [INTENDED_ERRORS[name]]


def test_a_key_in_the_notes_stops_the_upload_of_the_last_lesson(finished):
    for folder in (ROOT / "notebooks", finished[0] / "notebooks"):
        printed = [
            output.get("text", "")
            for cell in notebook("06_release", folder).cells
            if cell.cell_type == "code" and "notes.txt" in cell.source
            for output in cell.outputs
        ]
        assert "must not be uploaded" in printed[0] and "Ab3dE5fG" not in printed[0]


def test_a_lesson_whose_output_was_changed_is_run_again(finished, tmp_path):
    """In a copy, because other tests read the run at the same time."""
    folder = shutil.copytree(finished[0], tmp_path / "run", copy_function=os.link)
    (folder / "metrics.json").unlink()  # a link: what is written to it would reach the run
    (folder / "metrics.json").write_text("{}")
    again = make_run(folder)
    assert again.returncode == 0, again.stderr[-2000:]
    assert again.stdout.count("done before, unchanged") == len(LESSONS) - 1
    assert json.loads((folder / "metrics.json").read_text())["tasks"] == 4
    assert json.loads((finished[0] / "metrics.json").read_text())["tasks"] == 4


def test_publishing_takes_the_outputs_and_keeps_the_text(finished, tmp_path, monkeypatch):
    folder, _ = finished
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    edited = notebook("01_preprocess")
    edited.cells[0].source += "\n\nA sentence that was added later."
    nbformat.write(edited, tmp_path / "notebooks" / "01_preprocess.ipynb")
    monkeypatch.chdir(tmp_path)
    publish(open_run("tiny", folder))
    published = notebook("01_preprocess", tmp_path / "notebooks")
    assert published.cells[0].source == edited.cells[0].source
    of_this_run = notebook("01_preprocess", folder / "notebooks")
    outputs, run_outputs = (
        json.dumps([cell.get("outputs") for cell in one.cells][5:])  # the head has other costs
        for one in (published, of_this_run)
    )
    assert outputs == run_outputs.replace(f"{ROOT}/", "") and str(ROOT) not in outputs
    shipped = json.loads((tmp_path / "data" / "finished_run" / "manifest.json").read_text())
    assert set(shipped["steps"]) == set(LESSONS)


def test_a_lesson_run_alone_is_published_alone(tmp_path, monkeypatch):
    """The files and outputs of the other lessons are the shipped ones, before and after."""
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    shutil.copytree(ROOT / "data", tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    before = {path.name: path.read_text() for path in (tmp_path / "notebooks").glob("*.ipynb")}
    shipped = tmp_path / "data" / "finished_run"
    steps = json.loads((shipped / "manifest.json").read_text())["steps"]
    run = open_run("laptop", tmp_path / "run")
    run.need(*LESSONS[:5])
    run.path("probes.json").write_text("{}")
    run.finish("06_release", outputs=["probes.json"])
    alone = notebook("06_release")
    next(cell for cell in alone.cells if cell.cell_type == "code").execution_count = 77
    run.path("notebooks").mkdir()
    nbformat.write(alone, run.path("notebooks/06_release.ipynb"))
    publish(run)
    after = {path.name: path.read_text() for path in (tmp_path / "notebooks").glob("*.ipynb")}
    assert [name for name in before if before[name] != after[name]] == ["06_release.ipynb"]
    assert '"execution_count": 77' in after["06_release.ipynb"]
    now = json.loads((shipped / "manifest.json").read_text())["steps"]
    assert set(now) == set(LESSONS)
    assert {name: now[name] for name in LESSONS[:5]} == {name: steps[name] for name in LESSONS[:5]}
    assert (shipped / "probes.json").read_text() == "{}"


@pytest.mark.parametrize(
    "text", ["", '{"cells": [', "{}", "[" * 10_000, '{"cells": 1, "nbformat": 4}']
)
def test_an_incomplete_notebook_is_an_error_unless_it_can_be_run_again(tmp_path, text):
    (tmp_path / "half.ipynb").write_text(text)
    with pytest.raises(RunError, match=r"half\.ipynb is not a complete notebook.*git checkout"):
        read_notebook(tmp_path / "half.ipynb")
    assert read_executed(tmp_path / "half.ipynb") is None
    assert read_executed(tmp_path / "not there.ipynb") is None


def test_an_unknown_profile_gives_a_one_line_error(tmp_path):
    command = [sys.executable, "-m", "helpers.course.lessons", "--profile", "desktop"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 1
    assert result.stderr.startswith("error: profile 'desktop' is unknown")
    assert "Traceback" not in result.stderr


def test_the_last_lesson_can_be_opened_first(tmp_path):
    """It needs only the shipped run: no training, and no model of lesson 4 on disk."""
    from nbclient import NotebookClient

    lesson = notebook("05_evaluate")
    folder = ROOT / "runs" / "test_opened_first"
    environment = {**os.environ, "ALPACA_PROFILE": "laptop", "ALPACA_RUN": str(folder)}
    judging = "from helpers.teacher.endpoint import"
    stop = next(i for i, cell in enumerate(lesson.cells) if judging in cell.source)
    lesson.cells = lesson.cells[:stop]  # everything before the judge
    try:
        NotebookClient(
            lesson, timeout=600, resources={"metadata": {"path": str(ROOT / "notebooks")}}
        ).execute(env=environment)
    finally:
        if folder.exists():
            import shutil

            shutil.rmtree(folder)
    printed = "".join(
        output.get("text", "") for cell in lesson.cells for output in cell.get("outputs", ())
    )
    assert "from data/finished_run" in printed
    assert "ROUGE-L to the reference" in printed
