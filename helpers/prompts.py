"""THE prompt: what an instruction looks like to the model, in training and ever after.

The words of the English template are Stanford Alpaca's: it is a data format, and a model taught
with it does best when it is asked with it. The newline at its end is alpaca-lora's; Stanford's own
``train.py`` ends at ``### Response:``. With the newline no token reaches across the border between
prompt and answer. Without it an answer that begins with "-" shares a token with the colon, so the
model would be trained on one split of the text and asked with another.

The commonest silent fault of instruction tuning is to train with one prompt and answer with
another, so every module that needs a prompt calls :func:`format_prompt`, and a test compares what
training and answering really used.
"""

import re

TEMPLATES = {
    "en": {
        "with_input": (
            "Below is an instruction that describes a task, paired with an input that provides "
            "further context. Write a response that appropriately completes the request.\n\n"
            "### Instruction:\n{instruction}\n\n### Input:\n{input}\n\n### Response:\n"
        ),
        "no_input": (
            "Below is an instruction that describes a task. "
            "Write a response that appropriately completes the request.\n\n"
            "### Instruction:\n{instruction}\n\n### Response:\n"
        ),
    },
    "ko": {
        "with_input": (
            "다음은 할 일을 적은 지시와, 그 일에 필요한 입력입니다. "
            "지시를 알맞게 이행하는 응답을 쓰세요.\n\n"
            "### 지시:\n{instruction}\n\n### 입력:\n{input}\n\n### 응답:\n"
        ),
        "no_input": (
            "다음은 할 일을 적은 지시입니다. 지시를 알맞게 이행하는 응답을 쓰세요.\n\n"
            "### 지시:\n{instruction}\n\n### 응답:\n"
        ),
    },
    "id": {
        "with_input": (
            "Berikut ini sebuah perintah beserta masukan yang diperlukan untuk mengerjakannya. "
            "Tulislah jawaban yang memenuhi perintah itu.\n\n"
            "### Perintah:\n{instruction}\n\n### Masukan:\n{input}\n\n### Jawaban:\n"
        ),
        "no_input": (
            "Berikut ini sebuah perintah. Tulislah jawaban yang memenuhi perintah itu.\n\n"
            "### Perintah:\n{instruction}\n\n### Jawaban:\n"
        ),
    },
}

# The opening bracket of what chat templates and vocabularies use as special tokens.
_TAGS = (  # <s>, </s>, <bos>, <tool_call>, …; some tokenizers fold their case
    r"/?s|start_of_\w+|end_of_\w+|(?:begin|start|end)_?of_?text|endoftext|start_function_\w+"
    r"|end_function_\w+|(?:bos|eos|pad|unk|sep|cls|mask|sop|eop|eod|eot|eom)(?:_token)?"
    r"|/?tool_(?:calls?|responses?)|/?think|seed:\w+|reserved_\w+|unused\d+|extra_id_\d+"
    r"|fim_(?:prefix|middle|suffix|pad)"
)
_NAMES = (  # [INST], [BOS], …; in lower case they are a list or an index
    "/?INST|/?SYSTEM_PROMPT|/?MODEL_SETTINGS|/?TOOL_CALLS|/?TOOL_RESULTS|/?AVAILABLE_TOOLS"
    "|/?TOOL_CONTENT|/?THINK|/?ARGS|CALL_ID|BOS|EOS|SEP|CLS|PAD|UNK|MASK|[gs]MASK|PREFIX|MIDDLE"
    "|SUFFIX|IMG(?:_BREAK|_END)?|BEGIN_AUDIO|AUDIO"
)
_MARKS = re.compile(
    r"<(?=[|｜][^|｜<>\s]{1,40}[|｜]?>|[^|｜<>\s]{1,40}[|｜]>|/?SYS>>"
    rf"|(?i:{_TAGS})>)|<(?=</?SYS>>)|\[(?=(?:{_NAMES})\]|\|[^|\[\]\s]{{1,40}}\|\]|e~\[)"
    r"|\](?=~!?b[\[\]]|<\])"
)

# How many tasks one list request asks for: in Korean, ten were found stable and twenty not
# (KoAlpaca), so the languages a teacher has read less of get the shorter list.
LIST_LENGTH = {"en": 20, "ko": 10, "id": 10}

# The list prompt: what to do, the rules, the three field names, and the word for "no input".
_LISTS = {
    "en": {
        "ask": "Write a list of {count} different tasks for a helpful language model, each with "
        "the answer a careful expert would give.",
        "rules": "Rules: every task starts with another verb and concerns another topic; some are "
        "questions, some are requests; mix writing, classifying, rewriting, explaining, maths "
        "and code; a language model without tools must be able to do it; the input is a concrete "
        "text to work on, or <noinput> where none is needed; the output is at most 100 words.",
        "fields": ("Instruction", "Input", "Output"),
    },
    "ko": {
        "ask": "언어 모델에게 시킬 서로 다른 과제 {count}개를 목록으로 쓰고, 과제마다 꼼꼼한 "
        "전문가가 할 법한 답을 다세요.",
        "rules": "규칙: 과제마다 동사와 주제를 달리한다. 질문과 부탁을 섞는다. 글쓰기, 분류, "
        "고쳐쓰기, 설명, 계산, 코드를 고루 넣는다. 도구 없이 글만으로 할 수 있어야 한다. 한국의 "
        "이름, 장소, 단위, 풍습을 쓴다. 입력은 다룰 글 그 자체이고, 필요 없으면 <noinput>이라고 "
        "쓴다. 출력은 300자를 넘지 않는다.",
        "fields": ("지시", "입력", "출력"),
    },
    "id": {
        "ask": "Tulislah daftar {count} tugas yang berbeda-beda untuk sebuah model bahasa, "
        "masing-masing dengan jawaban seperti yang diberikan seorang ahli yang teliti.",
        "rules": "Aturan: setiap tugas memakai kata kerja dan topik yang lain; sebagian berupa "
        "pertanyaan, sebagian permintaan; campurkan menulis, menggolongkan, menyunting, "
        "menjelaskan, berhitung, dan kode; harus bisa dikerjakan tanpa alat; pakailah nama, "
        "tempat, satuan, dan kebiasaan Indonesia; masukan adalah teks nyata yang dikerjakan, atau "
        "<noinput> bila tidak perlu; keluaran paling banyak 100 kata.",
        "fields": ("Perintah", "Masukan", "Keluaran"),
    },
}
FIELD_NAMES = {language: texts["fields"] for language, texts in _LISTS.items()}


def format_prompt(instruction, input="", language="en"):
    """The training prompt for one task, ending where the response begins.

    Without an input (empty or only spaces) the Input block is left out. Raises ValueError for a
    language without a template or an empty instruction. Source: Taori et al. 2023, and for the
    newline at the end tloen/alpaca-lora.
    """
    templates = TEMPLATES[_known(language)]
    if not instruction.strip():
        raise ValueError("instruction is empty; a prompt needs something to ask.")
    kind = "with_input" if input.strip() else "no_input"
    # replace(), not format(): a brace in the learner's text must stay a brace.
    before, after = templates[kind].split("{instruction}")
    return before + instruction + after.replace("{input}", input)


def chat_message(instruction, input=""):
    """A task as the user's message of a chat, for models that are taught in their own template.

    Nothing but the task's own words, and no system message: not every template knows one.
    """
    return {"role": "user", "content": f"{instruction}\n\n{input}" if input else instruction}


def as_text(text: str) -> str:
    """A text for a prompt that a server will read: marks of chat templates in it stay text.

    Servers parse special tokens wherever they stand, so an answer that holds ``<|im_end|>`` could
    end its turn, and write the next. A space behind the bracket makes it a text again.
    """
    return _MARKS.sub(r"\g<0> ", text)


def chat_turns(turns, *, open_user=False):
    """ChatML text for a list of ``(user, assistant)`` turns, the format of SmolLM2 and Qwen.

    With ``open_user`` the text ends where the next user would begin to write: a chat model that
    continues from there invents a user's request (Xu et al. 2024, Magpie).
    """
    text = "".join(
        f"<|im_start|>user\n{as_text(user)}<|im_end|>\n"
        f"<|im_start|>assistant\n{as_text(assistant)}<|im_end|>\n"
        for user, assistant in turns
    )
    return text + ("<|im_start|>user\n" if open_user else "")


def task_list_prompt(examples, count, language="en"):
    """Alpaca's way to ask: example tasks as a numbered list, to be continued up to ``count``.

    Returns ``(prompt, start)``: the text ends after ``"{start}. Instruction:"``, where ``start`` is
    the number of the first task the model will write. For teachers that can keep a format.
    Raises ValueError for a language without such a prompt.
    """
    texts = _LISTS[_known(language)]
    instruction, given, output = texts["fields"]
    lines = [texts["ask"].format(count=count), texts["rules"], ""]
    for number, row in enumerate(examples, 1):
        lines += [
            "###",
            f"{number}. {instruction}: {as_text(' '.join(row['instruction'].split()))}",
            f"{number}. {given}:\n{as_text(row.get('input') or '<noinput>')}",
            f"{number}. {output}:\n{as_text(row['output'])}",
        ]
    start = len(examples) + 1
    return "\n".join([*lines, "###", f"{start}. {instruction}:"]), start


def _known(language):
    if language not in TEMPLATES:
        raise ValueError(
            f"language={language!r} has no prompt template; choose one of {', '.join(TEMPLATES)}."
        )
    return language
