"""What an endpoint can do, found out by asking it with the parameters that will be used.

OpenAI, vLLM, Ollama and llama.cpp differ in this, and from version to version. Parameters that an
endpoint refuses are adapted on the way (:mod:`helpers.teacher.request_parameters`), so an ability
is missing only where the thing itself is missing.
"""

import json
import re
from collections.abc import Callable

from helpers.teacher.endpoint import Endpoint
from helpers.teacher.failures import (
    is_key_error,
    is_payment_error,
    learns_from_refusal,
    server_message,
)
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


def abilities(endpoint: Endpoint) -> dict[str, bool]:
    """What an endpoint can do: a dict of ability to bool.

    ``chat``, ``completions`` (continuing raw text, which self-synthesis needs), ``logprobs`` (which
    a judge would like), ``json_schema`` (for ``task_json``). Four short requests, or a few more
    where parameters are refused. Raises EndpointError for a refused key or a server that is away.
    """
    client = endpoint.client(timeout=endpoint.timeout)
    chat = {"messages": [{"role": "user", "content": "Say A."}], "temperature": 0}
    with_letters = {**chat, "max_tokens": 1, "logprobs": True, "top_logprobs": 20}
    with_schema = {**chat, "max_tokens": SHORT_ANSWER, "response_format": JSON_SCHEMA}
    ask, go_on = client.chat.completions.create, client.completions.create
    probes = {
        "chat": lambda: _send(ask, endpoint, {**chat, "max_tokens": 1}).choices,
        "completions": lambda: _send(go_on, endpoint, {"prompt": "A", "max_tokens": 1}).choices,
        "logprobs": lambda: first_token(_send(ask, endpoint, with_letters)),
        "json_schema": lambda: (
            "a" in json.loads(_send(ask, endpoint, with_schema).choices[0].message.content)
        ),
    }
    return {
        name: with_endpoint_errors(lambda n=name, p=probe: _works(p, needed=n == "chat"), endpoint)
        for name, probe in probes.items()
    }


_TOO_LITTLE = re.compile(
    r"max_(?:\w+_)?tokens|output (?:limit|tokens?)|token limit|finish the message", re.I
)


def _send(create: Callable, endpoint: Endpoint, body: dict):
    """One probe; sent again for as long as a refusal says how to change it.

    A reasoning model may refuse to answer within one token, so it is given more once.
    """
    import openai

    while True:
        sent = fit_request(body, endpoint)
        try:
            return create(model=endpoint.model, **as_arguments(sent))
        except openai.APIStatusError as error:
            if learns_from_refusal(error, sent, endpoint):
                continue
            refused = error.status_code in (400, 422) and body["max_tokens"] < SHORT_ANSWER
            if not (refused and _TOO_LITTLE.search(server_message(error, endpoint))):
                raise
        body = {**body, "max_tokens": SHORT_ANSWER}


def _works(probe: Callable, *, needed: bool) -> bool:
    """Whether an ability is there: the request is understood, and brings what it promises.

    A key that may not even chat is no missing ability, so what is ``needed`` raises instead.
    """
    import openai

    try:
        return bool(probe())
    except (openai.AuthenticationError, openai.RateLimitError):
        raise
    except openai.APIStatusError as error:
        if is_key_error(error) or is_payment_error(error):
            raise
        if needed and isinstance(error, openai.PermissionDeniedError):
            raise
        if error.status_code >= 500 and error.status_code != 501:
            raise
        return False
    except (AttributeError, IndexError, TypeError, ValueError):
        return False  # an answer without what was asked for
