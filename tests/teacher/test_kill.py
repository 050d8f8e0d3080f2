"""A run that is killed resumes: no answer is lost or asked for twice, and the tasks are the same.

What a kill leaves depends on how much was written to disk, and on what was sent. So a run in this
process is killed before, within and after every write. A few real processes are killed as well.
"""

import asyncio
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
import traceback

import pytest
from conftest import ROOT
from fake_teacher import FakeTeacher
from faulty_server import FaultyServer
from teacher_runs import SEEDS

from helpers.io import append_text, read_jsonl, write_text
from helpers.teacher.generate import Settings, generate

TASK_FILES = ("generated.jsonl", "ledger.jsonl")


class Killed(BaseException):
    """The process ends here. Clean-up code still runs, but can write nothing more."""


class Disk:
    """Passes writes on to the disk and, after so many moments, kills the run for good.

    An append has four or five moments: before it, with half of the text written, with all of it but
    the newline, and after it. A file that is replaced has three: before, with half of the new file
    beside the old one, and after.
    """

    def __init__(self, monkeypatch):
        self.moments, self.dead = 0, False
        # What a process has written survives its kill; forcing it to disk costs most of the time.
        monkeypatch.setattr(os, "fsync", lambda file: None)
        monkeypatch.setattr("helpers.io.append_text", self.append)
        for name in ("helpers.io.write_text", "helpers.teacher.generation_folder.write_text"):
            monkeypatch.setattr(name, self.replace)

    def kill_after(self, moments):
        self.moments, self.dead = moments, False

    def append(self, path, text):
        self._moment()
        for part in dict.fromkeys((text[: len(text) // 2], text[:-1])):
            if part:
                self._moment(lambda part=part: append_text(path, part))
        append_text(path, text)
        self._moment()
        return path

    def replace(self, path, text):
        self._moment()
        neighbour = path.with_name(f".{path.name}.killed.tmp")
        self._moment(lambda: neighbour.write_text(text[: len(text) // 2]))
        write_text(path, text)
        self._moment()
        return path

    def _moment(self, leave=lambda: None):
        """One moment at which a kill may happen; ``leave`` makes what it leaves on disk."""
        if not self.dead and self.moments == 0:
            self.dead = True
            leave()
        if self.dead:
            raise Killed
        self.moments -= 1


@pytest.fixture
def disk(monkeypatch):
    return Disk(monkeypatch)


def rows(folder, name):
    path = folder / f"{name}.jsonl"
    return read_jsonl(path, torn_tail_ok=True) if path.exists() else []


def answers(folder):
    return [row["number"] for row in rows(folder, "raw")]


def filtered(folder):
    """The numbers of the requests whose answers were filtered."""
    accepted = {int(row["source"].split()[1]) for row in rows(folder, "generated")}
    return accepted | {row["request"] for row in rows(folder, "ledger")}


def task_files(folder):
    return [(folder / name).read_bytes() for name in TASK_FILES]


def run(folder, target):
    """Run the loop with a new teacher; returns the bill, or None if the run was killed."""
    teacher, before, bill = FakeTeacher(parallel=3, wait=0), answers(folder), None
    with contextlib.suppress(Killed):
        bill = asyncio.run(generate(teacher, SEEDS, folder, Settings(target=target)))
    after = answers(folder)
    assert after[: len(before)] == before, "an answer on disk was lost"
    assert not set(before) & set(teacher.asked), "an answer on disk was asked for again"
    assert len(after) == len(set(after)), "an answer is on disk twice"
    assert filtered(folder) <= set(after), "an answer was filtered before it was on disk"
    sent = {row["request"] for row in rows(folder, "tries")}
    assert set(teacher.asked) <= sent, "a request was sent that is not on the bill"
    return bill


def test_a_run_killed_at_any_moment_ends_as_if_it_had_not_been(tmp_path, disk):
    disk.kill_after(10**6)
    whole = run(tmp_path / "whole", target=4)
    expected = task_files(tmp_path / "whole")
    assert whole["accepted"] == 4 and whole["dropped"] >= 1
    for moment in range(1000):
        folder = tmp_path / str(moment)
        disk.kill_after(moment)
        killed = run(folder, target=4) is None
        left = answers(folder)
        disk.kill_after(10**6)
        bill = run(folder, target=4)
        assert bill["stopped"] == "target reached" and task_files(folder) == expected
        assert answers(folder)[: len(left)] == left
        assert bill["requests"] == len(answers(folder))
        if not killed:
            break
    assert not killed and moment > 100


def test_a_run_killed_many_times_ends_as_if_it_had_not_been(tmp_path, disk):
    rng, folder, kills = random.Random(3), tmp_path / "killed", 0
    disk.kill_after(10**6)
    run(tmp_path / "whole", target=60)
    while True:
        disk.kill_after(rng.randint(0, 80))
        bill = run(folder, target=60)
        if bill:
            break
        kills += 1
    assert bill["stopped"] == "target reached" and kills >= 16
    assert task_files(folder) == task_files(tmp_path / "whole")


# --- real processes -------------------------------------------------------------------------

KILLS = 5
SETTINGS = {"way": "task_list", "list_length": 3, "target": 100, "request_limit": 400}
SCRIPT = """
import asyncio, json, os, sys
import openai.resources  # slow to import: here once, and not in each process
from helpers.teacher.endpoint import Endpoint
from helpers.teacher.generate import Settings, generate
seeds, settings = map(json.loads, sys.argv[1:])
for line in sys.stdin:  # each line starts a process
    url, folder = json.loads(line)
    process = os.fork()
    if not process:
        endpoint = Endpoint(base_url=url, model="faulty", key_env="FAULTY_KEY", parallel=4)
        bill = asyncio.run(generate(endpoint, seeds, folder, Settings(**settings)))
        sys.exit(bill["stopped"] != "target reached")
    print(process, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)
"""


class Processes:
    """Starts processes that run the loop, one at a time."""

    def __init__(self, key):
        command = [sys.executable, "-c", SCRIPT, json.dumps(SEEDS), json.dumps(SETTINGS)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "FAULTY_KEY": key}
        self.parent = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def start(self, server, folder):
        """Start a process; returns its id."""
        line = json.dumps([server.endpoint().base_url, str(folder)])
        print(line, file=self.parent.stdin, flush=True)
        return int(self.parent.stdout.readline())

    def exit_code(self):
        """Wait until the process has ended; returns its exit code, or minus its signal."""
        return int(self.parent.stdout.readline())

    def kill(self, process):
        os.kill(process, signal.SIGKILL)
        assert self.exit_code() == -signal.SIGKILL


@pytest.fixture(scope="module")
def processes():
    started = Processes(FaultyServer().key)
    yield started
    started.parent.communicate()


def wait_for_requests(server, count):
    """Wait until a server was asked so many times, at most a minute."""
    end = time.monotonic() + 60
    while len(server.asked) < count:
        assert time.monotonic() < end, "the process sends no more requests"
        time.sleep(0.001)


def test_a_process_killed_again_and_again_ends_as_if_it_had_not_been(tmp_path, processes):
    rng, folder, whole = random.Random(3), tmp_path / "killed", tmp_path / "whole"
    with FaultyServer(wait=0.01) as server:
        asyncio.run(generate(server.endpoint(), SEEDS, whole, Settings(**SETTINGS)))
        for _ in range(KILLS):
            before, asked = answers(folder), len(server.asked)
            process = processes.start(server, folder)
            wait_for_requests(server, asked + rng.randint(1, 6))
            time.sleep(rng.uniform(0, 0.03))
            processes.kill(process)
            assert not set(before) & set(server.asked[asked:]), "asked for again"
            assert answers(folder)[: len(before)] == before, "lost"
        before, asked = answers(folder), len(server.asked)
        processes.start(server, folder)
        assert processes.exit_code() == 0
    assert not set(before) & set(server.asked[asked:]), "asked for again"
    raw = answers(folder)
    assert len(raw) == len(set(raw)) and 0 < len(before) < len(raw)
    assert task_files(folder) == task_files(whole)


def test_a_second_process_on_the_same_folder_says_so_and_stops(tmp_path, processes):
    with FaultyServer(wait=0.2) as server:
        first = processes.start(server, tmp_path)
        wait_for_requests(server, 1)
        with pytest.raises(ValueError, match="another process is generating") as caught:
            asyncio.run(generate(server.endpoint(), SEEDS, tmp_path, Settings(**SETTINGS)))
        processes.kill(first)
    assert server.key not in "".join(traceback.format_exception(caught.value))
