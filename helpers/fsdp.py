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
or four ranks compute the same update. Checkpoints are sharded and can be resumed; the result is an
ordinary Hugging Face folder in safetensors. (Each rank reads
the whole model once, before it is sharded.)
"""

import argparse
import json
import math
import os
import random
import shutil
import sys
import time
from pathlib import Path

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.checkpoint import state_dict as dcp_state
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard

from helpers.batches import IGNORED, collate, encode_all, token_losses
from helpers.io import load_examples, write_text
from helpers.profiles import load_profile
from helpers.student import load_student, load_tokenizer, precision


class Learner(nn.Module):
    """The model and its loss in one module: FSDP sees one forward pass from root to loss."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, batch):
        """Summed loss of a collated batch, in nats; divide by its learned tokens for the mean."""
        return token_losses(self.model, batch).sum()


def shard(model, mesh):
    """Shard a model over a device mesh: each block on its own, then what is left; returns it.

    The class of the blocks comes from the model itself (``_no_split_modules``), never from a name
    typed by hand. Weights are computed with in bf16 where that is fast, reduced in fp32.
    """
    dtype = torch.bfloat16 if precision() == "bf16" else None
    policy = MixedPrecisionPolicy(param_dtype=dtype, reduce_dtype=torch.float32)
    blocks = set(model._no_split_modules)
    learner = Learner(model)
    for module in model.modules():
        if type(module).__name__ in blocks:
            fully_shard(module, mesh=mesh, mp_policy=policy)
    fully_shard(learner, mesh=mesh, mp_policy=policy)
    return learner


def global_batches(count, batch, ranks, seed):
    """Row numbers of an epoch, in shuffled lists of ``batch``; the last may be shorter.

    A remainder smaller than ``ranks`` joins the list before it, so that no rank is left without a
    row. Raises ValueError when there are fewer rows than ranks.
    """
    if count < ranks:
        raise ValueError(
            f"{count} rows cannot be shared by {ranks} ranks: each step needs at least one row a "
            f"rank. Start torchrun with --nproc_per_node={max(1, count)} or fewer, or add rows."
        )
    order = list(range(count))
    random.Random(seed).shuffle(order)
    lists = [order[i : i + batch] for i in range(0, count, batch)]
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
    epochs = math.ceil(profile.fsdp_epochs)
    plan = [
        part
        for epoch in range(epochs)
        for part in global_batches(len(train), profile.fsdp_batch, ranks, profile.seed + epoch)
    ]
    learner = shard(load_student(student).to(_device()).train(), _mesh(ranks))
    optimizer = torch.optim.AdamW(learner.parameters(), lr=profile.fsdp_lr, weight_decay=0.0)
    progress = _Progress(out, len(plan), rank)
    start = _resume(learner, optimizer, out, progress)
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
                _save_checkpoint(learner, optimizer, out, step + 1, progress)
    _export(learner, tokenizer, out, rank)
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

    def restore(self, state):
        self.history, self.before = state["history"], state["seconds"]

    def record(self, learner, ranks, steps):
        held = sum(p.to_local().numel() for p in learner.parameters())
        counts = [None] * ranks
        dist.all_gather_object(counts, held)
        total = sum(p.numel() for p in learner.parameters())
        return {**self.state(), "steps": steps, "ranks": ranks, "held": counts, "total": total}


def _save_checkpoint(learner, optimizer, out, step, progress):
    """Every rank writes its slices; the folder gets its final name only when all are done."""
    model, optim = dcp_state.get_state_dict(learner, optimizer)
    final = Path(out) / "checkpoints" / f"step-{step}"
    scratch = final.with_name(final.name + ".partial")
    torch.distributed.checkpoint.save({"model": model, "optim": optim}, checkpoint_id=scratch)
    if dist.get_rank() == 0:
        write_text(scratch / "progress.json", json.dumps({"step": step, **progress.state()}))
        os.replace(scratch, final)
        for old in final.parent.iterdir():
            if old != final:
                shutil.rmtree(old)
    dist.barrier()


def _resume(learner, optimizer, out, progress):
    """Load the last whole checkpoint, if any; returns the number of steps already done."""
    whole = sorted(Path(out).glob("checkpoints/step-*/progress.json"))
    whole = [path for path in whole if not path.parent.name.endswith(".partial")]
    if not whole:
        return 0
    model, optim = dcp_state.get_state_dict(learner, optimizer)
    state = {"model": model, "optim": optim}
    torch.distributed.checkpoint.load(state, checkpoint_id=whole[-1].parent)
    dcp_state.set_state_dict(
        learner, optimizer, model_state_dict=state["model"], optim_state_dict=state["optim"]
    )
    saved = json.loads(whole[-1].read_text())
    progress.restore(saved)
    return saved["step"]


def _export(learner, tokenizer, out, rank):
    """Gather the slices on rank 0 and save an ordinary model folder in bf16 safetensors."""
    options = dcp_state.StateDictOptions(full_state_dict=True, cpu_offload=True)
    whole = dcp_state.get_model_state_dict(learner.model, options=options)
    if rank == 0:
        # A tied output layer is the embedding under a second name: stored once.
        tied = learner.model._tied_weights_keys if learner.model.config.tie_word_embeddings else ()
        state = {k: w.to(torch.bfloat16) for k, w in whole.items() if k not in (tied or ())}
        learner.model.config.dtype = torch.bfloat16
        learner.model.save_pretrained(Path(out) / "model", state_dict=state)
        tokenizer.save_pretrained(Path(out) / "model")
    dist.barrier()


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
