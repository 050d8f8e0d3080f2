"""A cap on dollars and tokens that also holds for retries, lost tries and restarts.

A *try* is one attempt to send a request. Before each try, the most that it could cost is reserved;
what the try did not use is released when it ends. A try without an answer may have been charged all
the same, so it counts as spent in full. A row on disk, written before each try, makes later
processes count it too.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from helpers.io import append_jsonl, read_jsonl
from helpers.teacher.endpoint import Endpoint
from helpers.teacher.request_parameters import most_tokens_out

Tokens = tuple[int, int]  # in and out
RequestId = int | str  # the number of a request for tasks, or the key of a cached call


def charged_tokens(usage: Sequence[int | None], most: Tokens) -> Tokens:
    """The tokens in and out to charge for a reply: its ``usage``, or ``most`` where that is None.

    ``usage`` is None for a count that is missing or cannot be true (:func:`replies.usage_of`).
    """
    tokens_in, tokens_out = usage
    return (
        most[0] if tokens_in is None else tokens_in,
        most[1] if tokens_out is None else tokens_out,
    )


class CapReached(RuntimeError):
    """The next try could exceed a cap; ``cap`` is "money" or "token"."""

    def __init__(self, message: str, cap: str) -> None:
        super().__init__(message)
        self.cap = cap


class Budget:
    """What was spent, what is reserved for tries in flight, and the caps on both together.

    ``max_dollars`` is US dollars, ``max_tokens`` tokens in and out together (None: no cap).
    ``dollars`` and ``tokens`` were spent, by answers and by ``lost`` tries. ``waiting`` counts the
    tries that wait until they fit under the caps.
    """

    def __init__(
        self, endpoint: Endpoint, max_dollars: float, max_tokens: int | None = None
    ) -> None:
        self.endpoint, self.max_dollars, self.max_tokens = endpoint, max_dollars, max_tokens
        self.dollars, self.tokens, self.lost = 0.0, 0, 0
        self.reserved: Counter[Tokens] = Counter()  # how many tries reserve so many tokens
        self.waiting = 0

    def spend(self, used: Tokens, *, price: float = 1.0) -> None:
        """Count tokens in and out as spent; ``price`` is the share of the list price charged."""
        self.dollars += price * self.endpoint.cost(*used)
        self.tokens += sum(used)

    def count_lost(self, most: Tokens, tries: int = 1) -> None:
        """Count tries without an answer as spent, each at ``most`` tokens in and out."""
        self.dollars += tries * self.endpoint.cost(*most)
        self.tokens += tries * sum(most)
        self.lost += tries

    def reserve(self, most: Tokens) -> None:
        """Reserve the most that one try could use."""
        self.reserved[most] += 1

    def release(self, most: Tokens) -> None:
        """Release what a try had reserved, before it is counted as spent or lost."""
        self.reserved[most] -= 1

    def cap_exceeded_by(self, most: Tokens) -> str | None:
        """The cap that another try of ``most`` tokens could exceed: "money", "token" or None."""
        dollars, tokens = self._highest_total(most)
        # The last bits of a sum of many small floats can lie above the true total.
        if dollars > self.max_dollars * (1 + 1e-12):
            return "money"
        return "token" if self.max_tokens is not None and tokens > self.max_tokens else None

    def _highest_total(self, most: Tokens) -> tuple[float, int]:
        """Dollars and tokens if all tries in flight, and one more of ``most``, cost in full."""
        tries = [*self.reserved.items(), (most, 1)]
        dollars = self.dollars + sum(n * self.endpoint.cost(*each) for each, n in tries)
        return dollars, self.tokens + sum(n * sum(each) for each, n in tries)

    async def wait_for_room(self, most: Tokens) -> None:
        """Wait until a try of ``most`` tokens fits under the caps, and reserve it.

        Raises CapReached, naming the cap, if it does not fit and nothing in flight could still
        release tokens.
        """
        self.waiting += 1
        try:
            while cap := self.cap_exceeded_by(most):
                if not self.reserved.total():
                    raise CapReached(self._over_cap(cap, most), cap)
                await asyncio.sleep(0.02)
        finally:
            self.waiting -= 1
        self.reserve(most)

    def _over_cap(self, cap: str, most: Tokens) -> str:
        """The message of CapReached."""
        dollars, tokens = self._highest_total(most)
        total = f"the tokens to {tokens:,}, above max_tokens={self.max_tokens}"
        if cap == "money":
            total = f"the bill to {dollars:.4f} dollars, above max_dollars={self.max_dollars:.4f}"
        return f"the next try could bring {total}"


class Tries:
    """A file of all tries that were sent, so that lost ones count after a restart or kill.

    A row is written before each try is sent. A second row follows if the try was free, because the
    server refused it or was never reached. Tries that were neither free nor answered are lost:
    the provider may have charged them.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sent: Counter[RequestId] = Counter()  # tries that may be charged, for each request
        self.most: dict[RequestId, Tokens] = {}
        for row in read_jsonl(path, torn_tail_ok=True) if path.exists() else []:
            self.sent[row["request"]] += -1 if row.get("free") else 1
            if "most" in row:
                tokens_in, tokens_out = row["most"]
                self.most[row["request"]] = (tokens_in, tokens_out)

    def add_sent(self, request: RequestId, most: Tokens) -> None:
        """Record a try that is about to be sent, and the most tokens that it may use."""
        append_jsonl(self.path, [{"request": request, "most": most}])
        self.sent[request] += 1

    def add_free(self, request: RequestId) -> None:
        """Record that one try of a request cost nothing."""
        append_jsonl(self.path, [{"request": request, "free": True}])
        self.sent[request] -= 1

    def charge_lost(self, budget: Budget, answered: Mapping[RequestId, int]) -> None:
        """Charge a budget with the lost tries.

        ``answered`` maps each answered request to the number of tries that its answer accounts for.
        """
        for request, sent in self.sent.items():
            budget.count_lost(self.most[request], max(0, sent - answered.get(request, 0)))


class RequestCharges:
    """Charges the tries of one request; ``send_with_retries`` calls ``before`` and ``failed``.

    ``most`` is the most tokens, in and out, that a try may use. The caller has reserved them for
    the first try.
    """

    def __init__(self, request: RequestId, most: Tokens, budget: Budget, tries: Tries) -> None:
        self.request, self.most, self.budget, self.tries = request, most, budget, tries

    async def before(self, again: bool, sent: dict[str, Any]) -> None:
        """Reserve a try, waiting until it fits, and record that it is sent.

        ``again`` is False for the first try only. If the body ``sent`` allows a longer reply than
        was reserved, the larger number is reserved.
        """
        most = (self.most[0], max(self.most[1], most_tokens_out(sent)))
        if most != self.most and not again:
            self.budget.release(self.most)
            again = True
        self.most = most
        if again:
            await self.budget.wait_for_room(self.most)
        self.tries.add_sent(self.request, self.most)

    def failed(self, lost: bool) -> None:
        """End a try without an answer: charged in full if it is ``lost``, otherwise free."""
        self.budget.release(self.most)
        if lost:
            self.budget.count_lost(self.most)
        else:
            self.tries.add_free(self.request)

    def answered(self, used: Tokens) -> None:
        """End the last try of a request with the tokens that its answer used."""
        self.budget.release(self.most)
        self.budget.spend(used)
