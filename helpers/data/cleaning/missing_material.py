"""Detect rows without the material that their task is about: a text, website, file or attachment.

A row of text can hold none of these but a text. Often it holds an address or a placeholder in
place of the material ("[link to article]"), or nothing ("Summarize the following text.").
"""

import re

from helpers.data.cleaning.word_patterns import one_of, pattern, whole_words
from helpers.data.filters import LANGUAGES, refers_to_missing_text
from helpers.files.row_shapes import Task

_DOMAIN_ENDINGS = (
    "com", "org", "net", "io", "be", "ly", "co", "gov", "edu", "info", "me", "tv", "gl", "app",
    "dev", "uk", "de", "fr", "es", "it", "nl", "kr", "id", "jp", "cn", "in", "ru", "us", "ca", "au",
)  # fmt: skip
_URL = pattern(
    r"(?:https?://|www\.)\S+|data:\w+/[\w+.-]+;base64,\S+"
    rf"|(?<![\w@/.])(?:[a-z0-9-]{{1,40}}\.){{1,3}}{one_of(_DOMAIN_ENDINGS)}/[^\s,;]+"
)
_THINGS_IN_ENGLISH = (
    "image", "picture", r"photo\w*", "painting", "drawing", "artwork", "cartoon", "comic",
    "screenshot", "graph", "chart", "diagram", "map", "logo", "table", "video", "clip", "audio",
    "sound", "song", "recording", "file", "document", "pdf", "spreadsheet", r"attach\w*", "article",
    "link", "url", "web ?page", "website",
)  # fmt: skip
_THINGS_IN_KOREAN = (
    "이미지", "사진", "그림", "도표", "그래프", "차트", "동영상", "영상", "음성", "오디오", "파일",
    "문서", r"첨부\w*", "링크", "기사",
)  # fmt: skip
_THINGS_IN_INDONESIAN = (
    "gambar", "foto", "lukisan", "grafik", "diagram", "bagan", "tabel", "berkas", "dokumen",
    "lampiran", "terlampir", "tautan", "artikel", "rekaman",
)  # fmt: skip
_THINGS = one_of(_THINGS_IN_ENGLISH, _THINGS_IN_KOREAN, _THINGS_IN_INDONESIAN)
_IN_BRACKETS = r"[^<>\[\](){}\n]{0,60}"
_PLACEHOLDER = pattern(
    rf"[<\[({{【]{_IN_BRACKETS}(?<![a-z]){_THINGS}(?![a-z]){_IN_BRACKETS}[>\])}}】]"
    r"|!\[[^\]]*\]\s*(?:\([^)]*\)|\[[^\]]*\])|<img\b[^>]*>|<a\s[^>]*>[^<]{0,80}</a>"
)
_PICTURE_FILES = ("jpe?g", "png", "gif", "bmp", "webp", "svg", "hei[cf]", "tiff?", "psd", "raw")
_SOUND_FILES = ("mp3", "wav", "m4a", "ogg", "flac", "aac", "mp4", "mov", "avi", "mkv", "webm")
_TEXT_FILES = ("pdf", "docx?", "xlsx?", "pptx?", "od[tsp]", "rtf", "epub", "zip", "rar", "csv")
_FILE = pattern(rf"\S{{1,80}}\.{one_of(_PICTURE_FILES, _SOUND_FILES, _TEXT_FILES)}")
# Words that may stand before an address: "Article:", "The link is".
_LABEL = pattern(
    rf"\W*(?:[\w']+\W+){{0,3}}?(?:{_THINGS}|source|here|text|see|read)\W*(?:is|:|：)?\W*"
)
_ADDRESS_WORDS = (
    "urls?", "uris?", "(?:hyper)?links?", "domains?", "addresses", "web address", "file ?names?",
    "extension", "paths?", "html", "code", "programs?", "script", "python", r"java\w*", "function",
    r"regex\w*", "regular expression", r"pars\w+", r"extract\w*", r"encod\w+", r"decod\w+",
    r"shorten\w*", "protocol", "https?", "markdown", "cit(?:e|es|ation)", r"referenc\w+",
    r"bibliograph\w+", "command", "curl", "api", "tautan", "alamat", "kode", r"ekstrak\w*",
)  # fmt: skip
_ADDRESS_WORDS_IN_KOREAN = (
    "주소", "링크", "도메인", "코드", "경로", "추출", "파일 ?이름", "확장자",
)  # fmt: skip
_ABOUT_ADDRESSES = pattern(rf"\b{one_of(_ADDRESS_WORDS)}\b|{one_of(_ADDRESS_WORDS_IN_KOREAN)}")
# Tasks about a site or a file itself, for which its name is enough.
_SITE_NAME = pattern(r"(?:https?://)?(?:www\.)?[a-z0-9-]+(?:\.[a-z0-9-]+){1,3}/?")
_IDENTIFYING = (
    r"classif\w+", r"categor\w+", "identify", "type", "kind", "sort of", "format", "company",
    "companies", r"own\w*", "who", "which", "what is", r"what['’]s", "what does",
    "is (?:this|it|the)", "name", "purpose", "topic", "industry", "safe", r"legitimate\w*",
    "phishing", "spam", "official", "founded", r"belong\w*", "jenis", "kategori", "apa",
)  # fmt: skip
_ASKS_WHAT_IT_IS = pattern(rf"\b{one_of(_IDENTIFYING)}\b|분류|종류|무엇|어떤|유형")
_ABOUT_FILES = pattern(r"\bfiles?\b|파일|\bberkas\b")
_LINK = pattern(r"\b(?:this|the(?: following)?) (?:link|url)\b|링크|\btautan\b")
_READING = (
    "open", "visit", "click", "watch", "listen to", "look at", "browse", "view", "see", "read",
    r"summari[sz]e", "summary of", "overview of", "contents? of", "review", r"analy[sz]e",
    "describe", "check", "translate", "transcribe", "critique", "rate", "headline", "caption",
    "key points", "main (?:idea|point|argument)",
)  # fmt: skip
_READING_IN_INDONESIAN = (
    "buka", "kunjungi", "tonton", "dengarkan", "lihat", "baca", "ulas",
    "(?:ringkas|rangkum)(?:lah|kan)?",
)  # fmt: skip
_READING_IN_KOREAN = (
    "열(?:고|어)", "방문", "시청", "보고", "읽고", "읽은", "요약", "들(?:고|어)", "확인",
)  # fmt: skip
_ASKS_TO_READ = pattern(
    f"{whole_words(_READING, _READING_IN_INDONESIAN)}|{one_of(_READING_IN_KOREAN)}"
)
_ATTACHED = pattern(
    r"\bthe (?:attached|enclosed|uploaded|accompanying) "
    r"(?:documents?|files?|pdfs?|spreadsheets?|reports?|articles?|texts?|papers?|contracts?|resumes?)\b"
    r"|첨부(?:된|한) ?(?:문서|파일|자료)|\b(?:dokumen|berkas|file) terlampir\b"
)
# The material is in the instruction after all, or the task only mentions such material.
_QUOTES_IT = re.compile(r"[:：]\s*\S|\n\s*\S|\|")
ASKS_HOW = pattern(
    r"^\W*(?:how (?:do|can|could|should|to|would|does)|explain how|what (?:is|are) the "
    r"(?:\w+ )?(?:ways?|steps?)|(?:can|could|should) i\b|why\b|bagaimana cara)|방법|어떻게"
)
_WRITES_MESSAGE = pattern(
    r"\b(?:write|compose|draft|e-?mails?|letters?|messages?|notes?|cover letter|reply|tulis\w*"
    r"|surat|surel)\b|쓰세요|써 ?주|작성"
)
_NEEDS_NO_TEXT = re.compile(
    r"\b(two|your|last|previous|activities|items)\b|[(\[\"“:：]|\s[-–—]\s", re.I
)
_GENERAL = pattern(r"\bhow (?:do|can|could|should) i\b|\bhow to\b|방법을|bagaimana cara")


def why_material_missing(task: Task) -> str | None:
    """Why a row lacks its material, or None: an address or a placeholder stands in its place."""
    instruction, given = task["instruction"], task["input"].strip()
    placeholder = _is_placeholder(given)
    if placeholder and not (_ABOUT_ADDRESSES.search(instruction) or _is_named(given, instruction)):
        return "the input is an address or a placeholder, not the thing itself"
    if not given and _ATTACHED.search(instruction) and not only_mentions(instruction):
        return "the instruction speaks of an attachment that is not there"
    request = _URL.sub(" ", instruction)
    about_addresses = _ABOUT_ADDRESSES.search(_LINK.sub(" ", request))
    reads_it = _ASKS_TO_READ.search(request) and not about_addresses
    if request != instruction and reads_it and (placeholder or not given):
        return "the instruction asks to open an address"
    return None


def why_text_missing(task: Task) -> str | None:
    """Why a row lacks the text that its instruction refers to ("the following text"), or None."""
    language, instruction = task.get("language", "en"), task["instruction"].strip()
    if task["input"].strip() or language not in LANGUAGES or _NEEDS_NO_TEXT.search(instruction):
        return None
    if _GENERAL.search(instruction):  # "How do I crop this image?" is about all images
        return None
    # "Is the following sentence true? Water is wet." holds its sentence: only the last one counts.
    last = re.split(r"[.!?。]\s+", instruction)[-1]
    missing = refers_to_missing_text(last, language)
    return "the instruction speaks of a text that is not there" if missing else None


def only_mentions(instruction: str) -> bool:
    """Whether an instruction holds its material after all, or only mentions such material."""
    return any(found.search(instruction) for found in (_QUOTES_IT, ASKS_HOW, _WRITES_MESSAGE))


def _is_placeholder(given: str) -> bool:
    """Whether an input holds nothing but addresses, placeholders or the name of a file."""
    rest = _URL.sub(" ", _PLACEHOLDER.sub(" ", given))
    if rest == given:
        return bool(_FILE.fullmatch(given))
    return not re.search(r"\w", rest) or bool(_LABEL.fullmatch(rest))


def _is_named(given: str, instruction: str) -> bool:
    """Whether a task asks what a site or a file is, for which its name is enough."""
    is_file = _FILE.fullmatch(given)
    site = _SITE_NAME.fullmatch(given) and not is_file
    file = is_file and _ABOUT_FILES.search(instruction)
    return bool((site or file) and _ASKS_WHAT_IT_IS.search(instruction))
