"""The names of a task's fields, in the languages and words that models use for them.

One table for everyone who reads a task list: headings of numbered lists, keys of JSON objects,
fields inside a line. A name stands here as a pattern in lower case.
"""

import re

# What a name says: the kind of mark, and how sure a sign it is (2: the name that was asked for,
# 1: a word that answers use as well, 0: a word that texts of every sort use).
CLASSES = {
    "label": ("head", 2),
    "task": ("head", 1),
    "question": ("head", 0),
    "input": ("input", 2),
    "context": ("context", 0),
    "output": ("output", 2),
    "answer": ("output", 0),
}
_SORT = "(?:(?:sample|example|expected|desired|model|ideal|correct|suggested|final)[ ])?"
_SORT_KO = "(?:(?:예상|기대|예시|모범)[ ]?)?"
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
    "output": rf"{_SORT}outputs?(?:[ ](?:text|yang[ ]diharapkan))?"
    rf"|{_SORT_KO}출력(?:[ ]?(?:값|문|결과|예시|내용))?"
    r"|keluaran(?:[ ]yang[ ](?:diharapkan|benar))?|luaran|ausgabe|输出|輸出|出力|salida|saída"
    r"|sortie",
    "answer": rf"{_SORT}(?:answer|response|solution|result|completion|reply)s?|antwort|a"
    rf"|{_SORT_KO}(?:응답|답변|답안|정답|해답|대답|결과|답)"
    r"|jawaban(?:[ ]yang[ ](?:diharapkan|benar))?|jawab|respons|respon|hasil|tanggapan|balasan"
    r"|lösung|答案|回答|回复|respuesta|resposta|réponse|risposta",
}
# The names with which a prompt of ours ends, one a language of the course.
PROMPT_NAMES = ("instruction", "지시", "perintah")
FIELDS = {  # a task's fields, and the classes of their names, the surest first
    "instruction": ("label", "task", "question"),
    "input": ("input", "context"),
    "output": ("output", "answer"),
}


def names_of(*classes: str) -> str:
    """A pattern that matches every name of these classes."""
    return "|".join(NAMES[key] for key in classes)


_KEYS = {
    key: (field, re.compile(names_of(key), re.I))
    for field, classes in FIELDS.items()
    for key in classes
}


def field_of_key(key: object) -> tuple[str, int] | None:
    """``(field, rank)`` of a JSON object's key such as "expectedOutput" or "입력값", or None."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", str(key)[:60])
    words = re.sub(r"[_\-\s]+", " ", words).strip()
    for name, (field, pattern) in _KEYS.items():
        if pattern.fullmatch(words):
            return field, CLASSES[name][1]
    return None
