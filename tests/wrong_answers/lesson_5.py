"""Wrong answers to the exercises of lesson 5, each with words that its diagnosis must contain."""

import math
from collections import Counter
from itertools import count

from helpers.evaluation.intervals import smallest_difference
from helpers.evaluation.verdict_stats import length_preference, outcome


def first_at(rate, condition):
    return next(n for n in count(1) if condition(smallest_difference(n), rate))


def half_of_the_samples(rate):
    return math.ceil((1.96 * 0.5 / (rate - 0.5)) ** 2)


def in_steps_of_hundred(rate):
    return next(n for n in range(50, 1000, 50) if smallest_difference(n) <= rate)


def the_last_too_small(rate):
    return first_at(rate, lambda shown, wanted: shown <= wanted) - 1


def share_of_agreement(first, second):
    return sum(a == b for a, b in zip(first, second, strict=True)) / len(first)


def as_if_coins(first, second):
    return 2 * share_of_agreement(first, second) - 1


def chance(first, second, labels):
    n, one, two = len(first), Counter(first), Counter(second)
    return sum(one[label] * two[label] for label in labels) / n**2


def above_chance(first, second):
    return share_of_agreement(first, second) - chance(first, second, set(first))


def thrown_together(first, second):
    expected = sum(c * c for c in Counter([*first, *second]).values()) / (2 * len(first)) ** 2
    return (share_of_agreement(first, second) - expected) / (1 - expected)


def only_a_and_b(first, second):
    expected = chance(first, second, "AB")
    return (share_of_agreement(first, second) - expected) / (1 - expected)


def always_defined(first, second):
    expected = chance(first, second, set(first))
    return (share_of_agreement(first, second) - expected) / (1 - expected)


def counted(records, decide, rate=None):
    words = [decide(record["ab"], record["ba"]) for record in records]
    found = {word: words.count(word) for word in ("win", "loss", "tie", "flip", "unparsed")}
    undecided = found["tie"] + found["flip"] + found["unparsed"]
    usual = (found["win"] + undecided / 2) / len(records)
    return {**found, "win_rate": rate(found, len(records)) if rate else usual}


def right(ab, ba):
    return outcome({"ab": ab, "ba": ba})


def first_order_only(ab, ba):
    return {"A": "win", "B": "loss", "tie": "tie", None: "unparsed"}[ab]


def letters_as_they_are(ab, ba):
    if ab is None or ba is None:
        return "unparsed"
    return {"A": "win", "B": "loss", "tie": "tie"}[ab] if ab == ba else "flip"


def flips_are_ties(ab, ba):
    return "tie" if right(ab, ba) == "flip" else right(ab, ba)


def all_else_flips(ab, ba):
    return "flip" if "tie" in (ab, ba) and None not in (ab, ba) and ab != ba else right(ab, ba)


def unread_is_a_tie(ab, ba):
    return "tie" if right(ab, ba) == "unparsed" else right(ab, ba)


def of_the_decided(found, n):
    decided = found["win"] + found["loss"]
    return found["win"] / decided if decided else 0.5


def wins_of_all(found, n):
    return found["win"] / n


def without_the_unread(found, n):
    return (found["win"] + (found["tie"] + found["flip"]) / 2) / ((n - found["unparsed"]) or 1)


def longer_wins(records):
    share = length_preference(records)["longer_wins"]
    return share is not None and share["value"] > 0.6


def share_undivided(records):
    decided = [r for r in records if {r["ab"], r["ba"]} == {"A", "B"}]
    longer = [(r["ab"] == "A") == (r["chars"][0] > r["chars"][1]) for r in decided]
    return sum(longer) / len(longer) > 0.95


def one_order_of_short_ones(records):
    short = [r for r in records if r["chars"][0] < r["chars"][1]]
    return sum(r["ab"] == "B" for r in short) > len(short) / 2


def short_ones_only(records):
    short = [r for r in records if r["chars"][0] < r["chars"][1]]
    return sum((r["ab"], r["ba"]) == ("B", "A") for r in short) > len(short) / 2


def every_time(records):
    decided = [r for r in records if {r["ab"], r["ba"]} == {"A", "B"}]
    longer = [(r["ab"] == "A") == (r["chars"][0] > r["chars"][1]) for r in decided]
    return len(longer) > 0 and all(longer)


def equal_is_shorter(records):
    votes = {True: [], False: []}
    for r in records:
        if {r["ab"], r["ba"]} == {"A", "B"}:
            is_longer = r["chars"][0] > r["chars"][1]
            votes[is_longer].append((r["ab"] == "A") == is_longer)
    return all(len(v) > 0 and sum(v) > len(v) / 2 for v in votes.values())


STOP = "it stops by itself in 92 % of its answers, 59 % before, 33 points more [24, 43]"

WRONG = {
    "prompts_needed": [
        (lambda rate: 199, "the same for 80 to 20 and for 60 to 40"),
        (half_of_the_samples, "about one sample of two"),
        (in_steps_of_hundred, "so would fewer"),
        (the_last_too_small, "one task too few"),
        (lambda rate: first_at(rate, lambda a, b: a > b) + (rate > 0.7), "always wins"),
        (lambda rate: smallest_difference(round(100 * rate)), "is a win rate"),
        (lambda rate: None, "returns nothing"),
        (lambda rate: round(0.8 * the_last_too_small(rate)), "not yet 90%"),
    ],
    "kappa_by_hand": [
        (share_of_agreement, "the share of pairs on which they agree"),
        (as_if_coins, "is not a coin"),
        (above_chance, "the most they could reach"),
        (thrown_together, "put the votes of both voters together"),
        (only_a_and_b, "a sum over every label"),
        (always_defined, "kappa is not defined"),
        (lambda first, second: 0.0, "The lesson found 0.40"),
    ],
    "two_orders": [
        (lambda records: counted(records, first_order_only), "you read only the first order"),
        (lambda records: counted(records, letters_as_they_are), "do not turn ba round"),
        (lambda records: counted(records, flips_are_ties), "counted apart"),
        (lambda records: counted(records, all_else_flips), "Nothing flipped"),
        (lambda records: counted(records, unread_is_a_tie), "In your answer it is tie"),
        (lambda records: counted(records, right, of_the_decided), "missing from your win rate"),
        (lambda records: counted(records, right, wins_of_all), "an undecided pair is not a loss"),
        (lambda records: counted(records, right, without_the_unread), "could not be read"),
        (lambda records: [right(r["ab"], r["ba"]) for r in records], "one dict with six entries"),
    ],
    "follows_length": [
        (lambda records: False, "you miss a judge"),
        (lambda records: True, "accuse a fair judge"),
        (lambda records: len(records) / 50, "True or False"),
        (longer_wins, "happened to be longer"),
        (share_undivided, "decides no pair"),
        (one_order_of_short_ones, "Read both orders"),
        (short_ones_only, "has another fault"),
        (every_time, "nine times in ten"),
        (equal_is_shorter, "no answer is longer"),
    ],
    "seen_through": [
        (lambda t, a: t * a, "also errs in our favour"),
        (lambda t, a: t, "you return the true rate"),
        (lambda t, a: 0.5 + (t - 0.5) * a, "is a coin"),
        (lambda t, a: 100 * (t * a + (1 - t) * (1 - a)), "is a percentage"),
        (lambda t, a: 0.5 + (t - 0.5) * max(0, 2 * a - 1), "always wrong"),
        (lambda t, a: 0.5 + (t - 0.5) * (2 * a - 1) ** 2, "as often as this judge is right"),
    ],
    "honest_sentence": [
        ("It is better now.", "one whole sentence"),
        (f"On 100 tasks {STOP}. This is all that we know of it.", "write one sentence"),
        (f"A test on 100 tasks proves that {STOP}.", "more than 100 tasks can show"),
        (f"On 100 tasks the model became much better: {STOP}.", "more than 100 tasks can show"),
        ("On 100 tasks it was 54 % better, 44 % to 64 %, judge right in 60 %.", "not an amount"),
        ("On 100 tasks it stops by itself 33 % more often, 24 to 43.", "33 points"),
        ("Of 100 tasks the judge, right in 60 %, gave it 71 %, 44 to 64.", "none of the figures"),
        (f"After LoRA {STOP}.", "on how many tasks"),
        (
            "It won 54 % of 124 pairs, 44 % to 64 %, by a judge right in 60 %.",
            "124 are the gold pairs",
        ),
        (
            "On 100 tasks a judge that is right in 60 % preferred it in 54 %.",
            "the interval is missing",
        ),
        (
            "On 100 tasks it was preferred in 54 % by a judge right in 60 %, 51 % to 69 %.",
            "belongs to the judge's gold pairs",
        ),
        (f"On 100 tasks it was preferred in 54 %, and {STOP}.", "54 % has no interval"),
        (
            "It was preferred in 54 % (44 % to 64 %) of 100 tasks, and it stops by itself in 92 % "
            "of its answers instead of 59 %.",
            "in stopping has no interval",
        ),
        ("The judge preferred it in 54 % (44 % to 64 %) of 100 tasks.", "who says so"),
        (
            "On 100 tasks it had not seen the model is better: a judge right in 60 % of pairs "
            "preferred it in 54 % (44 % to 64 %).",
            "claims more than the intervals support",
        ),
        (
            "On 100 tasks it won 54 % (44 % to 64 %) before a judge right in 60 %, so it is ahead.",
            "claims more than the intervals support",
        ),
        (
            "On 100 tasks its answers are more useful, 54 % (44 % to 64 %) by a judge right in 60.",
            "claims more than the intervals support",
        ),
        (
            "On 100 tasks it is not better, for a judge that is right in 60 % of pairs preferred "
            "it in 54 % (44 % to 64 %).",
            "leaves that open",
        ),
    ],
}
