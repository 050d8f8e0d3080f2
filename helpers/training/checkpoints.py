"""Resume a training only from checkpoints that the same training wrote.

LoRA training and full training keep different kinds of checkpoints. Before they resume, both ask
whether model, rows and recipe are still the same.

Settings that change the result are compared. Settings that change only how it is computed are not:
the number of ranks, the token budget, recomputed activations. So a run that went out of memory can
resume with the settings that the error message suggests.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.files.locks import locked
from helpers.files.writing import write_text
from helpers.profiles import Profile
from helpers.training.encoding import EncodedRow
from helpers.training.weight_fingerprint import digest, fingerprint

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel

# The fields of a profile for one method (lora_… or fsdp_…) that do not change the result. Its other
# fields are compared, and the seed. Fields that choose or shape the rows (max_length, prompt_style,
# seed_weight, …) are compared through the rows, and the student through its weights.
NOT_COMPARED = ("lora_recompute", "fsdp_recompute", "fsdp_ranks", "fsdp_student")


def describe_training(
    method: str,
    profile: Profile,
    model: PreTrainedModel,
    encoded: Sequence[EncodedRow],
    heldout: Sequence[EncodedRow],
) -> dict[str, object]:
    """Describe what determines the result of a training: recipe, model, weights and rows.

    ``method`` is ``"lora"`` or ``"fsdp"``. ``model`` is the model before its first step.
    ``encoded`` and ``heldout`` are the encoded rows to train on and to measure on.
    """
    recipe = {
        name: value
        for name, value in asdict(profile).items()
        if name == "seed" or (name.startswith(f"{method}_") and name not in NOT_COMPARED)
    }
    return {
        **recipe,
        "model": digest(_architecture(model.config)),
        "weights": fingerprint(model),
        "rows": digest(encoded),
        "heldout": digest(heldout),
    }


def _architecture(config: PretrainedConfig) -> dict[str, Any]:
    """Return the part of a model's configuration that is the same in every copy of the model.

    Names of folders and versions differ between copies. Defaults are left out too, so an update of
    transformers that adds one does not stop a run from resuming.
    """
    left_out = ("_", "transformers", "name_or_path", "dtype")  # the fingerprint has the dtypes
    settings = config.to_diff_dict()
    return {key: value for key, value in settings.items() if not key.startswith(left_out)}


def check_same_training(folder: str | Path, wanted: Mapping[str, object]) -> None:
    """Check that the checkpoints in ``folder`` belong to the training that ``wanted`` describes.

    A folder without checkpoints is labelled with ``wanted``. Raises ValueError that names what
    differs.
    """
    path = Path(folder) / "made_with.json"
    complete = [p for p in Path(folder).glob("*-*") if p.is_dir() and p.suffix != ".partial"]
    if not complete:  # no training has left a checkpoint, so the folder is free
        write_text(path, json.dumps(wanted, indent=1) + "\n")
        return
    if not path.is_file():
        raise ValueError(
            f"{folder} holds checkpoints and no {path.name}, so nothing says which training they "
            "belong to. Delete that folder to start again."
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
            "Delete that folder to start again, or restore these settings to resume."
        )


@contextmanager
def lock_training(folder: str | Path) -> Iterator[None]:
    """Lock a training's folder for this process; ValueError if another training has locked it."""
    why = f"another training is writing into {folder}. Wait for it, or name another folder."
    with locked(Path(folder) / ".training.lock", why):
        yield
