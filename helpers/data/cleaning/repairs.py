"""Repairing a text where it is certain what it should be, and leaving it alone where it is not.

Each function takes a text and returns it repaired, or as it was. Tags and entities are removed only
from a task that does not speak of markup: an answer about HTML keeps its HTML.
"""

import html
import re

from helpers.data.parsing.thinking import without_thinking

_INVISIBLE = re.compile("[\u200b\u2060\ufeff\u00ad\ufffe\uffff]")
_JOINERS = re.compile("(?<![^\x00-\u024f])[\u200c\u200d](?![^\x00-\u024f])")  # not in emoji, Hindi
_DIRECTIONS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff]")
_TERMINAL = re.compile("\x1b\\[[0-9;?]*[A-Za-z]")
_BREAKS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_HALF = re.compile("[\ud800-\udfff]")
# The bytes of UTF-8 read as Windows-1252 or Latin-1: a first byte, then those that continue it.
_BYTES = {bytes([b]).decode("cp1252", "replace"): b for b in range(0x80, 0x100)}
_BYTES |= {chr(b): b for b in range(0x80, 0xA0)} | {"\u00a0": 0xA0}
_BYTES.pop("\ufffd", None)
_NEXT = "[" + "".join(re.escape(char) for char, b in _BYTES.items() if 0x80 <= b < 0xC0) + "]"
_MISREAD = re.compile(f"(?:[\xc2-\xdf]{_NEXT}|[\xe0-\xef]{_NEXT}{{2}}|[\xf0-\xf4]{_NEXT}{{3}})+")
_CERTAIN = ("\xc2", "\xc3", "\xe2", "\xf0")  # first bytes that no text has before such a character
_OPENING_QUOTES = "“‘«„‹\"'「『"
_CUT_QUOTE = re.compile("\xe2€(?=[\\s.,;:!?)]|$)")  # a quotation mark whose last byte was lost
# A task that speaks of markup keeps its entities; one that speaks of looks keeps its tags as well.
_MARKUP = re.compile(
    r"\b(html\w*|xml|xhtml|css|svg|jsx|php|javascript|react|vue|angular|component"
    r"|markup|bbcode|latex|tags?|web ?(page|site)s?"
    r"|code|script|entit(y|ies)|escap\w+|(en|de)cod\w+|pars(e|ing)|regex|urls?)\b"
    r"|태그|코드|마크업|웹 ?페이지|kode|laman|situs",
    re.I,
)
_PROGRAM = re.compile(
    r"```|=>|className=|<div[^<>]*>\s*<(?!/)|[{}]\s*$|[)\]'\"]\s*;\s*$"
    r"|^\s*(?:import|from|const|let|var|def|function|class|return|print)\b.*[('\"{;]",
    re.M,
)
_LOOKS = re.compile(
    r"\b(format\w*|style\w*|bold\w*|italic\w*|highlight\w*|underlin\w*|strik\w+|fonts?|colou?r\w*"
    r"|embed\w*|forms?|templates?|program|function|animat\w+|markdown)\b"
    r"|굵게|서식|글꼴|양식|밑줄|tebal|miring|garis bawah|formulir|templat",
    re.I,
)
_SIMPLE_TAG = re.compile(
    r"</?(?:p|br|b|i|u|em|strong|span|div|font|h[1-6]|ul|ol|li)(?:\s[^<>]*)?/?>", re.I
)
_ANY_TAG = re.compile(r"</?[a-zA-Z][a-zA-Z0-9]*(?:\s[^<>]*)?/?>")
_BREAK_TAG = re.compile(r"<br\s*/?>[ \t]*\n?|</(?:p|h[1-6]|li)>\s*(?=\S)", re.I)
_ITEM_TAG = re.compile(r"\n?<li(?:\s[^<>]*)?>[ \t]*", re.I)
_ENTITY = re.compile(r"&(?:[a-zA-Z]{2,8}\d?|#\d{2,6}|#[xX][0-9a-fA-F]{2,6});")
_END_MARK = re.compile(
    r"(?:(?:<\|(?:im_end|endoftext|end_of_text|eot_id|end|eom_id|end_of_turn)\|>|<end_of_turn>"
    r"|<eos>|<\|/?assistant\|>|\[/?EOS\]|</s>)\s*)+$"
)
_START_MARK = re.compile(
    r"^\s*(?:<s>\s*)?(?:<\|im_start\|>assistant\s*\n|<start_of_turn>model\s*\n|<\|assistant\|>\s*"
    r"|#{2,4} ?(?:Response|Output|Answer|응답|출력|답변|Jawaban|Keluaran) ?:?[ \t]*\n\s*)"
)
# One label before the whole answer; behind several of them they are its form.
_LABEL = re.compile(r"^\s*(?:Output|Response|출력|응답|Keluaran)[:：][ \t]*\n?(?=\s*\S)")
_LABELS = re.compile(r"\n[^\w\n]{0,9}[\w ]{1,20}[:：]")
_ABOUT_LABELS = re.compile(
    r"\b(outputs?|responses?|prints?|run|runs|code|program\w*|function|script|python|java\w*|sql"
    r"|commands?|labels?|formats?|templates?|markdown|headings?|prompts?|examples?|keluaran|kode)\b"
    r"|출력|응답|코드|형식",
    re.I,
)
_ABOUT_HEADINGS = re.compile(r"\b(headings?|headers?|markdown|sections?|judul)\b|제목", re.I)
_ABOUT_MARKS = re.compile(
    r"\b(tokens?|tags?|html|xml|markup|mark(er)?s?|chat ?ml|special|eos|bos|delimiters?|sequences?"
    r"|templates?|strik\w+|tokeni\w+|think\w*|reasoning)\b|토큰|태그|기호|tanda",
    re.I,
)
_EMPTY_FIELD = re.compile(r"^\W*no ?in ?put\W*\s*\n+\s*output\s*:\s*", re.I)


def repair_characters(text: str) -> str:
    """Without misread bytes, control characters, invisible characters and terminal colours."""
    if text.isascii() and not _CONTROL.search(text) and not _BREAKS.search(text):
        return text
    text = _TERMINAL.sub("", repair_misread(text))
    text = _BREAKS.sub("\n", text)
    text = _JOINERS.sub("", _INVISIBLE.sub("", _CONTROL.sub("", text)))
    if not _RIGHT_TO_LEFT.search(text):
        text = _DIRECTIONS.sub("", text)
    text = _HALF.sub("\ufffd", text) if _HALF.search(text) else text
    whole = text.rstrip("\ufffd")  # what is left of an emoji at the end
    return text if whole == text else whole.rstrip()


def repair_misread(text: str) -> str:
    """``Itâ€™s`` becomes ``It’s``: bytes of UTF-8 that were read as Windows-1252 or Latin-1."""
    for _ in range(3):  # it may have happened twice
        repaired = _CUT_QUOTE.sub("”", _MISREAD.sub(_reread, text))
        if repaired == text:
            break
        text = repaired
    return text


def _reread(match: re.Match) -> str:
    run = match[0]
    try:
        characters = bytes(_BYTES.get(char, ord(char)) for char in run).decode("utf-8")
    except (UnicodeDecodeError, ValueError):
        return run
    before, after = match.string[: match.start()][-1:], match.string[match.end() :][:1]
    if len(characters) == 1 and before and before in _OPENING_QUOTES and not after.isalpha():
        return run  # “Ã”: a letter in quotation marks
    # One accented letter before a quotation mark may be meant; two such pairs in a row are not.
    return characters if run.startswith(_CERTAIN) or len(characters) > 1 else run


def repair_markup(text: str, about: str = "") -> str:
    """Without HTML's tags and entities, unless ``about`` (the whole task) speaks of such things."""
    tags, entities = _SIMPLE_TAG.search(text), _ENTITY.search(text)
    if not (tags or entities) or _MARKUP.search(about) or _PROGRAM.search(text):
        return text
    if tags and not _LOOKS.search(about) and not _ANY_TAG.search(_SIMPLE_TAG.sub("", text)):
        text = _ITEM_TAG.sub("\n- ", _BREAK_TAG.sub("\n", text))
        text = _SIMPLE_TAG.sub("", text).strip()
    if entities and "`" not in text:
        plain = _ENTITY.sub(lambda entity: html.unescape(entity[0]).replace("\xa0", " "), text)
        if not _ANY_TAG.search(plain):  # &lt;b&gt; may be meant
            text = plain
    return text


def repair_marks(answer: str, about: str = "") -> str:
    """An answer without a chat format's marks and field names at its start and its end.

    Marks stay if ``about`` (the whole task) speaks of them, or if the last sentence needs them.
    """
    if not _ABOUT_MARKS.search(about):
        answer = without_thinking(answer).strip() or answer if "think" in answer else answer
        end = _END_MARK.search(answer)
        strikes = end and "</s>" in end[0] and "<s>" in answer  # <s>…</s> strikes a text through
        if end and not strikes and _is_over(answer[: end.start()]):
            answer = answer[: end.start()].rstrip()
    start = _START_MARK.match(answer) or _EMPTY_FIELD.match(answer)
    if start and "#" in start[0] and _ABOUT_HEADINGS.search(about):
        start = None
    if not start and not _ABOUT_LABELS.search(about) and not _LABELS.search(answer):
        start = _LABEL.match(answer)
    return answer[start.end() :] if start else answer


def _is_over(text: str) -> bool:
    """Whether a text is complete without the mark behind it, and does not end in "the token"."""
    attached = text[-1:].isalnum() or text.endswith("\n")
    return attached or text.rstrip().endswith(tuple(".!?…。！？)]}`*\"'”’"))
