"""A watermark for generated text: readers do not see it, and a program can count it.

The method is that of Kirchenbauer et al. 2023. Before each token, a secret key and the previous
token choose a *green list*: a quarter of the vocabulary. Green tokens get a slightly higher score.
In other texts about a quarter of the tokens is green by chance; in a watermarked text many more
are. Whoever knows the key can count them.

transformers adds the watermark (``WatermarkingConfig``) and also detects it
(``WatermarkDetector``). Its older versions count a repeated pair of tokens every time, so a model
that repeats itself looks watermarked. :func:`detect` counts each pair once and gives an exact
binomial p-value; the tests compare it with transformers' detector.

The other functions measure how many texts are found, by length and after edits, and how much the
watermark raises the model's loss.
"""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypedDict

from helpers.evaluation.intervals import Interval, bootstrap, wilson
from helpers.io import Task
from helpers.planning.hardware import device
from helpers.training.answering import answer
from helpers.training.encoding import IGNORED, EncodedRow, encode
from helpers.training.token_ids import text_ids

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase, WatermarkingConfig

KEY, SHARE, BIAS = 15485863, 0.25, 2.5  # transformers' default key: draw a secret one for real use
P_VALUE_LIMIT = 0.001  # a text counts as watermarked below this p-value


class GreenCount(TypedDict):
    """How many pairs of neighbouring tokens end in a green token, and how unlikely that is.

    ``z`` is the distance from chance in standard deviations. ``p`` is the probability that a text
    without a watermark has at least as many green pairs. Both are None for a text without pairs.
    """

    pairs: int
    green: int
    z: float | None
    p: float | None


class FoundRate(Interval):
    """The share of texts in which the watermark is found, and the texts' median ``z``, or None."""

    z: float | None


def watermark(bias: float = BIAS, key: int = KEY) -> WatermarkingConfig:
    """The ``watermarking_config`` for ``model.generate``.

    Use it with sampling: with greedy decoding a watermarked model repeats itself.
    """
    from transformers import WatermarkingConfig

    return WatermarkingConfig(
        greenlist_ratio=SHARE, bias=bias, hashing_key=key, seeding_scheme="lefthash"
    )


def green_list(before: int, vocabulary: int, key: int = KEY, share: float = SHARE) -> set[int]:
    """The ids of the tokens that are green after the token with the id ``before``.

    The random numbers are drawn on the device that models use here, because a GPU and a CPU draw
    different ones: a text that was written on a GPU is found on a GPU only.
    """
    import torch

    where = device()
    generator = torch.Generator(where).manual_seed(key * before % (2**64 - 1))
    order = torch.randperm(vocabulary, device=where, generator=generator)
    return set(order[: int(vocabulary * share)].tolist())


def detect(ids: Iterable[int], vocabulary: int, key: int = KEY) -> GreenCount:
    """Count the green pairs of a text and compare them with chance.

    ``ids`` are the token ids of the answer alone, without prompt, end token and padding.
    ``vocabulary`` is the size of the model's vocabulary (``model.config.vocab_size``), which may
    be larger than the tokenizer's.
    """
    from scipy.stats import binom

    pairs = set(pairwise(ids))
    if not pairs:
        return {"pairs": 0, "green": 0, "z": None, "p": None}
    lists = {before: green_list(before, vocabulary, key) for before, _ in pairs}
    green = sum(token in lists[before] for before, token in pairs)
    n, deviation = len(pairs), math.sqrt(len(pairs) * SHARE * (1 - SHARE))
    p_value = float(binom.sf(green - 1, n, SHARE))
    return {"pairs": n, "green": green, "z": (green - n * SHARE) / deviation, "p": p_value}


def replace_words(text: str, share: float, others: str, rng: random.Random) -> str:
    """The text with that share of its words replaced by words from ``others``, drawn by ``rng``."""
    words, replacements = text.split(" "), others.split()
    for i in rng.sample(range(len(words)), round(share * len(words))):
        words[i] = rng.choice(replacements)
    return " ".join(words)


def sample_answers(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    rows: Sequence[Task],
    tokens: int,
    *,
    marked: bool,
    seed: int = 0,
) -> list[str]:
    """Answers to rows, of exactly ``tokens`` tokens each, sampled at temperature 0.8."""
    import torch

    torch.manual_seed(seed)
    generation: dict[str, Any] = {
        "do_sample": True,
        "temperature": 0.8,
        "top_p": 0.95,
        "min_new_tokens": tokens,
    }
    if marked:
        generation["watermarking_config"] = watermark()
    answers = answer(model, tokenizer, rows, max_new_tokens=tokens, generation=generation)
    return [one["output"] for one in answers]


def token_ids(texts: Iterable[str], tokenizer: PreTrainedTokenizerBase) -> list[list[int]]:
    """The token ids of each text, as anybody who has only the text would get them."""
    return [text_ids(text, tokenizer) for text in texts]


def count_found(texts: Iterable[Sequence[int]], vocabulary: int) -> FoundRate:
    """The share of texts, given as token ids, in which the watermark is found.

    The interval is Wilson's. A text that is too short to have a pair counts as not found.
    """
    counts = [detect(ids, vocabulary) for ids in texts]
    found = sum(count["p"] is not None and count["p"] < P_VALUE_LIMIT for count in counts)
    scores = [count["z"] for count in counts if count["z"] is not None]
    return {**wilson(found, len(counts)), "z": statistics.median(scores) if scores else None}


def found_by_length(
    marked: Sequence[Sequence[int]],
    plain: Sequence[Sequence[int]],
    vocabulary: int,
    lengths: Iterable[int],
) -> dict[int, dict[str, FoundRate]]:
    """:func:`count_found` on the first tokens of texts with and without the watermark.

    Returns ``{length: {"marked": …, "plain": …}}``.
    """
    return {
        length: {
            name: count_found([ids[:length] for ids in texts], vocabulary)
            for name, texts in (("marked", marked), ("plain", plain))
        }
        for length in lengths
    }


def found_after_edits(
    texts: Collection[str],
    others: str,
    tokenizer: PreTrainedTokenizerBase,
    vocabulary: int,
    shares: Iterable[float] = (0, 0.1, 0.3, 0.5),
) -> dict[float, FoundRate]:
    """:func:`count_found` on watermarked texts of which a share of the words was replaced.

    The new words come from ``others``. Returns ``{share: …}``.
    """
    rng = random.Random(0)
    return {
        share: count_found(
            token_ids([replace_words(text, share, others, rng) for text in texts], tokenizer),
            vocabulary,
        )
        for share in shares
    }


def watermark_cost(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    rows: Iterable[Task],
    *,
    max_length: int = 512,
    bias: float = BIAS,
) -> Interval:
    """How much the watermark raises the loss of the rows' answers: mean nats a token, bootstrap."""
    encoded = [encode(row, tokenizer, max_length) for row in rows]
    return bootstrap([_added_loss(model, row, bias) for row in encoded])


def _added_loss(model: PreTrainedModel, row: EncodedRow, bias: float) -> float:
    """How much the watermark raises the mean loss of one encoded row, in nats a token."""
    import torch

    ids = torch.tensor([row["input_ids"]], device=model.device)
    with torch.inference_mode():
        logits = model(ids).logits[0, :-1].float().cpu()
    positions = [i for i, label in enumerate(row["labels"][1:]) if label != IGNORED]
    total = 0.0
    for i in positions:
        raised, target = logits[i].clone(), row["input_ids"][i + 1]
        raised[sorted(green_list(row["input_ids"][i], model.config.vocab_size))] += bias
        total += (logits[i].log_softmax(0)[target] - raised.log_softmax(0)[target]).item()
    return total / len(positions)
