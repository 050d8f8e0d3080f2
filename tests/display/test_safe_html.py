"""Text is escaped, cut and made visible; the differences of two texts are marked."""

import re
import time

import pytest
from hostile_text import EVIL, MEGABYTE, inert

from helpers.display.safe_html import LONGEST_TEXT, differences, escape, table
from helpers.files.printable import printable


def test_model_text_is_inert():
    assert inert(escape(EVIL)) and inert(differences(EVIL, "other words"))
    assert escape(MEGABYTE).endswith("and 980,000 characters more")
    assert len(differences(MEGABYTE, EVIL)) < 2 * LONGEST_TEXT


def test_differences_are_the_words_that_the_other_text_does_not_have_in_this_order():
    marked = differences("one big  river here", "one river here")
    assert re.sub(r"<ins.*?>|</ins>", "", marked) == "one big  river here"
    assert re.findall(r"<ins.*?>(.*?)</ins>", marked) == ["big  "]
    assert "<ins" not in differences("same words", "same words")


@pytest.mark.parametrize("unit", ["a ", "! ", "ab cd ", "* "])
def test_two_long_texts_are_compared_in_seconds(unit):
    began = time.process_time()
    shown = differences(unit * 9_000, "b " + unit * 9_000 + "c")
    assert time.process_time() - began < 20  # comparing all words would take minutes
    assert unit.strip() in shown and "<ins" in differences("one two", "one three")


# --- characters that control the display --------------------------------------------------------


def test_characters_that_control_the_display_are_named():
    evil = "\x1b[31mred\x1b]0;title\x07 \u202egnp.exe \u2066x\u2069 \x9b1m"
    shown = printable(evil)
    assert shown.startswith("⟨U+001B⟩[31mred") and "⟨U+202E⟩" in shown and "⟨U+009B⟩" in shown
    assert shown.replace("\n", "").isprintable()
    assert printable("a\tb\n물 été नमस्ते \U0001f332") == "a\tb\n물 été नमस्ते \U0001f332"
    assert printable(repr(table([{"a": evil}], ["a"]))) == repr(table([{"a": evil}], ["a"]))


def test_a_stack_of_accents_stays_small():
    tower = "Z" + "\u0300" * 500 + "algo"
    assert printable(tower) == "Z" + "\u0300" * 4 + "⟨496 more marks⟩algo"
    assert "e\u0301" in printable("cafe\u0301") and len(escape(tower)) < 60


@pytest.mark.parametrize("mark", "\u2de0\ua8e0\u0e49\u0301\u20dd\ufe0f\u05b0\u0483\U0001d167")
def test_a_stack_of_any_mark_stays_small(mark):
    assert printable("a" + mark * 200 + "b") == "a" + mark * 4 + "⟨196 more marks⟩b"
    assert printable("!" + mark * 4 + "?") == "!" + mark * 4 + "?"


@pytest.mark.parametrize(
    "text",
    [
        "ที่นี่ น้ำ เปี๊ยก", "क्षत्रिय हिंदी ज़िंदगी", "Tiê\u0301ng Vie\u0323\u0302t", "בְּרֵאשִׁ֖ית",
        "مُحَمَّدٌ رَّسُولُ", "안녕하세요 \u1112\u1161\u11ab", "---- ……… ««»» !!!!!! ━━━━━━━",
        "👩🏽 ❤️ 5\ufe0f\u20e3",
    ],
)  # fmt: skip
def test_languages_with_marks_are_not_changed(text):
    assert printable(text) == text


@pytest.mark.parametrize("letter", "\u3164\u2800\u115f\u1160\uffa0\u17b5")
def test_a_letter_that_draws_nothing_is_named(letter):
    assert printable(f"a{letter}b") == f"a⟨U+{ord(letter):04X}⟩b"
