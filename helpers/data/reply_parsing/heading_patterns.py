"""The regular expressions of headings: markup, number, field name and separator.

A heading consists of these parts, most of them optional:

    **  4.   Instruction  (optional)   #4    :
    |   |    |            |            |     separator: a colon, a dash, or the end of the line
    |   |    |            |            number after the name
    |   |    |            qualifier
    |   |    name of a field, see ``field_names``
    |   number before the name
    signs: hashes, bullets, bold type, emoji

Each pattern is matched once a line and repeats nothing without a bound. So the time grows in
proportion to the length of the text.
"""

import re

from helpers.data.reply_parsing.field_names import NAMES, names_of

_SIGNS = (  # quotes, hashes, bullets, bold type, rules, emoji
    r"[ >#*_`\-–—•·●○■□▪▶►◆◇★☆※=~+\u2600-\u27bf\U0001f300-\U0001faff\ufe0f]{0,16}"
)
_ORDINAL = r"[ ]?번째|[ ]?번|[ ]?题|\ufe0f?\u20e3"
_CIRCLED = "①-⑳⑴-⒇❶-❿"  # a number and its sign in one character
_NUMBER_WORD = r"no\.?[ ]|nr\.?[ ]|№[ ]?|nomor[ ]|제[ ]?|第[ ]?"
_NUMBER_BEFORE = (
    rf"(?:[(\[]?(?:{_NUMBER_WORD})?(?P<before>\d{{1,4}}|[{_CIRCLED}])(?!\d)"
    r"(?:[.\-]\d{1,2}(?!\d)|[.\-]?[a-d](?![^\W_]))?"  # 4.1, 4a: a part of task 4
    rf"(?:{_ORDINAL})?[*_]{{0,3}}[ ]{{0,8}}"
    r"(?:\\?[.):\]．、：]{1,2}-?|[-–—](?=[ ]))?[*_]{0,3}[ ]{0,8}[*_`]{0,3})?"
)
_QUALIFIER = r"(?:[ ]?[(\[（][^()\[\]（）\n]{1,40}[)\]）])?"
_NUMBER_AFTER = (
    rf"(?:[ _\-–]?(?:#|{_NUMBER_WORD}|ke-|number[ ])?[ ]?[(\[]?"
    rf"(?P<after>\d{{1,4}}|[{_CIRCLED}])(?!\d)[)\]]?"
    rf"(?:{_ORDINAL})?(?:[ ]?(?:/|of|dari|von)[ ]?\d{{1,4}})?)?"
)
_SEPARATOR = (
    r"(?P<close>[*_`\]】>〉」』)]{0,4})[ ]?(?:(?P<colon>[:：])(?:[*_`]{1,3}(?=\s|$))?"
    r"|(?P<dash>[-–—]{1,2}|\|)(?=[ ])|(?P<dot>[.)．])[*_]{0,3}(?=\s|$)"
    r"|(?P<alone>[ #=*_~\-]{0,12}$))?"
)
# "**4. Instruction:**". A group for each class of names says which one was found.
NAMED_HEADING = re.compile(
    rf"(?P<signs>{_SIGNS}){_NUMBER_BEFORE}(?P<bracket>[\[【<〈「『(]?)"
    rf"(?:{'|'.join(f'(?P<{key}>{names})' for key, names in NAMES.items())})"
    rf"{_QUALIFIER}{_NUMBER_AFTER}{_QUALIFIER}{_SEPARATOR}",
    re.I,
)
# "5.", "(5)", "### 5": a number without a name.
NUMBER_HEADING = re.compile(
    rf"(?P<signs>{_SIGNS})(?P<bracket>[(\[]?)(?P<no>{_NUMBER_WORD})?"
    rf"(?P<number>\d{{1,4}}|[{_CIRCLED}])(?!\d)(?P<ordinal>{_ORDINAL})?[*_]{{0,3}}"
    r"(?P<sign>\\?[.):\]．、：]{1,2}-?(?!\d)|[ ][-–—](?=[ ]))?[*_`]{0,3}",
    re.I,
)
# "Task 4 Instruction:", "[Example 4] Output:": the task's name and number before the field's.
TASK_PREFIX = re.compile(
    rf"(?P<signs>{_SIGNS})[(\[]?(?:{names_of('task', 'question')})[ ]?#?[ ]?(?P<number>\d{{1,4}})"
    r"[)\]]?[ ]{0,4}[.:：,\-–—|]?[ ]{0,4}(?=[^\W\d_]|[*_\[]{1,3}[^\W\d_])",
    re.I,
)
SEPARATOR_LINE = re.compile(r"[ \t]*(?:#{2,}|-{3,}|\*{3,}|={3,}|_{3,})[ \t]*")
OPENING_BRACKETS = tuple("[【<〈「『")
CLOSING_BRACKETS = tuple("]】>〉」』)")
# Spaces of every width, and characters without any, count as a space around headings.
SPACES = str.maketrans(
    dict.fromkeys("\t\xa0\u3000\u2002\u2003\u2007\u2009\u202f\u200b\u200c\u200d\u2060\ufeff", " ")
)
