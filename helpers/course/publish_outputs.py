"""Publish a finished run, for maintainers: as the shipped run, and as outputs of the lessons."""

import os
import platform
from pathlib import Path

import nbformat

from helpers.course.lesson_costs import LessonCost, record_costs, with_costs
from helpers.course.notebook_files import code_cells, read_notebook, write_notebook
from helpers.run import LESSONS, ROOT, Run, ship


def record_run_costs(run: Run) -> None:
    """Record how long each lesson took and how much memory, for the heads of the lessons.

    The run should have started from an empty folder: with answers or models from an earlier run, a
    lesson takes less.
    """
    took: dict[str, LessonCost] = {
        name: {"seconds": entry["seconds"], "bytes": entry["bytes"]}
        for name, entry in run.manifest()["steps"].items()
        if "from" not in entry and {"seconds", "bytes"} <= set(entry)
    }
    record_costs(run.profile.name, f"{os.cpu_count()} CPU cores, {platform.machine()}", took)


def publish(run: Run) -> None:
    """Put the outputs of a run into the committed notebooks, and ship the run.

    The text and code of a committed lesson stay. A lesson that this run took from the shipped one
    keeps its outputs. The table of costs in each lesson's head is brought up to date.
    """
    run.need(*(name for name in LESSONS if name not in run.manifest()["steps"]))
    steps = run.manifest()["steps"]
    for name in LESSONS:
        path = Path("notebooks") / f"{name}.ipynb"
        notebook = read_notebook(path)
        if "from" not in steps[name]:
            _take_outputs(notebook, run.path(path))
        for cell in code_cells(notebook):
            for output in cell.outputs:
                if "text" in output:
                    output["text"] = with_costs(output["text"], name)
        write_notebook(notebook, path)
    ship(run)


def _take_outputs(notebook: nbformat.NotebookNode, executed: Path) -> None:
    """Copy the outputs of the file ``executed`` into the same notebook as it is committed."""
    # Tracebacks of intended errors contain paths, and a reader's files are elsewhere.
    text = executed.read_text(encoding="utf-8").replace(f"{ROOT}{os.sep}", "")
    done = nbformat.reads(text, as_version=4)
    for cell, run_cell in zip(code_cells(notebook), code_cells(done), strict=True):
        cell.outputs, cell.execution_count = run_cell.outputs, run_cell.execution_count
        cell.metadata.pop("execution", None)  # the times at which the cell ran
    notebook.metadata = done.metadata
    # Committed outputs must match their own code. They are not renewed with every helper.
    notebook.metadata.get("alpaca", {}).pop("helpers", None)
