"""Blind votes: random sides, hidden models, stored and counted votes, agreement."""

import pytest

from helpers.evaluation.votes import (
    agreement,
    cast_vote,
    choices_by_model,
    make_ballots,
    read_votes,
    remaining_ballots,
    tally,
    winners_by_model,
)

ROWS = [{"id": f"t{i}", "instruction": f"task {i}", "input": ""} for i in range(20)]
ANSWERS = {
    "before": [{"output": f"old {i}"} for i in range(20)],
    "after": [{"output": f"new {i}"} for i in range(20)],
}


def ballots():
    return make_ballots(ROWS, ANSWERS, seed=1)


def always(side):
    return {ballot["id"]: side for ballot in ballots()}


def always_for(model):
    return {b["id"]: next(s for s in "AB" if b["models"][s] == model) for b in ballots()}


def test_the_seed_draws_sides_and_order():
    drawn = ballots()
    assert drawn == ballots() != make_ballots(ROWS, ANSWERS, seed=2)
    assert sorted(b["id"] for b in drawn) == sorted(row["id"] for row in ROWS)
    assert [b["id"] for b in drawn] != [row["id"] for row in ROWS]
    shown_first = {b["models"]["A"] for b in drawn}
    assert shown_first == {"before", "after"}
    for ballot in drawn:
        number = ballot["id"][1:]
        for side in "AB":
            word = {"before": "old", "after": "new"}[ballot["models"][side]]
            assert ballot[side] == f"{word} {number}"


def test_equal_answers_are_left_out_and_two_models_are_needed():
    same = {**ANSWERS, "after": [*ANSWERS["before"][:5], *ANSWERS["after"][5:]]}
    assert len(make_ballots(ROWS, same)) == 15
    with pytest.raises(ValueError, match="between two models; found 1"):
        make_ballots(ROWS, {"before": ANSWERS["before"]})


def test_votes_are_stored_replaced_and_resumed(tmp_path):
    path, drawn = tmp_path / "votes.jsonl", ballots()
    assert read_votes(path) == {} and remaining_ballots(drawn, {}, "me") == drawn
    cast_vote(path, drawn[0], "me", "A")
    cast_vote(path, drawn[1], "me", "both bad")
    cast_vote(path, drawn[0], "me", "tie")
    cast_vote(path, drawn[0], "you", "B")
    with path.open("a") as file:
        file.write('{"id": "t3", "vo')  # the process was killed while writing
    votes = read_votes(path)
    assert votes["me"] == {drawn[0]["id"]: "tie", drawn[1]["id"]: "both bad"}
    assert votes["you"] == {drawn[0]["id"]: "B"}
    assert remaining_ballots(drawn, votes, "me") == drawn[2:]


def test_a_vote_needs_one_of_four_choices_and_a_voter(tmp_path):
    with pytest.raises(ValueError, match="'C' is none of A, B, tie, both bad"):
        cast_vote(tmp_path / "v.jsonl", ballots()[0], "me", "C")
    with pytest.raises(ValueError, match="needs a voter"):
        cast_vote(tmp_path / "v.jsonl", ballots()[0], " ", "A")
    assert not (tmp_path / "v.jsonl").exists()


def test_a_tally_shows_the_preferred_model_and_the_preferred_side():
    best = tally(ballots(), always_for("after"), "after")
    habit = tally(ballots(), always("A"), "after")
    assert (best["wins"], best["losses"], best["win_rate"]["value"]) == (20, 0, 1.0)
    assert best["p_value"] < 1e-4
    assert habit["first_position"]["value"] == 1.0 and habit["first_position"]["low"] > 0.8
    undecided = tally(ballots(), always("both bad"), "after")
    assert undecided["ties"] == 20 and undecided["first_position"] is None
    assert tally(ballots(), {}, "after") is None


def test_agreement_of_two_voters_and_a_judge():
    me = choices_by_model(ballots(), always_for("after"))
    you = {**me, "t0": "before", "t1": "tie"}
    records = [{"id": f"t{i}", "ab": "A", "ba": "B"} for i in range(20)]  # always the left one
    judge = winners_by_model(records, "after", "before")
    found = agreement({"me": me, "you": you, "judge": judge})
    assert found["pairs"]["me", "you"]["same"]["value"] == 18 / 20
    assert found["pairs"]["me", "judge"]["same"]["value"] == 1.0
    assert found["pairs"]["me", "judge"]["kappa"] is None  # there is only one label
    assert found["pairs"]["me", "you"]["items"] == 20
    assert -0.1 < found["alpha"] < 0.1  # nearly all labels are the same


def test_a_flip_is_a_tie_when_judges_are_compared_with_people():
    records = [{"id": "a", "ab": "A", "ba": "A"}, {"id": "b", "ab": "B", "ba": "A"}]
    assert winners_by_model(records, "after", "before") == {"a": "tie", "b": "before"}
