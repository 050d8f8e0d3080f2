"""What kind of file is this? Told by its first bytes, because a file's name may be wrong.

Text is read as UTF-8, UTF-16 or UTF-32, with or without a byte-order mark, plain or compressed.
Every other kind is named in the error, with the way to convert it. The rows in a file are read by
:mod:`helpers.safe_io.file_rows`.
"""

import bz2
import gzip
import io
import json
import lzma
import re
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from helpers.safe_io.writing import NoFileError, read_regular


class DataError(ValueError):
    """A file or row that is not what it should be; the message names the place and the way out."""


_UNPACK: dict[bytes, Callable[[BinaryIO], BinaryIO]] = {
    b"\x1f\x8b": lambda file: gzip.GzipFile(fileobj=file),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\0": lzma.LZMAFile,
}
LAYERS = 2  # of compression, one inside the other
MOST = 2_000_000_000  # bytes that a file may have when it is unpacked
# A file of 300 bytes can unpack to 150 MB. Rows that people wrote shrink to a fifth at best.
HARMLESS, RATIO = 100_000_000, 1000
_PIECE = 1 << 20
_ARROW = 'Convert it: datasets.Dataset.from_file("…").to_json("rows.jsonl").'
_PANDAS = '.to_json("rows.jsonl", orient="records", lines=True).'
_NO_TABLE = "Put its tasks into a CSV or JSON Lines file."
_PICKLE = ("a pickle, which may run code when it is opened", "Ask for JSON or parquet.")
_PICTURE = ("a picture", _NO_TABLE)
_SOUND = ("a sound file", _NO_TABLE)
_WEIGHTS = ("a model's weights", "Name the file that holds the rows.")
_PROGRAM = ("a program", "Name the file that holds the rows.")
# The first bytes of what cannot be read here: the kind, and the way out.
_OTHER = {
    b"\xd0\xcf\x11\xe0": ("an old Excel file (.xls)", "Save it as CSV in UTF-8."),
    b"ARROW1": ("an Arrow file", _ARROW),
    b"\xff\xff\xff\xff": ("an Arrow stream", _ARROW),
    b"FEA1": ("a Feather file", f'Convert it: pandas.read_feather("…"){_PANDAS}'),
    b"ORC": ("an ORC file", f'Convert it: pandas.read_orc("…"){_PANDAS}'),
    b"Obj\x01": ("an Avro file", "Convert it to JSON Lines, e.g. `fastavro FILE > rows.jsonl`."),
    b"\x89HDF\r\n\x1a\n": ("an HDF5 file", f'Convert it: pandas.read_hdf("…"){_PANDAS}'),
    b"\x93NUMPY": ("a NumPy array", f'Convert it: pandas.DataFrame(numpy.load("…")){_PANDAS}'),
    b"RDX2": ("an R data file", "Save it in R as CSV: write.csv(rows, file)."),
    b"RDX3": ("an R data file", "Save it in R as CSV: write.csv(rows, file)."),
    b"<stata_dta>": ("a Stata file", f'Convert it: pandas.read_stata("…"){_PANDAS}'),
    b"\x28\xb5\x2f\xfd": ("compressed with zstd", "Unpack it with `unzstd`."),
    b"\x04\x22\x4d\x18": ("compressed with LZ4", "Unpack it with `unlz4`."),
    b"\xff\x06\0\0sNaPpY": ("compressed with Snappy", "Unpack it with `snzip -d`."),
    b"LZIP": ("compressed with lzip", "Unpack it with `lzip -d`."),
    b"\x1f\x9d": ("compressed with compress (.Z)", "Unpack it with `uncompress`."),
    b"7z\xbc\xaf": ("a 7z archive", "Unpack it and name the file inside."),
    b"Rar!": ("a rar archive", "Unpack it and name the file inside."),
    b"SQLite format 3": (
        "an SQLite database",
        f'Convert it: pandas.read_sql("select * from …", connection){_PANDAS}',
    ),
    b"%PDF": ("a PDF", "Copy its tasks into a CSV or JSON Lines file."),
    b"{\\rtf": ("a rich text file (.rtf)", "Copy its tasks into a CSV or JSON Lines file."),
    b"<?xml": ("an XML file", f'Convert it: pandas.read_xml("…"){_PANDAS}'),
    **{bytes([0x80, protocol]): _PICKLE for protocol in (2, 3, 4, 5)},
    **dict.fromkeys((b"\x89PNG", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"II*\0"), _PICTURE),
    **dict.fromkeys((b"ID3", b"OggS", b"fLaC", b"\xff\xfb", b"\xff\xf3"), _SOUND),
    b"RIFF": ("a picture, sound or film", _NO_TABLE),
    b"GGUF": _WEIGHTS,
    b"\x7fELF": _PROGRAM,
    b"MZ\x90": _PROGRAM,
    b"version https://git-lfs": (
        "a Git LFS pointer, not the data itself",
        "Fetch the data with `git lfs pull`.",
    ),
}
_LATER = {  # where it is not the first bytes that tell: (from, to)
    (257, 262): (b"ustar", ("a tar archive", "Unpack it and name the file inside.")),
    (4, 8): (b"ftyp", ("a film or picture", _NO_TABLE)),
    (4, 9): (b"\0\0\0\0{", _WEIGHTS),
    (8, 12): (b"DUCK", ("a DuckDB database", "Export the table: COPY … TO 'rows.csv'.")),
}
_PAGE = ("<!doctype html", "<html")
_EXPORT = "Export its rows as JSON Lines or CSV in UTF-8."
_RAW = "Download the file itself (on GitHub: the button Raw)."
_CONVERT_TEXT = (
    'Save the file as UTF-8 and try again, e.g. text = Path("…").read_text("cp1252") (Korean: '
    '"cp949"), then Path("new…").write_text(text, "utf-8").'
)


def read_bytes(path: Path) -> bytes:
    """The bytes of a file. Raises DataError for a file that is missing, a folder or a pipe."""
    try:
        return read_regular(path)
    except FileNotFoundError:
        raise DataError(
            f"{path}: no such file. Check the path, or run the lesson that writes it."
        ) from None
    except IsADirectoryError:
        raise DataError(f"{path}: is a folder, expected a file.") from None
    except NoFileError as error:
        raise DataError(str(error)) from None


def decompress(data: bytes, path: Path) -> bytes:
    """The bytes inside a gzip, bzip2 or xz file, or one inside the other; others as they are.

    Raises DataError for a file that is damaged, and for one that grows beyond all measure.
    """
    packed = len(data)
    for _ in range(LAYERS):
        opened = _opener(data)
        if opened is None:
            return data
        try:
            data = _read_pieces(opened(io.BytesIO(data)), packed, path)
        except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
            raise DataError(
                f"{path}: is compressed, but damaged or cut ({error}). Download it again."
            ) from None
    if _opener(data):
        raise DataError(f"{path}: is compressed more than twice. Unpack it first.")
    return data


def check_size(size: int, packed: int, path: Path) -> None:
    """Raise DataError where ``packed`` bytes of a file hold ``size`` bytes, which is too much."""
    if size > MOST:
        raise DataError(
            f"{path}: unpacked, it has more than {MOST:,} bytes, which are allowed. Split it."
        )
    if size > HARMLESS and size > RATIO * packed:
        raise DataError(
            f"{path}: unpacked, it has more than {RATIO:,} times its size ({packed:,} bytes). No "
            "file of rows is like that: get it from somebody you trust, or unpack it yourself."
        )


def _opener(data):
    return next((opened for magic, opened in _UNPACK.items() if data.startswith(magic)), None)


def _read_pieces(file, packed, path):
    whole = io.BytesIO()
    with file:
        while piece := file.read(_PIECE):
            whole.write(piece)
            check_size(whole.tell(), packed, path)
    return whole.getvalue()


def decode(data: bytes, path: Path) -> str:
    """Bytes of a text file as text, without a byte-order mark. Raises DataError for other kinds."""
    encoding, kind = json.detect_encoding(data), _kind(data)
    if not kind:
        try:
            return data.decode(encoding).removeprefix("\ufeff")
        except UnicodeDecodeError as error:
            kind = _unknown(data)
            if not kind:
                named = "UTF-8" if encoding.startswith("utf-8") else encoding.upper()
                raise DataError(
                    f"{path}: byte {error.start} is not {named}. {_CONVERT_TEXT}"
                ) from None
    name, way_out = kind
    raise DataError(
        f"{path}: is {name}, expected JSON Lines, a JSON list, CSV, TSV or parquet. {way_out}"
    )


def type_name(value: object) -> str:
    """``an int``, ``a list``: the type of a value, for an error."""
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _kind(data: bytes) -> tuple[str, str] | None:
    """What a file that is no text is, and the way out; None for a text."""
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_kind(data)
    if data.startswith(b"PAR1"):
        return "a parquet file", "load_examples reads it."
    head = data[:200].lstrip().lower()
    if head.startswith(tuple(start.encode() for start in _PAGE)):
        return "a web page", _RAW
    if _is_table(data):  # whose first column may be called "ORCID"
        return None
    found = [kind for magic, kind in _OTHER.items() if data.startswith(magic)]
    if not data.isascii() or b"\0" in data:
        found += [kind for (at, to), (magic, kind) in _LATER.items() if data[at:to] == magic]
    return found[0] if found else None


def _is_table(data: bytes) -> bool:
    """Whether bytes begin with a line of plain words with separators between them."""
    line = re.split(rb"[\r\n]", data[:2000], maxsplit=1)[0]
    return bool(re.fullmatch(rb"[\w\"'][ -~\t]*[,;|\t][ -~\t]*", line))


def _unknown(data: bytes) -> tuple[str, str] | None:
    """The kind of a file that holds bytes no text has; None where it may be a text."""
    control = re.search(rb"[\0-\x08\x0e-\x1a\x1c-\x1f]", data[:4096])
    shown = data[:8].hex(" ")
    return (f"no text (it begins with the bytes {shown})", _EXPORT) if control else None


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
