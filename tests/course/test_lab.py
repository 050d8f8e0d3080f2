"""``make lab`` sends no requests: no news, no check for new versions, no list of extensions."""

import re
import socket
import subprocess
import sys
import threading
import time

import httpx
import pytest
from conftest import ROOT


def options():
    """The options that the Makefile gives JupyterLab."""
    text = (ROOT / "Makefile").read_text().replace("\\\n", " ")
    return re.search(r"^QUIET := (.*)", text, re.M)[1].split()


@pytest.fixture
def proxy():
    """A proxy that lets nothing through and records requests: ``(port, requests)``."""
    requests, server = [], socket.create_server(("127.0.0.1", 0))

    def listen():
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            requests.append(connection.recv(200))
            connection.close()

    threading.Thread(target=listen, daemon=True).start()
    yield server.getsockname()[1], requests
    server.close()


@pytest.mark.parametrize("quiet", [True, False])
def test_jupyterlab_sends_requests_only_without_the_options(proxy, tmp_path, quiet, monkeypatch):
    port, requests = proxy
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    command = [sys.executable, "-m", "jupyter", "lab", *(options() if quiet else [])]
    command += ["--no-browser", "--allow-root", "--IdentityProvider.token=t", "--port=0"]
    lab = subprocess.Popen(
        [*command, f"--ServerApp.root_dir={tmp_path}"], stderr=subprocess.PIPE, text=True
    )
    try:
        lines = iter(lab.stderr.readline, "")
        address = next(re.findall(r"http://127\.0\.0\.1:\d+", line)[0] for line in lines
                       if "http://127.0.0.1:" in line)  # fmt: skip
        with httpx.Client(trust_env=False, params={"token": "t"}, timeout=30) as client:
            for page in ("/lab", "/lab/api/update", "/lab/api/extensions"):
                client.get(address + page)
        time.sleep(0.2)
    finally:
        lab.terminate()
        lab.wait(timeout=30)
    assert bool(requests) is not quiet


def test_the_news_feed_is_off():
    assert "--LabApp.news_url=None" in options()
