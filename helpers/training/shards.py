"""A model in slices: built without weights, filled slice by slice, saved, gathered once at the end.

Beside :mod:`helpers.training.fsdp` because it is another idea: there a model learns, here its bytes
lie somewhere. What a rank holds at a time, in a model of ``n`` bytes on ``k`` ranks::

    build     the architecture alone, no weights          0
    shard     who will hold what                          0
    load      each reads its own rows of the files        n / k
    train     plus one block, gathered while it works     n / k + one block
    save      each writes its own slices                  n / k
    export    rank 0 collects one tensor after another    n in bf16, on rank 0, on the CPU

Slices are PyTorch's DTensors (FSDP2, ``fully_shard``; Zhao et al. 2023): dimension 0 of every
tensor is cut into ``k`` runs of rows, the last of which may be shorter.
"""

import json
import os
import shutil
from functools import partial
from pathlib import Path

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.checkpoint import state_dict as dcp_state
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard
from torch.distributed.tensor import DTensor
from torch.utils.checkpoint import checkpoint
from transformers import AutoConfig

from helpers.planning.architectures import blocks_of
from helpers.planning.hardware import attention, precision
from helpers.safe_io.writing import scratch_folder, write_text
from helpers.training.encoding import token_losses
from helpers.training.model_folders import SHARD


class Learner(nn.Module):
    """The model and its loss in one module: FSDP sees one forward pass from root to loss."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, batch):
        """Summed loss of a collated batch, in nats; divide by its learned tokens for the mean."""
        return token_losses(self.model, batch).sum()


def load_sharded(folder, mesh, *, recompute=False):
    """A :class:`Learner` of the model in ``folder``, of which each rank has read its slices only.

    Weights are float32, whatever the files hold. ``recompute``: see :func:`shard`. Raises
    ValueError naming a tensor that the files lack or that has another shape there.
    """
    folder = Path(folder)
    learner = shard(
        without_weights(AutoConfig.from_pretrained(folder, trust_remote_code=False)),
        mesh,
        recompute=recompute,
    )
    slices = _read_slices(folder, dict(learner.model.named_parameters()))
    # Not strict: a tied output layer has no slice of its own, it is the embedding once more.
    learner.model.load_state_dict(slices, strict=False, assign=True)
    learner.model.tie_weights()
    return learner


def shard(model, mesh, *, recompute=False):
    """Shard a model over a device mesh: each block on its own, then what is left.

    The class of the blocks comes from the model itself (``_no_split_modules``), never from a name
    typed by hand. Weights are computed with in bf16 where that is fast, reduced in fp32. With
    ``recompute`` a block keeps nothing but its input and is computed once more in the backward
    pass, *activation checkpointing* (Chen et al. 2016): a third more work, far less memory.
    """
    chosen = [precision()]
    dist.broadcast_object_list(chosen)  # each rank measures; rank 0 decides, or they would differ
    dtype = torch.bfloat16 if chosen[0] == "bf16" else None
    policy = MixedPrecisionPolicy(param_dtype=dtype, reduce_dtype=torch.float32)
    learner = Learner(model)
    for block in blocks_of(model):
        if recompute:  # inside FSDP's hooks: the weights are gathered once for both
            block.forward = partial(checkpoint, block.forward, use_reentrant=False)
        fully_shard(block, mesh=mesh, mp_policy=policy)
    fully_shard(learner, mesh=mesh, mp_policy=policy)
    return learner


def without_weights(config):
    """The architecture of a configuration with parameters on no device, and buffers in place."""
    from accelerate import init_empty_weights
    from transformers import AutoModelForCausalLM

    with init_empty_weights():
        model = AutoModelForCausalLM.from_config(
            config,
            dtype=torch.float32,
            attn_implementation=attention(),
            trust_remote_code=False,
        )
    model.tie_weights()
    return model.train()


def _read_slices(folder, state):
    """Name → DTensor filled from the folder's safetensors files; ``state`` says what is wanted."""
    from safetensors import safe_open

    slices = {}
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


def _own_rows(stored, wanted, where):
    """This rank's rows of a stored tensor, placed like the DTensor ``wanted``."""
    if tuple(stored.get_shape()) != tuple(wanted.shape):
        raise ValueError(
            f"{where} has shape {tuple(stored.get_shape())}, and config.json asks for "
            f"{tuple(wanted.shape)}: weights and config are of two models."
        )
    mesh, rows = wanted.device_mesh, wanted.shape[0]
    run = -(-rows // mesh.size())  # rows a rank, as fully_shard cuts them
    first = min(rows, run * mesh.get_local_rank())
    mine = stored[first : min(rows, first + run)].to(mesh.device_type, torch.float32)
    return DTensor.from_local(
        mine, mesh, wanted.placements, run_check=False, shape=wanted.shape, stride=wanted.stride()
    )


def save_checkpoint(learner, optimizer, out, step, notes):
    """Every rank writes its slices; the folder gets its final name only when all are done.

    ``notes`` is a dict that :func:`load_checkpoint` gives back. Older checkpoints are removed.
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


def load_checkpoint(learner, optimizer, out):
    """Load the last whole checkpoint into both; returns its notes with ``step``, or None."""
    folders = [path.parent for path in Path(out).glob("checkpoints/step-*/progress.json")]
    whole = [folder for folder in folders if folder.suffix != ".partial"]
    if not whole:
        return None
    last = max(whole, key=lambda folder: int(folder.name.removeprefix("step-")))
    model, optim = dcp_state.get_state_dict(learner, optimizer)
    state = {"model": model, "optim": optim}
    torch.distributed.checkpoint.load(state, checkpoint_id=last)
    dcp_state.set_state_dict(
        learner, optimizer, model_state_dict=state["model"], optim_state_dict=state["optim"]
    )
    return json.loads((last / "progress.json").read_text())


def export_model(learner, tokenizer, folder):
    """Gather tensor after tensor on rank 0, in bf16, and save an ordinary safetensors folder.

    It gets its name when all of it is written.
    """
    folder = Path(folder)
    sharded = dcp_state.get_model_state_dict(learner.model)
    whole = {}
    for name, _ in learner.model.named_parameters():  # a tied layer is here once
        gathered = sharded[name].to(torch.bfloat16).full_tensor()  # every rank takes part
        if dist.get_rank() == 0:
            whole[name] = gathered.cpu()
    if dist.get_rank() == 0:
        learner.model.config.dtype = torch.bfloat16
        with scratch_folder(folder) as scratch:
            learner.model.save_pretrained(scratch, state_dict=whole, max_shard_size=SHARD)
            tokenizer.save_pretrained(scratch)
            shutil.rmtree(folder, ignore_errors=True)
            os.replace(scratch, folder)
    dist.barrier()
