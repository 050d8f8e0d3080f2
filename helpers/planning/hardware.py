"""What this machine computes with: device, precision, attention. Chosen by what is there, and said.

The same code trains on a laptop's cores and on rented cards, so nothing below asks for a device,
a number format or a kernel by name; it asks here. :func:`describe` says what was chosen;
:data:`GPUS` are what one may rent instead.
"""

import functools
import importlib.util
import os
import time

LOGITS_AT_ONCE = 1 << 26  # scores held at a time: a quarter of a gigabyte in float32


def device():
    """``"cuda"`` where there is a card, or one for each process torchrun has started here.

    Else ``"cpu"``: two ranks on a machine with one card both compute on its cores, and precision
    and attention are chosen for these.
    """
    import torch

    ranks_here = int(os.environ.get("LOCAL_WORLD_SIZE", 1))
    return "cuda" if torch.cuda.device_count() >= ranks_here else "cpu"


@functools.cache
def precision():
    """The format matrices are multiplied in: ``"bf16"``, ``"fp16"`` or ``"fp32"``.

    bf16 on cards that have it (Ampere and newer), fp16 on those before (a T4), else fp32. A CPU is
    asked by timing one multiplication both ways, which takes a few hundredths of a second: those
    without bf16 instructions emulate them, at a loss. ``ALPACA_PRECISION`` overrules it.
    """
    import torch

    chosen = os.environ.get("ALPACA_PRECISION")
    if chosen:
        if chosen not in ("fp32", "fp16", "bf16"):
            raise ValueError(f"ALPACA_PRECISION is {chosen!r}; it can be fp32, fp16 or bf16.")
        return chosen
    if device() == "cuda":
        if torch.cuda.is_bf16_supported(including_emulation=False):
            return "bf16"
        return "fp16" if torch.cuda.get_device_capability() >= (7, 0) else "fp32"
    return "bf16" if _seconds(torch.bfloat16) * 1.3 < _seconds(torch.float32) else "fp32"


def _seconds(dtype, size=768):
    """Time of one square multiplication: of eight tries the one least disturbed by other work."""
    import torch

    a, tries = torch.ones(size, size, dtype=dtype), []
    for _ in range(8):
        started = time.perf_counter()
        a @ a
        tries.append(time.perf_counter() - started)
    return min(tries)


def working_dtype():
    """:func:`precision` as a torch dtype."""
    import torch

    names = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}
    return names[precision()]


def frozen_dtype():
    """The format a model that is not trained is kept in: on a card :func:`precision`, else fp32.

    A card's memory is dear. On a CPU the rounding of stored weights would buy nothing: they are
    converted as they are used.
    """
    import torch

    return working_dtype() if device() == "cuda" else torch.float32


def attention():
    """The attention to ask transformers for (its ``attn_implementation``).

    On a card from Ampere on: ``"flash_attention_2"`` where the package flash-attn is installed,
    else the same kernel as the package ``kernels`` brings it, ready built; PyTorch's own ``"sdpa"``
    where neither is there. On a CPU in bf16 ``"eager"``: with sdpa, whose backward pass is slow
    there, training is slower as a whole (``benchmarks/training.py`` measures both).
    """
    import torch

    if device() == "cpu":
        return "eager" if precision() == "bf16" else "sdpa"
    if torch.cuda.get_device_capability() >= (8, 0) and precision() != "fp32":
        if importlib.util.find_spec("flash_attn"):
            return "flash_attention_2"
        if importlib.util.find_spec("kernels"):
            return "kernels-community/flash-attn2"
    return "sdpa"


def can_pack():
    """Whether rows may share one long row: only flash attention keeps them apart at no cost."""
    return "flash" in attention()


def describe():
    """A sentence for a lesson: what is computed on, in which format, with which attention."""
    import torch

    where = f"{torch.get_num_threads()} CPU threads"
    if device() == "cuda":
        memory = torch.cuda.get_device_properties(0).total_memory / 1e9
        where = f"{torch.cuda.get_device_name()} with {memory:.0f} GB"
    rows = "rows packed end to end" if can_pack() else "rows of like length together"
    return f"{where}, {precision()}, attention {attention()}, {rows}"


def peak_memory():
    """Most bytes in use so far: of the card, or of this process where there is no card."""
    import torch

    if device() == "cuda":
        return torch.cuda.max_memory_allocated()
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
    except (OSError, StopIteration):  # not Linux: what is in use now has to do
        import psutil

        return psutil.Process().memory_info().rss


def reset_peak_memory():
    """Begin :func:`peak_memory` anew, where the system allows it (Linux, CUDA)."""
    import torch

    if device() == "cuda":
        torch.cuda.reset_peak_memory_stats()
        return
    try:
        with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
            file.write("5")
    except OSError:
        pass
