"""Profiles: the sizes and training recipes for a laptop, a GPU notebook or a cluster.

A profile is a frozen record; the lessons read all their numbers from it. Choose one by name
(``ALPACA_PROFILE=tiny``), or take the default, ``laptop``. What all recipes share is in the
training code: a cosine schedule and no weight decay. Full training also warms up over 0.03 of the
steps and clips gradients at 1.0.
"""

import os
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Profile:
    """One way to run the course. ``"embedded"`` is the model that is installed as a package.

    Models are names on the Hugging Face hub, folders, or ``"embedded"``. A learning rate is the
    peak of a cosine with warm-up. Lengths are in tokens, and a batch is in rows.
    """

    name: str
    teacher: str = "embedded"
    student: str = "embedded"
    judge: str = "embedded"
    stands_for: str | None = None  # the model of the published recipe, if ``student`` replaces it
    seed: int = 0
    # data
    seed_tasks: int | None = None  # None: all of them
    heldout_share: float = 0.15
    generated_tasks: int = 104
    request_limit: int = 400  # most requests to the teacher
    eval_tasks: int | None = 100  # None: all of them; 100 are enough to compare the models
    max_length: int = 512
    prompt_style: str = "alpaca"  # or "chat": the student's own chat template
    seed_weight: int = 2  # how often an epoch shows each seed; a generated task is shown once
    # training
    token_budget: int = 768  # tokens in one forward pass on a device, padding included
    # LoRA
    lora_rank: int = 8
    lora_alpha: int = 16
    lora_lr: float = 1e-3
    lora_epochs: float = 1
    lora_batch: int = 4  # rows per update
    lora_warmup: float = 0.03  # share of the steps
    lora_clip: float = 1.0  # largest norm of an update's gradient
    lora_recompute: bool = False  # activation checkpointing: less memory, a third more compute
    # full fine-tuning
    fsdp_student: str | None = None  # a smaller model, if ``student`` is too large to train fully
    fsdp_ranks: int = 2
    fsdp_lr: float = 1e-4
    fsdp_epochs: float = 0.5
    fsdp_batch: int = 8  # rows per update, over all ranks
    fsdp_recompute: bool = False  # activation checkpointing: less memory, a third more compute
    # evaluation
    max_new_tokens: int = 96
    judged_tasks: int = 100
    gold_step: int = 1  # the judge is tested on every n-th gold pair
    # release
    probe_step: int = 1  # every n-th probe is asked
    marked_answers: int = 24  # answers with a watermark, and as many without
    marked_tokens: int = 120  # tokens of each of these answers


# Stanford Alpaca's recipe (https://github.com/tatsu-lab/stanford_alpaca): 128 rows per update over
# four GPUs. Meta gives LLaMA-1 to applicants only, so the student here is an open model of the same
# size. If you have the original's folder, use it with --student FOLDER.
_ALPACA_7B = Profile(
    name="alpaca_7b",
    student="allenai/OLMo-2-1124-7B",
    stands_for="LLaMA-7B",
    fsdp_ranks=4,
    fsdp_lr=2e-5,
    fsdp_epochs=3,
    fsdp_batch=128,
    fsdp_recompute=True,
    token_budget=4096,
)

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
            gold_step=7,
            probe_step=9,
            marked_answers=3,
            marked_tokens=24,
        ),
        # The recipe of the Korean course, whose results are known for one L4. The model is gated:
        # the hub asks you to accept its licence first. An open model of similar size is
        # HuggingFaceTB/SmolLM2-1.7B-Instruct.
        Profile(
            name="colab_l4",
            student="google/gemma-1.1-2b-it",
            fsdp_student="embedded",
            prompt_style="chat",
            token_budget=2048,
            lora_rank=4,
            lora_alpha=32,
            lora_lr=1e-4,
            lora_epochs=5,
            lora_batch=8,  # the original accumulates two batches of four
            lora_warmup=0.05,
            lora_clip=0.3,
            lora_recompute=True,
        ),
        Profile(
            name="colab_t4",
            student="HuggingFaceTB/SmolLM2-1.7B-Instruct",
            fsdp_student="embedded",
            prompt_style="chat",
            token_budget=1024,
            lora_rank=8,
            lora_alpha=16,
            lora_lr=2e-4,
            lora_epochs=2,
            lora_batch=8,
        ),
        _ALPACA_7B,
        replace(
            _ALPACA_7B,
            name="alpaca_13b",
            student="allenai/OLMo-2-1124-13B",
            stands_for="LLaMA-13B",
            fsdp_lr=1e-5,
            fsdp_epochs=5,
        ),
        # The main branch of this model has no safetensors; this revision is the hub's conversion.
        replace(
            _ALPACA_7B,
            name="opt_6_7b",
            student="facebook/opt-6.7b@refs/pr/31",
            stands_for=None,
        ),
    )
}


def load_profile(name: str | None = None) -> Profile:
    """The profile called ``name``, else ``$ALPACA_PROFILE``, else ``laptop``.

    Raises ValueError for an unknown name, with a list of the profiles.
    """
    name = name or os.environ.get("ALPACA_PROFILE") or "laptop"
    if name not in PROFILES:
        raise ValueError(
            f"profile {name!r} is unknown; choose one of {', '.join(PROFILES)} "
            "(the argument, or the environment variable ALPACA_PROFILE)."
        )
    return PROFILES[name]
