"""Replace two steps of TRL's trainer: the update and the evaluation.

An update is computed in micro-batches within the token budget, so it has the rows that the recipe
asks for, however few fit into memory at once. The held-out loss is a mean over tokens, and not over
batches as in the trainer itself. This module imports torch and TRL.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import torch
from trl import SFTTrainer

from helpers.training.encoding import IGNORED, token_losses
from helpers.training.nan_checks import rows_not_finite, stop_training
from helpers.training.training_record import Meter


class Update(TypedDict):
    """The rows of one update: micro-batches as ``token_losses`` takes them, and for each of them
    its row numbers and its tokens of text.
    """

    micro_batches: list[dict[str, Any]]
    rows: list[list[int]]
    tokens: list[int]


class ResponseTrainer(SFTTrainer):
    """TRL's trainer with updates in micro-batches; the loss is a mean over the learned tokens."""

    meter: Meter

    def training_step(
        self, model: torch.nn.Module, inputs: Update, num_items_in_batch: int | None = None
    ) -> torch.Tensor:
        """Compute the gradient of one update; returns its mean loss.

        Raises FloatingPointError if the loss or the gradient is NaN or infinite.
        """
        model.train()
        started = time.monotonic()
        batches = self._prepare_inputs(inputs)["micro_batches"]
        learned = sum((batch["labels"] != IGNORED).sum() for batch in batches)
        shares = []
        for batch, tokens in zip(batches, inputs["tokens"], strict=True):
            share = self._sum_of_losses(model, batch) / learned
            self.accelerator.backward(share)
            shares.append(share.detach())
            self.meter.count(tokens, batch["input_ids"].numel())
        self._check_step(model, shares, inputs["rows"])
        self.meter.seconds += time.monotonic() - started
        return sum(shares)

    def _check_step(
        self, model: torch.nn.Module, shares: Sequence[torch.Tensor], groups: Sequence[list[int]]
    ) -> None:
        """Stop before the optimizer would spread NaN or infinity to the weights."""
        step = self.state.global_step + 1
        numbers = rows_not_finite([share.item() for share in shares], groups)
        if numbers:
            stop_training("the loss", step, numbers)
        if self.accelerator.scaler is None:  # in fp16 the gradient scaler skips such a step itself
            gradients = [p.grad for p in model.parameters() if p.grad is not None]
            if not torch.stack([each.isfinite().all() for each in gradients]).all():
                stop_training("the gradient", step, [row for rows in groups for row in rows])

    def evaluate(
        self,
        eval_dataset: object = None,
        ignore_keys: list[str] | None = None,
        metric_key_prefix: str = "eval",
    ) -> dict[str, float]:
        """Compute the held-out loss, a mean over all learned tokens, as ``eval_loss``."""
        self.model.eval()
        total, learned = 0.0, 0
        for inputs in self.get_eval_dataloader():
            batches = self._prepare_inputs(inputs)["micro_batches"]
            with torch.no_grad():
                losses = [self._sum_of_losses(self.model, batch).item() for batch in batches]
            numbers = rows_not_finite(losses, inputs["rows"])
            if numbers:
                stop_training("the loss", self.state.global_step, numbers, "held-out")
            total += sum(losses)
            learned += sum((batch["labels"] != IGNORED).sum().item() for batch in batches)
        metrics = {"eval_loss": total / learned}
        self.log(metrics)
        self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def _sum_of_losses(self, model: Any, batch: Mapping[str, Any]) -> torch.Tensor:
        with self.accelerator.autocast():
            base = self.accelerator.unwrap_model(model).get_base_model()
            return token_losses(base, batch).sum()
