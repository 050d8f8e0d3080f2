"""Check the configuration of a LoRA adapter and rebuild it from its plain values.

As received, ``adapter_config.json`` may name modules to import, and regular expressions that peft
matches against the name of every layer. An adapter needs little of this file: its tensors say which
layers it changes, and the rest is a few numbers and switches.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.files.received import ReceivedError, read_json

if TYPE_CHECKING:
    from peft import LoraConfig

# The settings that change an adapter's answers, with the types that their values may have.
_SETTINGS: dict[str, tuple[type, ...]] = {
    "r": (int,), "lora_alpha": (int, float), "bias": (str,), "fan_in_fan_out": (bool,),
    "use_rslora": (bool,), "use_dora": (bool,), "lora_bias": (bool,),
    "task_type": (str, type(None)), "modules_to_save": (list, type(None)),
    "rank_pattern": (dict,), "alpha_pattern": (dict,),
}  # fmt: skip
# Settings that are not needed: they describe the training, or the layers that the tensors name.
_NOT_NEEDED = {
    "peft_type", "peft_version", "auto_mapping", "base_model_name_or_path", "revision",
    "inference_mode", "target_modules", "exclude_modules", "layers_pattern", "layers_to_transform",
    "lora_dropout", "init_lora_weights", "loftq_config", "eva_config", "corda_config",
    "lora_ga_config", "megatron_core", "runtime_config", "qalora_group_size",
    "ensure_weight_tying",
}  # fmt: skip
# Values of init_lora_weights that leave the base model as it is; all others change its weights.
_PLAIN_STARTS = (True, False, None, "gaussian", "eva", "orthogonal")


def adapted_layers(weights: str | Path) -> list[str]:
    """List the full names of the layers that an adapter's tensors belong to."""
    from safetensors import safe_open

    with safe_open(weights, framework="pt") as file:
        names = [re.match(r"base_model\.model\.(.+)\.lora_", name) for name in file.keys()]  # noqa: SIM118
    return sorted({name[1] for name in names if name})


def checked_config(path: Path, layers: Sequence[str]) -> LoraConfig:
    """Build peft's configuration of an adapter for ``layers`` from the plain values of its file.

    Raises ReceivedError for an adapter that is not LoRA, a value of another type, a regular
    expression in place of a name, and any other setting that would change the answers.
    """
    from peft import LoraConfig

    found = read_json(path)
    kind = found.get("peft_type") if isinstance(found, dict) else None
    if not isinstance(found, dict) or kind != "LORA":
        raise ReceivedError(
            f"{path} is not a LoRA configuration: its peft_type is {kind!r:.60}. Only LoRA "
            "adapters are supported. For others, merge the adapter with the tool that made it, and "
            "load the merged model."
        )
    _refuse_other_settings(found, path)
    plain = {name: found[name] for name in _SETTINGS if name in found}
    _check_types(plain, path)
    for name in ("modules_to_save", "rank_pattern", "alpha_pattern"):
        _refuse_patterns(name, plain.get(name) or (), path)
    return LoraConfig(**plain, target_modules=layers, inference_mode=True)


def _refuse_other_settings(found: Mapping[str, Any], path: Path) -> None:
    """Raise ReceivedError for the first setting in use that is not supported."""
    known = {*_SETTINGS, *_NOT_NEEDED}
    refused = {name: value for name, value in found.items() if name not in known and value}
    if found.get("init_lora_weights", True) not in _PLAIN_STARTS:
        refused["init_lora_weights"] = found["init_lora_weights"]
    if refused:
        name, value = next(iter(refused.items()))
        raise ReceivedError(
            f"{path} asks for {name}={str(value)!r:.60}, which is not supported. Merge the adapter "
            "with the tool that made it, and load the merged model."
        )


def _check_types(plain: Mapping[str, Any], path: Path) -> None:
    """Raise ReceivedError for the first value that has another type than its setting needs."""
    for name, value in plain.items():
        if not isinstance(value, _SETTINGS[name]):
            expected = " or ".join(kind.__name__ for kind in _SETTINGS[name])
            raise ReceivedError(
                f"{path}: {name} is {value!r:.60}, expected another kind of value ({expected}). "
                "Get the adapter again, or correct the file."
            )


def _refuse_patterns(name: str, words: Iterable[object], path: Path) -> None:
    """Raise ReceivedError where the setting ``name`` holds a pattern instead of layer names."""
    for word in words:
        if not re.fullmatch(r"[\w.-]{1,200}", str(word)):
            raise ReceivedError(
                f"{path} holds the regular expression {word!r:.60} in {name}. Replace it by the "
                "names of the layers."
            )
