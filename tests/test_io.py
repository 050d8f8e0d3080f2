"""Reading names the place of an error, writing is atomic, appending survives a kill."""

import bz2
import gzip
import io
import json
import lzma
import signal
import subprocess
import sys
import time
import warnings
import zipfile

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


def test_a_lone_surrogate_from_a_model_does_not_stop_a_run(tmp_path):
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


def test_only_an_incomplete_last_line_is_skipped(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"a": 1}\n{"a": 2, "b": "to')
    assert read_jsonl(path, torn_tail_ok=True) == [{"a": 1}]
    with pytest.raises(DataError, match=":2:"):
        read_jsonl(path)
    path.write_text('{"a": 1\n{"a": 2}\n')
    with pytest.raises(DataError, match=":1:"):
        read_jsonl(path, torn_tail_ok=True)
    path.write_text('{"a": 1}\n{"a": 2, "b"\n')  # it has its newline, so it is a bad row
    with pytest.raises(DataError, match=":2:"):
        read_jsonl(path, torn_tail_ok=True)


def test_append_removes_a_line_cut_off_at_any_byte_and_nothing_else(tmp_path):
    whole = json.dumps(ROWS[1], ensure_ascii=False).encode()
    for cut in range(1, len(whole)):
        path = write_jsonl(tmp_path / "rows.jsonl", [ROWS[0]])
        with open(path, "ab") as file:
            file.write(whole[:cut])
        append_jsonl(path, [{"a": 3}])
        assert read_jsonl(path) == [ROWS[0], {"a": 3}], f"cut off after {cut} bytes"


def test_reading_skips_a_line_cut_off_inside_a_character(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"a": 1}\n' + '{"a": "물'.encode()[:-1])
    assert read_jsonl(path, torn_tail_ok=True) == [{"a": 1}]


def test_append_keeps_a_whole_row_that_lacks_its_newline(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"a": 1}\n{"a": 2}')
    append_jsonl(path, [{"a": 3}, {"a": 4}])
    append_jsonl(path, [])
    assert read_jsonl(path) == [{"a": n} for n in (1, 2, 3, 4)]


def test_append_removes_an_incomplete_line_longer_than_a_disk_block(tmp_path):
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


def test_rows_survive_a_killed_appender_and_none_stays_incomplete(tmp_path):
    path, start = tmp_path / "rows.jsonl", 0
    for moment in (0.02, 0.05, 0.09):
        command = [sys.executable, "-c", APPENDER, str(path), str(start)]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        reported = [int(child.stdout.readline())]  # it is running: kill it during a later row
        time.sleep(moment)
        child.send_signal(signal.SIGKILL)
        reported += [int(line) for line in child.communicate()[0].splitlines()]
        rows = read_jsonl(path, torn_tail_ok=True)
        assert len(rows) > reported[-1], "a row that append_jsonl returned from is lost"
        append_jsonl(path, [{"number": len(rows), "text": "x" * 3_000_000}])
        start = len(rows) + 1
        numbers = [row["number"] for row in read_jsonl(path)]
        assert numbers == list(range(start))
    assert {len(row["text"]) for row in read_jsonl(path)} == {3_000_000}


def test_examples_load_alike_from_alpaca_jsonl_and_messages(tmp_path):
    extra = {"id": "t1", "category": "rivers"}
    (tmp_path / "a.json").write_text(json.dumps([{**ROWS[0], **extra}], indent=1))
    write_jsonl(tmp_path / "b.jsonl", [{**ROWS[0], **extra}])
    turns = [("system", ""), ("user", "Name a river."), ("assistant", "Loire")]
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
    ("row", "message"),
    [
        ({"instruction": "Name a river."}, "'output' is missing"),
        ({"output": "Loire"}, "'instruction' is missing"),
        ({**GOOD, "output": None}, "'output' is a NoneType"),
        ({**GOOD, "input": 3}, "'input' is an int"),
        ({**GOOD, "instruction": " \n"}, "instruction is empty"),
        ({"messages": TURNS[:1]}, r"roles \['user'\]"),
        ({"messages": [TURNS[0], {"role": "assistant"}]}, "'output' is a NoneType"),
        ({"messages": [*TURNS, TURNS[0]]}, "roles"),
        ({"messages": 5}, "messages"),
        ({"messages": ["x", *TURNS]}, "messages"),
    ],
)
def test_a_bad_example_is_named_by_row_and_field(tmp_path, row, message):
    path = write_jsonl(tmp_path / "tasks.jsonl", [GOOD, row])
    with pytest.raises(DataError, match=rf"tasks\.jsonl: row 2: .*{message}"):
        load_examples(path)


@pytest.mark.parametrize("text", ["[]", "", '{"instruction": "a"}', '[{"a": 1},]', "[3]"])
def test_a_json_file_that_is_not_a_list_of_rows_is_refused_by_name(tmp_path, text):
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


ASKED, SAID = {"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi"}
SHARED = [{"from": "human", "value": "Hello"}, {"from": "gpt", "value": "Hi"}]
HELLO = {"instruction": "Hello", "input": "", "output": "Hi"}


def loaded(path):
    """The rows that load_examples returns, and the text of its warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        rows = load_examples(path)
    return rows, " ".join(str(one.message) for one in caught)


@pytest.mark.parametrize(
    "row",
    [
        {"messages": [ASKED, SAID]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "Hello"}]}, SAID]},
        {"conversations": SHARED},
        {"conversation": SHARED, "system": ""},
        {"conversations": [ASKED, SAID], "system": None},
        {"messages": json.dumps([ASKED, SAID])},
        {"prompt": "Hello", "completion": "Hi"},
        {"prompt": [ASKED], "completion": [SAID]},
        {"prompt": "Hello", "response": "Hi"},
        {"Question": "Hello", " Answer ": "Hi"},
        {"question": "Hello", "response": "Hi", "system_prompt": ""},
        {"query": "Hello", "answer": "Hi"},
        {"inputs": "Hello", "targets": "Hi"},
        {"instruction": "Hello", "context": "", "response": "Hi"},
        {"instruction": "Hello", "input": None, "output": "Hi", "history": [], "system": ""},
        {"instruction": "Hello", "input": float("nan"), "output": "Hi", "history": None},
        {**HELLO, "history": float("nan")},
        {**HELLO, "history": "[]"},
        {**HELLO, "history": " [[]] "},
        {**HELLO, "history": "nan"},
        {**HELLO, "history": [["", ""]]},
        {**HELLO, "history": "[['', '']]"},
        {**HELLO, "history": [None, {"role": "user", "content": " "}]},
        {"messages": [ASKED, {**SAID, "weight": 1, "tool_calls": [], "reasoning_content": ""}]},
        {"messages": [{**ASKED, "weight": 0}, {**SAID, "train": True, "thinking": None}]},
        {"messages": str([ASKED, SAID])},
    ],
)
def test_every_usual_shape_of_a_row_is_read_without_a_warning(tmp_path, row):
    rows, message = loaded(write_jsonl(tmp_path / "rows.jsonl", [row]))
    assert {field: rows[0][field] for field in HELLO} == HELLO
    assert set(rows[0]) <= {*HELLO, "history"} and message == ""


@pytest.mark.parametrize(
    "row",
    [
        {"messages": [{"role": "system", "content": "Be brief."}, ASKED, SAID]},
        {"messages": [{"role": "developer", "content": "Be brief."}, ASKED, SAID]},
        {"conversations": [{"from": "system", "value": "Be brief."}, *SHARED]},
        {"conversations": SHARED, "system": "Be brief."},
        {**HELLO, "system": "Be brief."},
        {"system_prompt": "Be brief.", "question": "Hello", "response": "Hi"},
    ],
)
def test_a_system_text_goes_in_front_of_the_instruction_with_a_warning(tmp_path, row):
    path = write_jsonl(tmp_path / "rows.jsonl", [{**HELLO, "id": "1"}, {**row, "id": "2"}])
    rows, message = loaded(path)
    assert rows[1] == {**HELLO, "id": "2", "instruction": "Be brief.\n\nHello"}
    assert "rows.jsonl: row 2: the system text" in message
    assert loaded(write_jsonl(path, rows)) == (rows, "")  # a second time, nothing is moved


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({**HELLO, "history": [["Hi", "Hello"]]}, "'history' holds earlier turns"),
        ({**HELLO, "history": '[["Hi", "Hello"]]'}, "'history' holds earlier turns"),
        ({**HELLO, "history": "Hi there"}, "'history' holds earlier turns"),
        (
            {"messages": [ASKED, {**SAID, "weight": 0}]},
            r"messages\[1\] has 'weight': 0, so its text",
        ),
        ({"messages": [ASKED, {**SAID, "train": False}]}, r"has 'train': False, so its text"),
        ({"conversations": SHARED * 2}, r"conversations has the roles \['human', 'gpt', 'human'"),
        ({"conversations": SHARED[:1]}, "conversations has the roles"),
        ({"conversations": ["Hello", "Hi"]}, "conversations has the roles"),
        ({"messages": [ASKED, SAID, {"role": "system", "content": "Stop."}]}, "'system'"),
        (
            {"messages": [{"role": "system", "content": 5}, ASKED, SAID]},
            r"messages\[0\] has an int",
        ),
        ({"messages": [ASKED, {"role": "tool", "content": "4"}, SAID]}, "'tool'"),
        ({"messages": [{**ASKED, "content": [{"type": "image_url"}]}, SAID]}, "'image_url'"),
        ({"messages": [ASKED, {**SAID, "tool_calls": [{"id": 1}]}]}, "'tool_calls'"),
        ({"prompt": "Hello", "chosen": "Hi", "rejected": "No"}, "found prompt, chosen, rejected"),
        ({"input": "Hello", "output": "Hi"}, "'instruction' is missing .found input, output"),
        ({"text": "Hello"}, r"\(found text\).*name the column"),
        ({"question": "Hello", "answer": 5}, "'answer' .the output. is an int"),
        ({**HELLO, "system": ["Be brief."]}, "'system' is a list"),
    ],
)
def test_a_row_that_the_prompt_cannot_show_is_refused_by_name(tmp_path, row, message):
    path = write_jsonl(tmp_path / "rows.jsonl", [HELLO, row])
    with pytest.raises(DataError, match=rf"rows\.jsonl: row 2: .*{message}"):
        load_examples(path)


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"tools": [{"name": "search"}]}, ["tools"]),
        ({"images": ["a.png"], "text": "Below is"}, ["images", "text"]),
        ({"messages": [ASKED, SAID]}, ["instruction", "output"]),
        (
            {"messages": [{**ASKED, "hint": "x"}, {**SAID, "reasoning_content": "Hm."}]},
            ["messages[0].hint", "messages[1].reasoning_content"],
        ),
        ({"tools": "[]", "images": [""]}, []),
        ({"id": "1", "category": "x", "tools": [], "images": None, "hint": ""}, []),
    ],
)
def test_a_warning_names_columns_that_the_prompt_does_not_show(tmp_path, more, named):
    rows, message = loaded(write_jsonl(tmp_path / "rows.jsonl", [{**HELLO, **more}]))
    assert rows[0]["output"] == "Hi"
    assert all(repr(name) in message for name in named) and bool(message) == bool(named)


def test_a_whole_training_prompt_is_split_into_instruction_and_input(tmp_path):
    path = export_examples(ROWS, tmp_path / "p.jsonl", "prompt_completion")
    assert [{field: row[field] for field in HELLO} for row in load_examples(path)] == ROWS


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        (r"Great \ud83d", "Great \ufffd"),
        (r"\uDE00 Great", "\ufffd Great"),
        (r"Great \ud83d\ude00", "Great \U0001f600"),
        (r"Great \\ud83d", "Great \\ud83d"),  # a backslash and letters
    ],
)
@pytest.mark.parametrize("name", ["rows.jsonl", "rows.json"])
def test_a_lone_surrogate_is_replaced_on_loading_with_a_warning(tmp_path, name, text, whole):
    path, row = tmp_path / name, '{"instruction": "Cheer me up.", "output": "' + text + '"}'
    path.write_text(f"[{row}]" if name == "rows.json" else row)
    rows, message = loaded(path)
    assert rows[0]["output"] == whole
    assert ("row 1 contained half of a character" in message) == ("\ufffd" in whole)
    if name == "rows.jsonl":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert read_jsonl(path)[0]["output"] == whole


def parquet(rows):
    import pyarrow
    import pyarrow.parquet

    sink = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), sink)
    return sink.getvalue()


LINES = json.dumps(HELLO) + "\n\n" + json.dumps(HELLO) + "\n"
TABLE = "instruction,input,output\r\nHello,,Hi\r\nHello,,Hi\r\n"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("rows.jsonl.gz", gzip.compress(LINES.encode())),
        ("rows.json.gz", gzip.compress(json.dumps([HELLO, HELLO]).encode())),
        ("rows.jsonl.bz2", bz2.compress(LINES.encode())),
        ("rows.csv.xz", lzma.compress(TABLE.encode())),
        ("rows.json", gzip.compress(LINES.encode())),
        ("rows.parquet", parquet([HELLO, HELLO])),
        ("chats.parquet", parquet([{"conversations": SHARED}] * 2)),
        ("rows.jsonl", parquet([HELLO, HELLO])),
        ("rows.json", LINES.encode()),
        ("rows.jsonl", json.dumps([HELLO, HELLO], indent=1).encode()),
        ("rows.csv", TABLE.encode()),
        ("rows.csv", TABLE.encode("utf-8-sig")),
        ("rows.csv", TABLE.replace(",", ";").encode()),
        ("rows.tsv", TABLE.replace(",", "\t").encode()),
        ("rows.txt", TABLE.encode()),
        ("rows.json", TABLE.encode()),
        ("rows.csv", LINES.encode()),
        ("rows.csv", TABLE.replace("\n", "").encode()),
        ("rows.csv", b'"sep=;"\r\n' + TABLE.replace(",", ";").encode()),
        ("rows.csv", ("sep=;\n" + TABLE.replace(",", ";")).encode("utf-16")),
        ("rows.csv", ("SEP=^\n" + TABLE.replace(",", "^")).encode()),
        ("rows.jsonl.gz", gzip.compress(gzip.compress(LINES.encode()))),
        ("rows.jsonl", LINES.replace("\n", "\r").encode()),
        ("rows.jsonl", LINES.replace("\n", "").encode()),
        ("rows.json", (json.dumps(HELLO, indent=1) + "\n" + json.dumps(HELLO, indent=1)).encode()),
        ("rows.jsonl", (json.dumps(HELLO) + "\n\ufeff" + json.dumps(HELLO)).encode()),
        ("rows.json", json.dumps({key: [value] * 2 for key, value in HELLO.items()}).encode()),
        ("rows.json", json.dumps({k: {"0": v, "1": v} for k, v in HELLO.items()}).encode()),
        ("rows.json", json.dumps({"messages": [[ASKED, SAID]] * 2}, indent=1).encode()),
        ("rows.csv", b'"Question","Answer"\n"Hello","Hi"\n"Hello","Hi"'),
        ("rows.jsonl", LINES.encode("utf-16")),
        ("rows.jsonl", LINES.encode("utf-16-le")),
        ("rows.csv", TABLE.encode("utf-16-be")),
        ("rows.json", json.dumps([HELLO, HELLO]).encode("utf-32")),
    ],
)
def test_a_file_is_read_by_its_content_whatever_its_name(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    assert loaded(tmp_path / name) == ([HELLO, HELLO], "")


def test_a_table_keeps_quotes_line_breaks_and_texts_such_as_not_available(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text('instruction,input,output\n"Say ""hi"",\nplease",N/A,' + 200_000 * "x" + "\n")
    row = load_examples(path)[0]
    assert row["instruction"] == 'Say "hi",\nplease' and row["input"] == "N/A"
    assert len(row["output"]) == 200_000


def test_a_table_may_have_columns_without_a_name_and_one_called_orcid(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("ORCID,instruction,output,,\n1,Hello,Hi,,x\n")
    rows, message = loaded(path)
    assert rows == [{**HELLO, "ORCID": "1", "": "", "column 5": "x"}]
    assert "'ORCID', 'column 5'" in message
    path.write_text('"instruction","out\nput","output"\nHello,,Hi\n')
    assert loaded(path)[0] == [{**HELLO, "out\nput": ""}]


def test_one_row_is_read_however_it_is_laid_out(tmp_path):
    for row in (HELLO, {"messages": [ASKED, SAID]}, {"prompt": [ASKED], "completion": [SAID]}):
        for indent in (None, 1):
            (tmp_path / "row.json").write_text(json.dumps(row, indent=indent))
            assert loaded(tmp_path / "row.json") == ([HELLO], "")


def zipped(name):
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr(name, "x")
    return sink.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("rows.xlsx", zipped("xl/workbook.xml"), r"an Excel file .*Save the sheet as CSV"),
        ("rows.csv", zipped("xl/workbook.xml"), r"an Excel file"),
        ("rows.zip", zipped("rows.jsonl"), r"a zip archive of rows\.jsonl.*Unpack"),
        ("rows.json", b"<!DOCTYPE html><html>", r"a web page.*Raw"),
        ("rows.json", b"version https://git-lfs.github.com/spec/v1\n", r"Git LFS pointer"),
        ("rows.arrow", b"ARROW1\0\0", r"an Arrow file.*from_file"),
        ("rows.zst", b"\x28\xb5\x2f\xfd00", r"zstd.*unzstd"),
        ("rows.pkl", b"\x80\x04\x95", r"a pickle"),
        ("rows.parquet", parquet([HELLO])[:40], r"damaged parquet"),
        ("rows.json.gz", gzip.compress(LINES.encode())[:20], r"damaged or incomplete"),
        ("rows.json", json.dumps({"data": [HELLO]}).encode(), r"one JSON object with the keys dat"),
        ("rows.csv", "instruction,output\n안녕,Hi".encode("cp949"), r"byte 19 is not UTF-8.*cp949"),
        ("rows.csv", b"Hello,,Hi\n", r"first line is 'Hello,,Hi', expected the columns"),
        ("rows.csv", b"instruction,output\nHello, you,Hi\n", r":2: 3 columns, expected 2"),
        ("rows.csv", b'instruction,output\nHello,"Hi\n', r":2: not valid CSV"),
        ("rows.csv", b"instruction,output,output\nA,B,C\n", r"the column 'output' occurs twice"),
        ("rows.json", b'{"query": "A", "output": "B", "output": "C"}', r"'output' occurs twice"),
        ("rows.json", b'[{"instruction": "A", "output": "B", "output": "C"}]', r"occurs twice"),
        ("rows.orc", b"ORCabc", r"an ORC file.*read_orc"),
        ("rows.avro", b"Obj\x01abc", r"an Avro file.*JSON Lines"),
        ("rows.feather", b"FEA1abc", r"a Feather file.*read_feather"),
        ("rows.jsonl.lz4", b"\x04\x22\x4d\x18abc", r"LZ4.*unlz4"),
        ("rows.h5", b"\x89HDF\r\n\x1a\nabc", r"an HDF5 file.*read_hdf"),
        ("rows.npy", b"\x93NUMPY\x01\0", r"a NumPy array.*numpy\.load"),
        ("rows.png", b"\x89PNG\r\n\x1a\n\0\0", r"a picture.*CSV or JSON Lines"),
        ("rows.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF", r"a picture"),
        ("rows.mp4", b"\0\0\0\x20ftypisom", r"a film"),
        ("rows.pkl", b"\x80\x02]q\0K\x01a.", r"a pickle.*Ask for JSON"),
        ("rows.gz", gzip.compress(gzip.compress(b"ORC\x08\x03")), r"an ORC file"),
        ("rows.safetensors", b"\x40\0\0\0\0\0\0\0{}", r"a model's weights"),
        ("rows.rtf", b"{\\rtf1\\ansi hello}", r"rich text"),
        ("rows.xml", b"<?xml version='1.0'?><rows/>", r"an XML file"),
        ("rows.bin", b"\x01\x02\xfe\xff\0abc", r"is not a text file .*the bytes 01 02 fe"),
        ("rows.json", json.dumps({"1": HELLO, "t2": HELLO}).encode(), r"list\(whole\.values\(\)\)"),
        ("rows.json", json.dumps({"data": [HELLO]}, indent=1).encode(), r"whole\['data'\]"),
        ("rows.json", b'{"instruction": ["A", "C"], "output": ["B"]}', r"'output': 1"),
        ("rows.jsonl", b'{"a": ' + 100_000 * b"[", r":1: not valid JSON .nested too deeply"),
        ("rows.jsonl", b'{"output": ' + 5000 * b"1" + b"}", r":1: not valid JSON"),
    ],
)  # fmt: skip
def test_a_file_of_another_kind_is_named_with_what_to_do(tmp_path, name, data, message):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DataError, match=rf"{name}.*{message}"):
        load_examples(tmp_path / name)


def test_read_jsonl_names_the_kind_of_file_too(tmp_path):
    for name, data in (("a.parquet", parquet([HELLO])), ("b.jsonl", json.dumps([HELLO]).encode())):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(DataError, match=rf"{name}.*load_examples reads it"):
            read_jsonl(tmp_path / name)
    (tmp_path / "c.jsonl.gz").write_bytes(gzip.compress(LINES.encode()))
    assert read_jsonl(tmp_path / "c.jsonl.gz") == [HELLO, HELLO]


def packed(data, *layers):
    for layer in layers:
        data = layer(data)
    return data


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([gzip.compress] * 3, "compressed more than twice"),
        ([gzip.compress] * 2, "times its size"),
        ([bz2.compress], "times its size"),
        ([lzma.compress], "times its size"),
    ],
)
def test_a_small_file_that_unpacks_to_a_large_one_is_refused(tmp_path, layers, message):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(packed(bytes(150_000_000), *layers))
    for read in (read_jsonl, load_examples):
        with pytest.raises(DataError, match=rf"rows\.jsonl: .*{message}"):
            read(path)


def test_an_unpacked_file_has_a_largest_size(tmp_path, monkeypatch):
    path = tmp_path / "rows.jsonl.gz"
    path.write_bytes(gzip.compress(LINES.encode()))
    assert len(load_examples(path)) == 2
    monkeypatch.setattr("helpers.files.compression.MAX_BYTES", 20)
    with pytest.raises(DataError, match="more than 20 bytes"):
        load_examples(path)
    (tmp_path / "rows.parquet").write_bytes(parquet([HELLO, HELLO]))
    with pytest.raises(DataError, match="more than 20 bytes"):
        load_examples(tmp_path / "rows.parquet")


def test_a_parquet_file_that_repeats_one_long_text_is_refused(tmp_path):
    """The declared size of such a file is small, because its dictionary stores the text once."""
    import pyarrow
    import pyarrow.parquet

    texts = pyarrow.DictionaryArray.from_arrays(
        pyarrow.array([0] * 300, pyarrow.int32()), pyarrow.array(["x" * 1_000_000])
    )
    table = pyarrow.table({"instruction": texts, "output": texts})
    path = tmp_path / "rows.parquet"
    pyarrow.parquet.write_table(table, path, store_schema=False, dictionary_pagesize_limit=1 << 30)
    assert path.stat().st_size < 1_000_000
    with pytest.raises(DataError, match=r"rows\.parquet: .*times its size"):
        load_examples(path)


def test_a_pipe_or_a_device_is_refused_without_waiting(tmp_path):
    import os

    os.mkfifo(tmp_path / "rows.jsonl")
    (tmp_path / "zero.jsonl").symlink_to("/dev/zero")
    for name, kind in (("rows.jsonl", "a pipe"), ("zero.jsonl", "a device")):
        for read in (read_jsonl, load_examples):
            with pytest.raises(DataError, match=rf"{name} is {kind}, not a file"):
                read(tmp_path / name)


@pytest.mark.parametrize("levels", [600, 150])
def test_a_row_with_too_many_levels_of_lists_is_named(tmp_path, levels):
    path = tmp_path / "tasks.json"
    deep = "[" * levels + "]" * levels
    path.write_text(f'[{json.dumps(ROWS[0])}, {{"instruction": "x", "output": "y", "z": {deep}}}]')
    with pytest.raises(DataError, match=r"tasks\.json: row 2: .* more than 100 levels"):
        load_examples(path)
