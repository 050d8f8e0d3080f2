"""Say in one sentence what LoRA training changed, without claiming more than the intervals show."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from helpers.evaluation.calibration import MIN_PAIRS
from helpers.evaluation.intervals import Interval
from helpers.evaluation.metrics import FactName


class _Claim(NamedTuple):
    """How to say that a fact changed.

    ``words`` has a gap for ``more`` or ``less``, ``figures`` has gaps for the numbers, and the fact
    is multiplied by ``scale``.
    """

    fact: FactName
    words: str
    more: str
    less: str
    figures: str
    scale: int


_CLAIMS = (
    _Claim(
        "stop_rate",
        "the student stops by itself {} often",
        "more",
        "less",
        "{before:.0f} % of its answers before, {after:.0f} % after: "
        "{value:+.0f} points, 95 % interval {low:+.0f} to {high:+.0f}",
        100,
    ),
    _Claim(
        "rouge_l",
        "its answers share {} words with the reference",
        "more",
        "fewer",
        "ROUGE-L {before:.2f} before, {after:.2f} after: {value:+.2f}, {low:+.2f} to {high:+.2f}",
        1,
    ),
)


def headline(metrics: Mapping[str, Any]) -> str:
    """What LoRA training changed, in one sentence, from the content of ``metrics.json``.

    A change is claimed only if the interval of the differences, taken task by task, excludes zero.
    Otherwise the sentence says that the question is open. Both come with the interval.
    """
    phrases = [_change_phrase(metrics, claim) for claim in _CLAIMS]
    phrases.append(_judge_phrase(metrics.get("judge") or {}))
    return f"On {metrics['tasks']} tasks, after LoRA, " + "; ".join(filter(None, phrases)) + "."


def _change_phrase(metrics: Mapping[str, Any], claim: _Claim) -> str:
    before, after = (
        claim.scale * metrics[model][claim.fact]["value"] for model in ("before", "lora")
    )
    difference = metrics["change"]["lora"][claim.fact]
    change = {end: claim.scale * value for end, value in difference.items()}
    figures = claim.figures.format(before=before, after=after, **change)
    if change["low"] <= 0 <= change["high"]:
        return f"whether {claim.words.format(claim.more)} is open ({figures})"
    return f"{claim.words.format(claim.more if change['value'] > 0 else claim.less)} ({figures})"


def _judge_phrase(judge: Mapping[str, Any]) -> str:
    """What the judge says of LoRA, and how often it is right; empty without a judge."""
    if "lora" not in judge:
        return ""
    if judge["pairs"] < MIN_PAIRS:
        return "the judge was tested on too few pairs to say how far it can be trusted"
    if not judge["can_tell"]:
        return "the judge cannot tell which answers are better"
    accuracy, rate = _percent(judge["accuracy"]), _percent(judge["lora"]["win_rate"])
    return (
        f"a judge that is right in {accuracy} of {judge['pairs']} known pairs preferred its "
        f"answers to those before in {rate}"
    )


def _percent(rate: Interval) -> str:
    value, low, high = 100 * rate["value"], 100 * rate["low"], 100 * rate["high"]
    return f"{value:.0f} % ({low:.0f} to {high:.0f})"
