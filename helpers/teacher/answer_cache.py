"""Keep answers to chat requests in a file; compute what requests cost, before and after.

A *body* is what the chat protocol sends: messages, temperature, length. Its answer is one row of a
JSON Lines file, under a hash of model and body. A second file, ``….tries.jsonl``, records every try
before it is sent, because a provider may charge a try without an answer.
"""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NotRequired, TypedDict, cast

from helpers.io import read_jsonl
from helpers.teacher.budget import Budget, Tokens, Tries
from helpers.teacher.endpoint import Endpoint
from helpers.teacher.request_parameters import check_bounded, fit_request, most_tokens_out

_TOKENS_AROUND_MESSAGES = 64  # a chat template's own tokens in a prompt, at most


class CachedAnswer(TypedDict):
    """A row of the cache: one answer, and what it used.

    ``text``, ``finish`` and ``raw`` as in :class:`~helpers.teacher.replies.Completion`. ``letters``
    are the probabilities of the first token's candidates, or None. ``usage`` is ``[tokens in,
    tokens out]``; a count that the endpoint does not give, or not plausibly, is at its upper bound.
    """

    key: str
    text: str
    finish: str | None
    raw: NotRequired[str]
    letters: dict[str, float] | None
    usage: list[int]
    seconds: float


class CallPlan(TypedDict):
    """What asking would take: new ``calls``, calls ``kept`` from before, and upper bounds."""

    calls: int
    kept: int
    tokens_in: int
    tokens_out: int
    dollars: float


class CallBill(TypedDict):
    """What the calls of a cache took; ``seconds`` is the sum over all calls.

    ``lost_tries`` may have been charged, so ``dollars`` includes them at their upper bound.
    """

    calls: int
    tokens_in: int
    tokens_out: int
    lost_tries: int
    dollars: float
    seconds: float


def key_of(endpoint: Endpoint, body: Mapping[str, Any]) -> str:
    """The hash under which an answer is kept. It leaves out the address, since ports change."""
    parts: list[object] = [endpoint.model, body]
    if getattr(endpoint, "parameters", None):
        parts.append({name: str(value) for name, value in endpoint.parameters.items()})
    whole = json.dumps(parts, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(whole.encode()).hexdigest()[:24]


def read_answers(cache: str | Path) -> dict[str, CachedAnswer]:
    """The answers in a cache by their keys; an unfinished last line is left out."""
    path = Path(cache)
    rows = read_jsonl(path, torn_tail_ok=True) if path.exists() else []
    return {row["key"]: cast(CachedAnswer, row) for row in rows}


def tries_of(cache: str | Path) -> Tries:
    """The record of the tries that belongs to a cache."""
    path = Path(cache)
    return Tries(path.with_name(f"{path.stem}.tries.jsonl"))


def plan_calls(
    endpoint: Endpoint, bodies: Sequence[Mapping[str, Any]], cache: str | Path
) -> CallPlan:
    """What asking ``bodies`` would take, given the answers in ``cache``.

    Raises EndpointError if the endpoint has a price and a body has no limit on the reply's length.
    """
    known = read_answers(cache)
    new = {key_of(endpoint, body): body for body in bodies}
    most = [most_tokens(body, endpoint) for key, body in new.items() if key not in known]
    tokens_in, tokens_out = sum(pair[0] for pair in most), sum(pair[1] for pair in most)
    return {
        "calls": len(most),
        "kept": len(bodies) - len(most),
        "tokens_in": tokens_in,
        "tokens_out": tokens_out,
        "dollars": endpoint.cost(tokens_in, tokens_out),
    }


def most_tokens(body: Mapping[str, Any], endpoint: Endpoint) -> Tokens:
    """The most tokens in and out that one try may take; a token is at least one byte of text.

    Raises EndpointError if the endpoint has a price and nothing limits the reply.
    """
    check_bounded(body, endpoint)
    size = len(json.dumps(body["messages"], ensure_ascii=False).encode())
    return size + _TOKENS_AROUND_MESSAGES, most_tokens_out(fit_request(body, endpoint))


def total_bill(endpoint: Endpoint, cache: str | Path) -> CallBill:
    """What the calls in ``cache`` took, at the endpoint's prices."""
    rows = read_answers(cache).values()
    spent = charge_cache(Budget(endpoint, math.inf), cache)
    return {
        "calls": len(rows),
        "tokens_in": sum(row["usage"][0] for row in rows),
        "tokens_out": sum(row["usage"][1] for row in rows),
        "lost_tries": spent.lost,
        "dollars": spent.dollars,
        "seconds": sum(row["seconds"] for row in rows),
    }


def charge_cache(budget: Budget, cache: str | Path) -> Budget:
    """The same budget, charged with the answers and the lost tries of a cache."""
    rows = read_answers(cache)
    for row in rows.values():
        tokens_in, tokens_out = row["usage"]
        budget.spend((tokens_in, tokens_out))
    tries_of(cache).charge_lost(budget, dict.fromkeys(rows, 1))
    return budget


def overruns(tries: Tries, cache: str | Path) -> Iterator[int]:
    """For each answer, how many tokens more it used than its request allowed."""
    for key, row in read_answers(cache).items():
        if key in tries.most:
            yield row["usage"][1] - tries.most[key][1]
