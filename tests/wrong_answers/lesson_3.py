"""Wrong answers to the exercises of lesson 3, each with words that its diagnosis must contain."""

from itertools import pairwise


def thick_pairs(shapes, rank, frozen):
    new = sum(rank * rows * columns for rows, columns in shapes)
    return new / (frozen + new)


def reading_half(shapes, rank, frozen):
    new = sum(rank * columns for _, columns in shapes)
    return new / (frozen + new)


def writing_half(shapes, rank, frozen):
    new = sum(rank * rows for rows, _ in shapes)
    return new / (frozen + new)


def always_rank_1(shapes, rank, frozen):
    new = sum(rows + columns for rows, columns in shapes)
    return new / (frozen + new)


def returns_in_the_loop(shapes, rank, frozen):
    new = 0
    for rows, columns in shapes:
        new += rank * (rows + columns)
        break
    return new / (frozen + new)


def over_the_old(shapes, rank, frozen):
    return rank * sum(map(sum, shapes)) / frozen


def per_cent(shapes, rank, frozen):
    new = rank * sum(map(sum, shapes))
    return 100 * new / (frozen + new)


def adapted_layers_only(shapes, rank, frozen):
    new = rank * sum(map(sum, shapes))
    return new / (new + sum(rows * columns for rows, columns in shapes))


def only_count(shapes, rank, frozen):
    return rank * sum(map(sum, shapes))


def forgets_return(*_):
    pass


def last_label(labels, end):
    if any(row[0] != -100 for row in labels):
        return "prompt learned"
    return "fine" if all(row[-1] == end for row in labels) else "end masked"


def first_row_only(labels, end):
    return one_row(labels[0], end)


def one_row(row, end):
    if row[0] != -100:
        return "prompt learned"
    if end not in row:
        return "end masked"
    return "padding learned" if any(i != -100 for i in row[row.index(end) + 1 :]) else "fine"


def other_token_after_end(labels, end):
    for row in labels:
        if end not in row:
            return "end masked"
        if any(label not in (end, -100) for label in row[row.index(end) :]):
            return "padding learned"
    return "fine"


def no_look_at_prompts(labels, end):
    found = {one_row([-100, *row[1:]], end) for row in labels}
    return (found - {"fine"} or {"fine"}).pop()


def an_end_somewhere(labels, end):
    if any(row[0] != -100 for row in labels):
        return "prompt learned"
    if not any(end in row for row in labels):
        return "end masked"
    found = {one_row(row, end) for row in labels if end in row}
    return (found - {"fine"} or {"fine"}).pop()


def knows_the_end_is_2(labels, _):
    found = {one_row(row, 2) for row in labels}
    return (found - {"fine"} or {"fine"}).pop()


def planned(size, rows):
    updates = -(-rows // size)
    return size, updates, rows - (updates - 1) * size


def drops_the_rest(rows, at_once, times, cards):
    size = at_once * times * cards
    return size, rows // size, rows % size


def one_more_always(rows, at_once, times, cards):
    size = at_once * times * cards
    return size, rows // size + 1, rows % size


def fraction(rows, at_once, times, cards):
    size = at_once * times * cards
    return size, rows / size, rows % size


def empty_last(rows, at_once, times, cards):
    size = at_once * times * cards
    return size, -(-rows // size), rows % size


def full_last(rows, at_once, times, cards):
    size = at_once * times * cards
    return size, -(-rows // size), size


def held_out(points):
    return [(p["step"], p["heldout_loss"]) for p in points if "heldout_loss" in p]


def with_next(points, keep):
    later = [step for step, _ in held_out(points) if step > keep]
    return keep, later[0] if later else None


def lowest(points):
    return min(held_out(points), key=lambda point: point[1])[0]


def by_training_loss(points):
    keep = min((p for p in points if "loss" in p), key=lambda p: p["loss"])["step"]
    return with_next(points, keep)


def held_point(points):
    return next(p for p in points if p.get("heldout_loss") == 2.4)


def first_rise(points):
    held = held_out(points)
    for (step, loss), (after, more) in pairwise(held):
        if more > loss:
            return step, after
    return held[-1][0], None


def place_in_the_list(points):
    losses = [loss for _, loss in held_out(points)]
    place = losses.index(min(losses))
    return place, place + 1


def next_point_of_any_kind(points):
    keep = lowest(points)
    return keep, next((p["step"] for p in points if p["step"] > keep), None)


def last_point_stands_in(points):
    keep, began = with_next(points, lowest(points))
    return keep, began if began is not None else keep


def zero_is_nothing(points):
    keep = min(held_out(points)[1:], key=lambda point: point[1])[0]
    return with_next(points, keep)


def product(A, B, ranks):
    return [[sum(b[k] * A[k][j] for k in ranks) for j in range(len(A[0]))] for b in B]


def added(W, change, scale):
    rows = zip(W, change, strict=True)
    return [[w + scale * c for w, c in zip(*pair, strict=True)] for pair in rows]


def in_place(W, A, B, alpha):
    new = W[:]  # the rows are still the old ones
    for row, change in zip(new, product(A, B, range(len(A))), strict=True):
        for j, c in enumerate(change):
            row[j] += alpha / len(A) * c
    return new


def scaled(scale):
    return lambda W, A, B, alpha: added(W, product(A, B, range(len(A))), scale(alpha, A, B))


def change_alone(W, A, B, alpha):
    return [[alpha / len(A) * c for c in row] for row in product(A, B, range(len(A)))]


def first_direction(W, A, B, alpha):
    return added(W, product(A, B, [0]), alpha / len(A))


def turned(W, A, B, alpha):
    whole = added(W, product(A, B, range(len(A))), alpha / len(A))
    return [list(column) for column in zip(*whole, strict=True)]


WRONG = {
    "lora_share": [
        (thick_pairs, "two thin matrices"),
        (reading_half, "you count A alone"),
        (writing_half, "you count B alone"),
        (always_rank_1, "the rank is missing"),
        (returns_in_the_loop, "you count one layer alone"),
        (over_the_old, "you divide by the old numbers alone"),
        (per_cent, "in per cent"),
        (adapted_layers_only, "you divide by the listed layers alone"),
        (only_count, "Return their share"),
        (lambda shapes, rank, frozen: 8 / 24, "the answer of the example"),
        (lambda shapes, rank, frozen: 0.5, "count on paper"),
        (lambda shapes, rank, frozen: 138 / 1138, "not for the student's 210"),
        (forgets_return, "returns nothing"),
    ],
    "mask_fault": [
        (lambda labels, end: "fine", "the training in the lesson that did not stop"),
        (lambda labels, end: "end masked", "so all is fine"),
        (last_label, "a short row ends in padding"),
        (first_row_only, "learns two tokens of padding"),
        (other_token_after_end, "may also be used as padding"),
        (no_look_at_prompts, "learns from its first token on"),
        (an_end_somewhere, "has lost its end"),
        (knows_the_end_is_2, "has the id 0 in this batch"),
        (lambda labels, end: "all good", "none of the four verdicts"),
    ],
    "epoch_plan": [
        (lambda rows, at_once, times, cards: planned(at_once, rows), "what is computed at once"),
        (
            lambda rows, at_once, times, cards: planned(at_once * times, rows),
            "the number of cards is missing",
        ),
        (
            lambda rows, at_once, times, cards: planned(at_once * cards, rows),
            "add up `times` times",
        ),
        (
            lambda rows, at_once, times, cards: planned(at_once + times + cards, rows),
            "are a product",
        ),
        (fraction, "no part of an update"),
        (drops_the_rest, "left over make an update too"),
        (one_more_always, "no update is added"),
        (empty_last, "It is not empty"),
        (full_last, "the rows that are left, here fewer"),
        (lambda rows, at_once, times, cards: at_once * times * cards, "return 3 values"),
    ],
    "read_overfit": [
        (lambda points: with_next(points, points[-1]["step"]), "you keep the last step"),
        (lambda points: (held_point(points), None), "you return a whole point"),
        (by_training_loss, "you use the training loss"),
        (
            lambda points: (min(held_out(points), key=lambda p: p[1])[1], 15),
            "Return the step at which",
        ),
        (place_in_the_list, "not its place in the list"),
        (lambda points: (lowest(points), lowest(points)), "itself is not overfitted"),
        (lambda points: (lowest(points), None), "You return None"),
        (next_point_of_any_kind, "*held-out* point"),
        (first_rise, "a small rise"),
        (last_point_stands_in, "the second value is None"),
        (zero_is_nothing, "like the others"),
        (
            lambda points: min(points, key=lambda p: p["heldout_loss"])["step"],
            "one of the two losses",
        ),
        (lowest, "return 2 values"),
    ],
    "merge_pair": [
        (in_place, "you changed W itself"),
        (turned, "another shape"),
        (scaled(lambda alpha, A, B: 1), "`alpha / rank` is missing"),
        (scaled(lambda alpha, A, B: alpha), "do not divide by the rank"),
        (scaled(lambda alpha, A, B: alpha / len(B)), "The rank is the rows of A"),
        (scaled(lambda alpha, A, B: alpha / len(A[0])), "the columns of A"),
        (scaled(lambda alpha, A, B: alpha // len(A)), "a factor of 1.5"),
        (scaled(lambda alpha, A, B: -alpha / len(A)), "row i of B times column j of A"),
        (change_alone, "this is the change alone"),
        (first_direction, "only the first direction"),
        (lambda W, A, B, alpha: [row[:] for row in W], "Nothing has been added"),
    ],
}
