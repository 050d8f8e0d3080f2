"""Unpack gzip, bzip2 and xz files, with a limit on the size of what is inside.

A compressed file of 300 bytes can hold 150 MB. The size is therefore checked while unpacking.
"""

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from helpers.files.file_kinds import DataError

MAX_LAYERS = 2  # how often a file may be compressed, for example a .gz inside a .gz
MAX_BYTES = 2_000_000_000  # bytes that a file may have after unpacking
# Above HARMLESS bytes, content of more than RATIO times the file's size is refused. Rows that
# people wrote shrink to a fifth at best.
HARMLESS, RATIO = 100_000_000, 1000
_CHUNK = 1 << 20  # bytes unpacked between two checks of the size


def _open_gzip(file: BinaryIO) -> io.BufferedIOBase:
    return gzip.GzipFile(fileobj=file)


def _open_bzip2(file: BinaryIO) -> io.BufferedIOBase:
    return bz2.BZ2File(file)


def _open_xz(file: BinaryIO) -> io.BufferedIOBase:
    return lzma.LZMAFile(file)


_Opener = Callable[[BinaryIO], io.BufferedIOBase]
_OPENERS: dict[bytes, _Opener] = {  # by the first bytes of the file
    b"\x1f\x8b": _open_gzip,
    b"BZh": _open_bzip2,
    b"\xfd7zXZ\0": _open_xz,
}


def decompress(data: bytes, path: Path) -> bytes:
    """The content of a gzip, bzip2 or xz file, also of one inside another; other bytes unchanged.

    ``path`` is for the error message. Raises DataError for a file that is damaged, compressed more
    than twice, or too large after unpacking.
    """
    packed_size = len(data)
    for _ in range(MAX_LAYERS):
        opener = _opener_of(data)
        if opener is None:
            return data
        try:
            data = _unpack(opener(io.BytesIO(data)), packed_size, path)
        except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
            raise DataError(
                f"{path}: is compressed, but damaged or incomplete ({error}). Download it again."
            ) from None
    if _opener_of(data):
        raise DataError(f"{path}: is compressed more than twice. Unpack it first.")
    return data


def check_size(size: int, packed_size: int, path: Path) -> None:
    """Raise DataError if ``size`` bytes, unpacked from ``packed_size`` bytes, are too many."""
    if size > MAX_BYTES:
        raise DataError(
            f"{path}: after unpacking, it has more than {MAX_BYTES:,} bytes, the largest size "
            "allowed. Split it into several files."
        )
    if size > HARMLESS and size > RATIO * packed_size:
        raise DataError(
            f"{path}: after unpacking, it has more than {RATIO:,} times its size ({packed_size:,} "
            "bytes). Rows of text do not compress that well: get the file from a source that you "
            "trust, or unpack it yourself."
        )


def _opener_of(data: bytes) -> _Opener | None:
    return next((opener for magic, opener in _OPENERS.items() if data.startswith(magic)), None)


def _unpack(file: io.BufferedIOBase, packed_size: int, path: Path) -> bytes:
    content = io.BytesIO()
    with file:
        while chunk := file.read(_CHUNK):
            content.write(chunk)
            check_size(content.tell(), packed_size, path)
    return content.getvalue()
