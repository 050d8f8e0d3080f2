"""Repairs: what is certainly wrong is corrected, and what may be meant stays."""

import pytest
from cleaning_rows import cleaned, row

from helpers.data.cleaning.character_repair import repair_characters
from helpers.data.cleaning.clean import clean_examples
from helpers.data.cleaning.markup_repair import repair_markup

NOTHING = [
    "<noinput>", "No Input", "N/A", "NA", "n.a.", "None", "None required", "none needed.",
    "Not applicable", "No additional input needed", "`<noinput>`", "\\<noinput>", "<N/A>", "-",
    "null", "NaN", "Input: none", "There is no input.", "No input is needed for this task.",
    "no data provided", "없음", "입력 없음", "해당 사항 없음", "해당사항 없음", "입력값 없음",
    "입력 필요 없음",
    "입력이 필요하지 않습니다", "추가 정보 없음", "tidak ada", "Tidak ada masukan.",
    "Tidak diperlukan",
    "tanpa input", "Masukan tidak diperlukan", "nihil", "aucune entrée", "sin entrada", "无",
    "なし",
]  # fmt: skip


@pytest.mark.parametrize("given", NOTHING)
def test_an_input_that_says_there_is_none_becomes_empty(given):
    cleaning = clean_examples([row(given=given)])
    assert cleaning.kept == [row()]
    assert [(one.fault, one.before) for one in cleaning.repaired] == [
        ("says there is no input", row(given=given))
    ]


@pytest.mark.parametrize(
    "given",
    ["No.", "none of these", "Na", "0", "Tidak", "No pain, no gain", "not interested", "Empty nest",
     "Nothing compares to you.", "없음을 증명하라.", "null pointer exception",
     "Not all birds fly."],
)  # fmt: skip
def test_an_input_with_content_stays(given):
    assert clean_examples([row(given=given)]).kept == [row(given=given)]


@pytest.mark.parametrize(
    ("text", "repaired"),
    [
        ("Itâ€™s", "It’s"), ("â€œHiâ€\x9d she said", "“Hi” she said"), ("cafÃ©", "café"),
        ("20Â°C", "20°C"), ("ì•ˆë…•í•˜ì„¸ìš”", "안녕하세요"), ("ðŸ˜€ yes", "😀 yes"),
        ("itÃ¢â‚¬â„¢s", "it’s"), ("ÐŸÑ€Ð¸Ð²ÐµÑ‚", "Привет"), ("a\x00b\x07c", "abc"),
        ("a\r\nb\u2028c", "a\nb\nc"), ("\ufeffx\u200by\u00adz", "xyz"), ("Great \ud83d", "Great"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"), ("नि\u200dक", "नि\u200dक"), ("São NÃO É",
        "São NÃO É"),
        ("café”…", "café”…"), ("naïve — “x” ½ µm\tœ", "naïve — “x” ½ µm\tœ"),
        ("Łódź ÄÖÜ ß Ñandú", "Łódź ÄÖÜ ß Ñandú"), ("서울 — 물", "서울 — 물"),
    ],
)  # fmt: skip
def test_misread_characters_are_repaired(text, repaired):
    assert repair_characters(text) == repaired == repair_characters(repaired)


@pytest.mark.parametrize(
    ("output", "repaired"),
    [
        ("One<br>two<br/>\nthree", "One\ntwo\nthree"),
        ("<p>Sun</p><p>and <b>moon</b></p>", "Sun\nand moon"),
        ("Salt &amp; &quot;pepper&quot;, it&#39;s", 'Salt & "pepper", it\'s'),
        ("The moon.<|im_end|>", "The moon."),
        ("The moon.</s>", "The moon."),
        ("### Response:\nThe moon.", "The moon."),
        ("<noinput>\nOutput:\nThe moon.", "The moon."),
        ("<p><s>50</s> 30 euros</p>", "<p><s>50</s> 30 euros</p>"),
        ("<s>50</s>", "<s>50</s>"),
        ("Use List<String>, and 3 < 4 && 5 > 2.", "Use List<String>, and 3 < 4 && 5 > 2."),
        ("Type &lt;b&gt; there.", "Type &lt;b&gt; there."),
        ("bash count.sh <filename>", "bash count.sh <filename>"),
    ],
)
def test_leftover_markup_is_removed_and_intended_markup_stays(output, repaired):
    assert cleaned(row(output=output))["output"] == repaired


def test_a_task_about_markup_keeps_it():
    for text in ("<b>word</b>", "&amp; is an ampersand."):
        assert repair_markup(text, "Show it in HTML.") == text
        assert cleaned(row("Show it in HTML.", output=text))["output"] == text


@pytest.mark.parametrize(
    "given",
    ["This instruction does not require an input.", "&lt;noinput&gt;", "Ｎ／Ａ", "[]", '""', "{ }",
     "(kosong)", "특별한 입력 없음", "입력 없이", "不适用", "No input is required here.", "N\\A"],
)  # fmt: skip
def test_rare_spellings_of_no_input_become_empty(given):
    assert clean_examples([row(given=given)]).kept == [row()]


@pytest.mark.parametrize(
    ("output", "repaired"),
    [
        ("Output: The moon pulls.", "The moon pulls."),
        ("### Answer\nThe moon pulls.", "The moon pulls."),
        ("<think>hm</think>The moon pulls.", "The moon pulls."),
        ("<think>\nhm\n</think>\n\nThe moon pulls.", "The moon pulls."),
        ("<h1>The moon</h1><p>It pulls.</p>", "The moon\nIt pulls."),
        ("<ul><li>Moon</li><li>Sun</li></ul>", "- Moon\n- Sun"),
        ("Tom&nbsp;&amp;\nAnn&#39;s", "Tom &\nAnn's"),
        ("Output: 3\nReason: it pulls.", "Output: 3\nReason: it pulls."),
    ],
)
def test_labels_thinking_and_tags_are_removed(output, repaired):
    assert cleaned(row(output=output))["output"] == repaired
