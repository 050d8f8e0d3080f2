"""Retrying failed requests: which failures pass, which end a run, and how long to wait.

Beside :mod:`helpers.teacher.endpoint` because it is another idea: there, what an endpoint *is*;
here, what to do when it does not answer. Every failure is one of four::

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
import random
from collections.abc import Awaitable, Callable

from helpers.teacher.endpoint import Endpoint, EndpointError
from helpers.teacher.error_bodies import error_message
from helpers.teacher.failures import (
    LONGEST_WAIT,
    HalfAnswer,
    describe_error,
    final_reason,
    is_filtered_prompt,
    is_temporary,
    learns_from_refusal,
    may_be_charged,
    retry_after,
    server_message,
)
from helpers.teacher.replies import choice_of, usage_of
from helpers.teacher.request_parameters import as_arguments, fit_request

TRIES = 6
FIRST_WAIT = 1.0  # seconds


async def send_with_retries(
    create: Callable[..., Awaitable],
    body: dict,
    endpoint: Endpoint,
    *,
    before: Callable[[bool, dict], Awaitable] | None = None,
    failed: Callable[[bool], None] | None = None,
    given_up: Callable[[], bool] = lambda: False,
    tries: int = TRIES,
):
    """Send ``create(**body)`` until it is answered; returns the reply, or None if a filter refused.

    ``await before(again, sent)`` runs before each try of a body ``sent`` (``again`` is False for
    the first alone) and may raise to prevent it; ``failed(lost)`` runs after each that failed, with
    True where the server may have answered, and charged, all the same. Both keep the bill
    (:mod:`helpers.teacher.budget`). The caller settles the last try, answered or refused by a
    filter. Passing failures are waited out and refused parameters adapted. Raises EndpointError for
    a final failure, when ``tries`` are used up, and instead of another try once ``given_up()``; its
    text never holds the key.
    """
    attempt, again = 0, False
    while True:
        sent = fit_request(body, endpoint)
        if before:
            await before(again, sent)
        again = True
        try:
            return await _answer(create, model=endpoint.model, **as_arguments(sent))
        except Exception as error:
            if is_filtered_prompt(error):
                return None
            if failed:
                failed(may_be_charged(error))
            if learns_from_refusal(error, sent, endpoint):
                continue
            reason = final_reason(error, endpoint)
            if reason is None and not is_temporary(error):
                raise
            if reason is None and attempt + 1 == tries:
                last = describe_error(error, endpoint).rstrip(". ")
                reason = (
                    f"{endpoint.base_url} did not answer in {tries} tries; the last failure was "
                    f"{last}. What was answered is kept; start again later."
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


async def _answer(create: Callable[..., Awaitable], **arguments: object):
    """The reply of one try; HalfAnswer where it is none, or nested too deeply to be read."""
    try:
        return _with_choices(await create(**arguments))
    except RecursionError:
        raise HalfAnswer("found a reply that is nested too deeply to be read") from None


def _with_choices(reply: object):
    """The reply, if it is one; else HalfAnswer, with the error that stands in its place.

    A reply that was counted and has no choices is one: the provider kept its text to itself.
    """
    choices = getattr(reply, "choices", None)
    first = choices[0] if isinstance(choices, list) and choices else None
    error = getattr(first, "error", None)
    if error is None and (not choices or getattr(reply, "error", None)):
        more = getattr(reply, "model_extra", None) or {}  # what the protocol does not know
        error = more if error_message(more) else None
    missing = choices is None and None in usage_of(reply)
    if missing or (error and not choice_of(reply)["text"]):
        raise HalfAnswer(f"found a {type(reply).__name__} without choices", error)
    return reply


def with_endpoint_errors(call: Callable, endpoint: Endpoint):
    """``call()``, with openai's errors raised as EndpointError, without the key."""
    import openai

    try:
        return call()
    except openai.OpenAIError as error:
        reason = final_reason(error, endpoint) or server_message(error, endpoint)
    raise EndpointError(reason)


def wait_before(error: Exception, attempt: int) -> float:
    """Seconds to wait before the next try, the first of which has ``attempt`` 0."""
    asked = retry_after(error)
    if asked is not None:
        return asked + random.uniform(0, 0.25 * FIRST_WAIT)
    longest = min(LONGEST_WAIT, FIRST_WAIT * 2**attempt)
    return random.uniform(0.5 * longest, longest)
