"""Summarise verdict records: win rate, flips, preference for a position or for length.

Everything is counted by prompt, because the two verdicts on one prompt depend on each other. What a
record is and how two orders make one outcome: ``verdict_records``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypedDict

from helpers.evaluation.intervals import (
    Interval,
    mean_of_points,
    sign_test,
    smallest_difference,
    wilson,
)
from helpers.evaluation.length_control import LengthPreference, length_preference
from helpers.evaluation.verdict_records import (
    ORDERS,
    Letter,
    Pair,
    Verdict,
    contests,
    outcome,
    points_of,
)

__all__ = [
    "ORDERS",
    "GroupResult",
    "Letter",
    "Pair",
    "Summary",
    "Verdict",
    "contests",
    "length_preference",
    "outcome",
    "points_of",
    "summarize",
    "win_rates_by",
]


class GroupResult(TypedDict):
    """The number of prompts in a group of pairs, and the left answers' win rate on them."""

    prompts: int
    win_rate: Interval


@dataclass(frozen=True)
class Summary:
    """What a judge says of the left answers.

    ``win_rate``: wins plus half of everything else, Wilson's interval over prompts.
    ``decided``: wins among wins and losses, Wilson's interval; None where nothing was decided.
    ``p_value``: exact sign test of wins against losses.
    ``smallest_difference``: the smallest true win rate that this many prompts can show.
    ``flip_rate``: share of prompts where the verdict followed the position.
    ``first_position_rate``: share of verdicts for the answer shown first, about 0.5 for a fair
    judge; None where no verdict named a side.
    ``first_position``: the same as a mean over prompts, with Wilson's interval.
    ``unparsed``: how many of the ``2 * prompts`` verdicts could not be read.
    ``improbable``: how many of them had letters that were too improbable to be read
    (``readings.LEAST_PROBABILITY``), so that the text decided, or nothing.
    ``preference``: mean ``p_left`` with Wilson's interval, or None. The interval is wide, because
    values between 0 and 1 vary less than wins and losses.
    ``length``: see ``length_control``; None where lengths are not known.
    ``categories``: the prompts and the win rate of each category.
    """

    prompts: int
    wins: int
    losses: int
    ties: int
    flips: int
    unparsed: int
    improbable: int
    win_rate: Interval
    decided: Interval | None
    p_value: float
    smallest_difference: float
    flip_rate: Interval
    first_position_rate: float | None
    first_position: Interval | None
    preference: Interval | None
    length: LengthPreference | None
    categories: dict[str, GroupResult]


def summarize(verdicts: Sequence[Verdict]) -> Summary:
    """Summarise verdict records.

    Raises ValueError where there are no verdicts, or a record lacks one of the two orders.
    """
    _check(verdicts)
    outcomes = [outcome(record) for record in verdicts]
    wins, losses = outcomes.count("win"), outcomes.count("loss")
    by_prompt = _first_shares(verdicts)
    letters = [r[order] for r in verdicts for order in ORDERS if r[order] in ("A", "B")]
    probabilities = [p for r in verdicts if (p := r.get("p_left")) is not None]
    return Summary(
        prompts=len(verdicts),
        wins=wins,
        losses=losses,
        ties=len(outcomes) - wins - losses,
        flips=outcomes.count("flip"),
        unparsed=sum(r[order] is None for r in verdicts for order in ORDERS),
        improbable=sum(r.get("improbable", 0) for r in verdicts),
        win_rate=mean_of_points(points_of(verdicts)),
        decided=wilson(wins, wins + losses) if wins + losses else None,
        p_value=sign_test(wins, losses),
        smallest_difference=smallest_difference(len(verdicts)),
        flip_rate=wilson(outcomes.count("flip"), len(outcomes)),
        first_position_rate=letters.count("A") / len(letters) if letters else None,
        first_position=mean_of_points(by_prompt) if by_prompt else None,
        preference=mean_of_points(probabilities) if probabilities else None,
        length=length_preference(verdicts) if all("chars" in r for r in verdicts) else None,
        categories=win_rates_by(verdicts, "category"),
    )


def _check(verdicts: Sequence[Verdict]) -> None:
    if not verdicts:
        raise ValueError("no verdicts to summarize; judge at least one pair.")
    for record in verdicts:
        missing = [order for order in ORDERS if order not in record]
        if missing:
            raise ValueError(
                f"verdict {record.get('id')!r} lacks the order {missing[0]!r}. Judge every pair in "
                "both orders: with one order only, a judge's preference for a position counts as "
                "quality."
            )


def _first_shares(verdicts: Sequence[Verdict]) -> list[float]:
    """For each prompt with a verdict for a side, the share of these for the answer shown first."""
    letters = [[r[order] for order in ORDERS if r[order] in ("A", "B")] for r in verdicts]
    return [named.count("A") / len(named) for named in letters if named]


def win_rates_by(
    verdicts: Sequence[Verdict], key: Literal["category", "kind"]
) -> dict[str, GroupResult]:
    """The prompts and the win rate of each category or kind, sorted by name.

    Records without a value under ``key`` are left out.
    """
    groups: dict[str, list[Verdict]] = {}
    for record in verdicts:
        if value := record.get(key):
            groups.setdefault(value, []).append(record)
    return {
        value: {"prompts": len(group), "win_rate": mean_of_points(points_of(group))}
        for value, group in sorted(groups.items())
    }
