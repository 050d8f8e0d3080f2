"""Train a LoRA adapter: two small matrices for each linear layer of a frozen model.

A linear layer computes ``W x``. LoRA (Hu et al. 2021) keeps ``W`` as it is and learns
``W x + (alpha/r) · B A x`` with ``A`` of shape ``(r, in)`` and ``B`` of shape ``(out, r)``. ``B``
starts at zero, so the adapted model starts out equal to the base model.

The parts of a training::

    encoding     rows to token ids and response mask; the loss
    batching     micro-batches within the token budget
    trl_trainer  TRL's SFTTrainer for those rows and that loss
    peft         the pairs of matrices, and the file they are saved to
    lora         the whole training, from rows to a checked adapter

An interrupted training resumes from its last checkpoint. The last step has a checkpoint too, so no
step is lost if the disk is full when the adapter is saved.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from helpers.files.row_shapes import Task
from helpers.files.writing import scratch_folder, write_text
from helpers.planning.hardware import reset_peak_memory
from helpers.planning.out_of_memory import explain_out_of_memory
from helpers.profiles import Profile
from helpers.training.adapter_base import base_checksums, write_base
from helpers.training.checkpoints import check_same_training, describe_training, lock_training
from helpers.training.checksums import Checksum
from helpers.training.encoding import DroppedRow, EncodedRow, encode_all, response_tokens
from helpers.training.nan_checks import check_finite, with_row_numbers
from helpers.training.training_record import CurvePoint, TrainingRecord
from helpers.training.trl_trainer import curve, curve_callback, response_trainer

if TYPE_CHECKING:
    from peft import LoraConfig, PeftModel
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

    from helpers.training.trl_steps import ResponseTrainer


class AdapterSummary(TypedDict):
    """What a saved adapter holds: file size, matrices, and the largest number of each ``B``."""

    bytes: int
    matrices: int
    largest_b: dict[str, float]


def lora_config(profile: Profile) -> LoraConfig:
    """Build peft's ``LoraConfig`` from the profile: two matrices for every linear layer.

    The output layer has none, because it may share its weights with the embedding.
    """
    from peft import LoraConfig

    return LoraConfig(
        r=profile.lora_rank,
        lora_alpha=profile.lora_alpha,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )


def count_parameters(model: PreTrainedModel | PeftModel) -> tuple[int, int]:
    """Count a model's parameters: ``(trainable, total)``."""
    sizes = [(p.numel(), p.requires_grad) for p in model.parameters()]
    return sum(n for n, trains in sizes if trains), sum(n for n, _ in sizes)


def train_lora(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    rows: Sequence[Task],
    heldout: Sequence[Task],
    profile: Profile,
    folder: str | Path,
    *,
    on_log: Callable[[CurvePoint], None] | None = None,
    report_to: Sequence[str] = (),
) -> TrainingRecord:
    """Train a LoRA adapter on ``rows`` and save it in ``folder/adapter``; returns a record.

    The loss on ``heldout`` is measured before the first step and twice in each epoch. The adapter
    with the lowest held-out loss is kept, in the folder and in ``model``. Checksums of the base
    model are saved with the adapter (``adapter_base``). ``on_log(point)`` gets each new point of
    the curve, with the meter's readings. ``report_to`` names experiment trackers (``"wandb"``,
    ``"tensorboard"``, ``"trackio"``); by default there are none.

    The record is also written to ``folder/training.json``; see ``TrainingRecord``. Raises
    ValueError if no row can be trained on, if the checkpoints in ``folder`` belong to another
    training, or if another training is writing there now. Raises FloatingPointError with the step
    and the rows if a loss or gradient is NaN or infinite.
    """
    with lock_training(folder):
        return _train_lora(
            model, tokenizer, rows, heldout, profile, Path(folder), on_log, report_to
        )


def _train_lora(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    rows: Sequence[Task],
    heldout: Sequence[Task],
    profile: Profile,
    folder: Path,
    on_log: Callable[[CurvePoint], None] | None,
    report_to: Sequence[str],
) -> TrainingRecord:
    """Do the work of :func:`train_lora` in a folder that is already locked."""
    from transformers import set_seed

    from helpers.training.prefix_attention import training_attention

    set_seed(profile.seed)  # A starts from random numbers: the same ones in every run
    train, dropped = encode_all(rows, tokenizer, profile.max_length)
    held, too_long = encode_all(heldout, tokenizer, profile.max_length)
    checkpoints = folder / "checkpoints"
    check_same_training(checkpoints, describe_training("lora", profile, model, train, held))
    base = base_checksums(model)  # before training, because peft wraps the model
    train, held = with_row_numbers(train, rows, dropped), with_row_numbers(held, heldout, too_long)
    usual_attention = model.config._attn_implementation
    try:
        model.set_attn_implementation(training_attention(model.config))
        trainer = response_trainer(
            model, tokenizer, train, held, profile, lora_config(profile), checkpoints, report_to
        )
        trainer.add_callback(curve_callback(trainer, on_log))
        seconds = _run(trainer, model.config, profile, checkpoints)
    finally:  # so that the model can answer after an interrupted training too
        model.set_attn_implementation(usual_attention)
    record = _record(trainer, train, dropped, seconds)
    # From here on a failure loses no step: the trainer has saved a checkpoint of the last one.
    _save_adapter(trainer.model, base, folder / "adapter")
    write_text(folder / "training.json", json.dumps(record, indent=1) + "\n")
    shutil.rmtree(checkpoints, ignore_errors=True)
    return record


def _run(
    trainer: ResponseTrainer, config: PretrainedConfig, profile: Profile, checkpoints: Path
) -> float:
    """Train from the last checkpoint, or from the start; returns the seconds that it took."""
    from transformers import PrinterCallback

    from helpers.training.lora_linear import fused_adapters

    trainer.remove_callback(PrinterCallback)
    checkpoint = _last_checkpoint(checkpoints)
    trainer.args.eval_on_start = checkpoint is None
    reset_peak_memory()
    started = time.monotonic()
    with explain_out_of_memory(config, "lora", profile), fused_adapters(trainer.model):
        trainer.train(resume_from_checkpoint=checkpoint)
    return time.monotonic() - started


def _last_checkpoint(folder: Path) -> str | None:
    """Return the newest complete checkpoint, or None. The trainer writes its state file last."""
    complete = [path.parent for path in folder.glob("checkpoint-*/trainer_state.json")]
    return str(max(complete, key=lambda path: int(path.name.split("-")[1]))) if complete else None


def _record(
    trainer: ResponseTrainer, train: Sequence[EncodedRow], dropped: list[DroppedRow], seconds: float
) -> TrainingRecord:
    """Summarize a finished training on the encoded rows ``train``."""
    trainable, total = count_parameters(trainer.model)
    return {
        "history": curve(trainer.state.log_history),
        "steps": trainer.state.global_step,
        "best_step": trainer.state.best_global_step,
        "response_tokens": response_tokens(train),
        "cut": sum(row["cut"] > 0 for row in train),
        "trainable": trainable,
        "total": total,
        **trainer.meter.read(),
        "seconds": seconds,
        "dropped": dropped,
    }


def _save_adapter(model: PeftModel, base: Mapping[str, Checksum], folder: Path) -> None:
    """Save and check an adapter with its base's checksums; replaces an earlier adapter at the end.

    The same training gives the same bytes: peft writes its sets in any order, so they are sorted.
    peft's model card is left out, because it is an empty form. Weights are rounded to bf16, in
    ``model`` too: half the bytes, and the file holds exactly what the model computes with.
    """
    _round_to_bf16(model)
    with scratch_folder(folder) as scratch:
        model.save_pretrained(scratch)
        _store_as_bf16(scratch / "adapter_model.safetensors")
        (scratch / "README.md").unlink(missing_ok=True)
        path = scratch / "adapter_config.json"
        config = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(config["target_modules"], list):
            config["target_modules"].sort()
        write_text(path, json.dumps(config, indent=2, sort_keys=True) + "\n")
        write_base(base, scratch)
        check_adapter(scratch)
        shutil.rmtree(folder, ignore_errors=True)
        scratch.rename(folder)


def _round_to_bf16(model: PeftModel) -> None:
    import torch

    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.copy_(parameter.to(torch.bfloat16))


def _store_as_bf16(path: Path) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    tensors = {name: tensor.to(torch.bfloat16) for name, tensor in load_file(path).items()}
    save_file(tensors, path, metadata={"format": "pt"})


def check_adapter(folder: str | Path) -> AdapterSummary:
    """Check a saved adapter and summarize it.

    Raises ValueError if a weight is NaN or infinite, or if every ``B`` is still zero: such an
    adapter changes nothing.
    """
    from safetensors import safe_open

    path = Path(folder) / "adapter_model.safetensors"
    check_finite(path)
    with safe_open(path, "pt") as file:
        names = list(file.keys())
        largest = {n: file.get_tensor(n).abs().max().item() for n in names if "lora_B" in n}
    if not any(largest.values()):
        raise ValueError(
            f"every matrix B in {path} is zero, as before training, so this adapter changes "
            "nothing. Check that the training took at least one step and that its learning rate "
            "is above zero, then train again."
        )
    return {"bytes": path.stat().st_size, "matrices": len(names), "largest_b": largest}
