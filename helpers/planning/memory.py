"""Plan the memory of a training: bytes per rank, before anything is downloaded.

A model of ``n`` parameters needs::

    weights      full: 4 n bytes (float32), sharded over ranks      LoRA: 2 n (CPU: 4 n), frozen
    gradients    full: 4 n, sharded                                 LoRA: for adapters only
    optimizer    Adam's two moments: twice the gradients            LoRA: for adapters only
    activations  what the forward pass keeps for the backward pass
    logits       a score for each token of the vocabulary, at each learned position
    gathered     temporary copies of weights and gradients: FSDP's blocks, autocast's copies

The first three are arithmetic. Activations depend on the architecture and the attention, so
``activations`` counts them on the real model code. All blocks of a model are alike. So one block
and two blocks are counted, and their difference is multiplied by the number of blocks.

The parts do not peak at the same time, so the total is less than their sum. The plan assumes the
second micro-batch of an update, when the gradients of the first already exist. It leaves out what
the allocator loses: :func:`helpers.planning.gpus.fits` keeps a reserve for that.
``benchmarks/memory.py`` compares the plan with measured peaks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple, TypedDict

from helpers.planning import hardware
from helpers.planning.hardware import LOGITS_AT_ONCE

if TYPE_CHECKING:
    from transformers import PretrainedConfig

    from helpers.planning.activations import ModelSizes, TrainingSetup

Part = Literal["weights", "gradients", "optimizer", "activations", "logits", "gathered"]
PARTS: tuple[Part, ...] = (
    "weights",
    "gradients",
    "optimizer",
    "activations",
    "logits",
    "gathered",
)
_BYTES = {"bf16": 2, "fp16": 2, "fp32": 4}


class MemoryPlan(TypedDict):
    """Bytes per rank: each of :data:`PARTS` at its own peak, and ``total``, the peak of all."""

    weights: int
    gradients: int
    optimizer: int
    activations: int
    logits: int
    gathered: int
    total: int


class _Persistent(NamedTuple):
    """Bytes that are in use from the first step to the last."""

    weights: float
    gradients: float
    optimizer: float


class _Gathered(NamedTuple):
    """Bytes of temporary copies at three moments: in both passes, and after the last block."""

    forward: float
    backward: float
    end: float


def plan_memory(
    config: PretrainedConfig,
    method: str,
    *,
    precision: str = "bf16",
    rows: int,
    length: int,
    ranks: int = 1,
    lora_rank: int = 8,
    recompute: bool = False,
    response_share: float = 0.5,
    device: str | None = None,
    attention: str | None = None,
) -> MemoryPlan:
    """Plan the bytes per rank for a training.

    ``config`` is a configuration of transformers. ``method`` is ``"full"`` (sharded over ``ranks``)
    or ``"lora"`` (every rank holds everything). ``rows`` × ``length`` tokens are computed together,
    and the response makes up ``response_share`` of them. ``device`` is ``"cuda"`` or ``"cpu"``; the
    default is this machine's. ``attention`` is transformers' name; the default is ``"eager"`` on a
    CPU, else ``"sdpa"``, which like flash attention keeps no attention scores. With
    ``recompute`` activations are recomputed in the backward pass. ValueError for another method.
    """
    from helpers.planning.activations import TrainingSetup, count_sizes  # imports torch

    if method not in ("full", "lora"):
        raise ValueError(f"method is {method!r}; it can be 'full' or 'lora'.")
    device = device or hardware.device()
    attention = attention or ("eager" if device == "cpu" else "sdpa")
    setup = TrainingSetup(method, precision, rows, length, ranks, lora_rank, device, attention)
    one, two = count_sizes(config, 1, setup), count_sizes(config, 2, setup)
    block = two - one
    root = one - block  # the model without blocks
    model = root + block * config.get_text_config().num_hidden_layers
    vocabulary = config.get_text_config().vocab_size
    logits = _logits(vocabulary, root, setup, rows * length * response_share)
    return _plan(model, root, block, setup, logits, recompute)


def _plan(
    model: ModelSizes,
    root: ModelSizes,
    block: ModelSizes,
    setup: TrainingSetup,
    logits: float,
    recompute: bool,
) -> MemoryPlan:
    """Put the parts together; the total is the peak over the moments of an update."""
    persistent = _persistent(model, setup)
    gathered = _gathered(model, root, block, setup, recompute)
    kept, recomputed = model.kept, 0
    if recompute:  # each block keeps only its input, and one at a time is computed again
        kept, recomputed = root.kept + model.inputs, block.kept
    peak = max(
        kept + logits + gathered.forward,  # when the loss is computed
        kept + recomputed + gathered.backward,  # in the backward pass of a block
        gathered.end,  # after the backward pass; the fused optimizer needs nothing more
    )
    return {
        "weights": round(persistent.weights),
        "gradients": round(persistent.gradients),
        "optimizer": round(persistent.optimizer),
        "activations": round(kept + recomputed),
        "logits": round(logits),
        "gathered": round(max(gathered)),
        "total": round(sum(persistent) + peak),
    }


def _persistent(model: ModelSizes, setup: TrainingSetup) -> _Persistent:
    """Bytes of weights, gradients and Adam's moments. Trained weights are always float32."""
    trained, frozen = model.held, 0
    if setup.method == "lora":
        size = _BYTES[setup.precision] if setup.device == "cuda" else 4
        frozen = model.parameters * size
    return _Persistent(4 * trained + frozen, 4 * trained, 8 * trained)


def _logits(vocabulary: int, root: ModelSizes, setup: TrainingSetup, learned: float) -> float:
    """Peak bytes of the loss over ``learned`` tokens.

    The loss needs log-probabilities in float32, their gradient, and the gradient of the logits. If
    there are more positions than one slice of logits holds, only one slice exists at a time, beside
    the output layer's gradient so far.
    """
    slice_rows = max(1, LOGITS_AT_ONCE // vocabulary)
    sliced = learned > slice_rows
    logits = min(learned, slice_rows) * vocabulary
    in_fp32 = setup.precision == "fp32" or (setup.method, setup.precision) == ("full", "fp16")
    size = 4 if in_fp32 else 2
    gradient = size * root.head if setup.method == "full" else 0
    # The second moment: the output layer's gradient is computed while the logits still exist.
    return max(12 * logits + sliced * gradient, (4 + size) * logits + (1 + sliced) * gradient)


def _gathered(
    model: ModelSizes,
    root: ModelSizes,
    block: ModelSizes,
    setup: TrainingSetup,
    recompute: bool,
) -> _Gathered:
    """Bytes of temporary copies of weights, and of gradients before they are sharded."""
    if setup.method == "lora":  # a frozen weight's copy exists until the backward pass used it
        copies = model.copies + root.head_copy
        if recompute:
            return _Gathered(root.head_copy, block.copies, 0)
        return _Gathered(copies, copies, 0)
    size = 2 if setup.precision == "bf16" else 4
    blocks = 2 if setup.ranks > 1 else 1  # the next block is gathered while this one computes
    copies = size * (root.parameters + blocks * block.parameters)
    reduce_block = _reduce_scatter(block.parameters, size, setup)
    reduce_root = _reduce_scatter(root.parameters, size, setup)
    # At the end, the gradients of the root exist beside its weights, or already in the buffer.
    end = max(2 * size * root.parameters, reduce_root) + 4 * block.parameters
    return _Gathered(copies, copies + size * root.head + reduce_block, end)


def _reduce_scatter(parameters: int, size: int, setup: TrainingSetup) -> float:
    """Bytes to reduce gradients over ranks: a float32 buffer, and the slice that comes out."""
    # gloo, the backend on a CPU, works on a copy of the buffer.
    copy = 4 * parameters if setup.device == "cpu" and setup.ranks > 1 else 0
    return 4 * parameters + max(size * parameters, 4 * parameters / setup.ranks + copy)


def memory_table(plans: Mapping[str, MemoryPlan]) -> str:
    """Format memory plans as text, in GB: a row for each part, a column for each named plan."""
    width = max(9, *(len(name) + 2 for name in plans))

    def row(label: str, cells: Iterable[str]) -> str:
        return f"{label:<14}" + "".join(f"{cell:>{width}}" for cell in cells)

    lines = [row("GB per rank", plans)]
    for part in PARTS:
        lines.append(row(part, (f"{plan[part] / 1e9:.2f}" for plan in plans.values())))
    lines.append(row("peak", (f"{plan['total'] / 1e9:.2f}" for plan in plans.values())))
    return "\n".join(lines)
