"""The house stands: every file is on one floor, and none imports from a floor above its own."""

import ast
import re
import subprocess
import sys

import helpers
from helpers.run import ROOT

FLOORS = ("ground", "first", "second", "third", "top")
HELPERS = ROOT / "helpers"
# A file, or a folder of files that is one room.
FILES = {path.stem: [path] for path in HELPERS.glob("*.py") if path.stem != "__init__"}
FILES |= {
    path.parent.name: sorted(path.parent.glob("*.py")) for path in HELPERS.glob("*/__init__.py")
}


def floors():
    """``{file: number of its floor}`` from the docstring of the package."""
    parts = re.split(
        r"^(ground|first|second|third|top) +floor|^A lower", helpers.__doc__, flags=re.M
    )
    found = {}
    for name, text in zip(parts[1::2], parts[2::2], strict=True):
        if name:
            # After the names, further right, it says what they are about.
            names = [re.split(r"\s{2,}", line.strip())[0] for line in text.splitlines()]
            words = re.findall(r"\w+", " ".join(names))
            found |= {word: FLOORS.index(name) for word in words if word in FILES}
    return found


def imports(paths):
    """The rooms that a room imports from, anywhere in its files."""
    nodes = [node for path in paths for node in ast.walk(ast.parse(path.read_text("utf-8")))]
    found = set()
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("helpers"):
            _, _, name = node.module.partition(".")
            found |= {name.split(".")[0]} if name else {alias.name for alias in node.names}
    return found & set(FILES)


def test_every_file_is_on_a_floor():
    assert set(floors()) == set(FILES)


def test_no_file_imports_from_a_floor_above():
    floor = floors()
    wrong = [
        f"{name} imports {other}"
        for name, paths in FILES.items()
        for other in imports(paths)
        if floor[other] > floor[name]
    ]
    assert wrong == []


def test_the_ground_floor_comes_without_torch():
    ground = sorted(name for name, floor in floors().items() if floor == 0)
    code = f"import sys\nfor name in {ground}: __import__('helpers.' + name)\n"
    code += "sys.exit(sorted(set(sys.modules) & {'torch', 'transformers'}) or 0)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_readme_names_every_file():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    named = re.findall(r"^  (\w+)(?:\.py|/) ", readme, re.M)
    assert sorted(named) == sorted(FILES)
