"""The exercises of lesson 2: tasks asked for, taken apart, filtered, measured and paid."""

import math
import random
import re
from collections import Counter

from rapidfuzz.distance import LCSseq

from helpers.course.checks.wrong import Wrong
from helpers.data.filters import fault_of
from helpers.similarity import RougeIndex, rouge_l, tokenize

EXERCISES = ("fates", "wrong_count", "shared_words", "bill_for", "missed_pair", "lost_at")

# The answer printed on the card of "fates": what became of each task, and why.
_FATES = (
    ("kept", "task 7 stays: ### is part of its answer, and where no Input stands there is none."),
    ("dropped", "task 8 goes: it asks and nobody answers, so there is nothing to learn from."),
    ("kept", "task 9 stays: 1. and 2. are its answer's own list; only a heading ends a task."),
    ("dropped", "task 10 goes: it may be whole, but the teacher was stopped and nobody can tell."),
)


def fates(answer):
    """``answer`` says of each of the four tasks of the card whether it is kept or dropped."""
    if not isinstance(answer, (list, tuple)) or len(answer) != len(_FATES):
        raise Wrong("four tasks were begun, 7 to 10, so four words are needed, in their order.")
    if not set(map(str, answer)) <= {"kept", "dropped"}:
        raise Wrong('each of the four is either "kept" or "dropped", written like this.')
    for word, (fate, why) in zip(answer, _FATES, strict=True):
        if word != fate:
            raise Wrong(why)
    return (
        "parse_completion does the same, and puts a reason beside each of the two it drops; an "
        "answer that was cut and one that looks cut are different things, and only the teacher's "
        "finish reason tells them apart."
    )


_THREE = "1. Figs.\n2. Plums.\n3. Dates."
_SOUND = (  # instruction, answer, what is wrong with a filter that objects
    (
        "Name three fruits to dry.",
        _THREE,
        "three fruits were asked for and three came, and yours turns the task away.",
    ),
    (
        "Name some fruits to dry.",
        _THREE,
        "where no number is asked for no count can be wrong; yours objects to it.",
    ),
    (
        "Name three fruits to dry.",
        "Figs, plums and dates.",
        "an answer without numbered lines cannot be counted; a filter that cannot tell says None.",
    ),
    (
        "List fruits that are often dried.",
        _THREE,
        'yours read a ten in "often": look for whole words, not for letters in a row.',
    ),
    (
        "List fruits that people dried in 1950.",
        _THREE,
        "1950 is a year, not a number of things; from two to ten, says the card.",
    ),
    (
        "Name three fruits to dry and how warm.",
        "1. Figs, at 60.5 degrees.\n2. Plums, at 57.\n3. Dates, as they are.",
        "a number inside an item is no item: count where a line begins with one.",
    ),
    (
        "Name three fruits to dry.",
        "1. Figs.\nHalve them first.\n2. Plums.\n3. Dates.",
        "an item may go on in a second line: count the lines that begin with a number, not all.",
    ),
    (
        "Name ten fruits to dry.",
        "\n".join(f"{i}. Fruit." for i in range(1, 11)),
        "ten were asked for and ten came; does yours see that 10. begins a line as well?",
    ),
)
_FAULTY = (  # instruction, answer, what is wrong with a filter that lets it pass
    (
        "Name two fruits to dry.",
        _THREE,
        "three where two were asked for is a wrong count as well: too many, not too few.",
    ),
    (
        "Five fruits to dry, please.",
        _THREE,
        'a number can open the sentence and then begins with a capital: "Five".',
    ),
    (
        "Give 4 fruits to dry.",
        _THREE,
        "a number can be written in digits as well: 4 were asked for, and yours did not see it.",
    ),
    (
        "Give 10 fruits to dry.",
        _THREE,
        "10 has two digits, and yours did not read it as ten.",
    ),
    (
        "Name eight fruits to dry.",
        _THREE,
        "the number words go up to ten, and yours did not know eight.",
    ),
)


def wrong_count(answer):
    """``answer(task)`` is a reason if a numbered list has another length than asked, else None."""

    def verdict(instruction, output):
        return answer({"instruction": instruction, "input": "", "output": output})

    found = verdict("Name five fruits to dry.", _THREE)
    if isinstance(found, bool):
        raise Wrong(f"the ledger needs a reason in words, and {found} is none.")
    if not found:
        raise Wrong("five fruits were asked for, three came, and your filter says nothing.")
    if not isinstance(found, str):
        raise Wrong("a reason is a text that one can read in the ledger.")
    for instruction, output, why in _SOUND:
        found = verdict(instruction, output)
        if found is not None and not found:
            raise Wrong(f"where nothing is wrong the answer is None, and yours is {found!r}.")
        if found is not None:
            raise Wrong(why)
    for instruction, output, why in _FAULTY:
        if not verdict(instruction, output):
            raise Wrong(why)
    return (
        "Of the 104 tasks in the shipped run this filter turns away three, and one deserves it; of "
        "the others one speaks of a 5-star hotel, and one brings a numbered list of its own. Any "
        "plain rule errs, and that is why what it drops goes into the ledger beside its reason."
    )


_PAIRS = (  # two texts, and what is wrong where too few of their shared words are found
    (
        "name three rivers in peru",
        "name two large rivers of peru",
        "other words may stand between the shared ones: name … rivers … peru are three.",
    ),
    (
        "in peru name three rivers",
        "name three rivers in peru",
        'taking "in" because it comes first bars the way to the longer "name three rivers".',
    ),
    (
        "the sun and the moon",
        "the moon and the sun",
        'a word that both texts have twice can be shared twice: "the … and the".',
    ),
)


def shared_words(answer):
    """``answer(a, b)`` is a longest list of words that stand in both lists, in the same order."""
    rng, longer = random.Random(0), "with longer texts yours finds too few: ask the grid's corner."
    draws = [" ".join(rng.choices("abcd", k=rng.randint(4, 9))) for _ in range(60)]
    drawn = [(*pair, longer) for pair in zip(draws[::2], draws[1::2], strict=True)]
    for left, right, too_few in (*_PAIRS, ("bake some bread", "fix my bike", ""), *drawn):
        a, b = left.split(), right.split()
        found = answer(list(a), list(b))
        if isinstance(found, int):
            raise Wrong("the corner of the grid says how many; here the words are asked for.")
        if not isinstance(found, (list, tuple)):
            kind = type(found).__name__
            raise Wrong(f"a list of words, in their order, is asked for; yours is a {kind}.")
        found = list(found)
        if not (_runs_through(found, a) and _runs_through(found, b)):
            back = found[::-1]
            if _runs_through(back, a) and _runs_through(back, b):
                raise Wrong("the words are right and stand back to front: turn them round.")
            raise Wrong(
                "your words do not stand in this order in both texts; ROUGE-L counts words in the "
                "same order, not words in common."
            )
        if len(found) < LCSseq.similarity(a, b):
            raise Wrong(too_few)
    return (
        "Programs that show the difference of two files do the same with lines for words; where "
        "there are several longest lists any will do, since ROUGE-L asks only for their length."
    )


def _runs_through(words, text):
    """Whether the words stand in the text in this order, with or without others between."""
    rest = iter(text)
    return all(word in rest for word in words)


def bill_for(answer):
    """``answer(tasks, share, tokens_in, tokens_out, price_in, price_out)`` is dollars."""
    for case in ((52_000, 0.52, 183, 64, 0.15, 0.60), (52_000, 0.25, 400, 900, 1.0, 4.0)):
        found, (right, slips) = answer(*case), _bills(*case)
        if isinstance(found, bool) or not isinstance(found, (int, float)):
            raise Wrong(f"a number of dollars is asked for, and yours returned {found!r}.")
        for slip, why in slips.items():
            if math.isclose(found, slip, rel_tol=2e-3):
                raise Wrong(why)
        if not math.isclose(found, right, rel_tol=2e-3):
            raise Wrong(
                f"${found:,.2f} is not it. One step at a time: how many requests, how many tokens "
                "of each kind, how many dollars."
            )
    return (
        "For the shipped run that makes about $6.60, more than half of it for writing, although "
        "the teacher read almost three times as much as it wrote; and it is a lower bound, as "
        "novelty gets harder the more is kept."
    )


def _bills(tasks, share, tokens_in, tokens_out, price_in, price_out):
    """The right bill, and what the usual slips come to: ``(dollars, {dollars: words})``."""
    read, written = tokens_in * price_in / 1e6, tokens_out * price_out / 1e6
    swapped = (tokens_in * price_out + tokens_out * price_in) / 1e6
    requests, one = tasks / share, read + written
    return requests * one, {
        tasks * one: "every request is paid for, also one whose task is turned away; it takes more "
        "requests than tasks.",
        tasks * share * one: "a smaller share means more requests, not fewer: divide by it.",
        one: "that is a single request.",
        requests * one * 1e6: "the prices are for a million tokens, not for one.",
        requests * one * 1e3: "the prices are for a million tokens, not for a thousand.",
        requests * swapped: "the two prices are exchanged: what the teacher reads is tokens in, "
        "what it writes is tokens out.",
        requests * read: "what the teacher writes is missing, and it is the dearer part.",
        requests * written: "what the teacher reads is missing: the prompt is paid for as well.",
    }


_FRAME = """
a about an and any are as at be been by can could describe do does explain find for from get give
has have how i if in into is it its kindly let like list make many me mention mine my name need of
on one or our please provide say should show some suggest tell that the their them there these they
this those to us want was we were what when where which who whom whose why will with would write
you your
"""


def missed_pair(answer):
    """``answer`` is two English instructions that ask the same, with a ROUGE-L of 0.3 or less."""
    is_pair = isinstance(answer, (list, tuple)) and len(answer) == 2
    if not is_pair or not all(isinstance(text, str) for text in answer):
        raise Wrong('two texts are asked for, as ("one", "the other").')
    for place, text in zip(("first", "second"), answer, strict=True):
        fault = fault_of({"instruction": text, "input": "", "output": "Yes."})
        if fault:
            raise Wrong(f"your {place} text does not even reach this filter: {fault[0]}.")
    score = _score_of_two(*answer)
    first, second = (_content(text) for text in answer)
    common = len(first & second)
    if common < max(2, min(len(first), len(second)) / 3):
        raise Wrong(
            f"of the words that carry the matter these two share {common}. They may still ask the "
            "same, but to a check that knows words and not meanings they are different tasks."
        )
    return (
        f"ROUGE-L says {score:.2f}, and yet they share {common} of the words that carry the "
        "matter; helpers/data/near_duplicates.py looks for such pairs with a model of sentences, "
        "and whether yours do ask the same only a reader can say."
    )


def _score_of_two(one, other):
    """The ROUGE-L of two texts, where it is low for the right reason."""
    (short, long), score = sorted((tokenize(one), tokenize(other)), key=len), rouge_l(one, other)
    if score > 0.7:
        raise Wrong(f"this pair scores {score:.2f}, so the filter sees it: a copy, or nearly.")
    if Counter(short) == Counter(long):
        raise Wrong("the same words shaken up are no sentence; ask as another person would.")
    if score > 0.3:
        raise Wrong(
            f"this pair passes at 0.7, but scores {score:.3f}: too many words still stand in the "
            "same order. Turn the sentence round, and use another frame."
        )
    if len(long) > 4 * len(short):
        raise Wrong("one text is so much longer that it asks for more than the other.")
    return score


def _content(text):
    """The words that carry the matter, cut to four letters: Peru and Peruvian are one."""
    frame = _FRAME.split()
    words = (word for word in re.findall(r"\w+", text.lower()) if word not in frame)
    return {word.removesuffix("s")[:4] for word in words}


_PERU, _CHILE = "Name three rivers in Peru.", "Name three rivers in Chile."
_PICNIC = "Plan a picnic for four."
_HALF = ("Bake a small cake", "Bake a large loaf")  # 0.5, to the last bit
_CHAIN = (  # each is near the one before it; the third is not near the first
    "Plan a quiet evening at home for two.",
    "Plan a quiet evening in Lima for four.",
    "Plan a long weekend in Lima for four.",
)
_POOL = (_PERU, _CHILE, "Name three large rivers in Peru.", _PICNIC, *_CHAIN, _PICNIC)
_COMINGS = (  # texts in the order they come, a threshold, and what the usual slips would lose
    (
        (_PERU, _PERU, _PICNIC),
        0.9,
        {
            (_PERU, _PERU, _PICNIC): "everything is lost: each seems to be compared with itself.",
            (_PERU, _PICNIC): "those are the texts kept; the ones turned away are asked for.",
            (_PERU, _PERU): "of a text and its copy both are lost; the first was new when it came.",
            (): "a text that comes twice loses nothing with you, and equal texts score 1.0.",
        },
    ),
    ((_CHILE, _PERU), 0.7, {(_CHILE,): "the one that came first stays, and the later one goes."}),
    (
        (_CHILE, _PICNIC, _PERU),
        0.7,
        {(): "a text is held against everything kept so far, not only against the last."},
    ),
    (_HALF, 0.5, {_HALF[1:]: "a score of just the threshold is let in; above it, says the rule."}),
    (
        _CHAIN,
        0.6,
        {_CHAIN[1:]: "what was turned away is not in the pool, and turns nobody away itself."},
    ),
    *((_POOL, threshold, {}) for threshold in (0.9, 0.7, 0.5, 0.3)),
)


def lost_at(answer):
    """``answer(texts, threshold)`` is the list of those turned away, taking them one by one."""
    for texts, threshold, slips in _COMINGS:
        found = answer(list(texts), threshold)
        if not isinstance(found, (list, tuple)):
            raise Wrong("the texts themselves are asked for, in a list, not how many they are.")
        if tuple(found) in slips:
            raise Wrong(slips[tuple(found)])
        if list(found) != _lost(texts, threshold):
            raise Wrong(
                f"at a threshold of {threshold} others are lost than those you name; is it the "
                "threshold handed in that yours compares with?"
            )
    return (
        "The loop's own filter does this with all of Alpaca's 52,002 in less than a minute; and "
        "as a text that is turned away turns nobody away, a lower threshold can even keep one "
        "that a higher one loses."
    )


def _lost(texts, threshold):
    kept = RougeIndex(threshold=threshold).decide_many(texts)
    return [text for text, is_kept in zip(texts, kept, strict=True) if not is_kept]
