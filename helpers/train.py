"""LoRA: teach a frozen model by training two thin matrices beside each of its linear layers.

A linear layer computes ``W x``. LoRA (Hu et al. 2021) leaves ``W`` as it is and learns
``W x + (alpha/r) · B A x`` with ``A`` of shape ``(r, in)`` and ``B`` of shape ``(out, r)``; ``B``
starts at zero, so training starts from the model as it was. Rows come from
:mod:`helpers.batches`, tokenised and masked by us, so the trainer (TRL's ``SFTTrainer``) has no
formatting left to get wrong. Training that was killed goes on from its last checkpoint.
"""

import json
import math
import shutil
import time
from functools import partial
from pathlib import Path

from helpers.batches import (
    IGNORED,
    bucketed_order,
    collate,
    encode_all,
    response_tokens,
    token_losses,
)
from helpers.io import write_text
from helpers.student import precision

# Every linear layer inside a block; not lm_head, which shares its weights with the embedding.
LORA_TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def lora_config(profile):
    """The profile's LoRA settings as peft's ``LoraConfig``."""
    from peft import LoraConfig

    return LoraConfig(
        r=profile.lora_rank,
        lora_alpha=profile.lora_alpha,
        target_modules=LORA_TARGETS,
        task_type="CAUSAL_LM",
    )


def trainable_share(model):
    """``(trainable, total)`` parameters of a model."""
    sizes = [(p.numel(), p.requires_grad) for p in model.parameters()]
    return sum(n for n, moves in sizes if moves), sum(n for n, _ in sizes)


def train_lora(model, tokenizer, rows, heldout, profile, folder, *, on_log=None):
    """Train a LoRA adapter on ``rows`` and save it into ``folder/adapter``; returns a record.

    The loss on ``heldout`` is taken before the first step and twice an epoch.
    ``on_log(record)`` receives each point of the curve as it comes. The record, also written to
    ``folder/training.json``, holds ``history`` (points with ``step`` and ``loss`` or
    ``heldout_loss``, in nats a token), ``steps``, ``seconds``, ``response_tokens``, ``cut`` (rows
    cut to length), ``dropped``, ``trainable`` and ``total`` parameters. Raises ValueError when no
    row can be trained on.
    """
    from transformers import PrinterCallback, set_seed

    set_seed(profile.seed)  # A starts from random numbers: the same ones in every run
    folder = Path(folder)
    train, dropped = encode_all(rows, tokenizer, profile.max_length)
    held, _ = encode_all(heldout, tokenizer, profile.max_length)
    trainer = _trainer(model, tokenizer, train, held, profile, folder / "checkpoints")
    curve = _curve_callback(on_log)
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(curve)
    checkpoint = _last_checkpoint(folder / "checkpoints")
    started = time.monotonic()
    trainer.args.eval_on_start = checkpoint is None
    trainer.train(resume_from_checkpoint=checkpoint)
    seconds = time.monotonic() - started
    trainer.model.save_pretrained(folder / "adapter")
    history = _history(trainer.state.log_history)
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    trainable, total = trainable_share(trainer.model)
    record = {
        "history": history,
        "steps": trainer.state.global_step,
        "seconds": seconds,
        "response_tokens": response_tokens(train),
        "cut": sum(row["cut"] > 0 for row in train),
        "dropped": dropped,
        "trainable": trainable,
        "total": total,
    }
    write_text(folder / "training.json", json.dumps(record, indent=1) + "\n")
    return record


def _trainer(model, tokenizer, train, held, profile, output_dir):
    """TRL's trainer over rows that we encoded and put in order ourselves, for all epochs."""
    from datasets import Dataset

    lengths = [len(row["input_ids"]) for row in train]
    order = bucketed_order(lengths, profile.lora_batch, profile.lora_epochs, profile.seed)

    def as_dataset(rows):
        return Dataset.from_list(
            [{key: row[key] for key in ("input_ids", "labels")} for row in rows]
        )

    return _response_trainer()(
        model=model,
        args=_config(profile, -(-len(order) // profile.lora_batch), output_dir),
        train_dataset=as_dataset([train[i] for i in order]),
        eval_dataset=as_dataset(held),
        data_collator=partial(collate, pad_id=tokenizer.pad_token_id),
        processing_class=tokenizer,
        peft_config=lora_config(profile),
    )


def _config(profile, steps, output_dir):
    """The trainer's settings for a run of that many steps."""
    import torch
    from trl import SFTConfig

    every = max(1, math.ceil(steps / profile.lora_epochs / 2))
    return SFTConfig(
        output_dir=str(output_dir),
        num_train_epochs=1,
        per_device_train_batch_size=profile.lora_batch,
        per_device_eval_batch_size=profile.lora_batch,
        learning_rate=profile.lora_lr,
        lr_scheduler_type="cosine",
        warmup_steps=max(1, round(0.03 * steps)),
        max_length=profile.max_length,
        train_sampling_strategy="sequential",
        bf16=precision() == "bf16",
        use_cpu=not torch.cuda.is_available(),
        eval_strategy="steps",
        eval_steps=every,
        save_steps=every,
        save_total_limit=1,
        logging_steps=max(1, every // 5),
        report_to=[],
        disable_tqdm=True,
        seed=profile.seed,
        prediction_loss_only=True,
        dataset_kwargs={"skip_prepare_dataset": True},
        remove_unused_columns=False,
        dataloader_pin_memory=torch.cuda.is_available(),
        gradient_checkpointing=False,  # these models are small; recomputing would cost time
    )


def _response_trainer():
    from trl import SFTTrainer

    class ResponseTrainer(SFTTrainer):
        """The same loss as ever, with logits for response positions alone: faster, smaller."""

        def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
            with self.accelerator.autocast():
                whole = self.accelerator.unwrap_model(model).get_base_model()
                total = token_losses(whole, inputs).sum()
            loss = total / (inputs["labels"] != IGNORED).sum()
            return (loss, {"loss": loss}) if return_outputs else loss

    return ResponseTrainer


def _curve_callback(on_log):
    """A trainer callback that hands each new record of the loss curve to ``on_log``."""
    from transformers import TrainerCallback

    class Curve(TrainerCallback):
        def on_log(self, args, state, control, logs=None, **kwargs):
            for record in _history([{"step": state.global_step, **(logs or {})}]):
                if on_log:
                    on_log({**record, "of": state.max_steps})

    return Curve()


def _history(log):
    """The trainer's log as plain records: ``{"step", "loss"}`` or ``{"step", "heldout_loss"}``."""
    names = {"loss": "loss", "eval_loss": "heldout_loss"}
    return [
        {"step": record["step"], names[key]: record[key]}
        for record in log
        for key in names
        if key in record
    ]


def _last_checkpoint(folder):
    """The newest whole checkpoint, or None. The trainer writes its state file last."""
    whole = [path.parent for path in folder.glob("checkpoint-*/trainer_state.json")]
    return str(max(whole, key=lambda path: int(path.name.split("-")[1]))) if whole else None
