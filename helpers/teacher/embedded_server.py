"""Start llama.cpp's server for a GGUF file inside this process, on the loopback interface.

The server speaks OpenAI's protocol, so the ``openai`` client needs no other code for it. It ends
with the process. ``Endpoint.local()`` in :mod:`helpers.teacher.endpoint` is the usual way to it.
"""

import os
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"


class ServerStartError(RuntimeError):
    """The embedded server did not start; the message says what to do."""


@dataclass(frozen=True)
class RunningServer:
    """A started server: its address without ``/v1``, its key, and the object that keeps it alive.

    The server stops when ``server`` is garbage-collected.
    """

    address: str
    key: str
    server: object


def start_server(
    gguf: str | Path, *, port: int, parallel: int, context: int, threads: int | None
) -> RunningServer:
    """Start a server with a random key that answers ``parallel`` requests at once.

    ``port=0`` takes a free port. Each request has ``context`` tokens. ``threads`` defaults to the
    number of cores that are idle now. Raises ServerStartError if the package xllamacpp is missing,
    if the port is taken, or if the memory does not suffice.
    """
    try:
        import xllamacpp
    except ModuleNotFoundError as error:
        raise ServerStartError(
            "the embedded server is not installed (package xllamacpp). Run `make run`, or: "
            "pip install -r requirements.txt"
        ) from error
    key = secrets.token_urlsafe(24)
    params = xllamacpp.CommonParams()
    params.model.path = str(gguf)
    params.hostnames, params.port, params.api_keys = [HOST], port, [key]
    params.n_parallel, params.n_ctx = parallel, parallel * context
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads or idle_cores()
    params.ui, params.verbosity = False, -1
    try:
        server = xllamacpp.Server(params)
    except RuntimeError:
        raise ServerStartError(_why_not_started(port)) from None
    return RunningServer(server.listening_address, key, server)


def idle_cores() -> int:
    """How many CPU cores are idle at this moment, at least one.

    llama.cpp's threads wait for one another in busy loops. One thread more than there are idle
    cores makes generation several times slower.
    """
    import psutil

    busy: float = psutil.cpu_percent(interval=0.3) / 100
    return max(1, round((os.cpu_count() or 1) * (1 - busy)))


def _why_not_started(port: int) -> str:
    if port:
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                return (
                    f"port {port} on {HOST} is taken by another program. "
                    "Choose another, or leave port=0 to take a free one."
                )
    return (
        "the embedded server did not start, most likely because there is too little free memory "
        "(it needs about 1 GB). Close other programs, or start it with a smaller `parallel`."
    )
