"""Statistics and calibration reports of judges whose faults are known."""

import random

import pytest

from helpers.evaluation.calibration import MIN_PAIRS, calibrate
from helpers.evaluation.verdict_stats import summarize


def record(i, ab, ba, **more):
    return {"id": str(i), "ab": ab, "ba": ba, "p_left": None, **more}


def test_wins_losses_and_ties_by_prompt():
    verdicts = [
        record(0, "A", "B"),
        record(1, "A", "B"),
        record(2, "B", "A"),
        record(3, "tie", "A"),
    ]
    summary = summarize(verdicts)
    assert (summary.wins, summary.losses, summary.ties, summary.flips) == (2, 1, 1, 0)
    assert summary.win_rate["value"] == pytest.approx(2.5 / 4)
    assert summary.win_rate["low"] < 2.5 / 4 < summary.win_rate["high"]
    assert summary.decided["value"] == pytest.approx(2 / 3) and summary.p_value == 1.0
    assert summary.length is None and summary.categories == {}


def test_a_record_with_one_order_raises():
    with pytest.raises(ValueError, match="both orders"):
        summarize([{"id": "x", "ab": "A"}])
    with pytest.raises(ValueError, match="at least one"):
        summarize([])


def test_each_category_has_its_own_win_rate():
    verdicts = [record(i, "A", "B", category="code") for i in range(6)]
    verdicts += [record(i, "B", "A", category="maths") for i in range(4)]
    found = summarize(verdicts).categories
    assert found["code"]["win_rate"]["value"] == 1.0 and found["maths"]["prompts"] == 4


# --- five judges with known faults ----------------------------------------------------------------


def pairs(n=60, seed=0):
    """Pairs whose left answer is better; which answer is longer is random."""
    rng = random.Random(seed)
    return [{"id": str(i), "chars": rng.choice([[50, 200], [200, 50]])} for i in range(n)]


def judged(decide):
    return [{**pair, **decide(pair), "p_left": None, "kind": "plain"} for pair in pairs()]


def always_a(pair):
    return {"ab": "A", "ba": "A"}


def longer(pair):
    left_longer = pair["chars"][0] > pair["chars"][1]
    return {"ab": "A" if left_longer else "B", "ba": "B" if left_longer else "A"}


def perfect(pair):
    return {"ab": "A", "ba": "B"}


def random_letters(pair):
    rng = random.Random(pair["id"])
    return {"ab": rng.choice("AB"), "ba": rng.choice("AB")}


def half_unparsed(pair):
    return {"ab": "A", "ba": "B"} if int(pair["id"]) % 2 else {"ab": None, "ba": None}


def test_a_judge_that_always_says_a_only_flips():
    summary, found = summarize(judged(always_a)), calibrate(judged(always_a))
    assert (summary.wins, summary.losses, summary.flips) == (0, 0, 60)
    assert summary.first_position_rate == 1.0 and summary.decided is None
    assert summary.win_rate["value"] == 0.5 and summary.flip_rate["low"] > 0.9
    assert not found["can_tell"] and found["kappa"] == 0.0
    assert found["headline"].startswith("This judge cannot tell") and "100%" in found["headline"]


def test_a_judge_that_prefers_length_is_detected():
    summary, found = summarize(judged(longer)), calibrate(judged(longer))
    assert summary.flips == 0 and summary.first_position_rate == 0.5
    assert summary.length["longer_wins"]["value"] == 1.0
    assert summary.length["correlation"] == pytest.approx(1.0)
    assert summary.length["controlled"]["value"] == pytest.approx(0.5, abs=0.1)
    assert not found["can_tell"]


def test_a_perfect_judge_is_better_than_chance():
    summary, found = summarize(judged(perfect)), calibrate(judged(perfect))
    assert (summary.wins, summary.p_value < 1e-9) == (60, True)
    assert found["can_tell"] and found["kappa"] == 1.0 and found["consistency"]["value"] == 1.0
    assert found["headline"].startswith("This judge is better than a coin")
    assert found["kinds"]["plain"]["prompts"] == 60
    assert abs(summary.length["correlation"] or 0) < 1e-9


def test_a_random_judge_is_not_better_than_chance():
    verdicts = judged(random_letters)
    summary, found = summarize(verdicts), calibrate(verdicts)
    assert not found["can_tell"] and abs(found["kappa"]) < 0.25
    assert 0.3 < summary.flip_rate["value"] < 0.7
    assert summary.win_rate["low"] < 0.5 < summary.win_rate["high"]


def test_unparsed_verdicts_are_counted_and_never_a_win():
    summary, found = summarize(judged(half_unparsed)), calibrate(judged(half_unparsed))
    assert (summary.wins, summary.ties, summary.flips) == (30, 30, 0)
    assert summary.unparsed == found["unparsed"] == 60
    assert summary.win_rate["value"] == 0.75 and found["kappa"] < 1
    one_side = summarize([record(0, "A", None), record(1, None, None)])
    assert (one_side.wins, one_side.unparsed, one_side.ties) == (0, 3, 2)


def test_a_confident_judges_preference_has_an_interval():
    """All values are equal, so a bootstrap interval would have no width."""
    verdicts = [{**record(i, "A", "B"), "p_left": 0.99} for i in range(12)]
    assert summarize(verdicts).preference["low"] < 0.9


def test_improbable_letters_are_counted():
    verdicts = [record(0, "A", "B", improbable=2), record(1, None, "B", improbable=1)]
    assert summarize([*verdicts, record(2, "A", "B")]).improbable == 3


# --- few pairs ------------------------------------------------------------------------------------


@pytest.mark.parametrize("pairs", [1, 4, 8, 15])
def test_few_pairs_do_not_show_a_judge_is_good(pairs):
    found = calibrate(judged(perfect)[:pairs])
    assert not found["can_tell"] and found["headline"].startswith("Too few pairs to say")
    assert found["accuracy"]["low"] < found["accuracy"]["value"] == 1.0


def test_three_right_of_four_are_significant_from_the_least_number_of_pairs():
    records = [record(i, "A", "B") if i % 4 else record(i, "B", "A") for i in range(MIN_PAIRS)]
    assert calibrate(records)["can_tell"]
    assert not calibrate(records[:-1])["can_tell"]


def _coverage(draw, truth, prompts, interval_of, draws=400):
    rng, covered = random.Random(prompts), 0
    for _ in range(draws):
        found = interval_of(summarize([record(i, *draw(rng)) for i in range(prompts)]))
        covered += found["low"] <= truth <= found["high"]
    return covered / draws


@pytest.mark.parametrize("prompts", [12, 40])
@pytest.mark.parametrize("right", [0.5, 0.8])
def test_the_win_rates_interval_covers_the_truth(prompts, right):
    draw = lambda rng: ("A", "B") if rng.random() < right else ("B", "A")  # noqa: E731
    assert _coverage(draw, right, prompts, lambda s: s.win_rate) >= 0.9


@pytest.mark.parametrize("prompts", [12, 40])
def test_the_first_positions_interval_counts_both_verdicts_on_a_prompt_as_one(prompts):
    draw = lambda rng: rng.choice([("A", "A"), ("B", "B")])  # noqa: E731
    assert _coverage(draw, 0.5, prompts, lambda s: s.first_position) >= 0.93
