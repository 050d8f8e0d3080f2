"""A guard decides whether a text is harmful. The demo asks it about every message and answer.

With a key for OpenAI, OpenAI's moderation endpoint decides. Without one, a small classifier on this
machine decides (:mod:`helpers.release.harm_classifier`). :func:`evaluate_guard` and
:func:`detection_rates` measure how good the local guard is, as one measures a judge.

A guard that cannot decide raises GuardError, and the text does not pass: guards fail closed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from helpers.evaluation.intervals import Interval, wilson
from helpers.release.harm_classifier import (
    WINDOW,
    LabelledSentence,
    cross_validate,
    features,
    fit_to,
    load_reader,
    probabilities,
    training_set,
)
from helpers.teacher.addresses import OPENAI, is_openai
from helpers.training.token_ids import text_ids

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

REMOTE, LOCAL = "OpenAI moderation", "local guard"
LONGEST = 8192  # tokens of a text; the local guard lets no longer one pass


class GuardError(RuntimeError):
    """The guard could not decide, so the text must not pass; the message says why."""


@dataclass(frozen=True)
class Ruling:
    """A guard's decision: whether to stop a text, a score from 0 to 1, which guard, and why."""

    blocked: bool
    score: float
    by: str
    why: str = ""


@dataclass(frozen=True)
class Guard:
    """A function from a text to a :class:`Ruling`; ``by`` is the guard's name."""

    by: str
    decide: Callable[[str], Ruling]

    def __call__(self, text: str) -> Ruling:
        return self.decide(text)


class DetectionRates(TypedDict):
    """How good a guard is on some texts; a rate is None if there is nothing to count.

    ``precision``: of the stopped texts, the share that is harmful. ``recall``: of the harmful
    texts, the share that was stopped. ``false_alarms``: of the harmless texts, the share that was
    stopped.
    """

    precision: Interval | None
    recall: Interval | None
    false_alarms: Interval | None


def open_guard(cache: str | Path) -> Guard:
    """The guard that is available: OpenAI's if its key is found, else the local one.

    The key may be in the environment, in ``.env`` or in Colab's secrets. If ``OPENAI_BASE_URL``
    names another provider, the key belongs to that provider and is not sent to OpenAI. ``cache`` is
    the folder of the local guard's model and features.
    """
    from helpers.teacher.keys import find_key

    at_openai = is_openai(os.environ.get("OPENAI_BASE_URL") or OPENAI)
    key = find_key("OPENAI_API_KEY")[0] if at_openai else None
    return remote_guard(key) if key else local_guard(cache)


def remote_guard(key: str, **options: Any) -> Guard:
    """A guard that asks OpenAI's moderation endpoint, which is free with any key.

    ``options`` go to the ``openai`` client.
    """
    import openai

    # People wait for the answer, so the timeout is short.
    defaults = {"base_url": OPENAI, "timeout": 15, "max_retries": 1}
    client = openai.OpenAI(api_key=key, **{**defaults, **options})

    def decide(text: str) -> Ruling:
        try:
            reply = client.moderations.create(model="omni-moderation-latest", input=text)
            found = reply.results[0]
            flags = [name for name, on in found.categories.model_dump().items() if on]
            scores = found.category_scores.model_dump().values()
        except Exception as error:  # its message could hold the key or the text
            raise GuardError(
                f"the moderation endpoint gave no answer ({type(error).__name__}). Nothing passes "
                "until it answers; without OPENAI_API_KEY the local guard is used."
            ) from None
        return Ruling(found.flagged, max(scores), REMOTE, ", ".join(flags))

    return Guard(REMOTE, decide)


def local_guard(cache: str | Path, threshold: float = 0.5) -> Guard:
    """A guard that runs on this machine; the features of its training texts are kept in ``cache``.

    It stops a text if the classifier's probability of harm is at least ``threshold`` for any piece
    of it.
    """
    model, tokenizer = load_reader(cache)
    classifier = fit_to(training_set(model, tokenizer, Path(cache) / "guard"))

    def decide(text: str) -> Ruling:
        pieces = features(model, tokenizer, _pieces(tokenizer, text))
        score = max(probabilities(classifier, pieces))
        return Ruling(score >= threshold, score, LOCAL)

    return Guard(LOCAL, decide)


def _pieces(tokenizer: PreTrainedTokenizerBase, text: str) -> list[list[int]]:
    """A text as token lists of at most WINDOW tokens, so that its end is read too."""
    # A token has at least one byte: a text that cannot fit is refused before it is tokenised.
    ids = text_ids(text, tokenizer) if len(text.encode()) <= 8 * LONGEST else None
    if ids is None or len(ids) > LONGEST:
        raise GuardError(
            f"the local guard reads at most {LONGEST:,} tokens and the text has more, so it may "
            "not pass. Shorten the text."
        )
    return [ids[i : i + WINDOW] for i in range(0, max(1, len(ids)), WINDOW)]


def evaluate_guard(cache: str | Path, seed: int = 0) -> tuple[list[LabelledSentence], list[float]]:
    """Cross-validate the local guard; returns ``(rows, scores)`` for :func:`detection_rates`.

    Each labelled sentence is scored by a guard that was fitted without it. The model and the
    features come from ``cache``.
    """
    training = training_set(*load_reader(cache), Path(cache) / "guard")
    scores = cross_validate(training.features, training.sentences, training.harmless, seed=seed)
    return training.sentences, scores


def detection_rates(
    rows: Sequence[Mapping[str, Any]],
    scores: Sequence[float],
    by: str = "language",
    threshold: float = 0.5,
) -> dict[str, DetectionRates]:
    """Precision, recall and false alarms of a guard, with Wilson's intervals.

    ``rows`` have ``harmful`` and the field ``by``. Returns ``{value of the field: rates}``; the
    entry ``all`` counts every row.
    """
    found: dict[str, DetectionRates] = {}
    for value in ("all", *sorted({row[by] for row in rows})):
        inside = [i for i, row in enumerate(rows) if value in ("all", row[by])]
        harmful = sum(rows[i]["harmful"] for i in inside)
        stopped = [i for i in inside if scores[i] >= threshold]
        hits = sum(rows[i]["harmful"] for i in stopped)
        found[value] = {
            "precision": _share(hits, len(stopped)),
            "recall": _share(hits, harmful),
            "false_alarms": _share(len(stopped) - hits, len(inside) - harmful),
        }
    return found


def _share(successes: int, trials: int) -> Interval | None:
    return wilson(successes, trials) if trials else None
