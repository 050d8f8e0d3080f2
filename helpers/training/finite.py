"""NaN and infinity: a training stops at them and names the rows, a file with them is refused.

One overflow is enough. NaN (*not a number*) spreads from a loss to every weight in a single step,
and from then on each answer is noise. So a step is only taken when its loss and its gradient are
finite, and what was saved before it stays good.
"""

import math


def row_numbers(rows, dropped):
    """The numbers of the rows that were kept, from 0, in the list that was given.

    ``dropped`` is the second result of :func:`helpers.training.encoding.encode_all` for ``rows``.
    """
    gone = {id(drop["row"]) for drop in dropped}
    return [number for number, row in enumerate(rows) if id(row) not in gone]


def numbered(encoded, rows, dropped):
    """Encoded rows that carry their number as ``row``, for an error that names them."""
    numbers = row_numbers(rows, dropped)
    return [{**each, "row": number} for each, number in zip(encoded, numbers, strict=True)]


def not_finite(losses, groups):
    """The numbers of the rows behind each of the ``losses`` that is NaN or infinite.

    ``groups`` are lists of row numbers: those that each loss is the sum over.
    """
    pairs = zip(losses, groups, strict=True)
    return sorted({row for loss, rows in pairs if not math.isfinite(loss) for row in rows})


def stop_training(what, step, numbers, kind="training"):
    """Raise FloatingPointError for a loss or gradient (``what``) that is NaN or infinite.

    ``step`` counts from 1; ``numbers`` are those of the rows it came from, of the ``kind`` of rows.
    """
    numbers = sorted(numbers)
    few = ", ".join(map(str, numbers[:8])) + (", …" if len(numbers) > 8 else "")
    raise FloatingPointError(
        f"step {step}: {what} is NaN or infinite, in {kind} row(s) {few} (counted from 0). "
        "Training stops here; checkpoints hold what was learned before. Look at these rows and at "
        "the model's weights. If both are good, lower the learning rate, or set "
        "ALPACA_PRECISION=fp32."
    )


def check_numbers(path):
    """Raise ValueError where a safetensors file holds NaN or infinity."""
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


def _is_finite(tensor):
    """Whether all numbers of a tensor are finite, in any dtype that a file can hold."""
    if not (tensor.is_floating_point() or tensor.is_complex()):
        return True
    try:
        return bool(tensor.isfinite().all())
    except NotImplementedError:  # torch asks this of few 8-bit types
        if "float4" in str(tensor.dtype):
            return True  # four bits leave no place for NaN or infinity
        return bool(tensor.float().isfinite().all())
