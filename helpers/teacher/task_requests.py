"""One request to a teacher: which examples, which prompt, what came back, what it may cost.

Three ways of asking. ``task_list``: Alpaca's numbered list (Taori et al. 2023), for teachers that
can keep a format; many tasks a request. ``task_json``: the same asked for as JSON under a schema,
for endpoints that can hold a model to one. ``self_synthesis``: for small chat models, which
continue a chat from where the user would begin to write, and so invent a user's request (Xu et al.
2024, Magpie). Each is opened with the first words of a seed task, which keeps the requests as
varied as the seeds; it is then answered after two seed tasks with their answers, which show what a
direct answer looks like.

What a request brings is a *raw record*: the teacher's text as it came, with its finish reasons,
examples, tokens and seconds. It is what goes to disk; :func:`tasks_of` reads it, now or later.
"""

import json
import random
import time
from dataclasses import dataclass
from typing import TypedDict

from helpers.data.filters import LANGUAGES
from helpers.data.parsing.finish_reasons import is_filtered, is_whole
from helpers.data.parsing.task_list import parse_completion, parse_structured
from helpers.data.parsing.thinking import without_thinking
from helpers.prompts import LIST_LENGTH, as_text, chat_turns, task_list_prompt
from helpers.teacher.budget import Meter, charged
from helpers.teacher.replies import Completion, choice_of, usage_of
from helpers.teacher.request_parameters import check_bounded, fit_request, most_tokens_out
from helpers.teacher.retries import send_with_retries

SHORT = 260  # characters of a short answer
WAYS = ("self_synthesis", "task_list", "task_json")

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


@dataclass(frozen=True)
class Settings:
    """How to ask and what to keep. The fingerprint of these guards a run against mixing."""

    way: str = "self_synthesis"
    language: str = "en"
    target: int = 120  # accepted tasks
    request_limit: int = 400
    examples: int = 3  # tasks shown in each request
    from_accepted: int = 0  # of these, how many are accepted tasks once there are some
    opening_words: int = 2  # self_synthesis: words of a seed that open the request
    end_bias: float = 4.0  # self_synthesis: added to the end token's logit, so that answers end
    list_length: int | None = None  # tasks asked for in one list; None: what the language bears
    temperature: float = 0.9
    answer_temperature: float = 0.3
    instruction_tokens: int = 60
    answer_tokens: int = 112
    threshold: float = 0.7  # ROUGE-L above this to anything kept is a near-duplicate
    max_dollars: float = 1.0
    max_tokens: int | None = None  # tokens in and out together
    seed: int = 0

    @property
    def tasks_a_request(self):
        """The most tasks one request can bring."""
        if self.way == "self_synthesis":
            return 1
        return self.list_length or LIST_LENGTH[self.language]


class RawRecord(TypedDict, total=False):
    """A line of ``raw.jsonl``: one answered request for tasks, kept as it came.

    ``number`` of the request, ids of its ``examples``, ``usage`` as ``[tokens in, tokens out]``
    (None where the provider did not say), ``tries`` and ``seconds``. A list request has a
    ``completion`` and its first task's number (``start``); self-synthesis has an ``instruction``
    and, where that ended by itself, an ``answer``.
    """

    number: int
    examples: list[str]
    way: str
    usage: list[int | None]
    tries: int
    seconds: float
    completion: Completion
    start: int
    instruction: Completion
    answer: Completion


def check(settings, endpoint, seeds):
    """Raise ValueError, before anything is asked, for settings that cannot work.

    Raises EndpointError where nothing bounds a reply, so that no cap could hold.
    """
    if settings.way not in WAYS:
        raise ValueError(f"way={settings.way!r} is unknown; choose one of {', '.join(WAYS)}.")
    if settings.language not in LANGUAGES:
        raise ValueError(
            f"language={settings.language!r} is unknown; choose one of {', '.join(LANGUAGES)}."
        )
    if settings.way == "self_synthesis" and endpoint.chat_opening is None:
        raise ValueError(
            f"{endpoint.model} does not continue raw chat text (its chat_opening is None), "
            'which self_synthesis needs; use Settings(way="task_list").'
        )
    check_bounded({"max_tokens": 1}, endpoint, capped=settings.max_tokens is not None)
    if settings.examples < 1 or any("id" not in row for row in seeds):
        raise ValueError("a request needs one example or more, and every seed an id.")
    usable = [row for row in seeds if settings.way != "self_synthesis" or not row["input"]]
    if not usable:
        raise ValueError(
            f"none of the {len(seeds)} seeds can serve as an example"
            + (" (self_synthesis needs some without an input)." if seeds else ".")
        )


def request_of(number, seeds, settings, accepted=()):
    """Request ``number`` of a run and its example rows.

    The same whenever it is asked, as long as ``accepted`` is empty or ``from_accepted`` is 0.
    Self-synthesis takes seeds without an input, so that no request speaks of a text it lacks, and
    with short answers where there are enough: they cost less and show how to be brief.
    """
    rng = random.Random(f"{settings.seed}:{number}")
    pool = seeds
    if settings.way == "self_synthesis":
        pool = [row for row in seeds if not row["input"]]
        short = [row for row in pool if len(row["output"]) <= SHORT]
        pool = short if len(short) >= settings.examples else pool
    own = min(settings.from_accepted, len(accepted), settings.examples)
    examples = rng.sample(pool, min(settings.examples - own, len(pool)))
    examples += rng.sample(list(accepted), own)
    return {"number": number, "examples": [row["id"] for row in examples]}, examples


async def ask(
    client, endpoint, number, examples, settings, meter: Meter, *, given_up=lambda: False
):
    """Send one request; returns the raw record that goes to disk, parsed by :func:`tasks_of`.

    ``meter`` keeps the cap and notes every try. Raises EndpointError when the endpoint cannot be
    used, or once ``given_up()``, and CapReached before a try that the budget has no room for; see
    :func:`helpers.teacher.retries.send_with_retries`.
    """
    started = time.monotonic()
    way = _ask_self_synthesis if settings.way == "self_synthesis" else _ask_list

    async def send(create, body):
        reply = await send_with_retries(
            create, body, endpoint, before=meter.before, failed=meter.failed, given_up=given_up
        )
        return choice_of(reply, fit_request(body, endpoint)), usage_of(reply, body)

    record = await way(client, endpoint, number, examples, settings, send)
    seconds = round(time.monotonic() - started, 3)
    return {**record, "way": settings.way, "seconds": seconds}


async def _ask_self_synthesis(client, endpoint, number, examples, settings, send):
    opener, *shown = examples
    opening = " ".join(opener["instruction"].split()[: settings.opening_words])
    common = {"stop": ["<|im_end|>"], "seed": settings.seed + number}

    async def write(prompt, **options):
        body = {"prompt": endpoint.chat_opening + prompt, **common, **options}
        return await send(client.completions.create, body)

    instruction, usage = await write(
        f"{chat_turns([], open_user=True)}{as_text(opening)}",
        max_tokens=settings.instruction_tokens,
        temperature=settings.temperature,
        top_p=0.95,
    )
    instruction["text"] = opening + instruction["text"]
    record = {"instruction": instruction, "usage": usage, "tries": 1}
    if not is_whole(instruction["finish"]):
        return record  # a request without an end is not worth an answer
    turns = chat_turns([(row["instruction"], row["output"]) for row in shown], open_user=True)
    answer, more = await write(
        f"{turns}{as_text(instruction['text'])}<|im_end|>\n<|im_start|>assistant\n",
        max_tokens=settings.answer_tokens,
        temperature=settings.answer_temperature,
        # A rambling teacher is nudged to end at the first natural end of its answer.
        logit_bias={str(endpoint.end_token_id): settings.end_bias},
    )
    usage = [None if None in pair else sum(pair) for pair in zip(usage, more, strict=True)]
    return {**record, "answer": answer, "usage": usage, "tries": 2}


async def _ask_list(client, endpoint, number, examples, settings, send):
    body, start = list_request(number, examples, settings)
    completion, usage = await send(client.chat.completions.create, body)
    return {"completion": completion, "start": start, "usage": usage, "tries": 1}


def reply_record(body, start, way):
    """The raw record of a list request's reply given as a dict, as it comes in a batch's file."""
    from openai.types.chat import ChatCompletion

    reply = ChatCompletion.construct(**body)  # as lenient as the client is with a live reply
    usage = usage_of(reply)
    return {"completion": choice_of(reply), "start": start, "usage": usage, "way": way}


def list_request(number, examples, settings):
    """The body of a list request as the chat protocol wants it, and the first task's number."""
    count = settings.tasks_a_request + len(examples)
    prompt, start = task_list_prompt(examples, count, settings.language)
    body = {
        "max_tokens": settings.answer_tokens * settings.tasks_a_request,
        "temperature": settings.temperature,
        "seed": settings.seed + number,
    }
    if settings.way == "task_json":
        prompt = prompt.rsplit("###", 1)[0].rstrip() + f"\n\n{_JSON_WORDS}"
        body["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "tasks", "strict": True, "schema": TASKS_SCHEMA},
        }
    return {**body, "messages": [{"role": "user", "content": prompt}]}, start


_JSON_WORDS = (
    'Continue the list as one JSON object: {"tasks": [{"instruction": …, "input": …, '
    '"output": …}, …]}, with an empty input where none is needed.'
)


def tasks_of(record):
    """Tasks and drops of one raw record, whichever way it was asked: ``(tasks, drops)``."""
    if "completion" not in record:
        return _synthesised(record)
    text, finish = record["completion"]["text"], record["completion"]["finish"]
    if finish == "refusal" or not without_thinking(text).strip():
        return [], [{"reason": _why_unwritten(finish) or "empty reply", "text": text}]
    if record.get("way") == "task_json":
        return parse_structured(text, finish)
    return parse_completion(text, record["start"], finish)


def _synthesised(record):
    instruction, answer = record["instruction"], record.get("answer")
    for name, part in (("instruction", instruction), ("output", answer)):
        if part is not None and not is_whole(part["finish"]):
            reason = _why_unwritten(part["finish"], f"{name} ")
            return [], [{"reason": reason, "text": instruction["text"].strip()}]
    return [
        {
            "instruction": without_thinking(instruction["text"]).strip(),
            "input": "",
            "output": without_thinking(answer["text"]).strip(),
        }
    ], []


# Why a reply with such a finish brought no text to read.
_UNWRITTEN = {
    "refusal": "refused by the teacher",
    "no choice": "empty reply",
    "unreadable": "unreadable reply",
}


def _why_unwritten(finish, what=""):
    """Why a reply holds nothing to read, by its finish reason; None where it ended by itself."""
    if finish in _UNWRITTEN:
        return _UNWRITTEN[finish]
    if is_filtered(finish):
        return "stopped by the provider's filter"
    return None if is_whole(finish) else f"{what}cut by the length limit"


def charged_tokens(record, dearest):
    """``(tokens in, tokens out)`` that a raw record is charged with, at least.

    What an endpoint does not count, or counts in a way that cannot be, is charged at its dearest.
    """
    return charged(record["usage"], dearest)


def dearest_request(endpoint, settings, seeds):
    """Upper bound of one request, ``(dollars, tokens in, tokens out)``.

    A token is at least one byte of text, so a prompt has no more tokens than bytes. What the
    endpoint's own parameters allow a reply counts, where that is more.
    """
    sizes = sorted(len(json.dumps(row, ensure_ascii=False).encode()) for row in seeds)
    examples = sum(sizes[-settings.examples :])
    if settings.from_accepted:  # an accepted task may be longer than any seed
        longest = settings.answer_tokens * settings.tasks_a_request
        examples = max(examples, settings.examples * 4 * longest)
    if settings.way == "self_synthesis":  # two calls: the second reads examples and instruction
        tokens_in = 1000 + examples + settings.instruction_tokens
        lengths = [settings.instruction_tokens, settings.answer_tokens]
    else:
        tokens_in, lengths = 3000 + examples, [settings.answer_tokens * settings.tasks_a_request]
    tokens_out = sum(
        most_tokens_out(fit_request({"max_tokens": length}, endpoint)) or length
        for length in lengths
    )
    return endpoint.cost(tokens_in, tokens_out), tokens_in, tokens_out
