"""Who may speak to the demo: the page that it has shown itself, and in small messages.

A browser sends requests for every page that is open in it. A page of somebody else can therefore
post to a server on this machine, and if its host name suddenly points here (DNS rebinding) it can
even read the answers. What gives it away are the headers ``Host`` and ``Origin``, which a page
cannot choose. :class:`OwnPageOnly` stands in front of the whole application (ASGI).
"""

import json
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

LONGEST = 1 << 17  # bytes of a message; the text in it has at most a few thousand characters
AT_ONCE = 2  # answers that one page may wait for
HOSTS = ("127.0.0.1", "localhost", "[::1]")


class OwnPageOnly:
    """Lets requests through that come from the demo's own page, to what it needs.

    Refused are other hosts and origins (403), every kind of upload (403), messages above
    :data:`LONGEST` bytes or of unknown length (413, 411), and a third answer for one page
    (``waiting(session)`` says how many it waits for: 429).
    """

    def __init__(self, app: Callable, waiting: Callable[[str], int]):
        self.app, self.waiting = app, waiting

    async def __call__(self, scope: dict, receive: Callable, send: Callable) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        refused = _foreign(scope) or _too_large(scope)
        if not refused and scope["path"].rstrip("/").endswith("/queue/join"):
            body, receive = await _read_ahead(receive)
            refused = self._crowding(body)
        if refused:
            await _refuse(scope, receive, send, *refused)
        else:
            await self.app(scope, receive, send)

    def _crowding(self, body: bytes) -> tuple[int, str] | None:
        try:
            session = json.loads(body).get("session_hash")
        except (ValueError, AttributeError, RecursionError):
            return 400, "this is no message of the demo's page."
        if session and self.waiting(str(session)) >= AT_ONCE:
            return 429, "your last question is not answered yet: wait for it, or stop it."
        return None


def _headers(scope: dict) -> dict[str, list[str]]:
    found = {}
    for name, value in scope["headers"]:
        found.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return found


def _foreign(scope: dict) -> tuple[int, str] | None:
    """Whether a request is from elsewhere, or for what the page never does."""
    headers = _headers(scope)
    hosts, origins = headers.get("host", []), headers.get("origin", [])
    port = (scope.get("server") or ("", None))[1]
    if len(hosts) != 1 or not _is_ours(f"//{hosts[0]}", port):
        return 403, "this demo is for this machine: open it as http://127.0.0.1 and its port."
    if any(not _is_ours(origin, port) or "//" not in origin for origin in origins):
        return 403, "this request comes from another page than the demo's own."
    if "/upload" in scope["path"] or "multipart" in headers.get("content-type", [""])[0]:
        return 403, "the demo takes no files."
    return None


def _is_ours(address: str, port: int | None) -> bool:
    """Whether an address names this machine and the port that the request came in by."""
    try:
        parts = urlsplit(address)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        return host in HOSTS and (port is None or (parts.port or 80) == port)
    except ValueError:
        return False


def _too_large(scope: dict) -> tuple[int, str] | None:
    headers, kind = _headers(scope), scope.get("method", "GET")
    if "transfer-encoding" in headers:
        return 411, "a message has to say how long it is."
    length = (headers.get("content-length") or ["0"])[0]
    if not length.isdecimal() or int(length) > LONGEST:
        return 413, f"a {kind} of more than {LONGEST:,} bytes is not read."
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


async def _refuse(scope, receive, send, status: int, why: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    from starlette.responses import JSONResponse

    await JSONResponse({"detail": why}, status_code=status)(scope, receive, send)
