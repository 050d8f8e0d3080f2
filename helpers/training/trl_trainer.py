"""Set up TRL's ``SFTTrainer`` for encoded rows, and read its loss curve.

The trainer provides what a long run needs: optimizer, schedule, gradient clipping, checkpoints, the
best adapter, and experiment trackers. It gets rows as token ids and response mask, so it formats no
text. ``trl_steps`` replaces how it computes an update and the held-out loss.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.planning.hardware import device, precision
from helpers.profiles import Profile
from helpers.training.batching import bucketed_order, layout_of, micro_batches, to_tensors
from helpers.training.encoding import EncodedRow
from helpers.training.training_record import CurvePoint, Meter

if TYPE_CHECKING:
    from peft import LoraConfig
    from transformers import (
        PreTrainedModel,
        PreTrainedTokenizerBase,
        TrainerCallback,
        TrainerControl,
        TrainerState,
        TrainingArguments,
    )
    from trl import SFTConfig

    from helpers.training.trl_steps import ResponseTrainer, Update


def response_trainer(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    train: Sequence[EncodedRow],
    held: Sequence[EncodedRow],
    profile: Profile,
    lora: LoraConfig,
    output_dir: str | Path,
    report_to: Sequence[str],
) -> ResponseTrainer:
    """Build the trainer for all epochs of the profile, with the rows in ``bucketed_order``.

    ``held`` are the rows to measure on, and ``report_to`` names experiment trackers. The trainer's
    ``meter`` counts tokens and seconds. Its errors name a row by the row's ``row``, or else by its
    place in the list.
    """
    from datasets import Dataset

    from helpers.training.trl_steps import ResponseTrainer

    lengths = [len(row["input_ids"]) for row in train]
    order = bucketed_order(lengths, profile.lora_batch, profile.lora_epochs, profile.seed)
    layout = layout_of(model)

    def as_update(rows: list[EncodedRow]) -> Update:
        lists = micro_batches(rows, profile.token_budget, layout)
        return {
            "micro_batches": [to_tensors(rows, tokenizer.pad_token_id, layout) for rows in lists],
            "rows": [[row["row"] for row in rows] for rows in lists],
            "tokens": [sum(len(row["input_ids"]) for row in rows) for rows in lists],
        }

    trainer = ResponseTrainer(
        model=model,
        args=_config(profile, -(-len(order) // profile.lora_batch), output_dir, report_to),
        train_dataset=Dataset.from_list([{"row": i, **train[i]} for i in order]),
        eval_dataset=Dataset.from_list([{"row": i, **row} for i, row in enumerate(held)]),
        data_collator=as_update,
        processing_class=tokenizer,
        peft_config=lora,
    )
    trainer.meter = Meter()
    return trainer


def _config(
    profile: Profile, steps: int, output_dir: str | Path, report_to: Sequence[str]
) -> SFTConfig:
    """Build the trainer's settings for a run of ``steps`` updates.

    One epoch of the trainer is the whole run, because the rows are already in order for all
    epochs. The held-out loss is measured twice in each epoch of the profile.
    """
    from trl import SFTConfig

    every = max(1, math.ceil(steps / profile.lora_epochs / 2))
    return SFTConfig(
        output_dir=str(output_dir),
        num_train_epochs=1,
        per_device_train_batch_size=profile.lora_batch,
        per_device_eval_batch_size=profile.lora_batch,
        learning_rate=profile.lora_lr,
        lr_scheduler_type="cosine",
        warmup_steps=max(1, round(profile.lora_warmup * steps)),
        max_grad_norm=profile.lora_clip,
        optim="adamw_torch_fused",
        max_length=profile.max_length,
        train_sampling_strategy="sequential",
        bf16=precision() == "bf16",
        fp16=precision() == "fp16",
        use_cpu=device() == "cpu",
        eval_strategy="steps",
        eval_steps=every,
        save_steps=every,
        save_total_limit=1,
        load_best_model_at_end=True,
        metric_for_best_model="eval_loss",
        logging_steps=max(1, every // 5),
        report_to=list(report_to),
        disable_tqdm=True,
        seed=profile.seed,
        dataset_kwargs={"skip_prepare_dataset": True},
        remove_unused_columns=False,
        dataloader_pin_memory=device() == "cuda",
        gradient_checkpointing=profile.lora_recompute,
    )


def curve_callback(
    trainer: ResponseTrainer, on_log: Callable[[CurvePoint], None] | None
) -> TrainerCallback:
    """Build a trainer callback that passes each new point of the loss curve to ``on_log``."""
    from transformers import TrainerCallback

    class CurveCallback(TrainerCallback):
        def on_train_begin(
            self,
            args: TrainingArguments,
            state: TrainerState,
            control: TrainerControl,
            **kwargs: object,
        ) -> None:
            self.first = state.global_step

        def on_log(
            self,
            args: TrainingArguments,
            state: TrainerState,
            control: TrainerControl,
            logs: Mapping[str, float] | None = None,
            **kwargs: object,
        ) -> None:
            done, steps = state.global_step - self.first, state.max_steps - self.first
            left = trainer.meter.minutes_left(done, steps)
            for point in curve([{"step": state.global_step, **(logs or {})}]):
                if on_log:
                    reading = trainer.meter.read()
                    on_log({**point, "of": state.max_steps, **reading, "minutes_left": left})

    return CurveCallback()


def curve(log: Iterable[Mapping[str, Any]]) -> list[CurvePoint]:
    """Turn the trainer's log into points with ``step`` and ``loss`` or ``heldout_loss``."""
    points: list[CurvePoint] = []
    for entry in log:
        if "loss" in entry:
            points.append({"step": entry["step"], "loss": entry["loss"]})
        if "eval_loss" in entry:
            points.append({"step": entry["step"], "heldout_loss": entry["eval_loss"]})
    return points
