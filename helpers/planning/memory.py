"""Will it fit? Bytes of a training, reckoned before anything is downloaded.

What lies in a card's memory while a model of ``n`` parameters learns::

    weights      full: 4 n bytes (float32), shared by the ranks     LoRA: 2 n (CPU: 4 n), frozen
    gradients    full: 4 n, shared                                  LoRA: of the adapters alone
    optimizer    Adam's two moments, twice the gradients            LoRA: of the adapters alone
    activations  what the forward pass leaves for the backward pass
    logits       a score for each token of the vocabulary, at each learned position
    gathered     copies of weights and gradients that pass: FSDP's whole blocks, autocast's copies

The first three are arithmetic. Activations depend on the architecture and the attention, so they
are counted, not modelled: the model of the real code runs forward on *fake tensors*, which have a
shape but no memory (:mod:`helpers.planning.activations`). Blocks are alike, so one and two of them
are run, and the rest is their difference times the number of blocks.

Not everything is there at once; the *fullest moment* decides. Assumed is the second micro-batch of
an update, which finds the gradients of the first. The allocator's own losses are not in it:
:func:`helpers.planning.gpus.smallest_gpu` keeps a reserve for them. ``benchmarks/memory.py`` holds
plan and measured peak side by side.
"""

import contextlib
import re

from helpers.planning import hardware
from helpers.planning.activations import count_bytes
from helpers.planning.hardware import LOGITS_AT_ONCE

PARTS = ("weights", "gradients", "optimizer", "activations", "logits", "gathered")
_BYTES = {"bf16": 2, "fp16": 2, "fp32": 4}


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

    ``config`` is transformers'; ``method`` is ``"full"`` (:mod:`helpers.training.fsdp`) or
    ``"lora"`` (:mod:`helpers.training.lora`, every rank holds everything). ``rows`` × ``length``
    tokens are computed together, of which ``response_share`` are learned. ``device`` is ``"cuda"``
    or ``"cpu"``, default: what is here; ``attention`` is transformers', default: ``"eager"`` on a
    CPU in bf16, else ``"sdpa"``, which like flash attention keeps no scores. ``total`` is the
    fullest moment and may be less than the sum. Raises ValueError for another method.
    """
    if method not in ("full", "lora"):
        raise ValueError(f"method is {method!r}; it can be 'full' or 'lora'.")
    device = device or hardware.device()
    eager = device == "cpu" and precision == "bf16"
    attention = attention or ("eager" if eager else "sdpa")
    how = (method, precision, rows, length, ranks, lora_rank, device, attention)
    one, two = count_bytes(config, 1, *how), count_bytes(config, 2, *how)
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


def memory_table(plans):
    """Plans (name → :func:`plan_memory`) as aligned text: a line a part, a column a plan, in GB."""
    width = max(9, *(len(name) + 2 for name in plans))
    lines = [f"{'GB a rank':<14}" + "".join(f"{name:>{width}}" for name in plans)]
    for part in (*PARTS, "total"):
        label = "at the fullest" if part == "total" else part
        sizes = (plan[part] / 1e9 for plan in plans.values())
        lines.append(f"{label:<14}" + "".join(f"{size:>{width}.2f}" for size in sizes))
    return "\n".join(lines)


@contextlib.contextmanager
def explain_out_of_memory(config, method, profile, ranks=1):
    """While a training runs: an error for want of memory becomes one that says what to lower.

    Raises MemoryError with the plan's figures in its place. (Linux may also end a process without
    a word; :mod:`helpers.training.launch` tells of that.)
    """
    try:
        yield
    except RuntimeError as error:  # torch.OutOfMemoryError is one
        if not re.search("out of memory|can't allocate memory", str(error)):
            raise
        raise MemoryError(_what_to_lower(config, method, profile, ranks)) from error


def _what_to_lower(config, method, profile, ranks):
    """The plan of what was tried, and of what could be tried instead, in a sentence each."""

    switch = "lora_recompute" if method == "lora" else "fsdp_recompute"
    recomputes = getattr(profile, switch)

    def total(budget=profile.token_budget, ranks=ranks, recompute=recomputes):
        how = {"rows": max(1, budget // profile.max_length), "lora_rank": profile.lora_rank}
        how |= {"precision": hardware.precision(), "recompute": recompute}
        length = min(budget, profile.max_length)
        plan = plan_memory(config, method, length=length, ranks=ranks, **how)
        return f"{plan['total'] / 1e9:.1f} GB"

    half = profile.token_budget // 2
    ways = [f"token_budget={half} {total(budget=half)}"]
    if method == "full":
        ways += [f"{2 * ranks} ranks {total(ranks=2 * ranks)}"]
    ways += [] if recomputes else [f"{switch}=True {total(recompute=True)}"]
    return (
        f"out of memory: by the plan of helpers.planning.memory a rank needs {total()} with "
        f"token_budget={profile.token_budget}. In the profile, or with more ranks, it would take: "
        + ", ".join(ways)
        + ". A shorter max_length lowers it too, but changes the training: only the other ways "
        "resume from its last checkpoint."
    )
