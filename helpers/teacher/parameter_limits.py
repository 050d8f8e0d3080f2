"""The bound that a refusal names: "must be between 0 and 5", "4096 is the maximum", "at least 16".

A refused number is larger than its bound, so of the numbers in a message only those below it can be
the bound. The largest of them is taken: where that is some other number, the server refuses once
more, and the next is found. A bound that is read can therefore never be too small for long, nor can
it raise what a reply may cost.
"""

import re

_N = r"(?<![\w.])(\d+(?:\.\d+)?)(?![\w]|\.\d)"
_ABOUT = re.compile(
    r"max|limit|range|exceed|too (?:large|high|big|long|many)|greater|larger|higher|bigger|"
    r"more than|less|lower|smaller|fewer|at most|up to|between|above|below|under|within|beyond|"
    r"capped|[<>≤≥]|[\[(]\s*\d[^\])]*\d\s*[\])]|超|最大|上限|范围|区间|小于|大于|최대|이하|초과|범위",
    re.I | re.A,
)
_BELOW = re.compile(
    rf"(?:<(?!=)|(?:less|lower|smaller|fewer) than(?! or equal)|below|under|小于(?!等于))\W*{_N}"
    rf"|{_N}\s*\(exclusive|{_N}\s*(?:미만)",
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
    rf"[^\d]{{0,12}}?{_N}",
    re.I | re.A,
)
_AT_LEAST = re.compile(
    r"(?:>=|≥|at least|minimum|(?:greater|larger|more|higher) than or equal to|"
    r"(?:not|no|never)(?: be)? (?:less|lower|smaller|fewer) than|大于等于|不小于|最小|최소)"
    rf"[^\d]{{0,30}}?{_N}|{_N}\s*(?:or (?:more|greater|higher)|이상)",
    re.I | re.A,
)
_ABOVE = re.compile(
    rf"(?:>(?!=)|(?:greater|larger|more|higher) than(?! or equal))\W*{_N}", re.I | re.A
)
# How much room a prompt leaves in a context is no bound that holds for other prompts.
_ROOM = re.compile(r"context[ _-]?(?:length|window|limit|size)", re.I | re.A)
_PROMPT = re.compile(r"\b(?:input|prompt|messages?|requested)\b", re.I | re.A)


def speaks_of_a_bound(said: str) -> bool:
    """Whether a message speaks of a value that is too large or too small."""
    return bool(_ABOUT.search(said) or re.search(r"too (?:small|low|short)|minimum|least", said))


def names_a_range(said: str) -> bool:
    """Whether a message holds two numbers as ends of a range."""
    return any(float(low) < float(high) for low, high, _ in _RANGE.findall(said))


def depends_on_the_prompt(said: str) -> bool:
    """Whether a message says that this prompt and its reply do not fit into the context."""
    return bool(_ROOM.search(said) and _PROMPT.search(said))


def upper_bound(said: str, value: float, *, whole: bool, small: bool) -> float | None:
    """The largest number below ``value`` that a message may mean as its bound, or None.

    ``whole`` is for counts: "less than 5" is 4 then. Where a ``small`` bound is not to be expected,
    a number below 16 counts only right behind words such as "at most", or as the end of a range.
    """
    said = _with_plain_numbers(said)
    step = 1 if whole else 0.01
    below = {float(next(filter(None, m.groups()))) for m in _BELOW.finditer(said)}
    ends = set()
    for low, high, mark in _RANGE.findall(said):
        is_open = mark == ")" and re.search(rf"[\[(]\s*{re.escape(low)}\s*,", said)
        if float(low) < float(high):
            (below if is_open or mark.startswith("(") else ends).add(float(high))
    sure = {float(n) for n in _AT_MOST.findall(said)} | ends
    other = {float(n) for n in re.findall(rf"(?<![-/<]){_N}(?![-/>])", said, re.A)}
    found = {n for n in sure | other if small or n >= 16 or n in sure} - below
    found |= {n - step for n in below}
    return max((n for n in found if 0 < n < value), default=None)


def lower_bound(said: str, value: float) -> int | None:
    """The whole number above ``value`` that a message says is needed at least, or None."""
    said = _with_plain_numbers(said)
    found = {float(a or b) for a, b in _AT_LEAST.findall(said)}
    found |= {float(n) + 1 for n in _ABOVE.findall(said)}
    found |= {float(low) for low, high, _ in _RANGE.findall(said) if float(low) < float(high)}
    return min((int(n) for n in found if n > value), default=None)


def _with_plain_numbers(said: str) -> str:
    """A message in which ``4,096``, ``8k`` and quoted numbers stand as plain ones."""
    said = re.sub(r"<\d+>", " ", said)  # DashScope begins with the status
    said = re.sub(r"[\[(]\s*(\d+),(\d+)\s*(?=[\])])", r"[\1, \2", said)
    said = re.sub(
        r"\b[1-9]\d{0,2}(?:[,_]\d{3})+\b(?!\.\d)", lambda m: re.sub("[,_]", "", m[0]), said
    )
    said = re.sub(r"[`'\"‘’“”*]+(\d+(?:\.\d+)?)[`'\"‘’“”*]+", r" \1 ", said)
    return re.sub(r"(?<![\w.])(\d+)[kK]\b", lambda m: str(int(m[1]) * 1000), said)
