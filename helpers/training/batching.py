"""Choose the order of the rows, and which rows are computed together.

The rows of one optimizer step, an *update*, are as the recipe says. They are computed in
*micro-batches* within the token budget, each with one of three layouts::

    packed    rows end to end: flash attention keeps them apart
    shared    rows end to end, and a prefix that several of them share only once: on a CPU
    padded    a row each, filled up to the longest: every other attention

The layout changes speed and memory. It does not change the loss of an update.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from helpers.planning.hardware import Layout, device, layout
from helpers.training.encoding import EncodedRow, collate

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

    from helpers.training.prefix_attention import Segment

SAME_START = 16  # rows whose first 16 tokens are the same have the same template


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


def layout_of(model: PreTrainedModel) -> Layout:
    """Return the layout of micro-batches for the attention that ``model`` is set to."""
    return layout(model.config._attn_implementation)


def micro_batches(
    encoded: Iterable[EncodedRow], budget: int, layout: Layout = "padded"
) -> list[list[EncodedRow]]:
    """Divide the rows of an update into micro-batches of at most ``budget`` tokens, longest first.

    Rows of similar length share a micro-batch. In the layout ``"padded"`` its tokens are its rows
    times its longest row, in the others the sum of its rows. A row with more tokens than the budget
    is alone. In the layout ``"shared"`` rows that begin alike stand side by side.
    """
    batches: list[list[EncodedRow]] = []
    tokens = 0
    for row in sorted(encoded, key=lambda row: -len(row["input_ids"])):
        width = length = len(row["input_ids"])
        if layout == "padded" and batches:
            width = len(batches[-1][0]["input_ids"])
        if not batches or tokens + width > budget:
            batches.append([])
            tokens, width = 0, length
        batches[-1].append(row)
        tokens += width
    return [sorted(part, key=_start) for part in batches] if layout == "shared" else batches


def to_tensors(encoded: Sequence[EncodedRow], pad_id: int, layout: Layout) -> dict[str, Any]:
    """Turn a micro-batch into the arguments of ``encoding.token_losses``, in a layout."""
    if layout == "shared":
        return collate_shared(encoded)
    return collate_packed(encoded) if layout == "packed" else collate(encoded, pad_id)


def to_device(batch: Mapping[str, Any]) -> dict[str, Any]:
    """Move the tensors of a micro-batch to the device that computes."""
    where = device()
    return {k: v if k == "segments" else v.to(where) for k, v in batch.items()}


def collate_packed(encoded: Sequence[EncodedRow]) -> dict[str, torch.Tensor]:
    """Put rows end to end: tensors ``input_ids``, ``labels`` and ``position_ids``.

    Each has the shape ``(1, tokens)``. Positions start again at 0 with each row. From them flash
    attention, and transformers' masks when no cache is used, know where a row begins.
    """
    return _end_to_end([(row, 0, len(row["input_ids"])) for row in encoded])


def collate_shared(encoded: Sequence[EncodedRow]) -> dict[str, Any]:
    """Put rows end to end; neighbours that begin alike have their common prefix once, before them.

    The tensors are those of :func:`collate_packed`; positions in a rest go on from its prefix.
    ``segments`` is a list for :func:`helpers.training.prefix_attention.attend`. A prefix ends
    before the last token of a prompt, so what predicts a response belongs to its own row.
    """
    parts: list[tuple[EncodedRow, int, int]] = []
    segments: list[Segment] = []
    for rows in (list(group) for _, group in itertools.groupby(encoded, key=_start)):
        shared, before = _shared_length(rows), None
        if shared:
            before = len(segments)
            parts.append((rows[0], 0, shared))
            segments.append((shared, None))
        for row in rows:
            parts.append((row, shared, len(row["input_ids"])))
            segments.append((len(row["input_ids"]) - shared, before))
    return {**_end_to_end(parts), "segments": segments}


def _end_to_end(parts: Iterable[tuple[EncodedRow, int, int]]) -> dict[str, torch.Tensor]:
    """Join parts of rows, each from one position to another, in one sequence."""
    import torch

    ids: list[int] = []
    labels: list[int] = []
    positions: list[int] = []
    for row, start, end in parts:
        ids += row["input_ids"][start:end]
        labels += row["labels"][start:end]
        positions += range(start, end)
    names = {"input_ids": ids, "labels": labels, "position_ids": positions}
    return {name: torch.tensor([values]) for name, values in names.items()}


def _start(row: EncodedRow) -> list[int]:
    """Return the first tokens of a row, which tell its template."""
    return row["input_ids"][:SAME_START]


def _shared_length(rows: Sequence[EncodedRow]) -> int:
    """Count the tokens at the start that several rows have in common, within their prompts."""
    if len(rows) == 1:
        return 0
    columns = zip(*(row["input_ids"] for row in rows), strict=False)
    common = itertools.takewhile(lambda column: len(set(column)) == 1, columns)
    return max(0, min(sum(1 for _ in common), *(row["prompt_length"] - 1 for row in rows)))
