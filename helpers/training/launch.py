"""Start training processes with torchrun, hear what they say, and leave none behind.

Between a notebook and :mod:`helpers.training.fsdp`, which is what each process runs. On one
machine::

    for line in torchrun(2, "-m", "helpers.training.fsdp", "--profile", "laptop", …): print(line)

is the command ``torchrun --nproc_per_node=2 -m helpers.training.fsdp --profile laptop …`` with its
lines handed over one by one, an error that names the first process that failed, and an end of all
processes when the caller ends.

Processes of one training find one another through a *store*. With ``torchrun --standalone`` these
are two servers that listen on every network interface, ask nobody for a key, and keep pickles: who
reaches one runs code in the training. Here they are files in a folder that only this user can
open, the processes talk over loopback, and their environment holds no key.
"""

import atexit
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

from helpers.teacher.keys import without_keys

# Batches differ in length, and so do their tensors. Large ones go back to the system at once, or
# blocks that fit nothing would pile up to a third of a rank's memory; huge pages make that cheap.
_ENVIRONMENT = {
    "MALLOC_MMAP_THRESHOLD_": str(1 << 20),
    "THP_MEM_ALLOC_ENABLE": "1",
    "OMP_NUM_THREADS": "1",
    "TORCH_CPP_LOG_LEVEL": "ERROR",
}
_PARENT, _STORE = "ALPACA_PARENT", "ALPACA_STORE"
_PACKAGE = Path(__file__).resolve().parents[2]  # so that a file anywhere can import helpers
_LOST_CONNECTION = "gloo|nccl|connection|broken pipe"


def torchrun(ranks, *arguments):
    """Start ``ranks`` processes with torchrun on this machine; yields what they print, by lines.

    ``arguments`` are a file, or ``"-m"`` and a module, and its own arguments. Raises RuntimeError
    with the error of the first process that failed; the others are ended with it.
    """
    with (
        tempfile.TemporaryDirectory(prefix="alpaca-") as folder,  # which nobody else can open
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
        try:
            yield from process.stdout
            status = process.wait()
        except BaseException:  # an interrupted cell, a reader that went away: nothing is left over
            process.terminate()
            process.wait()
            raise
        if status:
            errors.seek(0)
            text = errors.read()
            raise RuntimeError(first_error(text) or f"torchrun ended with {status}: {text[-2000:]}")


def init_process_group(backend):
    """``torch.distributed.init_process_group``, in a process that :func:`torchrun` has started.

    The processes meet over its file. Those started by PyTorch's own ``torchrun``, which is how
    several machines train together, meet over a port that it opens: for private networks alone.
    A script reports a failure by an error: behind ``destroy_process_group`` it ends with 0.
    """
    import torch.distributed as dist

    store = os.environ.get(_STORE)
    rank, ranks = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    how = {"init_method": store, "rank": rank, "world_size": ranks} if store else {}
    dist.init_process_group(backend, **how)
    atexit.register(_end_at_once)


def _end_at_once():
    """End a process whose work is done: PyTorch's threads may abort it while Python shuts down."""
    import torch.distributed as dist

    if not dist.is_initialized() and not hasattr(sys, "last_type"):  # no error is on its way
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def _environment(store):
    """What the processes find in their environment: ours and this one's, without its keys."""
    loopback = next(
        name
        for name, addresses in psutil.net_if_addrs().items()
        if any(address.address == "127.0.0.1" for address in addresses)
    )
    path = os.pathsep.join(filter(None, [str(_PACKAGE), os.environ.get("PYTHONPATH")]))
    return {
        **_ENVIRONMENT,
        **without_keys(os.environ),
        "PYTHONPATH": path,
        "GLOO_SOCKET_IFNAME": loopback,
        "NCCL_SOCKET_IFNAME": loopback,
        "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1",  # or torchrun opens a server after all
        _PARENT: str(os.getpid()),
        _STORE: store,
    }


def first_error(text):
    """What went wrong first, from what torchrun and its processes wrote; None if nothing did.

    An error of our own comes first. Then a rank that was killed, which says nothing itself: the
    others fail for want of it, with errors of the connection, and may be killed by those in turn.
    """
    errors = re.findall(r"^\[rank\d{1,9}\]: (\w{0,200}(?:Error|Interrupt|Exit)\b.*)", text, re.M)
    own = [error for error in errors if not re.search(_LOST_CONNECTION, error, re.I)]
    if not errors:  # before the processes have met, their errors do not bear their rank
        plain = re.findall(r"^[\w.]{0,300}?(?<!\w)(\w{1,200}(?:Error|Exit): .*)", text, re.M)
        own = [error for error in plain if not error.startswith("ChildFailedError")]
    if own:
        return own[0]
    exits = r"rank {1,40}: (\d{1,9}) .{0,300}\n {1,40}exitcode {1,40}: -(\d{1,9})"
    for rank, signal in re.findall(exits, text):
        if signal not in ("6", "15"):  # gloo aborts, torchrun terminates: both because of another
            return (
                f"rank {rank} was killed by signal {signal}"
                + (", most often because memory ran out" if signal == "9" else "")
                + ". The other ranks were ended. The last checkpoint is whole: start the same "
                "command again, with as many ranks as you like, to go on from it."
            )
    return errors[0] if errors else None


def end_with_parent():
    """In a process started by :func:`torchrun`: end soon after the one that started it all has.

    A killed notebook would otherwise leave ranks behind, which go on training into a folder that
    the next start takes for its own.
    """
    if _PARENT not in os.environ:
        return
    parent = int(os.environ[_PARENT])

    def watch():
        while psutil.pid_exists(parent):
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
