"""Tasks that rest on a website, picture, film, sound or file, which a row of text cannot hold."""

import re

from helpers.data.cleaning.words import one_of, pattern, whole_words

_ENDINGS = (
    "com", "org", "net", "io", "be", "ly", "co", "gov", "edu", "info", "me", "tv", "gl", "app",
    "dev", "uk", "de", "fr", "es", "it", "nl", "kr", "id", "jp", "cn", "in", "ru", "us", "ca", "au",
)  # fmt: skip
_URL = pattern(
    r"(?:https?://|www\.)\S+|data:\w+/[\w+.-]+;base64,\S+"
    rf"|(?<![\w@/.])(?:[a-z0-9-]{{1,40}}\.){{1,3}}{one_of(_ENDINGS)}/[^\s,;]+"
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
_INSIDE = r"[^<>\[\](){}\n]{0,60}"
_PLACEHOLDER = pattern(
    rf"[<\[({{【]{_INSIDE}(?<![a-z]){_THINGS}(?![a-z]){_INSIDE}[>\])}}】]"
    r"|!\[[^\]]*\]\s*(?:\([^)]*\)|\[[^\]]*\])|<img\b[^>]*>|<a\s[^>]*>[^<]{0,80}</a>"
)
_PICTURE_FILES = ("jpe?g", "png", "gif", "bmp", "webp", "svg", "hei[cf]", "tiff?", "psd", "raw")
_SOUND_FILES = ("mp3", "wav", "m4a", "ogg", "flac", "aac", "mp4", "mov", "avi", "mkv", "webm")
_TEXT_FILES = ("pdf", "docx?", "xlsx?", "pptx?", "od[tsp]", "rtf", "epub", "zip", "rar", "csv")
_FILE = pattern(rf"\S{{1,80}}\.{one_of(_PICTURE_FILES, _SOUND_FILES, _TEXT_FILES)}")
# What may stand before an address: "Article:", "The link is".
_LABEL = pattern(
    rf"\W*(?:[\w']+\W+){{0,3}}?(?:{_THINGS}|source|here|text|see|read)\W*(?:is|:|：)?\W*"
)
_OF_ADDRESSES = (
    "urls?", "uris?", "(?:hyper)?links?", "domains?", "addresses", "web address", "file ?names?",
    "extension", "paths?", "html", "code", "programs?", "script", "python", r"java\w*", "function",
    r"regex\w*", "regular expression", r"pars\w+", r"extract\w*", r"encod\w+", r"decod\w+",
    r"shorten\w*", "protocol", "https?", "markdown", "cit(?:e|es|ation)", r"referenc\w+",
    r"bibliograph\w+", "command", "curl", "api", "tautan", "alamat", "kode", r"ekstrak\w*",
)  # fmt: skip
_OF_ADDRESSES_IN_KOREAN = (
    "주소", "링크", "도메인", "코드", "경로", "추출", "파일 ?이름", "확장자",
)  # fmt: skip
_ABOUT_ADDRESSES = pattern(rf"\b{one_of(_OF_ADDRESSES)}\b|{one_of(_OF_ADDRESSES_IN_KOREAN)}")
# A site or a file as a thing of its own: its name is enough to say what it is.
_BARE_SITE = pattern(r"(?:https?://)?(?:www\.)?[a-z0-9-]+(?:\.[a-z0-9-]+){1,3}/?")
_AS_A_THING = (
    r"classif\w+", r"categor\w+", "identify", "type", "kind", "sort of", "format", "company",
    "companies", r"own\w*", "who", "which", "what is", r"what['’]s", "what does",
    "is (?:this|it|the)", "name", "purpose", "topic", "industry", "safe", r"legitimate\w*",
    "phishing", "spam", "official", "founded", r"belong\w*", "jenis", "kategori", "apa",
)  # fmt: skip
_AS_A_THING = pattern(rf"\b{one_of(_AS_A_THING)}\b|분류|종류|무엇|어떤|유형")
_A_FILE = pattern(r"\bfiles?\b|파일|\bberkas\b")
_LINK = pattern(r"\b(?:this|the(?: following)?) (?:link|url)\b|링크|\btautan\b")
_OPENING = (
    "open", "visit", "click", "watch", "listen to", "look at", "browse", "view", "see", "read",
    r"summari[sz]e", "summary of", "overview of", "contents? of", "review", r"analy[sz]e",
    "describe", "check", "translate", "transcribe", "critique", "rate", "headline", "caption",
    "key points", "main (?:idea|point|argument)",
)  # fmt: skip
_OPENING_IN_INDONESIAN = (
    "buka", "kunjungi", "tonton", "dengarkan", "lihat", "baca", "ulas",
    "(?:ringkas|rangkum)(?:lah|kan)?",
)  # fmt: skip
_OPENING_IN_KOREAN = (
    "열(?:고|어)", "방문", "시청", "보고", "읽고", "읽은", "요약", "들(?:고|어)", "확인",
)  # fmt: skip
_OPEN = pattern(f"{whole_words(_OPENING, _OPENING_IN_INDONESIAN)}|{one_of(_OPENING_IN_KOREAN)}")

_KINDS = (
    "image", "picture", "photo", "photograph", "painting", "cartoon", "screenshot", "video",
    "recording",
)  # fmt: skip
# Words behind a picture or film that make it something else: a video game, a picture-perfect day.
_NO_KIND = (
    "games?", "gaming", "calls?", "chats?", "conferenc\\w*", "meetings?", "cards?", "stores?",
    "shops?", "editing", "editors?", "essays?", "series", "frames?", "books?", "quality",
    "galler\\w+", "format\\w*", "librar\\w+", "process\\w*", "recogni\\w+", "classif\\w+",
    "sharing", "stream\\w*", "platform\\w*", "albums?", "shoots?", "worlds?", "consultant",
    "rights", "characters?",
)  # fmt: skip
_NAMED = "called|titled|named|entitled|known as"  # a painting that the reader knows
_PICTURES = rf"{one_of(_KINDS)}(?!-)(?! (?:{one_of(_NO_KIND)}|{_NAMED})\b)(?! [\"“‘'])"
_POINTING = (
    "this", "these", "that", "the (?:following|given|above|below|attached|provided)", "following",
    "attached", "given", "your",
)  # fmt: skip
_PICTURES_IN_INDONESIAN = one_of("gambar", "foto", "lukisan", "video", "rekaman")
_POINTING_IN_INDONESIAN = one_of(
    "ini", "itu", "berikut", "di atas", "di bawah", "terlampir", "tadi", "tersebut"
)
_PICTURES_IN_KOREAN = one_of("이미지", "사진", "그림", "영상", "동영상", "음성", "녹음")
_SHOWN = pattern(
    rf"\b{one_of(_POINTING)} (?:[\w-]+ ){{0,2}}(?:{_PICTURES}|audio(?: (?:clip|file))?)s?\b(?!-)"
    rf"(?! {one_of(_NO_KIND)}\b)|\b(?:in|on) the {_PICTURES}\b(?!(?-i: [A-Z]))"
    rf"|\b{_PICTURES_IN_INDONESIAN} {_POINTING_IN_INDONESIAN}\b"
    rf"|(?<![가-힣])(?:다음|이|아래|위|첨부(?:된|한)?) ?의? ?{_PICTURES_IN_KOREAN}(?!자)"
)
_RECORDED = one_of("audio", "recording", "video", "podcast", "voice ?(?:note|mail|message)", "clip")
_HEARD = pattern(
    rf"^\W*(?:please )?(?:transcribe|listen to|watch) (?:the|this) (?:\w+ )?{_RECORDED}\b"
)
_DRAWN = one_of("charts?", "graphs?", "diagrams?", "maps?", "figures?", "infographics?")
_ABOVE = pattern(
    rf"\bthe {_DRAWN} (?:above|below)\b"
    rf"|\bthe (?:above|attached|accompanying|enclosed|following) {_DRAWN}\b"
)
_ATTACHED = pattern(
    r"\bthe (?:attached|enclosed|uploaded|accompanying) "
    r"(?:documents?|files?|pdfs?|spreadsheets?|reports?|articles?|texts?|papers?|contracts?|resumes?)\b"
    r"|첨부(?:된|한) ?(?:문서|파일|자료)|\b(?:dokumen|berkas|file) terlampir\b"
)
# The thing is in the instruction after all, or the task only speaks of such things.
_BROUGHT = re.compile(r"[:：]\s*\S|\n\s*\S|\|")
_HOW = pattern(
    r"^\W*(?:how (?:do|can|could|should|to|would|does)|explain how|what (?:is|are) the "
    r"(?:\w+ )?(?:ways?|steps?)|(?:can|could|should) i\b|why\b|bagaimana cara)|방법|어떻게"
)
_WRITES = pattern(
    r"\b(?:write|compose|draft|e-?mails?|letters?|messages?|notes?|cover letter|reply|tulis\w*"
    r"|surat|surel)\b|쓰세요|써 ?주|작성"
)

_PLEASE = r"^\W*(?:please |can you |could you |tolong )?"
_ARTICLE = r"(?:me )?(?:an? |the |some )?"
_MAKING = (
    "create", "generate", "make", "produce", "render", "design", "show(?: me)?", "record",
    "compose", "take an?", "take some",
)  # fmt: skip
_MADE = f"(?:{_PICTURES}|drawing|illustration|gif|audio(?: clip)?|animation|3d model)"
_NO_PICTURE = (  # "a photo album", "a video script"
    "description", "caption", "prompt", "script", "title", "idea", "concept", "list", "plan",
    "game", "app", "store", "shop", "editing", "sharing", r"classif\w+", r"recogni\w+",
    r"search\w*", r"process\w*", r"generat\w+", "algorithm", "model", "dataset", "marketing",
    "campaign", "series", "blog", "lesson", "album", "essay",
)  # fmt: skip
_DRAWN_IN_THOUGHT = (
    "conclusions?", "distinctions?", "connections?", "comparisons?", "parallels?", "inferences?",
    "lessons?", "morals?", "attention", r"analog\w+", r"boundar\w+", "correlations?", "inspiration",
)  # fmt: skip
_NOT_DRAWN = (rf"(?:\w+ ){{0,3}}{one_of(_DRAWN_IN_THOUGHT)}", "up", "from", "on", "upon")
_MAKE_IN_INDONESIAN = (
    "gambarlah", "lukis(?:lah|kan)?", "(?:buat|hasilkan|ciptakan)(?:lah|kan)? (?:sebuah )?"
    "(?:gambar|foto|lukisan|video|ilustrasi|animasi)",
)  # fmt: skip
_MAKE_IN_KOREAN = (
    "(?:그림|이미지|사진|일러스트|동영상|영상|애니메이션)(?:을|를|으로)? ?(?:하나 |한 장 )?"
    "(?:그려|그리|생성|만들어|찍어)"
)
_MAKE = pattern(
    rf"{_PLEASE}(?:draw|sketch|paint|photograph|film)\b(?! {one_of(_NOT_DRAWN)}\b)"
    rf"|{_PLEASE}{one_of(_MAKING)} {_ARTICLE}(?!(?:character|biograph\w+|personal\w*) )"
    rf"(?:[\w-]+ ){{0,2}}?{_MADE}s?\b(?!-)(?! {one_of(_NO_PICTURE, _NO_KIND)})"
    rf"|{_PLEASE}{one_of(_MAKE_IN_INDONESIAN)}\b|{_MAKE_IN_KOREAN}"
)
_WORDS = (
    "ascii", "svg", "html", "css", "code", "python", "matplotlib", "latex", "tikz", "mermaid",
    "emoji", "text-based", "in words", "with words", "program", r"describ\w+", "story", "essay",
    "poem", "haiku", "metaphor", "paragraph", "kata-kata", "kode", "cerita",
)  # fmt: skip
_IN_WORDS = pattern(rf"\b{one_of(_WORDS)}\b|글로|코드|이모지|묘사")


def lacks_what_it_is_about(row: dict) -> str | None:
    """Why a row lacks its material: there is an address or a placeholder in its place."""
    instruction, given = row["instruction"], row["input"].strip()
    bare = _is_bare(given)
    if bare and not _ABOUT_ADDRESSES.search(instruction) and not _is_a_thing(given, instruction):
        return "the input is an address or a placeholder, not the thing itself"
    if not given and _ATTACHED.search(instruction) and not _is_only_spoken_of(instruction):
        return "the instruction speaks of an attachment that is not there"
    request = _URL.sub(" ", instruction)
    about = _ABOUT_ADDRESSES.search(_LINK.sub(" ", request))
    opens = _OPEN.search(request) and not about
    if request != instruction and opens and (bare or not given):
        return "the instruction asks to open an address"
    return None


def _is_bare(given: str) -> bool:
    """Whether an input is nothing but addresses, placeholders or the name of a file."""
    rest = _URL.sub(" ", _PLACEHOLDER.sub(" ", given))
    if rest == given:
        return bool(_FILE.fullmatch(given))
    return not re.search(r"\w", rest) or bool(_LABEL.fullmatch(rest))


def _is_a_thing(given: str, instruction: str) -> bool:
    """Whether a task asks what a site or a file is, which its name can tell."""
    named = _BARE_SITE.fullmatch(given) and not _FILE.fullmatch(given)
    named = named or (_FILE.fullmatch(given) and _A_FILE.search(instruction))
    return bool(named and _AS_A_THING.search(instruction))


def _is_only_spoken_of(instruction: str) -> bool:
    return any(one.search(instruction) for one in (_BROUGHT, _HOW, _WRITES))


def needs_pictures(row: dict) -> str | None:
    """Why text cannot do a task: it makes, or is about, a picture, film or sound."""
    instruction = row["instruction"]
    if _HOW.search(instruction):
        return None
    if _MAKE.search(instruction) and not _IN_WORDS.search(instruction):
        return "the instruction asks for a picture, film or sound"
    if row["input"].strip():
        return None
    drawn = _ABOVE.search(instruction) and not _is_only_spoken_of(instruction)
    if drawn or _HEARD.search(instruction) or _SHOWN.search(instruction):
        return "the instruction speaks of a picture, film or sound that is not there"
    return None
