"""Let a model answer rows: greedy decoding in batches, until the end token or a length limit."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypedDict

from helpers.planning.hardware import working_dtype
from helpers.training.encoding import end_id, prompt_ids

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


class Answer(TypedDict):
    """A model's answer: its text, whether the model stopped by itself, and its length in tokens."""

    output: str
    stopped: bool
    tokens: int


def answer(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    rows: Sequence[Mapping[str, Any]],
    *,
    max_new_tokens: int = 128,
    batch_size: int = 30,
    on_batch: Callable[[int], None] | None = None,
    generation: Mapping[str, Any] | None = None,
) -> list[Answer]:
    """Answer each row; returns the answers in the order of the rows.

    A row needs ``instruction`` and may have ``input``. Decoding is greedy unless ``generation``
    holds other arguments for ``model.generate``. ``stopped`` says that the model wrote its end
    token before ``max_new_tokens``; ``tokens`` counts that end token too. Rows of similar length
    share a batch. Numbers have the format of :func:`~helpers.planning.hardware.precision`.
    ``on_batch(done)`` is called after each batch with the number of answered rows.
    """
    prompts = [prompt_ids(row, tokenizer) for row in rows]
    ends = {end_id(tokenizer), tokenizer.eos_token_id} - {None}
    if model.dtype != working_dtype():
        model = copy.deepcopy(model).to(working_dtype())
    options = {"do_sample": False, "max_new_tokens": max_new_tokens, **(generation or {})}
    by_length = sorted(range(len(rows)), key=lambda i: len(prompts[i]))
    answers: dict[int, Answer] = {}
    for start in range(0, len(rows), batch_size):
        batch = by_length[start : start + batch_size]
        generated = _generate(model, tokenizer, [prompts[i] for i in batch], ends, options)
        for i, ids in zip(batch, generated, strict=True):
            answers[i] = _answer_from(ids, ends, tokenizer)
        if on_batch:
            on_batch(start + len(batch))
    return [answers[i] for i in range(len(rows))]


def _answer_from(ids: list[int], ends: set[int], tokenizer: PreTrainedTokenizerBase) -> Answer:
    """Cut generated ids at the first end token and decode them."""
    length = next((at for at, token in enumerate(ids) if token in ends), len(ids))
    stopped = length < len(ids)
    text = _decoded(tokenizer, ids[:length])
    return {"output": text, "stopped": stopped, "tokens": length + stopped}


def _decoded(tokenizer: PreTrainedTokenizerBase, ids: list[int]) -> str:
    """Decode an answer without its control tokens.

    Text that only looks like a control token is kept, because it has other ids (see ``tokens``).
    """
    exact = {"skip_special_tokens": True, "clean_up_tokenization_spaces": False}
    return tokenizer.decode(ids, **exact).strip()


def _generate(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[list[int]],
    ends: set[int],
    options: Mapping[str, Any],
) -> list[list[int]]:
    """Generate new token ids for a batch of prompts, padded on the left to end together."""
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
            **options,
        )
    return out[:, width:].tolist()
