"""The last exercise of lesson 5: a sentence that claims what the evidence supports, and no more.

The check looks for figures and words with regular expressions; it does not understand the sentence.
"""

import re

from helpers.course.exercise_checks.answers import Wrong

# The evaluation on the card, in per cent and percentage points.
_PREFERRED, _PREFERRED_RANGE = 54, {44, 64}
_JUDGE, _JUDGE_RANGE, _GOLD_PAIRS = 60, {51, 69}, 124
_STOPS, _MORE, _MORE_RANGE = {59, 92}, 33, {24, 43}
_KNOWN = {_PREFERRED, _JUDGE, _MORE}
_KNOWN |= _PREFERRED_RANGE | _JUDGE_RANGE | _STOPS | _MORE_RANGE
_KNOWN |= {10, 95, 50, 100, 41, 8}  # half an interval, its level, a coin; answers that do not stop

_DENIED = r"(?:\b(?:not|no|nothing|never|cannot|nor|neither|without)\b|n['’]t\b)[^,;:]*"
_EXAGGERATION = re.compile(
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
# Phrases that contain such words but neither claim nor doubt quality: a judge better than a coin,
# an answer counted as better in 54 %, tasks not seen before.
_NEUTRAL = re.compile(
    r"(?:hardly |barely |not much |a little )?better than (?:a )?(?:coin|chance)|"
    r"(?:the|known|right|whose) better (?:answer|one)s?|better at stopping|not 59|"
    r"better in (?:only |about )?(?:54|0\.54)|"
    r"(?<=stop )improved by 33|(?<=stops )improved by 33|(?<=stopping )improved by 33|"
    r"(?:had|has|was|were) (?:not|never) (?:been )?(?:seen|shown|trained)|no judge",
    re.I,
)
_DOUBT = re.compile(
    r"\b(?:whether|open|unclear|undecided|unknown|inconclusive|not|cannot|no|nothing|neither|"
    r"may|might|could|unable|luck|too few)\b|n['’]t\b",
    re.I,
)
_EQUAL = re.compile(
    r"(?<!whether it )\b(?:(?:is|are|was|were|does) (?:no|not) (?:much |any )?(?:better|different)|"
    r"(?:makes?|made) no difference|(?:did|does) not (?:help|improve)|"
    r"(?:just|equally|exactly) as good|equally good|(?:is|are|stayed|remains?) the same)\b",
    re.I,
)


def honest_sentence(answer: object) -> str:
    """``answer`` is one sentence that claims what the evaluation on the card supports."""
    if not isinstance(answer, str) or len(answer.split()) < 6:
        raise Wrong("the answer is a text: one whole sentence with its figures.")
    if len(answer.split()) > 80 or re.search(r"[.!?]\s+[A-Z]", answer):
        raise Wrong("write one sentence. You choose what to leave out of it.")
    exaggeration = _EXAGGERATION.search(answer)
    if exaggeration and not re.search(_DENIED + "$", answer[: exaggeration.start()], re.I):
        raise Wrong(f"{exaggeration.group()!r} is more than 100 tasks can show. Leave it out.")
    _check_shares(answer)
    _check_figures(answer)
    if _EQUAL.search(answer):
        raise Wrong("44 % to 64 % does not show that nothing changed. It leaves that open too.")
    plain = _NEUTRAL.sub("", answer)
    claim = _QUALITY.search(plain)
    if claim and not _DOUBT.search(plain):
        raise Wrong(
            f"{claim.group()!r} claims more than the intervals support. One half lies in 44 % to "
            "64 %, and an answer that stops may still be a bad one. Say what is open."
        )
    return (
        "At least as far as a program can check, which looks for figures and words. Ask somebody "
        "who has not seen the table what the sentence tells them. The headline of your report "
        "follows the same rule."
    )


def _check_shares(text: str) -> None:
    """Raise Wrong for a share that is used in a wrong sense, or that is not on the card."""
    if re.search(r"\b(?:54|33|92)(?:\.0)? ?(?:%|per ?cent) better", text):
        raise Wrong("a share of the answers is not an amount by which they are better.")
    if re.search(r"\b33 ?(?:%|per ?cent)(?! ?-?(?:age )?points?)", text):
        raise Wrong("from 59 % to 92 % is 33 points. 33 % more than 59 % would be 78 %.")
    shares = {round(float(n)) for n in re.findall(r"(\d+(?:\.\d+)?) ?(?:%|per ?cent|points)", text)}
    if shares - _KNOWN:
        raise Wrong(f"{min(shares - _KNOWN)} % is none of the figures of this evaluation.")


def _check_figures(text: str) -> None:
    """Raise Wrong unless each figure has what belongs to it: tasks, an interval, the judge."""
    found = {float(number) for number in re.findall(r"\d*\.?\d+", text)}
    found = {round(100 * number) if 0 < number < 1 else round(number) for number in found}
    # 54 ± 10 says the same as 44 to 64.
    if found >= {_PREFERRED, 10} and re.search(r"±|\+/-|\+-|plus or minus|give or take", text):
        found |= _PREFERRED_RANGE
    if not re.search(r"(?<![\d.])100(?! ?(?:%|per ?cent|\d))|\bhundred\b", text):
        more = " (124 are the gold pairs of the judge.)" if _GOLD_PAIRS in found else ""
        raise Wrong(f"on how many tasks? The number is missing.{more}")
    if not (found >= _PREFERRED_RANGE or found >= _MORE_RANGE):
        if found >= _JUDGE_RANGE:
            raise Wrong("this interval belongs to the judge's gold pairs. The claim has its own.")
        raise Wrong("the interval is missing. It shows how much of a figure may be luck.")
    if _PREFERRED in found and not found >= _PREFERRED_RANGE:
        raise Wrong("54 % has no interval. Add it: one half lies inside.")
    stops = "stop" in text.lower() and (_MORE in found or found >= _STOPS)
    if stops and not found >= _MORE_RANGE:
        raise Wrong("the change in stopping has no interval: 24 to 43 points.")
    if not stops and _JUDGE not in found and not re.search(r"coin|six (?:\w+ )*?ten", text, re.I):
        raise Wrong(
            "who says so? Say how good the judge is, or rely on a fact that needs no judge."
        )
