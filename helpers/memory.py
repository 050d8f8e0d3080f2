"""Will it fit? Bytes, hours and dollars of a training, reckoned before anything is downloaded.

What lies in a card's memory while a model of ``n`` parameters learns::

    weights      full: 4 n bytes (float32), shared by the ranks     LoRA: 2 n (CPU: 4 n), frozen
    gradients    full: 4 n, shared                                  LoRA: of the adapters alone
    optimizer    Adam's two moments, twice the gradients            LoRA: of the adapters alone
    activations  what the forward pass leaves for the backward pass
    logits       a score for each token of the vocabulary, at each learned position
    gathered     copies of weights and gradients that pass: FSDP's whole blocks, autocast's copies

The first three are arithmetic. Activations depend on the architecture and the attention, so they
are counted, not modelled: the model of the real code runs forward on *fake tensors*, which have a
shape but no memory, and autograd's hooks report every tensor it would keep. Blocks are alike, so
one and two of them are run, and the rest is their difference times the number of blocks.

Not everything is there at once; the *fullest moment* decides. Assumed is the second micro-batch of
an update, which finds the gradients of the first. The allocator's own losses are not in it:
:func:`smallest_card` keeps a reserve for them. ``benchmarks/memory.py`` holds plan and measured
peak side by side.
"""

import copy
import math
from dataclasses import dataclass

from helpers import hardware
from helpers.architectures import model_config
from helpers.batches import LOGITS_AT_ONCE
from helpers.profiles import load_profile

PARTS = ("weights", "gradients", "optimizer", "activations", "logits", "gathered")
_BYTES = {"bf16": 2, "fp16": 2, "fp32": 4}


@dataclass(frozen=True)
class Card:
    """A card: memory in 1e9 bytes, dense bf16 peak in TFLOP/s, an example of a price by the hour.

    Prices move: look at the date beside them, and give your own to :func:`training_plan`.
    """

    name: str
    gigabytes: float
    tflops: float
    dollars: float


# Peaks are NVIDIA's datasheets' as torchtitan and nanochat quote them.
CARDS = (
    Card("T4", 16, 65, 0.35),  # fp16, no bf16; Google Cloud, the GPU alone, read 2026-03
    Card("L4", 24, 121, 0.71),  # Google Cloud g2-standard-4, from prices of 2025-03
    Card("A100-40GB", 40, 312, 1.99),  # Lambda, 2026-09
    Card("A100-80GB", 80, 312, 1.79),  # RunPod Secure, read 2026-11-09
    Card("H100-80GB", 80, 989, 3.99),  # RunPod SXM, 2026-11-09
    Card("H200", 141, 989, 4.59),  # RunPod, 2026-10
)
# Model FLOPs utilisation: Alpaca's own run (4,745 s on four A100-80GB, stanford_alpaca#168), and
# the middle of what is published for packed 7B runs (46 to 64 %).
UTILISATIONS = {"as Alpaca's own run": 0.118, "as packed runs reach": 0.50}


def plan_memory(
    config,
    method,
    *,
    precision="bf16",
    rows,
    length,
    ranks=1,
    lora_rank=8,
    recompute=False,
    response_share=0.5,
    device=None,
    attention=None,
):
    """Bytes a rank: a dict of :data:`PARTS`, each at its largest, and ``total``, all at once.

    ``config`` is transformers'; ``method`` is ``"full"`` (:mod:`helpers.fsdp`) or ``"lora"``
    (:mod:`helpers.train`, every rank holds everything). ``rows`` × ``length`` tokens are computed
    together, of which ``response_share`` are learned. ``device`` is ``"cuda"`` or ``"cpu"``,
    default: what is here; ``attention`` is transformers', default: ``"eager"`` on a CPU in bf16,
    else ``"sdpa"``, which like flash attention keeps no scores. ``total`` is the fullest moment and
    may be less than the sum. Raises ValueError for another method.
    """
    if method not in ("full", "lora"):
        raise ValueError(f"method is {method!r}; it can be 'full' or 'lora'.")
    device = device or hardware.device()
    eager = device == "cpu" and precision == "bf16"
    attention = attention or ("eager" if eager else "sdpa")
    how = (method, precision, rows, length, ranks, lora_rank, device, attention)
    one, two = _count(config, 1, *how), _count(config, 2, *how)
    layers = config.get_text_config().num_hidden_layers
    block = {key: two[key] - one[key] for key in one}
    root = {key: one[key] - block[key] for key in one}
    whole = {key: root[key] + layers * block[key] for key in one}
    held = _held(whole, method, precision, device)
    scores = _logits(config, root, method, precision, rows * length * response_share)
    gathered = _gathered(whole, root, block, method, precision, ranks, device, recompute)
    kept, deepest = whole["kept"], 0
    if recompute:  # a block leaves its input alone, and is whole again while it goes backwards
        kept, deepest = root["kept"] + whole["inputs"], block["kept"]
    moments = {
        "the scores": kept + scores + gathered["forward"],
        "a block going backwards": kept + deepest + gathered["backward"],
        "the last gradients": gathered["end"],
        "the optimizer": _update_scratch(whole, method, device),
    }
    parts = {
        **held,
        "activations": kept + deepest,
        "logits": scores,
        "gathered": max(gathered.values()),
    }
    total = sum(held.values()) + max(moments.values())
    return {key: round(value) for key, value in {**parts, "total": total}.items()}


def _held(whole, method, precision, device):
    """What is there from the first step to the last. The master weights are always float32."""
    moving, frozen = whole["held"], 0
    if method == "lora":
        frozen = whole["parameters"] * (_BYTES[precision] if device == "cuda" else 4)
    return {"weights": 4 * moving + frozen, "gradients": 4 * moving, "optimizer": 8 * moving}


def _logits(config, root, method, precision, learned):
    """The loss at its largest: float32 log-probabilities, their gradient, and that of the scores.

    Of more positions than fit a slice only one slice is there at a time, and beside it the output
    layer's gradient so far; that layer's gradient is made while the scores in bf16 remain.
    """
    vocabulary = config.get_text_config().vocab_size
    slice_ = max(1, LOGITS_AT_ONCE // vocabulary)
    many = learned > slice_
    scores = min(learned, slice_) * vocabulary
    size = 4 if precision == "fp32" or (method, precision) == ("full", "fp16") else 2
    gradient = size * root["head"] if method == "full" else 0
    return max(12 * scores + many * gradient, (4 + size) * scores + (1 + many) * gradient)


def _gathered(whole, root, block, method, precision, ranks, device, recompute):
    """Copies of weights that pass, and gradients on their way, at three moments of a step."""
    if method == "lora":  # a frozen weight's copy stays until the backward pass has used it
        copies = whole["copies"] + root["head_copy"]
        deepest = block["copies"] if recompute else copies
        return {
            "forward": root["head_copy"] if recompute else copies,
            "backward": deepest,
            "end": 0,
        }
    size = 2 if precision == "bf16" else 4
    blocks = 2 if ranks > 1 else 1  # the next is fetched while this one works
    copies = size * (root["parameters"] + blocks * block["parameters"])

    def reducing(n):  # the float32 buffer that is filled, the slice that comes out
        # gloo, the CPU's, works on a copy of the buffer
        gloo = 4 * n if device == "cpu" and ranks > 1 else 0
        return 4 * n + max(size * n, 4 * n / ranks + gloo)

    n = root["parameters"]
    backward = copies + size * root["head"] + reducing(block["parameters"])
    # At the end the root's own gradients, still with its copies, or already in the buffer.
    end = max(2 * size * n, reducing(n)) + 4 * block["parameters"]
    return {"forward": copies, "backward": backward, "end": end}


def _update_scratch(whole, method, device):
    """What Adam's step needs beside its state: the fused step of cards and of LoRA nothing.

    On a CPU one sharded weight goes after another.
    """
    return 0 if method == "lora" or device == "cuda" else 8 * whole["largest"]


def _count(config, layers, method, precision, rows, length, ranks, lora_rank, device, attention):
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
    model = _model(config, layers, stored, attention, lora_rank if method == "lora" else None)
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


def _model(config, layers, dtype, attention, lora_rank):
    """The architecture with that many blocks, on no device, with adapters where a rank is given."""
    import torch
    from transformers import AutoModelForCausalLM

    config = copy.deepcopy(config)
    text = config.get_text_config()
    text.num_hidden_layers = layers
    if getattr(text, "layer_types", None):
        text.layer_types = text.layer_types[:layers]
    kernel = "sdpa" if "flash" in attention else attention  # they keep the same; this one is here
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config, dtype=dtype, attn_implementation=kernel)
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

    from helpers.shards import blocks_of

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
    ids = torch.ones(rows, length, dtype=torch.long)
    hooks = torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor)
    with hooks, Casts():
        model.get_decoder()(input_ids=ids, attention_mask=torch.ones_like(ids), use_cache=False)
    cast = sum(size for at, size in kept.items() if at in copies)
    return {"kept": sum(kept.values()) - cast, "copies": cast, "inputs": sum(inputs)}


def smallest_card(bytes_per_rank):
    """The :class:`Card` with the least memory that holds so many bytes, or None.

    Kept free are 1 GB, which CUDA and its libraries take for themselves, and 8 % of the card, for
    what PyTorch's allocator cannot fill between tensors of changing length.
    """
    fitting = [card for card in CARDS if _fits(card, bytes_per_rank)]
    return min(fitting, key=lambda card: (card.gigabytes, card.dollars), default=None)


def _fits(card, bytes_per_rank):
    return bytes_per_rank <= 0.92 * card.gigabytes * 1e9 - 1e9


def table(plans):
    """Plans (name → :func:`plan_memory`) as aligned text: a line a part, a column a plan, in GB."""
    width = max(9, *(len(name) + 2 for name in plans))
    lines = [f"{'GB a rank':<14}" + "".join(f"{name:>{width}}" for name in plans)]
    for part in (*PARTS, "total"):
        label = "at the fullest" if part == "total" else part
        sizes = (plan[part] / 1e9 for plan in plans.values())
        lines.append(f"{label:<14}" + "".join(f"{size:>{width}.2f}" for size in sizes))
    return "\n".join(lines)


def training_plan(
    profile,
    *,
    rows=52_002,
    tokens=5_770_000,
    ranks=None,
    cards=("A100-80GB",),
    student=None,
    prices=None,
):
    """What a profile's training takes on each of ``cards`` (names from :data:`CARDS`), as a dict.

    ``rows`` and their ``tokens`` are an epoch's; the defaults are Stanford Alpaca's release in its
    template. Profiles named ``colab_…`` train LoRA on one card, all others in full on ``ranks``.
    ``student`` is another model, ``prices`` maps cards to dollars an hour. Six operations a
    parameter and token (LoRA: four, as frozen weights need no gradients); what is recomputed is not
    counted, being no progress. Raises ValueError for a card that is not in the list.
    """
    lora = profile.name.startswith("colab")
    ranks = 1 if lora else ranks or profile.fsdp_ranks
    epochs, batch = (
        (profile.lora_epochs, profile.lora_batch)
        if lora
        else (profile.fsdp_epochs, profile.fsdp_batch)
    )
    name = str(student or profile.student)
    config = model_config(name)
    memory = plan_memory(
        config,
        "lora" if lora else "full",
        precision="fp16" if "T4" in cards else "bf16",
        rows=max(1, profile.token_budget // profile.max_length),
        length=profile.max_length,
        ranks=ranks,
        lora_rank=profile.lora_rank,
        recompute=profile.fsdp_recompute and not lora,
        device="cuda",
    )
    all_tokens = round(tokens * epochs)
    flops = (4 if lora else 6) * parameters(config) * all_tokens
    return {
        "profile": profile.name,
        "student": name,
        "stands_for": None if student else profile.stands_for,
        "parameters": parameters(config),
        "method": "lora" if lora else "full",
        "ranks": ranks,
        "rows": rows,
        "updates": math.ceil(round(epochs * rows) / batch),
        "tokens": all_tokens,
        "memory": memory,
        "cards": {card: _bill(_card(card), memory, flops, ranks, prices) for card in cards},
    }


def _card(name):
    known = {card.name: card for card in CARDS}
    if name not in known:
        raise ValueError(f"no card {name!r} in the list; choose of {', '.join(known)}.")
    return known[name]


def _bill(card, memory, flops, ranks, prices):
    """Whether it fits, and hours and dollars at each of :data:`UTILISATIONS`."""
    price = (prices or {}).get(card.name, card.dollars)
    bill = {"fits": _fits(card, memory["total"]), "price": price, "at": {}}
    for name, share in UTILISATIONS.items():
        hours = flops / (ranks * card.tflops * 1e12 * share) / 3600
        bill["at"][name] = {"share": share, "hours": hours, "dollars": hours * ranks * price}
    return bill


def parameters(config):
    """How many parameters a model of this configuration has; an output layer that is tied, once."""
    import torch

    layers = config.get_text_config().num_hidden_layers
    model = _model(config, layers, torch.float32, "eager", None)
    return sum(p.numel() for p in model.parameters())


def format_plan(plan):
    """A :func:`training_plan` as the text that ``--plan`` prints."""
    other = f", which stands for {plan['stands_for']}" if plan["stands_for"] else ""
    how = "LoRA" if plan["method"] == "lora" else "full fine-tuning, sharded"
    count = "1 card" if plan["ranks"] == 1 else f"{plan['ranks']} cards"
    lines = [
        f"profile {plan['profile']}: {how}, on {count}",
        f"{plan['student']}{other}: {plan['parameters'] / 1e9:.2f} billion parameters",
        f"{plan['rows']:,} rows, {plan['updates']:,} updates, {plan['tokens']:,} tokens in all",
        "",
        table({"planned": plan["memory"]}),
        "",
    ]
    for name, bill in plan["cards"].items():
        fits = "fits" if bill["fits"] else "does NOT fit"
        lines.append(f"{name}: {fits}; at ${bill['price']:.2f} an hour a card (an example):")
        lines += [
            f"  {at['hours']:8.2f} h {at['dollars']:10.2f} dollars  at {at['share']:.1%} of the "
            f"peak, {words}"
            for words, at in bill["at"].items()
        ]
    card = smallest_card(plan["memory"]["total"])
    lines += ["", f"the smallest card it fits: {card.name if card else 'none in the list'}"]
    return "\n".join([*lines, "", "to start it:", f"  {_command(plan)}"])


def _command(plan):
    if plan["method"] == "lora":
        return f"ALPACA_PROFILE={plan['profile']}, and open notebooks/03_train_lora.ipynb"
    usual = load_profile(plan["profile"]).student == plan["student"]
    student = "" if usual else f" --student {plan['student']}"
    return (
        f"torchrun --standalone --nproc_per_node={plan['ranks']} -m helpers.fsdp --profile "
        f"{plan['profile']}{student} --data train.jsonl --heldout heldout.jsonl --out out"
    )
