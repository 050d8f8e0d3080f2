"""One update of a sharded training, and the held-out loss, both computed by all ranks together.

An update has the recipe's rows, whatever the number of ranks. Each rank computes its share in as
many micro-batches as the token budget requires. The loss is divided by the learned tokens of the
whole update. So one, two or four ranks compute the same update.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
import torch.distributed as dist

from helpers.planning.hardware import device
from helpers.training.batching import layout_of, to_device, to_tensors
from helpers.training.encoding import EncodedRow, response_tokens
from helpers.training.nan_checks import rows_not_finite, stop_training
from helpers.training.schedule import rank_share
from helpers.training.shards import Learner
from helpers.training.training_record import Meter

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def train_step(
    learner: Learner,
    optimizer: torch.optim.Optimizer,
    rows: Sequence[EncodedRow],
    tokenizer: PreTrainedTokenizerBase,
    budget: int,
    step: int = 1,
    meter: Meter | None = None,
) -> float:
    """Make one update on a global batch of encoded rows; returns the mean loss in nats per token.

    ``budget`` is the number of tokens a rank computes together, padding included. Gradients of the
    micro-batches are summed as slices, so no rank ever holds a whole gradient. ``step`` is for
    errors; ``meter`` counts the tokens and the seconds. If a loss or a gradient is NaN or infinite,
    nothing is updated, and FloatingPointError names the step and the rows by their ``row``.
    """
    started = time.monotonic()
    learner.train()
    rank, ranks = dist.get_rank(), dist.get_world_size()
    tokens = response_tokens(rows)
    layout = layout_of(learner.model)
    share = rank_share(rows, rank, ranks, budget, layout)
    parts = [to_device(to_tensors(part, tokenizer.pad_token_id, layout)) for part in share]
    losses = []
    for part in parts:
        total = learner(part)
        # FSDP averages gradients over ranks. Times their number, the average is the sum.
        (total * ranks / tokens).backward()
        losses.append(total.detach())
    loss = _finite_sum(losses, share, step)
    norm = torch.nn.utils.clip_grad_norm_(learner.parameters(), 1.0)
    if not norm.full_tensor().isfinite():
        stop_training("the gradient", step, _row_numbers(rows))
    optimizer.step()
    optimizer.zero_grad()
    if meter:
        computed = torch.tensor(sum(part["input_ids"].numel() for part in parts), device=device())
        all_computed = int(_sum_over_ranks(computed))
        real = sum(len(row["input_ids"]) for row in rows)
        meter.count(real, all_computed, time.monotonic() - started)
    return loss / tokens


def mean_loss(
    learner: Learner,
    rows: Sequence[EncodedRow],
    tokenizer: PreTrainedTokenizerBase,
    budget: int,
    step: int = 0,
) -> float:
    """Return the mean held-out loss over the learned tokens of all rows, in nats per token.

    Every rank computes a share, and all ranks return the same result. ``step`` is the number of
    updates so far. If the loss is NaN or infinite, FloatingPointError names the step and the rows.
    """
    learner.eval()
    layout = layout_of(learner.model)
    share = rank_share(rows, dist.get_rank(), dist.get_world_size(), budget, layout)
    parts = [to_device(to_tensors(part, tokenizer.pad_token_id, layout)) for part in share]
    with torch.no_grad():
        losses = [learner(part) for part in parts]
    return _finite_sum(losses, share, step, "held-out") / response_tokens(rows)


def _finite_sum(
    losses: Sequence[torch.Tensor],
    share: Sequence[Sequence[EncodedRow]],
    step: int,
    kind: str = "training",
) -> float:
    """Sum losses over all ranks; if the sum is not finite, all ranks stop with the same error.

    Each loss is that of one micro-batch of ``share``.
    """
    total = _sum_over_ranks(sum(losses))
    if not math.isfinite(total):
        mine = rows_not_finite(
            [loss.item() for loss in losses], [_row_numbers(part) for part in share]
        )
        found: list[list[int]] = [[]] * dist.get_world_size()
        dist.all_gather_object(found, mine)
        stop_training("the loss", step, [number for numbers in found for number in numbers], kind)
    return total


def _row_numbers(rows: Sequence[EncodedRow]) -> list[int]:
    """Return the rows' numbers in their file; dummy rows have none and are left out."""
    return [row["row"] for row in rows if "row" in row]


def _sum_over_ranks(value: torch.Tensor) -> float:
    """Sum a tensor with one number over all ranks."""
    value = value.clone()
    dist.all_reduce(value)
    return value.item()
