"""Pairs of texts with the same meaning in other words, found with a stub as embedder."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from helpers.data.near_duplicates import endpoint_embedder, local_embedder, same_meaning

TEXTS = ["How do I boil an egg?", "What is the way to cook eggs in water?", "Name a river.",
         "How do I boil an egg now?"]  # fmt: skip
VECTORS = {TEXTS[0]: (3, 0.1), TEXTS[1]: (1, 0), TEXTS[2]: (0, 1), TEXTS[3]: (2, 0)}


def embed(texts):
    return np.array([VECTORS[text] for text in texts])


def test_pairs_with_the_same_meaning_in_other_words_are_listed_best_first():
    pairs = same_meaning(TEXTS, embed)
    assert [(a, b) for _, _, a, b in pairs] == [(TEXTS[1], TEXTS[3]), (TEXTS[0], TEXTS[1])]
    assert all(cosine > 0.9 and score <= 0.7 for cosine, score, _, _ in pairs)


def test_pairs_that_rouge_l_detects_are_not_listed():
    assert (TEXTS[0], TEXTS[3]) not in [pair[2:] for pair in same_meaning(TEXTS, embed)]
    assert (TEXTS[0], TEXTS[3]) in [pair[2:] for pair in same_meaning(TEXTS, embed, unlike=1.0)]


def test_no_texts_give_no_pairs_and_a_wrong_embedder_is_an_error():
    assert same_meaning([], embed) == []
    with pytest.raises(ValueError, match=r"shape \(1, 2\) for 4 texts"):
        same_meaning(TEXTS, lambda texts: [[1, 2]])


def test_an_endpoint_embeds_texts_in_batches_and_in_their_order():
    requests = []

    def create(model, input):
        requests.append((model, input))
        items = [SimpleNamespace(index=i, embedding=VECTORS[t]) for i, t in enumerate(input)]
        return SimpleNamespace(data=items[::-1])

    client = SimpleNamespace(embeddings=SimpleNamespace(create=create))
    endpoint = SimpleNamespace(timeout=5, client=lambda timeout: client)
    vectors = endpoint_embedder(endpoint, "a-model", batch=3)(TEXTS)
    assert vectors.tolist() == embed(TEXTS).tolist()
    assert requests == [("a-model", TEXTS[:3]), ("a-model", TEXTS[3:])]


@pytest.mark.parametrize("download", [False, True])
def test_a_local_embedder_downloads_only_if_allowed(monkeypatch, download):
    def load(model, local_files_only):
        assert (model, local_files_only) == ("a-model", not download)
        return SimpleNamespace(encode=embed)

    module = SimpleNamespace(SentenceTransformer=load)
    monkeypatch.setitem(sys.modules, "sentence_transformers", module)
    assert local_embedder("a-model", download=download) is embed
