"""Write a data card for generated tasks: who wrote them, what was rejected, whose terms apply.

After *Datasheets for Datasets* (Gebru et al. 2021), shortened to what a run can answer. Every
number comes from the run, and what the run does not know is listed as missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from helpers.data.reply_parsing.task_list import Drop
from helpers.io import Task
from helpers.release.card_parts import (
    RunFiles,
    Section,
    card_text,
    plain,
    read_rows,
    require_numbers,
    with_plain_names,
)
from helpers.release.licences import card_section, hub_licence, licence_chain
from helpers.release.public_names import public_name, without_owner
from helpers.teacher.generation_progress import Bill
from helpers.teacher.generation_settings import Settings

if TYPE_CHECKING:
    from huggingface_hub import DatasetCard

SIZES = ((1e3, "n<1K"), (1e4, "1K<n<10K"), (1e5, "10K<n<100K"), (1e6, "100K<n<1M"), (1e9, "n>1M"))
BILL_TEXTS = {"stopped"}
WHAT_IT_IS_NOT = [
    "## What it is not",
    "",
    "No filter knows whether an answer is true, and nobody has checked the answers one by one. "
    "They carry the teacher's errors and its leanings. Fit for learning how instruction tuning "
    "works; not fit as a source of facts, and not for advice on health, law or money.",
]


def data_card(
    generated: Sequence[Task],
    ledger: Sequence[Drop],
    bill: Bill,
    settings: Settings,
    teacher: str,
    seeds: int,
    licence: str,
) -> str:
    """The Markdown text of a card for generated tasks, from the results of ``generate``.

    ``ledger`` are the rejected tasks. ``teacher`` is a model's name, ``seeds`` the number of seed
    tasks, ``licence`` a sentence about the terms of seeds and teacher. Raises ValueError if nothing
    was generated.
    """
    title = _title(len(generated), teacher)
    way = plain(settings.way.replace("_", " "))
    origin = (
        f"Language: {plain(settings.language)}. Asked for by {way} from {seeds} seed tasks that "
        f"people wrote. {_cost(bill)}"
    )
    novelty = (
        f"- Novelty: every instruction has ROUGE-L of at most {settings.threshold} to every "
        f"seed, evaluation task and earlier one; {_nearest(generated)}"
    )
    return card_text(
        [
            Section([*title, origin]),
            Section([*_contents(generated), novelty]),
            Section(_rejected(ledger)),
            Section(WHAT_IT_IS_NOT),
            Section(["## Licence", "", licence]),
        ]
    )


def dataset_card(run: RunFiles) -> DatasetCard:
    """A card for the hub, with metadata, for the tasks that the teacher of a run wrote.

    Reads the run's manifest, tasks and rejected tasks. Raises ValueError for a run without
    generated tasks.
    """
    from huggingface_hub import DatasetCard, DatasetCardData

    generated, ledger = read_rows(run, "generated.jsonl") or [], read_rows(run, "ledger.jsonl")
    manifest = run.manifest()
    bill = manifest["steps"].get("02_generate", {}).get("bill")
    require_numbers(bill, f"{run.path('manifest.json')}: steps.02_generate.bill", BILL_TEXTS)
    teacher, _ = public_name(manifest["settings"]["teacher"])
    links = licence_chain(None, teacher)
    text = card_text(
        [
            _origin(len(generated), teacher, bill),
            Section(
                [
                    *_contents(generated),
                    f"- Novelty, as ROUGE-L of an instruction: {_nearest(generated)}",
                ]
            ),
            Section([], ("what was turned away",))
            if ledger is None
            else Section(_rejected(ledger)),
            Section(WHAT_IT_IS_NOT),
            Section(card_section(with_plain_names(links))),
        ]
    )
    metadata = DatasetCardData(
        language="en",
        pretty_name=f"{len(generated)} tasks written by {without_owner(teacher)}",
        size_categories=next(name for most, name in SIZES if len(generated) < most),
        task_categories=["text-generation"],
        tags=["alpaca", "instruction-tuning", "synthetic"],
        **hub_licence(links),
    )
    return DatasetCard(f"---\n{metadata.to_yaml()}\n---\n\n{text}")


def _origin(count: int, teacher: str, bill: Mapping[str, Any] | None) -> Section:
    """The title, and what it took to generate the tasks."""
    words = (
        "Instructions and answers for learning instruction tuning, written by a model after tasks "
        "that people wrote, in the course Alpaca Classroom."
    )
    if not bill:
        return Section([*_title(count, teacher), words], ("what it took to generate them",))
    return Section([*_title(count, teacher), f"{words} {_cost(bill)}"])


def _title(count: int, teacher: str) -> list[str]:
    if not count:
        raise ValueError("there is no generated task to describe; run the loop first.")
    return [f"# {count} tasks written by {plain(teacher)}", ""]


def _cost(bill: Mapping[str, Any]) -> str:
    return (
        f"{bill['requests']} requests, {bill['tokens_in']:,} tokens in, {bill['tokens_out']:,} "
        f"out, ${bill['dollars']:.2f}."
    )


def _contents(generated: Sequence[Task]) -> list[str]:
    lengths = sorted(len(str(row["instruction"]).split()) for row in generated)
    with_input = sum(bool(row["input"]) for row in generated)
    return [
        "## What is in it",
        "",
        f"- Instructions: {lengths[0]} to {lengths[-1]} words, median "
        f"{lengths[len(lengths) // 2]}; {with_input} of {len(generated)} with an input.",
    ]


def _nearest(generated: Sequence[Task]) -> str:
    """How similar each instruction is to the nearest one that was kept before it."""
    scores = [row["nearest_score"] for row in generated]
    require_numbers(scores, "generated.jsonl: nearest_score")
    mean = sum(scores) / len(scores)
    return f"the mean to the nearest is {mean:.2f}, the highest {max(scores):.2f}."


def _rejected(ledger: Sequence[Drop]) -> list[str]:
    reasons = Counter(str(row["reason"]) for row in ledger)
    return [
        "## What was turned away",
        "",
        f"{len(ledger)} tasks, each with its reason on record:",
        "",
        *(f"- {plain(reason)}: {count}" for reason, count in reasons.most_common()),
    ]
