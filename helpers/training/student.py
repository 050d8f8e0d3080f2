"""The student: where it comes from, how it answers.

The embedded student is converted once (:mod:`helpers.teacher.embedded_model`) and kept as an
ordinary Hugging Face folder in the run, so that everything after it is the code one would use for
any model. A profile may name a hub model instead. Weights are read from safetensors and GGUF alone;
no code of a model is ever run.
"""

from pathlib import Path

from helpers.planning.hardware import device, frozen_dtype
from helpers.planning.quiet import quiet
from helpers.safe_io.received import check_folder
from helpers.training.adapter_config import layers_beside, plain_config
from helpers.training.finite import check_numbers
from helpers.training.model_folders import fetched, model_folder


def load_tokenizer(folder, style="alpaca"):
    """The tokenizer of a model folder, with a padding token that is not its end token.

    Where both are one, a collator that masks padding masks the end too, and the model never learns
    to stop. An existing token is taken; the vocabulary, so the embedding, keeps its size.
    ``style`` is the prompt it will make: ``"alpaca"``, or ``"chat"`` for the model's own template.
    Raises ValueError for a style it cannot make.
    """
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    if style not in ("alpaca", "chat") or (style == "chat" and not tokenizer.chat_template):
        raise ValueError(
            f"style={style!r} is not to be had from the tokenizer in {folder}: choose 'alpaca', "
            "or 'chat' where the model has a chat template."
        )
    tokenizer.prompt_style = style
    if tokenizer.pad_token_id in (None, tokenizer.eos_token_id):
        others = {tokenizer.unk_token, "<|endoftext|>", tokenizer.bos_token} - {tokenizer.eos_token}
        known = sorted(token for token in others if token in tokenizer.get_vocab())
        tokenizer.pad_token = (known or [tokenizer.eos_token])[0]
    return tokenizer


def load_student(folder, adapter=None, *, merge=True):
    """The model of a folder, on the GPU if there is one, with an adapter if named.

    Its weights are of :func:`helpers.planning.hardware.frozen_dtype`. With ``merge`` the adapter's
    ``BA`` is added into the weights, so answering costs nothing extra. Such a model is no longer
    the one in the folder, so its ``name_or_path`` is empty. Raises FileNotFoundError for a folder
    that holds no model, and ValueError for an adapter with a weight that is not a number.
    """
    from transformers import AutoModelForCausalLM

    quiet()
    where = model_folder(folder)
    safe = {"use_safetensors": True, "trust_remote_code": False}
    model = AutoModelForCausalLM.from_pretrained(where, dtype=frozen_dtype(), **safe)
    if adapter:
        model = with_adapter(model, adapter)
        if merge:
            model = model.merge_and_unload()
            model.name_or_path = model.config._name_or_path = ""
    model.generation_config.pad_token_id = None  # answer() passes the tokenizer's own
    return model.to(device()).eval()


def with_adapter(model, adapter):
    """A model with a LoRA adapter beside its weights, from a folder or the hub: peft's PeftModel.

    Its configuration comes from somebody else and could name code to import, or patterns that keep
    a program busy for ever. So it is made anew: which layers the adapter stands beside is told by
    its tensors, and of the rest only plain values are taken
    (:mod:`helpers.training.adapter_config`). Raises ValueError for an adapter with a weight that is
    not a number, or that needs more than that.
    """
    from peft import PeftModel

    folder = Path(adapter)
    if not folder.is_dir():
        folder = Path(fetched(str(adapter), ["adapter_config.json", "adapter_model.safetensors"]))
    check_folder(folder)
    weights = folder / "adapter_model.safetensors"
    check_numbers(weights)
    config = plain_config(folder / "adapter_config.json", layers_beside(weights))
    return PeftModel.from_pretrained(model, folder, config=config)
