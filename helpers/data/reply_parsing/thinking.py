"""Remove the thinking of a model from its reply, such as a ``<think>`` block."""

import re

# Tags around thinking: <think>, <antThinking>, <seed:think>, <internal_monologue>.
_TAG = (
    r"(?:(?:ant(?:ml:)?|seed:|(?:deep|inner|internal|extended)[_-]?)*think(?:ing)?"
    r"|(?:(?:inner|internal)[_-]?)?(?:thoughts?|monologue|reasoning|reflection|analysis)"
    r"|chain[_-]of[_-]thought|scratch_?pad)"
)
# The opening and the closing mark of each family of models.
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
_MOST_SPACES = 40  # characters before an opening mark, on its line


def without_thinking(text: str) -> str:
    """The answer in a reply, without what the model thought before it.

    A block with both marks is removed. After an opening mark without a closing one, the rest of the
    text is removed too: the reply was cut while the model was thinking. Before a closing mark
    without an opening one, everything is removed: some chat templates put the opening mark into the
    prompt.
    """
    kept: list[str] = []
    place, thinks = 0, False
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

    Within a sentence, "<think>" is a word that the text is about.
    """
    first = max(place, start - _MOST_SPACES)
    before = text[first:start].rstrip(" \t")
    return before.endswith("\n") or (not before and first == place)
