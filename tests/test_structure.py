"""The file tree shows the architecture: layers, packages that list their modules, the README."""

import ast
import re
import subprocess
import sys

import pytest
from conftest import ROOT

HELPERS = ROOT / "helpers"
PACKAGES = sorted(path.parent for path in HELPERS.rglob("__init__.py"))
WITHOUT_TORCH = ("io", "similarity", "profiles", "prompts", "files", "data", "teacher")


def modules(package):
    """Names of the modules and packages directly inside a package."""
    files = {path.stem for path in package.glob("*.py")} - {"__init__"}
    return files | {path.parent.name for path in package.glob("*/__init__.py")}


def test_imports_point_down_the_layers():
    lint = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"]
    done = subprocess.run(lint, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_a_package_lists_its_modules(package):
    listed = ast.get_docstring(ast.parse((package / "__init__.py").read_text(encoding="utf-8")))
    missing = [name for name in modules(package) if not re.search(rf"\b{name}\b", listed)]
    if package.name == "checks":  # lesson_1 to lesson_6
        missing = [name for name in missing if not name.startswith("lesson_")]
    assert missing == []


def test_the_lower_packages_come_without_torch():
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for top in WITHOUT_TORCH
        for path in [HELPERS / f"{top}.py", *HELPERS.glob(f"{top}/**/*.py")]
        if path.is_file()
    ]
    code = f"import sys\nfor name in {names}: __import__(name)\n"
    code += "sys.exit(sorted(set(sys.modules) & {'torch', 'transformers'}) or 0)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert len(names) > 50 and done.returncode == 0, done.stderr


def test_the_readme_shows_every_package_in_one_line():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    named = re.findall(r"^  (\w+)(?:\.py|/)  ", readme, re.M)
    assert sorted(named) == sorted(modules(HELPERS))
