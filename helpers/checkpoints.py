"""A checkpoint is taken up only by the training that made it.

Between rooms: LoRA (:mod:`helpers.train`) and full training (:mod:`helpers.fsdp`) keep checkpoints
of different kinds, and both ask the same question before they go on from one: same model, same
rows, same recipe? The number of ranks is not part of it; shards are read by any number.
"""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from helpers.io import write_text


def made_with(method, profile, config, encoded):
    """What a training is made of, as a dict; ``method`` is ``"lora"`` or ``"fsdp"``.

    ``config`` is the model's configuration, ``encoded`` its rows as
    :func:`helpers.batches.encode_all` returns them.
    """
    settings = {
        name: value
        for name, value in asdict(profile).items()
        if name in ("seed", "max_length") or name.startswith(f"{method}_")
    }
    settings.pop("fsdp_ranks", None)
    architecture = {key: value for key, value in config.to_dict().items() if _tells(key, value)}
    return {**settings, "model": _digest(architecture), "rows": _digest(encoded)}


def _tells(key, value):
    # Names of folders and versions differ between two copies of one model.
    return isinstance(value, int | str | bool) and not key.startswith(("_", "transformers"))


def _digest(data):
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:16]


def check_made_with(folder, wanted):
    """Make sure that checkpoints in ``folder`` are of this training; sign a folder without any.

    Raises ValueError naming what differs.
    """
    path = Path(folder) / "made_with.json"
    whole = [p for p in Path(folder).glob("*-*") if p.is_dir() and p.suffix != ".partial"]
    if not whole or not path.is_file():  # nothing yet that another training could have left
        write_text(path, json.dumps(wanted, indent=1) + "\n")
        return
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
