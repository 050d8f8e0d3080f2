"""Find the scores that a judge gives to two answers, and which of them is higher.

A number next to a name is a score only where the text says so: by a word ("Score: A 8, B 9"), by a
scale ("8/10"), or by having nothing else. Other numbers may count anything (errors, words,
omissions), so numbers under an unknown heading decide nothing.
"""

import re
from typing import Any

from helpers.evaluation.verdict_parser.answer_names import NAME, label_of

# The words for a score in the judges' languages.
SCORE = r"(?:score|rating|grade|points?|skor|nilai|점수|평점|poin)"
_NUMBER = r"(\d+(?:\.\d+)?)"
_FIRST_LINE = re.compile(
    rf"(?:{SCORE}s?)?[^\w\n]*{_NUMBER}(?:/(\d+))?(?:\s*(?:[,;-]|and|vs\.?)\s*|\s+)"
    rf"{_NUMBER}(?:/(\d+))?\W*",
    re.I,
)
_NAMED = re.compile(
    rf"{NAME}(?:['’]s\b)?\s*(?:[:=|(–—-]|은|는|gets|got|scores?|scored|receives?|earns?"
    rf"|mendapat\w*|\s)*(?:{SCORE}\s*(?:of|is|[:=])?\s*)?"
    rf"(?<![\d.–-]){_NUMBER}(?:\s*(?:/|out of|of|dari)\s*(\d+))?"
    r"(?:\s*(?:points?|pts?|stars?|poin|bintang|점))?"
    r"(?=\s*(?:$|[.,;|)\]–—]|and\b|dan\b|while\b|\((?!\s*(?:errors?|mistakes?|words?))|-\s))",
    re.I,
)
# Other things that are counted, of which fewer are better, or neither more nor fewer.
_COUNTED = re.compile(
    r"error|mistake|words?\b|character|length|token|missing|penalt|deduct|fault|issue|rank|place|typo"
    r"|\bbugs?\b|hallucinat|omission|violation|wrong|fewer|lower is|number of|count"
    r"|flaw|salah|kata\b|오류|실수|단어|글자|감점|순위|틀린|오답|문제",
    re.I,
)
# Numbers under these headings are scores. Under any other heading they may count anything.
_OF_ALL = re.compile(
    rf"{SCORE}s?|overall|total|quality|evaluations?|assessments?|final|verdict|comparison"
    r"|keseluruhan|penilaian|평가|종합|총점|총평|최종",
    re.I,
)
_SAYS_SCORE = re.compile(rf"{SCORE}|\boverall\b|\btotal\b|\bquality\b|keseluruhan|종합|총점", re.I)
_PLAIN = re.compile(
    rf"{SCORE}s?|overall|total|final|quality|my|the|here|are|is|of|for|and|each|both|answers?"
    r"|responses?|evaluation|keseluruhan|akhir|종합|총점|총평|최종|평가|[^\W\d_]?",
    re.I,
)
_KEY = re.compile(rf"(?:overall|total|final)?[\W_]*(?:{SCORE}s?|overall|total|final|quality)", re.I)
_IN_KEY = re.compile(rf"[\W_]*{SCORE}s?(?:[\W_]+(?:of|for))?[\W_]*", re.I)


def higher(first: float, second: float) -> str:
    """The answer with the higher score: ``"A"``, ``"B"`` or ``"tie"``."""
    return "tie" if first == second else "A" if first > second else "B"


def by_first_line(line: str) -> str | None:
    """The verdict of a line with two scores and nothing else, the first answer's first: "8 9"."""
    found = _FIRST_LINE.fullmatch(line)
    if not found or found[2] != found[4]:
        return None
    return higher(float(found[1]), float(found[3]))


def by_named_scores(lines: list[str]) -> str | None:
    """The verdict of scores next to the names of their answers, one score for each answer.

    ``lines`` have names in the form of ``answer_names.named``. None where an answer has no score or
    several, where the scales differ, or where the numbers may count something else.
    """
    scores: dict[str, set[float]] = {"A": set(), "B": set()}
    scales: set[str | None] = set()
    heading, others = "", []
    for line in lines:
        found = list(_NAMED.finditer(line))
        for match in found:
            scores[match[1]].add(float(match[2]))
            scales.add(match[3])
        rest = _NAMED.sub("", line) if found else line
        others += [rest] if re.search(r"\w", rest) else []
        heading = heading if any(scores.values()) else line
    if any(len(values) != 1 for values in scores.values()) or len(scales) != 1:
        return None
    scale, first, second = scales.pop(), scores["A"].pop(), scores["B"].pop()
    if not _are_scores(lines, heading, others, scale):
        return None
    # Larger numbers are scores only where the text says so. Else they may be answers of the task.
    most = float(scale or (100 if _SAYS_SCORE.search("\n".join(lines)) else 10))
    return higher(first, second) if max(first, second) <= most else None


def _are_scores(lines: list[str], heading: str, others: list[str], scale: str | None) -> bool:
    """Whether numbers next to names are scores, by their heading, their scale, and other words."""
    with_numbers = [line for line in lines if _NAMED.search(line)]
    before = _NAMED.split(with_numbers[0])[0]
    above = before if re.search(r"\w", before) else heading
    if _COUNTED.search(above) or any(_COUNTED.search(re.split(NAME, x)[0]) for x in with_numbers):
        return False
    is_heading = len(above.split()) <= 4 and not re.search(r"[.!?]\W*$", above)
    if scale:
        return not (is_heading and re.search(r"\w", above)) or bool(_OF_ALL.search(above))
    if is_heading and not all(map(_PLAIN.fullmatch, re.findall(r"[^\W\d_]+", above))):
        return False  # "Toxicity score"
    if _SAYS_SCORE.search(above) or any(re.search(SCORE, x, re.I) for x in with_numbers):
        notes = [line for line in lines if line not in with_numbers and line != heading]
        return not any(_COUNTED.search(note) for note in notes if len(note.split()) < 5)
    return not others


def by_fields(found: dict[str, Any]) -> str | None:
    """The verdict of scores in an object, such as ``{"A": 7, "B": 9}`` or ``{"score_a": 7, …}``.

    They may be one level down, under a key such as ``"scores"``, or each in its own object.
    """
    for key, value in found.items():
        if isinstance(value, dict) and is_of_all(key):
            return by_fields(value)
    scores: dict[str | None, float] = {}
    scales: dict[str | None, str | None] = {}
    for key, value in found.items():
        value = value.get("score", value.get("rating")) if isinstance(value, dict) else value
        number = (
            None if isinstance(value, bool) else re.fullmatch(r"([\d.]+)(?:/(\d+))?", f"{value}")
        )
        if number and number[1].count(".") < 2 and number[1] != ".":
            name = label_of(_IN_KEY.sub("", key))
            scores[name], scales[name] = float(number[1]), number[2]
        elif isinstance(value, str) and len(value.split()) < 4 and _COUNTED.search(value):
            return None
    if not {"A", "B"} <= set(scores) or scales["A"] != scales["B"]:
        return None
    return higher(scores["A"], scores["B"])


def is_of_all(key: str) -> bool:
    """Whether a key is about the answers as a whole: ``"scores"``, ``"overall"``."""
    return bool(_KEY.fullmatch(key))


def counts_something_else(words: str) -> bool:
    """Whether a text mentions errors, words, ranks and the like, whose numbers are no scores."""
    return bool(_COUNTED.search(words))
