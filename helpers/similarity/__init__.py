"""How similar are two texts? ROUGE-L, and an index that keeps only texts that are new enough.

words          split a text of any script into tokens
scores         ROUGE-L of two texts, its comparison with a threshold, repetition in one text
index          RougeIndex: the texts kept so far, the nearest of them, the novelty filter
prefix_filter  find the few pairs of texts that can be above a threshold
"""

from helpers.similarity.index import BLOCK, Admission, RougeIndex
from helpers.similarity.scores import is_above, repetition, rouge_l
from helpers.similarity.words import tokenize

__all__ = [
    "BLOCK",
    "Admission",
    "RougeIndex",
    "is_above",
    "repetition",
    "rouge_l",
    "tokenize",
]
