"""Profiles: the one thing that changes between a laptop and a rack of cards.

A profile is a small frozen record of sizes and recipes; lessons read it and hold no numbers of
their own. Choose one by name (``ALPACA_PROFILE=tiny``), or take the default, ``laptop``.
"""

import os
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Profile:
    """One way to run the course. ``"embedded"`` is the model that comes as a package.

    Learning rates are peaks of a cosine with warm-up; lengths are tokens; a batch is rows.
    """

    name: str
    teacher: str = "embedded"
    student: str = "embedded"
    judge: str = "embedded"
    seed: int = 0
    # data
    seed_tasks: int | None = None  # None: all of them
    heldout_share: float = 0.15
    generated_tasks: int = 104
    request_limit: int = 400
    eval_tasks: int | None = 100  # enough to tell the models apart; there are more
    max_length: int = 512
    seed_weight: int = 2  # how often each seed is in an epoch; a generated task is once
    # LoRA
    lora_rank: int = 8
    lora_alpha: int = 16
    lora_lr: float = 1e-3
    lora_epochs: float = 1
    lora_batch: int = 4
    # full fine-tuning
    fsdp_ranks: int = 2
    fsdp_lr: float = 1e-4
    fsdp_epochs: float = 0.65
    fsdp_batch: int = 8  # rows an update, over all ranks
    # evaluation
    max_new_tokens: int = 96
    judged_tasks: int = 25


PROFILES = {
    profile.name: profile
    for profile in (
        Profile(name="laptop"),
        Profile(
            name="tiny",
            seed_tasks=16,
            generated_tasks=4,
            request_limit=24,
            eval_tasks=4,
            max_length=192,
            lora_rank=2,
            lora_alpha=4,
            fsdp_epochs=1,
            max_new_tokens=16,
        ),
    )
}


def load_profile(name=None):
    """The profile called ``name``, else ``$ALPACA_PROFILE``, else ``laptop``.

    Raises ValueError naming the profiles there are.
    """
    name = name or os.environ.get("ALPACA_PROFILE") or "laptop"
    if name not in PROFILES:
        raise ValueError(
            f"profile {name!r} is unknown; choose one of {', '.join(PROFILES)} "
            "(the argument, or the environment variable ALPACA_PROFILE)."
        )
    return PROFILES[name]


def describe(profile):
    """The profile as a plain dict, ready for a manifest."""
    return asdict(profile)
