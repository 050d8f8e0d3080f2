"""Clean imported rows in one call, with a reason for every row that changes or is dropped.

A row is only repaired if the correction is certain: a spelling of "no input", a misread apostrophe,
a stray control character. A row with any other fault is dropped, never rewritten. Faults that only
a reader can judge, such as wrong answers, are not detected.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypedDict, cast

from helpers.data.cleaning.character_repair import repair_characters
from helpers.data.cleaning.duplicates import find_duplicates, short
from helpers.data.cleaning.empty_inputs import empty_if_no_input
from helpers.data.cleaning.faults import fault_of
from helpers.data.cleaning.markup_repair import repair_marks, repair_markup
from helpers.data.filters import LANGUAGES
from helpers.files.file_kinds import type_name
from helpers.files.row_shapes import FIELDS, Task

ReportLine = TypedDict(  # in this form, because one of its keys is a keyword of Python
    "ReportLine", {"done": str, "class": str, "rows": int, "example": str, "why": str}
)


@dataclass(frozen=True)
class Dropped:
    """A row that was dropped: its position (from 0), the row as it came, its fault, and why.

    ``fault`` is the class of the fault, ``reason`` a sentence about this row.
    """

    position: int
    row: object
    fault: str
    reason: str


@dataclass(frozen=True)
class Repaired:
    """A kept row before and after one repair. A row with two repairs has two of these."""

    position: int
    before: Task
    after: Task
    fault: str


@dataclass
class Cleaning:
    """What :func:`clean_examples` returns: every row is either in ``kept`` or in ``dropped``.

    ``kept`` holds the repaired rows in their order.
    """

    kept: list[Task] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    repaired: list[Repaired] = field(default_factory=list)

    def report(self) -> list[ReportLine]:
        """A table of what was done: each class with its number of rows and its first example."""
        entries: list[tuple[str, str, str, object]] = [
            *(("dropped", one.fault, one.reason, one.row) for one in self.dropped),
            *(("repaired", one.fault, _change(one), one.before) for one in self.repaired),
        ]
        counts = Counter((done, fault) for done, fault, _, _ in entries)
        first: dict[tuple[str, str], tuple[str, object]] = {}
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
            for (done, fault), count in counts.most_common()
        ]

    def __str__(self) -> str:
        changed = len({one.position for one in self.repaired})
        total = len(self.kept) + len(self.dropped)
        return f"{len(self.kept):,} of {total:,} rows kept, {changed:,} of them repaired"


def clean_examples(
    rows: Iterable[object], language: str = "en", threshold: float | None = 0.7
) -> Cleaning:
    """Inspect imported rows, repair what is certain, and drop rows that would teach a fault.

    ``language`` applies to rows that do not name their own. Two rows are near-duplicates if the
    ROUGE-L of their instructions, and of their inputs if they have any, is above ``threshold``; the
    first one stays. None finds exact duplicates only.

    Raises ValueError for a language without filters.
    """
    if language not in LANGUAGES:
        raise ValueError(
            f"language={language!r} has no filters; choose one of {', '.join(LANGUAGES)}."
        )
    result = Cleaning()
    sound: dict[int, tuple[object, Task, list[Repaired]]] = {}
    for position, row in enumerate(rows):
        fault = _malformed(row)
        if not fault:
            # _malformed has checked the fields.
            task, repairs = _repair(position, cast(Task, row))
            fault = _malformed(task) or fault_of(_with_language(task, language))
        if fault:
            result.dropped.append(Dropped(position, row, *fault))
        else:
            sound[position] = (row, task, repairs)
    repeated = find_duplicates({at: task for at, (_, task, _) in sound.items()}, threshold)
    for position, (row, task, repairs) in sound.items():
        if position in repeated:
            result.dropped.append(Dropped(position, row, *repeated[position]))
        else:
            result.kept.append(task)
            result.repaired += repairs
    result.dropped.sort(key=lambda one: one.position)
    return result


def _with_language(task: Task, language: str) -> Task:
    return task if task.get("language") else {**task, "language": language}


def _malformed(row: object) -> tuple[str, str] | None:
    """``(fault, reason)`` of a row that is no task, or None."""
    if not isinstance(row, dict):
        return "not a task", f"found {type_name(row)}, expected an object"
    for name in FIELDS:
        value = row.get(name, "" if name == "input" else None)
        if not isinstance(value, str) and not (name == "input" and value is None):
            return "not a task", f"{name!r} is {type_name(value)}, expected text"
    return None if row["instruction"].strip() else ("not a task", "the instruction is empty")


def _repair(position: int, task: Task) -> tuple[Task, list[Repaired]]:
    """The task after all repairs, and each repair. Every repair works on the result of the last."""
    if task.get("input") is None:
        task = {**task, "input": ""}
    done = []
    for fault, repair in _REPAIRS.items():
        after = repair(task)
        if after != task:
            done.append(Repaired(position, task, after, fault))
            task = after
    return task, done


def _repair_characters(task: Task) -> Task:
    return {
        **task,
        "instruction": repair_characters(task["instruction"]),
        "input": repair_characters(task["input"]),
        "output": repair_characters(task["output"]),
    }


def _remove_markup(task: Task) -> Task:
    about = "\n".join((task["instruction"], task["input"]))
    return {
        **task,
        "instruction": repair_markup(task["instruction"], about),
        "input": repair_markup(task["input"], about),
        "output": repair_marks(repair_markup(task["output"], about), about),
    }


def _empty_no_input(task: Task) -> Task:
    return {**task, "input": empty_if_no_input(task["input"], task["instruction"])}


def _empty_repeated_input(task: Task) -> Task:
    repeated = task["input"].split() == task["instruction"].split()
    return {**task, "input": "" if repeated else task["input"]}


_REPAIRS: dict[str, Callable[[Task], Task]] = {
    "stray characters": _repair_characters,
    "stray markup": _remove_markup,
    "says there is no input": _empty_no_input,
    "input repeats the instruction": _empty_repeated_input,
}


def _change(repair: Repaired) -> str:
    """The first field that a repair changed, before and after."""
    before: dict[str, object] = {**repair.before}
    after: dict[str, object] = {**repair.after}
    name = next(name for name in FIELDS if before.get(name) != after[name])
    return f"{name}: {short(before.get(name))!r} is now {short(after[name])!r}"
