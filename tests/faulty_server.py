"""A server that speaks OpenAI's protocol and fails on demand.

The reply to a request depends only on its ``seed``. Whether the server fails is decided by a
function of the seed and of how often that seed was sent. The server records all requests.
"""

import json
import random
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from helpers.teacher.endpoint import Endpoint

STATUS = {"429": 429, "429 soon": 429, "429 hours": 429, "500": 500, "503": 503, "529": 529,
          "400": 400, "400 filter": 400, "401": 401, "403": 403, "404": 404,
          "quota": 429}  # fmt: skip
TEMPORARY = ("429", "429 soon", "500", "503", "529", "reset", "half", "garbage", "torn", "slow")
FILTERED = ("no choices", "refusal", "filter", "400 filter")


class FaultyServer:
    """A context manager; ``fault(seed, attempt)`` names a fault or returns None.

    A fault may also be a pair of status and body, which is sent unchanged. ``on_body``, if given,
    is called with the request's body instead of ``fault``. The bodies are kept in ``bodies``.
    """

    def __init__(self, fault=lambda seed, attempt: None, wait=0.0, key="sk-secret-1234",
                 on_body=None):  # fmt: skip
        self.fault, self.wait, self.key, self.on_body = fault, wait, key, on_body
        self.asked, self.answered, self.files, self.batches, self.bodies = [], [], {}, [], []
        self.in_flight = self.most_in_flight = 0
        self.lock = threading.Lock()

    def __enter__(self):
        self.http = ThreadingHTTPServer(
            ("127.0.0.1", 0), type("Handler", (_Handler,), {"on": self})
        )
        self.http.daemon_threads = True
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.http.shutdown()
        self.http.server_close()

    def endpoint(self, **options):
        options = {"parallel": 4, "timeout": 5.0, "_key": self.key, **options}
        url = f"http://127.0.0.1:{self.http.server_port}/v1"
        return Endpoint(base_url=url, model="faulty", **options)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Authorization"] != f"Bearer {self.on.key}":
            return self._error("401")
        if self.path.endswith("/chat/completions"):
            return self._complete(json.loads(body))
        if self.path.endswith("/completions"):
            return self._error("404")
        if self.path.endswith("/files"):
            return self._upload(body)
        return self._make_batch(json.loads(body))

    def do_GET(self):
        if self.path.startswith("/v1/batches"):
            return self._send({"object": "list", "data": self.on.batches, "has_more": False})
        name = self.path.split("/")[-2]
        return self._raw(self.on.files[name])

    def _complete(self, body):
        server, seed = self.on, body.get("seed", 0)
        with server.lock:
            server.asked.append(seed)
            server.bodies.append(body)
            attempt = server.asked.count(seed)
            server.in_flight += 1
            server.most_in_flight = max(server.most_in_flight, server.in_flight)
        try:
            time.sleep(server.wait)
            fault = server.on_body(body) if server.on_body else server.fault(seed, attempt)
            if isinstance(fault, tuple):
                return self._send(fault[1], fault[0])
            if fault in STATUS:
                return self._error(fault)
            if fault in ("reset", "slow", "half", "garbage", "torn"):
                return self._break(fault, list_reply(seed))
            with server.lock:
                server.answered.append(seed)
            return self._send(list_reply(seed, fault))
        finally:
            with server.lock:
                server.in_flight -= 1

    def _error(self, fault):
        code = {
            "quota": "insufficient_quota",
            "404": "model_not_found",
            "400 filter": "content_filter",
        }.get(fault, fault)
        # OpenAI's message quotes a part of the key, too.
        message = f"something about the key {self.on.key}"
        headers = {"429 soon": {"Retry-After": "0.02"}, "429 hours": {"Retry-After": "7200"}}
        self._send({"error": {"message": message, "code": code, "type": code}},
                   STATUS[fault], headers.get(fault, {}))  # fmt: skip

    def _break(self, fault, reply):
        data = json.dumps(reply).encode()
        if fault == "slow":
            time.sleep(1.0)  # longer than the client waits in that test
            self.close_connection = True
        elif fault == "reset":
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
        elif fault == "half":
            self._head(200, len(data), "application/json")
            self.wfile.write(data[: len(data) // 2])
            self.close_connection = True
        elif fault == "torn":
            self._raw(data[: len(data) // 2], "application/json")
        else:
            self._raw(b"<html>Bad gateway, but politely</html>", "text/html")

    def _upload(self, body):
        name = f"file-{len(self.on.files)}"
        lines = [line for line in body.decode().splitlines() if line.startswith('{"custom_id"')]
        self.on.files[name] = "\n".join(lines).encode()
        self._send({"id": name, "object": "file", "bytes": 1, "created_at": 0,
                    "filename": "x.jsonl", "purpose": "batch"})  # fmt: skip

    def _make_batch(self, body):
        batch = {"id": f"batch_{len(self.on.batches)}", "object": "batch", "created_at": 0,
                 "completion_window": "24h", "endpoint": body["endpoint"], "status": "in_progress",
                 "input_file_id": body["input_file_id"], "metadata": body["metadata"]}  # fmt: skip
        self.on.batches.append(batch)
        self._send(batch)

    def _head(self, status, length, kind, headers=()):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length))
        for name, value in dict(headers).items():
            self.send_header(name, value)
        self.end_headers()

    def _raw(self, data, kind="text/plain"):
        self._head(200, len(data), kind)
        self.wfile.write(data)

    def _send(self, reply, status=200, headers=()):
        data = json.dumps(reply).encode()
        self._head(status, len(data), "application/json", headers)
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def list_reply(seed, fault=None):
    """A chat completion with three tasks made of random words, the last of them cut off."""
    rng = random.Random(seed)
    words = lambda count: " ".join(f"word{n}" for n in rng.sample(range(900), count))  # noqa: E731
    tasks = "\n###\n".join(
        f"{number}. Instruction: {words(6)}\n{number}. Input:\n<noinput>\n"
        f"{number}. Output:\n{words(9)}"
        for number in (4, 5, 6)
    )
    message = {"role": "assistant", "content": tasks.removeprefix("4. Instruction:")}
    choice = {"index": 0, "message": message, "finish_reason": "length"}
    if fault == "refusal":
        choice = {**choice, "message": {**message, "content": None, "refusal": "I will not."}}
    if fault == "filter":
        message["content"], choice["finish_reason"] = "", "content_filter"
    reply = {"id": "x", "object": "chat.completion", "created": 0, "model": "faulty",
             "choices": [] if fault == "no choices" else [choice]}  # fmt: skip
    if fault != "no usage":
        reply["usage"] = {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150}
    return reply


LETTERS = [{"token": "A", "logprob": -0.1}, {"token": "B", "logprob": -2.5}]
WITH_LETTERS = {"content": [{"token": "A", "logprob": -0.1, "top_logprobs": LETTERS}]}


def letters_reply(logprobs=WITH_LETTERS):
    """A chat completion of one letter, with log-probabilities."""
    choice = {"index": 0, "message": {"content": "A"}, "finish_reason": "stop"}
    return {**list_reply(1), "choices": [{**choice, "logprobs": logprobs}]}
