"""Detect rows in which a second task begins, because a list was split in the wrong place."""

import re

from helpers.files.row_shapes import Task

_FIELD_NAMES = (
    "Instruction|Input|Output|Response|Task|지시(?: ?사항|문)?|명령어?|과제|입력|출력|응답"
    "|Perintah|Instruksi|Tugas|Masukan|Keluaran|Jawaban"
)
_OUTPUT_NAMES = "Output|Response|출력|응답|Keluaran|Jawaban"
_TASK_NAMES = "Instruction|Task|지시|과제|Perintah|Instruksi|Tugas"
# Each pattern begins with the end of a line, because an answer may itself begin like a task.
_LINE = r"\n\W{0,9}"
_NUMBERED = re.compile(rf"{_LINE}(\d{{1,3}})\s?[.)]\s?[*_]*({_FIELD_NAMES})[*_]*\s?[:：]", re.I)
_IS_INSTRUCTION = re.compile("Instruction|지시.*|명령.*|Perintah|Instruksi", re.I)
_IS_OUTPUT = re.compile(_OUTPUT_NAMES, re.I)
# A question or a request, and the answer that must follow on a line of its own.
_TURNS: tuple[tuple[str, str], ...] = (
    (
        r"\n[^\w\n]{0,9}Q(?:uestion)? ?\d{0,3}[.:] ?\S",
        r"\n[^\w\n]{0,9}A(?:nswer)? ?\d{0,3}[.:] ?\S",
    ),
    (r"\n[^\w\n]{0,9}(?:User|Human): ?\S", r"\n[^\w\n]{0,9}(?:Assistant|AI|Bot|Chatbot): ?\S"),
    (
        r"\n[^\w\n]{0,9}(?:Task|과제|Tugas) ?\d{1,3} ?[:：]",
        rf"\n[^\w\n]{{0,9}}(?:{_OUTPUT_NAMES})\s?[:：]",
    ),
    (r"\n#{3} ?Input ?:?", r"\n#{3} ?Response ?:?"),
)
_TURN_PATTERNS = [(re.compile(asks, re.I), re.compile(answers, re.I)) for asks, answers in _TURNS]
_NUMBERED_TASK = re.compile(
    rf"\n\d{{1,3}}[.)] [^\n]+\n+(?:Input|입력|Masukan)\s?[:：][^\n]*\n+(?:{_OUTPUT_NAMES})\s?[:：]",
    re.I,
)
# Tasks whose answer may hold questions, turns or numbered parts.
_ABOUT_TURNS = re.compile(
    r"\b(faqs?|q ?& ?a|quiz\w*|questions?|interviews?|riddles?|trivia|dialog\w*|conversations?"
    r"|chat\w*|jokes?|flash ?cards?|scripts?|scenes?|plays?|exams?|tests?|worksheets?|surveys?"
    r"|transcripts?|role|assistant|bots?|support|exercises?|examples?|lessons?|problems?)\b"
    r"|질문|퀴즈|문제|면접|대화|대본|농담|pertanyaan|kuis|soal|wawancara|percakapan|dialog",
    re.I,
)
_TITLE = re.compile(
    r"\n#{2,4} ?(?:(?:Task|과제|Tugas)\s?\d*\W{0,9})?"
    r"(?:Instruction|지시(?:사항|문)?|Perintah|Instruksi|Human|User)\W{0,3}?[:：\n]",
    re.I,
)
_AFTER_SEPARATOR = re.compile(
    rf"\n[ \t]*(?:#{{2,}}|-{{3,}}|\*{{3,}})[ \t]*{_LINE}(?:{_FIELD_NAMES})\W{{0,3}}\d*\s?[:：]",
    re.I,
)
_AFTER_BLANK_LINE = re.compile(rf"\n[ \t]*{_LINE}(?:{_TASK_NAMES})\W{{0,3}}\d*\W{{0,3}}[:：]", re.I)
_INPUT = re.compile(rf"{_LINE}(?:Input|입력|Masukan)\W{{0,3}}[:：]", re.I)
_OUTPUT = re.compile(rf"{_LINE}(?:{_OUTPUT_NAMES})\W{{0,3}}[:：]", re.I)
_CHAT_MARK = re.compile(
    r"<\|im_start\|>|\[INST\]|<start_of_turn>|<\|start_header_id\|>|<\|(?:user|assistant|system)\|>"
)
_ABOUT_TASKS = re.compile(
    r"\b(instructions?|tasks?|prompts?|inputs?|outputs?|templates?|format|markdown|chat ?ml"
    r"|perintah|tugas)\b|지시|과제|입력|출력|명령|프롬프트",
    re.I,
)


def why_merged(task: Task) -> str | None:
    """Why a row holds more than one task, or None: another task begins inside a field."""
    about_tasks = _ABOUT_TASKS.search(task["instruction"])
    fields = (
        ("output", task["output"].strip()),
        ("input", task["input"].strip()),
        ("instruction", task["instruction"].strip()),
    )
    for name, text in fields:
        if not ("\n" in text or "<" in text or "[" in text):
            continue
        found = _has_numbered_heading(text, name)
        if name == "instruction" or not about_tasks:
            found = found or _has_whole_task(text)
            found = found or (name == "output" and _continues(text, task["instruction"]))
        if found:
            return f"another task begins inside the {name}"
    return None


def _has_numbered_heading(text: str, name: str) -> bool:
    """Whether "5. Instruction:" or the like begins a line, and the text is no list of its own."""
    headings = list(_NUMBERED.finditer(text))
    instructions = [found for found in headings if _IS_INSTRUCTION.fullmatch(found[2])]
    outputs = [found for found in headings if _IS_OUTPUT.fullmatch(found[2])]
    if name == "input" and not instructions:  # examples of inputs and outputs
        return False
    numbers = [found[1] for found in headings]
    own_list = numbers[:1] == ["1"] and len(set(numbers)) == len(numbers)  # 1., 2., 3.
    return bool(outputs or instructions) and not own_list


def _continues(text: str, instruction: str) -> bool:
    """Whether an answer continues with a question and its answer that the task does not ask for."""
    if _ABOUT_TURNS.search(instruction):
        return False
    for asks, answers in _TURN_PATTERNS:
        question = asks.search(text)
        if question and answers.search(text, question.end()):
            return True
    return bool(_NUMBERED_TASK.search(text))


def _has_whole_task(text: str) -> bool:
    """Whether a text holds another task: marks of a chat, or the headings of all its fields."""
    if _TITLE.search(text) or _CHAT_MARK.search(text):
        return True
    heading = _AFTER_SEPARATOR.search(text)
    if heading and _OUTPUT.search(text, heading.end()):
        return True
    heading = _AFTER_BLANK_LINE.search(text)
    given = _INPUT.search(text, heading.end()) if heading else None
    return bool(given and _OUTPUT.search(text, given.end()))
