"""A run fills its files, keeps its caps, and resumes after an interrupt."""

import ast
import asyncio
import json
from types import SimpleNamespace

import pytest
from fake_teacher import RIVER, FakeTeacher, JsonTeacher
from teacher_runs import SEEDS

from helpers.io import read_jsonl
from helpers.prompts import FIELD_NAMES, LIST_LENGTH
from helpers.run import ROOT
from helpers.teacher.generate import Settings, estimate, generate, parse_completion, preview
from helpers.teacher.task_requests import list_request, worst_case


class InterruptedRun(Exception):
    """Raised by a test in the middle of a run."""


def interrupt_after(count):
    """A function for ``on_record`` that raises InterruptedRun after so many answers."""
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
    filtered = {int(row["source"].split()[1]) for row in kept} | {row["request"] for row in ledger}
    assert filtered == set(range(len(kept) + len(ledger)))  # none missing, none counted twice
    assert {row["filter"] for row in ledger} == {"parse", "empty", "novelty"}
    assert sorted(row["number"] for row in raw) == sorted(teacher.answered)
    assert bill["requests"] == len(raw) == len(bills)
    assert len(raw) == len(filtered) or parallel > 1  # no request is sent in vain
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
def test_an_interrupted_run_resumes_and_gives_the_same_tasks(tmp_path, parallel, count):
    whole, folder = tmp_path / "whole", tmp_path / "interrupted"
    run(FakeTeacher(3), whole)
    first, second = FakeTeacher(parallel), FakeTeacher(parallel)
    with pytest.raises(InterruptedRun):
        run(first, folder, on_record=interrupt_after(count))
    answered = [row["number"] for row in read_jsonl(folder / "raw.jsonl")]
    # What a kill leaves in the middle of an answer, with half of the two files of tasks:
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


def test_no_answer_is_lost_when_on_record_raises(tmp_path):
    teacher = FakeTeacher(parallel=4, wait=0)
    with pytest.raises(InterruptedRun):
        run(teacher, tmp_path, on_record=interrupt_after(1))
    raw = [row["number"] for row in read_jsonl(tmp_path / "raw.jsonl")]
    assert sorted(raw) == sorted(teacher.answered)


def test_a_finished_run_sends_nothing_and_a_higher_target_resumes_it(tmp_path):
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
def test_the_money_cap_is_used_up_and_never_exceeded(tmp_path, parallel, frugal):
    teacher, bills = FakeTeacher(parallel, price=50.0, frugal=frugal), []
    most = worst_case(teacher, Settings(), SEEDS).dollars
    longest_answer = (60 + Settings().answer_tokens) * 50 / 1e6
    assert most > longest_answer  # the prompts cost something too
    limits = {"target": 100, "max_dollars": 3.5 * most}
    bill = run(teacher, tmp_path, on_record=bills.append, **limits)
    assert bill["stopped"] == "money cap reached"
    assert all(each["dollars"] <= limits["max_dollars"] for each in [*bills, bill])
    assert bill["dollars"] > limits["max_dollars"] - most
    assert len(teacher.asked) == bill["requests"]
    again = FakeTeacher(parallel, price=50.0, frugal=frugal)
    run(again, tmp_path, **limits)
    assert again.asked == []


def test_nothing_is_sent_when_one_request_could_exceed_the_cap(tmp_path):
    teacher = FakeTeacher(4, price=50.0)
    cap = 0.99 * worst_case(teacher, Settings(), SEEDS).dollars
    assert run(teacher, tmp_path, max_dollars=cap)["stopped"] == "money cap reached"
    assert teacher.asked == []


def test_a_free_teacher_needs_no_money(tmp_path):
    assert run(FakeTeacher(), tmp_path, max_dollars=0)["stopped"] == "target reached"


def test_a_guarded_evaluation_task_is_never_accepted(tmp_path):
    run(FakeTeacher(), tmp_path / "open")
    leak = read_jsonl(tmp_path / "open" / "generated.jsonl")[5]
    guarded = [{"id": "e1", "instruction": leak["instruction"].upper() + "!"}]
    run(FakeTeacher(), tmp_path / "guarded", guarded=guarded)
    kept = read_jsonl(tmp_path / "guarded" / "generated.jsonl")
    assert leak["instruction"] not in [row["instruction"] for row in kept]
    (dropped,) = [
        row
        for row in read_jsonl(tmp_path / "guarded" / "ledger.jsonl")
        if row.get("neighbour") == guarded[0]["instruction"]
    ]
    assert (dropped["reason"], dropped["text"]) == ("near-duplicate", leak["instruction"])
    assert f"request {dropped['request']}" == leak["source"]


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


def test_settings_that_cannot_work_are_refused_before_anything_is_sent_or_written(tmp_path):
    folder, teacher = tmp_path / "run", FakeTeacher()
    with pytest.raises(ValueError, match=r"'guess'.*self_synthesis, task_list"):
        run(teacher, folder, way="guess")
    with pytest.raises(ValueError, match="none of the 0 seeds"):
        run(teacher, folder, seeds=[])
    with pytest.raises(ValueError, match=r"examples=0.*at least 1"):
        run(teacher, folder, examples=0)
    with pytest.raises(ValueError, match=r"seed 5 of 5 has no id"):
        run(teacher, folder, seeds=[*SEEDS, RIVER])
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


def test_an_estimate_counts_only_answers_that_were_filtered():
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


def test_examples_may_be_accepted_tasks(tmp_path):
    run(FakeTeacher(), tmp_path, way="task_list", target=9, from_accepted=2)
    raw = read_jsonl(tmp_path / "raw.jsonl")
    accepted = [sum(example.startswith("gen_") for example in row["examples"]) for row in raw]
    assert accepted[0] == 0 and max(accepted) == 2
    ids = {row["id"] for row in read_jsonl(tmp_path / "generated.jsonl")}
    assert {e for row in raw for e in row["examples"] if e.startswith("gen_")} <= ids


def test_tasks_asked_for_as_json_fill_the_same_files(tmp_path):
    bill = run(JsonTeacher(2), tmp_path, way="task_json", target=7)
    ledger = read_jsonl(tmp_path / "ledger.jsonl")
    assert bill["accepted"] == 8 and {row["reason"] for row in ledger} == {"empty instruction"}


@pytest.mark.parametrize("language", ["en", "ko", "id"])
def test_a_list_is_asked_for_in_the_language_of_the_settings(language):
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
    # The parser reads the language of the request.
    answer = prompt.split(f"1. {instruction}:")[1].rsplit("###", 1)[0]
    tasks, drops = parse_completion(answer, 1, "stop")
    assert [task["output"] for task in tasks] == [row["output"] for row in SEEDS[:2]]
    assert drops == []


def test_the_interrupted_cell_of_the_lesson_can_be_run_again(tmp_path, capsys):
    """Run the cell until the run has finished, and once more after that."""
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
    printed = capsys.readouterr().out.splitlines()
    assert printed[:2] == [f"interrupted; on disk: {n} answers" for n in (8, 16)]
    assert printed[2].startswith("nothing to interrupt: target reached after")
    asyncio.run(eval(code, names))
    assert "target reached after 0 new answers" in capsys.readouterr().out
