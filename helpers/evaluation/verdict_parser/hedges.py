"""Find words that deny, doubt, report or limit what a judge's sentence says of two answers.

"I do not think that A is better", "Answer B claims that B wins" and "perhaps A is better" do not
give the judge's verdict. "A is better in style" is about one criterion only.
"""

import re

from helpers.evaluation.verdict_parser.answer_names import NAME

FORCED = r"\bif (?:I )?(?:had|have|forced|must|were)\b[^,.]*"  # "If I had to choose, B"
_HARMLESS = re.compile(
    rf"\bnot (?:only|just|surprisingly)\b|\bif anything\b|{FORCED}"
    r"|\beven (?:if|though)[^,.]*|\b(?:no|without(?: a)?) doubt\b"
    r"|\b(?:fair|safe|right|correct) to say\b",
    re.I,
)
# What an answer says is not what the judge says.
_QUOTED = re.compile(
    r"[\"“](?=[^\"“”\n]*\s)[^\"“”\n]{5,}[\"”]|(?<!\w)['‘](?=⟨)[^'‘’\n]{5,}['’](?![A-Za-z])"
)
# "A, which cites sources, is worse": the words between the commas are not a statement.
_ASIDE = re.compile(
    rf"(?<={NAME[:1]}[AB]⟩),\s*(?:which|who|that|despite|although|though|while|with|yang|meski\w*"
    r"|\w+ing)\b"
    r"[^,.;⟨]*,\s*(?=(?:is|was|does|did|has|wins|loses|lebih|kalah|menang)\b)",
    re.I,
)
CLAUSE = re.compile(
    r"[,;:()–—]|\b(?:so|and|therefore|hence|thus|because|since|which|then|karena|maka|sehingga"
    r"|dan)\b"
)
_DENIES = re.compile(
    r"\b(?:not|cannot|never|nor|neither|whether|if|unless|hardly|nobody|no one|doubt|wonder"
    r"|although|though|while|whereas|despite|at first|initially|originally|perhaps|maybe|possibly"
    r"|nothing|suppose|imagine|assume|pretend"
    r"|(?:might|may|could) (?:well )?(?:prefer|choose|pick|say|think|argue|favou?r)"
    r"|bukan\w*|tidak|belum|tak|apakah|jika|bila|kalau|apabila|seandainya|meski\w*|walau\w*"
    r"|mungkin|barangkali)\b"
    r"|n['’]t\b|만약|만일|아마|혹시",
    re.I,
)
# A denial that also applies after "and": "I do not think A is right and B is better".
_DENIES_ALL = re.compile(
    r"(?:\bnot|n['’]t|\bnever|\bcannot)\s+(?:\w+\s+)?(?:think|believe|say|true|the case|clear"
    r"|certain|sure|convinced|agree|claim|conclude|mean)\b|\bwhether\b|\bhard to\b"
    r"|\b(?:no (?:reason|evidence|sign|proof|indication|ground|way|basis)"
    r"|little (?:reason|evidence)"
    r"|nothing|disagree\w*|den(?:y|ies)|refuse|reject|unlikely|doubtful|unclear|uncertain|unsure"
    r"|false|untrue|mistaken?|misleading|fail(?:s|ed)? to"
    r"|(?:wrong|incorrect|unfair|premature|tempting) to)\b"
    r"|^\W*(?:please )?(?:explain|describe|show|discuss|justify|argue|say|state) (?:why|that|how)\b"
    r"|\bI (?:\w+ly |first |had )?thought\b",
    re.I,
)
# "Answer A says that B is better": not the judge's own statement.
_SAYS = (
    r"(?:says?|said|claim(?:s|ed|ing)?|stat(?:es?|ed|ing)|argu(?:es?|ed|ing)|thinks?|believes?"
    r"|writes?|wrote|insists?|asserts?|suggests?|reports?|declares?|feels? that|concludes?"
    r"|menyatakan|mengklaim|berkata|mengatakan)"
)
_REPORTED = re.compile(
    rf"(?:^|(?<=[\s,;:]))(?!I\b|we\b)\S+\s+(?:(?:would|could|may|might|will|also|then|often)\s+)*{_SAYS}\b"
    r"|\bto (?:say|claim|argue|think|believe)\b",
    re.I,
)
_ACCORDING = re.compile(r"\baccording to\b|\bmenurut\s+(?!saya)", re.I)
# Denials and reports do not apply after these: "A fails to answer, B is better".
_REACH = re.compile(r";|,?\s+so\s+(?!that\b)|,\s*$|(?<=\w), and\s*$")
_OWN = re.compile(
    r"\b(?:I|we|saya)(?:['’]d)?\s+"
    rf"(?:(?:would|will|also|\w+ly|can|must|have to|had to)\s+)*{_SAYS}\b",
    re.I,
)
_BY_A_NAME = re.compile(r"⟨[AB]⟩(?:\s+(?!I\b|we\b)\w+){0,2}\s*$")
_BY_OTHERS = re.compile(
    r"\b(?:many|some|others|people|users?|readers?|critics|reviewers?|they|most|one|experts|you)\b"
    r"[^⟨]*$",
    re.I,
)
_SUPPOSED = re.compile(r"\b(?:supposed|alleged|reported|seeming|possib|presumab)ly\b", re.I)
_SHARED = re.compile(r"⟨[AB]⟩\s*(?:and|or|nor|[&/]|dan|atau|와|과|및)\s*$", re.I)
_CONDITION_AFTER = re.compile(
    r"\W{0,3}(?:than ⟨[AB]⟩\W{0,2})?(?:only )?(?:if|unless|when(?! it comes)|provided|assuming|or"
    r"|bila|jika|kalau|apabila|asalkan|atau)\b"
    r"|\W{0,3}(?:at first|initially|on the surface|superficially)\b",
    re.I,
)
# "better than nothing", "better suited to beginners", "better for beginners": no comparison of
# the two answers.
_NARROW = re.compile(
    r"\s*(?:(?:answer|response|output|one|option|choice|fit|match)\s+)?"
    r"(?:than (?!⟨|the other|its|that of|this)"
    r"|suited\b|as an? (?!whole|result|consequence)"
    r"|for (?!its|his|this|these|that|the (?:following|reasons?|same|simple)|being|having"
    r"|me\b|two|three|several|many|all|\w+ing\b))",
    re.I,
)
_KOREAN_SCOPE = re.compile(
    r",|므로|기 때문|니까|(?:아|어|해)서|으?며|(?<![다라])고(?=[\s,])|지만(?!은)|으나"
)
_DENIED_AFTER = re.compile(
    r"않|없|다는 .{0,8}(?:틀|거짓)|아니|아닙|아닌|어렵|힘들|못|모르|[는은]지|여부|수도"
    r"|다고 (?:\S+ ){0,2}(?:주장|말|적|쓰|썼)|[으다라하]면(?![가-힣])"
)
_CRITERION_AFTER = re.compile(
    r"[^,.;⟨]{0,12}?(?:than ⟨[AB]⟩)?\s*\b(?:in|on|at|regarding|concerning|stylistically"
    r"|with (?:respect|regard) to"
    r"|when it comes to|dalam(?: hal)?|dari segi|untuk)\s+"
    r"(?!(?:every|all|general|my|most|conclusion|summary|total|the (?:whole|end)|balance|quality"
    r"|overall|both|this (?:case|comparison|pair)|here|keseluruhan|hal ini|secara)\b)\w",
    re.I,
)
_CRITERION_BEFORE = re.compile(
    r"\b(?:in terms of|with (?:respect|regard) to|regarding|concerning|as for|when it comes to"
    r"|(?<!based )(?:on|for|in) (?:the )?"
    r"(?:style|tone|clarity|accuracy|correctness|facts?|form\w*|detail"
    r"|length|completeness|grammar|concision|brevity|depth|creativity|relevance|helpfulness)"
    r"|dari segi|dalam hal|dari sisi|soal)\b|측면에서|면에서(?!는 )|관해서",
    re.I,
)


def own_words(text: str) -> str:
    """A text without quotations, asides, and words that look like denials but are not."""
    text = text.strip()
    if re.fullmatch(r"[\"“][^\"“”]*[\"”]", text):
        text = text[1:-1]
    return _ASIDE.sub(" ", _QUOTED.sub("…", _HARMLESS.sub("", text)))


def is_taken_back(part: str, match: re.Match, says: str) -> bool:
    """Whether a statement is denied, doubted, conditional, reported, or about both names.

    ``part`` is the part of a sentence in which a pattern of ``comparatives`` has the ``match``.
    ``says`` is "win", "lose" or "tie".
    """
    before, after = part[: match.start()], part[match.end() :]
    picks = not match[0].startswith("⟨")
    lead = before + (match[0].split("⟨")[0] if picks else "")
    clause, reach = CLAUSE.split(before)[-1], _REACH.split(lead)[-1]
    return bool(
        (says != "tie" and _SHARED.search(before))
        or (picks and (_BY_A_NAME.search(clause) or _BY_OTHERS.search(clause)))
        or _DENIES.search(clause)
        or _SUPPOSED.search(match[0])
        or _DENIES_ALL.search(reach)
        or _REPORTED.search(_OWN.sub("", reach))
        or _ACCORDING.search(before)
        or _CONDITION_AFTER.match(after)
        or (says != "tie" and _NARROW.match(after))
        or _DENIED_AFTER.search(_KOREAN_SCOPE.split(after)[0])
    )


def is_of_one_criterion(part: str, match: re.Match) -> bool:
    """Whether a statement is about one criterion only: "in style", "in terms of accuracy"."""
    before, after = part[: match.start()], part[match.end() :]
    return bool(_CRITERION_AFTER.match(after) or _CRITERION_BEFORE.search(before))
