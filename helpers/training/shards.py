"""Load, save and gather a model of which each rank holds a slice.

With a model of ``n`` bytes on ``k`` ranks, a rank holds::

    build     the architecture without weights                    0
    shard     decide which rank holds which rows                  0
    load      each rank reads its own rows from the files         n / k
    train     one block at a time is gathered while it computes   n / k + one block
    save      each rank writes its own slices                     n / k
    export    rank 0 collects one tensor after another            n in bf16, on rank 0, on the CPU

Slices are PyTorch's DTensors (FSDP2, ``fully_shard``; Zhao et al. 2023). Dimension 0 of every
tensor is cut into ``k`` runs of rows, of which the last may be shorter.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.checkpoint import state_dict as dcp_state
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard
from torch.distributed.tensor import DTensor
from torch.utils.checkpoint import checkpoint
from transformers import AutoConfig

from helpers.files.writing import scratch_folder, write_text
from helpers.planning.architectures import blocks_of
from helpers.planning.hardware import precision
from helpers.training.encoding import token_losses
from helpers.training.model_folders import MAX_FILE_SIZE
from helpers.training.prefix_attention import training_attention

if TYPE_CHECKING:
    from torch.distributed.device_mesh import DeviceMesh
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase


class Learner(nn.Module):
    """A model and its loss in one module, so that FSDP sees one forward pass from ids to loss."""

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, batch: Mapping[str, Any]) -> torch.Tensor:
        """Return the summed loss of a batch, in nats; its mean is that over the learned tokens."""
        return token_losses(self.model, batch).sum()


def load_sharded(folder: str | Path, mesh: DeviceMesh, *, recompute: bool = False) -> Learner:
    """Load the model in ``folder`` onto a device mesh; each rank reads only its own slices.

    Weights become float32, whatever the files hold. For ``recompute`` see :func:`shard`. Raises
    ValueError if a tensor is missing from the files or has another shape there.
    """
    folder = Path(folder)
    config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    learner = shard(without_weights(config), mesh, recompute=recompute)
    slices = _read_slices(folder, dict(learner.model.named_parameters()))
    # Not strict, because a tied output layer is the embedding and has no slice of its own.
    learner.model.load_state_dict(slices, strict=False, assign=True)
    learner.model.tie_weights()
    return learner


def shard(model: PreTrainedModel, mesh: DeviceMesh, *, recompute: bool = False) -> Learner:
    """Shard a model over a device mesh: each block by itself, then the rest.

    The model itself names the class of its blocks. Weights are gathered in bf16 where that is fast,
    else in float32; gradients are reduced in float32. With ``recompute`` a block keeps only its
    input and computes the rest again in the backward pass. This *activation checkpointing* (Chen et
    al. 2016) costs a third more computation and saves most of the activations' memory.
    """
    chosen = [precision()]
    dist.broadcast_object_list(chosen)  # measured speeds may differ, so rank 0 decides for all
    dtype = torch.bfloat16 if chosen[0] == "bf16" else None
    policy = MixedPrecisionPolicy(param_dtype=dtype, reduce_dtype=torch.float32)
    learner = Learner(model)
    for block in blocks_of(model):
        if recompute:  # inside FSDP's hooks, so the weights are gathered once for both passes
            block.forward = partial(checkpoint, block.forward, use_reentrant=False)
        fully_shard(block, mesh=mesh, mp_policy=policy)
    fully_shard(learner, mesh=mesh, mp_policy=policy)
    return learner


def without_weights(config: PretrainedConfig) -> PreTrainedModel:
    """Build a model whose parameters use no memory; its buffers are real."""
    from accelerate import init_empty_weights
    from transformers import AutoModelForCausalLM

    with init_empty_weights():
        model = AutoModelForCausalLM.from_config(
            config,
            dtype=torch.float32,
            attn_implementation=training_attention(config),
            trust_remote_code=False,
        )
    model.tie_weights()
    return model.train()


def _read_slices(folder: Path, state: Mapping[str, DTensor]) -> dict[str, DTensor]:
    """Read this rank's slices from the folder's safetensors files.

    ``state`` has the wanted name, shape and placement of each tensor.
    """
    from safetensors import safe_open

    slices: dict[str, DTensor] = {}
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, "pt") as file:
            for name in state.keys() & set(file.keys()):
                slices[name] = _own_rows(file.get_slice(name), state[name], f"{name} in {path}")
    missing = sorted(state.keys() - slices.keys())
    if missing:
        raise ValueError(
            f"the safetensors files in {folder} lack {len(missing)} of {len(state)} tensors, "
            f"{missing[0]!r} among them. Save the model again with save_pretrained."
        )
    return slices


def _own_rows(stored: Any, wanted: DTensor, where: str) -> DTensor:
    """Read this rank's rows of a stored tensor, placed like ``wanted``.

    ``stored`` is a slice that safetensors has opened; ``where`` names it in errors.
    """
    if tuple(stored.get_shape()) != tuple(wanted.shape):
        raise ValueError(
            f"{where} has shape {tuple(stored.get_shape())}, but config.json asks for "
            f"{tuple(wanted.shape)}: weights and configuration belong to two models. Save the "
            "model again with save_pretrained."
        )
    mesh, rows = wanted.device_mesh, wanted.shape[0]
    run = -(-rows // mesh.size())  # rows per rank, rounded up, as fully_shard cuts them
    first = min(rows, run * mesh.get_local_rank())
    mine = stored[first : min(rows, first + run)].to(mesh.device_type, torch.float32)
    return DTensor.from_local(
        mine, mesh, wanted.placements, run_check=False, shape=wanted.shape, stride=wanted.stride()
    )


def save_checkpoint(
    learner: Learner,
    optimizer: torch.optim.Optimizer,
    out: str | Path,
    step: int,
    notes: Mapping[str, Any],
) -> None:
    """Save a checkpoint: every rank writes its slices.

    The folder gets its final name only when all ranks are done. Older checkpoints are then removed.
    ``notes`` are stored as JSON and returned by :func:`load_checkpoint`.
    """
    model, optim = dcp_state.get_state_dict(learner, optimizer)
    final = Path(out) / "checkpoints" / f"step-{step}"
    scratch = final.with_name(final.name + ".partial")
    torch.distributed.checkpoint.save({"model": model, "optim": optim}, checkpoint_id=scratch)
    if dist.get_rank() == 0:
        write_text(scratch / "progress.json", json.dumps({"step": step, **notes}))
        os.replace(scratch, final)
        for old in final.parent.glob("step-*"):
            if old != final:
                shutil.rmtree(old)
    dist.barrier()


def load_checkpoint(
    learner: Learner, optimizer: torch.optim.Optimizer, out: str | Path
) -> dict[str, Any] | None:
    """Load the last complete checkpoint into model and optimizer.

    Returns its notes with ``step``, or None if there is no checkpoint.
    """
    folders = [path.parent for path in Path(out).glob("checkpoints/step-*/progress.json")]
    complete = [folder for folder in folders if folder.suffix != ".partial"]
    if not complete:
        return None
    last = max(complete, key=lambda folder: int(folder.name.removeprefix("step-")))
    model, optim = dcp_state.get_state_dict(learner, optimizer)
    state = {"model": model, "optim": optim}
    torch.distributed.checkpoint.load(state, checkpoint_id=last)
    dcp_state.set_state_dict(
        learner, optimizer, model_state_dict=state["model"], optim_state_dict=state["optim"]
    )
    return json.loads((last / "progress.json").read_text())


def export_model(learner: Learner, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Gather the model on rank 0, one tensor at a time, and save it in bf16 as safetensors.

    The folder gets its name only when all of it is written.
    """
    sharded = dcp_state.get_model_state_dict(learner.model)
    gathered: dict[str, torch.Tensor] = {}
    for name, _ in learner.model.named_parameters():  # tied layers appear once
        tensor = sharded[name].to(torch.bfloat16).full_tensor()  # all ranks take part
        if dist.get_rank() == 0:
            gathered[name] = tensor.cpu()
    if dist.get_rank() == 0:
        learner.model.config.dtype = torch.bfloat16
        with scratch_folder(folder) as scratch:
            learner.model.save_pretrained(
                scratch, state_dict=gathered, max_shard_size=MAX_FILE_SIZE
            )
            tokenizer.save_pretrained(scratch)
            shutil.rmtree(folder, ignore_errors=True)
            os.replace(scratch, folder)
    dist.barrier()
