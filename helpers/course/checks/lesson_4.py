"""The exercises of lesson 4: what a training takes, and how several processes share it."""

import math

from helpers.course.checks.wrong import Wrong

EXERCISES = (
    "memory_a_rank",
    "slices",
    "share_rows",
    "loss_weights",
    "what_travels",
    "lora_or_full",
)


def memory_a_rank(answer):
    """``answer(parameters, activations)`` is ``{ranks: GB a rank}`` for 1, 2, 4 and 8 ranks."""
    for billions, activations in ((2, 3), (6.5, 9.5), (0.4, 26)):
        got = answer(1e9 * billions, activations)
        if not isinstance(got, dict) or set(got) != {1, 2, 4, 8}:
            raise Wrong("the answer is a dict with the keys 1, 2, 4 and 8, a size in GB for each.")
        cases = [(billions, activations, ranks) for ranks in (1, 2, 4, 8)]
        _compare([got[ranks] for *_, ranks in cases], cases, *_MEMORY)
    return (
        "The planner counts the same, and adds the scores and what is borrowed. The more ranks, "
        "the more of it is activations, and then it is recomputing that helps."
    )


_MEMORY = (
    lambda b, a, k: 16 * b / k + a,
    (
        (lambda b, a, k: 1e9 * (16 * b / k + a), "that is in bytes; a GB is 1e9 of them."),
        (lambda b, a, k: 16e9 * b / k + a, "the sixteen are in bytes, the activations in GB."),
        (
            lambda b, a, k: (16 * b + a) / k,
            "you divide the activations too. Each rank computes rows of its own and keeps what "
            "these leave behind; no other rank takes any of it away.",
        ),
        (lambda b, a, k: 16 * b / k, "the activations are missing; a rank holds these as well."),
        (lambda b, a, k: 16 * b + a, "nothing is divided here: every rank holds the whole again."),
        (lambda b, a, k: 4 * b + 12 * b / k + a, "the weights themselves are in slices, too."),
        (
            lambda b, a, k: 8 * b + 8 * b / k + a,
            "weights and gradients are sliced too, not the averages alone.",
        ),
        (lambda b, a, k: 4 * b / k + a, "you count the weights alone; a training keeps more."),
        (lambda b, a, k: 8 * b / k + a, "weights and gradients; Adam's averages are missing."),
        (lambda b, a, k: 12 * b / k + a, "twelve bytes: something of the first table is missing."),
    ),
    "the sizes are not right. The first table of the lesson has what is kept for each parameter; "
    "what of a rank's memory do the ranks share, and what has each of them for itself?",
)


def slices(answer):
    """``answer(vector, ranks)`` is a list of lists: each rank's slice, as fully_shard cuts it."""
    for n, ranks in ((8, 2), (7, 3), (10, 4), (9, 8), (1, 3), (12, 4)):
        vector = [10 * i for i in range(n)]
        got = [list(piece) for piece in answer(vector, ranks)]
        flat, sizes = [x for piece in got for x in piece], [len(piece) for piece in got]
        size = math.ceil(n / ranks)
        case = f"{n} numbers on {ranks} ranks:"
        if set(flat) < set(vector):
            raise Wrong(f"{case} {n - len(set(flat))} of them are in no slice, and so are lost.")
        if len(got) != ranks:
            raise Wrong(f"{case} there are {len(got)} slices. A rank without numbers has one too.")
        if flat != vector:
            raise Wrong(f"{case} put end to end, the slices must be the vector in its old order.")
        if sizes[-1] > sizes[0]:
            raise Wrong(
                f"{case} the last holds {sizes[-1]}, what was left over. The fullest rank decides "
                "how much memory all need, so the last is the one that may be shorter."
            )
        if sizes != [len(vector[r * size : (r + 1) * size]) for r in range(ranks)]:
            raise Wrong(
                f"{case} yours are {sizes} long. That is evened out; fully_shard makes every slice "
                "equally long until the vector is used up."
            )
    return (
        "fully_shard cuts the rows of every matrix like this. Nine rows on eight ranks leave three "
        "ranks with none, and the planner counts the fullest."
    )


def share_rows(answer):
    """``answer(lengths, ranks)`` is a list for each rank: the numbers of its rows, from 0."""
    uneven = [500 - i if i % 6 == 0 else 40 + i * 37 % 91 for i in range(128)]
    for lengths, ranks in ((uneven, 6), ([30, 10, 20, 40], 2), (uneven[:13], 4), (uneven, 8)):
        got = [list(rows) for rows in answer(lengths, ranks)]
        if len(got) != ranks:
            raise Wrong(f"{ranks} ranks need {ranks} lists; yours are {len(got)}.")
        given = [row for rows in got for row in rows]
        if sorted(given) == list(range(1, len(lengths) + 1)):
            raise Wrong(f"rows are counted from 0 here, so there is no row {len(lengths)}.")
        if not set(given) <= set(range(len(lengths))):
            raise Wrong("there are no such rows: the lists hold row numbers, not lengths.")
        if len(set(given)) < len(given):
            raise Wrong("a row was given out twice, and would count twice in the gradient.")
        if len(given) < len(lengths):
            lost = len(lengths) - len(given)
            raise Wrong(f"{lost} of {len(lengths)} rows are left out: that is another update.")
        counts = [len(rows) for rows in got]
        if max(counts) > min(counts) + 1:
            raise Wrong(f"the ranks have {counts} rows: those with fewer wait for the others.")
        tokens = [sum(lengths[row] for row in rows) for rows in got]
        if max(tokens) > min(tokens) + max(lengths):
            raise Wrong(
                f"the rows are even, the work is not: one rank has {max(tokens):,} tokens, "
                f"another {min(tokens):,}, and waits."
            )
    return (
        "On six ranks the course gives each every sixth row by length. Who computes which row "
        "changes nothing: a sum does not ask who added what."
    )


def loss_weights(answer):
    """``answer(tokens)`` is a list: what each rank multiplies its mean loss with."""
    for tokens in ([900, 880, 870, 860, 850, 40], [30, 10], [20, 20, 20], [7, 0, 5]):
        got = list(answer(tokens))
        if len(got) != len(tokens):
            raise Wrong(f"{len(tokens)} ranks need {len(tokens)} weights; yours are {len(got)}.")
        _compare(got, [(t, len(tokens), sum(tokens)) for t in tokens], *_WEIGHTS)
    return (
        "helpers/training/fsdp.py takes each rank's sum of losses, times the ranks, divided by the "
        "tokens of the whole update: the same, and it works for an update in pieces as well."
    )


_WEIGHTS = (
    lambda t, k, total: k * t / total,
    (
        (lambda t, k, total: 1, "equal weights: a token counts more where there are few of them."),
        (
            lambda t, k, total: t / total,
            "the shares are right, but fully_shard takes the mean over the ranks afterwards. That "
            "divides once more, and the gradient comes out too small.",
        ),
        (
            lambda t, k, total: 1 / k,
            "the mean over the ranks is taken for you; do not take it twice.",
        ),
        (lambda t, k, total: k / total, "that suits a rank's sum of losses; these are means."),
        (
            lambda t, k, total: total / (k * t) if t else 0,
            "upside down: a rank with few tokens must weigh less, not more.",
        ),
        (lambda t, k, total: t, "the tokens undivided: the gradient would be far too large."),
    ),
    "the weighted losses do not come out as the mean over all tokens. Write down the mean over two "
    "ranks, and beside it what a single process would have computed.",
)


def what_travels(answer):
    """``answer(parameters, ranks, weight_bytes)``: bytes received, ``"forward"``, ``"backward"``.

    Asked with weights of two and of four bytes together, which tells the mistakes apart.
    """
    for n, ranks in ((8000, 4), (56000, 8), (1000, 2), (1000, 1)):
        cases = [(n, ranks, size) for size in (2, 4)]
        got = [answer(*case) for case in cases]
        if not all(isinstance(g, dict) and set(g) == {"forward", "backward"} for g in got):
            raise Wrong('the answer is a dict with the keys "forward" and "backward".')
        _compare([g["forward"] for g in got], cases, *_FORWARD)
        _compare([g["backward"] for g in got], cases, *_BACKWARD)
    return (
        "With weights in bf16 that is eight bytes a parameter, less a rank's own share: no more "
        "than plain data parallelism moves to sum its gradients in fp32."
    )


_FORWARD = (
    lambda n, k, s: s * (n - n / k),
    (
        (
            lambda n, k, s: s * n,
            "forward: a rank's own slice is there already and need not travel.",
        ),
        (
            lambda n, k, s: s * n / k,
            "forward: a slice comes from each of the others, not from one.",
        ),
        (lambda n, k, s: s * n * (k - 1), "forward: each of the others sends its slice, no more."),
        (lambda n, k, s: n - n / k, "forward: these are numbers; each is some bytes long."),
        (lambda n, k, s: 4 * (n - n / k), "forward: the weights have weight_bytes, not four."),
    ),
    "forward: how many numbers of the block does a rank lack, and how many bytes has each?",
)
_BACKWARD = (
    lambda n, k, s: (s + 4) * (n - n / k),
    (
        (
            lambda n, k, s: 4 * (n - n / k),
            "backward: the block was let go after the forward pass, and must be fetched again.",
        ),
        (lambda n, k, s: s * (n - n / k), "backward: the gradients do not reach their owners."),
        (
            lambda n, k, s: 2 * s * (n - n / k),
            "backward: gradients travel in four bytes, whatever the weights do: a sum of many "
            "would lose too much.",
        ),
        (
            lambda n, k, s: (s + 8) * (n - n / k),
            "backward: that is the toy's way, the whole sum for everyone. Reduce-scatter sends a "
            "rank what belongs to its slice.",
        ),
        (lambda n, k, s: s * (n - n / k) + 4 * n, "backward: own gradients need not travel."),
        (
            lambda n, k, s: s * (n - n / k) + 4 * n / k,
            "backward: for its slice a rank needs a gradient from each of the others.",
        ),
    ),
    "backward: count what is gathered, then the gradients that come for a rank's own slice.",
)


def lora_or_full(answer):
    """``answer(billions, cards, gigabytes, working)``: ``"full"``, ``"LoRA"`` or ``"neither"``."""
    from helpers.planning.gpus import Gpu, fits

    for case, telling in _BUDGETS:
        billions, cards, gigabytes, working = case
        needed = {"full": 16 * billions / cards + working, "LoRA": 2 * billions + working}
        card = Gpu("a card", gigabytes, tflops=0, dollars=0)
        fitting = [method for method, size in needed.items() if fits(card, 1e9 * size)]
        right, got = [*fitting, "neither"][0], answer(*case)
        if got not in ("full", "LoRA", "neither"):
            raise Wrong(f'the answer is "full", "LoRA" or "neither"; yours is {got!r}.')
        if got != right:
            words = telling.get(got, "add up what lies on one card, with either method.")
            raise Wrong(f"lora_or_full{case} is not {got!r}: {words}")
    return (
        "The planner keeps the same reserve, and reckons the working part from the model's shape. "
        "More cards make room for full training; LoRA fits each of them, or none."
    )


# Cases, each decided by one thing, and what a wrong answer to it has overlooked.
_BUDGETS = (
    (
        (0.134, 1, 16, 2),
        {"LoRA": "so small a model fits in full, and full is taken where it fits."},
    ),
    (
        (7, 4, 80, 20),
        {
            "LoRA": "four cards share the sixteen bytes of full training.",
            "neither": "four cards share the sixteen bytes of full training.",
        },
    ),
    ((7, 1, 80, 10), {"full": "all that moves takes sixteen bytes a parameter."}),
    ((7, 1, 24, 4), {"neither": "a frozen weight takes two bytes, and nothing beside it."}),
    ((4, 1, 80, 20), {"full": "the model fits, but there is no room left to work."}),
    ((13, 4, 80, 30), {"full": "memory is no common pool: each card needs its own room to work."}),
    ((30, 1, 40, 4), {"LoRA": "few numbers move, but the frozen ones lie there all the same."}),
    ((30, 2, 40, 4), {"LoRA": "with LoRA every card holds the whole frozen model; none shares."}),
    ((7, 2, 80, 18), {"full": "it would fit, were the whole card free; a reserve is kept."}),
    ((10, 1, 24, 2), {"LoRA": "LoRA, too, has to leave the reserve free."}),
)


def _compare(got, cases, right, mistakes, otherwise):
    """Nothing where ``right`` gives the numbers in ``got``; else Wrong, by the mistake that does.

    ``right`` and the mistakes, ``[(formula, words)]``, are asked with each of ``cases``.
    """

    def gives(formula):
        pairs = zip(got, cases, strict=True)
        return all(math.isclose(number, formula(*case), rel_tol=0.01) for number, case in pairs)

    if gives(right):
        return
    for formula, words in mistakes:
        if gives(formula):
            raise Wrong(words)
    raise Wrong(otherwise)
