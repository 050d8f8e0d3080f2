"""The exercises of lesson 6: may someone else use it?"""

import math
import re
from functools import cache

from helpers.course.checks.wrong import Wrong
from helpers.io import read_jsonl
from helpers.release.guard import SENTENCES, detection_rates, local_guard
from helpers.run import open_run
from helpers.similarity import RougeIndex

EXERCISES = ("worth_by_hand", "blocked_sentence", "false_alarms", "may_sell", "card_line")


def _rows(counts):
    """Rows and what was stopped, from ``{(harmful, stopped): how many}``."""
    pairs = [pair for pair, many in counts.items() for _ in range(many)]
    rows = [{"harmful": harmful, "language": "en"} for harmful, _ in pairs]
    return rows, [stopped for _, stopped in pairs]


_ALL = ("precision", "recall", "false_alarms")
_UNEVEN = _rows({(True, True): 6, (True, False): 4, (False, True): 2, (False, False): 28})
_SLIPS = {  # what comes of the uneven case where two shares are mixed up
    "precision": {
        0.6: "that is the recall: of what was harmful, how much was stopped. Turn it round.",
        0.2: "of all texts, 0.2 were stopped; how many of those were harmful?",
        0.15: "six of forty is out of all texts; precision is out of those that were stopped.",
        0.85: "0.85 is the share of right decisions; a guard that stops nothing has 0.75 here.",
    },
    "recall": {
        0.75: "that is the precision: of what was stopped, how much was harmful. Turn it round.",
        0.15: "six of forty is out of all texts; recall is out of those that are harmful.",
        0.4: "0.4 of the harmful ones got through; recall counts those that did not.",
    },
    "false_alarms": {
        0.25: "two of eight is out of what was stopped; ask the harmless ones instead.",
        0.05: "two of forty is out of all texts; false alarms are out of the harmless ones.",
        28 / 30: "28 of 30 harmless texts got through; false alarms are the others.",
    },
}


def worth_by_hand(answer):
    """``answer(rows, stopped)`` is a dict of precision, recall and false alarms; None if empty."""
    found = answer(*_UNEVEN)
    if not isinstance(found, dict) or set(found) != set(_ALL):
        raise Wrong(f"the answer is a dict with the keys {', '.join(_ALL)}.")
    for key, value in (("precision", 6 / 8), ("recall", 6 / 10), ("false_alarms", 2 / 30)):
        given = found[key]
        if given is None or abs(given - value) > 1e-9:
            slip = next((w for v, w in _SLIPS[key].items() if given and abs(given - v) < 1e-9), "")
            raise Wrong(f"{key}: {slip or f'{given} instead of {value:.3f}.'}")
    for counts, empty, why in (
        ({(True, False): 3, (False, False): 3}, "precision", "nothing was stopped"),
        ({(False, True): 1, (False, False): 3}, "recall", "nothing is harmful"),
        ({(True, True): 2, (True, False): 1}, "false_alarms", "nothing is harmless"),
    ):
        try:
            given = answer(*_rows(counts))
        except ZeroDivisionError:
            given = {empty: "a division by zero"}
        if given[empty] is not None:
            raise Wrong(f"where {why} there is no {empty}: None, and yours is {given[empty]}.")
        oracle = detection_rates(*_rows(counts))["all"]
        if any((oracle[key] is None) != (given[key] is None) for key in _ALL):
            raise Wrong(f"where {why} the other shares are still there; only {empty} is None.")
    return "A guard that stops everything has a recall of 1, and nobody can use the demo."


@cache
def _guard():
    """The local guard, with the cache of the learner's runs."""
    return local_guard(open_run().cache)


@cache
def _labelled():
    rows = read_jsonl(SENTENCES)
    return RougeIndex([row["text"] for row in rows], threshold=0.7)


def blocked_sentence(answer):
    """A harmless sentence of the learner's own that the local guard stops."""
    if not isinstance(answer, str):
        raise Wrong("the answer is a sentence, in quotes.")
    text = answer.strip()
    if len(re.findall(r"\w+", text)) < 3:
        raise Wrong("that is no sentence yet: three words or more.")
    if len(text) > 200:
        raise Wrong("one sentence is enough: in a long text nobody sees what it stumbled over.")
    near = _labelled().nearest(text, 1)[0]
    if near[0] > 0.7:
        raise Wrong(f"that is nearly one of the labelled sentences ({near[1]!r}): find your own.")
    ruling = _guard()(text)
    if not ruling.blocked:
        raise Wrong(
            f"it got through, with {ruling.score:.2f}; it is stopped from 0.50 on. Which words "
            "does it share with a threat or an insult?"
        )
    return (
        f"Stopped, with {ruling.score:.2f}. Whether it is harmless no program can check: read it "
        "to a neighbour. If both of you find nothing in it, you have a false alarm."
    )


def _over(pairs, threshold, least=0):
    """Chance that a text without the watermark has a z above the threshold (or from it on)."""
    spread = math.sqrt(pairs * 0.25 * 0.75)
    return sum(
        math.comb(pairs, k) * 0.25**k * 0.75 ** (pairs - k)
        for k in range(pairs + 1)
        if (k - pairs * 0.25) / spread > threshold - least
    )


def false_alarms(answer):
    """``answer(pairs, threshold, texts)``: texts by people above the threshold, on average."""
    given, right = answer(60, 4, 1_000_000), 1e6 * _over(60, 4)

    def near(value):
        return abs(given - value) < 0.02 * value

    if given is None:
        raise Wrong("nothing came back; is there a return?")
    if near(right / 1e6):
        raise Wrong("that is the chance of one text; how many of all the texts is that?")
    if near(1e6 * 0.5 * math.erfc(4 / math.sqrt(2))):
        raise Wrong(
            "32 is what a bell curve says; counts of green pairs are whole and lean to one side. "
            "Add up the chances of each count."
        )
    if near(1e6 * math.erfc(4 / math.sqrt(2))):
        raise Wrong("63 is a bell curve's both sides; a text is accused only for too much green.")
    if near(1e6 * math.comb(60, 29) * 0.25**29 * 0.75**31):
        raise Wrong("that is the chance of exactly 29 green pairs; more than that alarm as well.")
    if near(1e6 * sum(math.comb(60, k) / 2**60 for k in range(31, 61) if (k - 30) / 15**0.5 > 4)):
        raise Wrong("a quarter of the vocabulary is green, not a half.")
    if not near(right):
        raise Wrong(f"for 60 pairs and z > 4 it is {right:.1f} of a million, not {given:.1f}.")
    touching = answer(48, 4, 1000)  # 24 green pairs have a z of 4
    if abs(touching - 1000 * _over(48, 4, least=1e-9)) < 1e-6:
        raise Wrong("a z of just 4 is not above 4: with 48 pairs, 24 green ones are no alarm.")
    for case in ((20, 4, 1e6), (120, 3, 1000), (48, 4, 1000)):
        if abs(answer(*case) - case[2] * _over(*case[:2])) > 1e-3 * case[2] * _over(*case[:2]):
            raise Wrong(f"for {case[0]} pairs and z > {case[1]} it is off; is 60 or 4 built in?")
    return (
        f"With 20 pairs it is {1e6 * _over(20, 4):.0f} of a million and with 12 pairs "
        f"{1e6 * _over(12, 4):.0f}: counts are whole, so the line has teeth."
    )


_CHAINS = (
    ([("base", True), ("teacher", False), ("seeds", True)], ("no", ["teacher"])),
    ([("base", True), ("teacher", True)], ("yes", [])),
    ([("base", None), ("teacher", True)], ("unknown", ["base"])),
    ([("base", None), ("teacher", False)], ("no", ["teacher"])),
    ([("base", False), ("teacher", False), ("seeds", None)], ("no", ["base", "teacher"])),
    ([("base", None), ("teacher", True), ("seeds", None)], ("unknown", ["base", "seeds"])),
)


def may_sell(answer):
    """``answer(links)`` is ``("yes", "no" or "unknown", the parts that decide it)``."""
    given = [answer(list(links)) for links, _ in _CHAINS]
    for found in given:
        if not isinstance(found, (tuple, list)) or len(found) != 2:
            raise Wrong('the answer has two parts: a word, and a list, as in ("no", ["teacher"]).')
    words, parts = [g[0] for g in given], [list(g[1]) for g in given]
    if words[0] == "yes":
        raise Wrong("the teacher forbids it, and one clause is enough: no majority of links helps.")
    if words[2] == "yes":
        raise Wrong("what nobody has read allows nothing: an unknown link makes it unknown.")
    if words[2] == "no":
        raise Wrong("unknown is not forbidden either; the way out is to read it, so say unknown.")
    if words[3] != "no":
        raise Wrong("a clause that forbids decides, whatever else is still unread.")
    if words[1] != "yes":
        raise Wrong("where every link allows it, the answer is yes.")
    if parts[4] == ["base"]:
        raise Wrong("both the base and the teacher forbid it: name every part that decides.")
    if "seeds" in parts[4]:
        raise Wrong("the seeds are unknown there; they are not what forbids it.")
    for (links, right), found in zip(_CHAINS, given, strict=True):
        if (found[0], list(found[1])) != right:
            raise Wrong(f"for {links} it is {right}, not {found}.")
    return "A model is as free as the strictest thing it was made of."


_MEASURED = {"value": 0.86, "low": 0.79, "high": 0.93, "of": 100}
_NEVER = {"value": 0.0, "low": 0.0, "high": 0.24, "of": 12}


def card_line(answer):
    """``answer(name, found)`` is a line of a model card, with its interval, or *not measured*."""
    line, nothing = answer("stops by itself", _MEASURED), answer("stops by itself", None)
    for told in (line, nothing):
        if not isinstance(told, str):
            raise Wrong("the answer is a text in both cases, also where nothing was measured.")
    if re.search(r"\d", nothing):
        raise Wrong("a number where nothing was measured is an invention, a zero as well.")
    if "not measured" not in nothing:
        raise Wrong('what no run filled in is named, as "not measured": silence looks like health.')
    if "0.86" not in line:
        raise Wrong("the value itself is missing, with two decimals: 0.86.")
    if "0.79" not in line or "0.93" not in line:
        raise Wrong("the interval is missing: 0.86 alone could be from ten answers or ten million.")
    if "100" not in line:
        raise Wrong("of how many? The number of answers is missing.")
    never = answer("declines", _NEVER)
    if "not measured" in never:
        raise Wrong("0.0 was measured, twelve times: a zero is a result, and not the lack of one.")
    exact = ("stops by itself: 0.86 [0.79, 0.93] of 100", "declines: 0.00 [0.00, 0.24] of 12",
             "stops by itself: not measured")  # fmt: skip
    for given, right in zip((line, never, nothing), exact, strict=True):
        if given != right:
            raise Wrong(f"a card is read by programs, too: {right!r}, and yours is {given!r}.")
    return "Twelve times nothing leaves room for one time in four: the interval says so."
