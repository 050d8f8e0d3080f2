"""What all checks share: types of answers, the exception for a wrong one, calling a function."""

from collections.abc import Callable
from typing import Any

Check = Callable[[Any], str]  # takes a learner's answer; returns a remark on a right one
LearnersFunction = Callable[..., Any]  # an answer that is a function; it may return anything


class Wrong(Exception):
    """An answer is wrong. The message is the diagnosis that the learner reads."""


def call(function: LearnersFunction, *arguments: object) -> Any:
    """What a learner's function returns; raises Wrong if it returns nothing."""
    value = function(*arguments)
    if value is None:
        raise Wrong("your function returns nothing. Does it end with a `return`?")
    return value
