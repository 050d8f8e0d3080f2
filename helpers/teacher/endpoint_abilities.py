"""Find out what an endpoint can do, by asking it with the parameters that will be used.

OpenAI, vLLM, Ollama and llama.cpp differ, and so do their versions. Refused parameters are adapted
on the way (:mod:`helpers.teacher.refused_parameters`). An ability is therefore missing only if the
server lacks it, not if it wants another parameter.
"""

import json
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from helpers.teacher.endpoint import Endpoint
from helpers.teacher.failure_messages import server_message
from helpers.teacher.failures import is_key_error, is_payment_error
from helpers.teacher.refused_parameters import learn_from_refusal
from helpers.teacher.replies import first_token
from helpers.teacher.request_parameters import as_arguments, fit_request
from helpers.teacher.retries import with_endpoint_errors

SHORT_ANSWER = 320  # tokens for a short answer after some thinking
JSON_SCHEMA = {
    "type": "json_schema",
    "json_schema": {
        "name": "a",
        "schema": {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]},
    },
}
_TOO_FEW_TOKENS = re.compile(
    r"max_(?:\w+_)?tokens|output (?:limit|tokens?)|token limit|finish the message", re.I
)

Probe = Callable[[], object]  # sends a request; its result is true if the ability is there


def find_abilities(endpoint: Endpoint) -> dict[str, bool]:
    """What an endpoint can do, as a dict from ability to bool.

    ``chat``, ``completions`` (continues raw text, which self-synthesis needs), ``logprobs`` (the
    judge is more exact with them), ``json_schema`` (which ``task_json`` needs). Sends four short
    requests, or a few more if parameters are refused. Raises EndpointError if the key is refused or
    the server does not answer.
    """
    return {
        name: with_endpoint_errors(partial(_works, probe, required=name == "chat"), endpoint)
        for name, probe in _probes(endpoint).items()
    }


def _probes(endpoint: Endpoint) -> dict[str, Probe]:
    """One probe for each ability."""
    client = endpoint.client(timeout=endpoint.timeout)
    chat, complete = client.chat.completions.create, client.completions.create
    message = {"messages": [{"role": "user", "content": "Say A."}], "temperature": 0}
    with_letters = {**message, "max_tokens": 1, "logprobs": True, "top_logprobs": 20}
    with_schema = {**message, "max_tokens": SHORT_ANSWER, "response_format": JSON_SCHEMA}
    return {
        "chat": lambda: _send(chat, endpoint, {**message, "max_tokens": 1}).choices,
        "completions": lambda: _send(complete, endpoint, {"prompt": "A", "max_tokens": 1}).choices,
        "logprobs": lambda: first_token(_send(chat, endpoint, with_letters)),
        "json_schema": lambda: (
            "a" in json.loads(_send(chat, endpoint, with_schema).choices[0].message.content)
        ),
    }


def _send(create: Callable[..., Any], endpoint: Endpoint, body: Mapping[str, Any]) -> Any:
    """The reply to one probe, sent again for as long as a refusal says how to change it.

    A reasoning model may refuse to answer within one token, so it is given more once.
    """
    import openai

    while True:
        sent = fit_request(body, endpoint)
        try:
            return create(model=endpoint.model, **as_arguments(sent))
        except openai.APIStatusError as error:
            if learn_from_refusal(error, sent, endpoint):
                continue
            refused = error.status_code in (400, 422) and body["max_tokens"] < SHORT_ANSWER
            if not (refused and _TOO_FEW_TOKENS.search(server_message(error, endpoint))):
                raise
        body = {**body, "max_tokens": SHORT_ANSWER}


def _works(probe: Probe, *, required: bool) -> bool:
    """Whether an ability is there: the server accepts the request and its reply has what it should.

    Failures of the key, the account or the server are raised. If the ability is ``required``, a
    key that may not use it is such a failure as well.
    """
    import openai

    try:
        return bool(probe())
    except (openai.AuthenticationError, openai.RateLimitError):
        raise
    except openai.APIStatusError as error:
        if is_key_error(error) or is_payment_error(error):
            raise
        if required and isinstance(error, openai.PermissionDeniedError):
            raise
        if error.status_code >= 500 and error.status_code != 501:
            raise
        return False
    except (AttributeError, IndexError, TypeError, ValueError):
        return False  # a reply without the part that was asked for
