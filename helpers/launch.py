"""Start training processes with torchrun, hear what they say, and leave none behind.

Between a notebook and :mod:`helpers.fsdp`, which is what each process runs. On one machine::

    for line in torchrun(2, "-m", "helpers.fsdp", "--profile", "laptop", …): print(line)

is the command ``torchrun --standalone --nproc_per_node=2 -m helpers.fsdp --profile laptop …`` with
its lines handed over one by one, an error that names the first process that failed, and an end of
all processes when the caller ends.
"""

import os
import re
import subprocess
import sys
import tempfile
import threading
import time

import psutil

# Batches differ in length, and so do their tensors. Large ones go back to the system at once, or
# blocks that fit nothing would pile up to a third of a rank's memory; huge pages make that cheap.
_ENVIRONMENT = {
    "MALLOC_MMAP_THRESHOLD_": str(1 << 20),
    "THP_MEM_ALLOC_ENABLE": "1",
    "OMP_NUM_THREADS": "1",
    "TORCH_CPP_LOG_LEVEL": "ERROR",
}
_PARENT = "ALPACA_PARENT"
_LOST_CONNECTION = "gloo|nccl|connection|broken pipe"


def torchrun(ranks, *arguments):
    """Start ``ranks`` processes with torchrun on this machine; yields what they print, by lines.

    ``arguments`` are a file, or ``"-m"`` and a module, and its own arguments. Raises RuntimeError
    with the error of the first process that failed; the others are ended with it.
    """
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += [f"--nproc_per_node={ranks}", *map(str, arguments)]
    environment = {**_ENVIRONMENT, **os.environ, _PARENT: str(os.getpid())}
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment
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
            raise RuntimeError(first_error(errors.read()) or f"torchrun ended with {status}")


def first_error(text):
    """What went wrong first, from what torchrun and its processes wrote; None if nothing did.

    An error of our own comes first. Then a rank that was killed, which says nothing itself: the
    others fail for want of it, with errors of the connection, and may be killed by those in turn.
    """
    errors = re.findall(r"^\[rank\d+\]: (\w*(?:Error|Interrupt|Exit)\b.*)", text, re.M)
    own = [error for error in errors if not re.search(_LOST_CONNECTION, error, re.I)]
    if own:
        return own[0]
    for rank, signal in re.findall(r"rank +: (\d+) .*\n +exitcode +: -(\d+)", text):
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
