"""A request is fitted to its endpoint, and its reply has a limit that a cap can count on."""

from dataclasses import replace

import pytest
from faulty_server import FaultyServer
from teacher_runs import LISTS, SEEDS, ask, bodies, write_lists

from helpers.teacher.answer_cache import plan_calls
from helpers.teacher.endpoint import EndpointError
from helpers.teacher.generate import Settings
from helpers.teacher.request_parameters import Renamed
from helpers.teacher.task_requests import worst_case


@pytest.mark.parametrize("change", [None, -1, Renamed("length")])
def test_a_priced_or_capped_request_without_a_limit_is_refused(change, tmp_path):
    with FaultyServer() as server:
        priced = server.endpoint(price_out=1.0, parameters={"max_tokens": change})
        free = replace(priced, price_out=0.0)
        for call in (
            lambda: plan_calls(priced, bodies(1), tmp_path / "c.jsonl"),
            lambda: ask(priced, bodies(1), tmp_path / "c.jsonl"),
            lambda: ask(free, bodies(1), tmp_path / "c.jsonl", max_tokens=9**9),
            lambda: write_lists(priced, tmp_path / "run"),
        ):
            with pytest.raises(EndpointError, match=r"nothing bounds.*Send max_tokens"):
                call()
        assert server.bodies == []
        ask(free, bodies(1), tmp_path / "c.jsonl")


@pytest.mark.parametrize(
    "parameters",
    [
        {"max_tokens": Renamed("max_output_tokens")},
        {"max_tokens": None, "max_completion_tokens": 9},
    ],
)
def test_a_limit_under_another_name_counts(parameters, tmp_path):
    with FaultyServer() as server:
        priced = server.endpoint(price_out=1.0, parameters=parameters)
        assert plan_calls(priced, bodies(1), tmp_path / "c.jsonl")["dollars"] > 0
        assert len(ask(priced, bodies(1), tmp_path / "c.jsonl")) == 1


@pytest.mark.parametrize("parameters", [{"n": 4}, {"best_of": 4}])
def test_the_cap_counts_every_choice(parameters, tmp_path):
    with FaultyServer() as server:
        endpoint = server.endpoint(price_out=1000.0, parameters=parameters)
        assert plan_calls(endpoint, bodies(1), tmp_path / "c.jsonl")["tokens_out"] == 4
        one_choice = worst_case(server.endpoint(), Settings(**LISTS), SEEDS)[2]
        assert worst_case(endpoint, Settings(**LISTS), SEEDS)[2] == 4 * one_choice


def test_parameters_of_the_user_are_sent_from_the_first_request_on(tmp_path):
    parameters = {
        "max_tokens": Renamed("max_completion_tokens"),
        "temperature": None,
        "reasoning_effort": "low",
        "chat_template_kwargs": {"enable_thinking": False},
    }
    with FaultyServer() as server:
        write_lists(server.endpoint(parameters=parameters), tmp_path)
    for body in server.bodies:
        assert {"max_tokens", "temperature"}.isdisjoint(body)
        assert body["max_completion_tokens"] == 3 * Settings(**LISTS).answer_tokens
        assert body["reasoning_effort"] == "low"
        assert body["chat_template_kwargs"] == {"enable_thinking": False}


def test_a_folder_made_with_other_parameters_is_refused(tmp_path):
    with FaultyServer() as server:
        write_lists(server.endpoint(), tmp_path, target=3)
        with pytest.raises(ValueError, match="other settings"):
            write_lists(server.endpoint(parameters={"top_k": 5}), tmp_path, target=3)


def test_the_cap_counts_a_longer_limit_set_by_the_user(tmp_path):
    with FaultyServer() as server:
        endpoint = server.endpoint(price_out=100.0, parameters={"max_tokens": 20_000})
        bill = write_lists(endpoint, tmp_path, max_dollars=1.9)  # one reply may cost two dollars
        assert bill["stopped"] == "money cap reached" and server.bodies == []
