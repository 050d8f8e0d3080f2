"""The names that models give to a task's fields, in several languages.

The same names are used in headings of numbered lists, keys of JSON objects, and fields inside a
line. Each is a regular expression in lower case.
"""

import re

# For each class of names: the kind of heading, and the certainty that it is one (2: the name that
# the prompt asks for, 1: a word that answers use too, 0: a word that texts of all kinds use).
CLASSES = {
    "label": ("task", 2),
    "task": ("task", 1),
    "question": ("task", 0),
    "input": ("input", 2),
    "context": ("context", 0),
    "output": ("output", 2),
    "answer": ("output", 0),
}
_QUALIFIER = "(?:(?:sample|example|expected|desired|model|ideal|correct|suggested|final)[ ])?"
_QUALIFIER_KO = "(?:(?:예상|기대|예시|모범)[ ]?)?"
NAMES = {
    "label": r"instructions?|instruksi|perintah|지시(?:[ ]?사항|문)?|anweisung|指令|指示"
    r"|instrucci[oó]n|instruç[aã]o|istruzione",
    "task": r"tasks?|prompts?|과제|작업|태스크|명령(?:어|문)?|tugas|aufgabe|任务|任務|タスク|tarea"
    r"|tarefa|tâche|consigne|compito",
    "question": r"questions?|q|requests?|examples?|exercises?|problems?|items?|질문|문제|요청|예시"
    r"|예제|항목|pertanyaan|soal|permintaan|contoh|latihan|frage|beispiel|问题|問題|题目|pregunta"
    r"|pergunta",
    "input": r"(?:(?:additional|optional|sample|example|given)[ ])?inputs?"
    r"(?:[ ](?:text|data|value))?|(?:data[ ])?masukan"
    r"|입력(?:[ ]?(?:값|문|글|내용|데이터|텍스트))?|eingabe|输入|輸入|入力|entrada|entrée",
    "context": r"context|konteks|지문|본문|kontext|上下文",
    "output": rf"{_QUALIFIER}outputs?(?:[ ](?:text|yang[ ]diharapkan))?"
    rf"|{_QUALIFIER_KO}출력(?:[ ]?(?:값|문|결과|예시|내용))?"
    r"|keluaran(?:[ ]yang[ ](?:diharapkan|benar))?|luaran|ausgabe|输出|輸出|出力|salida|saída"
    r"|sortie",
    "answer": rf"{_QUALIFIER}(?:answer|response|solution|result|completion|reply)s?|antwort|a"
    rf"|{_QUALIFIER_KO}(?:응답|답변|답안|정답|해답|대답|결과|답)"
    r"|jawaban(?:[ ]yang[ ](?:diharapkan|benar))?|jawab|respons|respon|hasil|tanggapan|balasan"
    r"|lösung|答案|回答|回复|respuesta|resposta|réponse|risposta",
}
# The name at the end of the prompt for a task list, in each language of the course.
PROMPT_NAMES = ("instruction", "지시", "perintah")
FIELD_CLASSES = {  # a task's fields, and the classes of their names, the most certain first
    "instruction": ("label", "task", "question"),
    "input": ("input", "context"),
    "output": ("output", "answer"),
}


def names_of(*classes: str) -> str:
    """A pattern that matches every name of these classes."""
    return "|".join(NAMES[key] for key in classes)


_KEYS = {
    key: (field, re.compile(names_of(key), re.I))
    for field, classes in FIELD_CLASSES.items()
    for key in classes
}


def field_of_key(key: object) -> tuple[str, int] | None:
    """``(field, certainty)`` of a JSON key such as "expectedOutput" or "입력값", or None."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", str(key)[:60])
    words = re.sub(r"[_\-\s]+", " ", words).strip()
    for name, (field, pattern) in _KEYS.items():
        if pattern.fullmatch(words):
            return field, CLASSES[name][1]
    return None
