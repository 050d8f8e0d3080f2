"""Record which base model an adapter was trained on, as one checksum for each tensor."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from helpers.files.writing import write_text
from helpers.training.checksums import Checksum, checksum
from helpers.training.weights import Weights

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

BASE = "base.json"


def base_checksums(model: PreTrainedModel) -> dict[str, Checksum]:
    """Checksum every tensor of a model, to record which model an adapter is trained on.

    The tensors are read from the folder that the model was loaded from, in their stored dtype. If
    the weights in memory differ from those files, for example because an adapter was merged into
    them, the tensors in memory are used.
    """
    memory = dict(model.named_parameters())
    if model.name_or_path and Path(model.name_or_path).is_dir():
        weights = Weights(model.name_or_path)
        sums: dict[str, Checksum] = {}
        for name in weights.files:
            stored = weights.tensor(name)
            assert stored is not None  # the name is from weights.files
            if name in memory and not _same(stored, memory[name]):
                break
            sums[name] = checksum(stored)
        else:
            return sums
    return {name: checksum(tensor.detach().cpu()) for name, tensor in memory.items()}


def _same(stored: torch.Tensor, loaded: torch.Tensor) -> bool:
    """Whether a tensor in memory equals the stored one after conversion to its dtype."""
    if stored.shape != loaded.shape:
        return False
    return bool((stored.to(loaded.device, loaded.dtype) == loaded).all())


def write_base(sums: Mapping[str, Checksum], adapter: str | Path) -> None:
    """Write the :func:`base_checksums` of an adapter's base model into the adapter's folder."""
    write_text(Path(adapter) / BASE, json.dumps(sums, indent=1) + "\n")
