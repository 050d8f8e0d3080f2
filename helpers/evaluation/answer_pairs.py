"""Pairs of answers for a judge: of two models, or of gold rows whose better answer is known."""

from collections.abc import Sequence
from pathlib import Path

from helpers.evaluation.verdict_records import Pair
from helpers.io import DataError, Task, join_input, read_jsonl
from helpers.training.answering import Answer

_GOLD_FIELDS = ("id", "instruction", "better", "worse", "kind")


def pair_up(
    rows: Sequence[Task],
    left: Sequence[Answer],
    right: Sequence[Answer],
    *,
    reference: bool = False,
) -> list[Pair]:
    """Pairs to judge, from evaluation rows and two models' answers in the same order.

    With ``reference`` the judge also sees the row's own output.
    """
    pairs: list[Pair] = []
    for row, a, b in zip(rows, left, right, strict=True):
        pair: Pair = {
            "id": row["id"],
            "request": join_input(row),
            "left": a["output"],
            "right": b["output"],
            "category": row.get("category"),
        }
        if reference:
            pair["reference"] = row["output"]
        pairs.append(pair)
    return pairs


def gold_pairs(path: str | Path) -> list[Pair]:
    """Pairs from a file of gold rows; the better answer is the left one.

    Raises DataError naming the file and line of a row that lacks a field.
    """
    rows = read_jsonl(path)
    for number, row in enumerate(rows, 1):
        missing = [field for field in _GOLD_FIELDS if not row.get(field)]
        if missing:
            raise DataError(
                f"{path}:{number}: the field {missing[0]!r} is missing or empty. A gold row needs "
                "an id, an instruction, a better and a worse answer, and a kind."
            )
    return [
        {
            "id": row["id"],
            "request": join_input(row),
            "left": row["better"],
            "right": row["worse"],
            "category": row.get("category"),
            "kind": row["kind"],
            "why": row.get("why", ""),
        }
        for row in rows
    ]
