"""One request for tasks: its examples and prompt, sending it, and the most that it can cost.

:mod:`generation_settings` explains the three ways to ask. The answer to a request is a raw record,
which :mod:`raw_records` reads.
"""

import json
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from helpers.data.reply_parsing.finish_reasons import is_whole
from helpers.files.row_shapes import Task
from helpers.prompts import chat_turns, escape_special_tokens, task_list_prompt
from helpers.teacher.budget import RequestCharges, Tokens
from helpers.teacher.endpoint import Endpoint
from helpers.teacher.generation_settings import Settings
from helpers.teacher.raw_records import RawRecord
from helpers.teacher.replies import Completion, read_completion, usage_of
from helpers.teacher.request_parameters import fit_request, most_tokens_out
from helpers.teacher.retries import send_with_retries

if TYPE_CHECKING:
    from openai import AsyncOpenAI

Usage = list[int | None]  # tokens in and out; None for a count that is missing or cannot be true
_Create = Callable[..., Awaitable[Any]]  # a method of the client that sends a request
_Send = Callable[[_Create, dict[str, Any]], Awaitable[tuple[Completion, Usage]]]

SHORT = 260  # characters of a short answer

TASKS_SCHEMA = {
    "type": "object",
    "properties": {
        "tasks": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    name: {"type": "string"} for name in ("instruction", "input", "output")
                },
                "required": ["instruction", "input", "output"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["tasks"],
    "additionalProperties": False,
}

_JSON_REQUEST = (
    'Continue the list as one JSON object: {"tasks": [{"instruction": …, "input": …, '
    '"output": …}, …]}, with an empty input where none is needed.'
)


def choose_examples(
    number: int, seeds: Sequence[Task], settings: Settings, accepted: Sequence[Task] = ()
) -> tuple[RawRecord, list[Task]]:
    """The beginning of the raw record of request ``number``, and the request's example tasks.

    The examples depend on the number alone, unless ``accepted`` tasks may be examples too.
    Self-synthesis takes seeds without an input, so that no request refers to a missing text. It
    prefers seeds with short answers, which cost less and show the model how to be brief.
    """
    rng = random.Random(f"{settings.seed}:{number}")
    pool = seeds
    if settings.way == "self_synthesis":
        pool = [row for row in seeds if not row["input"]]
        short = [row for row in pool if len(row["output"]) <= SHORT]
        pool = short if len(short) >= settings.examples else pool
    from_accepted = min(settings.from_accepted, len(accepted), settings.examples)
    examples = rng.sample(pool, min(settings.examples - from_accepted, len(pool)))
    examples += rng.sample(list(accepted), from_accepted)
    return {"number": number, "examples": [row["id"] for row in examples]}, examples


async def ask(
    client: "AsyncOpenAI",
    endpoint: Endpoint,
    number: int,
    examples: Sequence[Task],
    settings: Settings,
    meter: RequestCharges,
    *,
    given_up: Callable[[], bool] = lambda: False,
) -> RawRecord:
    """Send one request; returns the raw record without the fields of :func:`choose_examples`.

    ``meter`` counts every try and keeps the caps. Raises EndpointError if the endpoint cannot be
    used, or once ``given_up()`` is true; CapReached before a try that does not fit under a cap.
    """
    started = time.monotonic()

    async def send(create: _Create, body: dict[str, Any]) -> tuple[Completion, Usage]:
        reply = await send_with_retries(
            create, body, endpoint, before=meter.before, failed=meter.failed, given_up=given_up
        )
        return read_completion(reply, fit_request(body, endpoint)), usage_of(reply, body)

    record: RawRecord
    if settings.way == "self_synthesis":
        record = await _ask_self_synthesis(client, endpoint, number, examples, settings, send)
    else:
        body, start = list_request(number, examples, settings)
        completion, usage = await send(client.chat.completions.create, body)
        record = {"completion": completion, "start": start, "usage": usage, "tries": 1}
    seconds = round(time.monotonic() - started, 3)
    return {**record, "way": settings.way, "seconds": seconds}


async def _ask_self_synthesis(
    client: "AsyncOpenAI",
    endpoint: Endpoint,
    number: int,
    examples: Sequence[Task],
    settings: Settings,
    send: _Send,
) -> RawRecord:
    """Let the model write an instruction, and then answer it if it is whole."""
    opener, *shown = examples
    opening = " ".join(opener["instruction"].split()[: settings.opening_words])
    common = {"stop": ["<|im_end|>"], "seed": settings.seed + number}

    async def write(prompt: str, **options: Any) -> tuple[Completion, Usage]:
        body = {"prompt": (endpoint.chat_opening or "") + prompt, **common, **options}
        return await send(client.completions.create, body)

    instruction, usage = await write(
        f"{chat_turns([], open_user=True)}{escape_special_tokens(opening)}",
        max_tokens=settings.instruction_tokens,
        temperature=settings.temperature,
        top_p=0.95,
    )
    instruction["text"] = opening + instruction["text"]
    record: RawRecord = {"instruction": instruction, "usage": usage, "tries": 1}
    if not is_whole(instruction["finish"]):
        return record  # an unfinished instruction is not worth an answer
    turns = chat_turns([(row["instruction"], row["output"]) for row in shown], open_user=True)
    answer, more = await write(
        f"{turns}{escape_special_tokens(instruction['text'])}<|im_end|>\n<|im_start|>assistant\n",
        max_tokens=settings.answer_tokens,
        temperature=settings.answer_temperature,
        # Small models ramble: a bias ends the answer at the first place where it can end.
        logit_bias={str(endpoint.end_token_id): settings.end_bias},
    )
    return {**record, "answer": answer, "usage": _sum_of(usage, more), "tries": 2}


def _sum_of(first: Usage, second: Usage) -> Usage:
    """The usage of two replies together; a count that one of them lacks stays None."""
    return [None if a is None or b is None else a + b for a, b in zip(first, second, strict=True)]


def list_request(
    number: int, examples: Sequence[Task], settings: Settings
) -> tuple[dict[str, Any], int]:
    """The chat body of a request for a list of tasks, and the number of the first new task."""
    count = settings.tasks_a_request + len(examples)
    prompt, start = task_list_prompt(examples, count, settings.language)
    body: dict[str, Any] = {
        "max_tokens": settings.answer_tokens * settings.tasks_a_request,
        "temperature": settings.temperature,
        "seed": settings.seed + number,
    }
    if settings.way == "task_json":
        prompt = prompt.rsplit("###", 1)[0].rstrip() + f"\n\n{_JSON_REQUEST}"
        body["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "tasks", "strict": True, "schema": TASKS_SCHEMA},
        }
    return {**body, "messages": [{"role": "user", "content": prompt}]}, start


class WorstCase(NamedTuple):
    """Upper bounds of what one request can cost: US dollars, tokens in and tokens out."""

    dollars: float
    tokens_in: int
    tokens_out: int

    @property
    def tokens(self) -> Tokens:
        """Tokens in and out."""
        return self.tokens_in, self.tokens_out


def worst_case(endpoint: Endpoint, settings: Settings, seeds: Sequence[Task]) -> WorstCase:
    """The most that one request can cost.

    A token is at least one byte of text, so a prompt has no more tokens than bytes. A larger limit
    on the reply in ``endpoint.parameters`` is taken into account.
    """
    sizes = sorted(len(json.dumps(row, ensure_ascii=False).encode()) for row in seeds)
    examples = sum(sizes[-settings.examples :])
    if settings.from_accepted:  # an accepted task may be longer than any seed
        longest = settings.answer_tokens * settings.tasks_a_request
        examples = max(examples, settings.examples * 4 * longest)
    if settings.way == "self_synthesis":  # the second call reads examples and instruction
        tokens_in = 1000 + examples + settings.instruction_tokens
        limits = [settings.instruction_tokens, settings.answer_tokens]
    else:
        tokens_in, limits = 3000 + examples, [settings.answer_tokens * settings.tasks_a_request]
    tokens_out = sum(
        most_tokens_out(fit_request({"max_tokens": limit}, endpoint)) or limit for limit in limits
    )
    return WorstCase(endpoint.cost(tokens_in, tokens_out), tokens_in, tokens_out)
