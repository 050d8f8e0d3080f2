"""A run folder: the files that the lessons write, and a record of each finished step.

A step writes its entry into the manifest last. A lesson that is killed therefore leaves no entry,
and is run again. A step that the run lacks is taken from the shipped run.
"""

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from helpers.files.locks import locked
from helpers.files.printable import printable
from helpers.files.received import is_inside
from helpers.files.writing import write_text
from helpers.io import read_jsonl, write_jsonl
from helpers.profiles import Profile, load_profile
from helpers.run import shipped_run as shipped
from helpers.run.manifest import (
    Manifest,
    RunError,
    find_change,
    hash_name,
    package_versions,
    read_manifest,
)

ROOT = Path(__file__).resolve().parents[2]  # the project's folder
LESSONS = (
    "01_preprocess",
    "02_generate",
    "03_train_lora",
    "04_train_fsdp",
    "05_evaluate",
    "06_release",
)


class Run:
    """One run folder, for one profile."""

    def __init__(self, folder: str | Path, profile: Profile) -> None:
        self.folder, self.profile = Path(folder), profile
        self.started = time.monotonic()

    def path(self, name: str | Path) -> Path:
        """Path of a file of this run."""
        return self.folder / name

    @property
    def cache(self) -> Path:
        """The folder of converted models, shared by all runs in the same parent folder."""
        return self.folder.parent / "cache"

    def manifest(self) -> Manifest:
        """The manifest as a dict; one without steps for a new run."""
        path = self.path("manifest.json")
        if not path.exists():
            return {"settings": asdict(self.profile), "steps": {}}
        return read_manifest(path)

    def finish(
        self,
        step: str,
        *,
        inputs: Iterable[str | Path] = (),
        outputs: Iterable[str | Path] = (),
        **facts: object,
    ) -> None:
        """Record a step as done: hashes of files, package versions, seconds, and ``facts``.

        ``inputs`` and ``outputs`` are names of files or folders in the run; an input may also be a
        file of the project. ``facts`` are figures to keep, such as ``tokens_out=`` or ``dollars=``.
        Raises RunError for an output that is not in the run.
        """
        written = [str(name) for name in outputs]
        outside = next((name for name in written if not is_inside(name)), None)
        if outside is not None:
            raise RunError(
                f"the output {outside!r} is not inside {self.folder}. Write it there first."
            )
        entry = {
            "inputs": {str(name): hash_name(self.folder, name) for name in inputs},
            "outputs": {name: hash_name(self.folder, name) for name in written},
            "seconds": round(time.monotonic() - self.started, 1),
            "packages": package_versions(),
            **facts,
        }
        with self._changed_manifest() as manifest:
            manifest["steps"][step] = entry

    def add_figures(self, step: str, **facts: object) -> None:
        """Add figures to a finished step. A figure of the same name is replaced."""
        with self._changed_manifest() as manifest:
            if step in manifest["steps"]:
                manifest["steps"][step].update(facts)

    def reuse_rows(
        self, name: str, mark: str, make: Callable[[], Iterable[Mapping[str, Any]]]
    ) -> list[dict[str, Any]]:
        """Rows of a JSONL file that are made once, and reused while ``mark`` stays the same.

        The file ``name`` is looked for in this run, then in the shipped run; otherwise ``make()``
        makes its rows. Answers of another student, or to another prompt, are never reused.
        """
        mark = f"{mark}-{self.profile.student}-{self.profile.prompt_style}"
        for folder in (self.folder, shipped.SHIPPED):
            path = folder / name
            rows = read_jsonl(path) if path.exists() else []
            if rows and all(row.get("mark") == mark for row in rows):
                break
        else:
            rows = [{**row, "mark": mark} for row in make()]
        write_jsonl(self.path(name), rows)
        return rows

    def digest(self, *names: str | Path) -> str:
        """One short hash for several files or folders.

        The hash of a step's output is taken from the manifest, because a shipped run lacks some.
        """
        known: dict[str, str | None] = {}
        for entry in self.manifest()["steps"].values():
            known.update(entry["outputs"])
        hashes = [known.get(str(name)) or hash_name(self.folder, name) for name in names]
        return hashlib.sha256(json.dumps(hashes).encode()).hexdigest()[:16]

    def need(self, *steps: str) -> str:
        """Check that earlier steps are finished and unchanged; returns a line about each.

        A step that this run lacks is copied from the shipped run. Raises RunError naming the file
        that changed and the lesson to run again.
        """
        lines = []
        for step in steps:
            if step not in self.manifest()["steps"]:
                adopted = shipped.adopt_step(step, self.folder, self.profile)
                with self._changed_manifest() as manifest:
                    manifest["steps"][step] = adopted
            entry = self.manifest()["steps"][step]
            change = find_change(self.folder, step, entry)
            if change:
                raise RunError(change)
            origin = f" (from {printable(str(entry['from']))})" if "from" in entry else ""
            lines.append(f"{step}: {len(entry['outputs'])} files, unchanged{origin}")
        return "\n".join(lines)

    def done(self, step: str) -> bool:
        """Whether this run itself finished a step, and nothing it read or wrote has changed."""
        entry = self.manifest()["steps"].get(step)
        if not entry or "from" in entry:
            return False
        return find_change(self.folder, step, entry) is None

    @contextmanager
    def _changed_manifest(self) -> Iterator[Manifest]:
        """The manifest, to be changed; it is written at the end. Other processes wait meanwhile."""
        why = (
            f"another process has been using {self.folder} for a minute. Stop it, then run this "
            "again."
        )
        try:
            with locked(self.path(".manifest.lock"), why, wait=60):
                manifest = self.manifest()
                yield manifest
                write_text(self.path("manifest.json"), json.dumps(manifest, indent=1) + "\n")
        except ValueError as error:
            raise RunError(str(error)) from None


def open_run(profile: str | None = None, folder: str | Path | None = None) -> Run:
    """Open or begin a run: ``folder``, else ``$ALPACA_RUN``, else ``runs/<profile>``.

    Call it from the project's folder. Raises RunError if the folder was made with other settings,
    naming them, and ValueError for an unknown profile.
    """
    chosen = load_profile(profile)
    folder = Path(folder or os.environ.get("ALPACA_RUN") or Path("runs") / chosen.name)
    run = Run(folder, chosen)
    made_with = run.manifest()["settings"]
    different = [
        f"{key} was {made_with.get(key)!r}, now {value!r}"
        for key, value in asdict(chosen).items()
        if made_with.get(key, value) != value  # a setting that was added later changed nothing
    ]
    if different:
        raise RunError(
            f"{folder} was made with other settings ({'; '.join(different)}). Delete that folder "
            "to start afresh, or choose another with the environment variable ALPACA_RUN."
        )
    return run
