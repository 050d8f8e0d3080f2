"""What a judge's text decides: ``A``, ``B``, ``tie``, or nothing at all.

On the ground floor: a text in, a verdict out. Judges write as they please, so three kinds of marks
are looked for, the plainest first; within a kind the last line counts whose marks agree::

    marked    [[A]], [[A>B]], "Verdict: B", {"verdict": "tie"}; a first or last line "B"
    scores    a first line of two numbers, or "Assistant 1: 8" and "Assistant 2: 6"
    told      "Answer A is better", "Response 2 performed better", "답변 A가 더 좋습니다"

The first answer may be called A or 1, the second B or 2. A text that names both and decides nothing
is no verdict; to take it for a win is how evaluations lie.
"""

import re

# What comes before the letter, in the languages our judges are asked in.
_NOUN = r"(?:(?:answer|response|assistant|model|option|output|jawaban|respons|답변|응답)\W{0,3})"
_SIDE = r"(A|B|1|2)(?![A-Za-z0-9])"
_TIE = r"tie|draw|seri|imbang|무승부|동점"
_NAMED = rf"(?<![A-Za-z0-9]){_NOUN}?(?:{_SIDE}|({_TIE}))"

# Not "Verdict: A or B", not "Verdict: A bit of both": the letter stands for itself.
_ENDS = r"(?=[\W_]*$|\s*[^\w\s/]|[가-힣]|\s+(?:is|was|wins|won|because|since|as|by|over|karena)\b)"

_MARKED = [
    re.compile(rf"\[\[\s*{_NOUN}?(A|B|C|1|2|{_TIE})\s*\]\]", re.I),
    re.compile(r"\[\[\s*(A\s*(?:>>?|<<?|=)\s*B)\s*\]\]"),
    re.compile(r"\\boxed\{\s*(?:\\text\{)?\s*(A|B|tie)\b", re.I),
    re.compile(
        r"(?:\b(?:verdict|winner|(?:final|better|best|preferred) (?:answer|response)|final choice|"
        rf"decision|putusan|keputusan)|판정|결론)\b[^\w\n]{{0,8}}(?:(?:is|adalah)\W{{1,4}})?{_NAMED}{_ENDS}",
        re.I,
    ),
]
# The whole line; "Assistant 2:" is a heading.
_ALONE = [re.compile(rf"^\W*{_NAMED}[^\w:]*$", re.I)]
_BETTER = r"(?:clearly |slightly |much |far |somewhat |the )*(?:better|superior|stronger|winner)\b"
_TOLD = [
    re.compile(
        rf"\b(?:{_NOUN}|(?-i:(?=[AB] ))){_SIDE}[’'\w]* "
        rf"(?:(?:is|was|did|does|performs|performed|seems)\s+(?:\w+ly )?{_BETTER}|wins\b)",
        re.I,
    ),
    re.compile(rf"\b(?:prefer|choose|pick|favou?r)\s+(?:the )?{_NOUN}{_SIDE}", re.I),
    re.compile(
        rf"\b{_NOUN}{_SIDE} (?:jelas |sedikit |jauh )?lebih (?:baik|tepat|benar|unggul)", re.I
    ),
    re.compile(
        rf"{_NOUN}{_SIDE}\S{{0,3}} (?:훨씬 |조금 )?(?:더 )(?:낫|나은|나아|좋|정확|우수|적절)", re.I
    ),
    re.compile(r"\b(equally (?:good|well|bad|helpful)|sama baiknya|똑같이 좋)", re.I),
]
_DENIED = re.compile(r"(?:\b(?:not|cannot|whether|if|neither|nor|unless|bukan|tidak)\b|n['’]t\b)")
_SCORE = re.compile(rf"^\W*{_NOUN}{_SIDE}\W{{1,4}}(\d+(?:\.\d+)?)\b", re.I | re.M)


def parse_verdict(text):
    """What a judge's text decides: ``"A"``, ``"B"``, ``"tie"``, or None for nothing."""
    lines = [line for line in str(text or "").splitlines() if line.strip()]
    return (
        _last_agreed(lines, _MARKED)
        or _last_agreed([*lines[:1], *lines[-1:]], _ALONE)
        or _by_scores(lines)
        or _last_agreed(lines, _TOLD)
    )


def _last_agreed(lines, patterns):
    """The verdict of the last line whose marks all say the same."""
    for line in reversed(lines):
        marks = [mark for pattern in patterns for mark in pattern.finditer(line)]
        if patterns is _TOLD:
            marks = [mark for mark in marks if not _denied(line, mark.start())]
        said = {_plain(next(filter(None, mark.groups()))) for mark in marks}
        if len(said) == 1:
            return said.pop()
    return None


def _denied(line, start):
    """Whether "not", "if" or their like stands before this place in the same sentence."""
    return _DENIED.search(re.split(r"[.;!?]", line[:start])[-1].lower()) is not None


def _plain(word):
    """A mark's own words as ``"A"``, ``"B"`` or ``"tie"``."""
    compact = re.sub(r"\s", "", word).upper()
    if compact in ("A", "1") or ">" in compact:
        return "A"
    if compact in ("B", "2") or "<" in compact:
        return "B"
    return "tie"


def _by_scores(lines):
    """The higher of two scores: both on the first line, or one a line with its answer's name."""
    pair = re.fullmatch(r"\W*(\d+(?:\.\d+)?)[\s,/]+(\d+(?:\.\d+)?)\W*", lines[0]) if lines else None
    scores = list(map(float, pair.groups())) if pair else None
    if scores is None:
        named = {_plain(m[1]): float(m[2]) for m in _SCORE.finditer("\n".join(lines))}
        if set(named) != {"A", "B"}:
            return None
        scores = [named["A"], named["B"]]
    return "tie" if scores[0] == scores[1] else "A" if scores[0] > scores[1] else "B"
