"""Find in a text what must not be published: keys, passwords, and paths of somebody's machine.

The text is searched as it is and with its escapes decoded (in an address, ``%68`` is an h). Keys
and passwords are found by ``keys``, paths by ``paths``.

The rules miss some leaks and report some harmless text (``benchmarks/leaks.py`` measures both). So
each finding has a name, by which a person who has checked it can allow it.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from helpers.release.leaks.keys import find_keys
from helpers.release.leaks.paths import ROWS, find_paths

WINDOW, OVERLAP = 4000, 1000  # characters; patterns run over short pieces, so that none is slow


@dataclass(frozen=True)
class Leak:
    """A finding in a file: ``what`` it looks like, in which ``line``, and its ``name``.

    The name consists of the file's name and a hash of the text that was found. A person can allow
    this finding by its name, and another text in the same place is still reported.
    """

    what: str
    line: int
    name: str


def leaks(text: str, file: str, kind: str, own: re.Pattern[str] | None = None) -> list[Leak]:
    """Find everything in a text that must not be published, sorted by line.

    ``file`` is the name of its file. ``kind`` is ``"rows"`` (of tasks), ``"prose"`` or
    ``"settings"``. ``own`` is a pattern of this machine's folders (``own_folders``).
    """
    found = _leaks(text, file, kind, own)
    for _ in range(3):  # an escape may itself be escaped
        decoded = unescaped(text)
        if decoded == text:
            break
        text = decoded
        found = {**_leaks(text, file, ROWS, own), **found}
    return sorted(found.values(), key=lambda leak: leak.line)


def _leaks(
    text: str, file: str, kind: str, own: re.Pattern[str] | None
) -> dict[tuple[int, str], Leak]:
    """Findings by line and type: several rules may find one key, and its first match counts."""
    found: dict[tuple[int, str], Leak] = {}
    line, counted = 1, 0  # the line of position ``counted``
    for begin in range(0, max(1, len(text)), WINDOW):
        # A leak across a border is complete in one of two windows, because they overlap.
        piece = text[begin : begin + WINDOW + OVERLAP]
        for what, at, secret in sorted(_matches(piece, kind, own), key=lambda match: match[1]):
            at += begin
            line += text.count("\n", counted, at) if at > counted else 0
            counted = max(counted, at)
            digest = hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()[:8]
            found.setdefault((line, what.partition(" (")[0]), Leak(what, line, f"{file}:{digest}"))
    return found


def _matches(text: str, kind: str, own: re.Pattern[str] | None) -> Iterator[tuple[str, int, str]]:
    """What each match looks like, its position, and its text."""
    for at, secret in find_keys(text):
        yield "what looks like a key", at, secret
    for at, path in find_paths(text, kind, own):
        yield f"a path of this machine or of another ({path[:60]})", at, path


# Escapes of one ASCII character: \u0068 (JSON), \U00000068 and \x68 (YAML), &#104; and &#x68;
# (HTML), %68 (addresses).
_ESCAPES = re.compile(
    r"(?<!\\)\\++(?:u00|U000000|x)(?P<backslash>[2-7][0-9a-f])|%(?P<percent>[2-7][0-9a-f])"
    r"|&#x0{0,4}(?P<html>[2-7][0-9a-f]);|&#0{0,4}(?P<decimal>[3-9][0-9]|1[01][0-9]|12[0-6]);",
    re.I,
)


def unescaped(text: str) -> str:
    """The text with escapes of ASCII characters replaced by the characters."""
    return _ESCAPES.sub(_character, text)


def _character(escape: re.Match[str]) -> str:
    if escape["decimal"]:
        return chr(int(escape["decimal"]))
    return chr(int(escape["backslash"] or escape["percent"] or escape["html"], 16))
