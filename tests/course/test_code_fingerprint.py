"""A lesson is out of date if the code that it calls has changed, but not for a comment."""

import shutil
import sys

import pytest

from helpers.course import code_fingerprint
from helpers.course.code_fingerprint import fingerprint


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A copy of the package that a test may edit."""
    copy = tmp_path / "helpers"
    shutil.copytree(code_fingerprint.PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(code_fingerprint, "PACKAGE", copy)
    return copy


def edit(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


LESSON = "from helpers.teacher.generate import generate\nbill = await generate(1)\n"


@pytest.mark.parametrize(
    ("code", "module", "changes"),
    [
        (LESSON, "teacher/generate.py", True),
        (LESSON, "similarity/index.py", True),  # imported by another module
        (LESSON, "__init__.py", True),
        (LESSON, "evaluation/ratings.py", False),
        ("import helpers.evaluation.ratings\n", "evaluation/ratings.py", True),
        ("from helpers.evaluation import ratings\n", "evaluation/ratings.py", True),
        ("from helpers.release import probes\n", "release/probes.py", True),
        ("run('torchrun', '-m', 'helpers.training.fsdp')\n", "training/fsdp.py", True),
        ("%pip install x\n!python -m helpers.training.fsdp\nimport helpers.io\n", "io.py", True),
        ("import json\n", "io.py", False),
        ("if True:\n    !pip install x\nfrom helpers.io import read_jsonl\n", "io.py", True),
        ("x = !ls\nfrom helpers import io\n", "io.py", True),
        ("r = %time 3\nimport helpers.io as i\n", "io.py", True),
        ("%time from helpers import profiles, io\n", "io.py", True),
        ("%%time\nfrom helpers import io\n", "io.py", True),
        ("%%bash\npython -m helpers.training.fsdp\n", "training/fsdp.py", True),
        ("read_jsonl?\nfrom helpers.io import read_jsonl\n", "io.py", True),
        ("?read_jsonl\nfrom helpers.io import read_jsonl\n", "evaluation/ratings.py", False),
        ("y = 2\nx = (7\n% y)\nfrom helpers.io import read_jsonl\n", "io.py", True),
        ("x = '''\n% y\n! z\n'''\nfrom helpers.io import read_jsonl;\n", "io.py", True),
        ("x = 1\nthis is (no Python", "evaluation/ratings.py", True),
        ("%%writefile x.txt\nthis is (no Python", "io.py", False),
    ],
)
def test_only_changes_in_what_a_lesson_calls_count(code, module, changes, package):
    before = fingerprint([code])
    with open(package / module, "a", encoding="utf-8") as file:
        file.write("\n\nA_NEW_NAME = 1\n")
    assert (fingerprint([code]) != before) == changes


def test_without_ipython_a_cell_with_a_command_counts_as_running_everything(package, monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython.core.inputtransformer2", None)
    everything = fingerprint(["!ls\nimport helpers.io"])
    assert everything == fingerprint(["this is (no Python"]) != fingerprint(["import helpers.io"])


def test_comments_docstrings_and_layout_do_not_count(package):
    before = fingerprint([LESSON])
    edit(package / "io.py", "import json\n", "# A comment.\n\nimport json\n")
    edit(package / "teacher/generate.py", '"""Self-instruct:', '"""Another docstring:')
    assert fingerprint([LESSON]) == before
    edit(package / "similarity/index.py", "BLOCK = 256", "BLOCK = 128")
    assert fingerprint([LESSON]) != before
