"""Read and write notebooks, find their code cells, and hash their code."""

import hashlib
from pathlib import Path

import nbformat

from helpers.files.writing import write_text
from helpers.run import RunError

# What nbformat raises for a file that is not a notebook.
_NOT_A_NOTEBOOK = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    RecursionError,
    nbformat.ValidationError,
)


def read_notebook(path: Path) -> nbformat.NotebookNode:
    """Read a notebook.

    Raises RunError, naming the file, if it is missing or incomplete.
    """
    try:
        return nbformat.read(path, as_version=4)
    except FileNotFoundError:
        raise RunError(f"{path} is missing. Restore it: git checkout {path}") from None
    except _NOT_A_NOTEBOOK:
        raise RunError(
            f"{path} is not a complete notebook. A full disk or a killed program may have cut it "
            f"off. Restore it: git checkout {path}"
        ) from None


def read_executed(path: Path) -> nbformat.NotebookNode | None:
    """Read a notebook that an earlier run executed; None if it is missing or incomplete."""
    try:
        return read_notebook(path)
    except RunError:
        return None


def write_notebook(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Write a notebook atomically; missing folders are made."""
    write_text(path, nbformat.writes(notebook) + "\n")


def code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """The code cells of a notebook, in their order."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def code_hash(notebook: nbformat.NotebookNode) -> str:
    """Hash of the code cells. Outputs that were made with another hash are out of date."""
    code = "\0".join(cell.source for cell in code_cells(notebook))
    return hashlib.sha256(code.encode()).hexdigest()
