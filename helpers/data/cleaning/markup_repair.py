"""Remove leftover markup: tags and entities of HTML, marks of chat formats, names of fields.

Only what is certainly left over is removed. An answer about HTML keeps its HTML.
"""

import html
import re

from helpers.data.reply_parsing.thinking import without_thinking

# A task about markup keeps its entities and tags.
_ABOUT_MARKUP = re.compile(
    r"\b(html\w*|xml|xhtml|css|svg|jsx|php|javascript|react|vue|angular|component"
    r"|markup|bbcode|latex|tags?|web ?(page|site)s?"
    r"|code|script|entit(y|ies)|escap\w+|(en|de)cod\w+|pars(e|ing)|regex|urls?)\b"
    r"|태그|코드|마크업|웹 ?페이지|kode|laman|situs",
    re.I,
)
_CODE = re.compile(
    r"```|=>|className=|<div[^<>]*>\s*<(?!/)|[{}]\s*$|[)\]'\"]\s*;\s*$"
    r"|^\s*(?:import|from|const|let|var|def|function|class|return|print)\b.*[('\"{;]",
    re.M,
)
# A task about looks keeps its tags.
_ABOUT_LOOKS = re.compile(
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
# A label before the whole answer. If the answer has more labels, they are its form.
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
_EMPTY_INPUT = re.compile(r"^\W*no ?in ?put\W*\s*\n+\s*output\s*:\s*", re.I)


def repair_markup(text: str, about: str = "") -> str:
    """A text without tags and entities of HTML. ``about`` is the whole task.

    A task about markup keeps both, and a task about looks keeps its tags. A text with code stays as
    it is.
    """
    tags, entities = _SIMPLE_TAG.search(text), _ENTITY.search(text)
    if not (tags or entities) or _ABOUT_MARKUP.search(about) or _CODE.search(text):
        return text
    only_simple_tags = not _ANY_TAG.search(_SIMPLE_TAG.sub("", text))
    if tags and only_simple_tags and not _ABOUT_LOOKS.search(about):
        text = _ITEM_TAG.sub("\n- ", _BREAK_TAG.sub("\n", text))
        text = _SIMPLE_TAG.sub("", text).strip()
    if entities and "`" not in text:
        plain = _ENTITY.sub(lambda entity: html.unescape(entity[0]).replace("\xa0", " "), text)
        if not _ANY_TAG.search(plain):  # &lt;b&gt; may be meant
            text = plain
    return text


def repair_marks(answer: str, about: str = "") -> str:
    """An answer without marks of a chat format and field names at its start and its end.

    ``about`` is the whole task. Marks stay if it is about them, or if the last sentence needs them.
    """
    if not _ABOUT_MARKS.search(about):
        answer = _without_end_marks(answer)
    start = _START_MARK.match(answer) or _EMPTY_INPUT.match(answer)
    if start and "#" in start[0] and _ABOUT_HEADINGS.search(about):
        start = None
    if not start and not _ABOUT_LABELS.search(about) and not _LABELS.search(answer):
        start = _LABEL.match(answer)
    return answer[start.end() :] if start else answer


def _without_end_marks(answer: str) -> str:
    """An answer without the thinking before it and end marks after it."""
    if "think" in answer:
        answer = without_thinking(answer).strip() or answer
    end = _END_MARK.search(answer)
    if not end or ("</s>" in end[0] and "<s>" in answer):  # <s>…</s> strikes a text through
        return answer
    before = answer[: end.start()]
    return before.rstrip() if _is_complete(before) else answer


def _is_complete(text: str) -> bool:
    """Whether a text is complete without the mark after it, unlike "the token" before "</s>"."""
    attached = text[-1:].isalnum() or text.endswith("\n")
    return attached or text.rstrip().endswith(tuple(".!?…。！？)]}`*\"'”’"))
