"""What an endpoint can do is found out by asking, with parameters that it accepts."""

import warnings

import pytest
from faulty_server import FaultyServer, letters_reply

from helpers.teacher.endpoint import EndpointError
from helpers.teacher.endpoint_abilities import find_abilities


def test_the_embedded_endpoint_has_all_abilities(endpoint):
    assert find_abilities(endpoint) == dict.fromkeys(
        ("chat", "completions", "logprobs", "json_schema"), True
    )


def test_missing_abilities_are_found_and_a_refused_key_is_raised():
    # This server answers any chat request with a numbered list, gives no log-probabilities and
    # no JSON, and has nothing at /completions.
    with FaultyServer() as server:
        found = find_abilities(server.endpoint())
        assert found == {
            "chat": True,
            "completions": False,
            "logprobs": False,
            "json_schema": False,
        }
        with pytest.raises(EndpointError, match="refuses the key"):
            find_abilities(server.endpoint(_key="wrong"))


def test_a_wrong_key_refused_with_status_400_is_not_a_missing_ability():
    error = {"error": {"message": "API key not valid. Please pass a valid API key."}}
    broken = FaultyServer(on_body=lambda body: (400, error))
    with broken as server, pytest.raises(EndpointError, match="OPENAI_API_KEY"):
        find_abilities(server.endpoint())


def test_a_key_that_may_not_chat_is_not_a_missing_ability():
    error = {"error": {"message": "project lacks access to model"}}
    closed = FaultyServer(on_body=lambda body: (403, error))
    with closed as server, pytest.raises(EndpointError, match="lacks access"):
        find_abilities(server.endpoint())


def test_abilities_are_probed_with_adapted_parameters():
    refused = {"max_tokens": "Use 'max_completion_tokens' instead.", "temperature": "Unsupported."}

    def on_body(body):
        for name, words in refused.items():
            if name in body:
                message = f"Unsupported parameter: '{name}'. {words}"
                return 400, {"error": {"message": message, "param": name}}
        return 200, letters_reply()

    with FaultyServer(on_body=on_body) as server, pytest.warns(UserWarning):
        assert find_abilities(server.endpoint())["logprobs"] is True


@pytest.mark.parametrize(
    "words",
    [
        "Could not finish the message because max_tokens or model output limit was reached.",
        "Invalid 'max_tokens': integer below minimum value. Expected a value >= 16, but got 1.",
    ],
)
def test_a_model_that_thinks_is_probed_with_more_tokens(words):
    def on_body(body):
        if body["max_tokens"] < (16 if "16" in words else 50):
            return 400, {"error": {"message": words}}
        return 200, letters_reply()

    with FaultyServer(on_body=on_body) as server, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = find_abilities(server.endpoint())
    assert found["chat"] and found["logprobs"]
