"""Recognise the kind of a file by its first bytes, because its name may be wrong.

Text may be UTF-8, UTF-16 or UTF-32, with or without a byte-order mark. For every other kind the
error message names the kind and says how to convert the file.
"""

import io
import json
import re
import zipfile
from pathlib import Path

from helpers.files.regular_files import NoFileError, read_regular


class DataError(ValueError):
    """A file or row that cannot be used. The message names the place and says how to fix it."""


_ARROW = 'Convert it: datasets.Dataset.from_file("…").to_json("rows.jsonl").'
_PANDAS = '.to_json("rows.jsonl", orient="records", lines=True).'
_NO_TABLE = "Put its tasks into a CSV or JSON Lines file."
_PICKLE = ("a pickle, which may run code when it is opened", "Ask for JSON or parquet.")
_PICTURE = ("a picture", _NO_TABLE)
_SOUND = ("a sound file", _NO_TABLE)
_WEIGHTS = ("a model's weights", "Pass the path of the file that holds the rows.")
_PROGRAM = ("a program", "Pass the path of the file that holds the rows.")
# Kinds of file that are not read, by their first bytes: the name of the kind, and what to do.
_BY_FIRST_BYTES = {
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
    b"7z\xbc\xaf": ("a 7z archive", "Unpack it and pass the path of a file inside."),
    b"Rar!": ("a rar archive", "Unpack it and pass the path of a file inside."),
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
# Kinds that are recognised by later bytes: (begin, end) of those bytes, and what they are.
_BY_LATER_BYTES = {
    (257, 262): (b"ustar", ("a tar archive", "Unpack it and pass the path of a file inside.")),
    (4, 8): (b"ftyp", ("a film or picture", _NO_TABLE)),
    (4, 9): (b"\0\0\0\0{", _WEIGHTS),
    (8, 12): (b"DUCK", ("a DuckDB database", "Export the table: COPY … TO 'rows.csv'.")),
}
_WEB_PAGE = (b"<!doctype html", b"<html")
_CONVERT_TEXT = (
    'Save the file as UTF-8 and try again, e.g. text = Path("…").read_text("cp1252") (Korean: '
    '"cp949"), then Path("new…").write_text(text, "utf-8").'
)


def read_bytes(path: Path) -> bytes:
    """The bytes of a file. Raises DataError if it is missing, a folder, a pipe or a device."""
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


def decode(data: bytes, path: Path) -> str:
    """Bytes of a text file as text, without a byte-order mark. Raises DataError for other kinds."""
    encoding, kind = json.detect_encoding(data), _recognised_kind(data)
    if not kind:
        try:
            return data.decode(encoding).removeprefix("\ufeff")
        except UnicodeDecodeError as error:
            kind = _binary_kind(data)
            if not kind:
                expected = "UTF-8" if encoding.startswith("utf-8") else encoding.upper()
                raise DataError(
                    f"{path}: byte {error.start} is not {expected}. {_CONVERT_TEXT}"
                ) from None
    name, what_to_do = kind
    raise DataError(
        f"{path}: is {name}, expected JSON Lines, a JSON list, CSV, TSV or parquet. {what_to_do}"
    )


def type_name(value: object) -> str:
    """``an int``, ``a list``: the type of a value, for an error message."""
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _recognised_kind(data: bytes) -> tuple[str, str] | None:
    """The name of a kind that is not text, and what to do about it; None for what may be text."""
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_kind(data)
    if data.startswith(b"PAR1"):
        return "a parquet file", "load_examples reads it."
    head = data[:200].lstrip().lower()
    if head.startswith(_WEB_PAGE):
        return "a web page", "Download the file itself (on GitHub: the button Raw)."
    if _is_table(data):  # its first column may be called "ORCID", which begins like an ORC file
        return None
    found = [kind for magic, kind in _BY_FIRST_BYTES.items() if data.startswith(magic)]
    if not data.isascii() or b"\0" in data:
        found += [
            kind for (begin, end), (magic, kind) in _BY_LATER_BYTES.items()
            if data[begin:end] == magic
        ]  # fmt: skip
    return found[0] if found else None


def _is_table(data: bytes) -> bool:
    """Whether bytes begin with a line of plain words with separators between them."""
    line = re.split(rb"[\r\n]", data[:2000], maxsplit=1)[0]
    return bool(re.fullmatch(rb"[\w\"'][ -~\t]*[,;|\t][ -~\t]*", line))


def _binary_kind(data: bytes) -> tuple[str, str] | None:
    """The kind of a file with control characters, which text does not contain; else None."""
    if not re.search(rb"[\0-\x08\x0e-\x1a\x1c-\x1f]", data[:4096]):
        return None
    name = f"not a text file (it begins with the bytes {data[:8].hex(' ')})"
    return name, "Export its rows as JSON Lines or CSV in UTF-8."


def _zip_kind(data: bytes) -> tuple[str, str]:
    """The kind of a file that is a zip archive, such as Excel's, and what to do about it."""
    try:
        names = zipfile.ZipFile(io.BytesIO(data)).namelist()
    except zipfile.BadZipFile:
        return "a damaged zip archive", "Download it again."
    if "xl/workbook.xml" in names:
        return "an Excel file (.xlsx)", "Save the sheet as CSV in UTF-8."
    if "mimetype" in names or "[Content_Types].xml" in names:
        return "an office document", "Save the table as CSV in UTF-8."
    shown = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
    return (
        f"a zip archive of {shown or 'nothing'}",
        "Unpack it and pass the path of a file inside.",
    )
