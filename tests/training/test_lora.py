"""LoRA training on a tiny random model: it learns, saves a good adapter, and resumes."""

import json
from dataclasses import replace

import pytest
import torch

from helpers.evaluation.metrics import heldout_losses
from helpers.planning.architectures import tiny_config
from helpers.profiles import PROFILES
from helpers.training.answering import answer
from helpers.training.lora import check_adapter, train_lora
from helpers.training.student import load_student, load_tokenizer

ROWS = [
    {"instruction": f"Say the word number {i}.", "input": "", "output": f"word {i} it is"}
    for i in range(12)
]
PROFILE = replace(PROFILES["tiny"], lora_lr=1e-2, lora_epochs=2, max_length=128)


class Killed(Exception):
    """Stands for a process that is killed during a training."""


def train(folder, tokenizer, out, on_log=None):
    return train_lora(load_student(folder), tokenizer, ROWS, ROWS[:4], PROFILE, out, on_log=on_log)


@pytest.fixture(scope="module")
def trained(tiny_model, tokenizer, tmp_path_factory):
    out = tmp_path_factory.mktemp("lora")
    model = load_student(tiny_model)
    record = train_lora(model, tokenizer, ROWS, ROWS[:4], PROFILE, out)
    return model, record, out


def test_held_out_loss_is_measured_before_the_first_step_and_falls(trained):
    _, record, out = trained
    held = [point for point in record["history"] if "heldout_loss" in point]
    assert held[0]["step"] == 0 and held[-1]["heldout_loss"] < held[0]["heldout_loss"]
    assert json.loads((out / "training.json").read_text())["steps"] == record["steps"] == 6
    assert not (out / "checkpoints").exists()


def test_every_matrix_b_is_learned_and_only_trainable_parameters_are_saved(trained):
    from safetensors.torch import load_file

    weights = load_file(trained[2] / "adapter" / "adapter_model.safetensors")
    b = [value for name, value in weights.items() if "lora_B" in name]
    assert b and all(value.abs().max() > 0 for value in b)
    assert sum(value.numel() for value in weights.values()) == trained[1]["trainable"]


def test_the_file_holds_exactly_the_weights_in_memory_in_half_the_bytes(trained):
    from safetensors.torch import load_file

    saved = load_file(trained[2] / "adapter" / "adapter_model.safetensors")
    assert {tensor.dtype for tensor in saved.values()} == {torch.bfloat16}
    for name, weight in trained[0].named_parameters():
        stored = saved.get("base_model.model." + name.replace(".default", ""))
        assert stored is None or torch.equal(weight, stored.to(weight.dtype))
    assert len(saved) == sum("lora_" in name for name, _ in trained[0].named_parameters())


def test_reloaded_and_merged_adapters_give_the_same_logits(trained, tiny_model):
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


def test_reloaded_and_merged_adapters_give_the_same_answers(trained, tiny_model, tokenizer):
    adapter = trained[2] / "adapter"
    models = [trained[0], load_student(tiny_model, adapter, merge=False)]
    models.append(load_student(tiny_model, adapter))
    given = [answer(model.eval(), tokenizer, ROWS[:4], max_new_tokens=12) for model in models]
    assert given[0] == given[1] == given[2]
    assert given[0] != answer(load_student(tiny_model), tokenizer, ROWS[:4], max_new_tokens=12)


def test_each_point_of_the_curve_has_the_meters_readings(tiny_model, tokenizer, tmp_path):
    points = []
    train(tiny_model, tokenizer, tmp_path, on_log=points.append)
    during = [point for point in points if "loss" in point]
    assert all(point["tokens_per_second"] > 0 and point["memory"] > 1e7 for point in during)
    assert all(0.1 < point["computed"] < 1 and point["of"] == 6 for point in during)
    left = [point["minutes_left"] for point in during]
    assert left[0] > left[-1] == 0


def test_the_adapter_with_the_lowest_held_out_loss_is_kept(tiny_model, tokenizer, tmp_path):
    overfit = replace(PROFILE, lora_lr=0.3, lora_epochs=8)
    model = load_student(tiny_model)
    other = [{"instruction": "Name a tree.", "input": "", "output": "An old oak."}]
    record = train_lora(model, tokenizer, ROWS, other, overfit, tmp_path)
    held = {p["step"]: p["heldout_loss"] for p in record["history"] if "heldout_loss" in p}
    best = min((loss, step) for step, loss in held.items() if step)
    assert record["best_step"] == best[1] < record["steps"]
    for kept in (model.eval(), load_student(tiny_model, tmp_path / "adapter")):
        assert heldout_losses(kept, tokenizer, other)[0] == pytest.approx(best[0], rel=0.02)


@pytest.mark.parametrize("steps", [5, 7])
def test_the_last_step_is_always_measured(tiny_model, tokenizer, tmp_path, steps):
    """Otherwise the steps since the previous measurement would be lost."""
    rows, profile = (ROWS * 3)[: 4 * steps], replace(PROFILE, lora_epochs=1)
    record = train_lora(load_student(tiny_model), tokenizer, rows, ROWS[:4], profile, tmp_path)
    held = [point["step"] for point in record["history"] if "heldout_loss" in point]
    assert held[-1] == record["steps"] == record["best_step"] == steps


def test_an_adapter_whose_matrices_b_are_zero_is_refused(trained, tmp_path):
    from safetensors.torch import load_file, save_file

    found = check_adapter(trained[2] / "adapter")
    assert found["matrices"] == 2 * len(found["largest_b"]) == 2 * 2 * 7
    weights = load_file(trained[2] / "adapter" / "adapter_model.safetensors")
    untrained = {name: value * ("lora_B" not in name) for name, value in weights.items()}
    save_file(untrained, tmp_path / "adapter_model.safetensors")
    with pytest.raises(ValueError, match=r"every matrix B in .* is zero"):
        check_adapter(tmp_path)


def test_checkpoints_of_another_training_are_refused(tiny_model, tokenizer, tmp_path):
    def kill(point):
        if point["step"] >= 4:
            raise Killed

    with pytest.raises(Killed):
        train(tiny_model, tokenizer, tmp_path, on_log=kill)
    other = replace(PROFILE, lora_rank=4)
    with pytest.raises(ValueError, match=r"another training \(lora_rank was 2, now 4\)"):
        train_lora(load_student(tiny_model), tokenizer, ROWS, ROWS[:4], other, tmp_path)


def test_a_training_without_checkpoints_does_not_block_another(tiny_model, tokenizer, tmp_path):
    def kill(point):
        raise Killed

    with pytest.raises(Killed):
        train(tiny_model, tokenizer, tmp_path, on_log=kill)  # before the first checkpoint
    other = replace(PROFILE, lora_rank=4)
    model = load_student(tiny_model)
    assert train_lora(model, tokenizer, ROWS, ROWS[:4], other, tmp_path)["steps"] == 6


@pytest.mark.parametrize("name", ["colab_l4", "colab_t4", "opt_6_7b", "alpaca_7b"])
def test_every_architecture_of_the_profiles_can_be_trained(name, student_folder, tmp_path):
    from transformers import AutoModelForCausalLM

    torch.manual_seed(0)
    style = PROFILES[name].prompt_style
    tokenizer = load_tokenizer(student_folder, style)
    model = AutoModelForCausalLM.from_config(tiny_config(PROFILES[name].student, len(tokenizer)))
    profile = replace(PROFILE, prompt_style=style, max_length=192)
    record = train_lora(model, tokenizer, ROWS, ROWS[:4], profile, tmp_path)
    held = [point["heldout_loss"] for point in record["history"] if "heldout_loss" in point]
    assert held[-1] < held[0]
    assert len(answer(model.eval(), tokenizer, ROWS[:2], max_new_tokens=4)) == 2


def test_an_unknown_tracker_is_reported_before_training(tiny_model, tokenizer, tmp_path):
    with pytest.raises(ValueError, match="no_such_tracker"):
        train_lora(
            load_student(tiny_model), tokenizer, ROWS, ROWS[:4], PROFILE, tmp_path,
            report_to=["no_such_tracker"],
        )  # fmt: skip


def test_a_killed_training_resumes_with_the_same_losses(trained, tiny_model, tokenizer, tmp_path):
    def kill(point):
        if point["step"] >= 4:
            raise Killed

    with pytest.raises(Killed):
        train(tiny_model, tokenizer, tmp_path, on_log=kill)
    assert list(tmp_path.glob("checkpoints/checkpoint-*"))
    record = train(tiny_model, tokenizer, tmp_path)
    last = lambda history: [p for p in history if "heldout_loss" in p][-1]  # noqa: E731
    assert last(record["history"]) == pytest.approx(last(trained[1]["history"]), rel=1e-4)


def test_a_model_can_answer_after_an_interrupted_training(tiny_model, tokenizer, tmp_path):
    def interrupt(point):
        raise KeyboardInterrupt

    model = load_student(tiny_model)
    with pytest.raises(KeyboardInterrupt):
        train_lora(model, tokenizer, ROWS, ROWS[:4], PROFILE, tmp_path, on_log=interrupt)
    asked = {"max_new_tokens": 4}
    again = answer(model.eval(), tokenizer, ROWS[:2], **asked)
    assert again == answer(load_student(tiny_model), tokenizer, ROWS[:2], **asked)


def test_rows_that_cannot_be_trained_on_are_reported_before_training(
    tiny_model, tokenizer, tmp_path
):
    long = [{"instruction": "word " * 300, "input": "", "output": "x"}]
    with pytest.raises(ValueError, match="none of the 1 rows can be trained on"):
        train_lora(load_student(tiny_model), tokenizer, long, ROWS, PROFILE, tmp_path)
