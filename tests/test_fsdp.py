"""Full fine-tuning over processes: the same step on one and two ranks, half the weights on each."""

import json
import os
import subprocess
import sys

import psutil
import pytest

from helpers.fsdp import cosine, global_batches, torchrun
from helpers.io import write_jsonl
from helpers.run import ROOT

ROWS = [
    {"instruction": f"Say the word number {i}.", "input": "", "output": f"word {i} " * (1 + i % 4)}
    for i in range(18)
]


def test_every_row_is_in_one_batch_and_no_rank_is_left_without():
    plan = {"lengths": [5] * 17, "batch": 4, "ranks": 2, "epochs": 1}
    batches = global_batches(**plan, seed=1)
    assert sorted(row for batch in batches for row in batch) == list(range(17))
    assert all(len(batch) >= 2 for batch in batches)
    assert global_batches(**plan, seed=1) == batches != global_batches(**plan, seed=2)


def test_an_epoch_more_is_every_row_once_more():
    batches = global_batches([5] * 16, batch=4, ranks=2, epochs=1.5, seed=0)
    assert len(batches) == 6 and len({row for batch in batches for row in batch}) == 16


def test_rows_of_like_length_share_an_update():
    lengths = [10, 200] * 20
    batches = global_batches(lengths, batch=4, ranks=2, epochs=1, seed=0)
    padded = sum(len(batch) * max(lengths[row] for row in batch) for batch in batches)
    assert padded < 1.1 * sum(lengths)


def test_fewer_rows_than_ranks_is_refused_with_the_way_out():
    with pytest.raises(ValueError, match="--nproc_per_node=3"):
        global_batches([5] * 3, batch=8, ranks=4, epochs=1, seed=0)


def test_the_learning_rate_rises_and_falls():
    shares = [cosine(step, 10, 2) for step in range(10)]
    assert shares[:2] == [0.5, 1.0] and shares[2] == 1.0
    assert shares[2:] == sorted(shares[2:], reverse=True) and 0 < shares[-1] < 0.1


def run_fsdp(ranks, model, folder, out, *, kill_when=None):
    """Start torchrun; returns its status, the records it printed, its errors. May be killed."""
    write_jsonl(folder / "train.jsonl", ROWS)
    write_jsonl(folder / "heldout.jsonl", ROWS[:3])
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone",
               f"--nproc_per_node={ranks}", "-m", "helpers.fsdp", "--profile", "tiny",
               "--student", model, "--data", folder / "train.jsonl",
               "--heldout", folder / "heldout.jsonl", "--out", out]  # fmt: skip
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    environment["ALPACA_PRECISION"] = "fp32"
    process = subprocess.Popen(
        [str(part) for part in command], env=environment, text=True, cwd=ROOT,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    lines = []
    for line in process.stdout:
        lines.append(json.loads(line))
        if kill_when and kill_when(lines[-1]):
            launcher = psutil.Process(process.pid)
            for victim in [*launcher.children(recursive=True), launcher]:
                victim.kill()
    errors = process.stderr.read()
    return process.wait(), lines, errors


@pytest.fixture(scope="module")
def runs(tiny_model, tmp_path_factory):
    done = {}
    for ranks in (1, 2):
        folder = tmp_path_factory.mktemp(f"ranks{ranks}")
        status, lines, errors = run_fsdp(ranks, tiny_model, folder, folder / "out")
        assert status == 0, errors[-2000:]
        record = json.loads((folder / "out" / "training.json").read_text())
        done[ranks] = (lines, record, folder / "out")
    return done


def test_one_and_two_ranks_compute_the_same_losses(runs):
    for one, two in zip(runs[1][0], runs[2][0], strict=True):
        assert one == pytest.approx(two, rel=1e-4)


def test_each_rank_holds_its_share(runs):
    record = runs[2][1]
    assert len(record["held"]) == 2 and sum(record["held"]) == record["total"]
    assert max(record["held"]) < 0.55 * record["total"]
    assert runs[1][1]["held"] == [record["total"]]


def test_a_process_that_fails_ends_the_others_and_says_why(tmp_path):
    lonely = tmp_path / "lonely.py"
    lonely.write_text(
        "import os, torch.distributed as dist\n"
        "dist.init_process_group('gloo')\n"
        "print('here', flush=True)\n"
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
        "import sys; from helpers.fsdp import torchrun\n"
        "for line in torchrun(2, '-m', 'helpers.fsdp', *sys.argv[1:]): print(line, flush=True)"
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


@pytest.fixture
def one_rank(tmp_path):
    """A process group of this process alone, for what needs no second one."""
    import torch.distributed as dist
    from torch.distributed.device_mesh import init_device_mesh

    dist.init_process_group("gloo", init_method=f"file://{tmp_path}/meet", rank=0, world_size=1)
    yield init_device_mesh("cpu", (1,))
    dist.destroy_process_group()


def test_slices_read_from_disk_are_the_model(one_rank, tiny_model):
    from helpers.shards import load_sharded
    from helpers.student import load_student

    model = load_sharded(tiny_model, one_rank).model
    assert model.lm_head.weight is model.model.embed_tokens.weight
    plain = dict(load_student(tiny_model).named_parameters())
    read = dict(model.named_parameters())
    assert read.keys() == plain.keys()
    assert all((read[name].to_local() == plain[name]).all() for name in plain)


def test_weights_of_another_model_are_refused(one_rank, tiny_model, tmp_path):
    import shutil

    from safetensors.torch import load_file, save_file

    from helpers.shards import load_sharded

    folder = shutil.copytree(tiny_model, tmp_path / "model")
    state = load_file(folder / "model.safetensors")
    norm = state.pop("model.norm.weight")
    save_file(state, folder / "model.safetensors")
    with pytest.raises(ValueError, match=r"lack 1 of .*model\.norm\.weight"):
        load_sharded(folder, one_rank)
    save_file({**state, "model.norm.weight": norm[:5]}, folder / "model.safetensors")
    with pytest.raises(ValueError, match="two models"):
        load_sharded(folder, one_rank)


def test_the_result_is_an_ordinary_model_that_has_moved(runs, tiny_model):
    import torch

    from helpers.student import load_student

    trained, before = load_student(runs[2][2] / "model"), load_student(tiny_model)
    names = {file.name for file in (runs[2][2] / "model").iterdir()}
    assert "model.safetensors" in names and not any(name.endswith(".bin") for name in names)
    moved = [
        not torch.allclose(p, q, atol=1e-4)
        for p, q in zip(trained.parameters(), before.parameters(), strict=True)
    ]
    assert sum(moved) > len(moved) / 2
    assert not (runs[2][2] / "checkpoints").exists()


def test_a_killed_run_goes_on_from_its_shards(runs, tiny_model, tmp_path):
    out = tmp_path / "out"
    second_step = lambda point: point["step"] == 2 and "loss" in point  # noqa: E731
    status, _, _ = run_fsdp(2, tiny_model, tmp_path, out, kill_when=second_step)
    assert status != 0 and not (out / "model").exists()
    assert list(out.glob("checkpoints/step-1/*.distcp"))
    status, lines, errors = run_fsdp(2, tiny_model, tmp_path, out)
    assert status == 0, errors[-2000:]
    assert min(point["step"] for point in lines) == 2  # step 1 was not done again
    assert lines[-1] == pytest.approx(runs[2][0][-1], rel=1e-4)
