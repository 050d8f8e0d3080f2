"""Send chat requests that are paid for once: cached on disk, billed, and kept below a cap.

Each answer is written to the cache (:mod:`helpers.teacher.answer_cache`) as it arrives. A request
that was answered before is read from there. An interrupted run therefore resumes without paying
again, and a second report costs nothing. Before the first new call, the upper bound of the cost is
printed.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.data.reply_parsing.thinking import without_thinking
from helpers.files.locks import locked
from helpers.io import append_jsonl
from helpers.teacher.answer_cache import (
    CachedAnswer,
    CallPlan,
    charge_cache,
    key_of,
    most_tokens,
    overruns,
    plan_calls,
    read_answers,
    tries_of,
)
from helpers.teacher.budget import Budget, CapReached, RequestCharges, charged_tokens
from helpers.teacher.endpoint import Endpoint, EndpointError
from helpers.teacher.replies import first_token, read_completion, usage_of
from helpers.teacher.request_parameters import check_bounded, fit_request, most_tokens_out
from helpers.teacher.retries import MAX_EMPTY_REPLIES, send_with_retries

if TYPE_CHECKING:
    from openai import AsyncOpenAI

Body = Mapping[str, Any]


async def ask_all(
    endpoint: Endpoint,
    bodies: Sequence[Body],
    cache: str | Path,
    *,
    max_dollars: float = 1.0,
    max_tokens: int | None = None,
    say: Callable[[str], object] | None = print,
    on_answer: Callable[[int, int], object] | None = None,
) -> list[CachedAnswer]:
    """The answers to chat ``bodies``, in order; those that ``cache`` lacks are asked for.

    The first request is sent alone, and after it ``endpoint.parallel`` at a time. ``say(line)``
    gets the upper bound of the cost, ``on_answer(done, total)`` runs after each answer. The caps
    hold for the whole of ``cache``.

    Raises CapReached before a try that could exceed a cap, EndpointError if no answer comes or
    twelve in a row are empty, and ValueError while another process asks with the same ``cache``.
    Answers that came before the error are kept.
    """
    lock = Path(cache).with_name(f".{Path(cache).name}.lock")
    why = (
        f"another process is asking with {cache}, and together the two could exceed the cap. Wait "
        "for it, or stop it, and start again."
    )
    with locked(lock, why):
        sender = _Sender(endpoint, cache, max_dollars, max_tokens)
        plan = plan_calls(endpoint, bodies, cache)
        if plan["calls"] and say:
            say(_plan_in_words(endpoint, plan, max_dollars))
        answers = await _ask_missing(sender, bodies, read_answers(cache), on_answer)
    return [answers[key_of(endpoint, body)] for body in bodies]


async def _ask_missing(
    sender: "_Sender",
    bodies: Sequence[Body],
    known: dict[str, CachedAnswer],
    on_answer: Callable[[int, int], object] | None,
) -> dict[str, CachedAnswer]:
    """The known answers together with those to all other bodies, by their keys."""
    endpoint, answers = sender.endpoint, dict(known)
    missing = {key: body for body in bodies if (key := key_of(endpoint, body)) not in known}
    done = len(bodies) - len(missing)

    async def ask_one(client: "AsyncOpenAI", key: str, body: Body) -> None:
        nonlocal done
        answers[key] = await sender.ask(client, key, body)
        done += 1
        if on_answer:
            on_answer(done, len(bodies))

    async with endpoint.async_client(max_retries=0, timeout=endpoint.timeout) as client:
        calls = [ask_one(client, key, body) for key, body in missing.items()]
        # After a failure the calls in flight are awaited: they will be paid, so they are kept too.
        failures = [e for e in await asyncio.gather(*calls, return_exceptions=True) if e]
    if failures:
        raise failures[0]
    return answers


class _Sender:
    """Sends requests: at most ``endpoint.parallel`` at a time, and none that could exceed a cap."""

    def __init__(
        self, endpoint: Endpoint, cache: str | Path, max_dollars: float, max_tokens: int | None
    ) -> None:
        self.endpoint, self.cache = endpoint, cache
        self.budget = charge_cache(Budget(endpoint, max_dollars, max_tokens), cache)
        self.tries, self.slots = tries_of(cache), asyncio.Semaphore(endpoint.parallel)
        self.first_is_sent, self.first_is_done = False, asyncio.Event()
        self.failure: BaseException | None = None  # ends all calls that are not sent yet
        self.empty_in_a_row = 0
        # Some servers do not count thinking against the limit of a request. For them the largest
        # overrun so far is the best bound.
        self.overrun = max([0, *overruns(self.tries, cache)])

    async def ask(self, client: "AsyncOpenAI", key: str, body: Body) -> CachedAnswer:
        """The answer to a body, sent when there is a free slot."""
        async with self.slots:
            is_first, self.first_is_sent = not self.first_is_sent, True
            try:
                if not is_first:  # the first call finds out which parameters the endpoint refuses
                    await self.first_is_done.wait()
                return await self._send(client, key, body)
            except BaseException as failure:
                self.failure = self.failure or failure
                raise
            finally:
                self.first_is_done.set()

    async def _send(self, client: "AsyncOpenAI", key: str, body: Body) -> CachedAnswer:
        if self.failure:
            raise self.failure
        check_bounded(body, self.endpoint, capped=self.budget.max_tokens is not None)
        tokens_in, tokens_out = most_tokens(body, self.endpoint)
        meter = RequestCharges(key, (tokens_in, tokens_out + self.overrun), self.budget, self.tries)
        await self._reserve(meter)
        started = time.monotonic()
        reply = await send_with_retries(
            client.chat.completions.create,
            body,
            self.endpoint,
            before=meter.before,
            failed=meter.failed,
            given_up=lambda: self.failure is not None,
        )
        answer = self._keep(key, body, reply, meter, round(time.monotonic() - started, 3))
        self._check_not_empty(answer)
        return answer

    async def _reserve(self, meter: RequestCharges) -> None:
        """Reserve the cost of a try. Raises CapReached if it does not fit under a cap."""
        try:
            await self.budget.wait_for_room(meter.most)
        except CapReached as reached:
            raise CapReached(
                f"{reached}. What was answered is kept in {self.cache}; raise the cap to go on "
                "from there.",
                reached.cap,
            ) from None

    def _keep(
        self, key: str, body: Body, reply: object, meter: RequestCharges, seconds: float
    ) -> CachedAnswer:
        """Write an answer to the cache, whatever its format, and charge what it used."""
        sent = fit_request(body, self.endpoint)
        used = charged_tokens(usage_of(reply, body), meter.most)
        self.overrun = max(self.overrun, used[1] - most_tokens_out(sent))
        answer: CachedAnswer = {
            "key": key,
            **read_completion(reply, sent),
            "letters": first_token(reply),
            "usage": list(used),
            "seconds": seconds,
        }
        append_jsonl(self.cache, [{**answer}])
        meter.answered(used)
        return answer

    def _check_not_empty(self, answer: CachedAnswer) -> None:
        """Raise EndpointError after too many empty answers in a row."""
        content = answer["letters"] or without_thinking(answer["text"]).strip()
        self.empty_in_a_row = 0 if content else self.empty_in_a_row + 1
        if self.empty_in_a_row >= MAX_EMPTY_REPLIES:
            raise EndpointError(
                f"nothing comes back from {self.endpoint.base_url}: {MAX_EMPTY_REPLIES} replies "
                f"in a row without a text (finish {answer['finish']!r}). A model that thinks "
                "spends its tokens before it answers: give it more tokens, or switch the thinking "
                "off, with Endpoint(parameters={'max_tokens': …})."
            )


def _plan_in_words(endpoint: Endpoint, plan: CallPlan, max_dollars: float) -> str:
    words = f"{plan['calls']} calls to {endpoint.model}"
    if plan["kept"]:
        words += f" ({plan['kept']} more were answered before)"
    if not endpoint.cost(1, 1):
        return f"{words}, free of charge"
    return f"{words}, at most {plan['dollars']:.4f} dollars; the cap is {max_dollars:.2f}"
