"""Find leaks in a file: texts are searched in pieces, and weights are searched for keys only."""

import hashlib
import json
import mmap
import re
from collections.abc import Iterator
from pathlib import Path

from helpers.release.leaks.paths import PROSE, ROWS, SETTINGS
from helpers.release.leaks.text import Leak, leaks, unescaped

TEXT = {".json", ".jsonl", ".md", ".txt", ".jinja", ".yaml"}
TEXT_NAMES = {"LICENSE", "NOTICE", "Modelfile", ".gitattributes"}
VOCABULARIES = {"tokenizer.json", "vocab.json", "vocab.txt", "merges.txt"}
PIECE = 16_000_000  # bytes of a file that are searched at once
OVERLAP = 4096  # bytes; a key across a border is complete in one of two pieces
# Bytes of weights are not text, so a match must be long enough not to be chance.
_KEYS_IN_BYTES = re.compile(
    rb"\b(?:sk-[A-Za-z0-9_-]{20,}|hf_[A-Za-z0-9]{30,}|gh[pousr]_[A-Za-z0-9]{30,}|"
    rb"github_pat_\w{30,}|glpat-[\w-]{20,})|-----BEGIN [A-Z ]*PRIVATE KEY-----"
)


def find_leaks(path: Path, name: str, own: re.Pattern[str]) -> Iterator[Leak]:
    """Find leaks in the file at ``path``, which errors call ``name``.

    ``own`` is a pattern of this machine's folders (``own_folders``).
    """
    if path.stat().st_size == 0:
        return
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if path.suffix in TEXT or path.name in TEXT_NAMES:
            yield from _in_text(path, data, name, own)
        else:
            yield from _in_bytes(data, name, own)


def _in_text(path: Path, data: mmap.mmap, name: str, own: re.Pattern[str]) -> Iterator[Leak]:
    kind, encoding, lines = _kind(path, data), json.detect_encoding(data[:4]), 0
    for start in range(0, len(data), PIECE):
        overlap = OVERLAP if start + PIECE < len(data) else 0
        text = data[start : start + PIECE + overlap].decode(encoding, errors="replace")
        for leak in leaks(text, name, kind, own):
            yield Leak(leak.what, leak.line + lines, leak.name)
        lines += data[start : start + PIECE].count(b"\n")


def _in_bytes(data: mmap.mmap, name: str, own: re.Pattern[str]) -> Iterator[Leak]:
    """Leaks in weights: keys anywhere, paths at the beginning, and keys in the metadata."""
    for key in _KEYS_IN_BYTES.finditer(data):
        yield Leak("what looks like a key", 1, _leak_name(name, key[0]))
    for folder in own.finditer(data[:PIECE].decode("latin-1")):
        yield Leak("a path of this machine", 1, _leak_name(name, folder[0].encode()))
    metadata = _metadata(data).decode("latin-1")
    for text in {metadata, unescaped(metadata)}:
        yield from (leak for leak in leaks(text, name, ROWS) if "key" in leak.what)


def _leak_name(name: str, content: bytes) -> str:
    return f"{name}:{hashlib.sha256(content).hexdigest()[:8]}"


def _metadata(data: mmap.mmap) -> bytes:
    """The free text in the JSON header of a safetensors file; empty if there is none."""
    header = data[8 : 8 + min(PIECE, int.from_bytes(data[:8], "little"))]
    found = re.search(rb'"__metadata__"\s*:\s*\{(?:[^"{}]|"(?:[^"\\]|\\.)*+")*+\}', header)
    return found[0] if found else b""


def _kind(path: Path, data: mmap.mmap) -> str:
    """Whether a text file holds rows of tasks, prose, or settings."""
    if path.suffix == ".jsonl" or path.name in VOCABULARIES:
        return ROWS
    if path.suffix == ".json":
        return ROWS if data[:64].lstrip().startswith(b"[") else SETTINGS
    return PROSE if path.suffix in (".md", ".txt", "") and path.name != "Modelfile" else SETTINGS
