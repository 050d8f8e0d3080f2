"""A watermark in what a model writes, which the words do not show and a count finds.

Kirchenbauer et al. 2023: before each token, the token before it draws a *green list*, a quarter of
the vocabulary, with a secret key as the seed; green tokens get a little more score. Who knows the
key counts: by chance a quarter of the tokens is green, in a watermarked text many more.

transformers writes it (``WatermarkingConfig``). It finds it too (``WatermarkDetector``), but its
older versions count a repeated pair of tokens every time, and a model that repeats itself then
looks watermarked; so the few lines of counting are here, and the tests hold them against
transformers'. A pair counts once, and the p-value is the binomial's own.

What it is worth is measured below: how many marked and unmarked texts are found, by length and
after edits, and what it costs the model.
"""

import math
import random
import statistics
from itertools import pairwise

from helpers.evaluation.intervals import bootstrap, wilson
from helpers.planning.hardware import device
from helpers.training.answering import answer
from helpers.training.encoding import IGNORED, encode
from helpers.training.tokens import text_ids

KEY, SHARE, BIAS = 15485863, 0.25, 2.5  # the key is transformers' own: for anything real, draw one
FOUND = 0.001  # a text counts as marked where chance would be this green once in a thousand


def watermark(bias=BIAS, key=KEY):
    """What ``model.generate(watermarking_config=…)`` takes. Sample with it: greedy text loops."""
    from transformers import WatermarkingConfig

    return WatermarkingConfig(
        greenlist_ratio=SHARE, bias=bias, hashing_key=key, seeding_scheme="lefthash"
    )


def green_list(before, vocabulary, key=KEY, share=SHARE):
    """The token ids that are green after the token id ``before``, as a set.

    Drawn on the device that this machine's models write on: a card's dice fall in another way than
    a processor's, so what was written on a card is found on a card.
    """
    import torch

    where = device()
    dice = torch.Generator(where).manual_seed(key * before % (2**64 - 1))
    order = torch.randperm(vocabulary, device=where, generator=dice)
    return set(order[: int(vocabulary * share)].tolist())


def detect(ids, vocabulary, key=KEY):
    """How much greener a text is than chance: ``{"pairs", "green", "z", "p"}``.

    ``ids`` are the answer's token ids alone, without prompt, end token and padding; ``vocabulary``
    is the model's (``model.config.vocab_size``), not the tokenizer's. ``z`` is in standard
    deviations; ``p`` the chance that a text without the watermark is as green or greener. Both are
    None for fewer than two tokens, where nothing can be said.
    """
    from scipy.stats import binom

    pairs = set(pairwise(ids))
    if not pairs:
        return {"pairs": 0, "green": 0, "z": None, "p": None}
    lists = {before: green_list(before, vocabulary, key) for before, _ in pairs}
    green = sum(token in lists[before] for before, token in pairs)
    n, spread = len(pairs), math.sqrt(len(pairs) * SHARE * (1 - SHARE))
    tail = float(binom.sf(green - 1, n, SHARE))
    return {"pairs": n, "green": green, "z": (green - n * SHARE) / spread, "p": tail}


def edited(text, share, others, rng):
    """A text with that share of its words replaced by words of ``others``, drawn by ``rng``."""
    words, pool = text.split(" "), others.split()
    chosen = rng.sample(range(len(words)), round(share * len(words)))
    for i in chosen:
        words[i] = rng.choice(pool)
    return " ".join(words)


def sampled(model, tokenizer, rows, tokens, *, marked, seed=0):
    """Answers of exactly ``tokens`` tokens to rows, drawn at temperature 0.8; a list of texts."""
    import torch

    torch.manual_seed(seed)
    how = {"do_sample": True, "temperature": 0.8, "top_p": 0.95, "min_new_tokens": tokens}
    how |= {"watermarking_config": watermark()} if marked else {}
    said = answer(model, tokenizer, rows, max_new_tokens=tokens, generation=how)
    return [given["output"] for given in said]


def token_ids(texts, tokenizer):
    """What a reader who has only the text can count: its tokens, one list a text."""
    return [text_ids(text, tokenizer) for text in texts]


def count_found(texts, vocabulary):
    """Share of texts (token ids) in which a watermark is found, and the median of their z.

    ``{"value", "low", "high", "z"}``, Wilson's interval; a text too short to count is not found.
    """
    seen = [detect(ids, vocabulary) for ids in texts]
    hits = sum(one["p"] is not None and one["p"] < FOUND for one in seen)
    scores = [one["z"] for one in seen if one["z"] is not None]
    return {**wilson(hits, len(seen)), "z": statistics.median(scores) if scores else None}


def found_by_length(marked, plain, vocabulary, lengths):
    """``{length: {"marked", "plain"}}``: :func:`count_found` on the first tokens of texts."""
    return {
        length: {
            name: count_found([ids[:length] for ids in texts], vocabulary)
            for name, texts in (("marked", marked), ("plain", plain))
        }
        for length in lengths
    }


def found_after_edits(texts, others, tokenizer, vocabulary, shares=(0, 0.1, 0.3, 0.5)):
    """``{share of words replaced: found}`` for marked texts; new words come from ``others``."""
    rng = random.Random(0)
    return {
        share: count_found(
            token_ids([edited(text, share, others, rng) for text in texts], tokenizer), vocabulary
        )
        for share in shares
    }


def watermark_cost(model, tokenizer, rows, *, max_length=512, bias=BIAS):
    """What the watermark adds to the loss of each row's answer, in nats a token: a mean with
    its bootstrap interval."""
    encoded = [encode(row, tokenizer, max_length) for row in rows]
    return bootstrap([_dearer(model, row, bias) for row in encoded])


def _dearer(model, row, bias):
    """The same for one encoded row, a number."""
    import torch

    ids = torch.tensor([row["input_ids"]], device=model.device)
    with torch.inference_mode():
        logits = model(ids).logits[0, :-1].float().cpu()
    learned = [i for i, label in enumerate(row["labels"][1:]) if label != IGNORED]
    total = 0.0
    for i in learned:
        pushed, target = logits[i].clone(), row["input_ids"][i + 1]
        pushed[sorted(green_list(row["input_ids"][i], model.config.vocab_size))] += bias
        total += (logits[i].log_softmax(0)[target] - pushed.log_softmax(0)[target]).item()
    return total / len(learned)
