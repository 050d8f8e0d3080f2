"""Charts of training: loss curves, and the memory that a training needs."""

from collections.abc import Mapping, Sequence

from helpers.display.colours import COLORS, MARKERS, NAMES
from helpers.display.plots.picture import Picture, label, new_figure, new_row
from helpers.planning.memory import PARTS, MemoryPlan
from helpers.training.training_record import CurvePoint

_SHADES = ("#0072B2", "#56B4E9", "#009E73", "#E69F00", "#CC79A7", "#D55E00")
_HATCHES = ("", "//", "..", "\\\\", "xx", "--")


def loss_curves(histories: Mapping[str, Sequence[CurvePoint]]) -> Picture:
    """Training and held-out loss by step, from ``{"lora": history, "fsdp": history}``."""
    figure, all_axes = new_row(3.6 * len(histories), 2.8, len(histories))
    words = []
    for axes, (name, history) in zip(all_axes, histories.items(), strict=True):
        train = [(p["step"], p["loss"]) for p in history if "loss" in p]
        held = [(p["step"], p["heldout_loss"]) for p in history if "heldout_loss" in p]
        axes.plot(*zip(*train, strict=True), color=COLORS[name], alpha=0.45, label="training batch")
        axes.plot(
            *zip(*held, strict=True), color=COLORS[name], marker=MARKERS[name], label="held-out"
        )
        title = NAMES[name].removeprefix("after ")  # "after" is for models, not for trainings
        axes.set(title=title, xlabel="step")
        axes.legend(
            frameon=False, fontsize=8, ncol=2, loc="upper center", bbox_to_anchor=(0.5, -0.2)
        )
        words.append(f"{title}: held-out loss {held[0][1]:.2f} at first, {held[-1][1]:.2f} at last")
    all_axes[0].set_ylabel("loss, nats a token")
    return Picture(figure, "Loss by training step. " + "; ".join(words) + ".")


def memory(plans: Mapping[str, MemoryPlan]) -> Picture:
    """Memory of each rank as stacked bars, one bar for each named plan of ``plan_memory``."""
    figure, axes = new_figure(7.4, 1.1 + 0.42 * len(plans))
    places = range(len(plans), 0, -1)
    left = [0.0] * len(plans)
    for part, shade, hatch in zip(PARTS, _SHADES, _HATCHES, strict=True):
        sizes = [plan[part] / 1e9 for plan in plans.values()]
        axes.barh(places, sizes, left=left, color=shade, hatch=hatch, edgecolor="white", label=part)
        left = [start + size for start, size in zip(left, sizes, strict=True)]
    axes.set_yticks(places, [label(name) for name in plans])
    axes.set(xlabel="GB a rank, each part at its largest")
    axes.legend(frameon=False, fontsize=8, ncol=6, loc="upper center", bbox_to_anchor=(0.4, -0.28))
    words = "; ".join(
        f"{name}: " + ", ".join(f"{part} {plan[part] / 1e9:.1f}" for part in PARTS)
        for name, plan in plans.items()
    )
    return Picture(figure, f"Memory a rank, in GB. {words}.")
