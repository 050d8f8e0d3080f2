"""Charts of the data: row lengths, novelty, reasons for dropped tasks, verbs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from helpers.data.diversity import Ring
from helpers.display.colours import COLORS, INK
from helpers.display.plots.picture import Picture, label, new_figure, nothing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_GREEN = (0.0, 0.62, 0.45)  # the teacher's colour, as shares of red, green and blue


def lengths(counts: Sequence[int], limit: int | None = None) -> Picture:
    """Histogram of row lengths in tokens; a line marks the maximum length ``limit``."""
    if not counts:
        return nothing("No rows, so no lengths to draw.")
    figure, axes = new_figure(6, 2.6)
    axes.hist(counts, bins=24, color=COLORS["human"], edgecolor="white")
    over = 0
    if limit:
        over = sum(count > limit for count in counts)
        axes.axvline(limit, color=INK, linestyle="--")
        axes.annotate(f" maximum {limit}", (limit, axes.get_ylim()[1] * 0.9))
    axes.set(xlabel="tokens a row, prompt and response", ylabel="rows")
    middle = sorted(counts)[len(counts) // 2]
    return Picture(
        figure,
        f"Histogram of {len(counts)} row lengths: shortest {min(counts)}, median {middle}, longest "
        f"{max(counts)} tokens" + (f"; {over} are longer than {limit}." if limit else "."),
    )


def novelty(scores: Sequence[float], threshold: float = 0.7) -> Picture:
    """Histogram of each accepted task's ROUGE-L to its nearest neighbour."""
    if not scores:
        return nothing("No accepted tasks, so no novelty to draw.")
    figure, axes = new_figure(6, 2.6)
    axes.hist(scores, bins=[i / 20 for i in range(21)], color=COLORS["teacher"], edgecolor="white")
    axes.axvline(threshold, color=INK, linestyle="--")
    axes.annotate(f" turned away above {threshold}", (threshold, axes.get_ylim()[1] * 0.9))
    axes.set(xlabel="ROUGE-L to the nearest task kept before", ylabel="tasks", xlim=(0, 1))
    return Picture(
        figure,
        f"Histogram of nearest-neighbour similarity of {len(scores)} accepted tasks: "
        f"mean {sum(scores) / len(scores):.2f}, highest {max(scores):.2f}.",
    )


def drops(counts: Mapping[str, int]) -> Picture:
    """Bars of dropped tasks by reason, from ``{reason: count}``."""
    if not counts:
        return nothing("No task was dropped.")
    rows = sorted(counts.items(), key=lambda item: item[1])
    figure, axes = new_figure(6, 0.6 + 0.3 * len(rows))
    axes.barh([label(reason) for reason, _ in rows], [n for _, n in rows], color=COLORS["teacher"])
    for i, (_, n) in enumerate(rows):
        axes.annotate(f" {n}", (n, i), va="center")
    axes.set(xlabel="tasks dropped")
    words = ", ".join(f"{reason} {n}" for reason, n in reversed(rows))
    return Picture(figure, f"Dropped tasks by reason: {words}.")


def sunburst(rings: Sequence[Ring], title: str = "") -> Picture:
    """Root verbs (inner ring) and their objects (outer ring); see :mod:`helpers.data.diversity`."""
    if not rings:
        return nothing("None of the instructions has a verb that is known here.")
    figure, axes = new_figure(6.4, 6.4)
    shades = [0.95 - 0.5 * (i % 3) / 3 for i in range(len(rings))]
    _draw_verbs(axes, rings, shades)
    _draw_objects(axes, rings, shades)
    axes.set_title(label(title), fontsize=9, pad=28)
    words = "; ".join(
        f"{verb} {total}" + (f" ({', '.join(noun for noun, _ in objects)})" if objects else "")
        for verb, total, objects in rings
    )
    return Picture(figure, f"Root verbs and their commonest objects. {words}.")


def _draw_verbs(axes: Axes, rings: Iterable[Ring], shades: Iterable[float]) -> None:
    """The inner ring: a piece for each verb. ``shades`` are opacities of the colour."""
    verbs, sizes, _ = zip(*rings, strict=True)
    axes.pie(
        sizes,
        radius=0.68,
        labels=[label(verb) for verb in verbs],
        labeldistance=0.62,
        rotatelabels=True,
        colors=[(*_GREEN, shade) for shade in shades],
        textprops={"fontsize": 8, "parse_math": False, "ha": "center", "va": "center"},
        wedgeprops={"width": 0.42, "edgecolor": "white"},
        startangle=90,
    )


def _draw_objects(axes: Axes, rings: Iterable[Ring], shades: Iterable[float]) -> None:
    """The outer ring: behind each verb its objects, and a gap for objects that are left out."""
    sizes: list[int] = []
    labels: list[str] = []
    colors: list[tuple[float, float, float, float]] = []
    for (_, total, objects), shade in zip(rings, shades, strict=True):
        rest = total - sum(count for _, count in objects)
        sizes += [*(count for _, count in objects), rest]
        labels += [*(label(noun) for noun, _ in objects), ""]
        colors += [(*_GREEN, shade * 0.45)] * len(objects) + [(1, 1, 1, 0)]
    axes.pie(
        sizes,
        radius=1.0,
        labels=labels,
        labeldistance=1.02,
        rotatelabels=True,
        colors=colors,
        textprops={"fontsize": 7, "parse_math": False},
        wedgeprops={"width": 0.32, "edgecolor": "white"},
        startangle=90,
    )
