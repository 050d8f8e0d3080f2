"""Charts: described in words, with intervals, the same bytes for the same data, safe labels."""

import pytest
from hostile_text import figure

from helpers.display import plots
from helpers.planning.memory import PARTS


def test_a_picture_says_in_words_what_it_shows_and_draws_the_same_bytes():
    one, two = (plots.drops({"refusal": 3, "too short": 1}) for _ in range(2))
    assert "refusal 3, too short 1" in one.alt and one.svg() == two.svg()
    assert 'role="img"' in one.svg() and "refusal 3" in one.svg()


def test_found_watermarks_are_drawn_and_described_with_and_without_the_watermark():
    rates = {"marked": figure(0.9, 0.7, 1.0), "plain": figure(0.0, 0.0, 0.1)}
    picture = plots.found_by_length({30: rates, 120: rates})
    assert "with the watermark: 30 tokens 90%, 120 tokens 90%; without: 30 tokens 0%" in picture.alt
    assert "share found" in picture.svg()


def test_win_rates_are_drawn_with_their_intervals_and_described():
    picture = plots.win_rates({"gold": figure(0.65, 0.56, 0.73), "lora": figure(0.5, 0.4, 0.6)})
    assert "gold 65% [56%, 73%]; after LoRA 50% [40%, 60%]" in picture.alt
    assert 'role="img"' in picture.svg() and "after LoRA" in picture.svg()


@pytest.mark.parametrize("draw", [plots.lengths, plots.novelty, plots.drops, plots.sunburst])
def test_a_picture_of_nothing_says_so(draw):
    nothing = draw({} if draw is plots.drops else [])
    assert nothing.alt.startswith("No") and nothing.alt in nothing.svg()


def test_a_reason_that_looks_like_a_formula_is_drawn():
    for reason in (r"$\x{y}$", "costs $5 and $6", r"\frac{", "$$", "_^{"):
        assert reason in repr(plots.drops({reason: 3, "too long": 1}))


def test_no_character_controls_a_picture_or_its_description():
    evil = "\u202eback\x1b[0m" + "\u0301" * 300
    drawn = [
        plots.drops({evil: 3, "x" * 5000: 2}),
        plots.sunburst([(evil, 3, [(evil, 2)])], evil),
        plots.win_rates({evil: figure(0.5, 0.4, 0.6)}),
        plots.memory({evil: dict.fromkeys(PARTS, 1e9)}),
    ]
    for picture in drawn:
        for text in (picture.alt, picture.svg()):
            assert "\u202e" not in text and "\x1b" not in text and "\u0301" * 5 not in text
            assert "⟨U+202E⟩" in text
    assert "x" * 61 not in drawn[0].svg().partition(">")[2]
