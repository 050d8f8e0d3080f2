"""How alike are two instructions? ROUGE-L, the yardstick of self-instruct's novelty filter.

ROUGE-L (Lin 2004) is the F-measure of the longest common subsequence (LCS) of two token lists:
with ``l`` the LCS length, precision ``l/len(b)``, recall ``l/len(a)``, the score is their harmonic
mean ``2l/(len(a)+len(b))``. On Latin text it equals the package rouge-score to the last digit;
that package drops every other script, so here Hangul, Han, Kana, Thai and the rest keep tokens.

Speed without approximation: each token becomes one character of a private alphabet, so a whole
pool is compared with one call to rapidfuzz's C++ LCS.
"""

import re
import unicodedata
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


@dataclass(frozen=True)
class Admission:
    """What the novelty filter said of one text.

    ``score`` and ``nearest`` are the ROUGE-L to, and the text of, the closest one kept so far
    (0.0 and None in an empty index); ``mean`` is the average score over all kept so far.
    """

    accepted: bool
    score: float
    nearest: str | None
    mean: float


def tokenize(text):
    """Tokens of a text, lower-cased: rouge-score's for plain Latin, meaningful ones for the rest.

    Korean is split into syllables, as its particles hang on the words they follow; Han, Kana,
    Thai, Lao, Burmese and Khmer into characters; other scripts into words.
    """
    text = text.lower()
    if text.isascii():
        return _LATIN.findall(text)
    if _DECOMPOSED.search(text):
        text = unicodedata.normalize("NFC", text)  # Hangul letter by letter, kana with loose marks
    tokens, word = [], ""
    for char in text:
        if char.isascii() and char.isalnum():
            tokens, word = (tokens, word + char) if word.isascii() else ([*tokens, word], char)
        elif _is_unspaced(char):
            tokens, word = [*tokens, word, char], ""
        elif _is_letter_beyond_latin(char):
            tokens, word = ([*tokens, word], char) if word.isascii() else (tokens, word + char)
        else:
            tokens, word = [*tokens, word], ""
    return [token for token in [*tokens, word] if token]


def rouge_l(a, b):
    """ROUGE-L F-measure of two texts, 0.0 to 1.0; 0.0 where either has no token."""
    a, b = tokenize(a), tokenize(b)
    if not a or not b:
        return 0.0
    return _f_measure(LCSseq.similarity(a, b), len(a), len(b))


class RougeIndex:
    """The texts kept so far, and the filter at their door.

    ``threshold``: a text is turned away only when its score to some kept text is *above* it
    (Alpaca's rule, 0.7). Texts given at the start are kept without being asked.
    """

    def __init__(self, texts=(), threshold=0.7):
        if not 0 <= threshold <= 1:
            raise ValueError(f"threshold={threshold} is not between 0 and 1; Alpaca uses 0.7.")
        self.threshold = threshold
        self._alphabet = {}
        self._texts, self._encoded = [], []
        for text in texts:
            self._add(text, self._encode(text))

    def __len__(self):
        return len(self._texts)

    def nearest(self, text, k=10):
        """The ``k`` closest kept texts, best first: ``[(score, text), …]``."""
        scores = self._scores(self._encode(text))
        order = np.argsort(-scores, kind="stable")[:k]
        return [(float(scores[i]), self._texts[i]) for i in order]

    def admit(self, text):
        """Ask whether ``text`` is new enough, and keep it if so; returns an :class:`Admission`."""
        encoded = self._encode(text)
        scores = self._scores(encoded)
        if not len(scores):
            self._add(text, encoded)
            return Admission(True, 0.0, None, 0.0)
        best = int(scores.argmax())
        accepted = bool(scores[best] <= self.threshold)
        answer = Admission(accepted, float(scores[best]), self._texts[best], float(scores.mean()))
        if accepted:
            self._add(text, encoded)
        return answer

    def admit_many(self, texts):
        """One :class:`Admission` for each text, in order, exactly as if admitted one by one."""
        return [self.admit(text) for text in texts]

    def _add(self, text, encoded):
        self._texts.append(text)
        self._encoded.append(encoded)

    def _encode(self, text):
        # From U+10000 on there are a million code points and no surrogates to step around.
        return "".join(
            chr(0x10000 + self._alphabet.setdefault(token, len(self._alphabet)))
            for token in tokenize(text)
        )

    def _scores(self, encoded):
        if not self._encoded or not encoded:
            return np.zeros(len(self._encoded))
        common = cdist([encoded], self._encoded, scorer=LCSseq.similarity, dtype=np.int32)[0]
        lengths = np.fromiter(map(len, self._encoded), dtype=np.int64, count=len(self._encoded))
        precision, recall = common / np.maximum(lengths, 1), common / len(encoded)
        total = precision + recall
        return np.where(total > 0, 2 * precision * recall / np.maximum(total, 1e-300), 0.0)


def _f_measure(common, a, b):
    # Written as rouge-score computes it, so that both agree to the last bit.
    precision, recall = common / b, common / a
    total = precision + recall
    return 2 * precision * recall / total if total > 0 else 0.0


def _is_unspaced(char):
    return bool(_UNSPACED.match(char)) and unicodedata.category(char)[0] in "LMN"


def _is_letter_beyond_latin(char):
    """Letters, marks and digits; but an accented Latin letter is a gap, as in rouge-score."""
    if char < "\u0300" or "\u2000" <= char <= "\u2bff" or unicodedata.category(char) not in {
        "Ll", "Lm", "Lo", "Lt", "Lu", "Mc", "Mn", "Nd",
    }:  # fmt: skip
        return False
    return not unicodedata.name(char, "").startswith(("LATIN", "FULLWIDTH LATIN", "COMBINING"))
