"""Finding and loading a student: folders, hub names, tokenizers, answers, and error messages."""

import json
import shutil
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from helpers.training import answering
from helpers.training.answering import answer
from helpers.training.encoding import end_id
from helpers.training.model_folders import model_folder, student_folder
from helpers.training.student import load_student, load_tokenizer, save_first_blocks
from helpers.training.token_ids import text_ids

ROW = {"instruction": "Say a word.", "input": ""}


def test_an_unknown_model_is_reported_with_what_to_do():
    with pytest.raises(FileNotFoundError, match=r"nobody/nothing.*name a model folder"):
        model_folder("nobody/nothing")
    with pytest.raises(FileNotFoundError, match=r"no model 'a/b/c'.*typing mistake"):
        model_folder("a/b/c")


def test_a_gated_model_is_reported_with_what_to_do(monkeypatch):
    import httpx
    import huggingface_hub

    def gated(*_, **__):
        reply = httpx.Response(403, request=httpx.Request("GET", "http://localhost"))
        raise huggingface_hub.errors.GatedRepoError("gated", response=reply)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", gated)
    with pytest.raises(FileNotFoundError, match=r"gated: accept its terms.*HF_TOKEN"):
        model_folder("google/gemma-2b-it")


def test_a_download_asks_for_the_revision_and_for_no_pickled_weights(monkeypatch, tiny_model):
    import huggingface_hub

    requested = {}

    def fake_download(name, **options):
        requested.update(options, name=name)
        return str(tiny_model)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fake_download)
    assert model_folder("facebook/opt-6.7b@refs/pr/31") == tiny_model
    assert requested["name"] == "facebook/opt-6.7b"
    assert requested["revision"] == "refs/pr/31"
    assert not any("bin" in pattern or "py" in pattern for pattern in requested["allow_patterns"])


def test_a_folder_without_safetensors_is_refused(tiny_model, tmp_path):
    folder = shutil.copytree(tiny_model, tmp_path / "model")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(FileNotFoundError, match=r"no \*\.safetensors in .*save_pretrained"):
        load_student(folder)


def test_a_style_that_the_tokenizer_does_not_support_is_refused(student_folder, tmp_path):
    with pytest.raises(ValueError, match="style='poem'"):
        load_tokenizer(student_folder, "poem")
    bare = shutil.copytree(
        student_folder, tmp_path / "bare", ignore=shutil.ignore_patterns("*.jinja", "*.safetensors")
    )
    with pytest.raises(ValueError, match="where the model has a chat template"):
        load_tokenizer(bare, "chat")


def test_the_padding_token_exists_already_and_is_the_end_token_only_if_there_is_no_other(
    student_folder, tmp_path
):
    folder = shutil.copytree(
        student_folder, tmp_path / "t", ignore=shutil.ignore_patterns("*.safe*")
    )
    path = folder / "tokenizer_config.json"
    config = json.loads(path.read_text())
    for key in ("pad_token", "unk_token", "bos_token"):
        config.pop(key, None)
    path.write_text(json.dumps(config))
    tokenizer = load_tokenizer(folder)
    size = len(tokenizer)
    assert tokenizer.pad_token == "<|endoftext|>" and tokenizer.pad_token_id < size
    text = (folder / "tokenizer.json").read_text()
    (folder / "tokenizer.json").write_text(text.replace("<|endoftext|>", "<|something|>"))
    tokenizer = load_tokenizer(folder)
    assert tokenizer.pad_token == tokenizer.eos_token and len(tokenizer) == size


def test_an_answer_also_ends_at_the_token_that_ends_a_turn(tiny_model, tokenizer, monkeypatch):
    generated = [[11, 12, tokenizer.eos_token_id, 13], [11, 12, 13, 14]]
    monkeypatch.setattr(answering, "_generate", lambda *_: [list(ids) for ids in generated])
    model = load_student(tiny_model)
    stopped, cut_off = answer(model, tokenizer, [ROW, ROW], max_new_tokens=4)
    assert (stopped["stopped"], stopped["tokens"]) == (True, 3)
    assert (cut_off["stopped"], cut_off["tokens"]) == (False, 4)
    monkeypatch.setattr(answering, "end_id", lambda _: 13)
    assert [a["tokens"] for a in answer(model, tokenizer, [ROW, ROW], max_new_tokens=4)] == [3, 3]
    assert end_id(tokenizer) == tokenizer.eos_token_id


@pytest.mark.parametrize(
    "text",
    [
        "Usage: bash count_lines.sh <filename>",
        "<p><s>50</s> 30 euros</p>",
        "A turn ends with <|im_end|>, a document with <|endoftext|>.",
        "물 <jupyter_code> , a . b ! 'tis",
    ],
)
def test_an_answer_keeps_its_text_and_loses_control_tokens(
    tiny_model, tokenizer, monkeypatch, text
):
    """Text that looks like a control token stays; a real control token is removed."""
    end, other = tokenizer.eos_token_id, tokenizer.convert_tokens_to_ids("<file_sep>")
    ids = [*text_ids(text, tokenizer), other, end, *text_ids("never read", tokenizer)]
    monkeypatch.setattr(answering, "_generate", lambda *_: [ids])
    (given,) = answer(load_student(tiny_model), tokenizer, [ROW], max_new_tokens=64)
    assert given["output"] == text and given["stopped"]


def test_when_several_processes_need_the_conversion_only_one_converts(tmp_path, monkeypatch):
    converted = []

    def slow_conversion(folder):
        converted.append(folder)
        time.sleep(0.2)
        folder.mkdir()
        (folder / "model.safetensors").touch()

    monkeypatch.setattr("helpers.teacher.embedded_model._convert", slow_conversion)
    with ThreadPoolExecutor(4) as ranks:
        results = [ranks.submit(student_folder, "embedded", tmp_path / "cache") for _ in range(4)]
    assert {each.result() for each in results} == {str(tmp_path / "cache" / "student")}
    assert len(converted) == 1


def test_the_first_blocks_of_a_model_are_a_model(tiny_model, tmp_path):
    save_first_blocks(tiny_model, 1, tmp_path)
    whole, part = load_student(tiny_model), load_student(tmp_path)
    assert (whole.config.num_hidden_layers, part.config.num_hidden_layers) == (2, 1)
    kept = dict(part.named_parameters())
    assert 0 < len(kept) < len(dict(whole.named_parameters()))
    assert all(kept[name].equal(whole.get_parameter(name)) for name in kept)
    assert load_tokenizer(tmp_path).get_vocab() == load_tokenizer(tiny_model).get_vocab()
