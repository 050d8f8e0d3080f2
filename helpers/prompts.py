"""The prompts: the one for training and answering, and those that ask a teacher for tasks.

A model answers best when it is asked with the prompt that it was trained with. To train with one
prompt and answer with another is the most common silent error of instruction tuning. Every module
that needs the training prompt therefore calls :func:`format_prompt`, and a test compares what
training and answering really used.

The words of the English template are Stanford Alpaca's. Stanford's ``train.py`` ends the prompt at
``### Response:``; the newline after it is alpaca-lora's. With the newline, no token contains both
the end of the prompt and the start of the answer. Without it, an answer that begins with "-" would
share a token with the colon, and training and answering would split the text differently.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

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

# Special tokens of chat templates and vocabularies. First those in angle brackets, such as <s>,
# </s>, <bos> and <tool_call>, in any case because some tokenizers ignore it.
_ANGLE_TOKENS = (
    r"/?s|start_of_\w+|end_of_\w+|(?:begin|start|end)_?of_?text|endoftext|start_function_\w+"
    r"|end_function_\w+|(?:bos|eos|pad|unk|sep|cls|mask|sop|eop|eod|eot|eom)(?:_token)?"
    r"|/?tool_(?:calls?|responses?)|/?think|seed:\w+|reserved_\w+|unused\d+|extra_id_\d+"
    r"|fim_(?:prefix|middle|suffix|pad)"
)
# Those in square brackets, such as [INST] and [BOS]. In lower case they are a list or an index.
_SQUARE_TOKENS = (
    "/?INST|/?SYSTEM_PROMPT|/?MODEL_SETTINGS|/?TOOL_CALLS|/?TOOL_RESULTS|/?AVAILABLE_TOOLS"
    "|/?TOOL_CONTENT|/?THINK|/?ARGS|CALL_ID|BOS|EOS|SEP|CLS|PAD|UNK|MASK|[gs]MASK|PREFIX|MIDDLE"
    "|SUFFIX|IMG(?:_BREAK|_END)?|BEGIN_AUDIO|AUDIO"
)
# The opening bracket of any special token.
_SPECIAL_TOKEN = re.compile(
    r"<(?=[|｜][^|｜<>\s]{1,40}[|｜]?>|[^|｜<>\s]{1,40}[|｜]>|/?SYS>>"
    rf"|(?i:{_ANGLE_TOKENS})>)|<(?=</?SYS>>)|\[(?=(?:{_SQUARE_TOKENS})\]|\|[^|\[\]\s]{{1,40}}\|\]|e~\[)"
    r"|\](?=~!?b[\[\]]|<\])"
)

# How many tasks one request for a list asks for. KoAlpaca found that ten tasks work reliably in
# Korean, and twenty do not. So languages with less training text get the shorter list.
LIST_LENGTH = {"en": 20, "ko": 10, "id": 10}


class _ListTexts(NamedTuple):
    """The texts of a request for a list: what to do, the rules, and the names of the fields."""

    ask: str
    rules: str
    fields: tuple[str, str, str]


_LISTS = {
    "en": _ListTexts(
        ask="Write a list of {count} different tasks for a helpful language model, each with "
        "the answer a careful expert would give.",
        rules="Rules: every task starts with another verb and concerns another topic; some are "
        "questions, some are requests; mix writing, classifying, rewriting, explaining, maths "
        "and code; a language model without tools must be able to do it; the input is a concrete "
        "text to work on, or <noinput> where none is needed; the output is at most 100 words.",
        fields=("Instruction", "Input", "Output"),
    ),
    "ko": _ListTexts(
        ask="언어 모델에게 시킬 서로 다른 과제 {count}개를 목록으로 쓰고, 과제마다 꼼꼼한 "
        "전문가가 할 법한 답을 다세요.",
        rules="규칙: 과제마다 동사와 주제를 달리한다. 질문과 부탁을 섞는다. 글쓰기, 분류, "
        "고쳐쓰기, 설명, 계산, 코드를 고루 넣는다. 도구 없이 글만으로 할 수 있어야 한다. 한국의 "
        "이름, 장소, 단위, 풍습을 쓴다. 입력은 다룰 글 그 자체이고, 필요 없으면 <noinput>이라고 "
        "쓴다. 출력은 300자를 넘지 않는다.",
        fields=("지시", "입력", "출력"),
    ),
    "id": _ListTexts(
        ask="Tulislah daftar {count} tugas yang berbeda-beda untuk sebuah model bahasa, "
        "masing-masing dengan jawaban seperti yang diberikan seorang ahli yang teliti.",
        rules="Aturan: setiap tugas memakai kata kerja dan topik yang lain; sebagian berupa "
        "pertanyaan, sebagian permintaan; campurkan menulis, menggolongkan, menyunting, "
        "menjelaskan, berhitung, dan kode; harus bisa dikerjakan tanpa alat; pakailah nama, "
        "tempat, satuan, dan kebiasaan Indonesia; masukan adalah teks nyata yang dikerjakan, atau "
        "<noinput> bila tidak perlu; keluaran paling banyak 100 kata.",
        fields=("Perintah", "Masukan", "Keluaran"),
    ),
}
FIELD_NAMES = {language: texts.fields for language, texts in _LISTS.items()}


def format_prompt(instruction: str, input: str = "", language: str = "en") -> str:
    """The training prompt for one task, ending where the response begins.

    Without an input (empty or only spaces) the Input block is left out. Raises ValueError for a
    language without a template or an empty instruction. Source: Taori et al. 2023, and for the
    newline at the end tloen/alpaca-lora.
    """
    templates = TEMPLATES[_check_language(language)]
    if not instruction.strip():
        raise ValueError("instruction is empty; a prompt needs something to ask.")
    kind = "with_input" if input.strip() else "no_input"
    # The instruction may itself contain "{input}", so it is added after that is replaced.
    before, after = templates[kind].split("{instruction}")
    return before + instruction + after.replace("{input}", input)


def chat_message(instruction: str, input: str = "") -> dict[str, str]:
    """A task as the user's message of a chat, for models with a chat template of their own.

    The message holds the task's own words only. There is no system message, because not every
    template supports one.
    """
    return {"role": "user", "content": f"{instruction}\n\n{input}" if input else instruction}


def escape_special_tokens(text: str) -> str:
    """A text in which special tokens of chat templates are broken up, for a prompt.

    Servers parse special tokens anywhere in a prompt. A text that contains ``<|im_end|>`` could end
    its turn and write the next one. A space after the bracket turns the token into plain text.
    """
    return _SPECIAL_TOKEN.sub(r"\g<0> ", text)


def chat_turns(turns: Iterable[tuple[str, str]], *, open_user: bool = False) -> str:
    """ChatML text for a list of ``(user, assistant)`` turns, the format of SmolLM2 and Qwen.

    With ``open_user``, the text ends where the user's next message begins. A chat model that
    continues this text invents a user's request (Xu et al. 2024, Magpie).
    """
    text = "".join(
        f"<|im_start|>user\n{escape_special_tokens(user)}<|im_end|>\n"
        f"<|im_start|>assistant\n{escape_special_tokens(assistant)}<|im_end|>\n"
        for user, assistant in turns
    )
    return text + ("<|im_start|>user\n" if open_user else "")


def task_list_prompt(
    examples: Sequence[Mapping[str, Any]], count: int, language: str = "en"
) -> tuple[str, int]:
    """Alpaca's request for tasks: examples as a numbered list, to be continued up to ``count``.

    For teachers that can keep to a format. Returns ``(prompt, start)``. The prompt ends after
    ``"{start}. Instruction:"``, where ``start`` is the number of the first task that the model will
    write. Raises ValueError for a language without such a prompt.
    """
    texts = _LISTS[_check_language(language)]
    instruction, given, output = texts.fields
    lines = [texts.ask.format(count=count), texts.rules, ""]
    for number, row in enumerate(examples, 1):
        asked = escape_special_tokens(" ".join(row["instruction"].split()))
        lines += [
            "###",
            f"{number}. {instruction}: {asked}",
            f"{number}. {given}:\n{escape_special_tokens(row.get('input') or '<noinput>')}",
            f"{number}. {output}:\n{escape_special_tokens(row['output'])}",
        ]
    start = len(examples) + 1
    return "\n".join([*lines, "###", f"{start}. {instruction}:"]), start


def _check_language(language: str) -> str:
    if language not in TEMPLATES:
        raise ValueError(
            f"language={language!r} has no prompt template; choose one of {', '.join(TEMPLATES)}."
        )
    return language
