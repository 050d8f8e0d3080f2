"""Read a bound from a refusal: "must be between 0 and 5", "4096 is the maximum", "at least 16".

A refused number is larger than its upper bound, so only smaller numbers of the message can be the
bound. The largest of them is taken. If that number is not the bound, the server refuses again, and
the next smaller one is tried. An upper bound found in this way never raises the cost of a reply.
"""

import re

_NUMBER = r"(?<![\w.])(\d+(?:\.\d+)?)(?![\w]|\.\d)"
_OF_A_BOUND = re.compile(
    r"max|limit|range|exceed|too (?:large|high|big|long|many)|greater|larger|higher|bigger|"
    r"more than|less|lower|smaller|fewer|at most|up to|between|above|below|under|within|beyond|"
    r"capped|[<>≤≥]|[\[(]\s*\d[^\])]*\d\s*[\])]|超|最大|上限|范围|区间|小于|大于|최대|이하|초과|범위",
    re.I | re.A,
)
_BELOW = re.compile(
    rf"(?:<(?!=)|(?:less|lower|smaller|fewer) than(?! or equal)|below|under|小于(?!等于))"
    rf"\W*{_NUMBER}|{_NUMBER}\s*\(exclusive|{_NUMBER}\s*(?:미만)",
    re.I | re.A,
)
_RANGE = re.compile(
    r"(?<![\w.-])(\d+(?:\.\d+)?)\s*(?:\(\w+\)\s*)?"
    r"(?:,|and|to|through|\.{2,3}|[-–—~〜…]|至|到|에서)\s*(\d+(?:\.\d+)?)"
    r"(?![\w-]|\.\d)\s*(\)|\(exclusive)?",
    re.I | re.A,
)
_AT_MOST = re.compile(
    r"(?:<=|≤|at most|up to|max\w*|limit\w*|exceed\w*|than|than or equal to|超过|最大|上限|최대)"
    rf"[^\d]{{0,12}}?{_NUMBER}",
    re.I | re.A,
)
_AT_LEAST = re.compile(
    r"(?:>=|≥|at least|minimum|(?:greater|larger|more|higher) than or equal to|"
    r"(?:not|no|never)(?: be)? (?:less|lower|smaller|fewer) than|大于等于|不小于|最小|최소)"
    rf"[^\d]{{0,30}}?{_NUMBER}|{_NUMBER}\s*(?:or (?:more|greater|higher)|이상)",
    re.I | re.A,
)
_ABOVE = re.compile(
    rf"(?:>(?!=)|(?:greater|larger|more|higher) than(?! or equal))\W*{_NUMBER}", re.I | re.A
)
# A limit on prompt and reply together depends on the prompt, so it is no bound for other prompts.
_CONTEXT = re.compile(r"context[ _-]?(?:length|window|limit|size)", re.I | re.A)
_PROMPT = re.compile(r"\b(?:input|prompt|messages?|requested)\b", re.I | re.A)


def speaks_of_a_bound(message: str) -> bool:
    """Whether a message speaks of a value that is too large or too small."""
    return bool(
        _OF_A_BOUND.search(message) or re.search(r"too (?:small|low|short)|minimum|least", message)
    )


def names_a_range(message: str) -> bool:
    """Whether a message holds two numbers as ends of a range."""
    return any(float(low) < float(high) for low, high, _ in _RANGE.findall(message))


def depends_on_the_prompt(message: str) -> bool:
    """Whether a message says that this prompt and its reply do not fit into the context."""
    return bool(_CONTEXT.search(message) and _PROMPT.search(message))


def upper_bound(message: str, value: float, *, is_count: bool, may_be_small: bool) -> float | None:
    """The largest number below ``value`` that a message may mean as its bound, or None.

    For a count, "less than 5" means 4. Unless the bound ``may_be_small``, a number below 16 is
    used only directly after words such as "at most", or as the end of a range.
    """
    message = _with_plain_numbers(message)
    excluded = {float(next(filter(None, m.groups()))) for m in _BELOW.finditer(message)}
    range_ends: set[float] = set()
    for low, high, mark in _RANGE.findall(message):
        is_open = mark == ")" and re.search(rf"[\[(]\s*{re.escape(low)}\s*,", message)
        if float(low) < float(high):
            (excluded if is_open or mark.startswith("(") else range_ends).add(float(high))
    sure = {float(n) for n in _AT_MOST.findall(message)} | range_ends
    others = {float(n) for n in re.findall(rf"(?<![-/<]){_NUMBER}(?![-/>])", message, re.A)}
    found = {n for n in sure | others if may_be_small or n >= 16 or n in sure} - excluded
    step = 1 if is_count else 0.01
    found |= {n - step for n in excluded}
    return max((n for n in found if 0 < n < value), default=None)


def lower_bound(message: str, value: float) -> int | None:
    """The smallest whole number above ``value`` that a message names as a minimum, or None."""
    message = _with_plain_numbers(message)
    found = {float(a or b) for a, b in _AT_LEAST.findall(message)}
    found |= {float(n) + 1 for n in _ABOVE.findall(message)}
    found |= {float(low) for low, high, _ in _RANGE.findall(message) if float(low) < float(high)}
    return min((int(n) for n in found if n > value), default=None)


def _with_plain_numbers(message: str) -> str:
    """A message in which ``4,096``, ``8k`` and quoted numbers are written as plain numbers."""
    message = re.sub(r"<\d+>", " ", message)  # DashScope's messages begin with the status
    message = re.sub(r"[\[(]\s*(\d+),(\d+)\s*(?=[\])])", r"[\1, \2", message)
    message = re.sub(
        r"\b[1-9]\d{0,2}(?:[,_]\d{3})+\b(?!\.\d)", lambda m: re.sub("[,_]", "", m[0]), message
    )
    message = re.sub(r"[`'\"‘’“”*]+(\d+(?:\.\d+)?)[`'\"‘’“”*]+", r" \1 ", message)
    return re.sub(r"(?<![\w.])(\d+)[kK]\b", lambda m: str(int(m[1]) * 1000), message)
