"""Caps hold, even with retries, restarts, kills, and token counts that cannot be true."""

import asyncio
import contextlib
from dataclasses import replace

import pytest
from faulty_server import FaultyServer, list_reply
from teacher_runs import SEEDS, answer_batches, ask, bodies

from helpers.io import read_jsonl
from helpers.teacher import retries as retrying
from helpers.teacher.answer_cache import plan_calls
from helpers.teacher.answer_cache import total_bill as calls_bill
from helpers.teacher.budget import CapReached
from helpers.teacher.endpoint import EndpointError
from helpers.teacher.generate import Settings, generate
from helpers.teacher.openai_batch import collect, submit
from helpers.teacher.task_requests import worst_case

LISTS = Settings(way="task_list", list_length=3, target=999, request_limit=999, max_dollars=99)
PRICES = {"price_in": 100.0, "price_out": 100.0}


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(retrying, "FIRST_WAIT", 0.01)


def run(endpoint, folder, **settings):
    return asyncio.run(generate(endpoint, SEEDS, folder, replace(LISTS, **settings)))


def worst_dollars(endpoint):
    """The most that one request can cost."""
    return worst_case(endpoint, LISTS, SEEDS).dollars


@pytest.mark.parametrize("fault", ["half", "reset", "torn", "garbage", "slow"])
@pytest.mark.parametrize("tries", [1, 2, 3])
def test_the_cap_holds_for_tries_without_an_answer_and_across_restarts(fault, tries, tmp_path):
    with FaultyServer(lambda seed, attempt: fault) as server:
        endpoint = server.endpoint(timeout=0.3, **PRICES)
        cap = (tries + 0.5) * worst_dollars(endpoint)
        for _ in range(4):
            bill = run(endpoint, tmp_path, max_dollars=cap)
            assert bill["stopped"] == "money cap reached" and bill["requests"] == 0
            assert bill["lost_tries"] == tries and bill["dollars"] <= cap
    assert len(server.asked) == tries


@pytest.mark.parametrize("parallel", [1, 4])
def test_the_cap_holds_when_only_some_tries_are_lost(parallel, tmp_path):
    fault = lambda seed, attempt: "reset" if (seed + attempt) % 3 == 0 else None  # noqa: E731
    with FaultyServer(fault, wait=0.005) as server:
        endpoint = server.endpoint(parallel=parallel, **PRICES)
        cap = 6.3 * worst_dollars(endpoint)
        bill = run(endpoint, tmp_path, max_dollars=cap)
    used = 150 * 100 / 1e6 * len(server.answered)
    lost = (len(server.asked) - len(server.answered)) * worst_dollars(endpoint)
    assert bill["stopped"] == "money cap reached"
    assert bill["dollars"] == pytest.approx(used + lost) and used + lost <= cap
    assert len(server.answered) == bill["requests"] > 3  # unused dollars are spent on more requests


def test_a_server_that_refuses_or_is_never_reached_costs_nothing(tmp_path):
    with FaultyServer(lambda seed, attempt: "503" if attempt < 4 else None) as server:
        endpoint = server.endpoint(**PRICES)
        bill = run(endpoint, tmp_path / "a", max_dollars=1.5 * worst_dollars(endpoint), target=2)
    assert bill["stopped"] == "target reached" and bill["lost_tries"] == 0
    for _ in range(2):  # the server is gone
        with pytest.raises(EndpointError, match="did not answer"):
            run(endpoint, tmp_path / "b", max_dollars=1.5 * worst_dollars(endpoint))


def test_requests_in_flight_when_a_run_was_killed_count_as_lost(tmp_path):
    async def stopped_early(endpoint, settings):
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(generate(endpoint, SEEDS, tmp_path, settings), 0.5)

    with FaultyServer(wait=3) as server:
        endpoint = server.endpoint(**PRICES)
        settings = replace(LISTS, max_dollars=2.5 * worst_dollars(endpoint))
        for _ in range(4):
            asyncio.run(stopped_early(endpoint, settings))
        bill = asyncio.run(generate(endpoint, SEEDS, tmp_path, settings))
    assert len(server.asked) == 2 and bill["lost_tries"] == 2


@pytest.mark.parametrize(
    "usage",
    [
        {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
        {"prompt_tokens": -3, "completion_tokens": -9},
        {"prompt_tokens": None, "completion_tokens": None},
        {"prompt_tokens": "many", "completion_tokens": [1]},
        {"prompt_tokens": True, "completion_tokens": True},
        {"prompt_tokens": 1, "completion_tokens": 1},
        {"prompt_tokens": 10**30, "completion_tokens": 10**30},
        {"prompt_tokens": 10**9, "completion_tokens": 50, "total_tokens": 10**12},
        {},
    ],
    ids=str,
)
def test_a_count_that_cannot_be_true_is_charged_at_the_worst_case(usage, tmp_path):
    reply = {**list_reply(1), "usage": usage}
    reply["choices"][0]["message"]["content"] *= 2
    with FaultyServer(on_body=lambda body: (200, reply)) as server:
        endpoint = server.endpoint(**PRICES)
        bill = run(endpoint, tmp_path, max_dollars=4.5 * worst_dollars(endpoint))
    assert bill["stopped"] == "money cap reached"
    assert len(server.asked) == 4


@pytest.mark.parametrize(
    ("usage", "counted"),
    [
        ({"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 2150}, (100, 2050)),
        ({"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150}, (100, 50)),
        ({"prompt_tokens": 100, "completion_tokens": 50,
          "completion_tokens_details": {"reasoning_tokens": 900}}, (100, 950)),
        ({"prompt_tokens": 100, "completion_tokens": 950,
          "completion_tokens_details": {"reasoning_tokens": 900}}, (100, 950)),
        ({"input_tokens": 100, "output_tokens": 50}, (100, 50)),
        ({"input_tokens": 100, "output_tokens": 50,
          "output_tokens_details": {"reasoning_tokens": 900}}, (100, 950)),
        ({"prompt_tokens": 100, "completion_tokens": 50, "reasoning_tokens": 900}, (100, 950)),
    ],
)  # fmt: skip
def test_thinking_is_on_the_bill(usage, counted, tmp_path):
    with FaultyServer(on_body=lambda body: (200, {**list_reply(1), "usage": usage})) as server:
        bill = run(server.endpoint(), tmp_path, request_limit=1)
    assert (bill["tokens_in"], bill["tokens_out"]) == counted


THOUGHT = "Hm. " * 2000


@pytest.mark.parametrize(
    "message",
    [
        {"content": "A", "reasoning_content": THOUGHT},
        {"content": "A", "reasoning": THOUGHT, "reasoning_content": THOUGHT},
        {"content": "A", "reasoning_details": [{"type": "reasoning.text", "text": THOUGHT}]},
        {"content": [{"type": "thinking", "thinking": THOUGHT}, {"type": "text", "text": "A"}]},
        {"content": f"<think>{THOUGHT}</think>A"},
    ],
    ids=lambda value: str(value)[:50],
)
def test_a_count_smaller_than_the_thinking_in_the_reply_is_not_believed(message, tmp_path):
    reply = {**list_reply(1), "usage": {"prompt_tokens": 100, "completion_tokens": 5}}
    reply["choices"][0]["message"] = message
    with FaultyServer(on_body=lambda body: (200, reply)) as server:
        (answer,) = ask(server.endpoint(), bodies(1, max_tokens=900), tmp_path / "c.jsonl")
    assert answer["usage"] == [100, 900]


def test_a_huge_total_is_charged_at_the_worst_case(tmp_path):
    usage = {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 10**12}
    with FaultyServer(on_body=lambda body: (200, {**list_reply(1), "usage": usage})) as server:
        (answer,) = ask(server.endpoint(), bodies(1), tmp_path / "c.jsonl")
    assert answer["usage"] == [100, 1]


@pytest.mark.parametrize("again", [False, True])
def test_thinking_beyond_the_limit_raises_the_worst_case_of_the_next_call(again, tmp_path):
    cache, usage = tmp_path / "c.jsonl", {"prompt_tokens": 100, "completion_tokens": 40_000}
    with FaultyServer(on_body=lambda body: (200, {**list_reply(1), "usage": usage})) as server:
        endpoint = server.endpoint(**PRICES, parallel=1)
        if again:  # the answer on disk shows it
            ask(endpoint, bodies(1), cache)
        with pytest.raises(CapReached):
            ask(endpoint, bodies(9), cache, max_dollars=7.0)
    assert len(server.asked) == 1  # the next could bring the bill to eight dollars


def test_thinking_beyond_the_limit_raises_the_worst_case_of_the_next_request(tmp_path):
    usage = {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 50_000}
    with FaultyServer(on_body=lambda body: (200, {**list_reply(1), "usage": usage})) as server:
        bill = run(server.endpoint(**PRICES, parallel=1), tmp_path, max_dollars=12.0)
    # Two at 5.00 dollars each fit, a third could not.
    assert (len(server.asked), bill["stopped"]) == (2, "money cap reached")


def test_answers_of_a_batch_are_charged_the_batch_price(tmp_path):
    settings = replace(LISTS, target=12)
    with FaultyServer() as server:
        endpoint = server.endpoint(**PRICES)
        submit(endpoint, SEEDS, tmp_path, settings, count=8)
        answer_batches(server)
        collect(endpoint, tmp_path)
        bill = run(endpoint, tmp_path, target=12)
    assert server.asked == [] and bill["dollars"] == pytest.approx(8 * 150 * 100 / 1e6 / 2)


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        ({"message": {"content": ""}, "finish_reason": "length"}, "raise answer_tokens"),
        ({"message": {"content": "<think>Hm."}, "finish_reason": "length"}, "raise answer_tokens"),
        ({"message": {"content": None}, "finish_reason": "stop"}, "raise answer_tokens"),
        ({"message": {"content": "Sorry, no."}, "finish_reason": "stop"}, "another teacher"),
        ({"message": {"content": None, "refusal": "No."}, "finish_reason": "stop"}, "teacher"),
    ],
)
def test_a_run_without_tasks_stops_early_and_says_why(choice, words, tmp_path):
    reply = {**list_reply(1), "choices": [{"index": 0, **choice}]}
    with FaultyServer(on_body=lambda body: (200, reply)) as server:
        bill = run(server.endpoint(**PRICES), tmp_path)
    assert bill["stopped"].startswith("nothing comes back: 1") and words in bill["stopped"]
    assert len(server.asked) <= 16 and bill["requests"] == len(server.asked)


def test_a_judge_without_verdicts_stops_early_and_says_why(tmp_path):
    reply = {**list_reply(1)}
    reply["choices"] = [{"index": 0, "message": {"content": ""}, "finish_reason": "length"}]
    mute = FaultyServer(on_body=lambda body: (200, reply))
    with mute as server, pytest.raises(EndpointError, match=r"nothing comes back.*max_tokens"):
        ask(server.endpoint(), bodies(60), tmp_path / "c.jsonl")
    assert len(server.asked) <= 16
    assert len(read_jsonl(tmp_path / "c.jsonl")) == len(server.asked)  # paid for, so kept


@pytest.mark.parametrize("fault", ["half", "reset", "slow"])
def test_the_cap_of_cached_calls_holds_for_tries_without_an_answer(fault, tmp_path):
    cache = tmp_path / "c.jsonl"
    with FaultyServer(lambda seed, attempt: fault) as server:
        endpoint = server.endpoint(timeout=0.3, **PRICES)
        most = plan_calls(endpoint, bodies(1), cache)["dollars"]
        for _ in range(4):
            with pytest.raises(CapReached, match="above max_dollars"):
                ask(endpoint, bodies(3), cache, max_dollars=2.5 * most)
    assert len(server.asked) == 2
    spent = calls_bill(endpoint, cache)
    assert spent["lost_tries"] == 2 and spent["dollars"] == pytest.approx(2 * most)
