"""What one card does with our training code: tokens a second, MFU, peak memory. Nothing is fetched.

- ``full``: every weight of a 7B model through :mod:`helpers.training.shards` and
``helpers.training.fsdp.train_step``
  (fp32 weights and Adam moments, bf16 compute, activations recomputed), rows packed where the
  attention allows it. About 110 GB: an H200.
- ``lora``: Gemma-2B, frozen in bf16, rank 4, four rows of 512 tokens at once, as on one L4.

    python benchmarks/gpu.py full
    python benchmarks/gpu.py lora --card L4
    python benchmarks/gpu.py full --tiny      # the very same code on any machine, in seconds

Models are built from their configurations with random weights, rows from random tokens: speed and
memory do not depend on what the numbers are. MFU is 6 N FLOPs a token (LoRA: 4 N) over the card's
dense peak, as it is published; padding never counts.
"""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch
import torch.distributed as dist
from torch.distributed.tensor import DTensor

from helpers.planning import gpus, hardware
from helpers.planning.architectures import model_config, tiny_config
from helpers.planning.memory import memory_table, plan_memory
from helpers.profiles import PROFILES
from helpers.training.encoding import (
    IGNORED,
    micro_batches,
    response_tokens,
    to_tensors,
    token_losses,
)
from helpers.training.fsdp import train_step
from helpers.training.lora import lora_config
from helpers.training.shards import shard, without_weights


class NoTokenizer:
    """All that batches ask of a tokenizer."""

    pad_token_id = 0


def random_rows(count, longest, vocabulary, seed=0):
    """Encoded rows of random tokens with lengths like Alpaca's: most short, some at the limit."""
    rng = random.Random(seed)
    rows = []
    for _ in range(count):
        length = min(longest, int(rng.lognormvariate(4.5, 0.6)) + 24)
        ids = [rng.randrange(vocabulary) for _ in range(length)]
        border = max(1, length // 2)
        rows.append({"input_ids": ids, "labels": [IGNORED] * border + ids[border:]})
    return rows


def sharded_with_random_weights(config):
    """A learner as training has it after loading, but with weights drawn instead of read."""
    mesh = dist.device_mesh.init_device_mesh(hardware.device(), (dist.get_world_size(),))
    learner = shard(without_weights(config), mesh, recompute=True)
    drawn = {}
    for name, wanted in learner.model.named_parameters():
        local = torch.randn(wanted.to_local().shape, device=hardware.device())
        local = torch.ones_like(local) if "norm" in name else 0.02 * local
        drawn[name] = DTensor.from_local(
            local, mesh, wanted.placements, run_check=False, shape=wanted.shape,
            stride=wanted.stride(),
        )  # fmt: skip
    learner.model.load_state_dict(drawn, strict=False, assign=True)
    learner.model.tie_weights()
    return learner


def full_steps(config, updates, budget):
    """Generator: one full update after the other through the code that trains for real."""
    learner = sharded_with_random_weights(config)
    optimizer = torch.optim.AdamW(learner.parameters(), lr=2e-5, weight_decay=0.0, fused=True)
    for rows in updates:
        yield train_step(learner, optimizer, rows, NoTokenizer(), budget)


def lora_steps(config, updates, budget):
    """Generator: LoRA updates over a frozen model in the format a card keeps it in."""
    from peft import get_peft_model
    from transformers import AutoModelForCausalLM

    with torch.device(hardware.device()):
        frozen = AutoModelForCausalLM.from_config(
            config, dtype=hardware.frozen_dtype(), attn_implementation=hardware.attention()
        )
    model = get_peft_model(frozen, lora_config(PROFILES["colab_l4"])).train()
    moving = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(moving, lr=1e-4, weight_decay=0.0, fused=True)
    for rows in updates:
        learned = response_tokens(rows)
        total = torch.zeros((), device=hardware.device())
        for part in micro_batches(rows, budget, packed=hardware.can_pack()):
            batch = to_tensors(part, NoTokenizer.pad_token_id)
            batch = {key: value.to(hardware.device()) for key, value in batch.items()}
            with torch.autocast(hardware.device(), hardware.working_dtype()):
                loss = token_losses(model.get_base_model(), batch).sum() / learned
            loss.backward()
            total += loss.detach()
        torch.nn.utils.clip_grad_norm_(moving, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        yield total.item()


def timed(steps, updates):
    """Real tokens a second over all updates but the first, which warms up; and the last loss."""
    seconds, loss = 0.0, next(steps)
    for _ in updates[1:]:
        started = time.perf_counter()
        loss = next(steps)  # a number, so the card has finished
        seconds += time.perf_counter() - started
    return sum(len(row["input_ids"]) for rows in updates[1:] for row in rows) / seconds, loss


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("method", choices=("full", "lora"))
    parser.add_argument("--card", default="H200", choices=[card.name for card in gpus.GPUS])
    parser.add_argument("--updates", type=int, default=6)
    parser.add_argument("--rows", type=int, help="an update; default 128 (full) or 8 (lora)")
    parser.add_argument("--budget", type=int, help="tokens computed at once; default 16384 or 2048")
    parser.add_argument("--tiny", action="store_true", help="two thin layers, to try the code")
    args = parser.parse_args()
    name = {"full": "LLaMA-7B", "lora": "google/gemma-2b-it"}[args.method]
    config = tiny_config(name, 1000) if args.tiny else model_config(name)
    count = args.rows or {"full": 128, "lora": 8}[args.method]
    budget = args.budget or {"full": 16384, "lora": 2048}[args.method]
    rows = random_rows(count * args.updates, 512, config.vocab_size)
    updates = [rows[i : i + count] for i in range(0, len(rows), count)]
    print(hardware.describe())
    with tempfile.TemporaryDirectory() as folder:
        backend = "nccl" if hardware.device() == "cuda" else "gloo"
        dist.init_process_group(backend, init_method=f"file://{folder}/meet", rank=0, world_size=1)
        hardware.reset_peak_memory()
        steps = {"full": full_steps, "lora": lora_steps}[args.method](config, updates, budget)
        pace, loss = timed(steps, updates)
        dist.destroy_process_group()
    report(args, config, budget, pace, loss)


def report(args, config, budget, pace, loss):
    """Print what was measured, and what the planner says of the same shape."""
    parameters = sum(p.numel() for p in without_weights(config).parameters())
    card = next(card for card in gpus.GPUS if card.name == args.card)
    work = {"full": 6, "lora": 4}[args.method] * parameters * pace
    print(f"{args.method}, {parameters / 1e9:.2f} billion parameters, loss {loss:.2f}")
    print(f"real tokens a second: {pace:,.0f}")
    print(f"MFU on a {card.name} ({card.tflops} TFLOP/s): {work / card.tflops / 1e12:.1%}")
    print(f"peak memory: {hardware.peak_memory() / 1e9:.1f} GB; planned:")
    shape = {"rows": max(1, budget // 512), "length": 512, "device": hardware.device()}
    recompute = args.method == "full"
    plan = plan_memory(config, args.method, recompute=recompute, lora_rank=4, **shape)
    print(memory_table({"plan": plan}))


if __name__ == "__main__":
    main()
