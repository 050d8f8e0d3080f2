"""How a model answers: greedily, many rows at once, with the end token as the only stop."""

import copy
from typing import TypedDict

from helpers.planning.hardware import working_dtype
from helpers.training.encoding import end_id, prompt_ids


class Answer(TypedDict):
    """A model's answer: its text, whether it stopped by itself, and how many tokens it took."""

    output: str
    stopped: bool
    tokens: int


def answer(
    model, tokenizer, rows, *, max_new_tokens=128, batch_size=30, on_batch=None, generation=None
):
    """Answers to rows: ``[{"output", "stopped", "tokens"}, …]`` in the rows' order.

    Greedy, unless ``generation`` says otherwise, in the words of ``model.generate``.

    ``stopped`` says that the model ended by itself, with its end token, before
    ``max_new_tokens``. Rows of like length are batched together; the arithmetic is that of
    :func:`helpers.planning.hardware.precision`. ``on_batch(done)`` is called after each batch.
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

    Text that only looks like a control token has other ids (:mod:`helpers.training.tokens`).
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
