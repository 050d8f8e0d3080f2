"""Rows in which a second task begins: a list of tasks was split in the wrong place."""

import re

_HEADS = (
    "Instruction|Input|Output|Response|Task|지시(?: ?사항|문)?|명령어?|과제|입력|출력|응답"
    "|Perintah|Instruksi|Tugas|Masukan|Keluaran|Jawaban"
)
_ANSWERS = "Output|Response|출력|응답|Keluaran|Jawaban"
# Each has some text before it: an answer may be about instructions, and begin with one.
_NUMBERED = rf"\S.*?\n\W*\d{{1,3}}\s*[.)]\s*[*_]*(?:{_HEADS})[*_]*\s*[:：]"
_HASHED = (
    rf"\S.*?\n#{{2,4}} ?(?:{_HEADS}|Human|Assistant|User)\b[*_]*\s*\d*\s*[:：]?[ \t]*(?:\n|\S)"
)
_RULED = (
    rf"\S.*?\n\s*(?:#{{2,}}|-{{3,}}|\*{{3,}})\s*\n+\W*(?:{_HEADS})\s*\d*\s*[:：].*"
    rf"\n\W*(?:{_ANSWERS})\s*[:：]"
)
_WHOLE = (
    r"\S.*?\n\s*\n\W*(?:Instruction|Task|지시|과제|Perintah|Instruksi|Tugas)\W*\d*\s*[:：].*"
    r"\n\W*(?:Input|입력|Masukan)\W*[:：].*"
    rf"\n\W*(?:{_ANSWERS})\W*[:：]"
)
_NUMBERED, _HASHED, _RULED, _WHOLE = (
    re.compile(pattern, re.I | re.S) for pattern in (_NUMBERED, _HASHED, _RULED, _WHOLE)
)
_CHAT = re.compile(
    r"<\|im_start\|>|\[INST\]|<start_of_turn>|<\|start_header_id\|>|<\|(?:user|assistant|system)\|>"
)
_ABOUT_TASKS = re.compile(
    r"\b(instructions?|tasks?|prompts?|inputs?|outputs?|templates?|format|markdown|chat ?ml"
    r"|perintah|tugas)\b|지시|과제|입력|출력|명령|프롬프트",
    re.I,
)


def merges(row: dict) -> str | None:
    """Why a row holds more than one task: another one begins inside a field."""
    about_tasks = _ABOUT_TASKS.search(row["instruction"])
    for name in ("output", "input", "instruction"):
        text = row[name].strip()
        if not ("\n" in text or "<" in text or "[" in text):
            continue
        free = name == "instruction" or not about_tasks
        marks = (_HASHED.match, _CHAT.search, _RULED.match, _WHOLE.match)
        if _NUMBERED.match(text) or (free and any(found(text) for found in marks)):
            return f"another task begins inside the {name}"
    return None
