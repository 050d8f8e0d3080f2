"""Verdicts, both orders, and judges whose faults are planted."""

import asyncio
import math
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest

from helpers.io import read_jsonl
from helpers.judge import (
    judge,
    judge_message,
    known_pairs,
    pair_up,
    parse_verdict,
    summarize,
    worth,
)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("A", "A"),
        (" b. ", "B"),
        ("Answer B", "B"),
        ("[[A]]", "A"),
        ("A is short. B is right. Verdict: B", "B"),
        ("Verdict: A\nOn second thought, no.\nVerdict: B", "B"),
        ("**Final answer:** A", "A"),
        ("Both serve it equally. [[tie]]", "tie"),
        ("[[C]]", "tie"),
        ("Answer A is better because it stops.", "A"),
        ("A and B are both fine", None),
        ("[[A]] or [[B]]", None),
        ("", None),
        (None, None),
        ("A fine day", None),
    ],
)
def test_verdicts_are_read_from_texts(text, verdict):
    assert parse_verdict(text) == verdict


def record(i, ab, ba, p_left=None):
    return {"id": str(i), "ab": ab, "ba": ba, "p_left": p_left}


def test_a_judge_that_always_says_a_wins_nothing():
    summary = summarize([record(i, "A", "A") for i in range(10)])
    assert (summary.wins, summary.losses, summary.ties, summary.flips) == (0, 0, 10, 10)
    assert summary.first_position_rate == 1.0
    assert summary.win_rate["value"] == 0.5


def test_wins_losses_and_ties_by_prompt():
    verdicts = [
        record(0, "A", "B"),
        record(1, "A", "B"),
        record(2, "B", "A"),
        record(3, "tie", "A"),
    ]
    summary = summarize(verdicts)
    assert (summary.wins, summary.losses, summary.ties, summary.flips) == (2, 1, 1, 0)
    assert summary.win_rate["value"] == pytest.approx(2.5 / 4)
    assert summary.win_rate["low"] < 2.5 / 4 < summary.win_rate["high"]


def test_unparsed_is_counted_and_never_a_win():
    summary = summarize([record(0, "A", None), record(1, None, None)])
    assert (summary.wins, summary.unparsed, summary.ties) == (0, 3, 2)


def test_a_judge_that_sees_only_one_order_is_refused():
    with pytest.raises(ValueError, match="both orders"):
        summarize([{"id": "x", "ab": "A"}])
    with pytest.raises(ValueError, match="at least one"):
        summarize([])


def test_worth_says_when_a_judge_cannot_tell():
    coin = summarize([record(i, "A", "A") for i in range(30)])
    perfect = summarize([record(i, "A", "B") for i in range(30)])
    assert worth(coin)[0] is False and worth(coin)[1].startswith("This judge cannot tell")
    assert worth(perfect)[0] is True


def test_the_message_shows_both_answers_in_the_order_asked():
    pair = {"id": "1", "request": "Ask {b}", "left": "LEFT {request}", "right": "RIGHT"}
    ab, ba = judge_message(pair, "ab"), judge_message(pair, "ba")
    assert ab.index("LEFT") < ab.index("RIGHT") and ba.index("RIGHT") < ba.index("LEFT")
    assert "Ask {b}" in ab and "LEFT {request}" in ab  # a brace in a text stays text


def test_known_pairs_never_set_an_answer_against_itself():
    rows = [
        {"id": i, "instruction": f"task {i}", "input": "", "output": f"out {i}"} for i in range(5)
    ]
    assert all(pair["left"] != pair["right"] for pair in known_pairs(rows))


class FakeJudge:
    """An endpoint whose model likes the answer that ``likes`` is true of, with probability 0.9."""

    model, parallel = "fake", 4

    def __init__(self, likes, letters=True):
        self.likes, self.letters, self.messages = likes, letters, []
        self.chat = SimpleNamespace(completions=self)

    @asynccontextmanager
    async def async_client(self, **_):
        yield self

    async def create(self, messages, **_):
        text = messages[0]["content"]
        self.messages.append(text)
        a, b = text.split("[Answer A]\n")[1].split("\n\n[Answer B]\n")
        p = 0.9 if self.likes(a, b.split("\n\nWhich")[0]) else 0.1
        tokens = [SimpleNamespace(token=" A", logprob=math.log(p)),
                  SimpleNamespace(token="B", logprob=math.log(1 - p))]  # fmt: skip
        logprobs = SimpleNamespace(content=[SimpleNamespace(top_logprobs=tokens)])
        message = SimpleNamespace(content="A" if p > 0.5 else "B")
        choice = SimpleNamespace(message=message, logprobs=logprobs if self.letters else None)
        return SimpleNamespace(choices=[choice])


PAIRS = pair_up(
    [{"id": f"t{i}", "instruction": "Do.", "input": ""} for i in range(6)],
    [{"output": f"good {i}"} for i in range(6)],
    [{"output": f"bad {i}"} for i in range(6)],
)


@pytest.mark.parametrize("letters", [True, False])
def test_a_fair_judge_finds_the_better_answer_in_both_orders(tmp_path, letters):
    fair = FakeJudge(lambda a, b: a.startswith("good"), letters)
    summary = summarize(asyncio.run(judge(fair, PAIRS, tmp_path / "calls.jsonl")))
    assert (summary.wins, summary.flips, summary.first_position_rate) == (6, 0, 0.5)
    assert summary.preference is None or summary.preference["value"] == pytest.approx(0.9)


def test_every_pair_is_asked_in_both_orders(tmp_path):
    fake = FakeJudge(lambda a, b: True)
    summary = summarize(asyncio.run(judge(fake, PAIRS, tmp_path / "calls.jsonl")))
    assert len(set(fake.messages)) == 2 * len(PAIRS)
    assert summary.flips == len(PAIRS) and summary.first_position_rate == 1.0


def test_what_was_answered_is_never_asked_again(tmp_path):
    cache = tmp_path / "calls.jsonl"
    first = FakeJudge(lambda a, b: len(a) > len(b))
    before = asyncio.run(judge(first, PAIRS, cache))
    second = FakeJudge(lambda a, b: len(a) > len(b))
    assert asyncio.run(judge(second, PAIRS, cache)) == before
    assert second.messages == [] and len(read_jsonl(cache)) == 2 * len(PAIRS)
