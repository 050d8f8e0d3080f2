"""Every task ends in the book or, with a reason, in the ledger; a run can be killed and go on."""

import ast
import asyncio
import contextlib
import json
import random
import re
from types import SimpleNamespace

import pytest
from teacher_runs import SEEDS

from helpers.io import read_jsonl
from helpers.prompts import FIELD_NAMES, LIST_LENGTH
from helpers.run import ROOT
from helpers.teacher.endpoint import Endpoint
from helpers.teacher.generate import (
    Settings,
    TaskFilter,
    estimate,
    fault_of,
    generate,
    parse_completion,
    preview,
)
from helpers.teacher.task_requests import dearest_request, list_request, tasks_of

# --- parsing a list -------------------------------------------------------------------------

RIVER = {"instruction": "Name a river in France.", "input": "", "output": "The Loire."}
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
START = 4


def completion(tasks, between="\n###\n", heading="{}. {}:", no_input="<noinput>"):
    """What a model writes after a prompt that ends in ``4. Instruction:``."""
    texts = []
    for number, task in enumerate(tasks, START):
        given = task["input"] or no_input
        texts.append(
            f"{heading.format(number, 'Instruction')} {task['instruction']}\n"
            f"{heading.format(number, 'Input')}\n{given}\n"
            f"{heading.format(number, 'Output')}\n{task['output']}"
        )
    return between.join(texts).removeprefix(heading.format(START, "Instruction"))


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
    found = fault_of({**RIVER, **change})
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
    assert fault_of({**RIVER, **change}) is None


# --- the sieve ------------------------------------------------------------------------------


def synthesised(number, instruction, output, finish=("stop", "stop")):
    record = {"number": number, "examples": ["s1"], "usage": [1, 1]}
    record["instruction"] = {"text": instruction, "finish": finish[0]}
    if finish[0] == "stop":
        record["answer"] = {"text": output, "finish": finish[1]}
    return record


def test_every_record_ends_as_a_task_or_as_a_ledger_row_with_reason_and_request():
    guarded = [{"id": "e1", "instruction": "Name the largest planet of all."}]
    sieve = TaskFilter(SEEDS, guarded, Settings())
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
        kept, dropped = sieve.sift([record])
        assert len(kept) + len(dropped) == 1
    assert [(task["source"], task["output"]) for task in sieve.accepted] == [
        ("request 0", "The Loire."),
        ("request 8", "Humerus, radius and ulna."),
    ]
    assert len({task["id"] for task in sieve.accepted}) == 2
    reasons = [(row["request"], row["reason"], row.get("neighbour")) for row in sieve.ledger]
    assert reasons == [
        (1, "near-duplicate", "Name a river in France."),
        (2, "near-duplicate", "Explain tides to young pupils."),
        (3, "near-duplicate", "Name the largest planet of all."),
        (4, "instruction cut by the length limit", None),
        (5, "output cut by the length limit", None),
        (6, "empty output", None),
        (7, "output copied from an example", "s1"),
    ]
    assert all(row["filter"] and row["text"] for row in sieve.ledger)
    assert sieve.requests == len(records)


def test_tasks_and_drops_of_a_list_add_up_to_what_was_written():
    tasks = [*TASKS, RIVER, {**RIVER, "instruction": "Open this website now."}, PROSE]
    record = {"completion": {"text": completion(tasks), "finish": "length"}, "start": START}
    kept, dropped = TaskFilter(SEEDS, [], Settings()).sift(
        [{**record, "number": 3, "examples": []}]
    )
    assert [task["instruction"] for task in kept] == [row["instruction"] for row in TASKS[:3]]
    assert [(row["reason"], row["request"]) for row in dropped] == [
        ("cut by the length limit", 3),
        ("near-duplicate", 3),
        ("near-duplicate", 3),
        ("needs a picture, file or website", 3),
    ]


# --- the loop -------------------------------------------------------------------------------


class FakeTeacher:
    """Answers by a request's seed alone, some sooner than others, and remembers who asked."""

    model, chat_opening, end_token_id = "fake", "", 2
    base_url, key_env, timeout = "http://127.0.0.1:1/v1", "FAKE_KEY", 1.0
    cost = Endpoint.cost

    def __init__(self, parallel=1, price=0.0, frugal=1, wait=0.001):
        self.parallel, self.price_in, self.price_out = parallel, price, price
        self.frugal, self.wait = frugal, wait
        self.asked, self.answered = [], []

    @contextlib.asynccontextmanager
    async def async_client(self, **_):
        chat = SimpleNamespace(completions=SimpleNamespace(create=self._write_list))
        yield SimpleNamespace(completions=SimpleNamespace(create=self._continue), chat=chat)

    async def _continue(self, *, prompt, seed, max_tokens, **_):
        rng = random.Random(seed - 1 if seed % 5 == 4 else seed)  # one in five repeats another
        asked = words(rng, 6)
        if not prompt.endswith("<|im_start|>assistant\n"):
            self.asked.append(seed)
            await asyncio.sleep(self.wait * (seed * 7 % 5))
            finish = "length" if seed % 7 == 3 else "stop"
            if finish == "length":
                self.answered.append(seed)
            return self._reply({"text": f" {asked}."}, finish, max_tokens)
        self.answered.append(seed)
        text = "" if seed % 6 == 5 else words(rng, 9)
        return self._reply({"text": text}, "stop", max_tokens)

    async def _write_list(self, *, messages, seed, max_tokens, **_):
        self.asked.append(seed)
        assert messages[-1]["content"].endswith(f"{START}. Instruction:")
        rng = random.Random(seed)
        texts = [{**RIVER, "instruction": words(rng, 6), "output": words(rng, 9)} for _ in "abc"]
        message = SimpleNamespace(content=completion(texts))
        return self._reply({"message": message}, "length", max_tokens)

    def _reply(self, choice, finish, max_tokens):
        usage = SimpleNamespace(
            prompt_tokens=600 // self.frugal,
            completion_tokens=max_tokens // self.frugal,
        )
        return SimpleNamespace(
            choices=[SimpleNamespace(**choice, finish_reason=finish)], usage=usage
        )


def words(rng, count):
    return " ".join(f"word{n}" for n in rng.sample(range(400), count))


class InterruptedRun(Exception):
    pass


def interrupt_after(count):
    bills = []

    def on_record(bill):
        bills.append(bill)
        if len(bills) == count:
            raise InterruptedRun

    return on_record


def run(teacher, folder, *, seeds=SEEDS, guarded=(), on_record=None, **settings):
    settings = Settings(**{"target": 12, **settings})
    return asyncio.run(
        generate(teacher, seeds, folder, settings, guarded=guarded, on_record=on_record)
    )


@pytest.mark.parametrize("parallel", [1, 4])
def test_the_loop_stops_at_its_target_and_accounts_for_every_request(tmp_path, parallel):
    teacher, bills = FakeTeacher(parallel, price=1e-3), []
    bill = run(teacher, tmp_path, on_record=bills.append)
    kept, ledger, raw = (
        read_jsonl(tmp_path / f"{name}.jsonl") for name in ("generated", "ledger", "raw")
    )
    assert (bill["stopped"], bill["accepted"], bill["dropped"]) == (
        "target reached",
        12,
        len(ledger),
    )
    assert len(kept) == len({row["id"] for row in kept}) == 12
    sifted = {int(row["source"].split()[1]) for row in kept} | {row["request"] for row in ledger}
    assert sifted == set(range(len(kept) + len(ledger)))  # none is missing, none counted twice
    assert {row["filter"] for row in ledger} == {"parse", "empty", "novelty"}
    assert sorted(row["number"] for row in raw) == sorted(teacher.answered)
    assert bill["requests"] == len(raw) == len(bills)
    assert len(raw) == len(sifted) or parallel > 1  # none is asked that is not needed
    assert {key: bill[key] for key in bills[-1]} == bills[-1]
    assert bill["tokens_out"] == sum(
        60 if r["number"] % 7 == 3 else 60 + Settings().answer_tokens for r in raw
    )
    dollars = (bill["tokens_in"] + bill["tokens_out"]) * 1e-9
    assert bill["dollars"] == pytest.approx(dollars)


def test_a_list_teacher_fills_the_same_files(tmp_path):
    bill = run(FakeTeacher(2), tmp_path, way="task_list", target=7)
    reasons = [row["reason"] for row in read_jsonl(tmp_path / "ledger.jsonl")]
    assert (bill["accepted"], reasons) == (8, ["cut by the length limit"] * 4)


@pytest.mark.parametrize(("parallel", "count"), [(1, 1), (1, 9), (4, 1), (4, 6)])
def test_an_interrupted_run_goes_on_as_if_it_had_not_been(tmp_path, parallel, count):
    whole, folder = tmp_path / "whole", tmp_path / "broken"
    run(FakeTeacher(3), whole)
    first, second = FakeTeacher(parallel), FakeTeacher(parallel)
    with pytest.raises(InterruptedRun):
        run(first, folder, on_record=interrupt_after(count))
    answered = [row["number"] for row in read_jsonl(folder / "raw.jsonl")]
    # As a kill leaves it that comes after the answer is on disk and before what it was made into:
    with open(folder / "raw.jsonl", "a") as file:
        file.write('{"number": 1, "instr')
    for name in ("generated.jsonl", "ledger.jsonl"):
        whole_bytes = (folder / name).read_bytes()
        (folder / name).write_bytes(whole_bytes[: len(whole_bytes) // 2])
    run(second, folder)
    assert not set(answered) & set(second.asked)
    raw = [row["number"] for row in read_jsonl(folder / "raw.jsonl")]
    assert raw[: len(answered)] == answered
    assert len(raw) == len(set(raw))
    for name in ("generated.jsonl", "ledger.jsonl"):
        assert (folder / name).read_bytes() == (whole / name).read_bytes()


def test_no_answer_that_arrived_is_lost_when_a_record_fails(tmp_path):
    teacher = FakeTeacher(parallel=4, wait=0)
    with pytest.raises(InterruptedRun):
        run(teacher, tmp_path, on_record=interrupt_after(1))
    raw = [row["number"] for row in read_jsonl(tmp_path / "raw.jsonl")]
    assert sorted(raw) == sorted(teacher.answered)


def test_a_finished_run_asks_nothing_and_a_higher_target_goes_on(tmp_path):
    run(FakeTeacher(), tmp_path)
    before = read_jsonl(tmp_path / "generated.jsonl")
    asked = len(read_jsonl(tmp_path / "raw.jsonl"))
    idle, more = FakeTeacher(), FakeTeacher()
    assert run(idle, tmp_path)["stopped"] == "target reached"
    assert idle.asked == []
    assert run(more, tmp_path, target=15)["accepted"] == 15
    assert more.asked[0] == asked
    assert read_jsonl(tmp_path / "generated.jsonl")[:12] == before


@pytest.mark.parametrize("parallel", [1, 3])
def test_the_request_limit_is_kept_across_runs(tmp_path, parallel):
    first, second = FakeTeacher(parallel), FakeTeacher(parallel)
    bill = run(first, tmp_path, request_limit=7, seed=50)
    assert bill["stopped"] == "request limit reached"
    assert sorted(first.asked) == list(range(50, 57))  # each with a seed of its own
    assert run(second, tmp_path, request_limit=9, seed=50)["requests"] == 9
    assert sorted(second.asked) == [57, 58]


@pytest.mark.parametrize("parallel", [1, 8])
@pytest.mark.parametrize("frugal", [1, 3])
def test_the_money_cap_is_never_passed_and_used_up(tmp_path, parallel, frugal):
    teacher, bills = FakeTeacher(parallel, price=50.0, frugal=frugal), []
    dearest, *_ = dearest_request(teacher, Settings(), SEEDS)
    assert (
        dearest > (60 + Settings().answer_tokens) * 50 / 1e6
    )  # every answer as long as allowed, and the prompts
    limits = {"target": 100, "max_dollars": 3.5 * dearest}
    bill = run(teacher, tmp_path, on_record=bills.append, **limits)
    assert bill["stopped"] == "money cap reached"
    assert all(each["dollars"] <= limits["max_dollars"] for each in [*bills, bill])
    assert bill["dollars"] > limits["max_dollars"] - dearest
    assert len(teacher.asked) == bill["requests"]
    again = FakeTeacher(parallel, price=50.0, frugal=frugal)
    run(again, tmp_path, **limits)
    assert again.asked == []


def test_nothing_is_asked_when_one_request_could_pass_the_cap(tmp_path):
    teacher = FakeTeacher(4, price=50.0)
    cap = 0.99 * dearest_request(teacher, Settings(), SEEDS)[0]
    assert run(teacher, tmp_path, max_dollars=cap)["stopped"] == "money cap reached"
    assert teacher.asked == []


def test_a_free_teacher_needs_no_money(tmp_path):
    assert run(FakeTeacher(), tmp_path, max_dollars=0)["stopped"] == "target reached"


def test_a_guarded_evaluation_task_is_never_admitted(tmp_path):
    run(FakeTeacher(), tmp_path / "open")
    leak = read_jsonl(tmp_path / "open" / "generated.jsonl")[5]
    guarded = [{"id": "e1", "instruction": leak["instruction"].upper() + "!"}]
    run(FakeTeacher(), tmp_path / "guarded", guarded=guarded)
    kept = read_jsonl(tmp_path / "guarded" / "generated.jsonl")
    assert leak["instruction"] not in [row["instruction"] for row in kept]
    (caught,) = [
        row
        for row in read_jsonl(tmp_path / "guarded" / "ledger.jsonl")
        if row.get("neighbour") == guarded[0]["instruction"]
    ]
    assert (caught["reason"], caught["text"]) == ("near-duplicate", leak["instruction"])
    assert f"request {caught['request']}" == leak["source"]


class OtherTeacher(FakeTeacher):
    model = "other"


NEW_OUTPUT = [{**SEEDS[0], "output": "Toast."}, *SEEDS[1:]]


@pytest.mark.parametrize(
    "change",
    [
        {"temperature": 0.5},
        {"seed": 1},
        {"threshold": 0.5},
        {"way": "task_list"},
        {"seeds": SEEDS[:3]},
        {"seeds": SEEDS[::-1]},
        {"guarded": [RIVER]},
        {"teacher": OtherTeacher()},
        {"seeds": NEW_OUTPUT},
    ],
    ids=lambda change: "-".join(change),
)
def test_a_folder_made_with_other_settings_is_refused_and_left_alone(tmp_path, change):
    run(FakeTeacher(), tmp_path, target=2)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    teacher = change.get("teacher", FakeTeacher())
    with pytest.raises(ValueError, match="other settings"):
        run(**{"teacher": teacher, "folder": tmp_path, "target": 2, **change})
    assert teacher.asked == []
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_what_cannot_work_is_refused_before_anything_is_asked_or_written(tmp_path):
    folder, teacher = tmp_path / "run", FakeTeacher()
    with pytest.raises(ValueError, match=r"'guess'.*self_synthesis, task_list"):
        run(teacher, folder, way="guess")
    with pytest.raises(ValueError, match="none of the 0 seeds"):
        run(teacher, folder, seeds=[])
    teacher.chat_opening = None
    with pytest.raises(ValueError, match=r"self_synthesis.*task_list"):
        run(teacher, folder)
    assert teacher.asked == []
    assert not folder.exists()


def test_a_bad_line_in_the_middle_of_raw_answers_is_named_not_skipped(tmp_path):
    run(FakeTeacher(), tmp_path, target=2)
    raw = tmp_path / "raw.jsonl"
    raw.write_text("broken\n{}\n")
    with pytest.raises(ValueError, match=r"raw\.jsonl:1:"):
        run(FakeTeacher(), tmp_path, target=2)


def test_an_estimate_counts_only_answers_that_were_looked_into():
    bill = {"requests": 30, "sifted": 15, "accepted": 10, "tokens_in": 3000, "tokens_out": 900}
    found = estimate({**bill, "dollars": 0.3, "seconds": 60.0}, 100)
    assert (found["requests"], found["from_requests"]) == (150, 15)
    assert (found["tokens_in"], found["dollars"]) == (15_000, pytest.approx(1.5))


# --- preview, other ways, other languages --------------------------------------------------


def test_a_preview_makes_one_request_that_the_run_then_uses(tmp_path):
    teacher = FakeTeacher(4, price=1.0)
    seen = asyncio.run(preview(teacher, SEEDS, tmp_path, Settings(target=12), tasks=1000))
    assert teacher.asked == [0] and seen["bill"]["requests"] == 1
    assert len(seen["tasks"]) == 1 and seen["record"]["number"] == 0
    assert seen["estimate"]["requests"] == 1000 and seen["estimate"]["from_requests"] == 1
    assert seen["estimate"]["dollars"] == pytest.approx(1000 * seen["bill"]["dollars"])
    again = asyncio.run(preview(teacher, SEEDS, tmp_path, Settings(target=12), tasks=10))
    assert teacher.asked == [0] and again["estimate"]["requests"] == 10
    run(teacher, tmp_path)
    assert teacher.asked.count(0) == 1


def test_without_an_accepted_task_there_is_no_estimate():
    assert estimate({"accepted": 0}, 100) is None


def test_examples_may_come_from_what_was_accepted(tmp_path):
    run(FakeTeacher(), tmp_path, way="task_list", target=9, from_accepted=2)
    raw = read_jsonl(tmp_path / "raw.jsonl")
    own = [sum(example.startswith("gen_") for example in row["examples"]) for row in raw]
    assert own[0] == 0 and max(own) == 2
    ids = {row["id"] for row in read_jsonl(tmp_path / "generated.jsonl")}
    assert {e for row in raw for e in row["examples"] if e.startswith("gen_")} <= ids


class JsonTeacher(FakeTeacher):
    async def _write_list(self, *, messages, seed, max_tokens, response_format, **_):
        self.asked.append(seed)
        assert response_format["json_schema"]["schema"]["required"] == ["tasks"]
        assert "JSON" in messages[-1]["content"]
        rng = random.Random(seed)
        tasks = [{**RIVER, "instruction": words(rng, 6), "output": words(rng, 9)} for _ in "ab"]
        text = json.dumps({"tasks": [*tasks, {"instruction": "", "input": "", "output": "x"}]})
        return self._reply({"message": SimpleNamespace(content=text)}, "stop", max_tokens)


def test_tasks_asked_for_as_json_land_in_the_same_books(tmp_path):
    bill = run(JsonTeacher(2), tmp_path, way="task_json", target=7)
    ledger = read_jsonl(tmp_path / "ledger.jsonl")
    assert bill["accepted"] == 8 and {row["reason"] for row in ledger} == {"empty instruction"}


@pytest.mark.parametrize("language", ["en", "ko", "id"])
def test_a_list_is_asked_for_in_the_language_of_the_course(language):
    settings = Settings(way="task_list", language=language)
    assert settings.tasks_a_request == LIST_LENGTH[language]
    body, start = list_request(0, SEEDS[:2], settings)
    prompt = body["messages"][0]["content"]
    instruction, given, output = FIELD_NAMES[language]
    assert prompt.endswith(f"3. {instruction}:") and start == 3
    for n, row in ((1, SEEDS[0]), (2, SEEDS[1])):
        assert f"{n}. {instruction}: {row['instruction']}\n{n}. {given}:" in prompt
        assert f"{n}. {output}:\n{row['output']}" in prompt
    assert str(LIST_LENGTH[language] + 2) in prompt
    # What was asked for in a language is read in it.
    answer = prompt.split(f"1. {instruction}:")[1].rsplit("###", 1)[0]
    tasks, drops = parse_completion(answer, 1, "stop")
    assert [task["output"] for task in tasks] == [row["output"] for row in SEEDS[:2]]
    assert drops == []


def test_many_records_sifted_at_once_give_what_one_by_one_gives(tmp_path):
    run(FakeTeacher(3), tmp_path, target=30)
    records = sorted(read_jsonl(tmp_path / "raw.jsonl"), key=lambda record: record["number"])
    together, single = TaskFilter(SEEDS, [], Settings()), TaskFilter(SEEDS, [], Settings())
    together.sift(records)
    for record in records:
        single.sift([record])
    assert together.accepted == single.accepted and len(together.accepted) >= 30
    assert together.ledger == single.ledger


def test_the_lesson_s_interrupted_cell_can_be_run_again(tmp_path, capsys):
    """As a learner does who runs the cell twice, and once more when all is done."""
    cells = json.loads((ROOT / "notebooks" / "02_generate.ipynb").read_text(encoding="utf-8"))
    (source,) = [
        "".join(cell["source"])
        for cell in cells["cells"]
        if cell["cell_type"] == "code" and "raise KeyboardInterrupt" in "".join(cell["source"])
    ]
    code = compile(source, "lesson 2", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    names = {"generate": generate, "read_jsonl": read_jsonl, "train": SEEDS, "guarded": ()}
    names |= {"teacher": FakeTeacher(), "settings": Settings(target=12)}
    names["run"] = SimpleNamespace(folder=tmp_path, path=lambda name: tmp_path / name)
    for _ in range(3):
        asyncio.run(eval(code, names))
    said = capsys.readouterr().out.splitlines()
    assert said[:2] == [f"interrupted; on disk: {n} answers" for n in (8, 16)]
    assert said[2].startswith("nothing to interrupt: target reached after")
    asyncio.run(eval(code, names))
    assert "target reached after 0 new answers" in capsys.readouterr().out
