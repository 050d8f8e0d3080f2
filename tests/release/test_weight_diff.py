"""Weight diffs: exact bits are restored, a wrong base is refused, no partial result is left."""

import json
import re
import shutil
import weakref
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file, save_file

from helpers.release.weight_diff import make_diff, recover
from helpers.release.weight_diff_notes import NOTES_FILE, DiffError
from helpers.run import hash_path
from helpers.training.weights import Weights


def folder(path, tensors, files=1):
    """A model folder with the tensors in ``files`` files, and a configuration."""
    path.mkdir()
    names = list(tensors)
    for i in range(files):
        some = {name: tensors[name] for name in names[i::files]}
        save_file(some, path / f"model-{i}.safetensors", metadata={"format": "pt"})
    (path / "config.json").write_text(json.dumps({"name": path.name}))
    return path


def weights(seed, dtype=torch.float32, rows=11):
    draw = torch.Generator().manual_seed(seed)
    shapes = {"embed": (rows, 8), "layer.0": (8, 8), "layer.1": (8, 8), "norm": (8,)}
    return {name: torch.randn(shape, generator=draw).to(dtype) for name, shape in shapes.items()}


def whole(path):
    return {n: t for file in sorted(path.glob("*.safetensors")) for n, t in load_file(file).items()}


def same_bits(one, two):
    return one.keys() == two.keys() and all(
        one[name].dtype == two[name].dtype
        and torch.equal(one[name].view(torch.uint8), two[name].view(torch.uint8))
        for name in one
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("files", [1, 3])
def test_the_exact_bits_are_restored(tmp_path, dtype, files):
    after = weights(2, dtype)
    after["norm"][:3] = torch.tensor(
        [float("nan"), float("inf"), -0.0]
    )  # subtraction would lose these
    base = folder(tmp_path / "base", weights(1), files=2)
    tuned = folder(tmp_path / "tuned", after, files)
    make_diff(base, tuned, tmp_path / "diff")
    again = recover(base, tmp_path / "diff", tmp_path / "again")
    assert hash_path(again) == hash_path(tuned)  # every file, the configuration too
    assert not same_bits(whole(tmp_path / "diff"), after)


def test_unchanged_tensors_are_not_stored_and_new_rows_are_stored_as_they_are(tmp_path):
    before, after = weights(1), weights(1)
    after["layer.1"] = after["layer.1"] + 1
    after["embed"] = torch.cat([after["embed"], torch.ones(2, 8)])
    after["head"] = torch.ones(3)
    base, tuned = folder(tmp_path / "base", before), folder(tmp_path / "tuned", after)
    notes = make_diff(base, tuned, tmp_path / "diff")
    assert {name for name, note in notes.items() if note["stored"]} == {"layer.1", "embed", "head"}
    stored = whole(tmp_path / "diff")["embed"]
    assert not stored[:11].any() and torch.equal(stored[11:].view(torch.float32), torch.ones(2, 8))
    assert same_bits(whole(recover(base, tmp_path / "diff", tmp_path / "again")), after)


@pytest.mark.parametrize(
    "wrong, named",
    [
        (weights(3), "norm"),  # its smallest tensor differs
        (weights(1, rows=12), "embed"),  # a shape differs
        ({"other": torch.ones(2)}, "embed"),
        ({**weights(1), "embed": weights(4)["embed"]}, "embed"),  # only one large tensor differs
    ],
)
def test_a_wrong_base_is_refused_and_nothing_is_left(tmp_path, wrong, named):
    base, tuned = folder(tmp_path / "base", weights(1)), folder(tmp_path / "tuned", weights(2))
    make_diff(base, tuned, tmp_path / "diff")
    other = folder(tmp_path / "other", wrong)
    with pytest.raises(DiffError, match=f"other is not the base .*{named} differs"):
        recover(other, tmp_path / "diff", tmp_path / "again")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["base", "diff", "other", "tuned"]


def test_a_damaged_diff_is_not_recovered(tmp_path):
    base, tuned = folder(tmp_path / "base", weights(1)), folder(tmp_path / "tuned", weights(2))
    make_diff(base, tuned, tmp_path / "diff")
    file = tmp_path / "diff" / "model-0.safetensors"
    damaged = {name: tensor.clone() for name, tensor in load_file(file).items()}
    damaged["layer.0"][0, 0] ^= 1
    save_file(damaged, file)
    with pytest.raises(DiffError, match=r"damaged: layer\.0"):
        recover(base, tmp_path / "diff", tmp_path / "again")
    save_file({**damaged, "layer.0": damaged["layer.0"][:, :3].contiguous()}, file)
    with pytest.raises(DiffError, match=r"damaged: layer\.0"):
        recover(base, tmp_path / "diff", tmp_path / "again")
    (tmp_path / "diff" / NOTES_FILE).unlink()
    with pytest.raises(DiffError, match="no finished diff"):
        recover(base, tmp_path / "diff", tmp_path / "again")
    assert not (tmp_path / "again").exists()


@pytest.mark.parametrize("lost", ["norm", "embed", "layer.1", "head"])
@pytest.mark.parametrize("files", [1, 3])
def test_a_missing_entry_is_named(tmp_path, lost, files):
    after = {**weights(2), "head": torch.ones(3)}  # the base has no head
    after["layer.1"] = weights(1)["layer.1"]  # unchanged, so it is not stored
    base, tuned = folder(tmp_path / "base", weights(1)), folder(tmp_path / "tuned", after, files)
    make_diff(base, tuned, tmp_path / "diff")
    path = tmp_path / "diff" / NOTES_FILE
    notes = json.loads(path.read_text())
    del notes[lost]
    path.write_text(json.dumps(notes))
    with pytest.raises(DiffError, match=rf"lacks 1 of 5 tensors, {re.escape(lost)} among"):
        recover(base, tmp_path / "diff", tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_a_missing_file_whose_entries_are_missing_too_is_noticed(tmp_path):
    base = folder(tmp_path / "base", weights(1))
    make_diff(base, folder(tmp_path / "tuned", weights(2), files=3), tmp_path / "diff")
    path = tmp_path / "diff" / NOTES_FILE
    notes = json.loads(path.read_text())
    (tmp_path / "diff" / notes["norm"]["file"]).unlink()
    kept = {n: note for n, note in notes.items() if note["file"] != notes["norm"]["file"]}
    path.write_text(json.dumps(kept))
    with pytest.raises(DiffError, match=r"lacks \d of 4 tensors"):
        recover(base, tmp_path / "diff", tmp_path / "again")
    path.write_text("{}")
    with pytest.raises(DiffError, match=r"lacks 4 of 4 tensors"):
        recover(base, tmp_path / "diff", tmp_path / "again")


def test_the_tuned_model_may_lack_a_tensor_of_the_base(tmp_path):
    after = weights(2)
    del after["norm"]
    base, tuned = folder(tmp_path / "base", weights(1)), folder(tmp_path / "tuned", after)
    make_diff(base, tuned, tmp_path / "diff")
    assert same_bits(whole(recover(base, tmp_path / "diff", tmp_path / "again")), after)


def test_folders_without_a_model_and_existing_folders_are_refused(tmp_path):
    base, tuned = folder(tmp_path / "base", weights(1)), folder(tmp_path / "tuned", weights(2))
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"no \*\.safetensors"):
        make_diff(base, tmp_path / "empty", tmp_path / "diff")
    shutil.copytree(tuned, tmp_path / "lora")
    (tmp_path / "lora" / "adapter_config.json").write_text("{}")
    with pytest.raises(ValueError, match="holds an adapter"):
        make_diff(base, tmp_path / "lora", tmp_path / "diff")
    with pytest.raises(FileExistsError, match="there already"):
        make_diff(base, tuned, base)


def test_an_incomplete_file_of_weights_is_named(tmp_path):
    base, tuned = folder(tmp_path / "base", weights(1)), folder(tmp_path / "tuned", weights(2))
    file = tuned / "model-0.safetensors"
    file.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(ValueError, match=r"model-0\.safetensors is not a complete file"):
        make_diff(base, tuned, tmp_path / "diff")
    assert not (tmp_path / "diff").exists()


def test_on_a_full_disk_nothing_is_written(tmp_path, monkeypatch):
    base, tuned = folder(tmp_path / "base", weights(1)), folder(tmp_path / "tuned", weights(2))
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=10))
    with pytest.raises(OSError, match="GB are needed"):
        make_diff(base, tuned, tmp_path / "diff")
    assert not (tmp_path / "diff").exists()


def test_what_a_killed_call_left_is_removed(tmp_path):
    base, tuned = folder(tmp_path / "base", weights(1)), folder(tmp_path / "tuned", weights(2))
    rest = tmp_path / ".diff.0a1b2c.unfinished"
    rest.mkdir()
    (rest / "model-9.safetensors").write_text("half")
    make_diff(base, tuned, tmp_path / "diff")
    assert not rest.exists() and not (tmp_path / "diff" / "model-9.safetensors").exists()


def test_one_file_of_weights_at_a_time_is_in_memory(tmp_path, monkeypatch):
    """At any time, the tensors of one file are alive, never those of a whole model."""
    base = folder(tmp_path / "base", weights(1), files=4)
    tuned = folder(tmp_path / "tuned", weights(2), files=4)
    read, alive, tensor = [], [], Weights.tensor

    def counted(self, name):
        found = tensor(self, name)
        read.append(weakref.ref(found))
        alive.append(sum(one() is not None for one in read))
        return found

    monkeypatch.setattr(Weights, "tensor", counted)
    make_diff(base, tuned, tmp_path / "diff")
    recover(base, tmp_path / "diff", tmp_path / "again")
    # Of eight tensors: the current pair, and the previous one, which is freed as this one is read.
    assert len(read) > 16 and max(alive) <= 4


def test_a_missing_file_of_a_model_or_of_a_diff_is_named(tmp_path):
    base = folder(tmp_path / "base", weights(1), files=2)
    tuned = folder(tmp_path / "tuned", weights(2), files=2)
    index = {"weight_map": {"embed": "model-0.safetensors", "norm": "model-1.safetensors"}}
    (tuned / "model.safetensors.index.json").write_text(json.dumps(index))
    make_diff(base, tuned, tmp_path / "diff")
    (base / "model.safetensors.index.json").write_text("[]")
    with pytest.raises(ValueError, match="is not a list of files"):
        Weights(base)
    (base / "model.safetensors.index.json").unlink()
    for complete in (tuned, tmp_path / "diff"):
        missing = complete / "model-1.safetensors"
        content = missing.read_bytes()
        missing.unlink()
        with pytest.raises(ValueError, match=r"lacks model-1\.safetensors"):
            Weights(complete)
        missing.write_bytes(content)
    (tmp_path / "diff" / "model.safetensors.index.json").unlink()
    (tmp_path / "diff" / "model-1.safetensors").unlink()
    with pytest.raises(DiffError, match=r"is not whole: .* is missing"):
        recover(base, tmp_path / "diff", tmp_path / "again")


@pytest.mark.parametrize("file", ["../x.safetensors", "/tmp/x.safetensors", "x.py", ".safetensors"])
def test_a_diff_cannot_write_outside_its_folder(tmp_path, file):
    base, tuned = folder(tmp_path / "base", weights(1)), folder(tmp_path / "tuned", weights(2))
    make_diff(base, tuned, tmp_path / "diff")
    notes = json.loads((tmp_path / "diff" / NOTES_FILE).read_text())
    notes["norm"]["file"] = file
    (tmp_path / "diff" / NOTES_FILE).write_text(json.dumps(notes))
    with pytest.raises(DiffError, match="not whole"):
        recover(base, tmp_path / "diff", tmp_path / "again")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["base", "diff", "tuned"]


@pytest.mark.parametrize(
    "change",
    [
        {"base": None, "stored": False},
        {"base": None, "stored": True},
        {"stored": False},
        {"stored": True},
    ],
)
@pytest.mark.parametrize("shape", [[60_000_000_000], [600_000, 100_000]])
def test_a_size_that_no_file_accounts_for_is_refused_before_memory_is_allocated(
    tmp_path, monkeypatch, change, shape
):
    base, tuned = folder(tmp_path / "base", weights(1)), folder(tmp_path / "tuned", weights(2))
    make_diff(base, tuned, tmp_path / "diff")
    monkeypatch.setattr("torch.zeros", lambda *_, **__: pytest.fail("memory was allocated"))
    path = tmp_path / "diff" / NOTES_FILE
    notes = json.loads(path.read_text())
    for name in ("norm", "new") if change.get("base", 1) is None else ("norm",):
        sums = {"dtype": "uint8", "shape": shape, "sha256": "0" * 64}
        path.write_text(json.dumps({**notes, name: {**notes["norm"], "tuned": sums, **change}}))
        with pytest.raises(
            DiffError, match=rf"is damaged: .*{name}|not whole: {name}|norm differs"
        ):
            recover(base, tmp_path / "diff", tmp_path / "again")
    sums = {**notes["norm"]["tuned"], "dtype": "float64"}  # wider than what is stored
    path.write_text(json.dumps({**notes, "norm": {**notes["norm"], "tuned": sums}}))
    with pytest.raises(DiffError, match="is damaged: norm"):
        recover(base, tmp_path / "diff", tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_new_tensors_and_rows_of_zeros_are_restored(tmp_path):
    before, after = weights(1), weights(1)
    after["bias"] = torch.zeros(5)
    after["empty"] = torch.zeros(0, 3)
    after["embed"] = torch.cat([after["embed"], torch.zeros(2, 8)])
    after["norm"] = after["norm"][:6].clone()
    base, tuned = folder(tmp_path / "base", before), folder(tmp_path / "tuned", after)
    notes = make_diff(base, tuned, tmp_path / "diff")
    assert {n for n, note in notes.items() if note["stored"]} >= {"bias", "embed", "empty"}
    assert same_bits(whole(recover(base, tmp_path / "diff", tmp_path / "again")), after)
