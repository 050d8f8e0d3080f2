"""Facts that need no judge: held-out loss, stopping, ROUGE-L, repetition, and their uncertainty.

Each fact is measured task by task, because tasks are what would differ if the evaluation were
written again: intervals resample tasks, never tokens or votes.
"""

import random

from helpers.batches import IGNORED, collate, encode, token_losses
from helpers.similarity import rouge_l, tokenize
from helpers.student import answer

# What each fact means for a reader: (label, unit, which way is better).
FACTS = {
    "heldout_loss": ("held-out loss", "nats a token", "lower"),
    "stop_rate": ("stops by itself", "share of answers", "higher"),
    "rouge_l": ("ROUGE-L to the reference", "F-measure", "higher"),
    "repetition": ("repeated 3-grams", "share", "lower"),
}


def heldout_losses(model, tokenizer, rows, *, max_length=512, batch_size=8):
    """Mean loss of each row's reference answer, end token included: a list of nats a token."""
    import torch

    losses = []
    for start in range(0, len(rows), batch_size):
        encoded = [encode(row, tokenizer, max_length) for row in rows[start : start + batch_size]]
        batch = collate(encoded, tokenizer.pad_token_id)
        batch = {key: value.to(model.device) for key, value in batch.items()}
        with torch.inference_mode():
            total = token_losses(model, batch).sum(dim=1)
        learned = (batch["labels"] != IGNORED).sum(dim=1)
        losses += (total / learned).tolist()
    return losses


def repetition(text, n=3):
    """Share of a text's word ``n``-grams that occurred in it before: 0.0 none, near 1.0 a loop."""
    words = tokenize(text)
    grams = [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]
    return 1 - len(set(grams)) / len(grams) if grams else 0.0


def answer_facts(row, answer, loss):
    """The facts of one answer to one evaluation task: a dict with the keys of ``FACTS``."""
    return {
        "heldout_loss": loss,
        "stop_rate": float(answer["stopped"]),
        "rouge_l": rouge_l(row["output"], answer["output"]),
        "repetition": repetition(answer["output"]),
    }


def measure(model, tokenizer, rows, *, max_new_tokens, on_batch=None):
    """Answer every row and take its facts: ``[{"id", "output", "stopped", "tokens", "facts"}]``."""
    answers = answer(model, tokenizer, rows, max_new_tokens=max_new_tokens, on_batch=on_batch)
    losses = heldout_losses(model, tokenizer, rows)
    return [
        {"id": row.get("id", str(i)), **given, "facts": answer_facts(row, given, loss)}
        for i, (row, given, loss) in enumerate(zip(rows, answers, losses, strict=True))
    ]


def bootstrap(values, *, draws=4000, seed=0, level=0.95):
    """Mean of ``values`` with a percentile bootstrap interval: ``{"value", "low", "high"}``.

    Resamples the values, one a task, with replacement (Efron 1979). The seed makes it repeatable.
    Raises ValueError for an empty list.
    """
    if not values:
        raise ValueError("no values to take a mean of; expected at least one a task.")
    rng, n = random.Random(seed), len(values)
    means = sorted(sum(rng.choices(values, k=n)) / n for _ in range(draws))
    tail = (1 - level) / 2
    return {
        "value": sum(values) / n,
        "low": means[int(tail * draws)],
        "high": means[int((1 - tail) * draws) - 1],
    }


def paired_changes(before, after):
    """Change of each fact from ``before`` to ``after``, task by task, with its interval.

    Both are lists of facts in the order of the same tasks. Differences within a task vary less
    than tasks do, so this interval is the sharper one.
    """
    return {
        name: bootstrap([new[name] - old[name] for old, new in zip(before, after, strict=True)])
        for name in FACTS
    }


def summarize_facts(facts):
    """Facts of many answers to ``{fact: {"value", "low", "high"}}``."""
    return {name: bootstrap([fact[name] for fact in facts]) for name in FACTS}
