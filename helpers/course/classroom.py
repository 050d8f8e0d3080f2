"""Copies of the lessons for a class: one to hand out, one for the teacher (``make class``).

A file of its own beside :mod:`helpers.course.lessons`, which runs notebooks: this one only rewrites
them. The learners' copy has no outputs and no solutions; the teacher's has no outputs, and the
solutions unfolded. Both lie beside ``notebooks/``, so that every path in them stays right.
"""

from pathlib import Path

import nbformat

from helpers.run import LESSONS, ROOT

FOLDERS = {"learners": "notebooks_class", "teacher": "notebooks_teacher"}
SOLUTION = "<summary>Solution</summary>"


def class_copies(root=ROOT):
    """Write both copies below ``root``; returns their folders. What was there is overwritten."""
    folders = {who: Path(root) / name for who, name in FOLDERS.items()}
    for name in LESSONS:
        source = Path(root) / "notebooks" / f"{name}.ipynb"
        for who, folder in folders.items():
            folder.mkdir(exist_ok=True)
            notebook = _for(who, nbformat.read(source, as_version=4))
            nbformat.write(notebook, folder / source.name)
    return folders


def _for(who, notebook):
    """One notebook as the learners or the teacher get it."""
    notebook.metadata.pop("alpaca", None)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    if who == "learners":
        notebook.cells = [cell for cell in notebook.cells if SOLUTION not in cell.source]
    else:
        for cell in notebook.cells:
            if SOLUTION in cell.source:
                cell.source = cell.source.replace("<details>", "<details open>", 1)
    return notebook


if __name__ == "__main__":
    for who, folder in class_copies().items():
        print(f"for the {who}: {folder.relative_to(ROOT)}/")
