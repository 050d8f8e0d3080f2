"""Read tasks that are written in one line each: "5. Add 2 and 3. Input: none Output: 5".

A field's name inside a sentence announces no field ("Use the Input: field."). If the other lines of
a list have a full stop or a number before each name, a line without them is dropped.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from helpers.data.reply_parsing.field_names import names_of
from helpers.data.reply_parsing.headings import heading_of
from helpers.data.reply_parsing.no_input import without_no_input
from helpers.data.reply_parsing.task_splitting import TaskSection
from helpers.files.row_shapes import Task

_INLINE = re.compile(  # a field's name inside a line, with or without a number before it
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


class _Inline(NamedTuple):
    """A field's name inside a line. Places are offsets in the line."""

    kind: str  # "input" or "output"
    start: int
    end: int  # where the field's text begins
    name_start: int  # where the name begins without the number
    numbered: bool  # whether the task's number stands before it

    def without_number(self) -> "_Inline":
        """The same name if the number before it belongs to the text ("Add 2, 3. Input: …")."""
        return self._replace(start=self.name_start, numbered=False)


def read_one_line_tasks(text: str, sections: Sequence[TaskSection]) -> list[Task | str]:
    """For each section, the task in its line, or the reason why there is none.

    If one of the lines has no field at all, all are lines of something else.
    """
    lines = [
        _without_number(text[section.heading.end : section.end], section) for section in sections
    ]
    fields = [_inline(line, sec.number) for line, sec in zip(lines, sections, strict=True)]
    if not all(fields):
        return ["no output field"] * len(sections)
    if not all(field.numbered for found in fields for field in found):
        fields = [[field.without_number() for field in found] for found in fields]
    certain = [_begins_field(line, found[0]) for line, found in zip(lines, fields, strict=True)]
    return [
        _read_line(line, found) if own or not any(certain) else _IN_SENTENCE_FAULT
        for line, found, own in zip(lines, fields, certain, strict=True)
    ]


def with_inline_input(instruction: str, number: int) -> tuple[str, str]:
    """``(instruction, input)`` where the Input may stand in the instruction's last line.

    ``number`` is the task's number.
    """
    found = [field for field in _inline(instruction, number) if field.kind == "input"]
    if len(found) != 1:
        return instruction, ""
    field, given = found[0], instruction[found[0].end :]
    if not field.numbered and (without_no_input(given) or not _begins_field(instruction, field)):
        return instruction, ""
    before = instruction[: field.start].strip(" |;\n*")
    return (before, given.strip()) if before else (instruction, "")


def _inline(text: str, number: int) -> list[_Inline]:
    """The names of inputs and outputs inside a text; a name in lower case is only a word."""
    found = []
    for name in _INLINE.finditer(text):
        kind = "input" if name["input"] else "output"
        digits = re.search(r"\d+", name["number"] or "")
        numbered = digits is not None and int(digits[0]) == number
        begin = name.start() if numbered else name.start("named")
        if not name[kind][0].islower():
            found.append(_Inline(kind, begin, name.end(), name.start("named"), numbered))
    return found


def _without_number(text: str, section: TaskSection) -> str:
    """The text of a task without a number that no heading showed."""
    stripped = text.lstrip()
    heading = heading_of(stripped.partition("\n")[0])
    if section.heading.end or not heading or heading.kind != "number":
        return text
    return stripped[heading.end :] if heading.number in (1, section.number) else text


def _begins_field(text: str, field: _Inline) -> bool:
    """Whether a number, or the end of a sentence, stands before a field's name."""
    before = text[max(0, field.start - 20) : field.start].rstrip(" *\n")
    return field.numbered or not before[-1:].isalnum()


def _read_line(text: str, fields: Sequence[_Inline]) -> Task | str:
    """The task in one line with these fields, or the reason why there is none."""
    if any(_IN_SENTENCE.search(text[max(0, f.start - 20) : f.start]) for f in fields):
        return _IN_SENTENCE_FAULT
    if [field.kind for field in fields] not in (["input", "output"], ["output"]):
        return "fields that cannot be told apart"
    ends = [field.start for field in fields[1:]] + [len(text)]
    parts = [text[field.end : end].strip(" |;\n") for field, end in zip(fields, ends, strict=True)]
    instruction = text[: fields[0].start].strip(" |;\n*")
    if not any(char.isalnum() for char in instruction):
        return "empty instruction"
    given = parts[0] if len(parts) > 1 else ""
    return {"instruction": instruction, "input": given, "output": parts[-1]}
