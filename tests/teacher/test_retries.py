"""The loop against a server that misbehaves: what passes is waited out, what does not ends it."""

import asyncio
import random
import time
import traceback

import pytest
from faulty_server import DROPS, PASSING, FaultyServer, list_reply
from teacher_runs import SEEDS

from helpers.io import read_jsonl
from helpers.teacher import retries
from helpers.teacher.endpoint import Endpoint, EndpointError
from helpers.teacher.failures import (
    HalfAnswer,
    final_reason,
    is_filtered_prompt,
    is_key_error,
    is_payment_error,
    is_temporary,
    retry_after,
)
from helpers.teacher.generate import Settings, generate

LISTS = {"way": "task_list", "list_length": 3, "target": 12, "request_limit": 60}


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(retries, "FIRST_WAIT", 0.01)


def run(server, folder, *, on_record=None, endpoint=None, **settings):
    endpoint = endpoint or server.endpoint()
    settings = Settings(**{**LISTS, **settings})
    return asyncio.run(generate(endpoint, SEEDS, folder, settings, on_record=on_record))


def books(folder):
    return [(folder / f"{name}.jsonl").read_bytes() for name in ("generated", "ledger")]


@pytest.fixture(scope="module")
def smooth(tmp_path_factory):
    folder = tmp_path_factory.mktemp("smooth")
    with FaultyServer() as server:
        run(server, folder)
    return books(folder)


@pytest.mark.parametrize("fault", PASSING)
def test_a_failure_that_passes_changes_nothing(fault, smooth, tmp_path):
    with FaultyServer(lambda seed, attempt: fault if attempt == 1 + seed % 2 else None) as server:
        bill = run(server, tmp_path, endpoint=server.endpoint(timeout=0.4))
    assert bill["stopped"] == "target reached" and books(tmp_path) == smooth
    raw = [record["number"] for record in read_jsonl(tmp_path / "raw.jsonl")]
    assert len(raw) == len(set(raw))
    if fault != "slow":  # there the server still works on what the client has given up
        assert server.most_flying <= 4


def test_many_failures_at_random_change_nothing_either(smooth, tmp_path):
    rng = random.Random(5)
    with FaultyServer(
        lambda seed, attempt: rng.choice([*PASSING[:-1], None]) if attempt < 4 else None
    ) as server:
        run(server, tmp_path)
    assert books(tmp_path) == smooth and len(server.asked) > 1.5 * len(server.answered)


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
def test_a_final_failure_stops_at_once_and_never_shows_the_key(fault, words, tmp_path):
    broken = FaultyServer(lambda seed, attempt: fault if seed >= 6 else None)
    with broken as server, pytest.raises(EndpointError, match=words) as caught:
        run(server, tmp_path, target=100)
    assert max(server.asked.count(seed) for seed in server.asked) == 1
    assert len(server.asked) <= 6 + 4  # at most what was in flight
    assert len(read_jsonl(tmp_path / "raw.jsonl")) == len(server.answered) == 6
    shown = "".join(traceback.format_exception(caught.value))
    assert "sk-secret" not in shown and "sk-secret" not in repr(server.endpoint())


def test_a_server_that_stays_away_is_given_up_and_found_again(smooth, tmp_path):
    with FaultyServer(lambda seed, attempt: "503" if seed >= 3 else None) as server:
        with pytest.raises(
            EndpointError, match=r"did not answer in 6 tries.*InternalServerError 503"
        ):
            run(server, tmp_path)
        assert max(server.asked.count(seed) for seed in server.asked) == 6
        kept = len(read_jsonl(tmp_path / "raw.jsonl"))
        server.fault = lambda seed, attempt: None
        before = len(server.answered)
        run(server, tmp_path)
    assert kept == before and books(tmp_path) == smooth


@pytest.mark.parametrize("fault", DROPS)
def test_a_refusal_or_an_empty_reply_is_a_drop(fault, tmp_path):
    with FaultyServer(lambda seed, attempt: fault if seed == 1 else None) as server:
        bill = run(server, tmp_path)
    (row,) = [row for row in read_jsonl(tmp_path / "ledger.jsonl") if row["request"] == 1]
    reasons = {
        "no choices": "empty reply",
        "refusal": "refused by the teacher",
        "filter": "stopped by the provider's filter",
        "400 filter": "stopped by the provider's filter",
    }
    assert row["reason"] == reasons[fault] and bill["stopped"] == "target reached"


FILTERS = [
    (400, {"error": {"code": "data_inspection_failed", "type": "data_inspection_failed",
                     "message": "Input data may contain inappropriate content."}}),
    (400, {"error": {"message": "litellm.ContentPolicyViolationError: AzureException - The "
                     "response was filtered", "type": None, "code": "400"}}),
    (400, {"error": {"message": "bad request", "code": "content_filter",
                     "innererror": {"code": "ResponsibleAIPolicyViolation"}}}),
    (400, {"error": {"message": "Content Exists Risk", "type": "invalid_request_error"}}),
    (403, {"error": {"code": 403, "message": "google/gemma requires moderation on Together. Your "
                     "input was flagged for \"violence\"."}}),
    (400, {"error": {"code": "invalid_prompt", "message": "Invalid prompt: your prompt was flagged "
                     "as potentially violating our usage policy."}}),
    (400, {"error": {"message": "The request was rejected because it was considered high risk",
                     "type": "content_filter"}}),
    (400, {"error": {"code": "1301", "message": "输入可能包含不安全或敏感内容"}}),
    (422, {"detail": "Blocked by the guardrail: safety filter"}),
    (200, {"error": {"message": "Provider returned a content policy violation", "code": 400}}),
    (400, {"error": {"message": "Provider returned error", "code": 400, "metadata": {"raw":
        '{"error": {"message": "The response was stopped", "code": "content_filter"}}'}}}),
    (403, {"code": "The caller does not have permission", "error": "Content violates usage "
           "guidelines. Failed check: SAFETY_CHECK_TYPE_BIO"}),
    (422, {"error": {"message": "Input may contain NSFW content"}}),
    (400, {"error": {"message": "输入内容未通过审核"}}),
    (400, {"error": {"message": "the content of user field is invalid", "code": "system_unsafe"}}),
    (200, {"choices": None, "base_resp": {"status_code": 1026,
                                          "status_msg": "input new_sensitive"}}),
    (422, {"message": "blocked output: please adjust your prompt"}),
    (451, {"error": {"message": "Unavailable for legal reasons"}}),
]  # fmt: skip


@pytest.mark.parametrize("refusal", FILTERS, ids=lambda value: str(value)[:60])
def test_a_prompt_that_a_filter_refused_is_a_drop_whatever_the_provider(refusal, tmp_path):
    answer = lambda body: refusal if body["seed"] == 1 else None  # noqa: E731
    with FaultyServer(on_body=answer) as server:
        bill = run(server, tmp_path, endpoint=server.endpoint(price_in=1.0, price_out=1.0))
    (row,) = [row for row in read_jsonl(tmp_path / "ledger.jsonl") if row["request"] == 1]
    assert row["reason"] == "stopped by the provider's filter"
    assert bill["stopped"] == "target reached" and server.asked.count(1) == 1
    others = (bill["requests"] - 1) * 150 / 1e6
    assert bill["dollars"] == pytest.approx(others) and bill["lost_tries"] == 0


@pytest.mark.parametrize(
    "finish",
    ["SAFETY", "content_filter", "RECITATION", "PROHIBITED_CONTENT",
     "content_filter: PROHIBITED_CONTENT"],
)  # fmt: skip
def test_a_reply_that_a_filter_ended_is_a_drop_whatever_the_provider(finish, tmp_path):
    reply = list_reply(1)
    reply["choices"][0] |= {"message": {"content": ""}, "finish_reason": finish}
    with FaultyServer(on_body=lambda body: (200, reply)) as server:
        run(server, tmp_path, request_limit=1)
    (row,) = read_jsonl(tmp_path / "ledger.jsonl")
    assert row["reason"] == "stopped by the provider's filter"


WORDS = "The account of this key was closed on Tuesday."


@pytest.mark.parametrize(
    ("status", "body", "tries"),
    [
        (200, {"error": {"message": f"Insufficient credits. {WORDS}", "code": 402}}, 1),
        (200, {"error": {"message": WORDS, "code": 403}}, 1),
        (200, {"error": {"message": WORDS, "code": 401}}, 1),
        (200, {"choices": [{"error": {"message": WORDS, "code": 402}, "message": {"content": ""},
                            "finish_reason": "error"}]}, 1),
        (200, {"error": {"message": WORDS, "code": 502}}, 6),
        (200, {"error": {"message": WORDS, "code": "server_error"}}, 6),
        (200, {"error": WORDS}, 6),
        (500, {"error": {"message": WORDS}}, 6),
        (500, {"error": WORDS}, 6),
        (500, {"error": [{"message": WORDS}]}, 6),
        (500, {"detail": WORDS}, 6),
        (422, {"detail": [{"loc": ["body", "messages"], "msg": WORDS}]}, 1),
        (400, {"error": WORDS}, 1),
        (400, {"error": [WORDS]}, 1),
        (400, {"message": WORDS}, 1),
        (403, {"error": {"message": WORDS}}, 1),
        (401, {"error": {"message": WORDS}}, 1),
        (402, {"error": {"message": WORDS}}, 1),
        (404, {"detail": WORDS}, 1),
        (418, {"error": {"message": WORDS}}, 1),
        (429, {"error": {"message": f"Your credit balance is too low. {WORDS}"}}, 1),
        (429, {"error": {"message": WORDS, "code": "insufficient_quota"}}, 1),
        # A final failure with status 200 and no number, or with one in an odd place.
        (200, {"error": {"message": WORDS, "code": "insufficient_credits"}}, 1),
        (200, {"error": {"message": WORDS, "code": "insufficient_quota"}}, 1),
        (200, {"error": {"message": WORDS, "type": "invalid_api_key"}}, 1),
        (200, {"error": f"invalid api key. {WORDS}", "status": 401}, 1),
        (200, {"code": 401, "message": f"Unauthorized. {WORDS}"}, 1),
        (200, {"success": False, "code": 401, "msg": WORDS}, 1),
        (200, {"choices": None, "base_resp": {"status_code": 1008,
                                              "status_msg": f"insufficient balance. {WORDS}"}}, 1),
        # What speaks of the account, not of the prompt.
        (403, {"error": {"message": f"Your organization has been disabled for violating our usage "
                                    f"policies. {WORDS}"}}, 1),
        (403, {"error": {"message": f"You have insufficient permissions. Missing scopes: "
                                    f"api.moderation.write. {WORDS}"}}, 1),
        # Words in odd places.
        (400, {"errors": {"messages": [WORDS]}}, 1),
        (400, {"error_code": 1, "error_msg": WORDS}, 1),
        (400, {"reason": WORDS}, 1),
        (400, {"Message": WORDS}, 1),
        (400, {"error": {"details": WORDS}}, 1),
        (400, {"error": {"message": {"text": WORDS}}}, 1),
        (500, {"fault": {"faultstring": WORDS}}, 6),
        (400, {"what_happened": {"why": WORDS}}, 1),
        (400, {"error": {"message": "Provider returned error", "metadata": {"raw": WORDS}}}, 1),
        (424, {"error": {"message": f"model not ready. {WORDS}"}}, 6),
        (498, {"error": {"message": f"capacity exceeded. {WORDS}"}}, 6),
        (404, {"error": {"message": f"The model is loading, try again later. {WORDS}"}}, 6),
    ],
    ids=lambda value: str(value)[:40],
)  # fmt: skip
def test_a_final_failure_is_raised_in_the_servers_own_words(status, body, tries, tmp_path):
    broken = FaultyServer(on_body=lambda _: (status, body))
    with broken as server, pytest.raises(EndpointError, match=WORDS):
        run(server, tmp_path, endpoint=server.endpoint(parallel=1))
    assert len(server.asked) == tries


GEMINI = "You exceeded your current quota, please check your plan and billing details. limit: 10"


@pytest.mark.parametrize(
    "body",
    [
        [{"error": {"code": 429, "message": GEMINI, "details": [
            {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0.02s"}]}}],
        {"error": {"message": f"{GEMINI}\nPlease retry in 0.02s."}},
        {"error": {"message": "Rate limit reached. Please try again in 20ms."}},
        {"error": {"message": "Slow down", "retry_after": 0.02}},
    ],
    ids=lambda value: str(value)[:40],
)  # fmt: skip
def test_a_pause_that_the_words_name_is_kept(body, tmp_path):
    limited = FaultyServer(lambda seed, attempt: (429, body) if attempt == 1 else None)
    with limited as server:
        assert run(server, tmp_path)["stopped"] == "target reached"


@pytest.mark.parametrize("pause", ["1h26m24s", "86 minutes and 24 seconds", "5184s"])
def test_a_long_pause_is_final_and_named(pause, tmp_path):
    words = f"Rate limit reached on requests per day (RPD). Please try again in {pause}."
    limited = FaultyServer(on_body=lambda body: (429, {"error": {"message": words}}))
    with limited as server, pytest.raises(EndpointError, match="a pause of 5184 seconds"):
        run(server, tmp_path)
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [200, 400, 403])
@pytest.mark.parametrize(
    "words", ["API key not valid. Please pass a valid API key.", "Incorrect API key provided: x."]
)
def test_a_wrong_key_names_its_variable_whatever_the_status(status, words, tmp_path):
    broken = FaultyServer(on_body=lambda body: (status, {"error": {"message": words}}))
    with broken as server, pytest.raises(EndpointError, match=r"OPENAI_API_KEY \(") as caught:
        run(server, tmp_path)
    assert ".." not in str(caught.value) and len(server.asked) == 1


def test_a_counted_reply_without_choices_is_one_drop(tmp_path):
    empty = (200, {**list_reply(1), "choices": None})
    with FaultyServer(on_body=lambda body: empty if body["seed"] == 1 else None) as server:
        bill = run(server, tmp_path)
    (row,) = [row for row in read_jsonl(tmp_path / "ledger.jsonl") if row["request"] == 1]
    assert row["reason"] == "empty reply" and server.asked.count(1) == 1
    assert bill["lost_tries"] == 0 and bill["tokens_in"] == 100 * bill["requests"]


@pytest.mark.parametrize(("tokens", "tasks"), [(50, 3), (336, 2)])
def test_a_list_without_a_finish_is_whole_below_its_bound(tokens, tasks, tmp_path):
    def on_body(body):
        reply = list_reply(body["seed"])
        reply["choices"][0]["finish_reason"] = None
        reply["usage"] = {"prompt_tokens": 100, "completion_tokens": tokens}
        return 200, reply

    with FaultyServer(on_body=on_body) as server:
        assert run(server, tmp_path, request_limit=1)["accepted"] == tasks


@pytest.mark.parametrize("fault", [None, "no usage"])
def test_a_cap_on_tokens_is_never_passed_counting_what_is_in_flight(fault, tmp_path):
    bills, limits = [], {"target": 999, "request_limit": 999, "max_tokens": 30_000}
    with FaultyServer(lambda seed, attempt: fault, wait=0.01) as server:
        bill = run(server, tmp_path, on_record=bills.append, **limits)
    assert bill["stopped"] == "token cap reached" and bill["requests"] >= 1
    assert all(each["tokens_in"] + each["tokens_out"] <= 30_000 for each in bills)
    if fault is None:  # the endpoint counts: far more fits than the dearest requests would
        assert bill["requests"] > 40


def test_two_processes_do_not_share_a_folder(tmp_path):
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
def test_an_answer_nested_too_deeply_is_one_failure_and_sets_its_try_free(
    status, data, monkeypatch
):
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
            async with place.async_client(max_retries=0) as client:
                create = client.chat.completions.create
                how = {"before": before, "failed": ended.append, "tries": 2}
                await retries.send_with_retries(create, body, place, **how)

        place = server.endpoint()
        with pytest.raises(EndpointError):
            asyncio.run(ask())
    assert len(ended) == len(tries) >= 1


@pytest.mark.parametrize(
    "unit",
    ["retry", "retry ", "try again in 1", "1", "1h", "violat", "violations ", "auth", "content ",
     "api key ", "exceeded ", "account ", "spend", "[", "input prompt ", "have a ", " "],
)  # fmt: skip
def test_reading_an_error_takes_time_in_proportion_to_its_length(unit):
    def seconds(repeats):
        error = HalfAnswer("x" * repeats, {"error": {"message": unit * repeats}})
        began = time.process_time()
        for read in (is_filtered_prompt, is_temporary, retry_after, is_payment_error, is_key_error):
            read(error)
        final_reason(error, place)
        return time.process_time() - began

    place = Endpoint("http://127.0.0.1:9/v1", "m", _key="k" * 20)
    for repeats in (4_000 // len(unit) // 2, 4_000):
        once = max(seconds(repeats) for _ in range(2))
        assert min(seconds(2 * repeats) for _ in range(3)) < 3 * once + 0.05


@pytest.mark.parametrize("pause", [10**400, float("nan"), float("inf"), -1, "1" * 5_000, "soon"])
def test_no_pause_that_a_body_names_ends_a_run_with_another_error(pause):
    found = retry_after(HalfAnswer("x", {"error": {"message": "Busy.", "retry_after": pause}}))
    assert found is None or found >= 0
