"""Plan the updates of a sharded training: which rows, in which order, on which rank, at which rate.

The plan depends only on the rows and the recipe. An update has the same rows on one rank and on
eight, so a training may resume with another number of ranks.
"""

import math
from collections.abc import Iterable, Sequence

from helpers.planning.hardware import Layout
from helpers.training.batching import bucketed_order, micro_batches
from helpers.training.encoding import IGNORED, EncodedRow


def global_batches(
    lengths: Sequence[int], batch: int, ranks: int, epochs: float, seed: int
) -> list[list[int]]:
    """Plan the updates of a training: a list of row numbers for each.

    Each has ``batch`` rows; the last may have fewer. ``lengths`` are the rows' lengths in tokens.
    Rows of similar length share an update, which saves padding (see ``batching.bucketed_order``).
    The updates do not depend on ``ranks``. Raises ValueError if there are fewer rows than ranks.
    """
    if len(lengths) < ranks:
        raise ValueError(
            f"{len(lengths)} row(s) cannot be shared by {ranks} ranks: each step needs at least "
            f"one row for each rank. Train on --ranks={max(1, len(lengths))} or fewer, or add rows."
        )
    order = bucketed_order(lengths, batch, epochs, seed)
    return [order[i : i + batch] for i in range(0, len(order), batch)]


def rank_share(
    encoded: Iterable[EncodedRow], rank: int, ranks: int, budget: int, layout: Layout = "padded"
) -> list[list[EncodedRow]]:
    """Return the micro-batches of one rank, each within ``budget`` tokens.

    Sorted by length, every ``ranks``-th row goes to the same rank, so all ranks have about the same
    work. All ranks get the same number of micro-batches, because every rank must take part in every
    pass: otherwise the others would wait for it forever. Missing ones are filled with a dummy row
    that contributes no loss.
    """
    ordered = sorted(encoded, key=lambda row: len(row["input_ids"]))
    shares = [micro_batches(ordered[r::ranks], budget, layout) for r in range(ranks)]
    dummy: EncodedRow = {
        "input_ids": ordered[0]["input_ids"][:2],
        "labels": [IGNORED, IGNORED],
        "prompt_length": 2,
        "cut": 0,
    }
    return shares[rank] + [[dummy]] * (max(map(len, shares)) - len(shares[rank]))


def learning_rate_factor(step: int, steps: int, warmup: int) -> float:
    """Return the share of the peak learning rate at ``step``, counted from 0.

    It rises linearly over ``warmup`` steps and then falls along half a cosine.
    """
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))
