"""Rows that are in another language than they should be, as far as script and small words tell."""

import re

from helpers.data.filters import LANGUAGES, speaks

_ABOUT_LANGUAGE = re.compile(
    r"\b(translat\w*|languages?|english|spanish|french|german|italian|portuguese|russian|chinese"
    r"|mandarin|japanese|korean|hindi|arabic|greek|latin|indonesian?|malay|vietnamese|thai|turkish"
    r"|dutch|polish|swedish|hebrew|swahili|kanji|hiragana|katakana|hangul|cyrillic|script|alphabet"
    r"|code|program|function|terjemah\w*|bahasa|inggris|korea|jepang|arab|kode|\w+어로)\b"
    r"|번역|언어|영어|일본어|중국어|한국어|한자|알파벳|프랑스어|스페인어|독일어|러시아어|로마자"
    r"|영문|코드|프로그램|함수",
    re.I,
)
# The commonest small words of languages in Latin letters that helpers.data.filters has no rules
# for; without those that English or Indonesian has too.
_SMALL_WORDS = (
    "el la los las un una de del que en por para con es son como su al se lo más",  # Spanish
    "le la les un une des du de et en est que qui pour dans sur au aux avec ce cette pas",  # French
    "der die das ein eine und ist den dem von zu mit für auf im nicht wie sie bitte",  # German
    "os as um uma de do da dos das que em para com é não por como na",  # Portuguese
    "il lo la gli le un una di del della che per con è sono come nel alla",  # Italian
    "de het een en dat op te voor zijn niet aan er om ook als wordt naar deze bij uit "
    "kan worden heeft maar omdat wanneer zich geen tot tussen hun",  # Dutch
    "w na się z nie że jest oraz ponieważ przez dla od są jak tym które może po "
    "z który która podczas jego ich lub już tylko także więc gdy był ma",  # Polish
    "ve bir bu için ile çok olarak nedeniyle gibi daha olan değil sonra kadar "
    "veya ama ise tarafından olur şekilde hem içinde arasında",  # Turkish
    "och att det som är av för på den med till inte ett varje från eller när vid "
    "kan blir gör så efter där också alla denna detta sig eftersom genom",  # Swedish
    "og det er som på med av til ikke af et fra når ved eller kan blir bliver",  # Danish, Norwegian
    "là của và có cho không được các một những trong với mỗi người này khi từ như "
    "nó bị sẽ đã đang để vào lên nhiều rất trên làm bằng",  # Vietnamese
    "ja ei että se oli joka ovat kun mutta tai niin myös",  # Finnish
    "že je se v na pro jsou jako které nebo když ale",  # Czech
    "și de la în cu pe care este nu sunt din pentru",  # Romanian
    "és hogy nem az egy mint vagy van ezt meg csak",  # Hungarian
)
_SMALL_WORDS = [frozenset(words.split()) for words in _SMALL_WORDS]
_MARKED = re.compile("[\u00c0-\u024f\u1ea0-\u1eff]")  # letters that English has in names alone
_ENGLISH = "the a an of to and in is are for with that this what how you your it on as be or"
_ENGLISH = frozenset(_ENGLISH.split())
# What may be asked for in the words of its own language, where the answer is no more than that.
_NAMED = re.compile(
    r"\b(titles?|names?|called|novels?|books?|films?|movies?|songs?|hymns?|anthems?|operas?|poems?"
    r"|poets?|proverbs?|sayings?|mottos?|quot\w+|phrases?|original\w*|lyrics|lines?|national|prayers?"
    r"|toasts?|greet\w+|dish(es)?|judul|lagu|peribahasa)\b|제목|노래|속담|이름|원제|인사",
    re.I,
)
_NAME = 15  # words
_NOT_PROSE = re.compile(r"\S+@\S+|(?:https?://|www\.)\S+|\S+\.(?:com|org|net|jpe?g|png)\b|!\[.*?\]")
_QUOTED = re.compile(r"[\"“'‘「『«].*?[\"”'’」』»]|[:：].*", re.S)
_CODE = re.compile(r"[{}=;<>]|\w\(|\d[A-Z]")


def is_in_another_language(row: dict) -> str | None:
    """Why a row is not in its ``language``; None as well for a language without filters."""
    language, instruction = row.get("language", "en"), row["instruction"][:1000]
    if language not in LANGUAGES:
        return None
    # What a task is about may be in any language: only the request itself is looked at.
    request = _QUOTED.sub(" ", instruction)
    if not _can_be(request if re.search(r"\w", request) else instruction, language, least=3):
        return f"the instruction is not in the language {language!r}"
    answer = _NOT_PROSE.sub(" ", row["output"][:1000])
    foreign = _ABOUT_LANGUAGE.search(instruction + "\n" + row["input"][:1000])
    enough = len(re.findall(r"[^\W\d_]", answer)) >= (10 if language == "ko" else 20)
    if foreign or not enough or _CODE.search(answer):
        return None
    if _NAMED.search(instruction) and len(answer.split()) < _NAME:
        return None
    if not _can_be(answer, language, least=4):
        return f"the output is not in the language {language!r}"
    return None


def _can_be(text: str, language: str, least: int) -> bool:
    return speaks(text, language) and not _is_other_latin(text, language, least)


def _is_other_latin(text: str, language: str, least: int) -> bool:
    """Whether small words of Spanish, French and the like outweigh the language's own by far."""
    if language == "ko":
        return False
    words = re.findall(r"[^\W\d_]+", text.lower())
    ours = sum(word in _ENGLISH for word in words) if language == "en" else 0
    found = [[word for word in words if word in small] for small in _SMALL_WORDS]
    most = max(found, key=len)
    enough = len(set(most)) >= min(least, 3) and len(most) >= max(least, 0.2 * len(words))
    marked = sum(bool(_MARKED.search(word)) for word in words) > 0.25 * len(words)
    enough = enough or (marked and len(words) > 5 and len(set(most)) >= 2)
    return enough and len(most) > 2 * ours
