"""What verdicts add up to, and how much of it is the judge's own habits.

Beside :mod:`helpers.evaluation.judge`, which asks: here verdict *records*, wherever they come from
(a model, people), are counted. A record has ``id``, ``ab`` and ``ba``: the letter named when the
left answer was shown as A, and when the right one was; ``"tie"``, or None where nothing could be
read. It may have ``p_left`` (a probability), ``improbable`` (a count), ``chars`` (lengths of left
and right), ``category`` and ``kind``.

By prompt, never by vote: two verdicts on one prompt stand and fall together. A judge that names the
same position in both orders has told us about itself; such a *flip* counts as a tie, and so does
what could not be read.
"""

import math
from dataclasses import dataclass
from typing import Literal, NotRequired, TypedDict

from helpers.evaluation.agreement import cohen_kappa
from helpers.evaluation.intervals import sign_test, smallest_difference, wilson

# The fewest pairs on which three right of four are told from a coin by Wilson's interval.
LEAST_PAIRS = 16
Letter = Literal["A", "B", "tie"] | None
ORDERS = ("ab", "ba")  # "ab": the left answer is shown first, as A
_POINTS = {"win": 1.0, "loss": 0.0}


class Pair(TypedDict):
    """Two answers to one request, to be compared. Of a gold pair ``left`` is the better one."""

    id: str
    request: str
    left: str
    right: str
    category: NotRequired[str | None]
    kind: NotRequired[str]
    why: NotRequired[str]
    reference: NotRequired[str]


class Verdict(TypedDict):
    """What a judge said of a pair in both orders: the letter it named, "tie", or None.

    ``ab``: the left answer was shown first, as A. ``ba``: the right one. ``chars``: lengths of
    left and right. ``p_left``: the left answer's probability, over both orders. ``improbable``:
    in how many orders the letters were too improbable to be read. ``texts``: what was said.
    """

    id: str
    ab: Letter
    ba: Letter
    chars: NotRequired[list[int]]
    category: NotRequired[str | None]
    kind: NotRequired[str | None]
    p_left: NotRequired[float | None]
    improbable: NotRequired[int]
    texts: NotRequired[list[str]]


@dataclass(frozen=True)
class Summary:
    """What a judge said of the left answers. Intervals are dicts ``{"value", "low", "high"}``.

    ``win_rate``: wins plus half of all others, Wilson's interval over prompts. ``decided``: wins
    among wins and losses, Wilson's interval; None where nothing was decided. ``p_value``: exact
    sign test of wins against losses. ``smallest_difference``: the smallest true win rate that this
    many prompts could have shown. ``flip_rate``: prompts where the verdict followed the position.
    ``first_position_rate``: share of verdicts for the answer shown first, about 0.5 for a fair
    judge; None where none named a side. ``first_position`` is the same as a mean over prompts, with
    Wilson's interval: both verdicts on one prompt count as one. ``unparsed``: verdicts that could
    not be read, of ``2 * prompts``. ``improbable``: verdicts, of as many, whose letters were too
    improbable to be read (:data:`helpers.evaluation.verdict_parser.readings.LEAST_PROBABILITY`), so
    that the text decided, or nothing. ``preference``: mean ``p_left``, with Wilson's interval (a
    wide one: what lies between 0 and 1 varies less than wins and losses); or None. ``length``: see
    :func:`length_preference`; None where lengths are not known. ``categories``: for each category
    its prompts and win rate.
    """

    prompts: int
    wins: int
    losses: int
    ties: int
    flips: int
    unparsed: int
    improbable: int
    win_rate: dict
    decided: dict | None
    p_value: float
    smallest_difference: float
    flip_rate: dict
    first_position_rate: float | None
    first_position: dict | None
    preference: dict | None
    length: dict | None
    categories: dict


def record_of(pair, ab, ba, **more):
    """The verdict record of a pair (``judge.pair_up``), as described above."""
    return {
        "id": pair["id"],
        "ab": ab,
        "ba": ba,
        "chars": [len(pair["left"]), len(pair["right"])],
        "category": pair.get("category"),
        "kind": pair.get("kind"),
        **more,
    }


def summarize(verdicts):
    """Verdict records to a :class:`Summary`.

    Raises ValueError for no verdicts, or for a record that lacks one of the two orders.
    """
    _check(verdicts)
    outcomes = [outcome(record) for record in verdicts]
    wins, losses = outcomes.count("win"), outcomes.count("loss")
    by_prompt = _first_shares(verdicts)
    letters = [r[order] for r in verdicts for order in ORDERS if r[order] in ("A", "B")]
    likings = [r["p_left"] for r in verdicts if r.get("p_left") is not None]
    return Summary(
        prompts=len(verdicts),
        wins=wins,
        losses=losses,
        ties=len(outcomes) - wins - losses,
        flips=outcomes.count("flip"),
        unparsed=sum(r[order] is None for r in verdicts for order in ORDERS),
        improbable=sum(r.get("improbable", 0) for r in verdicts),
        win_rate=_mean_of(points_of(verdicts)),
        decided=wilson(wins, wins + losses) if wins + losses else None,
        p_value=sign_test(wins, losses),
        smallest_difference=smallest_difference(len(verdicts)),
        flip_rate=wilson(outcomes.count("flip"), len(outcomes)),
        first_position_rate=letters.count("A") / len(letters) if letters else None,
        first_position=_mean_of(by_prompt) if by_prompt else None,
        preference=_mean_of(likings) if likings else None,
        length=length_preference(verdicts) if all("chars" in r for r in verdicts) else None,
        categories=_by(verdicts, "category"),
    )


def _mean_of(points):
    """The mean of points between 0 and 1, one a prompt, with Wilson's interval."""
    return wilson(sum(points), len(points))


def _first_shares(verdicts):
    """For each prompt with a verdict for a side, the share of these for the answer shown first."""
    letters = [[r[order] for order in ORDERS if r[order] in ("A", "B")] for r in verdicts]
    return [named.count("A") / len(named) for named in letters if named]


def _check(verdicts):
    if not verdicts:
        raise ValueError("no verdicts to summarize; judge at least one pair.")
    for record in verdicts:
        missing = [order for order in ORDERS if order not in record]
        if missing:
            raise ValueError(
                f"verdict {record.get('id')!r} lacks the order {missing[0]!r}: every pair must be "
                "judged in both orders, or the judge's liking for a position counts as quality."
            )


def outcome(record):
    """``win``, ``loss``, ``tie``, ``flip`` or ``unparsed`` of the left answer over both orders.

    One order for a side and the other for a tie is a tie.
    """
    ab = {"A": "left", "B": "right"}.get(record["ab"], record["ab"])
    ba = {"A": "right", "B": "left"}.get(record["ba"], record["ba"])
    if ab is None or ba is None:
        return "unparsed"
    if ab == ba:
        return {"left": "win", "right": "loss"}.get(ab, "tie")
    return "tie" if "tie" in (ab, ba) else "flip"


def points_of(verdicts):
    """A point for each win of the left answer, none for a loss, half for everything else."""
    return [_POINTS.get(outcome(record), 0.5) for record in verdicts]


def contests(verdicts, left, right):
    """Verdict records as contests of the two models named, for ``ratings.bradley_terry``."""
    return [
        {"prompt": record["id"], "left": left, "right": right, "points": points}
        for record, points in zip(verdicts, points_of(verdicts), strict=True)
    ]


def _by(verdicts, key):
    """``{value: {"prompts", "win_rate"}}`` of the records that have such a key, sorted by value."""
    values = sorted({r[key] for r in verdicts if r.get(key)})
    groups = {value: [r for r in verdicts if r.get(key) == value] for value in values}
    return {
        value: {"prompts": len(group), "win_rate": _mean_of(points_of(group))}
        for value, group in groups.items()
    }


def length_preference(verdicts):
    """How much length decided: a dict, from records with ``chars``.

    ``longer_wins``: share of the decided prompts won by the longer answer, with Wilson's interval
    (None where none was decided). ``correlation``: Pearson's, of points and difference in length
    (None where one of them never varies). ``controlled``: the win rate at equal lengths, by
    logistic regression of the points on ``tanh`` of the standardised difference (Dubois et al.
    2024). Its interval is the regression's own, with Student's t. A bootstrap holds the truth too
    seldom where prompts are few (``benchmarks/intervals.py``).
    """
    points = points_of(verdicts)
    differences = [left - right for left, right in (r["chars"] for r in verdicts)]
    decided = [
        (p == 1.0) == (d > 0)
        for p, d in zip(points, differences, strict=True)
        if p != 0.5 and d != 0
    ]
    spread = math.sqrt(sum(d * d for d in differences) / len(differences)) or 1.0
    data = [(math.tanh(d / spread), p) for d, p in zip(differences, points, strict=True)]
    return {
        "longer_wins": wilson(sum(decided), len(decided)) if decided else None,
        "correlation": _correlation(differences, points),
        "controlled": _controlled(data),
    }


def _correlation(xs, ys):
    n = len(xs)
    dx, dy = [x - sum(xs) / n for x in xs], [y - sum(ys) / n for y in ys]
    scale = math.sqrt(sum(x * x for x in dx) * sum(y * y for y in dy))
    return sum(x * y for x, y in zip(dx, dy, strict=True)) / scale if scale else None


RIDGE = 0.01  # keeps the regression finite where length explains every verdict


def _controlled(data):
    """The win rate at equal lengths with the regression's interval."""
    from scipy.stats import t  # a second to import

    constant, variance = _constant(data)
    reach = t.ppf(0.975, max(1, len(data) - 2)) * math.sqrt(variance)
    low, high = _logistic(constant - reach), _logistic(constant + reach)
    return {"value": _logistic(constant), "low": low, "high": high}


def _at_equal_length(data):
    """The logistic regression's value of the points where the number beside them is 0."""
    return _logistic(_constant(data)[0])


def _constant(data, steps=100):
    """The constant of a logistic regression of points on one number, and its variance.

    A constant and a slope, a slight pull of both towards zero, by Newton's method.
    """
    constant = slope = 0.0
    for _ in range(steps):
        g0, g1, h00, h01, h11 = -RIDGE * constant, -RIDGE * slope, RIDGE, 0.0, RIDGE
        for x, y in data:
            p = _logistic(constant + slope * x)
            weight = p * (1 - p)
            g0, g1 = g0 + (y - p), g1 + (y - p) * x
            h00, h01, h11 = h00 + weight, h01 + weight * x, h11 + weight * x * x
        determinant = h00 * h11 - h01 * h01
        up, along = (h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant
        # Where nearly everything is explained a whole step may overshoot.
        shorten = min(1.0, 4.0 / max(abs(up), abs(along), 1e-12))
        constant, slope = constant + shorten * up, slope + shorten * along
        if max(abs(up), abs(along)) < 1e-9:
            break
    return constant, h11 / determinant


def _logistic(x):
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0


def calibrate(verdicts):
    """What a judge is worth, from its verdicts on pairs whose *left* answer is the better one.

    A dict: ``pairs``, ``accuracy`` (wins plus half of what was not decided, so a coin has 0.5, with
    an interval over pairs), ``kinds`` (the same by ``kind``), ``consistency`` (share of pairs
    without a flip), ``first_position``, ``unparsed``, ``kappa`` (Cohen's, of all verdicts against
    the truth), ``can_tell`` and a ``headline``. A judge whose interval reaches one half cannot
    tell, and neither does one that was examined on fewer than :data:`LEAST_PAIRS` pairs.
    """
    summary = summarize(verdicts)
    named = [r[order] or "unparsed" for r in verdicts for order in ORDERS]
    truth = ["A" if order == "ab" else "B" for _ in verdicts for order in ORDERS]
    consistent = summary.prompts - summary.flips
    found = {
        "pairs": summary.prompts,
        "accuracy": summary.win_rate,
        "kinds": _by(verdicts, "kind"),
        "consistency": wilson(consistent, summary.prompts),
        "first_position": summary.first_position,
        "unparsed": summary.unparsed,
        "kappa": cohen_kappa(named, truth),
        "can_tell": summary.prompts >= LEAST_PAIRS and summary.win_rate["low"] > 0.5,
    }
    return {**found, "headline": _headline(found)}


def _headline(found):
    accuracy, consistency = found["accuracy"], found["consistency"]
    figures = (
        f"on {found['pairs']} pairs whose better answer is known its accuracy is "
        f"{accuracy['value']:.0%} (95 % interval {accuracy['low']:.0%} to {accuracy['high']:.0%}; "
        f"a coin: 50 %), and in {1 - consistency['value']:.0%} of them its verdict followed the "
        "order"
    )
    if found["pairs"] < LEAST_PAIRS:
        few = f"Too few pairs to say what this judge is worth (at least {LEAST_PAIRS} are needed)"
        return f"{few}: {figures}."
    if found["can_tell"]:
        return f"This judge is better than a coin: {figures}."
    return f"This judge cannot tell: {figures}."
