"""Check folders and JSON files that someone else made before anything in them is used.

For models, adapters and weight differences. Such a folder can contain a link to a private file,
which a copy would then publish, or a pipe, which blocks for ever. A JSON file can be nested too
deeply for its parser. All of these are refused with an error that names the file. Only the links
of the Hugging Face cache, from a snapshot to its blobs, are followed.
"""

import os
import stat
from pathlib import Path

from helpers.files.bounded_json import bounded_json
from helpers.files.regular_files import NoFileError, kind_of, read_regular

MAX_JSON_BYTES = 200_000_000  # bytes of a JSON file; the largest tokenizers have a sixth of that


class ReceivedError(ValueError):
    """A file is refused. The message names it and says why and what to do."""


def check_folder(folder: str | Path) -> Path:
    """The folder, if everything in it is a file or folder inside it.

    A folder that does not exist passes: whoever reads it reports that. Raises ReceivedError for a
    link that leads out of the folder, a pipe, a socket or a device.
    """
    folder = Path(folder)
    for parent, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            _check(Path(parent) / name, folder)
    return folder


def read_json(path: str | Path) -> object:
    """The value of a JSON file. Raises ReceivedError if it is not JSON, too large or too deep."""
    path = Path(path)
    try:
        data = read_regular(path, MAX_JSON_BYTES + 1)
        if len(data) > MAX_JSON_BYTES:
            raise ValueError(f"it has more than {MAX_JSON_BYTES:,} bytes, the largest size allowed")
        return bounded_json(data.decode("utf-8"), characters=MAX_JSON_BYTES)
    except (ValueError, NoFileError) as error:
        raise ReceivedError(
            f"{path} is not a usable JSON file: {error}. Get the file again from its source."
        ) from None


def is_inside(name: object) -> bool:
    """Whether a name from a list of files is a path inside the folder of that list."""
    if not isinstance(name, str) or not Path(name).parts:
        return False
    path = Path(name)
    return not (path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name)


def _check(path: Path, folder: Path) -> None:
    kind = stat.S_IFMT(path.lstat().st_mode)
    if kind == stat.S_IFLNK and not _is_allowed_link(path, folder):
        raise ReceivedError(
            f"{path} is a link out of its folder, to {os.readlink(path)}. In a folder from someone "
            "else no such link is followed: replace the link by the file, or get the folder again."
        )
    if kind not in (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK):
        raise ReceivedError(
            f"{path} is {kind_of(kind)}, not a file. Delete it, or get {folder} again."
        )


def _is_allowed_link(link: Path, folder: Path) -> bool:
    """Whether a link ends at a file in its folder, or among the blobs of the hub's cache."""
    target, folder = Path(os.path.realpath(link)), Path(os.path.realpath(folder))
    blobs = folder.parent.parent / "blobs" if folder.parent.name == "snapshots" else folder
    return target.is_file() and (folder in target.parents or target.parent == blobs)
