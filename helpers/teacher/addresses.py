"""Answer questions about an endpoint's address: which host it names, and whether it has a password.

Addresses are compared by host. A gateway at ``https://example.org/api.openai.com/v1`` is not
OpenAI, although its text contains OpenAI's host.
"""

import ipaddress
from base64 import b64encode
from urllib.parse import unquote, urlsplit, urlunsplit

OPENAI = "https://api.openai.com/v1"


def is_loopback(url: str) -> bool:
    """Whether an address leads to the machine on which this code runs."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_openai(url: str) -> bool:
    """Whether an address is OpenAI's own, so that a key for it may be sent to OpenAI."""
    given, openai = urlsplit(url), urlsplit(OPENAI)
    port = given.port or 443
    return (given.scheme, given.hostname, port) == (openai.scheme, openai.hostname, 443)


def origin_of(url: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port of an address. A key for one origin is not sent to another."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


def is_unencrypted(url: str) -> bool:
    """Whether anybody on the network path can read what is sent, the key included."""
    return urlsplit(url).scheme == "http" and not is_loopback(url)


def split_password(url: str) -> tuple[str, str | None]:
    """Take ``user:password@`` out of an address: ``(address, Authorization header or None)``.

    Raises ValueError for a text that is not an http or https address. The error does not quote
    the address, because the address may contain a password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(
            "the base_url has a host or port that cannot be read. Expected a whole address such as "
            "https://example.org:8443/v1."
        ) from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        found = "another scheme" if "://" in url else "none of http:// and https://"
        raise ValueError(
            f"base_url must be a whole address such as https://example.org/v1; found {found}."
        )
    if parts.query or parts.fragment:
        raise ValueError(
            "base_url must end with its path, such as /v1; found a ? or #. Messages would show the "
            "text after it. Put a key into an environment variable instead."
        )
    if "@" in parts.path:
        raise ValueError("base_url has an @ in its path: write a / in a password as %2F.")
    if "@" not in parts.netloc:
        return url, None
    user, _, password = parts.netloc.rpartition("@")[0].partition(":")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    netloc = host if port is None else f"{host}:{port}"
    basic = b64encode(f"{unquote(user)}:{unquote(password)}".encode()).decode()
    return urlunsplit(parts._replace(netloc=netloc)), f"Basic {basic}"
