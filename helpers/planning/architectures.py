"""Shapes of the models that the profiles name, so that planning needs no download.

A memory plan, a benchmark with random weights or a tiny test model needs only a model's shape: a
few numbers from its published ``config.json``. Training does not use this table. It reads the
configuration that is stored beside the weights.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn
    from transformers import PretrainedConfig, PreTrainedModel

# Hub name → (transformers' model type, what differs from that type's defaults). Meta gives LLaMA-1
# on request only, so it has no name on the hub. Its shape is from Touvron et al. 2023, table 2.
ARCHITECTURES: dict[str, tuple[str, dict[str, int | bool]]] = {
    "LLaMA-7B": ("llama", {}),
    "LLaMA-13B": (
        "llama",
        {
            "hidden_size": 5120,
            "intermediate_size": 13824,
            "num_hidden_layers": 40,
            "num_attention_heads": 40,
        },
    ),
    "allenai/OLMo-2-1124-7B": (
        "olmo2",
        {"vocab_size": 100352, "max_position_embeddings": 4096, "pad_token_id": 100277},
    ),
    "allenai/OLMo-2-1124-13B": (
        "olmo2",
        {
            "vocab_size": 100352,
            "max_position_embeddings": 4096,
            "pad_token_id": 100277,
            "hidden_size": 5120,
            "intermediate_size": 13824,
            "num_hidden_layers": 40,
            "num_attention_heads": 40,
        },
    ),
    "facebook/opt-6.7b": (
        "opt",
        {
            "hidden_size": 4096,
            "ffn_dim": 16384,
            "num_hidden_layers": 32,
            "num_attention_heads": 32,
            "word_embed_proj_dim": 4096,
        },
    ),
    "google/gemma-1.1-2b-it": (
        "gemma",
        {
            "hidden_size": 2048,
            "intermediate_size": 16384,
            "num_hidden_layers": 18,
            "num_attention_heads": 8,
            "num_key_value_heads": 1,
            "head_dim": 256,
        },
    ),
    "HuggingFaceTB/SmolLM2-1.7B-Instruct": (
        "llama",
        {
            "vocab_size": 49152,
            "hidden_size": 2048,
            "intermediate_size": 8192,
            "num_hidden_layers": 24,
            "num_attention_heads": 32,
            "max_position_embeddings": 8192,
            "tie_word_embeddings": True,
        },
    ),
    "embedded": (
        "llama",
        {
            "vocab_size": 49152,
            "hidden_size": 576,
            "intermediate_size": 1536,
            "num_hidden_layers": 30,
            "num_attention_heads": 9,
            "num_key_value_heads": 3,
            "max_position_embeddings": 8192,
            "tie_word_embeddings": True,
        },
    ),
}
_TINY: dict[str, int | None] = {
    "num_hidden_layers": 2,
    "hidden_size": 32,
    "intermediate_size": 64,
    "ffn_dim": 64,
    "word_embed_proj_dim": 32,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "pad_token_id": None,  # the tokenizer defines the special tokens
    "bos_token_id": None,
    "eos_token_id": None,
}


def model_config(name: str | Path, **changes: Any) -> PretrainedConfig:
    """Return the configuration of a model, from the table, a folder, or the hub.

    ``name`` may end with ``@revision``, which is ignored. From the hub only the JSON file is
    downloaded. ``changes`` replace fields of the configuration. Raises OSError, as transformers
    does, for an unknown name.
    """
    from transformers import AutoConfig

    name = str(name).partition("@")[0]
    if name in ARCHITECTURES and not Path(name).is_dir():
        model_type, shape = ARCHITECTURES[name]
        return AutoConfig.for_model(model_type, **{**shape, **changes})
    return AutoConfig.from_pretrained(name, trust_remote_code=False, **changes)


def tiny_config(name: str, vocabulary: int, **changes: Any) -> PretrainedConfig:
    """Return the configuration of a model of about a megabyte with the same architecture.

    It runs the same code as the full model. ``vocabulary`` is the number of tokens of the tokenizer
    that the model is used with; ``changes`` replace fields of the configuration.
    """
    full = model_config(name)
    shape = {key: value for key, value in _TINY.items() if hasattr(full, key)}
    if getattr(full, "num_key_value_heads", None) == full.num_attention_heads:
        shape["num_key_value_heads"] = shape["num_attention_heads"]
    return model_config(name, **{**shape, "vocab_size": vocabulary, **changes})


def blocks_of(model: PreTrainedModel) -> list[nn.Module]:
    """Return the repeated blocks of a model; ValueError if the model does not name them.

    transformers lists the classes that must stay on one device in ``_no_split_modules``. These are
    the blocks.
    """
    names = set(model._no_split_modules or ())
    blocks = [module for module in model.modules() if type(module).__name__ in names]
    if not blocks:
        raise ValueError(
            f"{type(model).__name__} does not say what its blocks are (_no_split_modules is "
            f"{model._no_split_modules!r}), so it cannot be sharded block by block. Set "
            "_no_split_modules to the class names of its blocks, or choose another model."
        )
    return blocks
