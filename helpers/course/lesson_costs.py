"""What a lesson takes: minutes, memory and money by profile, where it was measured.

A file of its own because the figures outlive the runs they come from: ``data/measured.json`` holds
them, each with the machine it was measured on, and a lesson's head shows them. A profile that was
never measured says so.
"""

import json
import re
from pathlib import Path

from helpers.profiles import PROFILES
from helpers.safe_io.writing import write_text

MEASURED = Path("data/measured.json")
SHOWN = ("laptop", "tiny", "colab_t4", "colab_l4")
DOWNLOADS = "besides what the session costs; the student is downloaded from the hub"


def measured(path=MEASURED):
    """``{profile: {"machine": …, lesson: {"seconds", "bytes"}}}``; empty without the file."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def record_costs(profile, machine, lessons, path=MEASURED):
    """Keep what lessons took under a profile: ``{lesson: {"seconds", "bytes"}}``."""
    known = measured(path)
    before = known.get(profile, {}) if known.get(profile, {}).get("machine") == machine else {}
    known[profile] = {"machine": machine, **before, **lessons}
    write_text(path, json.dumps(known, indent=1) + "\n")


def cost_table(lesson, path=MEASURED):
    """What a lesson takes under each profile, as a small table in text."""
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


def with_costs(text, lesson, path=MEASURED):
    """A text in which the table of :func:`cost_table` is the one that holds now."""
    rows = "|".join(SHOWN)
    table = rf"profile +minutes +memory +money(\n({rows}) .*)*(\n\(measured on .*\))*"
    return re.sub(table, lambda _: cost_table(lesson, path), text)


def describe_lesson(run, lesson):
    """Lines for a lesson's head: profile, run folder, and what the lesson takes."""
    return f"profile {run.profile.name}, run folder {run.folder}\n\n{cost_table(lesson)}\n"
