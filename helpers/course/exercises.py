"""Exercises: what a learner's answer is held against, and what is said when it is wrong.

A lesson shows an exercise as a card with a stub, and ends it with::

    check("broken_row", broken_row)

which says one of three things and never raises, so that a lesson runs through with every exercise
untouched: *not tried yet*, *right*, or *not yet*, with what is wrong in the learner's own terms.
One file a lesson holds the checks, one function an exercise; it takes the answer (a function, a
number, a text) and raises :class:`Wrong`. Checks use an oracle, or a case the card does not show,
so that an answer fitted to the example does not pass. The tests prove that the solution printed on
each card passes, and that wrong answers fail with the right words.
"""

from helpers.course.checks.wrong import Wrong
from helpers.display.safe_html import Html, escape


def check(name, answer):
    """Hold an answer against the exercise called ``name``; returns a display.

    Raises ValueError for an exercise that does not exist; never because of the answer.
    """
    verdict, words = judged(name, answer)
    mark = {"right": "✓", "wrong": "✗", "untouched": "○"}[verdict]
    text = f"{mark} {words}"
    return Html(f'<p role="status"><strong>{mark}</strong> {escape(words)}</p>', text)


def judged(name, answer):
    """``(verdict, words)`` of an answer: ``"right"``, ``"wrong"`` or ``"untouched"``."""
    checks = all_checks()
    if name not in checks:
        raise ValueError(f"no exercise {name!r}; there are {', '.join(sorted(checks))}.")
    if answer is ... or answer is None:
        return "untouched", "not tried yet: put your answer in the cell above and run it again."
    try:
        praise = checks[name](answer)
    except NotImplementedError:
        return "untouched", "not tried yet: write the function above and run the cell again."
    except Wrong as wrong:
        return "wrong", f"not yet: {wrong}"
    except Exception as error:  # the learner's own code, or an answer of another shape
        return "wrong", f"not yet: your answer made a {type(error).__name__}: {error}"
    return "right", f"right. {praise}"


def all_checks():
    """Every exercise of every lesson: ``{name: function}``."""
    from helpers.course.checks import lesson_1, lesson_2, lesson_3, lesson_4, lesson_5, lesson_6

    modules = (lesson_1, lesson_2, lesson_3, lesson_4, lesson_5, lesson_6)
    return {name: getattr(module, name) for module in modules for name in module.EXERCISES}
