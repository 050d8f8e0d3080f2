"""Copies of the lessons for a class, without outputs: ``make class``.

Learners get ``notebooks_class/``, without solutions. The teacher gets ``notebooks_teacher/``, with
solutions unfolded. Both folders stand beside ``notebooks/``, so relative paths keep working.
"""

from pathlib import Path

import nbformat
from nbconvert.preprocessors import ClearOutputPreprocessor, TagRemovePreprocessor

from helpers.run import LESSONS, ROOT

FOLDERS = {"learners": "notebooks_class", "teacher": "notebooks_teacher"}
SOLUTION = "solution"  # the tag of a cell that holds one


def class_copies(root: Path = ROOT) -> dict[str, Path]:
    """Write both copies below ``root``; return their folders. Earlier copies are overwritten."""
    folders = {who: Path(root) / name for who, name in FOLDERS.items()}
    for name in LESSONS:
        source = Path(root) / "notebooks" / f"{name}.ipynb"
        for who, folder in folders.items():
            folder.mkdir(exist_ok=True)
            notebook = _copy_for(who, nbformat.read(source, as_version=4))
            nbformat.write(notebook, folder / source.name)
    return folders


def _copy_for(who: str, notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """A lesson as the learners or the teacher get it."""
    notebook.metadata.pop("alpaca", None)
    notebook, resources = ClearOutputPreprocessor().preprocess(notebook, {})
    if who == "learners":
        remover = TagRemovePreprocessor(remove_cell_tags={SOLUTION})
        return remover.preprocess(notebook, resources)[0]
    for cell in notebook.cells:
        if SOLUTION in cell.metadata.get("tags", ()):
            cell.source = cell.source.replace("<details>", "<details open>", 1)
    return notebook


if __name__ == "__main__":
    for who, folder in class_copies().items():
        print(f"for the {who}: {folder.relative_to(ROOT)}/")
