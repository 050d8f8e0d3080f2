"""Full fine-tuning, sharded: every rank holds a slice of each weight, gradient and Adam moment.

Run it with torchrun; two processes on a CPU and eight GPUs take the same file::

    torchrun --standalone --nproc_per_node=2 -m helpers.fsdp --profile laptop \\
        --student runs/cache/student --data train.jsonl --heldout heldout.jsonl --out out

One step of PyTorch's FSDP2 (``fully_shard``; Zhao et al. 2023)::

    for each block:  all-gather its weights → forward → free them
    backwards:       all-gather again → backward → reduce-scatter: each rank keeps its slice
    optimizer:       each rank updates its own slice

Not through accelerate or a trainer: on CPU those fall back to plain data parallelism, where every
rank holds everything. The loss is divided by the learned tokens of the *global* batch, so one, two
or four ranks compute the same update. How the slices are read, saved and gathered is the matter of
:mod:`helpers.shards`; a killed run goes on from its last checkpoint.
"""

import argparse
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
import torch
import torch.distributed as dist

from helpers.batches import IGNORED, bucketed_order, collate, encode_all
from helpers.io import load_examples, write_text
from helpers.profiles import load_profile
from helpers.shards import export_model, load_checkpoint, load_sharded, save_checkpoint
from helpers.student import load_tokenizer


def global_batches(lengths, batch, ranks, epochs, seed):
    """The updates of a training, each a list of row numbers: ``batch`` rows, the last maybe fewer.

    ``lengths`` are the rows' tokens: rows of like length share an update, which saves padding (see
    :func:`helpers.batches.bucketed_order`). A remainder smaller than ``ranks`` joins the list
    before it, so that no rank is left without a row. Raises ValueError for fewer rows than ranks.
    """
    count = len(lengths)
    if count < ranks:
        raise ValueError(
            f"{count} rows cannot be shared by {ranks} ranks: each step needs at least one row a "
            f"rank. Start torchrun with --nproc_per_node={max(1, count)} or fewer, or add rows."
        )
    order = bucketed_order(lengths, batch, epochs, seed)
    lists = [order[i : i + batch] for i in range(0, len(order), batch)]
    if len(lists) > 1 and len(lists[-1]) < ranks:
        rest = lists.pop()
        lists[-1] += rest
    return lists


def cosine(step, steps, warmup):
    """Share of the peak learning rate at ``step`` (from 0): linear warm-up, then half a cosine."""
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))


def train_fsdp(rows, heldout, student, profile, out):
    """Train on every rank of the process group; returns the record that rank 0 writes.

    The record holds ``history`` (``step`` with ``loss`` or ``heldout_loss``, nats a token),
    ``steps``, ``seconds``, ``ranks``, and ``held`` : parameters held by each rank, of ``total``.
    """
    rank, ranks = dist.get_rank(), dist.get_world_size()
    tokenizer = load_tokenizer(student)
    train, _ = encode_all(rows, tokenizer, profile.max_length)
    held, _ = encode_all(heldout, tokenizer, profile.max_length)
    lengths = [len(row["input_ids"]) for row in train]
    plan = global_batches(lengths, profile.fsdp_batch, ranks, profile.fsdp_epochs, profile.seed)
    learner = load_sharded(student, _mesh(ranks))
    optimizer = torch.optim.AdamW(learner.parameters(), lr=profile.fsdp_lr, weight_decay=0.0)
    progress = _Progress(out, len(plan), rank)
    start = progress.restore(load_checkpoint(learner, optimizer, out))
    if start == 0:
        progress.log(step=0, heldout_loss=_mean_loss(learner, held, tokenizer))
    for step in range(start, len(plan)):
        warmup = max(1, round(0.03 * len(plan)))
        for group in optimizer.param_groups:
            group["lr"] = profile.fsdp_lr * cosine(step, len(plan), warmup)
        loss = train_step(learner, optimizer, [train[i] for i in plan[step]], tokenizer)
        progress.log(step=step + 1, loss=loss)
        if (step + 1) % max(1, len(plan) // 2) == 0 or step + 1 == len(plan):
            progress.log(step=step + 1, heldout_loss=_mean_loss(learner, held, tokenizer))
            if step + 1 < len(plan):  # after the last step the model itself is saved
                save_checkpoint(learner, optimizer, out, step + 1, progress.state())
    export_model(learner, tokenizer, Path(out) / "model")
    return progress.record(learner, ranks, len(plan))


def train_step(learner, optimizer, rows, tokenizer):
    """One update on a global batch of encoded rows; each rank computes its share. Returns the loss.

    Every ``ranks``-th row of the batch, sorted by length, goes to one rank: like amounts of work.
    """
    rank, ranks = dist.get_rank(), dist.get_world_size()
    tokens = sum(label != IGNORED for row in rows for label in row["labels"])
    share = sorted(rows, key=lambda row: len(row["input_ids"]))[rank::ranks]
    total = learner(_to_device(collate(share, tokenizer.pad_token_id)))
    # FSDP averages gradients over ranks, so the sum is scaled back by their number.
    (total * ranks / tokens).backward()
    torch.nn.utils.clip_grad_norm_(learner.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()
    return _sum_over_ranks(total.detach()) / tokens


def _mean_loss(learner, encoded, tokenizer, batch=8):
    """Mean loss over the learned tokens of all rows: every rank computes, all know the result."""
    rank, ranks = dist.get_rank(), dist.get_world_size()
    total, tokens = torch.zeros(()), 0
    with torch.no_grad():
        for start in range(0, len(encoded), batch):
            rows = encoded[start : start + batch]
            tokens += sum(label != IGNORED for row in rows for label in row["labels"])
            # Every rank takes part in every forward pass, or the others would wait for ever.
            share = rows[rank::ranks] or [_nothing_to_learn(rows[0])]
            total += learner(_to_device(collate(share, tokenizer.pad_token_id))).cpu()
    return _sum_over_ranks(total) / tokens


def _nothing_to_learn(row):
    return {"input_ids": row["input_ids"][:2], "labels": [IGNORED, IGNORED]}


def _sum_over_ranks(value):
    value = value.clone()
    dist.all_reduce(value)
    return value.item()


def _device():
    """``"cuda"`` where every rank of this machine has a card of its own, else ``"cpu"``."""
    ranks_here = int(os.environ.get("LOCAL_WORLD_SIZE", 1))
    return "cuda" if torch.cuda.device_count() >= ranks_here > 0 else "cpu"


def _mesh(ranks):
    return torch.distributed.device_mesh.init_device_mesh(_device(), (ranks,))


def _to_device(batch):
    return {key: value.to(_device()) for key, value in batch.items()}


class _Progress:
    """Rank 0's voice: a JSON line a record, and the history that a resumed run goes on with."""

    def __init__(self, out, steps, rank):
        self.steps, self.rank, self.history = steps, rank, []
        self.started, self.before = time.monotonic(), 0.0

    def log(self, **record):
        self.history.append(record)
        if self.rank == 0:
            print(json.dumps({**record, "of": self.steps}), flush=True)

    def state(self):
        seconds = self.before + time.monotonic() - self.started
        return {"history": self.history, "seconds": seconds}

    def restore(self, saved):
        """Take up a checkpoint's notes, if there is one; returns the steps already done."""
        if saved is None:
            return 0
        self.history, self.before = saved["history"], saved["seconds"]
        return saved["step"]

    def record(self, learner, ranks, steps):
        held = sum(p.to_local().numel() for p in learner.parameters())
        counts = [None] * ranks
        dist.all_gather_object(counts, held)
        total = sum(p.numel() for p in learner.parameters())
        return {**self.state(), "steps": steps, "ranks": ranks, "held": counts, "total": total}


# Batches differ in length, and so do their tensors. Large ones go back to the system at once, or
# blocks that fit nothing would pile up to a third of a rank's memory; huge pages make that cheap.
_ENVIRONMENT = {
    "MALLOC_MMAP_THRESHOLD_": str(1 << 20),
    "THP_MEM_ALLOC_ENABLE": "1",
    "OMP_NUM_THREADS": "1",
    "TORCH_CPP_LOG_LEVEL": "ERROR",
}


def torchrun(ranks, *arguments):
    """Start ``ranks`` processes with torchrun on this machine; yields what they print, by lines.

    ``arguments`` are a file, or ``"-m"`` and a module, and its own arguments. Raises RuntimeError
    with the error of the first process that failed; the others are ended with it.
    """
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += [f"--nproc_per_node={ranks}", *map(str, arguments)]
    environment = {**_ENVIRONMENT, **os.environ, "ALPACA_PARENT": str(os.getpid())}
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment
        )
        try:
            yield from process.stdout
            status = process.wait()
        except BaseException:  # an interrupted cell, a reader that went away: nothing is left over
            process.terminate()
            process.wait()
            raise
        if status:
            errors.seek(0)
            raise RuntimeError(_first_error(errors.read()) or f"torchrun ended with {status}")


def _first_error(text):
    """The line of the first Python error in what torchrun's processes wrote, or None."""
    found = re.search(r"^\[rank\d+\]: (\w*(?:Error|Interrupt|Exit)\b.*)", text, re.M)
    return found.group(1) if found else None


def _end_with(parent):
    """End this process soon after its launcher's parent has: a killed notebook leaves no ranks.

    They would go on training into a folder that the next start takes for its own.
    """

    def watch():
        while psutil.pid_exists(parent):
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def main(argv=None):
    """Command line of one rank; torchrun starts as many as it is told."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--profile", default=None)
    for name, text in (
        ("student", "model folder"),
        ("data", "rows to train on"),
        ("heldout", "rows to measure on"),
        ("out", "folder for checkpoints and the final model"),
    ):
        parser.add_argument(f"--{name}", required=True, help=text)
    args = parser.parse_args(argv)
    if "RANK" not in os.environ:
        sys.exit("start this with torchrun --standalone --nproc_per_node=2 -m helpers.fsdp …")
    if "ALPACA_PARENT" in os.environ:
        _end_with(int(os.environ["ALPACA_PARENT"]))
    if _device() == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    # One core a rank: ranks that share all cores wait for one another.
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // int(os.environ["LOCAL_WORLD_SIZE"])))
    dist.init_process_group("nccl" if _device() == "cuda" else "gloo")
    try:
        rows, heldout = load_examples(args.data), load_examples(args.heldout)
        record = train_fsdp(rows, heldout, args.student, load_profile(args.profile), args.out)
        if dist.get_rank() == 0:
            write_text(Path(args.out) / "training.json", json.dumps(record, indent=1) + "\n")
            shutil.rmtree(Path(args.out) / "checkpoints", ignore_errors=True)
    finally:
        dist.destroy_process_group()


if __name__ == "__main__":
    main()
