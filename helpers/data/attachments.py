"""Tasks that rest on a website, picture, film, sound or file, which a row of text cannot hold."""

import re

_URL = re.compile(r"(?:https?://|www\.)\S+|data:\w+/[\w+.-]+;base64,\S+", re.I)
_THINGS = (
    "image|picture|photo\\w*|painting|drawing|artwork|cartoon|comic|screenshot|graph|chart|diagram"
    "|map|logo|table|video|clip|audio|sound|song|recording|file|document|pdf|spreadsheet|attach\\w*"
    "|article|link|url|web ?page|website"
    "|이미지|사진|그림|도표|그래프|차트|동영상|영상|음성|오디오|파일|문서|첨부\\w*|링크|기사"
    "|gambar|foto|lukisan|grafik|diagram|bagan|tabel|berkas|dokumen|lampiran|terlampir|tautan"
    "|artikel|rekaman"
)
_INSIDE = r"[^<>\[\](){}\n]{0,60}"
_PLACEHOLDER = re.compile(
    rf"[<\[({{【]{_INSIDE}(?<![a-z])(?:{_THINGS})(?![a-z]){_INSIDE}[>\])}}】]"
    r"|!\[[^\]]*\]\s*(?:\([^)]*\)|\[[^\]]*\])|<img\b[^>]*>",
    re.I,
)
_FILE = re.compile(
    r"\S{1,80}\.(?:jpe?g|png|gif|bmp|webp|svg|pdf|docx?|xlsx?|pptx?|mp3|wav|mp4|mov|avi|zip|csv)",
    re.I,
)
# What may stand before an address: "Article:", "The link is".
_LABEL = re.compile(
    rf"\W*(?:[\w']+\W+){{0,3}}?(?:{_THINGS}|source|here|text|see|read)\W*(?:is|:|：)?\W*", re.I
)
_ABOUT_ADDRESSES = re.compile(
    r"\b(urls?|uris?|(hyper)?links?|domains?|addresses|web address|file ?names?|extension|paths?"
    r"|html|code|programs?|script|python|java\w*|function|regex\w*|regular expression|pars\w+"
    r"|extract\w*|encod\w+|decod\w+|shorten\w*|protocol|https?|markdown|cit(e|es|ation)"
    r"|referenc\w+|bibliograph\w+|command|curl|api|tautan|alamat|kode|ekstrak\w*)\b"
    r"|주소|링크|도메인|코드|경로|추출|파일 ?이름|확장자",
    re.I,
)
_LINK = re.compile(r"\b(?:this|the(?: following)?) (?:link|url)\b|링크|\btautan\b", re.I)
_OPEN = re.compile(
    r"(?<![a-z])(?:open|visit|click|watch|listen to|look at|browse|view|see|read|summari[sz]e"
    r"|review"
    r"|analy[sz]e|describe|check|translate|critique|rate|headline|caption|key points"
    r"|main (?:idea|point|argument)|buka|kunjungi|tonton|dengarkan|lihat|baca|ulas"
    r"|(?:ringkas|rangkum)(?:lah|kan)?)(?![a-z])"
    r"|열(?:고|어)|방문|시청|보고|읽고|읽은|요약|들(?:고|어)|확인",
    re.I,
)
_PICTURES = (
    r"(?:image|picture|photo|photograph|painting|cartoon(?! character|-)|screenshot|video"
    r"|recording)"
)
_SHOWN = re.compile(
    r"\b(?:this|these|that|the (?:following|given|above|below|attached|provided)|following|attached"
    rf"|given|your) (?:[\w-]+ ){{0,2}}(?:{_PICTURES}|audio(?: (?:clip|file))?)s?\b"
    rf"|\b(?:in|on) the {_PICTURES}\b"
    r"|\b(?:gambar|foto|lukisan|video|rekaman) (?:ini|itu|berikut|di atas|di bawah|terlampir|tadi"
    r"|tersebut)\b"
    r"|(?<![가-힣])(?:다음|이|아래|위|첨부(?:된|한)?) ?의? ?(?:이미지|사진|그림|영상|동영상|음성"
    r"|녹음)(?!자)",
    re.I,
)
_PLEASE = r"^\W*(?:please |can you |could you |tolong )?"
_MAKE = re.compile(
    rf"{_PLEASE}(?:draw|sketch|paint|photograph|film)\b(?! (?:(?:\w+ ){{0,3}}(?:conclusions?"
    r"|comparisons?|parallels?|inferences?|lessons?|morals?|attention)|up|from|on|upon)\b)"
    rf"|{_PLEASE}(?:create|generate|make|produce|render|design|take|show(?: me)?|record|compose) "
    r"(?:me )?(?:an? |the |some )?(?!(?:character|biograph\w+|personal\w*) )(?:[\w-]+ ){0,2}?"
    rf"(?:{_PICTURES}|drawing|illustration|gif|audio(?: clip)?|animation|3d model)s?\b"
    r"(?! (?:description|caption|prompt|script|title|idea|concept|list|plan|game|app|store|shop"
    r"|editing|sharing|classif\w+|recogni\w+|search\w*|process\w*|generat\w+|algorithm|model"
    r"|dataset"
    r"|marketing|campaign|series|blog|lesson|album|essay))"
    rf"|{_PLEASE}(?:gambarlah|lukis(?:lah|kan)?|(?:buat|hasilkan|ciptakan)(?:lah|kan)? (?:sebuah )?"
    r"(?:gambar|foto|lukisan|video|ilustrasi|animasi))\b"
    r"|(?:그림|이미지|사진|일러스트|동영상|영상|애니메이션)(?:을|를|으로)? ?(?:하나 |한 장 )?"
    r"(?:그려|그리|생성|만들어|찍어)",
    re.I,
)
_IN_WORDS = re.compile(
    r"\b(ascii|svg|html|css|code|python|matplotlib|latex|tikz|mermaid|emoji|text-based|in words"
    r"|with words|program|describ\w+|story|essay|poem|haiku|metaphor|paragraph|kata-kata|kode"
    r"|cerita)\b|글로|코드|이모지|묘사",
    re.I,
)


def lacks_what_it_is_about(row: dict) -> str | None:
    """Why a row lacks its material: there is an address or a placeholder in its place."""
    instruction, given = row["instruction"], row["input"].strip()
    bare = _is_bare(given)
    if bare and not _ABOUT_ADDRESSES.search(instruction):
        return "the input is an address or a placeholder, not the thing itself"
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


def needs_pictures(row: dict) -> str | None:
    """Why text cannot do a task: it makes, or is about, a picture, film or sound."""
    instruction = row["instruction"]
    if _MAKE.search(instruction) and not _IN_WORDS.search(instruction):
        return "the instruction asks for a picture, film or sound"
    if not row["input"].strip() and _SHOWN.search(instruction):
        return "the instruction speaks of a picture, film or sound that is not there"
    return None
