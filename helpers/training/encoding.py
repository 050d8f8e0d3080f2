"""From rows to tensors: token ids, the response mask, batches, the loss.

What is learned, token by token::

    Below is an instruction … ### Response:\\n   Paris .   <end>   <pad> <pad>
    prompt: ignored (-100)                     learned   learned  ignored

The prompt is tokenised alone and the response after it, so the ids of the prompt are exactly those
the model will be given when it answers: tokens never merge across the border. Text in a row is
text, also where it looks like a special token (:mod:`helpers.training.tokens`).

How a batch is computed::

    an update      the rows of one optimizer step, as the recipe has it
    micro-batches  its rows by length, as many together as the token budget allows
    packed         instead of padding, rows end to end, where the attention keeps them apart
    logits         only where a token is learned, a slice at a time where there are many

LoRA training, full training and the held-out loss all take their rows and their loss from here.
"""

import math
import random
from typing import NotRequired, TypedDict

from helpers.planning.hardware import LOGITS_AT_ONCE, can_pack
from helpers.prompts import chat_message, format_prompt
from helpers.training.tokens import chat_ids, rendered, text_ids

IGNORED = -100  # the label that cross entropy skips, by PyTorch's convention


class EncodedRow(TypedDict):
    """One task as token ids.

    ``labels`` has :data:`IGNORED` where no loss is taken (the prompt) and the id elsewhere;
    ``cut`` counts response tokens that did not fit. ``row`` is the task's number in the file.
    """

    input_ids: list[int]
    labels: list[int]
    prompt_length: int
    cut: int
    row: NotRequired[int]


def prompt_ids(row, tokenizer):
    """Token ids of the prompt of ``row`` (a dict with instruction and input).

    It is :func:`helpers.prompts.format_prompt`'s, or the model's own chat template where the
    tokenizer was loaded with ``style="chat"`` (:func:`helpers.training.student.load_tokenizer`).
    """
    if getattr(tokenizer, "prompt_style", "alpaca") == "chat":
        turn = chat_message(row["instruction"], row.get("input", ""))
        return chat_ids([turn], tokenizer, add_generation_prompt=True)
    ids = text_ids(format_prompt(row["instruction"], row.get("input", "")), tokenizer, framed=True)
    # Some tokenizers end every text with their end token; a prompt is not at its end.
    return ids[:-1] if ids and ids[-1] == tokenizer.eos_token_id else ids


def end_id(tokenizer):
    """The token that ends an answer: the end token, or what the chat template ends a turn with.

    Gemma's template ends a turn with ``<end_of_turn>``, which is not its end token. Raises
    ValueError where there is none: such a model could never learn to stop.
    """
    if getattr(tokenizer, "prompt_style", "alpaca") == "chat":
        turns = [chat_message("question"), {"role": "assistant", "content": "reply"}]
        text = rendered(turns, tokenizer)
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


def encode(row, tokenizer, max_length=512):
    """One row as ``{"input_ids", "labels", "prompt_length", "cut"}``; lists of int of one length.

    ``labels`` is -100 over the prompt; the response and the end token are learned. A row longer
    than ``max_length`` is cut in its response, never in its prompt, loses its end token, and says
    how many tokens were ``cut``. Raises ValueError when not one response token would be left.
    """
    end = end_id(tokenizer)
    prompt = prompt_ids(row, tokenizer)
    response = [*text_ids(row["output"], tokenizer), end]
    room = max_length - len(prompt)
    if room < 1:
        raise ValueError(
            f"the prompt alone has {len(prompt)} tokens and max_length is {max_length}, so no "
            f"response token is left: {row['instruction'][:60]!r}. "
            "Raise max_length or drop the row."
        )
    kept = response[:room]
    return {
        "input_ids": prompt + kept,
        "labels": [IGNORED] * len(prompt) + kept,
        "prompt_length": len(prompt),
        "cut": len(response) - len(kept),
    }


def encode_all(rows, tokenizer, max_length=512):
    """Encode many rows; returns ``(encoded, dropped)``.

    ``dropped`` holds ``{"row", "reason"}`` for each row whose prompt fills the whole length.
    """
    encoded, dropped = [], []
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


def collate(encoded, pad_id):
    """A batch of encoded rows as tensors ``input_ids``, ``labels``, ``attention_mask``.

    Shape ``(rows, longest)``, padded on the right; padding is ignored by loss and attention.
    ``pad_id`` may be any existing token: the labels are told apart by position, not by id.
    """
    import torch

    lengths = torch.tensor([len(row["input_ids"]) for row in encoded])
    width = int(lengths.max())

    def padded(key, filler):
        return torch.tensor([[*row[key], *[filler] * (width - len(row[key]))] for row in encoded])

    return {
        "input_ids": padded("input_ids", pad_id),
        "labels": padded("labels", IGNORED),
        "attention_mask": (torch.arange(width)[None, :] < lengths[:, None]).long(),
    }


def collate_packed(encoded):
    """Rows end to end as one: tensors ``input_ids``, ``labels``, ``position_ids``, ``(1, tokens)``.

    Positions begin anew with each row; by them an attention that can tell rows apart does so (flash
    attention, and transformers' masks while no cache is used). Where
    :func:`helpers.planning.hardware.can_pack` says no, :func:`collate` is faster.
    """
    import torch

    def joined(key):
        return torch.tensor([[token for row in encoded for token in row[key]]])

    positions = [torch.arange(len(row["input_ids"])) for row in encoded]
    return {
        "input_ids": joined("input_ids"),
        "labels": joined("labels"),
        "position_ids": torch.cat(positions)[None],
    }


def to_tensors(encoded, pad_id):
    """A micro-batch the way this machine computes it: packed where it can be, else padded."""
    return collate_packed(encoded) if can_pack() else collate(encoded, pad_id)


def micro_batches(encoded, budget, *, packed=False):
    """The rows of an update, as lists of rows that are computed together, the longest first.

    Rows of like length share a list; its rows times its longest row (packed: the sum of its rows)
    stay within ``budget`` tokens. A row longer than that is alone.
    """
    lists, tokens = [], 0
    for row in sorted(encoded, key=lambda row: -len(row["input_ids"])):
        length = len(row["input_ids"])
        width = length if packed or not lists else len(lists[-1][0]["input_ids"])
        if not lists or tokens + width > budget:
            lists.append([])
            tokens, width = 0, length
        lists[-1].append(row)
        tokens += width
    return lists


def training_mix(seeds, generated, seed_weight):
    """The rows of an epoch: every seed ``seed_weight`` times, every generated task once.

    People wrote the seeds with care; what a small teacher wrote is plentiful and often wrong.
    """
    return list(seeds) * seed_weight + list(generated)


def bucketed_order(lengths, batch, epochs, seed):
    """Row numbers in training order: shuffled, but rows of like length share a batch.

    Within windows of eight batches rows are sorted by length, which saves most of the padding; the
    batches are then shuffled. What is left over from an epoch joins the next, so every batch but
    the last is full. The order depends on nothing but the arguments: a resumed training meets the
    same rows.
    """
    rng = random.Random(seed)
    order, pool = [], []
    for _ in range(math.ceil(epochs)):
        pool += rng.sample(range(len(lengths)), len(lengths))
        whole = len(pool) // batch * batch
        batches = []
        for start in range(0, whole, 8 * batch):
            window = sorted(pool[start : min(start + 8 * batch, whole)], key=lengths.__getitem__)
            batches += [window[i : i + batch] for i in range(0, len(window), batch)]
        rng.shuffle(batches)
        order += [row for rows in batches for row in rows]
        pool = pool[whole:]
    return (order + pool)[: round(epochs * len(lengths))]


def response_tokens(encoded):
    """How many tokens of the encoded rows carry loss."""
    return sum(label != IGNORED for row in encoded for label in row["labels"])


def token_losses(model, batch):
    """Loss of each learned token: nats, shape ``(rows, width - 1)``, 0 where nothing is learned.

    The one place where logits meet labels: position ``t`` predicts token ``t + 1``. Logits are
    made only for positions that carry loss, which saves most of the memory of a long prompt.
    """
    import torch

    inputs = {key: value for key, value in batch.items() if key != "labels"}
    hidden = model.get_decoder()(**inputs, use_cache=False).last_hidden_state[:, :-1]
    target, learned = batch["labels"][:, 1:], batch["labels"][:, 1:] != IGNORED
    losses = torch.zeros(target.shape, dtype=torch.float32, device=hidden.device)
    losses[learned] = _cross_entropy(model, hidden[learned], target[learned])
    return losses


def _cross_entropy(model, hidden, target):
    """Losses of positions, shape ``(positions,)``; of many, a slice of logits at a time.

    A slice's logits are not kept but made again in the backward pass: one multiplication more, and
    a vocabulary of 256,000 no longer decides how much memory a step takes.
    """
    import torch
    from torch.utils.checkpoint import checkpoint

    cap = getattr(model.config, "final_logit_softcapping", None)  # Gemma 2 bends its logits
    head = model.get_output_embeddings()

    def slice_losses(hidden, target):
        logits = head(hidden).float()
        logits = cap * torch.tanh(logits / cap) if cap else logits
        return torch.nn.functional.cross_entropy(logits, target, reduction="none")

    positions = max(1, LOGITS_AT_ONCE // model.config.get_text_config().vocab_size)
    if len(target) <= positions:
        return slice_losses(hidden, target)
    slices = zip(hidden.split(positions), target.split(positions), strict=True)
    return torch.cat([checkpoint(slice_losses, h, t, use_reentrant=False) for h, t in slices])
