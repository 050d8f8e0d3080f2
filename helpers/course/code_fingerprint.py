"""Which of our modules a piece of code runs, and a fingerprint of them.

A lesson is out of date when the code that it calls has changed, so ``make run`` needs to know what
that is: every module that the lesson imports, directly or through others, and every one that it
starts as a command (``-m helpers.training.fsdp``). Comments, docstrings and layout change nothing.
"""

import ast
import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

PACKAGE = Path(__file__).parent.parent
_NAMED = re.compile(r"\bhelpers((?:\.\w+)+)")
_IMPORTED = re.compile(r"\bfrom\s+helpers((?:\.\w+)*)\s+import\s+\(?([\w, \t]+)")


def fingerprint(cells: Iterable[str]) -> str:
    """A short hash of our modules that the ``cells`` of a lesson run.

    A cell that does not parse may run any of them, so it counts as running all.
    """
    waiting, found = [path for code in cells for path in _modules_of_cell(code)], {}
    while waiting:
        path = waiting.pop()
        if path not in found:
            tree = _parse(path.read_text(encoding="utf-8"))
            found[path] = ast.dump(tree)
            waiting += _modules_of(tree)
    texts = [f"{path.relative_to(PACKAGE).as_posix()} {found[path]}" for path in sorted(found)]
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]


def _modules_of_cell(code: str) -> list[Path]:
    """Files of our package that a notebook's cell runs; all of them if it does not parse."""
    try:
        return list(_modules_of(_parse(_as_python(code))))
    except (SyntaxError, ValueError):
        return sorted(PACKAGE.rglob("*.py"))


def _as_python(code: str) -> str:
    """A cell as IPython runs it: ``!ls`` and ``%time f()`` become calls that hold their text."""
    try:
        from IPython.core.inputtransformer2 import TransformerManager
    except ImportError:  # plain Python still parses
        return code
    return TransformerManager().transform_cell(code)


def _parse(code: str) -> ast.Module:
    """The syntax tree of some code, without docstrings. Raises SyntaxError."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        first = body[0] if isinstance(body, list) and body else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
            body[0] = ast.Pass()
    return tree


def _modules_of(tree: ast.Module) -> Iterator[Path]:
    """Files of our package that a syntax tree imports, or names in a text."""
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names = list(_named_in(node.value))
        for name in names:
            if name.split(".")[0] == "helpers":
                yield from _files(name.split(".")[1:])


def _named_in(text: str) -> Iterator[str]:
    """Modules that a text names: a command's, or code in the text of a magic such as %%time."""
    for found in _NAMED.findall(text):
        yield "helpers" + found
    for module, imported in _IMPORTED.findall(text):
        for name in re.findall(r"\w+", imported):
            yield f"helpers{module}.{name}"


def _files(parts: list[str]) -> Iterator[Path]:
    """The file of a module, and the ``__init__`` of each package above it."""
    for depth in range(len(parts) + 1):
        path = PACKAGE.joinpath(*parts[:depth])
        for file in (path / "__init__.py", path.with_suffix(".py")):
            if file.is_file():
                yield file
