"""Compare planned memory (helpers.planning.memory) with measured peaks: embedded model, CPU.

    python benchmarks/memory.py [--only lora]

Each case runs in a new process, or one for each rank of full fine-tuning. It makes several updates
with micro-batches of one shape and prints its peak of resident memory, above the memory after its
imports. The allocator returns every free block above 128 kB to the system. That is glibc's initial
threshold, fixed here. Otherwise glibc raises it and keeps free memory, which differs from run to
run.
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
from typing import TypedDict

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("HF_HUB_OFFLINE", "1")

from helpers.planning import hardware
from helpers.planning.architectures import model_config
from helpers.planning.memory import MemoryPlan, plan_memory
from helpers.training.encoding import IGNORED, EncodedRow
from helpers.training.launch import init_process_group, torchrun

Case = tuple[str, int, int, int, bool]
# method, rows computed together, tokens in each row, ranks, recompute
CASES: tuple[Case, ...] = (
    ("lora", 4, 128, 1, False),
    ("lora", 2, 256, 1, False),
    ("full", 4, 128, 1, False),
    ("full", 4, 128, 1, True),
    ("full", 4, 128, 2, False),
    ("full", 4, 128, 2, True),
    ("full", 2, 256, 2, False),
)
# One thread, because several would wait for one another on a busy machine and save no memory.
ENVIRONMENT = {
    "MALLOC_MMAP_THRESHOLD_": str(1 << 17),
    "THP_MEM_ALLOC_ENABLE": "0",
    "OMP_NUM_THREADS": "1",
}


class Measured(TypedDict):
    """The peak of one case in bytes, and what its processes chose for this machine."""

    peak: int
    precision: str
    attention: str


def random_rows(count: int, length: int, vocabulary: int = 49_000) -> list[EncodedRow]:
    """Make encoded rows of one length; the second half of each is learned."""
    rng, half = random.Random(0), length // 2
    rows: list[EncodedRow] = []
    for _ in range(count):
        ids = [rng.randrange(100, vocabulary) for _ in range(length)]
        labels = [IGNORED] * half + ids[half:]
        rows.append({"input_ids": ids, "labels": labels, "prompt_length": half, "cut": 0})
    return rows


def status(key: str) -> int:
    """Read this process's memory in bytes: ``VmRSS`` is the memory now, ``VmHWM`` the peak."""
    with open("/proc/self/status", encoding="ascii") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(key))


def start_measuring() -> int:
    """Reset the peak; returns the memory of the process without a model, in bytes."""
    gc.collect()
    hardware.reset_peak_memory()
    return status("VmRSS")


def lora(folder: str, rows: int, length: int, recompute: bool) -> int:
    """Make two updates of two micro-batches with LoRA's trainer; returns the peak in bytes."""
    import peft  # noqa: F401  (imported here, so that it is not measured)
    import transformers.models.llama.modeling_llama  # noqa: F401
    from trl import SFTConfig, SFTTrainer  # noqa: F401

    from helpers.profiles import load_profile
    from helpers.training.lora import lora_config
    from helpers.training.lora_linear import fused_adapters
    from helpers.training.prefix_attention import training_attention
    from helpers.training.student import load_student, load_tokenizer
    from helpers.training.trl_trainer import response_trainer

    assert not recompute, "no case of LoRA recomputes activations"
    profile = load_profile("laptop")
    budget = rows * length
    profile = dataclasses.replace(profile, lora_batch=2 * rows, token_budget=budget)
    tokenizer, train = load_tokenizer(folder), random_rows(4 * rows, length)
    hardware.precision()  # measured once, which takes memory too
    before = start_measuring()
    model = load_student(folder)
    model.set_attn_implementation(training_attention(model.config))
    with tempfile.TemporaryDirectory() as out:
        trainer = response_trainer(
            model, tokenizer, train, train[:rows], profile, lora_config(profile), out, ()
        )
        trainer.args.eval_strategy = trainer.args.save_strategy = "no"
        with fused_adapters(trainer.model):
            trainer.train()
    return status("VmHWM") - before


def full(folder: str, rows: int, length: int, recompute: bool) -> int:
    """Make three updates of two micro-batches per rank; returns the largest peak in bytes."""
    import torch
    import torch.distributed as dist
    import transformers.models.llama.modeling_llama  # noqa: F401
    from torch.distributed.device_mesh import init_device_mesh

    from helpers.training.fsdp_steps import train_step
    from helpers.training.shards import load_sharded
    from helpers.training.student import load_tokenizer

    init_process_group("gloo")
    ranks = dist.get_world_size()
    tokenizer, train = load_tokenizer(folder), random_rows(2 * rows * ranks, length)
    hardware.precision()
    mesh = init_device_mesh(hardware.device(), (ranks,))
    before = start_measuring()
    learner = load_sharded(folder, mesh, recompute=recompute)
    optimizer = torch.optim.AdamW(learner.parameters(), lr=1e-5, weight_decay=0.0, fused=True)
    for _ in range(3):
        train_step(learner, optimizer, train, tokenizer, rows * length)
    peaks = [0] * ranks
    dist.all_gather_object(peaks, status("VmHWM") - before)
    dist.destroy_process_group()
    return max(peaks)


def measure(
    method: str, rows: int, length: int, ranks: int, recompute: bool, folder: str | Path
) -> Measured:
    """Run a case in new processes and return what they measured."""
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


def planned(case: Case, found: Measured) -> MemoryPlan:
    """Plan a case with the precision and the attention that its processes chose."""
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


def child(case: str, folder: str) -> None:
    """Run a case, given as JSON, in this process; rank 0 prints the result as JSON."""
    method, rows, length, _, recompute = json.loads(case)
    peak = {"lora": lora, "full": full}[method](folder, rows, length, recompute)
    if int(os.environ.get("RANK", 0)) == 0:
        chosen = {"precision": hardware.precision(), "attention": hardware.attention()}
        print(json.dumps({"peak": peak, **chosen}), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", default=ROOT / "runs/cache/student", help="the embedded model")
    parser.add_argument("--only", choices=["lora", "full"])
    parser.add_argument("--case", help="a case as JSON; for the processes that this script starts")
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
