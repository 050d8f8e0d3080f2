"""Find the project's modules that a lesson runs, and make a fingerprint of their code.

A lesson is out of date if the code that it calls has changed. That code is every module that the
lesson imports, directly or through others, and every module that it starts as a command (``-m
helpers.training.fsdp``). Comments, docstrings and layout do not count.
"""

import ast
import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

PACKAGE = Path(__file__).parent.parent
_MODULE_NAME = re.compile(r"\bhelpers((?:\.\w+)+)")
_FROM_IMPORT = re.compile(r"\bfrom\s+helpers((?:\.\w+)*)\s+import\s+\(?([\w, \t]+)")


def fingerprint(cells: Iterable[str]) -> str:
    """A short hash of the project's modules that the code cells of a lesson run.

    A cell that cannot be parsed counts as running all modules.
    """
    waiting = [path for code in cells for path in _modules_of_cell(code)]
    found: dict[Path, str] = {}
    while waiting:
        path = waiting.pop()
        if path not in found:
            tree = _parse(path.read_text(encoding="utf-8"))
            found[path] = ast.dump(tree)
            waiting += _modules_of(tree)
    texts = [f"{path.relative_to(PACKAGE).as_posix()} {found[path]}" for path in sorted(found)]
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]


def _modules_of_cell(code: str) -> list[Path]:
    """The project's files that a cell runs; all of them if the cell cannot be parsed."""
    try:
        return list(_modules_of(_parse(_as_python(code))))
    except (SyntaxError, ValueError):
        return sorted(PACKAGE.rglob("*.py"))


def _as_python(code: str) -> str:
    """A cell as IPython runs it: ``!ls`` and ``%time f()`` become calls that contain their text."""
    try:
        from IPython.core.inputtransformer2 import TransformerManager
    except ImportError:  # cells of plain Python can still be parsed
        return code
    return TransformerManager().transform_cell(code)


def _parse(code: str) -> ast.Module:
    """The syntax tree of some code, without docstrings. Raises SyntaxError."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if not isinstance(body, list) or not body:
            continue
        if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
            body[0] = ast.Pass()
    return tree


def _modules_of(tree: ast.Module) -> Iterator[Path]:
    """The project's files that a syntax tree imports or names in a text."""
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names = list(_modules_in_text(node.value))
        for name in names:
            if name.split(".")[0] == "helpers":
                yield from _files(name.split(".")[1:])


def _modules_in_text(text: str) -> Iterator[str]:
    """Modules that a text names: in a command, or in the code after a magic such as %%time."""
    for found in _MODULE_NAME.findall(text):
        yield "helpers" + found
    for module, imported in _FROM_IMPORT.findall(text):
        for name in re.findall(r"\w+", imported):
            yield f"helpers{module}.{name}"


def _files(parts: list[str]) -> Iterator[Path]:
    """The file of a module; of each package that contains it, ``__init__`` and ``__main__``."""
    for depth in range(len(parts) + 1):
        path = PACKAGE.joinpath(*parts[:depth])
        for file in (path / "__init__.py", path / "__main__.py", path.with_suffix(".py")):
            if file.is_file():
                yield file
