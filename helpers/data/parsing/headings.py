"""Recognising a heading: does a line name a task, an input or an output, and how does it look?

A heading is a line that begins with a field's name ("5. Instruction:", "**Output:**", "정답:"), a
task's title ("### Task 5"), or a number alone ("5. Add 2 and 3."). Whether a list means it as one
is decided in :mod:`helpers.data.parsing.splitting`. Each pattern is matched once a line and repeats
nothing without a bound, so that the time grows with the length of the text alone.
"""

import re
import unicodedata
from dataclasses import dataclass, replace
from typing import NamedTuple

from helpers.data.parsing.fences import is_fence
from helpers.data.parsing.field_names import CLASSES, NAMES, names_of

_ASKING = ("q", "question", "질문", "pertanyaan")  # name a task without a number as well
_SIGNS = (  # quotes, hashes, bullets, bold, rules, signs, emoji: before a heading
    r"[ >#*_`\-–—•·●○■□▪▶►◆◇★☆※=~+\u2600-\u27bf\U0001f300-\U0001faff\ufe0f]{0,16}"
)
_ORDINAL = r"[ ]?번째|[ ]?번|[ ]?题|\ufe0f?\u20e3"
_CIRCLED = "①-⑳⑴-⒇❶-❿"  # a number and its sign in one character
_NO = r"no\.?[ ]|nr\.?[ ]|№[ ]?|nomor[ ]|제[ ]?|第[ ]?"
_BEFORE = (
    rf"(?:[(\[]?(?:{_NO})?(?P<before>\d{{1,4}}|[{_CIRCLED}])(?!\d)"
    r"(?:[.\-]\d{1,2}(?!\d)|[.\-]?[a-d](?![^\W_]))?"  # 4.1, 4a: a part of task 4
    rf"(?:{_ORDINAL})?[*_]{{0,3}}[ ]{{0,8}}"
    r"(?:\\?[.):\]．、：]{1,2}-?|[-–—](?=[ ]))?[*_]{0,3}[ ]{0,8}[*_`]{0,3})?"
)
_QUALIFIER = r"(?:[ ]?[(\[（][^()\[\]（）\n]{1,40}[)\]）])?"
_AFTER = (
    rf"(?:[ _\-–]?(?:#|{_NO}|ke-|number[ ])?[ ]?[(\[]?(?P<after>\d{{1,4}}|[{_CIRCLED}])(?!\d)[)\]]?"
    rf"(?:{_ORDINAL})?(?:[ ]?(?:/|of|dari|von)[ ]?\d{{1,4}})?)?"
)
_SEPARATOR = (
    r"(?P<close>[*_`\]】>〉」』)]{0,4})[ ]?(?:(?P<colon>[:：])(?:[*_`]{1,3}(?=\s|$))?"
    r"|(?P<dash>[-–—]{1,2}|\|)(?=[ ])|(?P<dot>[.)．])[*_]{0,3}(?=\s|$)"
    r"|(?P<alone>[ #=*_~\-]{0,12}$))?"
)
_NAMED = re.compile(
    rf"(?P<signs>{_SIGNS}){_BEFORE}(?P<bracket>[\[【<〈「『(]?)"
    rf"(?:{'|'.join(f'(?P<{key}>{names})' for key, names in NAMES.items())})"
    rf"{_QUALIFIER}{_AFTER}{_QUALIFIER}{_SEPARATOR}",
    re.I,
)
_CLOSED = "]】>〉」』)"
_ITEM = re.compile(
    rf"(?P<signs>{_SIGNS})(?P<bracket>[(\[]?)(?P<no>{_NO})?(?P<number>\d{{1,4}}|[{_CIRCLED}])(?!\d)"
    rf"(?P<ordinal>{_ORDINAL})?[*_]{{0,3}}"
    r"(?P<sign>\\?[.):\]．、：]{1,2}-?(?!\d)|[ ][-–—](?=[ ]))?[*_`]{0,3}",
    re.I,
)
# "Task 4 Instruction:", "[Example 4] Output:": the task's name and number before the field's
_OWNER = re.compile(
    rf"(?P<signs>{_SIGNS})[(\[]?(?:{names_of('task', 'question')})[ ]?#?[ ]?(?P<number>\d{{1,4}})"
    r"[)\]]?[ ]{0,4}[.:：,\-–—|]?[ ]{0,4}(?=[^\W\d_]|[*_\[]{1,3}[^\W\d_])",
    re.I,
)
_RULE = re.compile(r"[ \t]*(?:#{2,}|-{3,}|\*{3,}|={3,}|_{3,})[ \t]*")
# Spaces of every width, and characters without any, are spaces around headings.
_SPACES = str.maketrans(
    dict.fromkeys("\t\xa0\u3000\u2002\u2003\u2007\u2009\u202f\u200b\u200c\u200d\u2060\ufeff", " ")
)
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
    head = line[:_LONGEST].translate(_SPACES)
    named = _NAMED.match(head)
    mark = _owned(head) or (named and _named(named)) or _item(head, line)
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
    return not line.strip() or is_rule(line) or is_fence(line)


def number_of(digits: str) -> int:
    """The number that digits or a circled number such as ④ say."""
    return int(unicodedata.numeric(digits)) if len(digits) == 1 else int(digits)


def _owned(head: str) -> Mark | None:
    """A mark of a field whose name stands after the task's: "Task 4 Output: …"."""
    owner = _OWNER.match(head)
    named = owner and _NAMED.match(head, owner.end())
    mark = named and named["colon"] and _named(named)
    if not mark or mark.rank < 2 or mark.number is not None:
        return None
    look = mark.look._replace(signs=_plain_signs(owner["signs"]), before=True)
    return replace(mark, number=int(owner["number"]), look=look)


def _named(found: re.Match) -> Mark | None:
    """A mark with a field's name, or None where the name is only a word of a sentence."""
    key = next(key for key in CLASSES if found[key])
    kind, rank = CLASSES[key]
    number = found["before"] or found["after"]
    look = Look(
        _plain_signs(found["signs"]), found["bracket"],
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
        number_of(number) if number else None, rank, look, found.start(key),
        partial=not found["colon"],
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


def _plain_signs(signs: str) -> str:
    return re.sub(r"[\s>]", "", signs)


def _is_decorated(signs: str) -> bool:
    return any(sign in signs for sign in ("#", "**", "__"))


def _item(head: str, line: str) -> Mark | None:
    """A mark that is only a number, of a list's item or alone on its line."""
    found = _ITEM.match(head)
    if not found:
        return None
    signs = _plain_signs(found["signs"])
    after = line[found.end() :]
    alone, spaced = not after.strip(" \t*_#"), after[:1].strip() == ""
    ordinal = (found["ordinal"] or found["no"] or "").strip()
    set_off = "#" in signs or "**" in signs or ordinal.endswith("\u20e3")
    hashed = found["signs"].endswith("#") and spaced
    circled = unicodedata.category(found["number"][0]) == "No"
    # "5번 문제를 풀어라" begins a sentence: such a number must be set off, or be alone.
    counted = (ordinal and spaced and set_off) or (alone and (ordinal or set_off))
    if not (found["sign"] or hashed or counted or circled):
        return None
    look = Look(signs, "①" if circled else found["bracket"], before=True)
    return Mark("item", 0, found.end(), number_of(found["number"]), 0, look, partial=alone)
