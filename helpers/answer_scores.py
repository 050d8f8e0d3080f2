"""Two scores that a judge gave two answers, and which of them is higher.

On the ground floor, under :mod:`helpers.verdicts`. A number beside a name is a score only where it
stands as one: "Answer A: 8/10", not "Answer A: 3 errors", and not the numbers under "Mistakes:".
"""

import re

from helpers.answer_names import NAME, label_of

_WORD = r"(?:score|rating|grade|points?|skor|nilai|점수|평점|poin)"
_NUMBER = r"(\d+(?:\.\d+)?)"
_FIRST_LINE = re.compile(
    rf"(?:{_WORD}s?)?[^\w\n]*{_NUMBER}(?:/(\d+))?(?:\s*(?:[,;-]|and|vs\.?)\s*|\s+)"
    rf"{_NUMBER}(?:/(\d+))?\W*",
    re.I,
)
_NAMED = re.compile(
    rf"{NAME}\s*(?:[:=|(–—-]|은|는|gets|got|scores?|scored|receives?|earns?|mendapat\w*|\s)*"
    rf"(?:{_WORD}\s*(?:of|is|[:=])?\s*)?(?<![\d.–-]){_NUMBER}(?:\s*(?:/|out of|of|dari)\s*(\d+))?"
    r"(?:\s*(?:points?|pts?|stars?|poin|bintang|점))?"
    r"(?=\s*(?:$|[.,;|)\]–—]|and\b|dan\b|while\b|\((?!\s*(?:errors?|mistakes?|words?))|-\s))",
    re.I,
)
# What else is counted: the fewer, the better, or neither.
_COUNTED = re.compile(
    r"error|mistake|words?\b|character|length|token|missing|penalt|deduct|fault|issue|rank|place|typo"
    r"|flaw|salah|kata\b|오류|실수|단어|글자|감점|순위|틀린",
    re.I,
)
_KEY = re.compile(rf"{_WORD}s?", re.I)
_IN_KEY = re.compile(rf"[\W_]*{_WORD}s?(?:[\W_]+(?:of|for))?[\W_]*", re.I)


def higher(first: float, second: float) -> str:
    """``"A"``, ``"B"`` or ``"tie"``: whose score is higher."""
    return "tie" if first == second else "A" if first > second else "B"


def by_first_line(line: str) -> str | None:
    """The verdict of a line that holds two scores and no more, the first answer's first: "8 9"."""
    found = _FIRST_LINE.fullmatch(line)
    if not found or found[2] != found[4]:
        return None
    return higher(float(found[1]), float(found[3]))


def by_named_scores(lines: list[str]) -> str | None:
    """The verdict of scores that stand beside the names of their answers, one score for each.

    ``lines`` have names in the form of :func:`helpers.answer_names.named`. None where an answer has
    no score or several, where the scales differ, or where the numbers count something else.
    """
    scores, scales, heading = {"A": set(), "B": set()}, set(), ""
    for line in lines:
        found = list(_NAMED.finditer(line))
        for match in found:
            if not _COUNTED.search(heading + line[: match.start()]):
                scores[match[1]].add(float(match[2]))
                scales.add(match[3])
        heading = heading if found else line
    if any(len(values) != 1 for values in scores.values()) or len(scales) != 1:
        return None
    first, second = scores["A"].pop(), scores["B"].pop()
    # Larger numbers are scores where the text says so; else they may be what was answered.
    most = float(scales.pop() or (100 if re.search(_WORD, "\n".join(lines), re.I) else 10))
    return higher(first, second) if max(first, second) <= most else None


def by_fields(found: dict) -> str | None:
    """The verdict of scores in an object: ``{"A": 7, "B": 9}``, ``{"score_a": 7, …}`` or the like.

    They may be one level down, under a key such as ``"scores"``, or each in an object of its own.
    """
    for key, value in found.items():
        if isinstance(value, dict) and _KEY.fullmatch(key):
            return by_fields(value)
    scores = {}
    for key, value in found.items():
        value = value.get("score", value.get("rating")) if isinstance(value, dict) else value
        if isinstance(value, int | float) and not isinstance(value, bool):
            scores[label_of(_IN_KEY.sub("", key))] = value
    return higher(scores["A"], scores["B"]) if {"A", "B"} <= set(scores) else None


def counts_something_else(words: str) -> bool:
    """Whether words speak of errors, words, ranks and the like, whose numbers are no scores."""
    return bool(_COUNTED.search(words))
