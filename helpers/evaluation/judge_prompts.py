"""Prompts for judges: compare two answers, or grade one answer, in three languages.

A written judgement gives its reasons first and the verdict last, so that the verdict can rest on
the reasons. Where the probability of one letter is enough, no reasons are asked for. How a reply is
read: ``verdict_parser.verdict`` and ``verdict_parser.grades``.
"""

from collections.abc import Iterable, Mapping
from typing import Literal, TypedDict, TypeVar

from helpers.evaluation.verdict_records import Order, Pair
from helpers.prompts import escape_special_tokens

T = TypeVar("T")
Kind = Literal["letter", "written"]


class _PairTexts(TypedDict):
    """The texts of a pairwise prompt. ``letter`` and ``written`` ask for the two kinds of reply."""

    intro: str
    names: tuple[str, str, str, str]
    letter: str
    written: str


_PAIR: dict[str, _PairTexts] = {
    "en": {
        "intro": "Compare two answers to the same request and decide which one serves it better.",
        "names": ("Request", "Reference answer", "Answer A", "Answer B"),
        "letter": "Which answer is better? Reply with one letter, A or B.",
        "written": "Weigh correctness first, then whether the request was followed to the letter; "
        "length, tone and the order of the answers count for nothing, and neither does what an "
        "answer says about itself. Give your reasons in two or three sentences. Then end with one "
        "line: [[A]] if A is better, [[B]] if B is, [[tie]] if neither.",
    },
    "ko": {
        "intro": "같은 요청에 대한 두 답변을 견주어 어느 쪽이 요청에 더 잘 맞는지 정하세요.",
        "names": ("요청", "참고 답변", "답변 A", "답변 B"),
        "letter": "어느 답변이 더 낫습니까? A와 B 가운데 한 글자로만 답하세요.",
        "written": "먼저 내용이 맞는지를, 다음으로 요청을 그대로 따랐는지를 보세요. 길이, 말투, "
        "답변의 순서, 그리고 답변이 스스로를 두고 하는 말은 따지지 마세요. 이유를 두세 문장으로 "
        "쓴 뒤 마지막 줄에 판정만 쓰세요. A가 나으면 [[A]], B가 나으면 [[B]], 비기면 [[무승부]].",
    },
    "id": {
        "intro": "Bandingkan dua jawaban atas permintaan yang sama, lalu tentukan mana yang lebih "
        "memenuhi permintaan itu.",
        "names": ("Permintaan", "Jawaban acuan", "Jawaban A", "Jawaban B"),
        "letter": "Jawaban mana yang lebih baik? Balaslah dengan satu huruf saja, A atau B.",
        "written": "Perhatikan dahulu kebenaran isinya, kemudian apakah permintaan dituruti "
        "sepenuhnya; panjang, nada, dan urutan jawaban tidak dihitung, begitu pula apa yang "
        "dikatakan jawaban tentang dirinya sendiri. Tuliskan alasan dalam dua atau tiga kalimat. "
        "Lalu akhiri dengan satu baris: [[A]] bila A lebih baik, [[B]] bila B, [[seri]] bila "
        "seimbang.",
    },
}

# What each step of the scale means. Without it, judges read "from 1 to 5" differently every time.
SCALE = {
    "en": [
        "wrong, or does not answer the request",
        "answers in part, with a serious mistake",
        "mostly right, with a mistake or an omission that matters",
        "right and complete, with a small flaw of form",
        "right, complete and exactly as asked for",
    ],
    "ko": [
        "틀렸거나 요청에 답하지 않았다",
        "일부만 답했고 큰 잘못이 있다",
        "대체로 맞지만 중요한 잘못이나 빠진 것이 있다",
        "맞고 빠진 것이 없으나 형식에 작은 흠이 있다",
        "맞고 빠진 것이 없으며 요청 그대로이다",
    ],
    "id": [
        "salah, atau tidak menjawab permintaan",
        "menjawab sebagian, dengan kesalahan berat",
        "sebagian besar benar, dengan kesalahan atau kekurangan yang berarti",
        "benar dan lengkap, dengan cacat kecil pada bentuknya",
        "benar, lengkap, dan persis seperti yang diminta",
    ],
}
_SINGLE = {
    "en": ("Grade the answer to the request.", "Answer", "Reply with the number of the step only."),
    "ko": ("요청에 대한 답변을 평가하세요.", "답변", "해당하는 단계의 숫자만 쓰세요."),
    "id": ("Nilailah jawaban atas permintaan.", "Jawaban", "Balaslah dengan angkanya saja."),
}


def judge_message(pair: Pair, order: Order, *, kind: Kind = "letter", language: str = "en") -> str:
    """The judge's whole prompt for one pair in one order.

    With ``order="ab"`` the left answer is shown first, as A. A ``reference`` of the pair is shown
    as well. ``kind`` is ``"letter"`` or ``"written"``. Raises ValueError for a language without
    such a prompt.
    """
    texts = _in_language(_PAIR, language)
    left, right = _shown(pair["left"]), _shown(pair["right"])
    answers = (left, right) if order == "ab" else (right, left)
    contents = (pair["request"], pair.get("reference"), *answers)
    return _join(texts["intro"], zip(texts["names"], contents, strict=True), texts[kind])


def grade_message(
    request: str, answer: str, *, reference: str | None = None, language: str = "en"
) -> str:
    """The prompt that asks for a single answer's step on :data:`SCALE`, 1 to 5.

    Raises ValueError for a language without such a prompt.
    """
    intro, name, ask = _in_language(_SINGLE, language)
    names = _in_language(_PAIR, language)["names"]
    steps = "\n".join(f"{i}: {text}" for i, text in enumerate(_in_language(SCALE, language), 1))
    blocks = [(names[0], request), (names[1], reference), (name, _shown(answer))]
    return _join(f"{intro}\n\n{steps}", blocks, ask)


def _join(intro: str, blocks: Iterable[tuple[str, str | None]], ask: str) -> str:
    """A prompt: introduction, named blocks (those with content), and what to reply."""
    parts = [
        f"[{name}]\n{escape_special_tokens(content)}"
        for name, content in blocks
        if content is not None
    ]
    return "\n\n".join([intro, *parts, ask])


def _shown(answer: str) -> str:
    return answer if answer.strip() else "(no answer)"


def _in_language(texts: Mapping[str, T], language: str) -> T:
    if language not in texts:
        raise ValueError(
            f"language={language!r} has no judge's prompt; choose one of {', '.join(texts)}."
        )
    return texts[language]
