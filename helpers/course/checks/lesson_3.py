"""The exercises of lesson 3: how little has to change."""

import math

from helpers.course.checks.wrong import Wrong

EXERCISES = ("lora_share", "mask_fault", "epoch_plan", "read_overfit", "merge_pair")
FAULTS = ("end masked", "prompt learned", "padding learned", "fine")
BLOCK = [(576, 576)] * 2 + [(192, 576)] * 2 + [(1536, 576)] * 2 + [(576, 1536)]
STUDENT = {"shapes": BLOCK * 30, "rank": 8, "frozen": 134_515_008}  # the embedded one


def lora_share(answer):
    """``answer(shapes, rank, frozen)`` is the share of a model's numbers that LoRA lets move."""
    shapes, rank, frozen = [(6, 10), (4, 10), (10, 6)], 3, 1000
    given = _asked(answer, shapes, rank, frozen)
    for slip, words in _share_slips(shapes, rank, frozen):
        if math.isclose(given, slip):
            raise Wrong(words)
    if not math.isclose(given, _part(rank * sum(map(sum, shapes)), frozen)):
        raise Wrong("count on paper: what does a layer 2 high and 3 wide get at rank 1? At rank 2?")
    new = STUDENT["rank"] * sum(map(sum, STUDENT["shapes"]))
    share = _part(new, STUDENT["frozen"])
    if not math.isclose(_asked(answer, *STUDENT.values()), share):
        raise Wrong("three layers come out right, the student's 210 do not: is a number fixed?")
    return (
        f"At rank 8 the student gets {new:,} numbers, {share:.2%} of all, as peft counts too. "
        "A layer grows with the product of its sides and its pair with their sum, so at one "
        "rank the wider the layers, the smaller the share."
    )


def _share_slips(shapes, rank, frozen):
    """Wrong shares with their words: pairs counted wrongly, then divided wrongly."""
    outs, ins = (sum(sides) for sides in zip(*shapes, strict=True))
    whole, new = sum(out * into for out, into in shapes), rank * (outs + ins)
    product = "you multiply the sides of a layer; its pair is thin, and has each side by itself."
    for count, words in (
        (whole, product),
        (rank * whole, product),
        (rank * ins, "you count A alone; B, which writes the change, is learned as well."),
        (rank * outs, "you count B alone; A, which reads the input, is learned as well."),
        (outs + ins, "the rank is missing: a pair has that many rows and that many columns."),
        (rank * sum(shapes[0]), "you count one layer alone; does a `return` stand in the loop?"),
    ):
        yield from ((wrong, words) for wrong in (count, count / frozen, _part(count, frozen)))
    yield new, "that is how many numbers move; wanted is their share."
    yield new / frozen, "you divide by the old numbers alone; the new ones are there as well now."
    yield 100 * _part(new, frozen), "that is per cent; a share lies between 0 and 1."
    yield _part(new, whole), "you divide by the listed layers alone; `frozen` counts the rest too."
    yield 8 / 24, "that is the answer of the example; yours has to look at what it is given."


def mask_fault(answer):
    """``answer(labels, end)`` names the fault of a batch's labels: one of ``FAULTS``."""
    n, right = -100, [-100, -100, 7, 8, 2]
    for labels, end, truth, words in (
        ([right, [n, 9, 6, 5, 2]], 2, "fine", "answers and ends are learned, nothing else: fine"),
        ([right, [n, 9, 2, n, n]], 2, "fine", "a short row ends in padding, rightly masked"),
        ([[n, n, 7, 8, n], [n, 9, n, n, n]], 2, "end masked", "no end is learned: this is the "
         "training above that did not stop"),
        ([right, [n, 9, 2, 0, 0]], 2, "padding learned", "look at every row, past its end: the "
         "second goes on to learn two tokens of padding"),
        ([right, [n, 9, 2, 2, 2]], 2, "padding learned", "padding may be made of the end token: "
         "the first 2 of a row is its end, any more are padding"),
        ([right, [4, 9, 2, n, n]], 2, "prompt learned", "every row begins with its prompt, and "
         "the second one learns from its first token on"),
        ([right, [n, 9, 6, n, n]], 2, "end masked", "the second row has lost its end; that "
         "another row has one does not help it"),
        ([[n, 7, 8, 0], [n, 7, 0, n]], 0, "fine", "the end token has the id 0 in this batch"),
        ([[n, 2, 8, n], [n, 2, n, n]], 0, "end masked", "here the end is 0, and 2 is any word"),
    ):  # fmt: skip
        said = _asked(answer, [list(row) for row in labels], end)
        if said not in FAULTS:
            raise Wrong(f"{said!r} is none of the four verdicts; copy them from the card.")
        if said != truth:
            raise Wrong(f"{words}. You say {said!r} of {labels} with the end {end}.")
    return (
        "It takes a moment and spares a training for nothing. A loss curve tells less: a learned "
        "template and learned padding make it look better, because both are easy to guess, and "
        "of a masked end it shows nothing."
    )


def epoch_plan(answer):
    """``answer(rows, at_once, times, cards)``: rows an update, updates an epoch, rows in the last.

    A tuple or list of three numbers; a last update that is full counts all its rows.
    """
    for case in ((50, 2, 3, 2), (48, 2, 3, 2), (402, 4, 1, 1), (52_002, 4, 8, 4)):
        given = _values(_asked(answer, *case), 3)
        for slip, words in _plan_slips(*case, *given):
            if slip:
                raise Wrong(words)
    return (
        "Alpaca's 52,002 rows, 128 an update, make 407 updates, the last of 34. One card that "
        "takes 4 rows 32 times makes the same ones: what fits decides how long it takes, the "
        "recipe what is learned. (Our trainer fills a turn by tokens, not by a number of rows.)"
    )


def _plan_slips(rows, at_once, times, cards, update, updates, last):
    """Whether a plan of an epoch has each slip, with the words for it."""
    size = at_once * times * cards
    wrong = update != size
    rest = rows - (math.ceil(rows / size) - 1) * size
    yield wrong and update == at_once, "you count what is computed at once; an update has more."
    yield wrong and update == at_once * times, "the number of cards is missing: all do the same."
    yield wrong and update == at_once * cards, "gradients add up `times` times before an update."
    yield wrong, "an update has the rows of one turn, for every turn, on every card: a product."
    yield updates % 1 != 0, "there is no part of an update; a smaller one counts as one."
    yield updates < rows / size, "the rows left over make an update too; you leave them out."
    yield updates != math.ceil(rows / size), "where the rows come out even no update is added."
    yield last == 0, "the rows come out even: then the last update is a full one, not an empty one."
    yield last == size != rest, "the last update takes what is left, here fewer than a full one."
    yield last != rest, "add up the rows of all updates: they must give the rows of the epoch."


def read_overfit(answer):
    """``answer(points)`` is two steps: the one to keep; where overfitting shows, or None."""
    try:
        given = _asked(answer, _curve({0: 3.1, 5: 2.6, 10: 2.4, 15: 2.7, 20: 3.0}))
    except KeyError as error:
        if error.args[0] not in ("loss", "heldout_loss"):
            raise
        raise Wrong(f"a point has one of the two losses; you asked one for {error}.") from None
    for slip, words in _reading_slips(*_values(given, 2)):
        if slip:
            raise Wrong(words)
    for held, truth, words in (
        ({0: 3.1, 4: 2.6, 8: 2.65, 12: 2.3, 16: 2.8}, (12, 16), "a small bump is no turn: the "
         "lowest point may come after the first rise."),
        ({0: 3.0, 5: 2.5, 10: 2.2}, (10, None), "where the last point is the lowest, nothing has "
         "turned yet, and the second value is None."),
        ({0: 2.0, 5: 2.4, 10: 2.6}, (0, 5), "step 0 is a point like the others; here training "
         "did harm from the start."),
    ):  # fmt: skip
        if _values(_asked(answer, _curve(held)), 2) != truth:
            raise Wrong(words)
    return (
        "`best_step` of a record is found so, among the points after step 0. Mind what it is: a "
        "choice made with the held-out rows. Their loss at that step flatters a little, and a "
        "score to report should come from rows that chose nothing."
    )


def _reading_slips(keep, began):
    """Whether a reading has each slip, with its words; (10, 15) is right, training ends at 18."""
    yield isinstance(keep, dict), "you return a whole point; wanted is its `step`."
    yield keep == 20, "you keep the last step, and there the held-out loss has long risen again."
    yield keep == 18, "you go by the training loss, which falls while rows are learned by heart."
    yield keep == 2.4, "that is the lowest loss; wanted is the step at which it was taken."
    yield keep != 10, "keep the `step` of the lowest held-out point (not its place in the list)."
    yield began == keep, "the lowest point is not overfitted yet; look at what comes after it."
    yield began is None, "the held-out loss rises after its lowest point, and you let it pass."
    yield began != 15, "overfitting shows at the first *held-out* point after the lowest."


def merge_pair(answer):
    """``answer(W, A, B, alpha)`` is ``W + alpha / rank · BA`` as a new list of rows."""
    W = [[1, 2, 0, 3], [0, 1, 4, 1], [2, 0, 1, 5]]
    A, B = [[1, 0, 2, 1], [3, 1, 0, 2]], [[1, 2], [0, 1], [4, 1]]
    kept = [list(row) for row in W]
    given = _matrix(_asked(answer, W, A, B, 12))
    if kept != W:
        raise Wrong("you changed W itself (a copy of its outer list still holds the same rows).")
    if [len(row) for row in given] != [4, 4, 4]:
        raise Wrong("the result has the rows and columns of W; yours has another shape.")
    for slip, words in (
        (_merged(W, A, B, 1), "`alpha / rank` is missing: you add BA as loud as it is."),
        (_merged(W, A, B, 12), "you multiply by `alpha`, and do not divide by the rank."),
        (_merged(W, A, B, 12 / 3), "you divide by the rows of W or B; the rank is the rows of A."),
        (_merged(W, A, B, 12 / 4), "you divide by the columns of A; the rank is its rows."),
        (_merged([[0] * 4] * 3, A, B, 6), "that is the change alone; add it to the old W."),
        (_merged(W, A[:1], B, 6), "only the first direction is in it; add up all the rank has."),
        (W, "that is W as it was; nothing has been added."),
    ):
        if _alike(given, slip):
            raise Wrong(words)
    if not _alike(given, _merged(W, A, B, 6)):
        raise Wrong("entry (i, j) of BA is row i of B times column j of A, summed; yours differs.")
    if not _alike(_matrix(_asked(answer, W, A, B, 3)), _merged(W, A, B, 1.5)):
        raise Wrong("alpha 3 at rank 2 makes a factor of 1.5: does `//` or rounding cut it off?")
    return (
        "`load_student` has peft add the same to every layer. The result is no larger and no "
        "slower than W was, and taking the same away gives W back, but for rounding."
    )


def _asked(answer, *arguments):
    """What the learner's function returns, which must be something."""
    given = answer(*arguments)
    if given is None:
        raise Wrong("your function gives nothing back; does it end with a `return`?")
    return given


def _values(given, count):
    if not isinstance(given, tuple | list) or len(given) != count:
        raise Wrong(f"{count} values are wanted, with commas between; you return {given!r}.")
    return tuple(given)


def _part(new, old):
    return new / (old + new)


def _curve(held):
    """A history: held-out points as given, and a training loss that falls all the way."""
    points = [{"step": step, "heldout_loss": loss} for step, loss in held.items()]
    points += [{"step": step, "loss": 2.5 - step / 9} for step in range(2, max(held), 4)]
    return sorted(points, key=lambda point: point["step"])


def _matrix(given):
    return [[float(number) for number in row] for row in given]


def _merged(W, A, B, scale):
    columns = range(len(W[0]))
    change = [[sum(b * a[j] for a, b in zip(A, row, strict=False)) for j in columns] for row in B]
    return [[old[j] + scale * new[j] for j in columns] for old, new in zip(W, change, strict=True)]


def _alike(left, right):
    left, right = ([number for row in matrix for number in row] for matrix in (left, right))
    return all(math.isclose(a, b, abs_tol=1e-4) for a, b in zip(left, right, strict=True))
