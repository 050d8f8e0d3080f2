"""Processes under torchrun: what they print, how they fail, and that they all end."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import torch

from helpers.io import write_jsonl
from helpers.planning import hardware
from helpers.run import ROOT
from helpers.training.launch import first_error, torchrun

ROWS = [{"instruction": f"Say {i}.", "input": "", "output": f"word {i}"} for i in range(18)]


def test_a_process_that_fails_ends_the_others_and_is_named(tmp_path):
    script = tmp_path / "fails.py"
    script.write_text(
        "import os, torch.distributed as dist\n"
        "dist.init_process_group('gloo')\n"
        "print('here\\n', end='', flush=True)\n"
        "dist.barrier()\n"  # both have printed before one fails
        "if dist.get_rank() == 1:\n"
        "    raise ValueError('row 7 is empty')\n"
        "dist.barrier()\n"  # would wait forever
    )
    printed = []
    with pytest.raises(RuntimeError, match="ValueError: row 7 is empty"):
        printed.extend(torchrun(2, script))
    assert printed == ["here\n"] * 2


def test_ranks_end_with_the_process_that_started_them(tiny_model, tmp_path):
    write_jsonl(tmp_path / "rows.jsonl", ROWS * 200)  # the training takes longer than the test
    write_jsonl(tmp_path / "heldout.jsonl", ROWS[:3])
    script = (
        "import sys; from helpers.training.launch import torchrun\n"
        "for line in torchrun(2, '-m', 'helpers.training.fsdp', *sys.argv[1:]):\n"
        "    print(line, flush=True)"
    )
    options = {"student": tiny_model, "data": tmp_path / "rows.jsonl", "profile": "tiny"}
    options |= {"heldout": tmp_path / "heldout.jsonl", "out": tmp_path / "out"}
    process = subprocess.Popen(
        [sys.executable, "-c", script, *(f"--{name}={value}" for name, value in options.items())],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    process.stdout.readline()
    started = psutil.Process(process.pid).children(recursive=True)
    assert len(started) >= 3  # torchrun and two ranks
    process.kill()
    process.communicate()
    _, alive = psutil.wait_procs(started, timeout=30)
    assert alive == []
    assert not (tmp_path / "out" / "training.json").exists()  # they ended before their work did


REPORT = """
import json, os
from pathlib import Path
import psutil, torch.distributed as dist
from helpers.training.launch import init_process_group
init_process_group("gloo")
dist.barrier()  # every port that will be opened is open
started = psutil.Process(os.getppid())
processes = [started, *started.children(recursive=True)]
found = [c for p in processes for c in getattr(p, "net_connections", p.connections)("inet")]
folder = Path(os.environ["ALPACA_STORE"].removeprefix("file://")).parent
report = {
    "listening": sorted({c.laddr.ip for c in found if c.status == "LISTEN"}),
    "folder": str(folder),
    "mode": f"{folder.stat().st_mode & 0o777:o}",
    "environment": dict(os.environ),
}
for rank in range(dist.get_world_size()):  # one after another, so that lines do not mix
    if rank == dist.get_rank():
        print(json.dumps(report), flush=True)
    dist.barrier()
dist.destroy_process_group()
"""
SECRET = "abc123secretabc123"


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """What each of two ranks reports of its ports, its store and its environment, as JSON."""
    script = tmp_path_factory.mktemp("report") / "report.py"
    script.write_text(REPORT)
    keys = ("OPENAI_API_KEY", "HF_TOKEN", "AWS_SECRET_ACCESS_KEY", "MY_PASSWORD", "OPENAIKEY")
    with pytest.MonkeyPatch.context() as patch:
        for name in keys:
            patch.setenv(name, SECRET)
        patch.setenv("HTTPS_PROXY", f"http://me:{SECRET}@proxy:3128")
        patch.setenv("NOTES", f"sk-{SECRET}")
        patch.setenv("TOKENIZERS_PARALLELISM", "false")
        lines = list(torchrun(2, script))
    assert len(lines) == 2
    return lines


def test_a_training_cannot_be_reached_from_the_network(reports):
    """torchrun and the ranks listen on loopback only; a store would run what is sent to it."""
    for line in reports:
        assert json.loads(line)["listening"] == ["127.0.0.1"]


def test_the_store_is_a_folder_of_this_user_only_and_is_removed_afterwards(reports):
    (folder,) = {json.loads(line)["folder"] for line in reports}
    assert {json.loads(line)["mode"] for line in reports} == {"700"}
    assert not Path(folder).exists()


def test_a_training_has_no_key_in_its_environment(reports):
    for line in reports:
        found = json.loads(line)["environment"]
        assert SECRET not in line and found["TOKENIZERS_PARALLELISM"] == "false" and found["PATH"]


def test_a_killed_rank_is_named_before_those_that_lost_their_connection():
    summary = (
        "[rank0]: RuntimeError: Connection closed by peer\n"
        "Root Cause (first observed failure):\n[0]:\n  rank      : 0 (local_rank: 0)\n"
        "  exitcode  : 1 (pid: 7)\n[1]:\n  rank      : 1 (local_rank: 1)\n"
        "  exitcode  : -9 (pid: 8)\n"
    )
    assert first_error(summary).startswith("rank 1 was killed by signal 9, most often because")
    ended = summary.replace("-9", "-15")  # the signal with which torchrun ends the others
    assert first_error(ended) == "RuntimeError: Connection closed by peer"
    aborted = summary.replace("-9", "-6") + "[rank1]: ValueError: row 7 is empty\n"
    assert first_error(aborted) == "ValueError: row 7 is empty"
    assert first_error("all is well") is None
    early = (
        "Traceback (most recent call last):\nhelpers.file_kinds.DataError: rows: no rows.\n"
        "E1129 failed (exitcode: 1)\ntorch.distributed.elastic.errors.ChildFailedError: \n"
    )
    assert first_error(early) == "DataError: rows: no rows."


def test_two_ranks_with_one_gpu_compute_on_the_cpu_and_choose_for_it(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setenv("ALPACA_PRECISION", "bf16")
    hardware.precision.cache_clear()
    assert hardware.device() == "cuda"
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    assert (hardware.device(), hardware.attention()) == ("cpu", "shared_prefix")
    hardware.precision.cache_clear()


@pytest.mark.parametrize("unit", ["a", "a.", "Error", "rank : 1 ", "[rank0]: ", " ", "exitcode "])
@pytest.mark.parametrize("begin", ["", "[rank0]: ", "rank : 1 "])
def test_the_time_to_find_the_first_error_is_linear_in_the_text(begin, unit):
    def seconds(repeats):
        started = time.process_time()
        first_error(begin + unit * repeats)
        return time.process_time() - started

    once = max(seconds(8_000) for _ in range(2))
    assert min(seconds(16_000) for _ in range(3)) < 3 * once + 0.05
