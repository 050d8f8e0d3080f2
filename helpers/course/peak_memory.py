"""Measure the most memory that a program and all its child processes take together."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass
class Peak:
    """The most memory measured so far, in bytes."""

    bytes: int = 0


@contextmanager
def measured_memory() -> Iterator[Peak]:
    """Measure memory every second inside the ``with`` block, in a thread."""
    peak, ended = Peak(), threading.Event()
    threading.Thread(target=_watch, args=(peak, ended), daemon=True).start()
    try:
        yield peak
    finally:
        ended.set()


def _watch(peak: Peak, ended: threading.Event) -> None:
    """Raise ``peak`` to the memory of this process and its children, once a second."""
    import psutil

    this_process = psutil.Process()
    while not ended.wait(1.0):
        infos = []
        for process in [this_process, *this_process.children(recursive=True)]:
            try:
                infos.append(process.memory_info())
            except psutil.Error:
                continue  # this process has ended since the list was made
        peak.bytes = max(peak.bytes, _total(infos))


def _total(infos: Sequence[Any]) -> int:
    """Bytes of several processes: the memory of each alone, plus the largest shared part once.

    ``infos`` are psutil's ``memory_info`` of each process. Reading the pages of a training process
    one by one would be exact, but would slow it down.
    """
    shared = [getattr(info, "shared", 0) for info in infos]
    alone = sum(info.rss for info in infos) - sum(shared)
    return alone + max(shared, default=0)
