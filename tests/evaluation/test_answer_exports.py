"""Export of answers for AlpacaEval and MT-bench, and the harness's command line."""

import json
import shlex

import pytest

from helpers.evaluation.answer_exports import export_answers, harness_command
from helpers.io import DataError, read_jsonl

ROWS = [
    {"id": "q1", "instruction": "Say hi.", "input": ""},
    {"id": "q2", "instruction": "Translate.", "input": "Haus"},
]
ANSWERS = [{"output": "hi"}, {"output": "집 ☃"}]


def test_the_alpaca_eval_format_is_a_list_of_instruction_output_generator(tmp_path):
    path = export_answers(ROWS, ANSWERS, tmp_path / "a.json", "alpaca_eval", model="mine")
    found = json.loads(path.read_text())
    assert found[1] == {
        "instruction": "Translate.\n\nHaus",
        "output": "집 ☃",
        "generator": "mine",
    }


def test_the_mt_bench_format_has_choices_of_turns(tmp_path):
    path = export_answers(ROWS, ANSWERS, tmp_path / "a.jsonl", "mt_bench", model="mine")
    first, second = read_jsonl(path)
    assert first["question_id"] == "q1" and first["model_id"] == "mine"
    assert second["choices"] == [{"index": 0, "turns": ["집 ☃"]}]
    assert first["answer_id"] != second["answer_id"]
    again = export_answers(ROWS, ANSWERS, tmp_path / "b.jsonl", "mt_bench", model="mine")
    assert again.read_bytes() == path.read_bytes()


def test_an_unknown_format_and_missing_answers_raise(tmp_path):
    with pytest.raises(DataError, match="choose one of alpaca_eval, mt_bench"):
        export_answers(ROWS, ANSWERS, tmp_path / "x", "arena", model="mine")
    with pytest.raises(DataError, match="1 answers to 2 rows"):
        export_answers(ROWS, ANSWERS[:1], tmp_path / "x", "mt_bench", model="mine")
    assert not (tmp_path / "x").exists()


def test_the_harness_command_names_model_and_adapter():
    words = shlex.split(harness_command("runs/my run/model", adapter="lora/adapter"))
    assert words[:3] == ["lm_eval", "--model", "hf"]
    assert "pretrained=runs/my run/model,peft=lora/adapter" in words
