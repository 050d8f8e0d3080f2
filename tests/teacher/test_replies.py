"""A reply's text, whatever parts it comes in; its thinking cut off; why it ended; what it used."""

import time
from enum import Enum
from types import SimpleNamespace

import pytest

from helpers.data.parsing.finish_reasons import is_filtered, is_whole
from helpers.data.parsing.thinking import without_thinking
from helpers.safe_io.message_content import text_of
from helpers.teacher.replies import choice_of, usage_of
from helpers.teacher.task_requests import tasks_of


class Finish(Enum):
    """A provider's client gives an enum, and its name is what is written to disk."""

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
def test_the_text_of_a_content_in_parts_is_their_text(content):
    assert text_of(content) == "Oak"
    message = SimpleNamespace(content=content)
    reply = SimpleNamespace(choices=[SimpleNamespace(message=message, finish_reason="stop")])
    assert choice_of(reply) == {"text": "Oak", "finish": "stop"}


@pytest.mark.parametrize("content", [None, 5, {}, {"text": "x"}, {"type": "thinking", "text": "x"}])
def test_what_is_no_content_is_an_empty_text(content):
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
def test_thinking_is_cut_off(text):
    assert without_thinking(text).strip("`\n ") == "Oak"


@pytest.mark.parametrize("text", ["<think>Elm? Or", "<thinking>\n4. Instruction: d\n4. Output: no"])
def test_a_reply_that_was_cut_while_it_thought_holds_nothing(text):
    assert without_thinking(text) == ""


@pytest.mark.parametrize(
    "text", ["Write the tag <think> and its end `</think>`.", "Say '</think>' twice.", "a < b > c",
             "<thinkable>Oak</thinkable>"],
)  # fmt: skip
def test_a_text_that_speaks_of_the_marks_keeps_them(text):
    assert without_thinking(text) == text


@pytest.mark.parametrize(
    "finish",
    ["stop", "STOP", "eos", "eos_token", "end_turn", "COMPLETE", "stop_sequence",
     "FINISH_REASON_STOP", " Stop ", "FinishReason.STOP", "<FinishReason.STOP: 1>",
     "types.FinishReason.FINISH_REASON_STOP", Finish.STOP],
)  # fmt: skip
def test_a_whole_reply_is_known_in_any_providers_word(finish):
    assert is_whole(finish) and not is_filtered(finish)
    record = {"completion": {"text": " Name a tree.\n4. Output: Oak", "finish": finish}, "start": 4}
    assert len(tasks_of(record)[0]) == 1


@pytest.mark.parametrize("finish", ["length", "MAX_TOKENS", "model_length", None, "", "error",
                                    "FinishReason.MAX_TOKENS", "not.stopped"])  # fmt: skip
def test_any_other_word_may_have_cut_it(finish):
    assert not is_whole(finish) and not is_filtered(finish)


@pytest.mark.parametrize("finish", ["SAFETY", "content_filter", "RECITATION", "sensitive",
                                    "FinishReason.SAFETY"])  # fmt: skip
def test_a_filters_word_is_known(finish):
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
def test_no_shape_of_a_reply_is_a_surprise(reply):
    choice = choice_of(reply)
    assert isinstance(choice["text"], str) and set(choice) >= {"text", "finish"}
    assert len(usage_of(reply)) == 2


def test_a_prompt_longer_than_its_tokens_could_be_is_not_believed():
    usage = SimpleNamespace(prompt_tokens=3, completion_tokens=4)
    reply = SimpleNamespace(choices=[], usage=usage)
    assert usage_of(reply, {"messages": [{"role": "user", "content": "x " * 400}]}) == [None, 4]
    assert usage_of(reply, {"prompt": "Name a tree."}) == [3, 4]


@pytest.mark.parametrize(
    "unit", ["<think>", "</think>", "<think ", "<think>\n", "<think></think>", " ", "\n", "<ant"]
)
def test_cutting_off_thinking_takes_time_in_proportion_to_the_text(unit):
    def seconds(repeats):
        began = time.process_time()
        without_thinking(unit * repeats)
        return time.process_time() - began

    assert min(seconds(60_000) for _ in range(3)) < 3.5 * max(seconds(30_000), 0.01)
