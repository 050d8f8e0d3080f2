"""What a failed request means: does it pass, is it final, was it a filter, may it be charged?

Providers and gateways agree on little: statuses, codes, and where in a reply the reason is. Here a
failure of the ``openai`` client is read into the server's own words and into a decision.
"""

import json
import re

from helpers.endpoint import Endpoint
from helpers.keys import hidden
from helpers.parameters import learn

LONGEST_WAIT = 60.0  # seconds that a server may ask us to wait
GATEWAY = {408, 499, 502, 504, *range(520, 528)}  # gave up on a server that may have answered
NO_MONEY = re.compile(
    r"insufficient[_ ](?:quota|credits?|balance|funds)|billing_(?:hard_limit_reached|not_active)|"
    r"exceeded your current quota|credit balance is too low|payment required|arrears|欠费|余额",
    re.I,
)
# A filter's words in codes, types and messages of OpenAI, Azure, DashScope, DeepSeek, OpenRouter,
# LiteLLM, Bedrock, Gemini and Moonshot.
_FILTER = re.compile(
    r"content[_ ]?(?:policy|filter\w*|management|safety)|ContentPolicyViolation|"
    r"content exists risk|considered high risk|"
    r"data_?inspection|inappropriate content|moderation|(?:prompt|input|request|content)\b.{0,40}"
    r"\bflagged|flagged\b.{0,60}\b(?:prompt|input|content|polic)|responsible ?ai ?polic|"
    r"safety (?:system|filter|setting|polic)|prohibited_content|blocked by .{0,40}(?:safety|filter|"
    r"guardrail)|guardrail_?intervened|sensitive (?:content|words?|information)|"
    r"violat\w+ .{0,40}(?:usage|content|use|safety) polic|usage polic|敏感|违规|不合规|安全审核",
    re.I,
)


class HalfAnswer(Exception):
    """A reply that is no answer: not JSON, or JSON without what the protocol promises.

    ``body`` is the error that some gateways send with status 200, and ``status_code`` its code.
    """

    def __init__(self, words: str, body: object = None):
        super().__init__(words)
        self.body = body
        code = body.get("code") if isinstance(body, dict) else None
        self.status_code = int(code) if str(code).isdigit() and 400 <= int(code) < 600 else None


def refusal_teaches(error: Exception, sent: dict, endpoint: Endpoint) -> bool:
    """Whether a failure refuses a parameter of ``sent``, so that another try will be different."""
    if _status(error) not in (400, 403, 404, 405, 422, 500, 501) or filtered(error):
        return False
    body = getattr(error, "body", None)
    body = body if isinstance(body, dict) else {}
    named = {str(body.get("param") or "")}
    details = body.get("detail") if isinstance(body.get("detail"), list) else []
    for detail in details:
        named |= (
            {str(part) for part in detail.get("loc", ())} if isinstance(detail, dict) else set()
        )
    words = said_by(error, endpoint)
    return learn(words, {name for name in named if name in sent}, sent, endpoint)


def passes(error: Exception) -> bool:
    """Whether a failure is of the kind that passes by itself."""
    import openai

    status = _status(error)
    if status is not None:
        return status in (408, 409, 425, 429, 499) or status >= 500
    return isinstance(
        error,
        (openai.APIConnectionError, openai.APIResponseValidationError, HalfAnswer,
         json.JSONDecodeError, UnicodeDecodeError),
    )  # fmt: skip


def may_be_charged(error: Exception) -> bool:
    """Whether a server may have answered, and charged, a try that failed.

    Not where it was never reached, nor where it refused; a gateway that gave up waiting says
    nothing about the server behind it.
    """
    status = _status(error)
    if status is not None:
        return status in GATEWAY
    cause = error
    while cause is not None:
        # By name: the client speaks HTTP through httpx or httpx2, from version to version.
        if type(cause).__name__ in ("ConnectError", "ConnectTimeout", "PoolTimeout"):
            return False
        cause = cause.__cause__
    return True


def final_reason(error: Exception, endpoint: Endpoint) -> str | None:
    """Why there is no use in sending again, in the server's words and with the way out; or None."""
    place, status, said = endpoint.base_url, _status(error), said_by(error, endpoint)
    if status is None:
        return None
    if status == 401:
        return (
            f"{place} refuses the key: {said}. Check the environment variable {endpoint.key_env} "
            "(a new line at its end? a key of another provider?)."
        )
    if status == 402 or NO_MONEY.search(f"{_codes(error)} {said}"):
        return (
            f"the account at {place} has no money or quota left: {said}. Top it up there; "
            "what was answered is kept."
        )
    if status == 403:
        return f"{place} does not let this key use {endpoint.model!r}: {said}"
    if status == 404:
        return (
            f"{place} knows no model {endpoint.model!r}, or not this kind of request: "
            f"{said}. Check the name and the address (it ends in /v1)."
        )
    if status in (400, 413, 422):
        return f"{place} cannot read the request: {said}"
    if not passes(error):
        return f"{place} answers {status}: {said}"
    asked = retry_after(error)
    if asked is not None and asked > LONGEST_WAIT:
        return (
            f"{place} asks for a pause of {asked:.0f} seconds. What was answered is kept; "
            "start again after that."
        )
    return None


def retry_after(error: Exception) -> float | None:
    """Seconds the server asks us to wait, or None."""
    response = getattr(error, "response", None)
    header = response.headers.get("retry-after") if response is not None else None
    try:
        return max(0.0, float(header))
    except (TypeError, ValueError):  # absent, or a date: our own waiting will do
        return None


def _status(error: Exception) -> int | None:
    """The HTTP status of a failure, or of the error that a reply with status 200 holds."""
    return getattr(error, "status_code", None)


def filtered(error: Exception) -> bool:
    """Whether a provider's content filter refused this one prompt; the next may pass."""
    if _status(error) not in (400, 403, 422, 451, 500) and not isinstance(error, HalfAnswer):
        return False
    body = getattr(error, "body", None)
    return bool(_FILTER.search(f"{_codes(error)} {_words(body) or error}"))


def _codes(error: Exception) -> str:
    """Codes and types of an error's body, its inner errors included, as one text."""
    body, found = getattr(error, "body", None), []
    while isinstance(body, dict):
        found += [str(body.get(name)) for name in ("code", "type") if body.get(name)]
        body = body.get("innererror") or body.get("error")
    return " ".join(found)


def said_by(error: Exception, endpoint: Endpoint) -> str:
    """A server's own words of a failure, at most 300 characters of them, without the key."""
    return _without_key(_words(getattr(error, "body", None)) or str(error), endpoint)[:300]


def _words(body: object) -> str:
    """The message in an error's body: a text, a list, or a dict under one of many names."""
    if isinstance(body, str):
        return body.strip()
    if isinstance(body, list):
        return "; ".join(filter(None, map(_words, body)))
    if not isinstance(body, dict):
        return ""
    place = ".".join(map(str, body.get("loc", ()) if isinstance(body.get("loc"), list) else ()))
    for name in ("message", "msg", "detail", "error", "errors", "error_description", "title"):
        if words := _words(body.get(name)):
            return f"{place}: {words}" if place else words
    return ""


def named(error: Exception, endpoint: Endpoint) -> str:
    """A failure for people: its kind, its status, and the server's own words if it said any."""
    named = f"{type(error).__name__} {_status(error) or ''}".strip()
    words = _words(getattr(error, "body", None))
    return _without_key(f"{named}: {words[:300]}" if words else named, endpoint)


def _without_key(text: str, endpoint: Endpoint) -> str:
    for secret in endpoint.secrets():
        text = hidden(text, secret)
    return text
