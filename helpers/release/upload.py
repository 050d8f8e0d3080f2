"""List the files of a folder that would be uploaded to a hub, and refuse unsafe ones.

:func:`upload` lists and checks the files, and sends them only with ``really=True``. A folder is
refused as a whole if one of its files

- has a type that a model's page does not need (a pickle runs code, an archive cannot be searched);
- is hidden, a link or a pipe;
- holds a key, a password, or a path that shows whose machine it comes from (``leaks.files``).

The rules find common forms of keys, but not every key: read the list before you upload. A person
who has checked a finding can allow it by its name.
"""

import re
import stat
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TypedDict

from helpers.release.leaks.files import TEXT_NAMES, find_leaks
from helpers.release.leaks.paths import ROWS, own_folders
from helpers.release.leaks.text import leaks

SUFFIXES = {".safetensors", ".gguf", ".json", ".jsonl", ".md", ".txt", ".jinja", ".model", ".yaml"}
_SECRET_NAMES = re.compile(rb"(?i)(^|/)(credentials|kaggle|.*secret.*|id_\w+)\.\w+$")
MOST_LINES = 40  # of an error


class UploadError(ValueError):
    """A folder that must not be uploaded as it is; the message names each file and the reason."""


class PlannedFile(TypedDict):
    """A file to be uploaded: its path inside the folder, and its size."""

    path: str
    bytes: int


def upload_plan(
    folder: str | Path, own_paths: Iterable[str | Path] = (), *, reviewed: Iterable[str] = ()
) -> list[PlannedFile]:
    """List the files of a folder, the largest last; nothing is sent.

    ``own_paths`` are more folders that no file may mention, such as the project's. ``reviewed`` are
    the names of findings, as the error gives them, that a person has checked and allows.

    Raises:
        UploadError: naming every file that must not be uploaded and why, but never a key itself.
    """
    folder = Path(folder)
    files = sorted(path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    if not files:
        raise UploadError(f"{folder} holds no file, so there is nothing to upload.")
    lines = _faults(folder, files, own_folders([folder, *own_paths]), set(reviewed))
    if lines:
        raise UploadError(
            f"{folder} must not be uploaded as it is:\n" + "\n".join(lines[:MOST_LINES]) + "\n"
            "Remove these from the folder and try again. To allow a finding that you have checked, "
            "pass reviewed=[its name]."
        )
    plan: list[PlannedFile] = [
        {"path": path.relative_to(folder).as_posix(), "bytes": path.stat().st_size}
        for path in files
    ]
    return sorted(plan, key=lambda file: file["bytes"])


def upload(
    folder: str | Path,
    repository: str,
    *,
    really: bool = False,
    own_paths: Iterable[str | Path] = (),
    reviewed: Iterable[str] = (),
) -> list[PlannedFile]:
    """List the files that would be uploaded; send them to the hub only with ``really=True``.

    ``repository`` is ``owner/name``. The other arguments and the result are those of
    :func:`upload_plan`; exactly the listed files are sent. A new repository is private until its
    owner publishes it.

    Raises:
        UploadError: as :func:`upload_plan`, or if the repository exists and is public.
    """
    plan = upload_plan(folder, own_paths, reviewed=reviewed)
    if really:
        from huggingface_hub import CommitOperationAdd, HfApi

        hub = HfApi()
        hub.create_repo(repository, private=True, exist_ok=True)
        if not hub.repo_info(repository).private:
            raise UploadError(
                f"{repository} is already public, so nothing was sent. Name a new repository, or "
                "make this one private on its page first."
            )
        listed = [
            CommitOperationAdd(file["path"], str(Path(folder) / file["path"])) for file in plan
        ]
        hub.create_commit(repository, listed, commit_message="Upload")
    return plan


def _faults(folder: Path, files: list[Path], own: re.Pattern[str], reviewed: set[str]) -> list[str]:
    """A line for each reason not to upload a file; keys are not repeated."""
    lines = []
    names_by_file = Counter(map(_identity, files))
    for path in files:
        name = path.relative_to(folder).as_posix()
        fault = _type_fault(path, name, names_by_file[_identity(path)])
        if fault:
            lines.append(f"  {_without_key(name)}: {fault}")
            continue
        lines += [
            f"  {_without_key(name)}: line {leak.line} holds {leak.what}; its name is {leak.name!r}"
            for leak in find_leaks(path, name, own)
            if leak.name not in reviewed
        ]
    return lines


def _without_key(name: str) -> str:
    """A file's name for an error message, with a placeholder if it looks like a key."""
    return f"(a key){Path(name).suffix}" if _has_key(name) else name


def _has_key(name: str) -> bool:
    return bool(leaks(Path(name).stem, name, ROWS))


def _identity(path: Path) -> tuple[int, int]:
    """Device and inode: the same for all names (hard links) of a file."""
    found = path.lstat()
    return found.st_dev, found.st_ino


def _type_fault(path: Path, name: str, names: int) -> str | None:
    """Why a file of this name and type must not be uploaded, or None.

    ``names`` is the number of names the file has in the folder; any other name is elsewhere.
    """
    if path.is_symlink():
        return "a link, which leads to a file elsewhere"
    if not stat.S_ISREG(path.stat().st_mode):
        return "a pipe or a device, not a file"
    if path.stat().st_nlink > names:
        return (
            "the same file as one elsewhere on this disk (a hard link), which may be private: "
            "replace it with a copy, made with cp"
        )
    if _has_key(name):
        return "holds what looks like a key in its name"
    if path.name in TEXT_NAMES:
        return None
    if any(part.startswith(".") for part in name.split("/")):
        return "a hidden file"
    if path.suffix not in SUFFIXES:
        return (
            f"of a type that is not uploaded; these are: {' '.join(sorted(SUFFIXES))} (a pickle "
            "runs code when it is opened: save weights as safetensors)"
        )
    return (
        "a file whose name suggests that it holds secrets"
        if _SECRET_NAMES.search(name.encode())
        else None
    )
