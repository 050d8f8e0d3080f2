"""Find sentences that prefer one of two answers, in English, Korean and Indonesian.

A sentence counts where it prefers one answer or calls both equal (``comparatives``), is not a
question, and is not denied or doubted (``hedges``). Names are in the form of
``answer_names.named``, so the same patterns serve both answers.
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

    ``whole``: it is about the whole answers ("better"), not about one quality ("more detailed") or
    one criterion ("better in style"). ``concludes``: it is a conclusion ("Therefore, …").
    ``of_one``: it names a criterion.
    """

    verdict: str
    whole: bool
    concludes: bool
    of_one: bool = False


_SENTENCE = re.compile(r"(?<!\bvs\.)(?<=[.!?。])(?<!\d\.)\s+|\n+")
# What follows such a word overrules what precedes it.
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
# "Therefore, B." without its first word.
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
# A heading without one of these words is a criterion: "Style: B is better".
_NO_CRITERION = re.compile(
    r"reason|explanation|analysis|evaluation|assessment|feedback|comment|conclu|summary|overall"
    r"|final|verdict|decision|judg|result|compar|winner|choice|preference|answer|note|therefore"
    r"|thus|hence|so\b|total|rationale|justification|better|best|review|output|response|thought|look"
    r"|alasan|penjelasan|(?:ke)?simpul|putusan|hasil|keseluruhan|penilaian|perbandingan|ulasan"
    r"|이유|설명|분석|평가|결론|종합|최종|판정|결과|비교|선택|총평|따라서|요약",
    re.I,
)


LONGEST = 1_000  # characters of a sentence that are read; real ones have a third of that at most


def statements(text: str) -> Iterator[Statement]:
    """What the sentences of a text say, in their order. ``text`` comes from ``named``."""
    after_conclusion, under_criterion, is_question = False, False, False
    for sentence in _SENTENCE.split(own_words(text)):
        sentence = sentence[-LONGEST:]  # in a longer sentence the model repeats itself
        concludes = after_conclusion or bool(_CONCLUDES.search(sentence))
        # A line "Conclusion:" is about the next line, "## Style" about all lines up to a heading.
        after_conclusion = concludes and len(sentence) < 40 and sentence.rstrip("* ").endswith(":")
        if _is_title(sentence):
            under_criterion = not _NO_CRITERION.search(sentence)
        after_question, is_question = is_question, sentence.rstrip().endswith("?")
        if is_question or "⟦" in sentence:
            continue
        name = _only_name(sentence, concludes, after_question)
        found = _Said(name, True) if name else _said_by(_BUT.split(sentence))
        if found:
            of_one = found.of_one or _names_criterion(sentence)
            of_one = of_one or (under_criterion and not concludes)
            whole = found.whole and not of_one
            yield Statement(found.verdict, whole, concludes and not of_one, of_one)


def _only_name(sentence: str, concludes: bool, after_question: bool) -> str | None:
    """The name in a sentence that has nothing else, such as "Therefore, B." or "Definitely B."."""
    only = _ONLY_A_NAME.fullmatch(_CONCLUDES.sub("", sentence)) if concludes else None
    only = only or _CHOSEN.fullmatch(sentence)
    if not only and after_question:
        only = _ONLY_A_NAME.fullmatch(sentence)
    return only[1] if only else None


def last_verdict(chosen: list[Statement], said: Sequence[Statement] = ()) -> str | None:
    """The last verdict of ``chosen``.

    If that is a tie, and all later statements of ``said`` agree on one side, it is this side.
    """
    if not chosen:
        return None
    after = said[said.index(chosen[-1]) + 1 :] if chosen[-1].verdict == "tie" and said else []
    return only_verdict(after) or chosen[-1].verdict


def only_verdict(said: Sequence[Statement]) -> str | None:
    """The verdict on which all statements agree, ties aside; None where they do not.

    A single statement about one criterion is not enough.
    """
    found = {statement.verdict for statement in said}
    sides = found - {"tie"} or found
    of_one = len(said) == 1 and said[0].of_one
    return sides.pop() if len(sides) == 1 and not of_one else None


def _is_title(line: str) -> bool:
    """Whether a line is the heading of what follows: "## Style", "Accuracy:"."""
    line = line.strip()
    prose = re.search(r"\b(?:the|let|now|we|following|as|is|are)\b", line, re.I)
    if prose or "⟨" in line or len(line) > 40:
        return False
    return bool(re.fullmatch(r"#+ [^.!?]*|(?:[^\s.!?,]+ ?){1,3}:", line))


def _names_criterion(sentence: str) -> bool:
    """Whether a sentence begins with a criterion: "Style: B is better"."""
    found = re.match(r"[\W\d]*([^:：⟨\n.,]{2,40}?)[\W_]*[:：]\s*\S", sentence)
    return found is not None and not _NO_CRITERION.search(found[1])


def _said_by(parts: list[str]) -> _Said | None:
    """What a sentence says: its last part about the whole answers, else the one about a quality.

    A tie or a quality does not count where a later part goes on about the other answer.
    """
    found = [(i, said) for i, part in enumerate(parts) if (said := _said(part))]
    if not found:
        return _elliptic(parts)
    at, said = next((f for f in reversed(found) if f[1].whole), found[-1])
    later = "".join(parts[at + 1 :])
    others = {"A": "⟨B⟩", "B": "⟨A⟩", "tie": "⟨"}[said.verdict]
    undone = others in later and (said.verdict == "tie" or not said.whole)
    if not said.whole:
        undone = undone or bool(_LESS.search(later)) or len({s.verdict for _, s in found}) > 1
    return None if undone else said


def _elliptic(parts: list[str]) -> _Said | None:
    """The last name in a sentence such as "I first thought A was better, but B is."."""
    last = _ELLIPTIC.fullmatch(parts[-1]) if len(parts) > 1 else None
    if not last or f"⟨{last[1]}⟩" in parts[-2]:
        return None
    compared = any(pattern.search(parts[-2]) for _, whole, pattern in SAYS if whole)
    return _Said(last[1], True) if compared else None


def _said(part: str) -> _Said | None:
    """What a part of a sentence says; None where it says nothing or contradicts itself."""
    found: dict[bool, set[str]] = {True: set(), False: set()}  # by ``whole``
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
