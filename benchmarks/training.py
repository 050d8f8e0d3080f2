"""How many real tokens a second, and how much memory, for the same LoRA updates?

- Alpaca's way: random batches of four padded to their longest row, scores of every position;
- ours: micro-batches of like length under a token budget, scores where a token is learned;
- ours with the attention transformers would take by itself.

    python benchmarks/training.py [--data alpaca_data.json]

One process, one model, one adapter for each way, the same rows in the same updates, the same
precision; the ways take turns update by update, so that a busy machine is busy for all of them.
Peak memory is that of a process which goes one way only (``--only``), for the first updates: in one
process the second way would be charged for what the first left behind.
"""

import argparse
import random
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
ROOT = Path(__file__).resolve().parent.parent


import torch
from peft import LoraConfig, get_peft_model

from helpers.io import load_examples
from helpers.planning import hardware
from helpers.training.encoding import (
    IGNORED,
    collate,
    encode_all,
    micro_batches,
    response_tokens,
    token_losses,
)
from helpers.training.model_folders import student_folder
from helpers.training.student import load_student, load_tokenizer

BUDGET = 512


def alpaca_loss(model, batch):
    """Summed loss as transformers computes it, from the scores of every position."""
    learned = (batch["labels"][:, 1:] != IGNORED).sum()
    return model(**batch, use_cache=False).loss * learned


def our_loss(model, batch):
    return token_losses(model.get_base_model(), batch).sum()


def fours(rows):
    return [rows[start : start + 4] for start in range(0, len(rows), 4)]


def by_length(rows):
    return micro_batches(rows, BUDGET)


def update(model, optimizer, rows, pad_id, cut, loss):
    """One optimizer step; returns its mean loss and how many tokens were computed."""
    learned = response_tokens(rows)
    mean, computed = 0.0, 0
    for part in cut(rows):
        batch = {k: v.to(model.device) for k, v in collate(part, pad_id).items()}
        with torch.autocast(hardware.device(), hardware.working_dtype()):
            share = loss(model, batch) / learned
        share.backward()
        mean += share.item()
        computed += batch["input_ids"].numel()
    optimizer.step()
    optimizer.zero_grad()
    return mean, computed


def flops(model, rows):
    """Multiplications and additions that LoRA's real tokens need, attention left out.

    Two a weight forward and two backward; a frozen weight needs no gradient of its own.
    """
    base = model.get_base_model()
    head = base.get_output_embeddings().weight.numel()
    body = sum(p.numel() for n, p in base.named_parameters() if "layers." in n)
    learned = response_tokens(rows)
    return 4 * (body * sum(len(row["input_ids"]) for row in rows) + head * learned)


def matmul_peak(size=2048, tries=10):
    """Operations a second of one large multiplication in the working precision, the best try."""
    a = torch.ones(size, size, dtype=hardware.working_dtype(), device=hardware.device())
    best = float("inf")
    for _ in range(tries):
        started = time.perf_counter()
        (a @ a).sum().item()
        best = min(best, time.perf_counter() - started)
    return 2 * size**3 / best


def prepare(folder, ways):
    """The model with an adapter for each way, all alike, and an optimizer for each."""
    lora = LoraConfig(r=4, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM")
    student, model, optimizers = load_student(folder), None, {}
    for name in ways:
        torch.manual_seed(0)
        if model is None:
            model = get_peft_model(student, lora, adapter_name=name)
        else:
            model.add_adapter(name, lora)
        model.set_adapter(name)
        moving = [p for p in model.parameters() if p.requires_grad]
        optimizers[name] = torch.optim.AdamW(moving, lr=1e-4, weight_decay=0.0)
    return model.train(), optimizers


def ways_to_train():
    """Each way: how an update is cut, how its loss is computed, with which attention."""
    return {
        "Alpaca's way": (fours, alpaca_loss, "sdpa"),
        "ours": (by_length, our_loss, hardware.attention()),
        "ours, sdpa": (by_length, our_loss, "sdpa"),
    }


def train(names, encoded, rows_an_update):
    """Train each way on the same updates, in turns; a dict of seconds, tokens, losses for each."""
    ways = {name: ways_to_train()[name] for name in names}
    folder = student_folder("embedded", ROOT / "runs" / "cache")
    model, optimizers = prepare(folder, ways)
    pad_id = load_tokenizer(folder).pad_token_id
    done = {name: {"seconds": 0.0, "computed": 0, "losses": []} for name in ways}
    for start in range(0, len(encoded), rows_an_update):
        rows = encoded[start : start + rows_an_update]
        for name, (cut, loss, attention) in ways.items():
            model.set_adapter(name)
            model.get_base_model().set_attn_implementation(attention)
            began = time.perf_counter()
            mean, tokens = update(model, optimizers[name], rows, pad_id, cut, loss)
            done[name]["seconds"] += time.perf_counter() - began
            done[name]["computed"] += tokens
            done[name]["losses"].append(mean)
    return model, done


def peak_of(name, args):
    """Peak memory, in bytes, of a process of its own that trains ``name``'s way alone."""
    command = [sys.executable, __file__, f"--only={name}", f"--update={args.update}"]
    command += [f"--rows={args.rows}"] + ([f"--data={args.data}"] if args.data else [])
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="Alpaca's JSON or JSONL; default: this project's own rows")
    parser.add_argument("--rows", type=int, default=240)
    parser.add_argument("--update", type=int, default=48, help="rows an optimizer step")
    parser.add_argument("--only", help="go one way for two updates and print the peak in bytes")
    args = parser.parse_args()
    own = ROOT / "data" / "seed_tasks.en.jsonl", ROOT / "data/finished_run/generated.jsonl"
    rows = [row for path in ([args.data] if args.data else own) for row in load_examples(path)]
    tokenizer = load_tokenizer(student_folder("embedded", ROOT / "runs" / "cache"))
    encoded, _ = encode_all(random.Random(0).sample(rows, args.rows), tokenizer)
    if args.only:
        train([args.only], encoded[: 2 * args.update], args.update)
        print(hardware.peak_memory())
        return
    model, done = train(list(ways_to_train()), encoded, args.update)
    report(model, encoded, done, {name: peak_of(name, args) for name in done})


def report(model, encoded, done, peak):
    """Print the table, the machine's own peak, and the two ratios."""
    real, best = sum(len(row["input_ids"]) for row in encoded), matmul_peak()
    print(f"{len(encoded)} rows, {real} tokens, {hardware.describe()}")
    print(f"this machine's own matrix peak: {best / 1e9:.0f} GFLOP/s")
    print(f"{'':<14}{'tokens/s':>10}{'computed/real':>15}{'peak GB':>9}{'of peak':>9}  loss")
    for name, way in done.items():
        share = flops(model, encoded) / way["seconds"] / best
        print(
            f"{name:<14}{real / way['seconds']:>10.0f}{way['computed'] / real:>15.2f}"
            f"{peak[name] / 1e9:>9.2f}{share:>9.0%}  "
            + " ".join(f"{loss:.4f}" for loss in way["losses"])
        )
    alpaca, ours = list(done)[:2]
    print(
        f"ours / Alpaca's way: {done[alpaca]['seconds'] / done[ours]['seconds']:.2f} times the "
        f"tokens a second, {peak[ours] / peak[alpaca]:.0%} of the memory"
    )


if __name__ == "__main__":
    main()
