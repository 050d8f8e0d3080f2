"""The exercises of lesson 4 that ask for a formula: memory, weights and traffic of one rank.

A wrong formula is recognised by its numbers: each usual slip is written down as a formula too.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from helpers.course.exercise_checks.answers import LearnersFunction, Wrong

Formula = Callable[..., float]


@dataclass(frozen=True)
class Expected:
    """The right formula, usual wrong ones with their diagnoses, and what to say of any other."""

    right: Formula
    slips: tuple[tuple[Formula, str], ...]
    otherwise: str


_MEMORY = Expected(  # in GB: of billions of parameters, GB of activations, ranks
    lambda b, a, k: 16 * b / k + a,
    (
        (lambda b, a, k: 1e9 * (16 * b / k + a), "your sizes are in bytes. A GB is 1e9 of them."),
        (lambda b, a, k: 16e9 * b / k + a, "you add bytes of weights to GB of activations."),
        (
            lambda b, a, k: (16 * b + a) / k,
            "you divide the activations too. Each rank computes rows of its own and keeps all "
            "activations of these rows.",
        ),
        (lambda b, a, k: 16 * b / k, "the activations are missing. Each rank holds them as well."),
        (lambda b, a, k: 16 * b + a, "nothing is divided here: every rank would hold everything."),
        (lambda b, a, k: 4 * b + 12 * b / k + a, "the weights are sharded too."),
        (
            lambda b, a, k: 8 * b + 8 * b / k + a,
            "weights and gradients are sharded too, not the averages alone.",
        ),
        (lambda b, a, k: 4 * b / k + a, "you count the weights alone. Training keeps more."),
        (lambda b, a, k: 8 * b / k + a, "you count weights and gradients, not Adam's averages."),
        (lambda b, a, k: 12 * b / k + a, "you count twelve bytes. One entry of the table is lost."),
    ),
    "the sizes are not right. The first table of the lesson lists what is kept for each parameter. "
    "Which parts of it do the ranks share, and what does each rank hold alone?",
)


def memory_a_rank(answer: LearnersFunction) -> str:
    """``answer(parameters, activations)`` is ``{ranks: GB a rank}`` for 1, 2, 4 and 8 ranks."""
    for billions, activations in ((2, 3), (6.5, 9.5), (0.4, 26)):
        given = answer(1e9 * billions, activations)
        if not isinstance(given, dict) or set(given) != {1, 2, 4, 8}:
            raise Wrong("return a dict with the keys 1, 2, 4 and 8, and a size in GB for each.")
        cases = [(billions, activations, ranks) for ranks in (1, 2, 4, 8)]
        _compare([given[ranks] for *_, ranks in cases], cases, _MEMORY)
    return (
        "The planner counts the same, and adds the scores and the layer that is gathered. The more "
        "ranks there are, the larger the part of the activations. Then recomputing them helps."
    )


_WEIGHTS = Expected(  # of one rank: its tokens, the number of ranks, all tokens
    lambda t, k, total: k * t / total,
    (
        (
            lambda t, k, total: 1,
            "with equal weights, tokens on a rank with few count more.",
        ),
        (
            lambda t, k, total: t / total,
            "the shares are right, but fully_shard then takes the mean over the ranks. That "
            "divides once more, and the gradient comes out too small.",
        ),
        (
            lambda t, k, total: 1 / k,
            "fully_shard takes the mean over the ranks for you. Do not take it twice.",
        ),
        (lambda t, k, total: k / total, "this is right for sums of losses. These are means."),
        (
            lambda t, k, total: total / (k * t) if t else 0,
            "your fraction is upside down: a rank with few tokens must weigh less, not more.",
        ),
        (lambda t, k, total: t, "the tokens are not divided. The gradient would be far too large."),
    ),
    "the weighted losses do not give the mean over all tokens. Write down the mean over two ranks, "
    "and beside it what a single process would have computed.",
)


def loss_weights(answer: LearnersFunction) -> str:
    """``answer(tokens)`` is a list: what each rank multiplies its mean loss by."""
    for tokens in ([900, 880, 870, 860, 850, 40], [30, 10], [20, 20, 20], [7, 0, 5]):
        given = list(answer(tokens))
        if len(given) != len(tokens):
            raise Wrong(f"{len(tokens)} ranks need {len(tokens)} weights. You return {len(given)}.")
        _compare(given, [(own, len(tokens), sum(tokens)) for own in tokens], _WEIGHTS)
    return (
        "helpers/training/fsdp.py multiplies each rank's sum of losses by the number of ranks, and "
        "divides by the tokens of the whole update. That is the same, and it also works for an "
        "update in several turns."
    )


_FORWARD = Expected(  # in bytes: of parameters, ranks, bytes of a weight
    lambda n, k, s: s * (n - n / k),
    (
        (
            lambda n, k, s: s * n,
            "forward: a rank has its own slice already. It does not receive that slice.",
        ),
        (
            lambda n, k, s: s * n / k,
            "forward: a rank receives a slice from each of the others, not from one.",
        ),
        (
            lambda n, k, s: s * n * (k - 1),
            "forward: each of the others sends its own slice and no more.",
        ),
        (lambda n, k, s: n - n / k, "forward: you count numbers. Each is several bytes long."),
        (lambda n, k, s: 4 * (n - n / k), "forward: a weight has weight_bytes bytes, not four."),
    ),
    "forward: how many numbers of the block does a rank lack, and how many bytes has each?",
)
_BACKWARD = Expected(  # in bytes: of parameters, ranks, bytes of a weight
    lambda n, k, s: (s + 4) * (n - n / k),
    (
        (
            lambda n, k, s: 4 * (n - n / k),
            "backward: the block was freed after the forward pass, so it is gathered again.",
        ),
        (lambda n, k, s: s * (n - n / k), "backward: the gradients of the others are missing."),
        (
            lambda n, k, s: 2 * s * (n - n / k),
            "backward: a gradient always has four bytes, because a sum of many would lose too much "
            "precision in two.",
        ),
        (
            lambda n, k, s: (s + 8) * (n - n / k),
            "backward: as in the toy, your ranks receive the whole sum. Reduce-scatter sends a "
            "rank only the gradients of its own slice.",
        ),
        (
            lambda n, k, s: s * (n - n / k) + 4 * n,
            "backward: a rank does not receive its own gradients.",
        ),
        (
            lambda n, k, s: s * (n - n / k) + 4 * n / k,
            "backward: a rank needs gradients for its slice from each of the others.",
        ),
    ),
    "backward: count what is gathered, then the gradients that a rank receives for its own slice.",
)


def what_travels(answer: LearnersFunction) -> str:
    """``answer(parameters, ranks, weight_bytes)``: bytes received, ``"forward"``, ``"backward"``.

    Weights of two and of four bytes are tried together, because that tells the slips apart.
    """
    for parameters, ranks in ((8000, 4), (56000, 8), (1000, 2), (1000, 1)):
        cases = [(parameters, ranks, size) for size in (2, 4)]
        given = [answer(*case) for case in cases]
        if not all(isinstance(g, dict) and set(g) == {"forward", "backward"} for g in given):
            raise Wrong('return a dict with the keys "forward" and "backward".')
        _compare([g["forward"] for g in given], cases, _FORWARD)
        _compare([g["backward"] for g in given], cases, _BACKWARD)
    return (
        "With weights in bf16 that is eight bytes a parameter, less a rank's own share. Plain data "
        "parallelism moves as much to sum its gradients in fp32."
    )


def _compare(
    given: Sequence[float], cases: Sequence[tuple[float, ...]], expected: Expected
) -> None:
    """Raise Wrong unless ``given`` are the right formula's values for ``cases``."""

    def explains(formula: Formula) -> bool:
        pairs = zip(given, cases, strict=True)
        return all(math.isclose(number, formula(*case), rel_tol=0.01) for number, case in pairs)

    if explains(expected.right):
        return
    for formula, diagnosis in expected.slips:
        if explains(formula):
            raise Wrong(diagnosis)
    raise Wrong(expected.otherwise)
