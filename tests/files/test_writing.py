"""Writing while others write: concurrent appends, links in the way, full disks."""

import errno
import multiprocessing
import os
import resource
import signal
import stat
import subprocess
import sys
import threading

import pytest
from conftest import ROOT

from helpers.files.appending import append_text
from helpers.files.locks import locked
from helpers.files.regular_files import NoFileError, read_regular
from helpers.files.writing import move_into_place, scratch_folder, write_text
from helpers.io import append_jsonl, read_jsonl


def many_rows(path, who, count):
    for i in range(count):
        append_jsonl(path, [{"who": who, "i": i, "text": "x" * 200_000}])


def test_rows_of_programs_that_append_at_the_same_time_are_all_kept(tmp_path):
    path, start = tmp_path / "rows.jsonl", multiprocessing.get_context("spawn").Process
    writers = [start(target=many_rows, args=(path, who, 50)) for who in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    found = {(row["who"], row["i"]) for row in read_jsonl(path)}
    assert len(found) == 200


@pytest.mark.skipif(os.name == "nt", reason="Windows has no links and modes of this kind")
def test_a_prepared_link_is_not_followed_and_a_mode_is_kept(tmp_path, monkeypatch):
    """The temporary file has a random name. Even if someone guesses it, a link there is refused."""
    secret, target = tmp_path / "secret.txt", tmp_path / "notes.json"
    secret.write_text("mine")
    target.write_text("old")
    target.chmod(0o600)
    monkeypatch.setattr("helpers.files.writing.secrets.token_hex", lambda n: "known")
    (tmp_path / ".notes.json.known.tmp").symlink_to(secret)
    with pytest.raises(FileExistsError):
        write_text(target, "new")
    assert secret.read_text() == "mine" and target.read_text() == "old"
    (tmp_path / ".notes.json.known.tmp").unlink()
    write_text(target, "new")
    assert target.read_text() == "new" and stat.S_IMODE(target.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes.json", "secret.txt"]


def limited(code, folder, size=1 << 16):
    """Run Python code in a process whose files may have ``size`` bytes, as on a full disk."""

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return subprocess.run(
        [sys.executable, "-c", code], cwd=folder, preexec_fn=limit, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def test_a_full_disk_leaves_no_part_of_a_row(tmp_path):
    append_jsonl(tmp_path / "rows.jsonl", [{"i": 1}])
    code = (
        "from helpers.io import append_jsonl\n"
        "try:\n    append_jsonl('rows.jsonl', [{'text': 'x' * 100_000}])\n"
        "except OSError as error:\n    print(type(error).__name__)\n"
        "append_jsonl('rows.jsonl', [{'i': 2}])\n"
    )
    done = limited(code, tmp_path)
    assert done.stdout == "OSError\n", done.stderr
    assert read_jsonl(tmp_path / "rows.jsonl") == [{"i": 1}, {"i": 2}]
    assert (tmp_path / "rows.jsonl").read_bytes().count(b"\n") == 2


def test_a_full_disk_leaves_the_old_file(tmp_path):
    write_text(tmp_path / "notes.txt", "old")
    code = "from helpers.files.writing import write_text\nwrite_text('notes.txt', 'x' * 100_000)"
    assert "File too large" in limited(code, tmp_path).stderr
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]
    assert (tmp_path / "notes.txt").read_text() == "old"


def test_two_programs_that_make_the_same_thing_have_separate_folders(tmp_path):
    out = tmp_path / "model"
    with scratch_folder(out) as first, scratch_folder(out) as second:
        assert first != second and first.is_dir()
        (first / "weights").write_text("first")
        first.rename(out)
        with pytest.raises(FileExistsError, match="in the meantime"):
            move_into_place(second, out)
    assert [p.name for p in tmp_path.iterdir()] == ["model"]
    assert (out / "weights").read_text() == "first"


def test_folders_of_killed_programs_are_removed_and_those_of_running_ones_are_not(tmp_path):
    code = (
        "import time; from helpers.files.writing import scratch_folder\n"
        "with scratch_folder('model') as made:\n    print(made.name, flush=True); time.sleep(600)"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    name = other.stdout.readline().strip()
    with scratch_folder(tmp_path / "model"):
        assert (tmp_path / name).is_dir()  # the program that made it is running
    other.kill()
    other.communicate()
    assert (tmp_path / name).is_dir()
    with scratch_folder(tmp_path / "model"):
        assert not (tmp_path / name).exists()
    assert list(tmp_path.iterdir()) == []


def test_a_lock_is_held_by_one_and_refused_to_another(tmp_path):
    with (
        locked(tmp_path / ".lock", "first"),
        pytest.raises(ValueError, match="another process holds it"),
        locked(tmp_path / ".lock", "another process holds it"),
    ):
        pass
    with locked(tmp_path / ".lock", "free again"):
        pass


def test_threads_that_append_lose_no_line(tmp_path):
    path = tmp_path / "rows.txt"
    texts = [f"{i}\n" * 1000 for i in range(16)]
    threads = [threading.Thread(target=append_text, args=(path, text)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = path.read_text().splitlines()
    assert len(lines) == 16_000
    assert all(len(set(lines[i : i + 1000])) == 1 for i in range(0, 16_000, 1000))


def test_on_a_disk_without_locks_there_is_a_warning_and_no_error(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("filelock.FileLock.acquire", refuse)
    with pytest.warns(UserWarning, match="cannot be locked"), locked(tmp_path / ".lock", "taken"):
        pass


@pytest.mark.skipif(os.name == "nt", reason="Windows has no links and pipes of this kind")
def test_an_append_refuses_links_and_pipes(tmp_path):
    other = tmp_path / "other.txt"
    other.write_text("a line\nno newline")
    (tmp_path / "rows.jsonl").symlink_to(other)
    with pytest.raises(OSError, match=r"rows\.jsonl is a link"):
        append_text(tmp_path / "rows.jsonl", "{}\n")
    assert other.read_text() == "a line\nno newline"
    os.mkfifo(tmp_path / "pipe.jsonl")
    with pytest.raises(OSError, match=r"pipe\.jsonl is a pipe, not a file"):
        append_text(tmp_path / "pipe.jsonl", "{}\n")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no locks of this kind")
def test_an_append_that_waited_writes_into_the_new_file(tmp_path):
    import fcntl

    path = tmp_path / "rows.txt"
    path.write_text("old\n")
    with open(path, "ab") as held_open:
        fcntl.flock(held_open, fcntl.LOCK_EX)
        waiting = threading.Thread(target=append_text, args=(path, "mine\n"))
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive()
        write_text(path, "new\n")
    waiting.join(10)
    assert path.read_text() == "new\nmine\n"


def test_only_a_regular_file_is_read_up_to_the_limit(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path, kind in ((tmp_path / "pipe", "a pipe"), ("/dev/zero", "a device")):
        with pytest.raises(NoFileError, match=f"is {kind}, not a file"):
            read_regular(path)
    (tmp_path / "rows").write_bytes(b"12345")
    assert read_regular(tmp_path / "rows") == b"12345"
    assert read_regular(tmp_path / "rows", 3) == b"123"
