"""Stop a training at NaN or infinity, and refuse files that hold them.

NaN means *not a number*. A single overflow is enough: NaN spreads from a loss to every weight in
one step, and then every answer is noise. So a step is taken only if its loss and its gradient are
finite. What was saved before that step stays good.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from helpers.files.row_shapes import Task
from helpers.training.encoding import DroppedRow, EncodedRow

if TYPE_CHECKING:
    import torch


def row_numbers(rows: Iterable[Task], dropped: Iterable[DroppedRow]) -> list[int]:
    """Return the numbers of the rows that were kept: their places in ``rows``, from 0.

    ``dropped`` is the second result of ``encode_all`` for the same ``rows``.
    """
    gone = {id(drop["row"]) for drop in dropped}
    return [number for number, row in enumerate(rows) if id(row) not in gone]


def with_row_numbers(
    encoded: Iterable[EncodedRow], rows: Iterable[Task], dropped: Iterable[DroppedRow]
) -> list[EncodedRow]:
    """Add to each encoded row its number in ``rows`` as ``row``, so that an error can name it."""
    numbers = row_numbers(rows, dropped)
    return [{**each, "row": number} for each, number in zip(encoded, numbers, strict=True)]


def rows_not_finite(losses: Iterable[float], groups: Iterable[Sequence[int]]) -> list[int]:
    """Return the row numbers behind the losses that are NaN or infinite, sorted.

    Each loss is the sum over one of the ``groups`` of row numbers.
    """
    pairs = zip(losses, groups, strict=True)
    return sorted({row for loss, rows in pairs if not math.isfinite(loss) for row in rows})


def stop_training(what: str, step: int, numbers: Iterable[int], kind: str = "training") -> NoReturn:
    """Raise FloatingPointError for a loss or gradient (``what``) that is NaN or infinite.

    ``step`` counts from 1. ``numbers`` are the rows that ``what`` was computed from, and ``kind``
    says which rows they are: ``"training"`` or ``"held-out"``.
    """
    numbers = sorted(numbers)
    few = ", ".join(map(str, numbers[:8])) + (", …" if len(numbers) > 8 else "")
    raise FloatingPointError(
        f"step {step}: {what} is NaN or infinite, in {kind} row(s) {few} (counted from 0). "
        "Training stops here; checkpoints hold what was learned before. Look at these rows and at "
        "the model's weights. If both are good, lower the learning rate, or set "
        "ALPACA_PRECISION=fp32."
    )


def check_finite(path: str | Path) -> None:
    """Raise ValueError if a safetensors file holds NaN or infinity."""
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        names = list(file.keys())
        wrong = [name for name in names if not _is_finite(file.get_tensor(name))]
    if wrong:
        raise ValueError(
            f"{len(wrong)} of the {len(names)} tensors in {path} hold NaN or infinity, {wrong[0]} "
            "among them. Every answer would be noise: the training diverged. Train again with a "
            "lower learning rate, or get the file again."
        )


def _is_finite(tensor: torch.Tensor) -> bool:
    """Whether all numbers of a tensor are finite, in any dtype that a file can hold."""
    if not (tensor.is_floating_point() or tensor.is_complex()):
        return True
    try:
        return bool(tensor.isfinite().all())
    except NotImplementedError:  # torch has no isfinite() for some 8-bit dtypes
        if "float4" in str(tensor.dtype):
            return True  # 4-bit floats cannot represent NaN or infinity
        return bool(tensor.float().isfinite().all())
