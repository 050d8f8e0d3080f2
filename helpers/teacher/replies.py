"""What a model's reply says: its text, the thinking before it, why it ended, what it used.

Servers differ in how they send a text (one string, or a list of parts), models in how they mark
what they think before they answer, and providers in the words for "finished" and in what they
count. Everything that reads a reply (task lists, verdicts, grades, bills) starts here.
"""

import math
from typing import NotRequired, TypedDict

from helpers.safe_io.message_content import field as _field
from helpers.safe_io.message_content import text_of


class Completion(TypedDict):
    """What a model wrote: its text, and why it ended in the provider's word.

    ``raw`` keeps the reply as it came where it could not be read.
    """

    text: str
    finish: str | None
    raw: NotRequired[str]


def choice_of(reply: object, asked: dict | None = None) -> dict[str, str | None]:
    """``{"text", "finish"}`` of a chat or text completion, whatever its shape.

    ``finish`` is the provider's word, or ``"content_filter"`` for None in place of a reply (a
    filter refused the request), ``"refusal"`` where the model refused, ``"no choice"`` for a reply
    without one. Where the provider gives none, and the reply used fewer tokens than the request
    ``asked`` allowed, it ended by itself: ``"stop"``. A paid reply must never be lost: what cannot
    be read is kept under ``"raw"``, with the finish ``"unreadable"`` if reading failed.
    """
    if reply is None:
        return {"text": "", "finish": "content_filter"}
    try:
        choice = _read_choice(reply)
        if choice["finish"] is None and choice["text"] and _ended_early(reply, asked or {}):
            choice["finish"] = "stop"
        return choice
    except Exception as surprise:  # any shape at all: the reply is paid for
        return {"text": "", "finish": "unreadable", "raw": f"{surprise}: {reply!r}"[:20_000]}


def _read_choice(reply: object) -> dict[str, str | None]:
    choices = _field(reply, "choices")
    if not choices:
        return {"text": "", "finish": "no choice"}
    choice = choices[0]
    if isinstance(choice, str):
        return {"text": choice, "finish": None}
    message, finish = _field(choice, "message"), _field(choice, "finish_reason")
    message = message or _field(choice, "delta")  # of a stream, sent as one piece
    content = message if isinstance(message, str | list) else _content_in(message or choice)
    text, refusal = text_of(content), _field(message, "refusal") or _refusal_in(content)
    if refusal and not (text and _field(message, "refusal") is None):
        return {"text": str(refusal), "finish": "refusal"}
    found = {"text": text, "finish": None if finish is None else str(finish)}
    unread = content or any(_field(part, "model_extra") for part in (choice, message))
    return {**found, "raw": repr(choice)[:20_000]} if unread and not text else found


def _content_in(place: object) -> object:
    """What stands as the content of a message, or as the text of a choice without one."""
    names = ("content", "text", "output_text", "generated_text")
    return next((found for name in names if (found := _field(place, name))), None)


def _refusal_in(content: object) -> str:
    """What the parts of a content say that are a refusal."""
    parts = content if isinstance(content, list) else [content]
    return "".join(str(_field(p, "refusal") or "") for p in parts if not isinstance(p, str))


def _ended_early(reply: object, asked: dict) -> bool:
    """Whether a reply used fewer tokens than a request allowed."""
    bounds = [asked.get(name) for name in ("max_tokens", "max_completion_tokens")]
    bounds = [bound for bound in bounds if isinstance(bound, int)]
    written = usage_of(reply, asked)[1]
    return bool(bounds) and written is not None and written < min(bounds)


def first_token(reply: object) -> dict[str, float] | None:
    """Probabilities of what the first token could have been, or None where they are not given."""
    try:
        candidates = list(reply.choices[0].logprobs.content[0].top_logprobs)
    except (AttributeError, IndexError, TypeError):
        return None
    found = {}
    for candidate in candidates:
        token, logprob = _field(candidate, "token"), _field(candidate, "logprob")
        # A candidate without a number says nothing; NaN is not smaller than anything.
        if isinstance(token, str) and isinstance(logprob, int | float) and logprob < 0.1:
            letter = token.strip()
            found[letter] = found.get(letter, 0.0) + math.exp(logprob)
    return found or None


MOST_TOKENS = 2_000_000  # no model reads or writes more in one request
LONGEST_TOKEN = 64  # characters: no vocabulary's tokens are longer on average over a whole text


def usage_of(reply: object, asked: dict | None = None) -> list[int | None]:
    """``[tokens in, tokens out]`` of a reply; None for a count that is missing or unbelievable.

    ``asked`` is the body of the request, where it is known; None in place of a reply, which a
    filter refused to give, used nothing.
    Tokens out include the thinking: where the total is larger than both parts, or the reasoning
    tokens are more than the completion's, the rest was thought. A count is unbelievable when it is
    not a positive whole number, when it is beyond any model, or when the text and the thinking
    would need far more tokens than it says.
    """
    if reply is None:
        return [0, 0]
    usage = _field(reply, "usage")
    if usage is None:
        return [None, None]
    used = _count(usage, "prompt_tokens", "input_tokens", "promptTokenCount")
    written, total = _written(usage), _count(usage, "total_tokens", "totalTokenCount")
    length = _written_length(reply)
    if used and total and total > used + (written or 0):
        written = total - used
    elif used and total == used and written is None:
        written = 0
    if not written or written * LONGEST_TOKEN < length or written > MOST_TOKENS:
        written = 0 if written == 0 and used and not length else None
    if not used or used * LONGEST_TOKEN < _prompt_length(asked or {}) or used > MOST_TOKENS:
        used = None
    return [used, written]


def _written(usage: object) -> int | None:
    """Tokens out with the thinking, by the counts of the parts."""
    written = _count(usage, "completion_tokens", "output_tokens", "candidatesTokenCount")
    thought = [0]
    for place in ("completion_tokens_details", "output_tokens_details"):
        thought.append(_count(_field(usage, place), "reasoning_tokens", "thinking_tokens") or 0)
    thought.append(_count(usage, "reasoning_tokens", "thinking_tokens", "thoughtsTokenCount") or 0)
    return written if written is None or max(thought) <= written else written + max(thought)


def _written_length(reply: object) -> int:
    """Characters of a reply's text and of the thinking that is sent along."""
    choices = _field(reply, "choices")
    message = _field(choices[0], "message") if isinstance(choices, list) and choices else None
    names = ("reasoning_content", "reasoning", "thinking", "reasoning_details")
    thought = [_letters(_field(message, name)) for name in names]  # some send it under two names
    content = _field(message, "content")
    parts = _letters(content) if isinstance(content, list) else 0
    return max(len(choice_of(reply)["text"] or ""), parts) + max(thought)


def _letters(value: object) -> int:
    """Characters of a text and of the texts within parts; what is encrypted does not count."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, list):
        return sum(map(_letters, value))
    names = ("text", "thinking", "content", "summary", "reasoning")
    return sum(_letters(_field(value, name)) for name in names) if value else 0


def _prompt_length(asked: dict) -> int:
    """Characters of a request's prompt or messages."""
    texts = [text_of(_field(message, "content")) for message in asked.get("messages") or ()]
    return sum(map(len, [*texts, text_of(asked.get("prompt"))]))


def _count(usage: object, *names: str) -> int | None:
    """The first of these counts that is a whole number of zero or more."""
    for name in names:
        value = _field(usage, name)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0:
            return int(value) if value < float("inf") else None
    return None
