"""Where an address leads is decided by its host; a password in it is shown nowhere."""

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

from helpers.teacher.addresses import is_loopback, is_open_to_readers, is_openai, split_password
from helpers.teacher.cached_calls import ask_all
from helpers.teacher.endpoint import Endpoint, EndpointError, teacher_endpoint


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000/v1", "http://localhost/v1", "http://[::1]:1/v1",
            "http://127.9.9.9/v1", "http://LOCALHOST./v1"],
)  # fmt: skip
def test_this_machine_is_known(url):
    assert is_loopback(url) and not is_open_to_readers(url)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1.evil.org/v1", "http://example.org/127.0.0.1", "http://10.0.0.7:8000",
            "http://localhost.evil.org", "http://127.0.0.1@evil.org/v1", "http://0.0.0.0/v1"],
)  # fmt: skip
def test_what_only_looks_like_this_machine_is_elsewhere(url):
    assert not is_loopback(url) and is_open_to_readers(url)


def test_openai_is_a_host_and_not_a_piece_of_text():
    assert is_openai("https://api.openai.com/v1") and is_openai("https://API.OpenAI.com:443/v1/")
    for other in ("https://gate.org/api.openai.com/v1", "https://api.openai.com.gate.org/v1",
                  "http://api.openai.com/v1", "https://api.openai.com@gate.org/v1",
                  "https://gate.org/?to=https://api.openai.com"):  # fmt: skip
        assert not is_openai(other)


def test_a_password_is_taken_out_of_an_address():
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
    """A server that notes what reaches it, and refuses with what it was sent: ``(port, notes)``."""
    notes = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            notes.append(self.headers["Authorization"])
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
        yield server.server_port, notes
        server.shutdown()


def test_a_password_is_sent_and_shown_nowhere(listener, tmp_path):
    port, notes = listener
    place = Endpoint(f"http://me:secret-word@127.0.0.1:{port}/v1", "m", _key="sk-classroom-key")
    body, said = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 4}, []
    with pytest.raises(EndpointError, match="refuses the key: who is Basic …") as failed:
        asyncio.run(ask_all(place, [body], tmp_path / "calls.jsonl", say=said.append))
    header = "Basic " + base64.b64encode(b"me:secret-word").decode()
    assert notes == [header]
    shown = f"{place!r} {place} {failed.value} {said}"
    assert "secret-word" not in shown and header not in shown


def test_a_key_on_an_open_road_is_warned_of(monkeypatch):
    with pytest.warns(UserWarning, match=r"http://gate.org/v1 is not encrypted"):
        Endpoint("http://gate.org/v1", "m")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for fine in ("https://gate.org/v1", "http://127.0.0.1:1/v1"):
            Endpoint(fine, "m")
        monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:1/v1")
        teacher_endpoint("a-model-at-home")


def test_what_stays_on_this_machine_goes_through_no_proxy(endpoint, listener, monkeypatch):
    """Every variable that names a proxy leads to one that notes what reaches it."""
    port, notes = listener
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert endpoint.client().models.list().data

    async def names():
        async with endpoint.async_client() as client:
            return [model.id async for model in client.models.list()]

    assert asyncio.run(names())
    assert Endpoint.local(parallel=1, context=64).model  # its own first question as well
    assert notes == []


def test_a_key_of_one_place_does_not_go_to_another_and_is_not_copied_out():
    place = Endpoint("https://me:secret-word@gate.org/v1", "m", _key="sk-classroom-key")
    same, other = (
        dataclasses.replace(place, base_url=f"https://{host}/v1", model="n")
        for host in ("gate.org", "evil.org")
    )
    assert same.key() == "sk-classroom-key" and same.secrets() == place.secrets()
    assert other._key is None and other._basic is None
    assert dataclasses.replace(place, price_in=1.0).key() == place.key()
    shown = f"{dataclasses.asdict(place)} {vars(place)} {copy.deepcopy(vars(place))}"
    assert "secret-word" not in shown and "sk-classroom" not in shown
    assert base64.b64encode(b"me:secret-word").decode() not in shown
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(place)
