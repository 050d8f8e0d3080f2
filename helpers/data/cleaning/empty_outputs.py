"""Detect outputs that hold no answer: nothing, "N/A" and the like, or endless repetition.

The same words may be the answer: "null" answers a question about JSON. So each phrase is compared
with its task.
"""

import re

from helpers.data.cleaning.empty_inputs import CODE_WORDS, NEEDED
from helpers.data.cleaning.word_patterns import one_of, pattern, whole_words
from helpers.files.row_shapes import Task
from helpers.similarity import is_above, repetition, tokenize

_ABBREVIATIONS = one_of(
    "written", "yet", "decided", "unknown", "abbreviat\\w*", "acronyms?", "initials", "short for",
    "stands? for", "placeholders?", "forms?", "labels?", "mark(?:s|ed|ing)?", "columns?", "tables?",
    "cells?", "applicable", "comments?", "schedules?", "announc\\w*", "undecided", "write in",
    "fill\\w*", "letters", "약자", "줄임말", "singkatan",
)  # fmt: skip
_FILLERS = (
    "placeholders?",
    "dummy",
    "filler",
    "lorem",
    "text",
    "latin",
    "design\\w*",
    "typeset\\w*",
)
_GAPS = ("excel", "spreadsheets?", "missing", "nothing", "fields?")
_SIGNS = one_of(
    "punctuat\\w*", "marks?", "signs?", "symbols?", "morse", "ellips\\w*", "dash(?:es)?",
    "hyphens?",
    "periods?", "dots?", "full stop", "characters?", "keys?", "separators?", "operators?", "regex",
    "emoticons?", "pause", "부호", "기호", "tanda",
)  # fmt: skip
_NEED = one_of("requir\\w*", "need\\w*", "necess\\w*", "provid\\w*", "필요")
_PLACES = one_of("placeholders?", "tags?", "html", "markup", "markdown", "tokens?", "blanks?",
                 "template")  # fmt: skip
_MISSING = one_of("(?:is|are|was) (?:it|this|that|there)", "extract\\w*", "find", "whether")

# Phrases in place of an answer, and the words of tasks in which they are an answer all the same.
_PHRASES: tuple[tuple[str, str | None], ...] = (
    (rf"no ?_?out ?puts?(?: (?:is )?(?:{NEEDED}|available))?", None),
    ("no ?_?in ?puts?", None),
    ("null|nan|undefined|\\{\\s*\\}|\\[\\s*\\]|\\(\\s*\\)|''|\"\"", CODE_WORDS),
    (r"n ?/ ?a|n\.a\.?|tbd|todo|to be (?:determined|added|done)", one_of(_ABBREVIATIONS, _GAPS)),
    ("lorem ipsum.*", one_of(_FILLERS)),
    ("not (?:applicable|available)", one_of(_MISSING, _ABBREVIATIONS)),
    (rf"no(?:ne|thing) (?:is )?{NEEDED}|not (?:needed|required|necessary)", _NEED),
    (r"no (?:answer|response|reply)(?: (?:provided|given|available))?", _MISSING),
    (r"[<\[({](?:output|answer|response|text|출력|답변|jawaban)[>\])}]", _PLACES),
    (r"[<\[({](?:image|picture|photo|video|audio|file|link|blank|empty)[>\])}]", _PLACES),
    (r"(?:insert|your|add|write) (?:the |your |an? )?(?:answer|output|response|text)(?: here)?",
     _PLACES),
    (r"(?:output|answer|response|출력|답변|jawaban)\s*[:：]", None),
    (r"출력 ?(?:값 ?)?없음|(?:답변?|응답) ?없음|해당 ?(?:사항 ?)?없음", "있|여부|찾|추출"),
    (r"(?:tidak|tak) ada (?:keluaran|jawaban|output)|tanpa (?:keluaran|jawaban)", None),
    ("tidak (?:berlaku|tersedia)", "apakah"),
)  # fmt: skip
_NO_ANSWER = [
    (pattern(rf"(?s:\W*(?:{phrase})\W*)"), pattern(whole_words(topic)) if topic else None)
    for phrase, topic in _PHRASES
]
_ONLY_SIGNS = re.compile(r"[\s.…_—–-]{1,5}|[?\ufffd\s]{3,}")
_ABOUT_SIGNS = pattern(whole_words(_SIGNS))
_MAY_LOOP = pattern(r"\d|\b(?:times|repeat\w*|loop\w*|song|lyrics|chant|poem|fill)\b|반복|ulang")
_LONGEST = 1000  # characters of a phrase in place of an answer
_SHORTEST_LOOP = 100  # words; a shorter text may repeat itself on purpose


def why_empty(task: Task) -> str | None:
    """Why an output is no answer, or None."""
    answer, given = task["output"].strip(), task["input"].strip()
    about = task["instruction"] + "\n" + ("" if given == answer else given)
    if not answer:
        return "the output is empty"
    if answer.strip("\"'.").lower() in about.lower() and re.search(r"\w", answer):
        return None  # "… or answer N/A"
    for phrase, topic in _NO_ANSWER:
        if len(answer) < _LONGEST and phrase.fullmatch(answer):
            is_meant = topic and topic.search(about)
            return None if is_meant else f"the output only says {answer[:30]!r}"
    not_provided = re.fullmatch(r"not (?:provided|specified|given)\W*", answer, re.I)
    if not_provided and not task["input"]:
        return f"the output only says {answer[:30]!r}"
    if _ONLY_SIGNS.fullmatch(answer) and not _ABOUT_SIGNS.search(about):
        return "the output is only punctuation"
    if len(answer) > _SHORTEST_LOOP and not _MAY_LOOP.search(about) and _loops(answer):
        return "the output repeats itself without end"
    return None


def _loops(answer: str) -> bool:
    """Whether an answer repeats a few words again and again, and holds nothing else."""
    beginning = answer[:20_000]
    words = tokenize(beginning)
    in_letters = sum(word.isalpha() for word in words) > 0.5 * len(words)
    long_enough = len(words) >= _SHORTEST_LOOP
    return in_letters and long_enough and bool(is_above(repetition(beginning), 0.95))
