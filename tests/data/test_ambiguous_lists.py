"""Text that could be read in two ways: headings in fields, text around the list, missing parts."""

import pytest
from task_list_examples import LISTS, NUMBERED, TREE, TWO

from helpers.data.reply_parsing.no_input import without_no_input
from helpers.data.reply_parsing.task_list import parse_completion


@pytest.mark.parametrize(
    "style",
    ["{n}. |Input: |Output: ", "Task {n}: |Input: |Output: ", "### {n}\n|Input: |Output: ",
     "**{n}.** |Input: |Output: ", "{n}. |{n}. Input: |{n}. Output: ",
     "{n}. |입력: |출력: ", "{n}) |**Input:** |**Output:** ", "{n}. |Masukan: |Keluaran: "],
)  # fmt: skip
@pytest.mark.parametrize("given", ["none", "<noinput>", "a song", ""])
def test_a_task_without_an_output_does_not_absorb_the_next(style, given):
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
def test_tasks_without_clear_borders_are_dropped(text):
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
def test_a_field_name_in_a_sentence_begins_no_field(sentence):
    text = f" Name a tree. Output: Oak\n5. Instruction: {sentence} Output: 5"
    tasks, drops = parse_completion(text, 4, "stop")
    assert tasks == [TREE] and len(drops) == 1


def two(style):
    """Two tasks in a style; ``n``, ``i`` and ``o`` are number, instruction and output."""
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


def test_a_list_may_mix_several_forms_of_headings():
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


def test_a_list_in_a_field_stays_there_and_an_unknown_field_drops_the_task():
    steps = "1. Mix: well\n2. Wait: long\n3. Heat: slowly\n4. Bake: hot"
    tasks, drops = parse_completion(f" Cook.\n4. Output: So:\n{steps}", 4, "stop")
    assert tasks[0]["output"] == f"So:\n{steps}" and drops == []
    text = f" Name these:\n{steps}\n4. Output: steps"
    assert parse_completion(text, 4, "stop")[0][0]["instruction"] == f"Name these:\n{steps}"
    # An unknown field may be needed to do the task, so it is not removed: the task is dropped.
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
def test_text_after_the_last_task_is_removed(tail):
    tasks, drops = parse_completion(NUMBERED + tail, 4, "stop")
    assert tasks == [TREE, TWO] and all(drop["text"] == "" for drop in drops)


def test_end_tokens_after_every_task_are_removed():
    text = NUMBERED.replace("Oak", "Oak<|im_end|>") + "<|im_end|>"
    assert parse_completion(text, 4, "stop") == ([TREE, TWO], [])


@pytest.mark.parametrize("fence", ["~~~", "````", "~~~~", "```markdown", "~~~text", "`````md"])
def test_a_fence_of_any_kind_around_the_list_is_removed(fence):
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
def test_an_answer_that_resembles_trailing_text_is_kept(answer):
    text = f" Name a tree.\n4. Output: Oak\n5. Instruction: Add 2, 3.\n5. Output:\n{answer}"
    assert parse_completion(text, 4, "stop") == ([TREE, {**TWO, "output": answer}], [])


@pytest.mark.parametrize("fence", ["~~~", "```", "````", "~~~~~", "~~~ "])
def test_headings_in_code_are_ignored_in_every_kind_of_fence(fence):
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
def test_an_input_that_says_there_is_none_becomes_empty(text):
    assert without_no_input(text) == "" and without_no_input(f" {text}\n") == ""


@pytest.mark.parametrize(
    "text", ["Na", "No", "0", "none of these", "NA, EU, AS", "Null hypothesis", "()", "{a}", "[1]",
             "No input is needed for this machine to run.", "Kosong dua kali", "Keine Ahnung"],
)  # fmt: skip
def test_an_input_with_content_is_kept(text):
    assert without_no_input(text) == text
