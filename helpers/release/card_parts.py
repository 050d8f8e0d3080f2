"""What data cards and model cards share: sections, reading a run's files, and safe text.

A run may come from somebody else, and a hub shows a card as a web page. So each value in the place
of a number must be a number, and every other text from a run passes through :func:`plain`, which
removes the effect of markup, pictures and links.
"""

import html
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from helpers.files.file_kinds import DataError
from helpers.files.printable import printable
from helpers.files.received import ReceivedError, read_json
from helpers.io import read_jsonl
from helpers.release.licences import LicenceChain, Terms

# Characters that Markdown or HTML may read as markup. An underscore inside a word is harmless.
_MARKUP = re.compile(
    r"[\\`*\[\]|~$]|(?<!\w)_|_(?!\w)|(?<=\w):(?=//)|/(?=/)|(?<=www)\.|@(?=\w)", re.I
)
_LINE_START = re.compile(r"^(?:[#+=:-]|\d{1,9}(?=[.)]))")  # of a heading, a list or a rule


class RunFiles(Protocol):
    """The part of a run (``helpers.run.Run``) that a card is written from."""

    folder: Path

    def path(self, name: str) -> Path:
        """Path of a file of the run."""

    def manifest(self) -> Mapping[str, Any]:
        """The run's manifest."""


class Section(NamedTuple):
    """The lines of a card's section, and what it should say but the run does not know."""

    lines: list[str]
    missing: tuple[str, ...] = ()


def card_text(sections: Iterable[Section]) -> str:
    """The Markdown text of a card; its last section lists what is missing."""
    sections = list(sections)
    if missing := [words for section in sections for words in section.missing]:
        sections.append(Section(["## Missing", "", f"No run has filled in: {', '.join(missing)}."]))
    return "\n\n".join("\n".join(section.lines) for section in sections if section.lines) + "\n"


def plain(text: object) -> str:
    """A text from a run as Markdown that shows its characters and has no other effect.

    The result is one line, because a blank line could begin a heading or a table.
    """
    line = " ".join(printable(str(text)).split())
    line = _MARKUP.sub(lambda found: "\\" + found[0], line)
    line = _LINE_START.sub(lambda b: f"{b[0]}\\" if b[0].isdigit() else f"\\{b[0]}", line)
    return html.escape(line, quote=False)


def with_plain_names(links: LicenceChain) -> list[tuple[str, str, Terms]]:
    """A licence chain with the names of its models as :func:`plain` text."""
    return [(part, plain(name), terms) for part, name, terms in links]


def read_rows(run: RunFiles, name: str) -> list[Any] | None:
    """The rows of a JSON Lines file of the run; None if there is no such file."""
    return read_jsonl(run.path(name)) if run.path(name).is_file() else None


def read_numbers(run: RunFiles, name: str, texts: Collection[str] = ()) -> dict[str, Any] | None:
    """The JSON object in a file of the run, all of whose values are numbers, lists or objects.

    ``texts`` are the places where a text is allowed, such as ``judge.headline``. Returns None if
    there is no such file; raises DataError for any other content.
    """
    path = run.path(name)
    if not path.exists():
        return None
    try:
        content = read_json(path)
    except ReceivedError as error:
        raise DataError(f"{error} Run its lesson again.") from None
    if not isinstance(content, dict):
        raise DataError(f"{path}: expected a JSON object with figures. Run its lesson again.")
    require_numbers(content, f"{path}:", texts)
    return content


def require_numbers(values: object, where: str, texts: Collection[str] = ()) -> None:
    """Raise DataError for a text in the place of a number, at any depth of dicts and lists.

    ``where`` names the values in the message; ``texts`` are the places where a text is allowed.
    """
    places: list[tuple[str, object]] = [("", values)]
    while places:
        place, value = places.pop()
        if isinstance(value, dict | list):
            items = value.items() if isinstance(value, dict) else enumerate(value)
            places += [(f"{place}.{key}".strip("."), item) for key, item in items]
        elif place not in texts and not isinstance(value, int | float | None):
            raise DataError(
                f"{where} {printable(place)} is {str(value)!r:.60}, expected a number. Run its "
                "lesson again."
            )
