"""Pictures of a run, drawn by matplotlib: a few functions of data, each returning a Picture.

A Picture shows itself in a notebook as PNG (which GitHub shows too), gives SVG to the report, and
always carries a sentence that says in words what is to be seen. Colours keep their meaning
everywhere, and each is told by marker or word as well. Intervals are always drawn.
"""

import io

from helpers.display.safe_html import brief
from helpers.evaluation.metrics import FACTS
from helpers.safe_io.printable import printable

COLORS = {
    "before": "#6b7280",
    "lora": "#0072B2",
    "fsdp": "#D55E00",
    "teacher": "#009E73",
    "human": "#CC79A7",
}
MARKERS = {"before": "s", "lora": "o", "fsdp": "^"}
NAMES = {"before": "before", "lora": "after LoRA", "fsdp": "after full FSDP"}
INK = "#1f2933"
STYLE = {
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": "#9aa5b1",
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "svg.hashsalt": "alpaca",
    "text.parse_math": False,  # words come from data, where a dollar is no formula
    "svg.fonttype": "none",
}


class Picture:
    """A drawn figure and the words that stand in for it (``alt``)."""

    def __init__(self, figure, alt):
        import matplotlib.pyplot as plt

        self.alt = printable(alt)
        self._png = self._save(figure, "png", dpi=110)
        self._svg = self._save(figure, "svg")
        plt.close(figure)

    def svg(self):
        """The picture as an SVG element with its words as label, for a page."""
        text = self._svg.decode()
        label = self.alt.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
        return text[text.index("<svg") :].replace(
            "<svg", f'<svg role="img" aria-label="{label}"', 1
        )

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"image/png": self._png, "text/plain": self.alt}, {"image/png": {"alt": self.alt}}

    def __repr__(self):
        return self.alt

    @staticmethod
    def _save(figure, kind, **options):
        import matplotlib.pyplot as plt

        # No date in the file, and ids from a fixed salt: the same data draws the same bytes.
        metadata = {"Date": None} if kind == "svg" else {"Software": None}
        buffer = io.BytesIO()
        with plt.rc_context(STYLE):
            figure.savefig(buffer, format=kind, metadata=metadata, bbox_inches="tight", **options)
        return buffer.getvalue()


def lengths(counts, limit=None):
    """Histogram of row lengths in tokens; ``limit`` draws the maximum length."""
    if not counts:
        return _nothing("No rows, so no lengths to draw.")
    figure, axes = _figure(6, 2.6)
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


def novelty(scores, threshold=0.7):
    """Histogram of each accepted task's ROUGE-L to its nearest neighbour."""
    if not scores:
        return _nothing("No accepted tasks, so no novelty to draw.")
    figure, axes = _figure(6, 2.6)
    axes.hist(scores, bins=[i / 20 for i in range(21)], color=COLORS["teacher"], edgecolor="white")
    axes.axvline(threshold, color=INK, linestyle="--")
    axes.annotate(f" turned away above {threshold}", (threshold, axes.get_ylim()[1] * 0.9))
    axes.set(xlabel="ROUGE-L to the nearest task kept before", ylabel="tasks", xlim=(0, 1))
    return Picture(
        figure,
        f"Histogram of nearest-neighbour similarity of {len(scores)} accepted tasks: "
        f"mean {sum(scores) / len(scores):.2f}, highest {max(scores):.2f}.",
    )


def drops(counts):
    """Bars of dropped tasks by reason; ``counts`` is a dict."""
    if not counts:
        return _nothing("No task was dropped.")
    rows = sorted(counts.items(), key=lambda item: item[1])
    figure, axes = _figure(6, 0.6 + 0.3 * len(rows))
    axes.barh([_label(reason) for reason, _ in rows], [n for _, n in rows], color=COLORS["teacher"])
    for i, (_, n) in enumerate(rows):
        axes.annotate(f" {n}", (n, i), va="center")
    axes.set(xlabel="tasks dropped")
    words = ", ".join(f"{reason} {n}" for reason, n in reversed(rows))
    return Picture(figure, f"Dropped tasks by reason: {words}.")


def sunburst(rings, title=""):
    """Root verbs (inner ring) and their objects (outer ring); see :mod:`helpers.data.diversity`."""
    if not rings:
        return _nothing("None of the instructions has a verb that is known here.")
    figure, axes = _figure(6.4, 6.4)
    shades = [0.95 - 0.5 * (i % 3) / 3 for i in range(len(rings))]
    sizes = [total for _, total, _ in rings]
    axes.pie(
        sizes,
        radius=0.68,
        labels=[_label(verb) for verb, _, _ in rings],
        labeldistance=0.62,
        rotatelabels=True,
        colors=[(0.0, 0.62, 0.45, shade) for shade in shades],
        textprops={"fontsize": 8, "parse_math": False, "ha": "center", "va": "center"},
        wedgeprops={"width": 0.42, "edgecolor": "white"},
        startangle=90,
    )
    outer, labels, colors = [], [], []
    for (_, total, objects), shade in zip(rings, shades, strict=True):
        rest = total - sum(count for _, count in objects)
        outer += [count for _, count in objects] + [rest]
        labels += [_label(noun) for noun, _ in objects] + [""]
        colors += [(0.0, 0.62, 0.45, shade * 0.45)] * len(objects) + [(1, 1, 1, 0)]
    axes.pie(
        outer,
        radius=1.0,
        labels=labels,
        labeldistance=1.02,
        rotatelabels=True,
        colors=colors,
        textprops={"fontsize": 7, "parse_math": False},
        wedgeprops={"width": 0.32, "edgecolor": "white"},
        startangle=90,
    )
    axes.set_title(_label(title), fontsize=9, pad=28)
    words = "; ".join(
        f"{verb} {total}" + (f" ({', '.join(noun for noun, _ in objects)})" if objects else "")
        for verb, total, objects in rings
    )
    return Picture(figure, f"Root verbs and their commonest objects. {words}.")


def loss_curves(histories):
    """Training and held-out loss by step; ``histories`` maps lora and fsdp to their records."""
    figure, all_axes = _figure(3.6 * len(histories), 2.8, columns=len(histories))
    words = []
    for axes, (name, history) in zip(all_axes, histories.items(), strict=True):
        train = [(r["step"], r["loss"]) for r in history if "loss" in r]
        held = [(r["step"], r["heldout_loss"]) for r in history if "heldout_loss" in r]
        axes.plot(*zip(*train, strict=True), color=COLORS[name], alpha=0.45, label="training batch")
        axes.plot(
            *zip(*held, strict=True), color=COLORS[name], marker=MARKERS[name], label="held-out"
        )
        title = NAMES[name].removeprefix("after ")  # a curve is of the training, not of what came
        axes.set(title=title, xlabel="step")
        axes.legend(
            frameon=False, fontsize=8, ncol=2, loc="upper center", bbox_to_anchor=(0.5, -0.2)
        )
        words.append(f"{title}: held-out loss {held[0][1]:.2f} at first, {held[-1][1]:.2f} at last")
    all_axes[0].set_ylabel("loss, nats a token")
    return Picture(figure, "Loss by training step. " + "; ".join(words) + ".")


def memory(plans):
    """Bytes a rank as stacked bars, one a plan: ``{name: plan_memory(…)}``."""
    from helpers.planning.memory import PARTS

    shades = ("#0072B2", "#56B4E9", "#009E73", "#E69F00", "#CC79A7", "#D55E00")
    hatches = ("", "//", "..", "\\\\", "xx", "--")
    figure, axes = _figure(7.4, 1.1 + 0.42 * len(plans))
    places = range(len(plans), 0, -1)
    left = [0.0] * len(plans)
    for part, shade, hatch in zip(PARTS, shades, hatches, strict=True):
        sizes = [plan[part] / 1e9 for plan in plans.values()]
        axes.barh(places, sizes, left=left, color=shade, hatch=hatch, edgecolor="white", label=part)
        left = [start + size for start, size in zip(left, sizes, strict=True)]
    axes.set_yticks(places, [_label(name) for name in plans])
    axes.set(xlabel="GB a rank, each part at its largest")
    axes.legend(frameon=False, fontsize=8, ncol=6, loc="upper center", bbox_to_anchor=(0.4, -0.28))
    words = "; ".join(
        f"{name}: " + ", ".join(f"{part} {plan[part] / 1e9:.1f}" for part in PARTS)
        for name, plan in plans.items()
    )
    return Picture(figure, f"Memory a rank, in GB. {words}.")


def facts(metrics):
    """The before/after facts with their intervals, one small panel a fact."""
    names = [name for name in NAMES if name in metrics]
    figure, all_axes = _figure(11.0, 2.3, columns=len(FACTS))
    for axes, (key, (label, unit, better)) in zip(all_axes, FACTS.items(), strict=True):
        for i, name in enumerate(names):
            fact = metrics[name][key]
            span = [[fact["value"] - fact["low"]], [fact["high"] - fact["value"]]]
            axes.errorbar([fact["value"]], [len(names) - i], xerr=span, color=COLORS[name],
                          marker=MARKERS[name], capsize=3, linestyle="none")  # fmt: skip
        shown = [NAMES[name] for name in names] if axes is all_axes[0] else [""] * len(names)
        axes.set_yticks(range(len(names), 0, -1), shown)
        axes.set_ylim(0.4, len(names) + 0.6)
        axes.set_title(label, fontsize=9)
        axes.set_xlabel(f"{unit}\n({better} is better)", fontsize=8)
        axes.tick_params(labelsize=8)
    words = "; ".join(
        f"{label} " + ", ".join(f"{NAMES[n]} {metrics[n][key]['value']:.2f}" for n in names)
        for key, (label, _, _) in FACTS.items()
    )
    return Picture(figure, f"{len(FACTS)} facts with 95 % intervals. {words}.")


def win_rates(rates):
    """Win rates with their intervals around one half: ``{label or model: {"value", …}}``.

    Keys of :data:`NAMES` are shown under their names and marks; any other label in ink.
    """
    figure, axes = _figure(7.0, 0.6 + 0.42 * len(rates))
    axes.axvline(0.5, color=COLORS["before"], linewidth=1, linestyle="--")
    for i, (key, rate) in enumerate(rates.items()):
        span = [[rate["value"] - rate["low"]], [rate["high"] - rate["value"]]]
        axes.errorbar([rate["value"]], [-i], xerr=span, color=COLORS.get(key, INK),
                      marker=MARKERS.get(key, "D"), capsize=3, linestyle="none")  # fmt: skip
    labels = [NAMES.get(key, key) for key in rates]
    axes.set_yticks([-i for i in range(len(rates))], [_label(label) for label in labels])
    axes.set_ylim(0.6 - len(rates), 0.4)
    axes.set_xlim(0, 1)
    axes.set_xlabel("share of pairs, with 95 % intervals; the dashed line is a coin", fontsize=8)
    words = "; ".join(
        f"{label} {rate['value']:.0%} [{rate['low']:.0%}, {rate['high']:.0%}]"
        for label, rate in zip(labels, rates.values(), strict=True)
    )
    return Picture(figure, f"Win rates with 95 % intervals around one half. {words}.")


def found_by_length(table):
    """How often a watermark is found, by length: :func:`helpers.release.watermark.found_by_length`.

    Marked texts as filled diamonds, unmarked ones as open circles; a little apart, so that both
    intervals can be seen.
    """
    figure, axes = _figure(6, 2.8)
    words = []
    for name, shift, marker, face in (("marked", 0.985, "D", INK), ("plain", 1.015, "o", "white")):
        rates = [table[length][name] for length in table]
        span = [[r["value"] - r["low"] for r in rates], [r["high"] - r["value"] for r in rates]]
        label = {"marked": "with the watermark", "plain": "without"}[name]
        axes.errorbar([length * shift for length in table], [r["value"] for r in rates], yerr=span,
                      color=INK, marker=marker, markerfacecolor=face, capsize=3, label=label,
                      linestyle="-" if name == "marked" else ":")  # fmt: skip
        shares = ", ".join(f"{n} tokens {table[n][name]['value']:.0%}" for n in table)
        words.append(f"{label}: {shares}")
    axes.set_xscale("log")
    axes.set_xticks(list(table), [str(length) for length in table])
    axes.minorticks_off()
    axes.set(xlabel="tokens of the text", ylabel="share found", ylim=(-0.05, 1.05))
    axes.legend(frameon=False, fontsize=8)
    return Picture(figure, f"Watermark found, with 95 % intervals. {'; '.join(words)}.")


def _label(text):
    """A text from data as a label: what steers it or is stacked upon it is named, the end cut."""
    return brief(printable(str(text)), 60)


def _nothing(words):
    """What stands where there is nothing to draw, as after a very short run."""
    figure, axes = _figure(6, 0.5)
    axes.axis("off")
    axes.annotate(words, (0, 0.5), va="center")
    return Picture(figure, words)


def _figure(width, height, columns=None):
    """A figure in the house style with its one axes, or a row of ``columns`` axes."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(1, columns or 1, figsize=(width, height), squeeze=False)
    figure.set_layout_engine("constrained")
    return figure, (axes[0] if columns else axes[0][0])
