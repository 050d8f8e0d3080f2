"""Show rows, training, answers and verdicts in a notebook.

Each widget is a function of data. It returns :class:`helpers.display.safe_html.Html`, which also
shows on GitHub and in exported pages, or :class:`interactive.Interactive`, which adds controls.
Text from data or a model is escaped by :mod:`helpers.display.safe_html`.

data      dataset_browser, prompt_builder, neighbours
training  response_mask, training_meter
answers   side_by_side, chat
verdicts  blind_vote, verdict_browser

interactive holds controls and static HTML in one output; controls builds them.
"""

from helpers.display.safe_html import table
from helpers.display.widgets.answers import chat, side_by_side
from helpers.display.widgets.data import dataset_browser, neighbours, prompt_builder
from helpers.display.widgets.training import response_mask, training_meter
from helpers.display.widgets.verdicts import blind_vote, verdict_browser

__all__ = [
    "blind_vote",
    "chat",
    "dataset_browser",
    "neighbours",
    "prompt_builder",
    "response_mask",
    "side_by_side",
    "table",
    "training_meter",
    "verdict_browser",
]
