"""A checkpoint is taken up only by the training that made it.

LoRA (:mod:`helpers.training.lora`) and full training (:mod:`helpers.training.fsdp`) keep
checkpoints of different kinds, and both ask the same question before they resume: same weights,
same rows, same recipe?

What changes the result is part of the answer. What only changes how it is computed is not: the
number of ranks, the tokens computed at once, recomputed activations. So a run that went out of
memory resumes with the settings that it was advised to use.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from helpers.safe_io.writing import locked, write_text
from helpers.training.weights import bits_of

# Of a profile's fields for a method, those that leave the result as it is. All others are part of
# the answer, and the seed. What chooses or shapes the rows (max_length, prompt_style, seed_weight,
# …) shows in the rows themselves, and the student in its weights.
COMPUTING = ("lora_recompute", "fsdp_recompute", "fsdp_ranks", "fsdp_student")
NUMBERS_AT_ONCE = 1 << 22  # of a tensor, while its fingerprint is taken


def made_with(method, profile, model, encoded, heldout):
    """What a training is made of, as a dict; ``method`` is ``"lora"`` or ``"fsdp"``.

    ``model`` is the one to be trained, before its first step; ``encoded`` are its rows as
    :func:`helpers.training.encoding.encode_all` returns them, ``heldout`` those it is measured on.
    """
    recipe = {
        name: value
        for name, value in asdict(profile).items()
        if name == "seed" or (name.startswith(f"{method}_") and name not in COMPUTING)
    }
    return {
        **recipe,
        "model": _digest(_architecture(model.config)),
        "weights": fingerprint(model),
        "rows": _digest(encoded),
        "heldout": _digest(heldout),
    }


def _architecture(config):
    # Names of folders and versions differ between two copies of one model. What a newer version
    # of transformers adds by default is not in it, so an update does not part a run from itself.
    own = ("_", "transformers", "name_or_path", "dtype")  # the weights say their own dtype
    return {key: value for key, value in config.to_diff_dict().items() if not key.startswith(own)}


def fingerprint(model):
    """A short text that tells a model's weights from others, at the price of reading them once.

    Any change of one number shows, and two models that differ in more share a text only by a chance
    of about 1 in 2**64. Of a sharded model each rank adds up its own rows; all ranks get the same
    text, whatever their number.
    """
    import torch

    named = sorted(model.named_parameters())
    sums = torch.stack([_position_sum(weight.detach()) for _, weight in named])
    if any(hasattr(weight, "to_local") for _, weight in named):
        torch.distributed.all_reduce(sums)
    whole = [[name, list(p.shape), str(p.dtype)] for name, p in named]
    return _digest([whole, sums.tolist()])


def _position_sum(weight):
    """The sum over a tensor's bits, each times a random number for its row and one for its column.

    With plain counts 1, 2, 3, … a change of +5, -5, -5, +5 in four corners would leave no trace.
    """
    import torch

    first = 0
    if hasattr(weight, "to_local"):  # rows a rank, as fully_shard cuts them
        mesh = weight.device_mesh
        first = min(len(weight), -(-len(weight) // mesh.size()) * mesh.get_local_rank())
        weight = weight.to_local()
    bits = bits_of(weight)
    bits = bits.reshape(bits.shape[0] if bits.ndim else 1, -1)
    columns = _scattered(torch.arange(bits.shape[1], device=bits.device) + (1 << 40))
    total = torch.zeros((), dtype=torch.int64, device=bits.device)
    for part in bits.split(max(1, NUMBERS_AT_ONCE // max(1, bits.shape[1]))):
        rows = _scattered(torch.arange(first, first + len(part), device=bits.device))
        total += ((part.long() * columns).sum(1) * rows).sum()  # wraps around, alike everywhere
        first += len(part)
    return total


def _scattered(numbers):
    """An odd 64-bit number for each whole number, at random (SplitMix, Steele et al. 2014)."""
    mixed = numbers * -7046029254386353131
    for shift, factor in ((30, -4658895280553007687), (27, -7723592293110705685)):
        mixed = (mixed ^ (mixed >> shift)) * factor
    return (mixed ^ (mixed >> 31)) | 1


def _digest(data):
    return hashlib.sha256(json.dumps(data, sort_keys=True, default=str).encode()).hexdigest()[:16]


def check_made_with(folder, wanted):
    """Make sure that checkpoints in ``folder`` are of this training; sign a folder without any.

    Raises ValueError naming what differs.
    """
    path = Path(folder) / "made_with.json"
    whole = [p for p in Path(folder).glob("*-*") if p.is_dir() and p.suffix != ".partial"]
    if not whole:  # nothing yet that another training could have left
        write_text(path, json.dumps(wanted, indent=1) + "\n")
        return
    if not path.is_file():
        raise ValueError(
            f"{folder} holds checkpoints and no {path.name}, so nothing says which training they "
            "are of. Delete that folder to begin anew."
        )
    found = json.loads(path.read_text(encoding="utf-8"))
    different = [
        f"{key} was {found.get(key)!r}, now {wanted.get(key)!r}"
        for key in sorted({*found, *wanted})
        if found.get(key) != wanted.get(key)
    ]
    if different:
        raise ValueError(
            f"the checkpoints in {folder} are of another training ({'; '.join(different)}). "
            "Delete that folder to begin anew, or go back to what it was made with."
        )


@contextmanager
def training_alone(folder: str | Path) -> Iterator[None]:
    """Hold the folder of a training for this process alone; ValueError where another has it."""
    why = f"another training is writing into {folder}. Wait for it, or name another folder."
    with locked(Path(folder) / ".training.lock", why):
        yield
