"""LoRA: teach a frozen model by training two thin matrices beside each of its linear layers.

A linear layer computes ``W x``. LoRA (Hu et al. 2021) leaves ``W`` as it is and learns
``W x + (alpha/r) · B A x`` with ``A`` of shape ``(r, in)`` and ``B`` of shape ``(out, r)``; ``B``
starts at zero, so training starts from the model as it was.

Who does what::

    encoding     rows to ids and mask, micro-batches under the token budget, the loss
    trl_trainer  TRL's SFTTrainer with those rows and that loss, and a meter
    peft         the pairs of matrices, and the file they are saved to
    here         a training from rows to adapter, and a look at what was saved

A training that was killed resumes from its last checkpoint. There is one of the last step too, so a
disk that is full when the adapter is saved costs no training.
"""

import json
import shutil
import time
from pathlib import Path

from helpers.planning.hardware import attention, reset_peak_memory
from helpers.planning.memory import explain_out_of_memory
from helpers.safe_io.writing import scratch_folder, write_text
from helpers.training.adapter_base import base_checksums, write_base
from helpers.training.checkpoints import check_made_with, made_with, training_alone
from helpers.training.encoding import encode_all, response_tokens
from helpers.training.finite import check_numbers, numbered
from helpers.training.trl_trainer import curve, curve_callback, response_trainer


def lora_config(profile):
    """The profile's LoRA settings as peft's ``LoraConfig``: a pair beside every linear layer.

    Only the output layer has none: it may share its weights with the embedding.
    """
    from peft import LoraConfig

    return LoraConfig(
        r=profile.lora_rank,
        lora_alpha=profile.lora_alpha,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )


def trainable_share(model):
    """``(trainable, total)`` parameters of a model."""
    sizes = [(p.numel(), p.requires_grad) for p in model.parameters()]
    return sum(n for n, moves in sizes if moves), sum(n for n, _ in sizes)


def train_lora(model, tokenizer, rows, heldout, profile, folder, *, on_log=None, report_to=()):
    """Train a LoRA adapter on ``rows`` and save it into ``folder/adapter``; returns a record.

    The loss on ``heldout`` is taken before the first step and twice an epoch, and the adapter that
    did best there is the one that is kept, in ``model`` too; beside it stands which base it was
    learned on (:func:`helpers.training.adapter_base.base_checksums`).
    ``on_log(point)`` receives each point of the curve as it comes, with a meter's readings:
    ``tokens_per_second`` (real ones), ``padding`` (share of the computed), ``memory`` (peak,
    bytes), ``minutes_left``. ``report_to`` names trackers of the trainer (``"wandb"``,
    ``"tensorboard"``, ``"trackio"``); none by itself.

    The record, also written to ``folder/training.json``, holds ``history`` (points with ``step``
    and ``loss`` or ``heldout_loss``, in nats a token), ``steps``, ``best_step``, ``seconds``,
    ``response_tokens``, ``cut`` (rows cut to length), ``dropped``, ``trainable`` and ``total``
    parameters, and the meter's last readings. Raises ValueError when no row can be trained on, or
    when the checkpoints in ``folder`` are of another training or one is writing there now, and
    FloatingPointError with the step and the rows when a loss or gradient is NaN or infinite.
    """
    with training_alone(folder):
        return _train_lora(
            model, tokenizer, rows, heldout, profile, Path(folder), on_log, report_to
        )


def _train_lora(model, tokenizer, rows, heldout, profile, folder, on_log, report_to):
    from transformers import PrinterCallback, set_seed

    set_seed(profile.seed)  # A starts from random numbers: the same ones in every run
    train, dropped = encode_all(rows, tokenizer, profile.max_length)
    held, too_long = encode_all(heldout, tokenizer, profile.max_length)
    check_made_with(folder / "checkpoints", made_with("lora", profile, model, train, held))
    base = base_checksums(model)  # before training: peft wraps the model
    usual = model.config._attn_implementation
    model.set_attn_implementation(attention())
    trainer = response_trainer(
        model,
        tokenizer,
        numbered(train, rows, dropped),
        numbered(held, heldout, too_long),
        profile,
        lora_config(profile),
        folder / "checkpoints",
        report_to,
    )
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(curve_callback(trainer, on_log))
    checkpoint = _last_checkpoint(folder / "checkpoints")
    trainer.args.eval_on_start = checkpoint is None
    reset_peak_memory()
    started = time.monotonic()
    with explain_out_of_memory(model.config, "lora", profile):
        trainer.train(resume_from_checkpoint=checkpoint)
    model.set_attn_implementation(usual)
    seconds = time.monotonic() - started
    record = {**_record(trainer, train), "seconds": seconds, "dropped": dropped}
    # From here on a failure costs no step: the trainer has left a checkpoint of the last one.
    _save_adapter(trainer.model, base, folder / "adapter")
    write_text(folder / "training.json", json.dumps(record, indent=1) + "\n")
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    return record


def _record(trainer, train):
    """What a finished trainer knows of its run over the encoded rows ``train``."""
    trainable, total = trainable_share(trainer.model)
    return {
        "history": curve(trainer.state.log_history),
        "steps": trainer.state.global_step,
        "best_step": trainer.state.best_global_step,
        "response_tokens": response_tokens(train),
        "cut": sum(row["cut"] > 0 for row in train),
        "trainable": trainable,
        "total": total,
        **trainer.meter.read(),
    }


def _save_adapter(model, base, folder):
    """Save the adapter and what it was learned on; the folder is there when all is good.

    The same bytes for the same training, though peft writes its sets in any order, and without
    peft's model card, a form that nobody has filled in.
    """
    with scratch_folder(folder) as scratch:
        model.save_pretrained(scratch)
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


def check_adapter(folder):
    """Look into a saved adapter: ``{"bytes", "matrices", "largest_b"}`` (``{name: number}``).

    Raises ValueError when a weight is NaN or infinite, or when every ``B`` is still zero: such an
    adapter changes nothing.
    """
    from safetensors import safe_open

    path = Path(folder) / "adapter_model.safetensors"
    check_numbers(path)
    with safe_open(path, "pt") as file:
        names = list(file.keys())
        largest = {n: file.get_tensor(n).abs().max().item() for n in names if "lora_B" in n}
    if not any(largest.values()):
        raise ValueError(
            f"every matrix B in {path} is zero, as before training, so this adapter changes "
            "nothing. Was there a single step, and a learning rate above zero?"
        )
    return {"bytes": path.stat().st_size, "matrices": len(names), "largest_b": largest}


def _last_checkpoint(folder):
    """The newest whole checkpoint, or None. The trainer writes its state file last."""
    whole = [path.parent for path in folder.glob("checkpoint-*/trainer_state.json")]
    return str(max(whole, key=lambda path: int(path.name.split("-")[1]))) if whole else None
