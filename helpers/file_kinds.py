"""What kind of file is this? Told by its first bytes, because a file's name may be wrong.

Text is read as UTF-8, UTF-16 or UTF-32, with or without a byte-order mark, plain or compressed.
Every other kind is named in the error, with the way to convert it. The rows in a file are read by
:mod:`helpers.file_rows`.
"""

import bz2
import gzip
import io
import json
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path


class DataError(ValueError):
    """A file or row that is not what it should be; the message names the place and the way out."""


_UNPACK: dict[bytes, Callable[[bytes], bytes]] = {
    b"\x1f\x8b": gzip.decompress,
    b"BZh": bz2.decompress,
    b"\xfd7zXZ\0": lzma.decompress,
}
_ARROW = 'Convert it: datasets.Dataset.from_file("…").to_json("rows.jsonl").'
# The first bytes of what cannot be read here: the kind, and the way out.
_OTHER = {
    b"\xd0\xcf\x11\xe0": ("an old Excel file (.xls)", "Save it as CSV in UTF-8."),
    b"ARROW1": ("an Arrow file", _ARROW),
    b"\xff\xff\xff\xff": ("an Arrow stream", _ARROW),
    b"\x28\xb5\x2f\xfd": ("compressed with zstd", "Unpack it with `unzstd`."),
    b"7z\xbc\xaf": ("a 7z archive", "Unpack it and name the file inside."),
    b"Rar!": ("a rar archive", "Unpack it and name the file inside."),
    b"SQLite format 3": (
        "an SQLite database",
        'Convert it: pandas.read_sql("select * from …", connection).to_json("rows.jsonl", '
        'orient="records", lines=True).',
    ),
    b"%PDF": ("a PDF", "Copy its tasks into a CSV or JSON Lines file."),
    b"\x80\x04": ("a pickle, which may run code when it is opened", "Ask for JSON or parquet."),
    b"\x80\x05": ("a pickle, which may run code when it is opened", "Ask for JSON or parquet."),
    b"version https://git-lfs": (
        "a Git LFS pointer, not the data itself",
        "Fetch the data with `git lfs pull`.",
    ),
}
_PAGE = ("<!doctype html", "<html")
_RAW = "Download the file itself (on GitHub: the button Raw)."
_CONVERT_TEXT = (
    'Save the file as UTF-8 and try again, e.g. text = Path("…").read_text("cp1252") (Korean: '
    '"cp949"), then Path("new…").write_text(text, "utf-8").'
)


def read_bytes(path: Path) -> bytes:
    """The bytes of a file. Raises DataError for a file that is missing or a folder."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise DataError(
            f"{path}: no such file. Check the path, or run the lesson that writes it."
        ) from None
    except (IsADirectoryError, PermissionError):
        if path.is_dir():  # Windows refuses a folder with PermissionError
            raise DataError(f"{path}: is a folder, expected a file.") from None
        raise


def unpack(data: bytes, path: Path) -> bytes:
    """The bytes inside a gzip, bzip2 or xz file; other bytes as they are."""
    for magic, decompress in _UNPACK.items():
        if data.startswith(magic):
            try:
                return decompress(data)
            except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
                raise DataError(
                    f"{path}: is compressed, but damaged or cut ({error}). Download it again."
                ) from None
    return data


def decode(data: bytes, path: Path) -> str:
    """Bytes of a text file as text, without a byte-order mark. Raises DataError for other kinds."""
    kind = _kind(data)
    if kind:
        name, way_out = kind
        raise DataError(
            f"{path}: is {name}, expected JSON Lines, a JSON list, CSV, TSV or parquet. {way_out}"
        )
    encoding = json.detect_encoding(data)
    try:
        return data.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        named = "UTF-8" if encoding.startswith("utf-8") else encoding.upper()
        raise DataError(f"{path}: byte {error.start} is not {named}. {_CONVERT_TEXT}") from None


def _kind(data: bytes) -> tuple[str, str] | None:
    """What a file that is no text is, and the way out; None for a text."""
    if data.startswith(b"PK\x03\x04"):
        return _zip_kind(data)
    if data[257:262] == b"ustar":
        return "a tar archive", "Unpack it and name the file inside."
    if data.startswith(b"PAR1"):
        return "a parquet file", "load_examples reads it."
    head = data[:200].lstrip().lower()
    if head.startswith(tuple(start.encode() for start in _PAGE)):
        return "a web page", _RAW
    return next((kind for magic, kind in _OTHER.items() if data.startswith(magic)), None)


def _zip_kind(data: bytes) -> tuple[str, str]:
    import zipfile

    try:
        names = zipfile.ZipFile(io.BytesIO(data)).namelist()
    except zipfile.BadZipFile:
        return "a damaged zip archive", "Download it again."
    if "xl/workbook.xml" in names:
        return "an Excel file (.xlsx)", "Save the sheet as CSV in UTF-8."
    if "mimetype" in names or "[Content_Types].xml" in names:
        return "an office document", "Save the table as CSV in UTF-8."
    shown = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
    return f"a zip archive of {shown or 'nothing'}", "Unpack it and name the file inside."
