"""Fit a request to its endpoint: rename, change or leave out parameters before it is sent.

The changes come from the user (``Endpoint(parameters={…})``) and from what the endpoint refused
before (:mod:`helpers.teacher.refused_parameters`). This module also computes how long a reply may
become, which a cap on money needs.
"""

import inspect
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeGuard

from helpers.teacher.endpoint import Endpoint, EndpointError

# OpenAI's two names for the limit on a reply's length. The limit bounds the cost of the reply, so
# it may be renamed or changed, but it is never left out.
LENGTH_NAMES = ("max_tokens", "max_completion_tokens")
OTHER_LENGTH_NAMES = ("max_output_tokens", "max_new_tokens", "n_predict")  # of other servers
ALL_LENGTH_NAMES = (*LENGTH_NAMES, *OTHER_LENGTH_NAMES)


class Renamed(str):
    """In ``Endpoint.parameters``: send a parameter under this name instead."""


class AtMost(float):
    """An upper bound: a larger number is lowered to it."""


class AtLeast(int):
    """A lower bound: a smaller number is raised to it."""


def fit_request(body: Mapping[str, Any], endpoint: Endpoint) -> dict[str, Any]:
    """A copy of a request's body with the changes that this endpoint needs.

    First ``endpoint.parameters`` (set by the user) are applied, then ``endpoint.refused``.
    """
    for changes in (getattr(endpoint, "parameters", {}), getattr(endpoint, "refused", {})):
        body = apply_changes(body, changes)
    return dict(body)


def apply_changes(body: Mapping[str, Any], changes: Mapping[str, object]) -> dict[str, Any]:
    """A copy of a body with changes made.

    A change is Renamed, AtMost or AtLeast, None to leave a parameter out, or a new value.
    """
    changed = dict(body)
    for name, change in changes.items():
        if isinstance(change, Renamed):
            if name in changed:
                changed[str(change)] = changed.pop(name)
        elif isinstance(change, AtMost | AtLeast):
            if is_number(value := changed.get(name)):
                nearest = (min if isinstance(change, AtMost) else max)(value, change)
                changed[name] = int(nearest) if float(nearest).is_integer() else float(nearest)
        elif change is None:
            changed.pop(name, None)
        else:
            changed[name] = change
    return changed


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether a JSON value is a number; true and false are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def as_arguments(body: Mapping[str, Any]) -> dict[str, Any]:
    """A body as keyword arguments of the ``openai`` client.

    Parameters that the client does not know go into its argument ``extra_body``.
    """
    known = _client_parameters()
    extra = {name: value for name, value in body.items() if name not in known}
    named = {name: value for name, value in body.items() if name in known}
    return {**named, "extra_body": extra} if extra else named


@cache
def _client_parameters() -> frozenset[str]:
    from openai.resources import chat, completions

    methods = (chat.completions.Completions.create, completions.Completions.create)
    return frozenset().union(*(inspect.signature(method).parameters for method in methods))


def most_tokens_out(body: Mapping[str, Any]) -> int:
    """The most tokens that all choices of a reply may have together; 0 if the body has no limit."""
    limits = [body.get(name) for name in ALL_LENGTH_NAMES]
    choices = [body.get(name) for name in ("n", "best_of")]
    limit = max(filter(is_number, limits), default=0)
    return max(0, int(limit)) * int(max([1, *filter(is_number, choices)]))


def check_bounded(body: Mapping[str, Any], endpoint: Endpoint, *, capped: bool = False) -> None:
    """Raise EndpointError if nothing limits a reply that has a price or is ``capped`` in tokens."""
    if (capped or endpoint.cost(0, 1)) and not most_tokens_out(fit_request(body, endpoint)):
        raise EndpointError(
            f"nothing bounds the length of a reply from {endpoint.base_url}, so no cap could hold. "
            "Send max_tokens, and do not leave it out by Endpoint(parameters=…): set a number "
            "there, such as {'max_tokens': 4000}, or rename it with "
            "Renamed('max_completion_tokens')."
        )
