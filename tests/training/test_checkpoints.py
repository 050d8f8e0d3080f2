"""A checkpoint belongs to one training: its weights, rows and recipe, on any machine."""

import json
import shutil
from dataclasses import fields, replace

import pytest
import torch
from safetensors.torch import load_file, save_file

from helpers.io import write_jsonl
from helpers.profiles import PROFILES, Profile
from helpers.training.checkpoints import (
    NOT_COMPARED,
    check_same_training,
    describe_training,
    lock_training,
)
from helpers.training.encoding import encode_all
from helpers.training.fsdp_training import train_fsdp
from helpers.training.launch import torchrun
from helpers.training.lora import train_lora
from helpers.training.student import load_student
from helpers.training.weight_fingerprint import fingerprint

ROWS = [{"instruction": f"Say {i}.", "input": "", "output": f"it is {i}"} for i in range(12)]
PROFILE = replace(PROFILES["tiny"], lora_lr=1e-2, lora_epochs=2, max_length=128)


class Killed(Exception):
    """Stands for a process that is killed during a training."""


def other_model(folder, target, change):
    """Copy a model and change its weights, but not their shapes."""
    shutil.copytree(folder, target)
    path = target / "model.safetensors"
    weights = {name: tensor.clone() for name, tensor in load_file(path).items()}
    change(weights)
    save_file(weights, path, metadata={"format": "pt"})
    return target


def one_number(weights):
    weights["model.embed_tokens.weight"][-3, 5] += 1e-6


def rows_reversed(weights):
    name = "model.layers.1.mlp.up_proj.weight"
    weights[name] = weights[name].flip(0)


def columns_reversed(weights):
    name = "model.layers.0.self_attn.q_proj.weight"
    weights[name] = weights[name].flip(1)


def layers_swapped(weights):
    names = [f"model.layers.{i}.self_attn.o_proj.weight" for i in (0, 1)]
    weights[names[0]], weights[names[1]] = weights[names[1]], weights[names[0]]


def four_corners(weights):
    """Change the bits so that the changes cancel out in each row and in each column."""
    corner = weights["model.layers.0.mlp.down_proj.weight"].view(torch.int32)[:2, :2]
    corner += torch.tensor([[5, -5], [-5, 5]], dtype=torch.int32)


def far_corners(weights):
    bits = weights["model.layers.0.mlp.down_proj.weight"].view(torch.int32)
    for row, column, change in ((0, 0, 4096), (0, 7, -4096), (5, 0, -4096), (5, 7, 4096)):
        bits[row, column] += change


CHANGES = [one_number, rows_reversed, columns_reversed, layers_swapped, four_corners, far_corners]


@pytest.mark.parametrize("change", CHANGES)
def test_changed_weights_of_the_same_shape_have_another_fingerprint(tiny_model, tmp_path, change):
    other = other_model(tiny_model, tmp_path / "other", change)
    first = fingerprint(load_student(tiny_model))
    assert first == fingerprint(load_student(tiny_model)) != fingerprint(load_student(other))


def test_a_copy_in_another_folder_is_the_same_model(tiny_model, tokenizer, tmp_path):
    copy = shutil.copytree(tiny_model, tmp_path / "copy")
    train, _ = encode_all(ROWS, tokenizer)
    descriptions = [
        describe_training("lora", PROFILE, load_student(folder), train, train[:2])
        for folder in (tiny_model, copy)
    ]
    assert descriptions[0] == descriptions[1]


@pytest.mark.parametrize("method", ["lora", "fsdp"])
def test_the_fields_of_a_recipe_that_change_the_result_are_compared(tiny_model, tokenizer, method):
    """Fields that change only how the result is computed are not compared.

    The other fields choose the rows or the model, which are compared directly.
    """
    model, (train, _) = load_student(tiny_model), encode_all(ROWS, tokenizer)
    description = describe_training(method, PROFILE, model, train, train[:2])
    for field in fields(Profile):
        value = getattr(PROFILE, field.name)
        value = not value if isinstance(value, bool) else (value or 1) * 2
        changed = describe_training(
            method, replace(PROFILE, **{field.name: value}), model, train, train[:2]
        )
        own = field.name.startswith(f"{method}_") and field.name not in NOT_COMPARED
        assert (changed != description) == (own or field.name == "seed"), field.name


def test_rows_and_held_out_rows_are_compared(tiny_model, tokenizer):
    model, (train, _) = load_student(tiny_model), encode_all(ROWS, tokenizer)
    description = describe_training("lora", PROFILE, model, train, train[:2])
    assert description != describe_training("lora", PROFILE, model, train[1:], train[:2])
    assert description != describe_training(
        "lora", PROFILE, model, train, train[:3]
    )  # held-out rows choose the best step


def test_checkpoints_without_a_description_are_refused(tmp_path):
    (tmp_path / "checkpoint-4").mkdir()
    with pytest.raises(ValueError, match=r"no made_with\.json, so nothing says which training"):
        check_same_training(tmp_path, {"seed": 0})


def killed_lora(folder, tokenizer, out):
    def kill(point):
        if point["step"] >= 4:
            raise Killed

    with pytest.raises(Killed):
        train_lora(load_student(folder), tokenizer, ROWS, ROWS[:4], PROFILE, out, on_log=kill)
    assert list(out.glob("checkpoints/checkpoint-*"))


@pytest.mark.parametrize("change", CHANGES)
def test_lora_does_not_resume_on_another_base(tiny_model, tokenizer, tmp_path, change):
    killed_lora(tiny_model, tokenizer, tmp_path)
    other = load_student(other_model(tiny_model, tmp_path / "other", change))
    with pytest.raises(ValueError, match=r"another training \(weights was '\w+', now '\w+'\)"):
        train_lora(other, tokenizer, ROWS, ROWS[:4], PROFILE, tmp_path)


def test_lora_resumes_with_settings_that_save_memory(tiny_model, tokenizer, tmp_path):
    killed_lora(tiny_model, tokenizer, tmp_path)
    smaller = replace(PROFILE, token_budget=64, lora_recompute=True, fsdp_recompute=True)
    record = train_lora(load_student(tiny_model), tokenizer, ROWS, ROWS[:4], smaller, tmp_path)
    assert record["steps"] == 6


def test_recomputed_activations_do_not_change_the_result_of_lora(tiny_model, tokenizer, tmp_path):
    records = {
        recompute: train_lora(
            load_student(tiny_model),
            tokenizer,
            ROWS,
            ROWS[:4],
            replace(PROFILE, lora_recompute=recompute),
            tmp_path / str(recompute),
        )
        for recompute in (False, True)
    }
    plain, recomputed = (records[key]["history"] for key in (False, True))
    for one, other in zip(plain, recomputed, strict=True):
        assert one == pytest.approx(other, rel=1e-4)


def failing_with(message):
    def fail(*_, **__):
        raise OSError(message)

    return fail


def test_no_step_is_lost_when_an_adapter_cannot_be_saved(
    tiny_model, tokenizer, tmp_path, monkeypatch
):
    whole = train_lora(
        load_student(tiny_model), tokenizer, ROWS, ROWS[:4], PROFILE, tmp_path / "whole"
    )
    out = tmp_path / "out"
    with monkeypatch.context() as patch, pytest.raises(OSError, match="disk full"):
        patch.setattr("helpers.training.lora._save_adapter", failing_with("disk full"))
        train_lora(load_student(tiny_model), tokenizer, ROWS, ROWS[:4], PROFILE, out)
    points = []
    again = train_lora(
        load_student(tiny_model), tokenizer, ROWS, ROWS[:4], PROFILE, out, on_log=points.append
    )
    assert not [point for point in points if "loss" in point]  # no step is repeated
    for one, other in zip(again["history"], whole["history"], strict=True):
        assert one == pytest.approx(other, rel=1e-5)
    first, second = (load_file(path / "adapter" / "adapter_model.safetensors") for path in
                     (tmp_path / "whole", out))  # fmt: skip
    assert all(torch.allclose(first[name], second[name]) for name in first)


@pytest.fixture
def one_rank(tmp_path):
    import torch.distributed as dist

    dist.init_process_group("gloo", init_method=f"file://{tmp_path}/meet", rank=0, world_size=1)
    yield
    dist.destroy_process_group()


def test_no_step_is_lost_when_a_model_cannot_be_exported(
    one_rank, tiny_model, tmp_path, monkeypatch, capsys
):
    profile = PROFILES["tiny"]
    whole = train_fsdp(ROWS, ROWS[:4], tiny_model, profile, tmp_path / "whole")
    out = tmp_path / "out"
    with monkeypatch.context() as patch, pytest.raises(OSError, match="disk full"):
        patch.setattr("helpers.training.fsdp_training.export_model", failing_with("disk full"))
        train_fsdp(ROWS, ROWS[:4], tiny_model, profile, out)
    capsys.readouterr()
    again = train_fsdp(ROWS, ROWS[:4], tiny_model, profile, out)
    assert capsys.readouterr().out == ""  # no point is computed again
    assert [p["step"] for p in again["history"]] == [p["step"] for p in whole["history"]]
    assert again["tokens_per_second"] > 0 and again["computed"] == whole["computed"]
    first, second = (load_file(path / "model" / "model.safetensors") for path in
                     (tmp_path / "whole", out))  # fmt: skip
    assert all(torch.allclose(first[name], second[name]) for name in first)


def test_an_unfinished_export_leaves_no_model_folder(one_rank, tiny_model, tmp_path, monkeypatch):
    from transformers import PreTrainedTokenizerBase

    monkeypatch.setattr(PreTrainedTokenizerBase, "save_pretrained", failing_with("disk full"))
    with pytest.raises(OSError, match="disk full"):
        train_fsdp(ROWS, ROWS[:4], tiny_model, PROFILES["tiny"], tmp_path / "out")
    assert not (tmp_path / "out" / "model").exists()


def test_full_training_does_not_resume_from_another_model(
    one_rank, tiny_model, tmp_path, monkeypatch
):
    out, profile = tmp_path / "out", PROFILES["tiny"]
    with monkeypatch.context() as patch, pytest.raises(OSError, match="killed"):
        patch.setattr("helpers.training.fsdp_training.export_model", failing_with("killed"))
        train_fsdp(ROWS, ROWS[:4], tiny_model, profile, out)
    other = other_model(tiny_model, tmp_path / "other", one_number)
    with pytest.raises(ValueError, match=r"another training \(weights was '\w+', now '\w+'\)"):
        train_fsdp(ROWS, ROWS[:4], other, profile, out)
    smaller = replace(profile, fsdp_recompute=True, token_budget=64, fsdp_ranks=4)
    record = train_fsdp(ROWS, ROWS[:4], tiny_model, smaller, out)
    assert (
        record["steps"]
        == json.loads(next(out.glob("checkpoints/step-*/progress.json")).read_text())["step"]
    )


def test_two_trainings_cannot_write_into_the_same_folder(tmp_path):
    with lock_training(tmp_path / "out"):
        with pytest.raises(ValueError, match=r"another training is writing into .*out"):
            train_lora(None, None, [], [], PROFILES["tiny"], tmp_path / "out")
        rows = tmp_path / "rows.jsonl"
        write_jsonl(rows, [{"instruction": "Hi", "input": "", "output": "Ho"}] * 4)
        files = [f"--{name}={rows}" for name in ("data", "heldout")]
        options = ["--profile=tiny", "--student=embedded", f"--out={tmp_path / 'out'}"]
        with pytest.raises(RuntimeError, match="another training is writing into"):
            list(torchrun(1, "-m", "helpers.training.fsdp", *files, *options))
