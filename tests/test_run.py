"""The run folder: which files it accepts, which it refuses, and how a run is resumed."""

import json
import threading
import time
from dataclasses import replace

import pytest

from helpers.io import write_jsonl
from helpers.profiles import PROFILES, load_profile
from helpers.run import LESSONS, ROOT, Run, RunError, hash_path, manifest, open_run, ship
from helpers.run import shipped_run as shipped


@pytest.fixture
def nothing_shipped(monkeypatch, tmp_path):
    monkeypatch.setattr(shipped, "SHIPPED", tmp_path / "shipped")
    return tmp_path / "shipped"


@pytest.fixture
def run(tmp_path, nothing_shipped):
    return Run(tmp_path / "runs" / "x", PROFILES["tiny"])


def step(run, name="01_preprocess", inputs=(), file="train.jsonl", rows=({"a": 1},)):
    write_jsonl(run.path(file), rows)
    run.finish(name, inputs=inputs, outputs=[file])


def test_a_finished_step_is_verified(run):
    step(run)
    assert "unchanged" in run.need("01_preprocess")
    assert run.done("01_preprocess")
    entry = run.manifest()["steps"]["01_preprocess"]
    assert entry["outputs"]["train.jsonl"] == hash_path(run.path("train.jsonl"))
    assert entry["packages"]["torch"]


def test_answers_of_another_student_are_not_reused(tmp_path, nothing_shipped):
    mine = Run(tmp_path / "run", PROFILES["tiny"])
    assert mine.reuse_rows("answers.jsonl", "same", lambda: [{"output": "a"}])[0]["output"] == "a"
    assert mine.reuse_rows("answers.jsonl", "same", lambda: [{"output": "b"}])[0]["output"] == "a"
    theirs = Run(tmp_path / "run", PROFILES["colab_t4"])
    assert theirs.reuse_rows("answers.jsonl", "same", lambda: [{"output": "c"}])[0]["output"] == "c"


def test_a_shipped_step_that_does_not_fit_leaves_no_file_behind(run, tmp_path, nothing_shipped):
    finished = Run(tmp_path / "finished", PROFILES["tiny"])
    step(finished)
    step(finished, "02_generate", inputs=["train.jsonl"], file="generated.jsonl")
    ship(finished, nothing_shipped)
    step(run, rows=[{"a": "another"}])
    with pytest.raises(RunError, match="made from other data"):
        run.need("01_preprocess", "02_generate")
    assert not run.path("generated.jsonl").exists()


def test_a_run_made_before_a_setting_existed_can_still_be_used(tmp_path, nothing_shipped):
    run = Run(tmp_path / "old", PROFILES["tiny"])
    step(run)
    old = run.manifest()
    del old["settings"]["probe_step"]
    run.path("manifest.json").write_text(json.dumps(old))
    assert open_run("tiny", run.folder).done("01_preprocess")
    old["settings"]["seed"] = 77
    run.path("manifest.json").write_text(json.dumps(old))
    with pytest.raises(RunError, match="seed was 77, now 0"):
        open_run("tiny", run.folder)


def test_a_changed_or_missing_output_is_named_with_the_lesson_to_run(run):
    step(run)
    write_jsonl(run.path("train.jsonl"), [{"a": 2}])
    with pytest.raises(RunError, match=r"train\.jsonl .* Run lesson 01_preprocess again"):
        run.need("01_preprocess")
    run.path("train.jsonl").unlink()
    assert not run.done("01_preprocess")


def test_a_changed_input_makes_the_later_steps_out_of_date(run):
    step(run)
    step(run, "02_generate", inputs=["train.jsonl"], file="generated.jsonl")
    step(run, rows=[{"a": 3}])
    with pytest.raises(RunError, match=r"train\.jsonl changed after lesson 02_generate"):
        run.need("01_preprocess", "02_generate")


def test_a_missing_step_says_which_lesson_to_run(run):
    with pytest.raises(RunError, match=r"manifest\.json is missing|has not been run"):
        run.need("01_preprocess")


def test_a_missing_step_is_taken_from_the_shipped_run(run, tmp_path, nothing_shipped):
    finished = Run(tmp_path / "finished", PROFILES["tiny"])
    step(finished)
    write_jsonl(finished.path("big.jsonl"), [{"x": "y" * 100}] * 100)
    finished.finish("02_generate", inputs=["train.jsonl"], outputs=["big.jsonl"])
    ship(finished, nothing_shipped, largest=1000)
    assert "from" in run.need("01_preprocess", "02_generate")
    assert hash_path(run.path("train.jsonl")) == hash_path(finished.path("train.jsonl"))
    assert not run.path("big.jsonl").exists()  # too large to ship, and listed as such
    assert not run.done("01_preprocess")  # a shipped step is not this run's own


def test_a_shipped_step_made_from_other_data_is_refused(run, tmp_path, nothing_shipped):
    finished = Run(tmp_path / "finished", PROFILES["tiny"])
    step(finished)
    step(finished, "02_generate", inputs=["train.jsonl"], file="generated.jsonl")
    ship(finished, nothing_shipped)
    step(run, rows=[{"own": 1}])
    with pytest.raises(RunError, match="made from other data"):
        run.need("01_preprocess", "02_generate")


def test_a_shipped_adapter_of_another_student_is_refused(run, tmp_path, nothing_shipped):
    other = Run(tmp_path / "finished", replace(PROFILES["tiny"], student="someone/else"))
    step(other)
    step(other, "03_train_lora", file="adapter.jsonl")
    ship(other, nothing_shipped)
    with pytest.raises(RunError, match=r"another student, someone/else\. Run lesson 03"):
        run.need("01_preprocess", "03_train_lora")


def test_other_settings_are_refused_and_named(tmp_path, monkeypatch, nothing_shipped):
    monkeypatch.delenv("ALPACA_RUN", raising=False)
    first = open_run("tiny", tmp_path / "r")
    step(first)
    monkeypatch.setitem(PROFILES, "tiny", replace(PROFILES["tiny"], lora_rank=9))
    with pytest.raises(RunError, match="lora_rank was 2, now 9"):
        open_run("tiny", tmp_path / "r")


def test_an_unknown_profile_names_the_known_ones(monkeypatch):
    with pytest.raises(ValueError, match="laptop, tiny"):
        load_profile("desktop")
    monkeypatch.setenv("ALPACA_PROFILE", "tiny")
    assert load_profile().name == "tiny"


def test_a_broken_manifest_is_explained(run):
    run.folder.mkdir(parents=True)
    run.path("manifest.json").write_text("{")
    with pytest.raises(RunError, match="not valid JSON"):
        run.manifest()


def test_remembered_rows_are_made_once_and_again_only_when_their_mark_changes(run):
    made = []

    def make():
        made.append(1)
        return [{"n": len(made)}]

    assert run.reuse_rows("a.jsonl", "m1", make) == run.reuse_rows("a.jsonl", "m1", make)
    assert run.reuse_rows("a.jsonl", "m2", make) == [{"n": 2, "mark": "m2-embedded-alpaca"}]
    assert len(made) == 2


def test_a_folder_hash_depends_on_names_and_contents(tmp_path):
    folder = tmp_path / "f"
    write_jsonl(folder / "a", [{"x": 1}])
    before = hash_path(folder)
    (folder / "a").rename(folder / "b")
    assert hash_path(folder) != before
    assert hash_path(tmp_path / "absent") is None


@pytest.mark.parametrize(
    "name",
    [".DS_Store", "deep/.DS_Store", "._a", ".nfs0001", "Thumbs.db", "desktop.ini", "a~", "a.swp",
     ".model.0a1b.unfinished/model.safetensors",
     ".ipynb_checkpoints/b.jsonl", ".a.jsonl.0a1b.tmp", ".manifest.lock",
     ".ipynb_checkpoints/a-checkpoint.ipynb", ".a.jsonl.77.tmp", "__pycache__/a.pyc"],
)  # fmt: skip
def test_files_that_a_system_leaves_in_a_folder_invalidate_nothing(name, run, nothing_shipped):
    write_jsonl(run.path("answers/a.jsonl"), [{"x": 1}])
    run.finish("01_preprocess", outputs=["answers"])
    extra = run.path("answers") / name
    extra.parent.mkdir(parents=True, exist_ok=True)
    extra.write_text("left by a system")
    assert run.done("01_preprocess")
    ship(run, nothing_shipped)
    names = [path.name for path in (nothing_shipped / "answers").iterdir()]
    assert "a.jsonl" in names and extra.name not in names
    write_jsonl(run.path("answers/b.jsonl"), [{"x": 1}])
    assert not run.done("01_preprocess")


def test_the_shipped_run_is_complete():
    folder = ROOT / "data" / "finished_run"
    steps = json.loads((folder / "manifest.json").read_text())["steps"]
    assert set(steps) == set(LESSONS)
    for entry in steps.values():
        for name, digest in entry["outputs"].items():
            if name not in entry["not_shipped"]:
                assert hash_path(folder / name) == digest, name


def test_lessons_that_finish_at_the_same_time_are_all_in_the_manifest(run, monkeypatch):
    """Hashing takes time. An entry that another lesson writes meanwhile is kept."""
    slow_hash = lambda path: time.sleep(0.05) or hash_path(path)  # noqa: E731
    monkeypatch.setattr(manifest, "hash_path", slow_hash)
    for i in range(8):
        write_jsonl(run.path(f"{i}.jsonl"), [{"i": i}])
    finish = lambda i: run.finish(f"step{i}", outputs=[f"{i}.jsonl"])  # noqa: E731
    threads = [threading.Thread(target=finish, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(run.manifest()["steps"]) == [f"step{i}" for i in range(8)]
