"""Reading names the place, writing is whole or not at all, appending survives a kill."""

import json
import signal
import subprocess
import sys
import time

import pytest
from conftest import ROOT

from helpers.io import (
    DataError,
    append_jsonl,
    export_examples,
    load_examples,
    read_jsonl,
    write_jsonl,
    write_text,
)

ROWS = [
    {"instruction": "Name a river.", "input": "", "output": "Loire"},
    {"instruction": "Übersetze:", "input": "물 {x}\nzwei", "output": 'Wasser\u2028\\ "…"\n'},
]


@pytest.mark.parametrize("bad", ["{'a': 1}", '{"a": 1', "[1, 2]", "3", "null", '"text"'])
def test_reading_names_file_and_line_of_the_first_bad_row(tmp_path, bad):
    path = tmp_path / "tasks.jsonl"
    path.write_text(f'{{"a": 1}}\n\n{bad}\n{{"a": 2}}\nworse\n')
    with pytest.raises(DataError) as error:
        read_jsonl(path)
    assert f"{path}:3:" in str(error.value)


def test_missing_file_and_folder_are_named(tmp_path):
    with pytest.raises(DataError, match=r"absent\.jsonl: no such file"):
        read_jsonl(tmp_path / "absent.jsonl")
    with pytest.raises(DataError, match="folder"):
        read_jsonl(tmp_path)


def test_bytes_that_are_not_utf8_are_named_with_their_place(tmp_path):
    path = tmp_path / "latin1.jsonl"
    path.write_bytes('{"a": "Zürich"}\n'.encode("latin-1"))
    with pytest.raises(DataError, match=r"latin1\.jsonl: byte 8 is not UTF-8"):
        read_jsonl(path)


def test_byte_order_mark_blank_lines_and_windows_line_ends_are_not_data(tmp_path):
    path = tmp_path / "windows.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"a": 1}\r\n\r\n  \r\n{"a": 2}\r\n')
    assert read_jsonl(path) == [{"a": 1}, {"a": 2}]


def test_what_is_written_is_read_back(tmp_path):
    path = write_jsonl(tmp_path / "new" / "rows.jsonl", ROWS)
    assert read_jsonl(path) == ROWS
    assert len(path.read_bytes().split(b"\n")) == len(ROWS) + 1
    assert write_jsonl(path, []).read_bytes() == b""


def test_half_a_character_from_a_model_does_not_stop_a_run(tmp_path):
    path = append_jsonl(tmp_path / "rows.jsonl", [{"a": "x\ud800y"}])
    assert read_jsonl(path) == [{"a": "x?y"}]


def test_failed_write_leaves_the_old_file_and_no_other(tmp_path):
    path = write_jsonl(tmp_path / "rows.jsonl", ROWS)
    with pytest.raises(TypeError):
        write_jsonl(path, [*ROWS, {"a": object()}])
    assert read_jsonl(path) == ROWS
    assert list(tmp_path.iterdir()) == [path]


def test_failure_at_the_last_step_of_a_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = write_text(tmp_path / "note.txt", "old")

    def full_disk(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(OSError, match="no space"):
        write_text(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_only_a_torn_last_line_is_overlooked(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"a": 1}\n{"a": 2, "b": "to')
    assert read_jsonl(path, torn_tail_ok=True) == [{"a": 1}]
    with pytest.raises(DataError, match=":2:"):
        read_jsonl(path)
    path.write_text('{"a": 1\n{"a": 2}\n')
    with pytest.raises(DataError, match=":1:"):
        read_jsonl(path, torn_tail_ok=True)
    path.write_text('{"a": 1}\n{"a": 2, "b"\n')  # has its newline: a bad row, not a torn one
    with pytest.raises(DataError, match=":2:"):
        read_jsonl(path, torn_tail_ok=True)


def test_append_removes_a_tail_torn_at_any_byte_and_nothing_else(tmp_path):
    whole = json.dumps(ROWS[1], ensure_ascii=False).encode()
    for cut in range(1, len(whole)):
        path = write_jsonl(tmp_path / "rows.jsonl", [ROWS[0]])
        with open(path, "ab") as file:
            file.write(whole[:cut])
        append_jsonl(path, [{"a": 3}])
        assert read_jsonl(path) == [ROWS[0], {"a": 3}], f"torn after {cut} bytes"


def test_reading_overlooks_a_tail_torn_inside_a_character(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"a": 1}\n' + '{"a": "물'.encode()[:-1])
    assert read_jsonl(path, torn_tail_ok=True) == [{"a": 1}]


def test_append_keeps_a_whole_row_that_lacks_its_newline(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"a": 1}\n{"a": 2}')
    append_jsonl(path, [{"a": 3}, {"a": 4}])
    append_jsonl(path, [])
    assert read_jsonl(path) == [{"a": n} for n in (1, 2, 3, 4)]


def test_append_cuts_a_torn_tail_longer_than_a_disk_block(tmp_path):
    path = write_jsonl(tmp_path / "rows.jsonl", [{"a": "x" * 200_000}])
    with open(path, "a") as file:
        file.write('{"a": "' + "y" * 200_000)
    append_jsonl(path, [{"a": 2}])
    assert [len(str(row["a"])) for row in read_jsonl(path)] == [200_000, 1]


APPENDER = """
import sys
from helpers.io import append_jsonl
for number in range(int(sys.argv[2]), 10**9):
    append_jsonl(sys.argv[1], [{"number": number, "text": "x" * 3_000_000}])
    print(number, flush=True)
"""


def test_rows_survive_a_killed_appender_and_none_stays_torn(tmp_path):
    path, start = tmp_path / "rows.jsonl", 0
    for moment in (0.02, 0.05, 0.09):
        command = [sys.executable, "-c", APPENDER, str(path), str(start)]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        said = [int(child.stdout.readline())]  # it runs: kill it somewhere in a later row
        time.sleep(moment)
        child.send_signal(signal.SIGKILL)
        said += [int(line) for line in child.communicate()[0].splitlines()]
        rows = read_jsonl(path, torn_tail_ok=True)
        assert len(rows) > said[-1], "a row that append_jsonl returned from is lost"
        append_jsonl(path, [{"number": len(rows), "text": "x" * 3_000_000}])
        start = len(rows) + 1
        numbers = [row["number"] for row in read_jsonl(path)]
        assert numbers == list(range(start))
    assert {len(row["text"]) for row in read_jsonl(path)} == {3_000_000}


def test_examples_load_alike_from_alpaca_jsonl_and_messages(tmp_path):
    extra = {"id": "t1", "category": "rivers"}
    (tmp_path / "a.json").write_text(json.dumps([{**ROWS[0], **extra}], indent=1))
    write_jsonl(tmp_path / "b.jsonl", [{**ROWS[0], **extra}])
    turns = [("system", "Be brief."), ("user", "Name a river."), ("assistant", "Loire")]
    messages = [{"role": role, "content": content} for role, content in turns]
    write_jsonl(tmp_path / "c.jsonl", [{"messages": messages, **extra}])
    for name in ("a.json", "b.jsonl", "c.jsonl"):
        assert load_examples(tmp_path / name) == [{**ROWS[0], **extra}]


def test_a_row_without_an_input_gets_an_empty_one(tmp_path):
    path = write_jsonl(tmp_path / "a.jsonl", [{"instruction": "Name a river.", "output": "Loire"}])
    assert load_examples(path)[0]["input"] == ""


GOOD = ROWS[0]
TURNS = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi"}]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"instruction": "Name a river."}, "'output' is missing"),
        ({"output": "Loire"}, "'instruction' is missing"),
        ({**GOOD, "output": None}, "'output' is a NoneType"),
        ({**GOOD, "input": 3}, "'input' is a int"),
        ({**GOOD, "instruction": " \n"}, "instruction is empty"),
        ({"messages": TURNS[:1]}, r"roles \['user'\]"),
        ({"messages": [TURNS[0], {"role": "assistant"}]}, "'output' is a NoneType"),
        ({"messages": [*TURNS, TURNS[0]]}, "roles"),
        ({"messages": 5}, "messages"),
        ({"messages": ["x", *TURNS]}, "messages"),
    ],
)
def test_a_bad_example_is_named_by_row_and_field(tmp_path, row, said):
    path = write_jsonl(tmp_path / "tasks.jsonl", [GOOD, row])
    with pytest.raises(DataError, match=rf"tasks\.jsonl: row 2: .*{said}"):
        load_examples(path)


@pytest.mark.parametrize("text", ["[]", "", '{"instruction": "a"}', '[{"a": 1},]', "[3]"])
def test_a_json_file_that_is_no_list_of_rows_is_refused_by_name(tmp_path, text):
    path = tmp_path / "tasks.json"
    path.write_text(text)
    with pytest.raises(DataError, match=r"tasks\.json"):
        load_examples(path)


def test_exported_examples_read_back(tmp_path):
    alpaca = export_examples(ROWS, tmp_path / "a.json", "alpaca")
    assert load_examples(alpaca) == ROWS == json.loads(alpaca.read_text())
    messages = load_examples(export_examples(ROWS, tmp_path / "m.jsonl", "messages"))
    assert [(row["instruction"], row["input"], row["output"]) for row in messages] == [
        ("Name a river.", "", "Loire"),
        ("Übersetze:\n\n물 {x}\nzwei", "", ROWS[1]["output"]),
    ]
    pairs = read_jsonl(export_examples(ROWS, tmp_path / "p.jsonl", "prompt_completion"))
    assert [row["completion"] for row in pairs] == [row["output"] for row in ROWS]
    assert [row["prompt"].count("### Input:\n물 {x}\nzwei\n\n") for row in pairs] == [0, 1]
    assert all(row["prompt"].endswith("### Response:\n") for row in pairs)


def test_export_refuses_an_unknown_format_and_writes_nothing(tmp_path):
    with pytest.raises(DataError, match=r"'csv'.*alpaca, messages, prompt_completion"):
        export_examples(ROWS, tmp_path / "a.csv", "csv")
    with pytest.raises(DataError, match=r"row 2.*'output'"):
        export_examples([GOOD, {"instruction": "a"}], tmp_path / "a.csv", "alpaca")
    assert not list(tmp_path.iterdir())
