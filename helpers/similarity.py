"""How alike are two instructions? ROUGE-L, the yardstick of self-instruct's novelty filter.

ROUGE-L (Lin 2004) is the F-measure of the longest common subsequence (LCS) of two token lists:
with ``l`` the LCS length, precision ``l/len(b)``, recall ``l/len(a)``, the score is their harmonic
mean ``2l/(len(a)+len(b))``. On Latin text it equals the package rouge-score to the last digit;
that package drops every other script, so here Hangul, Han, Kana, Thai and the rest keep tokens.

Speed without approximation: each token becomes one character of a private alphabet, so a block of
texts is compared with a whole pool in one call to rapidfuzz's C++ LCS. Where only the decision is
wanted, most pairs need no comparing at all: two texts above the threshold are of like length and
share some of their rarest words (prefix filtering; Chaudhuri et al. 2006).
"""

import functools
import itertools
import math
import re
import unicodedata
from array import array
from collections import Counter
from dataclasses import dataclass

import numpy as np
from rapidfuzz.distance import LCSseq
from rapidfuzz.process import cdist

_LATIN = re.compile(r"[a-z0-9]+")
# Scripts that write words without spaces, and Hangul, whose particles hang on the words they
# follow: there, each character is a token of its own.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7a3\uf900-\ufaff]"
)
_DECOMPOSED = re.compile("[\u1100-\u11ff\u3099\u309a]")


TOLERANCE = 1e-9  # 14/20 in floating point is above 0.7 by its last bit, and should not be
BLOCK = 256  # texts compared with the pool in one call: 52,000 × 256 counts are 53 MB


@dataclass(frozen=True)
class Admission:
    """What the novelty filter said of one text.

    ``score`` and ``nearest`` are the ROUGE-L to, and the text of, the closest one kept so far
    (0.0 and None in an empty index); ``mean`` is the average score over all kept so far.
    ``neighbours`` are the ``k`` closest that were asked for, best first: ``((score, text), …)``.
    """

    accepted: bool
    score: float
    nearest: str | None
    mean: float
    neighbours: tuple = ()


def tokenize(text: str) -> list[str]:
    """Tokens of a text, lower-cased: rouge-score's for plain Latin, meaningful ones for the rest.

    Korean is split into syllables, as its particles hang on the words they follow; Han, Kana,
    Thai, Lao, Burmese and Khmer into characters; other scripts into words.
    """
    text = text.lower()
    if text.isascii():
        return _LATIN.findall(text)
    if _DECOMPOSED.search(text):
        text = unicodedata.normalize("NFC", text)  # Hangul letter by letter, kana with loose marks
    tokens = []
    for kind, run in itertools.groupby(text, _kind):
        if kind == "characters":
            tokens.extend(run)
        elif kind:
            tokens.append("".join(run))
    return tokens


def is_above(score: float | np.ndarray, threshold: float) -> bool | np.ndarray:
    """Whether a score is above a threshold; a score equal to it, but for rounding, is not.

    The one comparison of scores with thresholds. For a number or an array of them.
    """
    return score > threshold + TOLERANCE


def rouge_l(a, b):
    """ROUGE-L F-measure of two texts, 0.0 to 1.0; 0.0 where either has no token."""
    a, b = tokenize(a), tokenize(b)
    if not a or not b:
        return 0.0
    return _f_measure(LCSseq.similarity(a, b), len(a), len(b))


def repetition(text, n=3):
    """Share of a text's word ``n``-grams that occurred in it before: 0.0 none, near 1.0 a loop."""
    words = tokenize(text)
    grams = [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]
    return 1 - len(set(grams)) / len(grams) if grams else 0.0


class RougeIndex:
    """The texts kept so far, and the filter at their door.

    ``threshold``: a text is turned away only when its score to some kept text is *above* it
    (Alpaca's rule, 0.7; see :func:`is_above`). Texts given at the start are kept unasked.
    """

    def __init__(self, texts=(), threshold=0.7):
        if not 0 <= threshold <= 1:
            raise ValueError(f"threshold={threshold} is not between 0 and 1; Alpaca uses 0.7.")
        self.threshold = threshold
        self._alphabet = {}
        self._texts = list(texts)
        self._encoded = [self._encode(text) for text in self._texts]

    def __len__(self):
        return len(self._texts)

    def nearest(self, text, k=10):
        """The ``k`` closest kept texts, best first: ``[(score, text), …]``."""
        encoded = self._encode(text)
        common = _common([encoded], self._encoded)[0]
        return self._top(common, _lengths(self._encoded), len(encoded), k)[0]

    def admit(self, text, k=1):
        """Ask whether ``text`` is new enough, and keep it if so; returns an :class:`Admission`."""
        return self.admit_many([text], k)[0]

    def admit_many(self, texts, k=1):
        """One :class:`Admission` for each text, in order, exactly as if admitted one by one.

        Each names its ``k`` nearest. All of Alpaca's 52,002 instructions, each against all before
        it, take less than a minute on two cores.
        """
        texts, admissions = list(texts), []
        for start in range(0, len(texts), BLOCK):
            admissions += self._admit_block(texts[start : start + BLOCK], k)
        return admissions

    def decide_many(self, texts):
        """Only whether each text is kept, ``[True, False, …]``: as :meth:`admit_many`, but faster.

        Most pairs are never compared, so there are no scores and no means.
        """
        codes = [self._encode(text) for text in texts]
        near = _PrefixFilter(self.threshold, self._encoded, codes)
        decisions = []
        for text, code in zip(texts, codes, strict=True):
            rarest = near.rarest(code)
            rivals = [self._encoded[i] for i in near.candidates(rarest, len(code))]
            scores = _scores(_common([code], rivals)[0], _lengths(rivals), len(code))
            decisions.append(not is_above(scores, self.threshold).any())
            if decisions[-1]:
                near.add(rarest, len(code), len(self))
                self._keep(text, code)
        return decisions

    def _admit_block(self, texts, k):
        codes = [self._encode(text) for text in texts]
        outside, inside = _common(codes, self._encoded), _common(codes, codes)
        kept_lengths, lengths = _lengths(self._encoded), _lengths(codes)
        admissions, kept = [], []  # kept: positions in this block
        for i, (text, code) in enumerate(zip(texts, codes, strict=True)):
            common = np.concatenate([outside[i], inside[i, kept]])
            sizes = np.concatenate([kept_lengths, lengths[kept]])
            neighbours, mean = self._top(common, sizes, len(code), max(1, k))
            score, nearest = neighbours[0] if neighbours else (0.0, None)
            accepted = not is_above(score, self.threshold)
            admissions.append(Admission(accepted, score, nearest, mean, tuple(neighbours[:k])))
            if accepted:
                kept.append(i)
                self._keep(text, code)
        return admissions

    def _keep(self, text, code):
        self._texts.append(text)
        self._encoded.append(code)

    def _encode(self, text):
        # From U+10000 on there are a million code points and no surrogates to step around.
        return "".join(
            chr(0x10000 + self._alphabet.setdefault(token, len(self._alphabet)))
            for token in tokenize(text)
        )

    def _top(self, common, lengths, length, k):
        """The ``k`` best, ``[(score, text), …]``, the earlier first among equals; and the mean."""
        if not len(common):
            return [], 0.0
        # 2l/(a+b) is the F-measure but for the last bits: good for choosing and for the mean.
        rough = 2.0 * common / np.maximum(lengths + length, 1)
        chosen = np.flatnonzero(rough >= _kth_bound(rough, k) - 1e-12)
        exact = _scores(common[chosen], lengths[chosen], length)
        order = np.argsort(-exact, kind="stable")[:k]
        return [(float(exact[i]), self._texts[chosen[i]]) for i in order], float(rough.mean())


class _PrefixFilter:
    """Candidates for "above the threshold", from an inverted index of each text's rarest tokens.

    With threshold ``t``, a pair above it shares more than ``t/(2-t)`` of the tokens of either text.
    Call that many ``o``: among the ``len - o + k`` rarest of both, ``k`` must then be in common.
    And their lengths differ by no more than that ratio.
    """

    DEPTH = 2  # k: more of it means longer lists to merge, and fewer texts to compare

    def __init__(self, threshold, kept, coming):
        self.share = threshold / (2 - threshold)
        counts = Counter(token for code in [*kept, *coming] for token in set(code))
        self.rank = {token: i for i, (token, _) in enumerate(reversed(counts.most_common()))}
        self.postings, self.lengths = {}, array("i")
        for i, code in enumerate(kept):
            self.add(self.rarest(code), len(code), i)

    def rarest(self, code):
        """The tokens of a text that are indexed, rarest first, and how many must be in common.

        A repeated token counts as another one each time.
        """
        seen, elements = Counter(), []
        for token in code:
            elements.append((self.rank[token], seen[token]))
            seen[token] += 1
        shared = max(1, math.ceil(self.share * len(code) - 1e-9))
        depth = min(self.DEPTH, shared)
        return sorted(elements)[: len(code) - shared + depth], depth

    def add(self, rarest, length, number):
        """Index a kept text, the ``number``-th."""
        self.lengths.append(length)
        for element in rarest[0]:
            self.postings.setdefault(element, array("i")).append(number)

    def candidates(self, rarest, length):
        """Numbers of the kept texts that may be above the threshold, ascending."""
        elements, depth = rarest
        found = [self.postings[e] for e in elements if e in self.postings]
        if len(found) < depth:
            return []
        merged = np.concatenate([np.frombuffer(ids, np.int32) for ids in found])
        numbers, counts = np.unique(merged, return_counts=True)
        numbers = numbers[counts >= depth]
        lengths = np.frombuffer(self.lengths, np.int32)[numbers]
        near = (lengths >= self.share * length) & (lengths * self.share <= length)
        return numbers[near].tolist()


def _common(codes, others):
    """Length of the longest common subsequence of each with each: int32 ``(codes, others)``."""
    if not codes or not others:
        return np.zeros((len(codes), len(others)), np.int32)
    workers = -1 if len(codes) > 8 else 1
    return cdist(codes, others, scorer=LCSseq.similarity, dtype=np.int32, workers=workers)


def _lengths(codes):
    return np.fromiter(map(len, codes), dtype=np.int64, count=len(codes))


def _scores(common, lengths, length):
    """ROUGE-L, written as rouge-score computes it, so that both agree to the last bit."""
    precision, recall = common / np.maximum(lengths, 1), common / max(length, 1)
    total = precision + recall
    return np.where(total > 0, 2 * precision * recall / np.maximum(total, 1e-300), 0.0)


def _kth_bound(values, k, run=64):
    """A number that the ``k`` largest values all reach, found without sorting them all."""
    if len(values) < 4 * k * run:
        return np.sort(values)[-k:][0]
    heads = values[: len(values) // run * run].reshape(-1, run).max(axis=1)
    return np.partition(heads, -k)[-k]


def _f_measure(common, a, b):
    # The same as _scores for one pair of plain numbers.
    precision, recall = common / b, common / a
    total = precision + recall
    return 2 * precision * recall / total if total > 0 else 0.0


@functools.cache
def _kind(char):
    """What a lower-case character belongs to: a word of Latin or of another script, or nothing."""
    if char.isascii() and char.isalnum():
        return "latin"
    if _is_unspaced(char):
        return "characters"
    return "letters" if _is_letter_beyond_latin(char) else None


def _is_unspaced(char):
    return bool(_UNSPACED.match(char)) and unicodedata.category(char)[0] in "LMN"


def _is_letter_beyond_latin(char):
    """Letters, marks and digits; but an accented Latin letter is a gap, as in rouge-score."""
    if char < "\u0300" or "\u2000" <= char <= "\u2bff" or unicodedata.category(char) not in {
        "Ll", "Lm", "Lo", "Lt", "Lu", "Mc", "Mn", "Nd",
    }:  # fmt: skip
        return False
    return not unicodedata.name(char, "").startswith(("LATIN", "FULLWIDTH LATIN", "COMBINING"))
