"""Measure how far a judge can be trusted, on pairs whose better answer is known (gold pairs)."""

from collections.abc import Sequence
from typing import TypedDict

from helpers.evaluation.agreement import cohen_kappa
from helpers.evaluation.intervals import Interval, wilson
from helpers.evaluation.verdict_records import ORDERS, Verdict
from helpers.evaluation.verdict_stats import GroupResult, summarize, win_rates_by

# The fewest pairs on which Wilson's interval of three right in four lies above one half.
MIN_PAIRS = 16


class Calibration(TypedDict):
    """A judge's calibration report; see :func:`calibrate`."""

    pairs: int
    accuracy: Interval
    kinds: dict[str, GroupResult]
    consistency: Interval
    first_position: Interval | None
    unparsed: int
    kappa: float | None
    can_tell: bool
    headline: str


def calibrate(verdicts: Sequence[Verdict]) -> Calibration:
    """A judge's calibration report, from its verdicts on pairs whose *left* answer is better.

    ``accuracy``: wins plus half of what was not decided, with an interval over pairs; a judge that
    chooses at random has 0.5. ``kinds``: the same for each ``kind`` of pair. ``consistency``: share
    of pairs without a flip. ``first_position`` and ``unparsed``: as in ``Summary``. ``kappa``:
    Cohen's κ of all verdicts with the known answers. ``can_tell``: whether the interval of the
    accuracy lies above one half, on at least :data:`MIN_PAIRS` pairs. ``headline``: the result in
    a sentence. Raises ValueError as ``summarize`` does.
    """
    summary = summarize(verdicts)
    named = [r[order] or "unparsed" for r in verdicts for order in ORDERS]
    truth = ["A" if order == "ab" else "B" for _ in verdicts for order in ORDERS]
    consistency = wilson(summary.prompts - summary.flips, summary.prompts)
    return {
        "pairs": summary.prompts,
        "accuracy": summary.win_rate,
        "kinds": win_rates_by(verdicts, "kind"),
        "consistency": consistency,
        "first_position": summary.first_position,
        "unparsed": summary.unparsed,
        "kappa": cohen_kappa(named, truth),
        "can_tell": summary.prompts >= MIN_PAIRS and summary.win_rate["low"] > 0.5,
        "headline": _headline(summary.prompts, summary.win_rate, consistency),
    }


def _headline(pairs: int, accuracy: Interval, consistency: Interval) -> str:
    figures = (
        f"on {pairs} pairs whose better answer is known its accuracy is "
        f"{accuracy['value']:.0%} (95 % interval {accuracy['low']:.0%} to {accuracy['high']:.0%}; "
        f"a coin: 50 %), and in {1 - consistency['value']:.0%} of them its verdict followed the "
        "order"
    )
    if pairs < MIN_PAIRS:
        few = f"Too few pairs to say what this judge is worth (at least {MIN_PAIRS} are needed)"
        return f"{few}: {figures}."
    if accuracy["low"] > 0.5:
        return f"This judge is better than a coin: {figures}."
    return f"This judge cannot tell: {figures}."
