"""The updates of a sharded training: which rows, in which order, on which rank, at which rate.

Everything here follows from the rows and the recipe alone. An update has the same rows on one rank
and on eight, so a training may resume on another number of ranks.
"""

import math

from helpers.planning.hardware import can_pack
from helpers.training.encoding import IGNORED, bucketed_order, micro_batches


def global_batches(lengths, batch, ranks, epochs, seed):
    """The updates of a training, each a list of row numbers: ``batch`` rows, the last maybe fewer.

    ``lengths`` are the rows' tokens: rows of like length share an update, which saves padding (see
    :func:`helpers.training.encoding.bucketed_order`). The updates do not depend on the number of
    ranks, so another number can go on with them. Raises ValueError for fewer rows than ranks.
    """
    if len(lengths) < ranks:
        raise ValueError(
            f"{len(lengths)} row(s) cannot be shared by {ranks} ranks: each step needs at least "
            f"one row a rank. Train on --ranks={max(1, len(lengths))} or "
            "fewer, or add rows."
        )
    order = bucketed_order(lengths, batch, epochs, seed)
    return [order[i : i + batch] for i in range(0, len(order), batch)]


def rank_share(encoded, rank, ranks, budget):
    """The micro-batches of one rank, lists of rows; every rank gets as many as the others.

    Every ``ranks``-th row by length goes to one rank: like amounts of work. A rank with fewer lists
    than another is given dummy rows that contribute no loss. Every rank must take part in every
    pass, or the others would wait for ever.
    """
    ordered = sorted(encoded, key=lambda row: len(row["input_ids"]))
    cuts = [micro_batches(ordered[r::ranks], budget, packed=can_pack()) for r in range(ranks)]
    idle = {"input_ids": ordered[0]["input_ids"][:2], "labels": [IGNORED, IGNORED]}
    return cuts[rank] + [[idle]] * (max(map(len, cuts)) - len(cuts[rank]))


def cosine(step, steps, warmup):
    """Share of the peak learning rate at ``step`` (from 0): linear warm-up, then half a cosine."""
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))
