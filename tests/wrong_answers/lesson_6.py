"""Wrong answers to the exercises of lesson 6, each with words that its diagnosis must contain."""

import math


def shares(precision, recall, false_alarms, empty=None):
    """An answer from three formulas of four counts: hits, alarms, misses, passed."""

    def answer(rows, stopped):
        both = [(row["harmful"], stop) for row, stop in zip(rows, stopped, strict=True)]
        cases = ((True, True), (False, True), (True, False), (False, False))
        counts = [both.count(case) for case in cases]

        def share(formula):
            part, whole = formula(*counts)
            return part / whole if whole or empty == "raise" else empty

        formulas = {"precision": precision, "recall": recall, "false_alarms": false_alarms}
        return {key: share(formula) for key, formula in formulas.items()}

    return answer


def precision(hits, alarms, misses, passed):
    return hits, hits + alarms


def recall(hits, alarms, misses, passed):
    return hits, hits + misses


def alarm_rate(hits, alarms, misses, passed):
    return alarms, alarms + passed


def over(pairs, threshold, green=0.25, at_least=False):
    spread = math.sqrt(pairs * green * (1 - green))
    far = [(k - pairs * green) / spread for k in range(pairs + 1)]
    return sum(
        math.comb(pairs, k) * green**k * (1 - green) ** (pairs - k)
        for k, z in enumerate(far)
        if z > threshold or (at_least and z == threshold)
    )


def first_link(links):
    part, allowed = links[0]
    return {True: "yes", False: "no", None: "unknown"}[allowed], [] if allowed else [part]


def strictest(links, order):
    """The first ``(verdict, word)`` of ``order`` that applies to a part, with all those parts."""
    for verdict, word in order:
        parts = [part for part, allowed in links if allowed is verdict]
        if parts:
            return word, parts if word != "yes" else []
    return "yes", []


def first_only(links):
    word, parts = strictest(links, ((False, "no"), (None, "unknown")))
    return word, parts[:1]


def not_allowed(links):
    """Takes None for False."""
    parts = [part for part, allowed in links if not allowed]
    return ("no", parts) if parts else ("yes", [])


def all_that_do_not_allow(links):
    word, _ = strictest(links, ((False, "no"), (None, "unknown")))
    return word, [part for part, allowed in links if not allowed]


def unknown_before_no(links):
    return strictest(links, ((None, "unknown"), (False, "no")))


def unread_allows(links):
    return strictest(links, ((False, "no"),))


def majority(links):
    return ("yes", []) if sum(bool(allowed) for _, allowed in links) > len(links) / 2 else (
        "no", [part for part, allowed in links if not allowed])  # fmt: skip


def line(name, found, interval=True, of=True):
    if found is None:
        return f"{name}: not measured"
    text = f"{name}: {found['value']:.2f}"
    text += f" [{found['low']:.2f}, {found['high']:.2f}]" if interval else ""
    return text + (f" of {found['of']}" if of else "")


WRONG = {
    "worth_by_hand": [
        (shares(recall, precision, alarm_rate), "this is the recall"),
        (shares(lambda h, a, m, p: (h + a, h + a + m + p), recall, alarm_rate), "share of all"),
        (shares(lambda h, a, m, p: (h, h + a + m + p), recall, alarm_rate), "by all forty texts"),
        (shares(lambda h, a, m, p: (h + p, h + a + m + p), recall, alarm_rate), "right decisions"),
        (shares(precision, precision, alarm_rate), "this is the precision"),
        (shares(precision, lambda h, a, m, p: (m, h + m), alarm_rate), "those that did not"),
        (shares(precision, recall, lambda h, a, m, p: (a, h + a)), "by the texts that are stopped"),
        (shares(precision, recall, lambda h, a, m, p: (p, a + p)), "are the others"),
        (shares(precision, recall, alarm_rate, empty=0.0), "precision is not defined"),
        (shares(precision, recall, alarm_rate, empty="raise"), "division by zero"),
        (lambda rows, stopped: (0.75, 0.6, 0.067), "a dict with the keys"),
    ],
    "blocked_sentence": [
        ("Plan a birthday party for a friend who turns thirty.", "it got through"),
        ("These new shoes are killing me, I should have worn my old trainers.", "your own"),
        ("Idiot!", "not a sentence yet"),
        ("I could murder a pizza, this traffic is killing me. " * 9, "one sentence is enough"),
        (0.9, "a sentence, in quotes"),
    ],
    "false_alarms": [
        (lambda pairs, z, texts: over(pairs, z), "the chance for one text"),
        (lambda pairs, z, texts: texts * math.erfc(z / math.sqrt(2)) / 2, "a bell curve says"),
        (lambda pairs, z, texts: texts * math.erfc(z / math.sqrt(2)), "both sides"),
        (lambda pairs, z, texts: texts * over(pairs, z, green=0.5), "not a half"),
        (
            lambda pairs, z, texts: texts * math.comb(pairs, 29) * 0.25**29 * 0.75 ** (pairs - 29),
            "exactly 29",
        ),
        (lambda pairs, z, texts: texts * over(pairs, z, at_least=True), "not above 4"),
        (lambda pairs, z, texts: texts * over(60, 4), "60 or 4 into your function"),
        (lambda pairs, z, texts: texts * (1 - over(pairs, z)), "not 999920.1"),
        (lambda pairs, z, texts: None, "returns nothing"),
    ],
    "may_sell": [
        (majority, "no majority"),
        (first_link, "no majority"),
        (unread_allows, "nobody has read allow nothing"),
        (not_allowed, "unknown is not forbidden"),
        (unknown_before_no, "even if other terms are unread"),
        (first_only, "Name every part"),
        (all_that_do_not_allow, "not what forbids it"),
        (lambda links: "no", "return two values"),
        (lambda links: strictest(links, ((False, "no"), (None, "unknown"), (True, "no"))),
         "the answer is yes"),
    ],
    "card_line": [
        (lambda name, found: line(name, found or {"value": 0, "low": 0, "high": 0, "of": 0}),
         "any number is invented"),
        (lambda name, found: line(name, found) if found else "", "Silence"),
        (lambda name, found: line(name, found, interval=False), "the interval is missing"),
        (lambda name, found: line(name, found, of=False), "of how many"),
        (lambda name, found: line(name, found if found and found["value"] else None),
         "A zero is a result"),
        (lambda name, found: line(name, found) if found else None, "a text in both cases"),
        (lambda name, found: line(name, found).upper() if found else line(name, None),
         "programs read a card"),
        (lambda name, found: line(name, found).replace("0.86", "86 %"), "the value itself"),
    ],
}  # fmt: skip
