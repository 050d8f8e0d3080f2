"""A likelihood-based judge for small models: which answer does the request make more likely?

A model with a hundred million parameters that is asked "A or B?" answers by the position. Its
probabilities are more useful: a request makes a fitting answer more likely than it would be
without the request. The score of an answer is this gain::

    log P(answer | request) - log P(answer | no request)        nats, over the whole answer

This is the pointwise mutual information of request and answer. The second term removes what any
answer gains by being short, fluent or common. Each answer is scored alone, so the order of the
answers has no effect, and this judge cannot read a plea to be chosen. ``benchmarks/judging.py
--worth`` compares several such scores. This one, there called "contrast", is the only one that is
better than chance both on the gold pairs and on pairs judged by people.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from helpers.evaluation.verdict_records import Letter, Pair, Verdict, verdict_record
from helpers.io import append_jsonl, read_jsonl
from helpers.planning.hardware import working_dtype
from helpers.training.batching import (
    layout_of,
    micro_batches,
    to_device,
    to_tensors,
)
from helpers.training.encoding import IGNORED, EncodedRow, encode, response_tokens, token_losses
from helpers.training.model_folders import student_folder
from helpers.training.student import load_student, load_tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

TOKENS_AT_ONCE = 1024
PAIRS_AT_ONCE = 16  # between two writes of the cache
_OTHER: dict[Letter, Letter] = {"A": "B", "B": "A", "tie": "tie"}


def load_judge(cache: str | Path) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """The embedded model and its tokenizer, as a judge. ``cache`` keeps converted models.

    The model is in the number format that this machine computes in. Half precision decides like
    full precision.
    """
    from helpers.training.prefix_attention import training_attention

    folder = student_folder("embedded", cache)
    model = load_student(folder).to(working_dtype())
    model.set_attn_implementation(training_attention(model.config))
    return model, load_tokenizer(folder, "chat")


def judge_by_likelihood(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    pairs: Sequence[Pair],
    cache: str | Path,
    *,
    on_score: Callable[[int, int], None] | None = None,
) -> list[Verdict]:
    """Verdict records of pairs, in their order, from a model with a chat template.

    ``tokenizer`` is loaded with ``style="chat"`` (``student.load_tokenizer``). Both orders of a
    record agree by construction; ``scores`` has both answers' scores in nats. Scores are kept in
    the JSON Lines file ``cache``. ``on_score(done, total)`` is called after each batch of new ones.
    """
    asked = [
        (pair["request"], answer) for pair in pairs for answer in (pair["left"], pair["right"])
    ]
    scores = _cached_scores(model, tokenizer, asked, Path(cache), on_score)
    return [
        _record(pair, left, right)
        for pair, left, right in zip(pairs, scores[::2], scores[1::2], strict=True)
    ]


def _record(pair: Pair, left: float, right: float) -> Verdict:
    verdict: Letter = "tie" if left == right else "A" if left > right else "B"
    record = verdict_record(pair, verdict, _OTHER[verdict], p_left=None)
    return {**record, "scores": [round(left, 3), round(right, 3)]}


def mutual_information(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, asked: Sequence[tuple[str, str]]
) -> list[float]:
    """Scores of ``(request, answer)`` pairs in nats: how much the request adds to the answer."""
    with_request = log_likelihoods(model, tokenizer, asked)
    alone = log_likelihoods(model, tokenizer, [("", answer) for _, answer in asked])
    return [given - free for given, free in zip(with_request, alone, strict=True)]


def log_likelihoods(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, asked: Sequence[tuple[str, str]]
) -> list[float]:
    """Log-probability of each answer's tokens and its end token after the request, in nats.

    ``asked`` has ``(request, answer)`` pairs. An answer counts up to token 4,096 of the whole row.
    Raises ValueError for a request that alone is longer.
    """
    import torch

    encoded: list[EncodedRow] = []
    for number, (request, answer) in enumerate(asked):
        row = encode({"instruction": request, "input": "", "output": answer}, tokenizer, 4096)
        encoded.append({**row, "row": number})
    found = [0.0] * len(encoded)
    layout = layout_of(model)
    for part in micro_batches(encoded, TOKENS_AT_ONCE, layout):
        batch = to_device(to_tensors(part, tokenizer.pad_token_id, layout))
        with torch.inference_mode():
            losses = token_losses(model, batch)[batch["labels"][:, 1:] != IGNORED]
        lengths = [response_tokens([row]) for row in part]
        for row, each in zip(part, losses.split(lengths), strict=True):
            found[row["row"]] = -each.sum().item()
    return found


def _cached_scores(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    asked: Sequence[tuple[str, str]],
    path: Path,
    on_score: Callable[[int, int], None] | None,
) -> list[float]:
    """Scores of ``(request, answer)`` pairs; those that are not in the file are added to it."""
    stored = read_jsonl(path, torn_tail_ok=True) if path.exists() else []
    known: dict[str, float] = {row["key"]: row["score"] for row in stored}
    keys = [_key(model, request, answer) for request, answer in asked]
    by_key = {key: pair for key, pair in zip(keys, asked, strict=True) if key not in known}
    # Answers of similar length are scored together, so that there is little padding.
    missing = sorted(by_key.items(), key=lambda item: len(item[1][0]) + len(item[1][1]))
    for start in range(0, len(missing), PAIRS_AT_ONCE):
        part = missing[start : start + PAIRS_AT_ONCE]
        scores = mutual_information(model, tokenizer, [pair for _, pair in part])
        new = dict(zip([key for key, _ in part], scores, strict=True))
        append_jsonl(path, [{"key": key, "score": score} for key, score in new.items()])
        known |= new
        if on_score:
            on_score(start + len(part), len(missing))
    return [known[key] for key in keys]


def _key(model: PreTrainedModel, request: str, answer: str) -> str:
    """The key of a score in the cache."""
    # The folder's name and not its path: in another place it is the same judge.
    name = Path(getattr(model.config, "name_or_path", "")).name or type(model).__name__
    whole = json.dumps([name, model.num_parameters(), request, answer], ensure_ascii=False)
    return hashlib.sha256(whole.encode()).hexdigest()[:24]
