"""A limit on the time that Python code of somebody else's making may take, in any thread.

For chat templates, which are programs: they come with a model and run for every row. A signal would
reach the main thread alone, and the demo answers in others.
"""

import contextlib
import ctypes
import threading
import time
from collections.abc import Iterator


class TookTooLong(BaseException):
    """Raised inside code whose time is over; no handler of its own should catch it."""


@contextlib.contextmanager
def time_limit(seconds: float, what: str) -> Iterator[None]:
    """End the code in this block after so many seconds: ValueError that names ``what``.

    Between two steps of Python alone: one long call into C is not ended.
    """
    thread, lock, over = threading.get_ident(), threading.Lock(), False

    def stop():
        with lock:
            if not over:
                raised = ctypes.py_object(TookTooLong)
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), raised)

    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    try:
        timer.start()
        try:
            yield
        finally:
            with lock:
                over = True
            timer.cancel()
            time.sleep(0)  # what was raised just before arrives here, and not outside
    except TookTooLong:
        raise ValueError(f"{what} did not end within {seconds:g} seconds.") from None
