"""The demo's door: other pages, other hosts, files and crowds stay out."""

import asyncio
import json
import re
import socket
import threading

import httpx
import pytest
from test_demo import STAND_IN, Refusal, page_of

from helpers.demo import _reporter, build, serve
from helpers.io import read_jsonl
from helpers.release.own_page import AT_ONCE, LONGEST, OwnPageOnly


@pytest.fixture(scope="module")
def port():
    """The demo's page, with speakers that are never asked."""
    guard = lambda text: None  # noqa: E731
    guard.by = "nobody"
    page = build({"before training": None}, guard, "reports.jsonl")
    _, address, _ = serve(page, prevent_thread_lock=True)
    yield int(re.search(r":(\d+)", address)[1])
    page.close()


def post(port, path, **how):
    with httpx.Client(trust_env=False, base_url=f"http://127.0.0.1:{port}") as client:
        return client.post(path, **how)


def test_its_own_page_is_served(port):
    for host in ("127.0.0.1", "localhost"):
        with httpx.Client(trust_env=False) as client:
            page = client.get(f"http://{host}:{port}/", headers={"Origin": f"http://{host}:{port}"})
        assert page.status_code == 200 and "Alpaca Classroom" in page.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.org"},
        {"Host": "evil.org:PORT"},
        {"Host": "127.0.0.1.evil.org:PORT"},
        {"Host": "127.0.0.1:1"},
        {"Origin": "https://evil.org"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://localhost.evil.org:PORT"},
        {"Origin": "https://127.0.0.1@evil.org:PORT"},
    ],
)
def test_other_hosts_and_other_pages_get_nothing(port, headers):
    headers = {name: value.replace("PORT", str(port)) for name, value in headers.items()}
    with httpx.Client(trust_env=False, base_url=f"http://127.0.0.1:{port}") as client:
        for path in ("/", "/config", "/gradio_api/queue/data?session_hash=x"):
            answer = client.get(path, headers=headers)
            assert answer.status_code == 403 and "detail" in answer.json()
        assert client.post("/gradio_api/queue/join", headers=headers, json={}).status_code == 403


def test_no_file_is_taken(port):
    for path in ("/gradio_api/upload", "/upload", "/gradio_api/upload?upload_id=1"):
        assert post(port, path, files={"files": b"x"}).status_code == 403
    assert post(port, "/gradio_api/run/predict", files={"files": b"x"}).status_code == 403


def test_a_message_has_a_length_and_it_is_small(port):
    assert post(port, "/gradio_api/queue/join", content=b"x" * (LONGEST + 1)).status_code == 413
    chunks = (b"x" * 1000 for _ in range(10))  # of no length that is said
    assert post(port, "/gradio_api/queue/join", content=chunks).status_code == 411
    assert post(port, "/gradio_api/queue/join", content=b"[" * 10_000).status_code == 400


def test_one_page_cannot_fill_the_queue():
    """With the application behind it as a stand-in; how many wait is gradio's own count."""
    passed, counts = [], {"me": AT_ONCE, "other": 0}

    async def app(scope, receive, send):
        passed.append(json.loads((await receive())["body"])["session_hash"])

    async def join(session):
        sent, body = [], json.dumps({"session_hash": session}).encode()
        headers = [(b"host", b"127.0.0.1:7860"), (b"content-length", str(len(body)).encode())]
        scope = {"type": "http", "method": "POST", "path": "/gradio_api/queue/join",
                 "headers": headers, "server": ("127.0.0.1", 7860)}  # fmt: skip
        halves = [{"type": "http.request", "body": body[:5], "more_body": True},
                  {"type": "http.request", "body": body[5:], "more_body": False}]  # fmt: skip

        async def receive():
            return halves.pop(0)

        async def send(message):
            sent.append(message)

        await OwnPageOnly(app, counts.get)(scope, receive, send)
        return sent[0]["status"] if sent else None

    assert asyncio.run(join("me")) == 429 and asyncio.run(join("other")) is None
    assert passed == ["other"]


def test_gradio_counts_what_a_page_waits_for(port):
    """The count of the test above is the real one: a third question of one page is refused."""
    ask = {"data": ["Hi", [], 0.8, 16, False], "fn_index": 1, "session_hash": "crowd"}
    with httpx.Client(trust_env=False, base_url=f"http://127.0.0.1:{port}") as client:
        config = client.get("/config").json()
        ask["fn_index"] = next(d["id"] for d in config["dependencies"] if d["queue"] is not False)
        told = [client.post("/gradio_api/queue/join", json=ask).status_code for _ in range(5)]
        ask["session_hash"] = "another"
        assert client.post("/gradio_api/queue/join", json=ask).status_code == 200
    assert told == [200] * AT_ONCE + [429] * (5 - AT_ONCE)


def test_a_report_that_could_not_be_kept_can_be_sent_again(tmp_path, monkeypatch):
    kept = tmp_path / "reports.jsonl"
    pages = {"mine": {"said": {"message": "Hi", "answers": {"before": "a"}}}}
    report = _reporter(STAND_IN, kept, pages)
    with monkeypatch.context() as patch:
        full = OSError(28, "No space left on device")
        patch.setattr("helpers.demo.append_jsonl", lambda *_: (_ for _ in ()).throw(full))
        with pytest.raises(Refusal, match=r"could not be kept \(No space left"):
            report("Wrong.", page_of("mine"))
    presses = [threading.Thread(target=report, args=("Wrong.", page_of("mine"))) for _ in range(2)]
    monkeypatch.setattr(threading, "excepthook", lambda _: None)  # the second has nothing to report
    for press in presses:
        press.start()
    for press in presses:
        press.join()
    assert [row["message"] for row in read_jsonl(kept)] == ["Hi"]


def test_it_listens_on_this_machine_alone(port):
    addresses = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None)}
    for address in addresses - {"127.0.0.1", "::1"}:
        with pytest.raises(OSError), socket.socket() as probe:
            probe.settimeout(2)
            probe.connect((address, port))
