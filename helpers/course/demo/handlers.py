"""What happens in the demo when somebody presses a button or closes the page.

Each function here returns a handler for Gradio. ``open_pages`` maps Gradio's session to what the
demo remembers of each open page. A report adds one row to ``reports.jsonl`` of the run; nothing
else is written to disk.
"""

import html
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NotRequired, TypedDict

import gradio as gr

from helpers.io import append_jsonl
from helpers.release.chat import LONGEST, WITHHELD_TEXT, Refused, ShownAnswer, respond
from helpers.release.guard import Guard

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

REMEMBERED = 200  # open pages; those that asked longest ago are forgotten first
Model = tuple["PreTrainedModel", "PreTrainedTokenizerBase"]
Turns = list[dict[str, str]]  # what Gradio's chatbot shows: messages with a role and a content


class Exchange(TypedDict):
    """A message with the answer of each model, or with the reason why it was refused."""

    message: str
    answers: NotRequired[dict[str, str]]
    refused: NotRequired[str]


@dataclass
class OpenPage:
    """What the demo remembers of a page that is open in a browser.

    Setting ``stop`` ends the answer that is being written. ``exchange`` is the newest one, for a
    report; None before the first, and after it was reported.
    """

    stop: threading.Event = field(default_factory=threading.Event)
    exchange: Exchange | None = None


def on_answer(
    models: Mapping[str, Model], guard: Guard, open_pages: dict[str, OpenPage]
) -> Callable[..., Iterator[tuple[Turns, ...]]]:
    """The handler of *Answer*: yields what each column shows, as the answers grow."""

    def answer(
        message: str,
        chosen: list[str] | None,
        temperature: float,
        tokens: float,
        accepted: bool,
        request: gr.Request,
    ) -> Iterator[tuple[Turns, ...]]:
        asked = _asked_models(models, chosen, accepted)
        page = _remember(request.session_hash, open_pages)
        limit, warmth = int(tokens), max(0.1, float(temperature))
        try:
            for shown in respond(
                message, asked, guard, stop=page.stop, max_new_tokens=limit, temperature=warmth
            ):
                answers = {label: _text_of(so_far) for label, so_far in shown.items()}
                page.exchange = {"message": message, "answers": answers}
                yield tuple(_turns(message, answers.get(label)) for label in models)
        except Refused as refusal:
            page.exchange = {"message": str(message)[:LONGEST], "refused": str(refusal)}
            raise _alert(html.escape(str(refusal))) from None
        finally:
            page.stop.set()  # if the page was closed, the model must stop too

    return answer


def _asked_models(
    models: Mapping[str, Model], chosen: list[str] | None, accepted: bool
) -> dict[str, Model]:
    """The models that are to answer, in the order of the columns; an alert if there are none."""
    if not accepted:
        raise _alert("Read the terms first.")
    asked = {label: model for label, model in models.items() if label in (chosen or ())}
    if not asked:
        raise _alert("Choose in the settings who answers.")
    return asked


def _remember(session: str, open_pages: dict[str, OpenPage]) -> OpenPage:
    """Begin a new record for a page, as the newest of ``open_pages``."""
    open_pages.pop(session, None)
    page = open_pages[session] = OpenPage()
    while len(open_pages) > REMEMBERED:
        open_pages.pop(next(iter(open_pages)), None)
    return page


def _text_of(answer: ShownAnswer) -> str:
    return WITHHELD_TEXT if answer["withheld"] else answer["output"]


def _turns(message: str, answer: str | None) -> Turns:
    """What one column shows: the message, and the answer so far, all of it as plain text."""
    turns = [{"role": "user", "content": html.escape(message)}]
    if answer is None:
        return turns
    return [*turns, {"role": "assistant", "content": html.escape(answer)}]


def on_stop(open_pages: Mapping[str, OpenPage]) -> Callable[[gr.Request], None]:
    """The handler of *Stop*: the answer of this page ends at its next token."""

    def stop(request: gr.Request) -> None:
        if request.session_hash in open_pages:
            open_pages[request.session_hash].stop.set()

    return stop


def on_report(
    reports: str | Path, open_pages: Mapping[str, OpenPage]
) -> Callable[[str, gr.Request], tuple[str, str]]:
    """The handler of *Report this answer*: adds the newest exchange of this page to a file.

    It returns the new contents of the text box for the reason, and of the line below it.
    """
    lock = threading.Lock()  # a double click must report only once

    def report(why: str, request: gr.Request) -> tuple[str, str]:
        with lock:
            page = open_pages.get(request.session_hash)
            if page is None or page.exchange is None:
                raise _alert("There is no answer to report yet.")
            at = time.strftime("%Y-%m-%dT%H:%M:%S")
            try:
                append_jsonl(reports, [{**page.exchange, "why": str(why)[:LONGEST], "at": at}])
            except OSError as error:
                raise _alert(
                    f"Your report could not be kept ({error.strerror}). Try again later."
                ) from None
            page.exchange = None  # only now, so that a failed report can be sent again
        return "", "Thank you. The answer and your words were kept."

    return report


def on_close(open_pages: dict[str, OpenPage]) -> Callable[[gr.Request], None]:
    """The handler of a closed page: its answer ends, and the demo forgets the page."""

    def close(request: gr.Request) -> None:
        page = open_pages.pop(request.session_hash, None)
        if page:
            page.stop.set()

    return close


def _alert(text: str) -> gr.Error:
    """An error that Gradio shows on the page, without a traceback in the terminal."""
    return gr.Error(text, print_exception=False)
