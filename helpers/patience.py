"""Retrying failed requests: which failures pass, which end a run, and how long to wait.

Beside :mod:`helpers.endpoint` because it is another idea: there, what an endpoint *is*; here, what
to do when it does not answer. Every failure is one of four::

    passing      429, 5xx, time-out, reset, half a body     wait and send again, a few times
    a parameter  the server refuses one and says so         send again without it, from now on
    final        wrong key, unknown model, no money         stop the run at once, in the server's
                                                            own words and with the way out
    a drop       a filter refused this one prompt           no failure of the server: the caller
                                                            records it

Waiting doubles each time up to a limit, with jitter, so that many waiting requests do not come
back in the same instant; a server that says how long to wait (Retry-After) is believed.
"""

import asyncio
import json
import random
import re
from collections.abc import Awaitable, Callable

from helpers.endpoint import Endpoint, EndpointError
from helpers.parameters import as_arguments, fitted, learn
from helpers.replies import choice_of

TRIES = 6
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0  # seconds
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


async def patiently(
    create: Callable[..., Awaitable],
    body: dict,
    endpoint: Endpoint,
    *,
    before: Callable[[bool], Awaitable] | None = None,
    failed: Callable[[bool], None] | None = None,
    given_up: Callable[[], bool] = lambda: False,
    tries: int = TRIES,
):
    """Send ``create(**body)`` until it is answered; returns the reply, or None if a filter refused.

    ``await before(again)`` runs before each try (``again`` is False for the first alone) and may
    raise to prevent it; ``failed(lost)`` runs after each that failed, with True where the server
    may have answered, and charged, all the same. Both keep the bill (:mod:`helpers.budget`).
    Passing failures are waited out and refused parameters adapted. Raises EndpointError for a final
    failure, when ``tries`` are used up, and instead of another try once ``given_up()``; its text
    never holds the key.
    """
    attempt, again = 0, False
    while True:
        if before:
            await before(again)
        sent, again = fitted(body, endpoint), True
        try:
            return _with_choices(await create(model=endpoint.model, **as_arguments(sent)))
        except Exception as error:
            if _filtered(error):
                return None
            if failed:
                failed(may_be_charged(error))
            if refusal_teaches(error, sent, endpoint):
                continue
            reason = final_reason(error, endpoint)
            if reason is None and not passes(error):
                raise
            if reason is None and attempt + 1 == tries:
                reason = (
                    f"{endpoint.base_url} did not answer in {tries} tries; the last failure was "
                    f"{_named(error, endpoint)}. What was answered is kept; start again later."
                )
            wait = wait_before(error, attempt)
        except BaseException:  # interrupted or cancelled: the server goes on answering
            if failed:
                failed(True)
            raise
        if reason:
            raise EndpointError(reason) from None
        await asyncio.sleep(wait)
        if given_up():
            raise EndpointError(f"{endpoint.base_url} was given up after another failure.")
        attempt += 1


def _with_choices(reply: object):
    """The reply, if it has choices; else HalfAnswer, with the error that stands in their place."""
    choices = getattr(reply, "choices", None)
    first = choices[0] if isinstance(choices, list) and choices else None
    errors = [getattr(part, "error", None) for part in (reply, first)]
    error = next((error for error in errors if error), None)
    if choices is None or (error and not choice_of(reply)["text"]):
        raise HalfAnswer(f"found a {type(reply).__name__} without choices", error)
    return reply


def plainly(call: Callable, endpoint: Endpoint):
    """``call()``, with openai's errors raised as EndpointError, without the key."""
    import openai

    try:
        return call()
    except openai.OpenAIError as error:
        reason = final_reason(error, endpoint) or said_by(error, endpoint)
    raise EndpointError(reason)


def refusal_teaches(error: Exception, sent: dict, endpoint: Endpoint) -> bool:
    """Whether a failure refuses a parameter of ``sent``, so that another try will be different."""
    if _status(error) not in (400, 403, 404, 405, 422, 500, 501) or _filtered(error):
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
    asked = _retry_after(error)
    if asked is not None and asked > LONGEST_WAIT:
        return (
            f"{place} asks for a pause of {asked:.0f} seconds. What was answered is kept; "
            "start again after that."
        )
    return None


def wait_before(error: Exception, attempt: int) -> float:
    """Seconds to wait before the next try, the first of which has ``attempt`` 0."""
    asked = _retry_after(error)
    if asked is not None:
        return asked + random.uniform(0, 0.25 * FIRST_WAIT)
    longest = min(LONGEST_WAIT, FIRST_WAIT * 2**attempt)
    return random.uniform(0.5 * longest, longest)


def _retry_after(error: Exception) -> float | None:
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


def _filtered(error: Exception) -> bool:
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


def _named(error: Exception, endpoint: Endpoint) -> str:
    """A failure for people: its kind, its status, and the server's own words if it said any."""
    named = f"{type(error).__name__} {_status(error) or ''}".strip()
    words = _words(getattr(error, "body", None))
    return _without_key(f"{named}: {words[:300]}" if words else named, endpoint)


def _without_key(text: str, endpoint: Endpoint) -> str:
    try:
        return text.replace(endpoint.key(), "…")
    except EndpointError:
        return text
