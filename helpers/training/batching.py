"""Choose the order of the rows, and which rows are computed together.

Three levels of grouping::

    update         the rows of one optimizer step, as the recipe says
    micro-batch    rows of an update that are computed together, within the token budget
    packed row     several rows end to end, where attention can keep them apart; else padding

The grouping changes speed and memory. It does not change which rows an update has.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from helpers.planning.hardware import can_pack
from helpers.training.encoding import EncodedRow, collate

if TYPE_CHECKING:
    import torch


def bucketed_order(lengths: Sequence[int], batch: int, epochs: float, seed: int) -> list[int]:
    """Return row numbers in training order: shuffled, but rows of similar length share a batch.

    ``lengths`` are the rows' tokens. Rows are sorted by length within windows of eight batches,
    which saves most of the padding; then the batches are shuffled. Rows left over from an epoch
    join the next one, so every batch but the last is full. The order depends only on the arguments,
    so a resumed training gets the same rows.
    """
    rng = random.Random(seed)
    order: list[int] = []
    pool: list[int] = []
    for _ in range(math.ceil(epochs)):
        pool += rng.sample(range(len(lengths)), len(lengths))
        full = len(pool) // batch * batch
        batches = []
        for start in range(0, full, 8 * batch):
            window = sorted(pool[start : min(start + 8 * batch, full)], key=lengths.__getitem__)
            batches += [window[i : i + batch] for i in range(0, len(window), batch)]
        rng.shuffle(batches)
        order += [row for rows in batches for row in rows]
        pool = pool[full:]
    return (order + pool)[: round(epochs * len(lengths))]


def micro_batches(
    encoded: Iterable[EncodedRow], budget: int, *, packed: bool = False
) -> list[list[EncodedRow]]:
    """Divide the rows of an update into micro-batches of at most ``budget`` tokens, longest first.

    Rows of similar length share a micro-batch. With padding its tokens are its rows times its
    longest row; ``packed`` they are the sum of its rows. A row with more tokens than the budget is
    alone.
    """
    batches: list[list[EncodedRow]] = []
    tokens = 0
    for row in sorted(encoded, key=lambda row: -len(row["input_ids"])):
        length = len(row["input_ids"])
        width = length if packed or not batches else len(batches[-1][0]["input_ids"])
        if not batches or tokens + width > budget:
            batches.append([])
            tokens, width = 0, length
        batches[-1].append(row)
        tokens += width
    return batches


def to_tensors(encoded: Sequence[EncodedRow], pad_id: int) -> dict[str, torch.Tensor]:
    """Turn a micro-batch into tensors: packed where attention allows it, else padded."""
    return collate_packed(encoded) if can_pack() else collate(encoded, pad_id)


def collate_packed(encoded: Sequence[EncodedRow]) -> dict[str, torch.Tensor]:
    """Put rows end to end: tensors ``input_ids``, ``labels`` and ``position_ids``.

    Each has the shape ``(1, tokens)``. Positions start again at 0 with each row. From them flash
    attention, and transformers' masks when no cache is used, know where a row begins. Where
    :func:`~helpers.planning.hardware.can_pack` is false, padding (:func:`collate`) is faster.
    """
    import torch

    def joined(rows: Iterable[list[int]]) -> torch.Tensor:
        return torch.tensor([[token for ids in rows for token in ids]])

    positions = [torch.arange(len(row["input_ids"])) for row in encoded]
    return {
        "input_ids": joined(row["input_ids"] for row in encoded),
        "labels": joined(row["labels"] for row in encoded),
        "position_ids": torch.cat(positions)[None],
    }
