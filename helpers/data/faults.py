"""What makes an imported row useless for training: one row in, its class of fault and why out.

The classes are those that the people who cleaned Alpaca's release found by reading it (Ruebsamen et
al. 2023, AlpacaDataCleaned), and those that data from the web adds. Wrong answers and senseless
requests are not among them: no rule sees that a sum is false. A doubtful row is left alone.
"""

import re
from collections.abc import Callable

from helpers.data.attachments import lacks_what_it_is_about, needs_pictures
from helpers.data.emptiness import says_nothing
from helpers.data.languages import is_in_another_language
from helpers.data.merging import merges
from helpers.data.refusals import refuses
from helpers.filters import LANGUAGES, lacks_its_text

_OWN_WORDS = re.compile(
    r"\b(two|your|last|previous|activities|items)\b|[(\[\"“:：]|\s[-–—]\s", re.I
)
# Tasks whose right answer may be the input as it is.
_MAY_REPEAT = re.compile(
    r"\b(repeat|copy|paste|recite|aloud|out loud|print|echo|quote|verbatim|output the text"
    r"|if (needed"
    r"|necessary|any|there|so|not|yes)|otherwise|sort\w*|order\w*|arrange|rank\w*|correct\w*|check"
    r"|determine|proofread|spaces?|line breaks?|ulangi|salin|urutkan|periksa)\b|반복|복사|정렬|순서"
    r"|교정",
    re.I,
)
_LAST_WORD = re.compile(
    r"[a-z]{2,} (?:the|an?|and|or|but|which|because|than|your|its|their|our|my|number of|dan|atau"
    r"|yang|karena|sebuah|dengan|adalah)$|\s(?:그리고|또한|하지만|그러나|왜냐하면|및)$"
)
_LAST_COMMA = re.compile(r"(?:\S+[ \t]+){6,}\S+[,、]$")
_MAY_STOP = re.compile(
    r"\b(poems?|verses?|lyrics?|songs?|haiku|lines?|phrases?|clause|complete|arrange|delete|remove"
    r"|fill|begin\w*|starts?|include|edit|rewrite|puisi|pantun|lirik|lengkapi)\b|시를|가사|구절"
    r"|완성|빈칸",
    re.I,
)


def fault_of(row: dict) -> tuple[str, str] | None:
    """The first fault of a row with the three fields and a ``language``: ``(class, why)``."""
    for fault, check in CHECKS.items():
        why = check(row)
        if why:
            return fault, why
    return None


def _lacks_text(row: dict) -> str | None:
    language, instruction = row.get("language", "en"), row["instruction"].strip()
    if row["input"].strip() or language not in LANGUAGES or _OWN_WORDS.search(instruction):
        return None
    # "Is the following sentence true? Water is wet." brings its sentence: only the last one counts.
    last = re.split(r"[.!?。]\s+", instruction)[-1]
    found = lacks_its_text(last, language)
    return "the instruction speaks of a text that is not there" if found else None


def _echoes(row: dict) -> str | None:
    answer = row["output"].strip()
    if len(answer) > 1 and answer == row["instruction"].strip():
        return "the output repeats the instruction"
    long = len(answer.split()) > 3 or len(answer) > 15
    if long and answer == row["input"].strip() and not _MAY_REPEAT.search(row["instruction"]):
        return "the output repeats the input"
    return None


def _is_cut(row: dict) -> str | None:
    """Whether the output stops before its end, as far as its last words give it away."""
    answer, instruction = row["output"].rstrip(), row["instruction"]
    if len(re.findall(r"^[ \t]*```", answer, re.M)) % 2:
        return "a code fence in the output is never closed"
    last = answer.rsplit("\n", 1)[-1].strip()
    if re.fullmatch(r"\d{1,2}[.)]", last) and "\n" in answer:
        return "the output ends with the number of an item that is missing"
    if (_LAST_WORD.search(last) or _LAST_COMMA.fullmatch(last)) and not _MAY_STOP.search(
        instruction
    ):
        return "the output stops inside a sentence"
    # Alpaca's release was cut at "20.", a stop string of the request.
    numbers = [int(n) for n in re.findall(r"^[ \t]*(\d{1,2})[.)]\s", answer, re.M)]
    if re.match(r"19[.)]\s", last) and numbers == list(range(1, 20)):
        asked = re.search(r"\b(19|nineteen)\b", instruction)
        return None if asked else "the list stops before its number 20"
    return None


def _refuses(row: dict) -> str | None:
    return "the output refuses the task" if refuses(row) else None


CHECKS: dict[str, Callable[[dict], str | None]] = {
    "empty output": says_nothing,
    "refusal": _refuses,
    "two tasks in one": merges,
    "address or attachment": lacks_what_it_is_about,
    "picture or sound": needs_pictures,
    "text missing": _lacks_text,
    "echo": _echoes,
    "wrong language": is_in_another_language,
    "cut off": _is_cut,
}
