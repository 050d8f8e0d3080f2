"""The order of rows, and which rows are computed together."""

import pytest

from helpers.training.batching import bucketed_order, micro_batches


def test_each_epoch_has_every_row_once_and_rows_of_similar_length_share_a_batch():
    lengths = [(7 * i) % 50 for i in range(50)]
    order = bucketed_order(lengths, batch=4, epochs=2, seed=3)
    assert sorted(order) == sorted([*range(50), *range(50)])
    spread = [max(lengths[r] for r in order[i : i + 4]) - min(lengths[r] for r in order[i : i + 4])
              for i in range(0, 96, 4)]  # fmt: skip
    assert sum(spread) / len(spread) < 10 < max(lengths) - min(lengths)
    assert order == bucketed_order(lengths, 4, 2, 3) != bucketed_order(lengths, 4, 2, 4)
    assert len(bucketed_order(lengths, batch=4, epochs=0.5, seed=3)) == 25


@pytest.mark.parametrize("packed", [False, True])
def test_micro_batches_have_every_row_once_and_stay_within_the_token_budget(packed):
    rows = [{"input_ids": [i] * ((7 * i) % 50 + 1)} for i in range(60)]
    batches = micro_batches(rows, 64, packed=packed)
    assert sorted(row["input_ids"][0] for part in batches for row in part) == list(range(60))
    sizes = [[len(row["input_ids"]) for row in part] for part in batches]
    for size in sizes:
        assert (sum(size) if packed else len(size) * max(size)) <= 64
    assert len(batches) < 60 / 1.5
    assert micro_batches(rows, 10, packed=packed)[0] == [
        max(rows, key=lambda r: len(r["input_ids"]))
    ]
    assert micro_batches([], 64) == []
