"""The grade that a judge's text gives to one answer, on the scale of 1 to 5.

On the ground floor, under :mod:`helpers.rubrics`, which has the scale. Many numbers in such a text
are no grade of ours: the scale itself ("4 out of 5"), a grade on another scale ("8/10"), a grade
that is not given ("not a 5"), a count ("2 errors").
"""

import re

from helpers.answer_names import without_emphasis
from helpers.answer_scores import counts_something_else
from helpers.replies import without_thinking
from helpers.verdicts import json_objects

HIGHEST = 5
_FIELDS = ("grade", "score", "rating", "step", "mark", "overall", "nilai", "skor", "점수", "등급")

# --- one way of writing ---------------------------------------------------------------------------

_STEPS = {
    word: str(step)
    for words in ("one two three four five", "satu dua tiga empat lima")
    for step, word in enumerate(words.split(), 1)
}
_WORD = re.compile(
    rf"(?:\A\W*|\b)({'|'.join(_STEPS)})\b(?=\s*(?:/|out of|of|dari)\s*(?:five|lima|5)\b"
    r"|\s+(?:stars?|points?)\b)|\A\W*(one|two|three|four|five)(?=\W*\Z)"
    r"|(?<=of )(five)\b|(?<=dari )(lima)\b",
    re.I,
)
_POINTS = r"(?:\s*(?:stars?|points?|poin|bintang|점|단계))?"
_NUMBER = r"(\d+(?:[.,]\d+)?)"
_TO = r"\s*(?:to|through|sampai|hingga|[-–~])\s*"
_SCALE = re.compile(  # "on a scale of 1 to 5", "skala 1-5", "(1-5)", "1점에서 5점 사이에서"
    r"(?:\b(?:on|in|from|pada|dengan|dari)\s+)?(?:an? |the )?\b(?:scale|range|skala|rentang)\W*"
    rf"(?:(?:of|from|dari)\s*)?\d+{_TO}(\d+)\)?"
    rf"|\b[01]{_TO}(\d+)\s*(?:scale|range|skala)|\(\s*[01]{_TO}(\d+)\s*\)"
    rf"|1\s*점?\s*(?:에서|부터|[-–~])\s*(\d+)\s*점?\s*(?:까지|사이|척도|중|만점)\S*",
    re.I,
)
_FRACTIONS = [  # "5점 만점에 4점", "4점 (5점 만점)", "4 out of 5 stars", "80 %"
    (
        re.compile(rf"(\d+)\s*점?\s*만점(?:에서|에|중에서|중|기준)?\W{{0,3}}{_NUMBER}\s*점?"),
        r"\2/\1",
    ),
    (
        re.compile(
            rf"{_NUMBER}{_POINTS}\s*(?:/|\(|(?:out of|of|from|dari)\b)\s*"
            r"(?:\(|a |the |maximum |skala |of |total |maksimal )*"
            rf"(\d+){_POINTS}(?:\s*만점)?(?![.,]?\d)",
            re.I,
        ),
        r"\1/\2",
    ),
    (re.compile(rf"{_NUMBER}\s*(?:%|percent\b|persen\b|퍼센트)", re.I), r"\1/100"),
]
_NOT_GIVEN = re.compile(  # "not a 5", "rather than 5", "between 3 and 4", "5점이 아니라"
    r"(?:\b(?:not|bukan|(?:rather )?than|daripada|instead of|short of|below|above|at least|at most)"
    r"|n['’]t)\s+(?:quite |really )?(?:an? |the )?[1-5](?![\d.,/]\d)"
    r"|(?<![\d.,/])[1-5]\s*점?\s*(?:[–~-]|\b(?:to|or|and|atau|dan|sampai)\b|에서|이나)"
    r"\s*[1-5](?:점|\b)(?!/)"
    r"|[1-5]\s*점?(?:이|은|는)?\s*아[니닙닌]",
    re.I,
)


def _uniform(text: str) -> str:
    """A text whose grades are digits, those with a scale fractions; without what is not given."""
    text = _WORD.sub(lambda m: _STEPS[re.sub(r"\W", "", m[0]).lower()], without_emphasis(text))
    text = re.sub(r"[★⭐]{1,5}(?=☆|\s|$)", lambda stars: str(len(stars[0])), text)
    text = _SCALE.sub("", text)
    for pattern, fraction in _FRACTIONS:
        text = pattern.sub(fraction, text)
    return _NOT_GIVEN.sub("", text)


# --- where a grade stands -------------------------------------------------------------------------

_ENDS, _BEGINS, _WITH_SCALE, _MARKED, _IN_TOTAL = range(1, 6)
_GRADE = re.compile(rf"(?<![\d.,/-]){_NUMBER}(?:/(\d+))?{_POINTS}(?![\d+])")
_HEAD = re.compile(
    r"(?:\[\[|\{|(?:grade|score|rating|mark|result\]?|nilai\w*|skor\w*|hasil|점수|평점|등급|별점)\W{0,6}"
    r"(?:(?:is|of|was|adalah)\b|은|는)?\W{0,4}(?:an? )?)$",
    re.I,
)
_TOTAL = re.compile(
    r"(?:\b(?:overall|final|total|akhir|keseluruhan)\b|최종|종합|총)\W*(?:\w+\W+){0,2}\w*$", re.I
)
# What follows makes it another number: "3 errors", "a 5 would need more", "1 + 1", "5?".
_GOES_ON = re.compile(
    r"\s*[?+*×=<>]|\s*(?!(?:because|since|as|for|and|but|with|due|stars?|points?|karena|sebab|right|mostly|wrong"
    r"|answers)\b)[^\W\d_]{2,}"
)
_KOREAN_END = r"(?:입니다|이다|이에요|예요|임|단계|을 줍니다|을 주)"
_ANSWERED = re.compile(
    r"(?:answer|result|sum|jawaban\w*|정답)\W*(?:is|was|adalah|은)\W*$|\d\s*=\s*$", re.I
)


def parse_grade(text: str | None, *, cut: bool = False) -> int | None:
    """The step of the scale that a judge's text names, 1 to 5, or None.

    Looked for in this order: a field (``{"grade": 4}``), a marked grade ("Overall: 4", then
    ``[[4]]`` or "Grade: 4"), one with its scale ("4 out of 5"), a line that begins with one, a line
    that ends in one; of several the last counts. A grade on another scale ("8/10") is none: what it
    would be on ours the judge did not say. Of a text that was ``cut`` (by the length limit) only a
    field, a marked grade, or a first line that begins with one counts.
    """
    answer = without_thinking(str(text or ""))
    fields = [
        value
        for found in json_objects(answer)
        for key, value in found.items()
        if any(word in key.lower() for word in _FIELDS) and not isinstance(value, bool | dict)
    ]
    return _grade_in(str(fields[-1]), False) if fields else _grade_in(answer, cut)


def _grade_in(text: str, cut: bool) -> int | None:
    scales = {next(filter(None, match.groups())) for match in _SCALE.finditer(text)}
    if scales - {str(HIGHEST)}:
        return None
    lines = [line for line in _uniform(text).splitlines() if line.strip()]
    listed = sum(_is_list_item(line) for line in lines) > 1
    best, chosen = 0, None
    for at, line in enumerate(lines):
        for match in _GRADE.finditer(line):
            place = 0 if listed and _is_list_item(line) else _place(line, match)
            counts = not cut or place >= _MARKED or (place == _BEGINS and at == 0 < len(lines) - 1)
            if place and counts and place >= best:
                best, chosen = place, match
    return _on_our_scale(chosen) if chosen else None


def _is_list_item(line: str) -> bool:
    return re.match(r"\W*\d[.)]\s+\w", line) is not None


def _place(line: str, match: re.Match) -> int:
    """How plainly a number of a line stands as a grade; 0 where it is none."""
    before, after = line[: match.start()], line[match.end() :]
    ends = re.fullmatch(rf"[\W_]*{_KOREAN_END}?[\W_]*", after)
    if (_GOES_ON.match(after) and not ends) or _ANSWERED.search(before):
        return 0
    if counts_something_else(re.split(r"[.;]", before)[-1] + after[:15].split(".")[0]):
        return 0
    if _TOTAL.search(before):
        return _IN_TOTAL
    if _HEAD.search(before):
        return _MARKED
    if match[2]:
        return _WITH_SCALE
    if re.fullmatch(r"[\W_]*(?:(?:step|langkah|단계)\W*)?", before, re.I):
        return _BEGINS
    return _ENDS if ends else 0


def _on_our_scale(match: re.Match) -> int | None:
    value, scale = float(match[1].replace(",", ".")), match[2] or str(HIGHEST)
    fits = scale == str(HIGHEST) and value in range(1, HIGHEST + 1)
    return int(value) if fits else None
