"""Finding the headings in a task list: which lines name a task, an input or an output.

A heading is a line that begins with a field's name ("5. Instruction:", "**Output:**", "정답:"), a
task's title ("### Task 5"), or a number alone ("5. Add 2 and 3."). This module finds every line
that could be one and describes it; :mod:`helpers.splitting` decides which of them the list means.
Each pattern is matched once a line and repeats nothing without a bound, so that the time grows
with the length of the text alone.
"""

import re
from dataclasses import dataclass, replace

# What a name says: the kind of mark, and how sure a sign it is (2: the name that was asked for,
# 1: a word that answers use as well, 0: a word that texts of every sort use).
_CLASSES = {
    "label": ("head", 2),
    "task": ("head", 1),
    "question": ("head", 0),
    "input": ("input", 2),
    "context": ("input", 0),
    "output": ("output", 2),
    "answer": ("output", 0),
}
_SORT = "(?:(?:sample|example|expected|desired|model|ideal|correct|suggested|final)[ ])?"
_NAMES = {
    "label": r"instructions?|instruksi|perintah|지시(?:[ ]?사항|문)?",
    "task": r"tasks?|prompts?|과제|작업|태스크|명령(?:어|문)?|tugas",
    "question": r"questions?|q|requests?|examples?|exercises?|problems?|items?|질문|문제|요청"
    r"|예시|예제|항목|pertanyaan|soal|permintaan|contoh|latihan",
    "input": r"(?:(?:additional|optional|sample|example|given)[ ])?inputs?"
    r"(?:[ ](?:text|data|value))?"
    r"|입력(?:[ ]?(?:값|문|글|내용|데이터|텍스트))?|masukan|data[ ]masukan",
    "context": r"context|konteks|지문|본문",
    "output": rf"{_SORT}outputs?(?:[ ](?:text|yang[ ]diharapkan))?"
    r"|(?:(?:예상|기대|예시|모범)[ ]?)?출력(?:[ ]?(?:값|문|결과|예시|내용))?"
    r"|keluaran(?:[ ]yang[ ](?:diharapkan|benar))?|luaran",
    "answer": rf"{_SORT}(?:answer|response|solution|result|completion|reply)s?|a"
    r"|(?:(?:예상|기대|예시|모범)[ ]?)?(?:응답|답변|답안|정답|해답|대답|결과|답)"
    r"|jawaban(?:[ ]yang[ ](?:diharapkan|benar))?|jawab|respons|respon|hasil|tanggapan|balasan",
}
_DECORATION = (  # quotes, hashes, bullets, bold, rules, signs, emoji: before a heading
    r"[ \t\u00a0\u3000>#*_`\-–—•·●○■□▪▶►◆◇★☆※=~+\u2600-\u27bf\U0001f300-\U0001faff\ufe0f]{0,16}"
)
_ORDINAL = r"(?:[ ]?번째|[ ]?번|\ufe0f?\u20e3)?"
_BEFORE = (
    rf"(?:[(\[]?(?:no\.?[ ]|nomor[ ]|제[ ]?)?(?P<before>\d{{1,4}})(?!\d){_ORDINAL}[*_]{{0,3}}[ \t]*"
    r"(?:\\?[.):\]．、：]|[-–—](?=[ \t]))?[*_]{0,3}[ \t]*[*_`]{0,3})?"
)
_QUALIFIER = r"(?:[ \t]?[(\[（][^()\[\]（）\n]{1,40}[)\]）])?"
_AFTER = (
    r"(?:[ \t]?(?:#|no\.?[ ]|nomor[ ]|ke-|number[ ])?[ \t]?[(\[]?(?P<after>\d{1,4})(?!\d)[)\]]?"
    rf"{_ORDINAL}(?:[ \t]?(?:/|of|dari)[ \t]?\d{{1,4}})?)?"
)
_SEPARATOR = (
    r"(?P<close>[*_`\]】>〉」』)]{0,4})[ \t]?(?:(?P<colon>[:：])(?:[*_`]{1,3}(?=\s|$))?"
    r"|(?P<dash>[-–—]{1,2})(?=[ \t])|(?P<dot>[.)．])[*_]{0,3}(?=\s|$)"
    r"|(?P<alone>[ \t#=*_~\-]{0,12}$))?"
)
_NAMED = re.compile(
    rf"(?P<prefix>{_DECORATION}){_BEFORE}(?P<bracket>[\[【<〈「『(]?)"
    rf"(?:{'|'.join(f'(?P<{key}>{names})' for key, names in _NAMES.items())})"
    rf"{_QUALIFIER}{_AFTER}{_QUALIFIER}{_SEPARATOR}",
    re.I,
)
_ITEM = re.compile(
    rf"(?P<prefix>{_DECORATION})(?P<open>[(\[]?)(?P<no>no\.?[ ]|nomor[ ])?"
    r"(?P<number>\d{1,4})(?!\d)"
    r"(?P<ordinal>번째|번|\ufe0f?\u20e3)?[*_]{0,3}"
    r"(?P<sign>\\?[.):\]．、：](?!\d)|[ \t][-–—](?=[ \t]))?(?P<close>[*_]{0,3})",
    re.I,
)
_RULE = re.compile(r"[ \t]*(?:#{2,}|-{3,}|\*{3,}|={3,}|_{3,})[ \t]*")
_FENCE = "```"
_FENCE_LINE = re.compile(r"\s*(?:```[\w+-]*\s*)?")
LONGEST = 120  # characters of a line in which a heading is looked for


@dataclass(frozen=True)
class Mark:
    """One line that may be a heading, and what it looks like."""

    kind: str  # "head" (of a task), "item" (a number alone), "rule", "input" or "output"
    start: int  # where its line begins
    end: int  # where the text begins that it announces
    number: int | None = None
    name: str = ""
    rank: int = 2
    look: tuple = ()  # headings of one style have the same
    numbered: bool = False  # the number stands before the name
    alone: bool = False  # nothing follows on its line
    partial: bool = False  # has no colon: a heading only if its line is whole
    apart: bool = False  # a blank line, a rule or a fence stands before it
    ruled: bool = False  # a rule stands before it
    torn: bool = False  # bold type begins in it and ends in the text after it
    label: int = 0  # where its name begins
    under: "Mark | None" = None  # of a title and a heading under it: that heading alone
    indent: int = 0

    @property
    def decorated(self) -> bool:
        """Whether hashes, bold type or brackets set it off from plain text."""
        return any(
            sign in "".join(map(str, self.look[:2])) for sign in ("#", "**", "__", "[", "【")
        )


def marks_of(text: str, start: int) -> list[Mark]:
    """Every line of a text that may be a heading, in order; lines inside a code fence are none.

    ``start`` is the number of the list's first task. A line without a colon must be whole to count:
    a newline ends it. A fence that stands around tasks of the list,
    or that was never closed, is not a fence of code, and headings inside it count.
    """
    lines = text.split("\n")
    marks, where, position, apart, ruled = [], [], 0, True, False
    for i, line in enumerate(lines):
        if line.strip():
            mark = _mark(line)
            if mark and not (mark.partial and i + 1 == len(lines)):
                places = {"start": position, "end": position + mark.end, "apart": apart}
                marks.append(replace(mark, **places, label=position + mark.label, ruled=ruled))
                where.append(i)
            ruled = bool(mark and mark.kind == "rule")
            apart = ruled or line.lstrip().startswith(_FENCE)
        else:
            apart = True
        position += len(line) + 1
    code = _code_lines(lines, marks, where, start)
    marks = [mark for mark, i in zip(marks, where, strict=True) if not code[i]]
    return _without_lone_letters(marks)


def is_rule(line: str) -> bool:
    """Whether a line only separates what stands around it: hashes, dashes, stars."""
    return bool(_RULE.fullmatch(line))


def is_frame(line: str) -> bool:
    """Whether a line says nothing: it is blank, a rule, or the beginning or end of a fence."""
    return is_rule(line) or bool(_FENCE_LINE.fullmatch(line))


def without_heading(line: str) -> str:
    """A line without the word "Instruction:" that it begins with."""
    mark = _mark(line[:LONGEST])
    return line[mark.end :] if mark and mark.kind == "head" and mark.rank == 2 else line


def number_of(line: str) -> int | None:
    """The number that a line of a list begins with."""
    mark = _mark(line)
    return mark.number if mark and mark.kind == "item" else None


def _mark(line: str) -> Mark | None:
    """The mark that a line begins with, its positions counted from the line's beginning."""
    if is_rule(line):
        return Mark("rule", 0, len(line), alone=True)
    head = line[:LONGEST]
    found = _NAMED.match(head)
    mark = (found and _named(found, line)) or _item(head, line)
    if not mark:
        return None
    opened = line[: mark.end].count("**") % 2 == 1
    if opened and line.startswith("**", mark.end):
        mark, opened = replace(mark, end=mark.end + 2), False
    end = mark.end + len(line) - mark.end - len(line[mark.end :].lstrip())
    indent = len(line) - len(line.lstrip(" "))
    return replace(mark, end=end, torn=opened, alone=not line[end:].strip(" *_#"), indent=indent)


def _named(found: re.Match, line: str) -> Mark | None:
    """A mark with a field's name, or None where the name is only a word of a sentence."""
    key = next(key for key in _CLASSES if found[key])
    kind, rank = _CLASSES[key]
    name = found[key].lower()
    number = found["before"] or found["after"]
    signs = re.sub(r"[\s>]", "", found["prefix"])
    bracketed = any(sign in found[0][found.end("bracket") :] for sign in "]】>〉」』)")
    if found["bracket"] and not bracketed:
        return None
    closed = (bool(found["close"]) or bool(found["bracket"])) and bool(
        signs or found["bracket"] or "**" in line[: found.end()]
    )
    set_off = bool(number or closed or any(sign in signs for sign in ("#", "**", "__")))
    if not (
        found["colon"]
        or (found["dot"] and number)
        or (found["dash"] and (set_off or rank == 2))
        or (found["alone"] is not None and (set_off or rank == 2))
        or (closed and set_off)
    ):
        return None
    if (name in ("a", "q") and not (found["colon"] or number)) or not found.end():
        return None
    if name not in ("q", "question", "질문", "pertanyaan") and key == "question" and not number:
        return None  # "Problem:", "Example:" name a task only with its number
    look = (signs, found["bracket"], bool(found["before"]), name, bool(found["after"]))
    # After "[Input]", dashes are the beginning of its text.
    dash = "dash" if found["dash"] else "alone" if found["alone"] else None
    end = found.start(dash) if dash and found["bracket"] else found.end()
    return Mark(
        kind, 0, end, int(number) if number else None, name, rank, look,
        numbered=bool(found["before"]), partial=not found["colon"], label=found.start(key),
    )  # fmt: skip


def _item(head: str, line: str) -> Mark | None:
    """A mark that is only a number, of a list's item or alone on its line."""
    found = _ITEM.match(head)
    if not found:
        return None
    signs = re.sub(r"[\s>]", "", found["prefix"])
    rest = line[found.end() :].strip(" \t*_#")
    ordinal = found["ordinal"] or found["no"]
    spaced = line[found.end() :][:1] in ("", " ")
    set_off = "#" in signs or "**" in signs or found["ordinal"] not in (None, "번", "번째")
    hashed = found["prefix"].endswith("#") and spaced
    # "5번 문제를 풀어라" begins a sentence: such a number must be set off, or be alone.
    if not (
        found["sign"]
        or hashed
        or (ordinal and spaced and set_off)
        or (not rest and (ordinal or set_off))
    ):
        return None
    look = (signs, found["open"], True, "", False)
    number = int(found["number"])
    return Mark("item", 0, found.end(), number, "", 0, look, numbered=True, partial=not rest)


def _without_lone_letters(marks: list[Mark]) -> list[Mark]:
    """Without "A:" where no "Q:" asks for it: people in a dialogue have such names too."""
    asked, kept = False, []
    for mark in marks:
        asked = asked or mark.name == "q"
        kept.append(mark)
    return [mark for mark in kept if mark.name != "a" or asked]


def _code_lines(lines: list[str], marks: list[Mark], where: list[int], start: int) -> list[bool]:
    """For each line whether it is inside a code fence in which no task of the list stands."""
    fences = _fences(lines)
    inside = [None] * len(lines)
    for fence, (first, last, _) in enumerate(fences):
        inside[first : last + 1] = [fence] * (last - first + 1)
    held = [[] for _ in fences]
    bare = False
    for mark, i in zip(marks, where, strict=True):
        if inside[i] is None:
            bare = bare or mark.kind == "output"
        else:
            held[inside[i]].append(mark)
    code = [not _holds_tasks(held[i], info, start, bare) for i, (_, _, info) in enumerate(fences)]
    return [fence is not None and code[fence] for fence in inside]


def _holds_tasks(marks: list[Mark], info: str, start: int, bare: bool) -> bool:
    """Whether a fence stands around tasks of the list, or was left open before them.

    So it is when no Output stands outside of fences, and when a whole task with the number of a
    later one, or with headings that no programming language has, is inside.
    """
    outputs = [mark for mark in marks if mark.kind == "output"]
    if not outputs or not bare:
        return bool(outputs)
    heads = [mark for mark in marks if mark.kind == "head" and mark.start < outputs[-1].start]
    a_program = info not in ("", "text", "txt", "markdown", "md", "plaintext")
    return any(
        mark.rank and ((mark.number or 0) > start or (a_program and "**" in mark.look[0]))
        for mark in heads
    )


def _fences(lines: list[str]) -> list[tuple[int, int, str]]:
    """``(first, last, info)`` of every fence that is closed: the lines after the opening one."""
    fences, opened, info = [], None, ""
    for i, line in enumerate(lines):
        marks = line.count(_FENCE)
        if marks % 2 == 0:
            continue
        after = line.rpartition(_FENCE)[2].strip()
        if opened is None or after:  # a fence that names its language always opens
            opened, info = i, after.lower()
        else:
            fences.append((opened + 1, i, info))
            opened = None
    return fences
