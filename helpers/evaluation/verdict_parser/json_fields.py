"""Find JSON objects in a judge's text, and the verdict in their fields.

A field such as ``"winner"`` is a verdict. A field such as ``"answer"`` may be the task's answer
instead, so it is *weak*: it counts only where nothing else in the text gives a verdict. Objects for
one criterion each (``"style"``, ``"facts"``) give a verdict only where they agree.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from helpers.evaluation.verdict_parser.answer_names import NAME, label_of, named
from helpers.evaluation.verdict_parser.answer_scores import by_fields, is_of_all
from helpers.evaluation.verdict_parser.comparisons import last_verdict, statements
from helpers.files.bounded_json import find_too_deep

LONGEST = 20_000  # characters of a reply that are read; real ones have a tenth of that at most
_NOUN = "(?:answer|response|model|assistant|option|output|candidate|id|label)?"
_KEY = re.compile(
    r"(?:final|overall|my)?(?:verdict|winner|preferred|preference|prefer|better|best|choice|chosen"
    r"|decision|judge?ment|selected|selection|winning|pick|vote|putusan|keputusan|pemenang|pilihan"
    rf"|판정|승자|선택){_NOUN}"
)
_WEAK_KEY = re.compile(rf"(?:final|overall|my)?(?:result|answer|conclusion|결론){_NOUN}")
_CRITERION = re.compile(r"criteri\w*|aspects?|dimensions?|category|metric|기준|항목|aspek|kriteria")
_WRAPPER = re.compile(r"respon|result|output|evaluat|judg|answer|json|data|decision|compar", re.I)
_MENTIONS = re.compile(rf"{NAME}|\bboth\b|\beach\b|\breference\b", re.I)


def shortened(text: str) -> str:
    """A judge's reply; if it is longer than :data:`LONGEST`, its first line and its end.

    A verdict is at the end or is the first line. A first line above 200 characters is left out.
    """
    if len(text) <= LONGEST:
        return text
    first, newline, _ = text[:200].partition("\n")
    return f"{first if newline else ''}\n…\n{text[-LONGEST:]}"


def json_objects(text: str) -> Iterator[dict[str, Any]]:
    """The JSON objects in a text, between any other words; objects inside them are not repeated."""
    for found, _, _ in _placed(text):
        yield found


def _placed(text: str) -> Iterator[tuple[dict[str, Any], int, int]]:
    """JSON objects with their first and last position.

    An object with too many levels is skipped, and the search goes on inside it.
    """
    decoder, at = json.JSONDecoder(strict=False), text.find("{")
    while at >= 0:
        begin = at
        deep = find_too_deep(text, begin)
        if deep is not None:
            at = text.find("{", deep)
            continue
        try:
            found, at = decoder.raw_decode(text, at)
            yield found, begin, at
        except ValueError:
            at += 1
        at = text.find("{", at)


def by_objects(text: str, *, weak: bool = False) -> tuple[bool, str | None]:
    """``(found, verdict)``: whether an object has a field for a verdict, and the last verdict.

    With ``weak`` the fields are those such as ``"answer"``, else those such as ``"winner"``.
    """
    verdicts: list[str | None] = []
    criteria: list[str | None] = []
    last = 0
    for found, begin, end in _placed(text):
        before, last = text[last:begin], end
        if not _is_quoted(before):
            of_one = any(_CRITERION.fullmatch(key.lower()) for key in found)
            (criteria if of_one else verdicts).extend(_of_object(found, weak))
    if verdicts or not criteria:
        return bool(verdicts), verdicts[-1] if verdicts else None
    return True, _agreed(criteria)


def without_objects(text: str) -> str:
    """A text without its JSON objects."""
    kept, last = [], 0
    for _, begin, end in _placed(text):
        kept += [text[last:begin], "…"]
        last = end
    return "".join([*kept, text[last:]])


def _is_quoted(before: str) -> bool:
    """Whether the words before an object say that an answer has it ("A printed {…}")."""
    *above, line = re.sub(r"```\w*", "", before).split("\n")
    if line.strip():
        return bool(_MENTIONS.search(re.split(r"[.!?]\s", named(line))[-1]))
    above = [named(line) for line in above if line.strip()]
    names = set(re.findall(NAME, above[-1])) if above else set()
    return len(names) == 1 and above[-1].rstrip().endswith(":")


def _of_object(found: dict[str, Any], weak: bool) -> list[str | None]:
    """The verdict of an object as a list: empty without a field for one, None if that has none."""
    values = [value for key, value in found.items() if _is_verdict_key(key, weak)]
    values = [value for value in values if not isinstance(value, dict)]
    if values:
        return [_of_value(values[-1])]
    by_score = None if weak else by_fields(found)
    if by_score:
        return [by_score]
    inner = {key: value for key, value in found.items() if isinstance(value, dict)}
    if weak or any(label_of(key) for key in inner):
        return []
    whole = {
        key: value
        for key, value in inner.items()
        if is_of_all(key) or _is_verdict_key(key, weak=False)
    }
    # Numbers under an unknown name may count anything: {"errors": {"A": 3, "B": 0}}.
    inner = {key: value for key, value in inner.items() if not _has_bare_numbers(value)}
    if not whole and len(inner) == 1 and not _WRAPPER.search(next(iter(inner))):
        return []  # {"style": {"winner": "A"}}
    verdicts = [v for value in (whole or inner).values() for v in _of_object(value, weak)]
    return [_agreed(verdicts)] if verdicts else []


def _has_bare_numbers(found: dict[str, Any]) -> bool:
    return any(isinstance(v, int | float) and label_of(key) for key, v in found.items())


def _is_verdict_key(key: str, weak: bool) -> bool:
    plain = re.sub(r"[\W_]", "", key).lower()
    return bool((_WEAK_KEY if weak else _KEY).fullmatch(plain))


def _agreed(verdicts: list[str | None]) -> str | None:
    return verdicts[0] if len(set(verdicts)) == 1 else None


def _of_value(value: object) -> str | None:
    """The verdict of a field's value: a name, a label, a sentence, or the number 1 or 2."""
    value = value[0] if isinstance(value, list) and len(value) == 1 else value
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return label_of(str(value)) or last_verdict(list(statements(named(str(value)))))
