"""The exercises of lesson 5: did it work, and how would you know?"""

import re
from itertools import count, product

from helpers.course.checks.wrong import Wrong
from helpers.evaluation.agreement import cohen_kappa
from helpers.evaluation.intervals import smallest_difference
from helpers.evaluation.verdict_stats import outcome, points_of

EXERCISES = (
    "prompts_needed",
    "kappa_by_hand",
    "two_orders",
    "seen_through",
    "follows_length",
    "honest_sentence",
)


def prompts_needed(answer):
    """``answer(rate)`` is the smallest number of tasks that shows a true win rate of ``rate``."""
    answers = {rate: answer(rate) for rate in (0.9, 0.8, 0.7, 0.6)}
    if answers[0.8] is not None and answers[0.8] == answers[0.6]:
        raise Wrong("the answer is the same for 80 to 20 and for 60 to 40; it has to use the rate.")
    for rate, given in answers.items():
        enough = next(n for n in count(1) if smallest_difference(n) <= rate)
        if given is None:
            raise Wrong(f"for {rate:.0%} nothing came back; is there a return?")
        if given < 1:
            raise Wrong(f"{given:.3f} is a win rate; what is asked for is a number of tasks.")
        if given < 6:
            raise Wrong(
                f"with {given} tasks not even a model that always wins could be told from a coin; "
                "go on while the smallest difference is still above the rate."
            )
        if given == enough - 1:
            raise Wrong(f"one task short: {given} is the last number too small for {rate:.0%}.")
        if 0.35 * enough < given < 0.65 * enough:
            raise Wrong(
                f"with {given} tasks a true {rate:.0%} shows in about one sample of two: there an "
                "interval around that very share just leaves one half out. Four of five are asked."
            )
        if smallest_difference(given) > rate:
            raise Wrong(f"{given} tasks show {smallest_difference(given):.1%}, not yet {rate:.0%}.")
        if given != enough:
            raise Wrong(f"{given} tasks would show {rate:.0%}, but so would fewer: begin at one.")
    return f"Sixty to forty takes {enough} tasks, and half that distance about four times as many."


# Two voters, and what each tells: an even pair, a lopsided one, one with a third label.
_ANN, _BEN = "AABABBAABA", "AABABBABAB"
_MOSTLY_A, _RATHER_B = "AAAAAAAABB", "AAAABBBBBB"
_THREE = ["A", "tie", "B", "tie", "A", "tie"], ["A", "tie", "B", "B", "tie", "tie"]


def kappa_by_hand(answer):
    """``answer(first, second)`` is Cohen's κ of two lists of votes; None where undefined."""

    def near(value, first=_ANN, second=_BEN):
        given = answer(first, second)
        return given is not None and abs(given - value) < 0.005

    if near(0.7):
        raise Wrong("0.7 is the share on which they agree; what chance brings is still in it.")
    if near(0.2):
        raise Wrong("that is how far they got above chance; divide it by how far there was to go.")
    if near(0.4, _MOSTLY_A, _RATHER_B) or near(0.2, _MOSTLY_A, _RATHER_B):
        raise Wrong("a voter who mostly says A is no coin: chance follows from how often each is.")
    if near(0.167, _MOSTLY_A, _RATHER_B):
        raise Wrong("you threw the two voters' votes together; each has frequencies of their own.")
    if not near(cohen_kappa(_ANN, _BEN)):
        raise Wrong(f"of Ann and Ben it says {answer(_ANN, _BEN)}; the lesson found 0.40.")
    if not near(cohen_kappa(_MOSTLY_A, _RATHER_B), _MOSTLY_A, _RATHER_B):
        raise Wrong("where one voter mostly says A and the other mostly B, chance is miscounted.")
    if not near(cohen_kappa(*_THREE), *_THREE):
        raise Wrong('a vote may be "tie" as well: chance is a sum over every label there is.')
    try:
        one_label = answer("AAAA", "AAAA")
    except ZeroDivisionError:
        one_label = 1.0
    if one_label is not None:
        raise Wrong("where both say A to everything there is nothing to agree about: None.")
    return "Two voters who say A nine times in ten agree on 82 of 100 pairs by lot: a kappa of 0."


_FELL_OUT = "the undecided pairs fell out of the win rate; each is worth half a point."
_WORDS = ("win", "loss", "tie", "flip", "unparsed")


def two_orders(answer):
    """``answer(records)`` counts the five outcomes and has the ``win_rate``, in one dict."""

    def said(ab, ba):
        try:
            found = answer([{"ab": ab, "ba": ba}])
        except ZeroDivisionError:
            raise Wrong(_FELL_OUT) from None
        missing = [
            w for w in (*_WORDS, "win_rate") if not isinstance(found, dict) or w not in found
        ]
        if missing:
            raise Wrong(f"the answer is one dict of six entries; yours has no {missing[0]!r}.")
        return next((word for word in _WORDS if found[word]), None)

    if said("A", "B") == "flip":
        raise Wrong("ba is not turned round: there our answer is B, so A and then B is a win.")
    if said("A", "A") == "win":
        raise Wrong("only the first order is read: a judge that always says A lets us win always.")
    if said("A", "A") == "tie":
        raise Wrong("A in both orders is a flip; it earns what a tie does, but is counted apart.")
    if said("tie", "A") == "flip":
        raise Wrong("a tie in one order and a side in the other is a tie: the judge did not turn.")
    if said(None, None) != "unparsed" or said("tie", None) != "unparsed":
        found = said(None, None) if said(None, None) != "unparsed" else said("tie", None)
        raise Wrong(f"a pair with an unread order is unparsed, yours makes it {found or 'vanish'}.")
    for ab, ba in product(("A", "B", "tie", None), repeat=2):
        if said(ab, ba) != outcome({"ab": ab, "ba": ba}):
            raise Wrong(
                f"{ab!r} and then {ba!r} is no {said(ab, ba) or 'case for no count'}: which answer "
                "is meant in each order?"
            )
    _rate_of(answer)
    return "Undecided pairs pull the rate towards one half, so that no judge wins by confusion."


def _rate_of(answer):
    """Hold the ``win_rate`` of two sets of records against the project's own points."""
    pairs = [("A", "B"), ("A", "B"), ("B", "A"), ("A", "A"), ("tie", "tie"), ("A", None)]
    records = [{"ab": ab, "ba": ba} for ab, ba in pairs]
    rate = answer(records)["win_rate"]
    if abs(rate - 2 / 3) < 1e-6:
        raise Wrong(_FELL_OUT)
    if abs(rate - 2 / 6) < 1e-6:
        raise Wrong("an undecided pair is no loss: it is worth half a point, not none.")
    if abs(rate - 3 / 5) < 1e-6:
        raise Wrong("the pair that could not be read is dropped from the rate; it counts one half.")
    try:
        undecided = answer(records[3:])["win_rate"]
    except ZeroDivisionError:
        undecided = None
    if undecided != 0.5:
        raise Wrong("where nothing was decided the win rate is one half, out of all pairs.")
    if abs(rate - sum(points_of(records)) / len(records)) > 1e-6:
        raise Wrong(f"two wins, a loss and three undecided pairs make 3.5 of 6, not {rate:.2f}.")


def seen_through(answer):
    """``answer(true_rate, accuracy)`` is the win rate that a judge of that accuracy reports."""

    def near(value, true_rate, accuracy):
        return abs(answer(true_rate, accuracy) - value) < 1e-6

    if near(60, 1.0, 0.6):
        raise Wrong("60 is a percentage; shares go from 0 to 1 here.")
    if near(0.7, 0.7, 0.6):
        raise Wrong("that is the true rate untouched, as if this judge were never wrong.")
    if near(0.42, 0.7, 0.6):
        raise Wrong("a judge that errs also gives wins away: to our model where it was the worse.")
    if not near(0.5, 0.9, 0.5):
        raise Wrong("a judge that is right half of the time is a coin, and a coin reports 0.5.")
    if not near(0.6, 1.0, 0.6):
        raise Wrong("a model that is always better wins as often as this judge is right: 0.6.")
    if not near(0.2, 0.8, 0.0):
        raise Wrong("a judge that is always wrong turns 0.8 into 0.2; below one half it goes on.")
    for true_rate, accuracy in ((0.3, 0.9), (0.55, 0.7), (0.0, 0.8)):
        value = true_rate * accuracy + (1 - true_rate) * (1 - accuracy)
        if not near(value, true_rate, accuracy):
            raise Wrong(f"a true {true_rate} through a judge right in {accuracy} is {value:.2f}.")
    return (
        "Sixty to forty, through a judge right in six of ten, looks like 52 to 48: a fifth of the "
        "distance, so about twenty-five times as many tasks."
    )


def _examined(*groups):
    """Records of gold pairs from ``(how many, chars of left, chars of right, ab, ba)``."""
    return [
        {"id": str(i), "ab": ab, "ba": ba, "chars": [left, right]}
        for many, left, right, ab, ba in groups
        for i in range(many)
    ]


_LONG, _SHORT = (180, 60), (60, 180)  # lengths where the better, left answer is the longer, shorter
_RIGHT, _TAKEN_IN = ("A", "B"), ("B", "A")
_LOVER = _examined((20, *_LONG, *_RIGHT), (20, *_SHORT, *_TAKEN_IN))
_MOSTLY = _examined(
    (18, *_LONG, *_RIGHT), (2, *_LONG, *_TAKEN_IN), (3, *_LONG, None, "A"),
    (17, *_SHORT, *_TAKEN_IN), (3, *_SHORT, *_RIGHT),
)  # fmt: skip
_FAIR = _examined((20, *_LONG, *_RIGHT), (18, *_SHORT, *_RIGHT), (2, *_SHORT, *_TAKEN_IN))
_LUCKY = _examined(
    (56, *_LONG, *_RIGHT), (2, *_LONG, *_TAKEN_IN),
    (5, *_SHORT, *_RIGHT), (1, *_SHORT, *_TAKEN_IN),
)  # fmt: skip
_CONTRARY = _examined((20, *_LONG, *_TAKEN_IN), (20, *_SHORT, *_TAKEN_IN))
_EQUAL = [*_LOVER, *_examined((45, 90, 90, *_RIGHT))]
_POSITIONS = [_examined((20, *_LONG, x, x), (20, *_SHORT, x, x)) for x in "AB"]


def follows_length(answer):
    """``answer(records)`` is True for a judge that takes the longer answer, better or worse."""
    if not isinstance(answer(_LOVER), bool):
        raise Wrong("the answer is True or False: a share does not say yet what you make of it.")
    if not answer(_LOVER):
        raise Wrong("a judge that took the longer answer in every single pair got away.")
    if answer(_FAIR):
        raise Wrong("a fair judge is convicted: it took the better answer, short or long.")
    for records in _POSITIONS:
        try:
            convicted = answer(records)
        except ZeroDivisionError:
            raise Wrong(
                "a judge of positions decides no pair: there is none to divide by."
            ) from None
        if convicted:
            raise Wrong("a judge that names one position is convicted of length: read both orders.")
    if answer(_LUCKY):
        raise Wrong(
            "a judge whose better answers happened to be longer is convicted; where the better one "
            "was short, it took the short one. Look at those pairs by themselves."
        )
    if answer(_CONTRARY):
        raise Wrong("a judge that takes the worse answer, long or short, has another fault.")
    if not answer(_MOSTLY):
        raise Wrong("a judge that takes the longer one nine times in ten follows length, too.")
    if not answer(_EQUAL):
        raise Wrong("pairs of equal length have no longer answer; yours lets them speak for it.")
    return "Good taste and love of length part company only where the better answer is short."


# The evaluation on the card, in per cent and points.
_PREFERRED, _ITS_RANGE = 54, {44, 64}
_JUDGE, _JUDGE_RANGE, _GOLD = 60, {51, 69}, 124
_STOPS, _MORE, _MORE_RANGE = {59, 92}, 33, {24, 43}
_KNOWN = {_PREFERRED, _JUDGE, _MORE, *_ITS_RANGE, *_JUDGE_RANGE, *_STOPS, *_MORE_RANGE}
_KNOWN |= {10, 95, 50, 100, 41, 8}  # half an interval, its level, a coin; those that do not stop

_DENIED = r"(?:\b(?:not|no|nothing|never|cannot|nor|neither|without)\b|n['’]t\b)[^,;:]*"
_LOUD = re.compile(
    r"\b(?:prov(?:e|es|ed|en|ing)(?! nothing)|proof|a lot better|"
    r"(?:much|far|clearly|significantly|greatly|vastly|hugely|way) better|"
    r"dramatic\w*|huge\w*|massive\w*|amazing\w*|impressive\w*|definitely|certainly|"
    r"undoubtedly|obviously|guarantee\w*|outperform\w*|beats)\b",
    re.I,
)
_QUALITY = re.compile(
    r"\b(?:better|best|superior|stronger|smarter|improve[sd]?|improvement|ahead|"
    r"more often than not|more (?:useful|helpful)|preferable|wins (?:against|over)|"
    r"prefer\w* (?:it )?more often|majority|most (?:of the )?(?:tasks|answers|pairs))\b",
    re.I,
)
# No claim of quality, and no doubt of it either: a judge better than a coin, an answer counted as
# better in 54 %, tasks not seen before.
_NEUTRAL = re.compile(
    r"(?:hardly |barely |not much |a little )?better than (?:a )?(?:coin|chance)|"
    r"(?:the|known|right|whose) better (?:answer|one)s?|better at stopping|not 59|"
    r"better in (?:only |about )?(?:54|0\.54)|"
    r"(?<=stop )improved by 33|(?<=stops )improved by 33|(?<=stopping )improved by 33|"
    r"(?:had|has|was|were) (?:not|never) (?:been )?(?:seen|shown|trained)|no judge",
    re.I,
)
_HEDGED = re.compile(
    r"\b(?:whether|open|unclear|undecided|unknown|inconclusive|not|cannot|no|nothing|neither|"
    r"may|might|could|unable|luck|too few)\b|n['’]t\b",
    re.I,
)
_EQUAL_CLAIM = re.compile(
    r"(?<!whether it )\b(?:(?:is|are|was|were|does) (?:no|not) (?:much |any )?(?:better|different)|"
    r"(?:makes?|made) no difference|(?:did|does) not (?:help|improve)|"
    r"(?:just|equally|exactly) as good|equally good|(?:is|are|stayed|remains?) the same)\b",
    re.I,
)


def honest_sentence(answer):
    """The answer is a text: one sentence that claims what the evidence on the card carries."""
    if not isinstance(answer, str) or len(answer.split()) < 6:
        raise Wrong("the answer is a text, one whole sentence with its figures.")
    if len(answer.split()) > 80 or re.search(r"[.!?]\s+[A-Z]", answer):
        raise Wrong("one sentence is asked for: what is left out of it is left out by you.")
    loud = _LOUD.search(answer)
    if loud and not re.search(_DENIED + "$", answer[: loud.start()], re.I):
        raise Wrong(f"{loud.group()!r} is louder than a hundred tasks can be; leave it out.")
    _figures(answer)
    if _EQUAL_CLAIM.search(answer):
        raise Wrong("44 % to 64 % does not show that nothing changed either: it leaves it open.")
    plain = _NEUTRAL.sub("", answer)
    claims = _QUALITY.search(plain)
    if claims and not _HEDGED.search(plain):
        raise Wrong(
            f"{claims.group()!r} claims more than the intervals carry: one half lies in 44 % to "
            "64 %, and an answer that stops may still be a bad one. Say what is open."
        )
    return (
        "As far as a program can read, which looks for figures and words: ask somebody who has not "
        "seen the table what they take from it. The headline of your report obeys the same rule."
    )


def _figures(text):
    """Raise Wrong unless the figures are the card's, each claim with what belongs to it."""
    found = {float(number) for number in re.findall(r"\d*\.?\d+", text)}
    found = {round(100 * number) if 0 < number < 1 else round(number) for number in found}
    # 54 ± 10 is 44 to 64 in other words.
    if found >= {_PREFERRED, 10} and re.search(r"±|\+/-|\+-|plus or minus|give or take", text):
        found |= _ITS_RANGE
    if re.search(r"\b(?:54|33|92)(?:\.0)? ?(?:%|per ?cent) better", text):
        raise Wrong("a share of the answers is not an amount by which they are better.")
    if re.search(r"\b33 ?(?:%|per ?cent)(?! ?-?(?:age )?points?)", text):
        raise Wrong("from 59 % to 92 % are 33 points; 33 % more than 59 % would be 78 %.")
    shares = {round(float(n)) for n in re.findall(r"(\d+(?:\.\d+)?) ?(?:%|per ?cent|points)", text)}
    if shares - _KNOWN:
        raise Wrong(f"{min(shares - _KNOWN)} % is none of the figures of this evaluation.")
    if not re.search(r"(?<![\d.])100(?! ?(?:%|per ?cent|\d))|\bhundred\b", text):
        more = " (124 are the pairs of the judge's examination)" if _GOLD in found else ""
        raise Wrong(f"on how many tasks? The number is missing{more}.")
    if not (found >= _ITS_RANGE or found >= _MORE_RANGE):
        if found >= _JUDGE_RANGE:
            raise Wrong("that interval belongs to the judge's examination; the claim has its own.")
        raise Wrong("no interval: a figure without one hides how far it wanders from luck alone.")
    if _PREFERRED in found and not found >= _ITS_RANGE:
        raise Wrong("54 % stands there bare: its interval has one half in it, and belongs to it.")
    stops = "stop" in text.lower() and (_MORE in found or found >= _STOPS)
    if stops and not found >= _MORE_RANGE:
        raise Wrong("the change in stopping stands there without its interval, 24 to 43 points.")
    if not stops and _JUDGE not in found and not re.search(r"coin|six (?:\w+ )*?ten", text, re.I):
        raise Wrong(
            "who says so? Beside a win rate stands what its judge is worth, or else a fact that "
            "needs no judge."
        )
