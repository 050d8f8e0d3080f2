"""Find rows that repeat an earlier one: exactly the same task, or nearly the same.

Two rows are near-duplicates if their instructions are similar, and their inputs too if they have
any: the same request about another text is another task. So inputs are compared first, and then
the instructions of the rows with similar inputs.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from helpers.files.row_shapes import Task
from helpers.io import join_input
from helpers.similarity import RougeIndex, is_above

NEIGHBOURS = 8  # compared with each input; all others if even the last of these is similar


def find_duplicates(
    rows: Mapping[int, Task], threshold: float | None
) -> dict[int, tuple[str, str]]:
    """``{position: (fault, reason)}`` of the rows that repeat an earlier one.

    ``rows`` maps each row's position to the row. ``threshold`` is the ROUGE-L above which two texts
    are similar. None finds exact duplicates only.
    """
    first: dict[str, int] = {}
    found = {}
    for position, row in rows.items():
        task = " ".join(join_input(row).casefold().split())
        if task in first:
            found[position] = ("duplicate", f"the same task as row {first[task] + 1}")
        else:
            first[task] = position
    if threshold is not None:
        rest = {position: row for position, row in rows.items() if position not in found}
        similar = _without_input(rest, threshold) | _with_input(rest, threshold)
        for position, instruction in similar.items():
            reason = f"nearly the same task as {short(instruction)!r}"
            found[position] = ("near-duplicate", reason)
    return found


def short(text: object, longest: int = 60) -> str:
    """A value as one line of at most ``longest`` characters, for a reason."""
    line = " ".join(str(text).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def _without_input(rows: Mapping[int, Task], threshold: float) -> dict[int, str]:
    """``{position: earlier instruction}`` of near-duplicates among the rows without input."""
    texts = {at: row["instruction"] for at, row in rows.items() if not row["input"].strip()}
    index = RougeIndex(threshold=threshold)
    decisions = zip(texts.items(), index.decide_many(list(texts.values())), strict=True)
    return {at: index.nearest(text, 1)[0][1] for (at, text), is_new in decisions if not is_new}


def _with_input(rows: Mapping[int, Task], threshold: float) -> dict[int, str]:
    """The same among the rows with an input, which must be similar too."""
    inputs = {at: row["input"].strip() for at, row in rows.items() if row["input"].strip()}
    similar = _similar_texts(list(dict.fromkeys(inputs.values())), threshold)
    found: dict[int, str] = {}
    kept: dict[str, RougeIndex] = {}  # the instructions of kept rows, by their input
    for at, text in inputs.items():
        instruction = rows[at]["instruction"]
        for other in (text, *similar[text]):
            closest = kept[other].nearest(instruction, 1) if other in kept else []
            if closest and is_above(closest[0][0], threshold):
                found[at] = closest[0][1]
                break
        else:
            kept.setdefault(text, RougeIndex(threshold=threshold)).admit(instruction)
    return found


def _similar_texts(texts: Sequence[str], threshold: float) -> dict[str, list[str]]:
    """For each of several different texts, the others that are similar to it."""
    index = RougeIndex(threshold=1.0)  # with this threshold it keeps every text
    similar: dict[str, list[str]] = defaultdict(list)
    for text, admission in zip(texts, index.admit_many(texts, NEIGHBOURS), strict=True):
        found = [other for score, other in admission.neighbours if is_above(score, threshold)]
        if len(found) == NEIGHBOURS:
            ranked = index.nearest(text, len(index))
            found = [o for score, o in ranked if is_above(score, threshold) and o != text]
        for other in found:
            similar[text].append(other)
            similar[other].append(text)
    return similar
