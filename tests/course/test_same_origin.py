"""The demo refuses other pages, other hosts, files, and browsers that ask too often."""

import re
import socket
import threading

import gradio
import httpx
import pytest
from demo_page import request_from

from helpers.course.demo.handlers import OpenPage, on_report
from helpers.course.demo.page import build_page
from helpers.course.demo.same_origin import AT_ONCE, LONGEST, VISITORS, SameOriginOnly
from helpers.course.demo.server import serve
from helpers.io import read_jsonl
from helpers.release.guard import Guard, Ruling


@pytest.fixture(scope="module")
def port():
    """The port of the demo, with a model that is never asked."""
    guard = Guard("no guard", lambda text: Ruling(False, 0.0, "no guard"))
    page = build_page({"before training": None}, guard, "reports.jsonl")
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
        {"Origin": "https://127.0.0.1:PORT"},
        {"Origin": "http://evil.org@127.0.0.1:PORT"},
    ],
)
def test_other_hosts_and_other_pages_get_nothing(port, headers):
    headers = {name: value.replace("PORT", str(port)) for name, value in headers.items()}
    with httpx.Client(trust_env=False, base_url=f"http://127.0.0.1:{port}") as client:
        for path in ("/", "/config", "/gradio_api/queue/data?session_hash=x"):
            answer = client.get(path, headers=headers)
            assert answer.status_code == 403 and "detail" in answer.json()
        assert client.post("/gradio_api/queue/join", headers=headers, json={}).status_code == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_frame_or_a_picture_of_another_site_gets_nothing_and_a_link_may_open_the_page(port, site):
    headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate"}
    with httpx.Client(trust_env=False, base_url=f"http://127.0.0.1:{port}") as client:
        assert client.get("/config", headers=headers).status_code == 403
        page = client.get("/", headers=headers)
    assert page.status_code == 200 and page.headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=https://evil.org/x.png", "/gradio_api/file=/etc/hostname", "/file=x",
        "/gradio_api/proxy=https://evil.org/", "/gradio_api/call/answer", "/gradio_api/api/answer",
        "/gradio_api/run/answer", "/gradio_api/component_server", "/gradio_api/stream/a/b/c",
        "/gradio_api/deep_link", "/gradio_api/process_recording", "/gradio_api/info", "/docs",
        "/gradio_api/dev/reload", "/monitoring", "/gradio_api/vibe-editor/", "/openapi.json",
        "/gradio_api/queue/../file=x", "/assets/../gradio_api/file=x", "/gradio_api//call/answer",
    ],
)  # fmt: skip
def test_what_the_page_does_not_need_is_closed(port, path):
    """For example, Gradio would fetch a file of another site and serve it as the demo's own."""
    with httpx.Client(trust_env=False, base_url=f"http://127.0.0.1:{port}") as client:
        for method in ("GET", "POST"):
            assert client.request(method, path).status_code == 403


def test_headers_of_a_proxy_are_ignored(port):
    with httpx.Client(trust_env=False, base_url=f"http://127.0.0.1:{port}") as client:
        answer = client.get("/config", headers={"X-Forwarded-Host": "evil.org"})
    assert answer.status_code == 200 and "evil.org" not in answer.text


def test_files_are_refused(port):
    for path in ("/gradio_api/upload", "/upload", "/gradio_api/upload?upload_id=1"):
        assert post(port, path, files={"files": b"x"}).status_code == 403
    assert post(port, "/gradio_api/run/predict", files={"files": b"x"}).status_code == 403
    mixed_case = {"content": b"x", "headers": {"Content-Type": "MultiPart/form-data; boundary=x"}}
    assert post(port, "/gradio_api/run/predict", **mixed_case).status_code == 403


def test_long_messages_and_those_of_unknown_length_are_refused(port):
    assert post(port, "/gradio_api/queue/join", content=b"x" * (LONGEST + 1)).status_code == 413
    chunks = (b"x" * 1000 for _ in range(10))  # sent without a length
    assert post(port, "/gradio_api/queue/join", content=chunks).status_code == 411
    assert post(port, "/gradio_api/queue/join", content=b"[" * 10_000).status_code == 400


def test_one_browser_cannot_fill_the_queue(port):
    """A third question of one browser is refused, also from another of its pages."""
    base = f"http://127.0.0.1:{port}"
    with httpx.Client(trust_env=False, base_url=base) as mine:
        config = mine.get("/config").json()
        ask = {"data": ["Hi", [], 0.8, 16, False], "session_hash": "a"}
        ask["fn_index"] = next(d["id"] for d in config["dependencies"] if d["queue"] is not False)

        def join(client, session):
            question = {**ask, "session_hash": session}
            return client.post("/gradio_api/queue/join", json=question).status_code

        assert join(mine, "a") == 403  # no page was opened
        mine.get("/")
        statuses = [join(mine, session) for session in ("a", "b", "c", "a", "d")]
    assert statuses == [200] * AT_ONCE + [429] * (5 - AT_ONCE)
    with httpx.Client(trust_env=False, base_url=base) as other:
        other.get("/")
        assert join(other, "e") == 200
        other.cookies.set("alpaca_visitor", "made-up")
        assert join(other, "f") == 403


def test_the_oldest_of_too_many_browsers_are_forgotten():
    middleware = SameOriginOnly(None, lambda session: 0)
    for _ in range(VISITORS + 50):
        middleware._new_visitor()
    assert len(middleware.visitors) == VISITORS


def test_a_report_that_could_not_be_kept_can_be_sent_again(tmp_path, monkeypatch):
    kept = tmp_path / "reports.jsonl"
    pages = {"mine": OpenPage(exchange={"message": "Hi", "answers": {"before": "a"}})}
    report = on_report(kept, pages)
    with monkeypatch.context() as patch:
        full = OSError(28, "No space left on device")
        patch.setattr(
            "helpers.course.demo.handlers.append_jsonl", lambda *_: (_ for _ in ()).throw(full)
        )
        with pytest.raises(gradio.Error, match=r"could not be kept \(No space left"):
            report("Wrong.", request_from("mine"))
    clicks = [
        threading.Thread(target=report, args=("Wrong.", request_from("mine"))) for _ in range(2)
    ]
    monkeypatch.setattr(threading, "excepthook", lambda _: None)  # the second has nothing to report
    for click in clicks:
        click.start()
    for click in clicks:
        click.join()
    assert [row["message"] for row in read_jsonl(kept)] == ["Hi"]


def test_the_demo_listens_on_this_machine_only(port):
    addresses = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None)}
    for address in addresses - {"127.0.0.1", "::1"}:
        with pytest.raises(OSError), socket.socket() as probe:
            probe.settimeout(2)
            probe.connect((address, port))
