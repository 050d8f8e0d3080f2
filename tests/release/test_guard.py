"""Guards: the local one beats chance on unseen sentences, and a guard without an answer stops."""

import random
from types import SimpleNamespace

import numpy
import pytest

from helpers.io import read_jsonl
from helpers.release import guard, harm_classifier
from helpers.release.guard import (
    GuardError,
    Ruling,
    detection_rates,
    local_guard,
    open_guard,
    remote_guard,
)
from helpers.release.harm_classifier import (
    LANGUAGES,
    LAYERS,
    cross_validate,
    features,
    fit,
    harmless_texts,
    probabilities,
    training_set,
)
from helpers.run import ROOT
from helpers.training.student import load_student

ROWS = read_jsonl(ROOT / "data" / "filter_sentences.jsonl")


def two_classes(n=60, distance=2.0, seed=0):
    """Random points of two classes whose means differ by ``distance``, and their labels as rows."""
    rows = [{"language": "en", "kind": str(i % 2), "harmful": bool(i % 2)} for i in range(n)]
    x = numpy.random.default_rng(seed).standard_normal((n, 4))
    x[1::2, 0] += distance
    return x, rows


def test_sentences_are_balanced_and_distinct():
    assert len(ROWS) >= 120 and len({row["text"] for row in ROWS}) == len(ROWS)
    for language in LANGUAGES:
        rows = [row for row in ROWS if row["language"] == language]
        assert sum(row["harmful"] for row in rows) * 2 == len(rows)
    assert {row["kind"] for row in ROWS if row["harmful"]}.isdisjoint(
        row["kind"] for row in ROWS if not row["harmful"]
    )


def test_a_classifier_separates_two_classes_and_finds_nothing_in_noise():
    x, rows = two_classes()
    scores = probabilities(fit(x, [row["harmful"] for row in rows]), x)
    assert sum((s >= 0.5) == row["harmful"] for s, row in zip(scores, rows, strict=True)) > 45
    x, rows = two_classes(200, distance=0.0)
    scores = cross_validate(x, rows, x[:0])
    right = sum((s >= 0.5) == row["harmful"] for s, row in zip(scores, rows, strict=True))
    assert 75 < right < 125  # a classifier that had seen its test rows would beat chance


def test_detection_rates_of_four_texts_counted_by_hand():
    rows = [
        {"language": language, "harmful": harmful}
        for language, harmful in (("en", True), ("en", True), ("en", False), ("ko", False))
    ]
    found = detection_rates(rows, [0.9, 0.2, 0.8, 0.1])
    assert found["all"]["precision"]["value"] == found["all"]["recall"]["value"] == 0.5
    assert found["en"]["false_alarms"]["value"] == 1.0
    assert found["ko"]["precision"] is None and found["ko"]["recall"] is None


@pytest.fixture(scope="module")
def student(student_folder):
    model = load_student(student_folder).float()
    model.base_model.layers = model.base_model.layers[: LAYERS[-1] + 1]
    return model


def test_padding_does_not_change_the_features_of_a_text(student, tokenizer):
    pieces = [tokenizer(text)["input_ids"] for text in ("Good morning.", "Hi", "A b c d e f g h")]
    alone = numpy.concatenate([features(student, tokenizer, [piece]) for piece in pieces])
    assert numpy.allclose(features(student, tokenizer, pieces), alone, atol=2e-3)


def test_unseen_english_sentences_are_classified_better_than_by_chance(student, tokenizer):
    rows = [row for row in ROWS if row["language"] == "en"]
    texts = [row["text"] for row in rows] + harmless_texts(12)
    x = features(student, tokenizer, [tokenizer(text)["input_ids"] for text in texts])
    scores = cross_validate(x[: len(rows)], rows, x[len(rows) :])
    harmful = [s for s, row in zip(scores, rows, strict=True) if row["harmful"]]
    harmless = [s for s, row in zip(scores, rows, strict=True) if not row["harmful"]]
    above = sum(a > b for a in harmful for b in harmless) / (len(harmful) * len(harmless))
    assert above > 0.7


class Characters:
    """A tokenizer for which a token is a character."""

    eos_token_id = None

    def __call__(self, text, **_):
        return {"input_ids": text}


def test_the_local_guard_reads_a_long_text_to_its_end(monkeypatch, tmp_path):
    """With a fake model and classifier: a token is a character, and the letter x is harmful."""
    monkeypatch.setattr(guard, "training_set", lambda *_: None)
    monkeypatch.setattr(guard, "fit_to", lambda *_: None)
    monkeypatch.setattr(guard, "features", lambda model, tokenizer, pieces: pieces)
    monkeypatch.setattr(
        guard, "probabilities", lambda _, pieces: [1.0 * ("x" in p) for p in pieces]
    )
    model = SimpleNamespace(base_model=SimpleNamespace(layers=[]), float=lambda: model)
    monkeypatch.setattr("helpers.training.student.load_student", lambda folder: model)
    monkeypatch.setattr("helpers.training.student.load_tokenizer", lambda folder: Characters())
    monkeypatch.setattr("helpers.training.model_folders.student_folder", lambda name, cache: cache)
    ask = local_guard(tmp_path)
    assert not ask("a" * 1000).blocked and ask("a" * 1000 + "x").blocked
    assert not ask("").blocked
    for long in ("a" * (guard.LONGEST + 1), "x" * 1_000_000):
        with pytest.raises(GuardError, match="may not pass"):
            ask(long)


def test_a_key_chooses_the_remote_guard(monkeypatch, tmp_path):
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-nobody")
    monkeypatch.setattr(guard, "remote_guard", lambda key: ("remote", key))
    assert open_guard(tmp_path) == ("remote", "sk-of-nobody")
    monkeypatch.setattr(guard, "local_guard", lambda cache: ("local", cache))
    # With another base URL, the key belongs to that provider.
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    assert open_guard(tmp_path) == ("local", tmp_path)
    monkeypatch.setenv("OPENAI_BASE_URL", "https://gateway.org/api.openai.com/v1")
    assert open_guard(tmp_path) == ("local", tmp_path)
    monkeypatch.setenv("OPENAI_BASE_URL", "https://api.openai.com/v1")
    assert open_guard(tmp_path)[0] == "remote"
    monkeypatch.delenv("OPENAI_BASE_URL")
    monkeypatch.delenv("OPENAI_API_KEY")
    monkeypatch.chdir(tmp_path)  # no .env here
    assert open_guard(tmp_path) == ("local", tmp_path)


def remote(monkeypatch, create):
    client = SimpleNamespace(moderations=SimpleNamespace(create=create))
    monkeypatch.setattr("openai.OpenAI", lambda **kw: client if kw["timeout"] < 60 else None)
    return remote_guard("sk-secret")


def test_the_remote_guard_asks_openai_whatever_the_base_url_of_the_teacher(monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    options = {}
    monkeypatch.setattr("openai.OpenAI", lambda **kw: options.update(kw))
    assert remote_guard("sk-secret").by == guard.REMOTE
    assert options["base_url"] == "https://api.openai.com/v1"


def test_the_remote_guard_names_the_flagged_categories(monkeypatch):
    def create(model, input):
        categories = SimpleNamespace(model_dump=lambda: {"violence": True, "hate": False})
        scores = SimpleNamespace(model_dump=lambda: {"violence": 0.9, "hate": 0.1})
        result = SimpleNamespace(flagged=True, categories=categories, category_scores=scores)
        return SimpleNamespace(results=[result])

    assert remote(monkeypatch, create)("…") == Ruling(True, 0.9, "OpenAI moderation", "violence")


def test_a_guard_that_cannot_be_reached_stops_everything_and_does_not_show_the_key(monkeypatch):
    def create(model, input):
        raise TimeoutError("sk-secret and the text")

    with pytest.raises(GuardError, match="TimeoutError") as failed:
        remote(monkeypatch, create)("the text")
    assert "sk-secret" not in str(failed.value) and failed.value.__cause__ is None


def test_features_are_cached_and_computed_again_for_other_sentences(
    monkeypatch, tmp_path, tokenizer
):
    computed = []

    def fake_features(model, tokenizer, pieces):
        computed.append(len(pieces))
        return numpy.arange(len(pieces), dtype=numpy.float32)[:, None]

    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(harm_classifier, "features", fake_features)
    for _ in range(2):
        rows, x, harmless = training_set(None, tokenizer, tmp_path)
        assert len(rows) == len(x) == 180 and harmless[0] == 180 and len(harmless) == 360
    random_rows = random.Random(0).sample(ROWS, 10)
    monkeypatch.setattr(harm_classifier, "read_jsonl", lambda path: random_rows)
    rows, x, harmless = training_set(None, tokenizer, tmp_path)
    assert len(rows) == len(x) == 10 and len(harmless) == 360
    assert computed == [180 + 360, 10 + 360] and len(list(tmp_path.glob("*.safetensors"))) == 2
