"""Load a student model, its tokenizer, and a LoRA adapter; save a small part of one.

A model is an ordinary Hugging Face folder, also for the embedded student, so the same code loads
any model. Weights are read only from safetensors. Code that comes with a model never runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from helpers.files.received import check_folder
from helpers.planning.hardware import device, frozen_dtype
from helpers.planning.transformers_messages import hide_messages
from helpers.training.adapter_config import adapted_layers, checked_config
from helpers.training.model_folders import download, model_folder
from helpers.training.nan_checks import check_finite

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def load_tokenizer(folder: str | Path, style: str = "alpaca") -> PreTrainedTokenizerBase:
    """Load the tokenizer of a model folder, with a padding token that differs from its end token.

    If both were the same token, a collator that masks padding would mask the end too, and the model
    would never learn to stop. Only existing tokens are used, so the size of the vocabulary and of
    the embedding stays the same.

    ``style`` is the prompt that rows will get: ``"alpaca"``, or ``"chat"`` for the model's own chat
    template. Raises ValueError for another style, and for ``"chat"`` without a chat template.
    """
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    if style not in ("alpaca", "chat") or (style == "chat" and not tokenizer.chat_template):
        raise ValueError(
            f"style={style!r} is not available for the tokenizer in {folder}: choose 'alpaca', "
            "or 'chat' where the model has a chat template."
        )
    tokenizer.prompt_style = style
    if tokenizer.pad_token_id in (None, tokenizer.eos_token_id):
        tokenizer.pad_token = _padding_token(tokenizer)
    return tokenizer


def _padding_token(tokenizer: PreTrainedTokenizerBase) -> str:
    """Choose an existing token for padding: the end token only if there is no other."""
    others = {tokenizer.unk_token, "<|endoftext|>", tokenizer.bos_token} - {tokenizer.eos_token}
    known = sorted(token for token in others if token in tokenizer.get_vocab())
    return (known or [tokenizer.eos_token])[0]


def load_student(
    folder: str | Path, adapter: str | Path | None = None, *, merge: bool = True
) -> PreTrainedModel:
    """Load the model of a folder, with an adapter if one is named, on the GPU if there is one.

    The weights have the dtype of :func:`~helpers.planning.hardware.frozen_dtype`. With ``merge``
    the adapter's product ``BA`` is added to the weights, so answering takes no extra time. The
    merged model differs from the one in the folder, so its ``name_or_path`` is empty. Raises
    FileNotFoundError for a folder without a model, and ValueError for an adapter with a weight that
    is NaN or infinite.
    """
    from transformers import AutoModelForCausalLM

    hide_messages()
    path = model_folder(folder)
    safe = {"use_safetensors": True, "trust_remote_code": False}
    model = AutoModelForCausalLM.from_pretrained(path, dtype=frozen_dtype(), **safe)
    if adapter:
        model = with_adapter(model, adapter)
        if merge:
            model = model.merge_and_unload()
            model.name_or_path = model.config._name_or_path = ""
    model.generation_config.pad_token_id = None  # answer() passes the tokenizer's padding token
    return model.to(device()).eval()


def save_first_blocks(folder: str | Path, blocks: int, out: str | Path) -> None:
    """Save the model in ``folder`` with only its first ``blocks`` blocks, and its tokenizer.

    It computes far less than the whole model, in the same way: enough to try a training.
    """
    model = load_student(folder)
    decoder, config = model.get_decoder(), model.config.get_text_config()
    decoder.layers = decoder.layers[:blocks]
    config.num_hidden_layers = blocks
    if getattr(config, "layer_types", None):
        config.layer_types = config.layer_types[:blocks]
    model.save_pretrained(out)
    load_tokenizer(folder).save_pretrained(out)


def with_adapter(model: PreTrainedModel, adapter: str | Path) -> PeftModel:
    """Add a LoRA adapter from a folder or the hub to a model; returns peft's ``PeftModel``.

    The adapter's configuration may come from a stranger. It could name code to import, or regular
    expressions that never finish. So the configuration is rebuilt: the adapter's tensors say which
    layers it changes, and only plain values are taken from the file (``adapter_config``).
    Raises ValueError for a weight that is NaN or infinite, and for a configuration that needs more
    than plain values.
    """
    from peft import PeftModel

    folder = Path(adapter)
    if not folder.is_dir():
        folder = download(str(adapter), ["adapter_config.json", "adapter_model.safetensors"])
    check_folder(folder)
    weights = folder / "adapter_model.safetensors"
    check_finite(weights)
    config = checked_config(folder / "adapter_config.json", adapted_layers(weights))
    return PeftModel.from_pretrained(model, folder, config=config)
