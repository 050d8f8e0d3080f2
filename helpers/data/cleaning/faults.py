"""What makes an imported row useless for training: one row in, its class of fault and why out.

The classes are those that the people who cleaned Alpaca's release found by reading it (Ruebsamen et
al. 2023, AlpacaDataCleaned), and those that data from the web adds. Wrong answers and senseless
requests are not among them: no rule sees that a sum is false. A doubtful row is left alone.
"""

import re
from collections import Counter
from collections.abc import Callable

from helpers.data.cleaning.attachments import lacks_what_it_is_about, needs_pictures
from helpers.data.cleaning.emptiness import says_nothing
from helpers.data.cleaning.languages import is_in_another_language
from helpers.data.cleaning.merging import merges
from helpers.data.cleaning.refusals import refuses
from helpers.data.cleaning.words import one_of, pattern
from helpers.data.filters import LANGUAGES, lacks_its_text

_OWN_WORDS = re.compile(
    r"\b(two|your|last|previous|activities|items)\b|[(\[\"“:：]|\s[-–—]\s", re.I
)
# Tasks whose right answer may be the input as it is: it may be right, or so already.
_REPEATING = (
    "repeat", "copy", "paste", "recite", "aloud", "out loud", "print", "echo", "quot\\w*",
    "verbatim", "output the text", "keep", "same", "unchanged", "original",
)  # fmt: skip
_CHECKING = (
    "if", "otherwise", "any", "where", "check\\w*", "ensure", "make sure", "verify", "determine",
    "correct\\w*", "fix\\w*", "proofread\\w*", "edit\\w*", "revis\\w*", "errors?", "mistakes?",
    "typos?", "spell\\w*", "grammar", "grammatical\\w*", "punctuat\\w*", "proper\\w*", "accura\\w*",
    "improv\\w*", "polish\\w*",
)  # fmt: skip
_CHOOSING = (
    "extract\\w*", "find", "identify", "select", "choose", "pick", "which", "what", "locate",
    "highlight\\w*", "sort\\w*", "order\\w*", "arrange", "rank\\w*", "match\\w*",
)  # fmt: skip
_ALREADY_SO = (
    "remov\\w*", "delet\\w*", "omit\\w*", "strip", "filter\\w*", "clean\\w*", "trim\\w*",
    "replac\\w*", "redact\\w*", "anonymi\\w*", "censor\\w*", "neutral\\w*", "gender\\w*",
    "inclusive\\w*", "profan\\w*", "offensive\\w*", "bias\\w*", "spaces?", "line breaks?", "cases?",
    "lower ?case", "upper ?case", "capital\\w*", "format\\w*", "normali\\w*", "standardi\\w*",
    "tense", "voice", "person", "active", "passive", "without", "decod\\w*", "avoid\\w*",
)  # fmt: skip
_KOREAN = (
    "반복", "복사", "정렬", "순서", "교정", "맞춤법", "고치", "고쳐", "수정", "찾", "고르", "골라",
    "추출", "삭제", "제거",
)  # fmt: skip
_INDONESIAN = (
    "ulangi", "salin", "urutkan", "periksa", "perbaiki", "koreksi", "hapus", "temukan", "pilih",
    "ejaan",
)  # fmt: skip
_MAY_REPEAT = pattern(
    one_of(rf"\b{one_of(_REPEATING, _CHECKING, _CHOOSING, _ALREADY_SO)}\b", _KOREAN, _INDONESIAN)
)
# Tasks that a text with one other sign does not fulfil; many others ask for just that.
_OTHER_WORDS = (
    "paraphras\\w*", "rephras\\w*", "reword\\w*", "summar\\w*", "shorten\\w*", "condens\\w*",
    "translat\\w*", "polite\\w*", "formal\\w*", "informal\\w*", "explain", "elaborat\\w*",
    "expand\\w*", "simplif\\w*", "own words", "synonyms?",
)  # fmt: skip
# And those that a copy cannot fulfil. "Convert", "create" or "cite" may ask for what is there.
_OTHER_TEXTS = (
    "turn\\w*", "rewrit\\w*", "continue", "complete", "describ\\w*", "classif\\w*", "categori\\w*",
    "answer", "compose", "write", "circle", "count", "calculat\\w*", "how", "why", "who", "when",
    "analy\\w*", "compar\\w*", "predict\\w*", "opposite", "negat\\w*", "shorter", "longer",
    "alternative\\w*", "different\\w*", "another", "creative\\w*", "persuasive\\w*", "suggest\\w*",
)  # fmt: skip
_NEEDS_ANOTHER_TEXT = pattern(
    rf"\b{one_of(_OTHER_WORDS, _OTHER_TEXTS)}\b|요약|번역|공손|바꾸|바꿔|설명|분류|이어"
    r"|ringkas|terjemah|sopan|ubah|jelaskan|lanjutkan|klasifikasi"
)
_NEEDS_OTHER_WORDS = pattern(rf"\b{one_of(_OTHER_WORDS)}\b|요약|번역|공손|ringkas|terjemah|sopan")
_LAST_WORD = re.compile(
    r"[a-z]{2,} (?:the|an?|and|or|but|which|because|than|your|its|their|our|my|number of|dan|atau"
    r"|yang|karena|sebuah|dengan|adalah)$|\s(?:그리고|또한|하지만|그러나|왜냐하면|및)$"
)
_LISTED = re.compile(r"(?:,|\b(?:and|or)) (?:the|an?|and|or|but|because|which|than)$")
_ABOUT_SMALL_WORDS = re.compile(
    r"\b(articles?|prepositions?|conjunctions?|pronouns?|determiners?|connectives?|stop ?words?"
    r"|function words?|words?|grammar|parts? of speech|kata)\b",
    re.I,
)
_LAST_COMMA = re.compile(r"(?:\S+[ \t]+){6,}\S+[,、]$")
_HOW_DO_I = pattern(r"\bhow (?:do|can|could|should) i\b|\bhow to\b|방법을|bagaimana cara")
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
    if _HOW_DO_I.search(instruction):  # "How do I crop this image?" is about all of them
        return None
    # "Is the following sentence true? Water is wet." brings its sentence: only the last one counts.
    last = re.split(r"[.!?。]\s+", instruction)[-1]
    found = lacks_its_text(last, language)
    return "the instruction speaks of a text that is not there" if found else None


def _echoes(row: dict) -> str | None:
    answer, instruction = row["output"].strip(), row["instruction"].strip()
    if len(answer) > 1 and answer == instruction:
        return "the output repeats the instruction"
    long = len(answer.split()) > 3 or len(answer) > 15
    if not long or _MAY_REPEAT.search(instruction):
        return None
    if answer == row["input"].strip() and _NEEDS_ANOTHER_TEXT.search(instruction):
        return "the output repeats the input"
    if _is_nearly(answer, instruction):
        return "the output repeats the instruction, but for a sign"
    if _NEEDS_OTHER_WORDS.search(instruction) and _is_nearly(answer, row["input"].strip()):
        return "the output repeats the input, but for a sign"
    return None


def _is_nearly(text: str, other: str) -> bool:
    """Whether two texts of several words differ by no more than one sign and their capitals."""
    one, two = (re.findall(r"\w+", each.casefold()) for each in (text, other))
    signs = [Counter(re.findall(r"[^\w\s]", each)) for each in (text, other)]
    more, less = (signs[0] - signs[1]).total(), (signs[1] - signs[0]).total()
    return len(one) > 3 and one == two and max(more, less) <= 1 and more + less > 0


def _is_cut(row: dict) -> str | None:
    """Whether the output stops before its end, as far as its last words give it away."""
    answer, instruction = row["output"].rstrip(), row["instruction"]
    fences = len(re.findall(r"^[ \t]*```", answer, re.M))
    if fences % 2 and answer.count("```") % 2:
        return "a code fence in the output is never closed"
    last = answer.rsplit("\n", 1)[-1].strip()
    if re.fullmatch(r"\d{1,2}[.)]", last) and "\n" in answer:
        return "the output ends with the number of an item that is missing"
    if _stops_inside(last) and not _MAY_STOP.search(instruction):
        listed = _LISTED.search(last) or len(last.split()) < 8
        if not (listed and _ABOUT_SMALL_WORDS.search(instruction)):
            return "the output stops inside a sentence"
    # Alpaca's release was cut at "20.", a stop string of the request.
    numbers = [int(n) for n in re.findall(r"^[ \t]*(\d{1,2})[.)]\s", answer, re.M)]
    if re.match(r"19[.)]\s", last) and numbers == list(range(1, 20)):
        asked = re.search(r"\b(19|nineteen)\b", instruction)
        return None if asked else "the list stops before its number 20"
    return None


def _stops_inside(line: str) -> bool:
    return bool(_LAST_WORD.search(line) or _LAST_COMMA.fullmatch(line))


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
