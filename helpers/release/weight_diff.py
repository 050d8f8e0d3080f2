"""Weight diffs: publish a tuned model without its base, and restore it from base and diff.

Stanford Alpaca was not allowed to publish LLaMA's weights, so it published differences (Taori et
al. 2023, ``weight_diff.py``). Subtracting and adding floats can change their last digits. A diff
here holds the *bits* of ``tuned XOR base``, which can be undone exactly.

- A tensor that is the same in both models is not stored.
- Rows that the base lacks, as in an enlarged embedding, are compared with zeros.
- A tensor that is larger than the base's is always stored. Restoring a small diff therefore never
  allocates more numbers than base and diff hold.

``diff.json`` has a checksum of every tensor before and after. Each file of the diff also lists all
tensors in its header, so that a missing entry is noticed. :func:`recover` compares all shapes and
some small tensors before it writes anything, and every other tensor as it is restored. One file of
weights at a time is in memory.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from helpers.files.writing import write_text
from helpers.release.weight_diff_notes import (
    NAMES,
    NOTES_FILE,
    DiffError,
    DiffNote,
    check_names,
    read_notes,
)
from helpers.training.checksums import Checksum, checksum, first_difference
from helpers.training.output_folders import copy_without_weights, new_folder
from helpers.training.weights import Weights, bits_of

if TYPE_CHECKING:
    import torch

_BIT_DTYPES = {1: "U8", 2: "I16", 4: "I32", 8: "I64"}  # of stored bits, by bytes of a number


def make_diff(base: str | Path, tuned: str | Path, out: str | Path) -> dict[str, DiffNote]:
    """Write the difference between two models into the folder ``out``; returns notes by tensor.

    ``base`` and ``tuned`` are folders with safetensors. Configuration and tokenizer are copied from
    ``tuned``. If anything fails, nothing is left behind.

    Raises:
        ValueError: for a folder without weights.
        FileExistsError: if ``out`` exists.
        OSError: if the disk has too little space.
    """
    before, after = Weights(base), Weights(tuned)
    notes: dict[str, DiffNote] = {}
    with new_folder(out, after.bytes) as scratch:
        for file, names in after.by_file():
            stored = {}
            for name in names:
                old, new = before.tensor(name), after.tensor(name)
                assert new is not None  # by_file named it
                bits = bits_of(new) ^ _fitted_bits(old, new)
                old_shape = None if old is None else list(old.shape)
                if bits.any() or _has_grown(list(new.shape), old_shape):
                    stored[name] = bits
                notes[name] = {
                    "file": file,
                    "base": checksum(old),
                    "tuned": checksum(new),
                    "stored": name in stored,
                }
            _save(stored, scratch / file, {NAMES: json.dumps(list(after.files))})
        copy_without_weights(after.folder, scratch, but=[NOTES_FILE])
        write_text(scratch / NOTES_FILE, json.dumps(notes, indent=1) + "\n")
    return notes


def recover(base: str | Path, diff: str | Path, out: str | Path) -> Path:
    """Restore a tuned model from its base and a diff into the folder ``out``; returns ``out``.

    The result has exactly the bits of the model that the diff was made from. If anything fails,
    nothing is left behind.

    Raises:
        DiffError: if the diff is incomplete or damaged, or if ``base`` is another model; the
            message names the tensor.
        FileExistsError: if ``out`` exists.
        OSError: if the disk has too little space.
    """
    before, notes, change = Weights(base), read_notes(diff), Weights(diff)
    check_names(notes, change, before)
    sums = {name: note["base"] for name, note in notes.items() if note["base"]}
    if differing := first_difference(before, sums):
        raise _wrong_base(before, differing)
    for name, note in notes.items():
        _check_size(name, note, before, change)
    names_by_file: dict[str, list[str]] = {}
    for name, note in notes.items():
        names_by_file.setdefault(note["file"], []).append(name)
    size = sum(_bytes(note["tuned"]) for note in notes.values())
    with new_folder(out, size) as scratch:
        for file, names in names_by_file.items():
            restored = {name: _restored(name, notes[name], before, change) for name in names}
            _save(restored, scratch / file)
        copy_without_weights(change.folder, scratch, but=[NOTES_FILE])
    return Path(out)


def _has_grown(shape: Sequence[int], before: Sequence[int] | None) -> bool:
    """Whether a tensor has more numbers than the base's, or the base has none."""
    return before is None or math.prod(shape) > math.prod(before)


def _check_size(name: str, note: DiffNote, before: Weights, change: Weights) -> None:
    """Raise DiffError for a tensor that is larger than what base and diff hold of it."""
    tuned = note["tuned"]
    if note["stored"]:
        if name not in change.files:
            raise DiffError(f"{change.folder} is not whole: {name} is missing. Get the diff again.")
        bits = _BIT_DTYPES[_torch_dtype(tuned).itemsize]
        if change.shape(name) != tuned["shape"] or change.dtype(name) != bits:
            raise _damaged(change, note, name)
    elif _has_grown(tuned["shape"], before.shape(name) if name in before.files else None):
        raise DiffError(
            f"{change.folder / NOTES_FILE} is damaged: neither the diff nor the base holds {name} "
            f"in the shape {tuned['shape']}. Get the diff again."
        )


def _restored(name: str, note: DiffNote, before: Weights, change: Weights) -> torch.Tensor:
    """One tensor of the tuned model; DiffError if a checksum before or after does not match."""
    import torch

    old = before.tensor(name)
    if checksum(old) != note["base"]:
        raise _wrong_base(before, name)
    dtype = _torch_dtype(note["tuned"])
    bits = _fitted_bits(old, torch.empty(note["tuned"]["shape"], dtype=dtype, device="meta"))
    if note["stored"]:
        bits = bits ^ change.tensor(name)
    new = bits.view(dtype)
    if checksum(new) != note["tuned"]:
        raise _damaged(change, note, name)
    return new


def _damaged(change: Weights, note: DiffNote, name: str) -> DiffError:
    return DiffError(
        f"{change.folder / note['file']} is damaged: {name} does not match its checksum or shape. "
        "Get the diff again."
    )


def _wrong_base(before: Weights, name: str) -> DiffError:
    return DiffError(
        f"{before.folder} is not the base this diff was made against: {name} differs. Take the "
        "model that the card of the diff names, in the revision it names."
    )


def _fitted_bits(old: torch.Tensor | None, like: torch.Tensor) -> torch.Tensor:
    """The bits of the base's tensor ``old`` in dtype and shape of ``like``.

    Rows that ``old`` lacks are zeros. Everything is zero if there is no ``old``, or if its rows
    have another shape.
    """
    import torch

    bits = bits_of(torch.zeros(like.shape, dtype=like.dtype))
    if old is not None and old.ndim == like.ndim > 0 and old.shape[1:] == like.shape[1:]:
        rows = min(len(old), len(like))
        bits[:rows] = bits_of(old[:rows].to(like.dtype))
    return bits


def _bytes(sums: Checksum) -> int:
    """The size of the tensor that a checksum describes."""
    return math.prod(sums["shape"]) * _torch_dtype(sums).itemsize


def _torch_dtype(sums: Checksum) -> torch.dtype:
    import torch

    return getattr(torch, sums["dtype"])


def _save(
    tensors: dict[str, torch.Tensor], path: Path, header: Mapping[str, str] | None = None
) -> None:
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    try:
        save_file(tensors, path, metadata={"format": "pt", **(header or {})})
    except SafetensorError as error:
        raise OSError(f"{path} could not be written ({error}): is the disk full?") from None
