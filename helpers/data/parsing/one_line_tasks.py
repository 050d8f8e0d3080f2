"""Reading tasks in one line each: "5. Add 2 and 3. Input: none Output: 5".

A name in a sentence is no field ("Use the Input: field."). Where a list's other lines set the names
off with a full stop or a number, a line that does not is dropped.
"""

import re
from typing import NamedTuple

from helpers.data.parsing.field_names import names_of
from helpers.data.parsing.headings import mark_of
from helpers.data.parsing.no_input import normal_input
from helpers.data.parsing.splitting import Body

_INLINE = re.compile(  # a field's name inside a line, with a number before it or none
    r"(?<=[\s.;,|。])"
    rf"(?P<number>(?:(?:{names_of('task')})[ ]?\#?\d{{1,4}}[.):]?|\(?\d{{1,4}}[.)])\s?)?\*{{0,3}}"
    rf"(?P<named>(?P<input>{names_of('input')})|(?P<output>{names_of('output')}))"
    r"\*{0,3}[ \t]?[:：]\*{0,3}[ \t]*",
    re.I,
)
# After these words a name is a word of the sentence: "Use the Input: field."
_IN_SENTENCE = re.compile(
    r"\b(?:the|an?|this|that|your|its|each|of|as|in|with|and|or|to|for|from|what|use|word|words)"
    r"[\s*]*\Z",
    re.I,
)
_IN_SENTENCE_FAULT = "a field's name in a sentence"


def read_lines(text: str, bodies: list[Body]) -> list[tuple[dict[str, str] | None, str | None]]:
    """``(task, fault)`` of tasks in one line each: "Add 2 and 3. Input: none Output: 5".

    Where one of them has no field at all, all are lines of something else.
    """
    texts = [_without_number(text[body.head.end : body.end], body) for body in bodies]
    fields = [_inline(line, body.number) for line, body in zip(texts, bodies, strict=True)]
    if not all(fields):
        return [(None, "no output field")] * len(bodies)
    if not all(field.numbered for found in fields for field in found):
        fields = [[field.without_number() for field in found] for found in fields]
    sure = [_begins_field(line, found[0]) for line, found in zip(texts, fields, strict=True)]
    return [
        _read_line(line, found) if own or not any(sure) else (None, _IN_SENTENCE_FAULT)
        for line, found, own in zip(texts, fields, sure, strict=True)
    ]


class _Inline(NamedTuple):
    """A field's name inside a line: where it begins, and where the text begins that it names."""

    kind: str
    start: int
    end: int
    name: int  # where it begins without the number
    numbered: bool = False  # the task's number stands before it

    def without_number(self) -> "_Inline":
        """The same name, where numbers before names belong to the text ("Add 2, 3. Input: …")."""
        return self._replace(start=self.name, numbered=False)


def _inline(text: str, number: int) -> list[_Inline]:
    """The names of inputs and outputs inside a text, written with a capital letter."""
    found = []
    for name in _INLINE.finditer(text):
        kind = "input" if name["input"] else "output"
        digits = re.search(r"\d+", name["number"] or "")
        own = bool(digits) and int(digits[0]) == number
        begin = name.start("named") if not own else name.start()
        if not name[kind][0].islower():
            found.append(_Inline(kind, begin, name.end(), name.start("named"), own))
    return found


def _without_number(text: str, body: Body) -> str:
    """The first task's line without its number, which no heading showed."""
    mark = mark_of(text.lstrip().partition("\n")[0])
    numbered = not body.head.end and mark and mark.kind == "item"
    return text.lstrip()[mark.end :] if numbered and mark.number in (1, body.number) else text


def _begins_field(text: str, field: _Inline) -> bool:
    """Whether a number, or the end of a sentence, stands before a field's name."""
    before = text[max(0, field.start - 20) : field.start].rstrip(" *\n")
    return field.numbered or not before[-1:].isalnum()


def _read_line(text: str, found: list[_Inline]) -> tuple[dict[str, str] | None, str | None]:
    """``(task, fault)`` of one line, whose fields' names are given."""
    if any(_IN_SENTENCE.search(text[max(0, f.start - 20) : f.start]) for f in found):
        return None, _IN_SENTENCE_FAULT
    if [field.kind for field in found] not in (["input", "output"], ["output"]):
        return None, "fields that cannot be told apart"
    ends = [field.start for field in found[1:]] + [len(text)]
    parts = [text[field.end : end].strip(" |;\n") for field, end in zip(found, ends, strict=True)]
    instruction = text[: found[0].start].strip(" |;\n*")
    if not any(char.isalnum() for char in instruction):
        return None, "empty instruction"
    given = parts[0] if len(parts) > 1 else ""
    return {"instruction": instruction, "input": given, "output": parts[-1]}, None


def with_inline_input(instruction: str, number: int) -> tuple[str, str]:
    """``(instruction, input)`` where the Input stands in the instruction's last line."""
    found = [field for field in _inline(instruction, number) if field.kind == "input"]
    if len(found) != 1:
        return instruction, ""
    field, said = found[0], instruction[found[0].end :]
    if not field.numbered and (normal_input(said) or not _begins_field(instruction, field)):
        return instruction, ""
    before = instruction[: field.start].strip(" |;\n*")
    return (before, said.strip()) if before else (instruction, "")
