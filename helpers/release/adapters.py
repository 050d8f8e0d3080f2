"""Check that an adapter belongs to a base model, merge it into the base, or pack it for others.

A LoRA adapter is a pair of small matrices for each layer. It fits any model of the same shape, but
it is useful only with the model it was trained on. Training therefore leaves checksums of the
base's tensors next to the adapter, in ``base.json``, and these functions refuse any other model.
"""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.files.received import ReceivedError, check_folder, read_json
from helpers.files.writing import write_text
from helpers.planning.transformers_messages import hide_messages
from helpers.training.adapter_base import BASE
from helpers.training.checksums import Checksum, first_difference, is_checksum
from helpers.training.model_folders import MAX_FILE_SIZE
from helpers.training.nan_checks import check_finite
from helpers.training.output_folders import copy_without_weights, new_folder
from helpers.training.student import with_adapter
from helpers.training.weights import INDEX, Weights

if TYPE_CHECKING:
    from huggingface_hub import ModelCard

WEIGHTS, CONFIG = "adapter_model.safetensors", "adapter_config.json"
# One matrix of a LoRA pair, for a linear layer or for the embedding: the tensor's name, and A or B.
PAIR = re.compile(r"^base_model\.model\.(.+)\.lora_(?:embedding_)?([AB])(?:\.weight)?$")
# What peft adds to the name of a tensor that it saves whole.
PEFT_PARTS = re.compile(r"^base_model\.model\.|\.modules_to_save(?=\.)|\.base_layer(?=\.)")
Shapes = dict[str, list[int]]  # by the names of tensors


class AdapterError(ValueError):
    """An adapter that has another base, is incomplete or holds NaN; the message says why."""


def check_base(base: str | Path, adapter: str | Path, few: int | None = 8) -> None:
    """Check that the adapter was trained on the model in ``base``; both are folders.

    The shapes of all tensors are compared. If the training recorded its base, the values of ``few``
    tensors are compared too (see ``first_difference``), or with None those of all tensors.

    Raises:
        AdapterError: if the adapter belongs to another model, or is incomplete.
        ValueError: if ``base`` is not a whole model.
    """
    weights, adapter = Weights(base), Path(adapter)
    shapes = _shapes(adapter)
    for name, shape in _resized(shapes, weights):
        raise AdapterError(
            f"the adapter in {adapter} brings a {name} of its own with {shape[0]} rows, and the "
            f"model in {base} has {weights.shape(name)[0]}: its vocabulary was enlarged before "
            "training, so it does not fit the published model. Train it without new tokens."
        )
    for name, shape in _adapted_shapes(adapter, shapes).items():
        found = weights.shape(name) if name in weights.files else None
        if found not in (shape, shape[::-1]):  # some layers store the transposed matrix
            raise _other_base(adapter, base, f"{name} is {found or 'missing'} there")
    differing = first_difference(weights, _recorded_checksums(adapter), few)
    if differing:
        raise _other_base(adapter, base, f"{differing} has other numbers there")


def _recorded_checksums(adapter: Path) -> dict[str, Checksum]:
    """The checksums in ``base.json``; empty if the adapter has no such file."""
    path = adapter / BASE
    if not path.is_file():
        return {}
    sums = _read_object(path)
    if not (sums and all(map(is_checksum, sums.values()))):
        raise AdapterError(
            f"{path} holds no checksums. Get the adapter again, or delete that file."
        )
    return sums


def _shapes(adapter: Path) -> Shapes:
    """The shapes of an adapter's tensors; AdapterError if it is incomplete or holds NaN."""
    from safetensors import SafetensorError, safe_open

    try:
        check_folder(adapter)
        _read_object(adapter / CONFIG)
        check_finite(adapter / WEIGHTS)
        with safe_open(adapter / WEIGHTS, framework="pt") as file:
            return {name: list(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    except (FileNotFoundError, SafetensorError) as error:
        raise AdapterError(
            f"{adapter / WEIGHTS} is missing or not whole ({error}). Run lesson 3 again, or get "
            "the adapter again."
        ) from None
    except ValueError as error:
        raise AdapterError(str(error)) from None


def _resized(shapes: Shapes, weights: Weights) -> Iterator[tuple[str, list[int]]]:
    """Whole tensors of an adapter that replace one of the base and have another shape."""
    for name, shape in shapes.items():
        base_name = PEFT_PARTS.sub("", name)
        replaces = not PAIR.match(name) and base_name in weights.files
        if replaces and weights.shape(base_name) != shape:
            yield base_name, shape


def _adapted_shapes(adapter: Path, shapes: Shapes) -> Shapes:
    """The shapes, ``[out, in]``, that the base's tensors must have to fit the LoRA pairs."""
    pairs: dict[str, Shapes] = {}  # A is (rank, in) and B is (out, rank) for a W of (out, in)
    for name, shape in shapes.items():
        if match := PAIR.match(name):
            pairs.setdefault(f"{match[1]}.weight", {})[match[2]] = shape
    if not pairs or any(set(pair) != {"A", "B"} for pair in pairs.values()):
        raise AdapterError(
            f"{adapter / WEIGHTS} holds no pairs of LoRA matrices (…lora_A.weight and "
            "…lora_B.weight). Other kinds of adapters are not supported: train one with LoRA."
        )
    return {name: [pair["B"][0], pair["A"][1]] for name, pair in pairs.items()}


def _read_object(path: Path) -> dict[str, Any]:
    """The JSON object in a file of an adapter; AdapterError if it cannot be read."""
    try:
        content = read_json(path)
    except (OSError, ReceivedError):
        content = None
    if not isinstance(content, dict):
        raise AdapterError(
            f"{path} is missing or not whole, so {path.parent} is no finished adapter. Run lesson "
            "3 again, or get the adapter again."
        )
    return content


def _other_base(adapter: Path, base: str | Path, why: str) -> AdapterError:
    return AdapterError(
        f"the adapter in {adapter} was not learned on the model in {base}: {why}. Take the model "
        "that the adapter's card names."
    )


def merge(base: str | Path, adapter: str | Path, out: str | Path) -> Path:
    """Add an adapter to the weights of its base and write the model to ``out``; returns ``out``.

    The result has the number format of the base, so that the adapter alone changes it. One model is
    in memory. If anything fails, nothing is left behind.

    Raises:
        AdapterError: if the adapter belongs to another base.
        FileExistsError: if ``out`` exists.
        OSError: if the disk has too little space.
    """
    from transformers import AutoModelForCausalLM

    hide_messages()
    check_base(base, adapter, few=None)  # merging reads all tensors in any case
    safe: dict[str, Any] = {"use_safetensors": True, "trust_remote_code": False}
    with new_folder(out, Weights(base).bytes) as scratch:
        model = AutoModelForCausalLM.from_pretrained(base, dtype="auto", **safe)
        merged = with_adapter(model, adapter).merge_and_unload(safe_merge=True)
        copy_without_weights(
            base, scratch, but=[INDEX]
        )  # save_pretrained writes an index of its own
        merged.save_pretrained(scratch, max_shard_size=MAX_FILE_SIZE)
    return Path(out)


def pack(adapter: str | Path, base_name: str | None, card: "ModelCard", out: str | Path) -> Path:
    """Write an adapter with its card into the folder ``out``, ready to publish; returns ``out``.

    ``base_name`` is the public name of the base, or None if it has none. It replaces the local
    folder in the adapter's configuration. Raises as :func:`merge` does.
    """
    adapter = Path(adapter)
    config = _read_object(adapter / CONFIG)
    _check_complete(adapter)
    with new_folder(out, (adapter / WEIGHTS).stat().st_size) as scratch:
        for name in (WEIGHTS, BASE):
            if (adapter / name).is_file():
                shutil.copyfile(adapter / name, scratch / name)
        config["base_model_name_or_path"] = base_name
        write_text(scratch / CONFIG, json.dumps(config, indent=2, sort_keys=True) + "\n")
        card.save(scratch / "README.md")
    return Path(out)


def _check_complete(adapter: Path) -> None:
    """Raise AdapterError if an adapter lacks a file or half of a pair."""
    _adapted_shapes(adapter, _shapes(adapter))
    _recorded_checksums(adapter)
