"""Chat calls that are paid for once: kept on disk under their whole content, billed, and capped.

A call is a *body*, what the chat protocol wants: messages, temperature, length. Its answer goes to
one JSON Lines file under a hash of model and body, at the moment it arrives. Sent again, now or
next week, it comes from there: a run that was cut off resumes for nothing, and a second report
costs nothing. A neighbour of that file notes every try before it is sent, so the cap holds for
tries without an answer too. Before the first call that is not there yet, what it will cost at the
most is said.
"""

import asyncio
import hashlib
import json
import math
import time
from pathlib import Path

from helpers.data.parsing.thinking import without_thinking
from helpers.io import append_jsonl, read_jsonl
from helpers.safe_io.writing import locked
from helpers.teacher.budget import Budget, CapReached, Meter, Tries, charged
from helpers.teacher.endpoint import EndpointError
from helpers.teacher.replies import choice_of, first_token, usage_of
from helpers.teacher.request_parameters import check_bounded, fit_request, most_tokens_out
from helpers.teacher.retries import send_with_retries

FRUITLESS = 12  # replies without a text, one after another, that end a run

__all__ = ["CapReached", "ask_all", "key_of", "plan_calls", "total_bill"]


def key_of(endpoint, body):
    """The name under which the answer to a body is kept. Not the address: ports change."""
    parts = [endpoint.model, body]
    if getattr(endpoint, "parameters", None):
        parts.append({name: str(value) for name, value in endpoint.parameters.items()})
    whole = json.dumps(parts, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(whole.encode()).hexdigest()[:24]


def plan_calls(endpoint, bodies, cache):
    """What asking ``bodies`` takes: a dict with ``calls``, ``kept`` (answered before), and upper
    bounds of ``tokens_in``, ``tokens_out`` and ``dollars`` for the others.
    """
    known = _read(cache)
    new = {key_of(endpoint, body): body for body in bodies}
    asked = [_most(body, endpoint) for key, body in new.items() if key not in known]
    tokens_in, tokens_out = (sum(sizes) for sizes in zip(*asked, strict=True)) if asked else (0, 0)
    return {
        "calls": len(asked),
        "kept": len(bodies) - len(asked),
        "tokens_in": tokens_in,
        "tokens_out": tokens_out,
        "dollars": endpoint.cost(tokens_in, tokens_out),
    }


def total_bill(endpoint, cache):
    """What the calls in ``cache`` took: ``calls``, ``tokens_in``, ``tokens_out``, ``dollars``,
    ``lost_tries`` (which may have been charged, and count in the dollars at their most) and
    ``seconds`` (one after another).
    """
    rows = _read(cache).values()
    tokens_in, tokens_out = (sum(row["usage"][i] for row in rows) for i in (0, 1))
    spent = _spent(Budget(endpoint, math.inf), cache)
    return {
        "calls": len(rows),
        "tokens_in": tokens_in,
        "tokens_out": tokens_out,
        "lost_tries": spent.lost,
        "dollars": spent.dollars,
        "seconds": sum(row["seconds"] for row in rows),
    }


def _spent(budget, cache):
    """A budget charged with the answers and the lost tries that are on disk."""
    rows = _read(cache)
    for row in rows.values():
        budget.spend(row["usage"])
    _tries(cache).charge_lost(budget, dict.fromkeys(rows, 1))
    return budget


def _tries(cache):
    path = Path(cache)
    return Tries(path.with_name(f"{path.stem}.tries.jsonl"))


async def ask_all(
    endpoint, bodies, cache, *, max_dollars=1.0, max_tokens=None, say=print, on_answer=None
):
    """The answers to chat ``bodies``, in order; those not in ``cache`` yet are asked for.

    An answer is a dict: ``text``, ``finish``, ``letters`` (what the first token could have been:
    ``{token: probability}``, or None), ``usage`` (tokens in and out, at their dearest where the
    endpoint does not count, or not believably), ``seconds``. After the first, which goes alone, as
    many as ``endpoint.parallel`` are in flight. ``say(line)`` gets the most it can cost,
    ``on_answer(done, total)`` runs after each answer.

    Raises CapReached before a try that could pass the caps, which hold for the whole of ``cache``,
    and EndpointError where no answer comes, or twelve in a row are empty; ValueError while another
    process asks with the same ``cache``. What was answered until then is kept.
    """
    why = (
        f"another process is asking with {cache}, and each would count for itself what both may "
        "spend. Wait for it, or stop it, and start again."
    )
    with locked(Path(cache).with_name(f".{Path(cache).name}.lock"), why):
        return await _ask_all(endpoint, bodies, cache, max_dollars, max_tokens, say, on_answer)


async def _ask_all(endpoint, bodies, cache, max_dollars, max_tokens, say, on_answer):
    known, desk = _read(cache), _Desk(endpoint, cache, max_dollars, max_tokens)
    coming = plan_calls(endpoint, bodies, cache)
    if coming["calls"] and say:
        say(_in_words(endpoint, coming, max_dollars))
    missing = {
        key_of(endpoint, body): body for body in bodies if key_of(endpoint, body) not in known
    }
    done = len(bodies) - len(missing)

    async def one(client, key, body):
        nonlocal done
        known[key] = await desk.ask(client, key, body)
        done += 1
        if on_answer:
            on_answer(done, len(bodies))

    async with endpoint.async_client(max_retries=0, timeout=endpoint.timeout) as client:
        calls = [one(client, key, body) for key, body in missing.items()]
        # All are waited for: what is on its way will be paid, so it is written down as well.
        failures = [e for e in await asyncio.gather(*calls, return_exceptions=True) if e]
    if failures:
        raise failures[0]
    return [known[key_of(endpoint, body)] for body in bodies]


class _Desk:
    """Where calls leave: no more at once than the endpoint bears, none that could pass the cap."""

    def __init__(self, endpoint, cache, max_dollars, max_tokens):
        self.endpoint, self.cache = endpoint, cache
        self.budget = _spent(Budget(endpoint, max_dollars, max_tokens), cache)
        self.tries, self.gate = _tries(cache), asyncio.Semaphore(endpoint.parallel)
        self.first, self.proven, self.failed, self.fruitless = True, asyncio.Event(), None, 0
        # Where thinking is not bounded by the request, what was seen is the best bound there is.
        self.beyond = max([0, *_beyond(self.tries, cache)])

    async def ask(self, client, key, body):
        async with self.gate:
            alone, self.first = self.first, False
            try:
                if not alone:  # what an endpoint refuses is found out by the first call
                    await self.proven.wait()
                return await self._send(client, key, body)
            except BaseException as failure:
                self.failed = self.failed or failure
                raise
            finally:
                self.proven.set()

    async def _send(self, client, key, body):
        if self.failed:
            raise self.failed
        check_bounded(body, self.endpoint, capped=self.budget.max_tokens is not None)
        tokens_in, tokens_out = _most(body, self.endpoint)
        meter = Meter(key, (tokens_in, tokens_out + self.beyond), self.budget, self.tries)
        await self._find_room(meter)
        started = time.monotonic()
        reply = await send_with_retries(
            client.chat.completions.create,
            body,
            self.endpoint,
            before=meter.before,
            failed=meter.failed,
            given_up=lambda: self.failed is not None,
        )
        answer = self._keep(key, body, reply, meter, started)
        self._check_that_something_comes_back(answer)
        return answer

    async def _find_room(self, meter):
        try:
            await self.budget.wait_for_room(meter.most)
        except CapReached as reached:
            raise CapReached(
                f"{reached}. What was answered is kept in {self.cache}; raise the cap to go on "
                "from there.",
                reached.cap,
            ) from None

    def _keep(self, key, body, reply, meter, started):
        """Write an answer down, whatever its shape, and settle its bill."""
        used = list(charged(usage_of(reply, body), meter.most))
        self.beyond = max(self.beyond, used[1] - most_tokens_out(fit_request(body, self.endpoint)))
        seconds = round(time.monotonic() - started, 3)
        answer = {
            "key": key,
            **choice_of(reply, fit_request(body, self.endpoint)),
            "letters": first_token(reply),
            "usage": used,
            "seconds": seconds,
        }
        append_jsonl(self.cache, [answer])
        meter.answered(used)
        return answer

    def _check_that_something_comes_back(self, answer):
        said = answer["letters"] or without_thinking(answer["text"]).strip()
        self.fruitless = 0 if said else self.fruitless + 1
        if self.fruitless >= FRUITLESS:
            raise EndpointError(
                f"nothing comes back from {self.endpoint.base_url}: {FRUITLESS} replies in a row "
                f"without a text (finish {answer['finish']!r}). A model that thinks spends its "
                "tokens before it answers: give it more, or switch the thinking off, with "
                "Endpoint(parameters={'max_tokens': …})."
            )


def _most(body, endpoint):
    """Upper bounds, tokens in and out: a token is at least one byte of text.

    Raises EndpointError where there is a price, and nothing bounds the reply.
    """
    check_bounded(body, endpoint)
    size = len(json.dumps(body["messages"], ensure_ascii=False).encode())
    return size + 64, most_tokens_out(fit_request(body, endpoint))


def _beyond(tries, cache):
    """How far each kept answer went beyond what its request allowed."""
    return (
        row["usage"][1] - tries.most[key][1]
        for key, row in _read(cache).items()
        if key in tries.most
    )


def _in_words(endpoint, coming, max_dollars):
    words = f"{coming['calls']} calls to {endpoint.model}"
    if coming["kept"]:
        words += f" ({coming['kept']} more were answered before)"
    if not endpoint.cost(1, 1):
        return f"{words}, free of charge"
    return f"{words}, at most {coming['dollars']:.4f} dollars; the cap is {max_dollars:.2f}"


def _read(cache):
    path = Path(cache)
    rows = read_jsonl(path, torn_tail_ok=True) if path.exists() else []
    return {row["key"]: row for row in rows}
