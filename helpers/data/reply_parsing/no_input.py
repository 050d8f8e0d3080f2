"""Empty the inputs that only say that there is none: ``<noinput>``, "N/A", "없음"."""

import re

_LONGEST = 80  # characters
_NEEDED = r"needed|required|necessary|provided|given|available|applicable|specified"
_FOR = r"(?: (?:for|in|by) (?:this|the) (?:task|instruction|question|example|exercise|one))?"
_NAMED = r"(?:in[ _-]?puts?|contexts?)"
_ENGLISH = (
    rf"(?:there is |this (?:task )?(?:has|needs|requires) )?(?:no|none|without|not)[\W_]*"
    rf"(?:additional |specific |further |extra |explicit )?{_NAMED}[\W_]*(?:is |are |was )?"
    rf"(?:{_NEEDED})?{_FOR}"
    rf"|(?:an? )?{_NAMED} (?:is |are )?not (?:{_NEEDED}){_FOR}"
    rf"|(?:this|the) task does not (?:need|require)(?: any| an)?(?: additional)? {_NAMED}"
    rf"|none(?: (?:is )?(?:{_NEEDED}))?{_FOR}|nil|null|empty|blank|left blank"
    rf"|n ?[/.\\] ?a|(?-i:NA)|not (?:{_NEEDED}){_FOR}"
)
_KOREAN = (
    r"(?:추가 ?)?(?:입력|데이터)?(?:값|내용)?(?:이|은|가|는)?\s*"
    r"(?:(?:필요(?:가|는)?\s*)?(?:없음|없습니다|없다)|불필요(?:함|합니다)?"
    r"|(?:필요하지|필요치|필요)\s*않(?:음|습니다|다))"
    r"|해당\s*(?:사항\s*)?없음|비어 ?있음|빈 ?칸|공백"
)
_INDONESIAN = (
    r"tidak ada(?: masukan| input)?(?: tambahan)?(?: yang (?:diperlukan|dibutuhkan))?"
    r"|tanpa (?:masukan|input)|(?:masukan |input )?tidak (?:di)?(?:perlu|butuh)(?:kan)?"
    r"|tidak (?:di|mem|me)?(?:perlu|butuh|merlu)(?:kan)? (?:masukan|input)(?: tambahan)?"
    r"|nihil|kosong"
)
_OTHERS = (
    r"keine?(?: eingabe)?(?: (?:nötig|erforderlich|notwendig))?|无(?:需)?(?:输入)?|無"
    r"|不需要(?:输入)?|なし|ningun[ao]|aucune?"
)
_PHRASE = rf"(?:{_ENGLISH}|{_KOREAN}|{_INDONESIAN}|{_OTHERS})"
_NO_INPUT = re.compile(
    # "N/A (no input needed)", "None (general knowledge)"
    rf"[\W_]*{_PHRASE}(?:[\W_]+{_PHRASE}|\s*[(（][^()（）]{{0,60}}[)）])?[\W_]*"
    r"|[-–—.…\s]{0,3}|\"\"|''|“”|\{\s?\}|\[\s?\]",
    re.I,
)


def without_no_input(text: str) -> str:
    """The input itself, or "" if it only says that there is none (``<noinput>``, "N/A")."""
    stripped = text.strip()
    return "" if len(stripped) <= _LONGEST and _NO_INPUT.fullmatch(stripped) else text
