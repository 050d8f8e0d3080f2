"""Measure the real tokens per second and the memory of the same LoRA updates, in three ways.

- Alpaca's way: random batches of four, padded to their longest row, logits at every position;
- this project's way: micro-batches of rows of similar length within a token budget, a shared
  beginning computed once, logits only where a token is learned, adapters fused with their layers;
- the same without sharing: padded micro-batches, with sdpa, and peft's own adapters.

    python benchmarks/training.py [--data alpaca_data.json] [--profile]

One process holds a model with an adapter for each way. All ways make the same updates from the
same rows, in the same precision. They take turns after each update, so that other work on the
machine slows all of them. Peak memory is measured in another process for each way (``--only``),
over the first updates, because memory that one way leaves behind would count for the next.
``--profile`` shows where one update of this project's way spends its time.
"""

import argparse
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NamedTuple, TypedDict

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
ROOT = Path(__file__).resolve().parent.parent

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch import Tensor
from torch.optim import Optimizer

from helpers.io import load_examples
from helpers.planning import hardware
from helpers.planning.architectures import model_config
from helpers.planning.hardware import Layout
from helpers.profiles import PROFILES
from helpers.training.batching import micro_batches, to_device, to_tensors
from helpers.training.encoding import (
    IGNORED,
    EncodedRow,
    encode_all,
    response_tokens,
    token_losses,
)
from helpers.training.lora_linear import fused_adapters
from helpers.training.model_folders import student_folder
from helpers.training.prefix_attention import training_attention
from helpers.training.student import load_student, load_tokenizer

BUDGET = PROFILES["laptop"].token_budget
OURS = "this project"
Batch = dict[str, Any]
Rows = Sequence[EncodedRow]


class Way(NamedTuple):
    """How to divide an update and compute its loss, with which attention, and adapters fused?"""

    divide: Callable[[Rows, Layout], Sequence[Rows]]
    loss: Callable[[PeftModel, Batch], Tensor]
    attention: str
    fused: bool


class Result(TypedDict):
    """What was measured of one way: its seconds, computed tokens, and the loss of each update."""

    seconds: float
    computed: int
    losses: list[float]


def alpaca_loss(model: PeftModel, batch: Batch) -> Tensor:
    """Return the summed loss as transformers computes it, from the logits of every position."""
    learned = (batch["labels"][:, 1:] != IGNORED).sum()
    return model(**batch, use_cache=False).loss * learned


def learned_loss(model: PeftModel, batch: Batch) -> Tensor:
    """Return the summed loss from the logits of learned positions only."""
    return token_losses(model.get_base_model(), batch).sum()


def fours(rows: Rows, layout: Layout) -> list[Rows]:
    """Divide rows into batches of four, in their order."""
    return [rows[start : start + 4] for start in range(0, len(rows), 4)]


def by_length(rows: Rows, layout: Layout) -> Sequence[Rows]:
    """Divide rows into micro-batches of rows of similar length."""
    return micro_batches(rows, BUDGET, layout)


def update(
    model: PeftModel, optimizer: Optimizer, rows: Rows, pad_id: int, way: Way
) -> tuple[float, int]:
    """Make one optimizer step; returns its mean loss and the number of computed tokens."""
    learned = response_tokens(rows)
    dtype, layout = hardware.working_dtype(), hardware.layout(way.attention)
    mean, computed = 0.0, 0
    for part in way.divide(rows, layout):
        batch = to_device(to_tensors(part, pad_id, layout))
        with fused_adapters(model) if way.fused else nullcontext():
            with torch.autocast(hardware.device(), dtype, enabled=dtype != torch.float32):
                share = way.loss(model, batch) / learned
            share.backward()
        mean += share.item()
        computed += batch["input_ids"].numel()
    optimizer.step()
    optimizer.zero_grad()
    return mean, computed


def flops(model: PeftModel, rows: Rows) -> int:
    """Count the multiplications and additions that LoRA needs for the real tokens.

    Each weight takes two in the forward pass and two in the backward pass, because frozen weights
    need no gradient. Attention is left out. A beginning that rows share counts in every row, as if
    nothing were shared: the column ``computed/real`` says how much of it was computed.
    """
    base = model.get_base_model()
    head = base.get_output_embeddings().weight.numel()
    body = sum(p.numel() for n, p in base.named_parameters() if "layers." in n)
    learned = response_tokens(rows)
    return 4 * (body * sum(len(row["input_ids"]) for row in rows) + head * learned)


def matmul_peak(size: int = 2048, tries: int = 10) -> float:
    """Measure operations per second of one large matrix multiplication, the best of some tries."""
    a = torch.ones(size, size, dtype=hardware.working_dtype(), device=hardware.device())
    best = float("inf")
    for _ in range(tries):
        started = time.perf_counter()
        (a @ a).sum().item()
        best = min(best, time.perf_counter() - started)
    return 2 * size**3 / best


def prepare(folder: str, way: Way) -> tuple[PeftModel, Optimizer]:
    """Load the model with the adapter that every way begins with, and an optimizer for it."""
    lora = LoraConfig(r=4, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM")
    student = load_student(folder)
    student.set_attn_implementation(way.attention)
    torch.manual_seed(0)
    model = get_peft_model(student, lora)
    trained = [p for p in model.parameters() if p.requires_grad]
    return model.train(), torch.optim.AdamW(trained, lr=1e-4, weight_decay=0.0)


def ways_to_train() -> dict[str, Way]:
    """Return the three ways by name."""
    attention = training_attention(model_config("embedded"))
    return {
        "Alpaca's way": Way(fours, alpaca_loss, "sdpa", fused=False),
        OURS: Way(by_length, learned_loss, attention, fused=True),
        "no sharing": Way(by_length, learned_loss, "sdpa", fused=False),
    }


def train(
    names: Iterable[str], encoded: Rows, rows_per_update: int
) -> tuple[PeftModel, dict[str, Result]]:
    """Train each way on the same updates, in turns; returns a model and a result for each way."""
    folder = student_folder("embedded", ROOT / "runs" / "cache")
    ways = {name: ways_to_train()[name] for name in names}
    prepared = {name: prepare(folder, way) for name, way in ways.items()}
    pad_id = load_tokenizer(folder).pad_token_id
    done: dict[str, Result] = {name: {"seconds": 0.0, "computed": 0, "losses": []} for name in ways}
    for start in range(0, len(encoded), rows_per_update):
        rows = encoded[start : start + rows_per_update]
        for name, (model, optimizer) in prepared.items():
            started = time.perf_counter()
            mean, tokens = update(model, optimizer, rows, pad_id, ways[name])
            done[name]["seconds"] += time.perf_counter() - started
            done[name]["computed"] += tokens
            done[name]["losses"].append(mean)
    return model, done


def profile_update(encoded: Rows) -> str:
    """Time the operations of one update of this project's way, after one to warm up."""
    folder, way = student_folder("embedded", ROOT / "runs" / "cache"), ways_to_train()[OURS]
    (model, optimizer), pad_id = prepare(folder, way), load_tokenizer(folder).pad_token_id
    update(model, optimizer, encoded, pad_id, way)
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as operations:
        update(model, optimizer, encoded, pad_id, way)
    return operations.key_averages().table(sort_by="self_cpu_time_total", row_limit=20)


def peak_of(name: str, args: argparse.Namespace) -> int:
    """Measure the peak memory, in bytes, of another process that trains in one way only."""
    command = [sys.executable, __file__, f"--only={name}", f"--update={args.update}"]
    command += [f"--rows={args.rows}"] + ([f"--data={args.data}"] if args.data else [])
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="Alpaca's JSON or JSONL; default: this project's own rows")
    parser.add_argument("--rows", type=int, default=240)
    parser.add_argument("--update", type=int, default=48, help="rows per optimizer step")
    parser.add_argument(
        "--only", help="train in one way for two updates and print the peak in bytes"
    )
    parser.add_argument("--profile", action="store_true", help="show the operations of an update")
    args = parser.parse_args()
    own = ROOT / "data" / "seed_tasks.en.jsonl", ROOT / "data/finished_run/generated.jsonl"
    rows = [row for path in ([args.data] if args.data else own) for row in load_examples(path)]
    tokenizer = load_tokenizer(student_folder("embedded", ROOT / "runs" / "cache"))
    encoded, _ = encode_all(random.Random(0).sample(rows, args.rows), tokenizer)
    if args.only:
        train([args.only], encoded[: 2 * args.update], args.update)
        print(hardware.peak_memory())
        return
    if args.profile:
        print(profile_update(encoded[: args.update]))
        return
    model, done = train(list(ways_to_train()), encoded, args.update)
    report(model, encoded, done, {name: peak_of(name, args) for name in done})


def report(model: PeftModel, encoded: Rows, done: dict[str, Result], peak: dict[str, int]) -> None:
    """Print the table, the matrix peak of this machine, and the two ratios."""
    real, best = sum(len(row["input_ids"]) for row in encoded), matmul_peak()
    print(f"{len(encoded)} rows, {real} tokens, {hardware.describe()}")
    print(f"matrix peak of this machine: {best / 1e9:.0f} GFLOP/s")
    print(f"{'':<15}{'tokens/s':>10}{'computed/real':>15}{'peak GB':>9}{'of peak':>9}  loss")
    for name, result in done.items():
        share = flops(model, encoded) / result["seconds"] / best
        print(
            f"{name:<15}{real / result['seconds']:>10.0f}{result['computed'] / real:>15.2f}"
            f"{peak[name] / 1e9:>9.2f}{share:>9.0%}  "
            + " ".join(f"{loss:.4f}" for loss in result["losses"])
        )
    alpaca, own = list(done)[:2]
    print(
        f"this project / Alpaca's way: {done[alpaca]['seconds'] / done[own]['seconds']:.2f} times "
        f"the tokens per second, {peak[own] / peak[alpaca]:.0%} of the memory"
    )


if __name__ == "__main__":
    main()
