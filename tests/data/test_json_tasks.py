"""Replies in JSON: found between other text, repaired, or dropped with a reason."""

import json

import pytest
from task_list_examples import LISTS, NUMBERED, RIVER, SUM, TREE, TWO, structured

from helpers.data.reply_parsing.task_list import parse_completion, parse_json_completion
from helpers.files.bounded_json import bounded_json


def test_every_malformed_row_is_dropped_with_a_reason():
    text = structured(
        RIVER, {**SUM, "input": "N/A"}, {"input": "", "output": "x"}, {**SUM, "output": 3}
    )
    tasks, drops = parse_json_completion(text, "stop")
    assert tasks == [RIVER, {**SUM, "input": ""}]
    assert [drop["reason"] for drop in drops] == ["empty instruction", "a field is not text"]


@pytest.mark.parametrize("around", ["```json\n{}\n```", "Here: {}", "{} That is all."])
def test_json_is_found_between_other_text(around):
    assert parse_json_completion(around.replace("{}", structured(RIVER)), "stop") == ([RIVER], [])
    bare = json.dumps([RIVER, SUM])
    assert parse_json_completion(around.replace("{}", bare), "stop") == ([RIVER, SUM], [])


def test_an_empty_list_is_a_drop():
    assert parse_json_completion(structured(), "stop")[1][0]["reason"] == "no task in the reply"


@pytest.mark.parametrize(
    ("finish", "reason"),
    [
        ("length", "cut by the length limit"),
        ("stop", "not the JSON that was asked for"),
        ("content_filter", "stopped by the provider's filter"),
    ],
)
def test_an_incomplete_json_value_is_one_drop(finish, reason):
    text = structured(RIVER, SUM)[:-9]
    assert parse_json_completion(text, finish) == ([], [{"reason": reason, "text": text}])


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
def test_text_with_brackets_does_not_hide_the_json(text):
    whole = text.removesuffix("{}") if text.endswith("{}") else text
    text = f"{whole}{structured(RIVER, SUM)}" if whole != text else text.replace(
        "\n{}\n", f"\n{structured(RIVER, SUM)}\n")  # fmt: skip
    tasks, drops = parse_json_completion(text, "stop")
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
    assert parse_json_completion(text, "stop") == ([RIVER, SUM], [])


def test_of_objects_one_a_line_the_complete_ones_are_kept():
    cut = json.dumps(SUM)[:-5]
    drop = {"reason": "cut by the length limit", "text": cut}
    assert parse_json_completion(f"{json.dumps(RIVER)}\n{cut}", "length") == ([RIVER], [drop])
    bad = '{"instruction": "Say "hi"", "output": "x"}'
    tasks, drops = parse_json_completion(f"{bad}\n{json.dumps(RIVER)}", "stop")
    assert tasks == [RIVER] and [drop["reason"] for drop in drops] == [
        "not the JSON that was asked for"
    ]


def test_the_sound_tasks_of_a_damaged_list_are_kept():
    bad = '{"instruction": "Say "hi"", "output": "x"}'
    for rows in ([bad, json.dumps(SUM)], [json.dumps(SUM), bad], [bad, json.dumps(SUM), bad]):
        text = f'{{"tasks": [{", ".join(rows)}]}}'
        tasks, drops = parse_json_completion(text, "stop")
        assert tasks == [SUM]
        assert [drop["reason"] for drop in drops] == ["not the JSON that was asked for"]
    inner = '{"instruction": "Explain {"instruction": "x", "output": "y"}.", "output": "z"}'
    assert parse_json_completion(f"[{inner}, {json.dumps(SUM)}]", "stop")[0] == [SUM]


@pytest.mark.parametrize("around", ['{{"tasks": {{"4": {}, "5": {}}}}}', "[1, {}, {}]"])
def test_a_damaged_value_without_a_readable_task_is_one_drop(around):
    damaged = '{"instruction": "Say "hi"", "output": "x"}'
    text = around.format(damaged, damaged)
    drop = {"reason": "not the JSON that was asked for", "text": text}
    assert parse_json_completion(text, "stop") == ([], [drop])


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
def test_json_keys_may_be_any_field_name(names):
    row = dict(zip(names, (SUM["instruction"], SUM["input"], SUM["output"]), strict=True))
    assert parse_json_completion(structured({"id": 4, **row}), "stop") == ([SUM], [])


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
def test_json_with_a_wrapper_or_a_small_error_is_read(text):
    assert parse_json_completion(text, "stop") == ([RIVER, SUM], [])


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"Solve \(x\).", "Solve \\(x\\)."), (r"C:\d\new", "C:\\d\\new"),
        (r"\(\frac{a}{b} \times c\)", "\\(\\frac{a}{b} \\times c\\)"),
        (r"It\'s.\nNow", "It\\'s.\nNow"), (r"\u00e9 \u12", "é \\u12"),
        (r"http://x.y \w", "http://x.y \\w"),
    ],
)  # fmt: skip
def test_a_wrong_escape_is_repaired(written, meant):
    text = f'{{"tasks": [{{"instruction": "Go on.", "output": "{written}"}}, {json.dumps(SUM)}]}}'
    tasks, drops = parse_json_completion(text, "stop")
    assert [task["output"] for task in tasks] == [meant, "3"] and drops == []


@pytest.mark.parametrize("text", [NUMBERED, f"Sure!\n\n{NUMBERED}", LISTS[2], LISTS[5]])
def test_a_numbered_list_in_place_of_json_is_read(text):
    assert parse_json_completion(text, "stop") == ([TREE, TWO], [])
    assert parse_json_completion(text, "length")[0] == [TREE]


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
    for read in (parse_json_completion(text, "stop"), parse_completion(text, 4, "stop")):
        assert read[0] == [] and len(read[1]) == 1
    assert parse_json_completion(f"{text[:400]}\n{structured(RIVER)}", "stop")[0] in ([], [RIVER])


def test_the_errors_of_bounded_json_name_the_bound():
    assert bounded_json('{"a": "[[[["}', levels=1) == {"a": "[[[["}
    assert bounded_json(b"[[1], [2]]", levels=2) == [[1], [2]]
    with pytest.raises(ValueError, match=r"more than 100 levels.*at character 100.*100 are allow"):
        bounded_json("[" * 100_000)
    with pytest.raises(ValueError, match="9 characters; 5 are allowed"):
        bounded_json("[1, 2, 3]", characters=5)
    with pytest.raises(ValueError, match="Expecting value"):
        bounded_json("[1, 2, x]")
