"""The demo's page, drawn by Gradio: terms first, then a text box, two columns of answers, settings.

One answer is written at a time, in the order of the questions. The others wait and see their place
in the queue. All text on the page is escaped first, because Gradio shows the text of a model as
HTML even with Markdown switched off.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from helpers.course.demo.handlers import (
    Model,
    OpenPage,
    on_answer,
    on_close,
    on_report,
    on_stop,
)
from helpers.release.chat import LONGEST
from helpers.release.guard import REMOTE, Guard

TERMS = """### Before you write

- These models are an exercise in instruction tuning. They are small, and **often wrong in fluent
  words**. Do not rely on anything they say, least of all about health, law or money.
- Messages and answers pass a filter. It misses some harm and stops some harmless text.
- Answers carry a watermark that a program can find.
- What you write stays on the machine that shows this page{remote}. It is kept only if you press
  *Report this answer*.
- Do not write names, addresses or anything private.
"""
TO_OPENAI = " and goes to OpenAI's moderation endpoint"
WAITING = 20  # people who may wait; the next one is asked to come back later


@dataclass
class _Controls:
    """What the page shows once the terms are accepted."""

    columns: list[gr.Chatbot]  # one for each model
    box: gr.Textbox  # for the message
    answer: gr.Button
    stop: gr.Button
    report: gr.Button
    why: gr.Textbox  # for the reason of a report
    thanks: gr.Markdown  # shown after a report
    settings: list[Any]


def build_page(
    models: Mapping[str, Model], guard: Guard, reports: str | Path, *, tokens: int = 160
) -> gr.Blocks:
    """The page as ``gradio.Blocks``, with its queue.

    ``models`` maps the label of each model to ``(model, tokenizer)``. Reported answers are added to
    the file ``reports``. ``tokens`` is the most tokens of an answer, which visitors can change.
    """
    with gr.Blocks(title="Alpaca Classroom", analytics_enabled=False) as page:
        gr.Markdown("# A student of Alpaca Classroom")
        accepted = gr.State(False)
        with gr.Column() as terms:
            gr.Markdown(TERMS.format(remote=TO_OPENAI if guard.by == REMOTE else ""))
            agree = gr.Button("I have read this", variant="primary")
        with gr.Column(visible=False) as conversation:
            controls = _draw(list(models), tokens)
        after_terms = (True, gr.Column(visible=False), gr.Column(visible=True))
        agree.click(lambda: after_terms, None, [accepted, terms, conversation], queue=False)
        open_pages: dict[str, OpenPage] = {}
        answer = on_answer(models, guard, open_pages)
        _connect(controls, accepted, answer, on_report(reports, open_pages), on_stop(open_pages))
        page.unload(on_close(open_pages))
    return page.queue(max_size=WAITING)


def _draw(labels: Sequence[str], tokens: int) -> _Controls:
    """Draw the controls, in the order in which they are shown."""
    with gr.Row():
        columns = [_answers(label) for label in labels]
    box = gr.Textbox(label="Instruction", lines=2, max_length=LONGEST)
    with gr.Row():
        answer, stop = gr.Button("Answer", variant="primary"), gr.Button("Stop")
        report = gr.Button("Report this answer")
    why = gr.Textbox(label="What is wrong with it? (for the report)", max_length=LONGEST)
    thanks = gr.Markdown()
    settings = _settings(labels, tokens)
    return _Controls(columns, box, answer, stop, report, why, thanks, settings)


def _connect(
    controls: _Controls,
    accepted: gr.State,
    answer: Callable[..., Any],
    report: Callable[..., Any],
    stop: Callable[..., Any],
) -> None:
    """Connect the buttons with their handlers. One answer is written at a time."""
    running = gr.on(
        [controls.answer.click, controls.box.submit],
        answer,
        [controls.box, *controls.settings, accepted],
        controls.columns,
        concurrency_limit=1,
        concurrency_id="model",
        show_progress_on=controls.columns[:1],
    )
    controls.stop.click(stop, None, None, cancels=[running], queue=False)
    thanks = controls.thanks
    controls.report.click(report, [controls.why], [controls.why, thanks], queue=False)
    controls.answer.click(lambda: "", None, thanks, queue=False)


def _settings(labels: Sequence[str], tokens: int) -> list[Any]:
    """Controls for which models answer, the temperature, and the length of an answer."""
    with gr.Accordion("Settings", open=False):
        return [
            gr.CheckboxGroup(labels, value=labels, label="Who answers"),
            gr.Slider(0.1, 1.5, value=0.8, step=0.1, label="Temperature"),
            gr.Slider(16, 256, value=tokens, step=16, label="Tokens at most"),
        ]


def _answers(label: str) -> gr.Chatbot:
    """The column with the answers of one model."""
    # A copy button would copy the escaped text, so there is none.
    return gr.Chatbot(
        label=label, render_markdown=False, buttons=[], latex_delimiters=[], height=360
    )
