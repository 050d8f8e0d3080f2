"""What reacts: controls over a kernel, with a form beside them that needs none.

A room of its own because of one rule: whatever is shown must show its content where no kernel runs
(GitHub, nbviewer, an exported page). :class:`Interactive` carries both in one output, the controls
for a notebook and their static form as HTML; a saved notebook keeps the HTML. Core widgets of
ipywidgets only, in the words that version 7 and version 8 share.
"""

import time
from collections import Counter
from html import escape

DEBOUNCE_SECONDS = 0.3  # seconds; nobody reads two answers faster
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


class Interactive:
    """Controls and their static form in one output.

    ``controls`` is an ipywidgets widget, ``static`` a :class:`helpers.display.widgets.Html`.
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
    choices, shown = ("A", "B", "tie", "both bad"), {}
    buttons = [ipywidgets.Button(description=words.get(choice, choice)) for choice in choices]

    def turn():
        page.value = show(waiting[0]) if waiting else ""
        left = f"{len(waiting)} to go" if waiting else "All voted. Thank you: run the next cell."
        status.value = f"<p>{left}</p>"
        shown["at"] = time.monotonic()

    def pressed(choice):
        def on_click(_):
            # A second click on the pair before may arrive when the next one is shown already.
            if not waiting or time.monotonic() - shown["at"] < DEBOUNCE_SECONDS:
                return
            try:
                vote(waiting[0], choice)
            except OSError as error:
                status.value = (
                    f"<p>This vote could not be kept ({escape(str(error.strerror))}). The pair "
                    "stays. Free some space on the disk and vote again.</p>"
                )
                return
            waiting.pop(0)
            turn()

        return on_click

    for button, choice in zip(buttons, choices, strict=True):
        button.on_click(pressed(choice))
    turn()
    return ipywidgets.VBox([page, ipywidgets.HBox(buttons), status])


def browsing_desk(rows, fields, columns, show, *, page=10):
    """Controls to look through rows: a search, a choice for each field, paging.

    ``fields`` are keys whose values are offered as filters, ``columns`` the keys that are searched;
    ``show(rows, total, start)`` gives the page's HTML as text. Texts are lowered once, so that a
    search of fifty thousand rows is a matter of milliseconds.
    """
    import ipywidgets

    haystacks = ["\n".join(str(row.get(c, "")) for c in columns).lower() for row in rows]
    search = ipywidgets.Text(description="search", placeholder="words in any column")
    choices = {
        field: ipywidgets.Dropdown(description=field, options=_counted(rows, field))
        for field in fields
    }
    back, on = (ipywidgets.Button(description=text) for text in ("previous", "next"))
    table, at = ipywidgets.HTML(), {"start": 0, "found": []}

    def turn():
        # At either end a button stays where it is and does nothing: one that goes off loses focus.
        at["start"] = max(0, min(at["start"], (len(at["found"]) - 1) // page * page))
        here = at["found"][at["start"] : at["start"] + page]
        table.value = show([rows[i] for i in here], len(at["found"]), at["start"])

    def sift(_=None):
        wanted = {field: box.value for field, box in choices.items() if box.value}
        at["found"] = matching(rows, haystacks, search.value, wanted)
        at["start"] = 0
        turn()

    def go(step):
        def on_click(_):
            at["start"] += step
            turn()

        return on_click

    search.observe(sift, "value")
    for box in choices.values():
        box.observe(sift, "value")
    back.on_click(go(-page))
    on.on_click(go(page))
    sift()
    head = ipywidgets.HBox([search, *choices.values()])
    return ipywidgets.VBox([head, table, ipywidgets.HBox([back, on])])


def values_of(rows, field, most=50):
    """``[(value as text, count)]`` of a field, commonest first; none for more than ``most``."""
    counts = Counter(str(row[field]) for row in rows if row.get(field) not in (None, ""))
    return counts.most_common() if len(counts) <= most else []


def _counted(rows, field):
    """A field's values as choices, each with its count; the first is all of them."""
    found = values_of(rows, field)
    return [(f"all ({len(rows)})", ""), *((f"{value} ({n})", value) for value, n in found)]


def matching(rows, haystacks, words, wanted):
    """Numbers of the rows that hold all ``words`` and have the ``wanted`` values."""
    needles = words.lower().split()
    return [
        i
        for i, text in enumerate(haystacks)
        if all(needle in text for needle in needles)
        and all(str(rows[i].get(field, "")) == value for field, value in wanted.items())
    ]


def form(fields, show, *, choices=None):
    """Controls to try something out: text fields, and below them what ``show`` makes of them.

    ``fields`` maps names to the texts they begin with, ``choices`` names to lists (of values, or of
    what is shown and the value) of which the first is chosen; ``show(**values)`` gives HTML as
    text, and is asked again at every change.
    """
    import ipywidgets

    wide = ipywidgets.Layout(width="98%")
    boxes = {
        name: ipywidgets.Textarea(description=name, value=text, layout=wide, rows=2)
        for name, text in fields.items()
    }
    for name, options in (choices or {}).items():
        boxes[name] = ipywidgets.Dropdown(description=name, options=options)
    result = ipywidgets.HTML()

    def changed(_=None):
        result.value = show(**{name: box.value for name, box in boxes.items()})

    for box in boxes.values():
        box.observe(changed, "value")
    changed()
    return ipywidgets.VBox([*boxes.values(), result])


def chat_desk(answerers, show, exchanges):
    """Controls to ask several models the same: a text, a button, and what has been said so far.

    ``answerers`` maps names to functions from a text to an answer; ``show(exchanges)`` gives the
    HTML of a list of ``(text, {name: answer})``, which grows with every question. While the models
    work the button says so and asks nothing; an error of a model is shown in its place.
    """
    import ipywidgets

    # No placeholder: in a dark theme browsers paint it too faintly to be read.
    box = ipywidgets.Textarea(description="you ask", layout=ipywidgets.Layout(width="98%"))
    button, said = ipywidgets.Button(description="ask"), ipywidgets.HTML()
    told = list(exchanges)

    def on_click(_):
        text = box.value.strip()
        if not text or button.description != "ask":
            return
        button.description = "working …"
        try:
            answers = {}
            for name, answer in answerers.items():
                try:
                    answers[name] = answer(text)
                except Exception as error:
                    answers[name] = {"output": f"{type(error).__name__}: {error}", "stopped": True}
            told.append((text, answers))
            said.value, box.value = show(told), ""
        finally:
            button.description = "ask"

    button.on_click(on_click)
    said.value = show(told)
    return ipywidgets.VBox([said, box, button])
