"""The shapes of the models our recipes name, so that they can be planned without a download.

Between profiles and training: what a plan, a benchmark with random weights, or a tiny test model
needs of a model is its shape, and that is a handful of numbers from its published ``config.json``.
Real training reads the configuration that lies beside the weights, never this table.
"""

from pathlib import Path

# Hub name → (transformers' model type, what differs from that type's defaults). LLaMA-1 is Meta's,
# on request only, and has no name on the hub; its shape is from Touvron et al. 2023, table 2.
ARCHITECTURES = {
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
_TINY = {
    "num_hidden_layers": 2,
    "hidden_size": 32,
    "intermediate_size": 64,
    "ffn_dim": 64,
    "word_embed_proj_dim": 32,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "pad_token_id": None,  # special tokens are the tokenizer's, not the table's
    "bos_token_id": None,
    "eos_token_id": None,
}


def model_config(name, **changes):
    """The configuration of a model by name: from the table, a folder, or the hub (only its JSON).

    ``changes`` overrule it. Raises OSError, as transformers does, for a name that none of them has.
    """
    from transformers import AutoConfig

    name = str(name).partition("@")[0]
    if name in ARCHITECTURES and not Path(name).is_dir():
        kind, shape = ARCHITECTURES[name]
        return AutoConfig.for_model(kind, **{**shape, **changes})
    return AutoConfig.from_pretrained(name, trust_remote_code=False, **changes)


def tiny_config(name, vocabulary, **changes):
    """A model of the same architecture that fits in a megabyte, for trying out the very same code.

    ``vocabulary`` is the number of tokens of the tokenizer it will be given.
    """
    whole = model_config(name)
    shape = {key: value for key, value in _TINY.items() if hasattr(whole, key)}
    if getattr(whole, "num_key_value_heads", None) == whole.num_attention_heads:
        shape["num_key_value_heads"] = shape["num_attention_heads"]
    return model_config(name, **{**shape, "vocab_size": vocabulary, **changes})


def blocks_of(model):
    """The repeated blocks of a model, as the model itself names them. Raises ValueError for none.

    transformers says which modules must stay whole (``_no_split_modules``): the blocks.
    """
    names = set(model._no_split_modules or ())
    blocks = [module for module in model.modules() if type(module).__name__ in names]
    if not blocks:
        raise ValueError(
            f"{type(model).__name__} does not say what its blocks are (_no_split_modules is "
            f"{model._no_split_modules!r}), so it cannot be sharded block by block."
        )
    return blocks
