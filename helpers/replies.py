"""What a model's reply says: its text, the thinking before it, why it ended, what it used.

Servers differ in how they send a text (one string, or a list of parts), models in how they mark
what they think before they answer, and providers in the words for "finished" and in what they
count. Everything that reads a reply (task lists, verdicts, grades, bills) starts here.
"""

import math
import re

# Finish reasons of OpenAI, Anthropic, Gemini, Cohere, TGI, Bedrock and others, in lower case.
_WHOLE = {
    "stop", "eos", "eos_token", "end_turn", "stop_sequence", "stop_token",
    "complete", "completed", "finish", "finished", "done",
}  # fmt: skip
_FILTERED = {
    "content_filter", "content_filtered", "content_policy_violation", "safety", "image_safety",
    "sensitive", "recitation", "prohibited_content", "blocklist", "spii", "guardrail_intervened",
    "error_toxic",
}  # fmt: skip

# Tags around thinking: <think>, <antThinking>, <seed:think>, <internal_monologue>.
_TAG = (
    r"(?:(?:ant(?:ml:)?|seed:|(?:deep|inner|internal|extended)[_-]?)*think(?:ing)?"
    r"|(?:(?:inner|internal)[_-]?)?(?:thoughts?|monologue|reasoning|reflection|analysis)"
    r"|chain[_-]of[_-]thought|scratch_?pad)"
)
# How models mark their thinking: an opening and a closing mark, by family.
_MARKS = [
    (rf"<{_TAG}(?:\s[^<>\n]{{0,80}})?>", rf"</{_TAG}\s{{0,4}}>"),
    (r"\[THINK\]", r"\[/THINK\]"),  # Magistral
    (r"<\|begin_of_thought\|>", r"<\|end_of_thought\|>"),  # Sky-T1, Bespoke
    (r"<\|START_THINKING\|>", r"<\|END_THINKING\|>"),  # Command A
    (r"<\|channel\|>(?:analysis|commentary)", r"<\|channel\|>final<\|message\|>"),  # gpt-oss
    (r"◁think▷", r"◁/think▷"),  # Kimi
]  # fmt: skip
_OPEN = "|".join(opening for opening, _ in _MARKS)
_CLOSE = "|".join(closing for _, closing in _MARKS)
_MARK = re.compile(
    rf"(?P<opening>(?:<\|start\|>assistant)?(?:{_OPEN}))"
    rf"|(?<![`'\"“])(?:{_CLOSE})(?!`(?!``)|['\"”])",
    re.I,
)
_MOST_SPACES = 40  # before an opening mark, on its line
_ENUM = re.compile(r"<?(?:\w+\.)+(\w+)(?::[^>\n]*)?>?$")  # also as repr() writes it
_TEXT_PARTS = ("text", "output_text")


def text_of(content: object) -> str:
    """The text of a message's content: a string as it is, or the text parts of a list, joined.

    Parts that hold thinking, tool calls or anything but text are left out. One part that says it
    is text is read outside a list as well. Everything else is an empty text.
    """
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(map(_text_of_part, content))
    return _text_of_part(content) if _field(content, "type") in _TEXT_PARTS else ""


def _text_of_part(part: object) -> str:
    """The text of one part; some servers wrap it once more: ``{"text": {"value": …}}``."""
    if isinstance(part, str):
        return part
    kind = part.get("type", "text") if isinstance(part, dict) else getattr(part, "type", "text")
    text = _field(part, "text") if kind in _TEXT_PARTS else ""
    if not isinstance(text, str):
        text = _field(text, "value")
    return text if isinstance(text, str) else ""


def _field(part: object, name: str) -> object:
    """An attribute or key; replies are objects from the client and dicts in batch files."""
    return part.get(name) if isinstance(part, dict) else getattr(part, name, None)


def without_thinking(text: str) -> str:
    """The part of a reply that is its answer: nothing of what the model thought before it.

    A block that was opened and closed is cut out. One that was never closed takes the rest of the
    text with it, because a reply that was cut while thinking holds no answer. A closing mark alone
    (some chat templates put the opening one into the prompt) takes everything before it.
    """
    kept, place, thinks = [], 0, False
    for mark in _MARK.finditer(text):
        if not mark["opening"]:
            kept = kept if thinks else []
            place, thinks = mark.end(), False
        elif not thinks and _begins_line(text, mark.start(), place):
            kept.append(text[place : mark.start()])
            thinks = True
    return "".join(kept if thinks else [*kept, text[place:]])


def _begins_line(text: str, start: int, place: int) -> bool:
    """Whether only spaces stand before a mark on its line, or between it and ``place``.

    A text that speaks of <think> in a sentence keeps it.
    """
    first = max(place, start - _MOST_SPACES)
    before = text[first:start].rstrip(" \t")
    return before.endswith("\n") or (not before and first == place)


def is_whole(finish: str | None) -> bool:
    """Whether a finish reason says that the reply ended by itself, in any provider's words."""
    return _plain(finish) in _WHOLE


def is_filtered(finish: str | None) -> bool:
    """Whether a finish reason says that a provider's filter ended the reply."""
    return _plain(finish) in _FILTERED


def _plain(finish: object) -> str:
    """A finish reason in lower case, without the name of an enum ("FinishReason.STOP")."""
    word = _ENUM.sub(r"\1", str(finish or "").strip()[:100])
    return word.lower().removeprefix("finish_reason_").replace(" ", "_")


def choice_of(reply: object) -> dict[str, str | None]:
    """``{"text", "finish"}`` of a chat or text completion, whatever its shape.

    ``finish`` is the provider's word, or ``"content_filter"`` for None in place of a reply (a
    filter refused the request), ``"refusal"`` where the model refused, ``"no choice"`` for a reply
    without one. A paid reply must never be lost: what cannot be read has the finish
    ``"unreadable"`` and keeps the reply's own text under ``"raw"``.
    """
    if reply is None:
        return {"text": "", "finish": "content_filter"}
    try:
        return _read_choice(reply)
    except Exception as surprise:  # any shape at all: the reply is paid for
        return {"text": "", "finish": "unreadable", "raw": f"{surprise}: {reply!r}"[:20_000]}


def _read_choice(reply: object) -> dict[str, str | None]:
    choices = _field(reply, "choices")
    if not choices:
        return {"text": "", "finish": "no choice"}
    choice = choices[0]
    message, finish = _field(choice, "message"), _field(choice, "finish_reason")
    refusal = _field(message, "refusal")
    if refusal:
        return {"text": str(refusal), "finish": "refusal"}
    content = _field(choice, "text") if message is None else _field(message, "content")
    return {"text": text_of(content), "finish": None if finish is None else str(finish)}


def first_token(reply: object) -> dict[str, float] | None:
    """Probabilities of what the first token could have been, or None where they are not given."""
    try:
        candidates = reply.choices[0].logprobs.content[0].top_logprobs
        found = {}
        for candidate in candidates:
            if candidate.logprob is not None:
                letter = candidate.token.strip()
                found[letter] = found.get(letter, 0.0) + math.exp(candidate.logprob)
    except (AttributeError, IndexError, TypeError, OverflowError):
        return None
    return found or None


def usage_of(reply: object, asked: dict | None = None) -> list[int | None]:
    """``[tokens in, tokens out]`` of a reply; None for a count that is missing or unbelievable.

    ``asked`` is the body of the request, where it is known; None in place of a reply, which a
    filter refused to give, used nothing.
    Tokens out include the thinking: where the total is larger than both parts, or the reasoning
    tokens are more than the completion's, the rest was thought. A count is unbelievable when it is
    not a positive whole number, or when the text would need far more tokens than it says.
    """
    if reply is None:
        return [0, 0]
    usage = _field(reply, "usage")
    if usage is None:
        return [None, None]
    used = _count(usage, "prompt_tokens", "input_tokens")
    written = _count(usage, "completion_tokens", "output_tokens")
    total = _count(usage, "total_tokens")
    thought = _count(_field(usage, "completion_tokens_details"), "reasoning_tokens") or 0
    if written is not None and thought > written:
        written += thought
    if used and total and total > used + (written or 0):
        written = total - used
    text = choice_of(reply)["text"] or ""
    if not written or written * LONGEST_TOKEN < len(text):
        written = 0 if written == 0 and used and not text else None
    if not used or used * LONGEST_TOKEN < _prompt_length(asked or {}):
        used = None
    return [used, written]


LONGEST_TOKEN = 64  # characters: no vocabulary's tokens are longer on average over a whole text


def _prompt_length(asked: dict) -> int:
    """Characters of a request's prompt or messages."""
    texts = [message["content"] for message in asked.get("messages", ())]
    return sum(map(len, [*texts, asked.get("prompt", "")]))


def _count(usage: object, *names: str) -> int | None:
    """The first of these counts that is a whole number of zero or more."""
    for name in names:
        value = _field(usage, name)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0:
            return int(value) if value < float("inf") else None
    return None
