"""The shipped tasks are complete and varied, and evaluation tasks differ from seed tasks."""

import pytest
from conftest import ROOT

from helpers.io import load_examples, read_jsonl
from helpers.prompts import LIST_LENGTH
from helpers.similarity import RougeIndex

FIELDS = ["id", "instruction", "input", "output", "category", "is_classification"]
LEAST = {"seed_tasks.en": 175, "seed_tasks.ko": 90, "seed_tasks.id": 90, "seed_tasks.id.health": 30,
         "eval_tasks.en": 120, "eval_tasks.ko": 40, "eval_tasks.id": 40}  # fmt: skip


def rows_of(name):
    return read_jsonl(ROOT / "data" / f"{name}.jsonl")


def nearest_scores(rows, others=None):
    """ROUGE-L of each instruction to the most similar of ``others``, or of those before it."""
    index = RougeIndex([row["instruction"] for row in others or []], threshold=1.0)
    if others:
        return [index.nearest(row["instruction"], 1)[0][0] for row in rows]
    return [admission.score for admission in index.admit_many([r["instruction"] for r in rows])]


@pytest.mark.parametrize("name", LEAST)
def test_every_row_is_complete(name):
    rows = rows_of(name)
    assert len(rows) >= LEAST[name] and len({row["id"] for row in rows}) == len(rows)
    assert len(load_examples(ROOT / "data" / f"{name}.jsonl")) == len(rows)
    for row in rows:
        assert list(row) == FIELDS and isinstance(row["is_classification"], bool)
        assert row["instruction"].strip() and row["output"].strip() and row["category"]


@pytest.mark.parametrize("language", LIST_LENGTH)
def test_seed_tasks_are_varied_and_no_two_are_similar(language):
    rows = rows_of(f"seed_tasks.{language}")
    assert len({row["category"] for row in rows}) >= 12
    assert 0.15 <= sum(row["is_classification"] for row in rows) / len(rows) <= 0.25
    assert 0.3 <= sum(bool(row["input"]) for row in rows) / len(rows) <= 0.6
    assert max(nearest_scores(rows)) <= 0.7


@pytest.mark.parametrize("language", LIST_LENGTH)
def test_no_evaluation_task_is_similar_to_a_seed_task(language):
    seeds = rows_of(f"seed_tasks.{language}")
    if language == "id":
        seeds = seeds + rows_of("seed_tasks.id.health")
    assert max(nearest_scores(rows_of(f"eval_tasks.{language}"), seeds)) <= 0.5


def test_every_health_answer_names_a_doctor_or_hospital():
    for row in rows_of("seed_tasks.id.health"):
        answer = row["output"].lower()
        assert any(word in answer for word in ("igd", "puskesmas", "dokter", "rumah sakit"))


def test_every_file_is_listed_with_its_number_of_rows():
    listed = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    for path in sorted((ROOT / "data").glob("*.jsonl")):
        line = next((line for line in listed.splitlines() if f"`{path.name}`" in line), "")
        assert f" {len(read_jsonl(path))} " in line, path.name
