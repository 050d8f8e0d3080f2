"""Detect outputs that only copy the instruction or the input."""

import re
from collections import Counter

from helpers.data.cleaning.word_patterns import one_of, pattern
from helpers.files.row_shapes import Task

# Tasks whose right answer may be the unchanged input.
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
_CHANGING_PARTS = (
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
    one_of(
        rf"\b{one_of(_REPEATING, _CHECKING, _CHOOSING, _CHANGING_PARTS)}\b", _KOREAN, _INDONESIAN
    )
)
# Tasks that need other words. Many other tasks ask for one other punctuation mark.
_OTHER_WORDS = (
    "paraphras\\w*", "rephras\\w*", "reword\\w*", "summar\\w*", "shorten\\w*", "condens\\w*",
    "translat\\w*", "polite\\w*", "formal\\w*", "informal\\w*", "explain", "elaborat\\w*",
    "expand\\w*", "simplif\\w*", "own words", "synonyms?",
)  # fmt: skip
# Tasks that a copy cannot fulfil. "Convert", "create" or "cite" may ask for the same text.
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


def why_copied(task: Task) -> str | None:
    """Why an output is a copy and no answer, or None."""
    answer, instruction = task["output"].strip(), task["instruction"].strip()
    given = task["input"].strip()
    if len(answer) > 1 and answer == instruction:
        return "the output repeats the instruction"
    long = len(answer.split()) > 3 or len(answer) > 15
    if not long or _MAY_REPEAT.search(instruction):
        return None
    if answer == given and _NEEDS_ANOTHER_TEXT.search(instruction):
        return "the output repeats the input"
    if _is_nearly(answer, instruction):
        return "the output repeats the instruction, but for a sign"
    if _NEEDS_OTHER_WORDS.search(instruction) and _is_nearly(answer, given):
        return "the output repeats the input, but for a sign"
    return None


def _is_nearly(text: str, other: str) -> bool:
    """Whether two texts of several words differ by one punctuation mark at most, or capitals."""
    words, other_words = (re.findall(r"\w+", one.casefold()) for one in (text, other))
    signs, other_signs = (Counter(re.findall(r"[^\w\s]", one)) for one in (text, other))
    more, fewer = (signs - other_signs).total(), (other_signs - signs).total()
    return len(words) > 3 and words == other_words and max(more, fewer) <= 1 and more + fewer > 0
