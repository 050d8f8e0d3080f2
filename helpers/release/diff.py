"""Weight diffs: a tuned model given away without its base, and put together again, bit for bit.

Stanford Alpaca could not hand out LLaMA's weights, so it handed out differences (Taori et al.
2023, ``weight_diff.py``). A difference of floats need not add up to what it was taken from, so
here the *bits* are compared: ``tuned XOR base``, which undoes itself exactly. A tensor that the
training left alone is not stored; rows that the base lacks (an embedding that grew) are compared
with zeros, so they are stored as they are.

``diff.json`` holds a checksum of every tensor before and after. A wrong base is told from the
shapes and the smallest tensors, before anything is written; every other tensor is held against its
checksum as it comes by, and the folder gets its name last. No more than one file of weights is in
memory, 5 GB for a model saved in the usual way, however many it has.
"""

import contextlib
import hashlib
import json
import math
import shutil
from pathlib import Path

from helpers.io import write_text
from helpers.release.weights import Weights
from helpers.student import BESIDE_WEIGHTS

NOTES = "diff.json"


class DiffError(ValueError):
    """A diff that cannot be made or undone; the message says why and what to do."""


def make_diff(base, tuned, out):
    """Write into the new folder ``out`` what changes the model in ``base`` into that in ``tuned``.

    Both are folders of safetensors; configuration and tokenizer are those of ``tuned``. Returns
    the notes: ``{tensor: {"file", "base", "tuned", "stored"}}``, the two checksums and whether
    there is a difference. Raises ValueError for a folder without weights, DiffError for a name that
    is taken, and OSError for a disk without room; nothing is left behind then.
    """
    before, after, notes = Weights(base), Weights(tuned), {}
    with _whole(out, after.bytes) as scratch:
        for file, names in after.by_file():
            stored = {}
            for name in names:
                old, new = before.tensor(name), after.tensor(name)
                bits = _bits(new) ^ _fitted(old, new)
                if bits.any():
                    stored[name] = bits
                sums = {"base": _checksum(old), "tuned": _checksum(new)}
                notes[name] = {"file": file, **sums, "stored": name in stored}
            _save(stored, scratch / file)
        _copy_beside(after.folder, scratch)
        write_text(scratch / NOTES, json.dumps(notes, indent=1) + "\n")
    return notes


def recover(base, diff, out):
    """Put a tuned model together from its base and the folder of a diff; returns ``out``.

    The result has the bits of the model that the diff was made of. Raises DiffError for a folder
    that is no whole diff, and for any other base, naming the tensor that tells; OSError for a disk
    without room. Nothing is left behind then.
    """
    before, notes = Weights(base), _read_notes(diff)
    change = Weights(diff)
    _check_base(before, notes)
    files = {}
    for name, note in notes.items():
        files.setdefault(note["file"], []).append(name)
    with _whole(out, before.bytes) as scratch:
        for file, names in files.items():
            made = {name: _recovered(name, notes[name], before, change) for name in names}
            _save(made, scratch / file)
        _copy_beside(change.folder, scratch)
    return Path(out)


def _recovered(name, note, before, change):
    """One tensor of the tuned model, held against its checksums before and after."""
    import torch

    old = before.tensor(name)
    if _checksum(old) != note["base"]:
        raise _wrong_base(before, name)
    like = torch.empty(
        note["tuned"]["shape"], dtype=getattr(torch, note["tuned"]["dtype"]), device="meta"
    )
    bits = _fitted(old, like)
    if note["stored"]:
        bits = bits ^ change.tensor(name)
    new = bits.view(like.dtype)
    if _checksum(new) != note["tuned"]:
        raise DiffError(
            f"{change.folder / note['file']} is damaged: {name} does not come out as it was. Get "
            "the diff again."
        )
    return new


def _check_base(before, notes, few=8):
    """Tell a wrong base at once: by all shapes, then by the few smallest tensors."""
    known = [name for name, note in notes.items() if note["base"]]
    for name in known:
        if name not in before.files or before.shape(name) != notes[name]["base"]["shape"]:
            raise _wrong_base(before, name)
    smallest = sorted(known, key=lambda name: math.prod(notes[name]["base"]["shape"]))[:few]
    for name in smallest:
        if _checksum(before.tensor(name)) != notes[name]["base"]:
            raise _wrong_base(before, name)


def _wrong_base(before, name):
    return DiffError(
        f"{before.folder} is not the base this diff was made against: {name} differs. Take the "
        "model that the card of the diff names, in the revision it names."
    )


def _bits(tensor):
    """A tensor's bits as whole numbers of the same width."""
    import torch

    widths = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}
    return tensor.contiguous().view(widths[tensor.dtype.itemsize])


def _fitted(old, like):
    """The bits of ``old`` in dtype and shape of ``like``: rows it lacks are zeros, or all are."""
    import torch

    bits = _bits(torch.zeros(like.shape, dtype=like.dtype))
    if old is not None and old.ndim == like.ndim > 0 and old.shape[1:] == like.shape[1:]:
        rows = min(len(old), len(like))
        bits[:rows] = _bits(old[:rows].to(like.dtype))
    return bits


def _checksum(tensor):
    """dtype, shape and SHA-256 of a tensor's bytes; None for none."""
    import torch

    if tensor is None:
        return None
    raw = tensor.contiguous().flatten().view(torch.uint8).numpy()
    return {
        "dtype": str(tensor.dtype).removeprefix("torch."),
        "shape": list(tensor.shape),
        "sha256": hashlib.sha256(raw).hexdigest(),
    }


def _save(tensors, path):
    from safetensors.torch import save_file

    save_file(tensors, path, metadata={"format": "pt"})


def _read_notes(diff):
    """The notes of a diff, or DiffError that says what is missing."""
    path = Path(diff) / NOTES
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise DiffError(
            f"{path} is missing or not whole, so {diff} is no finished diff. Make it again with "
            "make_diff, or get it again."
        ) from None


def _copy_beside(folder, target):
    """Configuration, tokenizer and the list of files, as they stand beside the weights."""
    for pattern in BESIDE_WEIGHTS:
        for path in Path(folder).glob(pattern):
            if path.name != NOTES:
                shutil.copyfile(path, target / path.name)


@contextlib.contextmanager
def _whole(out, room):
    """A folder to write into that gets the name ``out`` when all is there, or goes again."""
    out = Path(out)
    if out.exists():
        raise DiffError(f"{out} is there already; choose another name or delete it first.")
    out.parent.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(out.parent).free
    if free < room:
        raise OSError(
            f"{room / 1e9:.1f} GB are needed in {out.parent} and {free / 1e9:.1f} GB are free. "
            "Make room, or name a folder on another disk."
        )
    scratch = out.with_name(f".{out.name}.unfinished")  # a killed call leaves it to the next
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    try:
        yield scratch
        scratch.rename(out)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
