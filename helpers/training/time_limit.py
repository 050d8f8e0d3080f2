"""Stop Python code of unknown origin after a time limit, in any thread.

Chat templates need such a limit: they are programs that come with a model and run for every row. A
signal would not do, because signals reach only the main thread and the demo answers in others.
"""

import contextlib
import ctypes
import threading
import time
from collections.abc import Iterator


class TookTooLong(BaseException):
    """Raised inside code that reached its time limit.

    It derives from BaseException, so that the code's own ``except Exception`` does not catch it.
    """


@contextlib.contextmanager
def time_limit(seconds: float, what: str) -> Iterator[None]:
    """Stop the code of this block after ``seconds``, with a ValueError that names ``what``.

    The code is stopped between two steps of Python, so one long call into C runs to its end.
    """
    thread, lock, over = threading.get_ident(), threading.Lock(), False

    def stop() -> None:
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
            time.sleep(0)  # an exception raised by the timer arrives here, not after the block
    except TookTooLong:
        raise ValueError(f"{what} did not end within {seconds:g} seconds.") from None
