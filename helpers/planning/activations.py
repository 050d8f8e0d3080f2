"""What autograd keeps for the backward pass, counted without a byte of it being there.

Beside :mod:`helpers.planning.memory`, which reckons with the numbers: here they come from. The
model of the real code runs forward on *fake tensors* (PyTorch's ``FakeTensorMode``), which have a
shape but no memory, and autograd's hooks report every tensor it would keep. So the count holds for
every architecture, attention and number format, and no formula has to.
"""

import copy
import math

from helpers.planning.quiet import quiet


def count_bytes(
    config, layers, method, precision, rows, length, ranks, lora_rank, device, attention
):
    """Numbers of a model cut to ``layers`` blocks: its parameters, and bytes that autograd keeps.

    ``held`` are the moving parameters of the fullest rank, ``kept`` activations, ``copies`` of
    weights in the computing format, ``inputs`` of the blocks.
    """
    import torch
    from torch._subclasses.fake_tensor import FakeTensorMode

    dtype = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}[precision]
    if method == "lora":
        stored = dtype if device == "cuda" else torch.float32
    else:  # FSDP computes in bf16 or in float32
        stored = dtype if precision == "bf16" else torch.float32
    model = cut_model(config, layers, stored, attention, lora_rank if method == "lora" else None)
    moving = [p for p in model.parameters() if p.requires_grad]
    frozen = sum(p.numel() for p in model.parameters() if not p.requires_grad)
    sliced = [math.ceil(p.shape[0] / ranks) * (p.numel() // p.shape[0]) for p in moving]
    head = model.get_output_embeddings().weight
    casts = method == "lora" and precision != "fp32"
    with FakeTensorMode():
        _fake_tensors(model)
        with torch.autocast("cpu", dtype, enabled=casts):  # the fake device is a CPU
            bytes_ = _kept(model, rows, length, padded=rows > 1 and "flash" not in attention)
    return {
        "parameters": frozen if method == "lora" else sum(p.numel() for p in moving),
        "held": sum(p.numel() for p in moving) if method == "lora" else sum(sliced),
        "largest": max(sliced),
        "head": head.numel(),
        "head_copy": dtype.itemsize * head.numel() if casts and stored != dtype else 0,
        **bytes_,
    }


def cut_model(config, layers, dtype, attention, lora_rank):
    """The architecture with that many blocks, on no device, with adapters where a rank is given."""
    import torch
    from transformers import AutoModelForCausalLM

    quiet()
    config = copy.deepcopy(config)
    text = config.get_text_config()
    text.num_hidden_layers = layers
    if getattr(text, "layer_types", None):
        text.layer_types = text.layer_types[:layers]
    kernel = "sdpa" if "flash" in attention else attention  # they keep the same; this one is here
    with torch.device("meta"):
        how = {"dtype": dtype, "attn_implementation": kernel, "trust_remote_code": False}
        model = AutoModelForCausalLM.from_config(config, **how)
        model.tie_weights()
        if lora_rank:
            from peft import LoraConfig, get_peft_model

            lora = LoraConfig(r=lora_rank, target_modules="all-linear", task_type="CAUSAL_LM")
            model = get_peft_model(model, lora).get_base_model()
    return model.train()


def _fake_tensors(model):
    """Put a fake tensor of the same shape in place of each parameter and buffer; ties stay tied."""
    import torch

    fakes = {}
    for module in model.modules():
        for named in (module._parameters, module._buffers):
            for name, real in named.items():
                if real is not None and id(real) not in fakes:
                    fake = torch.empty(real.shape, dtype=real.dtype, device="cpu")
                    if isinstance(real, torch.nn.Parameter):
                        fake = torch.nn.Parameter(fake, requires_grad=real.requires_grad)
                    fakes[id(real)] = real, fake  # the real one is kept, so that its id stays its
                named[name] = None if real is None else fakes[id(real)][1]


def _kept(model, rows, length, padded):
    """Run the decoder forward; bytes autograd keeps: activations, copies of weights, block inputs.

    A tensor is counted once however many views of it are kept, and weights not at all. ``padded``
    rows have a mask, of which sdpa keeps a copy in every block; flash attention has no use for one.
    """
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    from helpers.planning.architectures import blocks_of

    def storage(tensor):
        return tensor.untyped_storage()._cdata

    own = {storage(t) for t in [*model.parameters(), *model.buffers()]}
    copies, kept, inputs, alive = set(), {}, [], []

    class Casts(TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            result = function(*args, **(kwargs or {}))
            if function is torch.ops.aten._to_copy.default and storage(args[0]) in own:
                copies.add(storage(result))
                alive.append(result)  # else its number could come back as another's
            return result

    def keep(tensor):
        if storage(tensor) not in own:
            kept[storage(tensor)] = tensor.untyped_storage().nbytes()
            alive.append(tensor)
        return tensor

    def enter(block, args, kwargs):
        inputs.append(args[0].nbytes)
        # Of fake tensors transformers cannot see that no mask is needed, and makes one.
        return args, kwargs if padded else {**kwargs, "attention_mask": None}

    for block in blocks_of(model):
        block.register_forward_pre_hook(enter, with_kwargs=True)
    # Its own flag only: OPT throws a coin for each block, which falls nowhere on fake tensors.
    model.get_decoder().training = False
    ids = torch.ones(rows, length, dtype=torch.long)
    hooks = torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor)
    with hooks, Casts():
        model.get_decoder()(input_ids=ids, attention_mask=torch.ones_like(ids), use_cache=False)
    cast = sum(size for at, size in kept.items() if at in copies)
    return {"kept": sum(kept.values()) - cast, "copies": cast, "inputs": sum(inputs)}
