"""Measure this project's training code on one GPU: tokens per second, MFU, peak memory.

- ``full``: all weights of a 7B model, with ``fsdp_steps.train_step``. Weights and Adam moments are
  in fp32, computation in bf16, activations are recomputed, and rows are packed where the attention
  allows it. It takes about 110 GB, so it needs an H200.
- ``lora``: Gemma-2B, frozen in bf16, rank 4, four rows of 512 tokens at once, as on one L4.

    python benchmarks/gpu.py full
    python benchmarks/gpu.py lora --gpu L4
    python benchmarks/gpu.py full --tiny      # the same code on any machine, in seconds

Nothing is downloaded. Models have random weights and rows have random tokens, because speed and
memory do not depend on the values. MFU is 6 N FLOPs per token (LoRA: 4 N), divided by the GPU's
published dense peak. Padding does not count.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch
import torch.distributed as dist
from torch.distributed.tensor import DTensor

from helpers.planning import gpus, hardware
from helpers.planning.architectures import model_config, tiny_config
from helpers.planning.memory import memory_table, plan_memory
from helpers.profiles import PROFILES
from helpers.training.batching import layout_of, micro_batches, to_device, to_tensors
from helpers.training.encoding import (
    IGNORED,
    EncodedRow,
    response_tokens,
    token_losses,
)
from helpers.training.fsdp_steps import train_step
from helpers.training.lora import lora_config
from helpers.training.prefix_attention import training_attention
from helpers.training.shards import Learner, shard, without_weights

if TYPE_CHECKING:
    from transformers import PretrainedConfig

Rows = Sequence[EncodedRow]


class NoTokenizer:
    """The only part of a tokenizer that batches need."""

    pad_token_id = 0


def random_rows(count: int, longest: int, vocabulary: int, seed: int = 0) -> list[EncodedRow]:
    """Make rows of random tokens with lengths like Alpaca's: most short, some at the limit."""
    rng = random.Random(seed)
    rows: list[EncodedRow] = []
    for _ in range(count):
        length = min(longest, int(rng.lognormvariate(4.5, 0.6)) + 24)
        ids = [rng.randrange(vocabulary) for _ in range(length)]
        border = max(1, length // 2)
        labels = [IGNORED] * border + ids[border:]
        rows.append({"input_ids": ids, "labels": labels, "prompt_length": border, "cut": 0})
    return rows


def sharded_with_random_weights(config: PretrainedConfig) -> Learner:
    """Build a learner as training has it after loading, but with random weights."""
    mesh = dist.device_mesh.init_device_mesh(hardware.device(), (dist.get_world_size(),))
    learner = shard(without_weights(config), mesh, recompute=True)
    weights: dict[str, DTensor] = {}
    for name, wanted in learner.model.named_parameters():
        local = torch.randn(wanted.to_local().shape, device=hardware.device())
        local = torch.ones_like(local) if "norm" in name else 0.02 * local
        weights[name] = DTensor.from_local(
            local, mesh, wanted.placements, run_check=False, shape=wanted.shape,
            stride=wanted.stride(),
        )  # fmt: skip
    learner.model.load_state_dict(weights, strict=False, assign=True)
    learner.model.tie_weights()
    return learner


def full_steps(config: PretrainedConfig, updates: Sequence[Rows], budget: int) -> Iterator[float]:
    """Make one full update after another with the training's own code; yields the losses."""
    learner = sharded_with_random_weights(config)
    optimizer = torch.optim.AdamW(learner.parameters(), lr=2e-5, weight_decay=0.0, fused=True)
    for rows in updates:
        yield train_step(learner, optimizer, rows, NoTokenizer(), budget)


def lora_steps(config: PretrainedConfig, updates: Sequence[Rows], budget: int) -> Iterator[float]:
    """Make LoRA updates beside weights that are frozen in bf16; yields the losses."""
    from peft import get_peft_model
    from transformers import AutoModelForCausalLM

    with torch.device(hardware.device()):
        frozen = AutoModelForCausalLM.from_config(
            config, dtype=hardware.frozen_dtype(), attn_implementation=training_attention(config)
        )
    model = get_peft_model(frozen, lora_config(PROFILES["colab_l4"])).train()
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-4, weight_decay=0.0, fused=True)
    for rows in updates:
        learned = response_tokens(rows)
        total = torch.zeros((), device=hardware.device())
        for part in micro_batches(rows, budget, layout_of(frozen)):
            batch = to_device(to_tensors(part, NoTokenizer.pad_token_id, layout_of(frozen)))
            with torch.autocast(hardware.device(), hardware.working_dtype()):
                loss = token_losses(model.get_base_model(), batch).sum() / learned
            loss.backward()
            total += loss.detach()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        yield total.item()


def timed(steps: Iterator[float], updates: Sequence[Rows]) -> tuple[float, float]:
    """Return the real tokens per second, without the first update as warm-up, and the last loss."""
    seconds, loss = 0.0, next(steps)
    for _ in updates[1:]:
        started = time.perf_counter()
        loss = next(steps)  # a Python number, so the GPU has finished
        seconds += time.perf_counter() - started
    return sum(len(row["input_ids"]) for rows in updates[1:] for row in rows) / seconds, loss


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("method", choices=("full", "lora"))
    parser.add_argument("--gpu", default="H200", choices=[gpu.name for gpu in gpus.GPUS])
    parser.add_argument("--updates", type=int, default=6)
    parser.add_argument("--rows", type=int, help="rows per update; default 128 (full) or 8 (lora)")
    parser.add_argument("--budget", type=int, help="tokens computed at once; default 16384 or 2048")
    parser.add_argument("--tiny", action="store_true", help="a tiny model, to try the code")
    args = parser.parse_args()
    name = {"full": "LLaMA-7B", "lora": "google/gemma-1.1-2b-it"}[args.method]
    config = tiny_config(name, 1000) if args.tiny else model_config(name)
    count = args.rows or {"full": 128, "lora": 8}[args.method]
    budget = args.budget or {"full": 16384, "lora": 2048}[args.method]
    rows = random_rows(count * args.updates, 512, config.vocab_size)
    updates = [rows[i : i + count] for i in range(0, len(rows), count)]
    print(hardware.describe())
    with tempfile.TemporaryDirectory() as folder:
        backend = "nccl" if hardware.device() == "cuda" else "gloo"
        dist.init_process_group(backend, init_method=f"file://{folder}/store", rank=0, world_size=1)
        hardware.reset_peak_memory()
        steps = {"full": full_steps, "lora": lora_steps}[args.method](config, updates, budget)
        speed, loss = timed(steps, updates)
        dist.destroy_process_group()
    report(args, config, budget, speed, loss)


def report(
    args: argparse.Namespace, config: PretrainedConfig, budget: int, speed: float, loss: float
) -> None:
    """Print what was measured, and the memory plan for the same shape."""
    parameters = sum(p.numel() for p in without_weights(config).parameters())
    gpu = next(gpu for gpu in gpus.GPUS if gpu.name == args.gpu)
    work = {"full": 6, "lora": 4}[args.method] * parameters * speed
    print(f"{args.method}, {parameters / 1e9:.2f} billion parameters, loss {loss:.2f}")
    print(f"real tokens per second: {speed:,.0f}")
    print(f"MFU on a {gpu.name} ({gpu.tflops} TFLOP/s): {work / gpu.tflops / 1e12:.1%}")
    print(f"peak memory: {hardware.peak_memory() / 1e9:.1f} GB; planned:")
    plan = plan_memory(
        config,
        args.method,
        rows=max(1, budget // 512),
        length=512,
        lora_rank=4,
        recompute=args.method == "full",
        device=hardware.device(),
    )
    print(memory_table({"plan": plan}))


if __name__ == "__main__":
    main()
