"""The task list as models really write it, in three languages, and as JSON."""

import json
import random
import time

import pytest
from conftest import ROOT

from helpers.data.parsing.json_tasks import LONGEST_REST
from helpers.data.parsing.task_list import normal_input, parse_completion, parse_structured
from helpers.safe_io.bounded_json import bounded_json

RIVER = {"instruction": "Name a river in France.", "input": "", "output": "The Loire."}
SUM = {"instruction": "Add the numbers.", "input": "1\n2", "output": "3"}


@pytest.mark.parametrize(
    "text",
    [
        # a preamble, hashes, bold
        "Sure! Here is the list:\n\n### 4. Instruction: Name a river in France.\n### 4. Input:\n"
        "<noinput>\n### 4. Output:\nThe Loire.\n\n### 5. Instruction: Add the numbers.\n### 5. "
        "Input:\n1\n2\n### 5. Output:\n3",
        "**Instruction:** Name a river in France.\n**Input:** None\n**Output:** The Loire.\n\n"
        "**Instruction:** Add the numbers.\n**Input:** 1\n2\n**Output:** 3",
        # numbers that drift, repeat, or are missing
        "4. Instruction: Name a river in France.\n5. Input: n/a\n6. Output: The Loire.\n"
        "4. Instruction: Add the numbers.\n4. Input:\n1\n2\n4. Output:\n3",
        " Name a river in France.\nOutput: The Loire.\n\nInstruction: Add the numbers.\nInput:\n"
        "1\n2\nOutput: 3",
        # one fence around all
        "```\n4. Instruction: Name a river in France.\n4. Output: The Loire.\n5. Instruction: Add "
        "the numbers.\n5. Input:\n1\n2\n5. Output:\n3\n```",
        # task numbers behind the word
        "Task 4: Name a river in France.\nOutput: The Loire.\n---\nTask 5: Add the numbers.\n"
        "Input: 1\n2\nOutput: 3",
    ],
    ids=["preamble", "bold", "drift", "bare", "fence", "behind"],
)
def test_two_tasks_are_two_tasks_however_they_are_set(text):
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


def test_a_bare_list_is_one_drop_for_each_of_its_lines():
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
def test_a_heading_that_lost_its_word_still_begins_a_task(second):
    text = f" Name a river in France.\n4. Input: <noinput>\n4. Output: The Loire.\n\n{second}"
    tasks, drops = parse_completion(text, 4, "stop")
    assert drops == [] and [task["output"] for task in tasks] == ["The Loire.", "3"]
    assert tasks[1] == {"instruction": "Add the numbers.", "input": "1\n2", "output": "3"}


@pytest.mark.parametrize("heading", ["(5) Instruction:", "5 - Instruction:", "> 5. Instruction:",
                                     "Instruction #5:", "5. 지시사항:"])  # fmt: skip
def test_odd_headings_are_headings(heading):
    text = (
        " Name a river in France.\n4. Output: The Loire.\n"
        f"{heading} Add the numbers.\nInput:\n1\n2\nOutput: 3"
    )
    assert parse_completion(text, 4, "stop") == ([RIVER, SUM], [])


@pytest.mark.parametrize("finish", [None, "max_tokens", "model_length", "length"])
def test_an_answer_that_is_not_known_to_be_whole_may_be_cut(finish):
    tasks, drops = parse_completion(" Name a river.\n4. Output: The Lo", 4, finish)
    assert tasks == [] and drops[0]["reason"] == "cut by the length limit"


# --- the forms models drift into ------------------------------------------------------------

TREE = {"instruction": "Name a tree.", "input": "", "output": "Oak"}
TWO = {"instruction": "Add 2, 3.", "input": "", "output": "5"}
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
def test_a_task_begins_at_its_heading_however_that_is_set(parts):
    given, output = parts
    for heading in HEADINGS:
        for nothing in (f"{given}none\n", ""):
            first = (f" Name a tree.\n{nothing}{output}Oak").replace("5. ", "4. ")
            text = f"{first}\n\n{heading}Add 2, 3.\n{nothing}{output}5"
            assert parse_completion(text, 4, "stop") == ([TREE, TWO], []), text


NUMBERED = (
    "4. Instruction: Name a tree.\n4. Input: none\n4. Output: Oak\n\n"
    "5. Instruction: Add 2, 3.\n5. Input: none\n5. Output: 5"
)
LISTS = [
    NUMBERED,
    NUMBERED.replace("4.", "1.").replace("5.", "2."),
    "**Instruction:** Name a tree.\n**Output:** Oak\n\n**Instruction:** Add 2, 3.\n**Output:** 5",
    "### Task 4\n**Instruction:** Name a tree.\n**Output:** Oak\n\n### Task 5\n"
    "**Instruction:** Add 2, 3.\n**Output:** 5",
    "### 과제 1\n**지시:** Name a tree.\n**출력:** Oak\n\n### 과제 2\n"
    "**지시:** Add 2, 3.\n**출력:** 5",
    "4. Name a tree.\nInput: none\nOutput: Oak\n\n5. Add 2, 3.\nInput: none\nOutput: 5",
    "1. Name a tree.\nOutput: Oak\n\n2. Add 2, 3.\nOutput: 5",
    "Q4: Name a tree.\nA4: Oak\n\nQ5: Add 2, 3.\nA5: 5",
]


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
def test_what_an_answer_contains_stays_in_it(answer, style):
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
        # Nothing says where the second begins.
        (" Name a tree.\nInput: none\nOutput: Oak\n\nAdd 2, 3.\nInput: none\nOutput: 5", [],
         ["two tasks in one"]),
        # A template in an answer, or a task? The number 5 comes later, so it is no heading.
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
    ids=["no heading", "template", "two outputs", "no output", "bare, no output", "table"],
)  # fmt: skip
def test_what_cannot_be_told_apart_is_dropped_with_a_reason(text, kept, reasons):
    tasks, drops = parse_completion(text, 4, "stop")
    assert tasks == kept and [drop["reason"] for drop in drops] == reasons


def test_a_draft_in_the_thinking_is_no_task():
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
def test_a_whole_answer_is_whole_in_the_words_of_every_provider(finish):
    assert parse_completion(NUMBERED, 4, finish) == ([TREE, TWO], [])
    assert parse_structured(structured(RIVER)[:-3], finish)[1][0]["reason"].startswith("not the")


@pytest.mark.parametrize("finish", ["SAFETY", "content_filter", "RECITATION"])
def test_an_answer_that_a_filter_ended_says_so(finish):
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
def test_whole_lists_in_odd_wrappings_are_read(text):
    assert parse_completion(text, 4, "stop") == ([TREE, TWO], [])


def test_a_code_fence_that_was_never_closed_ends_with_its_task():
    code = "4. Instruction: Print.\n4. Output:\n```python\nprint()\n\n"
    tasks, drops = parse_completion(
        code + NUMBERED.replace("5.", "6.").replace("4.", "5."), 4, "stop"
    )
    assert drops == [] and tasks[0]["output"] == "```python\nprint()" and tasks[1] == TREE


# --- misreadings that a reviewer found, by class ---------------------------------------------


@pytest.mark.parametrize(
    "style",
    ["{n}. |Input: |Output: ", "Task {n}: |Input: |Output: ", "### {n}\n|Input: |Output: ",
     "**{n}.** |Input: |Output: ", "{n}. |{n}. Input: |{n}. Output: ",
     "{n}. |입력: |출력: ", "{n}) |**Input:** |**Output:** ", "{n}. |Masukan: |Keluaran: "],
)  # fmt: skip
@pytest.mark.parametrize("given", ["none", "<noinput>", "a song", ""])
def test_a_task_without_an_output_does_not_swallow_the_next(style, given):
    asks, names, output = style.split("|")
    before = f"{asks}Name a tree.\n{output}Oak\n\n".format(n=4)
    for lost in ((5,), (5, 6)):
        texts = [f"{asks}Sing.\n{names}{given}\n\n".format(n=n) for n in lost]
        last = f"{asks}Add 2, 3.\n{output}5".format(n=lost[-1] + 1)
        tasks, drops = parse_completion(before + "".join(texts) + last, 4, "stop")
        assert tasks == [TREE, TWO]
        assert [drop["reason"] for drop in drops] == ["no output field"] * len(lost)


@pytest.mark.parametrize(
    "text",
    [
        " Name a tree.\nOutput: Oak\n---\nSing.\nInput: none\n---\nName a fish.\nOutput: Cod",
        " Name a tree.\nOutput: Oak\n\n5. Sing.\nInput: none\n\n7. Name a fish.\nOutput: Cod",
        " Name a tree.\n4. Output: Oak\n5. Sing.\n5. Input: none\n\n7. Dance.\n7. Output: Cod",
    ],
)
def test_tasks_that_nobody_can_tell_apart_are_dropped(text):
    assert parse_completion(text, 4, "stop")[0] == [TREE]


def test_a_list_in_an_input_stays_there_and_a_doubtful_number_drops_the_task():
    text = " Name a tree.\nOutput: Oak\n\n5. Sort.\nInput: 1. pear\n2. fig\n3. a\n4. b\n5. c\n6. d"
    tasks, drops = parse_completion(f"{text}\nOutput: x\n\n6. Add 2, 3.\nOutput: 5", 4, "stop")
    assert [task["output"] for task in tasks] == ["Oak", "x", "5"] and drops == []
    text = " Name a tree.\nOutput: Oak\n\n5. Sort.\nInput: a song\n6. Dance.\nOutput: x"
    assert parse_completion(text, 4, "stop")[0] == [TREE]


@pytest.mark.parametrize(
    "text",
    [
        " Name a tree.\n4. Input: <noinput> 4. Output: Oak\n"
        "5. Instruction: Add 2, 3. 5. Input: <noinput> 5. Output: 5",
        "4. Name a tree. Output: Oak\n5. Add 2, 3. Output: 5",
        "4. Name a tree. Input: none Output: Oak\n5. Add 2, 3. Input: none Output: 5",
        "4. Instruction: Name a tree. 4. Output: Oak\n5. Instruction: Add 2, 3. 5. Output: 5",
        " Name a tree. 입력: 없음 출력: Oak\n5. 지시: Add 2, 3. 입력: 없음 출력: 5",
        " Name a tree. 4. Input: none\n4. Output: Oak\n5. Instruction: Add 2, 3. 5. Input: none\n"
        "5. Output: 5",
    ],
)
def test_fields_in_one_line_leave_no_heading_in_another(text):
    assert parse_completion(text, 4, "stop") == ([TREE, TWO], [])


@pytest.mark.parametrize(
    "sentence", ["Use the Input: field.", "Explain Input: as a word.", "Write Output: twice."]
)
def test_a_name_in_a_sentence_is_no_field(sentence):
    text = f" Name a tree. Output: Oak\n5. Instruction: {sentence} Output: 5"
    tasks, drops = parse_completion(text, 4, "stop")
    assert tasks == [TREE] and len(drops) == 1


def two(style):
    """Two tasks in a style with headings of instruction and output, and more lines between."""
    tasks = ((4, "Name a tree.", "Oak"), (5, "Add 2, 3.", "5"))
    return "\n\n".join(style.format(n=n, i=asked, o=answer) for n, asked, answer in tasks)


@pytest.mark.parametrize(
    "style",
    [
        "{n}.\u00a0Instruction:\u00a0{i}\n{n}.\u00a0Output:\u00a0{o}",
        "{n}.\u3000지시：\u3000{i}\n{n}.\u3000출력：\u3000{o}",
        "\u200b{n}. Instruction: {i}\n\u200b{n}. Output: {o}",
        "{n}.) Instruction: {i}\n{n}.) Output: {o}", "({n}). Instruction: {i}\n({n}). Output: {o}",
        "{n}.- Instruction: {i}\n{n}.- Output: {o}", "{n}.1 Instruction: {i}\n{n}.2 Output: {o}",
        "{n}a. Instruction: {i}\n{n}b. Output: {o}",
        "### {n}) Words\n\n**Task:** {i}\n\n**Output:** {o}",
        "### {n}. Words\n\n**Instruction:** {i}\n\n**Output:** {o}",
        "{n}) Words\n\nTask: {i}\n\nOutput: {o}",
        "{n}. Instruction: Task {n}: {i}\n{n}. Output: {o}",
        "{n}. Instruction: Task: {i}\n{n}. Output: {o}",
        "Instruction: {n}. {i}\nOutput: {o}", "**Instruction:** {n}) {i}\n**Output:** {o}",
        "{n}. Instruction: {i}\n{n}. Type: open QA\n{n}. Input: none\n{n}. Output: {o}",
        "{n}. Type: open QA\n{n}. Instruction: {i}\n{n}. Output: {o}",
        "**Instruction:** {i}\n**Difficulty:** easy\n**Input:** none\n**Output:** {o}",
        "**Instruction:** {i}\n**Output:** {o}\n**Difficulty:** easy",
        "Aufgabe {n}: {i}\nAntwort: {o}",
        "**Category:** maths\n**Instruction:** {i}\n**Output:** {o}",
        "{n}. Instruction: {i}\n{n}. Output: {o}\n{n}. Note: it is easy",
        "{n}. Instruction: {i}\n{n}. Output: {o}\n{n}. Explanation: it\nis.\n{n}. Source: me",
        "Task {n} Instruction: {i}\nTask {n} Output: {o}",
        "[Task {n}] Instruction: {i}\n[Task {n}] Output: {o}",
        "Task {n} - Instruction: {i}\nTask {n} - Output: {o}",
        "Instruction-{n}: {i}\nOutput-{n}: {o}", "Instruction_{n}: {i}\nOutput_{n}: {o}",
        "{n}. Aufgabe: {i}\n{n}. Eingabe: keine\n{n}. Ausgabe: {o}",
        "Anweisung {n}: {i}\nAusgabe: {o}", "{n}. 指令：{i}\n{n}. 输入：无\n{n}. 输出：{o}",
        "### 任务 {n}\n**指令：** {i}\n**输出：** {o}", "{n}. Task: {i}\n{n}. Output: {o}",
        "{n}. Question: {i}\n{n}. Answer: {o}", "{n}. Instrucción: {i}\n{n}. Salida: {o}",
    ],
)  # fmt: skip
def test_no_heading_of_a_list_stays_in_a_field(style):
    assert parse_completion(two(style), 4, "stop") == ([TREE, TWO], [])


def test_headings_of_other_sorts_in_one_list_are_read():
    fish = {"instruction": "Name a fish.", "input": "", "output": "Cod"}
    text = (
        " Name a tree.\n4. Output: Oak\n\n5. Task: Add 2, 3.\n5. Output: 5\n\n"
        "6. Question: Name a fish.\n6. Answer: Cod"
    )
    assert parse_completion(text, 4, "stop") == ([TREE, TWO, fish], [])
    text = "④ Instruction: Name a tree.\n④ Output: Oak\n⑤ Instruction: Add 2, 3.\n⑤ Output: 5"
    assert parse_completion(text, 4, "stop") == ([TREE, TWO], [])
    text = " Give steps.\nOutput: 1. a\n2. b\n3. c\n4. d\n5. Add 2, 3.\nOutput: 5\n6. Name a tree."
    tasks, drops = parse_completion(f"{text}\nOutput: Oak", 4, "stop")
    assert tasks[1:] == [TWO, TREE] and tasks[0]["output"].endswith("4. d") and drops == []


def test_a_list_in_an_instruction_or_an_answer_is_no_note():
    steps = "1. Mix: well\n2. Wait: long\n3. Heat: slowly\n4. Bake: hot"
    tasks, drops = parse_completion(f" Cook.\n4. Output: So:\n{steps}", 4, "stop")
    assert tasks[0]["output"] == f"So:\n{steps}" and drops == []
    text = f" Name these:\n{steps}\n4. Output: steps"
    assert parse_completion(text, 4, "stop")[0][0]["instruction"] == f"Name these:\n{steps}"
    # What may be needed to do the task is not cut away: such a task is dropped.
    text = " Sort them.\n4. Options: pear, fig\n4. Output: fig, pear"
    assert parse_completion(text, 4, "stop")[1][0]["reason"] == "a field that is not known"


@pytest.mark.parametrize(
    "tail",
    ["\n\n### Task 6", "\n\n6. Inst", "\n\n6.", "\n\n**6.", "\n\n**Task 6:**", "\n\n### 6",
     "\n\n6. 지시",
     "\n\n## Part 2", "\n\n### Category: Maths", "\n###\n\nUser: Thanks!", "\n---\nHuman: More!",
     "\n\n(Continued in the next message)", "\n\n... (continue with 15 more tasks)",
     "\n\n[15 more tasks follow]", "\n\n...", "\n\n(and 14 more)", "<|endoftext|>Once",
     "<|im_end|>", "</s>", "<|im_end|>\n", "<|eot_id|>",
     "\n<end_of_turn>",
     "<|im_end|>\n<|im_start|>user\nThanks", "\n\nLet me know!\n\nI hope these tasks help!"],
)  # fmt: skip
def test_what_stands_after_the_last_task_is_cut(tail):
    tasks, drops = parse_completion(NUMBERED + tail, 4, "stop")
    assert tasks == [TREE, TWO] and all(drop["text"] == "" for drop in drops)


def test_end_tokens_after_every_task_cost_no_task():
    text = NUMBERED.replace("Oak", "Oak<|im_end|>") + "<|im_end|>"
    assert parse_completion(text, 4, "stop") == ([TREE, TWO], [])


@pytest.mark.parametrize("fence", ["~~~", "````", "~~~~", "```markdown", "~~~text", "`````md"])
def test_a_fence_of_any_sign_around_the_list_is_cut(fence):
    text = f"{fence}\n{NUMBERED}\n{fence.rstrip('abcdefghijklmnopqrstuvwxyz')}"
    assert parse_completion(text, 4, "stop") == ([TREE, TWO], [])


@pytest.mark.parametrize("title", ["## Part 2", "### Category: Maths", "**Section B**", "# Part 2",
                                   "---\n\n## Maths", "=== Part 2 ===", "Part 2: Maths",
                                   "## Part 2\n### Sums"])  # fmt: skip
def test_a_title_between_two_tasks_belongs_to_neither(title):
    for text in LISTS[:4]:
        first, gap, second = text.partition("Oak\n\n")
        text = f"{first}Oak\n\n{title}\n\n{second}"
        assert gap and parse_completion(text, 4, "stop") == ([TREE, TWO], []), text


@pytest.mark.parametrize(
    "answer",
    ["See:\n\n6.", "a\n\n```python\nx = 1\n\n## done\n```", "<s>old</s>",
     "User: hi\nAssistant: hello",
     "2 + 3 is\n\n5", "# Title\n\nText", "Dear Tom,\n\nContinue the list!",
     "wow~~~ great\nok~~~ yes",
     "~~~\nx\n~~~"],
)  # fmt: skip
def test_an_answer_that_only_looks_like_a_tail_is_kept(answer):
    text = f" Name a tree.\n4. Output: Oak\n5. Instruction: Add 2, 3.\n5. Output:\n{answer}"
    assert parse_completion(text, 4, "stop") == ([TREE, {**TWO, "output": answer}], [])


@pytest.mark.parametrize("fence", ["~~~", "```", "````", "~~~~~", "~~~ "])
def test_headings_in_code_are_not_read_whatever_its_fence(fence):
    inside = "# Output: x\n5. Instruction"
    shorter = f"\n{fence[:-1]}\nInput: 3" if len(fence.strip()) > 3 else ""
    code = f"{fence}python\n{inside}{shorter}\n{fence.strip()}"
    text = f"4. Instruction: Print.\n4. Output:\n{code}\n5. Instruction: Add 2, 3.\n5. Output: 5"
    tasks, drops = parse_completion(text, 4, "stop")
    assert [task["output"] for task in tasks] == [code, "5"] and drops == []


@pytest.mark.parametrize(
    "text",
    ["<no_input>", "_None_", "no_input", '""', "''", "N.A.", "NA", "n/a", "{}", "kosong",
     "(kosong)",
     "Tidak perlu input", "tidak memerlukan input", "필요하지 않음", "입력 불필요",
     "입력이 필요하지 않습니다.",
     "No input is needed for this task.", "N/A (no input needed)", "None (general knowledge)",
     "This task requires no input.", "Input not required", "**None**", "<None>", "[no input]",
     "无", "keine"],
)  # fmt: skip
def test_an_input_that_says_there_is_none_is_empty(text):
    assert normal_input(text) == "" and normal_input(f" {text}\n") == ""


@pytest.mark.parametrize(
    "text", ["Na", "No", "0", "none of these", "NA, EU, AS", "Null hypothesis", "()", "{a}", "[1]",
             "No input is needed for this machine to run.", "Kosong dua kali", "Keine Ahnung"],
)  # fmt: skip
def test_an_input_that_says_something_is_kept(text):
    assert normal_input(text) == text


# --- invariants over random lists -----------------------------------------------------------

FIELDS = {
    "en": ("Instruction", "Input", "Output", "Task"),
    "ko": ("지시", "입력", "출력", "과제"),
    "id": ("Perintah", "Masukan", "Keluaran", "Tugas"),
}
STYLES = {  # headings of instruction, input, output (I, N, O; T is the task's title), and a gap
    "plain": ("{n}. {I}: ", "{n}. {N}: ", "{n}. {O}: ", "\n###\n"),
    "below": ("{n}. {I}:\n", "{n}. {N}:\n", "{n}. {O}:\n", "\n\n"),
    "bold": ("**{n}. {I}:** ", "**{N}:** ", "**{O}:** ", "\n\n"),
    "inset": ("{n}. **{I}**: ", "   **{N}**: ", "   **{O}**: ", "\n\n"),
    "bare": ("{I}: ", "{N}: ", "{O}: ", "\n\n"),
    "bold, bare": ("**{I}:** ", "**{N}:** ", "**{O}:** ", "\n\n---\n\n"),
    "hashes": ("### {I}:\n", "### {N}:\n", "### {O}:\n", "\n\n"),
    "no colon": ("### {n}. {I}\n", "#### {N}\n", "#### {O}\n", "\n\n"),
    "title": ("### {T} {n}\n**{I}:** ", "**{N}:** ", "**{O}:** ", "\n\n"),
    "bold title": ("**{T} {n}**\n{I}: ", "{N}: ", "{O}: ", "\n\n---\n\n"),
    "named title": ("## {T} {n}: Words\n- **{I}:** ", "- **{N}:** ", "- **{O}:** ", "\n\n"),
    "title alone": ("### {T} {n}\n", "**{N}:** ", "**{O}:** ", "\n\n"),
    "task": ("{T} {n}: ", "{N}: ", "{O}: ", "\n\n"),
    "task, dash": ("**{T} {n}** - ", "**{N}** - ", "**{O}** - ", "\n\n"),
    "number": ("{n}. ", "{N}: ", "{O}: ", "\n\n"),
    "bold number": ("**{n}.** ", "**{N}:** ", "**{O}:** ", "\n\n"),
    "number alone": ("**{n}.**\n", "{N}: ", "{O}: ", "\n\n"),
    "hash and number": ("### {n}\n", "**{N}:** ", "**{O}:** ", "\n\n"),
    "brackets": ("({n}) ", "- {N}: ", "- {O}: ", "\n\n"),
    "hash": ("#{n} {I}: ", "{N}: ", "{O}: ", "\n"),
    "number after": ("{I} {n}: ", "{N} {n}: ", "{O} {n}: ", "\n\n"),
    "dash": ("{n}. {I} - ", "{N} - ", "{O} - ", "\n\n"),
    "square": ("[{I}] ", "[{N}] ", "[{O}] ", "\n\n"),
    "full width": ("{n}．{I}：", "{N}：", "{O}：", "\n\n"),
    "numbered parts": ("**{T} {n}**\n1. {I}: ", "2. {N}: ", "3. {O}: ", "\n\n"),
}
INSTRUCTIONS = [
    "Name a tree.", "Fix this function:\ndef f(x):\n    return x", "List 20. things for day 3.",
    "Sort the words:\n- pear\n- fig", "Explain what `#` means.", "Translate: Good morning",
    "나무 이름을 하나 말해라.", "5번 문제를 왜 틀리는지 설명해라.", "Sebutkan satu nama pohon.",
]  # fmt: skip
INPUTS = [
    "", "", "2, 3", "1\n2\n3", "- tea\n- milk", "```python\nprint(1)\n# Output: 1\nInput: 3\n```",
    "1. pear\n2. fig\n3. apple", "It ends in 20.", "a | b\n--|--\n1 | 2",
    "Dear Sir,\n\nplease call.",
]  # fmt: skip
OUTPUTS = [
    "Oak", "1. Boil water.\n2. Pour.\n3. Wait.", "### Serving\nWarm.\n\n### Storing\nCold.",
    "```python\ndef f():\n    # Instruction: none\n    print('Output: 5')\n\n    return 5\n```",
    "Bread\n\n19. Knead.\n20. Bake.\n\nDone in 20.", "It is 5.\n\nBecause 2 and 3 are 5.",
    "- one\n- two\n  - three", "**Result:** it works.\n\n**Why:** it must.", "참나무", "20.",
    "# Title\n\nText with a number: 7.", "Step 1: go.\nStep 2: stop.",
    "```\nInput: 1\nOutput: 2\n```",
    "Total: 5. Instruction manuals are useful.", "1) Add\n2) Stir\n\nServe.",
]  # fmt: skip


def random_list(seed, style):
    """``(tasks, text, start)``: random tasks, written in a style as a model would continue."""
    rng = random.Random(seed)
    names = dict(zip("INOT", FIELDS[rng.choice(sorted(FIELDS))], strict=True))
    *headings, gap = STYLES[style]
    start, texts, tasks = rng.randint(1, 8), [], []
    for n in range(start, start + rng.randint(1, 6)):
        asks, given, output = (heading.format(n=n, **names) for heading in headings)
        task = {"instruction": rng.choice(INSTRUCTIONS), "input": rng.choice(INPUTS)}
        task["output"] = rng.choice(OUTPUTS)
        said = task["input"] or rng.choice(["none", "<noinput>", "N/A", None])
        line = "" if said is None else f"{given}{said}\n"
        below = "\n" if task["output"].startswith("```") or rng.random() < 0.5 else ""
        texts.append(f"{asks}{task['instruction']}\n{line}{output}{below}{task['output']}")
        tasks.append(task)
    text = gap.join(texts)
    if rng.random() < 0.5:  # the prompt ended with the first heading
        text = text[len(headings[0].format(n=start, **names)) :]
    return tasks, text, start


@pytest.mark.parametrize("style", STYLES)
def test_random_lists_come_back_as_they_were_written(style):
    for seed in range(40):
        tasks, text, start = random_list(seed, style)
        assert parse_completion(text, start, "stop") == (tasks, []), text


@pytest.mark.parametrize("style", STYLES)
def test_a_random_list_cut_anywhere_keeps_whole_tasks_only(style):
    for seed in range(8):
        tasks, text, start = random_list(seed, style)
        for end in random.Random(seed).sample(range(1, len(text)), min(20, len(text) - 1)):
            kept, drops = parse_completion(text[:end], start, "length")
            assert kept == tasks[: len(kept)] and drops, text[:end]
            assert len(kept) + len(drops) <= len(tasks)


UNITS = [
    "*", "#", "\n", "9", " ", "`", ">", "-", "[", "{", '{"a":', '["', ",", '\\"', "#\n", "```\n",
    "5.\n",
    "5. a\n\n", "Task 5:\n", "Q: a\n", "Instruction: a\n", "Output: a\n", "a\n---\n", "<think>\n",
    "Q: a\nA: b\n", "### Task 4\n**Instruction:** a\n", "Output: x\nTask 5:\n1. a\n\n",
    '{"instruction": "a", "output": }\n', "1. ", "Output:", "\u00a0", "~~~\n", "~~~a\n```\n",
    "</think>",
    "</s>", "<|im_end|>", "**a** ", "___a", "\\(", "/*", "//", " Input: a", "5. Output: a ",
    "\n5. Note: a",
    "[1,", '{"a":[],', "} ", '"a" ', "Input: a\n\n5. a\n\n", "## a\n\n", "(", "④",
]  # fmt: skip
CONTEXTS = [
    "{}",
    " a\nOutput: b{}",
    " a {}\n4. Input: c\n4. Output: b\n\n{}x",
    '{{"tasks": [{{"task": "{}',
]


def seconds(context, unit, length):
    text = context.format(*[(unit * length)[:length]] * 2)
    began = time.process_time()
    parse_completion(text, 4, "stop")
    parse_structured(text, "stop")
    normal_input(f"no input{text}x")
    return time.process_time() - began


@pytest.mark.parametrize("unit", UNITS)
def test_reading_takes_time_in_proportion_to_the_text(unit):
    for context in CONTEXTS:
        for _ in range(4):  # a measurement beside other work may be wrong once
            short, long = (seconds(context, unit, length) for length in (10_000, 20_000))
            if long < max(3.5 * short, 0.02):
                break
        else:
            pytest.fail(f"{context!r}: {short:.3f} s, {long:.3f} s for twice the text")


@pytest.mark.parametrize("unit", ['{"instruction": "xx" z} ', '{"instruction": "xx" z}\n'])
def test_what_cannot_be_read_is_kept_once_and_in_proportion(unit):
    def read(repeats):
        began = time.process_time()
        tasks, drops = parse_structured(unit * repeats, "stop")
        spent = time.process_time() - began
        kept = sum(len(drop["text"]) for drop in drops)
        assert not tasks and drops and kept <= min(len(unit) * repeats, LONGEST_REST)
        return spent

    read(LONGEST_REST // len(unit) + 100)
    assert min(read(2000) for _ in range(3)) < 3 * read(1000) + 0.05


def test_what_stands_around_a_broken_piece_is_kept():
    text = '{"instruction": "one" z} middle {"instruction": "two" z} end'
    (drop,) = parse_structured(text, "stop")[1]
    assert drop["text"].split() == text.split()


RAW = ROOT.parent / "shared" / "data" / "raw_completions"


@pytest.mark.skipif(not RAW.is_dir(), reason=f"the raw completions are not here ({RAW})")
@pytest.mark.parametrize("name", ["en_kissshhot_instructions", "en_leadawon_dialogue_instructions"])
def test_real_answers_of_real_models_lose_nothing(name):
    texts = set()
    for line in (RAW / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
        response = json.loads(line)["metadata"]["response"]
        texts.add(response if isinstance(response, str) else json.dumps(response))
    for text in texts:
        tasks, drops = parse_completion(text, 9, "stop")
        assert tasks or drops or not text.strip()
        found = [drop["text"] for drop in drops] + [v for task in tasks for v in task.values()]
        # Every word of the answer is in some task or drop; only marks between them are gone.
        kept = {word for word in " ".join(found).split() if word.isalpha()}
        asked = {word for word in text.split() if word.isalpha()}
        assert asked - kept <= {"Instruction", "Input", "Output", "Task"}


def structured(*tasks):
    return json.dumps({"tasks": list(tasks)})


def test_json_is_read_with_a_reason_for_every_task_that_is_not_one():
    text = structured(
        RIVER, {**SUM, "input": "N/A"}, {"input": "", "output": "x"}, {**SUM, "output": 3}
    )
    tasks, drops = parse_structured(text, "stop")
    assert tasks == [RIVER, {**SUM, "input": ""}]
    assert [drop["reason"] for drop in drops] == ["empty instruction", "a field is not text"]


@pytest.mark.parametrize("around", ["```json\n{}\n```", "Here: {}", "{} That is all."])
def test_json_is_found_among_other_words(around):
    assert parse_structured(around.replace("{}", structured(RIVER)), "stop") == ([RIVER], [])
    bare = json.dumps([RIVER, SUM])
    assert parse_structured(around.replace("{}", bare), "stop") == ([RIVER, SUM], [])


def test_an_empty_list_leaves_a_trace():
    assert parse_structured(structured(), "stop")[1][0]["reason"] == "no task in the reply"


@pytest.mark.parametrize(
    ("finish", "reason"),
    [
        ("length", "cut by the length limit"),
        ("stop", "not the JSON that was asked for"),
        ("content_filter", "stopped by the provider's filter"),
    ],
)
def test_half_a_json_text_is_one_drop(finish, reason):
    text = structured(RIVER, SUM)[:-9]
    assert parse_structured(text, finish) == ([], [{"reason": reason, "text": text}])


ASKED = 'I use {"tasks": [{"instruction": …, "input": …, "output": …}, …]}.'


@pytest.mark.parametrize(
    "text",
    [
        "Tasks [4-23]: {}", "Tasks [4]: {}", ASKED + "\n{}", "Let {x} be in [1, 2].\n{}",
        "<think>\nI will {write} [these].\n</think>\n```json\n{}\n```", "He said {\"hello.\n{}",
        '{"tasks": [{"instruction": "...", "input": "...", "output": "..."}, ...]}\n{}',
        '<think>{"tasks": [{"instruction": "a draft", "output": "x"}]}</think>{}',
    ],
)  # fmt: skip
def test_words_with_brackets_do_not_hide_the_json(text):
    whole = text.removesuffix("{}") if text.endswith("{}") else text
    text = f"{whole}{structured(RIVER, SUM)}" if whole != text else text.replace(
        "\n{}\n", f"\n{structured(RIVER, SUM)}\n")  # fmt: skip
    tasks, drops = parse_structured(text, "stop")
    assert tasks == [RIVER, SUM] and all(drop["text"] in text for drop in drops)


@pytest.mark.parametrize(
    "text",
    [
        f"{json.dumps(RIVER)}\n{json.dumps(SUM)}",
        f"{json.dumps(RIVER)},\n{json.dumps(SUM)}",
        f"{structured(RIVER)}\n{structured(SUM)}",
        f"```json\n{structured(RIVER)}\n```\nand\n```json\n{json.dumps([SUM])}\n```",
        f'{{"tasks": [{json.dumps(RIVER)},\n{json.dumps(SUM, indent=1)},\n],}}',
        f'{{"tasks": {{"4": {json.dumps(RIVER)}, "5": {json.dumps(SUM)}}}}}',
        f'{{"data": [{{"task": {json.dumps(RIVER)}}}, {json.dumps(SUM)}]}}',
        json.dumps(structured(RIVER, SUM)),
        structured(*({name.title(): text for name, text in task.items()} for task in (RIVER, SUM))),
        structured(RIVER, SUM).replace("\\n", "\n"),
    ],
    ids=["lines", "commas", "lists", "fences", "trailing commas", "by number", "nested", "quoted",
         "capitals", "line breaks"],
)  # fmt: skip
def test_json_in_other_shapes_is_read(text):
    assert parse_structured(text, "stop") == ([RIVER, SUM], [])


def test_of_objects_one_a_line_the_whole_ones_are_kept():
    cut = json.dumps(SUM)[:-5]
    drop = {"reason": "cut by the length limit", "text": cut}
    assert parse_structured(f"{json.dumps(RIVER)}\n{cut}", "length") == ([RIVER], [drop])
    bad = '{"instruction": "Say "hi"", "output": "x"}'
    tasks, drops = parse_structured(f"{bad}\n{json.dumps(RIVER)}", "stop")
    assert tasks == [RIVER] and [drop["reason"] for drop in drops] == [
        "not the JSON that was asked for"
    ]


def test_of_a_list_that_is_damaged_in_the_middle_the_other_tasks_are_kept():
    bad = '{"instruction": "Say "hi"", "output": "x"}'
    for rows in ([bad, json.dumps(SUM)], [json.dumps(SUM), bad], [bad, json.dumps(SUM), bad]):
        text = f'{{"tasks": [{", ".join(rows)}]}}'
        tasks, drops = parse_structured(text, "stop")
        assert tasks == [SUM]
        assert [drop["reason"] for drop in drops] == ["not the JSON that was asked for"]
    inner = '{"instruction": "Explain {"instruction": "x", "output": "y"}.", "output": "z"}'
    assert parse_structured(f"[{inner}, {json.dumps(SUM)}]", "stop")[0] == [SUM]


@pytest.mark.parametrize(
    "names",
    [
        ("prompt", "context", "completion"), ("Instruksi", "Masukan", "Keluaran"),
        ("지시사항", "입력값", "답변"), ("指令", "输入", "输出"), ("Anweisung", "Eingabe",
        "Ausgabe"),
        ("question", "input_text", "answer"), ("task", "Input", "expectedOutput"),
        ("INSTRUCTIONS", "additional input", "model_answer"),
    ],
    ids="-".join,
)  # fmt: skip
def test_json_keys_have_the_names_that_headings_have(names):
    row = dict(zip(names, (SUM["instruction"], SUM["input"], SUM["output"]), strict=True))
    assert parse_structured(structured({"id": 4, **row}), "stop") == ([SUM], [])


ROWS = f"[{json.dumps(RIVER)}, {json.dumps(SUM)}]"
SHOWN = json.dumps([{"instruction": "Shown.", "output": "x"}])


@pytest.mark.parametrize(
    "text",
    [
        f'{{"output": {ROWS}}}', f'{{"output": {{"tasks": {ROWS}}}}}', f'{{"answer": {ROWS}}}',
        f'{{"instruction": {ROWS}}}', f'{{"input": "none", "response": {ROWS}}}',
        f'{{"examples": {SHOWN}, "tasks": {ROWS}}}', f'{{"tasks": {ROWS}, "seed_tasks": {SHOWN}}}',
        f'{{"few_shot_examples": {SHOWN}, "new": {ROWS}}}', f'{{"examples": {ROWS}}}',
        f'{{"tasks": {ROWS} // done\n}}', f'/* mine */ {{"tasks": /* two */ {ROWS}}}',
        f'{{"tasks": {ROWS}}}'.replace("}, {", "} {"), f'{{"n": 2 "tasks": {ROWS}}}',
        f'{{"tasks": {ROWS}}}'.replace(', "output"', '\n"output"'),
    ],
)  # fmt: skip
def test_json_with_a_wrapper_or_a_slip_is_read(text):
    assert parse_structured(text, "stop") == ([RIVER, SUM], [])


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"Solve \(x\).", "Solve \\(x\\)."), (r"C:\d\new", "C:\\d\\new"),
        (r"\(\frac{a}{b} \times c\)", "\\(\\frac{a}{b} \\times c\\)"),
        (r"It\'s.\nNow", "It\\'s.\nNow"), (r"\u00e9 \u12", "é \\u12"),
        (r"http://x.y \w", "http://x.y \\w"),
    ],
)  # fmt: skip
def test_a_wrong_escape_is_read_as_it_was_meant(written, meant):
    text = f'{{"tasks": [{{"instruction": "Go on.", "output": "{written}"}}, {json.dumps(SUM)}]}}'
    tasks, drops = parse_structured(text, "stop")
    assert [task["output"] for task in tasks] == [meant, "3"] and drops == []


@pytest.mark.parametrize("text", [NUMBERED, f"Sure!\n\n{NUMBERED}", LISTS[2], LISTS[5]])
def test_a_numbered_list_in_place_of_json_is_read(text):
    assert parse_structured(text, "stop") == ([TREE, TWO], [])
    assert parse_structured(text, "length")[0] == [TREE]


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a":' * 50_000,
        "so " + "[" * 1000 + " is it",
        "[1," * 50_000,
        '{"instruction": "a", "output": ' + "[" * 9999,
        '{"instruction": "a", "output": ' + "1" * 9999 + "}",
    ],
    ids=lambda text: text[:3] + text[-2:],
)
def test_json_that_is_nested_too_deep_is_a_drop(text):
    for read in (parse_structured(text, "stop"), parse_completion(text, 4, "stop")):
        assert read[0] == [] and len(read[1]) == 1
    assert parse_structured(f"{text[:400]}\n{structured(RIVER)}", "stop")[0] in ([], [RIVER])


def test_bounded_json_says_what_was_found_and_what_is_allowed():
    assert bounded_json('{"a": "[[[["}', levels=1) == {"a": "[[[["}
    assert bounded_json(b"[[1], [2]]", levels=2) == [[1], [2]]
    with pytest.raises(ValueError, match=r"more than 100 levels.*at character 100.*100 are allow"):
        bounded_json("[" * 100_000)
    with pytest.raises(ValueError, match="9 characters; 5 are allowed"):
        bounded_json("[1, 2, 3]", characters=5)
    with pytest.raises(ValueError, match="Expecting value"):
        bounded_json("[1, 2, x]")
