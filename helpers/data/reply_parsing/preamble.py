"""Recognise and remove sentences that only announce a list: "Sure! Here are 17 more tasks."."""

import re

_OPENING = re.compile(
    r"\W*(?:(?:sure|certainly|of course|absolutely|ok(?:ay)?|great|all ?right|understood|got it"
    r"|no problem|yes|continuing|as requested|below|the following|these are|let'?s|let me"
    r"|here(?:['’]s| is| are)|i(?:['’]ll| will|['’]ve| have))\b"
    r"|물론|알겠|좋습니다|좋아요|네[,.! ]|예[,.! ]|다음은|아래는|여기|이어서|계속"
    r"|(?:tentu|baik|berikut|oke|siap|di bawah|inilah|melanjutkan)\b)",
    re.I,
)
_MENTIONS_TASKS = re.compile(
    r"\b(?:tasks?|instructions|prompts|list|tugas|perintah|instruksi|daftar)\b|과제|지시|작업|목록",
    re.I,
)
_LONGEST = 500  # characters


def announces_list(text: str) -> bool:
    """Whether a text only says that a list follows: an opening phrase or a title."""
    text = text.strip()
    title = "\n" not in text and text.startswith(("#", "**")) and _MENTIONS_TASKS.search(text)
    return len(text) < _LONGEST and bool(title or _OPENING.match(text))


def without_preamble(text: str) -> str:
    """A first task without a paragraph before it that announces the list."""
    first, blank, rest = text.partition("\n\n")
    if blank and rest.strip() and announces_list(first) and _MENTIONS_TASKS.search(first):
        return rest
    return text
