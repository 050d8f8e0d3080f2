"""Calls are paid for once, announced with their cost, capped, and kept after a failure."""

import asyncio
import threading

import pytest
from faulty_server import FaultyServer, list_reply
from planted import Planted
from teacher_runs import ask, bodies

from helpers.io import read_jsonl
from helpers.teacher.answer_cache import key_of, plan_calls, total_bill
from helpers.teacher.budget import CapReached
from helpers.teacher.cached_calls import ask_all
from helpers.teacher.endpoint import EndpointError


def test_answers_are_returned_in_order_and_kept(tmp_path):
    cache, fake = tmp_path / "calls.jsonl", Planted(lambda a, b: "A")
    progress = []
    many = bodies(6, logprobs=True, top_logprobs=5)
    answers = ask(fake, many, cache, on_answer=lambda *at: progress.append(at))
    assert [a["key"] for a in answers] == [key_of(fake, body) for body in many]
    assert answers[0]["letters"]["A"] == pytest.approx(0.9) and progress[-1] == (6, 6)
    assert len(read_jsonl(cache)) == 6


def test_an_answered_request_is_never_sent_again(tmp_path):
    cache, first, second = (
        tmp_path / "c.jsonl",
        Planted(lambda a, b: "A"),
        Planted(lambda a, b: "B"),
    )
    before = ask(first, bodies(4), cache)
    assert ask(second, bodies(4), cache) == before and second.bodies == []
    ask(second, bodies(5), cache)
    assert len(second.bodies) == 1
    # Another parameter or another model makes another request.
    ask(second, bodies(4, seed=1), cache)
    assert len(second.bodies) == 5
    assert key_of(first, bodies(1)[0]) != key_of(Planted(None, model="other"), bodies(1)[0])


def test_a_request_whose_answer_was_cut_off_on_disk_is_sent_again(tmp_path):
    cache = tmp_path / "c.jsonl"
    ask(Planted(lambda a, b: "A"), bodies(3), cache)
    cache.write_bytes(cache.read_bytes()[:-20])
    again = Planted(lambda a, b: "A")
    ask(again, bodies(3), cache)
    assert len(again.bodies) == 1 and len(read_jsonl(cache)) == 3


def test_the_cost_is_announced_before_the_first_call(tmp_path):
    cache, lines = tmp_path / "c.jsonl", []
    priced = Planted(lambda a, b: "A", price=1e-6)
    coming = plan_calls(priced, bodies(3), cache)
    assert coming["calls"] == 3 and coming["kept"] == 0 and priced.bodies == []
    asyncio.run(ask_all(priced, bodies(3), cache, say=lines.append, max_dollars=0.5))
    assert lines == [
        f"3 calls to planted, at most {coming['dollars']:.4f} dollars; the cap is 0.50"
    ]
    spent = total_bill(priced, cache)
    assert spent["calls"] == 3 and spent["tokens_in"] == 30
    assert spent["dollars"] < coming["dollars"]
    assert plan_calls(priced, bodies(4), cache)["calls"] == 1
    asyncio.run(ask_all(priced, bodies(3), cache, say=lines.append))
    assert len(lines) == 1  # nothing to pay, so nothing is announced


@pytest.mark.parametrize("parallel", [1, 8])
def test_the_cap_holds_and_answers_are_kept(tmp_path, parallel):
    cache, priced = tmp_path / "c.jsonl", Planted(lambda a, b: "A", price=1e-3, parallel=parallel)
    most = plan_calls(priced, bodies(1), cache)["dollars"]
    cap = most + 5.2 * 11e-3  # each call costs 11 tokens in the end
    with pytest.raises(CapReached, match=r"above max_dollars=.* raise the cap"):
        ask(priced, bodies(20), cache, max_dollars=cap)
    # Calls in flight are awaited, and the tokens that they do not use allow further calls.
    assert len(priced.bodies) == 6 and total_bill(priced, cache)["dollars"] <= cap
    with pytest.raises(CapReached, match="above max_tokens=70"):
        ask(priced, bodies(20), cache, max_dollars=99, max_tokens=70)
    assert len(priced.bodies) == 6
    ask(priced, bodies(20), cache, max_dollars=99)
    assert len(priced.bodies) == 20


def test_a_call_that_was_reset_is_retried(tmp_path):
    with FaultyServer(lambda seed, attempt: "reset" if attempt == 0 else None) as server:
        answers = ask(server.endpoint(), bodies(2, seed=3, max_tokens=5), tmp_path / "c.jsonl")
    # The try that was reset may have been charged, so the bill has it at its upper bound.
    assert all(a["finish"] for a in answers) and max(a["usage"][1] for a in answers) >= 5


def test_a_refused_key_ends_the_calls_at_once_and_is_not_shown(tmp_path):
    with FaultyServer() as server:
        wrong = server.endpoint(_key="sk-wrong-5678")
        with pytest.raises(EndpointError, match="refuses the key") as caught:
            ask(wrong, bodies(9, seed=3), tmp_path / "c.jsonl")
    assert "5678" not in str(caught.value) and not (tmp_path / "c.jsonl").exists()


def test_the_answer_to_a_filtered_request_is_empty(tmp_path):
    with FaultyServer(lambda seed, attempt: "400 filter") as server:
        (answer,) = ask(server.endpoint(), bodies(1, seed=3), tmp_path / "c.jsonl")
    assert (answer["text"], answer["finish"]) == ("", "content_filter")


@pytest.mark.parametrize("message", [{"content": None, "tool_calls": []}, {"tool_calls": []}, {}])
def test_a_message_without_a_text_in_the_request_loses_no_paid_reply(message, tmp_path):
    (body,) = bodies(1)
    body["messages"] += [{"role": "assistant", **message}, {"role": "user", "content": "B?"}]
    with FaultyServer() as server:
        ask(server.endpoint(), [body], tmp_path / "c.jsonl")
    assert len(read_jsonl(tmp_path / "c.jsonl")) == 1


@pytest.mark.parametrize(
    ("content", "finish"),
    [([{"type": "refusal", "refusal": "I can't"}], "refusal"), ({"refusal": "No."}, "refusal")],
)
def test_a_refusal_in_the_parts_of_a_content_is_a_refusal(content, finish, tmp_path):
    reply = list_reply(1)
    reply["choices"][0] = {"message": {"content": content}, "finish_reason": "stop"}
    with FaultyServer(on_body=lambda body: (200, reply)) as server:
        (answer,) = ask(server.endpoint(), bodies(1), tmp_path / "c.jsonl")
    assert answer["finish"] == finish and answer["text"]


def test_two_concurrent_runs_cannot_spend_the_cap_twice(tmp_path):
    """The second run is refused, instead of counting its costs on its own."""
    cache, refused = tmp_path / "judge calls.jsonl", []
    with FaultyServer(on_body=lambda body: (200, list_reply(1)), wait=0.05) as server:
        endpoint = server.endpoint(price_in=1000.0, price_out=1000.0, parallel=2)

        def run():
            try:
                ask(endpoint, bodies(8), cache, max_dollars=100.0)
            except ValueError as error:
                refused.append(str(error))

        threads = [threading.Thread(target=run) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(refused) == 1 and "another process is asking with" in refused[0]
    assert len(server.bodies) == 8 == len(read_jsonl(cache))
