"""Compare a model's tensors with recorded checksums, to tell one model from another."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypedDict, TypeGuard, overload

from helpers.training.weights import Weights

if TYPE_CHECKING:
    import torch

# The dtypes that a checksum may name, as torch spells them.
DTYPES = (
    "float64", "float32", "float16", "bfloat16", "float8_e4m3fn", "float8_e5m2",
    "int64", "int32", "int16", "int8", "uint8", "bool",
)  # fmt: skip
MAX_NUMBERS = 1 << 40  # in one tensor; the largest known tensors have a thousandth of that


class Checksum(TypedDict):
    """What identifies a tensor: dtype as torch spells it, shape, and SHA-256 of its bytes."""

    dtype: str
    shape: list[int]
    sha256: str


@overload
def checksum(tensor: None) -> None: ...
@overload
def checksum(tensor: torch.Tensor) -> Checksum: ...
def checksum(tensor: torch.Tensor | None) -> Checksum | None:
    """Compute the checksum of a tensor on the CPU; None for no tensor."""
    import torch

    if tensor is None:
        return None
    raw = tensor.contiguous().flatten().view(torch.uint8).numpy()
    return {
        "dtype": str(tensor.dtype).removeprefix("torch."),
        "shape": list(tensor.shape),
        "sha256": hashlib.sha256(raw).hexdigest(),
    }


def is_checksum(value: object) -> TypeGuard[Checksum]:
    """Whether a value from a file of unknown origin has the form that :func:`checksum` returns."""
    if not isinstance(value, dict) or value.get("dtype") not in DTYPES:
        return False
    shape = value.get("shape")
    if not isinstance(shape, list) or len(shape) > 8 or not isinstance(value.get("sha256"), str):
        return False
    sound = all(type(n) is int and n >= 0 for n in shape)
    return sound and math.prod(shape) <= MAX_NUMBERS


def first_difference(
    weights: Weights, sums: Mapping[str, Checksum], few: int | None = 8
) -> str | None:
    """Name the first tensor of ``weights`` that differs from its checksum in ``sums``, or None.

    All shapes are compared, which reads only the headers of the files. Then the bits of the ``few``
    smallest tensors and of the ``few`` smallest matrices are compared. That is quick, and it finds
    a trained model: training changes nearly every matrix, but may leave other tensors unchanged.
    With None for ``few``, the bits of all tensors are compared.
    """
    for name in sums:
        if name not in weights.files or weights.shape(name) != sums[name]["shape"]:
            return name
    by_size = sorted(sums, key=lambda name: math.prod(sums[name]["shape"]))
    matrices = [name for name in by_size if len(sums[name]["shape"]) > 1]
    for name in dict.fromkeys([*by_size[:few], *matrices[:few]]):
        if checksum(weights.tensor(name)) != sums[name]:
            return name
    return None
