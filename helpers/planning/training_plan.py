"""Plan a training before GPUs are rented: updates, tokens, memory, hours and dollars.

:mod:`helpers.planning.memory` plans the memory. Hours are the operations of the training, divided
by the share of a GPU's peak speed that trainings reach. The result depends mostly on that share, so
two published shares are shown. Nothing is downloaded or started.
``python -m helpers.training.fsdp --profile alpaca_7b --plan`` prints the same text.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from helpers.io import load_examples
from helpers.planning.architectures import model_config
from helpers.planning.gpus import GPUS, Gpu, fits, smallest_gpu
from helpers.planning.memory import MemoryPlan, memory_table, plan_memory
from helpers.profiles import Profile, load_profile
from helpers.prompts import format_prompt

if TYPE_CHECKING:
    from transformers import PretrainedConfig

# Model FLOPs utilisation: that of Alpaca's own run (4,745 s on four A100-80GB,
# stanford_alpaca#168), and the middle of published packed 7B runs (46 to 64 %).
UTILISATIONS = {"as Alpaca's own run": 0.118, "as packed runs reach": 0.50}
CHARACTERS_PER_TOKEN = 4.676  # Alpaca's release in its template: 26,981,428 in 5.77 million


class RunEstimate(TypedDict):
    """Hours and dollars of a training that reaches this ``share`` of a GPU's peak speed."""

    share: float
    hours: float
    dollars: float


class GpuEstimate(TypedDict):
    """What a training takes on one kind of GPU.

    ``fits`` says whether a rank fits its memory, ``price`` is in dollars per GPU and hour, and
    ``at`` has an estimate for each of :data:`UTILISATIONS`.
    """

    fits: bool
    price: float
    at: dict[str, RunEstimate]


class TrainingPlan(TypedDict):
    """What a profile's training takes.

    ``stands_for`` names the model of the published recipe where ``student`` replaces it. ``rows``
    counts one epoch, ``tokens`` all epochs. ``gpus`` has an estimate for each GPU.
    """

    profile: str
    student: str
    stands_for: str | None
    parameters: int
    method: str
    ranks: int
    rows: int
    updates: int
    tokens: int
    memory: MemoryPlan
    gpus: dict[str, GpuEstimate]


class DataSize(TypedDict, total=False):
    """Rows and tokens of one epoch; empty without a file."""

    rows: int
    tokens: int


def training_plan(
    profile: Profile,
    *,
    rows: int = 52_002,
    tokens: int = 5_770_000,
    ranks: int | None = None,
    gpus: Sequence[str] = ("A100-80GB",),
    student: str | None = None,
    prices: Mapping[str, float] | None = None,
) -> TrainingPlan:
    """Plan what a profile's training takes on each kind of GPU in ``gpus``.

    ``gpus`` are names from :data:`helpers.planning.gpus.GPUS`. ``rows`` and ``tokens`` count one
    epoch; the defaults are those of Stanford Alpaca's release in its template. Profiles named
    ``colab_…`` train LoRA on one GPU, all others in full on ``ranks`` GPUs. ``student`` replaces
    the profile's model. ``prices`` maps names of GPUs to dollars per hour.

    Full training takes six operations per parameter and token. LoRA takes four, because frozen
    weights need no gradients. Recomputed activations are not counted, because published shares of
    the peak leave them out too. Raises ValueError for an unknown GPU.
    """
    lora = profile.name.startswith("colab")
    ranks = 1 if lora else ranks or profile.fsdp_ranks
    epochs = profile.lora_epochs if lora else profile.fsdp_epochs
    batch = profile.lora_batch if lora else profile.fsdp_batch
    name = str(student or profile.student)
    config = model_config(name)
    memory = _memory(profile, config, lora, ranks, "fp16" if "T4" in gpus else "bf16")
    all_tokens = round(tokens * epochs)
    count = parameters(config)
    flops = (4 if lora else 6) * count * all_tokens
    return {
        "profile": profile.name,
        "student": name,
        "stands_for": None if student else profile.stands_for,
        "parameters": count,
        "method": "lora" if lora else "full",
        "ranks": ranks,
        "rows": rows,
        "updates": math.ceil(round(epochs * rows) / batch),
        "tokens": all_tokens,
        "memory": memory,
        "gpus": {gpu: _estimate(_gpu(gpu), memory, flops, ranks, prices) for gpu in gpus},
    }


def _memory(
    profile: Profile, config: PretrainedConfig, lora: bool, ranks: int, precision: str
) -> MemoryPlan:
    """Plan the memory of a profile's training on GPUs."""
    return plan_memory(
        config,
        "lora" if lora else "full",
        precision=precision,
        rows=max(1, profile.token_budget // profile.max_length),
        length=profile.max_length,
        ranks=ranks,
        lora_rank=profile.lora_rank,
        recompute=profile.lora_recompute if lora else profile.fsdp_recompute,
        device="cuda",
    )


def _gpu(name: str) -> Gpu:
    """Find a GPU by name."""
    known = {gpu.name: gpu for gpu in GPUS}
    if name not in known:
        raise ValueError(f"GPU {name!r} is unknown; choose from {', '.join(known)}.")
    return known[name]


def _estimate(
    gpu: Gpu, memory: MemoryPlan, flops: float, ranks: int, prices: Mapping[str, float] | None
) -> GpuEstimate:
    """Estimate whether a training fits a GPU, and its hours and dollars at each utilisation."""
    price = (prices or {}).get(gpu.name, gpu.dollars)
    runs: dict[str, RunEstimate] = {}
    for name, share in UTILISATIONS.items():
        hours = flops / (ranks * gpu.tflops * 1e12 * share) / 3600
        runs[name] = {"share": share, "hours": hours, "dollars": hours * ranks * price}
    return {"fits": fits(gpu, memory["total"]), "price": price, "at": runs}


def parameters(config: PretrainedConfig) -> int:
    """Count the parameters of a model with this configuration; a tied output layer counts once."""
    import torch

    from helpers.planning.activations import cut_model

    layers = config.get_text_config().num_hidden_layers
    model = cut_model(config, layers, torch.float32, "eager", None)
    return sum(p.numel() for p in model.parameters())


def format_plan(plan: TrainingPlan) -> str:
    """Format a :func:`training_plan` as the text that ``--plan`` prints."""
    other = f", which stands for {plan['stands_for']}" if plan["stands_for"] else ""
    method = "LoRA" if plan["method"] == "lora" else "full fine-tuning, sharded"
    count = "1 GPU" if plan["ranks"] == 1 else f"{plan['ranks']} GPUs"
    smallest = smallest_gpu(plan["memory"]["total"])
    lines = [
        f"profile {plan['profile']}: {method}, on {count}",
        f"{plan['student']}{other}: {plan['parameters'] / 1e9:.2f} billion parameters",
        f"{plan['rows']:,} rows, {plan['updates']:,} updates, {plan['tokens']:,} tokens in all",
        "",
        memory_table({"planned": plan["memory"]}),
        "",
        *(line for gpu, estimate in plan["gpus"].items() for line in _gpu_lines(gpu, estimate)),
        "",
        f"smallest GPU that fits: {smallest.name if smallest else 'none in the list'}",
        "",
        "to start the training:",
        f"  {_command(plan)}",
    ]
    return "\n".join(lines)


def _gpu_lines(name: str, estimate: GpuEstimate) -> list[str]:
    """Format one GPU of a plan, one line for it and one for each utilisation."""
    fitting = "fits" if estimate["fits"] else "does NOT fit"
    return [
        f"{name}: {fitting}; at ${estimate['price']:.2f} per GPU and hour (an example):",
        *(
            f"  {run['hours']:8.2f} h {run['dollars']:10.2f} dollars  at {run['share']:.1%} of the "
            f"peak, {words}"
            for words, run in estimate["at"].items()
        ),
    ]


def _command(plan: TrainingPlan) -> str:
    """Return the command, or the lesson, that starts a planned training."""
    if plan["method"] == "lora":
        return f"ALPACA_PROFILE={plan['profile']}, and open notebooks/03_train_lora.ipynb"
    default = load_profile(plan["profile"]).student == plan["student"]
    student = "" if default else f" --student {plan['student']}"
    return (
        f"python -m helpers.training.fsdp --profile {plan['profile']} --ranks {plan['ranks']}"
        f"{student} --data train.jsonl --heldout heldout.jsonl --out out"
    )


def data_size(data: str | Path | None) -> DataSize:
    """Count a file's rows and estimate its tokens, for :func:`training_plan`.

    Without a file the result is empty, so the plan keeps its defaults.
    """
    if not data:
        return {}
    rows = load_examples(data)
    characters = sum(
        len(format_prompt(row["instruction"], row.get("input", ""))) + len(row["output"])
        for row in rows
    )
    return {"rows": len(rows), "tokens": round(characters / CHARACTERS_PER_TOKEN)}
