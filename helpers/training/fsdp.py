"""Full fine-tuning, sharded: every rank holds a slice of each weight, gradient and Adam moment.

Two processes on a CPU and eight GPUs take the same command, which starts one for each rank::

    python -m helpers.training.fsdp --profile laptop --ranks 2 \\
        --data train.jsonl --heldout heldout.jsonl --out out

On two machines of four cards, this on both, with a folder ``out`` that both see. PyTorch's torchrun
then opens ports on every network interface, and who reaches one can run code in the training: only
on a network that nobody else is in, and in an environment without keys::

    torchrun --nnodes=2 --nproc_per_node=4 --rdzv_backend=c10d --rdzv_endpoint=FIRST_HOST:29400 \\
        --rdzv_id=alpaca -m helpers.training.fsdp --profile alpaca_7b --data … --heldout … --out out

``--plan`` prints steps, memory, hours and price instead, and starts nothing. One step of PyTorch's
FSDP2 (``fully_shard``; Zhao et al. 2023)::

    for each block:  all-gather its weights → forward → free them
    backwards:       all-gather again → backward → reduce-scatter: each rank keeps its slice
    optimizer:       each rank updates its own slice

Not through accelerate or a trainer: on CPU those fall back to plain data parallelism, where every
rank holds everything. An update has the recipe's rows whatever the number of ranks: each takes its
share in as many micro-batches as the token budget asks for, and the loss is divided by the learned
tokens of the whole update, so one, two or four ranks compute the same one
(:mod:`helpers.training.schedule`). :mod:`helpers.training.shards` reads, saves and gathers the
slices. A killed run resumes from its last checkpoint, on any number of ranks.
"""

import argparse
import contextlib
import json
import math
import os
import shutil
import time
from pathlib import Path

import torch
import torch.distributed as dist

from helpers.io import load_examples
from helpers.planning.gpus import GPUS
from helpers.planning.hardware import device
from helpers.planning.memory import explain_out_of_memory
from helpers.planning.training_plan import data_size, format_plan, training_plan
from helpers.profiles import load_profile
from helpers.safe_io.writing import write_text
from helpers.training.checkpoints import check_made_with, made_with, training_alone
from helpers.training.encoding import encode_all, response_tokens, to_tensors
from helpers.training.finite import not_finite, numbered, stop_training
from helpers.training.launch import end_with_parent, init_process_group, torchrun
from helpers.training.meter import Meter
from helpers.training.model_folders import CACHE, student_folder
from helpers.training.schedule import cosine, global_batches, rank_share
from helpers.training.shards import export_model, load_checkpoint, load_sharded, save_checkpoint
from helpers.training.student import load_tokenizer


def train_fsdp(rows, heldout, student, profile, out):
    """Train on every rank of the process group; returns the record that rank 0 writes.

    The record holds ``history`` (``step`` with ``loss`` or ``heldout_loss``, nats a token),
    ``steps``, ``seconds``, ``ranks``, ``held`` (parameters held by each rank, of ``total``),
    ``cut`` and ``dropped`` (rows), and the meter's readings. Raises ValueError for rows that cannot
    be trained on and for checkpoints of another training, FloatingPointError as :func:`train_step`.
    """
    ranks = dist.get_world_size()
    tokenizer = load_tokenizer(student, profile.prompt_style)
    train, dropped = encode_all(rows, tokenizer, profile.max_length)
    held, too_long = encode_all(heldout, tokenizer, profile.max_length)
    lengths = [len(row["input_ids"]) for row in train]
    plan = global_batches(lengths, profile.fsdp_batch, ranks, profile.fsdp_epochs, profile.seed)
    learner = load_sharded(student, _mesh(ranks), recompute=profile.fsdp_recompute)
    mark = made_with("fsdp", profile, learner.model, train, held)
    check_made_with(Path(out) / "checkpoints", mark)
    train, held = numbered(train, rows, dropped), numbered(held, heldout, too_long)
    optimizer = torch.optim.AdamW(
        learner.parameters(), lr=profile.fsdp_lr, weight_decay=0.0, fused=device() == "cuda"
    )
    progress = _Progress(len(plan))
    start = progress.restore(load_checkpoint(learner, optimizer, out))
    every = math.ceil(len(plan) / max(2, 2 * profile.fsdp_epochs))
    if start == 0:
        loss = mean_loss(learner, held, tokenizer, profile.token_budget)
        progress.log(step=0, heldout_loss=loss)
    for step in range(start, len(plan)):
        warmup = max(1, round(0.03 * len(plan)))
        for group in optimizer.param_groups:
            group["lr"] = profile.fsdp_lr * cosine(step, len(plan), warmup)
        torch.manual_seed(profile.seed * 1_000_003 + step * ranks + dist.get_rank())  # for dropout
        batch = [train[i] for i in plan[step]]
        with explain_out_of_memory(learner.model.config, "full", profile, ranks):
            loss = train_step(learner, optimizer, batch, tokenizer, profile.token_budget, progress)
        progress.log(step=step + 1, loss=loss)
        if (step + 1) % every == 0 or step + 1 == len(plan):
            loss = mean_loss(learner, held, tokenizer, profile.token_budget, step + 1)
            progress.log(step=step + 1, heldout_loss=loss)
            save_checkpoint(learner, optimizer, out, step + 1, progress.notes())
    # From here on a failure costs no step: there is a checkpoint of the last one.
    export_model(learner, tokenizer, Path(out) / "model")
    cut = sum(row["cut"] > 0 for row in train)
    return {**progress.record(learner, ranks), "cut": cut, "dropped": len(dropped)}


def train_step(learner, optimizer, rows, tokenizer, budget, progress=None):
    """One update on a global batch of encoded rows; each rank computes its share. Returns the loss.

    Gradients of the micro-batches are summed as slices: no rank holds a whole one in between. With
    a loss or gradient that is NaN or infinite nothing is updated; FloatingPointError names the rows
    by their ``row``, and the step by what ``progress`` has logged.
    """
    started = time.monotonic()
    learner.train()
    rank, ranks = dist.get_rank(), dist.get_world_size()
    tokens, step = response_tokens(rows), progress.step + 1 if progress else 1
    share = rank_share(rows, rank, ranks, budget)
    parts = [_tensors(part, tokenizer) for part in share]
    losses = []
    for part in parts:
        total = learner(part)
        # FSDP averages gradients over ranks, so the sum is scaled back by their number.
        (total * ranks / tokens).backward()
        losses.append(total.detach())
    loss = _finite_sum(losses, share, step)
    norm = torch.nn.utils.clip_grad_norm_(learner.parameters(), 1.0)
    if not norm.full_tensor().isfinite():
        stop_training("the gradient", step, [row["row"] for row in rows if "row" in row])
    optimizer.step()
    optimizer.zero_grad()
    if progress:
        computed = sum(part["input_ids"].numel() for part in parts)
        computed = _sum_over_ranks(torch.tensor(computed, device=device()))
        real = sum(len(row["input_ids"]) for row in rows)
        progress.meter.count(real, computed, time.monotonic() - started)
    return loss / tokens


def mean_loss(learner, encoded, tokenizer, budget, step=0):
    """Mean loss over the learned tokens of all rows: every rank computes, all know the result.

    Raises FloatingPointError with the rows where it is NaN or infinite, after ``step`` updates.
    """
    learner.eval()
    share = rank_share(encoded, dist.get_rank(), dist.get_world_size(), budget)
    with torch.no_grad():
        losses = [learner(_tensors(part, tokenizer)) for part in share]
    return _finite_sum(losses, share, step, "held-out") / response_tokens(encoded)


def _finite_sum(losses, share, step, kind="training"):
    """The sum of losses over all ranks; all stop together where one of them has no number."""
    total = _sum_over_ranks(sum(losses))
    if not math.isfinite(total):
        groups = [[row["row"] for row in part if "row" in row] for part in share]
        found = [None] * dist.get_world_size()
        dist.all_gather_object(found, not_finite([loss.item() for loss in losses], groups))
        stop_training("the loss", step, [row for rows in found for row in rows], kind)
    return total


def _tensors(rows, tokenizer):
    batch = to_tensors(rows, tokenizer.pad_token_id)
    return {key: value.to(device()) for key, value in batch.items()}


def _sum_over_ranks(value):
    value = value.clone()
    dist.all_reduce(value)
    return value.item()


def _mesh(ranks):
    return torch.distributed.device_mesh.init_device_mesh(device(), (ranks,))


class _Progress:
    """What rank 0 prints, a JSON line a point, and the history that a resumed run continues."""

    def __init__(self, steps):
        self.steps, self.history, self.meter, self.step = steps, [], Meter(), 0
        self.started, self.before = time.monotonic(), 0.0

    def log(self, **point):
        self.history.append(point)
        self.step = point["step"]
        if dist.get_rank() == 0:
            left = {"minutes_left": self.meter.minutes_left(self.step, self.steps)}
            print(json.dumps({**point, "of": self.steps, **self.meter.read(), **left}), flush=True)

    def state(self):
        seconds = self.before + time.monotonic() - self.started
        return {"history": self.history, "seconds": seconds}

    def notes(self):
        """What a checkpoint keeps of it."""
        return {**self.state(), "meter": vars(self.meter)}

    def restore(self, saved):
        """Take up a checkpoint's notes, if there is one; returns the steps already done."""
        if saved is None:
            return 0
        self.history, self.before, self.step = saved["history"], saved["seconds"], saved["step"]
        self.meter.count(**saved["meter"])
        return saved["step"]

    def record(self, learner, ranks):
        held = sum(p.to_local().numel() for p in learner.parameters())
        counts = [None] * ranks
        dist.all_gather_object(counts, held)
        total = sum(p.numel() for p in learner.parameters())
        sizes = {"ranks": ranks, "held": counts, "total": total}
        return {**self.state(), "steps": self.steps, **sizes, **self.meter.read()}


def main(argv=None):
    """The command line: starts the ranks, or is one of them where torchrun has started it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--profile", default=None)
    parser.add_argument("--student", help='"embedded", folder or hub name; default: the profile\'s')
    parser.add_argument("--data", help="rows to train on: JSON Lines, or Alpaca's JSON")
    parser.add_argument("--heldout", help="rows to measure on")
    parser.add_argument("--out", help="folder for checkpoints and the final model")
    parser.add_argument("--plan", action="store_true", help="say what it takes, start nothing")
    names = [card.name for card in GPUS]
    parser.add_argument("--cards", nargs="+", default=["A100-80GB"], choices=names)
    parser.add_argument("--ranks", type=int, help="processes; default: the profile's")
    args = parser.parse_args(argv)
    profile = load_profile(args.profile)
    if args.plan:
        options = {"ranks": args.ranks, "cards": args.cards, "student": args.student}
        print(format_plan(training_plan(profile, **options, **data_size(args.data))))
        return
    missing = [f"--{name}" for name in ("data", "heldout", "out") if not getattr(args, name)]
    if missing:
        parser.error(f"{', '.join(missing)} missing; to see what a training takes, add --plan")
    # Downloaded once, and by the process that has the hub's token: the ranks get a folder.
    student = student_folder(args.student or profile.fsdp_student or profile.student, CACHE)
    if "RANK" in os.environ:
        _train(args, profile, student)
        return
    given = {"profile": profile.name, "data": args.data, "heldout": args.heldout, "out": args.out}
    given["student"] = student
    options = [f"--{name}={value}" for name, value in given.items()]
    for line in torchrun(args.ranks or profile.fsdp_ranks, "-m", "helpers.training.fsdp", *options):
        print(line, end="", flush=True)


def _train(args, profile, student):
    """What one rank does."""
    end_with_parent()
    rows, heldout = load_examples(args.data), load_examples(args.heldout)
    if device() == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    # One core a rank: ranks that share all cores wait for one another.
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // int(os.environ["LOCAL_WORLD_SIZE"])))
    first = int(os.environ["RANK"]) == 0
    with training_alone(args.out) if first else contextlib.nullcontext():
        _train_alone(args, profile, student, rows, heldout)


def _train_alone(args, profile, student, rows, heldout):
    init_process_group("nccl" if device() == "cuda" else "gloo")
    try:
        record = train_fsdp(rows, heldout, student, profile, args.out)
        if dist.get_rank() == 0:
            write_text(Path(args.out) / "training.json", json.dumps(record, indent=1) + "\n")
            shutil.rmtree(Path(args.out) / "checkpoints", ignore_errors=True)
    finally:
        dist.destroy_process_group()


if __name__ == "__main__":
    main()
