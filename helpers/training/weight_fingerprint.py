"""Compute a fingerprint of a model's weights, also of a model that is sharded over processes."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from helpers.training.weights import bits_of

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

NUMBERS_AT_ONCE = 1 << 22  # numbers of a tensor that are processed at a time


def fingerprint(model: PreTrainedModel) -> str:
    """Return a short text that differs for models with different weights. Reads all weights once.

    Any change of a single number shows. Two models that differ in more share a text only with a
    probability of about 1 in 2**64. For a sharded model each rank adds up its own rows. All ranks
    get the same text, and it does not depend on their number.
    """
    import torch

    named = sorted(model.named_parameters())
    sums = torch.stack([_position_sum(weight.detach()) for _, weight in named])
    if any(hasattr(weight, "to_local") for _, weight in named):
        torch.distributed.all_reduce(sums)
    shapes = [[name, list(p.shape), str(p.dtype)] for name, p in named]
    return digest([shapes, sums.tolist()])


def digest(data: object) -> str:
    """Return the first 16 hexadecimal digits of the SHA-256 of any data, written as JSON."""
    return hashlib.sha256(json.dumps(data, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _position_sum(weight: torch.Tensor) -> torch.Tensor:
    """Sum a tensor's bits, each times a random number for its row and one for its column.

    With plain row and column numbers, a change of +5, -5, -5, +5 in four corners would cancel out.
    """
    import torch

    first = 0
    if hasattr(weight, "to_local"):  # each rank has a run of rows, as fully_shard splits them
        mesh = weight.device_mesh
        first = min(len(weight), -(-len(weight) // mesh.size()) * mesh.get_local_rank())
        weight = weight.to_local()
    bits = bits_of(weight)
    bits = bits.reshape(bits.shape[0] if bits.ndim else 1, -1)
    columns = _random_odd(torch.arange(bits.shape[1], device=bits.device) + (1 << 40))
    total = torch.zeros((), dtype=torch.int64, device=bits.device)
    for part in bits.split(max(1, NUMBERS_AT_ONCE // max(1, bits.shape[1]))):
        rows = _random_odd(torch.arange(first, first + len(part), device=bits.device))
        total += ((part.long() * columns).sum(1) * rows).sum()  # overflow wraps on every device
        first += len(part)
    return total


def _random_odd(numbers: torch.Tensor) -> torch.Tensor:
    """Map each integer to an odd pseudo-random 64-bit number (SplitMix, Steele et al. 2014)."""
    mixed = numbers * -7046029254386353131
    for shift, factor in ((30, -4658895280553007687), (27, -7723592293110705685)):
        mixed = (mixed ^ (mixed >> shift)) * factor
    return (mixed ^ (mixed >> 31)) | 1
