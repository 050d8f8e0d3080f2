"""Cleaning imported rows in one call, with a reason for every row that changes or goes.

Repaired is only what is certain: a spelling of "no input", a misread apostrophe, a stray control
character. Everything else that is wrong is dropped, never rewritten. Nothing is judged here that
only a reader can judge: wrong answers stay.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from helpers.data.cleaning.duplicates import find_duplicates, short
from helpers.data.cleaning.emptiness import without_no_input
from helpers.data.cleaning.faults import fault_of
from helpers.data.cleaning.repairs import repair_characters, repair_marks, repair_markup
from helpers.data.filters import LANGUAGES
from helpers.io import FIELDS
from helpers.safe_io.file_kinds import type_name


@dataclass(frozen=True)
class Dropped:
    """A row that was left out: which one (from 0), as it came, its class of fault, and why."""

    position: int
    row: object
    fault: str
    reason: str


@dataclass(frozen=True)
class Repaired:
    """A kept row before and after one repair. A row with two repairs has two of these."""

    position: int
    before: dict
    after: dict
    fault: str


@dataclass
class Cleaning:
    """What :func:`clean_examples` returns: every row is either in ``kept`` or in ``dropped``.

    ``kept`` holds the rows as they are after the repairs, in their order.
    """

    kept: list[dict] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    repaired: list[Repaired] = field(default_factory=list)

    def report(self) -> list[dict]:
        """A table of what was done: each class, how many rows, and the first as an example."""
        entries = [("dropped", one.fault, one.reason, one.row) for one in self.dropped]
        entries += [("repaired", one.fault, _change(one), one.before) for one in self.repaired]
        counts = Counter((done, fault) for done, fault, _, _ in entries)
        first = {}
        for done, fault, why, row in entries:
            shown = row.get("instruction", row) if isinstance(row, dict) else row
            first.setdefault((done, fault), (why, shown))
        return [
            {
                "done": done,
                "class": fault,
                "rows": count,
                "example": short(first[done, fault][1]),
                "why": first[done, fault][0],
            }
            for (done, fault), count in sorted(counts.items(), key=lambda item: -item[1])
        ]

    def __str__(self) -> str:
        changed = len({one.position for one in self.repaired})
        total = len(self.kept) + len(self.dropped)
        return f"{len(self.kept):,} of {total:,} rows kept, {changed:,} of them repaired"


def clean_examples(
    rows: Iterable[dict], language: str = "en", threshold: float | None = 0.7
) -> Cleaning:
    """Inspect imported rows, repair what is certain, and drop what would teach something wrong.

    ``language`` is that of rows that name none themselves. Two rows are near-duplicates if the
    ROUGE-L of their instructions, and of their inputs where they have any, is above ``threshold``;
    the first one stays. None looks for exact duplicates only. Raises ValueError for a language
    without filters.
    """
    if language not in LANGUAGES:
        raise ValueError(
            f"language={language!r} has no filters; choose one of {', '.join(LANGUAGES)}."
        )
    result, sound = Cleaning(), {}
    for position, row in enumerate(rows):
        fault = _malformed(row)
        after, repairs = (row, []) if fault else _repair(position, row)
        fault = fault or _malformed(after) or fault_of(_in_language(after, language))
        if fault:
            result.dropped.append(Dropped(position, row, *fault))
        else:
            sound[position] = (row, after, repairs)
    repeated = find_duplicates({at: after for at, (_, after, _) in sound.items()}, threshold)
    for position, (row, after, repairs) in sound.items():
        if position in repeated:
            result.dropped.append(Dropped(position, row, *repeated[position]))
        else:
            result.kept.append(after)
            result.repaired += repairs
    result.dropped.sort(key=lambda one: one.position)
    return result


def _in_language(row: dict, language: str) -> dict:
    return row if row.get("language") else {**row, "language": language}


def _malformed(row: object) -> tuple[str, str] | None:
    if not isinstance(row, dict):
        return "not a task", f"found {type_name(row)}, expected an object"
    for name in FIELDS:
        value = row.get(name, "" if name == "input" else None)
        if not isinstance(value, str) and not (name == "input" and value is None):
            return "not a task", f"{name!r} is {type_name(value)}, expected text"
    return None if row["instruction"].strip() else ("not a task", "the instruction is empty")


def _repair(position: int, row: dict) -> tuple[dict, list[Repaired]]:
    """The row after all repairs, and each of them, one on top of the other."""
    done, row = [], row if row.get("input") is not None else {**row, "input": ""}
    for fault, repair in _REPAIRS.items():
        after = repair(row)
        if after != row:
            done.append(Repaired(position, row, after, fault))
            row = after
    return row, done


def _characters(row: dict) -> dict:
    return row | {name: repair_characters(row[name]) for name in FIELDS}


def _markup(row: dict) -> dict:
    about = "\n".join((row["instruction"], row["input"]))
    repaired = {name: repair_markup(row[name], about) for name in FIELDS}
    return row | repaired | {"output": repair_marks(repaired["output"], about)}


def _no_input(row: dict) -> dict:
    return row | {"input": without_no_input(row["input"], row["instruction"])}


def _input_twice(row: dict) -> dict:
    given, instruction = (" ".join(row[name].split()) for name in ("input", "instruction"))
    return row | {"input": "" if given == instruction else row["input"]}


_REPAIRS: dict[str, Callable[[dict], dict]] = {
    "stray characters": _characters,
    "stray markup": _markup,
    "says there is no input": _no_input,
    "input repeats the instruction": _input_twice,
}


def _change(one: Repaired) -> str:
    name = next(name for name in FIELDS if one.before.get(name) != one.after[name])
    return f"{name}: {short(one.before.get(name))!r} is now {short(one.after[name])!r}"
