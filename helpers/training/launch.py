"""Start training processes with torchrun, pass on what they print, and stop all of them together.

On one machine, this call::

    for line in torchrun(2, "-m", "helpers.training.fsdp", "--profile", "laptop", …): print(line)

runs ``torchrun --nproc_per_node=2 -m helpers.training.fsdp --profile laptop …`` and returns its
output line by line. An error names the first process that failed. When the caller ends, all
processes end.

The processes of a training find one another through a *store*. With ``torchrun --standalone`` the
stores are two servers that listen on every network interface, ask for no password, and unpickle
what they receive. So whoever reaches one can run code in the training. Here the stores are files in
a folder that only this user can open, the processes talk over the loopback interface, and their
environment holds no key.
"""

import atexit
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from helpers.teacher.redaction import without_keys

# Tensors of different batches differ in size. Large blocks go back to the system at once: else
# freed blocks that fit no new tensor would take up to a third of a rank's memory. Huge pages keep
# that fast.
_ENVIRONMENT = {
    "MALLOC_MMAP_THRESHOLD_": str(1 << 20),
    "THP_MEM_ALLOC_ENABLE": "1",
    "OMP_NUM_THREADS": "1",
    "TORCH_CPP_LOG_LEVEL": "ERROR",
}
_PARENT, _STORE = "ALPACA_PARENT", "ALPACA_STORE"
_ROOT = Path(__file__).resolve().parents[2]  # on the path, so that any script can import helpers
_CONNECTION_LOST = "gloo|nccl|connection|broken pipe"


def torchrun(ranks: int, *arguments: object) -> Iterator[str]:
    """Start ``ranks`` processes on this machine with torchrun; yields the lines that they print.

    ``arguments`` are a script, or ``"-m"`` and a module, followed by its own arguments. Raises
    RuntimeError with the error of the first process that failed, after all others were stopped.
    """
    with (
        tempfile.TemporaryDirectory(prefix="alpaca-") as folder,  # only this user can open it
        tempfile.TemporaryFile("w+") as errors,
    ):
        command = [sys.executable, "-m", "torch.distributed.run", f"--nproc_per_node={ranks}"]
        command += ["--rdzv_backend=c10d", "--rdzv_conf=store_type=file", "--rdzv_id=alpaca"]
        command += [f"--rdzv_endpoint={folder}/torchrun", *map(str, arguments)]
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=_environment(f"file://{folder}/ranks"),
        )
        assert process.stdout is not None  # because of PIPE
        try:
            yield from process.stdout
            status = process.wait()
        except BaseException:  # an interrupted cell, or a caller that stopped reading
            process.terminate()
            process.wait()
            raise
        if status:
            errors.seek(0)
            text = errors.read()
            raise RuntimeError(
                first_error(text) or f"torchrun ended with exit code {status}: {text[-2000:]}"
            )


def init_process_group(backend: str) -> None:
    """Join the process group, in a process that :func:`torchrun` or PyTorch's torchrun started.

    :func:`torchrun` gives its processes a file through which they meet. Processes of PyTorch's own
    torchrun, with which several machines train together, meet over an open port: use that only on
    a private network. A script must report a failure by an exception. After
    ``destroy_process_group`` a process without one ends with exit code 0.
    """
    import torch.distributed as dist

    store = os.environ.get(_STORE)
    rank, ranks = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    options = {"init_method": store, "rank": rank, "world_size": ranks} if store else {}
    dist.init_process_group(backend, **options)
    atexit.register(_end_at_once)


def _end_at_once() -> None:
    """End this process if its work is done: PyTorch's threads may abort while Python shuts down."""
    import torch.distributed as dist

    if not dist.is_initialized() and not hasattr(sys, "last_type"):  # no exception is pending
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def _environment(store: str) -> dict[str, str]:
    """Return the processes' environment: this one's without its keys, and more settings."""
    loopback = next(
        name
        for name, addresses in psutil.net_if_addrs().items()
        if any(address.address == "127.0.0.1" for address in addresses)
    )
    path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
    return {
        **_ENVIRONMENT,
        **without_keys(os.environ),
        "PYTHONPATH": path,
        "GLOO_SOCKET_IFNAME": loopback,
        "NCCL_SOCKET_IFNAME": loopback,
        "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1",  # else torchrun opens a server all the same
        _PARENT: str(os.getpid()),
        _STORE: store,
    }


def first_error(text: str) -> str | None:
    """Find the first error in what torchrun and its processes wrote; None if there is none.

    An exception that a rank raised itself comes first. Next is a rank that was killed. Such a rank
    writes nothing, and the others fail with lost connections, so those errors come last.
    """
    errors = re.findall(r"^\[rank\d{1,9}\]: (\w{0,200}(?:Error|Interrupt|Exit)\b.*)", text, re.M)
    own = [error for error in errors if not re.search(_CONNECTION_LOST, error, re.I)]
    if not errors:  # errors from before the processes have met do not name a rank
        plain = re.findall(r"^[\w.]{0,300}?(?<!\w)(\w{1,200}(?:Error|Exit): .*)", text, re.M)
        own = [error for error in plain if not error.startswith("ChildFailedError")]
    if own:
        return own[0]
    return _killed_rank(text) or (errors[0] if errors else None)


def _killed_rank(text: str) -> str | None:
    """Describe the first rank that a signal killed, from torchrun's summary; None if none was."""
    exits = r"rank {1,40}: (\d{1,9}) .{0,300}\n {1,40}exitcode {1,40}: -(\d{1,9})"
    for rank, signal in re.findall(exits, text):
        # Signal 6: gloo aborts after another rank failed. Signal 15: torchrun ends the others.
        if signal not in ("6", "15"):
            cause = ", most often because memory ran out" if signal == "9" else ""
            return (
                f"rank {rank} was killed by signal {signal}{cause}. The other ranks were stopped. "
                "The last checkpoint is complete: run the same command again to resume from it, "
                "with any number of ranks."
            )
    return None


def end_with_parent() -> None:
    """In a process of :func:`torchrun`: end soon after the process that called torchrun has ended.

    Else the ranks of a killed notebook would go on training, into the folder that the next training
    uses.
    """
    if _PARENT not in os.environ:
        return
    parent = int(os.environ[_PARENT])

    def watch() -> None:
        while psutil.pid_exists(parent):
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
