"""The exercise of lesson 5 about judges that prefer the longer answer."""

from typing import Any

from helpers.course.exercise_checks.answers import LearnersFunction, Wrong
from helpers.evaluation.verdict_records import Letter, Verdict

_Group = tuple[int, int, int, Letter, Letter]  # pairs; characters left and right; ab; ba


def _verdicts(*groups: _Group) -> list[Verdict]:
    """Verdicts on gold pairs; the better answer is the left one."""
    return [
        {"id": str(i), "ab": ab, "ba": ba, "chars": [left, right]}
        for pairs, left, right, ab, ba in groups
        for i in range(pairs)
    ]


_LONG, _SHORT = (180, 60), (60, 180)  # the better answer is the longer, or the shorter one
_RIGHT: tuple[Letter, Letter] = ("A", "B")
_WRONG: tuple[Letter, Letter] = ("B", "A")
_ALWAYS_LONGER = _verdicts((20, *_LONG, *_RIGHT), (20, *_SHORT, *_WRONG))
_MOSTLY_LONGER = _verdicts(
    (18, *_LONG, *_RIGHT), (2, *_LONG, *_WRONG), (3, *_LONG, None, "A"),
    (17, *_SHORT, *_WRONG), (3, *_SHORT, *_RIGHT),
)  # fmt: skip
_FAIR = _verdicts((20, *_LONG, *_RIGHT), (18, *_SHORT, *_RIGHT), (2, *_SHORT, *_WRONG))
_FAIR_WITH_LONG_PAIRS = _verdicts(
    (56, *_LONG, *_RIGHT), (2, *_LONG, *_WRONG), (5, *_SHORT, *_RIGHT), (1, *_SHORT, *_WRONG)
)
_ALWAYS_WORSE = _verdicts((20, *_LONG, *_WRONG), (20, *_SHORT, *_WRONG))
_LONGER_AND_EQUAL = [*_ALWAYS_LONGER, *_verdicts((45, 90, 90, *_RIGHT))]
_ALWAYS_FIRST = _verdicts((20, *_LONG, "A", "A"), (20, *_SHORT, "A", "A"))
_ALWAYS_SECOND = _verdicts((20, *_LONG, "B", "B"), (20, *_SHORT, "B", "B"))


def follows_length(answer: LearnersFunction) -> str:
    """``answer(records)`` is True for a judge that takes the longer answer, better or worse."""
    given: Any = answer(_ALWAYS_LONGER)
    if not isinstance(given, bool):
        raise Wrong("return True or False. A share does not say yet what you conclude from it.")
    if not given:
        raise Wrong("you miss a judge that took the longer answer in every pair.")
    if answer(_FAIR):
        raise Wrong("you accuse a fair judge, which took the better answer, short or long.")
    for records in (_ALWAYS_FIRST, _ALWAYS_SECOND):
        try:
            guilty = answer(records)
        except ZeroDivisionError:
            raise Wrong(
                "a judge that follows the position decides no pair, so there is nothing to divide "
                "by."
            ) from None
        if guilty:
            raise Wrong("you accuse a judge that follows the position. Read both orders.")
    if answer(_FAIR_WITH_LONG_PAIRS):
        raise Wrong(
            "you accuse a judge whose better answers happened to be longer. Where the "
            "better answer was short, it took the short one. Look at those pairs by themselves."
        )
    if answer(_ALWAYS_WORSE):
        raise Wrong("a judge that takes the worse answer, long or short, has another fault.")
    if not answer(_MOSTLY_LONGER):
        raise Wrong("a judge that takes the longer answer nine times in ten follows length, too.")
    if not answer(_LONGER_AND_EQUAL):
        raise Wrong("in a pair of equal length no answer is longer. Do not count such a pair.")
    return "Good judgement and a love of length differ only where the better answer is short."
