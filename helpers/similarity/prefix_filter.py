"""Find the pairs of texts that can be above a threshold, without comparing all pairs.

Two texts above the threshold have similar lengths and share some of their rarest tokens (prefix
filtering; Chaudhuri et al. 2006). An inverted index of each text's rarest tokens finds such pairs.
"""

import math
from array import array
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

# How many rare tokens a pair must share. A larger number means longer lists to merge and fewer
# texts to compare.
_DEPTH = 2


class Prefix(NamedTuple):
    """The rarest tokens of a text, and how many of them a similar text shares.

    A token is ``(rank, occurrence)``: a repeated token counts as another token each time.
    """

    elements: list[tuple[int, int]]
    depth: int


class PrefixFilter:
    """Candidates for a score above a threshold, among the texts that were added.

    With threshold ``t``, a pair above it shares more than ``t/(2-t)`` of the tokens of either text.
    Call that number ``o``. Then the ``len - o + k`` rarest tokens of both texts have ``k`` tokens
    in common. The ratio of their lengths is also above ``t/(2-t)``.

    Texts are codes: strings of which each character is one token. ``kept`` are added at once, and
    ``coming`` are those that will be asked about or added later.
    """

    def __init__(self, threshold: float, kept: Sequence[str], coming: Sequence[str]) -> None:
        self._share = threshold / (2 - threshold)
        counts = Counter(token for code in [*kept, *coming] for token in set(code))
        self._rank = {token: i for i, (token, _) in enumerate(reversed(counts.most_common()))}
        self._postings: dict[tuple[int, int], array[int]] = {}
        self._lengths = array("i")
        for i, code in enumerate(kept):
            self.add(self.prefix(code), len(code), i)

    def prefix(self, code: str) -> Prefix:
        """The tokens of a text that are indexed, rarest first."""
        seen: Counter[str] = Counter()
        elements = []
        for token in code:
            elements.append((self._rank[token], seen[token]))
            seen[token] += 1
        shared = max(1, math.ceil(self._share * len(code) - 1e-9))
        depth = min(_DEPTH, shared)
        return Prefix(sorted(elements)[: len(code) - shared + depth], depth)

    def add(self, prefix: Prefix, length: int, number: int) -> None:
        """Index the ``number``-th kept text, which has ``length`` tokens."""
        self._lengths.append(length)
        for element in prefix.elements:
            self._postings.setdefault(element, array("i")).append(number)

    def candidates(self, prefix: Prefix, length: int) -> list[int]:
        """Numbers of the kept texts that may be above the threshold, ascending."""
        found = [self._postings[e] for e in prefix.elements if e in self._postings]
        if len(found) < prefix.depth:
            return []
        merged = np.concatenate([np.frombuffer(numbers, np.int32) for numbers in found])
        numbers, counts = np.unique(merged, return_counts=True)
        numbers = numbers[counts >= prefix.depth]
        lengths = np.frombuffer(self._lengths, np.int32)[numbers]
        similar = (lengths >= self._share * length) & (lengths * self._share <= length)
        return numbers[similar].tolist()
