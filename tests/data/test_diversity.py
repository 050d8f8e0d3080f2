"""Root verbs and their objects, by word lists and by spaCy's grammar."""

from collections import Counter

import pytest

from helpers.data import diversity
from helpers.data.diversity import count_verbs_and_objects, sunburst_rings, verb_and_object


@pytest.fixture
def without_spacy(monkeypatch):
    monkeypatch.setattr(diversity, "_spacy", lambda: None)


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("Write a short poem about rain.", ("write", "poem")),
        ("Please name three rivers in Peru.", ("name", "rivers")),
        ("Given a list of words, sort them by length.", ("list", "words")),
        ("Summarize.", ("summarize", None)),
        ("Why is the sky blue?", (None, None)),
        ("", (None, None)),
    ],
)
def test_word_lists_find_verb_and_object(without_spacy, text, pair):
    assert verb_and_object(text) == pair


def test_pairs_are_counted_and_the_method_is_named(without_spacy):
    counts, method = count_verbs_and_objects(["Write a poem.", "Write a poem now.", "Why?"])
    assert counts == Counter({("write", "poem"): 2}) and method == "word list"


def test_rings_hold_the_most_frequent_verbs_and_objects():
    counts = Counter({("write", "poem"): 5, ("write", "song"): 2, ("write", None): 1,
                      ("name", "river"): 4, ("sort", "list"): 1})  # fmt: skip
    assert sunburst_rings(counts, verbs=2, objects=1) == [
        ("write", 8, [("poem", 5)]),
        ("name", 4, [("river", 4)]),
    ]


def test_spacy_finds_the_root_verb():
    pytest.importorskip("spacy", reason="spaCy is optional and not installed")
    if diversity._spacy() is None:
        pytest.skip("spaCy is installed, but its model en_core_web_sm is not")
    assert verb_and_object("Given a list of words, sort them by length.")[0] == "sort"
