"""Run the lessons in order, as notebooks, without a browser: ``python -m helpers.course.lessons``.

A file of its own because it drives the notebooks, which stand above every other room. Each lesson
runs in a kernel of its own; a lesson that is finished and whose inputs, outputs and code have not
changed is passed over, so an interrupted run goes on where it was.
"""

import argparse
import hashlib
import os
import platform
import sys
import threading
import time
from pathlib import Path

import nbformat

from helpers.course.code_fingerprint import fingerprint
from helpers.course.lesson_costs import record_costs, with_costs
from helpers.display.controls import without_views
from helpers.display.report import read_metrics
from helpers.evaluation.metrics import FACTS
from helpers.profiles import load_profile
from helpers.run import LESSONS, ROOT, RunError, open_run, ship
from helpers.safe_io.printable import printable
from helpers.safe_io.writing import write_text

TIMEOUT = 3600  # seconds a cell may take


def code_hash(notebook):
    """Hash of a notebook's code cells: outputs committed beside other code are stale."""
    code = "\0".join(cell.source for cell in _code_cells(notebook))
    return hashlib.sha256(code.encode()).hexdigest()


def run_lessons(profile, folder=None, names=LESSONS):
    """Run lessons under a profile, all of them or those ``names``; prints a line each.

    What a lesson needs of one that is not run is taken from the shipped run. Returns the
    :class:`helpers.run.Run`.
    """
    run = open_run(profile, folder)
    environment = {"ALPACA_PROFILE": run.profile.name, "ALPACA_RUN": str(run.folder)}
    os.environ.update(environment)
    print(f"profile {run.profile.name}, run folder {run.folder}", flush=True)
    for name in names:
        _run_lesson(name, run)
    most = max(entry.get("bytes", 0) for entry in run.manifest()["steps"].values())
    print(f"peak memory of all processes together: {most / 1e9:.1f} GB")
    return run


def _run_lesson(name, run):
    source = Path("notebooks") / f"{name}.ipynb"
    target = run.path("notebooks") / source.name
    notebook = _read(source)
    code = code_hash(notebook)
    helpers = fingerprint(cell.source for cell in _code_cells(notebook))
    mark = {"code": code, "profile": run.profile.name, "helpers": helpers}
    executed = _executed(target)
    if executed and executed.metadata.get("alpaca") == mark and run.done(name):
        print(f"{name:<16} done before, unchanged", flush=True)
        return
    started = time.monotonic()
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with _PeakMemory() as memory:
            cells = _execute(notebook, name, target)
        run.note(name, bytes=memory.peak)
        notebook.metadata["alpaca"] = mark
    finally:
        write_text(target, nbformat.writes(notebook) + "\n")
    took = _clock(time.monotonic() - started)
    print(f"{_line_start()}{name:<16} {cells} cells, {took}", flush=True)


def _read(path):
    """A notebook; RunError naming the file where it is none, such as half of one."""
    try:
        return nbformat.read(path, as_version=4)
    except FileNotFoundError:
        raise RunError(f"{path} is missing. Get it again: git checkout {path}") from None
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError,
            nbformat.ValidationError):  # fmt: skip
        raise RunError(
            f"{path} is no whole notebook: a full disk or a kill may have cut it off. Get it "
            f"again: git checkout {path}"
        ) from None


def _executed(path):
    """A notebook as it was executed; None where there is none, or half of one."""
    try:
        return _read(path)
    except RunError:
        return None


def _execute(notebook, name, target):
    """Run a notebook in place in a kernel of its own; returns the number of its code cells."""
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    notebook.metadata.pop("alpaca", None)
    code = [index for index, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    for index in code:
        notebook.cells[index].outputs, notebook.cells[index].execution_count = [], None

    def progress(cell, cell_index, **_):
        if sys.stdout.isatty():
            done = code.index(cell_index) + 1
            print(f"\r{name:<16} cell {done} of {len(code)}", end="", flush=True)

    try:
        NotebookClient(
            notebook,
            timeout=TIMEOUT,
            kernel_name="python3",
            extra_arguments=["--IPKernelApp.log_level=40"],
            resources={"metadata": {"path": str(Path.cwd() / "notebooks")}},
            on_cell_executed=progress,
        ).execute()
    except CellExecutionError as error:
        raise RunError(
            f"lesson {name} stopped with {error.ename}: {printable(error.evalue)}\n"
            f"The whole traceback is in {target}. Mend it and type the same command again: "
            "it goes on from this lesson."
        ) from None
    finally:
        without_views(notebook)
    return len(code)


def _line_start():
    return "\r" if sys.stdout.isatty() else ""


def results_table(metrics):
    """The before/after table as text: a line a fact, a column a model, intervals in brackets."""
    models = [name for name in ("before", "lora", "fsdp") if name in metrics]
    lines = [f"{'':<26}" + "".join(f"{name:>24}" for name in models)]
    for key, (label, _, better) in FACTS.items():
        cells = []
        for name in models:
            fact = metrics[name][key]
            cells.append(f"{fact['value']:.2f} [{fact['low']:.2f}, {fact['high']:.2f}]")
        arrow = {"higher": "↑", "lower": "↓"}[better]
        lines.append(f"{label + ' ' + arrow:<26}" + "".join(f"{cell:>24}" for cell in cells))
    return "\n".join(lines)


def record_run_costs(run):
    """Record what each lesson took, for the lessons' heads (``lesson_costs``).

    For a run from an empty folder: one that found answers or models lying there took less.
    """
    steps, figures = run.manifest()["steps"], ("seconds", "bytes")
    took = {
        name: {key: entry[key] for key in figures}
        for name, entry in steps.items()
        if "from" not in entry and set(figures) <= set(entry)
    }
    record_costs(run.profile.name, f"{os.cpu_count()} CPU cores, {platform.machine()}", took)


def publish(run):
    """For maintainers: outputs go into the committed notebooks, the run becomes the shipped one.

    The words of a committed lesson stay; only its outputs are taken, and the head shows what is
    recorded now of the time it takes. A lesson whose files this run has from the shipped one keeps
    its outputs, but for that head.
    """
    run.need(*(name for name in LESSONS if name not in run.manifest()["steps"]))
    steps = run.manifest()["steps"]
    for name in LESSONS:
        path = Path("notebooks") / f"{name}.ipynb"
        notebook = _read(path)
        if "from" not in steps[name]:
            _take_outputs(notebook, run.path(path))
        for cell in _code_cells(notebook):
            for output in cell.outputs:
                if "text" in output:
                    output["text"] = with_costs(output["text"], name)
        write_text(path, nbformat.writes(notebook) + "\n")
    ship(run)


def _take_outputs(notebook, executed):
    """Put into a notebook the outputs of the same one as it was executed, a file."""
    # Tracebacks of intended errors name files; a reader's files are elsewhere.
    text = executed.read_text(encoding="utf-8").replace(f"{ROOT}{os.sep}", "")
    done = nbformat.reads(text, as_version=4)
    for cell, run in zip(_code_cells(notebook), _code_cells(done), strict=True):
        cell.outputs, cell.execution_count = run.outputs, run.execution_count
        cell.metadata.pop("execution", None)  # the clock of whoever ran it
    notebook.metadata = done.metadata
    # Committed outputs are held to their own code; they are not renewed with every helper.
    notebook.metadata.get("alpaca", {}).pop("helpers", None)


def _code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


class _PeakMemory:
    """Largest memory of this process and all its children together, sampled every second."""

    def __enter__(self):
        self.peak, self._over = 0, threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(self, *exc):
        self._over.set()

    def _watch(self):
        import psutil

        me = psutil.Process()
        while not self._over.wait(1.0):
            sizes = []
            for process in [me, *me.children(recursive=True)]:
                try:
                    sizes.append(process.memory_info())
                except psutil.Error:
                    continue  # it has just ended
            self.peak = max(self.peak, _together(sizes))


def _together(sizes):
    """Bytes of several processes: what each has alone, and once what the largest shares.

    From counters, not page by page: walking the pages of a training process would slow it down.
    """
    shared = [getattr(size, "shared", 0) for size in sizes]
    alone = sum(size.rss for size in sizes) - sum(shared)
    return alone + max(shared, default=0)


def _clock(seconds):
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d} min"


def main(argv=None):
    """Command line: run all lessons, print the table and where the report lies."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--profile", default=None, help="laptop (default) or tiny")
    parser.add_argument("--run", default=None, help="run folder; default runs/<profile>")
    parser.add_argument("--only", nargs="+", choices=LESSONS, default=LESSONS, metavar="LESSON",
                        help="lessons to run, the others' files from the shipped run")  # fmt: skip
    parser.add_argument(
        "--record", action="store_true", help="keep what the lessons of a fresh run took"
    )
    parser.add_argument("--publish", action="store_true", help="renew the committed outputs")
    args = parser.parse_args(argv)
    os.chdir(ROOT)
    try:
        run = run_lessons(load_profile(args.profile).name, args.run, args.only)
    except (RunError, ValueError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("\ninterrupted; the same command goes on from here")
    except OSError as error:
        sys.exit(f"error: {error}. Nothing finished was lost; mend it and type the command again.")
    if run.path("report.html").is_file():
        metrics = read_metrics(run.path("metrics.json"))
        print(f"\n{results_table(metrics)}\n\n{metrics['judge']['headline']}")
        print(f"\nreport: {run.path('report.html')}")
    if args.record:
        record_run_costs(run)
    if args.publish:
        try:
            publish(run)
        except RunError as error:
            sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
