"""Pairs that mean the same in other words, with an embedder made for the test."""

import numpy as np
import pytest

from helpers.data.near_duplicates import same_meaning

TEXTS = ["How do I boil an egg?", "What is the way to cook eggs in water?", "Name a river.",
         "How do I boil an egg now?"]  # fmt: skip
VECTORS = {TEXTS[0]: (3, 0.1), TEXTS[1]: (1, 0), TEXTS[2]: (0, 1), TEXTS[3]: (2, 0)}


def embed(texts):
    return np.array([VECTORS[text] for text in texts])


def test_pairs_alike_in_meaning_and_unlike_in_words_are_listed_closest_first():
    pairs = same_meaning(TEXTS, embed)
    assert [(a, b) for _, _, a, b in pairs] == [(TEXTS[1], TEXTS[3]), (TEXTS[0], TEXTS[1])]
    assert all(cosine > 0.9 and score <= 0.7 for cosine, score, _, _ in pairs)


def test_what_rouge_l_would_catch_is_not_listed_again():
    assert (TEXTS[0], TEXTS[3]) not in [pair[2:] for pair in same_meaning(TEXTS, embed)]
    assert (TEXTS[0], TEXTS[3]) in [pair[2:] for pair in same_meaning(TEXTS, embed, unlike=1.0)]


def test_nothing_in_nothing_out_and_a_wrong_embedder_is_named():
    assert same_meaning([], embed) == []
    with pytest.raises(ValueError, match=r"shape \(1, 2\) for 4 texts"):
        same_meaning(TEXTS, lambda texts: [[1, 2]])
