"""Keys are found where they belong, with every way Colab can refuse one, and never shown."""

import sys
from types import ModuleType, SimpleNamespace

import pytest

from helpers.keys import find_key

NAME = "A_KEY_FOR_TESTS"


@pytest.fixture(autouse=True)
def no_key(monkeypatch):
    monkeypatch.delenv(NAME, raising=False)


def in_colab(monkeypatch, get):
    for name in ("google", "google.colab"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    sys.modules["google.colab"].userdata = SimpleNamespace(get=get)


def test_the_environment_comes_first(monkeypatch, tmp_path):
    (tmp_path / ".env").write_text(f"{NAME}=from-file\n")
    assert find_key(NAME, tmp_path) == ("from-file", None)
    monkeypatch.setenv(NAME, " from-environment\n")
    assert find_key(NAME, tmp_path) == ("from-environment", None)
    monkeypatch.setenv(NAME, "")
    assert find_key(NAME, tmp_path) == ("from-file", None)


@pytest.mark.parametrize(
    ("line", "key"),
    [
        (f"{NAME}=abc", "abc"),
        (f'export {NAME} = "abc"', "abc"),
        (f"\ufeff{NAME}='abc'", "abc"),
        (f"# {NAME}=abc", None),
        (f"{NAME}=", None),
        (f"OTHER=1\n{NAME}=a=b", "a=b"),
        (f"NOT_{NAME}=abc", None),
    ],
)
def test_a_line_of_a_file_is_read_as_shells_write_it(tmp_path, line, key):
    (tmp_path / ".env").write_text(line, encoding="utf-8")
    found, why = find_key(NAME, tmp_path)
    assert found == key and (why is None) == (key is not None)


def test_nothing_anywhere_names_the_places(tmp_path):
    key, why = find_key(NAME, tmp_path)
    assert key is None and NAME in why and ".env" in why


def test_colabs_secret_is_taken(monkeypatch, tmp_path):
    in_colab(monkeypatch, lambda name: f"secret of {name}")
    assert find_key(NAME, tmp_path) == (f"secret of {NAME}", None)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("SecretNotFoundError", "has no secret"),
        ("NotebookAccessError", "switch its access on"),
        ("TimeoutException", "did not answer"),
        ("ValueError", "no name that"),
        ("SomethingNew", "could not be read"),
    ],
)
def test_every_refusal_of_colab_says_what_to_do(monkeypatch, tmp_path, kind, words):
    def refuse(name):
        raise type(kind, (Exception,), {})("secret text")

    in_colab(monkeypatch, refuse)
    key, why = find_key(NAME, tmp_path)
    assert key is None and words in why and "secret text" not in why


def test_an_empty_secret_is_none(monkeypatch, tmp_path):
    in_colab(monkeypatch, lambda name: "")
    key, why = find_key(NAME, tmp_path)
    assert key is None and "is empty" in why
