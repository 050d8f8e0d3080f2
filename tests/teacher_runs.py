"""Shared by the tests of teachers: seed tasks, short runs, cached calls, a provider's batches."""

import asyncio
import json

from faulty_server import list_reply
from planted import PAIR

from helpers.evaluation.judge_prompts import judge_message
from helpers.teacher.cached_calls import ask_all
from helpers.teacher.generate import Settings, generate

SEEDS = [
    {"id": f"s{n}", "instruction": text, "input": "", "output": answer}
    for n, (text, answer) in enumerate(
        [
            ("Suggest breakfasts for hungry hikers.", "Porridge with nuts, or eggs on rye."),
            ("Explain tides to young pupils.", "The moon pulls the sea towards itself."),
            ("Compare copper with aluminium wire.", "Copper conducts better but costs more."),
            ("Write verses about old bridges.", "Stone on stone, it waits for rain."),
        ]
    )
]


# Settings of a short run that asks for numbered lists of tasks.
LISTS = {"way": "task_list", "list_length": 3, "target": 12, "request_limit": 60}


def write_lists(endpoint, folder, *, on_record=None, **settings):
    """Let an endpoint write tasks into a folder; the bill of the run."""
    settings = Settings(**{**LISTS, **settings})
    return asyncio.run(generate(endpoint, SEEDS, folder, settings, on_record=on_record))


def ask(endpoint, many, cache, **options):
    """The answers to many bodies."""
    return asyncio.run(ask_all(endpoint, many, cache, say=None, **options))


def bodies(n, **more):
    """Different requests to a judge, with ``more`` parameters."""
    asked = [{**PAIR, "request": f"request {i}"} for i in range(n)]
    content = [judge_message(pair, "ab") for pair in asked]
    common = {"max_tokens": 1, "temperature": 0, **more}
    return [{"messages": [{"role": "user", "content": text}], **common} for text in content]


def answer_batches(server, *, failing=()):
    """Complete the batches of a server, as a provider does overnight; some requests may fail."""
    for batch in server.batches:
        lines = []
        for line in server.files[batch["input_file_id"]].decode().splitlines():
            request = json.loads(line)
            response = {"status_code": 200, "body": list_reply(request["body"]["seed"])}
            error = {"code": "server_error"} if int(request["custom_id"]) in failing else None
            lines.append({"custom_id": request["custom_id"], "error": error,
                          "response": None if error else response})  # fmt: skip
        name = f"out-{batch['id']}"
        server.files[name] = "\n".join(map(json.dumps, lines[::-1])).encode()
        batch |= {"status": "completed", "output_file_id": name}
