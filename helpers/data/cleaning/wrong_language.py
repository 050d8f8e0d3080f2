"""Detect rows in another language than their own, by script and by common short words."""

import re

from helpers.data.filters import LANGUAGES, is_in_language
from helpers.files.row_shapes import Task

_ABOUT_LANGUAGE = re.compile(
    r"\b(translat\w*|languages?|english|spanish|french|german|italian|portuguese|russian|chinese"
    r"|mandarin|japanese|korean|hindi|arabic|greek|latin|indonesian?|malay|vietnamese|thai|turkish"
    r"|dutch|polish|swedish|hebrew|swahili|kanji|hiragana|katakana|hangul|cyrillic|script|alphabet"
    r"|code|program|function|terjemah\w*|bahasa|inggris|korea|jepang|arab|kode|\w+어로)\b"
    r"|번역|언어|영어|일본어|중국어|한국어|한자|알파벳|프랑스어|스페인어|독일어|러시아어|로마자"
    r"|영문|코드|프로그램|함수",
    re.I,
)
# The most frequent short words of languages in Latin letters for which ``filters`` has no rules.
# Words that English or Indonesian has too are left out.
_SHORT_WORD_LISTS = (
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
_SHORT_WORDS = [frozenset(words.split()) for words in _SHORT_WORD_LISTS]
_ACCENTED = re.compile("[\u00c0-\u024f\u1ea0-\u1eff]")  # in English only in names
_ENGLISH_WORDS = "the a an of to and in is are for with that this what how you your it on as be or"
_ENGLISH = frozenset(_ENGLISH_WORDS.split())
# Things whose name or text may be given in another language, if the answer is nothing more.
_NAMED_THINGS = re.compile(
    r"\b(titles?|names?|called|novels?|books?|films?|movies?|songs?|hymns?|anthems?|operas?|poems?"
    r"|poets?|proverbs?|sayings?|mottos?|quot\w+|phrases?|original\w*|lyrics|lines?|national|prayers?"
    r"|toasts?|greet\w+|dish(es)?|judul|lagu|peribahasa)\b|제목|노래|속담|이름|원제|인사",
    re.I,
)
_LONGEST_NAME = 15  # words
_NOT_PROSE = re.compile(r"\S+@\S+|(?:https?://|www\.)\S+|\S+\.(?:com|org|net|jpe?g|png)\b|!\[.*?\]")
_QUOTED = re.compile(r"[\"“'‘「『«].*?[\"”'’」』»]|[:：].*", re.S)
_CODE = re.compile(r"[{}=;<>]|\w\(|\d[A-Z]")


def why_wrong_language(task: Task) -> str | None:
    """Why a row is not in its ``language``, or None; also None for a language without filters."""
    language, instruction = task.get("language", "en"), task["instruction"][:1000]
    if language not in LANGUAGES:
        return None
    # A task may be about a text in any language: only the request itself is checked.
    request = _QUOTED.sub(" ", instruction)
    has_words = re.search(r"\w", request)
    if not _can_be(request if has_words else instruction, language, least=3):
        return f"the instruction is not in the language {language!r}"
    answer = _NOT_PROSE.sub(" ", task["output"][:1000])
    if _ABOUT_LANGUAGE.search(instruction + "\n" + task["input"][:1000]) or _CODE.search(answer):
        return None
    if len(re.findall(r"[^\W\d_]", answer)) < (10 if language == "ko" else 20):
        return None
    if _NAMED_THINGS.search(instruction) and len(answer.split()) < _LONGEST_NAME:
        return None
    if not _can_be(answer, language, least=4):
        return f"the output is not in the language {language!r}"
    return None


def _can_be(text: str, language: str, least: int) -> bool:
    """Whether a text can be in a language; ``least`` short words of another one contradict it."""
    return is_in_language(text, language) and not _is_other_latin(text, language, least)


def _is_other_latin(text: str, language: str, least: int) -> bool:
    """Whether short words of Spanish, French and the like clearly outnumber the language's own."""
    if language == "ko":
        return False
    words = re.findall(r"[^\W\d_]+", text.lower())
    own = sum(word in _ENGLISH for word in words) if language == "en" else 0
    foreign = [[word for word in words if word in short_words] for short_words in _SHORT_WORDS]
    most = max(foreign, key=len)
    enough = len(set(most)) >= min(least, 3) and len(most) >= max(least, 0.2 * len(words))
    accented = sum(bool(_ACCENTED.search(word)) for word in words) > 0.25 * len(words)
    enough = enough or (accented and len(words) > 5 and len(set(most)) >= 2)
    return enough and len(most) > 2 * own
