"""Uploading: every file is listed, nothing is sent unasked, and keys and paths stop the whole."""

import sys
from types import SimpleNamespace

import pytest

from helpers.release.upload import UploadError, upload, upload_plan
from helpers.run import ROOT

FAKE_KEY = "sk-" + "x1" * 12


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "model"
    (folder / "data").mkdir(parents=True)
    (folder / "README.md").write_text(
        "# A model\nSee https://example.org/home/of/it and a/tmp/b.\n"
    )
    (folder / "data" / "model.safetensors").write_bytes(bytes(range(256)) * 50)
    return folder


def test_every_file_is_listed_and_nothing_is_sent(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)  # importing it would fail
    assert [file["path"] for file in upload(folder, "owner/name")] == [
        "README.md",
        "data/model.safetensors",
    ]


def test_what_is_sent_is_what_was_listed(folder, monkeypatch):
    sent = []
    hub = SimpleNamespace(
        create_repo=lambda name, **options: sent.append((name, options["private"])),
        upload_folder=lambda **options: sent.append(options["allow_patterns"]),
    )
    monkeypatch.setitem(sys.modules, "huggingface_hub", SimpleNamespace(HfApi=lambda: hub))
    upload(folder, "owner/name", really=True)
    assert sent == [("owner/name", True), ["README.md", "data/model.safetensors"]]


@pytest.mark.parametrize(
    "name, text, why",
    [
        ("notes.txt", f"my key is {FAKE_KEY}", "looks like a key"),
        ("settings.json", '{"OPENAI_API_KEY": "none-of-the-usual-forms"}', "looks like a key"),
        ("data/.env", "COLOUR=blue", "file of secrets"),
        ("server.pem", "x", "file of secrets"),
        (".notes", "x", "a hidden file"),
        ("training_args.bin", "x", "a pickle"),
        ("config.json", '{"_name_or_path": "/home/ada/models/base"}', "path of this machine"),
        ("config.json", '{"_name_or_path": "C:\\\\Users\\\\ada\\\\base"}', "path of this machine"),
        ("run.json", f'{{"folder": "{ROOT}/runs"}}', "path of this machine"),
    ],
)
def test_a_secret_or_a_path_stops_the_whole_upload(folder, monkeypatch, name, text, why):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    (folder / name).write_text(text)
    with pytest.raises(UploadError, match=why) as stopped:
        upload(folder, "owner/name", really=True, own_paths=[ROOT])
    assert name in str(stopped.value) and FAKE_KEY not in str(stopped.value)


def test_a_link_and_an_empty_folder_are_told(folder, tmp_path):
    (folder / "base").symlink_to(folder / "README.md")
    with pytest.raises(UploadError, match="a link"):
        upload_plan(folder)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UploadError, match="no file"):
        upload_plan(tmp_path / "empty")
