"""An index of texts by ROUGE-L: find the nearest texts, and keep only those that are new enough.

The scores are exact. Each token becomes one character of a private alphabet, so one call to
rapidfuzz's C++ LCS compares a block of texts with all texts that are kept. If only the decision is
wanted, the prefix filter avoids most comparisons.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from helpers.similarity.prefix_filter import PrefixFilter
from helpers.similarity.scores import is_above, lcs_lengths, scores_of
from helpers.similarity.words import tokenize

BLOCK = 256  # texts compared with the index in one call: 52,000 × 256 counts are 53 MB
_FIRST_CODE_POINT = 0x10000  # a million code points from here on, and none of them a surrogate


@dataclass(frozen=True)
class Admission:
    """What the novelty filter decided about one text.

    ``nearest`` is the most similar text kept so far and ``score`` its ROUGE-L (None and 0.0 in an
    empty index). ``mean`` is the average score over all texts kept so far. ``neighbours`` are the
    ``k`` nearest that were asked for, best first: ``((score, text), …)``.
    """

    accepted: bool
    score: float
    nearest: str | None
    mean: float
    neighbours: tuple[tuple[float, str], ...] = ()


class RougeIndex:
    """The texts kept so far, and the novelty filter that decides which others are added.

    A text is rejected only if its score with some kept text is *above* ``threshold`` (Alpaca's
    rule, with 0.7; see :func:`is_above`). The first ``texts`` are kept without a check.
    """

    def __init__(self, texts: Iterable[str] = (), threshold: float = 0.7) -> None:
        if not 0 <= threshold <= 1:
            raise ValueError(f"threshold={threshold} is not between 0 and 1; Alpaca uses 0.7.")
        self.threshold = threshold
        self._alphabet: dict[str, int] = {}
        self._texts = list(texts)
        self._codes = [self._encode(text) for text in self._texts]

    def __len__(self) -> int:
        return len(self._texts)

    def nearest(self, text: str, k: int = 10) -> list[tuple[float, str]]:
        """The ``k`` nearest kept texts, best first: ``[(score, text), …]``."""
        code = self._encode(text)
        common = lcs_lengths([code], self._codes)[0]
        return self._nearest_and_mean(common, _lengths(self._codes), len(code), k)[0]

    def admit(self, text: str, k: int = 1) -> Admission:
        """Decide whether ``text`` is new enough, and keep it if so."""
        return self.admit_many([text], k)[0]

    def admit_many(self, texts: Iterable[str], k: int = 1) -> list[Admission]:
        """One :class:`Admission` for each text, in order, exactly as if admitted one by one.

        Each names its ``k`` nearest. Alpaca's 52,002 instructions, each compared with all before
        it, take less than a minute on two cores.
        """
        waiting = list(texts)
        admissions: list[Admission] = []
        for start in range(0, len(waiting), BLOCK):
            admissions += self._admit_block(waiting[start : start + BLOCK], k)
        return admissions

    def decide_many(self, texts: Sequence[str]) -> list[bool]:
        """Whether each text is kept: the decisions of :meth:`admit_many`, but faster.

        Most pairs are never compared, so there are no scores and no means.
        """
        codes = [self._encode(text) for text in texts]
        prefix_filter = PrefixFilter(self.threshold, self._codes, codes)
        decisions = []
        for text, code in zip(texts, codes, strict=True):
            prefix = prefix_filter.prefix(code)
            rivals = [self._codes[i] for i in prefix_filter.candidates(prefix, len(code))]
            scores = scores_of(lcs_lengths([code], rivals)[0], _lengths(rivals), len(code))
            accepted = not is_above(scores, self.threshold).any()
            decisions.append(accepted)
            if accepted:
                prefix_filter.add(prefix, len(code), len(self))
                self._keep(text, code)
        return decisions

    def _admit_block(self, texts: Sequence[str], k: int) -> list[Admission]:
        codes = [self._encode(text) for text in texts]
        with_kept, with_block = lcs_lengths(codes, self._codes), lcs_lengths(codes, codes)
        kept_lengths, lengths = _lengths(self._codes), _lengths(codes)
        admissions = []
        newly_kept: list[int] = []  # positions in this block
        for i, (text, code) in enumerate(zip(texts, codes, strict=True)):
            common = np.concatenate([with_kept[i], with_block[i, newly_kept]])
            sizes = np.concatenate([kept_lengths, lengths[newly_kept]])
            neighbours, mean = self._nearest_and_mean(common, sizes, len(code), max(1, k))
            score, nearest = neighbours[0] if neighbours else (0.0, None)
            accepted = not is_above(score, self.threshold)
            admissions.append(Admission(accepted, score, nearest, mean, tuple(neighbours[:k])))
            if accepted:
                newly_kept.append(i)
                self._keep(text, code)
        return admissions

    def _keep(self, text: str, code: str) -> None:
        self._texts.append(text)
        self._codes.append(code)

    def _encode(self, text: str) -> str:
        """A text as a string of one character for each token."""
        return "".join(
            chr(_FIRST_CODE_POINT + self._alphabet.setdefault(token, len(self._alphabet)))
            for token in tokenize(text)
        )

    def _nearest_and_mean(
        self, common: np.ndarray, lengths: np.ndarray, length: int, k: int
    ) -> tuple[list[tuple[float, str]], float]:
        """The ``k`` nearest, ``[(score, text), …]``, and the mean score over all kept texts.

        ``common``: the length of the LCS with each kept text. ``lengths``: the tokens of each kept
        text. ``length``: the tokens of the text itself. Of equal scores, the earlier text is first.
        """
        if not len(common):
            return [], 0.0
        # 2l/(a+b) is the score except for its last bits: enough to choose, and for the mean.
        rough = 2.0 * common / np.maximum(lengths + length, 1)
        chosen = np.flatnonzero(rough >= _kth_bound(rough, k) - 1e-12)
        exact = scores_of(common[chosen], lengths[chosen], length)
        order = np.argsort(-exact, kind="stable")[:k]
        return [(float(exact[i]), self._texts[chosen[i]]) for i in order], float(rough.mean())


def _lengths(codes: Sequence[str]) -> np.ndarray:
    return np.fromiter(map(len, codes), dtype=np.int64, count=len(codes))


def _kth_bound(values: np.ndarray, k: int, run: int = 64) -> float:
    """A number that at least ``k`` of the values reach, found without sorting all of them.

    It is the ``k``-th largest of the maxima of runs of values.
    """
    if len(values) < 4 * k * run:
        return np.sort(values)[-k:][0]
    maxima = values[: len(values) // run * run].reshape(-1, run).max(axis=1)
    return np.partition(maxima, -k)[-k]
