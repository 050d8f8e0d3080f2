"""An adapter on its way to others: is it of this base, merged into it, or packed by itself.

An adapter is two thin matrices for each layer and fits any model of the same shape, but it was
learned beside one. So a training leaves ``base.json`` beside the adapter, a checksum of every
tensor of its base (:func:`base_of`), and nothing here touches another model.
"""

import json
import re
import shutil
from pathlib import Path

from helpers.planning.quiet import quiet
from helpers.safe_io.received import ReceivedError, check_folder, read_json
from helpers.safe_io.writing import write_text
from helpers.training.adapter_base import BASE
from helpers.training.finite import check_numbers
from helpers.training.model_folders import SHARD
from helpers.training.student import with_adapter
from helpers.training.weights import (
    INDEX,
    Weights,
    copy_beside,
    first_difference,
    is_checksum,
    new_folder,
)

WEIGHTS, CONFIG = "adapter_model.safetensors", "adapter_config.json"
# A pair beside a layer, or beside the embedding; and what peft puts around a tensor's own name.
PAIR = re.compile(r"^base_model\.model\.(.+)\.lora_(?:embedding_)?([AB])(?:\.weight)?$")
OWN = re.compile(r"^base_model\.model\.|\.modules_to_save(?=\.)|\.base_layer(?=\.)")


class AdapterError(ValueError):
    """An adapter that does not belong here, or is not whole; the message says why."""


def check_base(base, adapter, few=8):
    """Raise AdapterError, soon, where ``adapter`` was not learned on the model in ``base``.

    Shapes tell for any adapter; the weights themselves where the training noted its base
    (:func:`base_of`), ``few`` of them or with None all
    (:func:`helpers.training.weights.first_difference`). Both are folders. Raises ValueError for a
    ``base`` that is no whole model.
    """
    weights, adapter = Weights(base), Path(adapter)
    shapes = _shapes(adapter)
    for name, shape in _grown(shapes, weights):
        raise AdapterError(
            f"the adapter in {adapter} brings a {name} of its own with {shape[0]} rows, and the "
            f"model in {base} has {weights.shape(name)[0]}: its vocabulary was made larger before "
            "training, so it fits no model as others have it. Train it without new tokens."
        )
    for name, shape in _beside(adapter, shapes).items():
        there = weights.shape(name) if name in weights.files else None
        if there not in (shape, shape[::-1]):  # some layers are stored the other way round
            raise _other_base(adapter, base, f"{name} is {there or 'missing'} there")
    differs = first_difference(weights, _noted(adapter), few)
    if differs:
        raise _other_base(adapter, base, f"{differs} has other numbers there")


def _noted(adapter):
    """The checksums of ``base.json``; none where an adapter came without."""
    path = Path(adapter) / BASE
    if not path.is_file():
        return {}
    sums = _read(path)
    if not (sums and isinstance(sums, dict) and all(map(is_checksum, sums.values()))):
        raise AdapterError(
            f"{path} holds no checksums. Get the adapter again, or delete that file."
        )
    return sums


def _shapes(adapter):
    """The shapes of an adapter's tensors by name; AdapterError where it is not whole or sound."""
    from safetensors import SafetensorError, safe_open

    try:
        check_folder(adapter)
        _read(adapter / CONFIG)
        check_numbers(adapter / WEIGHTS)
        with safe_open(adapter / WEIGHTS, framework="pt") as file:
            return {name: list(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    except (FileNotFoundError, SafetensorError) as error:
        raise AdapterError(
            f"{adapter / WEIGHTS} is missing or not whole ({error}). Run lesson 3 again, or get "
            "the adapter again."
        ) from None
    except ValueError as error:
        raise AdapterError(str(error)) from None


def _grown(shapes, weights):
    """Whole tensors in an adapter that replace one of the base and have another shape."""
    for name, shape in shapes.items():
        own = OWN.sub("", name)
        if not PAIR.match(name) and own in weights.files and weights.shape(own) != shape:
            yield own, shape


def _beside(adapter, shapes):
    """The tensors of the base that an adapter stands beside: ``{name: [out, in]}``."""
    pairs = {}  # A is (rank, in) and B is (out, rank) beside a W of (out, in)
    for match, shape in ((PAIR.match(name), shape) for name, shape in shapes.items()):
        if match:
            pairs.setdefault(f"{match[1]}.weight", {})[match[2]] = shape
    if not pairs or any(set(pair) != {"A", "B"} for pair in pairs.values()):
        raise AdapterError(
            f"{adapter / WEIGHTS} holds no pairs of LoRA matrices (…lora_A.weight and "
            "…lora_B.weight): other kinds of adapters are not merged here."
        )
    return {name: [pair["B"][0], pair["A"][1]] for name, pair in pairs.items()}


def _read(path):
    try:
        return read_json(path)
    except (OSError, ReceivedError):
        raise AdapterError(
            f"{path} is missing or not whole, so {path.parent} is no finished adapter. Run lesson "
            "3 again, or get the adapter again."
        ) from None


def _other_base(adapter, base, why):
    return AdapterError(
        f"the adapter in {adapter} was not learned on the model in {base}: {why}. Take the model "
        "that the adapter's card names."
    )


def merge(base, adapter, out):
    """Add an adapter into the weights of its base, as a model in the new folder ``out``.

    In the number format of the base, so that nothing but the adapter changes it; one model is in
    memory. Returns ``out``. Raises AdapterError for an adapter of another base, FileExistsError for
    a name that is taken, and OSError for a disk without room; nothing is left behind then.
    """
    from transformers import AutoModelForCausalLM

    quiet()
    check_base(base, adapter, few=None)  # all of it is read in any case
    safe = {"use_safetensors": True, "trust_remote_code": False}
    with new_folder(out, Weights(base).bytes) as scratch:
        model = AutoModelForCausalLM.from_pretrained(base, dtype="auto", **safe)
        merged = with_adapter(model, adapter).merge_and_unload(safe_merge=True)
        copy_beside(base, scratch, but=[INDEX])  # its list of files is not the new one's
        merged.save_pretrained(scratch, max_shard_size=SHARD)
    return Path(out)


def pack(adapter, base_name, card, out):
    """A folder of an adapter as others need it: with ``base_name`` and its card; returns ``out``.

    ``base_name`` is what the base is called in public, in place of a folder of this machine;
    ``card`` a :class:`huggingface_hub.ModelCard`. Raises as :func:`merge` does.
    """
    adapter, config = Path(adapter), _read(Path(adapter) / CONFIG)
    _beside(adapter, _shapes(adapter)), _noted(adapter)  # half an adapter is not handed on
    with new_folder(out, (adapter / WEIGHTS).stat().st_size) as scratch:
        for name in (WEIGHTS, BASE):
            if (adapter / name).is_file():
                shutil.copyfile(adapter / name, scratch / name)
        config["base_model_name_or_path"] = base_name
        write_text(scratch / CONFIG, json.dumps(config, indent=2, sort_keys=True) + "\n")
        card.save(scratch / "README.md")
    return Path(out)
