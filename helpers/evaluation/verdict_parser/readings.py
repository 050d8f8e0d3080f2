"""What a judge's answer decides: by the probabilities of its first token, else by its text.

Used by :mod:`helpers.evaluation.judge`. An answer is a dict as
:func:`helpers.teacher.cached_calls.ask_all` returns it: ``text``, ``finish`` and ``letters``.
"""

import re
from typing import NamedTuple

from helpers.data.parsing.finish_reasons import is_whole
from helpers.evaluation.verdict_parser.grades import HIGHEST, parse_grade
from helpers.evaluation.verdict_parser.verdict import parse_verdict

# The least probability that all letters (or digits) of an answer must have together. A model that
# begins one reply in twenty or fewer with one of them is about to say something else, and which of
# them is likelier says nothing of its verdict. The embedded model gives its letters 0.12 and more.
LEAST_PROBABILITY = 0.05


class Reading(NamedTuple):
    """A verdict, and the probability of the answer shown first (None where no letters were read).

    ``improbable``: there were letters, but together less probable than :data:`LEAST_PROBABILITY`.
    """

    verdict: str | None
    first: float | None = None
    improbable: bool = False


def read_verdict(answer: dict, way: str) -> Reading:
    """The reading of an answer that was asked for in a ``way`` of :mod:`helpers.evaluation.judge`.

    Letters of equal probability are a tie. Where they are below the floor the text is read, which
    may decide nothing. A text that was cut decides by a marked verdict alone.
    """
    letters = answer["letters"] if way == "letters" else None
    likely = _likely(letters, "AB")
    if likely:
        a, b = likely.get("A", 0.0), likely.get("B", 0.0)
        return Reading("tie" if a == b else "A" if a > b else "B", a / (a + b))
    # One letter is all that was asked for, so there the length limit cuts nothing.
    cut = way != "letters" and not is_whole(answer["finish"])
    return Reading(parse_verdict(answer["text"], cut=cut), improbable=bool(letters))


def read_grade(answer: dict) -> dict:
    """``{"grade": …}``: the mean over the digits' probabilities, else what the text says, or None.

    With ``"improbable": True`` where the digits were together less probable than
    :data:`LEAST_PROBABILITY`.
    """
    likely = _likely(answer["letters"], f"1-{HIGHEST}")
    if likely:
        return {"grade": sum(int(step) * p for step, p in likely.items()) / sum(likely.values())}
    found = {"grade": parse_grade(answer["text"], cut=not is_whole(answer["finish"]))}
    return {**found, "improbable": True} if answer["letters"] else found


def _likely(letters: dict | None, wanted: str) -> dict[str, float]:
    """The probabilities of the wanted letters, however marked ("(A", "**A"); {} below the floor."""
    found = {}
    for token, probability in (letters or {}).items():
        letter = re.fullmatch(rf"\W*([{wanted}])\W*", token)
        if letter:
            found[letter[1]] = found.get(letter[1], 0.0) + probability
    return found if sum(found.values()) >= LEAST_PROBABILITY else {}
