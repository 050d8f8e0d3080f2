"""Self-instruct: a teacher model writes tasks, filters keep the good and the new ones.

One turn of the loop (Wang et al. 2022; Taori et al. 2023)::

    sample examples → ask → raw completion to disk → parse → filter → novelty (ROUGE-L) → keep
                                                        └─ every drop is a row of the ledger

Two ways of asking. ``task_list``: Alpaca's numbered list, for teachers that can keep a format.
``self_synthesis``: for small chat models, which continue a chat from where the user would begin to
write, and so invent a user's request (Xu et al. 2024, Magpie). Each request is opened with the
first words of a seed task, which keeps the requests as varied as the seeds; it is then answered
after two seed tasks with their answers, which show what a direct answer looks like.

A run lives in one folder: ``raw.jsonl`` (what the teacher answered, written before anything is
made of it), ``generated.jsonl`` (tasks kept), ``ledger.jsonl`` (tasks dropped and why). Killed at
any moment it goes on: answered requests are parsed again from disk and never asked twice.
"""

import asyncio
import hashlib
import json
import random
from dataclasses import asdict, dataclass
from pathlib import Path

from helpers.filters import fault_of, parse_completion
from helpers.io import append_jsonl, read_jsonl, write_jsonl, write_text
from helpers.prompts import chat_turns, task_list_prompt
from helpers.similarity import RougeIndex, rouge_l

SHORT = 260  # characters of a short answer
WAYS = ("self_synthesis", "task_list")


@dataclass(frozen=True)
class Settings:
    """How to ask and what to keep. The fingerprint of these guards a run against mixing."""

    way: str = "self_synthesis"
    target: int = 120  # accepted tasks
    request_limit: int = 400
    examples: int = 3  # seed tasks used in each request
    opening_words: int = 2  # self_synthesis: words of a seed that open the request
    end_bias: float = 4.0  # self_synthesis: added to the end token's logit, so that answers end
    list_length: int = 20  # tasks asked for in one list
    temperature: float = 0.9
    answer_temperature: float = 0.3
    instruction_tokens: int = 60
    answer_tokens: int = 112
    threshold: float = 0.7  # ROUGE-L above this to anything kept is a near-duplicate
    max_dollars: float = 1.0
    seed: int = 0


def request_of(number, seeds, settings):
    """Request ``number`` of a run and its example rows: the same whenever it is asked.

    Self-synthesis takes seeds without an input, so that no request speaks of a text it lacks, and
    with short answers where there are enough: they cost less and show how to be brief.
    """
    rng = random.Random(f"{settings.seed}:{number}")
    pool = seeds
    if settings.way == "self_synthesis":
        pool = [row for row in seeds if not row["input"]]
        short = [row for row in pool if len(row["output"]) <= SHORT]
        pool = short if len(short) >= settings.examples else pool
    examples = rng.sample(pool, min(settings.examples, len(pool)))
    return {"number": number, "examples": [row["id"] for row in examples]}, examples


async def ask(client, endpoint, number, examples, settings):
    """Send one request; returns the raw record that goes to disk, parsed by :func:`tasks_of`."""
    way = _ask_task_list if settings.way == "task_list" else _ask_self_synthesis
    return await way(client, endpoint, number, examples, settings)


async def _ask_self_synthesis(client, endpoint, number, examples, settings):
    opener, *shown = examples
    opening = " ".join(opener["instruction"].split()[: settings.opening_words])
    common = {"model": endpoint.model, "stop": ["<|im_end|>"], "seed": settings.seed + number}
    first = await client.completions.create(
        prompt=f"{endpoint.chat_opening}{chat_turns([], open_user=True)}{opening}",
        max_tokens=settings.instruction_tokens,
        temperature=settings.temperature,
        top_p=0.95,
        **common,
    )
    instruction = _choice(first)
    instruction["text"] = opening + instruction["text"]
    record = {"instruction": instruction, "usage": _usage(first)}
    if instruction["finish"] != "stop":
        return record  # a request without an end is not worth an answer
    turns = chat_turns([(row["instruction"], row["output"]) for row in shown], open_user=True)
    second = await client.completions.create(
        prompt=f"{endpoint.chat_opening}{turns}{instruction['text']}<|im_end|>\n"
        "<|im_start|>assistant\n",
        max_tokens=settings.answer_tokens,
        temperature=settings.answer_temperature,
        # A rambling teacher is nudged to end at the first natural end of its answer.
        logit_bias={str(endpoint.end_token_id): settings.end_bias},
        **common,
    )
    usage = [sum(pair) for pair in zip(record["usage"], _usage(second), strict=True)]
    return {**record, "answer": _choice(second), "usage": usage}


async def _ask_task_list(client, endpoint, number, examples, settings):
    prompt, start = task_list_prompt(examples, settings.list_length)
    reply = await client.chat.completions.create(
        model=endpoint.model,
        messages=[{"role": "user", "content": prompt}],
        max_tokens=settings.answer_tokens * settings.list_length,
        temperature=settings.temperature,
        seed=settings.seed + number,
    )
    choice = reply.choices[0]
    completion = {"text": choice.message.content or "", "finish": choice.finish_reason}
    return {"completion": completion, "start": start, "usage": _usage(reply)}


def _choice(reply):
    return {"text": reply.choices[0].text, "finish": reply.choices[0].finish_reason}


def _usage(reply):
    return [reply.usage.prompt_tokens, reply.usage.completion_tokens] if reply.usage else [0, 0]


def tasks_of(record):
    """Tasks and drops of one raw record, whichever way it was asked: ``(tasks, drops)``."""
    if "completion" in record:
        text, finish = record["completion"]["text"], record["completion"]["finish"]
        return parse_completion(text, record["start"], finish)
    instruction, answer = record["instruction"], record.get("answer")
    if instruction["finish"] != "stop":
        return [], [{"reason": "instruction cut by the length limit", "text": instruction["text"]}]
    task = {
        "instruction": instruction["text"].strip(),
        "input": "",
        "output": answer["text"].strip(),
    }
    if answer["finish"] != "stop":
        return [], [{"reason": "output cut by the length limit", "text": task["instruction"]}]
    return [task], []


class Sieve:
    """Filters and novelty over a stream of raw records; keeps the tasks and the ledger.

    ``seeds`` and ``guarded`` (evaluation tasks, so that none leaks into training) are in the index
    from the start. Used by the loop, and by anyone who wants to sift ``raw.jsonl`` again.
    """

    def __init__(self, seeds, guarded, settings):
        self.index = RougeIndex(
            [row["instruction"] for row in [*seeds, *guarded]], threshold=settings.threshold
        )
        self.example_outputs = {row["id"]: row["output"] for row in seeds}
        self.accepted, self.ledger, self.requests = [], [], 0

    def sift(self, record):
        """Sort one raw record's tasks into ``accepted`` and ``ledger``; returns both new parts."""
        self.requests += 1
        tasks, drops = tasks_of(record)
        where = {"request": record["number"]}
        kept, dropped = [], [{**drop, "filter": "parse", **where} for drop in drops]
        for task in tasks:
            drop = self._drop_of(task, record)
            if drop:
                dropped.append(
                    {**drop, "text": task["instruction"], "output": task["output"], **where}
                )
            else:
                kept.append(self._keep(task, record))
        self.accepted += kept
        self.ledger += dropped
        return kept, dropped

    def _drop_of(self, task, record):
        fault = fault_of(task)
        if fault:
            return {"reason": fault[0], "filter": fault[1]}
        for example in record["examples"]:
            if rouge_l(self.example_outputs.get(example, ""), task["output"]) > 0.7:
                return {
                    "reason": "output copied from an example",
                    "filter": "copy",
                    "neighbour": example,
                }
        self.admission = self.index.admit(task["instruction"])
        if not self.admission.accepted:
            return {
                "reason": "near-duplicate",
                "filter": "novelty",
                "neighbour": self.admission.nearest,
                "score": round(self.admission.score, 4),
            }
        return None

    def _keep(self, task, record):
        return {
            "id": f"gen_{len(self.accepted) + 1:05d}",
            **task,
            "category": "generated",
            "source": f"request {record['number']}",
            "nearest_score": round(self.admission.score, 4),
        }


def fingerprint(settings, seeds, guarded, endpoint):
    """A short hash of everything that decides what a run would generate."""
    parts = [asdict(settings), list(seeds), list(guarded), endpoint.model]
    # The target and the limits decide how long to go on, not what is generated.
    for name in ("target", "request_limit", "max_dollars"):
        parts[0].pop(name)
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


async def generate(endpoint, seeds, folder, settings=None, *, guarded=(), on_record=None):
    """Run the loop until ``settings.target`` tasks are accepted; returns the final bill, a dict.

    Resumes what ``folder`` already holds. ``on_record(bill)`` is called after every sifted
    request with the running bill (see :func:`bill_of`). Stops at ``request_limit`` requests, or
    before ``max_dollars`` could be passed, and says which in ``stopped``. Raises ValueError if the
    folder was made with other settings, seeds or teacher; the openai package's errors for a wrong
    key or an unknown model pass through.
    """
    settings, folder = settings or Settings(), Path(folder)
    _check(settings, endpoint, seeds)
    _claim(folder, fingerprint(settings, seeds, guarded, endpoint))
    answered = {record["number"]: record for record in _raw_records(folder)}
    sieve = Sieve(seeds, guarded, settings)
    _drain(sieve, answered, settings)
    write_jsonl(folder / "generated.jsonl", sieve.accepted)
    write_jsonl(folder / "ledger.jsonl", sieve.ledger)

    def arrived(record):
        append_jsonl(folder / "raw.jsonl", [record])
        answered[record["number"]] = record
        kept, dropped = _drain(sieve, answered, settings)
        append_jsonl(folder / "generated.jsonl", kept)
        append_jsonl(folder / "ledger.jsonl", dropped)
        if on_record:
            on_record(bill_of(endpoint, answered.values(), sieve))

    async with endpoint.async_client(max_retries=4, timeout=300) as client:
        stopped = await _ask_until_done(client, endpoint, seeds, settings, sieve, answered, arrived)
    return {**bill_of(endpoint, answered.values(), sieve), "stopped": stopped}


def bill_of(endpoint, records, sieve):
    """What a run has cost and brought: requests, tokens in and out, dollars, accepted, dropped."""
    usage = [record["usage"] for record in records]
    tokens_in, tokens_out = (sum(pair[i] for pair in usage) for i in (0, 1))
    return {
        "requests": len(usage),
        "tokens_in": tokens_in,
        "tokens_out": tokens_out,
        "dollars": endpoint.cost(tokens_in, tokens_out),
        "accepted": len(sieve.accepted),
        "dropped": len(sieve.ledger),
    }


async def _ask_until_done(client, endpoint, seeds, settings, sieve, answered, arrived):
    """Keep ``endpoint.parallel`` requests in flight until there is a reason to stop; returns it."""
    flying, number = {}, 0
    dearest = dearest_request(endpoint, settings, seeds)
    try:
        while True:
            stop = _reason_to_stop(endpoint, settings, sieve, answered, len(flying), dearest)
            while not stop and len(flying) < endpoint.parallel:
                if number not in answered:
                    meta, examples = request_of(number, seeds, settings)
                    call = ask(client, endpoint, number, examples, settings)
                    flying[asyncio.ensure_future(call)] = meta
                number += 1
                stop = _reason_to_stop(endpoint, settings, sieve, answered, len(flying), dearest)
            if not flying:
                return stop
            done, _ = await asyncio.wait(flying, return_when=asyncio.FIRST_COMPLETED)
            failures = []
            for call in done:
                meta = flying.pop(call)
                # Every answer that came goes to disk, also when another one failed.
                try:
                    arrived({**meta, **call.result()})
                except Exception as failure:
                    failures.append(failure)
            if failures:
                raise failures[0]
    finally:
        for call in flying:
            call.cancel()


def _reason_to_stop(endpoint, settings, sieve, answered, flying, dearest):
    if len(sieve.accepted) >= settings.target:
        return "target reached"
    if len(answered) + flying >= settings.request_limit:
        return "request limit reached"
    spent = sum(endpoint.cost(*record["usage"]) for record in answered.values())
    if spent + (flying + 1) * dearest > settings.max_dollars:
        return "money cap reached"
    return None


def dearest_request(endpoint, settings, seeds):
    """Upper bound in dollars of one request: the longest examples, every answer as long as allowed.

    A token is at least one byte of text, so a prompt has no more tokens than bytes.
    """
    sizes = sorted(len(json.dumps(row, ensure_ascii=False).encode()) for row in seeds)
    examples = sum(sizes[-settings.examples :])
    if settings.way == "task_list":
        tokens_in = 2000 + examples
        tokens_out = settings.answer_tokens * settings.list_length
    else:  # two calls: the second reads the examples and the instruction
        tokens_in = 1000 + examples + settings.instruction_tokens
        tokens_out = settings.instruction_tokens + settings.answer_tokens
    return endpoint.cost(tokens_in, tokens_out)


def _drain(sieve, answered, settings):
    """Sift answered records in the order of their numbers, so that a resumed run equals another."""
    kept, dropped = [], []
    while len(sieve.accepted) < settings.target and sieve.requests in answered:
        new = sieve.sift(answered[sieve.requests])
        kept, dropped = kept + new[0], dropped + new[1]
    return kept, dropped


def _check(settings, endpoint, seeds):
    if settings.way not in WAYS:
        raise ValueError(f"way={settings.way!r} is unknown; choose one of {', '.join(WAYS)}.")
    if settings.way == "self_synthesis" and endpoint.chat_opening is None:
        raise ValueError(
            f"{endpoint.model} does not continue raw chat text (its chat_opening is None), "
            'which self_synthesis needs; use Settings(way="task_list").'
        )
    usable = [row for row in seeds if settings.way == "task_list" or not row["input"]]
    if not usable:
        raise ValueError(
            f"none of the {len(seeds)} seeds can serve as an example"
            + (" (self_synthesis needs some without an input)." if seeds else ".")
        )


def _claim(folder, mark):
    """Write the fingerprint into a new folder; refuse a folder that carries another."""
    path = folder / "settings.fingerprint"
    if not path.exists():
        write_text(path, mark + "\n")
    elif path.read_text().strip() != mark:
        raise ValueError(
            f"{folder} was made with other settings, seeds or teacher, and its tasks would be "
            "mixed with new ones. Choose another run name, or delete that folder to start afresh."
        )


def _raw_records(folder):
    path = folder / "raw.jsonl"
    return read_jsonl(path, torn_tail_ok=True) if path.exists() else []
