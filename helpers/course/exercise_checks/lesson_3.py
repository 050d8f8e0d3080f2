"""The exercises of lesson 3: LoRA, the updates of an epoch, and learning curves.

The exercise about masked labels is in ``label_masks``.
"""

import math
from collections.abc import Iterator, Mapping, Sequence

from helpers.course.exercise_checks.answers import LearnersFunction, Wrong, call
from helpers.course.exercise_checks.label_masks import mask_fault

Matrix = Sequence[Sequence[float]]  # a list of rows

_BLOCK = [(576, 576)] * 2 + [(192, 576)] * 2 + [(1536, 576)] * 2 + [(576, 1536)]
_SHAPES, _RANK, _FROZEN = _BLOCK * 30, 8, 134_515_008  # of the embedded student


def lora_share(answer: LearnersFunction) -> str:
    """``answer(shapes, rank, frozen)`` is the share of a model's numbers that LoRA trains."""
    shapes, rank, frozen = [(6, 10), (4, 10), (10, 6)], 3, 1000
    given = call(answer, shapes, rank, frozen)
    for slip, diagnosis in _share_slips(shapes, rank, frozen):
        if math.isclose(given, slip):
            raise Wrong(diagnosis)
    if not math.isclose(given, _share(rank * sum(map(sum, shapes)), frozen)):
        raise Wrong("count on paper: what does a layer 2 high and 3 wide get at rank 1? At rank 2?")
    new = _RANK * sum(map(sum, _SHAPES))
    share = _share(new, _FROZEN)
    if not math.isclose(call(answer, _SHAPES, _RANK, _FROZEN), share):
        raise Wrong(
            "the share is right for three layers, but not for the student's 210. Did you write a "
            "number into your function?"
        )
    return (
        f"At rank {_RANK} the student gets {new:,} new numbers, {share:.2%} of all; peft counts "
        "the same. A layer grows with the product of its sides, and its pair with their sum. So at "
        "the same rank, wider layers mean a smaller share."
    )


def _share_slips(
    shapes: Sequence[tuple[int, int]], rank: int, frozen: int
) -> Iterator[tuple[float, str]]:
    """Wrong shares with their diagnoses: pairs counted wrongly, then divided wrongly."""
    outs, ins = (sum(sides) for sides in zip(*shapes, strict=True))
    whole, new = sum(out * into for out, into in shapes), rank * (outs + ins)
    product = "you multiply the sides of a layer. A pair is two thin matrices, one for each side."
    for count, diagnosis in (
        (whole, product),
        (rank * whole, product),
        (rank * ins, "you count A alone. B, which writes the change, is trained as well."),
        (rank * outs, "you count B alone. A, which reads the input, is trained as well."),
        (outs + ins, "the rank is missing. A has that many rows, and B that many columns."),
        (rank * sum(shapes[0]), "you count one layer alone. Is there a `return` in the loop?"),
    ):
        yield from ((slip, diagnosis) for slip in (count, count / frozen, _share(count, frozen)))
    yield new, "this is how many numbers are trained. Return their share."
    yield new / frozen, "you divide by the old numbers alone. The new ones are part of the model."
    yield 100 * _share(new, frozen), "this is in per cent. A share lies between 0 and 1."
    yield (
        _share(new, whole),
        "you divide by the listed layers alone. `frozen` counts the other layers too.",
    )
    yield 8 / 24, "this is the answer of the example. Use the values that your function is given."


def epoch_plan(answer: LearnersFunction) -> str:
    """``answer(rows, at_once, times, cards)``: rows an update, updates an epoch, rows in the last.

    A full last update counts all its rows.
    """
    for case in ((50, 2, 3, 2), (48, 2, 3, 2), (402, 4, 1, 1), (52_002, 4, 8, 4)):
        for is_wrong, diagnosis in _plan_slips(*case, *_values(call(answer, *case), 3)):
            if is_wrong:
                raise Wrong(diagnosis)
    return (
        "Alpaca's 52,002 rows with 128 an update make 407 updates, the last of 34 rows. One card "
        "that takes 4 rows 32 times makes the same updates. What fits into memory decides how long "
        "the training takes; the recipe decides what is learned. (The trainer of this course fills "
        "a turn by tokens, not by a number of rows.)"
    )


def _plan_slips(
    rows: int, at_once: int, times: int, cards: int, update: float, updates: float, last: float
) -> Iterator[tuple[bool, str]]:
    """Whether a plan of an epoch has each slip, and the diagnosis."""
    size = at_once * times * cards
    wrong = update != size
    rest = rows - (math.ceil(rows / size) - 1) * size
    yield wrong and update == at_once, "you count what is computed at once. An update has more."
    yield wrong and update == at_once * times, "the number of cards is missing: all take rows."
    yield wrong and update == at_once * cards, "gradients add up `times` times before an update."
    yield wrong, "the rows of an update are a product: rows at once, times turns, times cards."
    yield updates % 1 != 0, "there is no part of an update. A smaller update counts as one."
    yield updates < rows / size, "the rows that are left over make an update too."
    yield updates != math.ceil(rows / size), "if no rows are left over, no update is added."
    yield last == 0, "no rows are left over here, so the last update is full. It is not empty."
    yield (
        last == size != rest,
        "the last update has the rows that are left, here fewer than the others.",
    )
    yield last != rest, "add up the rows of all updates: the sum must be the rows of the epoch."


_CURVES: tuple[tuple[dict[int, float], tuple[int, int | None], str], ...] = (
    # held-out losses by step, the right answer, and the diagnosis for another answer
    (
        {0: 3.1, 4: 2.6, 8: 2.65, 12: 2.3, 16: 2.8},
        (12, 16),
        "a small rise need not be the end: the lowest point may come after the first rise.",
    ),
    (
        {0: 3.0, 5: 2.5, 10: 2.2},
        (10, None),
        "if the last point is the lowest, overfitting does not show, so the second value is None.",
    ),
    (
        {0: 2.0, 5: 2.4, 10: 2.6},
        (0, 5),
        "step 0 is a point like the others. Here training did harm from the start.",
    ),
)


def read_overfit(answer: LearnersFunction) -> str:
    """``answer(points)`` is two steps: the one to keep; where overfitting shows, or None."""
    try:
        given = call(answer, _curve({0: 3.1, 5: 2.6, 10: 2.4, 15: 2.7, 20: 3.0}))
    except KeyError as error:
        if error.args[0] not in ("loss", "heldout_loss"):
            raise
        raise Wrong(f"a point has only one of the two losses. This one has no {error}.") from None
    for is_wrong, diagnosis in _reading_slips(*_values(given, 2)):
        if is_wrong:
            raise Wrong(diagnosis)
    for losses, truth, diagnosis in _CURVES:
        if _values(call(answer, _curve(losses)), 2) != truth:
            raise Wrong(diagnosis)
    return (
        "`best_step` of a training record is found in this way, among the points after step 0. You "
        "have chosen it with the held-out rows, so their loss at that step looks a little too "
        "good. Report a score from rows that were not used for any choice."
    )


def _reading_slips(keep: object, began: object) -> Iterator[tuple[bool, str]]:
    """Whether a reading has each slip, and the diagnosis. The right one is (10, 15)."""
    yield isinstance(keep, dict), "you return a whole point. Return its `step`."
    yield keep == 20, "you keep the last step, where the held-out loss has risen again."
    yield keep == 18, "you use the training loss, which falls while rows are learned by heart."
    yield keep == 2.4, "this is the lowest loss. Return the step at which it was measured."
    yield keep != 10, "keep the `step` of the lowest held-out point, not its place in the list."
    yield began == keep, "the lowest point itself is not overfitted. Look at the one after it."
    yield began is None, "the held-out loss rises after its lowest point. You return None."
    yield began != 15, "overfitting shows at the first *held-out* point after the lowest."


def merge_pair(answer: LearnersFunction) -> str:
    """``answer(W, A, B, alpha)`` is ``W + alpha / rank · BA`` as a new list of rows."""
    W = [[1, 2, 0, 3], [0, 1, 4, 1], [2, 0, 1, 5]]
    A, B = [[1, 0, 2, 1], [3, 1, 0, 2]], [[1, 2], [0, 1], [4, 1]]
    before = [list(row) for row in W]
    given = _as_matrix(call(answer, W, A, B, 12))
    if before != W:
        raise Wrong("you changed W itself. A copy of its outer list still holds the same rows.")
    if [len(row) for row in given] != [4, 4, 4]:
        raise Wrong("the result must have the rows and columns of W. Yours has another shape.")
    for slip, diagnosis in (
        (_merged(W, A, B, 1), "`alpha / rank` is missing: you add BA unscaled."),
        (_merged(W, A, B, 12), "you multiply by `alpha`, but do not divide by the rank."),
        (_merged(W, A, B, 12 / 3), "you divide by the rows of W or B. The rank is the rows of A."),
        (_merged(W, A, B, 12 / 4), "you divide by the columns of A. The rank is its rows."),
        (_merged([[0] * 4] * 3, A, B, 6), "this is the change alone. Add it to the old W."),
        (_merged(W, A[:1], B, 6), "you add only the first direction. Sum over the whole rank."),
        (W, "this is W as it was. Nothing has been added."),
    ):
        if _equal(given, slip):
            raise Wrong(diagnosis)
    if not _equal(given, _merged(W, A, B, 6)):
        raise Wrong("entry (i, j) of BA is the sum of row i of B times column j of A.")
    if not _equal(_as_matrix(call(answer, W, A, B, 3)), _merged(W, A, B, 1.5)):
        raise Wrong("alpha 3 at rank 2 is a factor of 1.5. Do you round it, or divide with `//`?")
    return (
        "`load_student` lets peft add the same to every layer. The result is as large and as fast "
        "as W was. Subtracting the same gives W back, except for rounding."
    )


def _values(given: object, count: int) -> tuple:
    if not isinstance(given, tuple | list) or len(given) != count:
        raise Wrong(f"return {count} values, with commas between them. You return {given!r}.")
    return tuple(given)


def _share(new: float, old: float) -> float:
    return new / (old + new)


def _curve(held_out: Mapping[int, float]) -> list[dict[str, float]]:
    """A history with these held-out losses by step, and a training loss that always falls."""
    points: list[dict[str, float]] = [
        {"step": step, "heldout_loss": loss} for step, loss in held_out.items()
    ]
    points += [{"step": step, "loss": 2.5 - step / 9} for step in range(2, max(held_out), 4)]
    return sorted(points, key=lambda point: point["step"])


def _as_matrix(given: Matrix) -> Matrix:
    return [[float(number) for number in row] for row in given]


def _merged(W: Matrix, A: Matrix, B: Matrix, scale: float) -> Matrix:
    columns = range(len(W[0]))
    change = [[sum(b * a[j] for a, b in zip(A, row, strict=False)) for j in columns] for row in B]
    return [[old[j] + scale * new[j] for j in columns] for old, new in zip(W, change, strict=True)]


def _equal(one: Matrix, other: Matrix) -> bool:
    left, right = ([number for row in matrix for number in row] for matrix in (one, other))
    return all(math.isclose(a, b, abs_tol=1e-4) for a, b in zip(left, right, strict=True))


EXERCISES = (lora_share, mask_fault, epoch_plan, read_overfit, merge_pair)
