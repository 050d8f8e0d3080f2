"""Send a request again after a failure: which failures are temporary, and how long to wait.

A failure is one of four kinds::

    temporary    429, 5xx, time-out, reset, half a body    wait and send again, a few times
    a parameter  the server refuses one and says so        send again, from now on without it
    final        wrong key, unknown model, no money        stop the run, with the server's own
                                                           message and what to do
    filtered     a content filter refused this prompt      return None: the server works, and the
                                                           caller records a rejected prompt

The wait doubles after each try, up to a limit. It is partly random, so that many waiting requests
are not sent at the same moment. A server that says how long to wait (Retry-After) is obeyed.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from helpers.teacher.endpoint import Endpoint, EndpointError
from helpers.teacher.error_bodies import error_message
from helpers.teacher.failure_messages import (
    LONGEST_WAIT,
    describe_error,
    final_reason,
    server_message,
)
from helpers.teacher.failures import (
    InvalidReply,
    is_filtered_prompt,
    is_temporary,
    may_be_charged,
)
from helpers.teacher.refused_parameters import learn_from_refusal
from helpers.teacher.replies import read_completion, usage_of
from helpers.teacher.request_parameters import as_arguments, fit_request
from helpers.teacher.retry_delays import retry_after

TRIES = 6
FIRST_WAIT = 1.0  # seconds
MAX_EMPTY_REPLIES = 12  # replies in a row without anything usable, after which a run stops

Result = TypeVar("Result")


async def send_with_retries(
    create: Callable[..., Awaitable[Any]],
    body: Mapping[str, Any],
    endpoint: Endpoint,
    *,
    before: Callable[[bool, dict[str, Any]], Awaitable[None]] | None = None,
    failed: Callable[[bool], None] = lambda lost: None,
    given_up: Callable[[], bool] = lambda: False,
    tries: int = TRIES,
) -> Any:
    """Send ``create(**body)`` until it is answered: the reply, or None if a filter refused it.

    ``await before(again, sent)`` runs before each try with the body that is ``sent``; ``again`` is
    False only for the first. It may raise to prevent the try. ``failed(lost)`` runs after each
    failed try; ``lost`` says that the server may have answered, and charged, it. Both keep the
    bill (:mod:`helpers.teacher.budget`). The caller settles the last try, answered or filtered.

    Raises EndpointError for a final failure, after ``tries`` tries, and instead of another try
    once ``given_up()`` is true. The message never contains the key.
    """
    attempt, again = 0, False
    while True:
        sent = fit_request(body, endpoint)
        if before:
            await before(again, sent)
        again = True
        outcome = await _try_once(create, sent, endpoint, failed)
        if not isinstance(outcome, _Failure):
            return outcome
        if outcome.adapted:
            continue
        if outcome.final or attempt + 1 == tries:
            raise EndpointError(outcome.final or _no_answer(endpoint, tries, outcome))
        await asyncio.sleep(_seconds_to_wait(attempt, outcome.pause))
        if given_up():
            raise EndpointError(f"{endpoint.base_url} was given up after another failure.")
        attempt += 1


@dataclass(frozen=True)
class _Failure:
    """What a failed try means.

    ``adapted``: a refused parameter was changed, so the next try differs. ``final``: why no other
    try can help. ``pause``: seconds that the server asks to wait. The exception itself is not kept,
    because it holds the key, and a debugger would show it.
    """

    adapted: bool = False
    final: str | None = None
    description: str = ""
    pause: float | None = None


async def _try_once(
    create: Callable[..., Awaitable[Any]],
    sent: dict[str, Any],
    endpoint: Endpoint,
    failed: Callable[[bool], None],
) -> Any:
    """The outcome of one try: the reply, None if a filter refused the prompt, or a _Failure."""
    try:
        return await _answer(create, model=endpoint.model, **as_arguments(sent))
    except Exception as error:
        if is_filtered_prompt(error):
            return None
        failed(may_be_charged(error))
        return _read_failure(error, sent, endpoint)
    except BaseException:  # interrupted or cancelled: the server may go on and charge the try
        failed(True)
        raise


def _read_failure(error: Exception, sent: dict[str, Any], endpoint: Endpoint) -> _Failure:
    """What an exception means. One that does not come from the server is raised again."""
    if learn_from_refusal(error, sent, endpoint):
        return _Failure(adapted=True)
    final = final_reason(error, endpoint)
    if final is None and not is_temporary(error):
        raise error
    return _Failure(
        final=final, description=describe_error(error, endpoint), pause=retry_after(error)
    )


def _no_answer(endpoint: Endpoint, tries: int, last: _Failure) -> str:
    return (
        f"{endpoint.base_url} did not answer in {tries} tries; the last failure was "
        f"{last.description.rstrip('. ')}. What was answered is kept; start again later."
    )


async def _answer(create: Callable[..., Awaitable[Any]], **arguments: Any) -> Any:
    """The reply of one try. Raises InvalidReply for a reply that cannot be one."""
    try:
        reply = await create(**arguments)
        _check_has_choices(reply)
    except RecursionError:
        raise InvalidReply("found a reply that is nested too deeply to be read") from None
    return reply


def _check_has_choices(reply: Any) -> None:
    """Raise InvalidReply, with the error that a reply may hold, for a reply without choices.

    A reply without choices in which tokens were counted is an answer: the provider withheld its
    text.
    """
    choices = getattr(reply, "choices", None)
    first = choices[0] if isinstance(choices, list) and choices else None
    error = getattr(first, "error", None)
    if error is None and (not choices or getattr(reply, "error", None)):
        unknown_fields = getattr(reply, "model_extra", None) or {}
        error = unknown_fields if error_message(unknown_fields) else None
    missing = choices is None and None in usage_of(reply)
    if missing or (error and not read_completion(reply)["text"]):
        raise InvalidReply(f"found a {type(reply).__name__} without choices", error)


def _seconds_to_wait(attempt: int, asked: float | None) -> float:
    """Seconds before the next try; ``attempt`` 0 is the first, ``asked`` the server's own pause."""
    if asked is not None:
        return asked + random.uniform(0, 0.25 * FIRST_WAIT)
    longest = min(LONGEST_WAIT, FIRST_WAIT * 2**attempt)
    return random.uniform(0.5 * longest, longest)


def with_endpoint_errors(call: Callable[[], Result], endpoint: Endpoint) -> Result:
    """The result of ``call()``; errors of ``openai`` become EndpointError, without the key."""
    import openai

    try:
        return call()
    except openai.OpenAIError as error:
        reason = final_reason(error, endpoint) or server_message(error, endpoint)
    raise EndpointError(reason)
