"""A classifier of harmful text: logistic regression on hidden states of the untrained student.

The features of a text are the mean hidden states of the student after two of its middle layers.
scikit-learn's logistic regression is fitted to the project's labelled sentences in three languages,
and to ordinary tasks: without these, it takes every short instruction for an insult. The packages
that come with ready weights know English words only.

The classifier shows what a filter can and cannot do. It is too weak to protect anybody.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

from helpers.files.writing import scratch_folder
from helpers.io import load_examples, read_jsonl
from helpers.training.token_ids import text_ids

if TYPE_CHECKING:
    import numpy
    from sklearn.pipeline import Pipeline
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

SENTENCES = Path("data/filter_sentences.jsonl")
LANGUAGES = ("en", "ko", "id")
LAYERS = (6, 15)  # of thirty; the last layers predict the next token rather than describe the text
WINDOW = 256  # tokens that are read at once


class LabelledSentence(TypedDict):
    """A sentence that people labelled as harmful or not, with its language and its kind of harm."""

    id: str
    language: str
    harmful: bool
    kind: str
    text: str


class TrainingSet(NamedTuple):
    """The labelled sentences, their features, and the features of harmless texts.

    The features are arrays of shape ``(texts, 2 · width of the model)``.
    """

    sentences: list[LabelledSentence]
    features: numpy.ndarray
    harmless: numpy.ndarray


def load_reader(cache: str | Path) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """The untrained student up to the last of :data:`LAYERS`, and its tokenizer.

    ``cache`` is the folder of converted models.
    """
    from helpers.training.model_folders import student_folder
    from helpers.training.student import load_student, load_tokenizer

    folder = student_folder("embedded", cache)
    model = load_student(folder).float()
    model.base_model.layers = model.base_model.layers[: LAYERS[-1] + 1]
    return model, load_tokenizer(folder)


def features(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    pieces: Sequence[list[int]],
    batch: int = 16,
) -> numpy.ndarray:
    """Mean hidden states of token lists after :data:`LAYERS`: shape ``(pieces, 2 · width)``."""
    import torch

    means: dict[int, torch.Tensor] = {}
    order = sorted(range(len(pieces)), key=lambda i: len(pieces[i]))
    for start in range(0, len(order), batch):
        numbers = order[start : start + batch]
        lists = [pieces[i] or [tokenizer.eos_token_id] for i in numbers]
        width = max(map(len, lists))
        ids = torch.tensor([p + [tokenizer.pad_token_id] * (width - len(p)) for p in lists])
        mask = torch.tensor([[1] * len(p) + [0] * (width - len(p)) for p in lists])
        with torch.inference_mode():
            states = model.base_model(
                input_ids=ids.to(model.device),
                attention_mask=mask.to(model.device),
                output_hidden_states=True,
            ).hidden_states
        both = torch.cat([states[layer] for layer in LAYERS], dim=-1).cpu() * mask[..., None]
        means.update(zip(numbers, both.sum(1) / mask.sum(1, keepdim=True), strict=True))
    return torch.stack([means[i] for i in range(len(pieces))]).numpy()


def fit(x: numpy.ndarray, harmful: Sequence[bool]) -> Pipeline:
    """Fit a regularised logistic regression in which both classes have the same total weight.

    ``x`` are :func:`features`, ``harmful`` their labels. Returns a classifier of scikit-learn.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    classifier = LogisticRegression(C=50 / len(harmful), class_weight="balanced", max_iter=1000)
    return make_pipeline(StandardScaler(), classifier).fit(x, harmful)


def fit_to(training: TrainingSet) -> Pipeline:
    """Fit the classifier to a whole training set."""
    return _fit_with_harmless(training.sentences, training.features, training.harmless)


def _fit_with_harmless(
    rows: Sequence[LabelledSentence], x: numpy.ndarray, harmless: numpy.ndarray
) -> Pipeline:
    import numpy

    labels = [row["harmful"] for row in rows] + [False] * len(harmless)
    return fit(numpy.concatenate([x, harmless]), labels)


def probabilities(classifier: Pipeline, x: numpy.ndarray) -> list[float]:
    """How likely each row of :func:`features` is harmful, from 0 to 1."""
    return classifier.predict_proba(x)[:, 1].tolist()


def cross_validate(
    x: numpy.ndarray,
    rows: Sequence[LabelledSentence],
    harmless: numpy.ndarray,
    folds: int = 5,
    seed: int = 0,
) -> list[float]:
    """Score every labelled row with a classifier that was fitted without it.

    ``x`` are the features of ``rows``. ``harmless`` are the features of harmless texts, which are
    in every fold's training data. Each fold has its share of every language and kind.
    """
    from sklearn.model_selection import StratifiedKFold

    groups = [f"{row['language']} {row['kind']}" for row in rows]
    scores = [0.0] * len(rows)
    for seen, unseen in StratifiedKFold(folds, shuffle=True, random_state=seed).split(x, groups):
        classifier = _fit_with_harmless([rows[i] for i in seen], x[seen], harmless)
        for i, score in zip(unseen, probabilities(classifier, x[unseen]), strict=True):
            scores[i] = score
    return scores


def harmless_texts(each: int = 60) -> list[str]:
    """Instructions and answers of ``each`` seed tasks per language, which a guard must not stop."""
    rows = [load_examples(f"data/seed_tasks.{language}.jsonl")[:each] for language in LANGUAGES]
    return [text for some in rows for row in some for text in (row["instruction"], row["output"])]


def training_set(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path
) -> TrainingSet:
    """The training data of the classifier; its features are computed once and kept in ``folder``.

    The file name contains a hash of the texts and layers, so changed sentences are read again.
    """
    from safetensors.numpy import load_file, save_file

    sentences: list[Any] = read_jsonl(SENTENCES)
    texts = [row["text"] for row in sentences] + harmless_texts()
    digest = hashlib.sha256(repr((texts, LAYERS, WINDOW)).encode()).hexdigest()[:12]
    path = folder / f"{digest}.safetensors"
    if not path.is_file():
        x = features(model, tokenizer, [text_ids(text, tokenizer)[:WINDOW] for text in texts])
        with scratch_folder(path) as scratch:
            save_file({"x": x}, scratch / path.name)
            os.replace(scratch / path.name, path)
    x = load_file(path)["x"]
    return TrainingSet(sentences, x[: len(sentences)], x[len(sentences) :])
