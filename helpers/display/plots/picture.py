"""A finished chart with a description in words, and the style that all charts share.

A notebook shows a Picture as PNG, which GitHub can show too. The report uses its SVG.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from helpers.display.colours import INK
from helpers.display.safe_html import brief
from helpers.files.printable import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_STYLE = {
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": "#9aa5b1",
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "svg.hashsalt": "alpaca",  # a fixed salt for ids: the same data gives the same bytes
    "text.parse_math": False,  # words come from data, where a dollar is no formula
    "svg.fonttype": "none",
}


class Picture:
    """A chart as PNG and SVG, made from a figure that is then closed, and a description ``alt``."""

    def __init__(self, figure: Figure, alt: str) -> None:
        import matplotlib.pyplot as plt

        self.alt = printable(alt)
        self._png = _rendered(figure, "png", dpi=110)
        self._svg = _rendered(figure, "svg")
        plt.close(figure)

    def svg(self) -> str:
        """The chart as an SVG element for a page, labelled with its description."""
        text = self._svg.decode()
        label = self.alt.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
        return text[text.index("<svg") :].replace(
            "<svg", f'<svg role="img" aria-label="{label}"', 1
        )

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        return {"image/png": self._png, "text/plain": self.alt}, {"image/png": {"alt": self.alt}}

    def __repr__(self) -> str:
        return self.alt


def _rendered(figure: Figure, format: str, **options: Any) -> bytes:
    import matplotlib.pyplot as plt

    # Without the date and the version, the same data gives the same bytes.
    metadata = {"Date": None} if format == "svg" else {"Software": None}
    buffer = io.BytesIO()
    with plt.rc_context(_STYLE):
        figure.savefig(buffer, format=format, metadata=metadata, bbox_inches="tight", **options)
    return buffer.getvalue()


def new_figure(width: float, height: float) -> tuple[Figure, Axes]:
    """A figure in the common style with one pair of axes; sizes in inches."""
    figure, (axes,) = new_row(width, height, 1)
    return figure, axes


def new_row(width: float, height: float, columns: int) -> tuple[Figure, list[Axes]]:
    """A figure in the common style with axes side by side; sizes in inches."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    with plt.rc_context(_STYLE):
        figure, axes = plt.subplots(1, columns, figsize=(width, height), squeeze=False)
    figure.set_layout_engine("constrained")
    return figure, list(axes[0])


def label(text: object) -> str:
    """A text from data as a label: cut, and without characters that control the display."""
    return brief(printable(str(text)), 60)


def nothing(words: str) -> Picture:
    """A picture with a sentence, for a chart without data, as after a very short run."""
    figure, axes = new_figure(6, 0.5)
    axes.axis("off")
    axes.annotate(words, (0, 0.5), va="center")
    return Picture(figure, words)
