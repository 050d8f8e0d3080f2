"""Planted judges are described for what they are; the regression is statsmodels'."""

import random

import numpy as np
import pytest
import statsmodels.api as sm

from helpers.evaluation.verdict_stats import (
    LEAST_PAIRS,
    _at_equal_length,
    _controlled,
    calibrate,
    contests,
    outcome,
    points_of,
    summarize,
)


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


@pytest.mark.parametrize(
    ("ab", "ba", "expected"),
    [
        ("A", "B", "win"), ("B", "A", "loss"), ("A", "A", "flip"), ("B", "B", "flip"),
        ("tie", "tie", "tie"), ("A", "tie", "tie"), ("tie", "A", "tie"),
        (None, "B", "unparsed"), ("A", None, "unparsed"), (None, None, "unparsed"),
    ],
)  # fmt: skip
def test_two_orders_make_one_outcome(ab, ba, expected):
    assert outcome(record(0, ab, ba)) == expected
    points = {"win": 1.0, "loss": 0.0}.get(expected, 0.5)
    assert points_of([record(0, ab, ba)]) == [points]


def test_a_judge_that_sees_only_one_order_is_refused():
    with pytest.raises(ValueError, match="both orders"):
        summarize([{"id": "x", "ab": "A"}])
    with pytest.raises(ValueError, match="at least one"):
        summarize([])


def test_verdicts_become_contests_of_two_models():
    verdicts = [record(0, "A", "B"), record(1, "A", "A"), record(2, "B", "A")]
    found = contests(verdicts, "ours", "theirs")
    assert [(c["prompt"], c["points"]) for c in found] == [("0", 1.0), ("1", 0.5), ("2", 0.0)]
    assert {(c["left"], c["right"]) for c in found} == {("ours", "theirs")}


def test_categories_are_counted_by_themselves():
    verdicts = [record(i, "A", "B", category="code") for i in range(6)]
    verdicts += [record(i, "B", "A", category="maths") for i in range(4)]
    found = summarize(verdicts).categories
    assert found["code"]["win_rate"]["value"] == 1.0 and found["maths"]["prompts"] == 4


# --- five judges whose faults are planted -------------------------------------------------------


def pairs(n=60, seed=0):
    """Left is better; which is longer is drawn by lot."""
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


def coin(pair):
    rng = random.Random(pair["id"])
    return {"ab": rng.choice("AB"), "ba": rng.choice("AB")}


def half_unparsed(pair):
    return {"ab": "A", "ba": "B"} if int(pair["id"]) % 2 else {"ab": None, "ba": None}


def test_always_a_wins_nothing_and_flips_always():
    summary, found = summarize(judged(always_a)), calibrate(judged(always_a))
    assert (summary.wins, summary.losses, summary.flips) == (0, 0, 60)
    assert summary.first_position_rate == 1.0 and summary.decided is None
    assert summary.win_rate["value"] == 0.5 and summary.flip_rate["low"] > 0.9
    assert not found["can_tell"] and found["kappa"] == 0.0
    assert found["headline"].startswith("This judge cannot tell") and "100%" in found["headline"]


def test_a_lover_of_length_is_unmasked():
    summary, found = summarize(judged(longer)), calibrate(judged(longer))
    assert summary.flips == 0 and summary.first_position_rate == 0.5
    assert summary.length["longer_wins"]["value"] == 1.0
    assert summary.length["correlation"] == pytest.approx(1.0)
    assert summary.length["controlled"]["value"] == pytest.approx(0.5, abs=0.1)
    assert not found["can_tell"]


def test_length_control_takes_a_win_rate_back_that_length_brought():
    """The left answer is mostly the longer one, and the judge mostly takes the longer one."""
    rng, verdicts = random.Random(5), []
    for i in range(200):
        left_longer, takes_longer = rng.random() < 0.8, rng.random() < 0.9
        won = left_longer == takes_longer
        chars = [300 + i, 100] if left_longer else [100, 300 + i]
        verdicts.append(record(i, "A" if won else "B", "B" if won else "A", chars=chars))
    summary = summarize(verdicts)
    controlled = summary.length["controlled"]
    assert summary.win_rate["low"] > 0.6
    assert controlled["low"] < 0.5 < controlled["high"] and controlled["value"] < 0.62


def test_a_perfect_judge_can_tell():
    summary, found = summarize(judged(perfect)), calibrate(judged(perfect))
    assert (summary.wins, summary.p_value < 1e-9) == (60, True)
    assert found["can_tell"] and found["kappa"] == 1.0 and found["consistency"]["value"] == 1.0
    assert found["headline"].startswith("This judge is better than a coin")
    assert found["kinds"]["plain"]["prompts"] == 60
    assert abs(summary.length["correlation"] or 0) < 1e-9


def test_a_coin_cannot_tell():
    summary, found = summarize(judged(coin)), calibrate(judged(coin))
    assert not found["can_tell"] and abs(found["kappa"]) < 0.25
    assert 0.3 < summary.flip_rate["value"] < 0.7
    assert summary.win_rate["low"] < 0.5 < summary.win_rate["high"]


def test_what_could_not_be_read_is_counted_and_never_a_win():
    summary, found = summarize(judged(half_unparsed)), calibrate(judged(half_unparsed))
    assert (summary.wins, summary.ties, summary.flips) == (30, 30, 0)
    assert summary.unparsed == found["unparsed"] == 60
    assert summary.win_rate["value"] == 0.75 and found["kappa"] < 1
    one_side = summarize([record(0, "A", None), record(1, None, None)])
    assert (one_side.wins, one_side.unparsed, one_side.ties) == (0, 3, 2)


def test_length_control_is_a_logistic_regression():
    rng = random.Random(4)
    data = []
    for _ in range(300):
        x = rng.uniform(-1, 1)
        data.append((x, rng.choice([0.5, float(rng.random() < 1 / (1 + np.exp(-0.6 - 1.5 * x)))])))
    design = sm.add_constant([x for x, _ in data])
    fit = sm.GLM([y for _, y in data], design, family=sm.families.Binomial()).fit()
    expected = 1 / (1 + np.exp(-fit.params[0]))
    assert _at_equal_length(data) == pytest.approx(expected, abs=1e-3)
    low, high = 1 / (1 + np.exp(-fit.conf_int()[0]))
    found = _controlled(data)
    assert (found["low"], found["high"]) == pytest.approx((low, high), abs=5e-3)


@pytest.mark.parametrize("prompts", [12, 60])
@pytest.mark.parametrize("constant, slope", [(0.0, 3.0), (1.5, 0.0)])
def test_the_interval_at_equal_length_holds_the_truth_as_often_as_it_says(prompts, constant, slope):
    rng, held, truth = random.Random(prompts), 0, 1 / (1 + np.exp(-constant))
    for _ in range(400):
        xs = [np.tanh(rng.gauss(0, 1)) for _ in range(prompts)]
        won = [float(rng.random() < 1 / (1 + np.exp(-constant - slope * x))) for x in xs]
        found = _controlled(list(zip(xs, won, strict=True)))
        held += found["low"] <= truth <= found["high"]
    assert held / 400 >= 0.93


def test_a_sure_judges_preference_has_an_interval():
    """Where all draws are alike, a bootstrap's interval has no width."""
    verdicts = [{**record(i, "A", "B"), "p_left": 0.99} for i in range(12)]
    assert summarize(verdicts).preference["low"] < 0.9


def test_letters_below_the_floor_are_counted():
    verdicts = [record(0, "A", "B", improbable=2), record(1, None, "B", improbable=1)]
    assert summarize([*verdicts, record(2, "A", "B")]).improbable == 3


# --- how much few pairs can say -------------------------------------------------------------------


@pytest.mark.parametrize("pairs", [1, 4, 8, 15])
def test_few_right_pairs_say_nothing_of_a_judge(pairs):
    found = calibrate(judged(perfect)[:pairs])
    assert not found["can_tell"] and found["headline"].startswith("Too few pairs to say")
    assert found["accuracy"]["low"] < found["accuracy"]["value"] == 1.0


def test_at_the_least_number_of_pairs_three_right_of_four_are_told_from_a_coin():
    records = [record(i, "A", "B") if i % 4 else record(i, "B", "A") for i in range(LEAST_PAIRS)]
    assert calibrate(records)["can_tell"]
    assert not calibrate(records[:-1])["can_tell"]


def _share_that_covers(draw, truth, prompts, of, draws=400):
    rng, held = random.Random(prompts), 0
    for _ in range(draws):
        found = of(summarize([record(i, *draw(rng)) for i in range(prompts)]))
        held += found["low"] <= truth <= found["high"]
    return held / draws


@pytest.mark.parametrize("prompts", [12, 40])
@pytest.mark.parametrize("right", [0.5, 0.8])
def test_the_win_rates_interval_holds_the_truth_as_often_as_it_says(prompts, right):
    draw = lambda rng: ("A", "B") if rng.random() < right else ("B", "A")  # noqa: E731
    assert _share_that_covers(draw, right, prompts, lambda s: s.win_rate) >= 0.9


@pytest.mark.parametrize("prompts", [12, 40])
def test_the_first_positions_interval_knows_that_two_verdicts_are_of_one_prompt(prompts):
    draw = lambda rng: rng.choice([("A", "A"), ("B", "B")])  # noqa: E731
    assert _share_that_covers(draw, 0.5, prompts, lambda s: s.first_position) >= 0.93
