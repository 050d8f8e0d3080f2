"""Facts that need no judge: held-out loss, stopping, ROUGE-L, repetition, the language kept.

Each fact is measured task by task, because tasks are what would differ if the evaluation were
written again: intervals resample tasks, never tokens or votes.
"""

from typing import TypedDict

from helpers.data.filters import speaks
from helpers.evaluation.intervals import bootstrap, wilson
from helpers.similarity import repetition, rouge_l
from helpers.training.answering import Answer, answer
from helpers.training.encoding import IGNORED, collate, encode, token_losses

# What each fact means for a reader: (label, unit, which way is better).
FACTS = {
    "heldout_loss": ("held-out loss", "nats a token", "lower"),
    "stop_rate": ("stops by itself", "share of answers", "higher"),
    "rouge_l": ("ROUGE-L to the reference", "F-measure", "higher"),
    "repetition": ("repeated 3-grams", "share", "lower"),
    "language_kept": ("language kept", "share of answers", "higher"),
}
SHARES = ("stop_rate", "language_kept")  # true or false of each answer


class Facts(TypedDict):
    """What a program counts of one answer; see :data:`FACTS` for units."""

    heldout_loss: float
    stop_rate: float
    rouge_l: float
    repetition: float
    language_kept: float


class MeasuredAnswer(Answer):
    """An answer to an evaluation task, with its facts."""

    id: str
    facts: Facts


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


def answer_facts(row, answer, loss):
    """The facts of one answer to one evaluation task: a dict with the keys of ``FACTS``."""
    return {
        "heldout_loss": loss,
        "stop_rate": float(answer["stopped"]),
        "rouge_l": rouge_l(row["output"], answer["output"]),
        "repetition": repetition(answer["output"]),
        "language_kept": float(speaks(answer["output"], row.get("language", "en"))),
    }


def measure(model, tokenizer, rows, *, max_new_tokens, on_batch=None):
    """Answer every row and take its facts: ``[{"id", "output", "stopped", "tokens", "facts"}]``."""
    answers = answer(model, tokenizer, rows, max_new_tokens=max_new_tokens, on_batch=on_batch)
    losses = heldout_losses(model, tokenizer, rows)
    return [
        {"id": row.get("id", str(i)), **given, "facts": answer_facts(row, given, loss)}
        for i, (row, given, loss) in enumerate(zip(rows, answers, losses, strict=True))
    ]


def paired_changes(before, after):
    """Change of each fact from ``before`` to ``after``, task by task, with its interval.

    Both are lists of facts in the order of the same tasks. Where two models find the same tasks
    hard, differences vary less than tasks do, and the interval is narrow; where they do not, it is
    still the one that belongs to the difference.
    """
    return {
        name: bootstrap([new[name] - old[name] for old, new in zip(before, after, strict=True)])
        for name in FACTS
    }


def summarize_facts(facts):
    """Facts of many answers to ``{fact: {"value", "low", "high"}}``.

    A fact that is true or false of each answer is a share and gets Wilson's interval; the others
    are means, and get one by bootstrap.
    """
    values = {name: [fact[name] for fact in facts] for name in FACTS}
    return {
        name: wilson(sum(each), len(each)) if name in SHARES else bootstrap(each)
        for name, each in values.items()
    }
