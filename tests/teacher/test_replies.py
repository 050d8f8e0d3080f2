"""A reply is read whatever its format: its text, its thinking, why it ended, what it used."""

import time
from enum import Enum
from types import SimpleNamespace

import pytest
from faulty_server import FaultyServer, list_reply
from teacher_runs import ask, bodies

from helpers.data.reply_parsing.finish_reasons import is_filtered, is_whole
from helpers.data.reply_parsing.thinking import without_thinking
from helpers.files.message_content import text_of
from helpers.teacher import replies
from helpers.teacher.raw_records import tasks_of
from helpers.teacher.replies import read_completion, usage_of


class Finish(Enum):
    """Some providers' clients give an enum, whose name is written to disk."""

    STOP = 1


@pytest.mark.parametrize(
    "content",
    [
        "Oak",
        [{"type": "text", "text": "Oak"}],
        [{"type": "output_text", "text": "O"}, {"type": "output_text", "text": "ak"}],
        [{"type": "thinking", "thinking": "Elm?"}, {"type": "text", "text": "Oak"}],
        [{"type": "reasoning", "text": "Elm?"}, {"type": "text", "text": "Oak"}],
        [{"text": "Oak"}],
        ["Oak"],
        [SimpleNamespace(type="text", text="Oak"), SimpleNamespace(type="image_url")],
        [None, 5, {"type": "text"}, {"type": "text", "text": "Oak"}],
        {"type": "text", "text": "Oak"},
        [{"type": "text", "text": {"value": "Oak", "annotations": []}}],
        SimpleNamespace(type="output_text", text=SimpleNamespace(value="Oak")),
    ],
    ids=str,
)
def test_the_text_of_a_content_in_parts_is_the_text_of_its_text_parts(content):
    assert text_of(content) == "Oak"
    message = SimpleNamespace(content=content)
    reply = SimpleNamespace(choices=[SimpleNamespace(message=message, finish_reason="stop")])
    assert read_completion(reply) == {"text": "Oak", "finish": "stop"}


@pytest.mark.parametrize("content", [None, 5, {}, {"text": "x"}, {"type": "thinking", "text": "x"}])
def test_any_other_content_is_an_empty_text(content):
    assert text_of(content) == ""


@pytest.mark.parametrize(
    "text",
    [
        "<think>\nElm?\n</think>\nOak",
        "<thinking>Elm?</thinking>Oak",
        "<think></think>\n\nOak",
        "Elm?\n</think>\n\nOak",
        "<think>a</think><think>b</think>Oak",
        "[THINK]Elm?[/THINK]Oak",
        "<seed:think>Elm?</seed:think>Oak",
        "<|channel|>analysis<|message|>Elm?<|end|><|start|>assistant<|channel|>final<|message|>Oak",
        "◁think▷Elm?◁/think▷Oak",
        "<reasoning>Elm?</reasoning>\nOak",
        "<THINK>Elm?</THINK>Oak",
        "<think >Elm?</think >Oak",
        '<thinking mode="deep">Elm?</thinking>Oak',
        "<antThinking>Elm?</antThinking>Oak",
        "<internal_monologue>\nElm?\n</internal_monologue>\nOak",
        "<inner_thoughts>Elm?</inner_thoughts>Oak",
        "<think>Elm?</think>```\nOak\n```",
        "Oak\n<think>And what else",
        "Oak",
    ],
)
def test_thinking_is_removed(text):
    assert without_thinking(text).strip("`\n ") == "Oak"


@pytest.mark.parametrize("text", ["<think>Elm? Or", "<thinking>\n4. Instruction: d\n4. Output: no"])
def test_a_reply_that_was_cut_off_while_thinking_is_empty(text):
    assert without_thinking(text) == ""


@pytest.mark.parametrize(
    "text", ["Write the tag <think> and its end `</think>`.", "Say '</think>' twice.", "a < b > c",
             "<thinkable>Oak</thinkable>"],
)  # fmt: skip
def test_a_text_that_only_mentions_the_tags_keeps_them(text):
    assert without_thinking(text) == text


@pytest.mark.parametrize(
    "finish",
    ["stop", "STOP", "eos", "eos_token", "end_turn", "COMPLETE", "stop_sequence",
     "FINISH_REASON_STOP", " Stop ", "FinishReason.STOP", "<FinishReason.STOP: 1>",
     "types.FinishReason.FINISH_REASON_STOP", Finish.STOP],
)  # fmt: skip
def test_every_providers_word_for_a_complete_reply_is_known(finish):
    assert is_whole(finish) and not is_filtered(finish)
    record = {"completion": {"text": " Name a tree.\n4. Output: Oak", "finish": finish}, "start": 4}
    assert len(tasks_of(record)[0]) == 1


@pytest.mark.parametrize("finish", ["length", "MAX_TOKENS", "model_length", None, "", "error",
                                    "FinishReason.MAX_TOKENS", "not.stopped"])  # fmt: skip
def test_after_any_other_word_a_reply_may_be_incomplete(finish):
    assert not is_whole(finish) and not is_filtered(finish)


@pytest.mark.parametrize("finish", ["SAFETY", "content_filter", "RECITATION", "sensitive",
                                    "FinishReason.SAFETY"])  # fmt: skip
def test_every_word_for_a_content_filter_is_known(finish):
    assert is_filtered(finish) and not is_whole(finish)


@pytest.mark.parametrize(
    "reply",
    [
        SimpleNamespace(choices="what"),
        SimpleNamespace(choices={"a": 1}),
        SimpleNamespace(choices=[SimpleNamespace(message=SimpleNamespace(content={"x": 1}))]),
        SimpleNamespace(choices=[None]),
        SimpleNamespace(),
        {"choices": [{"message": {"content": "Oak"}}]},
        None,
    ],
    ids=str,
)
def test_a_reply_of_any_format_is_read_without_an_error(reply):
    choice = read_completion(reply)
    assert isinstance(choice["text"], str) and set(choice) >= {"text", "finish"}
    assert len(usage_of(reply)) == 2


def test_a_token_count_too_small_for_its_prompt_is_ignored():
    usage = SimpleNamespace(prompt_tokens=3, completion_tokens=4)
    reply = SimpleNamespace(choices=[], usage=usage)
    assert usage_of(reply, {"messages": [{"role": "user", "content": "x " * 400}]}) == [None, 4]
    assert usage_of(reply, {"prompt": "Name a tree."}) == [3, 4]


@pytest.mark.parametrize(
    "unit", ["<think>", "</think>", "<think ", "<think>\n", "<think></think>", " ", "\n", "<ant"]
)
def test_removing_thinking_takes_time_proportional_to_the_text(unit):
    def seconds(repeats):
        began = time.process_time()
        without_thinking(unit * repeats)
        return time.process_time() - began

    assert min(seconds(60_000) for _ in range(3)) < 3.5 * max(seconds(30_000), 0.01)


@pytest.mark.parametrize(
    "content",
    [
        [{"type": "thinking", "thinking": [{"type": "text", "text": "B?"}]},
         {"type": "text", "text": "A"}],
        [{"type": "output_text", "text": "A"}],
        "<think>B is fine</think>A",
        {"type": "text", "text": "A"},
        {"parts": [{"text": "B?", "thought": True}, {"text": "A"}]},
        [{"type": "text", "content": "A"}],
        [{"type": None, "text": "A"}],
    ],
)  # fmt: skip
def test_an_answer_in_parts_is_read_and_kept(content, tmp_path):
    reply = list_reply(1)
    reply["choices"][0] |= {"message": {"content": content}, "finish_reason": "stop"}
    with FaultyServer(on_body=lambda body: (200, reply)) as server:
        (answer,) = ask(server.endpoint(), bodies(1), tmp_path / "c.jsonl")
    assert answer["text"].endswith("A") and answer["finish"] == "stop"


@pytest.mark.parametrize(
    "choice",
    [{"message": "A"}, {"delta": {"content": "A"}}, {"message": {"text": "A"}}, {"content": "A"}],
)
def test_a_text_in_an_unusual_field_is_read(choice, tmp_path):
    reply = {**list_reply(1), "choices": [{"index": 0, "finish_reason": "stop", **choice}]}
    with FaultyServer(on_body=lambda body: (200, reply)) as server:
        (answer,) = ask(server.endpoint(), bodies(1), tmp_path / "c.jsonl")
    assert (answer["text"], answer["finish"]) == ("A", "stop")


@pytest.mark.parametrize("message", [{"content": {"answer": "A"}}, {"content": "", "odd": "A"}])
def test_a_reply_that_cannot_be_read_is_kept_on_disk(message, tmp_path):
    reply = list_reply(1)
    reply["choices"][0]["message"] = message
    with FaultyServer(on_body=lambda body: (200, reply)) as server:
        (answer,) = ask(server.endpoint(), bodies(1), tmp_path / "c.jsonl")
    assert answer["text"] == "" and "'A'" in answer["raw"]


def test_a_reply_without_a_reason_and_a_limit_is_not_counted(monkeypatch):
    """Counting tokens reads the text again, so it would call itself without end."""
    monkeypatch.setattr(replies, "usage_of", lambda *_: pytest.fail("the tokens were counted"))
    reply = {**list_reply(1), "choices": [{"message": {"content": "Oak"}}]}
    assert read_completion(reply) == {"text": "Oak", "finish": None}
