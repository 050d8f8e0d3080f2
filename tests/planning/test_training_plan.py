"""The plan of a training agrees with Alpaca's own run and prints the command that starts it."""

import pytest

from helpers.planning.architectures import model_config
from helpers.planning.gpus import GPUS, fits
from helpers.planning.memory import plan_memory
from helpers.planning.training_plan import data_size, format_plan, training_plan
from helpers.profiles import load_profile


def test_the_plan_agrees_with_alpacas_own_run():
    known = training_plan(load_profile("alpaca_7b"), student="LLaMA-7B")
    assert known["updates"] == 1219 and known["tokens"] == 17_310_000
    estimate = known["gpus"]["A100-80GB"]
    hours = estimate["at"]["as Alpaca's own run"]["hours"]
    assert estimate["fits"] and hours == pytest.approx(4745 / 3600, rel=0.02)
    cheap = training_plan(load_profile("alpaca_7b"), student="LLaMA-7B", prices={"A100-80GB": 1})
    dollars = cheap["gpus"]["A100-80GB"]["at"]["as Alpaca's own run"]["dollars"]
    assert dollars == pytest.approx(4 * hours)


def test_the_plan_as_text():
    text = format_plan(training_plan(load_profile("alpaca_7b"), gpus=("A100-40GB", "H200")))
    assert "allenai/OLMo-2-1124-7B, which stands for LLaMA-7B" in text
    assert "1,219 updates" in text
    assert "python -m helpers.training.fsdp --profile alpaca_7b --ranks 4" in text
    assert "A100-40GB: does NOT fit" in text and "H200: fits" in text
    assert "dollars" in text and "11.8%" in text and "--student" not in text


def test_a_colab_profile_fits_its_gpu():
    for name, gpu in (("colab_l4", "L4"), ("colab_t4", "T4")):
        known = training_plan(load_profile(name), gpus=(gpu,))
        assert known["method"] == "lora" and known["ranks"] == 1
        assert known["gpus"][gpu]["fits"]
        assert "03_train_lora" in format_plan(known)


def test_a_profile_without_memory_for_full_training_uses_the_embedded_model():
    for name, gpu in (("colab_l4", "L4"), ("colab_t4", "T4")):
        profile = load_profile(name)
        config = model_config(profile.student)
        full = plan_memory(config, "full", rows=1, length=profile.max_length, device="cuda")
        found = next(each for each in GPUS if each.name == gpu)
        assert not fits(found, full["total"]) and profile.fsdp_student == "embedded"


def test_the_rows_of_a_file_are_counted(tmp_path):
    from helpers.io import write_jsonl

    assert data_size(None) == {}
    write_jsonl(tmp_path / "rows.jsonl", [{"instruction": "a" * 50, "output": "b" * 4676}] * 3)
    size = data_size(tmp_path / "rows.jsonl")
    assert size["rows"] == 3 and 3 * 1000 < size["tokens"] < 3 * 1100
