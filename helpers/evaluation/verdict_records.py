"""Verdict records: what a judge says of one pair in both orders, and the outcome of both.

The judge may be a model or a person. The two verdicts on a pair depend on each other, so they count
as one outcome. Where the judge names the same position in both orders, it follows the position and
not the answers. Such a *flip* counts as a tie, and so does a verdict that cannot be read.
"""

from collections.abc import Iterable
from typing import Literal, NotRequired, TypedDict

Letter = Literal["A", "B", "tie"] | None  # None: the verdict could not be read
Order = Literal["ab", "ba"]
Outcome = Literal["win", "loss", "tie", "flip", "unparsed"]
ORDERS: tuple[Order, Order] = ("ab", "ba")  # "ab": the left answer is shown first, as A


class Pair(TypedDict):
    """Two answers to one request, to be compared. In a gold pair ``left`` is the better answer."""

    id: str
    request: str
    left: str
    right: str
    category: NotRequired[str | None]
    kind: NotRequired[str]
    why: NotRequired[str]
    reference: NotRequired[str]


class BothOrders(TypedDict):
    """The letter that a judge names in each order.

    ``ab``: the left answer is shown first, as A. ``ba``: the right answer is shown first.
    """

    ab: Letter
    ba: Letter


class Verdict(BothOrders):
    """What a judge says of one pair in both orders.

    ``chars``: lengths of the left and the right answer. ``p_left``: probability of the left answer,
    averaged over both orders. ``improbable``: in how many orders the letters were too improbable to
    be read. ``texts``: the judge's text in each order. ``scores``: for a likelihood-based judge,
    the scores of the left and the right answer in nats.
    """

    id: str
    chars: NotRequired[list[int]]
    category: NotRequired[str | None]
    kind: NotRequired[str | None]
    p_left: NotRequired[float | None]
    improbable: NotRequired[int]
    texts: NotRequired[dict[Order, str]]
    scores: NotRequired[list[float]]


class Contest(TypedDict):
    """One comparison of two models: 1 point where ``left`` won, 0 where it lost, 0.5 for a tie."""

    prompt: str
    left: str
    right: str
    points: float


def verdict_record(pair: Pair, ab: Letter, ba: Letter, *, p_left: float | None) -> Verdict:
    """The verdict record of a pair, from the letters named in both orders."""
    return {
        "id": pair["id"],
        "ab": ab,
        "ba": ba,
        "chars": [len(pair["left"]), len(pair["right"])],
        "category": pair.get("category"),
        "kind": pair.get("kind"),
        "p_left": p_left,
    }


def outcome(record: BothOrders) -> Outcome:
    """The left answer's outcome over both orders.

    One order for a side and the other for a tie is a tie.
    """
    ab, ba = record["ab"], record["ba"]
    if ab is None or ba is None:
        return "unparsed"
    if "tie" in (ab, ba):
        return "tie"
    if ab == ba:
        return "flip"
    return "win" if ab == "A" else "loss"


def points_of(verdicts: Iterable[BothOrders]) -> list[float]:
    """One point for each win of the left answer, none for a loss, half for everything else."""
    points = {"win": 1.0, "loss": 0.0}
    return [points.get(outcome(record), 0.5) for record in verdicts]


def contests(verdicts: Iterable[Verdict], left: str, right: str) -> list[Contest]:
    """Verdict records as contests between two models, for ``ratings.bradley_terry``.

    ``left`` and ``right`` are the names of the models that gave the left and the right answers.
    """
    verdicts = list(verdicts)
    return [
        {"prompt": record["id"], "left": left, "right": right, "points": points}
        for record, points in zip(verdicts, points_of(verdicts), strict=True)
    ]
