"""Check a learner's answer to an exercise, and say what is wrong with it.

A lesson shows an exercise as a card, followed by a cell to fill in, which ends with::

    check("broken_row", broken_row)

:func:`check` says one of three things: *not tried yet*, *right*, or *not yet* with a diagnosis. It
never raises because of an answer, so a lesson runs to its end with every exercise untouched.

The package ``checks`` has one function for each exercise. It takes the answer (a function, a number
or a text). It raises Wrong with a diagnosis, or returns a remark on a right answer. A check
compares with a reference, or tries a case that the card does not show, so an answer that only fits
the example does not pass.
"""

from typing import Literal

from helpers.course.exercise_checks import (
    lesson_1,
    lesson_2,
    lesson_3,
    lesson_4,
    lesson_5,
    lesson_6,
)
from helpers.course.exercise_checks.answers import Check, Wrong
from helpers.display.safe_html import Html, escape

Outcome = Literal["right", "wrong", "untouched"]
_MARKS: dict[Outcome, str] = {"right": "✓", "wrong": "✗", "untouched": "○"}


def check(name: str, answer: object) -> Html:
    """Check an answer to the exercise ``name``; returns the outcome for display.

    Raises ValueError for an exercise that does not exist.
    """
    outcome, words = judged(name, answer)
    mark = _MARKS[outcome]
    text = f"{mark} {words}"
    return Html(f'<p role="status"><strong>{mark}</strong> {escape(words)}</p>', text)


def judged(name: str, answer: object) -> tuple[Outcome, str]:
    """``(outcome, words)`` for an answer; the words are for the learner.

    Raises ValueError for an exercise that does not exist.
    """
    checks = all_checks()
    if name not in checks:
        raise ValueError(f"no exercise {name!r}; there are {', '.join(sorted(checks))}.")
    if answer is ... or answer is None:
        return "untouched", "not tried yet: put your answer in the cell above and run it again."
    try:
        remark = checks[name](answer)
    except NotImplementedError:
        return "untouched", "not tried yet: write the function above and run the cell again."
    except Wrong as wrong:
        return "wrong", f"not yet: {wrong}"
    except Exception as error:  # from the learner's code, or from an answer of another type
        return "wrong", f"not yet: your answer raised {type(error).__name__}: {error}"
    return "right", f"right. {remark}"


def all_checks() -> dict[str, Check]:
    """The check of every exercise, by the exercise's name."""
    lessons = (lesson_1, lesson_2, lesson_3, lesson_4, lesson_5, lesson_6)
    return {check.__name__: check for lesson in lessons for check in lesson.EXERCISES}
