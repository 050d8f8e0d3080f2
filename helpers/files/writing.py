"""Write whole files and folders or none: no reader ever sees one that is half written.

What is being written has a random hidden name. It gets its final name when it is complete. A
program that is killed leaves at most a hidden file or folder behind.
"""

import contextlib
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from helpers.files.locks import opened_folder, try_to_lock

UNFINISHED = ".unfinished"  # the end of a scratch folder's name


def write_text(path: str | Path, text: str) -> Path:
    """Write a text file atomically: to a temporary file beside it, which is then renamed.

    An existing file keeps its mode. The temporary file is always a new one, so a link that someone
    has put there is never followed.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with open(handle, "wb") as file:
            if path.is_file():
                os.chmod(temporary, stat.S_IMODE(path.stat().st_mode))
            file.write(encode(text))
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


@contextlib.contextmanager
def scratch_folder(out: str | Path) -> Iterator[Path]:
    """A new folder beside ``out``, to be filled and then renamed to ``out``; removed afterwards.

    Its name is random, so two programs that make the same thing do not share a folder. Scratch
    folders of killed programs are removed first.
    """
    out = Path(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    for old in out.parent.glob(f".{out.name}.*{UNFINISHED}"):
        with contextlib.suppress(OSError), opened_folder(old) as handle:
            if try_to_lock(handle):  # the program that made it has ended
                shutil.rmtree(old, ignore_errors=True)
    scratch = out.with_name(f".{out.name}.{secrets.token_hex(6)}{UNFINISHED}")
    scratch.mkdir()
    try:
        with opened_folder(scratch) as handle:
            try_to_lock(handle)
            yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def move_into_place(made: Path, out: Path) -> None:
    """Rename what was made to its final name. Raises FileExistsError if that name is taken."""
    if out.exists():
        raise FileExistsError(
            f"another program created {out} in the meantime, so this result was not kept."
        )
    os.replace(made, out)


def encode(text: str) -> bytes:
    """A text in UTF-8. A lone surrogate, which a model can produce, becomes "?"."""
    return text.encode("utf-8", errors="replace")
