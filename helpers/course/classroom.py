"""Copy the lessons for a class, without outputs: ``make class``.

Learners get ``notebooks_class/``, without solutions. The teacher gets ``notebooks_teacher/``, with
open solutions. Both folders are beside ``notebooks/``, so relative paths in the lessons still work.
"""

import sys
from pathlib import Path

import nbformat
from nbconvert.preprocessors import ClearOutputPreprocessor, TagRemovePreprocessor

from helpers.course.notebook_files import read_notebook, write_notebook
from helpers.run import LESSONS, ROOT, RunError

FOLDERS = {"learners": "notebooks_class", "teacher": "notebooks_teacher"}
SOLUTION = "solution"  # the tag of a cell with a solution


def class_copies(root: Path = ROOT) -> dict[str, Path]:
    """Write both copies into ``root``; returns their folders. Earlier copies are overwritten."""
    folders = {reader: Path(root) / name for reader, name in FOLDERS.items()}
    for name in LESSONS:
        source = Path(root) / "notebooks" / f"{name}.ipynb"
        for reader, folder in folders.items():
            write_notebook(_copy_for(reader, read_notebook(source)), folder / source.name)
    return folders


def _copy_for(reader: str, notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """A lesson as the learners or the teacher get it; ``reader`` is a key of FOLDERS."""
    notebook.metadata.pop("alpaca", None)
    notebook, resources = ClearOutputPreprocessor().preprocess(notebook, {})
    if reader == "learners":
        remover = TagRemovePreprocessor(remove_cell_tags={SOLUTION})
        return remover.preprocess(notebook, resources)[0]
    for cell in notebook.cells:
        if SOLUTION in cell.metadata.get("tags", ()):
            cell.source = cell.source.replace("<details>", "<details open>", 1)
    return notebook


def main() -> None:
    """Write the copies of this project's lessons."""
    try:
        folders = class_copies()
    except RunError as error:
        sys.exit(f"error: {error}")
    for reader, folder in folders.items():
        print(f"for the {reader}: {folder.relative_to(ROOT)}/")


if __name__ == "__main__":
    main()
