"""Turn an out-of-memory error of a training into advice: which settings need less memory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from helpers.planning import hardware
from helpers.planning.memory import plan_memory
from helpers.profiles import Profile

if TYPE_CHECKING:
    from transformers import PretrainedConfig


@contextmanager
def explain_out_of_memory(
    config: PretrainedConfig, method: str, profile: Profile, ranks: int = 1
) -> Iterator[None]:
    """Run a training inside: an out-of-memory error becomes a MemoryError with the plan's figures.

    All other errors pass unchanged. Linux may also kill a process that runs out of memory, without
    an error; :mod:`helpers.training.launch` reports that.
    """
    try:
        yield
    except RuntimeError as error:  # torch.OutOfMemoryError is one
        if not re.search("out of memory|can't allocate memory", str(error)):
            raise
        raise MemoryError(_advice(config, method, profile, ranks)) from error


def _advice(config: PretrainedConfig, method: str, profile: Profile, ranks: int) -> str:
    """Say what the training needs by the plan, and what it would need with other settings."""
    switch = "lora_recompute" if method == "lora" else "fsdp_recompute"
    recomputes = getattr(profile, switch)

    def planned(
        budget: int = profile.token_budget, ranks: int = ranks, recompute: bool = recomputes
    ) -> str:
        plan = plan_memory(
            config,
            method,
            precision=hardware.precision(),
            rows=max(1, budget // profile.max_length),
            length=min(budget, profile.max_length),
            ranks=ranks,
            lora_rank=profile.lora_rank,
            recompute=recompute,
        )
        return f"{plan['total'] / 1e9:.1f} GB"

    half = profile.token_budget // 2
    ways = [f"token_budget={half} ({planned(budget=half)})"]
    if method == "full":
        ways += [f"{2 * ranks} ranks ({planned(ranks=2 * ranks)})"]
    ways += [] if recomputes else [f"{switch}=True ({planned(recompute=True)})"]
    return (
        f"out of memory: by the plan of helpers.planning.memory a rank needs {planned()} with "
        f"token_budget={profile.token_budget}. Change the profile or the number of ranks, then "
        f"resume from the last checkpoint: {', '.join(ways)}. A shorter max_length needs less too, "
        "but it changes the training, which then starts from the beginning."
    )
