"""Accept requests only from the demo's own page, and only small ones.

A browser sends requests for every page that is open in it. So a page of somebody else can post to a
server on this machine. If its host name suddenly points to this machine (DNS rebinding), it can
even read the answers. Such requests differ in headers that a page cannot choose: ``Host``,
``Origin`` and ``Sec-Fetch-Site``.

:class:`SameOriginOnly` is ASGI middleware that checks every request first. It also closes the parts
of Gradio that the page does not need: files, a proxy for other addresses, and a second way to call
the model.
"""

import json
import re
import secrets
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LONGEST = 1 << 17  # bytes of a request; the text in it has at most a few thousand characters
AT_ONCE = 2  # answers that one browser may wait for
VISITORS = 1000  # browsers that are remembered; the oldest is forgotten first
HOSTS = ("127.0.0.1", "localhost", "[::1]")
COOKIE = "alpaca_visitor"
Headers = dict[str, list[str]]  # lower-case name: values
Refusal = tuple[int, str]  # HTTP status, and the reason in words
# The paths that the page asks for. All other paths of Gradio are closed.
_NEEDED = re.compile(
    r"/|/(?:config|theme\.css|favicon\.ico|manifest\.json)|/(?:assets|static|svelte)/[\w./@-]+"
    r"|/gradio_api/(?:startup-events|queue/join|queue/data|cancel|reset|run/predict"
    r"|heartbeat/[\w-]+)/?"
)
_PROTECTION = [  # headers of every answer
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"frame-ancestors 'none'; form-action 'self'; base-uri 'self'"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
]


class SameOriginOnly:
    """Pass on requests of the demo's own page to the paths that it needs; refuse all others.

    Other hosts, origins and sites, and other paths, get status 403. Requests of more than
    :data:`LONGEST` bytes get 413, and those of unknown length 411. A browser that waits for
    :data:`AT_ONCE` answers already gets 429. ``waiting(session)`` says how many answers an open
    page waits for.
    """

    def __init__(self, app: ASGIApp, waiting: Callable[[str], int]) -> None:
        self.app, self.waiting = app, waiting
        self.visitors: dict[str, set[str]] = {}  # cookie of a browser: sessions of its open pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = _headers(scope)
        scope["headers"] = [h for h in scope["headers"] if not h[0].lower().startswith(b"x-forw")]
        refused = _foreign(scope, headers) or _too_large(headers)
        visitor = self._visitor(headers)
        if not refused and scope["path"].rstrip("/").endswith("/queue/join"):
            body, receive = await _read_ahead(receive)
            refused = self._too_many(visitor, body)
        if refused:
            await _refuse(scope, receive, send, *refused)
            return
        added = list(_PROTECTION)
        if not visitor and scope["path"] == "/":
            added.append((b"set-cookie", self._new_visitor()))
        await self.app(scope, receive, _with_headers(send, added))

    def _visitor(self, headers: Headers) -> str | None:
        """The cookie of a browser that has opened the page before; else None."""
        try:
            found = SimpleCookie("; ".join(headers.get("cookie", []))).get(COOKIE)
        except CookieError:
            return None
        return found.value if found and found.value in self.visitors else None

    def _new_visitor(self) -> bytes:
        """A ``Set-Cookie`` header for a browser that opens the page for the first time."""
        name = secrets.token_urlsafe(16)
        self.visitors[name] = set()
        while len(self.visitors) > VISITORS:
            self.visitors.pop(next(iter(self.visitors)))
        return f"{COOKIE}={name}; HttpOnly; SameSite=Strict; Path=/".encode()

    def _too_many(self, visitor: str | None, body: bytes) -> Refusal | None:
        """Refuse a question of a browser that waits for too many answers; else remember its page.

        ``body`` is the request, which names the session of the page.
        """
        try:
            session = str(json.loads(body)["session_hash"])
        except (ValueError, KeyError, TypeError, RecursionError):
            return 400, "this is not a message of the demo's page."
        if visitor is None:
            return 403, "open the demo's page first, with cookies allowed, and ask from there."
        waiting = {open_page for open_page in self.visitors[visitor] if self.waiting(open_page)}
        self.visitors[visitor] = waiting
        if sum(map(self.waiting, {*waiting, session})) >= AT_ONCE:
            return 429, "your last question is not answered yet: wait for it, or stop it."
        waiting.add(session)
        return None


def _headers(scope: Scope) -> Headers:
    found: Headers = {}
    for name, value in scope["headers"]:
        found.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return found


def _foreign(scope: Scope, headers: Headers) -> Refusal | None:
    """Refuse a request from elsewhere, or for something that the page never asks for."""
    hosts, origins = headers.get("host", []), headers.get("origin", [])
    port = (scope.get("server") or ("", None))[1]
    if len(hosts) != 1 or not _is_local(f"http://{hosts[0]}", port):
        return 403, "this demo is for this machine: open it as http://127.0.0.1 and its port."
    site, opens_page = headers.get("sec-fetch-site", ["none"])[0], scope["path"] == "/"
    from_other_site = site not in ("same-origin", "none") and not opens_page
    if from_other_site or any(not _is_local(origin, port) for origin in origins):
        return 403, "this request comes from another page than the demo's own."
    if not _NEEDED.fullmatch(scope["path"]):
        return 403, "the demo's page does not need this address, so it is closed."
    if "multipart" in headers.get("content-type", [""])[0].lower():
        return 403, "the demo takes no files."
    return None


def _is_local(address: str, port: int | None) -> bool:
    """Whether an address names this machine and the port on which the request arrived."""
    try:
        parts = urlsplit(address)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        known = parts.scheme == "http" and host in HOSTS and "@" not in parts.netloc
        return known and (port is None or (parts.port or 80) == port)
    except ValueError:
        return False


def _too_large(headers: Headers) -> Refusal | None:
    if "transfer-encoding" in headers:
        return 411, "a message has to state its length."
    length = (headers.get("content-length") or ["0"])[0]
    if not length.isdecimal() or int(length) > LONGEST:
        return 413, f"a message of more than {LONGEST:,} bytes is not read."
    return None


async def _read_ahead(receive: Receive) -> tuple[bytes, Receive]:
    """The body of a request, which is small, and a ``receive`` that delivers it once more."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message["type"] == "http.request" and message.get("more_body", False)
    delivered = False

    async def receive_again() -> Message:
        nonlocal delivered
        if delivered:
            return await receive()
        delivered = True
        return {"type": "http.request", "body": body, "more_body": False}

    return body, receive_again


def _with_headers(send: Send, added: list[tuple[bytes, bytes]]) -> Send:
    """A ``send`` that adds headers to the answer."""

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", []), *added]}
        await send(message)

    return send_with_headers


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int, why: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    await JSONResponse({"detail": why}, status_code=status)(scope, receive, send)
