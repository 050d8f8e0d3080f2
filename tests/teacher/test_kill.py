"""SIGKILL at many seeded moments: no accepted task is lost, nothing on disk is asked again."""

import json
import os
import random
import subprocess
import sys
import time

from conftest import ROOT
from faulty_server import FaultyServer
from teacher_runs import SEEDS

from helpers.io import read_jsonl, write_jsonl

KILLS = 16
SCRIPT = """
import asyncio, sys
from helpers.teacher.endpoint import Endpoint
from helpers.teacher.generate import Settings, generate
from helpers.io import read_jsonl
url, folder, seeds = sys.argv[1:]
settings = Settings(way="task_list", list_length=3, target=90, request_limit=400)
endpoint = Endpoint(base_url=url, model="faulty", key_env="FAULTY_KEY", parallel=4)
bill = asyncio.run(generate(endpoint, read_jsonl(seeds), folder, settings))
print(bill["stopped"])
"""


def start(server, folder, seeds):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "FAULTY_KEY": server.key}
    command = [sys.executable, "-c", SCRIPT, server.endpoint().base_url, str(folder), str(seeds)]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def on_disk(folder):
    path = folder / "raw.jsonl"
    rows = read_jsonl(path, torn_tail_ok=True) if path.exists() else []
    return {row["number"] for row in rows}


def kill_after(process, server, requests, delay):
    """SIGKILL once the server was asked so many times more, plus a moment."""
    goal = len(server.asked) + requests
    while len(server.asked) < goal and process.poll() is None:
        time.sleep(0.001)
    time.sleep(delay)
    process.kill()
    process.communicate()


def test_killed_again_and_again_a_run_ends_as_if_it_had_not_been(tmp_path):
    seeds = write_jsonl(tmp_path / "seeds.jsonl", SEEDS)
    rng = random.Random(3)
    with FaultyServer(wait=0.01) as server:
        out, _ = start(server, tmp_path / "whole", seeds).communicate()
        assert out == "target reached\n"
        server.asked.clear()
        folder, kills = tmp_path / "killed", 0
        while kills < KILLS:
            before = on_disk(folder)
            asked = len(server.asked)
            process = start(server, folder, seeds)
            kill_after(process, server, rng.randint(1, 6), rng.uniform(0, 0.03))
            assert not before & set(server.asked[asked:]), "an answer on disk was asked for again"
            assert before <= on_disk(folder)
            kills += 1
        before, asked = on_disk(folder), len(server.asked)
        out, errors = start(server, folder, seeds).communicate()
    assert out == "target reached\n", errors
    assert not before & set(server.asked[asked:])
    raw = [row["number"] for row in read_jsonl(folder / "raw.jsonl")]
    assert len(raw) == len(set(raw)) and 0 < len(before) < len(raw)
    for name in ("generated", "ledger"):
        file = f"{name}.jsonl"
        assert (folder / file).read_bytes() == (tmp_path / "whole" / file).read_bytes()


def test_a_second_process_on_the_same_folder_says_so_and_stops(tmp_path):
    seeds = write_jsonl(tmp_path / "seeds.jsonl", SEEDS)
    with FaultyServer(wait=0.2) as server:
        first = start(server, tmp_path / "run", seeds)
        while not server.asked:
            time.sleep(0.01)
        second = start(server, tmp_path / "run", seeds)
        _, errors = second.communicate()
        first.kill()
        first.communicate()
    assert second.returncode == 1 and "another process is generating" in errors
    assert json.dumps(server.key)[1:-1] not in errors
