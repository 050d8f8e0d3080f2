"""Detect tasks that text cannot do: they make, or are about, a picture, film or sound."""

from helpers.data.cleaning.missing_material import ASKS_HOW, only_mentions
from helpers.data.cleaning.word_patterns import one_of, pattern
from helpers.files.row_shapes import Task

_MEDIA = (
    "image", "picture", "photo", "photograph", "painting", "cartoon", "screenshot", "video",
    "recording",
)  # fmt: skip
# Words that follow and make it something else: a video game, a picture book.
_OTHER_THINGS = (
    "games?", "gaming", "calls?", "chats?", "conferenc\\w*", "meetings?", "cards?", "stores?",
    "shops?", "editing", "editors?", "essays?", "series", "frames?", "books?", "quality",
    "galler\\w+", "format\\w*", "librar\\w+", "process\\w*", "recogni\\w+", "classif\\w+",
    "sharing", "stream\\w*", "platform\\w*", "albums?", "shoots?", "worlds?", "consultant",
    "rights", "characters?",
)  # fmt: skip
_NAMED = "called|titled|named|entitled|known as"  # a painting that the reader knows
_PICTURES = rf"{one_of(_MEDIA)}(?!-)(?! (?:{one_of(_OTHER_THINGS)}|{_NAMED})\b)(?! [\"“‘'])"
_THIS = (
    "this", "these", "that", "the (?:following|given|above|below|attached|provided)", "following",
    "attached", "given", "your",
)  # fmt: skip
_PICTURES_IN_INDONESIAN = one_of("gambar", "foto", "lukisan", "video", "rekaman")
_THIS_IN_INDONESIAN = one_of(
    "ini", "itu", "berikut", "di atas", "di bawah", "terlampir", "tadi", "tersebut"
)
_PICTURES_IN_KOREAN = one_of("이미지", "사진", "그림", "영상", "동영상", "음성", "녹음")
_ASKS_ABOUT_PICTURE = pattern(
    rf"\b{one_of(_THIS)} (?:[\w-]+ ){{0,2}}(?:{_PICTURES}|audio(?: (?:clip|file))?)s?\b(?!-)"
    rf"(?! {one_of(_OTHER_THINGS)}\b)|\b(?:in|on) the {_PICTURES}\b(?!(?-i: [A-Z]))"
    rf"|\b{_PICTURES_IN_INDONESIAN} {_THIS_IN_INDONESIAN}\b"
    rf"|(?<![가-힣])(?:다음|이|아래|위|첨부(?:된|한)?) ?의? ?{_PICTURES_IN_KOREAN}(?!자)"
)
_RECORDED = one_of("audio", "recording", "video", "podcast", "voice ?(?:note|mail|message)", "clip")
_ASKS_TO_HEAR = pattern(
    rf"^\W*(?:please )?(?:transcribe|listen to|watch) (?:the|this) (?:\w+ )?{_RECORDED}\b"
)
_CHARTS = one_of("charts?", "graphs?", "diagrams?", "maps?", "figures?", "infographics?")
_CHART_ABOVE = pattern(
    rf"\bthe {_CHARTS} (?:above|below)\b"
    rf"|\bthe (?:above|attached|accompanying|enclosed|following) {_CHARTS}\b"
)
_PLEASE = r"^\W*(?:please |can you |could you |tolong )?"
_ARTICLE = r"(?:me )?(?:an? |the |some )?"
_MAKING = (
    "create", "generate", "make", "produce", "render", "design", "show(?: me)?", "record",
    "compose", "take an?", "take some",
)  # fmt: skip
_PICTURE_OR_SOUND = f"(?:{_PICTURES}|drawing|illustration|gif|audio(?: clip)?|animation|3d model)"
_NOT_A_PICTURE = (  # "a photo album", "a video script"
    "description", "caption", "prompt", "script", "title", "idea", "concept", "list", "plan",
    "game", "app", "store", "shop", "editing", "sharing", r"classif\w+", r"recogni\w+",
    r"search\w*", r"process\w*", r"generat\w+", "algorithm", "model", "dataset", "marketing",
    "campaign", "series", "blog", "lesson", "album", "essay",
)  # fmt: skip
# "Draw a conclusion" asks for no picture.
_ABSTRACT = (
    "conclusions?", "distinctions?", "connections?", "comparisons?", "parallels?", "inferences?",
    "lessons?", "morals?", "attention", r"analog\w+", r"boundar\w+", "correlations?", "inspiration",
)  # fmt: skip
_NOT_DRAWN = (rf"(?:\w+ ){{0,3}}{one_of(_ABSTRACT)}", "up", "from", "on", "upon")
_MAKING_IN_INDONESIAN = (
    "gambarlah", "lukis(?:lah|kan)?", "(?:buat|hasilkan|ciptakan)(?:lah|kan)? (?:sebuah )?"
    "(?:gambar|foto|lukisan|video|ilustrasi|animasi)",
)  # fmt: skip
_MAKING_IN_KOREAN = (
    "(?:그림|이미지|사진|일러스트|동영상|영상|애니메이션)(?:을|를|으로)? ?(?:하나 |한 장 )?"
    "(?:그려|그리|생성|만들어|찍어)"
)
_ASKS_TO_MAKE = pattern(
    rf"{_PLEASE}(?:draw|sketch|paint|photograph|film)\b(?! {one_of(_NOT_DRAWN)}\b)"
    rf"|{_PLEASE}{one_of(_MAKING)} {_ARTICLE}(?!(?:character|biograph\w+|personal\w*) )"
    rf"(?:[\w-]+ ){{0,2}}?{_PICTURE_OR_SOUND}s?\b(?!-)(?! {one_of(_NOT_A_PICTURE, _OTHER_THINGS)})"
    rf"|{_PLEASE}{one_of(_MAKING_IN_INDONESIAN)}\b|{_MAKING_IN_KOREAN}"
)
_TEXT_FORMS = (
    "ascii", "svg", "html", "css", "code", "python", "matplotlib", "latex", "tikz", "mermaid",
    "emoji", "text-based", "in words", "with words", "program", r"describ\w+", "story", "essay",
    "poem", "haiku", "metaphor", "paragraph", "kata-kata", "kode", "cerita",
)  # fmt: skip
_IN_WORDS = pattern(rf"\b{one_of(_TEXT_FORMS)}\b|글로|코드|이모지|묘사")


def why_picture_needed(task: Task) -> str | None:
    """Why text cannot do a task, or None."""
    instruction = task["instruction"]
    if ASKS_HOW.search(instruction):
        return None
    if _ASKS_TO_MAKE.search(instruction) and not _IN_WORDS.search(instruction):
        return "the instruction asks for a picture, film or sound"
    if task["input"].strip():
        return None
    chart = _CHART_ABOVE.search(instruction) and not only_mentions(instruction)
    if chart or _ASKS_TO_HEAR.search(instruction) or _ASKS_ABOUT_PICTURE.search(instruction):
        return "the instruction speaks of a picture, film or sound that is not there"
    return None
