"""Ask a model which of two answers is better, in both orders.

How a verdict is asked for depends on what the endpoint can do::

    letters   one token; the verdict is the likelier of the letters A and B, and its probability
              is averaged over both orders
    schema    JSON under a schema, reasons first and verdict last
    written   reasons as text, the verdict on the last line

``judge_prompts`` has the prompts, ``verdict_parser`` reads the replies. A reply that cannot be read
is asked for once more, then counted as unparsed: never dropped, never a win. Calls are cached,
billed and capped by ``cached_calls``. ``verdict_stats`` summarises the verdicts.
"""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from helpers.evaluation.answer_pairs import gold_pairs, pair_up
from helpers.evaluation.calibration import calibrate
from helpers.evaluation.judge_prompts import Kind, judge_message
from helpers.evaluation.verdict_parser.readings import Reading, Reply, read_verdict
from helpers.evaluation.verdict_parser.verdict import parse_verdict
from helpers.evaluation.verdict_records import ORDERS, Pair, Verdict, verdict_record
from helpers.evaluation.verdict_stats import Summary, summarize
from helpers.teacher.cached_calls import ask_all
from helpers.teacher.endpoint import Endpoint, teacher_endpoint
from helpers.teacher.endpoint_abilities import find_abilities

__all__ = [
    "Summary",
    "ask_and_read",
    "best_way",
    "calibrate",
    "gold_pairs",
    "judge",
    "judge_bodies",
    "open_judge",
    "pair_up",
    "parse_verdict",
    "summarize",
]

T = TypeVar("T")
WAYS = ("letters", "schema", "written")
_LENGTH = {"letters": 1, "schema": 320, "written": 320}  # tokens that a verdict may take
_SCHEMA = {
    "type": "object",
    "properties": {
        "reasons": {"type": "string"},
        "verdict": {"type": "string", "enum": ["A", "B", "tie"]},
    },
    "required": ["reasons", "verdict"],
    "additionalProperties": False,
}


def best_way(endpoint: Endpoint) -> str:
    """The most informative way of asking that an endpoint supports, found by short requests."""
    able = find_abilities(endpoint)
    return "letters" if able["logprobs"] else "schema" if able["json_schema"] else "written"


def judge_bodies(
    pairs: Sequence[Pair], *, way: str = "letters", language: str = "en", again: bool = False
) -> list[dict[str, Any]]:
    """The request bodies: for every pair one in each order. ``again``: for the second attempt.

    Raises ValueError for a ``way`` that is not in :data:`WAYS`, or a language without a prompt.
    """
    if way not in WAYS:
        raise ValueError(f"way={way!r} is unknown; choose one of {', '.join(WAYS)}.")
    kind: Kind = "letter" if way == "letters" else "written"
    common: dict[str, Any] = {"max_tokens": _LENGTH[way], "temperature": 0.7 if again else 0}
    if way == "letters":
        common |= {"logprobs": True, "top_logprobs": 20}
    if way == "schema":
        shape = {"name": "judgement", "strict": True, "schema": _SCHEMA}
        common["response_format"] = {"type": "json_schema", "json_schema": shape}
    if again:
        common["seed"] = 1
    messages = [
        judge_message(pair, order, kind=kind, language=language)
        for pair in pairs
        for order in ORDERS
    ]
    return [{"messages": [{"role": "user", "content": text}], **common} for text in messages]


def open_judge(
    name: str, models: str | Path, folder: Path, **limits: Any
) -> Callable[[Sequence[Pair]], Awaitable[list[Verdict]]]:
    """The judge that a profile names, as an async function from pairs to verdict records.

    ``"embedded"`` is the likelihood-based judge (``likelihood``), with its model from the folder
    ``models``. Any other name is a model at an endpoint (``endpoint.teacher_endpoint``), asked in
    the best way that it supports. Replies are cached in files of ``folder``; ``limits`` are those
    of :func:`judge`.
    """
    if name == "embedded":
        return _embedded_judge(models, folder)
    endpoint = teacher_endpoint(name)
    way = best_way(endpoint)

    async def ask(pairs: Sequence[Pair]) -> list[Verdict]:
        return await judge(endpoint, pairs, folder / "judge_calls.jsonl", way=way, **limits)

    return ask


def _embedded_judge(
    models: str | Path, folder: Path
) -> Callable[[Sequence[Pair]], Awaitable[list[Verdict]]]:
    from helpers.evaluation.likelihood import judge_by_likelihood, load_judge

    model, tokenizer = load_judge(models)

    async def ask(pairs: Sequence[Pair]) -> list[Verdict]:
        return judge_by_likelihood(model, tokenizer, pairs, folder / "likelihoods.jsonl")

    return ask


async def judge(
    endpoint: Endpoint,
    pairs: Sequence[Pair],
    cache: str | Path,
    *,
    way: str = "letters",
    language: str = "en",
    **limits: Any,
) -> list[Verdict]:
    """Judge every pair in both orders; returns one verdict record for each pair, in their order.

    ``p_left`` of a record is None without log-probabilities. ``cache`` and ``limits``
    (``max_dollars``, ``max_tokens``, ``say``, ``on_answer``) are those of
    ``cached_calls.ask_all``, and so are the errors. Raises ValueError as :func:`judge_bodies` does.
    """
    replies = await ask_and_read(
        endpoint,
        lambda again: judge_bodies(pairs, way=way, language=language, again=again),
        lambda reply: read_verdict(reply, way),
        lambda reading: reading.verdict is None,
        cache,
        **limits,
    )
    return [_record(pair, replies[2 * i : 2 * i + 2]) for i, pair in enumerate(pairs)]


async def ask_and_read(
    endpoint: Endpoint,
    bodies: Callable[[bool], list[dict[str, Any]]],
    read: Callable[[Reply], T],
    is_unread: Callable[[T], bool],
    cache: str | Path,
    **limits: Any,
) -> list[tuple[Reply, T]]:
    """Replies to requests, each with what ``read`` finds in it.

    ``bodies(again)`` makes the requests of the first or the second attempt, in the same order.
    Where the first reading ``is_unread``, the request is sent once more.
    """
    first = await ask_all(endpoint, bodies(False), cache, **limits)
    replies: list[tuple[Reply, T]] = [(reply, read(reply)) for reply in first]
    unread = [i for i, (_, reading) in enumerate(replies) if is_unread(reading)]
    if unread:
        second = bodies(True)
        again = await ask_all(endpoint, [second[i] for i in unread], cache, **limits)
        for i, reply in zip(unread, again, strict=True):
            replies[i] = (reply, read(reply))
    return replies


def _record(pair: Pair, replies: Sequence[tuple[Reply, Reading]]) -> Verdict:
    """The verdict record of a pair, from the replies in both orders and their readings."""
    (_, ab), (_, ba) = replies
    p_left = None
    if ab.first is not None and ba.first is not None:
        p_left = (ab.first + 1 - ba.first) / 2
    return {
        **verdict_record(pair, ab.verdict, ba.verdict, p_left=p_left),
        "improbable": ab.improbable + ba.improbable,
        "texts": {order: reply["text"] for order, (reply, _) in zip(ORDERS, replies, strict=True)},
    }
