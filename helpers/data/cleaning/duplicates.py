"""Rows that repeat an earlier one: the same task to the letter, or nearly the same.

Two rows are near-duplicates if their instructions are alike, and their inputs too where they have
any: the same request about another text is another task. So inputs are compared with inputs first,
and then the instructions of those rows whose inputs are alike.
"""

from collections import defaultdict

from helpers.io import join_input
from helpers.similarity import RougeIndex, is_above

NEIGHBOURS = 8  # asked for of each input; all of them where even the last of these is near


def find_duplicates(rows: dict[int, dict], threshold: float | None) -> dict[int, tuple[str, str]]:
    """``{position: (fault, reason)}`` of the rows that repeat an earlier one.

    ``rows`` are rows by their position. ``threshold`` is a ROUGE-L; None looks for exact duplicates
    only.
    """
    first, found = {}, {}
    for position, row in rows.items():
        task = " ".join(join_input(row).casefold().split())
        if task in first:
            found[position] = ("duplicate", f"the same task as row {first[task] + 1}")
        else:
            first[task] = position
    if threshold is not None:
        left = {position: row for position, row in rows.items() if position not in found}
        for position, twin in {**_alike(left, threshold), **_both_alike(left, threshold)}.items():
            found[position] = ("near-duplicate", f"nearly the same task as {short(twin)!r}")
    return found


def _alike(rows: dict[int, dict], threshold: float) -> dict[int, str]:
    """``{position: instruction}`` of the rows without input that are near an earlier such row."""
    texts = {at: row["instruction"] for at, row in rows.items() if not row["input"].strip()}
    index = RougeIndex(threshold=threshold)
    decisions = zip(texts.items(), index.decide_many(texts.values()), strict=True)
    return {at: index.nearest(text, 1)[0][1] for (at, text), new in decisions if not new}


def _both_alike(rows: dict[int, dict], threshold: float) -> dict[int, str]:
    """The same of the rows with an input: near are instruction and input of one earlier row."""
    given = {at: row["input"].strip() for at, row in rows.items() if row["input"].strip()}
    near, found = _near_texts(list(dict.fromkeys(given.values())), threshold), {}
    kept = defaultdict(lambda: RougeIndex(threshold=threshold))  # instructions, by their input
    for at, text in given.items():
        instruction = rows[at]["instruction"]
        for other in (text, *near[text]):
            closest = kept[other].nearest(instruction, 1) if other in kept else []
            if closest and is_above(closest[0][0], threshold):
                found[at] = closest[0][1]
                break
        else:
            kept[text].admit(instruction)
    return found


def _near_texts(texts: list[str], threshold: float) -> dict[str, list[str]]:
    """For each of some different texts, those that are near it."""
    index, near = RougeIndex(threshold=1.0), defaultdict(list)  # which keeps every text
    for text, admission in zip(texts, index.admit_many(texts, NEIGHBOURS), strict=True):
        found = [other for score, other in admission.neighbours if is_above(score, threshold)]
        if len(found) == NEIGHBOURS:
            everyone = index.nearest(text, len(index))
            found = [o for score, o in everyone if is_above(score, threshold) and o != text]
        for other in found:
            near[text].append(other)
            near[other].append(text)
    return near


def short(text: object, longest: int = 60) -> str:
    """A value as one short line, for a reason."""
    text = " ".join(str(text).split())
    return text if len(text) <= longest else text[: longest - 1] + "…"
