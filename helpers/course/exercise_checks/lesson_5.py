"""The exercises of lesson 5: did the training work, and how would you know?

The last two exercises are in ``length_judges`` and ``honest_sentence``.
"""

from collections.abc import Sequence
from itertools import count, product

from helpers.course.exercise_checks.answers import LearnersFunction, Wrong
from helpers.course.exercise_checks.honest_sentence import honest_sentence
from helpers.course.exercise_checks.length_judges import follows_length
from helpers.evaluation.agreement import cohen_kappa
from helpers.evaluation.intervals import smallest_difference
from helpers.evaluation.verdict_records import BothOrders, Letter, outcome, points_of


def prompts_needed(answer: LearnersFunction) -> str:
    """``answer(rate)`` is the smallest number of tasks that shows a true win rate of ``rate``."""
    answers = {rate: answer(rate) for rate in (0.9, 0.8, 0.7, 0.6)}
    if answers[0.8] is not None and answers[0.8] == answers[0.6]:
        raise Wrong("your answer is the same for 80 to 20 and for 60 to 40. Use the rate.")
    for rate, given in answers.items():
        enough = next(n for n in count(1) if smallest_difference(n) <= rate)
        if given is None:
            raise Wrong(f"for {rate:.0%} your function returns nothing. Is there a `return`?")
        if given < 1:
            raise Wrong(f"{given:.3f} is a win rate. Return a number of tasks.")
        if given < 6:
            raise Wrong(
                f"with {given} tasks, even a model that always wins cannot be told from a coin. Go "
                "on while the smallest difference is above the rate."
            )
        if given == enough - 1:
            raise Wrong(f"one task too few: {given} is the last number too small for {rate:.0%}.")
        if 0.35 * enough < given < 0.65 * enough:
            raise Wrong(
                f"with {given} tasks, a true {rate:.0%} shows in about one sample of two. There, "
                "an interval around this rate barely excludes one half. Ask for four of five."
            )
        if smallest_difference(given) > rate:
            raise Wrong(f"{given} tasks show {smallest_difference(given):.1%}, not yet {rate:.0%}.")
        if given != enough:
            raise Wrong(f"{given} tasks would show {rate:.0%}, but so would fewer. Start from one.")
    return f"60 to 40 takes {enough} tasks, and half that distance about four times as many."


# Votes of two voters. The second pair of voters prefers different letters; the third ties as well.
_ANN, _BEN = "AABABBAABA", "AABABBABAB"
_MOSTLY_A, _MOSTLY_B = "AAAAAAAABB", "AAAABBBBBB"
_WITH_TIES = ["A", "tie", "B", "tie", "A", "tie"], ["A", "tie", "B", "B", "tie", "tie"]


def kappa_by_hand(answer: LearnersFunction) -> str:
    """``answer(first, second)`` is Cohen's κ of two lists of votes; None where undefined."""

    def near(
        value: float | None, first: Sequence[str] = _ANN, second: Sequence[str] = _BEN
    ) -> bool:
        given = answer(first, second)
        return given is not None and value is not None and abs(given - value) < 0.005

    if near(0.7):
        raise Wrong("0.7 is the share of pairs on which they agree. Some of that is chance.")
    if near(0.2):
        raise Wrong("this is what they reach above chance. Divide by the most they could reach.")
    if near(0.4, _MOSTLY_A, _MOSTLY_B) or near(0.2, _MOSTLY_A, _MOSTLY_B):
        raise Wrong("a voter who mostly says A is not a coin. Chance depends on each one's votes.")
    if near(0.167, _MOSTLY_A, _MOSTLY_B):
        raise Wrong("you put the votes of both voters together. Each has frequencies of their own.")
    if not near(cohen_kappa(_ANN, _BEN)):
        raise Wrong(f"for Ann and Ben you return {answer(_ANN, _BEN)}. The lesson found 0.40.")
    if not near(cohen_kappa(_MOSTLY_A, _MOSTLY_B), _MOSTLY_A, _MOSTLY_B):
        raise Wrong("if one voter mostly says A and the other mostly B, your chance is wrong.")
    if not near(cohen_kappa(*_WITH_TIES), *_WITH_TIES):
        raise Wrong('a vote may be "tie" as well. Chance is a sum over every label there is.')
    try:
        one_label = answer("AAAA", "AAAA")
    except ZeroDivisionError:
        one_label = 1.0
    if one_label is not None:
        raise Wrong("if both always say A, kappa is not defined. Return None.")
    return "Two voters who say A nine times in ten agree on 82 of 100 pairs by chance: kappa is 0."


_LOST_PAIRS = "undecided pairs are missing from your win rate. Each counts half a point."
_OUTCOMES = ("win", "loss", "tie", "flip", "unparsed")


def two_orders(answer: LearnersFunction) -> str:
    """``answer(records)`` counts the five outcomes and has the ``win_rate``, in one dict."""

    def counted(ab: Letter, ba: Letter) -> str | None:
        return _counted_outcome(answer, ab, ba)

    if counted("A", "B") == "flip":
        raise Wrong("you do not turn ba round. There our answer is B, so A and then B is a win.")
    if counted("A", "A") == "win":
        raise Wrong("you read only the first order. A judge that always says A would let us win.")
    if counted("A", "A") == "tie":
        raise Wrong("A in both orders is a flip. It is worth the same as a tie, but counted apart.")
    if counted("tie", "A") == "flip":
        raise Wrong("a tie in one order and an answer in the other is a tie. Nothing flipped.")
    for unread in (counted(None, None), counted("tie", None)):
        if unread != "unparsed":
            raise Wrong(
                "a pair with an order that could not be read is unparsed. In your answer it is "
                f"{unread or 'not counted'}."
            )
    letters: tuple[Letter, ...] = ("A", "B", "tie", None)
    for ab, ba in product(letters, repeat=2):
        if counted(ab, ba) != outcome({"ab": ab, "ba": ba}):
            raise Wrong(
                f"{ab!r} and then {ba!r} is not {counted(ab, ba) or 'without an outcome'}. Which "
                "answer does the judge name in each order?"
            )
    _check_win_rate(answer)
    return "Undecided pairs pull the rate towards one half, so confusion does not help any model."


def _counted_outcome(answer: LearnersFunction, ab: Letter, ba: Letter) -> str | None:
    """The outcome that the learner's function counts for one record; None if it counts none."""
    try:
        found = answer([{"ab": ab, "ba": ba}])
    except ZeroDivisionError:
        raise Wrong(_LOST_PAIRS) from None
    for key in (*_OUTCOMES, "win_rate"):
        if not isinstance(found, dict) or key not in found:
            raise Wrong(f"return one dict with six entries. Yours has no {key!r}.")
    return next((name for name in _OUTCOMES if found[name]), None)


def _check_win_rate(answer: LearnersFunction) -> None:
    """Raise Wrong unless the ``win_rate`` of two sets of records is right."""
    letters: list[tuple[Letter, Letter]] = [
        ("A", "B"), ("A", "B"), ("B", "A"), ("A", "A"), ("tie", "tie"), ("A", None)
    ]  # fmt: skip
    records: list[BothOrders] = [{"ab": ab, "ba": ba} for ab, ba in letters]
    rate = answer(records)["win_rate"]
    if abs(rate - 2 / 3) < 1e-6:
        raise Wrong(_LOST_PAIRS)
    if abs(rate - 2 / 6) < 1e-6:
        raise Wrong("an undecided pair is not a loss. It is worth half a point, not none.")
    if abs(rate - 3 / 5) < 1e-6:
        raise Wrong("the pair that could not be read is missing from the rate. It counts one half.")
    try:
        undecided = answer(records[3:])["win_rate"]
    except ZeroDivisionError:
        undecided = None
    if undecided != 0.5:
        raise Wrong("if no pair is decided, the win rate is one half, because it is of all pairs.")
    if abs(rate - sum(points_of(records)) / len(records)) > 1e-6:
        raise Wrong(f"two wins, a loss and three undecided pairs make 3.5 of 6, not {rate:.2f}.")


def seen_through(answer: LearnersFunction) -> str:
    """``answer(true_rate, accuracy)`` is the win rate that a judge of that accuracy reports."""

    def near(value: float, true_rate: float, accuracy: float) -> bool:
        return abs(answer(true_rate, accuracy) - value) < 1e-6

    if near(60, 1.0, 0.6):
        raise Wrong("60 is a percentage. Shares go from 0 to 1 here.")
    if near(0.7, 0.7, 0.6):
        raise Wrong("you return the true rate, as if this judge were never wrong.")
    if near(0.42, 0.7, 0.6):
        raise Wrong("the judge also errs in our favour: where our model was the worse one.")
    if not near(0.5, 0.9, 0.5):
        raise Wrong("a judge that is right half of the time is a coin, and reports 0.5.")
    if not near(0.6, 1.0, 0.6):
        raise Wrong("a model that is always better wins as often as this judge is right: 0.6.")
    if not near(0.2, 0.8, 0.0):
        raise Wrong("a judge that is always wrong turns 0.8 into 0.2. Rates below one half exist.")
    for true_rate, accuracy in ((0.3, 0.9), (0.55, 0.7), (0.0, 0.8)):
        value = true_rate * accuracy + (1 - true_rate) * (1 - accuracy)
        if not near(value, true_rate, accuracy):
            raise Wrong(
                f"with a true rate of {true_rate} and an accuracy of {accuracy}, the judge reports "
                f"{value:.2f}."
            )
    return (
        "With a judge that is right in six of ten, 60 to 40 looks like 52 to 48. That is a fifth "
        "of the distance, so it takes about twenty-five times as many tasks."
    )


EXERCISES = (
    prompts_needed,
    kappa_by_hand,
    two_orders,
    seen_through,
    follows_length,
    honest_sentence,
)
