"""The student: where it comes from, how it answers.

The embedded student is converted once (:mod:`helpers.embedded`) and kept as an ordinary Hugging
Face folder in the run, so that everything after it is the code one would use for any model. A
profile may name a hub model instead. Weights are read from safetensors and GGUF alone; no code of a
model is ever run.
"""

import copy
import warnings
from pathlib import Path

from helpers.adapter_config import layers_beside, plain_config
from helpers.batches import end_id, prompt_ids
from helpers.embedded import convert_embedded
from helpers.finite import check_numbers
from helpers.hardware import device, frozen_dtype, working_dtype
from helpers.received import ReceivedError, check_folder, read_json

CACHE = Path(__file__).resolve().parent.parent / "runs" / "cache"  # of converted models
SHARD = "5GB"  # of a file of weights that is written here, so that one at a time fits in memory
# What stands beside the weights in a model's folder: configuration, tokenizer, template.
BESIDE_WEIGHTS = ("*.json", "*.model", "*.jinja", "merges.txt", "vocab.txt")


def student_folder(name, cache):
    """The folder of the profile's ``student``, ready for ``from_pretrained``.

    For ``"embedded"`` the GGUF file is converted once into ``cache`` (about 15 s and 0.5 GB); any
    other name is a folder, or a model of the hub (see :func:`model_folder`).
    """
    if name != "embedded":
        return str(model_folder(name))
    folder = Path(cache) / "student"
    # The weights are written last, by renaming: half a conversion never looks like a whole one.
    if not (folder / "model.safetensors").is_file():
        quiet()
        convert_embedded(folder)
    return str(folder)


def model_folder(name):
    """Folder of the model ``name``: a folder as it is, or a hub name, fetched once.

    ``owner/model@revision`` asks for a revision. Only configuration, tokenizer and safetensors are
    fetched. Raises FileNotFoundError that says what is missing and the way out.
    """
    if Path(name).is_dir():
        return _checked(Path(name), name)
    return _checked(_fetched(str(name), ["*.safetensors", *BESIDE_WEIGHTS]), name)


def _fetched(name, wanted):
    """Folder of a hub name's files, of which only those that are ``wanted`` are fetched."""
    from huggingface_hub import errors, snapshot_download

    hub_name, _, revision = name.partition("@")
    try:
        return Path(snapshot_download(hub_name, revision=revision or None, allow_patterns=wanted))
    except errors.GatedRepoError:
        raise FileNotFoundError(
            f"the model {name} is gated: accept its terms on its page of the hub and put a token "
            "of yours into the environment variable HF_TOKEN, or choose an open model."
        ) from None
    except (errors.HFValidationError, errors.RepositoryNotFoundError):
        raise FileNotFoundError(
            f"no model {name!r}: neither a folder here nor a name the hub knows (or it is private, "
            "and HF_TOKEN is not set). Look for a typing mistake."
        ) from None
    except (errors.LocalEntryNotFoundError, errors.OfflineModeIsEnabled, OSError) as error:
        raise FileNotFoundError(
            f"the model {name} is not on this machine and could not be fetched "
            f"({type(error).__name__}). Connect to the network once, or name a model folder."
        ) from None


def _checked(folder, name):
    """The folder, if it holds a configuration and safetensors; a pickle of weights is not read.

    An adapter beside them would be added by transformers, unlooked at, and is refused.
    Nor is anything that lies elsewhere, or is nested beyond measure (:mod:`helpers.received`).
    """
    check_folder(folder)
    for pattern in ("config.json", "*.safetensors"):
        if not any(folder.glob(pattern)):
            raise FileNotFoundError(
                f"the model {name} has no {pattern} in {folder}. Weights are read from safetensors "
                "alone: look for a revision that has them (owner/model@revision), or save the "
                "model with save_pretrained."
            )
    if (folder / "adapter_config.json").exists():
        raise ReceivedError(
            f"{folder} holds a model and an adapter (adapter_config.json). Put the adapter into a "
            "folder of its own and name both."
        )
    for path in folder.glob("*.json"):
        read_json(path)
    return folder


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

    Its weights are of :func:`helpers.hardware.frozen_dtype`. With ``merge`` the adapter's ``BA`` is
    added into the weights, so answering costs nothing extra. Such a model is no longer the one in
    the folder, so its ``name_or_path`` is empty. Raises FileNotFoundError for a folder that holds
    no model, and ValueError for an adapter with a weight that is not a number.
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
    its tensors, and of the rest only plain values are taken (:mod:`helpers.adapter_config`). Raises
    ValueError for an adapter with a weight that is not a number, or that needs more than that.
    """
    from peft import PeftModel

    folder = Path(adapter)
    if not folder.is_dir():
        folder = Path(_fetched(str(adapter), ["adapter_config.json", "adapter_model.safetensors"]))
    check_folder(folder)
    weights = folder / "adapter_model.safetensors"
    check_numbers(weights)
    config = plain_config(folder / "adapter_config.json", layers_beside(weights))
    return PeftModel.from_pretrained(model, folder, config=config)


def quiet():
    """No progress bars and no notices of renamed arguments: a lesson shows what it is about."""
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers|peft|trl")


def answer(
    model, tokenizer, rows, *, max_new_tokens=128, batch_size=30, on_batch=None, generation=None
):
    """Answers to rows: ``[{"output", "stopped", "tokens"}, …]`` in the rows' order.

    Greedy, unless ``generation`` says otherwise, in the words of ``model.generate``.

    ``stopped`` says that the model ended by itself, with its end token, before
    ``max_new_tokens``. Rows of like length are batched together; the arithmetic is that of
    :func:`helpers.hardware.precision`. ``on_batch(done)`` is called after each batch.
    """
    prompts = [prompt_ids(row, tokenizer) for row in rows]
    ends = {end_id(tokenizer), tokenizer.eos_token_id} - {None}
    if model.dtype != working_dtype():
        model = copy.deepcopy(model).to(working_dtype())
    order = sorted(range(len(rows)), key=lambda i: len(prompts[i]))
    answers = [None] * len(rows)
    for start in range(0, len(rows), batch_size):
        chunk = order[start : start + batch_size]
        how = {"do_sample": False, "max_new_tokens": max_new_tokens, **(generation or {})}
        ids = _generate(model, tokenizer, [prompts[i] for i in chunk], ends, how)
        for i, new in zip(chunk, ids, strict=True):
            length = next((at for at, token in enumerate(new) if token in ends), len(new))
            text = _as_text(tokenizer, new[:length])
            stopped = length < len(new)
            answers[i] = {"output": text, "stopped": stopped, "tokens": length + stopped}
        if on_batch:
            on_batch(start + len(chunk))
    return answers


def _as_text(tokenizer, ids):
    """An answer's ids as text. Control tokens that a model wrote are no text; look-alikes are.

    Text that only looks like a control token has other ids (:mod:`helpers.tokens`).
    """
    exact = {"skip_special_tokens": True, "clean_up_tokenization_spaces": False}
    return tokenizer.decode(ids, **exact).strip()


def _generate(model, tokenizer, prompts, ends, how):
    """New token ids for a batch of prompts, padded on the left so that all end together."""
    import torch

    width = max(map(len, prompts))
    pad = tokenizer.pad_token_id
    ids = torch.tensor([[pad] * (width - len(p)) + p for p in prompts], device=model.device)
    mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts]).to(model.device)
    with torch.inference_mode():
        out = model.generate(
            input_ids=ids,
            attention_mask=mask,
            pad_token_id=pad,
            eos_token_id=sorted(ends),
            **how,
        )
    return out[:, width:].tolist()
