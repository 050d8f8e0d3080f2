"""Read a judge's reply: by the probabilities of its first token, else by its text."""

import re
from collections.abc import Mapping
from typing import NamedTuple, NotRequired, TypedDict

from helpers.data.reply_parsing.finish_reasons import is_whole
from helpers.evaluation.verdict_parser.grades import HIGHEST, parse_grade
from helpers.evaluation.verdict_parser.verdict import parse_verdict
from helpers.evaluation.verdict_records import Letter

# The least probability that all letters (or digits) of a reply must have together. Where a model
# begins one reply in twenty or fewer with one of them, it is about to write something else, and
# which of them is likelier does not show its verdict. The embedded model gives its letters 0.12 or
# more.
MIN_PROBABILITY = 0.05


class Reply(TypedDict):
    """The fields of a cached answer (``cached_calls.ask_all``) that give a verdict or a grade.

    ``finish`` says why it ended, in the provider's word. ``letters`` has the probabilities of the
    first token, or None where the endpoint does not give them.
    """

    text: str
    finish: str | None
    letters: dict[str, float] | None


class Reading(NamedTuple):
    """A verdict, and the probability of the answer shown first (None where no letters were read).

    ``improbable``: there were letters, but together less probable than :data:`MIN_PROBABILITY`.
    """

    verdict: Letter
    first: float | None = None
    improbable: bool = False


class Grade(TypedDict):
    """A grade from 1 to 5, or None where the reply could not be read.

    ``improbable`` is True where the digits together were less probable than
    :data:`MIN_PROBABILITY`.
    """

    grade: float | None
    improbable: NotRequired[bool]


def read_verdict(reply: Reply, way: str) -> Reading:
    """The verdict of a reply that was asked for in a ``way`` of ``judge.WAYS``.

    Letters with the same probability are a tie. Where the letters are too improbable, the text is
    read, which may decide nothing. In a text that was cut only a marked verdict counts.
    """
    letters = reply["letters"] if way == "letters" else None
    likely = _likely(letters, "AB")
    if likely:
        a, b = likely.get("A", 0.0), likely.get("B", 0.0)
        return Reading("tie" if a == b else "A" if a > b else "B", a / (a + b))
    # One letter is all that was asked for, so there the length limit cuts nothing.
    cut = way != "letters" and not is_whole(reply["finish"])
    return Reading(parse_verdict(reply["text"], cut=cut), improbable=bool(letters))


def read_grade(reply: Reply) -> Grade:
    """The grade of a reply: the mean over the digits' probabilities, else what the text says."""
    likely = _likely(reply["letters"], f"1-{HIGHEST}")
    if likely:
        return {"grade": sum(int(step) * p for step, p in likely.items()) / sum(likely.values())}
    grade = parse_grade(reply["text"], cut=not is_whole(reply["finish"]))
    return {"grade": grade, "improbable": True} if reply["letters"] else {"grade": grade}


def _likely(letters: Mapping[str, float] | None, wanted: str) -> dict[str, float]:
    """The probabilities of the wanted letters, however they are marked ("(A", "**A").

    Empty where they are together less probable than :data:`MIN_PROBABILITY`.
    """
    found: dict[str, float] = {}
    for token, probability in (letters or {}).items():
        letter = re.fullmatch(rf"\W*([{wanted}])\W*", token)
        if letter:
            found[letter[1]] = found.get(letter[1], 0.0) + probability
    return found if sum(found.values()) >= MIN_PROBABILITY else {}
