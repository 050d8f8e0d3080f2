"""Rows in which a second task begins: a list of tasks was split in the wrong place."""

import re

_HEADS = (
    "Instruction|Input|Output|Response|Task|지시(?: ?사항|문)?|명령어?|과제|입력|출력|응답"
    "|Perintah|Instruksi|Tugas|Masukan|Keluaran|Jawaban"
)
_ANSWERS = "Output|Response|출력|응답|Keluaran|Jawaban"
_FIRST = "Instruction|Task|지시|과제|Perintah|Instruksi|Tugas"
# Each begins with the end of a line: an answer may be about tasks, and begin with one itself.
_LINE = r"\n\W{0,9}"
_NUMBERED = re.compile(rf"{_LINE}\d{{1,3}}\s?[.)]\s?[*_]*(?:{_HEADS})[*_]*\s?[:：]", re.I)
_HASHED = re.compile(
    r"\n#{2,4} ?(?:(?:Task|과제|Tugas)\s?\d*\W{0,9})?"
    r"(?:Instruction|지시(?:사항|문)?|Perintah|Instruksi|Human|User)\W{0,3}?[:：\n]",
    re.I,
)
_RULED = re.compile(
    rf"\n[ \t]*(?:#{{2,}}|-{{3,}}|\*{{3,}})[ \t]*{_LINE}(?:{_HEADS})\W{{0,3}}\d*\s?[:：]", re.I
)
_SPACED = re.compile(rf"\n[ \t]*{_LINE}(?:{_FIRST})\W{{0,3}}\d*\W{{0,3}}[:：]", re.I)
_INPUT = re.compile(rf"{_LINE}(?:Input|입력|Masukan)\W{{0,3}}[:：]", re.I)
_OUTPUT = re.compile(rf"{_LINE}(?:{_ANSWERS})\W{{0,3}}[:：]", re.I)
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
        if _NUMBERED.search(text) or (free and _holds_another(text)):
            return f"another task begins inside the {name}"
    return None


def _holds_another(text: str) -> bool:
    """Whether a text goes on with another task, by a chat's marks or by all the parts of one."""
    if _HASHED.search(text) or _CHAT.search(text):
        return True
    head = _RULED.search(text)
    if head and _OUTPUT.search(text, head.end()):
        return True
    head = _SPACED.search(text)
    given = head and _INPUT.search(text, head.end())
    return bool(given and _OUTPUT.search(text, given.end()))
