"""What an endpoint refuses is found out once, adapted, said, and never sent again."""

import asyncio
import warnings
from dataclasses import replace

import pytest
from faulty_server import FaultyServer, list_reply
from openai.types.chat import ChatCompletion
from teacher_runs import SEEDS, ask, bodies

from helpers.evaluation.judge import best_way, judge
from helpers.teacher import retries
from helpers.teacher.abilities import abilities
from helpers.teacher.cached_calls import CapReached, plan_calls
from helpers.teacher.endpoint import Endpoint, EndpointError
from helpers.teacher.generate import Settings, generate
from helpers.teacher.replies import first_token
from helpers.teacher.request_parameters import Renamed, learn_from_refusal
from helpers.teacher.task_requests import dearest_request

LISTS = Settings(way="task_list", list_length=3, target=12, request_limit=40)
PAIRS = [{"id": str(n), "request": f"Say {n}.", "left": "a", "right": "b"} for n in range(3)]


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(retries, "FIRST_WAIT", 0.01)


def refuse(name, words, *, status=400, limit=None, param=None, shape=None):
    """A server's function: refuses a body that has ``name`` (above ``limit``), else answers."""

    def on_body(body):
        if name in body and (limit is None or body[name] > limit):
            error = {"message": words, "type": "invalid_request_error", "param": param}
            return status, shape if shape is not None else {"error": error}
        return None

    return on_body


def run(endpoint, folder, **settings):
    return asyncio.run(generate(endpoint, SEEDS, folder, replace(LISTS, **settings)))


REFUSALS = [
    ("max_tokens", "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
     "'max_completion_tokens' instead.", {}),
    ("max_tokens", "this model does not support max_tokens", {}),
    ("max_tokens", "not allowed here", {"param": "max_tokens"}),
    ("temperature", "Unsupported value: 'temperature' does not support 0.9 with this model. Only "
     "the default (1) value is supported.", {"param": "temperature"}),
    ("temperature", "`temperature` is deprecated for this model.", {}),
    ("seed", "Unrecognized request argument supplied: seed", {}),
    ("seed", "seed: Extra inputs are not permitted", {}),
    ("seed", 'json: unknown field "seed"', {}),
    ("seed", "", {"status": 422, "shape": {"detail": [
        {"type": "extra_forbidden", "loc": ["body", "seed"],
         "msg": "Extra inputs are not permitted"}]}}),
    ("seed", "", {"shape": {"detail": "Unsupported parameter(s): `seed`"}}),
    ("seed", "", {"shape": {"error": "Additional properties are not allowed ('seed' was "
                                     "unexpected)"}}),
    ("seed", "litellm.UnsupportedParamsError: openai does not support parameters: ['seed'], for "
     "model=o3.", {}),
    ("seed", "create() got an unexpected keyword argument 'seed'", {"status": 500}),
    ("temperature", "temperature must be less than or equal to 0.5", {"limit": 0.5}),
    ("temperature", "temperature: range: 0..0.5", {"limit": 0.5}),
    ("temperature", "temperature, top_p and n are fixed at 1", {}),
    ("temperature", "API 调用参数有误，请检查文档。temperature 参数非法", {}),
    ("seed", "body/seed must NOT have additional properties", {}),
    ("seed", "", {"shape": {"error": {"issues": [{"code": "unrecognized_keys",
                                                  "keys": ["seed"]}]}}}),
    ("seed", "", {"shape": {"error": {"message": "Provider returned error", "code": 400, "metadata":
        {"raw": '{"error": {"message": "seed is not supported with this model"}}'}}}}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "words", "how"), REFUSALS, ids=lambda value: str(value)[:40])
def test_a_refused_parameter_is_asked_once_adapted_and_said(name, words, how, tmp_path):
    with FaultyServer(on_body=refuse(name, words, **how)) as server:
        endpoint = server.endpoint()
        with pytest.warns(UserWarning, match=f"refuses a parameter.*{name}") as said:
            bill = run(endpoint, tmp_path, request_limit=6)
        limit = how.get("limit", 0)
        refused = [b for b in server.bodies if b.get(name, 0) > limit or (limit == 0 and name in b)]
        assert len(refused) == 1 and len(said) == 1
        # Another run of the same endpoint does not ask again.
        asked = len(server.bodies)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            run(endpoint, tmp_path / "other", target=3)
        assert not [b for b in server.bodies[asked:] if b.get(name, 0) > limit]
    assert bill["accepted"] > 0 and bill["lost_tries"] == 0
    assert all(b.get("max_tokens") or b.get("max_completion_tokens") for b in server.bodies)


# A bound of the reply, in many words; the body asks for 10,000.
LENGTHS = [
    (4096, "max_tokens is too large: 10,000. This model supports at most 4,096 completion tokens."),
    (4096, "This model supports at most 4,096 completion tokens"),
    (4096, "max_tokens cannot exceed 4096"),
    (64, "Invalid max_tokens value, the valid range of max_tokens is [1, 64]"),
    (64, "<400> InternalError.Algo.InvalidParameter: Range of max_tokens should be [1, 64]"),
    (4096, "max_tokens: 10000 > 4096, which is the maximum allowed number of output tokens for "
     "claude-3-haiku-20240307"),
    (4096, "max_tokens=10000 cannot be greater than max_model_len=4096."),
    (4096, "max_tokens limit is 4096 for this model"),
    (4095, "body.max_tokens: Input should be less than 4096"),
    (8192, "`max_tokens` must be less than or equal to `8192`, the maximum value for `max_tokens` "
     "is less than the `context_window` for this model"),
    (8192, "`max_completion_tokens` must be less than or equal to `8192`"),
    (4096, "maxOutputTokens must be in the range 1-4096"),
    (8000, "max_tokens may be 8k at most"),
    (4096, "max_tokens 不能超过 4096"),
    (4096, "The requested max_tokens of 10000 is above the 4096 that this deployment allows"),
]  # fmt: skip


@pytest.mark.parametrize(("limit", "words"), LENGTHS)
def test_a_bound_of_the_reply_is_lowered_and_never_renamed(limit, words, tmp_path):
    def on_body(body):  # a server that ignores names it does not know
        if body.get("max_tokens", 10**9) > limit:
            return 400, {"error": {"message": words}}
        return 200, list_reply(1)

    with FaultyServer(on_body=on_body) as server, pytest.warns(UserWarning, match="at most"):
        ask(server.endpoint(), bodies(2, max_tokens=10_000), tmp_path / "c.jsonl")
    assert [body["max_tokens"] for body in server.bodies] == [10_000, limit, limit]


@pytest.mark.parametrize(
    "words",
    [
        "'max_tokens' or 'max_completion_tokens' is too large: 100. This model's maximum context "
        "length is 80 tokens and your request has 30 input tokens (100 > 80 - 30).",
        "input length and `max_tokens` exceed context limit: 199000 + 2000 > 200000",
        "max_tokens exceeds the maximum of this model",
        "Could not finish the message because max_tokens or model output limit was reached.",
    ],
)
def test_a_bound_that_is_not_named_or_not_for_every_prompt_is_final(words, tmp_path):
    broken = FaultyServer(on_body=lambda body: (400, {"error": {"message": words}}))
    with broken as server, pytest.raises(EndpointError, match=r"max_tokens"):
        ask(server.endpoint(), bodies(2, max_tokens=100), tmp_path / "c.jsonl")
    assert len(server.bodies) == 1


def test_a_bound_that_is_too_small_is_raised_and_the_cap_knows(tmp_path):
    words = "Invalid 'max_tokens': integer below minimum value. Expected a value >= 16, but got 1."
    reply = {**list_reply(1), "usage": {"prompt_tokens": 20, "completion_tokens": 16}}

    def on_body(body):
        return (400, {"error": {"message": words}}) if body["max_tokens"] < 16 else (200, reply)

    with FaultyServer(on_body=on_body) as server, pytest.warns(UserWarning, match="at least 16"):
        endpoint = server.endpoint(price_out=1e5)  # 0.1 dollars a token
        with pytest.raises(CapReached):
            ask(endpoint, bodies(1), tmp_path / "a.jsonl", max_dollars=1.0)
        assert [body["max_tokens"] for body in server.bodies] == [1]
        ask(endpoint, bodies(1), tmp_path / "b.jsonl", max_dollars=1.7)
    assert server.bodies[-1]["max_tokens"] == 16


@pytest.mark.parametrize(
    "words",
    [
        "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.",
        "max_tokens and max_completion_tokens are mutually exclusive",
    ],
)
def test_of_two_bounds_the_older_is_left_out(words, tmp_path):
    def on_body(body):
        both = "max_tokens" in body and "max_completion_tokens" in body
        return (400, {"error": {"message": words}}) if both else (200, list_reply(1))

    with FaultyServer(on_body=on_body) as server, pytest.warns(UserWarning, match="left out"):
        endpoint = server.endpoint(parameters={"max_completion_tokens": 2000})
        ask(endpoint, bodies(2), tmp_path / "c.jsonl")
    assert [body["max_completion_tokens"] for body in server.bodies] == 3 * [2000]
    assert ["max_tokens" in body for body in server.bodies] == [True, False, False]


@pytest.mark.parametrize("change", [None, -1, Renamed("length")])
def test_what_has_a_price_or_a_cap_on_tokens_has_a_bound(change, tmp_path):
    with FaultyServer() as server:
        dear = server.endpoint(price_out=1.0, parameters={"max_tokens": change})
        free = replace(dear, price_out=0.0)
        for call in (
            lambda: plan_calls(dear, bodies(1), tmp_path / "c.jsonl"),
            lambda: ask(dear, bodies(1), tmp_path / "c.jsonl"),
            lambda: ask(free, bodies(1), tmp_path / "c.jsonl", max_tokens=9**9),
            lambda: run(dear, tmp_path / "run"),
        ):
            with pytest.raises(EndpointError, match=r"nothing bounds.*Send max_tokens"):
                call()
        assert server.bodies == []
        ask(free, bodies(1), tmp_path / "c.jsonl")


@pytest.mark.parametrize(
    "parameters",
    [
        {"max_tokens": Renamed("max_output_tokens")},
        {"max_tokens": None, "max_completion_tokens": 9},
    ],
)
def test_a_bound_under_another_name_is_one(parameters, tmp_path):
    with FaultyServer() as server:
        dear = server.endpoint(price_out=1.0, parameters=parameters)
        assert plan_calls(dear, bodies(1), tmp_path / "c.jsonl")["dollars"] > 0
        assert len(ask(dear, bodies(1), tmp_path / "c.jsonl")) == 1


@pytest.mark.parametrize("parameters", [{"n": 4}, {"best_of": 4}])
def test_every_choice_is_counted_by_the_cap(parameters, tmp_path):
    with FaultyServer() as server:
        endpoint = server.endpoint(price_out=1000.0, parameters=parameters)
        assert plan_calls(endpoint, bodies(1), tmp_path / "c.jsonl")["tokens_out"] == 4
        alone = dearest_request(server.endpoint(), LISTS, SEEDS)[2]
        assert dearest_request(endpoint, LISTS, SEEDS)[2] == 4 * alone


def test_several_refusals_come_one_after_another(tmp_path):
    said = ["max_tokens", "temperature", "seed"]

    def on_body(body):
        for name in said:
            if name in body:
                return 400, {
                    "error": {"message": f"Unsupported parameter: '{name}'", "param": name}
                }
        return 200, list_reply(len(server.bodies))

    with FaultyServer(on_body=on_body) as server, pytest.warns(UserWarning):
        assert run(server.endpoint(), tmp_path)["stopped"] == "target reached"
    assert sum(any(name in body for name in said) for body in server.bodies) == 3


@pytest.mark.parametrize(
    "words",
    [
        "This model's maximum context length is 4096 tokens, however you requested 9000.",
        "Please stop sending requests with a bad seed of doubt.",
        "Invalid value for 'messages': expected a list.",
        "We could not parse the JSON body of your request.",
    ],
)
def test_what_speaks_of_no_parameter_of_ours_ends_the_run_in_the_servers_words(words, tmp_path):
    error = {"error": {"message": words, "type": "invalid_request_error"}}
    with FaultyServer(on_body=lambda body: (400, error)) as server, warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(EndpointError) as caught:
            run(server.endpoint(), tmp_path)
    assert words in str(caught.value) and len(server.bodies) == 1


def test_a_server_that_wants_no_limit_at_all_is_refused_for_the_bill(tmp_path):
    def on_body(body):
        name = next(n for n in ("max_tokens", "max_completion_tokens") if n in body)
        return 400, {"error": {"message": f"Unknown parameter: '{name}'", "param": name}}

    refused = pytest.raises(EndpointError, match="max_completion_tokens")
    with FaultyServer(on_body=on_body) as server, pytest.warns(UserWarning), refused:
        run(server.endpoint(), tmp_path)
    assert len(server.bodies) == 2


def test_what_a_user_knows_is_sent_from_the_start(tmp_path):
    parameters = {
        "max_tokens": Renamed("max_completion_tokens"),
        "temperature": None,
        "reasoning_effort": "low",
        "chat_template_kwargs": {"enable_thinking": False},
    }
    with FaultyServer() as server:
        run(server.endpoint(parameters=parameters), tmp_path)
    for body in server.bodies:
        assert {"max_tokens", "temperature"}.isdisjoint(body)
        assert body["max_completion_tokens"] == 3 * LISTS.answer_tokens
        assert body["reasoning_effort"] == "low"
        assert body["chat_template_kwargs"] == {"enable_thinking": False}


def test_parameters_are_part_of_what_a_folder_was_made_with(tmp_path):
    with FaultyServer() as server:
        run(server.endpoint(), tmp_path, target=3)
        with pytest.raises(ValueError, match="other settings"):
            run(server.endpoint(parameters={"top_k": 5}), tmp_path, target=3)


def test_more_room_by_parameters_is_counted_by_the_cap(tmp_path):
    with FaultyServer() as server:
        endpoint = server.endpoint(price_out=100.0, parameters={"max_tokens": 20_000})
        bill = run(endpoint, tmp_path, max_dollars=1.9)  # one reply may cost two dollars
        assert bill["stopped"] == "money cap reached" and server.bodies == []


# --- log-probabilities ----------------------------------------------------------------------


def letters_reply(logprobs):
    choice = {"index": 0, "message": {"content": "A"}, "finish_reason": "stop"}
    return {**list_reply(1), "choices": [{**choice, "logprobs": logprobs}]}


def with_letters(top=5):
    found = [{"token": "A", "logprob": -0.1}, {"token": "B", "logprob": -2.5}]
    return letters_reply(
        {"content": [{"token": "A", "logprob": -0.1, "top_logprobs": found[:top]}]}
    )


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
def test_a_server_of_five_log_probabilities_is_asked_for_five(status, words, tmp_path):
    def on_body(body):
        if body.get("top_logprobs", 0) > 5:
            return status, {"error": {"message": words}}
        return 200, with_letters()

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
def test_where_there_are_no_log_probabilities_the_text_is_read(status, words, tmp_path):
    def on_body(body):
        if "logprobs" in body:
            return status, {"error": {"message": words}}
        return 200, letters_reply(None)

    with FaultyServer(on_body=on_body) as server, pytest.warns(UserWarning, match="left out"):
        records = judge_all(server.endpoint(), tmp_path)
        assert all(record["ab"] == "A" for record in records)
        assert abilities(server.endpoint())["logprobs"] is False
        assert best_way(server.endpoint()) == "written"


ODD_LETTERS = [
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


@pytest.mark.parametrize("logprobs", ODD_LETTERS, ids=lambda value: str(value)[:50])
def test_odd_log_probabilities_lose_no_paid_answer(logprobs, tmp_path):
    with FaultyServer(on_body=lambda body: (200, letters_reply(logprobs))) as server:
        records = judge_all(server.endpoint(), tmp_path)
        assert all(record["ab"] == "A" for record in records)
        assert abilities(server.endpoint())["logprobs"] is False
        asked = len(server.bodies)
        judge_all(server.endpoint(), tmp_path)
    assert len(server.bodies) == asked  # what was paid for was kept


def test_abilities_are_probed_with_the_parameters_that_are_used():
    refused = {"max_tokens": "Use 'max_completion_tokens' instead.", "temperature": "Unsupported."}

    def on_body(body):
        for name, words in refused.items():
            if name in body:
                message = f"Unsupported parameter: '{name}'. {words}"
                return 400, {"error": {"message": message, "param": name}}
        return 200, with_letters()

    with FaultyServer(on_body=on_body) as server, pytest.warns(UserWarning):
        assert abilities(server.endpoint())["logprobs"] is True


@pytest.mark.parametrize(
    "words",
    [
        "Could not finish the message because max_tokens or model output limit was reached.",
        "Invalid 'max_tokens': integer below minimum value. Expected a value >= 16, but got 1.",
    ],
)
def test_a_model_that_thinks_is_probed_with_more_room(words):
    def on_body(body):
        if body["max_tokens"] < (16 if "16" in words else 50):
            return 400, {"error": {"message": words}}
        return 200, with_letters()

    with FaultyServer(on_body=on_body) as server, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = abilities(server.endpoint())
    assert found["chat"] and found["logprobs"]


def test_one_candidate_without_a_token_loses_no_other():
    found = [{"token": None, "logprob": -1.0}, {"token": "B", "logprob": float("nan")},
             {"token": "A", "logprob": -0.1}]  # fmt: skip
    reply = letters_reply({"content": [{"token": "A", "top_logprobs": found}]})
    assert first_token(ChatCompletion.construct(**reply)) == {"A": pytest.approx(0.905, abs=0.001)}


def test_a_key_that_may_not_chat_is_no_missing_ability():
    error = {"error": {"message": "project lacks access to model"}}
    closed = FaultyServer(on_body=lambda body: (403, error))
    with closed as server, pytest.raises(EndpointError, match="lacks access"):
        abilities(server.endpoint())


@pytest.mark.parametrize(
    "content",
    [
        [{"type": "thinking", "thinking": [{"type": "text", "text": "B?"}]},
         {"type": "text", "text": "A"}],
        [{"type": "output_text", "text": "A"}],
        "<think>B is fine</think>A",
        {"type": "text", "text": "A"},
        {"parts": [{"text": "B?", "thought": True}, {"text": "A"}]},
        [{"type": "text", "content": "A"}],
        [{"type": None, "text": "A"}],
    ],
)  # fmt: skip
def test_content_in_parts_is_read_and_kept(content, tmp_path):
    reply = list_reply(1)
    reply["choices"][0] |= {"message": {"content": content}, "finish_reason": "stop"}
    with FaultyServer(on_body=lambda body: (200, reply)) as server:
        (answer,) = ask(server.endpoint(), bodies(1), tmp_path / "c.jsonl")
    assert answer["text"].endswith("A") and answer["finish"] == "stop"


@pytest.mark.parametrize(
    "choice",
    [{"message": "A"}, {"delta": {"content": "A"}}, {"message": {"text": "A"}}, {"content": "A"}],
)
def test_a_text_in_an_odd_place_is_read(choice, tmp_path):
    reply = {**list_reply(1), "choices": [{"index": 0, "finish_reason": "stop", **choice}]}
    with FaultyServer(on_body=lambda body: (200, reply)) as server:
        (answer,) = ask(server.endpoint(), bodies(1), tmp_path / "c.jsonl")
    assert (answer["text"], answer["finish"]) == ("A", "stop")


@pytest.mark.parametrize("message", [{"content": {"answer": "A"}}, {"content": "", "odd": "A"}])
def test_what_cannot_be_read_is_on_disk_all_the_same(message, tmp_path):
    reply = list_reply(1)
    reply["choices"][0]["message"] = message
    with FaultyServer(on_body=lambda body: (200, reply)) as server:
        (answer,) = ask(server.endpoint(), bodies(1), tmp_path / "c.jsonl")
    assert answer["text"] == "" and "'A'" in answer["raw"]


SENT = {"messages": [], "max_tokens": 10_000, "temperature": 1.5, "seed": 1, "top_p": 0.9,
        "logprobs": True, "top_logprobs": 20, "logit_bias": {}, "stop": ["x"]}  # fmt: skip
LEARNT = [
    ("Value error: max_tokens 10000 out of range (0, 8192]", {"max_tokens": 8192}),
    ("max_tokens=10000 is not allowed, allowed: 1..8192", {"max_tokens": 8192}),
    ("Only up to 8_192 completion tokens can be requested", {"max_tokens": 8192}),
    ("max_tokens参数必须小于等于8192", {"max_tokens": 8192}),
    ("max_tokens 는 8192 이하여야 합니다", {"max_tokens": 8192}),
    ("The model's output limit is 8192 tokens but 10000 were requested", {"max_tokens": 8192}),
    ("max_tokens (10000) plus prompt tokens (30) exceeds context length 8192", {}),
    ("Argument not supported on this model: maxTokens", {"max_tokens": "max_completion_tokens"}),
    ("temperature should be in (0.0, 1.0]", {"temperature": 1.0}),
    ("invalid temperature, must be (0,1)", {"temperature": 0.99}),
    ("temperature 取值范围 (0, 1]", {"temperature": 1.0}),
    ("We don't accept temperature with this model", {"temperature": None}),
    ("Argument not supported on this model: logitBias", {"logit_bias": None}),
    ("seed not supported", {"seed": None}),
    ("Invalid request: seed, stop are unknown", {"seed": None, "stop": None}),
    ("only top_logprobs=1 is supported", {"top_logprobs": 1}),
    ("ensure this value is less than or equal to 5: topLogprobs", {"top_logprobs": 5}),
    ("Please stop sending a seed of doubt", {}),
]


@pytest.mark.parametrize(("said", "changes"), LEARNT)
@pytest.mark.filterwarnings("ignore:.*refuses a parameter")
def test_what_a_refusal_teaches(said, changes):
    endpoint = Endpoint("https://example.org/v1", "m")
    assert learn_from_refusal(said, set(), SENT, endpoint) is bool(changes)
    assert endpoint.refused == changes
