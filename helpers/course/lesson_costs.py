"""What each lesson takes under each profile: minutes, memory and money.

``data/measured.json`` holds the figures, with the machine on which they were measured. The head of
each lesson shows them. It also says which profiles were never measured.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict

from helpers.files.writing import write_text
from helpers.profiles import PROFILES
from helpers.run import Run

MEASURED = Path("data/measured.json")
SHOWN = ("laptop", "tiny", "colab_t4", "colab_l4")
DOWNLOADS = "besides what the session costs; the student is downloaded from the hub"


class LessonCost(TypedDict):
    """What one lesson took: seconds, and the most bytes of memory of all its processes."""

    seconds: float
    bytes: int


def measured(path: Path = MEASURED) -> dict[str, dict[str, Any]]:
    """The figures of each profile: ``{"machine": …, lesson: LessonCost}``; empty without a file."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def record_costs(
    profile: str, machine: str, lessons: Mapping[str, LessonCost], path: Path = MEASURED
) -> None:
    """Record what lessons took under a profile; figures of another machine are dropped."""
    known = measured(path)
    earlier = known.get(profile, {})
    if earlier.get("machine") != machine:
        earlier = {}
    known[profile] = {"machine": machine, **earlier, **lessons}
    write_text(path, json.dumps(known, indent=1) + "\n")


def cost_table(lesson: str, path: Path = MEASURED) -> str:
    """A table in text: what a lesson takes under each profile."""
    lines, known = [f"{'profile':<10}{'minutes':>9}{'memory':>9}  money"], measured(path)
    for name in SHOWN:
        took = known.get(name, {}).get(lesson)
        figures = f"{'not measured yet':>18}"
        if took:
            figures = f"{took['seconds'] / 60:>9.1f}{took['bytes'] / 1e9:>6.1f} GB"
        money = "none" if PROFILES[name].student == "embedded" else f"none {DOWNLOADS}"
        lines.append(f"{name:<10}{figures}  {money}")
    machines = {known[name]["machine"] for name in SHOWN if lesson in known.get(name, {})}
    return "\n".join(lines + [f"(measured on {machine})" for machine in sorted(machines)])


def with_costs(text: str, lesson: str, path: Path = MEASURED) -> str:
    """A text in which an older table of costs is replaced by the current :func:`cost_table`."""
    rows = "|".join(SHOWN)
    table = rf"profile +minutes +memory +money(\n({rows}) .*)*(\n\(measured on .*\))*"
    return re.sub(table, lambda _: cost_table(lesson, path), text)


def describe_lesson(run: Run, lesson: str) -> str:
    """Text for a lesson's head: the profile, the run folder, and what the lesson takes."""
    return f"profile {run.profile.name}, run folder {run.folder}\n\n{cost_table(lesson)}\n"
