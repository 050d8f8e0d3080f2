"""The order of rows, and which rows are computed together."""

import pytest

from helpers.training.batching import bucketed_order, collate_shared, micro_batches
from helpers.training.encoding import IGNORED


def test_each_epoch_has_every_row_once_and_rows_of_similar_length_share_a_batch():
    lengths = [(7 * i) % 50 for i in range(50)]
    order = bucketed_order(lengths, batch=4, epochs=2, seed=3)
    assert sorted(order) == sorted([*range(50), *range(50)])
    spread = [max(lengths[r] for r in order[i : i + 4]) - min(lengths[r] for r in order[i : i + 4])
              for i in range(0, 96, 4)]  # fmt: skip
    assert sum(spread) / len(spread) < 10 < max(lengths) - min(lengths)
    assert order == bucketed_order(lengths, 4, 2, 3) != bucketed_order(lengths, 4, 2, 4)
    assert len(bucketed_order(lengths, batch=4, epochs=0.5, seed=3)) == 25


@pytest.mark.parametrize("layout", ["padded", "packed", "shared"])
def test_micro_batches_have_every_row_once_and_stay_within_the_token_budget(layout):
    rows = [{"input_ids": [i] * ((7 * i) % 50 + 1)} for i in range(60)]
    batches = micro_batches(rows, 64, layout)
    assert sorted(row["input_ids"][0] for part in batches for row in part) == list(range(60))
    sizes = [[len(row["input_ids"]) for row in part] for part in batches]
    for size in sizes:
        assert (len(size) * max(size) if layout == "padded" else sum(size)) <= 64
    assert len(batches) < 60 / 1.5
    assert micro_batches(rows, 10, layout)[0] == [max(rows, key=lambda r: len(r["input_ids"]))]
    assert micro_batches([], 64) == []


def encoded(prompt, response):
    return {
        "input_ids": [*prompt, *response],
        "labels": [IGNORED] * len(prompt) + [*response],
        "prompt_length": len(prompt),
        "cut": 0,
    }


def test_a_shared_prefix_stands_once_before_the_rests_of_its_rows():
    template, other = list(range(100, 120)), list(range(200, 220))
    rows = [
        encoded([*template, 1], [11, 12]),
        encoded(other, [21]),
        encoded([*template, 2, 3], [31]),
    ]
    (part,) = micro_batches(rows, 100, "shared")
    batch = collate_shared(part)
    assert batch["segments"] == [(20, None), (3, 0), (3, 0), (21, None)]
    assert batch["input_ids"].tolist() == [[*template, 1, 11, 12, 2, 3, 31, *other, 21]]
    positions = [*range(20), 20, 21, 22, 20, 21, 22, *range(21)]
    assert batch["position_ids"].tolist() == [positions]
    learned = [label for label in batch["labels"][0].tolist() if label != IGNORED]
    assert learned == [11, 12, 31, 21]


def test_the_token_that_predicts_a_response_is_never_shared():
    prompt = list(range(30))
    batch = collate_shared([encoded(prompt, [40]), encoded(prompt, [40]), encoded(prompt, [41])])
    assert batch["segments"] == [(29, None), (2, 0), (2, 0), (2, 0)]


def test_rows_that_begin_differently_share_nothing():
    rows = [encoded([i, *range(50, 70)], [7]) for i in range(3)]
    assert collate_shared(rows)["segments"] == [(22, None)] * 3
