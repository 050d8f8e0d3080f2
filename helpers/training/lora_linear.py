"""Compute a linear layer and its LoRA adapter as one operation.

peft computes ``y = W x`` and ``d = (alpha/r) · B A x``, and then adds them: three tensors of the
layer's full width, and as many in the backward pass. Here the matrix multiplication itself adds its
result to ``y``. Values and gradients are the same up to rounding.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from peft.tuners.lora.layer import Linear
from torch import Tensor
from torch.nn import functional

if TYPE_CHECKING:
    from peft import PeftModel


class _LinearWithAdapter(torch.autograd.Function):
    """``x Wᵀ + bias + scaling · x Aᵀ Bᵀ`` for ``x`` of shape ``(tokens, in)``; ``W`` is frozen."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        a: Tensor,
        b: Tensor,
        scaling: float,
    ) -> Tensor:
        low = x @ a.t()
        ctx.save_for_backward(x, weight, a, b, low)
        ctx.scaling = scaling
        return functional.linear(x, weight, bias).addmm_(low, b.t(), alpha=scaling)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, None, None, Tensor, Tensor, None]:
        x, weight, a, b, low = ctx.saved_tensors
        grad_low = (grad @ b).mul_(ctx.scaling)
        # The first layer's input, the embedding, is frozen and needs no gradient.
        grad_x = (grad @ weight).addmm_(grad_low, a) if ctx.needs_input_grad[0] else None
        return grad_x, None, None, grad_low.t() @ x, (grad.t() @ low).mul_(ctx.scaling), None


@contextmanager
def fused_adapters(model: PeftModel) -> Iterator[None]:
    """Let the linear layers of ``model`` compute themselves and their adapter in one operation.

    Layers with dropout, with another kind of adapter, or with other weights than ``nn.Linear``'s
    compute as always, and all do again when the context ends.
    """
    layers = [m for m in model.modules() if type(m) is Linear]
    layers = [layer for layer in layers if type(layer.get_base_layer()) is torch.nn.Linear]
    for layer in layers:
        layer.forward = partial(_forward, layer, layer.forward)
    try:
        yield
    finally:
        for layer in layers:
            del layer.forward  # the class's own is found again


def _forward(layer: Linear, plain: Any, x: Tensor, *args: Any, **options: Any) -> Tensor:
    """Compute a layer with its active adapter; ``plain`` is peft's own way, for all other cases."""
    if args or options or not _is_simple(layer):
        return plain(x, *args, **options)
    (name,) = layer.active_adapters
    base, device = layer.get_base_layer(), x.device.type
    autocast = torch.is_autocast_enabled(device)
    dtype = torch.get_autocast_dtype(device) if autocast else base.weight.dtype
    tensors = (x, base.weight, base.bias, layer.lora_A[name].weight, layer.lora_B[name].weight)
    x, weight, bias, a, b = (None if each is None else each.to(dtype) for each in tensors)
    result = _LinearWithAdapter.apply(x.flatten(0, -2), weight, bias, a, b, layer.scaling[name])
    return result.view(*x.shape[:-1], result.shape[-1])


def _is_simple(layer: Linear) -> bool:
    """Whether one plain adapter is active, without dropout, beside frozen weights."""
    base = layer.get_base_layer()
    active = [name for name in layer.active_adapters if name in layer.lora_A]
    return (
        len(active) == len(layer.active_adapters) == 1
        and not (layer.disable_adapters or layer.merged or layer.lora_variant)
        and isinstance(layer.lora_dropout[active[0]], torch.nn.Identity)
        and layer.lora_B[active[0]].bias is None
        and not any(parameter.requires_grad for parameter in base.parameters())
    )
