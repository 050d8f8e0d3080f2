"""LoRA training on a tiny random model: it learns, it is saved right, it goes on after a kill."""

import json
from dataclasses import replace

import pytest
import torch

from helpers.profiles import PROFILES
from helpers.student import load_student
from helpers.train import train_lora

ROWS = [
    {"instruction": f"Say the word number {i}.", "input": "", "output": f"word {i} it is"}
    for i in range(12)
]
PROFILE = replace(PROFILES["tiny"], lora_lr=1e-2, lora_epochs=2, max_length=128)


class Killed(Exception):
    pass


def train(folder, tokenizer, out, on_log=None):
    return train_lora(load_student(folder), tokenizer, ROWS, ROWS[:4], PROFILE, out, on_log=on_log)


@pytest.fixture(scope="module")
def trained(tiny_model, tokenizer, tmp_path_factory):
    out = tmp_path_factory.mktemp("lora")
    model = load_student(tiny_model)
    record = train_lora(model, tokenizer, ROWS, ROWS[:4], PROFILE, out)
    return model, record, out


def test_held_out_loss_falls_and_is_taken_before_the_first_step(trained):
    _, record, out = trained
    held = [point for point in record["history"] if "heldout_loss" in point]
    assert held[0]["step"] == 0 and held[-1]["heldout_loss"] < held[0]["heldout_loss"]
    assert json.loads((out / "training.json").read_text())["steps"] == record["steps"] == 6
    assert not (out / "checkpoints").exists()


def test_the_adapter_is_small_safe_and_not_zero(trained):
    from safetensors.torch import load_file

    weights = load_file(trained[2] / "adapter" / "adapter_model.safetensors")
    b = [value for name, value in weights.items() if "lora_B" in name]
    assert b and all(value.abs().max() > 0 for value in b)
    assert sum(value.numel() for value in weights.values()) == trained[1]["trainable"]


def test_reloaded_and_merged_give_the_same_logits(trained, tiny_model):
    ids = torch.arange(5, 25)[None]
    adapter = trained[2] / "adapter"
    with torch.no_grad():
        kept = trained[0].eval()(input_ids=ids).logits
        reloaded = load_student(tiny_model, adapter, merge=False)(input_ids=ids).logits
        merged = load_student(tiny_model, adapter)(input_ids=ids).logits
        untouched = load_student(tiny_model)(input_ids=ids).logits
    assert torch.equal(kept, reloaded)
    assert torch.allclose(reloaded, merged, atol=1e-5)
    assert not torch.allclose(reloaded, untouched, atol=1e-3)


def test_a_killed_training_goes_on_with_the_same_losses(trained, tiny_model, tokenizer, tmp_path):
    def kill(point):
        if point["step"] >= 4:
            raise Killed

    with pytest.raises(Killed):
        train(tiny_model, tokenizer, tmp_path, on_log=kill)
    assert list(tmp_path.glob("checkpoints/checkpoint-*"))
    record = train(tiny_model, tokenizer, tmp_path)
    last = lambda history: [p for p in history if "heldout_loss" in p][-1]  # noqa: E731
    assert last(record["history"]) == pytest.approx(last(trained[1]["history"]), rel=1e-4)


def test_nothing_to_train_on_is_said_before_training(tiny_model, tokenizer, tmp_path):
    long = [{"instruction": "word " * 300, "input": "", "output": "x"}]
    with pytest.raises(ValueError, match="none of the 1 rows can be trained on"):
        train_lora(load_student(tiny_model), tokenizer, long, ROWS, PROFILE, tmp_path)
