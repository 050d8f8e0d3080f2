"""ROUGE-L of two texts or of many, and repetition within one text.

ROUGE-L (Lin 2004) is the F-measure of the longest common subsequence (LCS) of two token lists. If
the LCS has length ``l``, precision is ``l/len(b)`` and recall is ``l/len(a)``. The score is their
harmonic mean, ``2l/(len(a)+len(b))``. On Latin text it equals the package rouge-score to the last
digit.
"""

from collections.abc import Sequence
from typing import overload

import numpy as np
from rapidfuzz.distance import LCSseq
from rapidfuzz.process import cdist

from helpers.similarity.words import tokenize

TOLERANCE = 1e-9  # in floating point 14/20 exceeds 0.7 in its last bit, and must not count as above


@overload
def is_above(score: float, threshold: float) -> bool: ...
@overload
def is_above(score: np.ndarray, threshold: float) -> np.ndarray: ...
def is_above(score: float | np.ndarray, threshold: float) -> bool | np.ndarray:
    """Whether a score is above a threshold. A score that equals it, apart from rounding, is not.

    Every comparison of scores with thresholds uses this function. For a number or an array.
    """
    return score > threshold + TOLERANCE


def rouge_l(a: str, b: str) -> float:
    """ROUGE-L F-measure of two texts, 0.0 to 1.0; 0.0 if either has no token."""
    tokens_a, tokens_b = tokenize(a), tokenize(b)
    if not tokens_a or not tokens_b:
        return 0.0
    common = LCSseq.similarity(tokens_a, tokens_b)
    precision, recall = common / len(tokens_b), common / len(tokens_a)
    total = precision + recall
    return 2 * precision * recall / total if total > 0 else 0.0


def repetition(text: str, n: int = 3) -> float:
    """Share of a text's word ``n``-grams that occurred in it before: 0.0 none, near 1.0 a loop."""
    words = tokenize(text)
    grams = [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]
    return 1 - len(set(grams)) / len(grams) if grams else 0.0


def lcs_lengths(codes: Sequence[str], others: Sequence[str]) -> np.ndarray:
    """Length of the LCS of each code with each of the others: int32 ``(codes, others)``.

    A code is a text of which each token has become one character.
    """
    if not codes or not others:
        return np.zeros((len(codes), len(others)), np.int32)
    workers = -1 if len(codes) > 8 else 1  # for a few codes, starting threads takes longer
    return cdist(codes, others, scorer=LCSseq.similarity, dtype=np.int32, workers=workers)


def scores_of(common: np.ndarray, lengths: np.ndarray, length: int) -> np.ndarray:
    """ROUGE-L of one text with many, computed in rouge-score's order so that every bit agrees.

    ``common``: lengths of the LCS. ``lengths``: tokens of the many. ``length``: tokens of the one.
    """
    precision, recall = common / np.maximum(lengths, 1), common / max(length, 1)
    total = precision + recall
    return np.where(total > 0, 2 * precision * recall / np.maximum(total, 1e-300), 0.0)
