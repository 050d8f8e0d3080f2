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
_NUMBERED = re.compile(rf"{_LINE}(\d{{1,3}})\s?[.)]\s?[*_]*({_HEADS})[*_]*\s?[:：]", re.I)
_ASKS = re.compile("Instruction|지시.*|명령.*|Perintah|Instruksi", re.I)
_ANSWERED = re.compile(_ANSWERS, re.I)
# A list that goes on in other words: what asks, and what must follow on a line of its own.
_PAIRS = (
    (
        r"\n[^\w\n]{0,9}Q(?:uestion)? ?\d{0,3}[.:] ?\S",
        r"\n[^\w\n]{0,9}A(?:nswer)? ?\d{0,3}[.:] ?\S",
    ),
    (r"\n[^\w\n]{0,9}(?:User|Human): ?\S", r"\n[^\w\n]{0,9}(?:Assistant|AI|Bot|Chatbot): ?\S"),
    (
        r"\n[^\w\n]{0,9}(?:Task|과제|Tugas) ?\d{1,3} ?[:：]",
        rf"\n[^\w\n]{{0,9}}(?:{_ANSWERS})\s?[:：]",
    ),
    (r"\n#{3} ?Input ?:?", r"\n#{3} ?Response ?:?"),
)
_PAIRS = [tuple(re.compile(part, re.I) for part in pair) for pair in _PAIRS]
_ITEM = re.compile(
    rf"\n\d{{1,3}}[.)] [^\n]+\n+(?:Input|입력|Masukan)\s?[:：][^\n]*\n+(?:{_ANSWERS})\s?[:：]", re.I
)
# Tasks whose answer has questions, turns or numbered parts of its own.
_ABOUT_TURNS = re.compile(
    r"\b(faqs?|q ?& ?a|quiz\w*|questions?|interviews?|riddles?|trivia|dialog\w*|conversations?"
    r"|chat\w*|jokes?|flash ?cards?|scripts?|scenes?|plays?|exams?|tests?|worksheets?|surveys?"
    r"|transcripts?|role|assistant|bots?|support|exercises?|examples?|lessons?|problems?)\b"
    r"|질문|퀴즈|문제|면접|대화|대본|농담|pertanyaan|kuis|soal|wawancara|percakapan|dialog",
    re.I,
)
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
        goes_on = name == "output" and free and _goes_on(text, row["instruction"])
        if _is_numbered(text, name) or (free and _holds_another(text)) or goes_on:
            return f"another task begins inside the {name}"
    return None


def _is_numbered(text: str, name: str) -> bool:
    """Whether "5. Instruction:" or the like begins a line, and the text is no list of its own."""
    heads = list(_NUMBERED.finditer(text))
    asks = [head for head in heads if _ASKS.fullmatch(head[2])]
    answers = [head for head in heads if _ANSWERED.fullmatch(head[2])]
    if name == "input" and not asks:  # examples of what goes in and out
        return False
    numbers = [head[1] for head in heads]
    own_list = numbers[:1] == ["1"] and len(set(numbers)) == len(numbers)  # 1., 2., 3.
    return bool(answers or asks) and not own_list


def _goes_on(text: str, instruction: str) -> bool:
    """Whether an answer goes on with a question and its answer, which the task has no place for."""
    if _ABOUT_TURNS.search(instruction):
        return False
    for asks, answers in _PAIRS:
        head = asks.search(text)
        if head and answers.search(text, head.end()):
            return True
    return bool(_ITEM.search(text))


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
