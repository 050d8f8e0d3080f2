"""Wrong answers to the exercises of lesson 4, each with words that its diagnosis must contain."""

import math


def _memory(size):
    """An answer to memory_a_rank from a formula of bytes, activations in GB, and ranks."""
    return lambda n, a: {ranks: size(n / 1e9, a, ranks) for ranks in (1, 2, 4, 8)}


def even_slices(vector, ranks):
    """As numpy.array_split: the numbers that are left over go to the first ranks, one each."""
    small, more = divmod(len(vector), ranks)
    ends = [0]
    for rank in range(ranks):
        ends.append(ends[-1] + small + (rank < more))
    return [vector[ends[rank] : ends[rank + 1]] for rank in range(ranks)]


def rest_to_the_last(vector, ranks):
    """The length is rounded down, and the last rank takes all that is left over."""
    size = len(vector) // ranks
    pieces = [vector[rank * size : (rank + 1) * size] for rank in range(ranks)]
    return [*pieces[:-1], vector[(ranks - 1) * size :]]


def rest_is_lost(vector, ranks):
    """The length is rounded down, and no rank takes what is left over."""
    size = len(vector) // ranks
    return [vector[rank * size : (rank + 1) * size] for rank in range(ranks)]


def no_empty_slices(vector, ranks):
    """As torch.chunk: fewer pieces than ranks if the vector is used up early."""
    size = math.ceil(len(vector) / ranks)
    return [vector[start : start + size] for start in range(0, len(vector), size)]


def in_turn(vector, ranks):
    """Each number goes to the next rank."""
    return [vector[rank::ranks] for rank in range(ranks)]


def whole_shares_only(lengths, ranks):
    """All ranks get the same number of rows, and the rest is dropped."""
    ordered = sorted(range(len(lengths)), key=lengths.__getitem__)
    each = len(lengths) // ranks
    return [ordered[rank::ranks][:each] for rank in range(ranks)]


def filled_up(lengths, ranks):
    """The first rows are repeated until all ranks have the same number."""
    ordered = sorted(range(len(lengths)), key=lengths.__getitem__)
    ordered += ordered[: -len(lengths) % ranks]
    return [ordered[rank::ranks] for rank in range(ranks)]


def rounded_up(lengths, ranks):
    """Each rank takes the largest share, and the last takes what is left."""
    return no_empty_slices(range(len(lengths)), ranks)


def unsorted_turns(lengths, ranks):
    """Each row goes to the next rank, in the order of the file."""
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


def _decide(full, lora, usable=lambda gigabytes: 0.92 * gigabytes - 1):
    """An answer to lora_or_full from formulas for what each method takes on a card."""

    def answer(billions, cards, gigabytes, working):
        free = usable(gigabytes)
        if full(billions, cards, working) <= free:
            return "full"
        return "LoRA" if lora(billions, cards, working) <= free else "neither"

    return answer


def one_common_pool(billions, cards, gigabytes, working):
    """The memory of all cards is added up, and the working part is counted once."""
    pooled = cards * (0.92 * gigabytes - 1)
    if 16 * billions + working <= pooled:
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
        (_memory(lambda b, a, k: 4 * b + 12 * b / k + a), "the weights are sharded too"),
        (_memory(lambda b, a, k: 8 * b + 8 * b / k + a), "not the averages alone"),
        (_memory(lambda b, a, k: 4 * b / k + a), "the weights alone"),
        (_memory(lambda b, a, k: 8 * b / k + a), "not Adam's averages"),
        (_memory(lambda b, a, k: 12 * b / k + a), "twelve bytes"),
        (_memory(lambda b, a, k: 1e9 * (16 * b / k + a)), "your sizes are in bytes"),
        (_memory(lambda b, a, k: 16e9 * b / k + a), "to GB of activations"),
        (_memory(lambda b, a, k: 16 * b / k + a * k), "the sizes are not right"),
        (lambda n, a: {2: 16 * n / 2e9 + a}, "with the keys 1, 2, 4 and 8"),
        ({1: 35, 2: 19, 4: 11, 8: 7}, "TypeError"),
    ],
    "slices": [
        (even_slices, "You spread the numbers evenly"),
        (rest_to_the_last, "all that was left over"),
        (rest_is_lost, "are lost"),
        (no_empty_slices, "A rank may have an empty one"),
        (in_turn, "the vector in its order"),
    ],
    "share_rows": [
        (whole_shares_only, "2 of 128 rows are left out"),
        (filled_up, "gave a row to two ranks"),
        (rounded_up, "22, 18] rows"),
        (unsorted_turns, "the work is not"),
        (lengths_for_rows, "not lengths"),
        (rows_from_one, "counted from 0"),
        (lambda lengths, ranks: [list(range(len(lengths)))], "6 ranks need 6 lists"),
    ],
    "loss_weights": [
        (lambda tokens: [1.0] * len(tokens), "equal weights"),
        (lambda tokens: [own / sum(tokens) for own in tokens], "the gradient comes out too small"),
        (lambda tokens: [1 / len(tokens)] * len(tokens), "Do not take it twice"),
        (lambda tokens: [len(tokens) / sum(tokens)] * len(tokens), "These are means"),
        (lambda tokens: [sum(tokens) / len(tokens) / max(1, own) for own in tokens], "upside down"),
        (lambda tokens: tokens, "are not divided"),
        (lambda tokens: [own / max(tokens) for own in tokens], "the mean over all tokens"),
        (lambda tokens: [len(tokens) / sum(tokens)], "6 ranks need 6 weights"),
    ],
    "what_travels": [
        (_travels(lambda n, k, s: s * n, lambda n, k, s: (s + 4) * n), "has its own slice already"),
        (_travels(lambda n, k, s: s * n / k, _gather), "not from one"),
        (_travels(lambda n, k, s: s * n * (k - 1), _gather), "no more"),
        (_travels(lambda n, k, s: _gather(n, k, 1), _gather), "several bytes long"),
        (_travels(lambda n, k, s: _gather(n, k, 4), _gather), "not four"),
        (_travels(lambda n, k, s: _gather(n, k, 2), _gather), "how many numbers of the block"),
        (_travels(_gather, lambda n, k, s: _gather(n, k, 4)), "is gathered again"),
        (_travels(_gather, _gather), "of the others are missing"),
        (
            _travels(_gather, lambda n, k, s: _gather(n, k, 2 * s)),
            "a gradient always has four bytes",
        ),
        (_travels(_gather, lambda n, k, s: _gather(n, k, s + 8)), "as in the toy"),
        (_travels(_gather, lambda n, k, s: _gather(n, k, s) + 4 * n), "its own gradients"),
        (_travels(_gather, lambda n, k, s: _gather(n, k, s) + 4 * n / k), "each of the others"),
        (_travels(_gather, lambda n, k, s: _gather(n, k, 8)), "count what is gathered"),
        (lambda n, k, s: _gather(n, k, s), '"forward" and "backward"'),
    ],
    "lora_or_full": [
        (lambda *budget: "LoRA", "full training is chosen if it fits"),
        (_decide(lambda b, k, w: 16 * b + w, _lora), "share the sixteen bytes"),
        (_decide(lambda b, k, w: 4 * b / k + w, _lora), "sixteen bytes a parameter"),
        (_decide(lambda b, k, w: 16 * b / k, _lora), "no memory left to work with"),
        (one_common_pool, "memory of its own"),
        (_decide(_full, lambda b, k, w: w), "the frozen ones need memory"),
        (_decide(_full, lambda b, k, w: 2 * b / k + w), "the whole frozen model"),
        (_decide(_full, lambda b, k, w: 4 * b + w), "takes two bytes"),
        (_decide(_full, _lora, usable=lambda gigabytes: gigabytes), "there is a reserve"),
        (lambda *budget: True, '"full", "LoRA" or "neither"'),
    ],
}
