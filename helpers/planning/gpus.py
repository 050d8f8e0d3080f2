"""GPUs that can be rented, with memory, peak speed and an example price."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Gpu:
    """A GPU: memory in GB (1e9 bytes), dense bf16 peak in TFLOP/s, example price per hour.

    Prices change; comments at :data:`GPUS` give their dates. Pass your own prices to
    :func:`helpers.planning.training_plan.training_plan`.
    """

    name: str
    gigabytes: float
    tflops: float
    dollars: float


# The peaks are those of NVIDIA's datasheets, as torchtitan and nanochat quote them.
GPUS = (
    Gpu("T4", 16, 65, 0.35),  # fp16, no bf16; Google Cloud, the GPU alone, read 2026-03
    Gpu("L4", 24, 121, 0.71),  # Google Cloud g2-standard-4, from prices of 2025-03
    Gpu("A100-40GB", 40, 312, 1.99),  # Lambda, 2026-09
    Gpu("A100-80GB", 80, 312, 1.79),  # RunPod Secure, read 2026-11-09
    Gpu("H100-80GB", 80, 989, 3.99),  # RunPod SXM, 2026-11-09
    Gpu("H200", 141, 989, 4.59),  # RunPod, 2026-10
)


def smallest_gpu(bytes_per_rank: float) -> Gpu | None:
    """Find the GPU with the least memory that holds so many bytes; None if none does.

    Of two GPUs with equal memory the cheaper one is returned.
    """
    fitting = [gpu for gpu in GPUS if fits(gpu, bytes_per_rank)]
    return min(fitting, key=lambda gpu: (gpu.gigabytes, gpu.dollars), default=None)


def fits(gpu: Gpu, bytes_per_rank: float) -> bool:
    """Whether a GPU holds so many bytes and a reserve.

    The reserve is 1 GB for CUDA and its libraries, and 8 % of the memory for what PyTorch's
    allocator cannot use between tensors of changing length.
    """
    return bytes_per_rank <= 0.92 * gpu.gigabytes * 1e9 - 1e9
