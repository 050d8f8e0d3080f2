"""A teacher inside the test's own process, for the loop that generates tasks."""

import asyncio
import contextlib
import json
import random
from types import SimpleNamespace

from helpers.teacher.endpoint import Endpoint

RIVER = {"instruction": "Name a river in France.", "input": "", "output": "The Loire."}
START = 4


class FakeTeacher:
    """Its answer depends on a request's seed alone, and some answers take longer than others.

    ``asked`` has the seeds of all requests, ``answered`` those of the answers. ``frugal`` divides
    the tokens that an answer uses. ``wait`` is the unit of waiting, in seconds.
    """

    model, chat_opening, end_token_id = "fake", "", 2
    base_url, key_env, timeout = "http://127.0.0.1:1/v1", "FAKE_KEY", 1.0
    cost = Endpoint.cost

    def __init__(self, parallel=1, price=0.0, frugal=1, wait=0.001):
        self.parallel, self.price_in, self.price_out = parallel, price, price
        self.frugal, self.wait = frugal, wait
        self.asked, self.answered = [], []

    @contextlib.asynccontextmanager
    async def async_client(self, **_):
        chat = SimpleNamespace(completions=SimpleNamespace(create=self._write_list))
        yield SimpleNamespace(completions=SimpleNamespace(create=self._continue), chat=chat)

    async def _continue(self, *, prompt, seed, max_tokens, **_):
        rng = random.Random(seed - 1 if seed % 5 == 4 else seed)  # one in five repeats another
        asked = words(rng, 6)
        if not prompt.endswith("<|im_start|>assistant\n"):
            self.asked.append(seed)
            await asyncio.sleep(self.wait * (seed * 7 % 5))
            finish = "length" if seed % 7 == 3 else "stop"
            if finish == "length":
                self.answered.append(seed)
            return self._reply({"text": f" {asked}."}, finish, max_tokens)
        self.answered.append(seed)
        text = "" if seed % 6 == 5 else words(rng, 9)
        return self._reply({"text": text}, "stop", max_tokens)

    async def _write_list(self, *, messages, seed, max_tokens, **_):
        self.asked.append(seed)
        assert messages[-1]["content"].endswith(f"{START}. Instruction:")
        rng = random.Random(seed)
        tasks = [{**RIVER, "instruction": words(rng, 6), "output": words(rng, 9)} for _ in "abc"]
        message = SimpleNamespace(content=completion(tasks))
        return self._reply({"message": message}, "length", max_tokens)

    def _reply(self, choice, finish, max_tokens):
        usage = SimpleNamespace(
            prompt_tokens=600 // self.frugal,
            completion_tokens=max_tokens // self.frugal,
        )
        return SimpleNamespace(
            choices=[SimpleNamespace(**choice, finish_reason=finish)], usage=usage
        )


class JsonTeacher(FakeTeacher):
    """Answers in JSON, with two tasks and one that has no instruction."""

    async def _write_list(self, *, messages, seed, max_tokens, response_format, **_):
        self.asked.append(seed)
        assert response_format["json_schema"]["schema"]["required"] == ["tasks"]
        assert "JSON" in messages[-1]["content"]
        rng = random.Random(seed)
        tasks = [{**RIVER, "instruction": words(rng, 6), "output": words(rng, 9)} for _ in "ab"]
        text = json.dumps({"tasks": [*tasks, {"instruction": "", "input": "", "output": "x"}]})
        return self._reply({"message": SimpleNamespace(content=text)}, "stop", max_tokens)


def words(rng, count):
    """A text of random words."""
    return " ".join(f"word{n}" for n in rng.sample(range(400), count))


def completion(tasks, between="\n###\n", heading="{}. {}:", no_input="<noinput>"):
    """What a model writes after a prompt that ends in ``4. Instruction:``."""
    texts = []
    for number, task in enumerate(tasks, START):
        given = task["input"] or no_input
        texts.append(
            f"{heading.format(number, 'Instruction')} {task['instruction']}\n"
            f"{heading.format(number, 'Input')}\n{given}\n"
            f"{heading.format(number, 'Output')}\n{task['output']}"
        )
    return between.join(texts).removeprefix(heading.format(START, "Instruction"))
