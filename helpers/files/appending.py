"""Append lines to a file: each is written in full or not at all, also if the program is killed."""

import contextlib
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path

from helpers.files.locks import wait_for_lock
from helpers.files.regular_files import NoFileError, refuse_other_kinds
from helpers.files.writing import encode

_BLOCK = 1 << 16  # bytes read at a time when searching backwards for the last newline


def append_text(path: str | Path, text: str) -> Path:
    """Append whole lines to a file and force them to disk before returning.

    An append that was killed can leave an incomplete last line; it is removed first. Several
    programs may append to one file, because each waits for the others.

    Raises:
        OSError: if the text could not be written in full, for example on a full disk. None of it
            is in the file then.
        NoFileError: for a link, whose target may be another person's file, a pipe or a device.
    """
    path, data = Path(path), encode(text)
    path.parent.mkdir(parents=True, exist_ok=True)
    with _opened_alone(path) as file:
        _remove_incomplete_line(file)
        size = file.seek(0, os.SEEK_END)
        try:
            while data:
                data = data[file.write(data) :]
            os.fsync(file.fileno())
        except OSError:
            file.truncate(size)
            raise
    return path


def is_json(data: bytes) -> bool:
    """Whether bytes are one complete JSON value."""
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return False
    return True


@contextlib.contextmanager
def _opened_alone(path: Path) -> Iterator[io.FileIO]:
    """The file of a path, opened to append and locked for this program alone.

    While this program waits for the lock, ``write_text`` may replace the file that was opened. What
    is written into the old file would be lost, so the new one is opened then.
    """
    for _ in range(1000):
        with _opened_to_append(path) as file:
            wait_for_lock(file)
            if _is_still_at(path, file):
                yield file
                return
    raise OSError(f"{path} is replaced again and again, so nothing was appended. Try again.")


@contextlib.contextmanager
def _opened_to_append(path: Path) -> Iterator[io.FileIO]:
    if path.is_symlink():
        raise NoFileError(
            f"{path} is a link, and appending does not follow links. Pass the path of the file "
            f"itself, {os.path.realpath(path)}, or delete the link."
        )
    if path.exists():
        refuse_other_kinds(path, path.stat())
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
    for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"):
        flags |= getattr(os, name, 0)
    with open(os.open(path, flags, 0o666), "ab+", buffering=0) as file:
        refuse_other_kinds(path, os.fstat(file.fileno()))
        yield file


def _is_still_at(path: Path, file: io.FileIO) -> bool:
    """Whether a path still leads to the file that was opened from it."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(path))
    except FileNotFoundError:
        return False


def _remove_incomplete_line(file: io.FileIO) -> None:
    """Cut off what follows the last newline, unless it is a whole row without its newline."""
    size = file.seek(0, os.SEEK_END)
    end_of_lines = _end_of_last_line(file, size)
    if end_of_lines == size:
        return
    file.seek(end_of_lines)
    if is_json(file.read()):  # a file that was edited by hand may lack the last newline
        file.write(b"\n")
    else:
        file.truncate(end_of_lines)


def _end_of_last_line(file: io.FileIO, size: int) -> int:
    """The number of bytes up to and including the last newline; 0 without one."""
    end = size
    while end > 0:
        start = max(0, end - _BLOCK)
        file.seek(start)
        newline = file.read(end - start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        end = start
    return 0
