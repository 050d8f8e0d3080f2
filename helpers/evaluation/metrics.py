"""Facts about answers that need no judge: loss, stopping, ROUGE-L, repetition, language.

Each fact is measured for each task. Intervals resample tasks, never tokens or votes, because
another evaluation would have other tasks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal, TypedDict

from helpers.data.filters import is_in_language
from helpers.evaluation.intervals import Interval, bootstrap, wilson
from helpers.io import Task
from helpers.similarity import repetition, rouge_l
from helpers.training.answering import Answer, answer
from helpers.training.encoding import IGNORED, collate, encode, token_losses

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

FactName = Literal["heldout_loss", "stop_rate", "rouge_l", "repetition", "language_kept"]
# What each fact means for a reader: (label, unit, which way is better).
FACTS: dict[FactName, tuple[str, str, str]] = {
    "heldout_loss": ("held-out loss", "nats a token", "lower"),
    "stop_rate": ("stops by itself", "share of answers", "higher"),
    "rouge_l": ("ROUGE-L to the reference", "F-measure", "higher"),
    "repetition": ("repeated 3-grams", "share", "lower"),
    "language_kept": ("language kept", "share of answers", "higher"),
}
SHARES = ("stop_rate", "language_kept")  # facts that are true or false of each answer


class Facts(TypedDict):
    """The facts of one answer; see :data:`FACTS` for units."""

    heldout_loss: float
    stop_rate: float
    rouge_l: float
    repetition: float
    language_kept: float


class MeasuredAnswer(Answer):
    """An answer to an evaluation task, with its facts."""

    id: str
    facts: Facts


def heldout_losses(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    rows: Sequence[Task],
    *,
    max_length: int = 512,
    batch_size: int = 8,
) -> list[float]:
    """Mean loss of each row's reference answer with its end token, in nats a token."""
    import torch

    losses: list[float] = []
    for start in range(0, len(rows), batch_size):
        encoded = [encode(row, tokenizer, max_length) for row in rows[start : start + batch_size]]
        batch = collate(encoded, tokenizer.pad_token_id)
        batch = {key: value.to(model.device) for key, value in batch.items()}
        with torch.inference_mode():
            total = token_losses(model, batch).sum(dim=1)
        learned = (batch["labels"] != IGNORED).sum(dim=1)
        losses += (total / learned).tolist()
    return losses


def answer_facts(row: Task, answer: Answer, loss: float) -> Facts:
    """The facts of one answer to one evaluation task; ``loss`` is its held-out loss."""
    return {
        "heldout_loss": loss,
        "stop_rate": float(answer["stopped"]),
        "rouge_l": rouge_l(row["output"], answer["output"]),
        "repetition": repetition(answer["output"]),
        "language_kept": float(is_in_language(answer["output"], row.get("language", "en"))),
    }


def measure(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    rows: Sequence[Task],
    *,
    max_new_tokens: int,
    on_batch: Callable[[int], None] | None = None,
) -> list[MeasuredAnswer]:
    """Answer every row and measure the facts of each answer.

    Returns ``[{"id", "output", "stopped", "tokens", "facts"}]`` in the rows' order. A row without
    an ``id`` gets its number. ``on_batch(done)`` is called after each batch of answers.
    """
    answers = answer(model, tokenizer, rows, max_new_tokens=max_new_tokens, on_batch=on_batch)
    losses = heldout_losses(model, tokenizer, rows)
    return [
        {"id": row.get("id", str(i)), **given, "facts": answer_facts(row, given, loss)}
        for i, (row, given, loss) in enumerate(zip(rows, answers, losses, strict=True))
    ]


def paired_changes(before: Sequence[Facts], after: Sequence[Facts]) -> dict[str, Interval]:
    """Mean change of each fact from ``before`` to ``after``, with its interval over tasks.

    Both are lists of facts for the same tasks in the same order. The change is taken task by task.
    Where both models find the same tasks hard, this interval is narrower than those of the two
    means.
    """
    return {
        name: bootstrap([new[name] - old[name] for old, new in zip(before, after, strict=True)])
        for name in FACTS
    }


def summarize_facts(facts: Sequence[Facts]) -> dict[str, Interval]:
    """The mean of each fact over many answers, with its interval.

    A fact that is true or false of each answer is a share and gets Wilson's interval. The other
    facts get a bootstrap interval.
    """
    values = {name: [of_one[name] for of_one in facts] for name in FACTS}
    return {
        name: wilson(sum(each), len(each)) if name in SHARES else bootstrap(each)
        for name, each in values.items()
    }
