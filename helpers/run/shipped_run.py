"""The small finished run that comes with the project, so that any lesson can be opened first."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.files.writing import write_text
from helpers.profiles import Profile
from helpers.run.hashing import is_system_file
from helpers.run.manifest import RunError, StepEntry, find_change, read_manifest

if TYPE_CHECKING:
    from helpers.run.run_folder import Run

SHIPPED = Path("data/finished_run")
# The setting that names the model which a step trains.
_TRAINED_STUDENT = {"03_train_lora": "student", "04_train_fsdp": "fsdp_student"}


def ship(run: "Run", destination: str | Path = SHIPPED, largest: int = 12_000_000) -> Path:
    """Copy a finished run into the project as the shipped run; returns the path of its manifest.

    Outputs above ``largest`` bytes are left out and listed as ``not_shipped``. So are outputs that
    the run took from an earlier shipped run without them.
    """
    manifest = run.manifest()
    destination = Path(destination)
    shutil.rmtree(destination, ignore_errors=True)
    for entry in manifest["steps"].values():
        entry.pop("from", None)
        missing, entry["not_shipped"] = entry.get("not_shipped", ()), []
        for name in entry["outputs"]:
            if name in missing or _size(run.path(name)) > largest:
                entry["not_shipped"].append(name)
            else:
                _copy(run.path(name), destination / name)
    return write_text(destination / "manifest.json", json.dumps(manifest, indent=1) + "\n")


def adopt_step(step: str, folder: Path, profile: Profile) -> StepEntry:
    """Copy a step's files from the shipped run into a run folder; returns its manifest entry.

    Files that the run folder has already are kept. Raises RunError if the shipped run does not have
    the step, trained another student, or was made from other data than the run has.
    """
    manifest = read_manifest(SHIPPED / "manifest.json")
    entry = manifest["steps"].get(step)
    if entry is None:
        raise _not_run(step, folder, f"the run in {SHIPPED} does not contain it either")
    other = _other_student(step, manifest["settings"], profile)
    if other is not None:
        raise _not_run(step, folder, f"the run in {SHIPPED} trained another student, {other}")
    entry["from"] = str(SHIPPED)
    copied = _copy_missing(entry["outputs"], folder)
    if find_change(folder, step, entry):
        for path in copied:  # results from other data must not stay in this run
            _remove(path)
        raise _not_run(step, folder, f"the run in {SHIPPED} was made from other data")
    return entry


def _not_run(step: str, folder: Path, why: str) -> RunError:
    return RunError(
        f"lesson {step} has not been run in {folder}, and {why}. Run lesson {step} first."
    )


def _other_student(step: str, settings: dict[str, Any], profile: Profile) -> str | None:
    """The student that the shipped run trained in a step, if the profile has another one."""
    setting = _TRAINED_STUDENT.get(step)
    if setting is None:
        return None
    own = asdict(profile)
    shipped_student = settings.get(setting) or settings["student"]
    return shipped_student if shipped_student != (own[setting] or own["student"]) else None


def _copy_missing(names: Sequence[str], folder: Path) -> list[Path]:
    """Copy files of the shipped run that a run folder does not have; returns the new paths."""
    copied = []
    for name in names:
        target = folder / name
        if (SHIPPED / name).exists() and not target.exists():
            _copy(SHIPPED / name, target)
            copied.append(target)
    return copied


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True, ignore=_system_files)
    else:
        shutil.copyfile(source, target)


def _system_files(_folder: str, names: list[str]) -> list[str]:
    return [name for name in names if is_system_file(name)]


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def _size(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    if path.is_file():
        return path.stat().st_size
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
