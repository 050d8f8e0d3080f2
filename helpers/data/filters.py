"""Reject a generated task by its script and language: one task in, a reason or None out.

Each rule has a name, which the ledger records beside the reason. So you can count how many tasks
each rule rejects. Length is counted in words, or in characters for Hangul, Han, Kana and Thai. No
rule uses a model. Novelty depends on the other tasks and is checked in ``similarity``.
"""

import re
from dataclasses import dataclass

from helpers.data.reply_parsing.no_input import without_no_input
from helpers.files.row_shapes import Task
from helpers.similarity import is_above, repetition, rouge_l


@dataclass(frozen=True)
class _Rules:
    """What the filters search for in one language."""

    refusal: re.Pattern[str]  # in the output
    absent: re.Pattern[str]  # in an instruction without input: it refers to a text
    tools: re.Pattern[str]  # in the instruction: it needs more than text
    harm: re.Pattern[str]  # a few words about violence; this is no safety filter
    words: frozenset[str] = frozenset()  # the most frequent function words


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.I)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_RULES = {
    "en": _Rules(
        refusal=_pattern(
            r"^((i(['’]?m| am) (so |very |really )?)?(sorry|afraid)\W+(but )?(i|as|that|there)\b|"
            r"i apologi[sz]e|as an? (ai|language model)|(unfortunately,? )?i(['’]?m| am) (unable|"
            r"not able)|(unfortunately,? )?i (can(no|'|’)t|can not) (help|assist|provide|answer|"
            r"do|fulfil|write|create|generate|access|comply|give)|i don['’]?t have)"
        ),
        absent=_pattern(
            r"\b((this|that|these|those|the (following|above|given|last|previous)) "
            r"(sentence|sentences|text|paragraph|passage|message|email|e-mail|list|poem|story|"
            r"code|table|image|picture|photo|video|article|review|recipe|rule|word|words|"
            r"activities|two|items)|"
            r"your (recipe|list|story|last|previous|message|answer|response))\b"
        ),
        tools=_pattern(
            r"\b(image|picture|photo|video|graph|chart|draw|plot|file|website|link)s?\b"
        ),
        harm=_pattern(
            r"\b(bombs?|explosives?|grenades?|terroris\w+|murder\w*|suicid\w+|massacre\w*|"
            r"assassinat\w+)\b"
        ),
        words=_words(
            "the a an of to and in is are for with that this what how you your it on as be or "
            "which who why when do does i my if by from at can"
        ),
    ),
    "id": _Rules(
        refusal=_pattern(
            r"^((saya )?(mohon |minta )?maaf,? (tetapi |tapi |namun )?(saya|kami) "
            r"(tidak|tak|belum)|saya (tidak|tak) (bisa|dapat|mampu)|"
            r"sebagai (sebuah )?(ai|model bahasa|kecerdasan buatan))"
        ),
        absent=_pattern(
            r"\b(kalimat|teks|paragraf|bacaan|pesan|surel|daftar|puisi|cerita|kode|tabel|artikel|"
            r"ulasan|resep|kata)(-kata)? (ini|itu|berikut|di atas|di bawah|tersebut|tadi)\b"
        ),
        tools=_pattern(
            r"\b(gambar|foto|video|grafik|diagram|lukis|gambarlah|berkas|file|situs|tautan)\b"
        ),
        harm=_pattern(
            r"\b(bom|peledak|granat|teroris\w*|membunuh|pembunuhan|bunuh diri|pembantaian)\b"
        ),
        words=_words(
            "yang dan di ke dari untuk dengan ini itu adalah pada tidak apa bagaimana atau "
            "sebuah saya kamu anda jika oleh dalam akan bisa seorang agar serta para"
        ),
    ),
    "ko": _Rules(
        refusal=_pattern(
            r"^(죄송|미안|유감스럽|(저는 )?(인공지능|AI|언어 ?모델)[ 가-힣]{0,8}"
            r"(로서|이라|이므로|입니다)|(도와드릴|도와 드릴|답변할|답할) 수 없)"
        ),
        absent=_pattern(
            r"(?<![가-힣])(다음|아래|위|이|그|앞) ?의? ?(문장|글|단락|문단|메시지|이메일|목록|시|"
            r"이야기|코드|표|기사|후기|요리법|단어|낱말)(들)?(을|를|은|는|이|가|에|의|에서)\b"
        ),
        tools=_pattern(
            r"(이미지|그림(?!자)|사진|동영상|영상|그래프|도표|차트|파일(?!럿)|웹 ?사이트|링크)"
        ),
        harm=_pattern(r"(폭탄|폭발물|수류탄|테러|살인|살해|자살|암살|학살)"),
    ),
}
LANGUAGES = tuple(_RULES)
_HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]")
_UNSPACED = re.compile("[\u0e00-\u0eff\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
_LETTER = re.compile(r"[^\W\d_]")
_ODD_OPENING = re.compile(r"\s*[^\w\s\"'“‘¿¡「『《]")


def rejection_of(task: Task, language: str = "en") -> tuple[str, str] | None:
    """The first reason to reject a task, as ``(reason, filter)``, or None.

    Raises ValueError for a language without rules.
    """
    if language not in _RULES:
        raise ValueError(
            f"language={language!r} has no filters; choose one of {', '.join(LANGUAGES)}."
        )
    rules, instruction, answer = _RULES[language], task["instruction"], task["output"].strip()
    given = without_no_input(task["input"])
    size, shortest, longest = _length(instruction)
    absent = not given and refers_to_missing_text(instruction, language)
    checks = (
        (size < shortest, "instruction too short", "length"),
        (size > longest, "instruction too long", "length"),
        (bool(_ODD_OPENING.match(instruction)), "opening punctuation", "opening"),
        ("<|" in instruction + answer, "chat markup in the text", "markup"),
        (not is_in_language(instruction, language), f"not in the language {language}", "language"),
        (absent, "refers to something that is not there", "absent"),
        (bool(rules.tools.search(instruction)), "needs a picture, file or website", "tools"),
        (bool(rules.harm.search(instruction)), "about violence", "harm"),
        (not answer, "empty output", "empty"),
        (bool(rules.refusal.match(answer)), "refusal", "refusal"),
        (_repeats_itself(answer), "output repeats itself", "repetition"),
        (is_above(rouge_l(instruction, answer), 0.7), "output repeats the instruction", "echo"),
    )
    return next(((reason, name) for bad, reason, name in checks if bad), None)


def refers_to_missing_text(instruction: str, language: str) -> bool:
    """Whether an instruction without an input refers to a text ("the following …") it lacks."""
    return bool(_RULES[language].absent.search(instruction)) and not _quotes(instruction)


def is_in_language(text: str, language: str) -> bool:
    """Whether a text can be in a language, by its script and by its function words.

    The rule is lenient: code, names and texts that are too short to tell pass.
    """
    letters = _LETTER.findall(text)
    if not letters:
        return True
    if language == "ko":
        return len(_HANGUL.findall(text)) / len(letters) >= 0.3
    latin = sum(char < "\u0250" or "\u1e00" <= char <= "\u1eff" for char in letters)
    if latin / len(letters) < 0.5:
        return False
    words = re.findall(r"[a-z]+", text.lower())
    counts = {name: sum(w in _RULES[name].words for w in words) for name in ("en", "id")}
    other = max(count for name, count in counts.items() if name != language)
    return other < 2 or other <= 2 * counts[language]


def _length(text: str) -> tuple[int, int, int]:
    """``(size, shortest, longest)`` in words, or in characters if the script has no spaces."""
    letters = _LETTER.findall(text)
    if letters and len(_UNSPACED.findall(text)) > 0.5 * len(letters):
        return len(re.sub(r"\s", "", text)), 6, 240
    return len(text.split()), 4, 80


def _quotes(text: str) -> bool:
    """Whether a text holds what it refers to: a quotation, text after a colon, or a second line."""
    return bool(re.search(r"[\"“'‘「『].{3,}[\"”'’」』]|[:：]\s*\S|\n\s*\S", text))


def _repeats_itself(text: str) -> bool:
    """Whether a line, or more than a fifth of the word triples, occurs more than once."""
    lines = [re.sub(r"^\W*\d*\W*", "", line).strip().lower() for line in text.splitlines()]
    lines = [line for line in lines if line]
    return len(set(lines)) < len(lines) or bool(is_above(repetition(text), 0.2))
