"""Estimate what many accepted tasks would cost, from the bill of a few."""

import math
from typing import TypedDict

from helpers.teacher.generation_progress import Bill


class Estimate(TypedDict):
    """What a number of accepted tasks would take: requests, tokens, US dollars and minutes.

    ``from_requests`` is how many filtered answers the estimate rests on. A few give no more than
    an order of magnitude.
    """

    requests: int
    tokens_in: int
    tokens_out: int
    dollars: float
    minutes: float
    from_requests: int


def estimate(bill: Bill, tasks: int, parallel: int = 1) -> Estimate | None:
    """What ``tasks`` accepted tasks would take with ``parallel`` requests in flight.

    Returns None if the bill has no accepted task. Answers that were not filtered yet have brought
    no task, so they do not count. The estimate is low for many tasks: the more are kept, the more
    new ones are dropped as near-duplicates.
    """
    if not bill["accepted"]:
        return None
    times = tasks / bill["accepted"] * bill["sifted"] / bill["requests"]
    return {
        "requests": math.ceil(bill["requests"] * times),
        "tokens_in": math.ceil(bill["tokens_in"] * times),
        "tokens_out": math.ceil(bill["tokens_out"] * times),
        "dollars": bill["dollars"] * times,
        "minutes": bill["seconds"] * times / 60 / parallel,
        "from_requests": bill["sifted"],
    }
