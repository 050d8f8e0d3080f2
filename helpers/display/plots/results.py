"""Charts of results: facts about the models, win rates, found watermarks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from helpers.display.colours import COLORS, INK, MARKERS, NAMES
from helpers.display.plots.picture import Picture, label, new_figure, new_row
from helpers.evaluation.intervals import Interval
from helpers.evaluation.metrics import FACTS

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def facts(metrics: Mapping[str, Any]) -> Picture:
    """Each fact with its interval before and after training, in a small panel.

    ``metrics`` has ``{fact: interval}`` for each model of :data:`NAMES`; other keys are ignored.
    """
    names = [name for name in NAMES if name in metrics]
    figure, all_axes = new_row(11.0, 2.3, len(FACTS))
    for axes, (key, (title, unit, better)) in zip(all_axes, FACTS.items(), strict=True):
        for i, name in enumerate(names):
            color, marker = COLORS[name], MARKERS[name]
            _draw_interval(axes, metrics[name][key], len(names) - i, color, marker)
        shown = [NAMES[name] for name in names] if axes is all_axes[0] else [""] * len(names)
        axes.set_yticks(range(len(names), 0, -1), shown)
        axes.set_ylim(0.4, len(names) + 0.6)
        axes.set_title(title, fontsize=9)
        axes.set_xlabel(f"{unit}\n({better} is better)", fontsize=8)
        axes.tick_params(labelsize=8)
    words = "; ".join(
        f"{title} " + ", ".join(f"{NAMES[n]} {metrics[n][key]['value']:.2f}" for n in names)
        for key, (title, _, _) in FACTS.items()
    )
    return Picture(figure, f"{len(FACTS)} facts with 95 % intervals. {words}.")


def win_rates(rates: Mapping[str, Interval]) -> Picture:
    """Win rates with their intervals around one half.

    ``rates`` maps a model of :data:`NAMES`, which is shown with its name and marker, or any other
    label.
    """
    figure, axes = new_figure(7.0, 0.6 + 0.42 * len(rates))
    axes.axvline(0.5, color=COLORS["before"], linewidth=1, linestyle="--")
    for i, (key, rate) in enumerate(rates.items()):
        _draw_interval(axes, rate, -i, COLORS.get(key, INK), MARKERS.get(key, "D"))
    labels = [NAMES.get(key, key) for key in rates]
    axes.set_yticks([-i for i in range(len(rates))], [label(text) for text in labels])
    axes.set_ylim(0.6 - len(rates), 0.4)
    axes.set_xlim(0, 1)
    axes.set_xlabel("share of pairs, with 95 % intervals; the dashed line is a coin", fontsize=8)
    words = "; ".join(
        f"{text} {rate['value']:.0%} [{rate['low']:.0%}, {rate['high']:.0%}]"
        for text, rate in zip(labels, rates.values(), strict=True)
    )
    return Picture(figure, f"Win rates with 95 % intervals around one half. {words}.")


def _draw_interval(axes: Axes, rate: Interval, y: float, color: str, marker: str) -> None:
    """A value with its interval as a horizontal bar at the height ``y``."""
    span = [[rate["value"] - rate["low"]], [rate["high"] - rate["value"]]]
    axes.errorbar(
        [rate["value"]], [y], xerr=span, color=color, marker=marker, capsize=3, linestyle="none"
    )


def found_by_length(table: Mapping[int, Mapping[str, Interval]]) -> Picture:
    """How often a watermark is found, by length, from ``watermark.found_by_length``.

    ``table`` is ``{length in tokens: {"marked": interval, "plain": interval}}``. Watermarked texts
    are filled diamonds, others are open circles. They are drawn a little apart, so that both
    intervals can be seen.
    """
    figure, axes = new_figure(6, 2.8)
    words = []
    for name, text, shift, marker, fill, line in (
        ("marked", "with the watermark", 0.985, "D", INK, "-"),
        ("plain", "without", 1.015, "o", "white", ":"),
    ):
        rates = [table[length][name] for length in table]
        span = [[r["value"] - r["low"] for r in rates], [r["high"] - r["value"] for r in rates]]
        axes.errorbar(
            [length * shift for length in table],
            [rate["value"] for rate in rates],
            yerr=span,
            color=INK,
            marker=marker,
            markerfacecolor=fill,
            linestyle=line,
            capsize=3,
            label=text,
        )
        shares = ", ".join(f"{n} tokens {table[n][name]['value']:.0%}" for n in table)
        words.append(f"{text}: {shares}")
    axes.set_xscale("log")
    axes.set_xticks(list(table), [str(length) for length in table])
    axes.minorticks_off()
    axes.set(xlabel="tokens of the text", ylabel="share found", ylim=(-0.05, 1.05))
    axes.legend(frameon=False, fontsize=8)
    return Picture(figure, f"Watermark found, with 95 % intervals. {'; '.join(words)}.")
