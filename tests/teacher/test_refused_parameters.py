"""A refused parameter is adapted after one refusal, with a warning, and never sent again."""

import warnings

import pytest
from faulty_server import FaultyServer, list_reply
from teacher_runs import ask, bodies, write_lists

from helpers.teacher import retries
from helpers.teacher.budget import CapReached
from helpers.teacher.endpoint import Endpoint, EndpointError
from helpers.teacher.refused_parameters import learn_from_message


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    monkeypatch.setattr(retries, "FIRST_WAIT", 0.01)


def refuse(name, words, *, status=400, limit=None, param=None, shape=None):
    """A function for FaultyServer that refuses a body with ``name``, or with it above ``limit``."""

    def on_body(body):
        if name in body and (limit is None or body[name] > limit):
            error = {"message": words, "type": "invalid_request_error", "param": param}
            return status, shape if shape is not None else {"error": error}
        return None

    return on_body


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
def test_a_refused_parameter_is_adapted_after_one_refusal_and_a_warning(name, words, how, tmp_path):
    with FaultyServer(on_body=refuse(name, words, **how)) as server:
        endpoint = server.endpoint()
        with pytest.warns(UserWarning, match=f"refuses a parameter.*{name}") as warned:
            bill = write_lists(endpoint, tmp_path, request_limit=6)
        limit = how.get("limit", 0)
        refused = [b for b in server.bodies if b.get(name, 0) > limit or (limit == 0 and name in b)]
        assert len(refused) == 1 and len(warned) == 1
        # Another run with the same endpoint does not send the parameter again.
        asked = len(server.bodies)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            write_lists(endpoint, tmp_path / "other", target=3)
        assert not [b for b in server.bodies[asked:] if b.get(name, 0) > limit]
    assert bill["accepted"] > 0 and bill["lost_tries"] == 0
    assert all(b.get("max_tokens") or b.get("max_completion_tokens") for b in server.bodies)


# A limit on the reply, as different servers word it; the body asks for 10,000.
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
def test_a_limit_on_the_reply_is_lowered_and_never_renamed(limit, words, tmp_path):
    def on_body(body):  # this server ignores unknown parameters
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
def test_a_limit_without_a_number_or_for_one_prompt_only_is_final(words, tmp_path):
    broken = FaultyServer(on_body=lambda body: (400, {"error": {"message": words}}))
    with broken as server, pytest.raises(EndpointError, match=r"max_tokens"):
        ask(server.endpoint(), bodies(2, max_tokens=100), tmp_path / "c.jsonl")
    assert len(server.bodies) == 1


def test_a_limit_that_is_too_small_is_raised_and_counted_by_the_cap(tmp_path):
    words = "Invalid 'max_tokens': integer below minimum value. Expected a value >= 16, but got 1."
    reply = {**list_reply(1), "usage": {"prompt_tokens": 20, "completion_tokens": 16}}

    def on_body(body):
        return (400, {"error": {"message": words}}) if body["max_tokens"] < 16 else (200, reply)

    with FaultyServer(on_body=on_body) as server, pytest.warns(UserWarning, match="at least 16"):
        endpoint = server.endpoint(price_out=1e5)  # 0.1 dollars per token
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
def test_of_two_limits_the_older_is_left_out(words, tmp_path):
    def on_body(body):
        both = "max_tokens" in body and "max_completion_tokens" in body
        return (400, {"error": {"message": words}}) if both else (200, list_reply(1))

    with FaultyServer(on_body=on_body) as server, pytest.warns(UserWarning, match="left out"):
        endpoint = server.endpoint(parameters={"max_completion_tokens": 2000})
        ask(endpoint, bodies(2), tmp_path / "c.jsonl")
    assert [body["max_completion_tokens"] for body in server.bodies] == 3 * [2000]
    assert ["max_tokens" in body for body in server.bodies] == [True, False, False]


def test_several_parameters_are_refused_one_after_another(tmp_path):
    refused = ["max_tokens", "temperature", "seed"]

    def on_body(body):
        for name in refused:
            if name in body:
                return 400, {
                    "error": {"message": f"Unsupported parameter: '{name}'", "param": name}
                }
        return 200, list_reply(len(server.bodies))

    with FaultyServer(on_body=on_body) as server, pytest.warns(UserWarning):
        assert write_lists(server.endpoint(), tmp_path)["stopped"] == "target reached"
    assert sum(any(name in body for name in refused) for body in server.bodies) == 3


@pytest.mark.parametrize(
    "words",
    [
        "This model's maximum context length is 4096 tokens, however you requested 9000.",
        "Please stop sending requests with a bad seed of doubt.",
        "Invalid value for 'messages': expected a list.",
        "We could not parse the JSON body of your request.",
    ],
)
def test_a_refusal_of_no_parameter_ends_the_run_with_the_servers_message(words, tmp_path):
    error = {"error": {"message": words, "type": "invalid_request_error"}}
    with FaultyServer(on_body=lambda body: (400, error)) as server, warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(EndpointError) as caught:
            write_lists(server.endpoint(), tmp_path)
    assert words in str(caught.value) and len(server.bodies) == 1


def test_a_server_that_accepts_no_limit_at_all_is_refused(tmp_path):
    def on_body(body):
        name = next(n for n in ("max_tokens", "max_completion_tokens") if n in body)
        return 400, {"error": {"message": f"Unknown parameter: '{name}'", "param": name}}

    stopped = pytest.raises(EndpointError, match="max_completion_tokens")
    with FaultyServer(on_body=on_body) as server, pytest.warns(UserWarning), stopped:
        write_lists(server.endpoint(), tmp_path)
    assert len(server.bodies) == 2


SENT = {"messages": [], "max_tokens": 10_000, "temperature": 1.5, "seed": 1, "top_p": 0.9,
        "logprobs": True, "top_logprobs": 20, "logit_bias": {}, "stop": ["x"]}  # fmt: skip


# What a message says, and the changes to be learnt from it.
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


@pytest.mark.parametrize(("message", "changes"), LEARNT)
@pytest.mark.filterwarnings("ignore:.*refuses a parameter")
def test_the_right_change_is_learnt_from_a_message(message, changes):
    endpoint = Endpoint("https://example.org/v1", "m")
    assert learn_from_message(message, set(), SENT, endpoint) is bool(changes)
    assert endpoint.refused == changes
