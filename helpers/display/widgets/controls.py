"""Build the controls of interactive widgets: voting, browsing rows, forms, chat.

Each function returns an ipywidgets box. What it shows is HTML from the caller, who escapes it. Only
core widgets of ipywidgets are used, in a way that works in versions 7 and 8.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from helpers.evaluation.votes import CHOICES, Ballot

if TYPE_CHECKING:
    import ipywidgets

DEBOUNCE_SECONDS = 0.3  # a faster second click is a double click; nobody reads a pair that fast

# An answer has "output" and may have "stopped", which is false if the length limit cut it off.
GivenAnswer = Mapping[str, object]
# What was asked, and the answer of each model by its name.
Exchange = tuple[str, Mapping[str, GivenAnswer]]


def vote_controls(
    ballots: Iterable[Ballot],
    show: Callable[[Ballot], str],
    vote: Callable[[Ballot, str], None],
) -> ipywidgets.VBox:
    """Controls for a blind vote: one ballot at a time, four buttons, and how many are left.

    ``show(ballot)`` returns a ballot as HTML. ``vote(ballot, choice)`` saves a vote; if it raises
    OSError, the ballot stays. The buttons also work with Tab and Enter or the space bar.
    """
    import ipywidgets

    waiting, shown_at = list(ballots), 0.0
    page, status = ipywidgets.HTML(), ipywidgets.HTML()

    def show_next() -> None:
        nonlocal shown_at
        page.value = show(waiting[0]) if waiting else ""
        left = f"{len(waiting)} to go" if waiting else "All voted. Thank you: run the next cell."
        status.value = f"<p>{left}</p>"
        shown_at = time.monotonic()

    def cast(choice: str) -> None:
        # The second half of a double click arrives when the next pair is shown already.
        if not waiting or time.monotonic() - shown_at < DEBOUNCE_SECONDS:
            return
        try:
            vote(waiting[0], choice)
        except OSError as error:
            status.value = _not_saved(error)
            return
        waiting.pop(0)
        show_next()

    labels = {"A": "A is better", "B": "B is better"}
    buttons = [ipywidgets.Button(description=labels.get(choice, choice)) for choice in CHOICES]
    for button, choice in zip(buttons, CHOICES, strict=True):
        button.on_click(lambda _, choice=choice: cast(choice))
    show_next()
    return ipywidgets.VBox([page, ipywidgets.HBox(buttons), status])


def _not_saved(error: OSError) -> str:
    return (
        f"<p>This vote could not be kept ({escape(str(error.strerror))}). The pair stays. Free "
        "some space on the disk and vote again.</p>"
    )


def browse_controls(
    rows: Sequence[Mapping[str, object]],
    fields: Sequence[str],
    columns: Sequence[str],
    show: Callable[[Sequence[Mapping[str, object]], int, int], str],
    *,
    page: int = 10,
) -> ipywidgets.VBox:
    """Controls to look through rows: a text search, a filter for each of ``fields``, pages.

    ``columns`` are the keys that are searched, and ``page`` is the number of rows on a page.
    ``show(rows_of_page, found, start)`` returns a page as HTML: ``found`` counts all rows found,
    and ``start`` is the position of the page's first row among them.
    """
    import ipywidgets

    # In lower case once, so that a search of 50,000 rows takes milliseconds.
    texts = ["\n".join(str(row.get(name, "")) for name in columns).lower() for row in rows]
    search = ipywidgets.Text(description="search", placeholder="words in any column")
    filters = {field: _filter(rows, field) for field in fields}
    back, forward = (ipywidgets.Button(description=text) for text in ("previous", "next"))
    shown_page = ipywidgets.HTML()
    found: list[int] = []
    start = 0

    def turn_to(first: int) -> None:
        # At either end a button does nothing. A disabled button would lose the keyboard's focus.
        nonlocal start
        start = max(0, min(first, (len(found) - 1) // page * page))
        here = found[start : start + page]
        shown_page.value = show([rows[i] for i in here], len(found), start)

    def search_rows(_: object = None) -> None:
        nonlocal found
        wanted = {field: box.value for field, box in filters.items() if box.value}
        found = matching(rows, texts, search.value, wanted)
        turn_to(0)

    for control in (search, *filters.values()):
        control.observe(search_rows, "value")
    back.on_click(lambda _: turn_to(start - page))
    forward.on_click(lambda _: turn_to(start + page))
    search_rows()
    head = ipywidgets.HBox([search, *filters.values()])
    return ipywidgets.VBox([head, shown_page, ipywidgets.HBox([back, forward])])


def _filter(rows: Sequence[Mapping[str, object]], field: str) -> ipywidgets.Dropdown:
    """A list to choose from: all rows, or one value of the field, each with its count."""
    import ipywidgets

    options = [(f"all ({len(rows)})", "")]
    options += [(f"{value} ({count})", value) for value, count in values_of(rows, field)]
    return ipywidgets.Dropdown(description=field, options=options)


def values_of(
    rows: Iterable[Mapping[str, object]], field: str, most: int = 50
) -> list[tuple[str, int]]:
    """``[(value as text, count)]`` of a field, most frequent first; empty above ``most`` values."""
    counts = Counter(str(row[field]) for row in rows if row.get(field) not in (None, ""))
    return counts.most_common() if len(counts) <= most else []


def matching(
    rows: Sequence[Mapping[str, object]],
    texts: Iterable[str],
    words: str,
    wanted: Mapping[str, str],
) -> list[int]:
    """Positions of the rows that have all ``words`` in their text, and the ``wanted`` values.

    ``texts`` has the searchable text of each row, in lower case. ``wanted`` maps fields to values.
    """
    needed = words.lower().split()
    return [
        i
        for i, text in enumerate(texts)
        if all(word in text for word in needed)
        and all(str(rows[i].get(field, "")) == value for field, value in wanted.items())
    ]


def form_controls(
    fields: Mapping[str, str],
    show: Callable[..., str],
    *,
    choices: Mapping[str, Sequence[object]] | None = None,
) -> ipywidgets.VBox:
    """A form of text fields and dropdown lists, with its result below.

    ``fields`` maps the names of text fields to their first texts. ``choices`` maps the names of
    dropdown lists to their options, which are values or pairs of a label and a value; the first is
    selected. ``show(**values)`` returns the result as HTML and is called after every change.
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

    def update(_: object = None) -> None:
        result.value = show(**{name: box.value for name, box in boxes.items()})

    for box in boxes.values():
        box.observe(update, "value")
    update()
    return ipywidgets.VBox([*boxes.values(), result])


def chat_controls(
    answerers: Mapping[str, Callable[[str], GivenAnswer]],
    show: Callable[[Sequence[Exchange]], str],
    exchanges: Iterable[Exchange],
) -> ipywidgets.VBox:
    """Controls to ask several models the same question: a text field, a button, the conversation.

    ``answerers`` maps names to functions from a text to an answer. ``exchanges`` is the
    conversation so far, and ``show(exchanges)`` returns a conversation as HTML. While the models
    work, the button says so and starts nothing. A model's error is shown as its answer.
    """
    import ipywidgets

    # No placeholder: in a dark theme, browsers show it with too little contrast.
    box = ipywidgets.Textarea(description="you ask", layout=ipywidgets.Layout(width="98%"))
    button, conversation = ipywidgets.Button(description="ask"), ipywidgets.HTML()
    so_far = list(exchanges)

    def ask(_: object) -> None:
        text = box.value.strip()
        if not text or button.description != "ask":
            return
        button.description = "working …"
        try:
            answers = {name: _answer_or_error(answer, text) for name, answer in answerers.items()}
            so_far.append((text, answers))
            conversation.value, box.value = show(so_far), ""
        finally:
            button.description = "ask"

    button.on_click(ask)
    conversation.value = show(so_far)
    return ipywidgets.VBox([conversation, box, button])


def _answer_or_error(answer: Callable[[str], GivenAnswer], text: str) -> GivenAnswer:
    try:
        return answer(text)
    except Exception as error:
        return {"output": f"{type(error).__name__}: {error}", "stopped": True}
