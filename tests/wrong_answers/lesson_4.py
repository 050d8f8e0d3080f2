"""Wrong answers to the exercises of lesson 4, with words that the diagnosis must contain."""

import math


def _memory(size):
    """An answer to memory_a_rank from a formula of bytes, activations in GB, and ranks."""
    return lambda n, a: {ranks: size(n / 1e9, a, ranks) for ranks in (1, 2, 4, 8)}


def even_slices(vector, ranks):
    """As numpy.array_split: what is left over goes one by one to the first."""
    small, more = divmod(len(vector), ranks)
    ends = [0]
    for rank in range(ranks):
        ends.append(ends[-1] + small + (rank < more))
    return [vector[ends[rank] : ends[rank + 1]] for rank in range(ranks)]


def rest_to_the_last(vector, ranks):
    """Rounded down, and the last rank takes what is left over."""
    size = len(vector) // ranks
    pieces = [vector[rank * size : (rank + 1) * size] for rank in range(ranks)]
    return [*pieces[:-1], vector[(ranks - 1) * size :]]


def rest_is_lost(vector, ranks):
    """Rounded down, and what is left over is nobody's."""
    size = len(vector) // ranks
    return [vector[rank * size : (rank + 1) * size] for rank in range(ranks)]


def no_empty_slices(vector, ranks):
    """As torch.chunk: fewer pieces than ranks where the vector is used up early."""
    size = math.ceil(len(vector) / ranks)
    return [vector[start : start + size] for start in range(0, len(vector), size)]


def in_turn(vector, ranks):
    """Number after number to the next rank."""
    return [vector[rank::ranks] for rank in range(ranks)]


def whole_shares_only(lengths, ranks):
    """Each as many as all can have; the rest is dropped."""
    ordered = sorted(range(len(lengths)), key=lengths.__getitem__)
    each = len(lengths) // ranks
    return [ordered[rank::ranks][:each] for rank in range(ranks)]


def filled_up(lengths, ranks):
    """The first rows once more, until it comes out even."""
    ordered = sorted(range(len(lengths)), key=lengths.__getitem__)
    ordered += ordered[: -len(lengths) % ranks]
    return [ordered[rank::ranks] for rank in range(ranks)]


def rounded_up(lengths, ranks):
    """Each takes as many as the fullest may have; the last takes what is left."""
    return no_empty_slices(range(len(lengths)), ranks)


def unsorted_turns(lengths, ranks):
    """Dealt out as they come."""
    return in_turn(range(len(lengths)), ranks)


def lengths_for_rows(lengths, ranks):
    """The lengths themselves instead of the numbers of the rows."""
    return in_turn(sorted(lengths), ranks)


def rows_from_one(lengths, ranks):
    """Row numbers that begin at 1."""
    return [[row + 1 for row in rows] for rows in in_turn(range(len(lengths)), ranks)]


def _travels(forward, backward):
    """An answer to what_travels from two formulas of parameters, ranks and bytes of a weight."""
    return lambda n, k, s: {"forward": forward(n, k, s), "backward": backward(n, k, s)}


def _gather(n, k, s):
    return s * n * (k - 1) / k


def _decide(full, lora, room=lambda gigabytes: 0.92 * gigabytes - 1):
    """An answer to lora_or_full from what either method is thought to take on a card."""

    def answer(billions, cards, gigabytes, working):
        free = room(gigabytes)
        if full(billions, cards, working) <= free:
            return "full"
        return "LoRA" if lora(billions, cards, working) <= free else "neither"

    return answer


def one_common_pool(billions, cards, gigabytes, working):
    """All cards' memory added up, and the working part counted once."""
    room = cards * (0.92 * gigabytes - 1)
    if 16 * billions + working <= room:
        return "full"
    return "LoRA" if 2 * billions + working <= 0.92 * gigabytes - 1 else "neither"


def _full(billions, cards, working):
    return 16 * billions / cards + working


def _lora(billions, cards, working):
    return 2 * billions + working


WRONG = {
    "memory_a_rank": [
        (_memory(lambda b, a, k: (16 * b + a) / k), "divide the activations too"),
        (_memory(lambda b, a, k: 16 * b / k), "the activations are missing"),
        (_memory(lambda b, a, k: 16 * b + a), "nothing is divided"),
        (_memory(lambda b, a, k: 4 * b + 12 * b / k + a), "the weights themselves are in slices"),
        (_memory(lambda b, a, k: 8 * b + 8 * b / k + a), "not the averages alone"),
        (_memory(lambda b, a, k: 4 * b / k + a), "the weights alone"),
        (_memory(lambda b, a, k: 8 * b / k + a), "Adam's averages are missing"),
        (_memory(lambda b, a, k: 12 * b / k + a), "twelve bytes"),
        (_memory(lambda b, a, k: 1e9 * (16 * b / k + a)), "that is in bytes"),
        (_memory(lambda b, a, k: 16e9 * b / k + a), "the activations in GB"),
        (_memory(lambda b, a, k: 16 * b / k + a * k), "the sizes are not right"),
        (lambda n, a: {2: 16 * n / 2e9 + a}, "with the keys 1, 2, 4 and 8"),
        ({1: 35, 2: 19, 4: 11, 8: 7}, "TypeError"),
    ],
    "slices": [
        (even_slices, "evened out"),
        (rest_to_the_last, "what was left over"),
        (rest_is_lost, "are lost"),
        (no_empty_slices, "A rank without numbers has one too"),
        (in_turn, "in its old order"),
    ],
    "share_rows": [
        (whole_shares_only, "2 of 128 rows are left out"),
        (filled_up, "given out twice"),
        (rounded_up, "22, 18] rows"),
        (unsorted_turns, "the work is not"),
        (lengths_for_rows, "not lengths"),
        (rows_from_one, "counted from 0"),
        (lambda lengths, ranks: [list(range(len(lengths)))], "6 ranks need 6 lists"),
    ],
    "loss_weights": [
        (lambda tokens: [1.0] * len(tokens), "equal weights"),
        (lambda tokens: [own / sum(tokens) for own in tokens], "the gradient comes out too small"),
        (lambda tokens: [1 / len(tokens)] * len(tokens), "do not take it twice"),
        (lambda tokens: [len(tokens) / sum(tokens)] * len(tokens), "these are means"),
        (lambda tokens: [sum(tokens) / len(tokens) / max(1, own) for own in tokens], "upside down"),
        (lambda tokens: tokens, "undivided"),
        (lambda tokens: [own / max(tokens) for own in tokens], "the mean over all tokens"),
        (lambda tokens: [len(tokens) / sum(tokens)], "6 ranks need 6 weights"),
    ],
    "what_travels": [
        (_travels(lambda n, k, s: s * n, lambda n, k, s: (s + 4) * n), "own slice is there"),
        (_travels(lambda n, k, s: s * n / k, _gather), "not from one"),
        (_travels(lambda n, k, s: s * n * (k - 1), _gather), "no more"),
        (_travels(lambda n, k, s: _gather(n, k, 1), _gather), "some bytes long"),
        (_travels(lambda n, k, s: _gather(n, k, 4), _gather), "not four"),
        (_travels(lambda n, k, s: _gather(n, k, 2), _gather), "how many numbers of the block"),
        (_travels(_gather, lambda n, k, s: _gather(n, k, 4)), "must be fetched again"),
        (_travels(_gather, _gather), "do not reach their owners"),
        (_travels(_gather, lambda n, k, s: _gather(n, k, 2 * s)), "whatever the weights do"),
        (_travels(_gather, lambda n, k, s: _gather(n, k, s + 8)), "the toy's way"),
        (_travels(_gather, lambda n, k, s: _gather(n, k, s) + 4 * n), "own gradients"),
        (_travels(_gather, lambda n, k, s: _gather(n, k, s) + 4 * n / k), "each of the others"),
        (_travels(_gather, lambda n, k, s: _gather(n, k, 8)), "count what is gathered"),
        (lambda n, k, s: _gather(n, k, s), '"forward" and "backward"'),
    ],
    "lora_or_full": [
        (lambda *budget: "LoRA", "full is taken where it fits"),
        (_decide(lambda b, k, w: 16 * b + w, _lora), "share the sixteen bytes"),
        (_decide(lambda b, k, w: 4 * b / k + w, _lora), "sixteen bytes a parameter"),
        (_decide(lambda b, k, w: 16 * b / k, _lora), "no room left to work"),
        (one_common_pool, "no common pool"),
        (_decide(_full, lambda b, k, w: w), "the frozen ones lie there"),
        (_decide(_full, lambda b, k, w: 2 * b / k + w), "none shares"),
        (_decide(_full, lambda b, k, w: 4 * b + w), "takes two bytes"),
        (_decide(_full, _lora, room=lambda gigabytes: gigabytes), "a reserve is kept"),
        (lambda *budget: True, '"full", "LoRA" or "neither"'),
    ],
}
