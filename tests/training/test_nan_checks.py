"""NaN and infinity stop a training, and a file that holds them is refused."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from helpers.io import write_jsonl
from helpers.profiles import PROFILES
from helpers.release.adapters import WEIGHTS, AdapterError, check_base, merge, pack
from helpers.run import ROOT
from helpers.training.encoding import encode_all
from helpers.training.fsdp_training import train_fsdp
from helpers.training.launch import torchrun
from helpers.training.lora import check_adapter, train_lora
from helpers.training.nan_checks import check_finite, row_numbers, rows_not_finite
from helpers.training.student import load_student

ROWS = [{"instruction": f"Say {i}.", "input": "", "output": f"it is {i}"} for i in range(12)]
PROFILE = replace(PROFILES["tiny"], lora_lr=1e-2, lora_epochs=2, max_length=128)
NAN, INF = float("nan"), float("inf")


def test_rows_are_named_by_their_place_in_the_list_before_rows_are_dropped(tokenizer):
    long = {"instruction": "word " * 300, "input": "", "output": "x"}
    rows = [ROWS[0], long, ROWS[1], long, ROWS[2], ROWS[0]]
    _, dropped = encode_all(rows, tokenizer, 128)
    assert row_numbers(rows, dropped) == [0, 2, 4, 5]
    assert rows_not_finite([1.0, NAN, INF], [[0], [2, 5], [4]]) == [2, 4, 5]
    assert rows_not_finite([1.0, 0.0], [[0], [1]]) == []


def break_loss(monkeypatch, tokenizer, value, word=" zebra"):
    """Make the loss of every row with the word ``value``, in LoRA and in full training."""
    from helpers.training import encoding

    (at,) = tokenizer(word, add_special_tokens=False)["input_ids"][-1:]
    real = encoding.token_losses

    def broken(model, batch):
        losses = real(model, batch)
        return losses * value if (batch["input_ids"] == at).any() else losses

    monkeypatch.setattr("helpers.training.trl_steps.token_losses", broken)
    monkeypatch.setattr("helpers.training.shards.token_losses", broken)


@pytest.fixture
def one_rank(tmp_path):
    import torch.distributed as dist

    dist.init_process_group("gloo", init_method=f"file://{tmp_path}/meet", rank=0, world_size=1)
    yield
    dist.destroy_process_group()


def rows_with_a_zebra(at):
    long = {"instruction": "word " * 300, "input": "", "output": "dropped, but counted"}
    rows = [long, *ROWS]
    rows[at] = {"instruction": "Name an animal.", "input": "", "output": "a zebra"}
    return rows


@pytest.mark.parametrize("value", [NAN, INF, -INF])
def test_lora_training_stops_and_names_step_and_row(
    tiny_model, tokenizer, tmp_path, monkeypatch, value
):
    break_loss(monkeypatch, tokenizer, value)
    profile = replace(PROFILE, token_budget=1)  # one row at a time, so the error names one row
    with pytest.raises(FloatingPointError, match=r"step [123]: the loss .* training row\(s\) 7 \("):
        train_lora(
            load_student(tiny_model), tokenizer, rows_with_a_zebra(7), ROWS[:4], profile, tmp_path
        )
    assert not (tmp_path / "adapter").exists()


@pytest.mark.parametrize("value", [NAN, INF])
def test_full_training_stops_and_names_step_and_row(
    one_rank, tiny_model, tokenizer, tmp_path, monkeypatch, value
):
    break_loss(monkeypatch, tokenizer, value)
    profile = replace(PROFILES["tiny"], token_budget=1)
    with pytest.raises(FloatingPointError, match=r"step [12]: the loss .* training row\(s\) 7 \("):
        train_fsdp(rows_with_a_zebra(7), ROWS[:4], tiny_model, profile, tmp_path / "out")
    assert not (tmp_path / "out" / "model").exists()


BROKEN_SCRIPT = """
import sys
import helpers.training.shards
from helpers.training.encoding import token_losses
from helpers.training.fsdp import main

word = int(sys.argv.pop(1))
helpers.training.shards.token_losses = lambda model, batch: token_losses(model, batch) / (
    batch["input_ids"] != word
).all()
main()
"""


def test_a_row_on_another_rank_is_named_too(tiny_model, tokenizer, tmp_path, monkeypatch):
    monkeypatch.setenv("ALPACA_PRECISION", "fp32")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    for at in (3, 8):  # one of them is on the second rank
        write_jsonl(tmp_path / "train.jsonl", rows_with_a_zebra(at))
        write_jsonl(tmp_path / "heldout.jsonl", ROWS[:4])
        (tmp_path / "broken.py").write_text(BROKEN_SCRIPT)
        word = tokenizer(" zebra", add_special_tokens=False)["input_ids"][-1]
        options = {"student": tiny_model, "data": tmp_path / "train.jsonl", "profile": "tiny"}
        options |= {"heldout": tmp_path / "heldout.jsonl", "out": tmp_path / "out"}
        arguments = [f"--{name}={value}" for name, value in options.items()]
        message = rf"^FloatingPointError: step [12]: the loss .* training row\(s\) .*\b{at}\b"
        with pytest.raises(RuntimeError, match=message):
            list(torchrun(2, tmp_path / "broken.py", word, *arguments))


def test_a_held_out_row_is_named_as_a_held_out_row(
    one_rank, tiny_model, tokenizer, tmp_path, monkeypatch
):
    break_loss(monkeypatch, tokenizer, NAN)
    profile = replace(PROFILE, token_budget=1)
    held = rows_with_a_zebra(3)[1:5]
    message = r"step 0: the loss .* held-out row\(s\) 2 \("
    with pytest.raises(FloatingPointError, match=message):
        train_lora(load_student(tiny_model), tokenizer, ROWS, held, profile, tmp_path)
    with pytest.raises(FloatingPointError, match=message):
        train_fsdp(ROWS, held, tiny_model, profile, tmp_path / "out")


def test_a_gradient_that_is_not_finite_stops_a_training(
    one_rank, tiny_model, tokenizer, tmp_path, monkeypatch
):
    """The loss is finite and its gradient is not, as for the square root at zero."""
    from helpers.training import encoding

    real = encoding.token_losses
    broken = lambda model, batch: real(model, batch) + (real(model, batch) * 0).sqrt()  # noqa: E731
    monkeypatch.setattr("helpers.training.trl_steps.token_losses", broken)
    monkeypatch.setattr("helpers.training.shards.token_losses", broken)
    with pytest.raises(FloatingPointError, match=r"step 1: the gradient .* row\(s\) \d+, \d+"):
        train_lora(load_student(tiny_model), tokenizer, ROWS, ROWS[:2], PROFILE, tmp_path)
    with pytest.raises(FloatingPointError, match=r"step 1: the gradient .* row\(s\) \d+, \d+"):
        train_fsdp(ROWS, ROWS[:2], tiny_model, PROFILES["tiny"], tmp_path / "out")


@pytest.fixture(scope="module")
def adapter(tiny_model, tokenizer, tmp_path_factory):
    out = tmp_path_factory.mktemp("lora")
    train_lora(load_student(tiny_model), tokenizer, ROWS, ROWS[:2], PROFILE, out)
    return out / "adapter"


@pytest.mark.parametrize("value", [NAN, INF])
@pytest.mark.parametrize("which", ["lora_A", "lora_B"])
def test_an_adapter_with_one_nan_or_infinity_is_refused_everywhere(
    tiny_model, adapter, tmp_path, value, which
):
    bad = shutil.copytree(adapter, tmp_path / "bad")
    weights = {name: tensor.clone() for name, tensor in load_file(bad / WEIGHTS).items()}
    name = next(name for name in weights if which in name)
    weights[name][0, 0] = value
    save_file(weights, bad / WEIGHTS)
    for use in (
        lambda: check_adapter(bad),
        lambda: load_student(tiny_model, bad),
        lambda: load_student(tiny_model, bad, merge=False),
    ):
        with pytest.raises(ValueError, match=r"1 of the \d+ tensors .* NaN or infinity"):
            use()
    for use in (
        lambda: check_base(tiny_model, bad),
        lambda: merge(tiny_model, bad, tmp_path / "merged"),
        lambda: pack(bad, "owner/base", None, tmp_path / "package"),
    ):
        with pytest.raises(AdapterError, match="NaN or infinity"):
            use()
    assert not (tmp_path / "merged").exists() and not (tmp_path / "package").exists()


def test_an_adapter_of_nan_is_not_saved(tiny_model, tokenizer, tmp_path, monkeypatch):
    """Such a training leaves no adapter, and an earlier adapter stays."""
    from peft import PeftModel

    real = PeftModel.save_pretrained

    def broken(self, folder, **options):
        real(self, folder, **options)
        if "checkpoint" not in str(folder):
            weights = load_file(Path(folder) / WEIGHTS)
            save_file(
                {name: tensor / 0 for name, tensor in weights.items()}, Path(folder) / WEIGHTS
            )

    (tmp_path / "adapter").mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(PeftModel, "save_pretrained", broken)
        with pytest.raises(ValueError, match="NaN or infinity"):
            train_lora(load_student(tiny_model), tokenizer, ROWS, ROWS[:2], PROFILE, tmp_path)
    remaining = {path.name for path in tmp_path.iterdir() if not path.name.startswith(".")}
    assert remaining == {"adapter", "checkpoints"}
    assert not list((tmp_path / "adapter").iterdir())


def test_finite_weights_are_accepted(adapter, tmp_path):
    check_finite(adapter / WEIGHTS)
    save_file({"counts": torch.arange(3), "none": torch.empty(0)}, tmp_path / "x.safetensors")
    check_finite(tmp_path / "x.safetensors")


EIGHT_BITS = ["float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz"]


@pytest.mark.parametrize("name", EIGHT_BITS)
def test_eight_bit_weights_are_checked_too(tmp_path, name):
    numbers = torch.tensor([[1.0, -2.0], [0.5, 0.0]])
    for tensor, good in ((numbers, True), (torch.full((2, 2), NAN), False)):
        path = tmp_path / "x.safetensors"
        try:
            save_file({"x": tensor.to(getattr(torch, name))}, path)
        except (AttributeError, KeyError, ValueError):
            pytest.skip(f"this version has no {name}")
        if good:
            check_finite(path)
        else:
            with pytest.raises(ValueError, match="NaN or infinity"):
                check_finite(path)
