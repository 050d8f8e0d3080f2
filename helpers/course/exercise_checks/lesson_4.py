"""The exercises of lesson 4: how several processes share a training, and what a budget allows.

The exercises that ask for a formula are in ``rank_formulas``.
"""

import math
from collections.abc import Sequence

from helpers.course.exercise_checks.answers import LearnersFunction, Wrong
from helpers.course.exercise_checks.rank_formulas import loss_weights, memory_a_rank, what_travels
from helpers.planning.gpus import Gpu, fits


def slices(answer: LearnersFunction) -> str:
    """``answer(vector, ranks)`` is a list of lists: each rank's slice, as fully_shard cuts it."""
    for n, ranks in ((8, 2), (7, 3), (10, 4), (9, 8), (1, 3), (12, 4)):
        vector = [10 * i for i in range(n)]
        given = [list(piece) for piece in answer(vector, ranks)]
        flat, sizes = [x for piece in given for x in piece], [len(piece) for piece in given]
        size = math.ceil(n / ranks)
        case = f"{n} numbers on {ranks} ranks:"
        if set(flat) < set(vector):
            raise Wrong(f"{case} {n - len(set(flat))} of them are in no slice, so they are lost.")
        if len(given) != ranks:
            raise Wrong(f"{case} you return {len(given)} slices. A rank may have an empty one.")
        if flat != vector:
            raise Wrong(f"{case} joined together, the slices must give the vector in its order.")
        if sizes[-1] > sizes[0]:
            raise Wrong(
                f"{case} the last slice holds {sizes[-1]}, with all that was left over. The "
                "largest slice decides how much memory is needed, so the last should be shorter."
            )
        if sizes != [len(vector[rank * size : (rank + 1) * size]) for rank in range(ranks)]:
            raise Wrong(
                f"{case} your slices have the lengths {sizes}. You spread the numbers evenly; "
                "fully_shard makes slices of one length until the vector is used up."
            )
    return (
        "fully_shard cuts the rows of every matrix in this way. With nine rows on eight ranks, "
        "three ranks hold none. The planner counts the rank that holds most."
    )


def share_rows(answer: LearnersFunction) -> str:
    """``answer(lengths, ranks)`` is a list for each rank: the numbers of its rows, from 0."""
    uneven = [500 - i if i % 6 == 0 else 40 + i * 37 % 91 for i in range(128)]
    for lengths, ranks in ((uneven, 6), ([30, 10, 20, 40], 2), (uneven[:13], 4), (uneven, 8)):
        given = [list(rows) for rows in answer(lengths, ranks)]
        if len(given) != ranks:
            raise Wrong(f"{ranks} ranks need {ranks} lists. You return {len(given)}.")
        _check_each_row_once([row for rows in given for row in rows], len(lengths))
        counts = [len(rows) for rows in given]
        if max(counts) > min(counts) + 1:
            raise Wrong(f"the ranks have {counts} rows. Those with fewer wait for the others.")
        tokens = [sum(lengths[row] for row in rows) for rows in given]
        if max(tokens) > min(tokens) + max(lengths):
            raise Wrong(
                f"the rows are even, but the work is not: one rank has {max(tokens):,} tokens, "
                f"and another, with {min(tokens):,}, has to wait."
            )
    return (
        "On six ranks the course sorts the rows by length and gives each rank every sixth. Which "
        "rank computes which row makes no difference to the sum of the gradients."
    )


def _check_each_row_once(given: Sequence[int], count: int) -> None:
    """Raise Wrong unless ``given`` has each row number from 0 to ``count`` - 1 once."""
    if sorted(given) == list(range(1, count + 1)):
        raise Wrong(f"rows are counted from 0 here, so there is no row {count}.")
    if not set(given) <= set(range(count)):
        raise Wrong("there are no such rows: the lists must hold row numbers, not lengths.")
    if len(set(given)) < len(given):
        raise Wrong("you gave a row to two ranks. It would count twice in the gradient.")
    if len(given) < count:
        raise Wrong(f"{count - len(given)} of {count} rows are left out: that is another update.")


# Budgets as (billions, cards, gigabytes, working). One thing decides each; a wrong answer to it is
# listed with what it overlooks.
_Budget = tuple[float, int, int, int]
_BUDGETS: tuple[tuple[_Budget, dict[str, str]], ...] = (
    (
        (0.134, 1, 16, 2),
        {"LoRA": "so small a model fits in full, and full training is chosen if it fits."},
    ),
    (
        (7, 4, 80, 20),
        {
            "LoRA": "four cards share the sixteen bytes of full training.",
            "neither": "four cards share the sixteen bytes of full training.",
        },
    ),
    ((7, 1, 80, 10), {"full": "full training takes sixteen bytes a parameter."}),
    ((7, 1, 24, 4), {"neither": "a frozen weight takes two bytes and nothing more."}),
    ((4, 1, 80, 20), {"full": "the model fits, but there is no memory left to work with."}),
    (
        (13, 4, 80, 30),
        {"full": "each card needs memory of its own to work with."},
    ),
    ((30, 1, 40, 4), {"LoRA": "LoRA trains few numbers, but the frozen ones need memory too."}),
    (
        (30, 2, 40, 4),
        {"LoRA": "with LoRA every card holds the whole frozen model."},
    ),
    ((7, 2, 80, 18), {"full": "it would fit if the whole card were free, but there is a reserve."}),
    ((10, 1, 24, 2), {"LoRA": "LoRA has to leave the reserve free, too."}),
)


def lora_or_full(answer: LearnersFunction) -> str:
    """``answer(billions, cards, gigabytes, working)``: ``"full"``, ``"LoRA"`` or ``"neither"``."""
    for case, diagnoses in _BUDGETS:
        billions, cards, gigabytes, working = case
        needed = {"full": 16 * billions / cards + working, "LoRA": 2 * billions + working}
        card = Gpu("a card", gigabytes, tflops=0, dollars=0)
        fitting = [method for method, size in needed.items() if fits(card, 1e9 * size)]
        right, given = [*fitting, "neither"][0], answer(*case)
        if given not in ("full", "LoRA", "neither"):
            raise Wrong(f'the answer is "full", "LoRA" or "neither". Yours is {given!r}.')
        if given != right:
            diagnosis = diagnoses.get(given, "add up what one card holds with either method.")
            raise Wrong(f"lora_or_full{case} is not {given!r}: {diagnosis}")
    return (
        "The planner keeps the same reserve, and estimates the working memory from the model's "
        "shape. With more cards, full training needs less memory on each. LoRA needs the same on "
        "every card, however many there are."
    )


EXERCISES = (memory_a_rank, slices, share_rows, loss_weights, what_travels, lora_or_full)
