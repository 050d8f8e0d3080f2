"""The guard: what it was not shown it still tells better than a coin, and no answer is a no."""

import random
from types import SimpleNamespace

import numpy
import pytest

from helpers.io import read_jsonl
from helpers.release import guard as room
from helpers.release.guard import (
    GuardError,
    Ruling,
    cross_validate,
    detection_rates,
    features,
    fit,
    harmless_texts,
    local_guard,
    open_guard,
    probabilities,
    remote_guard,
)
from helpers.run import ROOT
from helpers.training.student import load_student

ROWS = read_jsonl(ROOT / "data" / "filter_sentences.jsonl")


def clouds(n=60, apart=2.0, seed=0):
    """Two clouds of points, and rows that say which is which."""
    rows = [{"language": "en", "kind": str(i % 2), "harmful": bool(i % 2)} for i in range(n)]
    x = numpy.random.default_rng(seed).standard_normal((n, 4))
    x[1::2, 0] += apart
    return x, rows


def test_sentences_are_balanced_whole_and_no_two_alike():
    assert len(ROWS) >= 120 and len({row["text"] for row in ROWS}) == len(ROWS)
    for language in room.LANGUAGES:
        mine = [row for row in ROWS if row["language"] == language]
        assert sum(row["harmful"] for row in mine) * 2 == len(mine)
    assert {row["kind"] for row in ROWS if row["harmful"]}.isdisjoint(
        row["kind"] for row in ROWS if not row["harmful"]
    )


def test_a_fit_tells_apart_what_is_apart_and_nothing_else():
    x, rows = clouds()
    scores = probabilities(fit(x, [row["harmful"] for row in rows]), x)
    assert sum((s >= 0.5) == row["harmful"] for s, row in zip(scores, rows, strict=True)) > 45
    x, rows = clouds(200, apart=0.0)
    scores = cross_validate(x, rows, x[:0])
    right = sum((s >= 0.5) == row["harmful"] for s, row in zip(scores, rows, strict=True))
    assert 75 < right < 125  # a guard that had seen its test would do better than a coin


def test_worth_counts_by_hand():
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
    model.base_model.layers = model.base_model.layers[: room.LAYERS[-1] + 1]
    return model


def test_padding_does_not_move_a_text(student, tokenizer):
    pieces = [tokenizer(text)["input_ids"] for text in ("Good morning.", "Hi", "A b c d e f g h")]
    alone = numpy.concatenate([features(student, tokenizer, [piece]) for piece in pieces])
    assert numpy.allclose(features(student, tokenizer, pieces), alone, atol=2e-3)


def test_english_sentences_it_has_not_seen_are_told_better_than_by_a_coin(student, tokenizer):
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
    """Stand-ins for model and weights: a token is a character, and an x is harm."""
    monkeypatch.setattr(room, "_known", lambda *_: ([], numpy.empty((0, 1)), numpy.empty((0, 1))))
    monkeypatch.setattr(room, "fit", lambda *_: None)
    monkeypatch.setattr(room, "features", lambda model, tokenizer, pieces: pieces)
    monkeypatch.setattr(room, "probabilities", lambda _, pieces: [1.0 * ("x" in p) for p in pieces])
    stand_in = SimpleNamespace(base_model=SimpleNamespace(layers=[]), float=lambda: stand_in)
    monkeypatch.setattr("helpers.training.student.load_student", lambda folder: stand_in)
    monkeypatch.setattr("helpers.training.student.load_tokenizer", lambda folder: Characters())
    monkeypatch.setattr("helpers.training.model_folders.student_folder", lambda name, cache: cache)
    ask = local_guard(tmp_path)
    assert not ask("a" * 1000).blocked and ask("a" * 1000 + "x").blocked
    assert not ask("").blocked
    for long in ("a" * (room.LONGEST + 1), "x" * 1_000_000):
        with pytest.raises(GuardError, match="may not pass"):
            ask(long)


def test_a_key_chooses_the_remote_guard(monkeypatch, tmp_path):
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-nobody")
    monkeypatch.setattr(room, "remote_guard", lambda key: ("remote", key))
    assert open_guard(tmp_path) == ("remote", "sk-of-nobody")
    monkeypatch.setattr(room, "local_guard", lambda cache: ("local", cache))
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")  # the key is of that place
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
    monkeypatch.setattr("openai.OpenAI", lambda **told: client if told["timeout"] < 60 else None)
    return remote_guard("sk-secret")


def test_the_remote_guard_asks_openai_wherever_teachers_are(monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    told = {}
    monkeypatch.setattr("openai.OpenAI", lambda **given: told.update(given))
    assert remote_guard("sk-secret").by == room.REMOTE
    assert told["base_url"] == "https://api.openai.com/v1"


def test_the_remote_guard_says_what_was_flagged(monkeypatch):
    def create(model, input):
        categories = SimpleNamespace(model_dump=lambda: {"violence": True, "hate": False})
        scores = SimpleNamespace(model_dump=lambda: {"violence": 0.9, "hate": 0.1})
        result = SimpleNamespace(flagged=True, categories=categories, category_scores=scores)
        return SimpleNamespace(results=[result])

    assert remote(monkeypatch, create)("…") == Ruling(True, 0.9, "OpenAI moderation", "violence")


def test_a_guard_that_cannot_be_reached_lets_nothing_through_and_keeps_the_key(monkeypatch):
    def create(model, input):
        raise TimeoutError("sk-secret and the text")

    with pytest.raises(GuardError, match="TimeoutError") as failed:
        remote(monkeypatch, create)("the text")
    assert "sk-secret" not in str(failed.value) and failed.value.__cause__ is None


def test_what_was_read_is_kept_and_read_again_for_other_sentences(monkeypatch, tmp_path, tokenizer):
    read = []

    def features_of(model, tokenizer, pieces):
        read.append(len(pieces))
        return numpy.arange(len(pieces), dtype=numpy.float32)[:, None]

    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(room, "features", features_of)
    for _ in range(2):
        rows, x, plain = room._known(None, tokenizer, tmp_path)
        assert len(rows) == len(x) == 180 and plain[0] == 180 and len(plain) == 360
    random_rows = random.Random(0).sample(ROWS, 10)
    monkeypatch.setattr(room, "read_jsonl", lambda path: random_rows)
    rows, x, plain = room._known(None, tokenizer, tmp_path)
    assert len(rows) == len(x) == 10 and len(plain) == 360
    assert read == [180 + 360, 10 + 360] and len(list(tmp_path.glob("*.safetensors"))) == 2
