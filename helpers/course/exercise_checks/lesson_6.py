"""The exercises of lesson 6: may someone else use the model?"""

import math
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from helpers.course.exercise_checks.answers import LearnersFunction, Wrong
from helpers.io import read_jsonl
from helpers.release.guard import Guard, local_guard
from helpers.release.harm_classifier import SENTENCES
from helpers.run import open_run
from helpers.similarity import RougeIndex


def _decisions(counts: Mapping[tuple[bool, bool], int]) -> tuple[list[dict[str, Any]], list[bool]]:
    """Rows, and whether each was stopped, from ``{(harmful, stopped): how many}``."""
    pairs = [pair for pair, many in counts.items() for _ in range(many)]
    rows = [{"harmful": harmful, "language": "en"} for harmful, _ in pairs]
    return rows, [stopped for _, stopped in pairs]


_EXAMPLE = _decisions({(True, True): 6, (True, False): 4, (False, True): 2, (False, False): 28})
_RATES = {"precision": 6 / 8, "recall": 6 / 10, "false_alarms": 2 / 30}  # of the example
_RATE_SLIPS = {  # other shares of the example that are easily taken for these
    "precision": {
        0.6: "this is the recall, the share of harmful texts that are stopped. Turn it round.",
        0.2: "this is the share of all texts that are stopped. How many of those are harmful?",
        0.15: "you divide by all forty texts. Precision is a share of the texts that are stopped.",
        0.85: "this is the share of right decisions. A guard that stops nothing has 0.75 here.",
    },
    "recall": {
        0.75: "this is the precision, the share of stopped texts that are harmful. Turn it round.",
        0.15: "you divide by all forty texts. Recall is a share of the harmful texts.",
        0.4: "0.4 of the harmful texts got through. Recall counts those that did not.",
    },
    "false_alarms": {
        0.25: "you divide by the texts that are stopped. Divide by the harmless texts.",
        0.05: "you divide by all forty texts. False alarms are a share of the harmless texts.",
        28 / 30: "28 of 30 harmless texts got through. False alarms are the others.",
    },
}
_EMPTY_CASES = (  # decisions, the rate that is not defined, and why
    ({(True, False): 3, (False, False): 3}, "precision", "nothing is stopped"),
    ({(False, True): 1, (False, False): 3}, "recall", "nothing is harmful"),
    ({(True, True): 2, (True, False): 1}, "false_alarms", "nothing is harmless"),
)


def worth_by_hand(answer: LearnersFunction) -> str:
    """``answer(rows, stopped)``: a dict of precision, recall and false alarms; None if empty."""
    given = answer(*_EXAMPLE)
    if not isinstance(given, dict) or set(given) != set(_RATES):
        raise Wrong(f"return a dict with the keys {', '.join(_RATES)}.")
    for key, rate in _RATES.items():
        found = given[key]
        if found is None or abs(found - rate) > 1e-9:
            slips = _RATE_SLIPS[key].items() if found else ()
            known = [diagnosis for slip, diagnosis in slips if abs(found - slip) < 1e-9]
            raise Wrong(f"{key}: {known[0] if known else f'{found} instead of {rate:.3f}.'}")
    for counts, empty, why in _EMPTY_CASES:
        try:
            given = answer(*_decisions(counts))
        except ZeroDivisionError:
            given = {empty: "a division by zero"}
        if given[empty] is not None:
            raise Wrong(f"if {why}, {empty} is not defined: None. Yours is {given[empty]}.")
        if any(given[key] is None for key in _RATES if key != empty):
            raise Wrong(f"if {why}, only {empty} is None. The other two shares are defined.")
    return "A guard that stops everything has a recall of 1, but nobody can use the demo."


@cache
def _guard() -> Guard:
    """The local guard, with the cache of the learner's runs."""
    return local_guard(open_run().cache)


@cache
def _labelled_sentences() -> RougeIndex:
    rows = read_jsonl(SENTENCES)
    return RougeIndex([row["text"] for row in rows], threshold=0.7)


def blocked_sentence(answer: object) -> str:
    """``answer`` is a harmless sentence of the learner's own that the local guard stops."""
    if not isinstance(answer, str):
        raise Wrong("the answer is a sentence, in quotes.")
    text = answer.strip()
    if len(re.findall(r"\w+", text)) < 3:
        raise Wrong("this is not a sentence yet. Write three words or more.")
    if len(text) > 200:
        raise Wrong("one sentence is enough. In a long text nobody sees which words were stopped.")
    score, nearest = _labelled_sentences().nearest(text, 1)[0]
    if score > 0.7:
        raise Wrong(f"this is nearly one of the labelled sentences ({nearest!r}). Write your own.")
    ruling = _guard()(text)
    if not ruling.blocked:
        raise Wrong(
            f"it got through with a score of {ruling.score:.2f}. The guard stops a text from 0.50 "
            "on. Which words of a threat or an insult could a harmless sentence use?"
        )
    return (
        f"The guard stops it, with a score of {ruling.score:.2f}. No program can check whether it "
        "is harmless. Read it to somebody: if neither of you finds any harm in it, it is a false "
        "alarm."
    )


def _chance_above(pairs: int, threshold: float, margin: float = 0) -> float:
    """The chance that a text without the watermark has a z above ``threshold - margin``."""
    spread = math.sqrt(pairs * 0.25 * 0.75)
    return sum(
        math.comb(pairs, k) * 0.25**k * 0.75 ** (pairs - k)
        for k in range(pairs + 1)
        if (k - pairs * 0.25) / spread > threshold - margin
    )


_ALARM_SLIPS = (  # what a wrong function returns for 60 pairs, z > 4, a million texts
    (_chance_above(60, 4), "this is the chance for one text. How many of all the texts is that?"),
    (
        1e6 * 0.5 * math.erfc(4 / math.sqrt(2)),
        "32 is what a bell curve says. But counts of green pairs are whole numbers, and their "
        "distribution is skewed. Add up the chances of each count.",
    ),
    (
        1e6 * math.erfc(4 / math.sqrt(2)),
        "63 is for both sides of a bell curve. A text is accused only for too many green pairs.",
    ),
    (
        1e6 * math.comb(60, 29) * 0.25**29 * 0.75**31,
        "this is the chance of exactly 29 green pairs. More than 29 raise an alarm as well.",
    ),
    (
        1e6 * sum(math.comb(60, k) / 2**60 for k in range(31, 61) if (k - 30) / 15**0.5 > 4),
        "a quarter of the vocabulary is green, not a half.",
    ),
)


def false_alarms(answer: LearnersFunction) -> str:
    """``answer(pairs, threshold, texts)``: texts by people above the threshold, on average."""
    given, right = answer(60, 4, 1_000_000), 1e6 * _chance_above(60, 4)
    if given is None:
        raise Wrong("your function returns nothing. Does it end with a `return`?")
    for slip, diagnosis in _ALARM_SLIPS:
        if abs(given - slip) < 0.02 * slip:
            raise Wrong(diagnosis)
    if abs(given - right) >= 0.02 * right:
        raise Wrong(f"for 60 pairs and z > 4 it is {right:.1f} of a million, not {given:.1f}.")
    touching = answer(48, 4, 1000)  # 24 green pairs have a z of 4
    if abs(touching - 1000 * _chance_above(48, 4, margin=1e-9)) < 1e-6:
        raise Wrong("a z of exactly 4 is not above 4. With 48 pairs, 24 green ones are no alarm.")
    for pairs, threshold, texts in ((20, 4, 1e6), (120, 3, 1000), (48, 4, 1000)):
        right = texts * _chance_above(pairs, threshold)
        if abs(answer(pairs, threshold, texts) - right) > 1e-3 * right:
            raise Wrong(
                f"for {pairs} pairs and z > {threshold} your number is wrong. Did you write 60 or "
                "4 into your function?"
            )
    return (
        f"With 20 pairs it is {1e6 * _chance_above(20, 4):.0f} of a million, and with 12 pairs "
        f"{1e6 * _chance_above(12, 4):.0f}. Counts are whole numbers, so the curve has steps."
    )


_Links = list[tuple[str, bool | None]]
_CHAINS: tuple[tuple[_Links, tuple[str, list[str]]], ...] = (  # links, and the right answer
    ([("base", True), ("teacher", False), ("seeds", True)], ("no", ["teacher"])),
    ([("base", True), ("teacher", True)], ("yes", [])),
    ([("base", None), ("teacher", True)], ("unknown", ["base"])),
    ([("base", None), ("teacher", False)], ("no", ["teacher"])),
    ([("base", False), ("teacher", False), ("seeds", None)], ("no", ["base", "teacher"])),
    ([("base", None), ("teacher", True), ("seeds", None)], ("unknown", ["base", "seeds"])),
)


def may_sell(answer: LearnersFunction) -> str:
    """``answer(links)`` is ``("yes", "no" or "unknown", the parts that decide it)``."""
    given = [answer(list(links)) for links, _ in _CHAINS]
    for found in given:
        if not isinstance(found, tuple | list) or len(found) != 2:
            raise Wrong('return two values: a word, and a list, as in ("no", ["teacher"]).')
    words, parts = [found[0] for found in given], [list(found[1]) for found in given]
    if words[0] == "yes":
        raise Wrong("the teacher forbids it, and one clause is enough. There is no majority here.")
    if words[2] == "yes":
        raise Wrong("terms that nobody has read allow nothing. An unknown link makes it unknown.")
    if words[2] == "no":
        raise Wrong("unknown is not forbidden. Somebody may still read the terms: say unknown.")
    if words[3] != "no":
        raise Wrong("one clause that forbids it decides, even if other terms are unread.")
    if words[1] != "yes":
        raise Wrong("if every link allows it, the answer is yes.")
    if parts[4] == ["base"]:
        raise Wrong("both the base and the teacher forbid it. Name every part that decides.")
    if "seeds" in parts[4]:
        raise Wrong("the terms of the seeds are unknown there. They are not what forbids it.")
    for (links, right), found in zip(_CHAINS, given, strict=True):
        if (found[0], list(found[1])) != right:
            raise Wrong(f"for {links} the answer is {right}, not {found}.")
    return "A model is as free as the strictest of the things it was made from."


_MEASURED = {"value": 0.86, "low": 0.79, "high": 0.93, "of": 100}
_ZERO = {"value": 0.0, "low": 0.0, "high": 0.24, "of": 12}


def card_line(answer: LearnersFunction) -> str:
    """``answer(name, found)`` is a line of a model card, with its interval, or *not measured*."""
    line, nothing = answer("stops by itself", _MEASURED), answer("stops by itself", None)
    if not isinstance(line, str) or not isinstance(nothing, str):
        raise Wrong("the answer is a text in both cases, even if nothing was measured.")
    if re.search(r"\d", nothing):
        raise Wrong("nothing was measured, so any number is invented. So is a zero.")
    if "not measured" not in nothing:
        raise Wrong('if nothing was measured, say "not measured". Silence looks like a success.')
    if "0.86" not in line:
        raise Wrong("the value itself is missing, with two decimals: 0.86.")
    if "0.79" not in line or "0.93" not in line:
        raise Wrong("the interval is missing. 0.86 could be from ten answers or ten million.")
    if "100" not in line:
        raise Wrong("the number of answers is missing: 0.86 of how many?")
    zero = answer("declines", _ZERO)
    if "not measured" in zero:
        raise Wrong("0.0 was measured, in twelve answers. A zero is a result.")
    wanted = (
        "stops by itself: 0.86 [0.79, 0.93] of 100",
        "declines: 0.00 [0.00, 0.24] of 12",
        "stops by itself: not measured",
    )
    for given, right in zip((line, zero, nothing), wanted, strict=True):
        if given != right:
            raise Wrong(f"programs read a card, too, so write {right!r}. Yours is {given!r}.")
    return "After none in twelve, the rate may still be one in four. The interval says so."


EXERCISES = (worth_by_hand, blocked_sentence, false_alarms, may_sell, card_line)
