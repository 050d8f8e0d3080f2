"""Fields that hold words but say nothing: "no input" in all spellings, and "N/A" for an answer."""

import re

from helpers.parsing import normal_input

# Beyond the spellings that helpers.parsing knows from task lists; matched as a whole.
_NO_INPUT = (
    r"(?:no(?:ne|thing)?|not) (?:\w+ )?(?:is |was )?(?:needed|required|necessary|provided|given"
    r"|specified|applicable|available)(?: (?:for|in|to) .{0,40})?",
    r"no (?:additional |further |other )?(?:text|data|context|content|information|details|value)"
    r"(?: (?:is |was )?(?:needed|required|necessary|provided|given|available))?",
    r"(?:empty|blank)(?: (?:string|input|field))?|nan|undefined|no_input|input not \w+|n\.a\.?",
    # Korean
    r"(?:입력|해당|추가 ?정보|내용)(?:값|란| ?사항| ?내용)?(?:이|은|가|는)? ?(?:따로 "
    r"|별도로 )?(?:필요 ?)?"
    r"(?:없음|없습니다|없다|없어요|하지 ?않(?:음|습니다))",
    r"(?:입력(?:값)?|추가 ?정보)(?:이|은|는|가)? ?(?:필요(?:하지|치|가|는)? ?(?:않|없)\w*"
    r"|불필요\w*)|무|공란|빈 ?칸",
    # Indonesian
    r"(?:tidak|tak) (?:ada|perlu|diperlukan|dibutuhkan|berlaku|tersedia)(?: \w+){0,3}|nihil",
    r"tanpa (?:masukan|input|data|teks)(?: \w+){0,2}|(?:masukan|input|data) (?:tidak|tak) \w+",
    # Others, as they occur in data that was translated
    r"ningun[oa]|sin entrada|aucune?(?: entrée)?|keine(?: eingabe)?|sem entrada|nessuno",
    r"なし|入力なし|该?无(?:输入)?|無(?:輸入)?|没有输入",
)
_NO_INPUT = re.compile(rf"\W*(?:NA|(?i:{'|'.join(_NO_INPUT)}))\W*")
_NO_ANSWER = (
    r"no ?_?out ?puts?(?: (?:is )?(?:needed|required|provided|given|available))?|no ?_?in ?puts?",
    r"n ?/ ?a|n\.a\.?|not (?:applicable|available)|null|nan|undefined|tbd|todo|lorem ipsum.*",
    r"no (?:answer|response|reply)(?: (?:provided|given|available))?",
    r"to be (?:determined|added|done)|[<\[({](?:output|answer|response|text|출력|답변"
    r"|jawaban)[>\])}]",
    r"(?:insert|your|add|write) (?:the |your |an? )?(?:answer|output|response|text)(?: here)?",
    r"출력 ?(?:값 ?)?없음|(?:답변?|응답) ?없음|해당 ?(?:사항 ?)?없음",
    r"(?:tidak|tak) ada (?:keluaran|jawaban|output)|tidak (?:berlaku|tersedia)",
    r"tanpa (?:keluaran|jawaban)",
)
_NO_ANSWER = re.compile(rf"\W*(?:{'|'.join(_NO_ANSWER)})\W*", re.I | re.S)


def without_no_input(text: str) -> str:
    """An input that only says that there is none, in any spelling or language, becomes empty."""
    said = re.sub(r"^\W*input\s*[:：]", "", text, flags=re.I).strip()
    return "" if not normal_input(said) or _NO_INPUT.fullmatch(said) else text


def says_nothing(row: dict) -> str | None:
    """Why an output is no answer: empty, or words that only say so ("None" may be an answer)."""
    answer = row["output"].strip()
    if not answer:
        return "the output is empty"
    if _NO_ANSWER.fullmatch(answer):
        return f"the output only says {answer[:30]!r}"
    return "the output is only punctuation" if re.fullmatch(r"[\s.…_—–-]{1,5}", answer) else None
