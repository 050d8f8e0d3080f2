"""Chat calls that are paid for once: kept on disk under their whole content, billed, and capped.

A call is a *body*, what the chat protocol wants: messages, temperature, length. Its answer goes to
one JSON Lines file under a hash of model and body, at the moment it arrives. Asked again, now or
next week, it comes from there: a run that was cut off goes on for nothing, and a second report
costs nothing. Before the first call that is not there yet, what it will cost at the most is said.
"""

import asyncio
import hashlib
import json
import math
import time
from pathlib import Path

from helpers.endpoint import usage_of
from helpers.io import append_jsonl, read_jsonl
from helpers.patience import patiently


class CapReached(RuntimeError):
    """The next call could have passed the cap on money or tokens."""


def key_of(endpoint, body):
    """The name under which the answer to a body is kept. Not the address: ports change."""
    whole = json.dumps([endpoint.model, body], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(whole.encode()).hexdigest()[:24]


def plan(endpoint, bodies, cache):
    """What asking ``bodies`` takes: a dict with ``calls``, ``kept`` (answered before), and upper
    bounds of ``tokens_in``, ``tokens_out`` and ``dollars`` for the others.
    """
    known = _read(cache)
    new = {key_of(endpoint, body): body for body in bodies}
    asked = [_most(body) for key, body in new.items() if key not in known]
    tokens_in, tokens_out = (sum(sizes) for sizes in zip(*asked, strict=True)) if asked else (0, 0)
    return {
        "calls": len(asked),
        "kept": len(bodies) - len(asked),
        "tokens_in": tokens_in,
        "tokens_out": tokens_out,
        "dollars": endpoint.cost(tokens_in, tokens_out),
    }


def bill(endpoint, cache):
    """What the calls in ``cache`` took: ``calls``, ``tokens_in``, ``tokens_out``, ``dollars`` and
    ``seconds`` (one after another).
    """
    rows = _read(cache).values()
    tokens_in, tokens_out = (sum(row["usage"][i] for row in rows) for i in (0, 1))
    return {
        "calls": len(rows),
        "tokens_in": tokens_in,
        "tokens_out": tokens_out,
        "dollars": endpoint.cost(tokens_in, tokens_out),
        "seconds": sum(row["seconds"] for row in rows),
    }


async def ask_all(
    endpoint, bodies, cache, *, max_dollars=1.0, max_tokens=None, say=print, on_answer=None
):
    """The answers to chat ``bodies``, in order; those not in ``cache`` yet are asked for.

    An answer is a dict: ``text``, ``finish``, ``letters`` (what the first token could have been:
    ``{token: probability}``, or None), ``usage`` (tokens in and out, at their dearest where the
    endpoint does not count), ``seconds``. As many as ``endpoint.parallel`` are in flight.
    ``say(line)`` is told the most it can cost; ``on_answer(done, total)`` each answer.

    Raises CapReached before a call that could pass the caps, which hold for the whole of ``cache``,
    and EndpointError where no answer can be had. What was answered until then is kept.
    """
    known, desk = _read(cache), _Desk(endpoint, cache, max_dollars, max_tokens)
    coming = plan(endpoint, bodies, cache)
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
        self.max_dollars, self.max_tokens = max_dollars, max_tokens
        so_far = bill(endpoint, cache)
        self.tokens = [so_far["tokens_in"], so_far["tokens_out"]]  # spent, or set aside
        self.gate, self.failed = asyncio.Semaphore(endpoint.parallel), None
        self.flying = 0

    async def ask(self, client, key, body):
        async with self.gate:
            try:
                most = _most(body)
                await self._set_aside(most)
                try:
                    return await self._send(client, key, body, most)
                finally:
                    self.flying -= 1
            except BaseException as failure:
                self.failed = self.failed or failure
                raise

    async def _send(self, client, key, body, most):
        lost, started = [], time.monotonic()
        reply = await patiently(
            lambda: client.chat.completions.create(model=self.endpoint.model, **body),
            self.endpoint,
            lost=lost,
            given_up=lambda: self.failed is not None,
        )
        used = [m if u is None else u for u, m in zip(usage_of(reply), most, strict=True)]
        used = [u + len(lost) * m for u, m in zip(used, most, strict=True)]
        self.tokens = [t + u - m for t, u, m in zip(self.tokens, used, most, strict=True)]
        seconds = round(time.monotonic() - started, 3)
        answer = {"key": key, **_content(reply), "usage": used, "seconds": seconds}
        append_jsonl(self.cache, [answer])
        return answer

    async def _set_aside(self, most):
        """Put the dearest a call can be on the bill; wait for those in flight to make room."""
        while not self.failed:
            tokens = [t + m for t, m in zip(self.tokens, most, strict=True)]
            over = self._over(tokens)
            if not over:
                self.tokens, self.flying = tokens, self.flying + 1
                return
            if not self.flying:
                raise CapReached(
                    f"the next call could bring {over}. What was answered is kept in {self.cache}; "
                    "raise the cap to go on from there."
                )
            await asyncio.sleep(0.05)
        raise self.failed

    def _over(self, tokens):
        """Which cap so many tokens would pass, in words; None for none."""
        dollars = self.endpoint.cost(*tokens)
        if dollars > self.max_dollars:
            return f"the bill to {dollars:.4f} dollars, above max_dollars={self.max_dollars:.4f}"
        if self.max_tokens is not None and sum(tokens) > self.max_tokens:
            return f"the tokens to {sum(tokens):,}, above max_tokens={self.max_tokens:,}"
        return None


def _content(reply):
    """What is kept of a reply; None in its place is a request that a filter turned away."""
    choice = reply.choices[0] if reply is not None and reply.choices else None
    if choice is None:
        return {
            "text": "",
            "finish": "content_filter" if reply is None else "no choice",
            "letters": None,
        }
    text = choice.message.content or getattr(choice.message, "refusal", None)
    text = text if isinstance(text, str) else ""
    return {"text": text, "finish": choice.finish_reason, "letters": _first_token(choice)}


def _first_token(choice):
    """Probabilities of what the first token could have been, or None where they are not told."""
    logprobs = getattr(choice, "logprobs", None)
    if not logprobs or not logprobs.content:
        return None
    found = {}
    for candidate in logprobs.content[0].top_logprobs:
        letter = candidate.token.strip()
        found[letter] = found.get(letter, 0.0) + math.exp(candidate.logprob)
    return found


def _most(body):
    """Upper bounds, tokens in and out: a token is at least one byte of text."""
    size = len(json.dumps(body["messages"], ensure_ascii=False).encode())
    return size + 64, body["max_tokens"]


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
