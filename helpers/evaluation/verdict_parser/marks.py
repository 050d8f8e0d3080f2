"""Find verdicts that a judge marked: labels such as ``[[A]]``, headings such as "Verdict: B".

Not every mark is a verdict. It may be part of a restated rubric, rejected ("[[tie]] is not
warranted"), provisional ("Initial verdict: A"), or the task's answer ("The correct result is 2").
Marks that often are the task's answer ("Final answer:", ``\\boxed{2}``) are *weak*. The numbers 1
and 2 in such marks are the weakest.
"""

import re
from collections.abc import Iterable, Iterator

from helpers.evaluation.verdict_parser.answer_names import (
    ALONE,
    COMPARED,
    NAME,
    TIE,
    compared,
    side_of,
)
from helpers.evaluation.verdict_parser.hedges import FORCED

_NEAR = 500  # characters around a mark that are read; a judge's sentence is shorter
# As labels.labelled writes them.
_MARK = re.compile(r"⟦(a|b|tie)⟧")
_WEAK_MARK = re.compile(r"⟪(#?)(a|b|tie)⟫")

# --- headings -------------------------------------------------------------------------------------

_NOUN = "(?:answer|response|one|option|choice|assistant|model|output|side)"
_HEAD = (
    r"(?:final|overall|my|the)?[ _-]?(?:verdict|winner|decision|judge?ment|preference|choice|pick"
    rf"|vote|(?:better|best|preferred|chosen|selected|winning)[ _-]{_NOUN}"
    r"|(?:(?:ke)?putusan\w*|pemenang\w*|pilihan(?:nya| saya)?"
    r"|jawaban (?:terbaik|yang lebih baik))(?: akhir)?"
    r"|판정|승자|선호|더 (?:나은|좋은) (?:답변|응답|쪽)|최종 ?(?:선택|판단)|선택)"
    r"|(?:overall|final|in total|secara keseluruhan|종합|전체)(?=\s*[:：=–—-])"
)
_WEAK_HEAD = (  # what follows these may be the task's answer
    rf"(?:(?:final|overall|my|the)?[ _-]?(?:conclusion|result|(?:final|my)[ _-]{_NOUN})"
    r"|(?:kesimpulan\w*|hasil(?:nya)?|jawaban akhir)(?: akhir)?|결론|최종 ?(?:답변|결과))"
)
# The name ends the statement: not "Verdict: A bit of both", "Verdict: A is unclear", "A: good".
_ENDS = (
    rf"{ALONE}(?!\s*\?)(?=[\W_]*$|\s*[^\w\s/?:：=⟨]|\s*(?:입니다|이다|이에요|예요|임|의 승|으?로)"
    r"|\s+(?:wins|won|because|since|as|by|for|due|karena)\b)(?![^.\n]{0,300}?(?:아니|아닙|않))"
)


def _headed(head: str) -> re.Pattern:
    return re.compile(
        rf"(?<![A-Za-z가-힣])(?:{head})(?![A-Za-z])"
        r"(?:[\s:=>→\"'(){}\[\]|_–—-]{0,8}|\s*(?:은|는)\s*)"
        r"(?:(?:is|was|goes to|adalah|ialah|yaitu)\b[\s:\"'(]{0,4})?"
        rf"(?:the |an? )?(?:{COMPARED}|{NAME}|([12ab])(?![\w.]\w)|({TIE})\b){_ENDS}",
        re.I,
    )


_HEADED, _WEAK_HEADED = _headed(_HEAD), _headed(_WEAK_HEAD)
_HEADING = re.compile(rf"[#\W]*(?:{_HEAD}|{_WEAK_HEAD})[\W_]*", re.I)
_SHORT_HEAD = re.compile(  # these words are a heading only where the line has nothing else
    rf"\W*(?:better|best|preferred|chosen|selected)\s*[:=]\W*(?:{NAME}|([12])(?=\W*$))[\W_]*", re.I
)
_WEAK_SHORT_HEAD = re.compile(
    r"\W*(?:the )?(?:answer|output|jawaban(?:nya)?|정?답)\s*(?:[:=]|is|adalah|은|는)"
    rf"\W*(?:{NAME}|([12])(?=\W*$))[\W_]*",
    re.I,
)

_ONLY_HEAD = re.compile(  # before a number in a box
    r"[\W_]*+(?:(?:therefore|so|thus|hence)[\W_]*+)?"
    rf"(?:(?:{_HEAD}|{_WEAK_HEAD}|(?:the )?answer)[\W_]*+)?(?:(?:is|adalah|은|는)[\W_]*+)?",
    re.I,
)

# --- marks that are not a verdict -----------------------------------------------------------------

_CONDITION = re.compile(  # before it
    r"\b(?:if|when|whether|unless|instead of|not|format|example|bila|jika|kalau|apabila|bukan"
    r"|(?:reject|exclud|dismiss|avoid|eliminat|discard|consider)\w*|rul(?:e|es|ed|ing) out|against"
    r"|never|cannot|no longer|rather than|tempt\w*|was going|possible|options?|such as|e\.g"
    r"|initial|tentative|preliminary|provisional|at first"
    r"|first (?:verdict|impression|thought|reaction|guess|view|judge?ment|take)"
    r"|(?:should|must|need to|have to|has to|supposed to|asked to|told to|will|to) (?:\w+ )?"
    r"(?:end|finish|conclude|reply|respond|answer|write|output|print|use|return|say)"
    r"|(?:line|label|reply|output|answer) (?:should|must|has to|needs to|will) be)\b|n['’]t\b"
    r"|[가-힣](?<![반측화])면(?![가-힣])|때\W*$",
    re.I,
)
_REPORTED = re.compile(  # "Answer A says: [[B]]", "Perhaps [[A]]"
    rf"(?:{NAME}(?:['’]s)?[^⟨,;]*\b(?:says?|said|writes?|wrote|claims?|includes?|contains?|ends"
    r"|text|line|states?|prints?|tells?|asks?|begins|label)\b[^,;]*"
    r"|\b(?:perhaps|maybe|possibly|some|others|mungkin)\b[^,;]*|아마[^,;]*)$",
    re.I,
)
_SCOPE = re.compile(r"[.;!?]|\bbut\b|(?<=⟧)\W{0,2} (?=(?:so )?I (?:choose|pick|say|prefer)\b)")
_RESTATED = re.compile(  # "[[A]] if A is better", "[[B]] bila B"
    r"\W{0,3}(?:only )?(?:if|when|where|unless|means|denotes|stands|for|bila|jika|kalau|apabila)\b",
    re.I,
)
_SPOKEN_OF = re.compile(  # "[[tie]] is not warranted", "[[A]] would be wrong"
    r"\W{0,2}\?|\W{0,2}\s+(?:is|was|would|seems?|looks?|can|could|cannot|does|did|should|has|must|isn|wasn"
    r"|wouldn|can['’]t|doesn)\b(?!\s+(?:my|the (?:final |better )?(?:verdict|winner|answer|choice)"
    r"|(?:clearly |the )?better)\b)",
    re.I,
)
# With these words in its sentence a weak mark is the task's answer, not the verdict.
_OF_TASK = re.compile(
    rf"{NAME}|\b(?:both|each|correct|right|reference|gold|expected|true|actual|sum|equation"
    r"|benar|acuan|seharusnya)\b|올바른|맞는|참고|정답",
    re.I,
)
_PLAIN_WORD = re.compile(
    r"\b(?:the|my|our|an?|this|that|so|therefore|thus|hence|and|is|as|here|judge|I|final(?:ly)?"
    r"|overall|clear|jadi|maka|dan|saya)\b|따라서|그래서|나의|제",
    re.I,
)
_BAD = re.compile(
    r"\b(?:worse|wrong|incorrect|incomplete|fail\w*|bad|poor\w*|weak\w*|lack\w*|miss\w*|errors?|not"
    r"|loses|lost|inferior|insufficient|unclear|flawed|false|salah|kurang|buruk|kalah)\b|n['’]t\b"
    r"|틀|부족|나쁘|못",
    re.I,
)
_RETRACTS = (
    r"\W*(?:(?:oh|but|hmm*|no)\W+)*(?:wait|hold on|on second thought|scratch that|correction)"
)
_OVERRULES = re.compile(
    rf"{_RETRACTS}|\W*(?:but|however|hmm+|actually|yet|still|그러나|하지만|다만|tetapi|tapi|namun)\b",
    re.I,
)
_TAKES_BACK = re.compile(_RETRACTS, re.I)


def joined(lines: Iterable[str]) -> list[str]:
    """Lines, with the heading of a verdict joined to the line below it."""
    found: list[str] = []
    for line in lines:
        if found and _HEADING.fullmatch(found[-1]):
            found[-1] = f"{found[-1].rstrip(':')}: {line}"
        else:
            found.append(line)
    return found


def marked(lines: list[str], *, cut: bool = False) -> str | None:
    """The verdict of the last line whose marks all agree; None where the judge withdraws it."""
    withdraws = _OVERRULES if cut else _TAKES_BACK
    for at, line in reversed(list(enumerate(lines))):
        found = [*_labels_in(line), *_headed_in(line, _HEADED)]
        if len({verdict for verdict, _ in found}) == 1:
            rest = line[max(end for _, end in found) :].lstrip(" .!,;)]}\"'*")
            after = [rest or "", *lines[at + 1 :]]
            return None if any(withdraws.match(words) for words in after) else found[0][0]
    return None


def weakly_marked(lines: list[str]) -> tuple[str | None, int]:
    """The verdict of the last weak mark that is a name, and the index of its line, else -1."""
    for at, line in reversed(list(enumerate(lines))):
        verdicts = {verdict for verdict, number in _weak_in(line) if not number}
        if len(verdicts) == 1:
            return verdicts.pop(), at
    return None, -1


def numbered(lines: list[str], by_field: str | None = None) -> str | None:
    """The verdict of a last line that says 1 or 2 ("Final answer: 2"), if it is the only number.

    Other numbers, or an equals sign, make it likely that the task was to compute something. Then
    the verdict of a weak field, ``by_field``, does not count either.
    """
    if not lines or re.search(r"\d\D*\d|=\D*\d|\d\D*=|#.*#", "".join(lines), re.S):
        return None
    verdicts = {verdict for verdict, number in _weak_in(lines[-1]) if number}
    verdicts |= {by_field} if by_field else set()
    return verdicts.pop() if len(verdicts) == 1 else None


def _labels_in(line: str) -> Iterator[tuple[str, int]]:
    """``(verdict, end)`` of the labels that are not restated, rejected or reported."""
    for mark in _MARK.finditer(line):
        before = _SCOPE.split(re.sub(FORCED, "", _before(line, mark), flags=re.I))[-1]
        after = _after(line, mark)
        no_verdict = _CONDITION.search(before) or _REPORTED.search(before)
        if not (no_verdict or _RESTATED.match(after) or _SPOKEN_OF.match(after)):
            yield _verdict(mark[1]), mark.end()


def _headed_in(line: str, pattern: re.Pattern) -> Iterator[tuple[str, int]]:
    """``(verdict, end)`` of the headings whose name is not followed by a description."""
    for mark in pattern.finditer(line):
        stops = r"[.;!?,]" if pattern is _HEADED else r"[.;!?]"
        before = re.split(stops, _before(line, mark))[-1]
        of_task = _OF_TASK.search(before + mark[0].split("⟨")[0]) or _is_of_one(before)
        if not (of_task or _CONDITION.search(before) or _goes_on(_after(line, mark))):
            first, sign, name, bare, _ = mark.groups()
            side = name or bare
            yield (compared(first, sign) if first else side_of(side) if side else "tie"), mark.end()
    if pattern is _HEADED and (short := _SHORT_HEAD.fullmatch(line)):
        yield side_of(short[1] or short[2]), len(line)


def _is_of_one(before: str) -> bool:
    """Whether the words before a heading name one criterion: "Style winner: A"."""
    words = re.split(r"[:：|>*#\[\](){}\"-]", before)[-1]
    return 0 < len(re.findall(r"[^\W\d]+", words)) < 4 and not _PLAIN_WORD.search(words)


def _goes_on(rest: str) -> bool:
    """Whether the words after a name describe it: "A, which …, is worse", "A - incomplete"."""
    if not re.match(r"\s*[,(–—-]", rest) or re.match(
        r"\W*(?:because|since|as|due|for|karena)\b", rest, re.I
    ):
        return False
    rest = re.sub(r"\b(?:not|over|than|instead of) ⟨[AB]⟩", "", re.split(r"[.!?]\s", rest)[0])
    described = re.search(rf"{NAME}\s*[:(–—-]", rest)
    return bool(described or _BAD.search(rest.split("⟨")[0]))


def _weak_in(line: str) -> Iterator[tuple[str, bool]]:
    """``(verdict, is a number)`` of the weak marks that are not the task's answer."""
    for mark in _WEAK_MARK.finditer(line):
        before = re.split(r"[.;!?]", _before(line, mark))[-1]
        plain = not mark[1] or _ONLY_HEAD.fullmatch(before)
        if plain and not (_OF_TASK.search(before) or _CONDITION.search(before)):
            yield _verdict(mark[2]), bool(mark[1])
    for verdict, end in _headed_in(line, _WEAK_HEADED):
        yield verdict, line[max(0, end - _NEAR) : end].rstrip()[-1:] in ("1", "2")
    if short := _WEAK_SHORT_HEAD.fullmatch(line):
        yield side_of(short[1] or short[2]), not short[1]


def _before(line: str, mark: re.Match) -> str:
    return line[max(0, mark.start() - _NEAR) : mark.start()]


def _after(line: str, mark: re.Match) -> str:
    return line[mark.end() : mark.end() + _NEAR]


def _verdict(label: str) -> str:
    return "tie" if label == "tie" else side_of(label)
