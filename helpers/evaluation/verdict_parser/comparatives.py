"""Patterns in three languages for sentences that prefer one answer or call both equal.

Each pattern is ``(says, whole, regex)``. ``says`` is "win", "lose" or "tie" for the answer that the
pattern's only group names. ``whole`` is True where the pattern is about the whole answers
("better"), False where it is about one quality ("more detailed").
"""

import re

from helpers.evaluation.verdict_parser.answer_names import ALONE, NAME

_BEST = (
    r"(?:clear |obvious |overall |definite )?winner"
    r"|better|best|superior|stronger|strongest|preferable|preferred|favou?red"
    r"|(?:my|the right) (?:choice|pick|preference)|my (?:preferred|favou?rite)\b"
    r"|one I(?: would|['’]d)? (?:prefer|choose|pick)"
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
# What follows "better" where it is about the whole answer, unlike "better structured".
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
_ENGLISH = [
    ("win", True, rf"{NAME}{_IS}(?:{_BEST}){_AS_SUCH}"),
    ("win", True, rf"{NAME}\s+(?:\w+ly\s+)?(?:wins|won|beats?|outperform(?:s|ed)|surpass(?:es|ed)"
     r"|outdoes|edges out|takes the (?:win|lead|edge)"
     r"|has (?:the|an?)(?: \w+)? (?:edge|advantage)|prevails|comes out (?:ahead|on "
     r"top)|gets my vote|deserves (?:the|to) win|is (?:\w+ly |well |far )?(?:ahead|above ⟨))"),
    ("win", True, r"\b(?:find|found|consider|deem|judge|think|believe)\s+"
     rf"{NAME}\s+(?:(?:to be|as|is|was)\s+)?(?:the\s+)?(?:\w+ly\s+)?(?:{_BEST}){_AS_SUCH}"),
    ("win", True, rf"\b(?:rank|rate|score|place|put)\s+{NAME}\s+(?:\w+ly\s+)?(?:higher|above)\b"),
    ("win", True, rf"\b{_PICK}\s+(?:the )?{NAME}{ALONE}"),
    ("win", True, r"\b(?:better|best|superior|preferred|stronger|winning|chosen|winner)\s+"
     rf"(?:\w+\s+){{0,5}}?(?:is|was|would be|comes from)\s*:?\s*{NAME}{ALONE}(?!\s+not\b)"),
    ("win", True, rf"{NAME}\s+(?:should|would) be (?:preferred|chosen|selected|favou?red)\b"),
    ("win", True, rf"{NAME}\s*(?:>+|≻|over)\s*⟨"),
    ("win", False, rf"{NAME}{_IS}(?:{_BEST}|(?:more|most) {_WELL}|clearer|closer)\b"),
    ("win", False, rf"{NAME} better (?:follows|answers|addresses|meets|satisfies|fits|matches)\b"),
    ("lose", True, r"\b(?:worse|worst|weaker|weakest|inferior|losing)\s+(?:\w+\s+){0,3}?"
     rf"(?:is|was)\s*:?\s*{NAME}{ALONE}(?!\s+not\b)"),
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
     rf"(?:은|는|이|가)\s*{NAME}{ALONE}"),
    ("win", True, r"(?:맞는|적합한|적절한|정확한|올바른|좋은|나은|우수한)\s*(?:것|쪽|답변?|응답)"
     rf"(?:은|는)\s*{NAME}{ALONE}"),
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
     rf"|(?:jatuh|diberikan) (?:ke|pada|kepada))\s+(?:pada )?{NAME}{ALONE}"),
    ("win", True, r"\b(?:lebih (?:baik|unggul|bagus|tepat|benar)|terbaik|pemenang\w*)"
     rf"(?: dari keduanya)?\s+(?:adalah|ialah|yaitu)\s*:?\s*{NAME}{ALONE}"),
    ("win", False, rf"{NAME}{_VERY}(?:lebih|paling) (?:akurat|lengkap|jelas|relevan|sesuai|rinci"
     r"|informatif|membantu|bermanfaat|berguna)\b"),
    ("lose", True, rf"{NAME}{_VERY}(?:lebih (?:buruk|lemah|jelek)|kalah|terburuk)\b"),
    ("lose", True, rf"{NAME}{_VERY}kurang (?:baik|bagus|tepat)\s+"
     r"(?:dibanding\w*|daripada|dari)\s+⟨"),
    ("lose", True, rf"{NAME}{_VERY}tidak se(?:baik|bagus|tepat|akurat|lengkap)\s+⟨"),
    ("tie", True, r"\bsama(?:[ -]sama)? (?:baik|bagus|benar|tepat|kuat|buruk)\w*|\b(?:seri|imbang"
     r"|seimbang|setara)\b|\btidak ada (?:yang lebih|pemenang|perbedaan)"),
]  # fmt: skip
SAYS = [
    (says, whole, re.compile(pattern, re.I))
    for says, whole, pattern in [*_ENGLISH, *_KOREAN, *_INDONESIAN]
]
