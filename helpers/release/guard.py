"""A guard at the door: is this text harmful? Asked of every message, on its way in and out.

Where there is a key for OpenAI, its moderation endpoint decides. Where there is none, a small guard
of our own: the mean hidden state of the untouched student in the middle of its layers, and
scikit-learn's logistic regression on it, fitted to the project's labelled sentences in three
languages and to ordinary tasks (without those, it takes every short instruction for an insult). The
ready-made packages that carry their weights know English words only. What ours is worth is measured
like a judge (:func:`evaluate_guard`): it teaches what a filter can and cannot do, and protects
nobody.

A guard that cannot decide lets nothing through: it raises GuardError.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from helpers.evaluation.intervals import wilson
from helpers.io import load_examples, read_jsonl
from helpers.safe_io.writing import scratch_folder
from helpers.teacher.addresses import OPENAI, is_openai
from helpers.training.tokens import text_ids

SENTENCES = Path("data/filter_sentences.jsonl")
LANGUAGES = ("en", "ko", "id")
REMOTE, LOCAL = "OpenAI moderation", "local guard"
LAYERS = (6, 15)  # of thirty; the last ones know what comes next, not what was said
WINDOW, LONGEST = 256, 8192  # tokens read at once; a text beyond the longest is not let through


class GuardError(RuntimeError):
    """No decision could be had, so nothing may pass; the message says why."""


@dataclass(frozen=True)
class Ruling:
    """What a guard said of a text: whether to stop it, how sure (0 to 1), which guard, and why."""

    blocked: bool
    score: float
    by: str
    why: str = ""


def open_guard(cache):
    """The guard to be had here, as a function from a text to a :class:`Ruling`; ``by`` names it.

    OpenAI's where the environment (or ``.env``, or Colab's secrets) has its key, else the local
    one, with its model and weights from the folder ``cache``. A key beside an OPENAI_BASE_URL that
    leads elsewhere is the key of that place, and stays there. Both raise GuardError for a text on
    which they cannot decide.
    """
    from helpers.teacher.keys import find_key

    at_openai = is_openai(os.environ.get("OPENAI_BASE_URL") or OPENAI)
    key = find_key("OPENAI_API_KEY")[0] if at_openai else None
    return remote_guard(key) if key else local_guard(cache)


def remote_guard(key, **options):
    """OpenAI's moderation endpoint (free of charge with any key) as a guard."""
    import openai

    where = {"base_url": OPENAI, "timeout": 15, "max_retries": 1}  # people wait for it
    client = openai.OpenAI(api_key=key, **{**where, **options})

    def ask(text):
        try:
            reply = client.moderations.create(model="omni-moderation-latest", input=text)
            found = reply.results[0]
            flags = [name for name, on in found.categories.model_dump().items() if on]
            scores = found.category_scores.model_dump().values()
        except Exception as error:  # its message could hold the key or the text
            raise GuardError(
                f"the moderation endpoint gave no answer ({type(error).__name__}). Nothing is let "
                "through until it does; without OPENAI_API_KEY the local guard is used."
            ) from None
        return Ruling(found.flagged, max(scores), REMOTE, ", ".join(flags))

    ask.by = REMOTE
    return ask


def local_guard(cache, threshold=0.5):
    """Our own guard as a function; what it learns from is read once and kept in ``cache``."""
    model, tokenizer = _reader(cache)
    rows, x, plain = _known(model, tokenizer, Path(cache) / "guard")
    classifier = fit(*_with_ordinary(rows, x, plain))

    def ask(text):
        pieces = features(model, tokenizer, _windows(tokenizer, text))
        score = max(probabilities(classifier, pieces))
        return Ruling(score >= threshold, score, LOCAL)

    ask.by = LOCAL
    return ask


def _reader(cache):
    """The untouched student, as far up as its layers are asked, and its tokenizer."""
    from helpers.training.model_folders import student_folder
    from helpers.training.student import load_student, load_tokenizer

    folder = student_folder("embedded", cache)
    model = load_student(folder).float()
    model.base_model.layers = model.base_model.layers[: LAYERS[-1] + 1]
    return model, load_tokenizer(folder)


def _windows(tokenizer, text):
    """A text as pieces of at most WINDOW tokens, so that harm at the end is read as well."""
    # A token is at least a byte: what cannot fit is turned away before it is tokenised.
    ids = text_ids(text, tokenizer) if len(text.encode()) <= 8 * LONGEST else None
    if ids is None or len(ids) > LONGEST:
        raise GuardError(f"a text of more than {LONGEST:,} tokens is not read, so it may not pass.")
    return [ids[i : i + WINDOW] for i in range(0, max(1, len(ids)), WINDOW)]


def features(model, tokenizer, pieces, batch=16):
    """Mean hidden states of token lists at LAYERS, side by side: an array (pieces, 2 · width)."""
    import torch

    found = [None] * len(pieces)
    order = sorted(range(len(pieces)), key=lambda i: len(pieces[i]))
    for start in range(0, len(order), batch):
        part = order[start : start + batch]
        some = [pieces[i] or [tokenizer.eos_token_id] for i in part]
        width = max(map(len, some))
        ids = torch.tensor([p + [tokenizer.pad_token_id] * (width - len(p)) for p in some])
        mask = torch.tensor([[1] * len(p) + [0] * (width - len(p)) for p in some])
        with torch.inference_mode():
            states = model.base_model(
                input_ids=ids.to(model.device),
                attention_mask=mask.to(model.device),
                output_hidden_states=True,
            ).hidden_states
        both = torch.cat([states[layer] for layer in LAYERS], dim=-1).cpu() * mask[..., None]
        for i, mean in zip(part, both.sum(1) / mask.sum(1, keepdim=True), strict=True):
            found[i] = mean
    return torch.stack(found).numpy()


def fit(x, harmful):
    """A logistic regression with a penalty, both kinds of text weighing the same in all.

    ``x`` is an array of :func:`features`, ``harmful`` a list of booleans. Returns a classifier of
    scikit-learn.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    classifier = LogisticRegression(C=50 / len(harmful), class_weight="balanced", max_iter=1000)
    return make_pipeline(StandardScaler(), classifier).fit(x, harmful)


def probabilities(classifier, x):
    """How harmful each row of :func:`features` looks, 0 to 1, as a list."""
    return classifier.predict_proba(x)[:, 1].tolist()


def harmless_texts(each=60):
    """Instructions and answers of seed tasks in all languages: what a guard must leave alone."""
    rows = [load_examples(f"data/seed_tasks.{language}.jsonl")[:each] for language in LANGUAGES]
    return [row[field] for some in rows for row in some for field in ("instruction", "output")]


def evaluate_guard(cache, seed=0):
    """The labelled sentences, and for each a score from a guard that has not seen it.

    Returns ``(rows, scores)``, for :func:`detection_rates`; the model and what it read come from
    ``cache``.
    """
    rows, x, plain = _known(*_reader(cache), Path(cache) / "guard")
    return rows, cross_validate(x, rows, plain, seed=seed)


def cross_validate(x, rows, ordinary, folds=5, seed=0):
    """A score for every labelled row from a guard that has not seen it; a list.

    ``x`` holds the features of ``rows``, ``ordinary`` those of harmless texts, in every training.
    Each fold takes its share of every language and kind.
    """
    from sklearn.model_selection import StratifiedKFold

    groups = [f"{row['language']} {row['kind']}" for row in rows]
    scores = [0.0] * len(rows)
    for seen, unseen in StratifiedKFold(folds, shuffle=True, random_state=seed).split(x, groups):
        classifier = fit(*_with_ordinary([rows[i] for i in seen], x[seen], ordinary))
        for i, score in zip(unseen, probabilities(classifier, x[unseen]), strict=True):
            scores[i] = score
    return scores


def _with_ordinary(rows, x, ordinary):
    """Labelled rows and harmless texts as one set to learn from: features, and what is harmful."""
    import numpy

    return numpy.concatenate([x, ordinary]), [r["harmful"] for r in rows] + [False] * len(ordinary)


def detection_rates(rows, scores, by="language", threshold=0.5):
    """What a guard is worth: ``{value: {"precision", "recall", "false_alarms"}}`` with intervals.

    ``by`` is the field to split by; the entry ``all`` counts every row. Wilson's intervals; None
    where there is nothing to count (no precision where nothing was stopped).
    """
    found = {}
    for value in ("all", *sorted({row[by] for row in rows})):
        inside = [i for i, row in enumerate(rows) if value in ("all", row[by])]
        harmful = [i for i in inside if rows[i]["harmful"]]
        stopped = [i for i in inside if scores[i] >= threshold]
        hits = sum(rows[i]["harmful"] for i in stopped)
        harmless = len(inside) - len(harmful)
        found[value] = {
            "precision": wilson(hits, len(stopped)) if stopped else None,
            "recall": wilson(hits, len(harmful)) if harmful else None,
            "false_alarms": wilson(len(stopped) - hits, harmless) if harmless else None,
        }
    return found


def _known(model, tokenizer, folder):
    """``(labelled rows, their features, those of ordinary texts)``; read once, kept in ``folder``.

    The file is named by the texts and layers, so other sentences are read afresh.
    """
    from safetensors.numpy import load_file, save_file

    rows, ordinary = read_jsonl(SENTENCES), harmless_texts()
    texts = [row["text"] for row in rows] + ordinary
    path = (
        folder
        / f"{hashlib.sha256(repr((texts, LAYERS, WINDOW)).encode()).hexdigest()[:12]}.safetensors"
    )
    if not path.is_file():
        x = features(model, tokenizer, [text_ids(text, tokenizer)[:WINDOW] for text in texts])
        with scratch_folder(path) as scratch:
            save_file({"x": x}, scratch / path.name)
            os.replace(scratch / path.name, path)
    x = load_file(path)["x"]
    return rows, x[: len(rows)], x[len(rows) :]
