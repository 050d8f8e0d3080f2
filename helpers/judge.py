"""A judge: one model says which of two answers is better, and we ask what its word is worth.

Every pair is shown in both orders. A judge that names the same *position* twice has told us about
itself, not about the answers: such a flip counts as a tie. Where the endpoint gives the
probabilities of the next token, the verdict is the likelier of the letters A and B; else it is
read from the text. Beside every win rate stand the flips, the share of verdicts for the answer
shown first, and the same judge's score on pairs whose better answer is known.
"""

import asyncio
import hashlib
import math
import re
from dataclasses import dataclass
from pathlib import Path

from helpers.io import append_jsonl, join_input, read_jsonl
from helpers.metrics import bootstrap

ORDERS = ("ab", "ba")  # "ab": the left answer is shown first, as A

JUDGE_PROMPT = """Compare two answers to the same request and decide which one serves it better.

[Request]
{request}

[Answer A]
{a}

[Answer B]
{b}

Which answer is better? Reply with one letter, A or B."""

_MARKED = re.compile(
    r"\[\[\s*(A|B|C|tie)\s*\]\]"
    r"|(?:verdict|winner|better answer|final answer|choice)\b\W{0,6}"
    r"(?:is\W{1,4})?(?:answer\W{1,3})?"
    r"(A|B|tie)\b"
    r"|\b(?:answer|assistant|response)\W{1,3}(A|B) is (?:clearly |slightly |much )?better\b",
    re.I,
)


def parse_verdict(text):
    """The verdict of a judge's text: ``"A"``, ``"B"``, ``"tie"``, or None where it decides nothing.

    The last marked verdict counts (``[[A]]``, ``Verdict: B``, ``Answer A is better``); a text that
    is nothing but a letter or the word tie counts too. Two different marks in one last line, or
    none at all, decide nothing.
    """
    text = text or ""
    bare = re.fullmatch(r"\W*(?:answer\s+)?(A|B|tie)\W*", text, re.I)
    if bare:
        return _named(bare.group(1))
    marks = list(_MARKED.finditer(text))
    if not marks:
        return None
    last = marks[-1]
    line = text.count("\n", 0, last.start())
    same_line = {_which(m) for m in marks if text.count("\n", 0, m.start()) == line}
    return same_line.pop() if len(same_line) == 1 else None


def _which(match):
    return _named(next(group for group in match.groups() if group))


def _named(word):
    return {"a": "A", "b": "B"}.get(word.lower(), "tie")


def pair_up(rows, left, right):
    """Pairs to judge from evaluation rows and two models' answers to them, in the same order."""
    return [
        {"id": row["id"], "request": join_input(row), "left": a["output"], "right": b["output"]}
        for row, a, b in zip(rows, left, right, strict=True)
    ]


def known_pairs(rows):
    """Pairs whose better answer is known: a task's own reference (left) against another task's.

    Plain by intent: whoever cannot pass this cannot judge anything finer.
    """
    others = rows[len(rows) // 2 :] + rows[: len(rows) // 2]
    return [
        {
            "id": f"known_{row['id']}",
            "request": join_input(row),
            "left": row["output"],
            "right": other["output"],
        }
        for row, other in zip(rows, others, strict=True)
    ]


async def judge(endpoint, pairs, cache, *, on_verdict=None):
    """Judge every pair in both orders; returns one verdict record a pair, in the pairs' order.

    A record holds ``id``, ``ab`` and ``ba`` (the letter named in that order, ``"tie"`` or None) and
    ``p_left`` (probability of the left answer, averaged over both orders; None without
    log-probabilities). Calls are kept in the JSONL file ``cache`` under a hash of their whole
    content: what was answered once is never asked again. ``on_verdict(done, total)`` is called
    after each call.
    """
    known = {row["key"]: row for row in _read_cache(cache)}
    gate, done = asyncio.Semaphore(endpoint.parallel), 0

    async def one(client, pair, order):
        nonlocal done
        message = judge_message(pair, order)
        key = hashlib.sha256(f"{endpoint.model}\n{message}".encode()).hexdigest()[:24]
        if key not in known:
            async with gate:
                known[key] = {"key": key, **await _ask(client, endpoint, message)}
            append_jsonl(cache, [known[key]])
        done += 1
        if on_verdict:
            on_verdict(done, 2 * len(pairs))
        return known[key]

    async with endpoint.async_client(max_retries=4, timeout=300) as client:
        calls = [one(client, pair, order) for pair in pairs for order in ORDERS]
        answers = await asyncio.gather(*calls)
    return [
        _verdict(pair, ab, ba)
        for pair, ab, ba in zip(pairs, answers[::2], answers[1::2], strict=True)
    ]


def judge_message(pair, order):
    """The judge's whole prompt for one pair in one order."""
    a, b = (pair["left"], pair["right"]) if order == "ab" else (pair["right"], pair["left"])
    parts = {"{request}": pair["request"], "{a}": a or "(no answer)", "{b}": b or "(no answer)"}
    # One pass, so that an answer that contains "{b}" stays an answer.
    return re.sub(r"\{request\}|\{a\}|\{b\}", lambda found: parts[found.group()], JUDGE_PROMPT)


async def _ask(client, endpoint, message):
    reply = await client.chat.completions.create(
        model=endpoint.model,
        messages=[{"role": "user", "content": message}],
        max_tokens=1,
        temperature=0,
        logprobs=True,
        top_logprobs=20,
    )
    choice = reply.choices[0]
    letters = _letter_probabilities(choice.logprobs)
    if letters is None:
        return {"verdict": parse_verdict(choice.message.content), "p_first": None}
    p_first = letters["A"] / (letters["A"] + letters["B"])
    return {"verdict": "A" if p_first > 0.5 else "B", "p_first": p_first}


def _letter_probabilities(logprobs):
    """Probability of the letters A and B as next token, or None if neither is among the likely."""
    if not logprobs or not logprobs.content:
        return None
    found = {"A": 0.0, "B": 0.0}
    for candidate in logprobs.content[0].top_logprobs:
        letter = candidate.token.strip()
        if letter in found:
            found[letter] += math.exp(candidate.logprob)
    return found if sum(found.values()) > 0 else None


def _verdict(pair, ab, ba):
    p_left = None
    if ab["p_first"] is not None and ba["p_first"] is not None:
        p_left = (ab["p_first"] + 1 - ba["p_first"]) / 2
    return {"id": pair["id"], "ab": ab["verdict"], "ba": ba["verdict"], "p_left": p_left}


def _read_cache(path):
    return read_jsonl(path, torn_tail_ok=True) if Path(path).exists() else []


@dataclass(frozen=True)
class Summary:
    """What a judge said of the left answers, by prompt.

    ``win_rate``: wins plus half the ties (flips and unparsed are ties), with a bootstrap interval
    by prompt, as ``{"value", "low", "high"}``. ``first_position_rate``: share of all verdicts that
    named the answer shown first; about 0.5 for a fair judge. ``preference``: mean ``p_left``, or
    None.
    """

    prompts: int
    wins: int
    losses: int
    ties: int
    flips: int
    unparsed: int
    first_position_rate: float | None
    win_rate: dict
    preference: dict | None


def summarize(verdicts):
    """Verdict records to a :class:`Summary`.

    Raises ValueError for no verdicts, or for a record that lacks one of the two orders.
    """
    if not verdicts:
        raise ValueError("no verdicts to summarize; judge at least one pair.")
    for record in verdicts:
        missing = [order for order in ORDERS if order not in record]
        if missing:
            raise ValueError(
                f"verdict {record.get('id')!r} lacks the order {missing[0]!r}: every pair must be "
                "judged in both orders, or the judge's liking for a position counts as quality."
            )
    outcomes = [_outcome(record) for record in verdicts]
    points = [{"win": 1.0, "loss": 0.0}.get(outcome, 0.5) for outcome in outcomes]
    letters = [r[order] for r in verdicts for order in ORDERS if r[order] in ("A", "B")]
    likings = [r["p_left"] for r in verdicts if r.get("p_left") is not None]
    return Summary(
        prompts=len(verdicts),
        wins=outcomes.count("win"),
        losses=outcomes.count("loss"),
        ties=len(outcomes) - outcomes.count("win") - outcomes.count("loss"),
        flips=outcomes.count("flip"),
        unparsed=sum(r[order] is None for r in verdicts for order in ORDERS),
        first_position_rate=letters.count("A") / len(letters) if letters else None,
        win_rate=bootstrap(points),
        preference=bootstrap(likings) if likings else None,
    )


def _outcome(record):
    """``win``, ``loss``, ``tie`` or ``flip`` of the left answer over both orders."""
    ab = {"A": "left", "B": "right"}.get(record["ab"], record["ab"])
    ba = {"A": "right", "B": "left"}.get(record["ba"], record["ba"])
    if ab is None or ba is None:
        return "unparsed"
    if ab == ba:
        return {"left": "win", "right": "loss"}.get(ab, "tie")
    return "tie" if "tie" in (ab, ba) else "flip"


def worth(known):
    """What a judge is worth, in a sentence, from its Summary on :func:`known_pairs`.

    Returns ``(can_tell, sentence)``; a judge whose interval reaches one half cannot tell.
    """
    rate = known.win_rate
    figures = (
        f"it preferred the right answer in {rate['value']:.0%} of {known.prompts} pairs whose "
        f"better answer is known (95 % interval {rate['low']:.0%} to {rate['high']:.0%}; "
        f"a coin: 50 %), and changed its mind with the order in {known.flips} of them"
    )
    if rate["low"] > 0.5:
        return True, f"This judge is better than a coin: {figures}."
    return False, f"This judge cannot tell: {figures}."
