"""Weight diffs: a tuned model given away without its base, and put together again, bit for bit.

Stanford Alpaca could not hand out LLaMA's weights, so it handed out differences (Taori et al.
2023, ``weight_diff.py``). A difference of floats need not add up to what it was taken from, so
here the *bits* are compared: ``tuned XOR base``, which undoes itself exactly. A tensor that the
training left alone is not stored; rows that the base lacks (an embedding that grew) are compared
with zeros, so they are stored as they are. What is larger than in the base is always stored, zeros
too: no tensor of a diff can ask for more memory than the files of diff and base account for.

``diff.json`` holds a checksum of every tensor before and after, and each file of the diff lists all
tensors in its head, so that none can go missing without a word. A wrong base is told from the
shapes and some of the smallest tensors, before anything is written; every other tensor is held
against its checksum as it comes by, and the folder gets its name last. No more than one file of
weights is in memory, however many the model has; those written here have 5 GB at most.
"""

import json
import math
from pathlib import Path

from helpers.safe_io.bounded_json import bounded_json
from helpers.safe_io.received import read_json
from helpers.safe_io.writing import write_text
from helpers.training.weights import (
    Weights,
    bits_of,
    checksum,
    copy_beside,
    first_difference,
    is_checksum,
    new_folder,
)

NOTES = "diff.json"
NAMES = "tensors"  # in the head of a diff's file: all that the tuned model holds


class DiffError(ValueError):
    """A diff that cannot be undone; the message says why and what to do."""


def make_diff(base, tuned, out):
    """Write into the new folder ``out`` what changes the model in ``base`` into that in ``tuned``.

    Both are folders of safetensors; configuration and tokenizer are those of ``tuned``. Returns
    the notes: ``{tensor: {"file", "base", "tuned", "stored"}}``, the two checksums and whether
    there is a difference. Raises ValueError for a folder without weights, FileExistsError for a
    name that is taken, and OSError for a disk without room; nothing is left behind then.
    """
    before, after, notes = Weights(base), Weights(tuned), {}
    with new_folder(out, after.bytes) as scratch:
        for file, names in after.by_file():
            stored = {}
            for name in names:
                old, new = before.tensor(name), after.tensor(name)
                bits = bits_of(new) ^ _fitted(old, new)
                if bits.any() or _has_grown(
                    list(new.shape), None if old is None else list(old.shape)
                ):
                    stored[name] = bits
                sums = {"base": checksum(old), "tuned": checksum(new)}
                notes[name] = {"file": file, **sums, "stored": name in stored}
            _save(stored, scratch / file, {NAMES: json.dumps(list(after.files))})
        copy_beside(after.folder, scratch, but=[NOTES])
        write_text(scratch / NOTES, json.dumps(notes, indent=1) + "\n")
    return notes


def recover(base, diff, out):
    """Put a tuned model together from its base and the folder of a diff; returns ``out``.

    The result has the bits of the model that the diff was made of. Raises DiffError for a folder
    that is no whole diff, and for any other base, naming the tensor that tells; FileExistsError and
    OSError as :func:`make_diff`. Nothing is left behind then.
    """
    before, notes = Weights(base), _read_notes(diff)
    change = Weights(diff)
    _check_names(notes, change, before)
    wrong = first_difference(before, {n: note["base"] for n, note in notes.items() if note["base"]})
    if wrong:
        raise _wrong_base(before, wrong)
    for name, note in notes.items():
        _check_size(name, note, before, change)
    files = {}
    for name, note in notes.items():
        files.setdefault(note["file"], []).append(name)
    sizes = (_size(note["tuned"]) for note in notes.values())
    with new_folder(out, sum(sizes)) as scratch:
        for file, names in files.items():
            made = {name: _recovered(name, notes[name], before, change) for name in names}
            _save(made, scratch / file)
        copy_beside(change.folder, scratch, but=[NOTES])
    return Path(out)


def _check_names(notes, change, before):
    """Raise DiffError naming a tensor that the notes lack."""
    made_of = set(change.files)
    for path in sorted(change.folder.glob("*.safetensors")):
        listed = _names(path)
        # Without a list, saved by something else: what the base has is expected.
        made_of |= set(before.files if listed is None else listed)
    gone = sorted(made_of - set(notes))
    if gone:
        raise DiffError(
            f"{change.folder / NOTES} is not whole: it lacks {len(gone)} of "
            f"{len(made_of | set(notes))} tensors, {gone[0]} among them. Get the diff again."
        )


def _has_grown(shape, before):
    """Whether a tensor has more numbers than its base, or none."""
    return before is None or math.prod(shape) > math.prod(before)


_BITS = {1: "U8", 2: "I16", 4: "I32", 8: "I64"}  # a stored tensor, by the bytes of its numbers


def _check_size(name, note, before, change):
    """Raise DiffError for a tensor that is larger than what the files hold of it."""
    tuned = note["tuned"]
    if note["stored"]:
        if name not in change.files:
            raise DiffError(f"{change.folder} is not whole: {name} is missing. Get the diff again.")
        bits = _BITS[_width(tuned)]
        if change.shape(name) != tuned["shape"] or change.dtype(name) != bits:
            raise _damaged(change, note, name)
    elif _has_grown(tuned["shape"], before.shape(name) if name in before.files else None):
        raise DiffError(
            f"{change.folder / NOTES} is damaged: neither the diff nor the base holds {name} "
            f"in the shape {tuned['shape']}. Get the diff again."
        )


def _names(path):
    """The list of tensors in the head of a diff's file; None for none."""
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        listed = (file.metadata() or {}).get(NAMES)
    try:
        return None if listed is None else list(bounded_json(listed))
    except (ValueError, TypeError):
        raise DiffError(f"{path} is damaged: its head lists no tensors. Get the diff again.") from (
            None
        )


def _recovered(name, note, before, change):
    """One tensor of the tuned model, held against its checksums before and after."""
    import torch

    old = before.tensor(name)
    if checksum(old) != note["base"]:
        raise _wrong_base(before, name)
    like = torch.empty(
        note["tuned"]["shape"], dtype=getattr(torch, note["tuned"]["dtype"]), device="meta"
    )
    bits = _fitted(old, like)
    if note["stored"]:
        bits = bits ^ change.tensor(name)
    new = bits.view(like.dtype)
    if checksum(new) != note["tuned"]:
        raise _damaged(change, note, name)
    return new


def _damaged(change, note, name):
    return DiffError(
        f"{change.folder / note['file']} is damaged: {name} does not come out as it was. Get the "
        "diff again."
    )


def _wrong_base(before, name):
    return DiffError(
        f"{before.folder} is not the base this diff was made against: {name} differs. Take the "
        "model that the card of the diff names, in the revision it names."
    )


def _fitted(old, like):
    """The bits of ``old`` in dtype and shape of ``like``: rows it lacks are zeros, or all are."""
    import torch

    bits = bits_of(torch.zeros(like.shape, dtype=like.dtype))
    if old is not None and old.ndim == like.ndim > 0 and old.shape[1:] == like.shape[1:]:
        rows = min(len(old), len(like))
        bits[:rows] = bits_of(old[:rows].to(like.dtype))
    return bits


def _size(sums):
    """Bytes of a tensor that is known by its checksum."""
    return math.prod(sums["shape"]) * _width(sums)


def _width(sums):
    import torch

    return getattr(torch, sums["dtype"]).itemsize


def _save(tensors, path, notes=None):
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    try:
        save_file(tensors, path, metadata={"format": "pt", **(notes or {})})
    except SafetensorError as error:
        raise OSError(f"{path} could not be written ({error}): is the disk full?") from None


def _read_notes(diff):
    """The notes of a diff, or DiffError that says what is missing.

    A diff comes from somebody else: its files are names in the new folder, and never a way out.
    """
    path = Path(diff) / NOTES
    try:
        notes = read_json(path)
        for note in notes.values():
            plain = Path(note["file"]).name == note["file"] and note["file"][0] != "."
            if not plain or not note["file"].endswith(".safetensors"):
                raise ValueError("no name of a file")
            sound = is_checksum(note["tuned"]) and (not note["base"] or is_checksum(note["base"]))
            if not sound or not isinstance(note["stored"], bool):
                raise ValueError("no checksums")
        return notes
    except (OSError, ValueError, KeyError, AttributeError, TypeError, IndexError):
        raise DiffError(
            f"{path} is missing or not whole, so {diff} is no finished diff. Make it again with "
            "make_diff, or get it again."
        ) from None
