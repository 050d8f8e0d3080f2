"""Uploading: files are listed, nothing is sent by default, one key or path stops everything."""

import base64
import os
import re
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks.leaks import TEXTS, rates
from helpers.io import read_jsonl
from helpers.release.leaks.text import leaks
from helpers.release.upload import UploadError, upload, upload_plan
from helpers.run import ROOT

FAKE_KEY = "sk-" + "Ab12Cd34Ef56" + "Gh78Ij90Kl12"


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


class Hub:
    """A fake hub that records what it receives."""

    def __init__(self, public):
        self.public, self.sent = public, []

    def create_repo(self, name, private, exist_ok):
        self.sent.append((name, private))

    def repo_info(self, name):
        return SimpleNamespace(private=not self.public)

    def create_commit(self, name, operations, commit_message):
        self.sent.append([operation.path_in_repo for operation in operations])


def hub(monkeypatch, public=False):
    from huggingface_hub import CommitOperationAdd

    fake = Hub(public)
    module = SimpleNamespace(HfApi=lambda: fake, CommitOperationAdd=CommitOperationAdd)
    monkeypatch.setitem(sys.modules, "huggingface_hub", module)
    return fake


def test_what_is_sent_is_what_was_listed(folder, monkeypatch):
    (folder / "data[1].json").write_text("{}")  # brackets in a name are no pattern
    fake = hub(monkeypatch)
    upload(folder, "owner/name", really=True)
    listed = ["data[1].json", "README.md", "data/model.safetensors"]
    assert fake.sent == [("owner/name", True), listed]


def test_nothing_is_sent_to_a_public_repository(folder, monkeypatch):
    fake = hub(monkeypatch, public=True)
    with pytest.raises(UploadError, match="is already public"):
        upload(folder, "owner/name", really=True)
    assert len(fake.sent) == 1


@pytest.mark.parametrize(
    "name, text, why",
    [
        ("notes.txt", f"my key is {FAKE_KEY}", "looks like a key"),
        ("settings.json", '{"OPENAI_API_KEY": "none-of-the-usual-forms"}', "looks like a key"),
        ("notes.md", 'os.environ["OPENAI_API_KEY"] = "whatever-it-is"', "looks like a key"),
        ("notes.md", 'os.environ[\\"HF_TOKEN\\"] = \\"whatever-it-is\\"', "looks like a key"),
        ("notes.txt", "AZURE_OPENAI_API_KEY=0123456789abcdef01", "looks like a key"),
        ("notes.txt", "wandb api_key\t=\tabcdef0123456789", "looks like a key"),
        ("notes.txt", "Authorization: Bearer abcdef0123456789abcdef", "looks like a key"),
        ("notes.txt", "github_pat_" + "11ABCDE0Y0aBcDeFgHiJkL", "looks like a key"),
        ("notes.txt", "-----BEGIN RSA PRIVATE KEY-----", "looks like a key"),
        (f"{FAKE_KEY}.txt", "x", "looks like a key in its name"),
        ("data/.env", "COLOUR=blue", "a hidden file"),
        ("production.env", "COLOUR=blue", "of a type that is not uploaded"),
        ("credentials.json", "{}", "suggests that it holds secrets"),
        ("server.PEM", "x", "of a type that is not uploaded"),
        ("model.zip", "x", "of a type that is not uploaded"),
        (".notes", "x", "a hidden file"),
        ("training_args.bin", "x", "a pickle"),
        ("config.json", '{"_name_or_path": "/home/ada/models/base"}', "path of this machine"),
        ("config.json", '{"_name_or_path": "/home/지은/base"}', "path of this machine"),
        ("config.json", '{"_name_or_path": "file:///home/ada/base"}', "path of this machine"),
        ("config.json", '{"_name_or_path": "\\\\/home\\\\/ada"}', "path of this machine"),
        ("config.json", '{"_name_or_path": "/workspace/base"}', "path of this machine"),
        ("config.json", '{"_name_or_path": "C:\\\\Users\\\\ada\\\\base"}', "path of this machine"),
        ("run.json", f'{{"folder": "{ROOT}/runs"}}', "path of this machine"),
    ],
)
def test_a_secret_or_a_path_stops_the_upload(folder, monkeypatch, name, text, why):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    (folder / name).write_text(text)
    with pytest.raises(UploadError, match=why) as stopped:
        upload(folder, "owner/name", really=True, own_paths=[ROOT])
    assert name.replace(FAKE_KEY, "(a key)") in str(stopped.value)
    assert FAKE_KEY not in str(stopped.value)


OTHER_PATHS = [
    "/var/log/syslog", "/etc/passwd", "/tmp/report.txt", "/home/user/notes.txt", "/usr/bin/python3",
    "/mnt/usb/photos", "/data/input.csv", "/content/drive/MyDrive", "C:\\\\Users\\\\you\\\\Desktop",
    "~/.bashrc", "/Users/jane/Desktop", "\\\\root of x",
]  # fmt: skip


@pytest.mark.parametrize("path", OTHER_PATHS)
@pytest.mark.parametrize("name", ["train.jsonl", "train.json", "README.md", "notes.txt"])
def test_a_task_may_name_a_path_of_another_machine(folder, name, path):
    row = f'{{"instruction": "Which file holds the log?", "input": "", "output": "{path}"}}'
    (folder / name).write_text(f"[{row}]" if name.endswith(".json") else row + "\n")
    assert len(upload_plan(folder, [ROOT])) == 2 + (name != "README.md")


def own_folders(folder):
    return {
        "home": Path.home() / "models" / "base",
        "working directory": Path.cwd() / "runs",
        "project": ROOT / "runs" / "mine",
        "the folder itself": folder / "data",
    }


@pytest.mark.parametrize("which", ["home", "working directory", "project", "the folder itself"])
@pytest.mark.parametrize("name", ["train.jsonl", "train.json", "README.md", "config.json"])
@pytest.mark.parametrize("write", ["{}", "file://{}", '\\"{}\\"', "see {}."])
def test_a_path_of_this_machine_stops_the_upload(folder, name, which, write):
    path = own_folders(folder)[which]
    for spelled in (str(path), str(path).replace("/", "\\/")):
        row = f'{{"output": "{write.format(spelled)}"}}'
        (folder / name).write_text(f"[{row}]" if name == "train.json" else row)
        with pytest.raises(UploadError, match="path of this machine"):
            upload_plan(folder, [ROOT])


@pytest.mark.parametrize(
    "path",
    [
        "/home/ada/x", "/Users/ada/x", "/data/ada/x", "/export/home/ada", "C:\\\\Users\\\\ada\\\\x",
        "D:/Users/Ada/x", "/mnt/c/Users/ada/x", "/scratch/지은/x", "/scratch/\\uc9c0\\uc740/x",
        "file:///home/%EC%A7%80%EC%9D%80/x",
    ],
)  # fmt: skip
def test_a_folder_with_the_users_name_is_of_this_machine(folder, monkeypatch, path):
    row = f'{{"output": "{path}"}}\n'
    (folder / "train.jsonl").write_text(row)
    assert len(upload_plan(folder)) == 3  # of another user
    monkeypatch.setattr("getpass.getuser", lambda: "ada")
    monkeypatch.setattr("helpers.release.upload.Path.home", lambda: Path("/srv/지은"))
    with pytest.raises(UploadError, match="path of this machine"):
        upload_plan(folder)


def test_without_a_home_a_user_or_a_working_directory_an_upload_is_still_possible(
    folder, monkeypatch
):
    def fail(kind):
        def find():
            raise kind("none")

        return find

    monkeypatch.setattr("helpers.release.upload.Path.home", fail(RuntimeError))
    monkeypatch.setattr("helpers.release.upload.Path.cwd", fail(FileNotFoundError))
    monkeypatch.setattr("getpass.getuser", fail(KeyError))
    assert len(upload_plan(folder)) == 2
    (folder / "train.jsonl").write_text(f'{{"output": "{folder}"}}')
    with pytest.raises(UploadError, match="path of this machine"):
        upload_plan(folder)


def test_a_link_and_an_empty_folder_are_refused(folder, tmp_path):
    (folder / "base").symlink_to(folder / "README.md")
    with pytest.raises(UploadError, match="a link"):
        upload_plan(folder)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UploadError, match="no file"):
        upload_plan(tmp_path / "empty")


def test_with_the_root_of_the_disk_as_home_an_upload_is_still_possible(folder, monkeypatch):
    for name in ("home", "cwd"):
        monkeypatch.setattr(f"helpers.release.upload.Path.{name}", lambda: Path("/"))
    assert len(upload_plan(folder)) == 2


def test_a_text_in_two_byte_characters_is_read(folder):
    (folder / "notes.txt").write_bytes(f"key {FAKE_KEY}".encode("utf-16"))
    with pytest.raises(UploadError, match=r"notes\.txt: line 1 holds what looks like a key"):
        upload_plan(folder)


def test_a_reviewed_finding_is_allowed_by_its_name_and_no_other_is(folder):
    (folder / "notes.md").write_text(f"fine\nthe old key {FAKE_KEY} is void\n")
    with pytest.raises(UploadError, match=r"(?s)line 2 .*reviewed=\[its name\]") as stopped:
        upload_plan(folder)
    name = re.search(r"its name is '(notes\.md:[0-9a-f]{8})'", str(stopped.value))[1]
    assert len(upload_plan(folder, reviewed=[name])) == 3
    (folder / "notes.md").write_text("the old key {} is void".format(FAKE_KEY.replace("A", "B")))
    with pytest.raises(UploadError, match="looks like a key"):
        upload_plan(folder, reviewed=[name])


def test_a_pipe_is_refused_without_waiting_for_it(folder):
    os.mkfifo(folder / "notes.txt")
    with pytest.raises(UploadError, match=r"notes\.txt: a pipe or a device"):
        upload_plan(folder)


def test_a_key_in_the_header_of_a_file_of_weights_is_found(folder):
    head = b'{"__metadata__": {"by": "' + FAKE_KEY.encode() + b'"}}'
    (folder / "a.safetensors").write_bytes(len(head).to_bytes(8, "little") + head)
    with pytest.raises(UploadError, match=r"a\.safetensors: line 1 holds what looks like a key"):
        upload_plan(folder)


def test_a_long_file_is_read_to_its_end_and_across_borders_of_pieces(folder, monkeypatch):
    monkeypatch.setattr("helpers.release.leaks.files.PIECE", 10_000)
    for before in (9_990, 19_999, 55_000):
        (folder / "notes.txt").write_text(
            "a line\n" * (before // 7) + "x" * (before % 7) + " " + FAKE_KEY
        )
        with pytest.raises(
            UploadError, match=f"line {before // 7 + 1} holds what looks like a key"
        ):
            upload_plan(folder)


@pytest.mark.parametrize(
    "unit",
    ["\\u0068", "\\u005c", "&#104;", "%25", "c2stQWIxMkNkMzRFZjU2",
     "key ", "/home/", "a.b@", '"password": ', "://a:", "\\\\x", "token=", "sk-", "~a/", "eyJ",
     "-----BEGIN ", "a" * 7, " "],
)  # fmt: skip
def test_searching_takes_time_in_proportion_to_the_length(unit):
    def seconds(size):
        began = time.process_time()
        leaks(unit * (size // len(unit)), "x", "settings")
        return time.process_time() - began

    for _ in range(4):  # other programs may disturb a measurement once
        once, twice = seconds(40_000), seconds(80_000)
        if twice < 3 * once + 0.05:
            break
    else:
        pytest.fail(f"{once:.3f} s, {twice:.3f} s for twice the text")


def test_addresses_and_a_tokenizer_pass(folder, student_folder):
    import shutil

    for name in ("tokenizer.json", "tokenizer_config.json", "config.json", "chat_template.jinja"):
        shutil.copyfile(f"{student_folder}/{name}", folder / name)
    (folder / "LICENSE").write_text("See https://example.org/root and https://example.org/data/x.")
    assert len(upload_plan(folder)) == 7


def test_most_leaks_of_the_measured_texts_are_stopped_and_most_harmless_ones_pass():
    """``benchmarks/leaks.py`` prints the rates with their intervals."""
    rows = read_jsonl(TEXTS)
    assert sum(row["expected"] == "secret" for row in rows) >= 60
    assert sum(row["expected"] == "harmless" for row in rows) >= 60
    found = rates(rows[::3])
    assert found["secret"][0]["value"] > 0.9 and found["path"][0]["value"] > 0.8
    assert found["harmless"][0]["value"] < 0.1


def escapes(form):
    return "".join(form.format(ord(char)) for char in FAKE_KEY)


ENCODED = {
    "JSON": escapes("\\u{:04x}"),
    "JSON in part": "s\\u006B" + FAKE_KEY[2:],
    "JSON in JSON": escapes("\\\\u{:04X}"),
    "an escape in an escape": "\\u005cu0073" + FAKE_KEY[1:],
    "YAML": escapes("\\x{:02x}"),
    "HTML": escapes("&#{};"),
    "HTML in hexadecimals": escapes("&#x{:x};"),
    "an address": "https://example.org/?q=" + escapes("%{:02x}"),
    "base64": base64.b64encode(FAKE_KEY.encode()).decode(),
    "base64 without its end": base64.b64encode(FAKE_KEY.encode()).decode().rstrip("="),
    "base64 of more": base64.urlsafe_b64encode(f"the key: {FAKE_KEY}!".encode()).decode(),
    "base64 in JSON": base64.b64encode(FAKE_KEY.encode()).decode().replace("c", "\\u0063", 1),
}


@pytest.mark.parametrize("way", ENCODED)
@pytest.mark.parametrize("name", ["rows.jsonl", "config.json", "README.md", "a.safetensors"])
def test_an_encoded_key_is_found(folder, way, name):
    text = f'{{"__metadata__": {{"a": "b", "text": "{ENCODED[way]}"}}}}'
    before = len(text).to_bytes(8, "little") if name.endswith("safetensors") else b"a line\n"
    (folder / name).write_bytes(before + text.encode())
    line = 1 if name.endswith("safetensors") else 2
    with pytest.raises(UploadError, match=f"line {line} holds what looks like a key") as stopped:
        upload_plan(folder)
    found = re.findall(r"its name is '(\S+:[0-9a-f]{8})'", str(stopped.value))
    assert len(upload_plan(folder, reviewed=found)) >= 2


def test_escapes_and_base64_without_a_key_pass(folder):
    picture = base64.b64encode(bytes(range(256)) * 40).decode()
    text = base64.b64encode(b"nothing but a sentence in plain words, and no key in it").decode()
    row = f'{{"output": "\\u003cb\\u003e \\u0120 100%25 &#39; {picture} {text} {"0a1b2c3d" * 8}"}}'
    (folder / "rows.jsonl").write_text(row + "\n")
    (folder / "config.json").write_text(row)
    assert len(upload_plan(folder)) == 4


def test_a_hard_link_to_a_private_file_is_refused_and_one_inside_the_folder_passes(
    folder, tmp_path
):
    (tmp_path / "private.txt").write_text("my secret")
    os.link(tmp_path / "private.txt", folder / "notes.txt")
    with pytest.raises(UploadError, match=r"notes\.txt: the same file .*hard link.* made with cp"):
        upload_plan(folder)
    (folder / "notes.txt").unlink()
    os.link(folder / "README.md", folder / "data" / "README.md")
    assert len(upload_plan(folder)) == 3
