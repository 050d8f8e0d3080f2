"""Read the grade that a judge's text gives to one answer, on the scale from 1 to 5.

Many numbers in such a text are not the grade: the scale itself ("4 out of 5"), a grade on another
scale ("8/10"), a grade that is not given ("not a 5"), a count ("2 errors").
"""

import re
from typing import Any

from helpers.data.reply_parsing.thinking import without_thinking
from helpers.evaluation.verdict_parser.answer_names import without_emphasis
from helpers.evaluation.verdict_parser.answer_scores import SCORE, counts_something_else
from helpers.evaluation.verdict_parser.json_fields import json_objects, shortened

HIGHEST = 5
_NAME = rf"(?:{SCORE}|step|marks?|등급|별점)"

# --- fields ---------------------------------------------------------------------------------------

_FIELD = re.compile(rf"{_NAME}|overall", re.I)
_OF_ALL = re.compile(rf"(?:overall|final|total|my)?{_NAME}?", re.I)
_LIMIT = re.compile(r"max|min|scale|outof|possible|range|highest|lowest|만점", re.I)


def _by_fields(found: dict[str, Any]) -> tuple[bool, str]:
    """``(has_one, grade)`` of an object: the overall grade, else the only one; "" in doubt."""
    fields = {
        re.sub(r"[\W_]", "", key): value
        for key, value in found.items()
        if _FIELD.search(key) and not isinstance(value, bool | dict)
    }
    limits = {str(value) for key, value in fields.items() if _LIMIT.search(key)}
    fields = {key: str(value) for key, value in fields.items() if not _LIMIT.search(key)}
    if any(limit.isdigit() and limit not in ("0", "1", str(HIGHEST)) for limit in limits):
        return True, ""
    whole = [value for key, value in fields.items() if _OF_ALL.fullmatch(key)]
    total = [value for key, value in fields.items() if re.match("overall|final|total", key, re.I)]
    values = total[-1:] or whole[-1:] or list(fields.values())
    return bool(values), values[0] if len(set(values)) == 1 else ""


# --- one notation ---------------------------------------------------------------------------------

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
_WORD_AFTER_NAME = re.compile(
    rf"(\b{SCORE}\W{{0,4}}(?:(?:is|of|adalah)\s+(?:an? )?)?)({'|'.join(_STEPS)})\b", re.I
)
_POINTS = r"(?:\s*(?:stars?|points?|poin|Punkten?|bintang|점|단계))?"
# A long row of digits is not a grade. Possessive quantifiers keep the search linear in its length.
_DIGITS = r"(?<!\d)(\d{1,30}+)(?!\d)"
_NUMBER = r"(?<!\d)(\d{1,30}+(?:[.,]\d{1,30}+)?)(?!\d)"
_TO = r"\s*+(?:to|through|sampai|hingga|[-–~])\s*+"
_SCALE = re.compile(  # "on a scale of 1 to 5", "skala 1-5", "(1-5)", "1점에서 5점 사이에서"
    r"(?:\b(?:on|in|from|pada|dengan|dari)\s+)?(?:an? |the )?\b(?:scale|range|skala|rentang)\W*"
    rf"(?:(?:of|from|dari)\s*+)?\d{{1,30}}+{_TO}{_DIGITS}\)?"
    rf"|\b[01]{_TO}{_DIGITS}\s*+(?:scale|range|skala)|\(\s*+[01]{_TO}{_DIGITS}\s*+\)"
    rf"|1\s*+점?\s*+(?:에서|부터|[-–~])\s*+{_DIGITS}\s*+점?\s*+(?:까지|사이|척도|중|만점)\S*",
    re.I,
)
_FRACTIONS = [  # "5점 만점에 4점", "4점 (5점 만점)", "4 out of 5 stars", "80 %"
    (
        re.compile(
            rf"{_DIGITS}\s*+점?\s*+만점(?:에서|에|중에서|중|기준)?\W{{0,3}}{_NUMBER}(?:\s*+점)?"
        ),
        r"\2/\1",
    ),
    (
        re.compile(
            rf"{_NUMBER}{_POINTS}\s*+(?:/|\(|(?:out of|of|from|dari|von|on an? scale of)\b)\s*+"
            r"(?:\(|a |the |max(?:imum)? |possible |skala |of |total |maksimal )*"
            rf"{_DIGITS}{_POINTS}(?:\s*만점)?(?![.,]?\d)",
            re.I,
        ),
        r"\1/\2",
    ),
    (re.compile(rf"{_NUMBER}\s*+(?:%|percent\b|persen\b|퍼센트)", re.I), r"\1/100"),
]
_NOT_GIVEN = re.compile(  # "not a 5", "rather than 5", "between 3 and 4", "5점이 아니라"
    r"(?:\b(?:not|bukan|(?:rather )?than|daripada|instead of|short of|below|above|at least|at most)"
    r"|n['’]t)\s+(?:quite |really )?(?:an? |the )?[1-5](?![\d.,/]\d)"
    r"|(?<![\d.,/])[1-5]\s*+점?\s*+(?:[–~-]|\b(?:to|or|and|atau|dan|sampai)\b|에서|이나)"
    r"\s*[1-5](?:점|\b)(?!/)"
    r"|[1-5]\s*+점?(?:이|은|는)?\s*+아[니닙닌]",
    re.I,
)


def _uniform(text: str) -> str:
    """A text with grades as digits, with their scale as fractions, without grades not given."""
    text = _WORD.sub(lambda m: _STEPS[re.sub(r"\W", "", m[0]).lower()], without_emphasis(text))
    text = _WORD_AFTER_NAME.sub(lambda m: m[1] + _STEPS[m[2].lower()], text)
    text = re.sub(r"</\w+>", "\n", text)  # <score>4</score>
    text = re.sub(r"[★⭐]{1,5}(?=☆|\s|$)", lambda stars: str(len(stars[0])), text)
    text = _SCALE.sub("", text)
    for pattern, fraction in _FRACTIONS:
        text = pattern.sub(fraction, text)
    return _NOT_GIVEN.sub("", text)


# --- the place of a grade -------------------------------------------------------------------------

_OF_CRITERION, _ENDS, _BEGINS, _WITH_SCALE, _MARKED, _IN_TOTAL = range(1, 7)
_NEAR = 300  # characters around a number that are read; more would take too long
_MOST = 100  # numbers of one line that are read; a judge that writes more repeats itself
_GRADE = re.compile(rf"(?<![\d.,/-]){_NUMBER}(?:/{_DIGITS})?{_POINTS}(?![\d+])")
_HEAD = re.compile(
    rf"(?:\[\[|\{{|(?:{_NAME}\w*|\[result\]|^\W*(?:result|hasil))\W{{0,6}}"
    r"(?:(?:is|of|was|adalah)\b|은|는)?\W{0,4}(?:an? )?)$",
    re.I,
)
_TOTAL = re.compile(
    r"(?:\b(?:overall|final|total|akhir|keseluruhan)\b|최종|종합|총)\W*(?:\w+\W+){0,2}\w*$", re.I
)
# A number that is followed by this is not a grade: "3 errors", "a 5 would need more", "1 + 1".
_GOES_ON = re.compile(
    r"\s*[?+*×=<>]|\s*(?!(?:because|since|as|for|and|but|with|due|stars?|points?|karena|sebab|right|mostly|wrong"
    r"|answers)\b)[^\W\d_]{2,}"
)
_KOREAN_END = (
    r"(?:입니다|이다|이에요|예요|임|단계"
    r"|(?:을|으로)\s*(?:하겠|하였|합|주|줍|줬|드|매|평가|부여)\S*)"
)
# "Style: 3/5", "Style score: 3": the heading of one criterion.
_CRITERION = re.compile(
    rf"^\W*(?!(?:the|my|a|final|overall|total|assigned|given|its|this|your)\b)"
    rf"(?!{_NAME}\w*\W*$)[^\W\d][\w &/-]*"
    rf"(?: {SCORE}s?\W*|[:：]\W*)$",
    re.I,
)
# A number at the end of a sentence is a grade where the judge says that it gives one.
_GIVES = re.compile(
    rf"\b(?:I|we|I['’](?:d|ll)|would|saya)\b[^,;]*\b(?:give|gave|assign|award|say|settle|beri)"
    rf"|\b(?:giving|deserve|earn|merit|rate|worth)|{_NAME}|\b(?:beri|memberi)"
    r"|\b(?:it|this|that)(?: is|['’]s|gets|(?: would| should)? get) an? $"
    r"|(?:\bit(?: is|['’]s| gets| got) an?|\bthis is an?|^an?) "
    r"(?:solid |strong |clear |good |fair |weak |generous |low |high )?$"
    r"|^\W*(?:(?:no|yes|so|therefore|hence|thus|well|jadi|maka)\W*)?$|따라서|그래서",
    re.I,
)
_COVERS = re.compile(
    r"\b(?:covers?|meets?|satisf\w+|includes?|address\w*|fulfil\w*|answers|lists?|names?"
    r"|contains?|mentions?|solves?|has|have|needs?)\W+(?:\w+\W+){0,2}$",
    re.I,
)
_ANSWERED = re.compile(
    r"(?:answer|result|sum|value|jawaban\w*|정답)\W*"
    r"(?:is|was|adalah|은|(?:should|must|would) be)\W*$"
    r"|\w\s*=\s*$",
    re.I,
)


def parse_grade(text: str | None, *, cut: bool = False) -> int | None:
    """The grade in a judge's text, 1 to 5, or None.

    Looked for in this order: a field (``{"grade": 4}``), a marked grade ("Overall: 4", then
    ``[[4]]`` or "Grade: 4"), a grade with its scale ("4 out of 5"), a line that begins with a
    grade, a line that ends in one. The last of several counts. A grade on another scale ("8/10")
    does not count, because the judge did not say what it would be on this scale. In a text that was
    ``cut`` by the length limit, only a field, a marked grade, or a first line that begins with a
    grade counts. In a very long text only the first line and the end are read.
    """
    answer = shortened(without_thinking(str(text or "")))
    fields = [_by_fields(found) for found in json_objects(answer)]
    grades = [grade for has_one, grade in fields if has_one]
    return _grade_in(grades[-1], False) if grades else _grade_in(answer, cut)


def _grade_in(text: str, cut: bool) -> int | None:
    scales = {next(filter(None, match.groups())) for match in _SCALE.finditer(text)}
    if scales - {str(HIGHEST)}:
        return None
    lines = [line for line in _uniform(text).splitlines() if line.strip()]
    listed = sum(_is_list_item(line) for line in lines) > 1
    best = 0
    chosen: list[re.Match] = []
    for at, line in enumerate(lines):
        if listed and _is_list_item(line):
            continue
        for match in list(_GRADE.finditer(line))[-_MOST:]:
            place = _place(line, match)
            counts = not cut or place >= _MARKED or (place == _BEGINS and at == 0 < len(lines) - 1)
            if place and counts and place >= best:
                chosen = chosen if place == best else []
                chosen.append(match)
                best = place
    grades = [_as_grade(match) for match in chosen]
    if best == _OF_CRITERION and len(set(grades)) > 1:
        return None
    return grades[-1] if grades else None


def _is_list_item(line: str) -> bool:
    return re.match(r"\W*\d\s*[.):：=–—-]\s*[^\W\d]", line) is not None


def _place(line: str, match: re.Match) -> int:
    """How clearly a number of a line is a grade, from 1 to 6; 0 where it is not a grade."""
    begin = max(0, match.start() - _NEAR)
    before, after = line[begin : match.start()], line[match.end() : match.end() + _NEAR]
    before = f"x, {before}" if begin else before
    ends = re.fullmatch(rf"[\W_]*{_KOREAN_END}?[\W_]*", after)
    if (_GOES_ON.match(after) and not ends) or _ANSWERED.search(before):
        return 0
    said = "" if re.search("점|단계", match[0]) else re.split(r"[.;]", before)[-1]
    if counts_something_else(said + after[:15].split(".")[0]) or _COVERS.search(said):
        return 0
    if _TOTAL.search(before):
        return _IN_TOTAL
    if match[2] and re.match(r"\s*(?:right|correct|wrong)\b", after, re.I):
        return 0  # "3 of 5 right"
    if _CRITERION.search(before) and (match[2] or _HEAD.search(before)):
        return _OF_CRITERION
    if _HEAD.search(before):
        return _MARKED
    if match[2]:
        return _WITH_SCALE
    if re.fullmatch(r"[\W_]*(?:(?:step|langkah|단계)\W*)?", before, re.I):
        return _BEGINS
    given = _GIVES.search(re.split(r"[.;?!]", before)[-1]) or re.search("점|단계", match[0])
    return _ENDS if ends and given else 0


def _as_grade(match: re.Match) -> int | None:
    """The grade that a number gives; None on another scale."""
    value, scale = float(match[1].replace(",", ".")), match[2] or str(HIGHEST)
    fits = scale == str(HIGHEST) and value in range(1, HIGHEST + 1)
    return int(value) if fits else None
