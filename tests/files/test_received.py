"""Folders from other people: links, pipes, deep nesting, slow patterns, code inside them."""

import json
import os
import shutil
import time

import pytest
import torch
from safetensors.torch import load_file, save_file

from helpers.files.received import ReceivedError, check_folder, is_inside, read_json
from helpers.io import write_jsonl
from helpers.planning.architectures import model_config
from helpers.profiles import PROFILES
from helpers.release.adapters import check_base, merge, pack
from helpers.release.weight_diff import make_diff, recover
from helpers.release.weight_diff_notes import DiffError
from helpers.run import Run, RunError, hash_path
from helpers.training.checksums import is_checksum
from helpers.training.model_folders import model_folder
from helpers.training.shards import load_sharded
from helpers.training.student import load_student
from helpers.training.weights import Weights

DEEP = "[" * 100_000


@pytest.fixture
def models(tmp_path):
    """A base and a diff against it, and a private file beside both."""
    for i, name in enumerate(("base", "tuned")):
        (tmp_path / name).mkdir()
        save_file({"w": torch.full((4, 4), float(i))}, tmp_path / name / "model.safetensors")
        (tmp_path / name / "config.json").write_text("{}")
    make_diff(tmp_path / "base", tmp_path / "tuned", tmp_path / "diff")
    (tmp_path / "private.txt").write_text("my secret")
    return tmp_path


def test_a_link_out_of_a_weight_diff_is_not_copied(models):
    (models / "diff" / "tokenizer.json").symlink_to(models / "private.txt")
    with pytest.raises(ReceivedError, match=r"diff/tokenizer\.json is a link out of its folder"):
        recover(models / "base", models / "diff", models / "out")
    assert not (models / "out").exists()


@pytest.mark.parametrize("target", ["..", "/etc", "../private.txt", "nowhere"])
def test_every_kind_of_link_out_is_refused(models, target):
    (models / "diff" / "deep").mkdir()
    (models / "diff" / "deep" / "name.json").symlink_to(target)
    with pytest.raises(ReceivedError, match="is a link out of its folder"):
        check_folder(models / "diff")


def test_a_chain_of_links_that_ends_outside_is_refused(models):
    (models / "diff" / "one.json").symlink_to("two.json")
    (models / "diff" / "two.json").symlink_to(models / "private.txt")
    with pytest.raises(ReceivedError):
        check_folder(models / "diff")


def test_a_link_within_the_folder_and_the_hubs_cache_are_read(models):
    (models / "diff" / "same.json").symlink_to("config.json")
    check_folder(models / "diff")
    cache = models / "models--owner--name"
    (cache / "blobs").mkdir(parents=True)
    (cache / "snapshots" / "0a1b").mkdir(parents=True)
    os.replace(models / "base" / "model.safetensors", cache / "blobs" / "aa")
    (cache / "snapshots" / "0a1b" / "model.safetensors").symlink_to("../../blobs/aa")
    assert Weights(cache / "snapshots" / "0a1b").shape("w") == [4, 4]
    (cache / "snapshots" / "0a1b" / "config.json").symlink_to("../../../private.txt")
    with pytest.raises(ReceivedError):
        Weights(cache / "snapshots" / "0a1b")


@pytest.mark.parametrize("name", ["model-2.safetensors", "tokenizer.json", "merges.txt"])
def test_a_pipe_is_refused_without_waiting(models, name):
    os.mkfifo(models / "diff" / name)
    with pytest.raises(ReceivedError, match="is a pipe, not a file"):
        recover(models / "base", models / "diff", models / "out")


def test_a_model_folder_with_a_link_is_not_loaded(tiny_model, tmp_path):
    for path in os.scandir(tiny_model):
        os.link(path, tmp_path / path.name)
    (tmp_path / "extra.jinja").symlink_to("/etc/hostname")
    with pytest.raises(ReceivedError, match="is a link"):
        model_folder(tmp_path)


@pytest.mark.parametrize("text", [DEEP, '{"a":' * 100_000, '{"weight_map": ' + "[" * 2000])
def test_deep_nesting_is_refused_with_the_name_of_the_file(models, text):
    for name in ("diff/diff.json", "tuned/model.safetensors.index.json"):
        (models / name).write_text(text)
    with pytest.raises(DiffError, match=r"diff\.json is missing or not whole"):
        recover(models / "base", models / "diff", models / "out")
    with pytest.raises(ReceivedError, match=r"index\.json is not a usable JSON file: .*levels"):
        Weights(models / "tuned")
    with pytest.raises(ReceivedError, match="not a usable JSON file"):
        read_json(models / "diff" / "diff.json")


def test_deep_nesting_in_a_models_configuration_is_refused(tiny_model, tmp_path):
    for path in os.scandir(tiny_model):
        os.link(path, tmp_path / path.name)
    (tmp_path / "special.json").write_text(DEEP)
    with pytest.raises(ReceivedError, match=r"special\.json is not a usable JSON file"):
        load_student(tmp_path)


def test_deep_nesting_or_another_form_of_a_manifest_is_refused(tmp_path):
    run = Run(tmp_path, PROFILES["tiny"])
    for text in (DEEP, "[]", '{"steps": 1, "settings": {}}', '{"steps": {"a": 1}, "settings": {}}'):
        run.path("manifest.json").write_text(text)
        with pytest.raises(RunError, match="not valid JSON, or not a manifest"):
            run.manifest()


@pytest.mark.parametrize("name", ["../../victim", "/etc/passwd", "a/../../b", "..", "a\\..\\b"])
def test_a_manifest_cannot_name_files_outside_its_run(tmp_path, name):
    run = Run(tmp_path / "run", PROFILES["tiny"])
    write_jsonl(run.path("a.jsonl"), [{"a": 1}])
    run.finish("01_preprocess", outputs=["a.jsonl"])
    text = run.path("manifest.json").read_text()
    run.path("manifest.json").write_text(text.replace('"a.jsonl"', json.dumps(name)))
    with pytest.raises(RunError, match="is outside its run"):
        run.need("01_preprocess")
    with pytest.raises(RunError, match="is not inside"):
        run.finish("02_generate", outputs=[name])
    assert is_inside("lora/adapter") and is_inside("a..b") and not is_inside(name)


def test_a_run_whose_output_is_a_link_is_not_trusted(tmp_path):
    private, run = tmp_path / "private.txt", Run(tmp_path / "run", PROFILES["tiny"])
    private.write_text("mine")
    write_jsonl(run.path("a.jsonl"), [{"a": 1}])
    run.finish("01_preprocess", inputs=["a.jsonl"], outputs=["a.jsonl"])
    run.path("a.jsonl").unlink()
    run.path("a.jsonl").symlink_to(private)
    manifest = json.loads(run.path("manifest.json").read_text())
    step = manifest["steps"]["01_preprocess"]
    step["outputs"]["a.jsonl"] = step["inputs"]["a.jsonl"] = hash_path(private)
    run.path("manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(RunError, match="is a link to a file elsewhere"):
        run.need("01_preprocess")
    run.path("a.jsonl").unlink()
    write_jsonl(run.path("a.jsonl"), [{"a": 1}])
    step["outputs"], step["inputs"] = {"a.jsonl": hash_path(run.path("a.jsonl"))}, {"/": "00"}
    run.path("manifest.json").write_text(json.dumps({**manifest, "steps": {"01_preprocess": step}}))
    with pytest.raises(RunError, match="/ changed after"):  # and the disk was not read
        run.need("01_preprocess")


@pytest.mark.parametrize(
    "change",
    [
        {"shape": [-4, -4]}, {"shape": [4.0, 4]}, {"shape": "44"}, {"shape": [True, 16]},
        {"shape": [1 << 30, 1 << 30]}, {"shape": [1] * 100}, {"dtype": "save"}, {"dtype": "load"},
        {"dtype": "complex64"}, {"dtype": None}, {"sha256": 7},
    ],
)  # fmt: skip
def test_a_shape_or_data_type_that_no_tensor_has_is_refused(models, change):
    path = models / "diff" / "diff.json"
    notes = json.loads(path.read_text())
    assert is_checksum(notes["w"]["tuned"])
    for which in ("tuned", "base"):
        wrong = {"w": {**notes["w"], which: {**notes["w"][which], **change}}}
        path.write_text(json.dumps(wrong))
        with pytest.raises(DiffError, match="no finished diff"):
            recover(models / "base", models / "diff", models / "out")


@pytest.fixture
def adapter(tiny_model, tmp_path):
    """An adapter beside two layers of the tiny model, as peft saves one."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(tiny_model)
    lora = LoraConfig(r=2, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM")
    torch.manual_seed(1)
    lora.init_lora_weights = False
    get_peft_model(model, lora).save_pretrained(tmp_path / "adapter")
    return tmp_path / "adapter"


def configured(adapter, **changes):
    path = adapter / "adapter_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    return adapter


def test_a_regular_expression_for_layers_is_not_run(tiny_model, adapter, tmp_path):
    """This one backtracks for ever on names such as model.layers.0.self_attn.q_proj."""
    plain = merge(tiny_model, adapter, tmp_path / "plain")
    began = time.monotonic()
    configured(adapter, target_modules=r"(\w|\.)*(\w|\.)*(\w|\.)*(\w|\.)*(\w|\.)*(\w|\.)*!")
    merged = merge(tiny_model, adapter, tmp_path / "merged")
    assert time.monotonic() - began < 60  # the pattern itself would take years
    both = [load_file(folder / "model.safetensors") for folder in (plain, merged)]
    assert all(torch.equal(both[0][name], both[1][name]) for name in both[0])
    assert load_student(tiny_model, adapter) is not None


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"rank_pattern": {r"(a+)+$": 2}}, "holds the regular expression"),
        ({"alpha_pattern": {r"(\w+\s?)*": 2}}, "holds the regular expression"),
        ({"modules_to_save": ["([a-z0-9._]+)+!"]}, "holds the regular expression"),
        ({"layer_replication": [[0, 2]] * 1000}, "asks for layer_replication"),
        ({"init_lora_weights": "pissa_niter_999999999"}, "asks for init_lora_weights"),
        ({"megatron_config": {"x": 1}, "megatron_core": "evil"}, "asks for megatron_config"),
        ({"trainable_token_indices": [1]}, "asks for trainable_token_indices"),
        ({"something_new": "evil.module"}, "asks for something_new"),
        ({"r": "8"}, "r is '8', expected another kind"),
        ({"lora_alpha": [1]}, "expected another kind"),
        ({"peft_type": "PREFIX_TUNING"}, "is not a LoRA configuration"),
    ],
)
def test_other_settings_of_a_configuration_are_refused_by_name(tiny_model, adapter, changes, why):
    with pytest.raises(ReceivedError, match=why):
        load_student(tiny_model, configured(adapter, **changes))


def test_patterns_that_are_not_needed_are_ignored(tiny_model, adapter):
    slow = r"(x+x+)+y"
    configured(adapter, layers_to_transform=[0], layers_pattern=slow, exclude_modules=slow,
               megatron_core="evil.module")  # fmt: skip
    assert load_student(tiny_model, adapter) is not None


def test_an_adapter_inside_a_model_folder_is_refused(tiny_model, adapter, tmp_path):
    for path in os.scandir(tiny_model):
        shutil.copyfile(path, adapter / path.name)
    with pytest.raises(ReceivedError, match="holds a model and an adapter"):
        load_student(adapter)


def test_a_link_and_deep_nesting_in_an_adapter_are_refused(tiny_model, adapter, tmp_path):
    (adapter / "adapter_config.json").write_text(DEEP)
    with pytest.raises(ValueError, match=r"adapter_config\.json is missing or not whole"):
        check_base(tiny_model, adapter)
    (adapter / "README.md").unlink(missing_ok=True)
    (adapter / "README.md").symlink_to("/etc/hostname")
    for use in (check_base, lambda base, one: merge(base, one, tmp_path / "out")):
        with pytest.raises(ValueError, match="is a link out of its folder"):
            use(tiny_model, adapter)
    with pytest.raises(ValueError):
        pack(adapter, "owner/base", None, tmp_path / "package")


def test_code_in_a_model_folder_is_refused_without_asking_the_user(tmp_path, monkeypatch):
    (tmp_path / "evil.py").write_text("open('ran', 'w')\nclass C: pass\n")
    made = {
        "model_type": "evil",
        "auto_map": {"AutoConfig": "evil.C", "AutoModelForCausalLM": "evil.C"},
    }
    (tmp_path / "config.json").write_text(json.dumps(made))
    save_file({"w": torch.zeros(1)}, tmp_path / "model.safetensors")
    monkeypatch.setattr("builtins.input", lambda *_: pytest.fail("the user was asked"))
    monkeypatch.chdir(tmp_path)
    for read in (model_config, lambda folder: load_sharded(folder, None), load_student):
        with pytest.raises((ValueError, OSError)):
            read(str(tmp_path))
    assert not (tmp_path / "ran").exists()


def test_a_json_file_must_be_a_regular_file_also_behind_a_link(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "zero.json").symlink_to("/dev/zero")
    for name, kind in (("pipe.json", "a pipe"), ("zero.json", "a device")):
        with pytest.raises(ReceivedError, match=rf"{name} is not a usable JSON file: .*{kind}"):
            read_json(tmp_path / name)
    (tmp_path / "long.json").write_text("[1, 2, 3]")
    assert read_json(tmp_path / "long.json") == [1, 2, 3]
    monkeypatch.setattr("helpers.files.received.MAX_JSON_BYTES", 5)
    with pytest.raises(ReceivedError, match="more than 5 bytes"):
        read_json(tmp_path / "long.json")
