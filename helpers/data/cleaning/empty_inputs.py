"""Empty the inputs of imported rows that only say that there is none, in many spellings.

The same words may be meant: "nessuno" can be translated, and "null" is a value in JSON. So a single
word is compared with its instruction.
"""

import html
import re
import unicodedata

from helpers.data.cleaning.word_patterns import one_of, pattern, whole_words
from helpers.data.reply_parsing.no_input import without_no_input

# Beyond the spellings in ``no_input``, which occur in replies; each matches a whole input.
NEEDED = one_of("needed", "required", "necessary", "provided", "given")
_PROVIDED = one_of(NEEDED, "specified", "applicable", "available")
_IN_ENGLISH = (
    rf"(?:no(?:ne|thing)?|not) (?:\w+ )?(?:is |was )?{_PROVIDED}"
    r"(?:[ ,](?:for|in|to|here|by|from|as)\b.{0,40})?",
    r"no (?:additional |further |other )?(?:text|data|context|content|information|details|value)"
    rf"(?: (?:is |was )?(?:{NEEDED}|available))?",
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
_OTHER_LANGUAGES = (  # from translated data
    "ningun[oa]", "sin entrada", "aucune?(?: entrée)?", "keine(?: eingabe)?", "sem entrada",
    "nessuno", "なし", "入力なし", "该?无(?:输入)?", "無(?:輸入)?", "没有输入", "不适用", "不需要",
)  # fmt: skip
_NO_INPUT = pattern(rf"\W*{one_of(_IN_ENGLISH, _KOREAN, _INDONESIAN, _OTHER_LANGUAGES)}\W*")
_NA = re.compile(r"\W*[Nn]a\W*")  # may be sodium, or a syllable
_NO_VALUE = re.compile(r"\[\s*\]|\{\s*\}|\(\s*\)|\"\s*\"|'\s*'|“\s*”")
# One word or sign: the input itself in a task about words, values or signs.
_ONE_WORD = re.compile(r"[\"'“‘]?[^\W_]+[\"'”’.]{0,2}|[^\w\s]{1,3}")
_ABBREVIATION = re.compile(r"\W*n ?[/.] ?a\W*", re.I)
_ABOUT_ABBREVIATIONS = pattern(r"\b(?:abbreviat\w*|acronyms?|stands? for|initials|means?)\b|약자")
_NOUNS = (
    "words?", "terms?", "strings?", "values?", "expressions?", "abbreviations?", "acronyms?",
    "symbols?", "phrases?", "(?:data )?type", "marks?", "signs?", "keywords?", "literals?", "entry",
)  # fmt: skip
_VERBS = ("translate", "spell", "pronounce", "define", "capitalize", "reverse", "explain")
_TOPICS = (
    "backwards?", "synonyms?", "antonyms?", "opposites?", "plural", "rhymes?", "punctuation",
    "morse", "stands? for", "(?:what|which) language", "what (?:does|is) (?:it|this)",
)  # fmt: skip
_TOPICS_IN_OTHER_LANGUAGES = (
    "번역", "값", "자료형", "단어", "낱말", "거꾸로", "뜻", "어느 나라", "무슨 말", "반대말",
    "terjemah", "kata (?:ini|itu|berikut)", "artinya", "bahasa apa", r"\beja",
)  # fmt: skip
_ABOUT_WORDS = pattern(
    r"\b(?:the|this|these|following|given|its?|each)\b(?: \w+)? "
    rf"{one_of(_NOUNS)}\b"
    rf"|\b{one_of(_VERBS)}\b(?: (?:it|this|that|into|to|from|the (?:following|input))\b|\W*$)"
    rf"|\b{one_of(_TOPICS)}\b|{one_of(_TOPICS_IN_OTHER_LANGUAGES)}"
)
CODE_WORDS = one_of(
    "code", "program\\w*", "function", "json", "python", "java\\w*", "sql", "database", "type",
    "pandas", "values?", "variables?", "literals?", "keywords?", "expressions?", "returns?",
    "evaluat\\w+", "pars\\w+", "lists?", "arrays?", "dict\\w*", "objects?", "strings?", "pointers?",
    "result", "output", "prints?", "0/0", "number", "numeric", "spreadsheet", "excel", "fields?",
    "csv", "missing", "nothing", "empty", "errors?", "코드", "값", "데이터", "kode", "nilai",
)  # fmt: skip
_ABOUT_CODE = pattern(whole_words(CODE_WORDS))


def empty_if_no_input(text: str, instruction: str = "") -> str:
    """The input itself, or "" if it only says that there is none, in any spelling or language.

    A single word stays if the ``instruction`` is about words or values.
    """
    plain = unicodedata.normalize("NFKC", html.unescape(text))
    content = re.sub(r"^\W*input\s*[:：]", "", plain, flags=re.I).strip()
    if _NO_VALUE.fullmatch(content):
        return text if _ABOUT_CODE.search(instruction) else ""
    if without_no_input(content) and (not _NO_INPUT.fullmatch(content) or _NA.fullmatch(content)):
        return text
    if _ABBREVIATION.fullmatch(content):
        return text if _ABOUT_ABBREVIATIONS.search(instruction) else ""
    if not _ONE_WORD.fullmatch(content) or re.search(r"in ?put", content, re.I):
        return ""
    about_words = _ABOUT_WORDS.search(instruction)
    if content.lower() in ("null", "nan", "undefined"):
        about_words = about_words or _ABOUT_CODE.search(instruction)
    return text if about_words else ""
