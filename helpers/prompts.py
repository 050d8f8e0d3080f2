"""THE prompt: what an instruction looks like to the model, in training and ever after.

The English template is Stanford Alpaca's, to the letter: it is a data format, and models taught
with it answer it and nothing else. The commonest silent fault of instruction tuning is to train
with one prompt and answer with another, so every room that needs a prompt calls
:func:`format_prompt`, and a test compares what training and answering really used.
"""

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
}


def format_prompt(instruction, input="", language="en"):
    """The training prompt for one task, ending where the response begins.

    Without an input (empty or only spaces) the Input block is left out. Raises ValueError for a
    language without a template or an empty instruction. Source: Stanford Alpaca, Taori et al. 2023.
    """
    if language not in TEMPLATES:
        raise ValueError(
            f"language={language!r} has no prompt template; choose one of {', '.join(TEMPLATES)}."
        )
    if not instruction.strip():
        raise ValueError("instruction is empty; a prompt needs something to ask.")
    kind = "with_input" if input.strip() else "no_input"
    # replace(), not format(): a brace in the learner's text must stay a brace.
    before, after = TEMPLATES[language][kind].split("{instruction}")
    return before + instruction + after.replace("{input}", input)


def chat_turns(turns, *, open_user=False):
    """ChatML text for a list of ``(user, assistant)`` turns, the format of SmolLM2 and Qwen.

    With ``open_user`` the text ends where the next user would begin to write: a chat model that
    continues from there invents a user's request (Xu et al. 2024, Magpie).
    """
    text = "".join(
        f"<|im_start|>user\n{user}<|im_end|>\n<|im_start|>assistant\n{assistant}<|im_end|>\n"
        for user, assistant in turns
    )
    return text + ("<|im_start|>user\n" if open_user else "")


def task_list_prompt(examples, count):
    """Alpaca's way to ask: example tasks as a numbered list, to be continued up to ``count``.

    Returns ``(prompt, start)``: the text ends after ``"{start}. Instruction:"``, where ``start`` is
    the number of the first task the model will write. For teachers that can keep a format.
    """
    lines = [
        f"Write a list of {count} different tasks for a helpful language model, each with the "
        "answer a careful expert would give.",
        "Rules: every task starts with another verb and concerns another topic; some are "
        "questions, some are requests; mix writing, classifying, rewriting, explaining, maths "
        "and code; a language model without tools must be able to do it; the input is a concrete "
        "text to work on, or <noinput> where none is needed; the output is at most 100 words.",
        "",
    ]
    for number, row in enumerate(examples, 1):
        lines += [
            "###",
            f"{number}. Instruction: {' '.join(row['instruction'].split())}",
            f"{number}. Input:\n{row.get('input') or '<noinput>'}",
            f"{number}. Output:\n{row['output']}",
        ]
    start = len(examples) + 1
    return "\n".join([*lines, "###", f"{start}. Instruction:"]), start
