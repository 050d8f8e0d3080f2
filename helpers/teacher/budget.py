"""A cap on money and tokens that holds: nothing is sent that could pass it, retries included.

Each try sets the most that it could cost aside, and gives back what it did not use. A try that got
no answer may have been charged all the same, so it counts at its most, in this process and, through
a file that is written before the try is sent, in every later one.
"""

import asyncio
from collections import Counter
from pathlib import Path

from helpers.io import append_jsonl, read_jsonl
from helpers.teacher.endpoint import Endpoint
from helpers.teacher.request_parameters import most_tokens_out

Tokens = tuple[int, int]  # in and out


def charged(usage: list[int | None], most: Tokens) -> Tokens:
    """What a reply is charged with: its count, or the ``most`` where that is not to be believed."""
    return tuple(limit if used is None else used for used, limit in zip(usage, most, strict=True))


class CapReached(RuntimeError):
    """The next try could have passed the ``cap`` on "money" or "token"s."""

    def __init__(self, words: str, cap: str):
        super().__init__(words)
        self.cap = cap


class Budget:
    """What was spent, what is set aside for tries on their way, and what may not be passed.

    ``max_dollars`` is US dollars, ``max_tokens`` tokens in and out together (None: no cap).
    ``dollars`` and ``tokens`` are spent, by answers and by ``lost`` tries; ``held`` counts tries on
    their way, ``waiting`` those that wait for room.
    """

    def __init__(self, endpoint: Endpoint, max_dollars: float, max_tokens: int | None = None):
        self.endpoint, self.max_dollars, self.max_tokens = endpoint, max_dollars, max_tokens
        self.dollars, self.tokens, self.lost = 0.0, 0, 0
        self.aside: Counter[Tokens] = Counter()
        self.waiting = 0

    @property
    def held(self) -> int:
        """How many tries are on their way."""
        return self.aside.total()

    def spend(self, used: Tokens, *, price: float = 1.0) -> None:
        """Count tokens in and out as spent; ``price`` is the share of the list price charged."""
        self.dollars += price * self.endpoint.cost(*used)
        self.tokens += sum(used)

    def lose(self, most: Tokens, tries: int = 1) -> None:
        """Count tries without an answer as spent, at the most they could cost."""
        self.dollars += tries * self.endpoint.cost(*most)
        self.tokens += tries * sum(most)
        self.lost += tries

    def hold(self, most: Tokens) -> None:
        """Set the most that one try could cost aside."""
        self.aside[most] += 1

    def release(self, most: Tokens) -> None:
        """Give back what a try had set aside, before it is counted as spent or lost."""
        self.aside[most] -= 1

    def over(self, most: Tokens) -> str | None:
        """Which cap another try of ``most`` could pass, "money" or "token"; None for none."""
        dollars, tokens = self._with(most)
        # A sum of many small floats may be above its own total by its last bits.
        if dollars > self.max_dollars * (1 + 1e-12):
            return "money"
        return "token" if self.max_tokens is not None and tokens > self.max_tokens else None

    def _with(self, most: Tokens) -> tuple[float, int]:
        """Dollars and tokens if everything on its way, and another try, cost their most."""
        coming = [*self.aside.items(), (most, 1)]
        dollars = self.dollars + sum(n * self.endpoint.cost(*each) for each, n in coming)
        return dollars, self.tokens + sum(n * sum(each) for each, n in coming)

    async def wait_for_room(self, most: Tokens) -> None:
        """Set a try aside as soon as it fits; raise CapReached if no try on its way can make room.

        The error names the cap and what to do.
        """
        self.waiting += 1
        try:
            while over := self.over(most):
                if not self.held:
                    raise CapReached(self._words(over, most), over)
                await asyncio.sleep(0.02)
        finally:
            self.waiting -= 1
        self.hold(most)

    def _words(self, over: str, most: Tokens) -> str:
        dollars, tokens = self._with(most)
        coming = f"the tokens to {tokens:,}, above max_tokens={self.max_tokens}"
        if over == "money":
            coming = f"the bill to {dollars:.4f} dollars, above max_dollars={self.max_dollars:.4f}"
        return f"the next try could bring {coming}"


class Tries:
    """The file that knows which tries may have been charged, across restarts and kills.

    A row is written before each try is sent, and another if it turns out to be free: the server
    refused it, or was never reached. What remains, less the tries of answers that arrived, may have
    been paid for nothing.
    """

    def __init__(self, path: Path):
        self.path, self.sent, self.most = path, Counter(), {}
        for row in read_jsonl(path, torn_tail_ok=True) if path.exists() else []:
            self.sent[row["request"]] += -1 if row.get("free") else 1
            if "most" in row:
                self.most[row["request"]] = tuple(row["most"])

    def send(self, request: int | str, most: Tokens) -> None:
        """Note a try that is about to be sent, and what it may take at the most."""
        append_jsonl(self.path, [{"request": request, "most": most}])
        self.sent[request] += 1

    def free(self, request: int | str) -> None:
        """Note that one try of a request cost nothing."""
        append_jsonl(self.path, [{"request": request, "free": True}])
        self.sent[request] -= 1

    def charge_lost(self, budget: Budget, answered: dict[int | str, int]) -> None:
        """Charge a budget with the tries sent in vain; ``answered`` has those each answer took."""
        for request, sent in self.sent.items():
            budget.lose(self.most[request], max(0, sent - answered.get(request, 0)))


class Meter:
    """The budget and the tries of one request, as ``send_with_retries`` calls them.

    ``most`` is what a try may take at most, in tokens in and out; the first is already held.
    """

    def __init__(self, request: int | str, most: Tokens, budget: Budget, tries: Tries):
        self.request, self.most, self.budget, self.tries = request, most, budget, tries

    async def before(self, again: bool, sent: dict) -> None:
        """Wait until the budget has room for another try, and note that it is sent.

        Where the body that is ``sent`` allows a longer reply than was held, more is held.
        """
        most = (self.most[0], max(self.most[1], most_tokens_out(sent)))
        if most != self.most and not again:
            self.budget.release(self.most)
            again = True
        self.most = most
        if again:
            await self.budget.wait_for_room(self.most)
        self.tries.send(self.request, self.most)

    def failed(self, lost: bool) -> None:
        """End a try without an answer: spent if it is ``lost``, else free."""
        self.budget.release(self.most)
        if lost:
            self.budget.lose(self.most)
        else:
            self.tries.free(self.request)

    def answered(self, used: Tokens) -> None:
        """End the last try of a request with what its answer used."""
        self.budget.release(self.most)
        self.budget.spend(used)
