"""Execute a notebook in a kernel of its own, as the lessons are run without a browser."""

import sys
from collections.abc import Callable
from pathlib import Path

import nbformat

from helpers.course.notebook_files import code_cells
from helpers.display.widgets.interactive import without_views
from helpers.files.printable import printable
from helpers.run import RunError

TIMEOUT = 3600  # seconds for one cell


def execute(notebook: nbformat.NotebookNode, name: str, target: Path) -> int:
    """Run all cells of a notebook in place; returns the number of its code cells.

    ``name`` is the lesson's. ``target`` is the file where the caller will save the notebook, for
    the error message. In a terminal, a line shows which cell is done.

    Raises:
        RunError: if a cell fails that is not meant to. The notebook holds its traceback.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    notebook.metadata.pop("alpaca", None)
    cells = code_cells(notebook)
    for cell in cells:
        cell.outputs, cell.execution_count = [], None
    try:
        NotebookClient(
            notebook,
            timeout=TIMEOUT,
            kernel_name="python3",
            extra_arguments=["--IPKernelApp.log_level=40"],
            resources={"metadata": {"path": str(Path.cwd() / "notebooks")}},
            on_cell_executed=_progress_line(name, notebook),
        ).execute()
    except CellExecutionError as error:
        raise RunError(
            f"lesson {name} stopped with {error.ename}: {printable(error.evalue)}\n"
            f"The whole traceback is in {target}. Fix the cause, then run the same command again: "
            "it resumes at this lesson."
        ) from None
    finally:
        without_views(notebook)
    return len(cells)


def _progress_line(name: str, notebook: nbformat.NotebookNode) -> Callable[..., None]:
    """A function for nbclient that shows in a terminal how many code cells are done."""
    code = [index for index, cell in enumerate(notebook.cells) if cell.cell_type == "code"]

    def show(*, cell_index: int, **_: object) -> None:
        if sys.stdout.isatty():
            done = code.index(cell_index) + 1
            print(f"\r{name:<16} cell {done} of {len(code)}", end="", flush=True)

    return show
