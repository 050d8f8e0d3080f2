"""Count the bytes that PyTorch keeps for the backward pass, without using that memory.

The model runs forward on *fake tensors* (PyTorch's ``FakeTensorMode``), which have a shape but no
memory. Autograd's hooks report every tensor that it would keep. So the count is right for every
architecture, attention and number format, and needs no formula. :mod:`helpers.planning.memory`
turns these numbers into a plan.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Any, Self

import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode

from helpers.planning.architectures import blocks_of
from helpers.planning.hardware import layout
from helpers.planning.transformers_messages import hide_messages

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel

_DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}


@dataclass(frozen=True)
class TrainingSetup:
    """What a training computes, and with what.

    ``method`` is ``"full"`` or ``"lora"``; ``rows`` of ``length`` tokens are computed together;
    ``device`` is ``"cuda"`` or ``"cpu"``; ``attention`` is transformers' ``attn_implementation``.
    """

    method: str
    precision: str
    rows: int
    length: int
    ranks: int
    lora_rank: int
    device: str
    attention: str


@dataclass(frozen=True)
class ModelSizes:
    """Sizes of a model and of one forward pass; sizes of equal blocks add up.

    Numbers of parameters: ``parameters`` (full: all, LoRA: the frozen ones), ``held`` (trained ones
    on the rank that holds most) and ``head`` (the output layer). Bytes: ``head_copy`` (the output
    layer's copy in the computing format), ``kept`` (activations), ``copies`` (of weights, in the
    computing format) and ``inputs`` (of blocks).
    """

    parameters: int
    held: int
    head: int
    head_copy: int
    kept: int
    copies: int
    inputs: int

    def __add__(self, other: Self) -> Self:
        pairs = zip(astuple(self), astuple(other), strict=True)
        return type(self)(*(mine + its for mine, its in pairs))

    def __mul__(self, count: int) -> Self:
        return type(self)(*(count * size for size in astuple(self)))

    def __sub__(self, other: Self) -> Self:
        return self + other * -1


def count_sizes(config: PretrainedConfig, layers: int, setup: TrainingSetup) -> ModelSizes:
    """Count the sizes of a model that is cut to ``layers`` blocks."""
    dtype, lora = _DTYPES[setup.precision], setup.method == "lora"
    stored = _stored_dtype(setup)
    model = cut_model(config, layers, stored, setup.attention, setup.lora_rank if lora else None)
    trained = [p for p in model.parameters() if p.requires_grad]
    frozen = sum(p.numel() for p in model.parameters() if not p.requires_grad)
    slices = [math.ceil(p.shape[0] / setup.ranks) * (p.numel() // p.shape[0]) for p in trained]
    all_trained = sum(p.numel() for p in trained)
    head = model.get_output_embeddings().weight.numel()
    autocast = lora and setup.precision != "fp32"
    padded = setup.rows > 1 and layout(setup.attention) == "padded"
    with FakeTensorMode():
        _replace_with_fake_tensors(model)
        with torch.autocast("cpu", dtype, enabled=autocast):  # fake tensors are on the CPU
            kept, copies, inputs = _kept_bytes(model, setup.rows, setup.length, padded)
    return ModelSizes(
        parameters=frozen if lora else all_trained,
        held=all_trained if lora else sum(slices),
        head=head,
        head_copy=dtype.itemsize * head if autocast and stored != dtype else 0,
        kept=kept,
        copies=copies,
        inputs=inputs,
    )


def _stored_dtype(setup: TrainingSetup) -> torch.dtype:
    """Return the dtype of the weights as the forward pass finds them."""
    if setup.method == "lora":
        return _DTYPES[setup.precision] if setup.device == "cuda" else torch.float32
    # FSDP gathers weights in bf16 or in float32.
    return torch.bfloat16 if setup.precision == "bf16" else torch.float32


def cut_model(
    config: PretrainedConfig,
    layers: int,
    dtype: torch.dtype,
    attention: str,
    lora_rank: int | None,
) -> PreTrainedModel:
    """Build a model with ``layers`` blocks and without memory, on PyTorch's device ``meta``.

    With a ``lora_rank`` it has LoRA adapters beside all its linear layers.
    """
    from transformers import AutoModelForCausalLM

    hide_messages()
    config = copy.deepcopy(config)
    text = config.get_text_config()
    text.num_hidden_layers = layers
    if getattr(text, "layer_types", None):
        text.layer_types = text.layer_types[:layers]
    # sdpa keeps the same tensors as flash attention, which may not be installed here; eager keeps
    # about the same as this project's own attention, when no two rows share a prefix.
    kernel = {"packed": "sdpa", "shared": "eager", "padded": attention}[layout(attention)]
    with torch.device("meta"):
        options = {"dtype": dtype, "attn_implementation": kernel, "trust_remote_code": False}
        model = AutoModelForCausalLM.from_config(config, **options)
        model.tie_weights()
        if lora_rank:
            from peft import LoraConfig, get_peft_model

            lora = LoraConfig(r=lora_rank, target_modules="all-linear", task_type="CAUSAL_LM")
            model = get_peft_model(model, lora).get_base_model()
    return model.train()


def _replace_with_fake_tensors(model: PreTrainedModel) -> None:
    """Replace each parameter and buffer by a fake tensor of its shape; tied ones stay tied."""
    fakes: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}
    for module in model.modules():
        for tensors in (module._parameters, module._buffers):
            for name, real in tensors.items():
                if real is not None and id(real) not in fakes:
                    fake = torch.empty(real.shape, dtype=real.dtype, device="cpu")
                    if isinstance(real, torch.nn.Parameter):
                        fake = torch.nn.Parameter(fake, requires_grad=real.requires_grad)
                    # The real tensor is stored too: else its id could be given to another one.
                    fakes[id(real)] = real, fake
                tensors[name] = None if real is None else fakes[id(real)][1]


def _kept_bytes(
    model: PreTrainedModel, rows: int, length: int, padded: bool
) -> tuple[int, int, int]:
    """Run the decoder forward and count what autograd keeps, in bytes.

    Returns the bytes of activations, of copies of weights in the computing format, and of the
    blocks' inputs. A tensor counts once, however many views of it are kept; the weights themselves
    do not count. ``padded`` rows have a mask, of which sdpa keeps a copy in every block.
    """
    weights = {_storage(t) for t in [*model.parameters(), *model.buffers()]}
    casts, saved = _WeightCopies(weights), _SavedTensors(weights)
    inputs = _record_block_inputs(model, padded)
    # Only the decoder's own flag: OPT skips blocks at random in training, which fake tensors
    # cannot do. The modules below it stay in training mode.
    model.get_decoder().training = False
    ids = torch.ones(rows, length, dtype=torch.long)
    with torch.autograd.graph.saved_tensors_hooks(saved.pack, lambda tensor: tensor), casts:
        model.get_decoder()(input_ids=ids, attention_mask=torch.ones_like(ids), use_cache=False)
    copies = sum(size for storage, size in saved.sizes.items() if storage in casts.copies)
    return sum(saved.sizes.values()) - copies, copies, sum(inputs)


def _storage(tensor: torch.Tensor) -> int:
    """Return a number that all views of one piece of memory share."""
    return tensor.untyped_storage()._cdata


class _SavedTensors:
    """Sizes in bytes of the tensors that autograd saves, by storage."""

    def __init__(self, weights: set[int]) -> None:
        self.weights = weights
        self.sizes: dict[int, int] = {}
        self.alive: list[torch.Tensor] = []  # a freed storage's number would be given out again

    def pack(self, tensor: torch.Tensor) -> torch.Tensor:
        """Note one tensor; autograd calls this for each tensor that it saves."""
        storage = _storage(tensor)
        if storage not in self.weights:
            self.sizes[storage] = tensor.untyped_storage().nbytes()
            self.alive.append(tensor)
        return tensor


class _WeightCopies(TorchDispatchMode):
    """Storages of the copies of weights that autocast makes in the computing format."""

    def __init__(self, weights: set[int]) -> None:
        super().__init__()
        self.weights = weights
        self.copies: set[int] = set()
        self.alive: list[torch.Tensor] = []

    def __torch_dispatch__(
        self,
        function: Callable[..., Any],
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        result = function(*args, **(kwargs or {}))
        is_cast = function is torch.ops.aten._to_copy.default
        if is_cast and _storage(args[0]) in self.weights:
            self.copies.add(_storage(result))
            self.alive.append(result)
        return result


def _record_block_inputs(model: PreTrainedModel, padded: bool) -> list[int]:
    """Make each block note the bytes of its input; returns the list that a forward pass fills."""
    inputs: list[int] = []

    def before_block(
        block: torch.nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        inputs.append(args[0].nbytes)
        # transformers cannot read from fake tensors that no mask is needed, and makes one.
        return args, kwargs if padded else {**kwargs, "attention_mask": None}

    for block in blocks_of(model):
        block.register_forward_pre_hook(before_block, with_kwargs=True)
    return inputs
