"""Temporary failures are retried without a trace in the results; final failures end the run."""

import asyncio
import random
import traceback

import pytest
from faulty_server import FILTERED, TEMPORARY, FaultyServer, list_reply
from teacher_runs import LISTS, SEEDS, write_lists

from helpers.io import read_jsonl
from helpers.teacher import retries
from helpers.teacher.endpoint import EndpointError
from helpers.teacher.generate import Settings, generate


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    monkeypatch.setattr(retries, "FIRST_WAIT", 0.01)


def results(folder):
    return [(folder / f"{name}.jsonl").read_bytes() for name in ("generated", "ledger")]


@pytest.fixture(scope="module")
def without_failures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("without_failures")
    with FaultyServer() as server:
        write_lists(server.endpoint(), folder)
    return results(folder)


@pytest.mark.parametrize("fault", TEMPORARY)
def test_a_temporary_failure_does_not_change_the_results(fault, without_failures, tmp_path):
    with FaultyServer(lambda seed, attempt: fault if attempt == 1 + seed % 2 else None) as server:
        bill = write_lists(server.endpoint(timeout=0.4), tmp_path)
    assert bill["stopped"] == "target reached" and results(tmp_path) == without_failures
    raw = [record["number"] for record in read_jsonl(tmp_path / "raw.jsonl")]
    assert len(raw) == len(set(raw))
    if fault != "slow":  # a slow server still works on requests that the client gave up
        assert server.most_in_flight <= 4


def test_many_random_failures_do_not_change_the_results(without_failures, tmp_path):
    rng = random.Random(5)
    with FaultyServer(
        lambda seed, attempt: rng.choice([*TEMPORARY[:-1], None]) if attempt < 4 else None
    ) as server:
        write_lists(server.endpoint(), tmp_path)
    assert results(tmp_path) == without_failures and len(server.asked) > 1.5 * len(server.answered)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("401", "refuses the key.*OPENAI_API_KEY"),
        ("403", "does not let this key use 'faulty'"),
        ("404", "knows no model 'faulty'"),
        ("400", "cannot read the request"),
        ("quota", "no money or quota left"),
        ("429 hours", "asks for a pause of 7200 seconds"),
    ],
)
def test_a_final_failure_ends_the_run_at_once_and_never_shows_the_key(fault, words, tmp_path):
    broken = FaultyServer(lambda seed, attempt: fault if seed >= 6 else None)
    with broken as server, pytest.raises(EndpointError, match=words) as caught:
        write_lists(server.endpoint(), tmp_path, target=100)
    assert max(server.asked.count(seed) for seed in server.asked) == 1
    assert len(server.asked) <= 6 + 4  # at most what was in flight
    assert len(read_jsonl(tmp_path / "raw.jsonl")) == len(server.answered) == 6
    shown = "".join(traceback.format_exception(caught.value))
    assert "sk-secret" not in shown and "sk-secret" not in repr(server.endpoint())


def test_a_run_ends_when_the_server_is_down_and_resumes_later(without_failures, tmp_path):
    with FaultyServer(lambda seed, attempt: "503" if seed >= 3 else None) as server:
        with pytest.raises(
            EndpointError, match=r"did not answer in 6 tries.*InternalServerError 503"
        ):
            write_lists(server.endpoint(), tmp_path)
        assert max(server.asked.count(seed) for seed in server.asked) == 6
        kept = len(read_jsonl(tmp_path / "raw.jsonl"))
        server.fault = lambda seed, attempt: None
        before = len(server.answered)
        write_lists(server.endpoint(), tmp_path)
    assert kept == before and results(tmp_path) == without_failures


@pytest.mark.parametrize("fault", FILTERED)
def test_a_refusal_or_an_empty_reply_is_a_rejected_task(fault, tmp_path):
    with FaultyServer(lambda seed, attempt: fault if seed == 1 else None) as server:
        bill = write_lists(server.endpoint(), tmp_path)
    (row,) = [row for row in read_jsonl(tmp_path / "ledger.jsonl") if row["request"] == 1]
    reasons = {
        "no choices": "empty reply",
        "refusal": "refused by the teacher",
        "filter": "stopped by the provider's filter",
        "400 filter": "stopped by the provider's filter",
    }
    assert row["reason"] == reasons[fault] and bill["stopped"] == "target reached"


def test_a_counted_reply_without_choices_is_one_rejected_task(tmp_path):
    empty = (200, {**list_reply(1), "choices": None})
    with FaultyServer(on_body=lambda body: empty if body["seed"] == 1 else None) as server:
        bill = write_lists(server.endpoint(), tmp_path)
    (row,) = [row for row in read_jsonl(tmp_path / "ledger.jsonl") if row["request"] == 1]
    assert row["reason"] == "empty reply" and server.asked.count(1) == 1
    assert bill["lost_tries"] == 0 and bill["tokens_in"] == 100 * bill["requests"]


@pytest.mark.parametrize(("tokens", "tasks"), [(50, 3), (336, 2)])
def test_a_list_without_a_finish_reason_is_whole_if_it_is_below_its_limit(tokens, tasks, tmp_path):
    def on_body(body):
        reply = list_reply(body["seed"])
        reply["choices"][0]["finish_reason"] = None
        reply["usage"] = {"prompt_tokens": 100, "completion_tokens": tokens}
        return 200, reply

    with FaultyServer(on_body=on_body) as server:
        assert write_lists(server.endpoint(), tmp_path, request_limit=1)["accepted"] == tasks


@pytest.mark.parametrize("fault", [None, "no usage"])
def test_a_cap_on_tokens_holds_with_requests_in_flight(fault, tmp_path):
    bills, limits = [], {"target": 999, "request_limit": 999, "max_tokens": 30_000}
    with FaultyServer(lambda seed, attempt: fault, wait=0.01) as server:
        bill = write_lists(server.endpoint(), tmp_path, on_record=bills.append, **limits)
    assert bill["stopped"] == "token cap reached" and bill["requests"] >= 1
    assert all(each["tokens_in"] + each["tokens_out"] <= 30_000 for each in bills)
    if fault is None:  # with counted tokens far more requests fit than at their upper bound
        assert bill["requests"] > 40


def test_two_runs_cannot_share_a_folder(tmp_path):
    async def both(server):
        first = asyncio.create_task(generate(server.endpoint(), SEEDS, tmp_path, Settings(**LISTS)))
        await asyncio.sleep(0.1)
        with pytest.raises(ValueError, match="another process is generating"):
            await generate(server.endpoint(), SEEDS, tmp_path, Settings(**LISTS))
        return await first

    with FaultyServer(wait=0.1) as server:
        assert asyncio.run(both(server))["stopped"] == "target reached"


DEEP = [b"[" * 5_000, b"[" * 900 + b"]" * 900, b'{"error":' * 900 + b'"x"' + b"}" * 900,
        b'{"error": {"code": ' + b"[" * 400 + b"]" * 400 + b"}}"]  # fmt: skip


@pytest.mark.parametrize("data", DEEP, ids=["open", "lists", "errors", "code"])
@pytest.mark.parametrize("status", [200, 400, 429, 500])
def test_a_reply_nested_too_deeply_is_one_failed_try(status, data, monkeypatch):
    tries, ended = [], []

    async def before(again, sent):
        tries.append(again)

    def send(handler, reply, *_):
        handler._head(status, len(data), "application/json")
        handler.wfile.write(data)

    monkeypatch.setattr("faulty_server._Handler._send", send)
    with FaultyServer() as server:

        async def ask():
            body = {"messages": [{"role": "user", "content": "Hi"}]}
            async with endpoint.async_client(max_retries=0) as client:
                create = client.chat.completions.create
                how = {"before": before, "failed": ended.append, "tries": 2}
                await retries.send_with_retries(create, body, endpoint, **how)

        endpoint = server.endpoint()
        with pytest.raises(EndpointError):
            asyncio.run(ask())
    assert len(ended) == len(tries) >= 1
