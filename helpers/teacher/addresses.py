"""Addresses of endpoints: which machine they lead to, and whether a password stands in them.

On the ground floor. An address is compared by its host and never by a piece of its text: a gateway
at ``https://example.org/api.openai.com/v1`` is not OpenAI.
"""

import ipaddress
from base64 import b64encode
from urllib.parse import unquote, urlsplit, urlunsplit

OPENAI = "https://api.openai.com/v1"


def is_loopback(url: str) -> bool:
    """Whether an address leads to this machine and nowhere else."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_openai(url: str) -> bool:
    """Whether an address is OpenAI's own, so that a key for it may go to OpenAI."""
    parts, ours = urlsplit(url), urlsplit(OPENAI)
    return (parts.scheme, parts.hostname, parts.port or 443) == (ours.scheme, ours.hostname, 443)


def place_of(url: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port of an address: where a key for it may go."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


def is_open_to_readers(url: str) -> bool:
    """Whether everybody between here and there can read what is sent, a key included."""
    return urlsplit(url).scheme == "http" and not is_loopback(url)


def split_password(url: str) -> tuple[str, str | None]:
    """``(address, header)``: a ``user:password@`` is taken out and becomes an Authorization header.

    ``header`` is None for an address without one. Raises ValueError for what is no http address;
    the error does not repeat it, since the password would stand there.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("the base_url has a host or port that cannot be read.") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        found = "another scheme" if "://" in url else "none of http:// and https://"
        raise ValueError(
            f"base_url must be a whole address such as https://example.org/v1; found {found}."
        )
    if parts.query or parts.fragment:
        raise ValueError(
            "base_url must end with its path, such as /v1, and what stands behind the ? or # would "
            "be shown in messages. Keys belong into the environment."
        )
    if "@" in parts.path:
        raise ValueError("base_url has an @ in its path: a / in a password is written as %2F.")
    if "@" not in parts.netloc:
        return url, None
    user, _, password = parts.netloc.rpartition("@")[0].partition(":")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    netloc = host if port is None else f"{host}:{port}"
    basic = b64encode(f"{unquote(user)}:{unquote(password)}".encode()).decode()
    return urlunsplit(parts._replace(netloc=netloc)), f"Basic {basic}"
