"""Put controls and static HTML into one output.

Controls need a running kernel. GitHub, nbviewer and exported pages have none, so they show the
static HTML. A saved notebook keeps only the HTML (:func:`without_views`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helpers.display.safe_html import Html

if TYPE_CHECKING:
    import ipywidgets
    from nbformat import NotebookNode

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


class Interactive:
    """An ipywidgets widget, ``controls``, and the HTML that replaces it without a kernel."""

    def __init__(self, controls: ipywidgets.Widget, static: Html) -> None:
        self.controls, self.static = controls, static

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        view = {"version_major": 2, "version_minor": 0, "model_id": self.controls.model_id}
        return {
            "text/plain": repr(self.static),
            "text/html": self.static.markup,
            WIDGET_VIEW: view,
        }

    def __repr__(self) -> str:
        return repr(self.static)


def without_views(notebook: NotebookNode) -> None:
    """Remove the controls from a notebook's outputs, in place; their static HTML stays."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if "text/html" in output.get("data", {}):
                output["data"].pop(WIDGET_VIEW, None)
    notebook.metadata.pop("widgets", None)
