"""Turn rows into token ids, a response mask and padded batches, and compute the loss.

Which tokens are learned::

    Below is an instruction … ### Response:\\n   Paris .   <end>   <pad> <pad>
    prompt: ignored (-100)                     learned   learned  ignored

The prompt and the response are tokenised separately, so no token spans the border between them. The
prompt's ids are exactly those that the model gets when it answers. Text in a row stays text, even
where it looks like a special token (see ``tokens``).

LoRA training, full training and the held-out loss all use these rows and this loss. ``batching``
decides which rows are computed together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

from helpers.files.row_shapes import Task
from helpers.planning.hardware import LOGITS_AT_ONCE
from helpers.prompts import chat_message, format_prompt
from helpers.training.token_ids import chat_ids, render_chat, text_ids

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

IGNORED = -100  # the label that cross entropy skips, by PyTorch's convention


class EncodedRow(TypedDict):
    """One task as token ids.

    ``labels`` has :data:`IGNORED` over the prompt, which carries no loss, and the token ids of the
    response. ``cut`` counts response tokens that did not fit. ``row`` is the task's number in its
    file.
    """

    input_ids: list[int]
    labels: list[int]
    prompt_length: int
    cut: int
    row: NotRequired[int]


class DroppedRow(TypedDict):
    """A task that cannot be trained on, and why."""

    row: Task
    reason: str


def prompt_ids(row: Mapping[str, Any], tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Encode the prompt of a row with ``instruction`` and maybe ``input``.

    The prompt is that of :func:`~helpers.prompts.format_prompt`. For a tokenizer that was loaded
    with ``style="chat"`` it is the model's own chat template.
    """
    if getattr(tokenizer, "prompt_style", "alpaca") == "chat":
        turn = chat_message(row["instruction"], row.get("input", ""))
        return chat_ids([turn], tokenizer, add_generation_prompt=True)
    ids = text_ids(format_prompt(row["instruction"], row.get("input", "")), tokenizer, framed=True)
    # Some tokenizers end every text with their end token, but a prompt is not at its end.
    return ids[:-1] if ids and ids[-1] == tokenizer.eos_token_id else ids


def end_id(tokenizer: PreTrainedTokenizerBase) -> int:
    """Return the token that ends an answer.

    In the ``chat`` style it is the special token with which the template ends a turn, which may
    differ from the end token: Gemma's template uses ``<end_of_turn>``. Otherwise it is the end
    token. Raises ValueError if there is none, because such a model could never learn to stop.
    """
    if getattr(tokenizer, "prompt_style", "alpaca") == "chat":
        turns = [chat_message("question"), {"role": "assistant", "content": "reply"}]
        text = render_chat(turns, tokenizer)
        tail = tokenizer(text[text.rindex("reply") + 5 :], add_special_tokens=False)["input_ids"]
        special = {i for i, token in tokenizer.added_tokens_decoder.items() if token.special}
        for token in tail:
            if token in special:
                return token
    if tokenizer.eos_token_id is None:
        raise ValueError(
            "the tokenizer has no end token (eos_token), so the model could never learn to stop; "
            "set tokenizer.eos_token to the token the model was trained to end with."
        )
    return tokenizer.eos_token_id


def encode(
    row: Mapping[str, Any], tokenizer: PreTrainedTokenizerBase, max_length: int = 512
) -> EncodedRow:
    """Encode one row with ``instruction``, ``output`` and maybe ``input``.

    ``labels`` is -100 over the prompt; the response and the end token are learned. A row with more
    than ``max_length`` tokens loses the end of its response and the end token, never a part of its
    prompt. Raises ValueError if no response token would be left.
    """
    end = end_id(tokenizer)
    prompt = prompt_ids(row, tokenizer)
    response = [*text_ids(row["output"], tokenizer), end]
    available = max_length - len(prompt)
    if available < 1:
        raise ValueError(
            f"the prompt alone has {len(prompt)} tokens and max_length is {max_length}, so no "
            f"response token is left: {row['instruction'][:60]!r}. "
            "Raise max_length or drop the row."
        )
    kept = response[:available]
    return {
        "input_ids": prompt + kept,
        "labels": [IGNORED] * len(prompt) + kept,
        "prompt_length": len(prompt),
        "cut": len(response) - len(kept),
    }


def encode_all(
    rows: Sequence[Task], tokenizer: PreTrainedTokenizerBase, max_length: int = 512
) -> tuple[list[EncodedRow], list[DroppedRow]]:
    """Encode many rows; returns ``(encoded, dropped)``.

    A row is dropped if its prompt alone fills ``max_length``. Raises ValueError if no row is left.
    """
    encoded: list[EncodedRow] = []
    dropped: list[DroppedRow] = []
    for row in rows:
        try:
            encoded.append(encode(row, tokenizer, max_length))
        except ValueError as error:
            dropped.append({"row": row, "reason": str(error)})
    if not encoded:
        raise ValueError(
            f"none of the {len(rows)} rows can be trained on. "
            + (dropped[0]["reason"] if dropped else "The list of rows is empty.")
        )
    return encoded, dropped


def collate(encoded: Sequence[EncodedRow], pad_id: int) -> dict[str, torch.Tensor]:
    """Pad encoded rows to one batch: tensors ``input_ids``, ``labels`` and ``attention_mask``.

    Each has the shape ``(rows, longest row)``. Padding is on the right; loss and attention ignore
    it. ``pad_id`` may be any existing token, because padding is masked by its position, not by its
    id.
    """
    import torch

    lengths = torch.tensor([len(row["input_ids"]) for row in encoded])
    width = int(lengths.max())

    def padded(rows: Iterable[list[int]], filler: int) -> torch.Tensor:
        return torch.tensor([[*ids, *[filler] * (width - len(ids))] for ids in rows])

    return {
        "input_ids": padded((row["input_ids"] for row in encoded), pad_id),
        "labels": padded((row["labels"] for row in encoded), IGNORED),
        "attention_mask": (torch.arange(width)[None, :] < lengths[:, None]).long(),
    }


def training_mix(seeds: Iterable[Task], generated: Iterable[Task], seed_weight: int) -> list[Task]:
    """List the rows of an epoch: every seed ``seed_weight`` times, every generated task once.

    People wrote the seeds with care. The tasks that a small teacher generates are many, and some
    are wrong.
    """
    return list(seeds) * seed_weight + list(generated)


def response_tokens(encoded: Iterable[EncodedRow]) -> int:
    """Count the tokens of encoded rows that carry loss."""
    return sum(label != IGNORED for row in encoded for label in row["labels"])


def token_losses(model: PreTrainedModel, batch: Mapping[str, Any]) -> torch.Tensor:
    """Compute the loss of each learned token, in nats.

    The shape is ``(rows, width - 1)``: position ``t`` predicts token ``t + 1``. The loss is 0 where
    nothing is learned. Logits are computed only for positions that carry loss, which saves most of
    the memory for a long prompt.
    """
    import torch

    inputs = {key: value for key, value in batch.items() if key != "labels"}
    hidden = model.get_decoder()(**inputs, use_cache=False).last_hidden_state[:, :-1]
    target, learned = batch["labels"][:, 1:], batch["labels"][:, 1:] != IGNORED
    losses = torch.zeros(target.shape, dtype=torch.float32, device=hidden.device)
    losses[learned] = _cross_entropy(model, hidden[learned], target[learned])
    return losses


def _cross_entropy(
    model: PreTrainedModel, hidden: torch.Tensor, target: torch.Tensor
) -> torch.Tensor:
    """Compute the losses of positions, shape ``(positions,)``, a slice of the logits at a time.

    With several slices, the logits are not kept but computed again in the backward pass. That costs
    one more multiplication, and the size of the vocabulary no longer decides how much memory a step
    needs.
    """
    import torch
    from torch.utils.checkpoint import checkpoint

    cap = getattr(model.config, "final_logit_softcapping", None)  # Gemma 2 bounds its logits
    head = model.get_output_embeddings()

    def slice_losses(hidden: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        logits = head(hidden).float()
        logits = cap * torch.tanh(logits / cap) if cap else logits
        return torch.nn.functional.cross_entropy(logits, target, reduction="none")

    positions = max(1, LOGITS_AT_ONCE // model.config.get_text_config().vocab_size)
    if len(target) <= positions:
        return slice_losses(hidden, target)
    slices = zip(hidden.split(positions), target.split(positions), strict=True)
    return torch.cat([checkpoint(slice_losses, h, t, use_reentrant=False) for h, t in slices])
