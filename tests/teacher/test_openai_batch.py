"""A batch is submitted once, and its answers fill the same files as those of the loop."""

import asyncio
import json
import traceback
from dataclasses import replace

import pytest
from faulty_server import FaultyServer
from teacher_runs import SEEDS, answer_batches

from helpers.io import read_jsonl
from helpers.teacher.endpoint import EndpointError
from helpers.teacher.generate import Settings, generate
from helpers.teacher.generation_folder import pending_batches
from helpers.teacher.openai_batch import collect, submit
from helpers.teacher.task_requests import worst_case

SETTINGS = Settings(way="task_list", list_length=3, target=12, request_limit=60)


def run_loop(server, folder):
    return asyncio.run(generate(server.endpoint(), SEEDS, folder, SETTINGS))


def test_a_batch_gives_the_same_tasks_as_the_loop(tmp_path):
    with FaultyServer() as server:
        run_loop(server, tmp_path / "loop")
        server.asked.clear()
        row = submit(server.endpoint(), SEEDS, tmp_path / "batch", SETTINGS, count=8)
        assert list(row["examples"]) == [str(n) for n in range(8)]
        assert collect(server.endpoint(), tmp_path / "batch") == {row["id"]: "in_progress"}
        with pytest.raises(ValueError, match="collect it first"):
            run_loop(server, tmp_path / "batch")
        answer_batches(server)
        assert collect(server.endpoint(), tmp_path / "batch") == {row["id"]: "completed"}
        assert collect(server.endpoint(), tmp_path / "batch") == {}
        run_loop(server, tmp_path / "batch")
    assert server.asked == []  # the batch was enough
    for name in ("generated.jsonl", "ledger.jsonl"):
        batch, loop = (tmp_path / way / name for way in ("batch", "loop"))
        assert batch.read_bytes() == loop.read_bytes()


def test_what_failed_in_a_batch_is_asked_by_the_loop(tmp_path):
    with FaultyServer() as server:
        submit(server.endpoint(), SEEDS, tmp_path, SETTINGS, count=4)
        answer_batches(server, failing={2})
        collect(server.endpoint(), tmp_path)
        run_loop(server, tmp_path)
    assert 2 in server.asked and not {0, 1, 3} & set(server.asked)


def test_a_batch_the_account_does_not_know_is_pending_until_it_is_forgotten(tmp_path):
    with FaultyServer() as server:
        row = submit(server.endpoint(), SEEDS, tmp_path, SETTINGS, count=4)
        server.batches.clear()  # as a kill before the submission leaves it
        for _ in range(2):
            assert collect(server.endpoint(), tmp_path) == {row["id"]: "not found"}
        collect(server.endpoint(), tmp_path, forget=True)
        run_loop(server, tmp_path)
    assert set(range(4)) <= set(server.asked)


def test_a_line_that_cannot_be_read_loses_only_its_own_request(tmp_path):
    with FaultyServer() as server:
        submit(server.endpoint(), SEEDS, tmp_path, SETTINGS, count=4)
        answer_batches(server)
        name = server.batches[0]["output_file_id"]
        lines = [json.loads(line) for line in server.files[name].decode().split("\n")]
        by_number = {line["custom_id"]: line for line in lines}
        by_number["0"]["response"]["body"]["service_tier"] = "batch"
        by_number["1"]["response"]["body"].pop("created")
        message = by_number["2"]["response"]["body"]["choices"][0]["message"]
        message["content"] = message["content"] + "\u2028 end"
        texts = [json.dumps(line, ensure_ascii=False) for line in by_number.values()]
        server.files[name] = "\n".join([*texts[:3], texts[3][:50]]).encode()
        torn = int(list(by_number)[3])
        collect(server.endpoint(), tmp_path)
        numbers = {row["number"] for row in read_jsonl(tmp_path / "raw.jsonl")}
    assert numbers == set(range(4)) - {torn}


def test_caps_count_what_was_spent_and_the_pending_batches(tmp_path):
    with FaultyServer() as server:
        endpoint = server.endpoint(price_in=1.0, price_out=1.0)
        dollars = worst_case(endpoint, SETTINGS, SEEDS).dollars
        capped = replace(SETTINGS, max_dollars=2.4 * dollars)  # four requests at half price
        submit(endpoint, SEEDS, tmp_path, capped, count=2)
        submit(endpoint, SEEDS, tmp_path, capped, count=2)
        with pytest.raises(ValueError, match="with what was spent and the batches"):
            submit(endpoint, SEEDS, tmp_path, capped, count=1)
        with pytest.raises(ValueError, match="max_tokens is 5"):
            submit(endpoint, SEEDS, tmp_path, replace(SETTINGS, max_tokens=5), count=1)
    assert len(server.batches) == 2


def test_a_refused_key_is_not_shown_in_the_error(tmp_path):
    with FaultyServer() as server:
        endpoint = server.endpoint(_key="-".join(("sk", "wrong", "99")))
        with pytest.raises(EndpointError, match="refuses the key") as caught:
            submit(endpoint, SEEDS, tmp_path, SETTINGS, count=1)
    assert pending_batches(tmp_path) == []  # nothing was submitted
    assert "sk-wrong" not in "".join(traceback.format_exception(caught.value))


def test_two_batches_have_different_requests(tmp_path):
    with FaultyServer() as server:
        first = submit(server.endpoint(), SEEDS, tmp_path, SETTINGS, count=3)
        second = submit(server.endpoint(), SEEDS, tmp_path, SETTINGS, count=2)
    assert [*first["examples"], *second["examples"]] == ["0", "1", "2", "3", "4"]


def test_a_batch_that_could_exceed_the_cap_or_needs_two_calls_is_not_sent(tmp_path):
    with FaultyServer() as server:
        expensive = server.endpoint(price_in=500.0, price_out=500.0)
        with pytest.raises(ValueError, match="could cost up to"):
            submit(expensive, SEEDS, tmp_path, SETTINGS, count=4)
        chat_endpoint = server.endpoint(chat_opening="<|im_start|>")
        with pytest.raises(ValueError, match="cannot be sent as a batch"):
            submit(chat_endpoint, SEEDS, tmp_path, Settings(), count=4)
    assert server.files == {} and not (tmp_path / "batches.jsonl").exists()


def test_a_line_nested_too_deeply_loses_only_its_own_request(tmp_path):
    with FaultyServer() as server:
        submit(server.endpoint(), SEEDS, tmp_path, SETTINGS, count=3)
        answer_batches(server)
        name = server.batches[0]["output_file_id"]
        lines = server.files[name].decode().split("\n")
        odd = ['{"custom_id": ' + "[" * 5_000, '{"custom_id": ["0"]}', "[" * 900 + "]" * 900]
        server.files[name] = "\n".join([*odd, *lines[:2], lines[0]]).encode()
        collect(server.endpoint(), tmp_path)
        numbers = [row["number"] for row in read_jsonl(tmp_path / "raw.jsonl")]
    assert len(numbers) == 2 and pending_batches(tmp_path) == []


def test_a_submission_that_fails_is_sent_once(tmp_path, monkeypatch):
    made = []

    def fails(handler, body):
        made.append(body)
        handler._send({"error": {"message": "something broke"}}, 500)

    with FaultyServer() as server:
        monkeypatch.setattr("faulty_server._Handler._make_batch", fails)
        with pytest.raises(EndpointError, match="something broke"):
            submit(server.endpoint(), SEEDS, tmp_path, SETTINGS, count=1)
    assert len(made) == 1
    assert len(pending_batches(tmp_path)) == 1  # the server may have made the batch all the same


def test_all_batches_that_carry_a_mark_are_collected_and_charged(tmp_path):
    with FaultyServer() as server:
        endpoint = server.endpoint(price_in=1.0, price_out=1.0)
        row = submit(endpoint, SEEDS, tmp_path, SETTINGS, count=4)
        twin = {**server.batches[0], "id": "batch_twin"}
        server.batches.append(twin)
        answer_batches(server, failing={2})
        first = server.files.pop(server.batches[0]["output_file_id"])
        server.batches[0]["status"] = "in_progress"
        assert collect(endpoint, tmp_path) == {row["id"]: "in_progress"}
        server.batches[0]["status"] = "completed"
        lines = first.decode().split("\n")
        server.files[server.batches[0]["output_file_id"]] = lines[0].encode()
        assert collect(endpoint, tmp_path) == {row["id"]: "completed"}
        numbers = [record["number"] for record in read_jsonl(tmp_path / "raw.jsonl")]
        (tried,) = read_jsonl(tmp_path / "tries.jsonl")
    assert sorted(numbers) == [0, 1, 3]
    assert tried == {"request": int(json.loads(lines[0])["custom_id"]), "most": [100, 50]}
