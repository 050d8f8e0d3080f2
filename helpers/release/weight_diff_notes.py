"""The notes of a weight diff: what ``diff.json`` holds, and checks for a diff of unknown origin."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict

from helpers.files.bounded_json import bounded_json
from helpers.files.received import read_json
from helpers.training.checksums import Checksum, is_checksum
from helpers.training.weights import Weights

NOTES_FILE = "diff.json"
NAMES = "tensors"  # key in the header of a diff's file: the names of all tensors of the tuned model


class DiffError(ValueError):
    """A diff that cannot be applied; the message says why and what to do."""


class DiffNote(TypedDict):
    """What ``diff.json`` holds about one tensor of the tuned model.

    ``file`` is the name of its file. ``base`` and ``tuned`` are its checksums in the two models;
    ``base`` is None for a tensor that the base lacks. ``stored`` says whether the diff holds its
    bits; if not, its numbers are those of the base.
    """

    file: str
    base: Checksum | None
    tuned: Checksum
    stored: bool


def read_notes(diff: str | Path) -> dict[str, DiffNote]:
    """The notes of a diff, with every field checked, since a diff may come from anybody.

    A file name with a folder in it, for example, would write outside the new folder. Raises
    DiffError.
    """
    path = Path(diff) / NOTES_FILE
    try:
        notes = read_json(path)
    except (OSError, ValueError):
        notes = None
    if not isinstance(notes, dict) or not all(map(_is_note, notes.values())):
        raise DiffError(
            f"{path} is missing or not whole, so {diff} is no finished diff. Make it again with "
            "make_diff, or get it again."
        )
    return notes


def _is_note(note: Any) -> bool:
    """Whether a value has the form of a :class:`DiffNote`, and names a file without a folder."""
    if not isinstance(note, dict) or not {"file", "base", "tuned", "stored"} <= set(note):
        return False
    file, base = note["file"], note["base"]
    if not isinstance(file, str) or Path(file).name != file:
        return False
    named = file.endswith(".safetensors") and not file.startswith(".")
    sound = is_checksum(note["tuned"]) and (not base or is_checksum(base))
    return named and sound and isinstance(note["stored"], bool)


def check_names(notes: Mapping[str, DiffNote], change: Weights, before: Weights) -> None:
    """Raise DiffError naming a tensor of the tuned model that the notes lack."""
    expected = set(change.files)
    for path in sorted(change.folder.glob("*.safetensors")):
        listed = _listed_names(path)
        # Another program may save a file without the list. Then the base's tensors are expected.
        expected |= set(before.files if listed is None else listed)
    missing = sorted(expected - set(notes))
    if missing:
        raise DiffError(
            f"{change.folder / NOTES_FILE} is not whole: it lacks {len(missing)} of "
            f"{len(expected | set(notes))} tensors, {missing[0]} among them. Get the diff again."
        )


def _listed_names(path: Path) -> list[str] | None:
    """The names of all tensors, from the header of a diff's file; None if it has no such list."""
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        listed = (file.metadata() or {}).get(NAMES)
    if listed is None:
        return None
    try:
        names = bounded_json(listed)
    except ValueError:
        names = None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise DiffError(f"{path} is damaged: its header lists no tensors. Get the diff again.")
    return names
