"""Detect outputs that stop before their end, as far as their last words show it."""

import re

from helpers.files.row_shapes import Task

# A word that does not end a sentence.
_LAST_WORD = re.compile(
    r"[a-z]{2,} (?:the|an?|and|or|but|which|because|than|your|its|their|our|my|number of|dan|atau"
    r"|yang|karena|sebuah|dengan|adalah)$|\s(?:그리고|또한|하지만|그러나|왜냐하면|및)$"
)
# A list of words whose last one is such a word.
_ENDS_LIST = re.compile(r"(?:,|\b(?:and|or)) (?:the|an?|and|or|but|because|which|than)$")
_ABOUT_SHORT_WORDS = re.compile(
    r"\b(articles?|prepositions?|conjunctions?|pronouns?|determiners?|connectives?|stop ?words?"
    r"|function words?|words?|grammar|parts? of speech|kata)\b",
    re.I,
)
_LAST_COMMA = re.compile(r"(?:\S+[ \t]+){6,}\S+[,、]$")
# Tasks whose answer may be less than a sentence.
_MAY_END_OPEN = re.compile(
    r"\b(poems?|verses?|lyrics?|songs?|haiku|lines?|phrases?|clause|complete|arrange|delete|remove"
    r"|fill|begin\w*|starts?|include|edit|rewrite|puisi|pantun|lirik|lengkapi)\b|시를|가사|구절"
    r"|완성|빈칸",
    re.I,
)


def why_cut(task: Task) -> str | None:
    """Why an output is incomplete, or None."""
    answer, instruction = task["output"].rstrip(), task["instruction"]
    fences = len(re.findall(r"^[ \t]*```", answer, re.M))
    if fences % 2 and answer.count("```") % 2:
        return "a code fence in the output is never closed"
    last = answer.rsplit("\n", 1)[-1].strip()
    if re.fullmatch(r"\d{1,2}[.)]", last) and "\n" in answer:
        return "the output ends with the number of an item that is missing"
    if _stops_in_sentence(last) and not _MAY_END_OPEN.search(instruction):
        lists_words = _ENDS_LIST.search(last) or len(last.split()) < 8
        if not (lists_words and _ABOUT_SHORT_WORDS.search(instruction)):
            return "the output stops inside a sentence"
    if _stops_before_20(answer, last) and not re.search(r"\b(19|nineteen)\b", instruction):
        return "the list stops before its number 20"
    return None


def _stops_in_sentence(line: str) -> bool:
    return bool(_LAST_WORD.search(line) or _LAST_COMMA.fullmatch(line))


def _stops_before_20(answer: str, last: str) -> bool:
    """Whether a list ends at 19. "20." was a stop string in the requests for Alpaca's release."""
    numbers = [int(n) for n in re.findall(r"^[ \t]*(\d{1,2})[.)]\s", answer, re.M)]
    return bool(re.match(r"19[.)]\s", last)) and numbers == list(range(1, 20))
