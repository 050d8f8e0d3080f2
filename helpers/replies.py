"""What a model's reply says: its text, without the thinking before it, and why it ended.

Servers differ in how they send a text (one string, or a list of parts), models in how they mark
what they think before they answer, and providers in the words for "finished". Everything that
reads a reply (task lists, verdicts, grades, answers on disk) starts from these three functions.
"""

import re

_WHOLE = frozenset(
    "stop eos eos_token end_turn stop_sequence stop_token complete completed finished done".split()
)
_FILTERED = frozenset(
    "content_filter content_filtered content_policy_violation safety image_safety sensitive "
    "recitation prohibited_content blocklist spii guardrail_intervened error_toxic".split()
)

# How models mark their thinking: an opening and a closing mark, by family.
_MARKS = [
    (r"<(?:antml:)?(?:seed:)?think(?:ing)?>", r"</(?:antml:)?(?:seed:)?think(?:ing)?>"),
    (r"<(?:reasoning|thoughts?|analysis|reflection|scratchpad)>",
     r"</(?:reasoning|thoughts?|analysis|reflection|scratchpad)>"),
    (r"\[THINK\]", r"\[/THINK\]"),  # Magistral
    (r"<\|begin_of_thought\|>", r"<\|end_of_thought\|>"),  # Sky-T1, Bespoke
    (r"<\|START_THINKING\|>", r"<\|END_THINKING\|>"),  # Command A
    (r"<\|channel\|>(?:analysis|commentary)", r"<\|channel\|>final<\|message\|>"),  # gpt-oss
    (r"◁think▷", r"◁/think▷"),  # Kimi
]  # fmt: skip
_OPEN = "|".join(opening for opening, _ in _MARKS)
_CLOSE = "|".join(closing for _, closing in _MARKS)
# A mark counts where a line begins with it, so that a text which speaks of <think> keeps it.
_OPENING = re.compile(rf"^[ \t]*(?:<\|start\|>assistant)?(?:{_OPEN})", re.M | re.I)
_CLOSING = re.compile(rf"(?<![`'\"“])(?:{_CLOSE})(?![`'\"”])", re.I)


def text_of(content: object) -> str:
    """The text of a message's content: a string as it is, or the text parts of a list, joined.

    Parts that hold thinking, tool calls or anything but text are left out. What is neither a
    string nor such a list is an empty text.
    """
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    texts = []
    for part in content:
        kind = part.get("type", "text") if isinstance(part, dict) else getattr(part, "type", "text")
        text = part if isinstance(part, str) else _field(part, "text")
        if kind in ("text", "output_text") and isinstance(text, str):
            texts.append(text)
    return "".join(texts)


def _field(part: object, name: str) -> object:
    return part.get(name) if isinstance(part, dict) else getattr(part, name, None)


def without_thinking(text: str) -> str:
    """The part of a reply that is its answer: nothing of what the model thought before it.

    A block that was opened and closed is cut out. One that was never closed takes the rest of the
    text with it, because a reply that was cut while thinking holds no answer. A closing mark alone
    (some chat templates put the opening one into the prompt) takes everything before it.
    """
    while True:
        opening = _OPENING.search(text)
        closing = _CLOSING.search(text)
        if closing and (not opening or closing.start() < opening.start()):
            text = text[closing.end() :]
        elif opening:
            closing = _CLOSING.search(text, opening.end())
            text = text[: opening.start()] + (text[closing.end() :] if closing else "")
        else:
            return text


def is_whole(finish: str | None) -> bool:
    """Whether a finish reason says that the reply ended by itself, in any provider's words."""
    return _plain(finish) in _WHOLE


def is_filtered(finish: str | None) -> bool:
    """Whether a finish reason says that a provider's filter ended the reply."""
    return _plain(finish) in _FILTERED


def _plain(finish: str | None) -> str:
    return str(finish or "").strip().lower().removeprefix("finish_reason_").replace(" ", "_")
