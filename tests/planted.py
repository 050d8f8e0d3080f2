"""A judge with known faults: a function of the two answers decides each verdict."""

import asyncio
import json
import math
import re
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace

from helpers.evaluation.judge_prompts import judge_message

PAIR = {"request": "\0request\0", "left": "\0a\0", "right": "\0b\0"}


@dataclass
class Planted:
    """A fake endpoint whose client asks ``decide(a, b)`` for each verdict.

    ``decide`` returns ``"A"``, ``"B"``, ``"tie"`` or any other text. With ``letters`` the replies
    have log-probabilities, in which the letter that was decided on has probability ``sure``.
    """

    decide: object
    letters: bool = True
    sure: float = 0.9
    price: float = 0.0
    model: str = "planted"
    base_url: str = "http://127.0.0.1/v1"
    key_env: str = "NO_KEY"
    parallel: int = 4
    timeout: float = 5.0
    bodies: list = field(default_factory=list)

    def cost(self, tokens_in, tokens_out):
        return self.price * (tokens_in + tokens_out)

    @asynccontextmanager
    async def async_client(self, **_):
        yield SimpleNamespace(chat=SimpleNamespace(completions=self))

    async def create(self, **body):
        self.bodies.append(body)
        await asyncio.sleep(0.001)  # lets other calls start
        said = self.decide(*_answers(body["messages"][-1]["content"]))
        text = said
        if "response_format" in body and said in ("A", "B", "tie"):
            text = json.dumps({"reasons": "because", "verdict": said})
        logprobs = None
        if self.letters and body.get("logprobs") and said in ("A", "B"):
            p = self.sure if said == "A" else 1 - self.sure
            tokens = [(" A", p), ("B", 1 - p)]
            top = [SimpleNamespace(token=t, logprob=math.log(q)) for t, q in tokens]
            logprobs = SimpleNamespace(content=[SimpleNamespace(top_logprobs=top)])
        message = SimpleNamespace(content=text)
        choice = SimpleNamespace(message=message, logprobs=logprobs, finish_reason="stop")
        usage = SimpleNamespace(prompt_tokens=10, completion_tokens=1)
        return SimpleNamespace(choices=[choice], usage=usage)


def _answers(text):
    """The two answers in a judge's prompt, of any language and kind."""
    for language in ("en", "ko", "id"):
        for kind in ("letter", "written"):
            pattern = re.escape(judge_message(PAIR, "ab", kind=kind, language=language))
            for name in ("request", "a", "b"):
                pattern = pattern.replace(re.escape(f"\0{name}\0"), f"(?P<{name}>.*)")
            found = re.fullmatch(pattern, text, re.S)
            if found:
                return found["a"], found["b"]
    raise AssertionError(f"found a text that is no prompt of a judge: {text!r}")
