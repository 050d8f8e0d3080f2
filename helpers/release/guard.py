"""A guard at the door: is this text harmful? Asked of every message, on its way in and out.

Where there is a key for OpenAI, its moderation endpoint decides. Where there is none, a small guard
of our own: the mean hidden state of the untouched student in the middle of its layers, and a
logistic regression on it, fitted to the project's labelled sentences in three languages and to
ordinary tasks (without those, it takes every short instruction for an insult). The ready-made
packages that carry their weights know English words only. What ours is worth is measured like a
judge (:func:`cross_validate`): it teaches what a filter can and cannot do, and protects nobody.

A guard that cannot decide lets nothing through: it raises GuardError.
"""

import hashlib
import os
import random
from dataclasses import dataclass
from pathlib import Path

from helpers.intervals import wilson
from helpers.io import load_examples, read_jsonl

SENTENCES = Path("data/filter_sentences.jsonl")
LANGUAGES = ("en", "ko", "id")
LAYERS = (6, 15)  # of thirty; the last ones know what comes next, not what was said
WINDOW, LONGEST = 256, 8192  # tokens read at once; a text beyond the longest is not let through
STRENGTH = 0.01  # of the penalty on weights


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
    """The guard to be had here, as a function from a text to a :class:`Ruling`.

    OpenAI's where the environment (or ``.env``, or Colab's secrets) has its key, else the local
    one, with its model and weights from the folder ``cache``. Both raise GuardError for a text on
    which they cannot decide.
    """
    from helpers.keys import find_key

    key, _ = find_key("OPENAI_API_KEY")
    return remote_guard(key) if key else local_guard(cache)


def remote_guard(key, **options):
    """OpenAI's moderation endpoint (free of charge with any key) as a guard."""
    import openai

    client = openai.OpenAI(api_key=key, **options)

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
        return Ruling(found.flagged, max(scores), "OpenAI moderation", ", ".join(flags))

    return ask


def local_guard(cache, threshold=0.5):
    """Our own guard as a function; fitted once (under a minute), kept in the folder ``cache``."""
    from helpers.student import load_student, load_tokenizer, student_folder

    folder = student_folder("embedded", cache)
    model, tokenizer = load_student(folder).float(), load_tokenizer(folder)
    model.base_model.layers = model.base_model.layers[: LAYERS[-1] + 1]  # the others are not asked
    weights = _kept(model, tokenizer, Path(cache) / "guard")

    def ask(text):
        score = max(probabilities(weights, features(model, tokenizer, _windows(tokenizer, text))))
        return Ruling(score >= threshold, score, "local guard")

    return ask


def _windows(tokenizer, text):
    """A text as pieces of at most WINDOW tokens, so that harm at the end is read as well."""
    # A token is at least a byte: what cannot fit is turned away before it is tokenised.
    ids = tokenizer(text)["input_ids"] if len(text.encode()) <= 8 * LONGEST else None
    if ids is None or len(ids) > LONGEST:
        raise GuardError(f"a text of more than {LONGEST:,} tokens is not read, so it may not pass.")
    return [ids[i : i + WINDOW] for i in range(0, max(1, len(ids)), WINDOW)]


def features(model, tokenizer, pieces, batch=16):
    """Mean hidden states of token lists at LAYERS, side by side: ``(pieces, 2 · width)``."""
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
    return torch.stack(found)


def fit(x, harmful):
    """Logistic regression with a penalty, harmful and harmless texts weighing the same in all.

    ``x`` is a tensor of :func:`features`, ``harmful`` a list of booleans. Returns a dict of
    tensors: ``mean`` and ``scale`` of the features, ``weights``, ``bias``.
    """
    import torch

    x, t = x.double(), torch.tensor(harmful, dtype=torch.float64)
    mean, scale = x.mean(0), x.std(0) + 1e-6
    x = (x - mean) / scale
    share = torch.where(t == 1, 0.5 / t.sum(), 0.5 / (1 - t).sum())
    w = torch.zeros(x.shape[1] + 1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([w], max_iter=200, line_search_fn="strong_wolfe")

    def loss():
        optimizer.zero_grad()
        each = torch.nn.functional.binary_cross_entropy_with_logits(
            x @ w[:-1] + w[-1], t, reduction="none"
        )
        total = (share * each).sum() + STRENGTH * (w[:-1] ** 2).sum()
        total.backward()
        return total

    optimizer.step(loss)
    w = w.detach()
    return {"mean": mean, "scale": scale, "weights": w[:-1].clone(), "bias": w[-1:].clone()}


def probabilities(weights, x):
    """How harmful each row of :func:`features` looks, 0 to 1, as a list."""
    x = (x.double() - weights["mean"]) / weights["scale"]
    return (x @ weights["weights"] + weights["bias"]).sigmoid().tolist()


def ordinary_texts(each=60):
    """Instructions and answers of seed tasks in all languages: what a guard must leave alone."""
    rows = [load_examples(f"data/seed_tasks.{language}.jsonl")[:each] for language in LANGUAGES]
    return [row[field] for some in rows for row in some for field in ("instruction", "output")]


def cross_validate(x, rows, ordinary, folds=5, seed=0):
    """A score for every labelled row from a guard that has not seen it; a list.

    ``x`` holds the features of ``rows``, ``ordinary`` those of harmless texts, in every training.
    Each fold takes its share of every language and kind.
    """
    import torch

    rng, fold_of = random.Random(seed), {}
    for group in sorted({(row["language"], row["kind"]) for row in rows}):
        inside = [i for i, row in enumerate(rows) if (row["language"], row["kind"]) == group]
        for place, i in enumerate(rng.sample(inside, len(inside))):
            fold_of[i] = place % folds
    scores = [0.0] * len(rows)
    for fold in range(folds):
        seen = [i for i in fold_of if fold_of[i] != fold]
        unseen = [i for i in fold_of if fold_of[i] == fold]
        harmful = [rows[i]["harmful"] for i in seen] + [False] * len(ordinary)
        weights = fit(torch.cat([x[seen], ordinary]), harmful)
        for i, score in zip(unseen, probabilities(weights, x[unseen]), strict=True):
            scores[i] = score
    return scores


def worth(rows, scores, by="language", threshold=0.5):
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


def _kept(model, tokenizer, folder):
    """Weights of the guard from a file named by what it was fitted to, or fitted and written."""
    from safetensors.torch import load_file, save_file

    rows, ordinary = read_jsonl(SENTENCES), ordinary_texts()
    texts = [row["text"] for row in rows] + ordinary
    mark = hashlib.sha256(repr((texts, LAYERS, STRENGTH)).encode()).hexdigest()[:12]
    path = folder / f"{mark}.safetensors"
    if path.is_file():
        return load_file(path)
    pieces = [tokenizer(text)["input_ids"][:WINDOW] for text in texts]
    harmful = [row["harmful"] for row in rows] + [False] * len(ordinary)
    weights = fit(features(model, tokenizer, pieces), harmful)
    folder.mkdir(parents=True, exist_ok=True)
    save_file(weights, path.with_suffix(".unfinished"))
    os.replace(path.with_suffix(".unfinished"), path)
    return weights
