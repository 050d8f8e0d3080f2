"""A judge for small models: not asked for an opinion, but for how likely it finds the answers.

A model of a hundred million parameters that is asked "A or B?" answers by the position. What it
has learned shows elsewhere: a request makes a fitting answer more likely than it would be by
itself. The score of an answer is how much::

    log P(answer | request) - log P(answer | no request)        nats, over the whole answer

the pointwise mutual information of both. The second term takes away what any answer gains by being
short, fluent or commonplace. Each answer is scored by itself, so there is no order to follow, and
no plea to be chosen that this judge could read. Of the ways that were tried
(``benchmarks/judging.py --worth``) it is the one that held both on our gold pairs and on pairs
judged by people; what it is worth is measured like any other judge.
"""

import hashlib
import json
from pathlib import Path

from helpers.evaluation.verdict_stats import record_of
from helpers.io import append_jsonl, read_jsonl
from helpers.planning.hardware import working_dtype
from helpers.training.encoding import collate, encode, micro_batches, token_losses
from helpers.training.model_folders import student_folder
from helpers.training.student import load_student, load_tokenizer

TOKENS_AT_ONCE = 1024


def load_judge(cache):
    """The embedded model as this judge: ``(model, tokenizer)``. ``cache`` keeps converted models.

    In the number format this machine computes in: scores of half precision decide alike.
    """
    folder = student_folder("embedded", cache)
    return load_student(folder).to(working_dtype()), load_tokenizer(folder, "chat")


def judge_by_likelihood(model, tokenizer, pairs, cache, *, on_score=None):
    """Verdict records for pairs (as ``judge`` gives them), from a model with a chat template.

    ``tokenizer`` is one of :func:`helpers.training.student.load_tokenizer` with ``style="chat"``.
    The records' two orders agree by construction; ``scores`` holds both answers' nats. Scores are
    kept in the JSON Lines file ``cache``; ``on_score(done, total)`` is told of each batch.
    """
    asked = [(pair["request"], pair[side]) for pair in pairs for side in ("left", "right")]
    scores = _remembered(model, tokenizer, asked, cache, on_score)
    return [
        _record(pair, left, right)
        for pair, left, right in zip(pairs, scores[::2], scores[1::2], strict=True)
    ]


def _record(pair, left, right):
    verdict = "tie" if left == right else "A" if left > right else "B"
    turned = {"A": "B", "B": "A", "tie": "tie"}[verdict]
    scores = [round(left, 3), round(right, 3)]
    return record_of(pair, verdict, turned, p_left=None, scores=scores)


def contrast(model, tokenizer, asked):
    """Scores of ``(request, answer)`` pairs, in nats: what the request adds to the answer."""
    with_request = log_likelihoods(model, tokenizer, asked)
    alone = log_likelihoods(model, tokenizer, [("", answer) for _, answer in asked])
    return [a - b for a, b in zip(with_request, alone, strict=True)]


def log_likelihoods(model, tokenizer, asked):
    """Log-probability of each answer's tokens and its end after the request, in nats."""
    import torch

    rows = [{"instruction": request, "output": answer} for request, answer in asked]
    encoded = [{**encode(row, tokenizer, 4096), "at": at} for at, row in enumerate(rows)]
    found = [0.0] * len(rows)
    for part in micro_batches(encoded, TOKENS_AT_ONCE):
        batch = collate(part, tokenizer.pad_token_id)
        batch = {key: value.to(model.device) for key, value in batch.items()}
        with torch.inference_mode():
            losses = token_losses(model, batch).sum(dim=1).tolist()
        for row, loss in zip(part, losses, strict=True):
            found[row["at"]] = -loss
    return found


def _remembered(model, tokenizer, asked, cache, on_score, batch=16):
    """Scores from the file, or made and written there, a batch at a time."""
    path = Path(cache)
    kept = read_jsonl(path, torn_tail_ok=True) if path.exists() else []
    known = {row["key"]: row["score"] for row in kept}
    keys = [_key(model, *pair) for pair in asked]
    missing = list(
        {key: pair for key, pair in zip(keys, asked, strict=True) if key not in known}.items()
    )
    # Answers of like length together, so that little is padded.
    missing.sort(key=lambda item: len(item[1][0]) + len(item[1][1]))
    for start in range(0, len(missing), batch):
        part = missing[start : start + batch]
        scores = contrast(model, tokenizer, [pair for _, pair in part])
        rows = [{"key": key, "score": score} for (key, _), score in zip(part, scores, strict=True)]
        append_jsonl(path, rows)
        known |= {row["key"]: row["score"] for row in rows}
        if on_score:
            on_score(start + len(part), len(missing))
    return [known[key] for key in keys]


def _key(model, request, answer):
    # The folder's name, not its path: moved to another place it is the same judge.
    name = Path(getattr(model.config, "name_or_path", "")).name or type(model).__name__
    whole = json.dumps([name, model.num_parameters(), request, answer], ensure_ascii=False)
    return hashlib.sha256(whole.encode()).hexdigest()[:24]
