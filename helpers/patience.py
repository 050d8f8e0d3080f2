"""Asking a server that misbehaves: which failures pass, which end a run, and how long to wait.

Beside :mod:`helpers.endpoint` because it is another idea: there, what a place to ask *is*; here,
what to do when it does not answer. Every failure is one of three::

    passing   429, 5xx, time-out, reset, half a body     wait and ask again, a few times
    final     wrong key, unknown model, no money, a      stop the run at once and say what to do
              request the server cannot read
    a drop    a refusal, a filtered or empty choice      not a failure of the server at all: the
                                                         caller books it

Waiting doubles each time up to a limit, with jitter, so that many waiting requests do not come
back in the same instant; a server that says how long to wait (Retry-After) is believed.
"""

import asyncio
import json
import random

from helpers.endpoint import EndpointError

TRIES = 6
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0  # seconds
MUTE = {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"}


class HalfAnswer(Exception):
    """An answer that is no answer: not JSON, or JSON without what the protocol promises."""


async def patiently(call, endpoint, *, lost=None, given_up=lambda: False, tries=TRIES):
    """Await ``call()`` until it answers; returns the reply, or None if a filter refused it.

    Passing failures are waited out. Raises EndpointError for a final one, when ``tries`` are used
    up, and instead of another try once ``given_up()``; its text never holds the key. Failures after
    which the server may have answered and charged all the same are appended to the list ``lost``.
    """
    attempt = 0
    while True:
        try:
            return _with_choices(await call())
        except Exception as error:
            if _filtered(error):
                return None
            reason = final_reason(error, endpoint)
            if reason is None and not passes(error):
                raise
            if reason is None and attempt + 1 == tries:
                reason = (
                    f"{endpoint.base_url} did not answer in {tries} tries; the last failure was "
                    f"{_named(error, endpoint)}. What was answered is kept; start again later."
                )
            wait = wait_before(error, attempt)
            if lost is not None and getattr(error, "status_code", 200) < 400:
                lost.append(type(error).__name__)
        if reason:
            raise EndpointError(reason) from None
        await asyncio.sleep(wait)
        if given_up():
            raise EndpointError(f"{endpoint.base_url} was given up after another failure.")
        attempt += 1


def _with_choices(reply):
    if getattr(reply, "choices", None) is None:
        raise HalfAnswer(f"found a {type(reply).__name__} without choices")
    return reply


def plainly(call, endpoint):
    """``call()``, with openai's errors told as EndpointError, without the key: for single calls."""
    import openai

    try:
        return call()
    except openai.OpenAIError as error:
        reason = final_reason(error, endpoint) or _said(error, endpoint)
    raise EndpointError(reason)


def abilities(endpoint):
    """What an endpoint can do, found out by asking it: a dict of ability to bool.

    ``chat``, ``completions`` (continuing raw text, which self-synthesis needs), ``logprobs`` (which
    a judge would like), ``json_schema`` (for ``task_json``). OpenAI, vLLM, Ollama and llama.cpp
    differ here, and from version to version. Four requests of a few tokens. Raises EndpointError
    for a refused key or a server that is away.
    """
    client = endpoint.client(timeout=endpoint.timeout)
    chat = {"model": endpoint.model, "messages": [{"role": "user", "content": "Say A."}]}
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    shape = {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}
    asks = {
        "chat": lambda: client.chat.completions.create(**chat, max_tokens=1).choices,
        "completions": lambda: (
            client.completions.create(model=endpoint.model, prompt="A", max_tokens=1).choices
        ),
        "logprobs": lambda: (
            client.chat.completions.create(**chat, max_tokens=1, logprobs=True, top_logprobs=2)
            .choices[0]
            .logprobs.content
        ),
        "json_schema": lambda: (
            "a"
            in json.loads(
                client.chat.completions.create(**chat, max_tokens=24, response_format=shape)
                .choices[0]
                .message.content
            )
        ),
    }
    return {name: plainly(lambda ask=ask: _works(ask), endpoint) for name, ask in asks.items()}


def _works(ask):
    """Whether an ability is there: the request is understood, and brings what it promises."""
    import openai

    try:
        return bool(ask())
    except (openai.AuthenticationError, openai.PermissionDeniedError, openai.RateLimitError):
        raise
    except openai.APIStatusError as error:
        if error.status_code >= 500 and error.status_code != 501:
            raise
        return False
    except (AttributeError, IndexError, TypeError, ValueError):
        return False  # an answer without what was asked for


def passes(error):
    """Whether a failure is of the kind that passes by itself."""
    import openai

    if isinstance(error, openai.APIStatusError):
        return error.status_code in (408, 409, 425, 429) or error.status_code >= 500
    return isinstance(
        error,
        (openai.APIConnectionError, openai.APIResponseValidationError, HalfAnswer,
         json.JSONDecodeError, UnicodeDecodeError),
    )  # fmt: skip


def final_reason(error, endpoint):
    """Why there is no use in asking again, with the way out; None if there may be."""
    import openai

    place = endpoint.base_url
    if isinstance(error, openai.AuthenticationError):
        return (
            f"{place} refuses the key. Check the environment variable {endpoint.key_env} "
            "(a new line at its end? a key of another provider?)."
        )
    if isinstance(error, openai.PermissionDeniedError):
        return f"{place} does not let this key use {endpoint.model!r}: {_said(error, endpoint)}"
    if isinstance(error, openai.NotFoundError):
        return (
            f"{place} knows no model {endpoint.model!r}, or not this kind of request: "
            f"{_said(error, endpoint)}. Check the name and the address (it ends in /v1)."
        )
    if isinstance(error, openai.APIStatusError) and (error.status_code == 402 or _mute(error)):
        return (
            f"the account at {place} has no money or quota left. Top it up there; "
            "what was answered is kept."
        )
    if isinstance(error, openai.APIStatusError) and error.status_code in (400, 413, 422):
        return f"{place} cannot read the request: {_said(error, endpoint)}"
    if isinstance(error, openai.APIStatusError) and not passes(error):
        return f"{place} answers {error.status_code}: {_said(error, endpoint)}"
    asked = _retry_after(error)
    if asked is not None and asked > LONGEST_WAIT:
        return (
            f"{place} asks for a pause of {asked:.0f} seconds. What was answered is kept; "
            "start again after that."
        )
    return None


def wait_before(error, attempt):
    """Seconds to wait before the next try, the first of which has ``attempt`` 0."""
    asked = _retry_after(error)
    if asked is not None:
        return asked + random.uniform(0, 0.25 * FIRST_WAIT)
    longest = min(LONGEST_WAIT, FIRST_WAIT * 2**attempt)
    return random.uniform(0.5 * longest, longest)


def _retry_after(error):
    """Seconds the server asks us to wait, or None."""
    response = getattr(error, "response", None)
    header = response.headers.get("retry-after") if response is not None else None
    try:
        return max(0.0, float(header))
    except (TypeError, ValueError):  # absent, or a date: our own waiting will do
        return None


def _mute(error):
    return bool(_codes(error) & MUTE)


def _filtered(error):
    """Whether a provider's content filter turned the request away, as Azure does, with a 400."""
    return bool(_codes(error) & {"content_filter", "content_policy_violation"})


def _codes(error):
    body = getattr(error, "body", None)
    return {body.get("code"), body.get("type")} if isinstance(body, dict) else set()


def _said(error, endpoint):
    body = getattr(error, "body", None)
    body = body if isinstance(body, dict) else {}
    return _without_key(str(body.get("message") or error), endpoint)[:200]


def _named(error, endpoint):
    status = getattr(error, "status_code", "")
    return _without_key(f"{type(error).__name__} {status}".strip(), endpoint)


def _without_key(text, endpoint):
    try:
        return text.replace(endpoint.key(), "…")
    except EndpointError:
        return text
