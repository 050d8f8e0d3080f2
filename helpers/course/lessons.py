"""Run the lessons in order without a browser: ``python -m helpers.course.lessons``.

Each lesson runs in a kernel of its own. A lesson is skipped if it is finished and its inputs,
outputs and code have not changed, so an interrupted run resumes where it stopped.
"""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from helpers.course.code_fingerprint import fingerprint
from helpers.course.execution import execute
from helpers.course.notebook_files import (
    code_cells,
    code_hash,
    read_executed,
    read_notebook,
    write_notebook,
)
from helpers.course.peak_memory import measured_memory
from helpers.course.publish_outputs import publish, record_run_costs
from helpers.course.results import results_table
from helpers.display.report import read_metrics
from helpers.profiles import load_profile
from helpers.run import LESSONS, ROOT, Run, RunError, open_run


def run_lessons(
    profile: str, folder: str | Path | None = None, names: Sequence[str] = LESSONS
) -> Run:
    """Run lessons under a profile and print a line about each; returns the run.

    ``names`` are the lessons to run. What they need from the others is taken from the shipped run.
    ``folder`` is the run folder, by default ``runs/<profile>``. Raises RunError if a lesson fails.
    """
    run = open_run(profile, folder)
    os.environ.update(ALPACA_PROFILE=run.profile.name, ALPACA_RUN=str(run.folder))
    print(f"profile {run.profile.name}, run folder {run.folder}", flush=True)
    for name in names:
        _run_lesson(name, run)
    most = max(entry.get("bytes", 0) for entry in run.manifest()["steps"].values())
    print(f"peak memory of all processes together: {most / 1e9:.1f} GB")
    return run


def _run_lesson(name: str, run: Run) -> None:
    """Run one lesson and save the executed notebook in the run folder, also if a cell fails."""
    source = Path("notebooks") / f"{name}.ipynb"
    target = run.path("notebooks") / source.name
    notebook = read_notebook(source)
    ran_with = {
        "code": code_hash(notebook),
        "profile": run.profile.name,
        "helpers": fingerprint(cell.source for cell in code_cells(notebook)),
    }
    earlier = read_executed(target)
    if earlier and earlier.metadata.get("alpaca") == ran_with and run.done(name):
        print(f"{name:<16} done before, unchanged", flush=True)
        return
    started = time.monotonic()
    try:
        with measured_memory() as peak:
            count = execute(notebook, name, target)
        run.add_figures(name, bytes=peak.bytes)
        notebook.metadata["alpaca"] = ran_with
    finally:
        write_notebook(notebook, target)
    line_start = "\r" if sys.stdout.isatty() else ""  # over the progress line
    print(f"{line_start}{name:<16} {count} cells, {_clock(time.monotonic() - started)}", flush=True)


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d} min"


def main(argv: Sequence[str] | None = None) -> None:
    """Run lessons, print the results and the path of the report."""
    args = _parser().parse_args(argv)
    os.chdir(ROOT)
    try:
        run = run_lessons(load_profile(args.profile).name, args.run, args.only)
    except (RunError, ValueError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("\ninterrupted. To resume, run the same command again.")
    except OSError as error:
        sys.exit(
            f"error: {error}. Finished lessons are kept. Fix the cause, then run the same command "
            "again."
        )
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Run the lessons in order without a browser.")
    parser.add_argument("--profile", default=None, help="laptop (default) or tiny")
    parser.add_argument("--run", default=None, help="run folder; default runs/<profile>")
    parser.add_argument(
        "--only",
        nargs="+",
        choices=LESSONS,
        default=LESSONS,
        metavar="LESSON",
        help="lessons to run; the files of the others come from the shipped run",
    )
    parser.add_argument(
        "--record", action="store_true", help="record time and memory of each lesson, if run afresh"
    )
    parser.add_argument(
        "--publish", action="store_true", help="renew the committed outputs and the shipped run"
    )
    return parser


if __name__ == "__main__":
    main()
