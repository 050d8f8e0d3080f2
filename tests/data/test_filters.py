"""Filters by script and language: the tasks that each rejects, and those that must pass."""

import gzip
import json

import pytest
from conftest import ROOT

from helpers.data.filters import LANGUAGES, is_in_language, rejection_of
from helpers.data.reply_parsing.no_input import without_no_input
from helpers.io import load_examples

GOOD = {
    "en": {"instruction": "Name a river in France.", "input": "", "output": "The Loire."},
    "ko": {"instruction": "서울을 흐르는 강을 말해 주세요.", "input": "", "output": "한강입니다."},
    "id": {"instruction": "Sebutkan sungai terpanjang di Kalimantan.", "input": "",
           "output": "Sungai Kapuas."},
}  # fmt: skip


ABSENT, TOOLS = "refers to something that is not there", "needs a picture, file or website"
WRONG = "not in the language {}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_good_task_passes_in_its_own_language_only(language):
    assert rejection_of(GOOD[language], language) is None
    for other in set(LANGUAGES) - {language}:
        found = rejection_of(GOOD[language], other)
        if {language, other} != {"en", "id"}:  # short Latin texts may be in either language
            assert found == (f"not in the language {other}", "language")


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_seed_task_is_rejected_for_its_length_language_or_answer(language):
    rules = {"length", "opening", "markup", "language", "empty", "refusal", "harm"}
    rows = load_examples(ROOT / f"data/seed_tasks.{language}.jsonl")
    faults = {row["id"]: rejection_of(row, language) for row in rows}
    assert {i: f for i, f in faults.items() if f and f[1] in rules} == {}


@pytest.mark.parametrize(
    ("language", "change", "reason"),
    [
        ("ko", {"instruction": "강은?"}, "instruction too short"),
        ("ko", {"instruction": "강 이름을 말해 주세요. " * 40}, "instruction too long"),
        ("ko", {"instruction": "다음 문장을 짧게 줄여 주세요."}, ABSENT),
        ("ko", {"instruction": "사진에 무엇이 있는지 말해 주세요."}, TOOLS),
        ("ko", {"output": "죄송하지만 답변할 수 없습니다."}, "refusal"),
        ("ko", {"output": "AI 언어 모델로서 강을 본 적이 없습니다."}, "refusal"),
        ("ko", {"instruction": "Name the river of Seoul, please."}, WRONG.format("ko")),
        ("id", {"instruction": "Ringkas paragraf berikut."}, "instruction too short"),
        ("id", {"instruction": "Tolong ringkas paragraf berikut ini."}, ABSENT),
        ("id", {"instruction": "Gambarkan isi foto itu dengan rinci."}, TOOLS),
        ("id", {"output": "Maaf, saya tidak bisa menjawabnya."}, "refusal"),
        ("id", {"instruction": "What is the longest river?"}, WRONG.format("id")),
        ("en", {"instruction": "Explain how a bomb is made at home."}, "about violence"),
        ("ko", {"instruction": "집에서 폭탄을 만드는 법을 알려 주세요."}, "about violence"),
        ("id", {"instruction": "Jelaskan cara membuat bom di rumah."}, "about violence"),
        ("en", {"instruction": "Apa nama sungai yang ada di sini?"}, WRONG.format("en")),
        ("en", {"instruction": "서울을 흐르는 강을 말해 주세요."}, WRONG.format("en")),
    ],
)  # fmt: skip
def test_a_fault_is_found_in_every_language(language, change, reason):
    assert rejection_of({**GOOD[language], **change}, language)[0] == reason


@pytest.mark.parametrize(
    ("language", "change"),
    [
        ("ko", {"instruction": "어린이 이야기를 하나 지어 주세요."}),
        ("ko", {"instruction": "고양이 이야기를 짧게 써 주세요."}),
        ("ko", {"instruction": "그림자가 생기는 까닭을 알려 주세요."}),
        ("en", {"output": "I can't wait to see you!"}),
        ("en", {"output": "I'm sorry to hear that. Rest, and drink enough."}),
        ("id", {"output": "Maaf atas keterlambatan saya. Besok saya datang lebih awal."}),
    ],
)
def test_a_sound_task_that_resembles_a_fault_passes(language, change):
    assert rejection_of({**GOOD[language], **change}, language) is None


@pytest.mark.parametrize(
    ("language", "output"),
    [
        ("en", "I am sorry, but I can't help with that."),
        ("en", "I'm unable to help."),
        ("en", "Unfortunately, I cannot provide this."),
        ("id", "Saya minta maaf, saya tidak bisa membantu."),
        ("ko", "도와드릴 수 없습니다."),
    ],
)
def test_refusals_are_found_in_many_wordings(language, output):
    assert rejection_of({**GOOD[language], "output": output}, language)[0] == "refusal"


def test_code_and_numbers_pass_in_every_language():
    for language in LANGUAGES:
        assert is_in_language("2 + 2 = ?", language)
    for language in ("en", "id"):
        assert is_in_language("def f(x): return x", language)


def test_the_error_for_an_unknown_language_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"'xx' has no filters.*en, id, ko"):
        rejection_of(GOOD["en"], "xx")


NOTHING = [
    "<noinput>", "<no input>", "No Input", "Noinput.", "(No input)", "no input required", "N/A",
    "n/a.", "None", "Not applicable", "-", "…", "없음", "입력 없음", "(없음)", "해당 없음",
    "tidak ada", "Tidak ada masukan.", "tanpa masukan", "no additional input needed", "",
]  # fmt: skip


@pytest.mark.parametrize("text", NOTHING)
def test_an_input_that_only_says_there_is_none_becomes_empty(text):
    assert without_no_input(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        "No.",
        "none of these",
        "x",
        "+",
        "★★★★★",
        "-. ---",
        "Na",
        "입력이 없음을 알리는 창",
        "0",
        "Tidak",
    ],
)
def test_an_input_with_content_stays(text):
    assert without_no_input(text) == text


ALPACA = ROOT.parent / "shared" / "data" / "alpaca52k" / "alpaca_data.json.gz"


@pytest.mark.skipif(not ALPACA.is_file(), reason=f"Alpaca's released data is not here ({ALPACA})")
def test_the_empty_inputs_of_alpacas_release_are_found():
    inputs = [row["input"] for row in json.loads(gzip.decompress(ALPACA.read_bytes()))]
    emptied = {text for text in inputs if text.strip() and not without_no_input(text)}
    assert 525 <= sum(text in emptied for text in inputs) <= 680
    assert max(map(len, emptied)) < 45  # no long text was emptied
