"""A watermark in what a model writes, which the words do not show and a count finds.

Kirchenbauer et al. 2023: before each token, the token before it draws a *green list*, a quarter of
the vocabulary, with a secret key as the seed; green tokens get a little more score. Who knows the
key counts: by chance a quarter of the tokens is green, in a watermarked text many more.

transformers writes it (``WatermarkingConfig``). It finds it too, but its older versions count a
repeated pair of tokens every time, and a model that repeats itself then looks watermarked; so the
twelve lines of counting are here. A pair counts once, and the p-value is the binomial's own.
"""

import math
from itertools import pairwise

KEY, SHARE, BIAS = 15485863, 0.25, 2.5  # the key is transformers' own: for anything real, draw one


def watermark(bias=BIAS, key=KEY):
    """What ``model.generate(watermarking_config=…)`` takes. Sample with it: greedy text loops."""
    from transformers import WatermarkingConfig

    return WatermarkingConfig(
        greenlist_ratio=SHARE, bias=bias, hashing_key=key, seeding_scheme="lefthash"
    )


def green_list(before, vocabulary, key=KEY, share=SHARE):
    """The token ids that are green after the token id ``before``, as a set."""
    import torch

    dice = torch.Generator().manual_seed(key * before % (2**64 - 1))
    return set(torch.randperm(vocabulary, generator=dice)[: int(vocabulary * share)].tolist())


def detect(ids, vocabulary, key=KEY):
    """How much greener a text is than chance: ``{"pairs", "green", "z", "p"}``.

    ``ids`` are the answer's token ids alone, without prompt, end token and padding; ``vocabulary``
    is the model's (``model.config.vocab_size``), not the tokenizer's. ``z`` is in standard
    deviations; ``p`` the chance that a text without the watermark is as green or greener. Both are
    None for fewer than two tokens, where nothing can be said.
    """
    pairs = set(pairwise(ids))
    if not pairs:
        return {"pairs": 0, "green": 0, "z": None, "p": None}
    lists = {before: green_list(before, vocabulary, key) for before, _ in pairs}
    green = sum(token in lists[before] for before, token in pairs)
    n, spread = len(pairs), math.sqrt(len(pairs) * SHARE * (1 - SHARE))
    tail = sum(math.comb(n, k) * SHARE**k * (1 - SHARE) ** (n - k) for k in range(green, n + 1))
    return {"pairs": n, "green": green, "z": (green - n * SHARE) / spread, "p": min(1.0, tail)}


def edited(text, share, others, rng):
    """A text with that share of its words replaced by words of ``others``, drawn by ``rng``."""
    words, pool = text.split(" "), others.split()
    chosen = rng.sample(range(len(words)), round(share * len(words)))
    for i in chosen:
        words[i] = rng.choice(pool)
    return " ".join(words)
