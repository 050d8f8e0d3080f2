"""Adapters: another base is refused, merging gives what peft gives, packing copies all files."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file, save_file

from helpers.profiles import PROFILES
from helpers.release.adapters import CONFIG, WEIGHTS, AdapterError, check_base, merge, pack
from helpers.training.adapter_base import BASE, base_checksums
from helpers.training.lora import train_lora
from helpers.training.student import load_student
from helpers.training.weights import Weights

CARD = SimpleNamespace(save=lambda path: Path(path).write_text("# Of a student\n"))
ROWS = [{"instruction": f"Say {i}.", "input": "", "output": f"it is {i}"} for i in range(12)]
PROFILE = replace(PROFILES["tiny"], lora_lr=1e-2, lora_epochs=2, max_length=128)


@pytest.fixture(scope="module")
def adapter(tiny_model, tokenizer, tmp_path_factory):
    """An adapter of one short training, with the checksums of its base."""
    out = tmp_path_factory.mktemp("lora")
    train_lora(load_student(tiny_model), tokenizer, ROWS, ROWS[:2], PROFILE, out)
    return out / "adapter"


def copy(folder, target):
    shutil.copytree(folder, target)
    return target


def test_training_records_its_base_and_that_base_is_accepted(tiny_model, adapter):
    sums = json.loads((adapter / BASE).read_text())
    assert set(sums) == set(Weights(tiny_model).files)
    check_base(tiny_model, adapter)


def test_a_merged_model_answers_as_peft_does_and_only_the_adapted_tensors_change(
    tiny_model, adapter, tmp_path
):
    merged = merge(tiny_model, adapter, tmp_path / "merged")
    ids = torch.arange(5, 25)[None]
    with torch.no_grad():
        with_adapter = load_student(tiny_model, adapter, merge=False)(input_ids=ids).logits
        from_merged = load_student(merged)(input_ids=ids).logits
    assert torch.allclose(with_adapter, from_merged, atol=1e-4)
    before, after = (load_file(folder / "model.safetensors") for folder in (tiny_model, merged))
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed and all("proj" in name for name in changed)
    assert (merged / "tokenizer.json").is_file()


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda w: w.update({n: t + 1 for n, t in w.items() if t.ndim == 1}), "other numbers"),
        (lambda w: w.update({n: t + 1 for n, t in w.items() if "k_proj" in n}), "other numbers"),
        (lambda w: w.update({n: t[:, :16] for n, t in w.items() if "q_proj" in n}), "is .32, 16."),
        (lambda w: [w.pop(n) for n in list(w) if "layers.1" in n], "missing there"),
    ],
)
def test_another_base_is_refused_and_nothing_is_left(
    tiny_model, adapter, tmp_path, change, message
):
    other = copy(tiny_model, tmp_path / "other")
    weights = load_file(other / "model.safetensors")
    change(weights)
    save_file(
        {name: tensor.contiguous() for name, tensor in weights.items()},
        other / "model.safetensors",
        metadata={"format": "pt"},
    )
    with pytest.raises(AdapterError, match=f"not learned on the model in .*other: .*{message}"):
        merge(other, adapter, tmp_path / "merged")
    assert [path.name for path in tmp_path.iterdir()] == ["other"]


def test_an_adapter_cannot_be_merged_twice(tiny_model, adapter, tmp_path):
    once = merge(tiny_model, adapter, tmp_path / "once")
    with pytest.raises(AdapterError, match="other numbers"):
        merge(once, adapter, tmp_path / "twice")


def test_merging_compares_every_tensor_with_its_checksum(tiny_model, adapter, tmp_path):
    """Also the largest, which the quick check skips."""
    other = copy(tiny_model, tmp_path / "other")
    weights = load_file(other / "model.safetensors")
    weights["model.embed_tokens.weight"][5] += 1
    save_file(weights, other / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(AdapterError, match=r"embed_tokens\.weight has other numbers"):
        merge(other, adapter, tmp_path / "merged")


def test_an_adapter_on_a_merged_student_records_the_merged_weights(
    tiny_model, adapter, tokenizer, tmp_path
):
    student = load_student(tiny_model, adapter)  # the first adapter is merged in memory
    assert not student.name_or_path and not student.config.name_or_path
    train_lora(student, tokenizer, ROWS, ROWS[:2], PROFILE, tmp_path / "second")
    second = tmp_path / "second" / "adapter"
    with pytest.raises(AdapterError, match="other numbers"):
        check_base(tiny_model, second)
    check_base(merge(tiny_model, adapter, tmp_path / "once"), second, few=None)
    assert str(tiny_model) not in (second / CONFIG).read_text()


def test_weights_changed_in_memory_are_recorded(tiny_model, tokenizer, tmp_path):
    student = load_student(tiny_model)
    with torch.no_grad():
        student.model.layers[1].mlp.up_proj.weight[3, 4] += 1e-4
    train_lora(student, tokenizer, ROWS, ROWS[:2], PROFILE, tmp_path)
    with pytest.raises(AdapterError, match=r"up_proj\.weight has other numbers"):
        check_base(tiny_model, tmp_path / "adapter", few=None)


def test_a_base_loaded_in_another_dtype_has_the_checksums_of_its_folder(tiny_model):
    assert base_checksums(load_student(tiny_model).bfloat16()) == base_checksums(
        load_student(tiny_model)
    )


def grow(adapter, target, rows, name="embed_tokens"):
    """The adapter as peft saves it for an enlarged vocabulary: with the whole embedding."""
    grown = copy(adapter, target)
    weights = {n: t.clone() for n, t in load_file(grown / WEIGHTS).items()}
    save_file({**weights, f"base_model.model.model.{name}.weight": torch.ones(rows, 32)},
              grown / WEIGHTS)  # fmt: skip
    return grown


@pytest.mark.parametrize("name", ["embed_tokens", "embed_tokens.modules_to_save"])
def test_an_adapter_with_a_larger_vocabulary_is_refused(
    tiny_model, adapter, tokenizer, tmp_path, name
):
    grown = grow(adapter, tmp_path / "grown", len(tokenizer) + 2, name)
    message = rf"embed_tokens\.weight of its own with {len(tokenizer) + 2} rows, and the model in"
    with pytest.raises(AdapterError, match=message):
        check_base(tiny_model, grown)
    with pytest.raises(AdapterError, match=message):
        merge(tiny_model, grown, tmp_path / "merged")
    check_base(tiny_model, grow(adapter, tmp_path / "same", len(tokenizer), name))


def test_an_adapter_that_peft_saves_of_an_enlarged_model_is_refused(
    tiny_model, tokenizer, tmp_path
):
    student = load_student(tiny_model)
    student.resize_token_embeddings(len(tokenizer) + 3)
    train_lora(student, tokenizer, ROWS, ROWS[:2], PROFILE, tmp_path)
    with pytest.raises(AdapterError, match=rf"{len(tokenizer) + 3} rows"):
        check_base(tiny_model, tmp_path / "adapter")


def test_a_lora_pair_for_an_enlarged_embedding_is_refused(tiny_model, adapter, tokenizer, tmp_path):
    grown = copy(adapter, tmp_path / "grown")
    pair = {"A": torch.ones(2, len(tokenizer) + 1), "B": torch.ones(32, 2)}
    prefix = "base_model.model.model.embed_tokens.lora_embedding_"
    weights = {n: t.clone() for n, t in load_file(grown / WEIGHTS).items()}
    save_file(weights | {prefix + side: pair[side] for side in pair}, grown / WEIGHTS)
    with pytest.raises(AdapterError, match=r"embed_tokens\.weight is \["):
        check_base(tiny_model, grown)


def test_an_adapter_of_another_kind_and_empty_checksums_are_refused(tiny_model, adapter, tmp_path):
    other = copy(adapter, tmp_path / "other")
    (other / BASE).write_text("{}")
    with pytest.raises(AdapterError, match="holds no checksums"):
        check_base(tiny_model, other)
    save_file({"prompt_embeddings": torch.ones(2, 2)}, other / WEIGHTS)
    with pytest.raises(AdapterError, match="no pairs of LoRA matrices"):
        check_base(tiny_model, other)


def test_without_recorded_checksums_the_shapes_are_compared(tiny_model, adapter, tmp_path):
    foreign = copy(adapter, tmp_path / "foreign")
    (foreign / BASE).unlink()
    check_base(tiny_model, foreign)
    pairs = load_file(foreign / WEIGHTS)
    save_file({name: torch.cat([t, t], dim=-1) for name, t in pairs.items()}, foreign / WEIGHTS)
    with pytest.raises(AdapterError, match="not learned on"):
        check_base(tiny_model, foreign)


@pytest.mark.parametrize("name", [CONFIG, WEIGHTS, BASE])
def test_an_incomplete_adapter_is_refused(tiny_model, adapter, tmp_path, name):
    half = copy(adapter, tmp_path / "half")
    (half / name).write_bytes((half / name).read_bytes()[:-30])
    with pytest.raises(AdapterError, match=f"{name} is missing or not whole"):
        merge(tiny_model, half, tmp_path / "merged")
    with pytest.raises(AdapterError, match=f"{name} is missing or not whole"):
        pack(half, "owner/base", CARD, tmp_path / "package")
    if name != BASE:
        (half / name).unlink()
        with pytest.raises(AdapterError, match=f"{name} is missing or not whole"):
            check_base(tiny_model, half)


def test_an_existing_folder_and_a_full_disk_are_refused(tiny_model, adapter, tmp_path, monkeypatch):
    with pytest.raises(FileExistsError, match="there already"):
        merge(tiny_model, adapter, tmp_path)
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=10))
    with pytest.raises(OSError, match="GB are needed"):
        merge(tiny_model, adapter, tmp_path / "merged")
    assert list(tmp_path.iterdir()) == []


def test_a_package_has_the_public_name_of_its_base_and_its_card(adapter, tmp_path):
    package = pack(adapter, "owner/base", CARD, tmp_path / "package")
    names = {path.name for path in package.iterdir()}
    assert names == {WEIGHTS, CONFIG, BASE, "README.md"}
    assert json.loads((package / CONFIG).read_text())["base_model_name_or_path"] == "owner/base"
    assert (package / "README.md").read_text() == "# Of a student\n"
