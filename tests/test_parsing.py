"""The task list as models really write it, in three languages, and as JSON."""

import json

import pytest
from conftest import ROOT

from helpers.parsing import parse_completion, parse_structured

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
