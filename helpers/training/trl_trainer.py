"""TRL's ``SFTTrainer``, told to take our rows, our batches and our loss.

The trainer keeps what a long run needs: optimizer, schedule, clipping, checkpoints, the best
adapter, trackers. It has no formatting left to get wrong, because rows reach it as ids and mask.
Two of its steps are ours: an update is computed in micro-batches under the token budget, so the
recipe's rows make one update whatever fits at once, and the held-out loss is a mean over tokens.
"""

import math
import time

from helpers.planning.hardware import can_pack, device, precision
from helpers.training.encoding import (
    IGNORED,
    bucketed_order,
    micro_batches,
    to_tensors,
    token_losses,
)
from helpers.training.finite import not_finite, stop_training
from helpers.training.meter import Meter


def response_trainer(model, tokenizer, train, held, profile, lora, output_dir, report_to):
    """TRL's trainer over encoded rows, put in order by us, for all epochs of the profile.

    ``lora`` is peft's configuration. The trainer's ``meter`` counts tokens and seconds. An error
    names a row by its ``row``, or by its place in the list.
    """
    from datasets import Dataset

    lengths = [len(row["input_ids"]) for row in train]
    order = bucketed_order(lengths, profile.lora_batch, profile.lora_epochs, profile.seed)

    def cut(rows):
        lists = micro_batches(rows, profile.token_budget, packed=can_pack())
        batches = [to_tensors(rows, tokenizer.pad_token_id) for rows in lists]
        return {"micro_batches": batches, "rows": [[row["row"] for row in rows] for rows in lists]}

    trainer = _trainer_class()(
        model=model,
        args=_config(profile, -(-len(order) // profile.lora_batch), output_dir, report_to),
        train_dataset=Dataset.from_list([{"row": i, **train[i]} for i in order]),
        eval_dataset=Dataset.from_list([{"row": i, **row} for i, row in enumerate(held)]),
        data_collator=cut,
        processing_class=tokenizer,
        peft_config=lora,
    )
    trainer.meter = Meter()
    return trainer


def _config(profile, steps, output_dir, report_to):
    """The trainer's settings for a run of that many steps."""
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


def _trainer_class():
    import torch
    from trl import SFTTrainer

    class ResponseTrainer(SFTTrainer):
        """An update in micro-batches, with our loss; the mean is over the update's tokens."""

        def training_step(self, model, inputs, num_items_in_batch=None):
            model.train()
            started = time.monotonic()
            parts = self._prepare_inputs(inputs)["micro_batches"]
            learned = sum((part["labels"] != IGNORED).sum() for part in parts)
            shares = []
            for part in parts:
                share = self._sum_of_losses(model, part) / learned
                self.accelerator.backward(share)
                shares.append(share.detach())
                self.meter.count(_real(part), part["input_ids"].numel())
            self._check_step(model, shares, inputs["rows"])
            self.meter.seconds += time.monotonic() - started
            return sum(shares)

        def _check_step(self, model, shares, groups):
            """Stop before the optimizer would spread NaN or infinity to the weights."""
            step = self.state.global_step + 1
            numbers = not_finite([share.item() for share in shares], groups)
            if numbers:
                stop_training("the loss", step, numbers)
            if self.accelerator.scaler is None:  # in fp16 the scaler leaves out such a step
                gradients = [p.grad for p in model.parameters() if p.grad is not None]
                if not torch.stack([each.isfinite().all() for each in gradients]).all():
                    stop_training("the gradient", step, [row for rows in groups for row in rows])

        def evaluate(self, eval_dataset=None, ignore_keys=None, metric_key_prefix="eval"):
            """The mean over all learned tokens, where the trainer's own is over batches."""
            self.model.eval()
            total, learned = 0.0, 0
            for inputs in self.get_eval_dataloader():
                parts = self._prepare_inputs(inputs)["micro_batches"]
                with torch.no_grad():
                    losses = [self._sum_of_losses(self.model, part).item() for part in parts]
                numbers = not_finite(losses, inputs["rows"])
                if numbers:
                    stop_training("the loss", self.state.global_step, numbers, "held-out")
                total += sum(losses)
                learned += sum((part["labels"] != IGNORED).sum().item() for part in parts)
            metrics = {"eval_loss": total / learned}
            self.log(metrics)
            self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
            return metrics

        def _sum_of_losses(self, model, part):
            with self.accelerator.autocast():
                whole = self.accelerator.unwrap_model(model).get_base_model()
                return token_losses(whole, part).sum()

    return ResponseTrainer


def _real(part):
    mask = part.get("attention_mask")
    return part["input_ids"].numel() if mask is None else int(mask.sum())


def curve_callback(trainer, on_log):
    """A trainer callback that hands each new point of the loss curve to ``on_log``."""
    from transformers import TrainerCallback

    class Point(TrainerCallback):
        def on_train_begin(self, args, state, control, **kwargs):
            self.first = state.global_step

        def on_log(self, args, state, control, logs=None, **kwargs):
            done, steps = state.global_step - self.first, state.max_steps - self.first
            left = {"minutes_left": trainer.meter.minutes_left(done, steps)}
            for point in curve([{"step": state.global_step, **(logs or {})}]):
                if on_log:
                    on_log({**point, "of": state.max_steps, **trainer.meter.read(), **left})

    return Point()


def curve(log):
    """The trainer's log as plain points: ``{"step", "loss"}`` or ``{"step", "heldout_loss"}``."""
    names = {"loss": "loss", "eval_loss": "heldout_loss"}
    return [
        {"step": record["step"], names[key]: record[key]}
        for record in log
        for key in names
        if key in record
    ]
