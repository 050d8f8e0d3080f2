"""What this machine computes with: device, precision, attention. Chosen by what is there, and said.

The same code trains on a laptop's cores and on rented cards, so nothing below asks for a device,
a number format or a kernel by name; it asks here. :func:`describe` says what was chosen;
:data:`CARDS` are what one may rent instead.
"""

import functools
import importlib.util
import os
import time
from dataclasses import dataclass


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


def packs():
    """Whether rows may share one long row: only flash attention keeps them apart at no cost."""
    return "flash" in attention()


def describe():
    """A sentence for a lesson: what is computed on, in which format, with which attention."""
    import torch

    where = f"{torch.get_num_threads()} CPU threads"
    if device() == "cuda":
        memory = torch.cuda.get_device_properties(0).total_memory / 1e9
        where = f"{torch.cuda.get_device_name()} with {memory:.0f} GB"
    rows = "rows packed end to end" if packs() else "rows of like length together"
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


def forget_peak_memory():
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


class Meter:
    """What training has cost so far: tokens that are text, tokens computed, seconds in steps."""

    def __init__(self):
        self.real = self.computed = 0
        self.seconds = 0.0

    def count(self, real, computed, seconds=0.0):
        """Add a piece of work: its tokens without and with padding, and how long it took."""
        self.real, self.computed = self.real + real, self.computed + computed
        self.seconds += seconds

    def read(self):
        """``tokens_per_second``, ``padding`` (share of the computed tokens), ``memory`` (bytes)."""
        return {
            "tokens_per_second": self.real / self.seconds if self.seconds else 0.0,
            "padding": 1 - self.real / self.computed if self.computed else 0.0,
            "memory": peak_memory(),
        }

    def minutes_left(self, done, steps):
        """Minutes for the rest of ``steps``, by the pace of the ``done`` ones; None before any."""
        return self.seconds / done * (steps - done) / 60 if done else None


@dataclass(frozen=True)
class Card:
    """A card: memory in 1e9 bytes, dense bf16 peak in TFLOP/s, an example of a price by the hour.

    Prices move: look at the date beside them, and give your own to
    :func:`helpers.plan.training_plan`.
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


def smallest_card(bytes_per_rank):
    """The :class:`Card` with the least memory that holds so many bytes, or None.

    Kept free are 1 GB, which CUDA and its libraries take for themselves, and 8 % of the card, for
    what PyTorch's allocator cannot fill between tensors of changing length.
    """
    fitting = [card for card in CARDS if fits(card, bytes_per_rank)]
    return min(fitting, key=lambda card: (card.gigabytes, card.dollars), default=None)


def fits(card, bytes_per_rank):
    """Whether a card holds so many bytes and the reserve of :func:`smallest_card`."""
    return bytes_per_rank <= 0.92 * card.gigabytes * 1e9 - 1e9
