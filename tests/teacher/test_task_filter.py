"""A reply's tasks are parsed and filtered: each is accepted, or dropped with a reason."""

import asyncio
import re

import pytest
from fake_teacher import RIVER, START, FakeTeacher, completion
from teacher_runs import SEEDS

from helpers.io import read_jsonl
from helpers.teacher.generate import Settings, TaskFilter, generate, parse_completion, rejection_of
from helpers.teacher.raw_records import tasks_of

PROSE = {
    "instruction": "Turn the list into prose.",
    "input": "- tea\n- milk",
    "output": "Tea, milk.",
}
RECIPE = {
    "instruction": "Write a recipe with 20. as a number.",
    "input": "",
    "output": "Bread\n\n19. Knead.\n20. Bake.\n\n### Serving\n###\n21. Instructions: none. Input:",
}
TASKS = [RIVER, PROSE, RECIPE, {**RIVER, "instruction": "Name a river in Spain."}]


@pytest.mark.parametrize("between", ["\n###\n", "\n", "\n\n", "\n\n### ", "\n\n###\n\n", "\n##\n"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_list_is_parsed_whatever_stands_between_its_tasks(between, newline):
    text = completion(TASKS, between).replace("\n", newline)
    assert parse_completion(text, START, "stop") == (TASKS, [])
    assert parse_completion(text + f"{newline}###{newline}", START, "stop") == (TASKS, [])


@pytest.mark.parametrize("heading", ["{}) {}:", "**{}. {}:**", "{}. **{}**:", "  {}. {} :"])
def test_a_list_is_parsed_in_the_headings_models_use(heading):
    assert parse_completion(completion(TASKS, heading=heading), START, "stop") == (TASKS, [])


@pytest.mark.parametrize("nothing", ["<noinput>", "< No input >", "None", "N/A.", "", "(none)"])
def test_an_input_that_only_says_there_is_none_is_empty(nothing):
    text = completion([RIVER], no_input=nothing)
    assert parse_completion(text, START, "stop") == ([RIVER], [])


@pytest.mark.parametrize("count", [1, 2, 4])
def test_a_last_task_cut_by_the_length_limit_is_dropped_however_whole_it_looks(count):
    tasks, drops = parse_completion(completion(TASKS[:count]), START, "length")
    assert tasks == TASKS[: count - 1]
    assert [drop["reason"] for drop in drops] == ["cut by the length limit"]
    assert TASKS[count - 1]["instruction"] in drops[0]["text"]
    assert parse_completion(completion(TASKS[:count]), START, "stop") == (TASKS[:count], [])


def test_cut_anywhere_a_list_loses_its_last_task_and_no_other():
    text = completion(TASKS)
    for end in range(len(text)):
        tasks, drops = parse_completion(text[:end], START, "length")
        assert tasks == TASKS[: len(tasks)]
        assert len(tasks) + len(drops) == 1 + len(re.findall(r"\n\d+\. Instruction:", text[:end]))


@pytest.mark.parametrize(
    ("lost", "reason"),
    [
        (f"{START + 1}. Output:\nTea, milk.\n", "no output field"),
        (" Turn the list into prose.", "empty instruction"),
    ],
)
def test_a_task_without_a_part_is_dropped_with_the_reason_and_its_neighbours_stay(lost, reason):
    text = completion(TASKS)
    assert lost in text
    tasks, drops = parse_completion(text.replace(lost, ""), START, "stop")
    assert tasks == [RIVER, *TASKS[2:]]
    assert [drop["reason"] for drop in drops] == [reason]
    assert "- tea\n- milk" in drops[0]["text"]


def test_a_task_without_an_input_field_has_an_empty_input():
    text = " Name a river in France.\n4. Output: The Loire.\nInput: is a word\nOutput: too"
    output = "The Loire.\nInput: is a word\nOutput: too"
    assert parse_completion(text, START, "stop") == ([{**RIVER, "output": output}], [])


def test_an_input_may_contain_the_word_output():
    task = {"instruction": "Explain this log.", "input": "print(5)\nOutput: 5", "output": "Five."}
    assert parse_completion(completion([task]), START, "stop") == ([task], [])


@pytest.mark.parametrize("repeated", ["", "4. Instruction: ", "\n**4. Instruction:** "])
def test_a_heading_the_teacher_repeats_is_not_part_of_the_task(repeated):
    text = repeated + completion([RIVER]).lstrip()
    record = {"completion": {"text": text, "finish": "stop"}, "start": START}
    assert tasks_of(record) == ([RIVER], [])


@pytest.mark.parametrize("repeated", ["1. Instruction: ", "### 4. Instruction: "])
def test_a_heading_with_another_number_or_mark_is_not_part_of_the_task(repeated):
    text = repeated + completion([RIVER]).lstrip()
    record = {"completion": {"text": text, "finish": "stop"}, "start": START}
    assert tasks_of(record) == ([RIVER], [])


# --- faults of one task ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"instruction": "Name a river."}, "instruction too short"),
        ({"instruction": ""}, "instruction too short"),
        ({"instruction": "river " * 81}, "instruction too long"),
        ({"instruction": "- Name a river in France."}, "opening punctuation"),
        ({"output": "The Loire.<|im_end|>"}, "chat markup in the text"),
        ({"instruction": "Say <|im_start|> and then stop."}, "chat markup in the text"),
        ({"instruction": "Shorten this text a little."}, "refers to something that is not there"),
        ({"instruction": "What is in the picture?"}, "needs a picture, file or website"),
        ({"instruction": "Open these websites for me."}, "needs a picture, file or website"),
        ({"output": " \n"}, "empty output"),
        ({"output": "I'm sorry, but I cannot help with that."}, "refusal"),
        ({"output": "As an AI language model, I have no rivers."}, "refusal"),
        ({"output": "It is long. " * 9}, "output repeats itself"),
        ({"output": "1. Loire\n2. Seine\n3. Loire"}, "output repeats itself"),
        ({"output": "Name a river in France!"}, "output repeats the instruction"),
    ],
)
def test_a_faulty_task_is_named_by_its_fault(change, reason):
    found = rejection_of({**RIVER, **change})
    assert found[0] == reason
    assert found[1].isalpha()


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"instruction": "Name one long river."},
        {"instruction": " ".join(f"word{n}" for n in range(80))},
        {"instruction": '"Loire" is what exactly?'},
        {"instruction": "Shorten this text a little.", "input": "The Loire is a long river."},
        {"instruction": 'Shorten this sentence: "The Loire is a long river."'},
        {"output": "I can name one: the Loire. Sorry, there are more."},
        {"output": "1. Loire\n2. Seine\n3. Rhône"},
        {"output": "4"},
    ],
)
def test_a_good_task_has_no_fault(change):
    assert rejection_of({**RIVER, **change}) is None


# --- the filter -----------------------------------------------------------------------------


def synthesised(number, instruction, output, finish=("stop", "stop")):
    record = {"number": number, "examples": ["s1"], "usage": [1, 1]}
    record["instruction"] = {"text": instruction, "finish": finish[0]}
    if finish[0] == "stop":
        record["answer"] = {"text": output, "finish": finish[1]}
    return record


def test_every_record_ends_as_a_task_or_as_a_ledger_row_with_reason_and_request():
    guarded = [{"id": "e1", "instruction": "Name the largest planet of all."}]
    task_filter = TaskFilter(SEEDS, guarded, Settings())
    records = [
        synthesised(0, "Name a river in France.", " The Loire.\n"),
        synthesised(1, "Name some river in France!", "The Seine."),
        synthesised(2, "Explain tides to very young pupils.", "Water rises, water falls."),
        synthesised(3, "Name the largest planet of all", "Jupiter."),
        synthesised(4, "List the bones of", "", finish=("length", None)),
        synthesised(5, "List the bones of an arm.", "Humerus, ra", finish=("stop", "length")),
        synthesised(6, "List the bones of an arm.", ""),
        synthesised(7, "Say why the sea moves.", "The moon pulls the sea towards itself."),
        synthesised(8, "List the bones of an arm.", "Humerus, radius and ulna."),
    ]
    for record in records:
        kept, dropped = task_filter.filter_records([record])
        assert len(kept) + len(dropped) == 1
    assert [(task["source"], task["output"]) for task in task_filter.accepted] == [
        ("request 0", "The Loire."),
        ("request 8", "Humerus, radius and ulna."),
    ]
    assert len({task["id"] for task in task_filter.accepted}) == 2
    reasons = [(row["request"], row["reason"], row.get("neighbour")) for row in task_filter.ledger]
    assert reasons == [
        (1, "near-duplicate", "Name a river in France."),
        (2, "near-duplicate", "Explain tides to young pupils."),
        (3, "near-duplicate", "Name the largest planet of all."),
        (4, "instruction cut by the length limit", None),
        (5, "output cut by the length limit", None),
        (6, "empty output", None),
        (7, "output copied from an example", "s1"),
    ]
    assert all(row["filter"] and row["text"] for row in task_filter.ledger)
    assert task_filter.requests == len(records)


def test_tasks_and_drops_of_a_list_add_up_to_what_was_written():
    tasks = [*TASKS, RIVER, {**RIVER, "instruction": "Open this website now."}, PROSE]
    record = {"completion": {"text": completion(tasks), "finish": "length"}, "start": START}
    kept, dropped = TaskFilter(SEEDS, [], Settings()).filter_records(
        [{**record, "number": 3, "examples": []}]
    )
    assert [task["instruction"] for task in kept] == [row["instruction"] for row in TASKS[:3]]
    assert [(row["reason"], row["request"]) for row in dropped] == [
        ("cut by the length limit", 3),
        ("near-duplicate", 3),
        ("near-duplicate", 3),
        ("needs a picture, file or website", 3),
    ]


def test_many_records_at_once_give_the_same_result_as_one_by_one(tmp_path):
    asyncio.run(generate(FakeTeacher(3), SEEDS, tmp_path, Settings(target=30)))
    records = sorted(read_jsonl(tmp_path / "raw.jsonl"), key=lambda record: record["number"])
    together, single = TaskFilter(SEEDS, [], Settings()), TaskFilter(SEEDS, [], Settings())
    together.filter_records(records)
    for record in records:
        single.filter_records([record])
    assert together.accepted == single.accepted and len(together.accepted) >= 30
    assert together.ledger == single.ledger
