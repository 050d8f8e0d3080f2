"""The two models of the demo: the student before and after training."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal

from helpers.release.adapters import check_base
from helpers.run import Run, RunError
from helpers.training.model_folders import student_folder
from helpers.training.student import load_student, load_tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

# What people read above the answers of each model.
LABELS = {"before": "before training", "lora": "after LoRA", "fsdp": "after full FSDP"}


def open_models(
    run: Run, after: Literal["lora", "fsdp"]
) -> dict[str, tuple[PreTrainedModel, PreTrainedTokenizerBase]]:
    """The student before training and after ``after``, by label, each with its tokenizer.

    A step that the run lacks is taken from the shipped run, as in the lessons. Raises RunError,
    naming the lesson to run, if neither has the trained model.
    """
    lesson = {"lora": "03_train_lora", "fsdp": "04_train_fsdp"}[after]
    run.need("01_preprocess", "02_generate", lesson)
    student = (after == "fsdp" and run.profile.fsdp_student) or run.profile.student
    base = student_folder(student, run.cache)
    tokenizer = load_tokenizer(base, run.profile.prompt_style)
    if after == "lora":
        adapter = run.path("lora/adapter")
        check_base(base, adapter)
        trained = load_student(base, adapter)
    else:
        folder = run.path("fsdp/model")
        if not os.path.isdir(folder):
            raise RunError(f"{folder} is missing: run lesson {lesson} in this run.")
        trained = load_student(folder)
    return {LABELS["before"]: (load_student(base), tokenizer), LABELS[after]: (trained, tokenizer)}
