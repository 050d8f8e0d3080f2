"""An address is judged by its host; a password in it is sent but never shown."""

import asyncio
import base64
import copy
import dataclasses
import http.server
import json
import pickle
import threading
import warnings

import pytest

from helpers.teacher.addresses import is_loopback, is_openai, is_unencrypted, split_password
from helpers.teacher.cached_calls import ask_all
from helpers.teacher.endpoint import Endpoint, EndpointError, teacher_endpoint


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000/v1", "http://localhost/v1", "http://[::1]:1/v1",
            "http://127.9.9.9/v1", "http://LOCALHOST./v1"],
)  # fmt: skip
def test_addresses_of_this_machine_are_recognised(url):
    assert is_loopback(url) and not is_unencrypted(url)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1.evil.org/v1", "http://example.org/127.0.0.1", "http://10.0.0.7:8000",
            "http://localhost.evil.org", "http://127.0.0.1@evil.org/v1", "http://0.0.0.0/v1"],
)  # fmt: skip
def test_addresses_that_only_resemble_this_machine_are_not_loopback(url):
    assert not is_loopback(url) and is_unencrypted(url)


def test_openai_is_recognised_by_its_host_alone():
    assert is_openai("https://api.openai.com/v1") and is_openai("https://API.OpenAI.com:443/v1/")
    for other in ("https://gate.org/api.openai.com/v1", "https://api.openai.com.gate.org/v1",
                  "http://api.openai.com/v1", "https://api.openai.com@gate.org/v1",
                  "https://gate.org/?to=https://api.openai.com"):  # fmt: skip
        assert not is_openai(other)


def test_a_password_is_taken_out_of_an_address_and_out_of_errors():
    header = "Basic " + base64.b64encode(b"me:p@ss/word").decode()
    found = split_password("https://me:p%40ss%2Fword@gate.org:8443/v1")
    assert found == ("https://gate.org:8443/v1", header)
    assert split_password("http://me:x@[::1]:8000/v1")[0] == "http://[::1]:8000/v1"
    assert split_password("https://gate.org/v1") == ("https://gate.org/v1", None)
    for wrong in ("gate.org/v1", "ftp://me:secret@gate.org", "https://me:secret@gate.org:99999/v1",
                  "https://me:12/secret@gate.org/v1", "https://gate.org/v1?api-key=secret",
                  "https://gate.org/v1#secret"):  # fmt: skip
        with pytest.raises(EndpointError) as said:
            Endpoint(wrong, "m")
        assert "secret" not in str(said.value) and said.value.__cause__ is None


@pytest.fixture
def listener():
    """A server that refuses every request and quotes its credentials: ``(port, headers)``.

    ``headers`` collects the Authorization header of each request.
    """
    headers = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            headers.append(self.headers["Authorization"])
            said = f"who is {self.headers['Authorization']}, with secret-word?"
            body = json.dumps({"error": {"message": said}})
            self.send_response(401)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        do_GET = do_CONNECT = do_POST

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port, headers
        server.shutdown()


def test_a_password_is_sent_but_never_shown(listener, tmp_path):
    port, headers = listener
    endpoint = Endpoint(f"http://me:secret-word@127.0.0.1:{port}/v1", "m", _key="sk-classroom-key")
    body, said = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 4}, []
    with pytest.raises(EndpointError, match="refuses the key: who is Basic …") as failed:
        asyncio.run(ask_all(endpoint, [body], tmp_path / "calls.jsonl", say=said.append))
    header = "Basic " + base64.b64encode(b"me:secret-word").decode()
    assert headers == [header]
    shown = f"{endpoint!r} {endpoint} {failed.value} {said}"
    assert "secret-word" not in shown and header not in shown


def test_an_unencrypted_address_causes_a_warning(monkeypatch):
    with pytest.warns(UserWarning, match=r"http://gate.org/v1 is not encrypted"):
        Endpoint("http://gate.org/v1", "m")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for fine in ("https://gate.org/v1", "http://127.0.0.1:1/v1"):
            Endpoint(fine, "m")
        monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:1/v1")
        teacher_endpoint("a-local-model")


def test_a_request_to_this_machine_goes_through_no_proxy(endpoint, listener, monkeypatch):
    """Every variable that can name a proxy names a server that records what reaches it."""
    port, headers = listener
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert endpoint.client().models.list().data

    async def names():
        async with endpoint.async_client() as client:
            return [model.id async for model in client.models.list()]

    assert asyncio.run(names())
    assert Endpoint.local(parallel=1, context=64).model  # its first request as well
    assert headers == []


def test_a_key_does_not_go_to_another_host_and_is_not_copied():
    endpoint = Endpoint("https://me:secret-word@gate.org/v1", "m", _key="sk-classroom-key")
    same, other = (
        dataclasses.replace(endpoint, base_url=f"https://{host}/v1", model="n")
        for host in ("gate.org", "evil.org")
    )
    assert same.key() == "sk-classroom-key" and same.secrets() == endpoint.secrets()
    assert other._key is None and other._basic is None
    assert dataclasses.replace(endpoint, price_in=1.0).key() == endpoint.key()
    shown = f"{dataclasses.asdict(endpoint)} {vars(endpoint)} {copy.deepcopy(vars(endpoint))}"
    assert "secret-word" not in shown and "sk-classroom" not in shown
    assert base64.b64encode(b"me:secret-word").decode() not in shown
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(endpoint)
