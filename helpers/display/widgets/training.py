"""Show which tokens of a row are learned, and the progress of a training."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import TYPE_CHECKING

from helpers.display.safe_html import WRAP, Html, escape
from helpers.training.encoding import IGNORED, EncodedRow, end_id
from helpers.training.training_record import CurvePoint

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_TOKEN_STYLES = {
    "learned": "background:#cfe3f3;color:#0b3d63;border-bottom:2px solid #0072b2",
    "end": "background:#f9ddcc;color:#7a2f00;border-bottom:2px solid #d55e00;font-weight:600",
    "ignored": "opacity:0.8",  # of the page's own text colour, which is dark or light
}
_TOKEN_END = "border-right:1px solid #9aa5b1"  # visible on white and on dark pages
_NUMBERS = (
    "step",
    "of",
    "loss",
    "heldout_loss",
    "tokens_per_second",
    "computed",
    "memory",
    "minutes_left",
)


def response_mask(encoded: EncodedRow, tokenizer: PreTrainedTokenizerBase) -> Html:
    """Show one encoded row, token by token: ignored, learned, or the learned end token.

    The three kinds differ by underline and weight as well as by colour, and a legend names them. A
    thin line ends each token.
    """
    spans: list[str] = []
    text, end = "", end_id(tokenizer)
    for token, label in zip(encoded["input_ids"], encoded["labels"], strict=True):
        kind = "ignored" if label == IGNORED else "end" if token == end else "learned"
        shown = tokenizer.decode([token]).replace("\n", "⏎\n")
        style = f"{_TOKEN_STYLES[kind]};{_TOKEN_END}"
        spans.append(f'<span style="{style}" title="{kind}">{escape(shown)}</span>')
        text += shown if kind == "ignored" else f"[{shown}]"
    # JupyterLab would break a line in the middle of a word.
    style = f"{WRAP};word-break:normal;line-height:1.7"
    return Html(f'{_mask_legend(encoded)}<pre style="{style}">{"".join(spans)}</pre>', text)


def _mask_legend(encoded: EncodedRow) -> str:
    learned = sum(label != IGNORED for label in encoded["labels"])
    return (
        f'<p><span style="{_TOKEN_STYLES["ignored"]}">prompt: ignored</span> · '
        f'<span style="{_TOKEN_STYLES["learned"]}">response: learned</span> · '
        f'<span style="{_TOKEN_STYLES["end"]}">end token: learned</span> — '
        f"{learned} of {len(encoded['labels'])} tokens carry loss</p>"
    )


def training_meter(points: Sequence[CurvePoint]) -> Html:
    """Show the progress of a training, from the points that it has passed to ``on_log`` so far.

    Shows steps, the last losses, the loss curve, tokens of text a second, how many tokens are
    computed for them, peak memory and minutes left. Call it again after each point and replace
    the output. Raises ValueError for a value that is not a number: the page would contain it.
    """
    for point in points:
        _check_numbers(point)
    if not points:
        text = "waiting for the first report of the training"
        return Html(f"<p>{text}</p>", text)
    readings = _readings(points)
    cells = "".join(
        f'<td style="text-align:left;padding-right:1.5em">{name}<br><strong>{value}</strong></td>'
        for name, value in readings.items()
    )
    done, steps = points[-1]["step"], points[-1]["of"]
    bar = f'<progress value="{done}" max="{steps}" aria-label="steps done"></progress>'
    losses = [point["loss"] for point in points if "loss" in point]
    text = ", ".join(f"{name} {value}" for name, value in readings.items())
    return Html(f"{bar}{_sparkline(losses)}<table><tr>{cells}</tr></table>", text)


def _check_numbers(point: CurvePoint) -> None:
    for key in _NUMBERS:
        if not isinstance(point.get(key), Real | None):
            raise ValueError(
                f"a point of the training has {key} {point.get(key)!r:.60}, expected a number. "
                "Pass the points unchanged, as on_log receives them."
            )


def _readings(points: Sequence[CurvePoint]) -> dict[str, str]:
    """The latest figures of a training as text, by what the meter calls them."""
    last = points[-1]
    readings = {"step": f"{last['step']} of {last['of']}"}
    if losses := [point["loss"] for point in points if "loss" in point]:
        readings["training loss"] = f"{losses[-1]:.3f}"
    if losses := [point["heldout_loss"] for point in points if "heldout_loss" in point]:
        readings["held-out loss"] = f"{losses[-1]:.3f}"
    if last["tokens_per_second"]:
        readings["real tokens a second"] = f"{last['tokens_per_second']:,.0f}"
        readings["computed"] = f"{last['computed']:.0%} of the text"
    readings["peak memory"] = f"{last['memory'] / 1e9:.1f} GB"
    if last["minutes_left"] is not None:
        readings["minutes left"] = f"{last['minutes_left']:.1f}"
    return readings


def _sparkline(losses: Sequence[float], width: int = 220, height: int = 32) -> str:
    """A small loss curve as SVG, in pixels; an empty text for fewer than two losses."""
    if len(losses) < 2:
        return ""
    low, span = min(losses), (max(losses) - min(losses)) or 1
    spacing = width / (len(losses) - 1)
    heights = [height * (1 - (loss - low) / span) for loss in losses]
    dots = " ".join(f"{i * spacing:.1f},{y:.1f}" for i, y in enumerate(heights))
    return (
        f'<svg role="img" aria-label="training loss, from {losses[0]:.2f} to {losses[-1]:.2f}" '
        f'width="{width}" height="{height + 4}" viewBox="0 -2 {width} {height + 4}" '
        f'style="margin-left:1.5em"><polyline points="{dots}" fill="none" '
        'stroke="currentColor" stroke-width="1.5"/></svg>'
    )
