"""The watermark: counts agree with transformers', and other texts are green as often as chance."""

import math
import random
from itertools import chain

import pytest
import torch

from helpers.io import load_examples
from helpers.release.watermark import (
    SHARE,
    count_found,
    detect,
    found_after_edits,
    found_by_length,
    green_list,
    replace_words,
    sample_answers,
    token_ids,
    watermark,
    watermark_cost,
)
from helpers.run import ROOT
from helpers.training.student import load_student

ROWS = [
    {"instruction": text, "input": ""}
    for text in (
        "Plan a birthday party for a child who loves dinosaurs.",
        "Describe the life of a honey bee.",
        "Write a letter to a friend about moving to a new city.",
    )
]


@pytest.fixture(scope="module")
def model(student_folder):
    return load_student(student_folder).float()


@pytest.fixture(scope="module")
def written(model, tokenizer):
    """Token ids of sampled answers with and without the watermark."""
    return {
        name: token_ids(
            sample_answers(model, tokenizer, ROWS, 60, marked=name == "marked"), tokenizer
        )
        for name in ("plain", "marked")
    }


def test_a_marked_text_is_found_and_a_plain_one_is_not(model, written):
    size = model.config.vocab_size
    joined = {name: list(chain(*texts)) for name, texts in written.items()}
    assert detect(joined["marked"], size)["p"] < 1e-6 < 0.001 < detect(joined["plain"], size)["p"]
    assert detect(joined["marked"], size, key=12345)["p"] > 0.001  # another key finds nothing


def test_the_green_list_is_the_one_transformers_draws(model):
    size = model.config.vocab_size
    where = model.device
    processor = watermark(bias=1.0).construct_processor(size, where)
    for before in (0, 7, 4711):
        ids = torch.tensor([[5, before]], device=where)
        scores = processor(ids, torch.zeros(1, size, device=where))[0]
        assert set(torch.nonzero(scores).flatten().tolist()) == green_list(before, size)


def test_the_score_is_that_of_transformers_if_each_pair_occurs_once(model):
    from transformers import WatermarkDetector

    ids = random.Random(1).sample(range(1000), 80)
    theirs = WatermarkDetector(model.config, model.device, watermark())(
        torch.tensor([ids], device=model.device), return_dict=True
    )
    ours = detect(ids, model.config.vocab_size)
    assert ours["z"] == pytest.approx(float(theirs.z_score[0]))
    assert ours["green"] == int(theirs.num_green_tokens[0])


def test_a_text_that_repeats_itself_does_not_count_as_marked():
    size = 1000
    pair = next((a, b) for a in range(9) for b in green_list(a, size) if a in green_list(b, size))
    assert detect(list(pair) * 60, size)["pairs"] == 2
    assert detect(list(pair) * 60, size)["p"] > 0.05


def test_random_texts_have_the_expected_green_share_and_uniform_p_values():
    rng, size = random.Random(0), 500
    counts = [detect([rng.randrange(size) for _ in range(60)], size, key=k) for k in range(200)]
    green = sum(c["green"] for c in counts) / sum(c["pairs"] for c in counts)
    assert green == pytest.approx(SHARE, abs=0.02)
    assert sum(c["p"] < 0.05 for c in counts) <= 18 and max(c["z"] for c in counts) < 4


def test_a_text_without_pairs_has_no_score():
    assert detect([], 100) == detect([5], 100) == {"pairs": 0, "green": 0, "z": None, "p": None}
    assert math.isfinite(detect([5, 6], 100)["z"])


def test_an_edit_replaces_that_share_of_the_words():
    text = " ".join(f"w{i}" for i in range(50))
    others = load_examples(ROOT / "data" / "eval_tasks.en.jsonl")[0]["output"]
    for share in (0, 0.1, 0.5, 1):
        changed = replace_words(text, share, others, random.Random(0)).split(" ")
        assert sum(a != b for a, b in zip(changed, text.split(" "), strict=True)) == 50 * share


def all_green(length, size, start=1):
    """A text of distinct pairs that are all green."""
    ids = [start]
    while len(ids) < length:
        ids.append(min(green_list(ids[-1], size) - set(ids)))
    return ids


def test_texts_found_are_counted_by_length_and_short_texts_count_as_not_found():
    size, rng = 1000, random.Random(3)
    marked = [all_green(40, size, start) for start in (1, 2, 3)]
    plain = [[rng.randrange(size) for _ in range(40)] for _ in range(5)]
    table = found_by_length(marked, plain, size, (1, 5, 40))
    assert [table[n]["marked"]["value"] for n in table] == [0, 0, 1]  # four pairs are too few
    assert table[40]["marked"]["z"] > 10 > 4 > table[40]["plain"]["z"]
    assert table[1]["marked"]["z"] is None and table[40]["plain"]["value"] == 0
    assert count_found(marked, size)["low"] < 1 == count_found(marked, size)["high"]


def test_edits_weaken_the_watermark(model, tokenizer, written):
    size = model.config.vocab_size
    texts = [tokenizer.decode(ids) for ids in written["marked"]]
    rates = found_after_edits(texts, "stone river " * 9, tokenizer, size, shares=(0, 0.5, 1))
    assert rates[0]["z"] > rates[0.5]["z"] > rates[1]["z"]
    assert rates[1]["z"] < 3 and rates[1]["value"] == 0


def test_the_watermark_raises_the_loss_and_a_bias_of_zero_does_not(model, tokenizer):
    rows = load_examples(ROOT / "data" / "eval_tasks.en.jsonl")[:4]
    assert watermark_cost(model, tokenizer, rows)["low"] > 0
    assert watermark_cost(model, tokenizer, rows, bias=0)["value"] == pytest.approx(0, abs=1e-6)


def test_a_long_text_is_counted_to_its_end():
    size, rng = 2000, random.Random(0)
    count = detect([rng.randrange(size) for _ in range(3000)], size)
    assert count["pairs"] > 2900 and 0 < count["p"] < 1
    assert count["p"] == pytest.approx(math.erfc(count["z"] / math.sqrt(2)) / 2, abs=0.02)
