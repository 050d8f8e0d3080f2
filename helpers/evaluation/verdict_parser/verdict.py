"""Read the verdict in a judge's text: ``A``, ``B``, ``tie``, or none.

Judges write freely, so several kinds of verdicts are looked for, the clearest first::

    structured  {"verdict": "tie"}, {"winner": "model_b"}, {"score_a": 7, "score_b": 9}
    marked      [[A]], [[B>A]], "Verdict: B", "The winner is Assistant 2"
    line        a last or first line that is only a name, or a first line of two scores
    weak marks  "Final answer: B", \\boxed{B}, where no sentence after it says the contrary
    concluded   "Therefore, Output (b) is better."
    stated      "I prefer B.", "답변 A가 더 좋습니다."
    scored      "Assistant 1: 8/10" and "Assistant 2: 6/10"
    qualities   "Response 2 is more specific", where no sentence prefers the other
    numbers     {"answer": 2}, \\boxed{2}, "Result: 2", where nothing else decides

The first answer may be called A or 1, the second B or 2. Thinking (``<think>…</think>``) is left
out. A text that names both answers and decides nothing has no verdict. A wrong verdict is worse
than none: an evaluation counts verdicts that could not be read, but it cannot see misread ones.
"""

import re
from typing import cast

from helpers.data.reply_parsing.thinking import without_thinking
from helpers.evaluation.verdict_parser.answer_names import (
    COMPARED,
    NAME,
    TIE,
    compared,
    named,
    side_of,
    without_emphasis,
)
from helpers.evaluation.verdict_parser.answer_scores import by_first_line, by_named_scores
from helpers.evaluation.verdict_parser.comparisons import last_verdict, only_verdict, statements
from helpers.evaluation.verdict_parser.json_fields import by_objects, shortened, without_objects
from helpers.evaluation.verdict_parser.labels import labelled, without_rubric
from helpers.evaluation.verdict_parser.marks import joined, marked, numbered, weakly_marked
from helpers.evaluation.verdict_records import Letter

_ENDS_OF_TURN = re.compile(r"(?:(?:</s>|<\|[a-z_]{1,60}+\|>|<end_of_turn>)\s*+)++", re.I)


def parse_verdict(text: str | None, *, cut: bool = False) -> Letter:
    """The verdict in a judge's text: ``"A"``, ``"B"``, ``"tie"``, or None where it has none.

    ``cut`` says that the text was cut by the length limit or a filter. Then only a structured or
    marked verdict counts, or a first line that is one, because the missing rest may say the
    opposite. In a very long text only the first line and the end are read.
    """
    return cast(Letter, _verdict_in(str(text or ""), cut))


def _verdict_in(text: str, cut: bool) -> str | None:
    answer = shortened(_without_end_of_turn(without_thinking(text).strip()))
    has_field, by_field = by_objects(answer)
    rest = without_emphasis(without_objects(answer))
    lines_of_rest = [line.strip() for line in rest.splitlines() if line.strip()]
    plain = joined(labelled(line) for line in without_rubric(lines_of_rest))
    lines = [named(line) for line in plain]
    by_mark = marked(lines, cut=cut)
    if has_field:
        return by_field if by_mark in (None, by_field) else None
    if by_mark or not lines:
        return by_mark
    if not cut and re.fullmatch(r"\W*(?:both|neither)\W*", answer, re.I):
        return "tie"
    return _by_one_line(plain, lines, cut) or _by_words(lines, answer, cut)


def _without_end_of_turn(text: str) -> str:
    """A text without the tokens at its end that end a turn, found in one pass."""
    last = 0
    for found in _ENDS_OF_TURN.finditer(text):
        last = found.start() if found.end() == len(text) else last
    return text[:last] if last or _ENDS_OF_TURN.fullmatch(text) else text


def _by_words(lines: list[str], answer: str, cut: bool) -> str | None:
    """The verdict of weak marks, of sentences, of scores, or of a single number."""
    weak, at = weakly_marked(lines)
    if cut:
        return weak
    said = list(statements("\n".join(lines)))
    stated = last_verdict([s for s in said if s.concludes]) or last_verdict(
        [s for s in said if s.whole], said
    )
    if weak:
        return weak if stated in (None, weak) or at == len(lines) - 1 else None
    decided = stated or by_named_scores(lines) or only_verdict(said) or _by_correctness(lines)
    if decided or said:
        return decided
    return numbered(lines, by_objects(answer, weak=True)[1])


_RIGHT = re.compile(
    rf"{NAME} (?:is|was) (not )?(?:(correct|right)|(?:wrong|incorrect|false))"
    r"(?=\s*(?:[.,;]|and\b|but\b|while\b|$))",
    re.I,
)


def _by_correctness(lines: list[str]) -> str | None:
    """The answer that is called right where the other is called wrong."""
    found = {(m[1], bool(m[3])) for line in lines for m in _RIGHT.finditer(line) if not m[2]}
    denied = any(m[2] for line in lines for m in _RIGHT.finditer(line))
    right = {name for name, is_right in found if is_right}
    return right.pop() if not denied and len(found) == 2 and len(right) == 1 else None


# --- one line -------------------------------------------------------------------------------------

_BARE = re.compile(r"\W*([AB12]|first|second)[^\w:]*", re.I)
_ONLY_NAME = re.compile(
    rf"\W*(?:{NAME}|(?:(?:it['’]s )?an? )?(?!both|neither)({TIE}))"
    r"(?:입니다|이다|이에요|예요)?[^\w:⟨]*",
    re.I,
)
_REASONED = re.compile(
    rf"\W*(?:{NAME}\W{{0,3}}(?:because|since|as|due to|karena)\b"
    r"|(?:it['’]s a )?(?:tie|draw|seri|무승부)\s*[:,;(–—-])",
    re.I,
)
_SWAPPED = str.maketrans("AaBb12", "BbAa21")


def _by_one_line(plain: list[str], lines: list[str], cut: bool) -> str | None:
    """The verdict of a last or first line that has nothing else; a heading has no verdict.

    ``plain`` has the lines as they are, ``lines`` the same with names in one form.
    """
    if cut and len(lines) == 1:  # "7 1" may be the beginning of "7 10"
        return None
    last = None if cut else _by_line(len(lines) - 1, plain, lines)
    first = _by_line(0, plain, lines) if not cut or _BARE.fullmatch(plain[0]) else None
    return last or by_first_line(plain[0]) or first


def _by_line(at: int, plain: list[str], lines: list[str]) -> str | None:
    if several := re.fullmatch(rf"\W*?{COMPARED}\W*", lines[at]):
        return compared(several[1], several[2])
    if plain[at].startswith("#"):
        return None
    bare = _BARE.fullmatch(plain[at])
    name = _ONLY_NAME.fullmatch(lines[at]) or _REASONED.match(lines[at])
    side = side_of(bare[1]) if bare else name and (name[1] or "tie")
    # Where the other answer has such a line too, both are headings.
    if bare:
        is_heading = plain[at].translate(_SWAPPED) in {*plain} - {plain[at]}
    else:
        heading = re.compile(rf"\W*⟨{'B' if side == 'A' else 'A'}⟩\s*(?:[:：]|[^\w⟨]*$)")
        is_heading = side in ("A", "B") and any(heading.match(line) for line in lines)
    return None if is_heading else side
