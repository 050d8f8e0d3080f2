"""Writing files so that nobody meets half of one, and nobody's link or lock is in the way.

On the ground floor, for all that writes: a file is there in its old state or in its new one, a row
that was appended is there whole or not at all, and what is being made has a name that nobody can
know beforehand. A killed program leaves at most a hidden file behind, which the next one removes.
"""

import contextlib
import errno
import json
import os
import secrets
import shutil
import stat
import warnings
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows without WSL: no locks between programs there
    fcntl = None

# What a disk says that knows no locks, such as some network drives.
_NO_LOCKS = {errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK, errno.ENOSYS}
UNFINISHED = ".unfinished"
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class NoFileError(OSError):
    """A pipe, a device or a link in the place of a file; the message says which."""


def kind_of(mode: int) -> str | None:
    """``a pipe``, ``a device``: what a path leads to by its mode; None for a file or a link."""
    return _KINDS.get(stat.S_IFMT(mode))


def read_regular(path: str | Path, most: int = -1) -> bytes:
    """The bytes of a file, at most ``most`` of them; a link is followed.

    Raises NoFileError for a pipe, which may wait for ever, and for a device, which may never end.
    """
    _refuse_other_kinds(path, os.stat(path))  # opening a device may do something by itself
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with open(handle, "rb") as file:
        _refuse_other_kinds(path, os.fstat(handle))  # another file may have the name by now
        return file.read(most)


def _refuse_other_kinds(path, found):
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, "Is a directory", str(path))
    if not stat.S_ISREG(found.st_mode):
        raise NoFileError(f"{path} is {kind_of(found.st_mode)} and no file. Name a file.")


def write_text(path: str | Path, text: str) -> Path:
    """Write a text file atomically: to a neighbour first, then renamed into place.

    A file that is there keeps its mode. The neighbour is new and of this call alone, so a link that
    somebody has put there is never followed.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    neighbour = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    handle = os.open(neighbour, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with open(handle, "wb") as file:
            if path.is_file():
                os.chmod(neighbour, stat.S_IMODE(path.stat().st_mode))
            file.write(encode(text))
            file.flush()
            os.fsync(file.fileno())
        os.replace(neighbour, path)
    finally:
        neighbour.unlink(missing_ok=True)
    return path


def append_text(path: str | Path, text: str) -> Path:
    """Append whole lines to a file and force them to disk before returning.

    A torn last line, which an append that was killed leaves behind, is cut off first. Several
    programs may append to one file: each waits for the other. Raises OSError where not all of the
    text could be written, as on a full disk; none of it is there then. Raises NoFileError for a
    link, whose end might belong to somebody else's file, and for a pipe or a device.
    """
    path, data = Path(path), encode(text)
    path.parent.mkdir(parents=True, exist_ok=True)
    with _to_append(path) as file:
        _cut_torn_tail(file)
        size = file.seek(0, os.SEEK_END)
        try:
            while data:
                data = data[file.write(data) :]
            os.fsync(file.fileno())
        except OSError:
            file.truncate(size)
            raise
    return path


@contextlib.contextmanager
def scratch_folder(out: str | Path) -> Iterator[Path]:
    """A new folder beside ``out`` in which it is made, to be renamed to it; gone afterwards.

    Its name is drawn by lot, so two programs that make the same thing do not share one. Those that
    killed programs left behind are removed.
    """
    out = Path(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    for old in out.parent.glob(f".{out.name}.*{UNFINISHED}"):
        with contextlib.suppress(OSError), _opened(old) as handle:
            if _locked(handle):  # whoever made it has ended
                shutil.rmtree(old, ignore_errors=True)
    scratch = out.with_name(f".{out.name}.{secrets.token_hex(6)}{UNFINISHED}")
    scratch.mkdir()
    try:
        with _opened(scratch) as handle:
            _locked(handle)
            yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def move_into_place(made: Path, out: Path) -> None:
    """Give what was made its name; FileExistsError where something has it by now."""
    if out.exists():
        raise FileExistsError(f"{out} came into being meanwhile; this one was not kept.")
    os.replace(made, out)


@contextlib.contextmanager
def locked(lock: str | Path, why: str, *, wait: float = 0.0) -> Iterator[None]:
    """Hold a lock file for this process alone; a kill lets go of it.

    Raises ValueError with ``why`` where another holds it for longer than ``wait`` seconds.
    """
    from filelock import FileLock, Timeout

    Path(lock).parent.mkdir(parents=True, exist_ok=True)
    mine = FileLock(lock)
    try:
        mine.acquire(timeout=wait)
    except Timeout:
        raise ValueError(why) from None
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        warnings.warn(f"{lock} cannot be locked on this kind of disk: use it alone.", stacklevel=3)
    try:
        yield
    finally:
        mine.release()


def encode(text: str) -> bytes:
    """A text in UTF-8; half a surrogate pair, which a model can produce, becomes "?"."""
    return text.encode("utf-8", errors="replace")


@contextlib.contextmanager
def _to_append(path):
    """The file of a path, opened for this program alone.

    While a program waits for the lock, :func:`write_text` may put a new file in the place of the
    one it opened. What is written into the old one is lost, so the new one is opened then.
    """
    for _ in range(1000):
        with _opened_to_append(path) as file, _alone_with(file):
            if _has_name(file, path):
                yield file
                return
    raise OSError(f"{path} is replaced again and again, so nothing was appended. Try again.")


@contextlib.contextmanager
def _opened_to_append(path):
    if path.is_symlink():
        raise NoFileError(
            f"{path} is a link. Files are appended to only where they lie: name the file itself, "
            f"{os.path.realpath(path)}, or delete the link."
        )
    if path.exists():
        _refuse_other_kinds(path, path.stat())
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
    for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"):
        flags |= getattr(os, name, 0)
    with open(os.open(path, flags, 0o666), "ab+", buffering=0) as file:
        _refuse_other_kinds(path, os.fstat(file.fileno()))
        yield file


def _has_name(file, path):
    """Whether an open file is still the one that its path leads to."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(path))
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def _alone_with(file):
    """Wait until no other program appends to an open file. Not every network drive can lock."""
    if fcntl:
        with contextlib.suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX)
    yield  # closing the file lets go


@contextlib.contextmanager
def _opened(folder):
    handle = os.open(folder, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    try:
        yield handle
    finally:
        os.close(handle)


def _locked(handle):
    """Whether an open folder could be locked for this process; its lock goes with its handle."""
    if not fcntl:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _cut_torn_tail(file):
    size = file.seek(0, os.SEEK_END)
    keep, block = size, 1 << 16
    while keep > 0:
        start = max(0, keep - block)
        file.seek(start)
        newline = file.read(keep - start).rfind(b"\n")
        if newline >= 0:
            keep = start + newline + 1
            break
        keep = start
    if keep < size:
        file.seek(keep)
        # A whole row that only lacks its newline (a hand-edited file) is kept.
        if is_json(file.read()):
            file.write(b"\n")
        else:
            file.truncate(keep)


def is_json(data: bytes) -> bool:
    """Whether bytes are one whole JSON value."""
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return False
    return True
