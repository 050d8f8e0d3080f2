"""Who may speak to the demo: the page that it has shown itself, and in small messages.

A browser sends requests for every page that is open in it. A page of somebody else can therefore
post to a server on this machine, and if its host name suddenly points here (DNS rebinding) it can
even read the answers. What gives it away are headers that a page cannot choose: ``Host``,
``Origin`` and ``Sec-Fetch-Site``. :class:`SameOriginOnly` stands in front of the whole application
(ASGI). It also closes what Gradio offers and this page does not need: files, a proxy for addresses
of others, a second way to call the model.
"""

import json
import re
import secrets
from collections.abc import Awaitable, Callable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

LONGEST = 1 << 17  # bytes of a message; the text in it has at most a few thousand characters
AT_ONCE = 2  # answers that one browser may wait for
VISITORS = 1000  # browsers that are remembered; the oldest is forgotten first
HOSTS = ("127.0.0.1", "localhost", "[::1]")
COOKIE = "alpaca_visitor"
# All that the page asks for. Everything else of Gradio's is closed.
_NEEDED = re.compile(
    r"/|/(?:config|theme\.css|favicon\.ico|manifest\.json)|/(?:assets|static|svelte)/[\w./@-]+"
    r"|/gradio_api/(?:startup-events|queue/join|queue/data|cancel|reset|run/predict"
    r"|heartbeat/[\w-]+)/?"
)
_GUARDED = [
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"frame-ancestors 'none'; form-action 'self'; base-uri 'self'"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
]


class SameOriginOnly:
    """Lets requests through that come from the demo's own page, to what it needs.

    Refused are other hosts, origins and sites and every path that the page does not need (403),
    messages above :data:`LONGEST` bytes or of unknown length (413, 411), and a third answer for
    one browser (429); ``waiting(session)`` says how many answers an open page waits for.
    """

    def __init__(self, app: Callable, waiting: Callable[[str], int]):
        self.app, self.waiting = app, waiting
        self.visitors: dict[str, set[str]] = {}  # the cookie of a browser: its open pages

    async def __call__(self, scope: dict, receive: Callable, send: Callable) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = _headers(scope)
        scope["headers"] = [h for h in scope["headers"] if not h[0].lower().startswith(b"x-forw")]
        refused = _foreign(scope, headers) or _too_large(headers)
        visitor = self._visitor(headers)
        if not refused and scope["path"].rstrip("/").endswith("/queue/join"):
            body, receive = await _read_ahead(receive)
            refused = self._crowding(visitor, body)
        if refused:
            await _refuse(scope, receive, send, *refused)
            return
        added = list(_GUARDED)
        if not visitor and scope["path"] == "/":
            added.append((b"set-cookie", self._welcome()))
        await self.app(scope, receive, _with_headers(send, added))

    def _visitor(self, headers: dict[str, list[str]]) -> str | None:
        try:
            found = SimpleCookie("; ".join(headers.get("cookie", []))).get(COOKIE)
        except CookieError:
            return None
        return found.value if found and found.value in self.visitors else None

    def _welcome(self) -> bytes:
        name = secrets.token_urlsafe(16)
        self.visitors[name] = set()
        while len(self.visitors) > VISITORS:
            self.visitors.pop(next(iter(self.visitors)))
        return f"{COOKIE}={name}; HttpOnly; SameSite=Strict; Path=/".encode()

    def _crowding(self, visitor: str | None, body: bytes) -> tuple[int, str] | None:
        try:
            session = str(json.loads(body)["session_hash"])
        except (ValueError, KeyError, TypeError, RecursionError):
            return 400, "this is no message of the demo's page."
        if visitor is None:
            return 403, "open the demo's page first, with cookies allowed, and ask from there."
        mine = self.visitors[visitor] = {s for s in self.visitors[visitor] if self.waiting(s)}
        if sum(map(self.waiting, {*mine, session})) >= AT_ONCE:
            return 429, "your last question is not answered yet: wait for it, or stop it."
        mine.add(session)
        return None


def _headers(scope: dict) -> dict[str, list[str]]:
    found = {}
    for name, value in scope["headers"]:
        found.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return found


def _foreign(scope: dict, headers: dict[str, list[str]]) -> tuple[int, str] | None:
    """Whether a request is from elsewhere, or for what the page never does."""
    hosts, origins = headers.get("host", []), headers.get("origin", [])
    port = (scope.get("server") or ("", None))[1]
    if len(hosts) != 1 or not _is_ours(f"http://{hosts[0]}", port):
        return 403, "this demo is for this machine: open it as http://127.0.0.1 and its port."
    site, opened = headers.get("sec-fetch-site", ["none"])[0], scope["path"] == "/"
    if site not in ("same-origin", "none") and not opened:
        return 403, "this request comes from another page than the demo's own."
    if any(not _is_ours(origin, port) for origin in origins):
        return 403, "this request comes from another page than the demo's own."
    if not _NEEDED.fullmatch(scope["path"]):
        return 403, "the demo's page does not need this address, so it is closed."
    if "multipart" in headers.get("content-type", [""])[0].lower():
        return 403, "the demo takes no files."
    return None


def _is_ours(address: str, port: int | None) -> bool:
    """Whether an address names this machine and the port that the request came in by."""
    try:
        parts = urlsplit(address)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        known = parts.scheme == "http" and host in HOSTS and "@" not in parts.netloc
        return known and (port is None or (parts.port or 80) == port)
    except ValueError:
        return False


def _too_large(headers: dict[str, list[str]]) -> tuple[int, str] | None:
    if "transfer-encoding" in headers:
        return 411, "a message has to say how long it is."
    length = (headers.get("content-length") or ["0"])[0]
    if not length.isdecimal() or int(length) > LONGEST:
        return 413, f"a message of more than {LONGEST:,} bytes is not read."
    return None


async def _read_ahead(receive: Callable) -> tuple[bytes, Callable[[], Awaitable[dict]]]:
    """The whole of a message, which is short, and a ``receive`` that gives it once more."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message["type"] == "http.request" and message.get("more_body", False)
    given = False

    async def again():
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return body, again


def _with_headers(send: Callable, added: list[tuple[bytes, bytes]]) -> Callable:
    async def sending(message):
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", []), *added]}
        await send(message)

    return sending


async def _refuse(scope, receive, send, status: int, why: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    from starlette.responses import JSONResponse

    await JSONResponse({"detail": why}, status_code=status)(scope, receive, send)
