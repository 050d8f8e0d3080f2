"""Locks between programs. Where the system or the disk has none, the work goes on without."""

import contextlib
import errno
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]  # Windows without WSL has no such locks

# Error numbers of a disk without locks, such as some network drives.
_NO_LOCKS = {errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK, errno.ENOSYS}


@contextlib.contextmanager
def locked(lock: str | Path, why: str, *, wait: float = 0.0) -> Iterator[None]:
    """Hold a lock file for this process alone. If the process is killed, the lock is released.

    Raises ValueError with the message ``why`` if another process holds the lock for longer than
    ``wait`` seconds. On a disk without locks there is a warning instead.
    """
    from filelock import FileLock, Timeout

    Path(lock).parent.mkdir(parents=True, exist_ok=True)
    file_lock = FileLock(lock)
    try:
        file_lock.acquire(timeout=wait)
    except Timeout:
        raise ValueError(why) from None
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        warnings.warn(
            f"{lock} cannot be locked on this kind of disk. Make sure that no other program uses "
            "this folder.",
            stacklevel=3,
        )
    try:
        yield
    finally:
        file_lock.release()


def wait_for_lock(file: IO[bytes]) -> None:
    """Wait until no other program has locked an open file, then lock it until it is closed."""
    if fcntl:
        with contextlib.suppress(OSError):  # not every network drive has locks
            fcntl.flock(file, fcntl.LOCK_EX)


@contextlib.contextmanager
def opened_folder(folder: Path) -> Iterator[int]:
    """The descriptor of a folder, for :func:`try_to_lock`. Closing it releases the lock."""
    descriptor = os.open(folder, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def try_to_lock(descriptor: int) -> bool:
    """Lock an open folder without waiting; whether that succeeded."""
    if not fcntl:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
