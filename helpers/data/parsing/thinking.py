"""Cutting out what a model thought before it answered, such as a ``<think>`` block."""

import re

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
