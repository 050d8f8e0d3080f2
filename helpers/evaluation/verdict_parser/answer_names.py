"""Rewrite all names of the two compared answers in one form, ``⟨A⟩`` and ``⟨B⟩``.

"Output (b)", "**Response 2**", "model_b", "the second answer", "답변 B", "두 번째 답변" and
"jawaban kedua" all become ``⟨B⟩``. The patterns that read the text afterwards are then the same for
both answers, so a verdict that they miss favours neither. A *label* is a name, a comparison
(``B>>A``) or a word for a tie.
"""

import re

NAME = "⟨([AB])⟩"
COMPARED = rf"{NAME}\s*(>+|<+|[=≈~]+)\s*⟨[AB]⟩"  # A > B, B >> A, A = B
# Not followed by what makes a name no choice: "choose A or B".
ALONE = r"(?!\s*(?:[,/|&]|or|and|vs\.?|atau|dan|또는|이나)\s*(?:⟨|tie))"
TIE = "(?:tied?|draw|equal|both|neither|same|seri|imbang|seimbang|무승부|동점|비김)"

_NOUN = (
    "(?:answers?|responses?|assistants?|models?|options?|outputs?|candidates?|choices?|reply|replies"
    "|systems?|solutions?|chatbots?|bots?|completions?|versions?|submissions?|summary|summaries"
    "|texts?|essays?|generations?|agents?|translations?|contestants?|players?|AI"
    "|jawaban|respons?|asisten|keluaran|opsi|pilihan|kandidat|tanggapan|balasan|teks|terjemahan"
    "|답변|응답|대답|답안|모델|어시스턴트|출력|후보|선택지|옵션|번역|글)"
)
_MAKER = "(?:from|of|by|given by|provided by|written by|dari|milik|oleh)"
_OPEN, _SHUT = "[(\\[{\"'“‘«「『【]", "[)\\]}\"'”’»」』】]"
# What follows a lower-case letter that is a name. In "answer a question" it is not a name.
_GOES_ON = (
    r"(?=\s+(?:is|was|isn|wins|won|has|does|did|performs?|performed|gives|provides|seems|than|over"
    r"|and|or|nor|to|because|since|by|lebih|jauh|jelas|tidak|adalah|dan|atau|karena)\b"
    r"|\s*(?:[^\w\s]|$)|\s*[가-힣])"
)
# "A's answer" is A. In "A's final answer: 2" the answer is what A computed.
_OWNS = rf"(?:['’]s\s+(?:\w+\s+)?{_NOUN}\b(?!\s*(?:[:=]|is\s+\W*\d)))?"
_NAMES = re.compile(
    rf"""
      # Output (a), Response 2, model_b, the answer from Assistant A, Assistant B's answer
      (?<![A-Za-z0-9_⟨])(?:the\s+)?(?:{_NOUN}\s+{_MAKER}\s+(?:the\s+)?)?
      {_NOUN}(?:\s*[_#-]\s*|\s*|\s+(?:no\.?|number|nomor)\s*)
      (?:{_OPEN}\s*([AB12])\s*{_SHUT}
        |((?-i:[AB])|[12](?![.,]\d))
        |((?-i:[ab])|one|two){_GOES_ON})
      (?![A-Za-z0-9_]){_OWNS}
      # the first answer, the second one, the second is better
    | (?<![A-Za-z0-9_⟨])(?:the\s+)?(first|second|1st|2nd)
      (?:[ -](?:listed|presented|given))?\s+(?:{_NOUN}|one)\b
    | \bthe\s+(first|second)(?=\s+(?:is|was|wins)\b)
      # jawaban kedua, yang pertama
    | (?<![A-Za-z0-9_])(?:{_NOUN}\s+(?:yang\s+)?|yang\s+)(pertama|kedua)\b
      # 두 번째 답변, 2번 답변, B의 답변
    | (?:(첫|두)\s?번째|(첫|둘)째|(?<![A-Za-z0-9_⟨])([AB12])번)(?:의|\s)*(?:{_NOUN}|것)?
    | (?<![A-Za-z0-9_⟨])((?-i:[AB]))(?:의|\s)*(?=[가-힣]){_NOUN}(?!\s*[A-Za-z0-9(\[])
      # (b), "B", B, B's answer
    | (?<![A-Za-z0-9_⟨]){_OPEN}\s*([AB])\s*{_SHUT}
    | (?<![A-Za-z0-9_⟨.'’-])((?-i:[AB]))(?![A-Za-z0-9_⟩+]|-[A-Za-z]|['’](?!s\b))
      {_OWNS}
      # 2 is better
    | (?<![\w.,/⟨-])\(?([12])\)?(?=\s+(?:is|was|wins|performs|performed)\b)
    """,
    re.I | re.X,
)
_QUOTED = re.compile(rf"{_OPEN}\s*(⟨[AB]⟩)\s*{_SHUT}")
_FIRST = {"a", "1", "one", "first", "1st", "pertama", "첫"}
_EMPHASIS = [
    (re.compile(r"\\(?:text\w*|math\w+|emph|bf)\s*\{([^{}]*)\}"), r"\1"),
    (re.compile(r"</?(?:b|strong|i|em|u|mark)>|[*`]+|__+|\\(?=_)", re.I), ""),
]
_BY_ORDER = re.compile(
    r"\b(?:the )?(?:former|(latter))\b(?: (?:one|answer|response))?|전자|(후자)", re.I
)


def named(text: str) -> str:
    """A text with the names of both answers as ``⟨A⟩`` and ``⟨B⟩``, and without emphasis."""
    text = _NAMES.sub(_name, without_emphasis(text))
    for _ in range(2):  # "(A)"
        text = _QUOTED.sub(r"\1", text)
    return _BY_ORDER.sub(_mentioned, text)


def without_emphasis(text: str) -> str:
    """A text without the marks for bold, italic and code in Markdown, HTML and LaTeX."""
    for _ in range(2):  # \textbf{\text{A}}
        for pattern, plain in _EMPHASIS:
            text = pattern.sub(plain, text)
    return text


def _name(match: re.Match) -> str:
    return f"⟨{side_of(next(filter(None, match.groups())))}⟩"


def _mentioned(match: re.Match) -> str:
    """What "the former" means, if the last sentence with names has both names, each once."""
    for sentence in reversed(re.split(r"[.!?\n]", match.string[: match.start()])):
        names = re.findall(NAME, sentence)
        if names:
            later = bool(match[1] or match[2])
            return f"⟨{names[later]}⟩" if sorted(names) == ["A", "B"] else match[0]
    return match[0]


def label_of(words: str) -> str | None:
    """The verdict of a label's words: ``"A"``, ``"B"``, ``"tie"``, or None.

    Such words are ``A``, ``2``, ``model_b``, ``Answer A``, ``B>>A``, ``A is better``, ``tie``, and
    ``C``, which several well-known prompts use for a tie.
    """
    text = without_emphasis(words).strip()
    if alone := re.fullmatch(r"\W*([AB12])\W*", text, re.I):
        return side_of(alone[1])
    text = re.sub(
        r"^\W*(?:the )?(?:verdict|winner|preferred|choice)\s*(?:[:=]|is)\s*",
        "",
        named(text),
        flags=re.I,
    )
    if several := re.fullmatch(rf"\W*?{COMPARED}\W*", text):
        return compared(several[1], several[2])
    praised = r"(?:\s+(?:is (?:the )?(?:\w+ly )?(?:better|best|winner)|wins))?"
    praised += r"(?:\s*\((?:\w+ly|a (?:bit|little)|by far|\w+ better|better)\))?"
    if name := re.fullmatch(rf"[^\w⟨]*{NAME}{praised}[^\w⟩]*", text):
        return name[1]
    tie = re.fullmatch(rf"\W*(?:C|{TIE}(?:\s*\(.*\)|\W+\w*)?|both_?bad)\W*", text, re.I)
    return "tie" if tie else None


def side_of(letter: str) -> str:
    """``"A"`` for "a", "1", "first" and the like, ``"B"`` for their counterparts."""
    return "A" if letter.lower() in _FIRST else "B"


def compared(first: str, sign: str) -> str:
    """The verdict of ``first > other``, ``first < other`` or ``first = other``."""
    if sign[0] == ">":
        return first
    return "tie" if sign[0] != "<" else "B" if first == "A" else "A"
