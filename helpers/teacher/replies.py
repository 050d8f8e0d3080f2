"""Read a model's reply: its text, why it ended, its first token's probabilities, its token counts.

Servers send a text as one string or as a list of parts, and put it into different fields.
Providers have different words for "finished" and count different things. The functions here return
one form for all of them.
"""

import math
from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

from helpers.files.message_content import read_field as _field
from helpers.files.message_content import text_of

MOST_TOKENS = 2_000_000  # no model reads or writes more in one request
LONGEST_TOKEN = 64  # characters; no vocabulary's tokens are longer on average over a whole text
_LONGEST_RAW = 20_000  # characters of an unreadable reply that are kept


class Completion(TypedDict):
    """What a model wrote: its text, and why it ended, in the provider's word.

    ``raw`` holds the reply as it came if it could not be read.
    """

    text: str
    finish: str | None
    raw: NotRequired[str]


def read_completion(reply: object, asked: Mapping[str, Any] | None = None) -> Completion:
    """Text and finish reason of a chat or text completion, whatever its format.

    ``finish`` is the provider's word, or one of these::

        "content_filter"   the reply is None: a filter refused the request
        "refusal"          the model refused
        "no choice"        the reply has no choice
        "stop"             the provider gave no reason, and the reply used fewer tokens than the
                           request ``asked`` allowed, so it ended by itself
        "unreadable"       reading failed

    A paid reply must not be lost, so a reply that cannot be read is kept under ``"raw"``.
    """
    if reply is None:
        return {"text": "", "finish": "content_filter"}
    try:
        choice = _read_choice(reply)
        if choice["finish"] is None and choice["text"] and _ended_early(reply, asked or {}):
            choice["finish"] = "stop"
        return choice
    except Exception as error:  # the reply may be of any format, and it is paid for
        return {"text": "", "finish": "unreadable", "raw": f"{error}: {reply!r}"[:_LONGEST_RAW]}


def _read_choice(reply: object) -> Completion:
    choices: Any = _field(reply, "choices")
    if not choices:
        return {"text": "", "finish": "no choice"}
    choice = choices[0]
    if isinstance(choice, str):
        return {"text": choice, "finish": None}
    message, finish = _field(choice, "message"), _field(choice, "finish_reason")
    message = message or _field(choice, "delta")  # of a stream that was sent in one piece
    content = message if isinstance(message, str | list) else _content_of(message or choice)
    text, refusal = text_of(content), _field(message, "refusal") or _refusal_in(content)
    if refusal and not (text and _field(message, "refusal") is None):
        return {"text": str(refusal), "finish": "refusal"}
    found: Completion = {"text": text, "finish": None if finish is None else str(finish)}
    unread = content or any(_field(part, "model_extra") for part in (choice, message))
    if unread and not text:
        found["raw"] = repr(choice)[:_LONGEST_RAW]
    return found


def _content_of(message: object) -> object:
    """The content of a message, or the text of a choice that has no message."""
    names = ("content", "text", "output_text", "generated_text")
    return next((found for name in names if (found := _field(message, name))), None)


def _refusal_in(content: object) -> str:
    """The text of those parts of a content that are a refusal."""
    parts = content if isinstance(content, list) else [content]
    return "".join(str(_field(p, "refusal") or "") for p in parts if not isinstance(p, str))


def _ended_early(reply: object, asked: Mapping[str, Any]) -> bool:
    """Whether a reply used fewer tokens than its request allowed."""
    given = (asked.get(name) for name in ("max_tokens", "max_completion_tokens"))
    limits = [limit for limit in given if isinstance(limit, int)]
    if not limits:
        return False
    written = usage_of(reply, asked)[1]
    return written is not None and written < min(limits)


def first_token(reply: Any) -> dict[str, float] | None:
    """Probabilities of the candidates for a reply's first token; None if the server gave none."""
    try:
        candidates = list(reply.choices[0].logprobs.content[0].top_logprobs)
    except (AttributeError, IndexError, TypeError):
        return None
    probabilities: dict[str, float] = {}
    for candidate in candidates:
        token, logprob = _field(candidate, "token"), _field(candidate, "logprob")
        # The comparison also excludes NaN. The small margin allows for rounding.
        if isinstance(token, str) and isinstance(logprob, int | float) and logprob < 0.1:
            letter = token.strip()
            probabilities[letter] = probabilities.get(letter, 0.0) + math.exp(logprob)
    return probabilities or None


def usage_of(reply: object, asked: Mapping[str, Any] | None = None) -> list[int | None]:
    """``[tokens in, tokens out]`` of a reply; None for a count that is missing or implausible.

    ``asked`` is the body of the request, if it is known. None in place of a reply means that a
    filter refused the request, which used nothing.

    Tokens out include thinking. If the total is larger than both parts, the difference counts as
    thinking; so do reasoning tokens beyond those of the completion. A count is implausible if it is
    not a positive whole number, if no model can reach it, or if the text and the thinking would
    need far more tokens.
    """
    if reply is None:
        return [0, 0]
    usage = _field(reply, "usage")
    if usage is None:
        return [None, None]
    used = _count(usage, "prompt_tokens", "input_tokens", "promptTokenCount")
    written, total = _tokens_out(usage), _count(usage, "total_tokens", "totalTokenCount")
    length = _reply_length(reply)
    if used and total and total > used + (written or 0):
        written = total - used
    elif used and total == used and written is None:
        written = 0
    if not written or written * LONGEST_TOKEN < length or written > MOST_TOKENS:
        written = 0 if written == 0 and used and not length else None
    if not used or used * LONGEST_TOKEN < _prompt_length(asked or {}) or used > MOST_TOKENS:
        used = None
    return [used, written]


def _tokens_out(usage: object) -> int | None:
    """Tokens of the completion and of the thinking, by the counts of the parts."""
    written = _count(usage, "completion_tokens", "output_tokens", "candidatesTokenCount")
    thought = [0]
    for name in ("completion_tokens_details", "output_tokens_details"):
        thought.append(_count(_field(usage, name), "reasoning_tokens", "thinking_tokens") or 0)
    thought.append(_count(usage, "reasoning_tokens", "thinking_tokens", "thoughtsTokenCount") or 0)
    return written if written is None or max(thought) <= written else written + max(thought)


def _reply_length(reply: object) -> int:
    """Characters of a reply's text and of the thinking that the server sent with it."""
    choices = _field(reply, "choices")
    message = _field(choices[0], "message") if isinstance(choices, list) and choices else None
    # Some servers send the same thinking under two names, so the longest counts.
    names = ("reasoning_content", "reasoning", "thinking", "reasoning_details")
    thought = max(_text_length(_field(message, name)) for name in names)
    content = _field(message, "content")
    parts = _text_length(content) if isinstance(content, list) else 0
    return max(len(read_completion(reply)["text"] or ""), parts) + thought


def _text_length(value: object) -> int:
    """Characters of a text and of the texts in its parts; encrypted thinking does not count."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, list):
        return sum(map(_text_length, value))
    names = ("text", "thinking", "content", "summary", "reasoning")
    return sum(_text_length(_field(value, name)) for name in names) if value else 0


def _prompt_length(asked: Mapping[str, Any]) -> int:
    """Characters of a request's prompt or messages."""
    texts = [text_of(_field(message, "content")) for message in asked.get("messages") or ()]
    return sum(map(len, [*texts, text_of(asked.get("prompt"))]))


def _count(usage: object, *names: str) -> int | None:
    """The first of these fields that holds a number of zero or more, as a whole number."""
    for name in names:
        value = _field(usage, name)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0:
            return int(value) if value < float("inf") else None
    return None
