"""Keys are found in each of their places, and no error message shows one."""

import subprocess
import sys
from types import ModuleType, SimpleNamespace

import pytest
from conftest import ROOT

from helpers.teacher.keys import find_key

NAME = "A_KEY_FOR_TESTS"


@pytest.fixture(autouse=True)
def no_key(monkeypatch):
    monkeypatch.delenv(NAME, raising=False)


def in_colab(monkeypatch, get):
    for name in ("google", "google.colab"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    sys.modules["google.colab"].userdata = SimpleNamespace(get=get)


def test_the_environment_is_searched_before_the_file(monkeypatch, tmp_path):
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
        (f"  export\t{NAME}=abc  ", "abc"),
        (f"set {NAME}=abc", "abc"),
        (f'$env:{NAME} = "abc"', "abc"),
        (f"\ufeff{NAME}='abc'", "abc"),
        (f"{NAME}=“abc”", "abc"),
        (f"{NAME}=\u200babc\u200b", "abc"),
        (f'$Env:{NAME}="abc"', "abc"),
        (f'${{env:{NAME}}} = "abc"', "abc"),
        (f"SET {NAME}=abc", "abc"),
        (f'set "{NAME}=abc"', "abc"),
        (f'SET "{NAME}=abc" & echo on', "abc"),
        (f"declare -x {NAME}=abc", "abc"),
        (f'typeset -gx {NAME}="abc"', "abc"),
        (f"ENV {NAME}=abc", "abc"),
        (f"export A=1 {NAME}=abc", "abc"),
        (f"export {NAME}=abc;", "abc"),
        (f"export {NAME}=abc ; # mine", "abc"),
        (f'{NAME}="abc",', "abc"),
        (f"{NAME}=abc,", "abc"),
        (f"""{NAME}='"abc"'""", "abc"),
        (f"""{NAME}="'abc'" # mine""", "abc"),
        (f"{NAME}: abc", "abc"),
        (f'"{NAME}": "abc",', "abc"),
        (f"- {NAME}=abc", "abc"),
        (f"OTHER=1\n\ufeff{NAME}=abc", "abc"),
        (f"OTHER=1\n \ufeffexport {NAME}=abc", "abc"),
        (f"# {NAME}=abc", None),
        (f"setting {NAME}=abc", None),
        (f"echo {NAME}=abc", None),
        (f"#{NAME}=abc", None),
        (f"{NAME}=", None),
        (f'{NAME}=""', None),
        (f"{NAME}= # put your key here", None),
        (f"{NAME}=# mine", None),
        (f"{NAME}=abc # mine", "abc"),
        (f"{NAME}=abc\t# mine", "abc"),
        (f'{NAME}="abc" # mine', "abc"),
        (f"{NAME}='abc'# mine", "abc"),
        (f'{NAME}="a#b#c"  # d', "a#b#c"),
        (f"{NAME}=a#b", "a#b"),
        (f'{NAME}="abc', "abc"),
        (f"OTHER=1\n{NAME}=a=b", "a=b"),
        (f"OTHER=1\r\n{NAME}=abc\r\nMORE=2\r\n", "abc"),
        (f"{NAME}=old\n{NAME}=abc", "abc"),
        (f"{NAME}=abc\n{NAME}=", "abc"),
        (f"NOT_{NAME}=abc", None),
        (f"{NAME}_2=abc", None),
        (f"# Schlüssel, 키\n{NAME}=abc  # 내 키", "abc"),
        ("", None),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_lines_in_the_style_of_any_shell_or_editor_are_read(tmp_path, encoding, line, key):
    (tmp_path / ".env").write_bytes(line.encode(encoding))
    found, why = find_key(NAME, tmp_path)
    assert found == key and (why is None) == (key is not None)


@pytest.mark.parametrize("first", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("then", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_a_line_in_another_encoding_than_the_rest_of_the_file_is_read(tmp_path, first, then):
    for old, key in (("# 내 키\nOTHER=1\n", "abc"), (f"{NAME}=old\n", "abc")):
        data = old.encode(first) + f"{NAME}={key}\n".encode(then) + b"\n"  # one byte
        (tmp_path / ".env").write_bytes(data)
        assert find_key(NAME, tmp_path) == (key, None)


@pytest.mark.parametrize(
    "value", ["abc # mine", "'abc' # mine", "abc;", "\ufeffabc\r", "'\"abc\"'"]
)
def test_a_value_in_the_environment_is_cleaned_like_one_in_the_file(monkeypatch, tmp_path, value):
    monkeypatch.setenv(NAME, value)
    assert find_key(NAME, tmp_path) == ("abc", None)


def test_a_key_is_found_in_a_file_whose_comment_has_another_encoding(tmp_path):
    (tmp_path / ".env").write_bytes(f"# Schlüssel für später\n{NAME}=abc\n".encode("latin-1"))
    assert find_key(NAME, tmp_path) == ("abc", None)


def test_a_folder_with_the_name_of_the_file_is_ignored(tmp_path):
    (tmp_path / ".env").mkdir()
    assert find_key(NAME, tmp_path)[0] is None


def test_quotes_that_docker_keeps_in_the_environment_are_removed(monkeypatch, tmp_path):
    monkeypatch.setenv(NAME, '"abc"')
    assert find_key(NAME, tmp_path) == ("abc", None)


def test_keys_are_found_without_a_home_folder(tmp_path):
    code = (
        "import os, sys; os.environ.pop('HOME', None); os.environ.pop('USERPROFILE', None)\n"
        "import pwd; pwd.getpwuid = lambda uid: (_ for _ in ()).throw(KeyError(uid))\n"
        "from helpers.teacher.keys import find_key\n"
        f"print(find_key({NAME!r}, sys.argv[1])[0])"
    )
    (tmp_path / ".env").write_text(f"{NAME}=abc")
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("abc\n", "")


def test_without_a_key_the_reason_names_the_places_searched(tmp_path):
    key, why = find_key(NAME, tmp_path)
    assert key is None and NAME in why and ".env" in why


def test_a_secret_of_colab_is_used(monkeypatch, tmp_path):
    in_colab(monkeypatch, lambda name: f"secret-of-{name}")
    assert find_key(NAME, tmp_path) == (f"secret-of-{NAME}", None)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("SecretNotFoundError", "has no secret"),
        ("NotebookAccessError", "switch its access on"),
        ("TimeoutException", "did not answer"),
        ("ValueError", "cannot have the name"),
        ("SomethingNew", "could not be read"),
    ],
)
def test_for_each_exception_of_colab_the_reason_says_what_to_do(monkeypatch, tmp_path, kind, words):
    def refuse(name):
        raise type(kind, (Exception,), {})("secret text")

    in_colab(monkeypatch, refuse)
    key, why = find_key(NAME, tmp_path)
    assert key is None and words in why and "secret text" not in why


def test_an_empty_secret_counts_as_no_key(monkeypatch, tmp_path):
    in_colab(monkeypatch, lambda name: "")
    key, why = find_key(NAME, tmp_path)
    assert key is None and "is empty" in why


@pytest.mark.parametrize(
    ("key", "named"),
    [
        ("sk-first\nsk-second", "a line break as character 9 of 18"),
        ("sk-first\r\nX-Evil: 1", "a line break as character 9"),
        ("sk-a b", "space as character 5 of 6"),
        ("sk-1234…", "horizontal ellipsis as character 8"),
        ("sk-аbc", "cyrillic small letter a as character 4"),
        ("sk-\x00abc", "a control character as character 4"),
        ("sk-abc\u200bdef", "zero width space as character 7"),
    ],
)
def test_an_impossible_key_is_refused_and_not_shown(monkeypatch, tmp_path, key, named):
    monkeypatch.setattr("os.environ", {NAME: key})
    found, why = find_key(NAME, tmp_path)
    assert found is None and f"{NAME} holds {named}" in why
    assert not any(part in why for part in key.split() if len(part) > 3)
