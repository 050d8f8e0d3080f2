"""What reacts: controls over a kernel, with a form beside them that needs none.

A room of its own because of one rule: whatever is shown must show its content where no kernel runs
(GitHub, nbviewer, an exported page). :class:`Live` carries both in one output, the controls for a
notebook and their static form as HTML; a saved notebook keeps the HTML. Core widgets of ipywidgets
only, in the words that version 7 and version 8 share.
"""

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


class Live:
    """Controls and their static form in one output.

    ``controls`` is an ipywidgets widget, ``static`` a :class:`helpers.widgets.Html`.
    """

    def __init__(self, controls, static):
        self.controls, self.static = controls, static

    def _repr_mimebundle_(self, include=None, exclude=None):
        view = {"version_major": 2, "version_minor": 0, "model_id": self.controls.model_id}
        return {
            "text/plain": repr(self.static),
            "text/html": self.static.markup,
            WIDGET_VIEW: view,
        }

    def __repr__(self):
        return repr(self.static)


def without_views(notebook):
    """Take the controls out of a notebook's outputs, in place: a saved one has no kernel."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if "text/html" in output.get("data", {}):
                output["data"].pop(WIDGET_VIEW, None)
    notebook.metadata.pop("widgets", None)


def voting_booth(ballots, show, vote):
    """Controls for a blind vote: a ballot at a time, four buttons, how many are left.

    ``ballots`` are those still waiting; ``show(ballot)`` gives a ballot's HTML as text, ``vote(
    ballot, choice)`` keeps a vote. The buttons are reached with Tab and pressed with Enter or the
    space bar.
    """
    import ipywidgets

    waiting, words = list(ballots), {"A": "A is better", "B": "B is better"}
    page, status = ipywidgets.HTML(), ipywidgets.HTML()
    choices = ("A", "B", "tie", "both bad")
    buttons = [ipywidgets.Button(description=words.get(choice, choice)) for choice in choices]

    def turn():
        for button in buttons:
            button.disabled = not waiting
        page.value = show(waiting[0]) if waiting else ""
        left = f"{len(waiting)} to go" if waiting else "All voted. Thank you: run the next cell."
        status.value = f"<p>{left}</p>"

    def pressed(choice):
        def on_click(_):
            if waiting:
                vote(waiting.pop(0), choice)
                turn()

        return on_click

    for button, choice in zip(buttons, choices, strict=True):
        button.on_click(pressed(choice))
    turn()
    return ipywidgets.VBox([page, ipywidgets.HBox(buttons), status])
