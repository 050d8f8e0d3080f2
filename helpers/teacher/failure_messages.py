"""Say what went wrong with a request, in the server's own words and without the key."""

from helpers.files.printable import printable
from helpers.teacher.endpoint import Endpoint
from helpers.teacher.error_bodies import LONGEST_TEXT, message_or_body
from helpers.teacher.failures import (
    InvalidReply,
    body_of,
    is_closed_account,
    is_key_error,
    is_payment_error,
    is_temporary,
    is_unknown_model,
    status_of,
)
from helpers.teacher.redaction import hide
from helpers.teacher.retry_delays import retry_after

LONGEST_WAIT = 60.0  # seconds; a server that asks for a longer pause ends the run


def final_reason(error: Exception, endpoint: Endpoint) -> str | None:
    """Why sending the request again is useless, and what to do; None if it may help."""
    base_url, status, said = endpoint.base_url, status_of(error), server_message(error, endpoint)
    if status is None and (not isinstance(error, InvalidReply) or is_temporary(error)):
        return None
    sentence = said.rstrip(". ")
    if is_key_error(error):
        return (
            f"{base_url} refuses the key: {sentence}. Check the environment variable "
            f"{endpoint.key_env} (a new line at its end? a key of another provider?)."
        )
    if is_payment_error(error):
        return (
            f"the account at {base_url} has no money or quota left: {sentence}. Top it up there; "
            "what was answered is kept."
        )
    if not is_temporary(error):
        return _why_refused(error, endpoint, said)
    pause = retry_after(error)
    if pause is not None and pause > LONGEST_WAIT:
        return (
            f"{base_url} asks for a pause of {pause:.0f} seconds: {sentence}. What was answered is "
            "kept; start again after that."
        )
    return None


def _why_refused(error: Exception, endpoint: Endpoint, said: str) -> str:
    base_url, status = endpoint.base_url, status_of(error)
    if status == 404 or is_unknown_model(error):
        return (
            f"{base_url} knows no model {endpoint.model!r}, or not this kind of request: "
            f"{said.rstrip('. ')}. Check the name and the address (it ends in /v1)."
        )
    if status == 403 or is_closed_account(error):
        return f"{base_url} does not let this key use {endpoint.model!r}: {said}"
    if status in (400, 413, 422):
        return f"{base_url} cannot read the request: {said}"
    return f"{base_url} answers {status}: {said}"


def server_message(error: Exception, endpoint: Endpoint) -> str:
    """The server's own message, at most 300 characters of it, without the key."""
    said = message_or_body(body_of(error)) or str(error)[:LONGEST_TEXT]
    return _without_secrets(said, endpoint)[:300]


def describe_error(error: Exception, endpoint: Endpoint) -> str:
    """A failure in one line: its class, its status, and the server's own message if it sent one."""
    kind = f"{type(error).__name__} {status_of(error) or ''}".strip()
    said = message_or_body(body_of(error))
    return _without_secrets(f"{kind}: {said}" if said else kind, endpoint)[:400]


def _without_secrets(text: str, endpoint: Endpoint) -> str:
    for secret in endpoint.secrets():
        text = hide(text, secret)
    return printable(text)
