"""Processes under torchrun: what they print, how they fail, that none is left behind."""

import json
import os
import subprocess
import sys
import time

import psutil
import pytest
import torch

from helpers.io import write_jsonl
from helpers.planning import hardware
from helpers.run import ROOT
from helpers.training.launch import first_error, torchrun

ROWS = [{"instruction": f"Say {i}.", "input": "", "output": f"word {i}"} for i in range(18)]


def test_a_process_that_fails_ends_the_others_and_says_why(tmp_path):
    lonely = tmp_path / "lonely.py"
    lonely.write_text(
        "import os, torch.distributed as dist\n"
        "dist.init_process_group('gloo')\n"
        "print('here\\n', end='', flush=True)\n"
        "dist.barrier()\n"  # both have said so before one fails
        "if dist.get_rank() == 1:\n"
        "    raise ValueError('row 7 is empty')\n"
        "dist.barrier()\n"  # would wait for ever
    )
    printed = []
    with pytest.raises(RuntimeError, match="ValueError: row 7 is empty"):
        printed.extend(torchrun(2, lonely))
    assert printed == ["here\n"] * 2


def test_ranks_end_with_the_process_that_started_them(tiny_model, tmp_path):
    write_jsonl(tmp_path / "rows.jsonl", ROWS * 40)  # enough to be at it for a while
    script = (
        "import sys; from helpers.training.launch import torchrun\n"
        "for line in torchrun(2, '-m', 'helpers.training.fsdp', *sys.argv[1:]):\n"
        "    print(line, flush=True)"
    )
    rows = tmp_path / "rows.jsonl"
    options = [f"--student={tiny_model}", f"--data={rows}", f"--heldout={rows}", "--profile=tiny"]
    process = subprocess.Popen(
        [sys.executable, "-c", script, *options, f"--out={tmp_path / 'out'}"],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    process.stdout.readline()
    started = psutil.Process(process.pid).children(recursive=True)
    assert len(started) >= 3  # torchrun and two ranks
    process.kill()
    process.communicate()
    _, alive = psutil.wait_procs(started, timeout=30)
    assert alive == []


LISTENS = """
import os, time
import psutil, torch.distributed as dist
from helpers.training.launch import init_process_group
init_process_group("gloo")
dist.barrier()  # all that is opened is open
started = psutil.Process(os.getppid())
everything = [started, *started.children(recursive=True)]
found = [c for p in everything for c in getattr(p, "net_connections", p.connections)("inet")]
line = ",".join(sorted({c.laddr.ip for c in found if c.status == "LISTEN"})) + "\\n"
os.write(1, line.encode())  # one piece, whatever the other rank writes
dist.barrier()
dist.destroy_process_group()
"""


def test_nobody_on_the_network_reaches_a_training(tmp_path):
    """Its agent and its ranks listen on loopback alone; a store would run what is put there."""
    (tmp_path / "listens.py").write_text(LISTENS)
    assert set(torchrun(2, tmp_path / "listens.py")) == {"127.0.0.1\n"}


def test_the_meeting_place_is_a_folder_of_this_user_alone_and_goes_with_the_training(tmp_path):
    script = tmp_path / "where.py"
    script.write_text(
        "import os; from pathlib import Path\n"
        "folder = Path(os.environ['ALPACA_STORE'].removeprefix('file://')).parent\n"
        "print(f'{folder} {folder.stat().st_mode & 0o777:o}\\n', end='', flush=True)\n"
    )
    (line,) = set(torchrun(2, script))
    folder, mode = line.split()
    assert mode == "700" and not os.path.exists(folder)


def test_a_training_holds_no_key(monkeypatch, tmp_path):
    secret = "abc123secretabc123"
    for name in ("OPENAI_API_KEY", "HF_TOKEN", "AWS_SECRET_ACCESS_KEY", "MY_PASSWORD", "OPENAIKEY"):
        monkeypatch.setenv(name, secret)
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:{secret}@proxy:3128")
    monkeypatch.setenv("NOTES", f"sk-{secret}")
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "false")
    script = tmp_path / "environment.py"
    script.write_text("import json, os; print(json.dumps(dict(os.environ)) + '\\n', end='')")
    (line,) = torchrun(1, script)
    found = json.loads(line)
    assert secret not in line and found["TOKENIZERS_PARALLELISM"] == "false" and found["PATH"]


def test_a_killed_rank_is_named_before_those_that_failed_for_want_of_it():
    summary = (
        "[rank0]: RuntimeError: Connection closed by peer\n"
        "Root Cause (first observed failure):\n[0]:\n  rank      : 0 (local_rank: 0)\n"
        "  exitcode  : 1 (pid: 7)\n[1]:\n  rank      : 1 (local_rank: 1)\n"
        "  exitcode  : -9 (pid: 8)\n"
    )
    assert first_error(summary).startswith("rank 1 was killed by signal 9, most often because")
    ended = summary.replace("-9", "-15")  # that is how torchrun ends the others
    assert first_error(ended) == "RuntimeError: Connection closed by peer"
    aborted = summary.replace("-9", "-6") + "[rank1]: ValueError: row 7 is empty\n"
    assert first_error(aborted) == "ValueError: row 7 is empty"
    assert first_error("all is well") is None
    early = (
        "Traceback (most recent call last):\nhelpers.file_kinds.DataError: rows: no rows.\n"
        "E1129 failed (exitcode: 1)\ntorch.distributed.elastic.errors.ChildFailedError: \n"
    )
    assert first_error(early) == "DataError: rows: no rows."


def test_two_ranks_with_one_card_compute_on_the_cpu_and_choose_for_it(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setenv("ALPACA_PRECISION", "bf16")
    hardware.precision.cache_clear()
    assert hardware.device() == "cuda"
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    assert (hardware.device(), hardware.attention(), hardware.can_pack()) == ("cpu", "eager", False)
    hardware.precision.cache_clear()


@pytest.mark.parametrize("unit", ["a", "a.", "Error", "rank : 1 ", "[rank0]: ", " ", "exitcode "])
@pytest.mark.parametrize("begin", ["", "[rank0]: ", "rank : 1 "])
def test_looking_for_the_first_error_takes_time_in_proportion_to_the_text(begin, unit):
    def seconds(repeats):
        started = time.process_time()
        first_error(begin + unit * repeats)
        return time.process_time() - started

    once = max(seconds(8_000) for _ in range(2))
    assert min(seconds(16_000) for _ in range(3)) < 3 * once + 0.05
