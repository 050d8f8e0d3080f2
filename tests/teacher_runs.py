"""Shared by the tests of teachers: seed tasks, cached calls, and a provider's batch at night."""

import asyncio
import json

from faulty_server import list_reply
from planted import PAIR

from helpers.evaluation.rubrics import judge_message
from helpers.teacher.cached_calls import ask_all

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


def ask(endpoint, many, cache, **how):
    return asyncio.run(ask_all(endpoint, many, cache, say=None, **how))


def bodies(n, **more):
    asked = [{**PAIR, "request": f"request {i}"} for i in range(n)]
    content = [judge_message(pair, "ab") for pair in asked]
    common = {"max_tokens": 1, "temperature": 0, **more}
    return [{"messages": [{"role": "user", "content": text}], **common} for text in content]


def answer_batches(server, *, failing=()):
    """What a provider does overnight."""
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
