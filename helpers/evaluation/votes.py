"""A blind vote: people say which of two answers is better without knowing whose they are.

Sides are drawn by seed and models are hidden until the votes are counted. A vote is one line of a
JSON Lines file (ballot, voter, choice), written at the moment it is cast, so a vote that was broken
off goes on where it was, and several people may vote in one file. Showing the ballots is the matter
of :func:`helpers.display.widgets.blind_vote`.
"""

import random
from itertools import combinations
from pathlib import Path

from helpers.evaluation.agreement import cohen_kappa, krippendorff_alpha
from helpers.evaluation.intervals import sign_test, wilson
from helpers.evaluation.verdict_stats import outcome
from helpers.io import append_jsonl, join_input, read_jsonl

CHOICES = ("A", "B", "tie", "both bad")


def make_ballots(rows, answers, *, seed=0):
    """Ballots for two models' answers: dicts with ``id``, ``request``, ``A``, ``B`` and ``models``.

    ``answers`` maps two names to their answers, in the rows' order; which is A, and the order of
    the ballots, are drawn by ``seed``. ``models`` says who A and B are and is not for showing.
    Pairs of equal answers are left out: there is nothing to choose. Raises ValueError unless there
    are two models.
    """
    if len(answers) != 2:
        raise ValueError(f"a vote is between two models; found {len(answers)}.")
    rng, ballots = random.Random(seed), []
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


def cast_vote(path, ballot, voter, choice):
    """Write one vote down. Voting again on a ballot overrules the earlier vote.

    Raises ValueError for a choice that is none of :data:`CHOICES`, or a voter without a name.
    """
    if choice not in CHOICES:
        raise ValueError(f"choice {choice!r} is none of {', '.join(CHOICES)}.")
    if not voter.strip():
        raise ValueError("a vote needs a voter; any name or number will do.")
    append_jsonl(path, [{"id": ballot["id"], "voter": voter, "choice": choice}])


def read_votes(path):
    """``{voter: {ballot id: choice}}`` of a vote file; empty where there is none yet."""
    votes = {}
    for row in read_jsonl(path, torn_tail_ok=True) if Path(path).exists() else []:
        votes.setdefault(row["voter"], {})[row["id"]] = row["choice"]
    return votes


def open_ballots(ballots, votes, voter):
    """The ballots this voter has not voted on, in their order."""
    done = votes.get(voter, {})
    return [ballot for ballot in ballots if ballot["id"] not in done]


def tally(ballots, votes, model):
    """What one voter's ``{ballot id: choice}`` says of ``model`` against the other, unblinded.

    A dict: ``votes``, ``wins``, ``losses``, ``ties`` ("both bad" is one), ``win_rate`` (ties half;
    Wilson's interval), ``p_value`` (sign test) and ``first_position``: how often the answer on the
    left was chosen, with Wilson's interval; sides were drawn by lot, so about a half. None where
    there is nothing to count.
    """
    cast_on = [ballot for ballot in ballots if ballot["id"] in votes]
    if not cast_on:
        return None
    points = [_points(ballot, votes[ballot["id"]], model) for ballot in cast_on]
    letters = [votes[b["id"]] for b in cast_on if votes[b["id"]] in ("A", "B")]
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


def _points(ballot, choice, model):
    if choice not in ("A", "B"):
        return 0.5
    return float(ballot["models"][choice] == model)


def sides(ballots, votes):
    """A voter's choices as ``{ballot id: model name or "tie"}``, which can be held together."""
    models = {ballot["id"]: ballot["models"] for ballot in ballots}
    return {i: models[i].get(choice, "tie") for i, choice in votes.items() if i in models}


def judged_sides(verdicts, left, right):
    """A judge's records in the same form: the model that won, "tie" for everything undecided."""
    names = {"win": left, "loss": right}
    return {record["id"]: names.get(outcome(record), "tie") for record in verdicts}


def agreement(voters):
    """How far voters agree, from ``{name: {id: label}}``: a dict.

    ``alpha``: Krippendorff's over all of them. ``pairs``: for every two with items in common,
    ``{"items", "same" (share, Wilson's interval), "kappa" (Cohen's)}``.
    """
    items = sorted({i for labels in voters.values() for i in labels})
    pairs = {}
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
