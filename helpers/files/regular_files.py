"""Read regular files only. A pipe may block for ever, and a device may never end."""

import errno
import os
import stat
from pathlib import Path

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class NoFileError(OSError):
    """A path leads to a pipe, a device or a link, not to a file. The message says which."""


def kind_of(mode: int) -> str | None:
    """What a path leads to by its mode, such as ``a pipe``; None for a file or a link."""
    return _KINDS.get(stat.S_IFMT(mode))


def read_regular(path: str | Path, most: int = -1) -> bytes:
    """The bytes of a file, at most ``most`` of them; a link is followed.

    Raises NoFileError for a pipe, a socket or a device, and IsADirectoryError for a folder.
    """
    refuse_other_kinds(path, os.stat(path))  # before opening: that alone can start a device
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with open(handle, "rb") as file:
        refuse_other_kinds(path, os.fstat(handle))  # the name may lead to another file by now
        return file.read(most)


def refuse_other_kinds(path: str | Path, found: os.stat_result) -> None:
    """Raise an error if ``found`` is not the status of a regular file; ``path`` is for the message.

    Raises IsADirectoryError for a folder and NoFileError for every other kind.
    """
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, "Is a directory", str(path))
    if not stat.S_ISREG(found.st_mode):
        kind = kind_of(found.st_mode)
        raise NoFileError(f"{path} is {kind}, not a file. Pass the path of a regular file.")
