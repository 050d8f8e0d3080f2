"""A data card's numbers come from the books."""

import pytest

from helpers.cards import data_card
from helpers.generate import Settings

GENERATED = [
    {"instruction": "Name a river.", "input": "", "output": "Loire", "nearest_score": 0.2},
    {"instruction": "Sort the list by length.", "input": "a, b", "output": "a",
     "nearest_score": 0.6},
]  # fmt: skip
BILL = {"requests": 7, "tokens_in": 1200, "tokens_out": 300, "dollars": 0.126}


def card(**change):
    parts = {"generated": GENERATED, "ledger": [{"reason": "refusal"}] * 2 + [{"reason": "empty"}],
             "bill": BILL, "settings": Settings(threshold=0.65), "teacher": "model-x", "seeds": 9,
             "licence": "Apache-2.0."}  # fmt: skip
    return data_card(**{**parts, **change})


def test_the_card_says_what_the_books_say():
    text = card()
    for words in (
        "# 2 tasks written by model-x",
        "from 9 seed tasks",
        "7 requests, 1,200 tokens in, 300 out, $0.13",
        "3 to 5 words, median 5; 1 of 2 with an input",
        "at most 0.65",
        "is 0.40, the highest 0.60",
        "3 tasks, each with its reason",
        "- refusal: 2\n- empty: 1",
        "Apache-2.0.",
    ):
        assert words in text


def test_nothing_cannot_be_described():
    with pytest.raises(ValueError, match="no generated task"):
        card(generated=[])
