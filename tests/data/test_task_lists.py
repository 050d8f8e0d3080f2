"""Task lists in many layouts, in three languages: the same two tasks are read from each."""

import json

import pytest
from task_list_examples import LISTS, NUMBERED, RIVER, SUM, TREE, TWO, structured

from helpers.data.reply_parsing.task_list import parse_completion, parse_json_completion


@pytest.mark.parametrize(
    "text",
    [
        # a preamble, hashes, bold
        "Sure! Here is the list:\n\n### 4. Instruction: Name a river in France.\n### 4. Input:\n"
        "<noinput>\n### 4. Output:\nThe Loire.\n\n### 5. Instruction: Add the numbers.\n### 5. "
        "Input:\n1\n2\n### 5. Output:\n3",
        "**Instruction:** Name a river in France.\n**Input:** None\n**Output:** The Loire.\n\n"
        "**Instruction:** Add the numbers.\n**Input:** 1\n2\n**Output:** 3",
        # wrong, repeated or missing numbers
        "4. Instruction: Name a river in France.\n5. Input: n/a\n6. Output: The Loire.\n"
        "4. Instruction: Add the numbers.\n4. Input:\n1\n2\n4. Output:\n3",
        " Name a river in France.\nOutput: The Loire.\n\nInstruction: Add the numbers.\nInput:\n"
        "1\n2\nOutput: 3",
        # one code fence around all tasks
        "```\n4. Instruction: Name a river in France.\n4. Output: The Loire.\n5. Instruction: Add "
        "the numbers.\n5. Input:\n1\n2\n5. Output:\n3\n```",
        # numbers after the name
        "Task 4: Name a river in France.\nOutput: The Loire.\n---\nTask 5: Add the numbers.\n"
        "Input: 1\n2\nOutput: 3",
    ],
    ids=["preamble", "bold", "wrong numbers", "no numbers", "fence", "number after"],
)
def test_two_tasks_are_read_in_every_layout(text):
    for line_end in ("\n", "\r\n"):
        assert parse_completion(text.replace("\n", line_end), 4, "stop") == ([RIVER, SUM], [])


@pytest.mark.parametrize(
    ("names", "nothing"),
    [(("지시", "입력", "출력"), "없음"), (("Perintah", "Masukan", "Keluaran"), "tidak ada")],
)
def test_field_names_of_other_languages_are_read(names, nothing):
    text = "\n".join(
        f"{n}. {names[0]}: {task['instruction']}\n{n}. {names[1]}: {task['input'] or nothing}\n"
        f"{n}. {names[2]}：{task['output']}\n###"
        for n, task in ((3, RIVER), (4, SUM))
    )
    assert parse_completion(text.removeprefix(f"3. {names[0]}:"), 3, "stop") == ([RIVER, SUM], [])


def test_code_in_an_answer_stays_whole():
    code = "```python\n# 5. Instruction\nprint('### Output')\n```"
    text = f" Write a program.\n4. Input: <noinput>\n4. Output:\n{code}"
    (task,), drops = parse_completion(text, 4, "stop")
    assert task["output"] == code and drops == []


def test_a_list_without_outputs_is_one_drop_for_each_line():
    tasks, drops = parse_completion(" Write a poem.\n5. Name 3. things.\n6. Sing.", 4, "length")
    assert tasks == [] and [drop["text"] for drop in drops] == [
        "Write a poem.", "Name 3. things.", "Sing.",
    ]  # fmt: skip
    assert [drop["reason"] for drop in drops] == ["no output field"] * 2 + [
        "cut by the length limit"
    ]


@pytest.mark.parametrize(
    "text",
    [
        " Plan my morning.\n4. Output:\nHere is your plan:\nTask 1: buy milk\nTask 2: cook",
        " Plan my morning.\n4. Output:\nHere is your plan:\nTask 7: buy milk",
        " Do these.\nTask 1: add 1 and 2.\nTask 2: add 3 and 4.\n4. Output: 3 and 7",
    ],
)
def test_tasks_inside_a_task_stay_there(text):
    (task,), drops = parse_completion(text, 4, "stop")
    whole = " ".join(task.values())
    assert drops == [] and all(
        word in whole for word in text.split() if word.isalpha() and len(word) > 6
    )
    assert parse_completion(text, 4, "length")[0] == []


@pytest.mark.parametrize(
    "second",
    [
        "5. Add the numbers.\n5. Input:\n1\n2\n5. Output: 3",
        "**5. Instruction** Add the numbers.\n5. Input:\n1\n2\n5. Output: 3",
    ],
)
def test_a_heading_without_a_name_or_colon_begins_a_task(second):
    text = f" Name a river in France.\n4. Input: <noinput>\n4. Output: The Loire.\n\n{second}"
    tasks, drops = parse_completion(text, 4, "stop")
    assert drops == [] and [task["output"] for task in tasks] == ["The Loire.", "3"]
    assert tasks[1] == {"instruction": "Add the numbers.", "input": "1\n2", "output": "3"}


@pytest.mark.parametrize("heading", ["(5) Instruction:", "5 - Instruction:", "> 5. Instruction:",
                                     "Instruction #5:", "5. 지시사항:"])  # fmt: skip
def test_rare_forms_of_headings_are_recognised(heading):
    text = (
        " Name a river in France.\n4. Output: The Loire.\n"
        f"{heading} Add the numbers.\nInput:\n1\n2\nOutput: 3"
    )
    assert parse_completion(text, 4, "stop") == ([RIVER, SUM], [])


@pytest.mark.parametrize("finish", [None, "max_tokens", "model_length", "length"])
def test_a_reply_that_may_be_cut_loses_its_last_task(finish):
    tasks, drops = parse_completion(" Name a river.\n4. Output: The Lo", 4, finish)
    assert tasks == [] and drops[0]["reason"] == "cut by the length limit"


HEADINGS = [
    "5. Instruction: ", "#5 Instruction: ", "5. Instruction - ", "Instruction 5. ",
    "5) Instruction: ",
    "**5. Instruction** ", "- Instruction: ", "**Instruction:** ", "*Instruction:* ",
    "### Instruction\n",
    "5\\. Instruction: ", "[Instruction] ", "Instruction\n", "5️⃣ Instruction: ",
    "1. Instruction: ",
    "5. ", "5) ", "(5) ", "[5] ", "5: ", "5 - ", "#5. ", "５．", "**5.** ", "**5.**\n", "5.\n",
    "### 5\n",
    "No. 5\n", "`5.` ", "Task 5: ", "Task #5\n", "**Task 5**\n\n", "[Task 5] ", "=== Task 5 ===\n",
    "**Task 5 of 20:** ", "Task 5 (of 20): ", "• Task 5: ", "Q5: ", "Exercise 5: ", "Prompt 5: ",
    "### Task 5\n**Instruction:** ", "## Task 5: Sums\n**Instruction:** ", "## Task 5: Sums\n",
    "### Task 5\n**Category:** maths\n**Instruction:** ", "Task 5\n------\nInstruction: ",
    "**5.**\n**Instruction:** ", "5. **Sums**\nInstruction: ", "Task 5\n1. Instruction: ",
    "지시 5: ", "5. 지시사항: ", "5번 지시: ", "5번\n", "5번. ", "과제 5: ", "과제 5번: ",
    "제5과제: ",
    "과제 5) ", "### 과제 5\n**지시:** ", "**과제 5: 덧셈**\n지시: ", "■ 과제 5: ", "명령어: ",
    "5. Perintah: ", "Tugas ke-5: ", "Soal 5. ", "### Tugas 5\n**Perintah:** ", "Instruksi: ",
    "---\n", "###\n",
]  # fmt: skip
PARTS = [
    ("Input: ", "Output: "), ("5. Input: ", "5. Output: "), ("**Input:** ", "**Output:** "),
    ("- Input: ", "- Output: "), ("* **Input**: ", "* **Output**: "), ("[Input] ", "[Output] "),
    ("#### Input\n", "#### Output\n"), ("Inputs: ", "Expected output: "), ("Input: ", "Answer: "),
    ("Context: ", "Response: "), ("입력: ", "출력: "), ("입력값: ", "모범 답안: "), ("입력: ",
    "정답: "),
    ("입력: ", "답변: "), ("Masukan: ", "Keluaran: "), ("Masukan: ", "Jawaban: "),
    ("Masukan: ", "Respons: "),
]  # fmt: skip


@pytest.mark.parametrize("parts", PARTS, ids="".join)
def test_every_heading_begins_a_task_with_every_pair_of_field_names(parts):
    given, output = parts
    for heading in HEADINGS:
        for nothing in (f"{given}none\n", ""):
            first = (f" Name a tree.\n{nothing}{output}Oak").replace("5. ", "4. ")
            text = f"{first}\n\n{heading}Add 2, 3.\n{nothing}{output}5"
            assert parse_completion(text, 4, "stop") == ([TREE, TWO], []), text


@pytest.mark.parametrize(
    "preamble",
    [
        "Sure! Here are 17 more tasks.\n\n", "Sure! Here are 17 more tasks.\n", "Okay.\n",
        "Certainly, I'll continue the list:\n\n---\n\n", "**Here are the tasks:**\n\n",
        "# Tasks 4-23\n\n", "물론입니다! 다음은 17개의 과제입니다.\n\n",
        "네, 이어서 작성하겠습니다.\n\n",
        "Tentu! Berikut 17 tugas lainnya.\n\n", "Berikut adalah daftar tugas:\n\n",
    ],
)  # fmt: skip
def test_words_before_the_first_task_belong_to_no_task(preamble):
    for text in LISTS:
        assert parse_completion(preamble + text, 4, "stop") == ([TREE, TWO], []), text
    text = f"{preamble.rstrip()}\n\n{NUMBERED.removeprefix('4. Instruction: ')}"
    if "---" not in preamble and "Okay" not in preamble and "네" not in preamble:
        assert parse_completion(text, 4, "stop") == ([TREE, TWO], [])


@pytest.mark.parametrize(
    "closing",
    [
        "\n\nLet me know if you need more!", "\n\n---\n\nI hope these tasks help!", "\n\n[END]",
        "\n\n---\nLet me know if you'd like any changes.", "\n\nFeel free to ask for more tasks.",
        "\n\nWould you like me to continue?", "\n\n**End of list**", "\n\nThat's all 20 tasks!",
        "\n\n과제가 더 필요하시면 알려주세요.", "\n\n더 필요하시면 말씀해 주세요!",
        "\n\nSemoga membantu!", "\n\nJika Anda membutuhkan tugas lagi, beri tahu saya.",
        "\n###\n", "\n\n```",
    ],
)  # fmt: skip
def test_words_after_the_last_task_belong_to_no_task(closing):
    assert parse_completion(NUMBERED + closing, 4, "stop") == ([TREE, TWO], [])


def test_a_letter_keeps_its_last_line():
    letter = "Dear Tom,\n\nthe tasks are done.\n\nLet me know if you need more!"
    text = f" Write a mail.\n4. Output: {letter}"
    assert parse_completion(text, 4, "stop")[0][0]["output"] == letter


@pytest.mark.parametrize(
    "answer",
    [
        "1. Boil water.\n2. Pour.\n3. Wait.\n4. Stir.\n5. Drink.",
        "1. Boil water.\n\n2. Pour.\n\n3. Wait.\n\n4. Stir.\n\n5. Drink.",
        "Bread\n\n19. Knead.\n20. Bake.\n\n### Serving\nWarm.\n\n---\nEnd.",
        "Here is a plan:\n- Task 1: buy\n- Task 2: cook",
        "### Task 1\nBuy.\n\n### Task 2\nCook.",
        "1. Question: a?\n   Answer: b\n2. Question: c?\n   Answer: d",
        "Q: a?\nA: b\n\nQ: c?\nA: d",
        "A: Hi\nB: Hello",
        "```python\n# Output: 5\nInput: 3\n\n5. Instruction: x\n```",
        "5.",
        "**Answer:** 42\n\n**Explanation:** because",
        "### Instructions\n1. Mix.\n2. Bake.",
    ],
)
@pytest.mark.parametrize("style", ["{n}. Instruction: |{n}. Output: ", "{n}. |Output: ",
                                   "**Instruction:** |**Output:** ", "### Task {n}\n|**Output:** ",
                                   "**{n}.**\n|Output: ", "{n}. 지시: |{n}. 출력: "])  # fmt: skip
def test_headings_and_lists_in_an_answer_stay_in_it(answer, style):
    asks, output = style.split("|")
    tasks = [TREE, {**TREE, "output": answer}, TWO]
    text = "\n\n".join(
        f"{asks.format(n=n)}{task['instruction']}\n{output.format(n=n)}\n{task['output']}"
        for n, task in enumerate(tasks, 4)
    )
    assert parse_completion(text, 4, "stop") == (tasks, [])


@pytest.mark.parametrize(
    ("text", "kept", "reasons"),
    [
        # No heading shows where the second task begins.
        (" Name a tree.\nInput: none\nOutput: Oak\n\nAdd 2, 3.\nInput: none\nOutput: 5", [],
         ["two tasks in one"]),
        # A template in an answer: the number 5 comes later, so it begins no task.
        ("4. Instruction: Explain.\n4. Output: So:\n### Instruction:\na\n### Response:\nb\n\n"
         "5. Instruction: Add 2, 3.\n5. Output: 5", [TWO], ["two tasks in one"]),
        ("Instruction: Run.\nInput: print(5)\nOutput: 5\nOutput: It prints 5.", [],
         ["two output fields"]),
        ("### Task 4\n**Instruction:** Name a tree.\n**Output:** Oak\n\n### Task 5\n"
         "**Instruction:** Sing.\n\n### Task 6\n**Instruction:** Add 2, 3.\n**Output:** 5",
         [TREE, TWO], ["no output field"]),
        (" Name a tree.\nOutput: Oak\n\n5. Sing.\n\n6. Add 2, 3.\nOutput: 5", [TREE, TWO],
         ["no output field"]),
        ("| 4 | Name a tree. | none | Oak |\n| 5 | Add 2, 3. | none | 5 |", [],
         ["no output field"]),
    ],
    ids=["no heading", "template", "two outputs", "no output", "number, no output", "table"],
)  # fmt: skip
def test_tasks_that_cannot_be_told_apart_are_dropped_with_a_reason(text, kept, reasons):
    tasks, drops = parse_completion(text, 4, "stop")
    assert tasks == kept and [drop["reason"] for drop in drops] == reasons


def test_a_draft_in_the_thinking_is_ignored():
    draft = "<think>\n4. Instruction: d\n4. Output: no.\n"
    text = f"{draft}</think>\n4. Instruction: Name a tree.\n4. Output: Oak"
    assert parse_completion(text, 4, "stop") == ([TREE], [])
    drop = {"reason": "cut by the length limit", "text": draft}
    assert parse_completion(draft, 4, "length") == ([], [drop])


@pytest.mark.parametrize("code", ["if x:\n    y", "def f(x):\n\n    return x", "- a\n  - b\n- c"])
def test_the_lines_of_an_instruction_are_kept(code):
    for text in (f" Fix:\n{code}\n4. Output: z", f"\nFix:\n{code}\n4. Output: z",
                 f"4. **Instruction:** Fix:\n{code}\n**Output:** z"):  # fmt: skip
        assert parse_completion(text, 4, "stop")[0][0]["instruction"] == f"Fix:\n{code}"
    inset = "4. Fix:\n   if x:\n       y\n   Output: z"
    assert parse_completion(inset, 4, "stop")[0][0]["instruction"] == "Fix:\nif x:\n    y"


@pytest.mark.parametrize("finish", ["STOP", "eos", "COMPLETE", "end_turn", "FINISH_REASON_STOP"])
def test_a_whole_reply_is_recognised_in_the_words_of_every_provider(finish):
    assert parse_completion(NUMBERED, 4, finish) == ([TREE, TWO], [])
    assert parse_json_completion(structured(RIVER)[:-3], finish)[1][0]["reason"].startswith(
        "not the"
    )


@pytest.mark.parametrize("finish", ["SAFETY", "content_filter", "RECITATION"])
def test_the_reason_names_the_filter_that_ended_a_reply(finish):
    tasks, drops = parse_completion(NUMBERED, 4, finish)
    assert tasks == [TREE]
    assert [drop["reason"] for drop in drops] == ["stopped by the provider's filter"]


@pytest.mark.parametrize(
    "text",
    [
        f"```markdown\n{NUMBERED}\n```",
        "```\nInstruction: Name a tree.\nOutput: Oak\n```\n\n"
        "```\nInstruction: Add 2, 3.\nOutput: 5\n```",
        " Name a tree.\n4. Output: Oak\n\n```\n5. Instruction: Add 2, 3.\n5. Output: 5\n```",
        "> " + NUMBERED.replace("\n", "\n> "),
        " Name a tree. Input: none Output: Oak\n5. Instruction: Add 2, 3. Input: none Output: 5",
        NUMBERED.replace("4. Input: none\n4. Output: Oak", "4. Output: Oak\n4. Input: none"),
        "<task>\n<instruction>Name a tree.</instruction>\n<output>Oak</output>\n</task>\n<task>\n"
        "<instruction>Add 2, 3.</instruction>\n<output>5</output>\n</task>",
        json.dumps({"tasks": [TREE, TWO]}),
    ],
    ids=["fence", "fences", "one fence", "quoted", "one line", "input last", "tags", "JSON"],
)  # fmt: skip
def test_lists_in_fences_quotes_tags_and_json_are_read(text):
    assert parse_completion(text, 4, "stop") == ([TREE, TWO], [])


def test_a_code_fence_that_was_never_closed_ends_with_its_task():
    code = "4. Instruction: Print.\n4. Output:\n```python\nprint()\n\n"
    tasks, drops = parse_completion(
        code + NUMBERED.replace("5.", "6.").replace("4.", "5."), 4, "stop"
    )
    assert drops == [] and tasks[0]["output"] == "```python\nprint()" and tasks[1] == TREE
