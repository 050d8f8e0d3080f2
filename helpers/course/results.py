"""The results of a run as a table in text: the model before training, after LoRA, after FSDP."""

from collections.abc import Mapping
from typing import Any

from helpers.evaluation.metrics import FACTS


def results_table(metrics: Mapping[str, Any]) -> str:
    """A line for each fact and a column for each model, with 95 % intervals in brackets.

    ``metrics`` is the content of ``metrics.json``. The arrow after a fact shows which way is
    better.
    """
    models = [name for name in ("before", "lora", "fsdp") if name in metrics]
    lines = [f"{'':<26}" + "".join(f"{name:>24}" for name in models)]
    for key, (label, _, better) in FACTS.items():
        cells = []
        for name in models:
            fact = metrics[name][key]
            cells.append(f"{fact['value']:.2f} [{fact['low']:.2f}, {fact['high']:.2f}]")
        arrow = {"higher": "↑", "lower": "↓"}[better]
        lines.append(f"{label + ' ' + arrow:<26}" + "".join(f"{cell:>24}" for cell in cells))
    return "\n".join(lines)
