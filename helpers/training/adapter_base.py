"""Which model an adapter was trained on: a checksum of each tensor, kept beside the adapter."""

import json
from pathlib import Path

from helpers.safe_io.writing import write_text
from helpers.training.weights import Weights, checksum

BASE = "base.json"


def base_checksums(model):
    """Which model this is, as ``{tensor: checksum}``, for the adapter that will be learned on it.

    Of the files in the folder the model came from, in their number format, if memory still holds
    what they say. Else of memory: an adapter may have been merged into it since.
    """
    memory = dict(model.named_parameters())
    if model.name_or_path and Path(model.name_or_path).is_dir():
        weights, sums = Weights(model.name_or_path), {}
        for name in weights.files:
            stored = weights.tensor(name)
            if name in memory and not _same(stored, memory[name]):
                break
            sums[name] = checksum(stored)
        else:
            return sums
    return {name: checksum(tensor.detach().cpu()) for name, tensor in memory.items()}


def _same(stored, held):
    """Whether a tensor in memory is the stored one, in whatever format it is held."""
    return stored.shape == held.shape and bool((stored.to(held.device, held.dtype) == held).all())


def write_base(sums, adapter):
    """Write beside an adapter which model it was trained on: its :func:`base_checksums`."""
    write_text(Path(adapter) / BASE, json.dumps(sums, indent=1) + "\n")
