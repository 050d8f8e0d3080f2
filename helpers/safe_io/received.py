"""Folders that come from somebody else: read where they lie, and no further.

On the ground floor, for models, adapters and differences of models. A link in such a folder can
lead to a private file, which a copy would hand on; a pipe waits for ever; a JSON file can be nested
so deeply that its parser gives up. All are refused in words, with their place. Only the links of
the hub's own cache, from a snapshot to its blobs, are followed.
"""

import os
import stat
from pathlib import Path

from helpers.safe_io.bounded_json import bounded_json
from helpers.safe_io.writing import NoFileError, kind_of, read_regular

LARGEST = 200_000_000  # bytes of a JSON file; the largest tokenizers have a sixth of that


class ReceivedError(ValueError):
    """A file that is not read; the message names it and says why and what to do."""


def check_folder(folder: str | Path) -> Path:
    """The folder, if everything in it is a file or folder of its own; else ReceivedError.

    A folder that is not there passes: whoever reads it says so in words of their own.
    """
    folder = Path(folder)
    for where, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            _check(Path(where) / name, folder)
    return folder


def read_json(path: str | Path) -> object:
    """The value of a JSON file; ReceivedError naming it where it is none, too large or too deep."""
    path = Path(path)
    try:
        data = read_regular(path, LARGEST + 1)
        if len(data) > LARGEST:
            raise ValueError(f"it has more than {LARGEST:,} bytes, which are allowed")
        return bounded_json(data.decode("utf-8"), characters=LARGEST)
    except (ValueError, NoFileError) as error:
        raise ReceivedError(f"{path} is no sound JSON file: {error}. Get it again.") from None


def is_inside(name: object) -> bool:
    """Whether a name from a list of files stays in the folder of that list."""
    parts = Path(str(name)).parts
    return bool(parts) and isinstance(name, str) and not (
        Path(name).is_absolute() or ".." in parts or "\\" in name or "\0" in name
    )  # fmt: skip


def _check(path, folder):
    kind = stat.S_IFMT(path.lstat().st_mode)
    if kind == stat.S_IFLNK and not _is_followed(path, folder):
        raise ReceivedError(
            f"{path} is a link out of its folder, to {os.readlink(path)}. Files of others are read "
            "only where they lie: put the file itself there, or get the folder again."
        )
    if kind not in (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK):
        raise ReceivedError(
            f"{path} is {kind_of(kind)} and no file. Delete it, or get {folder} again."
        )


def _is_followed(link, folder):
    """Whether a link ends at a file in its folder, or among the blobs of the hub's cache."""
    target, folder = Path(os.path.realpath(link)), Path(os.path.realpath(folder))
    blobs = folder.parent.parent / "blobs" if folder.parent.name == "snapshots" else folder
    return target.is_file() and (folder in target.parents or target.parent == blobs)
