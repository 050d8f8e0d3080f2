"""Recognising a heading: does a line name a task, an input or an output, and how does it look?

A heading is a line that begins with a field's name ("5. Instruction:", "**Output:**", "정답:"), a
task's title ("### Task 5"), or a number alone ("5. Add 2 and 3."). Whether a list means it as one
is decided in :mod:`helpers.splitting`. Each pattern is matched once a line and repeats nothing
without a bound, so that the time grows with the length of the text alone.
"""

import re
from dataclasses import dataclass, replace
from typing import NamedTuple

# What a name says: the kind of mark, and how sure a sign it is (2: the name that was asked for,
# 1: a word that answers use as well, 0: a word that texts of every sort use).
_CLASSES = {
    "label": ("head", 2),
    "task": ("head", 1),
    "question": ("head", 0),
    "input": ("input", 2),
    "context": ("context", 0),
    "output": ("output", 2),
    "answer": ("output", 0),
}
_SORT = "(?:(?:sample|example|expected|desired|model|ideal|correct|suggested|final)[ ])?"
_SORT_KO = "(?:(?:예상|기대|예시|모범)[ ]?)?"
_NAMES = {
    "label": r"instructions?|instruksi|perintah|지시(?:[ ]?사항|문)?",
    "task": r"tasks?|prompts?|과제|작업|태스크|명령(?:어|문)?|tugas",
    "question": r"questions?|q|requests?|examples?|exercises?|problems?|items?|질문|문제|요청|예시"
    r"|예제|항목|pertanyaan|soal|permintaan|contoh|latihan",
    "input": r"(?:(?:additional|optional|sample|example|given)[ ])?inputs?"
    r"(?:[ ](?:text|data|value))?|(?:data[ ])?masukan"
    r"|입력(?:[ ]?(?:값|문|글|내용|데이터|텍스트))?",
    "context": r"context|konteks|지문|본문",
    "output": rf"{_SORT}outputs?(?:[ ](?:text|yang[ ]diharapkan))?"
    rf"|{_SORT_KO}출력(?:[ ]?(?:값|문|결과|예시|내용))?"
    r"|keluaran(?:[ ]yang[ ](?:diharapkan|benar))?|luaran",
    "answer": rf"{_SORT}(?:answer|response|solution|result|completion|reply)s?|a"
    rf"|{_SORT_KO}(?:응답|답변|답안|정답|해답|대답|결과|답)"
    r"|jawaban(?:[ ]yang[ ](?:diharapkan|benar))?|jawab|respons|respon|hasil|tanggapan|balasan",
}
_ASKING = ("q", "question", "질문", "pertanyaan")  # name a task without a number as well
_SIGNS = (  # quotes, hashes, bullets, bold, rules, signs, emoji: before a heading
    r"[ \t\u00a0\u3000>#*_`\-–—•·●○■□▪▶►◆◇★☆※=~+\u2600-\u27bf\U0001f300-\U0001faff\ufe0f]{0,16}"
)
_ORDINAL = r"[ ]?번째|[ ]?번|\ufe0f?\u20e3"
_BEFORE = (
    r"(?:[(\[]?(?:no\.?[ ]|nomor[ ]|제[ ]?)?(?P<before>\d{1,4})(?!\d)"
    rf"(?:{_ORDINAL})?[*_]{{0,3}}[ \t]*"
    r"(?:\\?[.):\]．、：]|[-–—](?=[ \t]))?[*_]{0,3}[ \t]*[*_`]{0,3})?"
)
_QUALIFIER = r"(?:[ \t]?[(\[（][^()\[\]（）\n]{1,40}[)\]）])?"
_AFTER = (
    r"(?:[ \t]?(?:#|no\.?[ ]|nomor[ ]|ke-|number[ ])?[ \t]?[(\[]?(?P<after>\d{1,4})(?!\d)[)\]]?"
    rf"(?:{_ORDINAL})?(?:[ \t]?(?:/|of|dari)[ \t]?\d{{1,4}})?)?"
)
_SEPARATOR = (
    r"(?P<close>[*_`\]】>〉」』)]{0,4})[ \t]?(?:(?P<colon>[:：])(?:[*_`]{1,3}(?=\s|$))?"
    r"|(?P<dash>[-–—]{1,2}|\|)(?=[ \t])|(?P<dot>[.)．])[*_]{0,3}(?=\s|$)"
    r"|(?P<alone>[ \t#=*_~\-]{0,12}$))?"
)
_NAMED = re.compile(
    rf"(?P<signs>{_SIGNS}){_BEFORE}(?P<bracket>[\[【<〈「『(]?)"
    rf"(?:{'|'.join(f'(?P<{key}>{names})' for key, names in _NAMES.items())})"
    rf"{_QUALIFIER}{_AFTER}{_QUALIFIER}{_SEPARATOR}",
    re.I,
)
_CLOSED = "]】>〉」』)"
_ITEM = re.compile(
    rf"(?P<signs>{_SIGNS})(?P<bracket>[(\[]?)(?P<no>no\.?[ ]|nomor[ ])?(?P<number>\d{{1,4}})(?!\d)"
    rf"(?P<ordinal>{_ORDINAL})?[*_]{{0,3}}"
    r"(?P<sign>\\?[.):\]．、：](?!\d)|[ \t][-–—](?=[ \t]))?[*_`]{0,3}",
    re.I,
)
_RULE = re.compile(r"[ \t]*(?:#{2,}|-{3,}|\*{3,}|={3,}|_{3,})[ \t]*")
_FENCE = re.compile(r"\s*(?:```[\w+-]*\s*)?")
_LONGEST = 120  # characters of a line in which a heading is looked for


class Look(NamedTuple):
    """The style of a heading; all headings of one style have the same."""

    signs: str = ""  # hashes, bullets and bold type before it
    bracket: str = ""
    before: bool = False  # a number stands before the name
    name: str = ""
    after: bool = False  # a number stands after the name


_NO_LOOK = Look()


@dataclass(frozen=True)
class Mark:
    """One line that may be a heading, where it stands and what it looks like."""

    kind: str  # "head" (of a task), "item" (a number alone), "rule", "input", "context", "output"
    start: int  # where its line begins
    end: int  # where the text begins that it announces
    number: int | None = None
    rank: int = 2
    look: Look = _NO_LOOK
    label: int = 0  # where its name begins
    alone: bool = False  # nothing follows on its line
    partial: bool = False  # has no colon: a heading only if its line is whole
    torn: bool = False  # bold type begins in it and ends in the text after it
    indent: int = 0
    apart: bool = False  # a blank line, a rule or a fence stands before it
    ruled: bool = False  # a rule stands before it
    under: "Mark | None" = None  # of a title and a heading under it: that heading alone

    @property
    def decorated(self) -> bool:
        """Whether hashes, bold type or brackets set it off from plain text."""
        return _is_decorated(self.look.signs) or self.look.bracket in tuple("[【<〈「『")

    @property
    def style(self) -> tuple:
        """What headings of different fields have in common, in one list."""
        return self.look.signs, self.look.before, self.look.after


def mark_of(line: str) -> Mark | None:
    """The mark that a line begins with, or None; its places count from the line's beginning."""
    if is_rule(line):
        return Mark("rule", 0, len(line), alone=True)
    head = line[:_LONGEST]
    named = _NAMED.match(head)
    mark = (named and _named(named)) or _item(head, line)
    if not mark:
        return None
    end, torn = mark.end, line.count("**", 0, mark.end) % 2 == 1
    if torn and line.startswith("**", end):
        end, torn = end + 2, False
    end = len(line) - len(line[end:].lstrip())
    indent = len(line) - len(line.lstrip(" "))
    return replace(mark, end=end, torn=torn, alone=not line[end:].strip(" *_#"), indent=indent)


def is_rule(line: str) -> bool:
    """Whether a line only separates what stands around it: hashes, dashes, stars."""
    return bool(_RULE.fullmatch(line))


def is_frame(line: str) -> bool:
    """Whether a line says nothing: it is blank, a rule, or the beginning or end of a fence."""
    return is_rule(line) or bool(_FENCE.fullmatch(line))


def _named(found: re.Match) -> Mark | None:
    """A mark with a field's name, or None where the name is only a word of a sentence."""
    key = next(key for key in _CLASSES if found[key])
    kind, rank = _CLASSES[key]
    number = found["before"] or found["after"]
    look = Look(
        re.sub(r"[\s>]", "", found["signs"]), found["bracket"],
        bool(found["before"]), found[key].lower(), bool(found["after"]),
    )  # fmt: skip
    if not _is_heading(found, look, rank):
        return None
    if key == "question" and look.name not in _ASKING and not number:
        return None  # "Problem:" and "Example:" name a task only with its number
    # After "[Input]", dashes are the beginning of its text.
    dash = "dash" if found["dash"] else "alone" if found["alone"] else None
    return Mark(
        kind, 0, found.start(dash) if dash and look.bracket else found.end(),
        int(number) if number else None, rank, look, found.start(key), partial=not found["colon"],
    )  # fmt: skip


def _is_heading(found: re.Match, look: Look, rank: int) -> bool:
    """Whether what stands around a field's name sets it off: a colon, bold type, its line."""
    if look.bracket and not any(sign in found[0][found.end("bracket") :] for sign in _CLOSED):
        return False
    closed = bool(look.bracket) or (bool(found["close"]) and _is_decorated(found[0]))
    set_off = look.before or look.after or closed or _is_decorated(look.signs)
    if look.name in ("a", "q") and not (found["colon"] or look.before or look.after):
        return False
    if found["colon"]:
        return True
    if found["dot"] or (found[0].rstrip().endswith(")") and "(" not in found[0]):
        return look.before or look.after
    if found["dash"] or found["alone"] is not None:
        return set_off or rank == 2
    return closed


def _is_decorated(signs: str) -> bool:
    return any(sign in signs for sign in ("#", "**", "__"))


def _item(head: str, line: str) -> Mark | None:
    """A mark that is only a number, of a list's item or alone on its line."""
    found = _ITEM.match(head)
    if not found:
        return None
    signs = re.sub(r"[\s>]", "", found["signs"])
    after = line[found.end() :]
    alone, spaced = not after.strip(" \t*_#"), after[:1] in ("", " ")
    ordinal = (found["ordinal"] or found["no"] or "").strip()
    set_off = "#" in signs or "**" in signs or ordinal.endswith("\u20e3")
    hashed = found["signs"].endswith("#") and spaced
    # "5번 문제를 풀어라" begins a sentence: such a number must be set off, or be alone.
    counted = (ordinal and spaced and set_off) or (alone and (ordinal or set_off))
    if not (found["sign"] or hashed or counted):
        return None
    look = Look(signs, found["bracket"], before=True)
    return Mark("item", 0, found.end(), int(found["number"]), 0, look, partial=alone)
