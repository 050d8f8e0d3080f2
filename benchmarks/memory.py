"""Planned beside measured memory (helpers.planning.memory), on the embedded model, on a CPU.

    python benchmarks/memory.py [--only lora]

Each case is a process of its own (full fine-tuning: one for each rank) that makes several updates
of micro-batches of one shape and prints its peak of resident memory above what it had after its
imports. The allocator is told to give every block above 128 kB back as soon as it is free: that is
glibc's own first threshold, held where it is; left to itself it raises it, and what is measured
then is its hoard, which differs from run to run.
"""

import argparse
import dataclasses
import gc
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("HF_HUB_OFFLINE", "1")

from helpers.planning import hardware
from helpers.planning.architectures import model_config
from helpers.planning.memory import plan_memory
from helpers.training.encoding import IGNORED
from helpers.training.launch import init_process_group, torchrun

# method, rows and tokens a row computed together, ranks, recompute
CASES = (
    ("lora", 4, 128, 1, False),
    ("lora", 2, 256, 1, False),
    ("full", 4, 128, 1, False),
    ("full", 4, 128, 1, True),
    ("full", 4, 128, 2, False),
    ("full", 4, 128, 2, True),
    ("full", 2, 256, 2, False),
)
# One thread: several that share a busy machine wait for one another, and need no less memory.
ENVIRONMENT = {
    "MALLOC_MMAP_THRESHOLD_": str(1 << 17),
    "THP_MEM_ALLOC_ENABLE": "0",
    "OMP_NUM_THREADS": "1",
}


def random_rows(count, length, vocabulary=49_000):
    """Encoded rows of one length, the second half of which is learned."""
    rng, half = random.Random(0), length // 2
    rows = []
    for _ in range(count):
        ids = [rng.randrange(100, vocabulary) for _ in range(length)]
        labels = [IGNORED] * half + ids[half:]
        rows.append({"input_ids": ids, "labels": labels, "prompt_length": half, "cut": 0})
    return rows


def status(key):
    """Bytes of one line of this process's status: VmRSS is now, VmHWM the peak."""
    with open("/proc/self/status", encoding="ascii") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(key))


def start_measuring():
    """Forget the peak so far; returns what the process has without a model."""
    gc.collect()
    hardware.reset_peak_memory()
    return status("VmRSS")


def lora(folder, rows, length, recompute):
    """Two updates of two micro-batches through the trainer that LoRA uses; the peak."""
    import peft  # noqa: F401  (imported here, so that it is not measured)
    import transformers.models.llama.modeling_llama  # noqa: F401
    from trl import SFTConfig, SFTTrainer  # noqa: F401

    from helpers.profiles import load_profile
    from helpers.training.lora import lora_config
    from helpers.training.student import load_student, load_tokenizer
    from helpers.training.trl_trainer import response_trainer

    assert not recompute, "LoRA keeps its activations"
    profile = load_profile("laptop")
    sizes = {"lora_batch": 2 * rows, "token_budget": rows * length}
    profile = dataclasses.replace(profile, **sizes)
    tokenizer, train = load_tokenizer(folder), random_rows(4 * rows, length)
    hardware.precision()  # it is asked by trying, which takes memory too
    before = start_measuring()
    model = load_student(folder)
    model.set_attn_implementation(hardware.attention())
    with tempfile.TemporaryDirectory() as out:
        trainer = response_trainer(
            model, tokenizer, train, train[:rows], profile, lora_config(profile), out, ()
        )
        trainer.args.eval_strategy = trainer.args.save_strategy = "no"
        trainer.train()
    return status("VmHWM") - before


def full(folder, rows, length, recompute):
    """Three updates of two micro-batches a rank through ``fsdp.train_step``; the peak."""
    import torch
    import torch.distributed as dist
    import transformers.models.llama.modeling_llama  # noqa: F401

    from helpers.training.fsdp import _mesh, train_step
    from helpers.training.shards import load_sharded
    from helpers.training.student import load_tokenizer

    init_process_group("gloo")
    ranks = dist.get_world_size()
    tokenizer, train = load_tokenizer(folder), random_rows(2 * rows * ranks, length)
    hardware.precision()
    mesh = _mesh(ranks)
    before = start_measuring()
    learner = load_sharded(folder, mesh, recompute=recompute)
    optimizer = torch.optim.AdamW(learner.parameters(), lr=1e-5, weight_decay=0.0)
    for _ in range(3):
        train_step(learner, optimizer, train, tokenizer, rows * length)
    peaks = [None] * ranks
    dist.all_gather_object(peaks, status("VmHWM") - before)
    dist.destroy_process_group()
    return max(peaks)


def measure(method, rows, length, ranks, recompute, folder):
    """Start a case's processes; returns ``{"peak", "precision", "attention"}``."""
    case = json.dumps([method, rows, length, ranks, recompute])
    arguments = [__file__, "--case", case, "--folder", str(folder)]
    if method == "full":
        os.environ.update(ENVIRONMENT)
        lines = list(torchrun(ranks, *arguments))
    else:
        environment = {**os.environ, **ENVIRONMENT}
        command = [sys.executable, *arguments]
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True)
        done.check_returncode()
        lines = done.stdout.splitlines()
    return next(json.loads(line) for line in lines if line.startswith('{"peak"'))


def planned(case, found):
    """The plan for a case with the precision and attention its processes had found."""
    method, rows, length, ranks, recompute = case
    return plan_memory(
        model_config("embedded"),
        method,
        rows=rows,
        length=length,
        ranks=ranks,
        recompute=recompute,
        precision=found["precision"],
        attention=found["attention"],
        device="cpu",
    )


def child(case, folder):
    method, rows, length, _, recompute = json.loads(case)
    peak = {"lora": lora, "full": full}[method](folder, rows, length, recompute)
    if int(os.environ.get("RANK", 0)) == 0:
        chosen = {"precision": hardware.precision(), "attention": hardware.attention()}
        print(json.dumps({"peak": peak, **chosen}), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", default=ROOT / "runs/cache/student", help="the embedded model")
    parser.add_argument("--only", choices=["lora", "full"])
    parser.add_argument("--case", help="for the processes started from here")
    args = parser.parse_args()
    if args.case:
        child(args.case, args.folder)
        return
    print(f"{'case':<38}{'planned GB':>11}{'measured GB':>12}{'ratio':>7}")
    for case in CASES:
        method, rows, length, ranks, recompute = case
        if args.only in (None, method):
            found = measure(*case, args.folder)
            plan = planned(case, found)["total"]
            name = f"{method}, {rows} x {length}, {ranks} rank{'s' * (ranks > 1)}"
            name += ", recompute" * recompute
            ratio = plan / found["peak"]
            sizes = f"{plan / 1e9:>11.2f}{found['peak'] / 1e9:>12.2f}"
            print(f"{name:<38}{sizes}{ratio:>7.2f}", flush=True)


if __name__ == "__main__":
    main()
