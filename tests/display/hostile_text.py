"""Texts that would harm a page if they were not escaped or cut, and ways to look for the harm."""

from helpers.display.safe_html import LONGEST_TEXT

EVIL = (
    '<script>alert(1)</script><img src=x onerror="x"> $x^2$ \\(y\\) \x1b[31mred\x1b[0m \u202eback'
)
MEGABYTE = "x" * 1_000_000  # without a space


def inert(markup):
    """Check that nothing of :data:`EVIL` runs, loads, reverses the line or becomes a formula.

    Returns whether the page has a usable size.
    """
    assert "<script" not in markup and "<img" not in markup
    assert "\x1b" not in markup and "\u202e" not in markup
    assert "$x" not in markup and "\\(" not in markup
    return len(markup) < 20 * LONGEST_TEXT


def pages(shown):
    """The HTML of a widget: its static HTML, and every page that its controls show."""
    from ipywidgets import HTML

    def all_widgets(widget):
        children = getattr(widget, "children", ())
        return [widget, *(deep for child in children for deep in all_widgets(child))]

    if not hasattr(shown, "controls"):
        return [shown.markup]
    live = [widget.value for widget in all_widgets(shown.controls) if isinstance(widget, HTML)]
    return [shown.static.markup, *live]


def figure(value, low, high):
    return {"value": value, "low": low, "high": high}
