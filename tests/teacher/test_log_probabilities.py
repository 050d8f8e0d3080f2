"""Log-probabilities: used where a server gives them, done without where it does not."""

import asyncio

import pytest
from faulty_server import FaultyServer, letters_reply
from openai.types.chat import ChatCompletion

from helpers.evaluation.judge import best_way, judge
from helpers.teacher.endpoint_abilities import find_abilities
from helpers.teacher.replies import first_token

PAIRS = [{"id": str(n), "request": f"Say {n}.", "left": "a", "right": "b"} for n in range(3)]


def judge_all(endpoint, folder):
    return asyncio.run(judge(endpoint, PAIRS, folder / "c.jsonl", say=None))


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "Cannot request more than 5 logprobs"),
        (400, "top_logprobs must be less than or equal to 5"),
        (400, "Invalid value for 'top_logprobs': must be between 0 and 5"),
        (422, "body.top_logprobs: Input should be at most 5"),
        (400, "Requested sample logprobs of 20, which is greater than max allowed: 5"),
        (400, "Range of top_logprobs should be [0, 5]"),
        (400, "top_logprobs must be in [0..5]"),
        (400, "top_logprobs must be 0–5"),
        (400, "top_logprobs must be in the range of 0 to 5"),
        (400, "The maximum value of top_logprobs is 5"),
        (400, "Input validation error: `top_logprobs` should be <= 5"),
        (422, "Input validation error: `top_n_tokens` must be >= 0 and <= 5. Given: 20"),
        (
            400,
            "logprobs value is 20 but the supported range is from 1 (inclusive) to 6 (exclusive)",
        ),
        (400, "Invalid topLogprobs: 20. It must be below 6"),
    ],
)
def test_a_server_that_gives_five_log_probabilities_is_asked_for_five(status, words, tmp_path):
    def on_body(body):
        if body.get("top_logprobs", 0) > 5:
            return status, {"error": {"message": words}}
        return 200, letters_reply()

    with FaultyServer(on_body=on_body) as server, pytest.warns(UserWarning, match="at most 5"):
        records = judge_all(server.endpoint(), tmp_path)
    assert records[0]["ab"] == "A" and records[0]["p_left"] is not None
    assert [body["top_logprobs"] for body in server.bodies] == [20] + 6 * [5]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (403, "You are not allowed to request logprobs from this model"),
        (400, "logprobs are not supported with reasoning models."),
        (400, "Unsupported parameter: 'logprobs'"),
        (400, "Argument not supported on this model: logprobs"),
        (400, "Logprobs is not enabled for models/gemini-2.5-flash"),
    ],
)
def test_without_log_probabilities_the_text_is_read(status, words, tmp_path):
    def on_body(body):
        if "logprobs" in body:
            return status, {"error": {"message": words}}
        return 200, letters_reply(None)

    with FaultyServer(on_body=on_body) as server, pytest.warns(UserWarning, match="left out"):
        records = judge_all(server.endpoint(), tmp_path)
        assert all(record["ab"] == "A" for record in records)
        assert find_abilities(server.endpoint())["logprobs"] is False
        assert best_way(server.endpoint()) == "written"


UNREADABLE = [
    {"content": [{"token": "A", "logprob": None, "top_logprobs": None}]},
    {"content": [{"token": "A", "logprob": -1.0, "top_logprobs": [{"token": "A",
                                                                   "logprob": None}]}]},
    {"content": None},
    {"content": [{"token": "A", "logprob": -1.0, "top_logprobs": []}]},
    {"tokens": ["A"], "token_logprobs": [-0.1]},
    {"content": [{"token": "A", "top_logprobs": [{"token": "A", "logprob": float("nan")}]}]},
    {"content": [{"token": "A", "top_logprobs": [{"token": None, "logprob": -0.1}]}]},
    [],
]  # fmt: skip


@pytest.mark.parametrize("logprobs", UNREADABLE, ids=lambda value: str(value)[:50])
def test_unreadable_log_probabilities_lose_no_paid_answer(logprobs, tmp_path):
    with FaultyServer(on_body=lambda body: (200, letters_reply(logprobs))) as server:
        records = judge_all(server.endpoint(), tmp_path)
        assert all(record["ab"] == "A" for record in records)
        assert find_abilities(server.endpoint())["logprobs"] is False
        asked = len(server.bodies)
        judge_all(server.endpoint(), tmp_path)
    assert len(server.bodies) == asked  # the answers came from the cache


def test_a_candidate_without_a_token_is_left_out():
    found = [{"token": None, "logprob": -1.0}, {"token": "B", "logprob": float("nan")},
             {"token": "A", "logprob": -0.1}]  # fmt: skip
    reply = letters_reply({"content": [{"token": "A", "top_logprobs": found}]})
    assert first_token(ChatCompletion.construct(**reply)) == {"A": pytest.approx(0.905, abs=0.001)}
