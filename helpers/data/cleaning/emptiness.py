"""Fields that hold words but say nothing: "no input" in all spellings, and "N/A" for an answer.

The same words may be meant: "null" answers a question about JSON, and "nessuno" can be translated.
So each word is looked at beside its task.
"""

import html
import re
import unicodedata

from helpers.data.cleaning.words import one_of, pattern, whole_words
from helpers.data.parsing.task_list import normal_input
from helpers.similarity import is_above, repetition, tokenize

# Beyond the spellings that helpers.data.parsing.task_list knows from task lists; matched as a
# whole.
_NEEDED = one_of("needed", "required", "necessary", "provided", "given")
_GIVEN = one_of(_NEEDED, "specified", "applicable", "available")
_IN_ENGLISH = (
    rf"(?:no(?:ne|thing)?|not) (?:\w+ )?(?:is |was )?{_GIVEN}"
    r"(?:[ ,](?:for|in|to|here|by|from|as)\b.{0,40})?",
    r"no (?:additional |further |other )?(?:text|data|context|content|information|details|value)"
    rf"(?: (?:is |was )?(?:{_NEEDED}|available))?",
    r"(?:this|the) (?:instruction|task|question|prompt|request) (?:does not|doesn['’]t|do not)"
    r" (?:need|require|have|take)(?: \w+){0,3} inputs?",
    r"input (?:is )?not \w+", "(?:empty|blank)(?: (?:string|input|field))?", "no_input", "NA",
    "nan", "undefined", r"n\.a\.?", r"n ?\\ ?a",
)  # fmt: skip
_KOREAN = (
    r"(?:특별한 |별도의? |추가 )?(?:입력|해당|추가 ?정보|내용)(?:값|란| ?사항| ?내용)?"
    r"(?:이|은|가|는)? ?(?:따로 |별도로 )?(?:필요 ?)?(?:없음|없습니다|없다"
    r"|없어요|없이|하지 ?않(?:음|습니다))",
    r"(?:입력(?:값)?|추가 ?정보)(?:이|은|는|가)? ?(?:필요(?:하지|치|가|는)? ?(?:않|없)\w*"
    r"|불필요\w*)",
    r"(?:입력(?:값)?|추가 ?정보)\s*[:：]?\s*무", "공란", "빈 ?칸",
)  # fmt: skip
_INDONESIAN = (
    r"(?:tidak|tak) (?:ada|perlu|diperlukan|dibutuhkan|berlaku|tersedia)(?: \w+){0,3}", "nihil",
    r"tanpa (?:masukan|input|data|teks)(?: \w+){0,2}", r"(?:masukan|input|data) (?:tidak|tak) \w+",
    r"[(\[<{]kosong[)\]>}]",
)  # fmt: skip
_OTHERS = (  # as they occur in data that was translated
    "ningun[oa]", "sin entrada", "aucune?(?: entrée)?", "keine(?: eingabe)?", "sem entrada",
    "nessuno", "なし", "入力なし", "该?无(?:输入)?", "無(?:輸入)?", "没有输入", "不适用", "不需要",
)  # fmt: skip
_NO_INPUT = pattern(rf"\W*{one_of(_IN_ENGLISH, _KOREAN, _INDONESIAN, _OTHERS)}\W*")
_NA = re.compile(r"\W*[Nn]a\W*")  # sodium, and a syllable
_NO_VALUE = re.compile(r"\[\s*\]|\{\s*\}|\(\s*\)|\"\s*\"|'\s*'|“\s*”")
# One word or sign, which a task about words, values or signs may mean.
_ONE_WORD = re.compile(r"[\"'“‘]?[^\W_]+[\"'”’.]{0,2}|[^\w\s]{1,3}")
_SHORT_FORM = re.compile(r"\W*n ?[/.] ?a\W*", re.I)
_ABOUT_SHORT_FORMS = pattern(r"\b(?:abbreviat\w*|acronyms?|stands? for|initials|means?)\b|약자")
_NOUNS = (
    "words?", "terms?", "strings?", "values?", "expressions?", "abbreviations?", "acronyms?",
    "symbols?", "phrases?", "(?:data )?type", "marks?", "signs?", "keywords?", "literals?", "entry",
)  # fmt: skip
_VERBS = ("translate", "spell", "pronounce", "define", "capitalize", "reverse", "explain")
_MATTERS = (
    "backwards?", "synonyms?", "antonyms?", "opposites?", "plural", "rhymes?", "punctuation",
    "morse", "stands? for", "(?:what|which) language", "what (?:does|is) (?:it|this)",
)  # fmt: skip
_MATTERS_ELSEWHERE = (
    "번역", "값", "자료형", "단어", "낱말", "거꾸로", "뜻", "어느 나라", "무슨 말", "반대말",
    "terjemah", "kata (?:ini|itu|berikut)", "artinya", "bahasa apa", r"\beja",
)  # fmt: skip
_ABOUT_WORDS = pattern(
    r"\b(?:the|this|these|following|given|its?|each)\b(?: \w+)? "
    rf"{one_of(_NOUNS)}\b"
    rf"|\b{one_of(_VERBS)}\b(?: (?:it|this|that|into|to|from|the (?:following|input))\b|\W*$)"
    rf"|\b{one_of(_MATTERS)}\b|{one_of(_MATTERS_ELSEWHERE)}"
)
_CODE = one_of(
    "code", "program\\w*", "function", "json", "python", "java\\w*", "sql", "database", "type",
    "pandas", "values?", "variables?", "literals?", "keywords?", "expressions?", "returns?",
    "evaluat\\w+", "pars\\w+", "lists?", "arrays?", "dict\\w*", "objects?", "strings?", "pointers?",
    "result", "output", "prints?", "0/0", "number", "numeric", "spreadsheet", "excel", "fields?",
    "csv", "missing", "nothing", "empty", "errors?", "코드", "값", "데이터", "kode", "nilai",
)  # fmt: skip
_SHORT_FORMS = one_of(
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

# What an answer may say instead of answering: the words, and the tasks that may mean them.
_NO_ANSWER = (
    (rf"no ?_?out ?puts?(?: (?:is )?(?:{_NEEDED}|available))?", None),
    ("no ?_?in ?puts?", None),
    ("null|nan|undefined|\\{\\s*\\}|\\[\\s*\\]|\\(\\s*\\)|''|\"\"", _CODE),
    (r"n ?/ ?a|n\.a\.?|tbd|todo|to be (?:determined|added|done)", one_of(_SHORT_FORMS, _GAPS)),
    ("lorem ipsum.*", one_of(_FILLERS)),
    ("not (?:applicable|available)", one_of(_MISSING, _SHORT_FORMS)),
    (rf"no(?:ne|thing) (?:is )?{_NEEDED}|not (?:needed|required|necessary)", _NEED),
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
    (pattern(rf"(?s:\W*(?:{said})\W*)"), pattern(whole_words(meant)) if meant else None)
    for said, meant in _NO_ANSWER
]
_ONLY_SIGNS = re.compile(r"[\s.…_—–-]{1,5}|[?\ufffd\s]{3,}")
_SIGNS = pattern(whole_words(_SIGNS))
_MAY_LOOP = pattern(r"\d|\b(?:times|repeat\w*|loop\w*|song|lyrics|chant|poem|fill)\b|반복|ulang")
_LONGEST = 1000  # characters, of words that are no answer
_LOOP = 100  # words: a shorter text that repeats itself may be meant


def without_no_input(text: str, instruction: str = "") -> str:
    """An input that only says that there is none, in any spelling or language, becomes empty.

    One word stays where the ``instruction`` is about words or values: it may be the word it means.
    """
    plain = unicodedata.normalize("NFKC", html.unescape(text))
    said = re.sub(r"^\W*input\s*[:：]", "", plain, flags=re.I).strip()
    if _NO_VALUE.fullmatch(said):
        return text if re.search(whole_words(_CODE), instruction, re.I) else ""
    if normal_input(said) and (not _NO_INPUT.fullmatch(said) or _NA.fullmatch(said)):
        return text
    if _SHORT_FORM.fullmatch(said):
        return text if _ABOUT_SHORT_FORMS.search(instruction) else ""
    # "<noinput>" is no word of any task.
    meant = _ONE_WORD.fullmatch(said) and not re.search(r"in ?put", said, re.I)
    about = _ABOUT_WORDS.search(instruction)
    if said.lower() in ("null", "nan", "undefined"):
        about = about or re.search(whole_words(_CODE), instruction, re.I)
    return text if meant and about else ""


def says_nothing(row: dict) -> str | None:
    """Why an output is no answer: empty, or words that only say so ("None" may be an answer)."""
    answer, given = row["output"].strip(), row["input"].strip()
    about = row["instruction"] + "\n" + ("" if given == answer else given)
    if not answer:
        return "the output is empty"
    if answer.strip("\"'.").lower() in about.lower() and re.search(r"\w", answer):
        return None  # "… or answer N/A"
    for said, meant in _NO_ANSWER:
        if len(answer) < _LONGEST and said.fullmatch(answer):
            found = meant and meant.search(about)
            return None if found else f"the output only says {answer[:30]!r}"
    if re.fullmatch(r"not (?:provided|specified|given)\W*", answer, re.I) and not row["input"]:
        return f"the output only says {answer[:30]!r}"
    if _ONLY_SIGNS.fullmatch(answer) and not _SIGNS.search(about):
        return "the output is only punctuation"
    return _loops(answer) if len(answer) > _LOOP and not _MAY_LOOP.search(about) else None


def _loops(answer: str) -> str | None:
    """Why an answer is a loop: a few words, again and again, and nothing else."""
    words = tokenize(answer[:20_000])
    loop = len(words) >= _LOOP and is_above(repetition(answer[:20_000]), 0.95)
    spoken = sum(word.isalpha() for word in words) > 0.5 * len(words)
    return "the output repeats itself without end" if loop and spoken else None
