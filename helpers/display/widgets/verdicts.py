"""Vote on pairs of answers without knowing the models, and read the verdicts of a judge."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from helpers.display.safe_html import CELL, Html, brief, escape, two_answers
from helpers.display.widgets.controls import form_controls, vote_controls
from helpers.display.widgets.interactive import Interactive
from helpers.evaluation.verdict_records import ORDERS, BothOrders, Order, Outcome, Pair, outcome
from helpers.evaluation.votes import Ballot, cast_vote, read_votes, remaining_ballots


def blind_vote(
    ballots: Sequence[Ballot], path: str | Path, voter: str, *, limit: int = 20
) -> Interactive:
    """Vote on the first ``limit`` ballots without knowing which model wrote which answer.

    ``ballots`` are those of ``votes.make_ballots``. Each vote is saved in the file ``path`` at
    once. Ballots that this ``voter`` has voted on are not shown again. Without a kernel the first
    three ballots are shown, still without the models' names.
    """
    offered = ballots[:limit]
    left = remaining_ballots(offered, read_votes(path), voter)
    controls = vote_controls(
        left, _ballot, lambda ballot, choice: cast_vote(path, ballot, voter, choice)
    )
    text = f"a blind vote on {len(offered)} pairs of answers; {len(left)} wait for {voter}"
    markup = f"<p>{escape(text)}</p>" + "".join(map(_ballot, offered[:3]))
    return Interactive(controls, Html(markup, text))


def _ballot(ballot: Ballot) -> str:
    """One ballot as HTML."""
    return two_answers(ballot["request"], {"A": ballot["A"], "B": ballot["B"]})


class _Decided(NamedTuple):
    """A pair, its verdict record, and the outcome in words."""

    pair: Pair
    record: BothOrders
    outcome: str


def verdict_browser(
    pairs: Sequence[Pair],
    verdicts: Sequence[BothOrders],
    *,
    names: Sequence[str] = ("left", "right"),
    limit: int = 10,
) -> Interactive:
    """Read pairs with a judge's verdicts; each pair unfolds, and a list selects one outcome.

    ``pairs`` are those of ``answer_pairs.pair_up``, ``verdicts`` their records in the same order,
    and ``names`` says what left and right are. Shown as well, where they exist: a judge's
    ``texts``, a pair's ``kind`` and ``why``, and a record's ``found``, which replaces the verdicts
    where something other than a judge decided. At most ``limit`` pairs are shown at a time.
    """
    words: dict[Outcome, str] = {
        "win": names[0],
        "loss": names[1],
        "tie": "tie",
        "flip": "changed with the order",
        "unparsed": "could not be read",
    }
    decided = [
        _Decided(pair, record, words[outcome(record)])
        for pair, record in zip(pairs, verdicts, strict=True)
    ]
    counts = Counter(one.outcome for one in decided)
    options = [(f"all ({len(decided)})", "")]
    options += [(f"{word} ({count})", word) for word, count in counts.most_common()]

    def show(verdict: str = "") -> Html:
        some = [one for one in decided if verdict in ("", one.outcome)]
        more = f"<p>{limit} of {len(some)} shown</p>" if len(some) > limit else ""
        lines = [f"{brief(one.pair['request'], 70)} — {one.outcome}" for one in some[:limit]]
        unfolding = "".join(_unfolding(one, names) for one in some[:limit])
        return Html(unfolding + more, "\n".join(lines))

    controls = form_controls(
        {}, lambda **values: show(**values).markup, choices={"verdict": options}
    )
    return Interactive(controls, show())


def _unfolding(decided: _Decided, names: Sequence[str]) -> str:
    """One pair as HTML: the request and the outcome, which unfold into answers and reasons."""
    pair = decided.pair
    kind = f"{escape(pair['kind'])} · " if pair.get("kind") else ""
    why = f'<p style="{CELL}">known: {escape(pair["why"])}</p>' if pair.get("why") else ""
    answers = dict(zip(names, (pair["left"], pair["right"]), strict=True))
    reasons = "".join(f'<p style="{CELL}">{escape(line)}</p>' for line in _reasons(decided.record))
    return (
        f"<details><summary>{kind}{escape(brief(pair['request'], 90))} — <strong>"
        f"{escape(decided.outcome)}</strong></summary>{two_answers(pair['request'], answers)}{why}"
        f"{reasons}</details>"
    )


def _reasons(record: BothOrders) -> list[str]:
    """What decided a pair, as lines: what was ``found``, or the verdict in each order."""
    found = record.get("found")
    if found is not None:
        return [str(found)]
    return [f"{order}: {record[order] or 'unparsed'}{_text(record, order)}" for order in ORDERS]


def _text(record: BothOrders, order: Order) -> str:
    """The judge's text for one order, if it is more than the bare letter."""
    texts = record.get("texts")
    text = texts.get(order, "") if isinstance(texts, Mapping) else ""
    return f" — {text}" if len(text) > 3 else ""
