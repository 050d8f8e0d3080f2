"""Which of two answers the sentences of a text speak for, in English, Korean and Indonesian.

On the ground floor, under :mod:`helpers.evaluation.verdict_parser.verdict`, which reads marks such
as ``[[A]]``; here prose is read. A sentence counts where it puts one answer above the other or both
on one level (:mod:`helpers.evaluation.verdict_parser.comparatives`), is no question, and is not
taken back (:mod:`helpers.evaluation.verdict_parser.hedges`). Names are in the form of
:func:`helpers.evaluation.verdict_parser.answer_names.named`, so patterns hold for both answers
alike.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from helpers.evaluation.verdict_parser.answer_names import NAME
from helpers.evaluation.verdict_parser.comparatives import SAYS
from helpers.evaluation.verdict_parser.hedges import is_of_one_criterion, is_taken_back, own_words


class _Said(NamedTuple):
    """What a part of a sentence says; the fields are those of :class:`Statement`."""

    verdict: str
    whole: bool
    of_one: bool = False


@dataclass(frozen=True)
class Statement:
    """What a sentence says: ``verdict`` is ``"A"``, ``"B"`` or ``"tie"``.

    ``whole``: it speaks of the answers as such ("better"), not of one quality ("more detailed") or
    one criterion ("better in style").
    ``concludes``: it draws the conclusion ("Therefore, …"). ``of_one``: it names its criterion.
    """

    verdict: str
    whole: bool
    concludes: bool
    of_one: bool = False


_SENTENCE = re.compile(r"(?<!\bvs\.)(?<=[.!?。])(?<!\d\.)\s+|\n+")
# What stands after it overrules what stands before it.
_BUT = re.compile(
    r"\b(?:but|however|yet|tetapi|tapi|namun|sedangkan)\b|지만(?!은)|으나|는데|그러나|하지만", re.I
)
_CONCLUDES = re.compile(
    r"\b(?:therefore|thus|hence|overall|in (?:conclusion|summary|sum|short|the end)|to (?:conclude"
    r"|sum up)|all in all|consequently|ultimately|accordingly|as a result|on balance|conclusion"
    r"|verdict|decision|judge?ment|I conclude|all things considered|for (?:this|these) reasons?"
    r"|jadi|(?:ke)?simpulan\w*|oleh karena itu|karena itu|dengan demikian|maka|sehingga|akhirnya"
    r"|(?:secara )?keseluruhan|singkatnya|pada akhirnya|putusan\w*)\b"
    r"|(?:^|[,;] )so\b(?! (?:much|far))"
    r"|따라서|결론|그러므로|그래서|종합|요약하면|결국|전체적|전반적|최종|판정|이에 ",
    re.I,
)
# "Therefore, B.", once the first word is taken off.
_ONLY_A_NAME = re.compile(
    rf"\W*(?:the answer is |is |적으로)?\W*{NAME}(?:입니다|이다)?[^\w:]*", re.I
)
# "Since accuracy matters most, A.", "Definitely B.", "I'd say B."
_CHOSEN = re.compile(
    rf"(?:\W*(?:since|because|as|given|karena)\b[^⟨,]*,\s*|\W*(?:definitely|certainly|clearly"
    rf"|obviously|absolutely|tentu)\s+|\W*I(?: would|['’]d) say\s+){NAME}[^\w:]*",
    re.I,
)
_LESS = re.compile(r"\b(?:less|lacks?|worse|fails?|miss(?:es)?|wrong|kurang)\b|틀|부족", re.I)
_ELLIPTIC = re.compile(rf"\W*(?:now )?{NAME}\s+(?:is|was|does|did|wins|won)\W*", re.I)
# "Style: B is better": a heading without one of these is a criterion.
_NO_CRITERION = re.compile(
    r"reason|explanation|analysis|evaluation|assessment|feedback|comment|conclu|summary|overall"
    r"|final|verdict|decision|judg|result|compar|winner|choice|preference|answer|note|therefore"
    r"|thus|hence|so\b|total|rationale|justification|better|best|review|output|response|thought|look"
    r"|alasan|penjelasan|(?:ke)?simpul|putusan|hasil|keseluruhan|penilaian|perbandingan|ulasan"
    r"|이유|설명|분석|평가|결론|종합|최종|판정|결과|비교|선택|총평|따라서|요약",
    re.I,
)


LONGEST = 1_000  # characters of a sentence; those of judges have a third of that at most


def statements(text: str) -> Iterator[Statement]:
    """What the sentences of a text say, in their order. ``text`` comes from ``named``."""
    carried, titled, asked = False, False, False
    for sentence in _SENTENCE.split(own_words(text)):
        sentence = sentence[-LONGEST:]  # one of many more is a model that repeats itself
        concludes = carried or bool(_CONCLUDES.search(sentence))
        # "Conclusion:" on a line of its own speaks of the next, "## Style" of all up to another.
        carried = concludes and len(sentence) < 40 and sentence.rstrip("* ").endswith(":")
        if _is_title(sentence):
            titled = not _NO_CRITERION.search(sentence)
        was_asked, asked = asked, sentence.rstrip().endswith("?")
        if asked or "⟦" in sentence:
            continue
        only = _ONLY_A_NAME.fullmatch(_CONCLUDES.sub("", sentence)) if concludes else None
        only = only or _CHOSEN.fullmatch(sentence)
        only = only or (_ONLY_A_NAME.fullmatch(sentence) if was_asked else None)
        found = _Said(only[1], True) if only else _said_by(_BUT.split(sentence))
        if found:
            of_one = found.of_one or _names_criterion(sentence) or (titled and not concludes)
            whole = found.whole and not of_one
            yield Statement(found.verdict, whole, concludes and not of_one, of_one)


def last_verdict(chosen: list[Statement], said: Sequence[Statement] = ()) -> str | None:
    """The last verdict; for a tie, the side for which everything speaks that is said after it."""
    if not chosen:
        return None
    after = said[said.index(chosen[-1]) + 1 :] if chosen[-1].verdict == "tie" and said else []
    return only_verdict(after) or chosen[-1].verdict


def only_verdict(said: Sequence[Statement]) -> str | None:
    """The one verdict of all; a side that only ties stand beside is one.

    A single criterion does not stand for the whole.
    """
    found = {statement.verdict for statement in said}
    sides = found - {"tie"} or found
    of_one = len(said) == 1 and said[0].of_one
    return sides.pop() if len(sides) == 1 and not of_one else None


def _is_title(line: str) -> bool:
    """Whether a line is the heading of what follows: "## Style", "Accuracy:", "**Form**"."""
    line = line.strip()
    prose = re.search(r"\b(?:the|let|now|we|following|as|is|are)\b", line, re.I)
    if prose or "⟨" in line or len(line) > 40:
        return False
    return bool(re.fullmatch(r"#+ [^.!?]*|(?:[^\s.!?,]+ ?){1,3}:", line))


def _names_criterion(sentence: str) -> bool:
    found = re.match(r"[\W\d]*([^:：⟨\n.,]{2,40}?)[\W_]*[:：]\s*\S", sentence)
    return bool(found) and not _NO_CRITERION.search(found[1])


def _said_by(parts: list[str]) -> _Said | None:
    """What a sentence says: the last part that speaks of the whole, else the one of a quality.

    A tie, or a quality, is undone by a later part that goes on to speak of the other answer.
    """
    found = [(i, said) for i, part in enumerate(parts) if (said := _said(part))]
    if not found:
        return _elliptic(parts)
    at, said = next((f for f in reversed(found) if f[1].whole), found[-1])
    later = "".join(parts[i] for i in range(at + 1, len(parts)))
    others = {"A": "⟨B⟩", "B": "⟨A⟩", "tie": "⟨"}[said.verdict]
    undone = others in later and (said.verdict == "tie" or not said.whole)
    if not said.whole:
        undone = undone or _LESS.search(later) or len({s.verdict for _, s in found}) > 1
    return None if undone else said


def _elliptic(parts: list[str]) -> _Said | None:
    """The name in "I first thought A was better, but B is."."""
    last = _ELLIPTIC.fullmatch(parts[-1]) if len(parts) > 1 else None
    compared = last and any(p.search(parts[-2]) for says, whole, p in SAYS if whole)
    return _Said(last[1], True) if compared and f"⟨{last[1]}⟩" not in parts[-2] else None


def _said(part: str) -> _Said | None:
    """What a part of a sentence says, None where it says nothing or contradicts itself."""
    found = {True: set(), False: set()}
    narrow = []
    for says, whole, pattern in SAYS:
        for match in pattern.finditer(part):
            if not is_taken_back(part, match, says):
                narrow.append(is_of_one_criterion(part, match))
                found[whole and not narrow[-1]].add(_verdict(says, match))
    for whole, verdicts in found.items():
        if verdicts:
            return _Said(verdicts.pop(), whole, all(narrow)) if len(verdicts) == 1 else None
    return None


def _verdict(says: str, match: re.Match) -> str:
    return says if says == "tie" else match[1] if says == "win" else "BA"["AB".index(match[1])]
