"""Blind votes of people: which of two answers is better, without knowing which model wrote it.

Which answer is shown on which side is drawn by seed, and the models stay hidden until the votes are
counted. Each vote is one line of a JSON Lines file, written when it is cast. So an interrupted vote
resumes where it stopped, and several people can vote in one file. ``widgets.blind_vote`` shows the
ballots.
"""

import random
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import TypedDict

from helpers.evaluation.agreement import cohen_kappa, krippendorff_alpha
from helpers.evaluation.intervals import Interval, sign_test, wilson
from helpers.evaluation.verdict_records import Verdict, outcome
from helpers.io import Task, append_jsonl, join_input, read_jsonl
from helpers.training.answering import Answer

CHOICES = ("A", "B", "tie", "both bad")


class Ballot(TypedDict):
    """A request with two answers, A and B, to vote on.

    ``models`` has the names of the models that wrote A and B; it is not for showing.
    """

    id: str
    request: str
    A: str
    B: str
    models: dict[str, str]


class Tally(TypedDict):
    """The counted votes of one voter; see :func:`tally`."""

    votes: int
    wins: int
    losses: int
    ties: int
    win_rate: Interval
    p_value: float
    first_position: Interval | None


class PairAgreement(TypedDict):
    """How far two voters agree on the items that both voted on; see :func:`agreement`."""

    items: int
    same: Interval
    kappa: float | None


class Agreement(TypedDict):
    """How far voters agree: all of them together, and every two; see :func:`agreement`."""

    alpha: float | None
    pairs: dict[tuple[str, str], PairAgreement]


def make_ballots(
    rows: Sequence[Task], answers: Mapping[str, Sequence[Answer]], *, seed: int = 0
) -> list[Ballot]:
    """Ballots for two models' answers to the same rows.

    ``answers`` maps the two models' names to their answers, in the rows' order. The order of the
    ballots, and which answer is A, are drawn by ``seed``. Pairs of equal answers are left out.
    Raises ValueError unless there are two models.
    """
    if len(answers) != 2:
        raise ValueError(
            f"a vote is between two models; found {len(answers)}. Give the answers of two models."
        )
    rng = random.Random(seed)
    ballots: list[Ballot] = []
    for i, row in enumerate(rows):
        names = list(answers)
        rng.shuffle(names)
        a, b = (answers[name][i]["output"] for name in names)
        if a.strip() != b.strip():
            models = dict(zip("AB", names, strict=True))
            ballots.append(
                {"id": row["id"], "request": join_input(row), "A": a, "B": b, "models": models}
            )
    rng.shuffle(ballots)
    return ballots


def cast_vote(path: str | Path, ballot: Ballot, voter: str, choice: str) -> None:
    """Append one vote to the file. A later vote on the same ballot replaces the earlier one.

    Raises ValueError for a choice that is not in :data:`CHOICES`, or a voter without a name.
    """
    if choice not in CHOICES:
        raise ValueError(f"choice {choice!r} is none of {', '.join(CHOICES)}.")
    if not voter.strip():
        raise ValueError("a vote needs a voter; any name or number will do.")
    append_jsonl(path, [{"id": ballot["id"], "voter": voter, "choice": choice}])


def read_votes(path: str | Path) -> dict[str, dict[str, str]]:
    """``{voter: {ballot id: choice}}`` of a vote file; empty where there is no file yet."""
    votes: dict[str, dict[str, str]] = {}
    for row in read_jsonl(path, torn_tail_ok=True) if Path(path).exists() else []:
        votes.setdefault(row["voter"], {})[row["id"]] = row["choice"]
    return votes


def remaining_ballots(
    ballots: Iterable[Ballot], votes: Mapping[str, Mapping[str, str]], voter: str
) -> list[Ballot]:
    """The ballots that this voter has not voted on, in their order."""
    done = votes.get(voter, {})
    return [ballot for ballot in ballots if ballot["id"] not in done]


def tally(ballots: Iterable[Ballot], votes: Mapping[str, str], model: str) -> Tally | None:
    """What one voter's ``{ballot id: choice}`` says of ``model`` against the other model.

    ``ties`` includes "both bad". ``win_rate`` counts a tie as half and has Wilson's interval.
    ``p_value`` is the sign test's. ``first_position`` is how often the answer on the left was
    chosen, with Wilson's interval; sides are drawn at random, so about one half is expected.
    Returns None where there are no votes.
    """
    cast = [(ballot, votes[ballot["id"]]) for ballot in ballots if ballot["id"] in votes]
    if not cast:
        return None
    points = [_points(ballot, choice, model) for ballot, choice in cast]
    letters = [choice for _, choice in cast if choice in ("A", "B")]
    wins, losses = points.count(1.0), points.count(0.0)
    return {
        "votes": len(points),
        "wins": wins,
        "losses": losses,
        "ties": len(points) - wins - losses,
        "win_rate": wilson(sum(points), len(points)),
        "p_value": sign_test(wins, losses),
        "first_position": wilson(letters.count("A"), len(letters)) if letters else None,
    }


def _points(ballot: Ballot, choice: str, model: str) -> float:
    if choice not in ("A", "B"):
        return 0.5
    return float(ballot["models"][choice] == model)


def choices_by_model(ballots: Iterable[Ballot], votes: Mapping[str, str]) -> dict[str, str]:
    """A voter's choices as ``{ballot id: model name or "tie"}``, for :func:`agreement`."""
    models = {ballot["id"]: ballot["models"] for ballot in ballots}
    return {i: models[i].get(choice, "tie") for i, choice in votes.items() if i in models}


def winners_by_model(verdicts: Iterable[Verdict], left: str, right: str) -> dict[str, str]:
    """A judge's records in the form of :func:`choices_by_model`: the model that won, or "tie".

    ``left`` and ``right`` are the models' names. Everything undecided is a tie.
    """
    names = {"win": left, "loss": right}
    return {record["id"]: names.get(outcome(record), "tie") for record in verdicts}


def agreement(voters: Mapping[str, Mapping[str, str]]) -> Agreement:
    """How far voters agree, from ``{name: {id: label}}``.

    ``alpha``: Krippendorff's α over all of them. ``pairs``: for every two voters with common items,
    the number of these items, the share with the ``same`` label (Wilson's interval), and Cohen's κ.
    """
    items = sorted({i for labels in voters.values() for i in labels})
    pairs: dict[tuple[str, str], PairAgreement] = {}
    for first, second in combinations(voters, 2):
        common = [i for i in items if i in voters[first] and i in voters[second]]
        if common:
            one, two = ([voters[name][i] for i in common] for name in (first, second))
            same = sum(a == b for a, b in zip(one, two, strict=True))
            pairs[first, second] = {
                "items": len(common),
                "same": wilson(same, len(common)),
                "kappa": cohen_kappa(one, two),
            }
    alpha = krippendorff_alpha([[labels.get(i) for labels in voters.values()] for i in items])
    return {"alpha": alpha, "pairs": pairs}
