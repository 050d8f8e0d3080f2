"""Full fine-tuning, sharded: each rank holds a slice of every weight, gradient and Adam moment.

One step of PyTorch's FSDP2 (``fully_shard``; Zhao et al. 2023)::

    forward:    for each block, all-gather its weights → compute → free them
    backward:   for each block, all-gather again → compute → reduce-scatter the gradients
    optimizer:  each rank updates its own slice

The training uses neither accelerate nor a trainer. On a CPU those fall back to plain data
parallelism, where every rank holds everything. A killed training resumes from its last checkpoint,
with any number of ranks. ``fsdp`` is the command line, ``fsdp_steps`` computes one update, and
``shards`` loads, saves and gathers the slices.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import torch.distributed as dist
from torch.distributed.device_mesh import init_device_mesh

from helpers.files.row_shapes import Task
from helpers.planning.hardware import device
from helpers.planning.out_of_memory import explain_out_of_memory
from helpers.profiles import Profile
from helpers.training.checkpoints import check_same_training, describe_training
from helpers.training.encoding import EncodedRow, encode_all
from helpers.training.fsdp_steps import mean_loss, train_step
from helpers.training.nan_checks import with_row_numbers
from helpers.training.schedule import global_batches, learning_rate_factor
from helpers.training.shards import (
    Learner,
    export_model,
    load_checkpoint,
    load_sharded,
    save_checkpoint,
)
from helpers.training.student import load_tokenizer
from helpers.training.training_record import CurvePoint, Meter, TrainingRecord

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

WARMUP = 0.03  # share of the steps


@dataclass
class _Training:
    """What every update of a training uses."""

    learner: Learner
    optimizer: torch.optim.Optimizer
    tokenizer: PreTrainedTokenizerBase
    profile: Profile
    heldout: list[EncodedRow]
    progress: _Progress


def train_fsdp(
    rows: Sequence[Task],
    heldout: Sequence[Task],
    student: str | Path,
    profile: Profile,
    out: str | Path,
) -> TrainingRecord:
    """Train the model in the folder ``student``; every rank of the process group calls this.

    Writes checkpoints and the final ``model`` into the folder ``out``. Returns the record of the
    training on every rank. Raises ValueError for rows that cannot be trained on and for checkpoints
    of another training, and FloatingPointError if a loss or a gradient is NaN or infinite.
    """
    ranks = dist.get_world_size()
    tokenizer = load_tokenizer(student, profile.prompt_style)
    train, dropped = encode_all(rows, tokenizer, profile.max_length)
    held, held_dropped = encode_all(heldout, tokenizer, profile.max_length)
    lengths = [len(row["input_ids"]) for row in train]
    updates = global_batches(lengths, profile.fsdp_batch, ranks, profile.fsdp_epochs, profile.seed)
    mesh = init_device_mesh(device(), (ranks,))
    learner = load_sharded(student, mesh, recompute=profile.fsdp_recompute)
    mark = describe_training("fsdp", profile, learner.model, train, held)
    check_same_training(Path(out) / "checkpoints", mark)
    train, held = (
        with_row_numbers(train, rows, dropped),
        with_row_numbers(held, heldout, held_dropped),
    )
    optimizer = torch.optim.AdamW(
        learner.parameters(), lr=profile.fsdp_lr, weight_decay=0.0, fused=True
    )
    progress = _Progress(len(updates))
    done = progress.restore(load_checkpoint(learner, optimizer, out))
    training = _Training(learner, optimizer, tokenizer, profile, held, progress)
    if done == 0:
        _measure(training, 0)
    _run_updates(training, [[train[i] for i in update] for update in updates], done, Path(out))
    # The last step has a checkpoint, so a failure from here on costs no step.
    export_model(learner, tokenizer, Path(out) / "model")
    cut = sum(row["cut"] > 0 for row in train)
    return progress.record(learner, ranks, cut, len(dropped))


def _run_updates(
    training: _Training, updates: Sequence[Sequence[EncodedRow]], done: int, out: Path
) -> None:
    """Make all updates after the ``done`` first ones; measure and save from time to time."""
    profile, progress, steps = training.profile, training.progress, len(updates)
    learner, optimizer = training.learner, training.optimizer
    rank, ranks = dist.get_rank(), dist.get_world_size()
    every = math.ceil(steps / max(2, 2 * profile.fsdp_epochs))
    warmup = max(1, round(WARMUP * steps))
    for step in range(done, steps):
        for group in optimizer.param_groups:
            group["lr"] = profile.fsdp_lr * learning_rate_factor(step, steps, warmup)
        torch.manual_seed(profile.seed * 1_000_003 + step * ranks + rank)  # for dropout
        budget, meter = profile.token_budget, progress.meter
        with explain_out_of_memory(learner.model.config, "full", profile, ranks):
            loss = train_step(
                learner, optimizer, updates[step], training.tokenizer, budget, step + 1, meter
            )
        progress.log({"step": step + 1, "loss": loss})
        if (step + 1) % every == 0 or step + 1 == steps:
            _measure(training, step + 1)
            save_checkpoint(learner, optimizer, out, step + 1, progress.notes())


def _measure(training: _Training, step: int) -> None:
    """Measure the held-out loss after ``step`` updates, and log it."""
    budget = training.profile.token_budget
    loss = mean_loss(training.learner, training.heldout, training.tokenizer, budget, step)
    training.progress.log({"step": step, "heldout_loss": loss})


class _Progress:
    """The history of a training, which a resumed training continues; rank 0 prints each point."""

    def __init__(self, steps: int) -> None:
        self.steps, self.meter = steps, Meter()
        self.history: list[CurvePoint] = []
        self.started, self.seconds_before = time.monotonic(), 0.0

    def log(self, point: CurvePoint) -> None:
        """Add a point to the history; rank 0 prints it as a line of JSON, with the meter."""
        self.history.append(point)
        if dist.get_rank() == 0:
            left = self.meter.minutes_left(point["step"], self.steps)
            line = {**point, "of": self.steps, **self.meter.read(), "minutes_left": left}
            print(json.dumps(line), flush=True)

    def notes(self) -> dict[str, Any]:
        """Return what a checkpoint stores of the progress."""
        return {"history": self.history, "seconds": self._seconds(), "meter": vars(self.meter)}

    def restore(self, saved: dict[str, Any] | None) -> int:
        """Continue from a checkpoint's notes, if there are any; returns the steps already done."""
        if saved is None:
            return 0
        self.history, self.seconds_before = saved["history"], saved["seconds"]
        self.meter.count(**saved["meter"])
        return saved["step"]

    def record(self, learner: Learner, ranks: int, cut: int, dropped: int) -> TrainingRecord:
        """Return the record of the finished training; all ranks call this together."""
        held = [0] * ranks
        dist.all_gather_object(held, sum(p.to_local().numel() for p in learner.parameters()))
        return {
            "history": self.history,
            "seconds": self._seconds(),
            "steps": self.steps,
            "ranks": ranks,
            "held": held,
            "total": sum(p.numel() for p in learner.parameters()),
            **self.meter.read(),
            "cut": cut,
            "dropped": dropped,
        }

    def _seconds(self) -> float:
        """Seconds of training so far, those before a resume included."""
        return self.seconds_before + time.monotonic() - self.started
