"""Failures of any provider are classified: filter, wrong key, no money, pause, temporary."""

import time

import pytest
from faulty_server import FaultyServer, list_reply
from teacher_runs import write_lists

from helpers.io import read_jsonl
from helpers.teacher import retries
from helpers.teacher.endpoint import Endpoint, EndpointError
from helpers.teacher.failure_messages import final_reason
from helpers.teacher.failures import (
    InvalidReply,
    is_filtered_prompt,
    is_key_error,
    is_payment_error,
    is_temporary,
)
from helpers.teacher.retry_delays import retry_after


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    monkeypatch.setattr(retries, "FIRST_WAIT", 0.01)


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
def test_a_prompt_that_any_providers_filter_refused_is_a_rejected_task(refusal, tmp_path):
    answer = lambda body: refusal if body["seed"] == 1 else None  # noqa: E731
    with FaultyServer(on_body=answer) as server:
        bill = write_lists(server.endpoint(price_in=1.0, price_out=1.0), tmp_path)
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
def test_a_reply_that_any_providers_filter_ended_is_a_rejected_task(finish, tmp_path):
    reply = list_reply(1)
    reply["choices"][0] |= {"message": {"content": ""}, "finish_reason": finish}
    with FaultyServer(on_body=lambda body: (200, reply)) as server:
        write_lists(server.endpoint(), tmp_path, request_limit=1)
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
        # A final failure with status 200 and no number, or with one in an unusual field.
        (200, {"error": {"message": WORDS, "code": "insufficient_credits"}}, 1),
        (200, {"error": {"message": WORDS, "code": "insufficient_quota"}}, 1),
        (200, {"error": {"message": WORDS, "type": "invalid_api_key"}}, 1),
        (200, {"error": f"invalid api key. {WORDS}", "status": 401}, 1),
        (200, {"code": 401, "message": f"Unauthorized. {WORDS}"}, 1),
        (200, {"success": False, "code": 401, "msg": WORDS}, 1),
        (200, {"choices": None, "base_resp": {"status_code": 1008,
                                              "status_msg": f"insufficient balance. {WORDS}"}}, 1),
        # The message is about the account, not about the prompt.
        (403, {"error": {"message": f"Your organization has been disabled for violating our usage "
                                    f"policies. {WORDS}"}}, 1),
        (403, {"error": {"message": f"You have insufficient permissions. Missing scopes: "
                                    f"api.moderation.write. {WORDS}"}}, 1),
        # Messages in unusual fields.
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
def test_a_final_failure_is_raised_with_the_servers_message(status, body, tries, tmp_path):
    broken = FaultyServer(on_body=lambda _: (status, body))
    with broken as server, pytest.raises(EndpointError, match=WORDS):
        write_lists(server.endpoint(parallel=1), tmp_path)
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
def test_the_pause_that_a_message_names_is_respected(body, tmp_path):
    limited = FaultyServer(lambda seed, attempt: (429, body) if attempt == 1 else None)
    with limited as server:
        assert write_lists(server.endpoint(), tmp_path)["stopped"] == "target reached"


@pytest.mark.parametrize("pause", ["1h26m24s", "86 minutes and 24 seconds", "5184s"])
def test_a_long_pause_ends_the_run_and_is_named(pause, tmp_path):
    words = f"Rate limit reached on requests per day (RPD). Please try again in {pause}."
    limited = FaultyServer(on_body=lambda body: (429, {"error": {"message": words}}))
    with limited as server, pytest.raises(EndpointError, match="a pause of 5184 seconds"):
        write_lists(server.endpoint(), tmp_path)
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [200, 400, 403])
@pytest.mark.parametrize(
    "words", ["API key not valid. Please pass a valid API key.", "Incorrect API key provided: x."]
)
def test_the_error_for_a_wrong_key_names_its_variable_at_any_status(status, words, tmp_path):
    broken = FaultyServer(on_body=lambda body: (status, {"error": {"message": words}}))
    with broken as server, pytest.raises(EndpointError, match=r"OPENAI_API_KEY \(") as caught:
        write_lists(server.endpoint(), tmp_path)
    assert ".." not in str(caught.value) and len(server.asked) == 1


@pytest.mark.parametrize(
    "unit",
    ["retry", "retry ", "try again in 1", "1", "1h", "violat", "violations ", "auth", "content ",
     "api key ", "exceeded ", "account ", "spend", "[", "input prompt ", "have a ", " "],
)  # fmt: skip
def test_reading_an_error_takes_time_proportional_to_its_length(unit):
    def seconds(repeats):
        error = InvalidReply("x" * repeats, {"error": {"message": unit * repeats}})
        began = time.process_time()
        for read in (is_filtered_prompt, is_temporary, retry_after, is_payment_error, is_key_error):
            read(error)
        final_reason(error, endpoint)
        return time.process_time() - began

    endpoint = Endpoint("http://127.0.0.1:9/v1", "m", _key="k" * 20)
    for repeats in (4_000 // len(unit) // 2, 4_000):
        once = max(seconds(repeats) for _ in range(2))
        assert min(seconds(2 * repeats) for _ in range(3)) < 3 * once + 0.05


@pytest.mark.parametrize("pause", [10**400, float("nan"), float("inf"), -1, "1" * 5_000, "soon"])
def test_an_impossible_pause_in_a_body_is_read_without_an_error(pause):
    found = retry_after(InvalidReply("x", {"error": {"message": "Busy.", "retry_after": pause}}))
    assert found is None or found >= 0
