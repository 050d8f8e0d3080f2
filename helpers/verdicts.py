"""What a judge's text decides: ``A``, ``B``, ``tie``, or nothing at all.

On the ground floor: a text in, a verdict out. Judges write as they please, so several kinds of
verdicts are looked for, the plainest first::

    structured  {"verdict": "tie"}, {"winner": "model_b"}, {"score_a": 7, "score_b": 9}
    marked      [[A]], [[B>A]], \\boxed{B}, "Verdict: B", "The winner is Assistant 2"
    alone       a last or first line that is only a name, or a first line of two scores
    concluded   "Therefore, Output (b) is better."
    stated      "I prefer B.", "답변 A가 더 좋습니다."
    scored      "Assistant 1: 8/10" and "Assistant 2: 6/10"
    qualities   "Response 2 is more specific", where no sentence prefers the other

The first answer may be called A or 1, the second B or 2. Thinking (``<think>…</think>``) is no part
of the answer. A text that names both and decides nothing is no verdict; to take it for a win is how
evaluations lie.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence

from helpers.answer_names import COMPARED, NAME, TIE, compared, label_of, named, side_of
from helpers.answer_names import without_emphasis as plainly
from helpers.answer_scores import by_fields, by_first_line, by_named_scores, counts_something_else
from helpers.comparisons import Statement, statements
from helpers.replies import without_thinking


def parse_verdict(text: str | None, *, cut: bool = False) -> str | None:
    """What a judge's text decides: ``"A"``, ``"B"``, ``"tie"``, or None for nothing.

    Of a text that was ``cut`` (by the length limit, by a filter) only a structured or marked
    verdict counts, or a first line that is one; its sentences may have gone on to the contrary.
    """
    answer = without_thinking(str(text or ""))
    fields = [verdict for found in json_objects(answer) for verdict in _of_object(found)]
    if fields:
        return fields[-1]
    plain = _joined(line.strip() for line in _labelled(answer).splitlines() if line.strip())
    lines = [named(line) for line in plain]
    by_mark = _marked(lines) or (_alone(plain, lines, cut) if lines else None)
    if by_mark or cut:
        return by_mark
    said = list(statements("\n".join(line for line in lines if "⟦" not in line)))
    return (
        _last([s for s in said if s.concludes])
        or _last([s for s in said if s.whole], said)
        or by_named_scores(lines)
        or _only(said)
    )


def _last(chosen: list[Statement], said: Sequence[Statement] = ()) -> str | None:
    """The last verdict; for a tie, the side for which everything speaks that is said after it."""
    if not chosen:
        return None
    after = said[said.index(chosen[-1]) + 1 :] if chosen[-1].verdict == "tie" and said else []
    return _only(after) or chosen[-1].verdict


def _only(said: Iterable[Statement]) -> str | None:
    """The one verdict of all; a side that only ties stand beside is one."""
    found = {statement.verdict for statement in said}
    sides = found - {"tie"} or found
    return sides.pop() if len(sides) == 1 else None


# --- structured -----------------------------------------------------------------------------------

_KEY = re.compile(
    r"(?:final|overall|my)?(?:verdict|winner|preferred|preference|prefer|better|best|choice|chosen"
    r"|decision|judge?ment|selected|selection|winning|pick|result|answer|conclusion|putusan"
    r"|keputusan|pemenang|pilihan|판정|승자|결론|선택)"
    r"(?:answer|response|model|assistant|option|output|candidate|id|label)?"
)


def json_objects(text: str) -> Iterator[dict]:
    """Every JSON object that stands in a text, between whatever words; inner ones not again."""
    decoder, at = json.JSONDecoder(strict=False), text.find("{")
    while at >= 0:
        try:
            found, at = decoder.raw_decode(text, at)
            yield found
        except ValueError:
            at += 1
        at = text.find("{", at)


def _of_object(found: dict) -> Iterator[str | None]:
    """The verdicts of an object that has a place for one; None for a place without a verdict."""
    places = [
        value
        for key, value in found.items()
        if _KEY.fullmatch(re.sub(r"[\W_]", "", key).lower()) and not isinstance(value, dict)
    ]
    by_score = None if places else by_fields(found)
    if places or by_score:
        yield by_score or _of_value(places[-1])
        return
    for key, value in found.items():
        if isinstance(value, dict) and not counts_something_else(key):
            yield from _of_object(value)


def _of_value(value: object) -> str | None:
    """The verdict that stands as a value: a name, a label, a sentence; 1 and 2 as numbers."""
    value = value[0] if isinstance(value, list) and len(value) == 1 else value
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return label_of(str(value)) or _last(list(statements(named(str(value)))))


# --- marked ---------------------------------------------------------------------------------------

_LABEL = re.compile(
    r"\[\[([^\[\]\n]{1,40})\]\]|\\boxed\s*\{([^{}\n]{1,40})\}"
    r"|<(?:verdict|answer|winner|choice|decision|result|preference)>\s*([^<\n]{1,40}?)\s*</",
    re.I,
)
_MARK = re.compile(r"⟦([ab]|tie)⟧")
_NEXT = r"(?!\s*(?:[,/|&]|or|and|vs\.?|atau|dan|또는|이나)\s*(?:⟨|tie))"  # "A or B" is no verdict
# The name ends the statement: not "Verdict: A bit of both", not "Verdict: A is unclear".
_ENDS = (
    rf"{_NEXT}(?!\s*\?)(?=[\W_]*$|\s*[^\w\s/?⟨]|\s*(?:입니다|이다|이에요|예요|임|의 승|으?로)"
    r"|\s+(?:wins|won|because|since|as|by|for|due|karena)\b)(?![^.\n]*(?:아니|아닙|않))"
)
_HEAD = (
    r"(?:final|overall|my|the|preliminary)?[ _-]?(?:verdict|winner|decision|judge?ment|preference"
    r"|choice|conclusion|result|pick|(?:final|better|best|preferred|chosen|selected|winning)[ _-]"
    r"(?:answer|response|one|option|choice|assistant|model|output|side)"
    r"|(?:(?:ke)?putusan\w*|kesimpulan\w*|pemenang\w*|pilihan(?:nya| saya)?|hasil(?:nya)?"
    r"|jawaban (?:akhir|terbaik|yang lebih baik))(?: akhir)?"
    r"|판정|결론|승자|선호|더 (?:나은|좋은) (?:답변|응답|쪽)|최종 ?(?:선택|답변|결과|판단)|선택)"
)
_HEADED = re.compile(
    rf"(?<![A-Za-z가-힣]){_HEAD}(?![A-Za-z])(?:[\s:=>→\"'(){{}}\[\]|_–—-]{{0,8}}|\s*(?:은|는)\s*)"
    rf"(?:(?:is|was|goes to|adalah|ialah|yaitu)\b[\s:\"'(]{{0,4}})?"
    rf"(?:the |an? )?(?:{COMPARED}|{NAME}|([12ab])(?![\w.]\w)|({TIE})\b){_ENDS}",
    re.I,
)
_SHORT_HEAD = re.compile(  # these words count as a heading only where the line is nothing else
    rf"\W*(?:(?:better|best|preferred|chosen|selected)\s*[:=]\W*(?:{NAME}|([12])(?=\W*$))"
    r"|(?:the )?(?:answer|output|jawaban(?:nya)?|정?답)\s*(?:[:=]|is|adalah|은|는)"
    rf"\W*{NAME})[\W_]*",
    re.I,
)
_RESTATED = re.compile(  # "[[A]] if A is better", "[[B]] bila B"
    r"\W{0,3}(?:only )?(?:if|when|where|unless|means|for|bila|jika|kalau|apabila)\b", re.I
)
_CONDITION = re.compile(
    r"\b(?:if|when|whether|unless|instead of|not|format|example|bila|jika|kalau|apabila|bukan)\b"
    r"|n['’]t\b"
    r"|[가-힣](?<![반측화])면(?![가-힣])",
    re.I,
)
_FORCED = re.compile(r"\bif (?:I )?(?:had|have|forced|must|were)\b[^,.]*", re.I)


def _labelled(text: str) -> str:
    """A text in which labels stand as ``⟦a⟧``, ``⟦b⟧``, ``⟦tie⟧``, or ``⟦?⟧`` for any other.

    In small letters, which are no names to whoever looks for names afterwards.
    """

    def short(match: re.Match) -> str:
        return f"⟦{(label_of(next(filter(None, match.groups()))) or '?').lower()}⟧"

    return _LABEL.sub(short, plainly(text))


def _joined(lines: Iterable[str]) -> list[str]:
    """Lines, the heading of a verdict joined with what stands under it."""
    found, head = [], re.compile(rf"[#\W]*{_HEAD}[\W_]*", re.I)
    for line in lines:
        if found and head.fullmatch(found[-1]):
            found[-1] = f"{found[-1].rstrip(':')}: {line}"
        else:
            found.append(line)
    return found


def _marked(lines: list[str]) -> str | None:
    """The verdict of the last line whose marks all say the same."""
    rubric = _rubric(lines)
    for line in reversed(lines):
        verdicts = set() if line in rubric else {*_labels_in(line), *_headed_in(line)}
        if len(verdicts) == 1:
            return verdicts.pop()
    return None


def _rubric(lines: list[str]) -> set[str]:
    """Lines that say what each label means: several begin with one, and go on, and differ."""
    listed = {}
    for line in lines:
        found = re.match(r"[\W\d]{0,6}?⟦([ab]|tie)⟧.*\w", line)
        if found:
            listed[line] = found[1]
    return set(listed) if len(set(listed.values())) > 1 else set()


def _labels_in(line: str) -> Iterator[str]:
    for mark in _MARK.finditer(line):
        before = re.split(r"[.;!?]", _FORCED.sub("", line[: mark.start()]))[-1]
        if not (_RESTATED.match(line[mark.end() :]) or _CONDITION.search(before)):
            yield "tie" if mark[1] == "tie" else side_of(mark[1])


def _headed_in(line: str) -> Iterator[str]:
    for mark in _HEADED.finditer(line):
        before = re.split(r"[.;!?]", line[: mark.start()])[-1]
        if "⟨" not in before and not _CONDITION.search(before):
            first, sign, name, bare, _ = mark.groups()
            side = name or bare
            yield compared(first, sign) if first else side_of(side) if side else "tie"
    if short := _SHORT_HEAD.fullmatch(line):
        yield side_of(next(filter(None, short.groups())))


# --- a line of its own ----------------------------------------------------------------------------

_BARE = re.compile(r"\W*([AB12]|first|second)[^\w:]*", re.I)
_ONLY_NAME = re.compile(
    rf"\W*(?:{NAME}|(?:(?:it['’]s )?an? )?(?!both|neither)({TIE}))[^\w:⟨]*", re.I
)
_REASONED = re.compile(
    rf"\W*(?:{NAME}\W{{0,3}}(?:because|since|as|due to|karena)\b"
    r"|(?:it['’]s a )?(?:tie|draw|seri|무승부)\s*[:,;(–—-])",
    re.I,
)
_SWAPPED = str.maketrans("AaBb12", "BbAa21")


def _alone(plain: list[str], lines: list[str], cut: bool) -> str | None:
    """The verdict of a last or first line that is nothing else; a heading is none."""
    if cut and len(lines) == 1:  # "7 1" may have been on its way to "7 10"
        return None
    last = None if cut else _line_alone(len(lines) - 1, plain, lines)
    first = _line_alone(0, plain, lines) if not cut or _BARE.fullmatch(plain[0]) else None
    return last or by_first_line(plain[0]) or first


def _line_alone(at: int, plain: list[str], lines: list[str]) -> str | None:
    if several := re.fullmatch(rf"\W*?{COMPARED}\W*", lines[at]):
        return compared(several[1], several[2])
    if plain[at].startswith("#"):
        return None
    bare = _BARE.fullmatch(plain[at])
    name = _ONLY_NAME.fullmatch(lines[at]) or _REASONED.match(lines[at])
    side = side_of(bare[1]) if bare else name and (name[1] or "tie")
    # Where the other answer has a line of this kind, both are headings.
    if bare:
        is_heading = plain[at].translate(_SWAPPED) in {*plain} - {plain[at]}
    else:
        heading = re.compile(rf"\W*⟨{'B' if side == 'A' else 'A'}⟩\s*(?:[:：]|[^\w⟨]*$)")
        is_heading = side in ("A", "B") and any(heading.match(line) for line in lines)
    return None if is_heading else side
