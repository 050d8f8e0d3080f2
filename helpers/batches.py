"""From rows to tensors: token ids, the response mask, batches.

What is learned, token by token::

    Below is an instruction … ### Response:\\n   Paris .   <end>   <pad> <pad>
    prompt: ignored (-100)                     learned   learned  ignored

The prompt is tokenised alone and the response after it, so the ids of the prompt are exactly those
the model will be given when it answers: tokens never merge across the border. LoRA training, full
training and the held-out loss all take their rows from here.
"""

import math
import random

from helpers.prompts import format_prompt

IGNORED = -100  # the label that cross entropy skips, by PyTorch's convention


def prompt_ids(row, tokenizer):
    """Token ids of the training prompt of ``row`` (a dict with instruction and input)."""
    return tokenizer(format_prompt(row["instruction"], row.get("input", "")))["input_ids"]


def encode(row, tokenizer, max_length=512):
    """One row as ``{"input_ids", "labels", "prompt_length", "cut"}``; lists of int of one length.

    ``labels`` is -100 over the prompt; the response and the end token are learned. A row longer
    than ``max_length`` is cut in its response, never in its prompt, loses its end token, and says
    how many tokens were ``cut``. Raises ValueError when not one response token would be left.
    """
    if tokenizer.eos_token_id is None:
        raise ValueError(
            "the tokenizer has no end token (eos_token), so the model could never learn to stop; "
            "set tokenizer.eos_token to the token the model was trained to end with."
        )
    prompt = prompt_ids(row, tokenizer)
    response = tokenizer(row["output"], add_special_tokens=False)["input_ids"]
    response = [*response, tokenizer.eos_token_id]
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

    width = max(len(row["input_ids"]) for row in encoded)

    def padded(key, filler):
        rows = [list(row[key]) + [filler] * (width - len(row[key])) for row in encoded]
        return torch.tensor(rows)

    lengths = torch.tensor([len(row["input_ids"]) for row in encoded])
    return {
        "input_ids": padded("input_ids", pad_id),
        "labels": padded("labels", IGNORED),
        "attention_mask": (torch.arange(width)[None, :] < lengths[:, None]).long(),
    }


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

    hidden = model.get_decoder()(
        input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], use_cache=False
    ).last_hidden_state[:, :-1]
    target = batch["labels"][:, 1:]
    learned = target != IGNORED
    logits = model.get_output_embeddings()(hidden[learned]).float()
    losses = torch.zeros(target.shape, dtype=torch.float32, device=logits.device)
    losses[learned] = torch.nn.functional.cross_entropy(logits, target[learned], reduction="none")
    return losses
