"""The exercises of lesson 2 about ROUGE-L: shared words, a pair it misses, the novelty filter."""

import random
import re
from collections import Counter
from collections.abc import Sequence

from rapidfuzz.distance import LCSseq

from helpers.course.exercise_checks.answers import LearnersFunction, Wrong
from helpers.data.filters import rejection_of
from helpers.io import Task
from helpers.similarity import RougeIndex, rouge_l, tokenize

_PAIRS = (  # two texts, and the diagnosis if too few of their shared words are found
    (
        "name three rivers in peru",
        "name two large rivers of peru",
        "other words may stand between the shared ones: name … rivers … peru are three.",
    ),
    (
        "in peru name three rivers",
        "name three rivers in peru",
        'if you take "in" because it comes first, you miss the longer "name three rivers".',
    ),
    (
        "the sun and the moon",
        "the moon and the sun",
        'a word that both texts have twice can be shared twice: "the … and the".',
    ),
)


def shared_words(answer: LearnersFunction) -> str:
    """``answer(a, b)`` is a longest list of words that stand in both lists, in the same order."""
    for left, right, too_few in (*_PAIRS, ("bake some bread", "fix my bike", ""), *_random_pairs()):
        a, b = left.split(), right.split()
        words = answer(list(a), list(b))
        if isinstance(words, int):
            raise Wrong("the corner of the grid says how many. Return the words themselves.")
        if not isinstance(words, list | tuple):
            kind = type(words).__name__
            raise Wrong(f"return a list of words, in their order. Yours is a {kind}.")
        if not _in_order(words, a, b):
            if _in_order(words[::-1], a, b):
                raise Wrong("the words are right, but in reverse order. Turn the list round.")
            raise Wrong(
                "your words do not stand in this order in both texts. ROUGE-L counts words in the "
                "same order, not words in common."
            )
        if len(words) < LCSseq.similarity(a, b):
            raise Wrong(too_few)
    return (
        "Programs that show the differences between two files do the same with lines. If there are "
        "several longest lists, any of them will do: ROUGE-L needs only their length."
    )


def _random_pairs() -> list[tuple[str, str, str]]:
    """Pairs of random texts, with the diagnosis if too few of their shared words are found."""
    rng = random.Random(0)
    texts = [" ".join(rng.choices("abcd", k=rng.randint(4, 9))) for _ in range(60)]
    diagnosis = "in longer texts you find too few words. Compare with the corner of the grid."
    return [(*pair, diagnosis) for pair in zip(texts[::2], texts[1::2], strict=True)]


def _in_order(words: Sequence[object], *texts: Sequence[str]) -> bool:
    """Whether the words stand in each text in this order, with or without others between."""
    for text in texts:
        rest = iter(text)
        if not all(any(word == other for other in rest) for word in words):
            return False
    return True


# Words that say how something is asked, not what.
_FRAME = """
a about an and any are as at be been by can could describe do does explain find for from get give
has have how i if in into is it its kindly let like list make many me mention mine my name need of
on one or our please provide say should show some suggest tell that the their them there these they
this those to us want was we were what when where which who whom whose why will with would write
you your
"""


def missed_pair(answer: object) -> str:
    """``answer`` is two English instructions that ask the same, with a ROUGE-L of 0.3 or less."""
    if (
        not isinstance(answer, list | tuple)
        or len(answer) != 2
        or not all(isinstance(text, str) for text in answer)
    ):
        raise Wrong('the answer is two texts, as ("one", "the other").')
    for place, text in zip(("first", "second"), answer, strict=True):
        task: Task = {"instruction": text, "input": "", "output": "Yes."}
        fault = rejection_of(task)
        if fault:
            raise Wrong(f"another filter already rejects your {place} text: {fault[0]}.")
    score = _low_score(*answer)
    first, second = (_content_words(text) for text in answer)
    common = len(first & second)
    if common < max(2, min(len(first), len(second)) / 3):
        raise Wrong(
            f"without small words, the two texts share {common} words. They may still ask the "
            "same, but for a check that compares words they are different tasks."
        )
    return (
        f"ROUGE-L is {score:.2f}, although the texts share {common} words that matter. "
        "helpers/data/near_duplicates.py finds such pairs with a model of sentences. Only a reader "
        "can say whether yours really ask the same."
    )


def _low_score(one: str, other: str) -> float:
    """The ROUGE-L of two texts; raises Wrong if it is not low, or low for the wrong reason."""
    (short, long), score = sorted((tokenize(one), tokenize(other)), key=len), rouge_l(one, other)
    if score > 0.7:
        raise Wrong(f"this pair scores {score:.2f}, so the filter finds it: it is nearly a copy.")
    if Counter(short) == Counter(long):
        raise Wrong("the same words in another order are not a sentence. Ask in other words.")
    if score > 0.3:
        raise Wrong(
            f"this pair passes at 0.7, but scores {score:.3f}: too many words still stand in the "
            "same order. Turn the sentence round, and begin it in another way."
        )
    if len(long) > 4 * len(short):
        raise Wrong("one text is so much longer that it asks for more than the other.")
    return score


def _content_words(text: str) -> set[str]:
    """The words that say what is asked, cut to four letters: Peru and Peruvian count as one."""
    frame = _FRAME.split()
    words = (word for word in re.findall(r"\w+", text.lower()) if word not in frame)
    return {word.removesuffix("s")[:4] for word in words}


_PERU, _CHILE = "Name three rivers in Peru.", "Name three rivers in Chile."
_PICNIC = "Plan a picnic for four."
_HALF = ("Bake a small cake", "Bake a large loaf")  # ROUGE-L is exactly 0.5
_CHAIN = (  # each is similar to the one before it; the third is not similar to the first
    "Plan a quiet evening at home for two.",
    "Plan a quiet evening in Lima for four.",
    "Plan a long weekend in Lima for four.",
)
_POOL = (_PERU, _CHILE, "Name three large rivers in Peru.", _PICNIC, *_CHAIN, _PICNIC)
_Case = tuple[tuple[str, ...], float, dict[tuple[str, ...], str]]
_CASES: tuple[_Case, ...] = (  # texts in their order, a threshold, and {wrong list: diagnosis}
    (
        (_PERU, _PERU, _PICNIC),
        0.9,
        {
            (_PERU, _PERU, _PICNIC): "everything is lost. You seem to compare a text with itself.",
            (_PERU, _PICNIC): "you return the texts that are kept. Return those that are lost.",
            (_PERU, _PERU): "a text and its copy are both lost. The first was new when it came.",
            (): "in your answer, the copy of a text is not lost. Equal texts score 1.0.",
        },
    ),
    ((_CHILE, _PERU), 0.7, {(_CHILE,): "the text that came first is kept, and the later is lost."}),
    (
        (_CHILE, _PICNIC, _PERU),
        0.7,
        {(): "compare a text with every text kept so far, not only with the last."},
    ),
    (
        _HALF,
        0.5,
        {_HALF[1:]: "a score equal to the threshold is kept. Only scores above it are lost."},
    ),
    (
        _CHAIN,
        0.6,
        {_CHAIN[1:]: "a lost text rejects no other text. Compare only with those that are kept."},
    ),
    *((_POOL, threshold, {}) for threshold in (0.9, 0.7, 0.5, 0.3)),
)


def lost_at(answer: LearnersFunction) -> str:
    """``answer(texts, threshold)`` is the list of texts that the novelty filter rejects."""
    for texts, threshold, slips in _CASES:
        lost = answer(list(texts), threshold)
        if not isinstance(lost, list | tuple):
            raise Wrong("return the lost texts themselves, in a list, not their number.")
        if tuple(lost) in slips:
            raise Wrong(slips[tuple(lost)])
        if list(lost) != _lost(texts, threshold):
            raise Wrong(
                f"at a threshold of {threshold} other texts are lost than in your answer. Do you "
                "compare with the threshold that your function is given?"
            )
    return (
        "The novelty filter of the course does this with all of Alpaca's 52,002 tasks in less than "
        "a minute. A lost text rejects no other text, so a lower threshold can even keep a text "
        "that a higher one loses."
    )


def _lost(texts: Sequence[str], threshold: float) -> list[str]:
    kept = RougeIndex(threshold=threshold).decide_many(texts)
    return [text for text, is_kept in zip(texts, kept, strict=True) if not is_kept]
