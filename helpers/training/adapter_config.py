"""The configuration of a LoRA adapter from somebody else, made anew out of its plain values.

As it comes, ``adapter_config.json`` may name modules to import and regular expressions that peft
runs over the name of every layer. What an adapter needs is little: where it stands is told by its
tensors, and the rest is a handful of numbers and switches.
"""

import re

from helpers.safe_io.received import ReceivedError, read_json

# What of an adapter's configuration changes its answers, and the kind of value it has to be.
_FIELDS = {
    "r": int, "lora_alpha": (int, float), "bias": str, "fan_in_fan_out": bool, "use_rslora": bool,
    "use_dora": bool, "lora_bias": bool, "task_type": (str, type(None)),
    "modules_to_save": (list, type(None)), "rank_pattern": dict, "alpha_pattern": dict,
}  # fmt: skip
# What only says how it was trained or begun, or where it stands, which its tensors say.
_WITHOUT_MEANING = {
    "peft_type", "peft_version", "auto_mapping", "base_model_name_or_path", "revision",
    "inference_mode", "target_modules", "exclude_modules", "layers_pattern", "layers_to_transform",
    "lora_dropout", "init_lora_weights", "loftq_config", "eva_config", "corda_config",
    "lora_ga_config", "megatron_core", "runtime_config", "qalora_group_size",
    "ensure_weight_tying",
}  # fmt: skip
_PLAIN_STARTS = (True, False, None, "gaussian", "eva", "orthogonal")  # others change the base


def layers_beside(weights):
    """The full names of the layers that an adapter's tensors stand beside."""
    from safetensors import safe_open

    with safe_open(weights, framework="pt") as file:
        names = [re.match(r"base_model\.model\.(.+)\.lora_", name) for name in file.keys()]  # noqa: SIM118
    return sorted({name[1] for name in names if name})


def plain_config(path, layers):
    """peft's configuration of an adapter at ``layers``, out of the plain values of its file.

    Raises ReceivedError for another kind of adapter, a value of another kind, a regular expression
    in place of a name, and whatever else would change what the model says.
    """
    from peft import LoraConfig

    found = read_json(path)
    if not isinstance(found, dict) or found.get("peft_type") != "LORA":
        raise ReceivedError(f"{path} is no configuration of LoRA, which alone is read here.")
    needed = {
        k: v for k, v in found.items() if k not in _FIELDS and k not in _WITHOUT_MEANING and v
    }
    if found.get("init_lora_weights", True) not in _PLAIN_STARTS:
        needed["init_lora_weights"] = found["init_lora_weights"]
    if needed:
        name, value = next(iter(needed.items()))
        raise ReceivedError(
            f"{path} asks for {name}={str(value)!r:.60}, which is not done here. Merge the adapter "
            "with the tool that made it, and take the merged model."
        )
    plain = {name: found[name] for name in _FIELDS if name in found}
    for name, value in plain.items():
        if not isinstance(value, _FIELDS[name]):
            raise ReceivedError(f"{path}: {name} is {value!r:.60}, expected another kind of value.")
    for name in ("modules_to_save", "rank_pattern", "alpha_pattern"):
        for word in plain.get(name) or ():
            if not re.fullmatch(r"[\w.-]{1,200}", str(word)):
                raise ReceivedError(
                    f"{path} holds the regular expression {word!r:.60} in {name}. Write the names "
                    "of the layers in its place."
                )
    return LoraConfig(**plain, target_modules=layers, inference_mode=True)
