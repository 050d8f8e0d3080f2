"""GPUs that can be rented: memory, peak arithmetic, and an example of a price."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Gpu:
    """A card: memory in 1e9 bytes, dense bf16 peak in TFLOP/s, an example of a price by the hour.

    Prices move: look at the date beside them, and give your own to
    :func:`helpers.planning.training_plan.training_plan`.
    """

    name: str
    gigabytes: float
    tflops: float
    dollars: float


# Peaks are NVIDIA's datasheets' as torchtitan and nanochat quote them.
GPUS = (
    Gpu("T4", 16, 65, 0.35),  # fp16, no bf16; Google Cloud, the GPU alone, read 2026-03
    Gpu("L4", 24, 121, 0.71),  # Google Cloud g2-standard-4, from prices of 2025-03
    Gpu("A100-40GB", 40, 312, 1.99),  # Lambda, 2026-09
    Gpu("A100-80GB", 80, 312, 1.79),  # RunPod Secure, read 2026-11-09
    Gpu("H100-80GB", 80, 989, 3.99),  # RunPod SXM, 2026-11-09
    Gpu("H200", 141, 989, 4.59),  # RunPod, 2026-10
)


def smallest_gpu(bytes_per_rank):
    """The :class:`Gpu` with the least memory that holds so many bytes, or None.

    Kept free are 1 GB, which CUDA and its libraries take for themselves, and 8 % of the card, for
    what PyTorch's allocator cannot fill between tensors of changing length.
    """
    fitting = [card for card in GPUS if fits(card, bytes_per_rank)]
    return min(fitting, key=lambda card: (card.gigabytes, card.dollars), default=None)


def fits(card, bytes_per_rank):
    """Whether a card holds so many bytes and the reserve of :func:`smallest_gpu`."""
    return bytes_per_rank <= 0.92 * card.gigabytes * 1e9 - 1e9
