"""Which of two answers the sentences of a text speak for, in English, Korean and Indonesian.

On the ground floor, under :mod:`helpers.verdicts`, which reads marks such as ``[[A]]``; here prose
is read. A sentence counts where it puts one answer above the other or both on one level, is no
question and no condition, and is not denied, before its verb or (in Korean) after it. Names are in
the form of :func:`helpers.answer_names.named`, so every pattern holds for both answers alike.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from helpers.answer_names import NAME


@dataclass(frozen=True)
class Statement:
    """What a sentence says: ``verdict`` is ``"A"``, ``"B"`` or ``"tie"``.

    ``whole``: it speaks of the answers as such ("better"), not of one quality ("more detailed").
    ``concludes``: it draws the conclusion ("Therefore, …").
    """

    verdict: str
    whole: bool
    concludes: bool


# --- what is said of a name -----------------------------------------------------------------------

_BEST = (
    r"better|best|superior|stronger|strongest|preferable|preferred|favou?red|winner"
    r"|(?:my|the right) (?:choice|pick|preference)|one I(?: would|['’]d)? (?:prefer|choose|pick)"
)
_WELL = (
    r"(?:accurate|helpful|detailed|complete|comprehensive|relevant|correct|precise|informative"
    r"|concise|useful|specific|coherent|thorough|appropriate|faithful|natural|fluent|readable"
    r"|reliable|factual|truthful|effective|suitable|nuanced|convincing|balanced|insightful|creative|diverse)"
)
_IS = (
    r"(?:['’]s|\s+(?:is|was|does|did|has|looks?|seems?|appears?|feels?|remains?|performs?|performed"
    r"|works?|worked|gives?|gave|provides?|provided|offers?|offered|delivers?|delivered|presents?"
    r"|makes?|responds?|responded|answers?|follows?|scores?|ranks?|fares?|handles?|fits?|meets?"
    r"|comes out|turns out))(?:\s+(?:to be|the|a|an|as|also|just|still|a (?:bit|little|lot)|far"
    r"|much|even|by far|overall|indeed|somewhat|(?!hardly|barely|scarcely)\w+ly))*\s+"
)
# After it "better" is meant of the whole answer, not of its style ("better structured").
_AS_SUCH = (
    r"(?=\W*$|\s*[^\w\s]|\s+(?:than|because|since|as|due|overall|here|of the two|and|by far|choice"
    r"|answer|response|output|one|option|in (?:every|all|general|my))\b)"
)
_PICK = (
    r"(?:prefer(?:red)?|choos(?:e|ing)|chose|pick(?:ed|ing)?|select(?:ed|ing)?|favou?r|go(?:ing)?"
    r" (?:with|for)|went with|lean(?:ing)? (?:towards?|to)|side with|vote for|opt for|settle on"
    r"|(?:vote|point|victory|edge|win|nod|prize|preference) (?:goes |is |would go )?(?:to|for)"
    r"|in favou?r of|awarded to|recommend)"
)
_ALONE = r"(?!\s*(?:[,/&]|or|and|vs\.?|atau|dan|또는|이나)\s*⟨)"  # not "choose A or B"
_ENGLISH = [
    ("win", True, rf"{NAME}{_IS}(?:{_BEST}){_AS_SUCH}"),
    ("win", True, rf"{NAME}\s+(?:\w+ly\s+)?(?:wins|won|beats?|outperform(?:s|ed)|surpass(?:es|ed)"
     r"|outdoes|edges out|takes the (?:win|lead|edge)|has the edge|prevails|comes out (?:ahead|on "
     r"top)|gets my vote|deserves (?:the|to) win|is (?:ahead of|above))\b"),
    ("win", True, rf"\b{_PICK}\s+(?:the )?{NAME}{_ALONE}"),
    ("win", True, r"\b(?:better|best|superior|preferred|stronger|winning|chosen|winner)\s+"
     rf"(?:\w+\s+){{0,5}}?(?:is|was|would be|comes from)\s*:?\s*{NAME}{_ALONE}(?!\s+not\b)"),
    ("win", True, rf"{NAME}\s+(?:should|would) be (?:preferred|chosen|selected|favou?red)\b"),
    ("win", True, rf"{NAME}\s*(?:>+|≻|over)\s*⟨"),
    ("win", False, rf"{NAME}{_IS}(?:{_BEST}|(?:more|most) {_WELL}|clearer|closer)\b"),
    ("win", False, rf"{NAME} better (?:follows|answers|addresses|meets|satisfies|fits|matches)\b"),
    ("lose", True, rf"{NAME}\s*(?:<+|≺)\s*⟨"),
    ("lose", True, rf"{NAME}{_IS}(?:worse|worst|inferior|weaker|weakest)\b"),
    ("lose", True, rf"{NAME}\s+(?:loses|lost|(?:is|was) (?:outperformed|beaten|surpassed))\b"),
    ("lose", True, rf"{NAME}\s+(?:is|was|does|did)(?:n['’]t| not)\s+(?:\w+ )?as (?:good|well)\b"),
    ("lose", False, rf"{NAME}{_IS}less {_WELL}"),
    ("tie", True, r"\bequally (?:good|well|bad|strong|matched|valid)\b"),
    ("tie", True, r"(?:\b(?:is|was|be|as|it|this|in|on)|['’]s)(?: just| clearly)? an? "
     r"(?:clear )?(?:tie|draw|toss-?up)\b|\b(?:are|is) (?:\w+ )?tied\b|\btie between\b"
     r"|\b(?:both|they|answers|responses|outputs|two) tie\b"),
    ("tie", True, r"\b(?:are|is|perform) (?:\w+ly |about |almost )?(?:on (?:a )?par\b"
     r"|evenly matched|of (?:equal|the same|similar) quality|indistinguishable"
     r"|(?:equal|comparable|equivalent|identical|the same)(?=\W*$|[.,;]| in (?:\w+ )?quality))"),
    ("tie", True, r"\bno (?:clear |real |obvious )?(?:winner|difference in quality)\b|\bneither\b"
     r"[^.,;]{0,40}? (?:is|was|seems) (?:\w+ly |any )?(?:better|superior|worse)\b"),
    ("tie", True, r"⟨[AB]⟩ (?:is|was|performs) (?:just |about |exactly )?as (?:good|well) as ⟨"),
    ("tie", False, r"\bequally \w+"),
]  # fmt: skip

_ONE = rf"{NAME}\s?(?:쪽)?\s*"
_THAN = r"(?:[^⟨⟩.!?,]{0,20}⟨[AB]⟩\s?(?:쪽)?\s*보다)"
_MORE = r"[^⟨⟩.!?,]{0,25}?(?:더|훨씬|조금|가장)\s+(?:[가-힣]+\s)?"
_GOOD = "(?:낫|나은|나음|나아|나았|좋|우수|우월|뛰어|훌륭|바람직|적절|적합|잘 )"
_BAD = "(?:나쁘|나쁩|나쁜|(?<!지)(?<!지 )못[하합]|부족|떨어|미흡)"
_KOREAN = [
    ("win", True, rf"{_ONE}(?:이|가|은|는|도)?{_THAN}?{_MORE}{_GOOD}"),
    ("win", True, rf"{_ONE}(?:이|가|은|는){_THAN}\s*{_GOOD}"),
    ("win", True, rf"{_ONE}(?:이|가)\s*(?:낫|나아|나은|우수|우월|뛰어|이겼|이깁|승리|앞섭|우세)"),
    ("win", True, rf"{_ONE}(?:을|를)\s*(?:더\s*)?(?:선택|고르|고릅|골랐|선호|추천|택|꼽)"),
    ("win", True, rf"{_ONE}(?:의\s*손을|의?\s*승(?:리|입니다|이다|\W*$))"),
    ("win", True, r"(?:(?:더|가장)\s*(?:나은|좋은|우수한|적절한|뛰어난|훌륭한)[^⟨⟩.,]{0,8}|승자)"
     rf"(?:은|는|이|가)\s*{NAME}{_ALONE}"),
    ("win", False, rf"{_ONE}(?:이|가|은|는|도)?{_THAN}?{_MORE}(?:정확|완전|자세|상세|구체|유용|도움"
     "|충실|명확|자연|간결|타당|알맞|맞|친절|풍부)"),
    ("lose", True, rf"{_ONE}(?:이|가|은|는)?{_THAN}?{_MORE}{_BAD}"),
    ("lose", True, rf"{_ONE}(?:이|가|은|는){_THAN}\s*(?:{_BAD}|덜)"),
    ("lose", True, rf"{_ONE}(?:이|가|은|는)?\s*⟨[AB]⟩만큼[^⟨⟩.!?,]{{0,15}}(?:지[는도]?\s*않|못)"),
    ("tie", True, r"무승부|비겼|비깁|비긴|동점|막상막하|우열을 가리기 (?:어렵|힘들)"
     r"|차이가 (?:거의 )?없|(?:똑같이|동등하게|비슷하게) (?:좋|우수|훌륭)"
     r"|(?:동등|대등)(?:합|하다|한)|(?:같은|비슷한) 수준"),
]  # fmt: skip

_VERY = (
    r"(?:\s+(?:ini|itu|yang|adalah|memang|terasa|terlihat|tampak|jelas|sedikit|jauh|juga|dinilai"
    r"|dianggap|merupakan|jawaban|memberikan|secara keseluruhan|tetap|\w+nya))*\s+"
)
_INDONESIAN = [
    ("win", True, rf"{NAME}{_VERY}(?:lebih|paling) (?:baik|unggul|bagus|memuaskan|tepat|benar)\b"),
    ("win", True, rf"{NAME}{_VERY}(?:terbaik|unggul|menang|memenangkan|mengungguli)\b"),
    ("win", True, r"\b(?:(?:me)?milih|pilih|lebih suka|(?:me)?nyukai|cenderung ke"
     rf"|(?:jatuh|diberikan) (?:ke|pada|kepada))\s+(?:pada )?{NAME}{_ALONE}"),
    ("win", True, r"\b(?:lebih (?:baik|unggul|bagus|tepat|benar)|terbaik|pemenang\w*)"
     rf"(?: dari keduanya)?\s+(?:adalah|ialah|yaitu)\s*:?\s*{NAME}{_ALONE}"),
    ("win", False, rf"{NAME}{_VERY}(?:lebih|paling) (?:akurat|lengkap|jelas|relevan|sesuai|rinci"
     r"|informatif|membantu|bermanfaat|berguna)\b"),
    ("lose", True, rf"{NAME}{_VERY}(?:lebih (?:buruk|lemah|jelek)|kalah|terburuk)\b"),
    ("lose", True, rf"{NAME}{_VERY}tidak se(?:baik|bagus|tepat|akurat|lengkap)\s+⟨"),
    ("tie", True, r"\bsama(?:[ -]sama)? (?:baik|bagus|benar|tepat|kuat|buruk)\w*|\b(?:seri|imbang"
     r"|seimbang|setara)\b|\btidak ada (?:yang lebih|pemenang|perbedaan)"),
]  # fmt: skip
_SAYS = [
    (says, whole, re.compile(pattern, re.I))
    for says, whole, pattern in [*_ENGLISH, *_KOREAN, *_INDONESIAN]
]

# --- what takes it back ---------------------------------------------------------------------------

_HARMLESS = re.compile(
    r"\bnot (?:only|just|surprisingly)\b"
    r"|\bif (?:anything|(?:I )?(?:had|have|forced|must|were)\b[^,.]*)"
    r"|\beven (?:if|though)[^,.]*|\b(?:no|without (?:a )?)doubt\b",
    re.I,
)
_QUOTED = re.compile(r"[\"“][^\"“”\n]{12,}[\"”]")  # what an answer says is not what the judge says
_SENTENCE = re.compile(r"(?<!\bvs\.)(?<=[.!?。])(?<!\d\.)\s+|\n+")
# What stands after it overrules what stands before it.
_BUT = re.compile(
    r"\b(?:but|however|yet|tetapi|tapi|namun|sedangkan)\b|지만(?!은)|으나|는데|그러나|하지만", re.I
)
_CLAUSE = re.compile(
    r"[,;:()–—]|\b(?:so|and|therefore|hence|thus|because|since|which|then|karena|maka|sehingga"
    r"|dan)\b"
)
_DENIES = re.compile(
    r"\b(?:not|cannot|never|nor|neither|whether|if|unless|hardly|nobody|no one|doubt|wonder"
    r"|claim\w*|although|though|while|whereas|despite|at first"
    r"|(?:some|one|many|you|could|may|might) (?:would |could |may |might )?(?:argue|say|think)"
    r"|bukan\w*|tidak|belum|tak|apakah|jika|bila|kalau|apabila|seandainya|meski\w*|walau\w*)\b"
    r"|n['’]t\b|만약|만일",
    re.I,
)
# A denial that reaches past "and": "I do not think A is right and B is better".
_DENIES_ALL = re.compile(
    r"(?:\bnot|n['’]t|\bnever|\bcannot)\s+(?:\w+\s+)?(?:think|believe|say|true|the case|clear"
    r"|certain|sure|convinced|agree|claim|conclude|mean)\b|\bwhether\b|\bhard to\b",
    re.I,
)
_CONDITION_AFTER = re.compile(
    r"\W{0,3}(?:than ⟨[AB]⟩\W{0,2})?(?:only )?(?:if|unless|when(?! it comes)|provided|assuming|or"
    r"|bila|jika|kalau|apabila|asalkan|atau)\b",
    re.I,
)
_KOREAN_SCOPE = re.compile(
    r",|므로|기 때문|니까|(?:아|어|해)서|으?며|(?<![다라])고(?=[\s,])|지만(?!은)|으나"
)
_DENIED_AFTER = re.compile(
    r"않|없|다는 .{0,8}(?:틀|거짓)|아니|아닙|아닌|어렵|힘들|못|모르|[는은]지|여부|수도"
    r"|[으다라하]면(?![가-힣])"
)
_CONCLUDES = re.compile(
    r"\b(?:therefore|thus|hence|overall|in (?:conclusion|summary|sum|short|the end)|to (?:conclude"
    r"|sum up)|all in all|consequently|ultimately|accordingly|as a result|on balance|conclusion"
    r"|verdict|decision|judge?ment|I conclude|all things considered|for (?:this|these) reasons?"
    r"|jadi|(?:ke)?simpulan\w*|oleh karena itu|karena itu|dengan demikian|maka|sehingga|akhirnya"
    r"|(?:secara )?keseluruhan|singkatnya|pada akhirnya|putusan\w*)\b"
    r"|(?:^|[,;] )so\b(?! (?:much|far))"
    r"|따라서|결론|그러므로|그래서|종합|요약하면|결국|전체적|전반적|최종|판정|이에 ",
    re.I,
)
# "Therefore, B.", once the first word is taken off.
_ONLY_A_NAME = re.compile(
    rf"\W*(?:the answer is |is |적으로)?\W*{NAME}(?:입니다|이다)?[^\w:]*", re.I
)


def statements(text: str) -> Iterator[Statement]:
    """What the sentences of a text say, in their order. ``text`` comes from ``named``."""
    carried = False  # "Conclusion:" on a line of its own speaks of the next
    for sentence in _SENTENCE.split(_QUOTED.sub("", _HARMLESS.sub("", text.strip("\"'“” \n")))):
        concludes = carried or bool(_CONCLUDES.search(sentence))
        carried = concludes and len(sentence) < 40 and sentence.rstrip("* ").endswith(":")
        if sentence.rstrip().endswith("?"):
            continue
        only = concludes and _ONLY_A_NAME.fullmatch(_CONCLUDES.sub("", sentence))
        found = (only[1], True) if only else _said_last(_BUT.split(sentence))
        if found:
            yield Statement(*found, concludes)


def _said_last(parts: list[str]) -> tuple[str, bool] | None:
    """What the last part says; an earlier one if the later are silent, and do not undo its tie."""
    for i, part in reversed(list(enumerate(parts))):
        found = _said(part)
        if found:
            undone = found[0] == "tie" and any("⟨" in later for later in parts[i + 1 :])
            return None if undone else found
    return None


def _said(part: str) -> tuple[str, bool] | None:
    """``(verdict, whole)`` of a part of a sentence, None where it says nothing or contradicts."""
    found = {True: set(), False: set()}
    for says, whole, pattern in _SAYS:
        for match in pattern.finditer(part):
            if not _taken_back(part, match, says):
                found[whole].add(_verdict(says, match))
    for whole, verdicts in found.items():
        if verdicts:
            return (verdicts.pop(), whole) if len(verdicts) == 1 else None
    return None


def _verdict(says: str, match: re.Match) -> str:
    return says if says == "tie" else match[1] if says == "win" else "BA"["AB".index(match[1])]


def _taken_back(part: str, match: re.Match, says: str) -> bool:
    """Whether a statement is denied, made conditional, or shared by both names ("A and B are")."""
    before, after = part[: match.start()], part[match.end() :]
    shared = re.search(r"⟨[AB]⟩\s*(?:and|or|nor|[&/]|dan|atau|와|과|및)\s*$", before, re.I)
    return bool(
        (says != "tie" and shared)
        or _DENIES.search(_CLAUSE.split(before)[-1])
        or _DENIES_ALL.search(before)
        or _CONDITION_AFTER.match(after)
        or _DENIED_AFTER.search(_KOREAN_SCOPE.split(after)[0])
    )
