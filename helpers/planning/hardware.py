"""Choose the device, the number format and the attention for this machine.

Code that trains or answers calls these functions and never names a device, a number format or an
attention itself. So the same code runs on a laptop's CPU and on rented GPUs. :func:`describe`
returns the choice as one sentence.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import time
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import torch

FORMATS = ("fp32", "fp16", "bf16")
SHARED_PREFIX = "shared_prefix"  # the attention of helpers.training.prefix_attention
Layout = Literal["packed", "shared", "padded"]
_LAYOUTS: dict[Layout, str] = {
    "packed": "rows packed end to end",
    "shared": "common beginnings of rows computed once",
    "padded": "rows of similar length together",
}
LOGITS_AT_ONCE = 1 << 26  # logits held in memory at a time: 256 MiB in float32


def device() -> str:
    """Return ``"cuda"`` if there is a GPU for each rank on this machine, else ``"cpu"``.

    Without torchrun there is one rank. Two ranks on a machine with one GPU both compute on its CPU,
    and number format and attention are chosen for the CPU.
    """
    import torch

    ranks_here = int(os.environ.get("LOCAL_WORLD_SIZE", 1))
    return "cuda" if torch.cuda.device_count() >= ranks_here else "cpu"


@functools.cache
def precision() -> str:
    """Return the number format for matrix multiplication: ``"bf16"``, ``"fp16"`` or ``"fp32"``.

    GPUs from Ampere on get bf16, older ones with tensor cores (such as a T4) fp16, others fp32. On
    a CPU one multiplication is timed in bf16 and in fp32, which takes less than a tenth of a
    second: CPUs without bf16 instructions emulate them slowly. The environment variable
    ``ALPACA_PRECISION`` overrides the choice; ValueError if it names no format.
    """
    import torch

    chosen = os.environ.get("ALPACA_PRECISION")
    if chosen:
        if chosen not in FORMATS:
            raise ValueError(
                f"ALPACA_PRECISION is {chosen!r}; set it to {', '.join(FORMATS[:2])} or "
                f"{FORMATS[2]}, or unset it."
            )
        return chosen
    if device() == "cuda":
        if torch.cuda.is_bf16_supported(including_emulation=False):
            return "bf16"
        return "fp16" if torch.cuda.get_device_capability() >= (7, 0) else "fp32"
    bf16_is_faster = _seconds(torch.bfloat16) * 1.3 < _seconds(torch.float32)
    return "bf16" if bf16_is_faster else "fp32"


def _seconds(dtype: torch.dtype, size: int = 768) -> float:
    """Time one square matrix multiplication: the shortest of eight tries, in seconds.

    The shortest try is the one that other programs disturbed least.
    """
    import torch

    matrix, seconds = torch.ones(size, size, dtype=dtype), []
    for _ in range(8):
        started = time.perf_counter()
        matrix @ matrix
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def working_dtype() -> torch.dtype:
    """Return :func:`precision` as a torch dtype."""
    import torch

    dtypes = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}
    return dtypes[precision()]


def frozen_dtype() -> torch.dtype:
    """Return the dtype in which to store weights that are not trained.

    On a GPU it is that of :func:`precision`, which saves memory. On a CPU it is float32: rounding
    stored weights would save no time there, because they are converted when they are used.
    """
    import torch

    return working_dtype() if device() == "cuda" else torch.float32


def attention() -> str:
    """Return the attention to train with, transformers' ``attn_implementation``.

    On a GPU from Ampere on it is ``"flash_attention_2"`` if the package flash-attn is installed,
    else the same kernel, ready built, if the package ``kernels`` is. All other GPUs get PyTorch's
    ``"sdpa"``. On a CPU it is this project's own, which computes what rows have in common once
    (``helpers.training.prefix_attention``). ``benchmarks/training.py`` measures it beside sdpa.
    """
    import torch

    if device() == "cpu":
        return SHARED_PREFIX
    if torch.cuda.get_device_capability() >= (8, 0) and precision() != "fp32":
        if importlib.util.find_spec("flash_attn"):
            return "flash_attention_2"
        if importlib.util.find_spec("kernels"):
            return "kernels-community/flash-attn2"
    return "sdpa"


def layout(attention: str) -> Layout:
    """Return how an attention, transformers' ``attn_implementation``, takes rows (``batching``)."""
    if attention == SHARED_PREFIX:
        return "shared"
    return "packed" if "flash" in attention else "padded"


def describe() -> str:
    """Describe the choice in one sentence: device, number format, attention, batching."""
    import torch

    where = f"{torch.get_num_threads()} CPU threads"
    if device() == "cuda":
        memory = torch.cuda.get_device_properties(0).total_memory / 1e9
        where = f"{torch.cuda.get_device_name()} with {memory:.0f} GB"
    return f"{where}, {precision()}, attention {attention()}, {_LAYOUTS[layout(attention())]}"


def peak_memory() -> int:
    """Return the peak memory so far, in bytes: of the GPU, or of this process without a GPU."""
    import torch

    if device() == "cuda":
        return torch.cuda.max_memory_allocated()
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
    except (OSError, StopIteration):  # not Linux: only the memory in use now is known
        import psutil

        return psutil.Process().memory_info().rss


def reset_peak_memory() -> None:
    """Restart the measurement of :func:`peak_memory`, if the system allows it (Linux, CUDA)."""
    import torch

    if device() == "cuda":
        torch.cuda.reset_peak_memory_stats()
        return
    try:
        with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
            file.write("5")
    except OSError:
        pass
