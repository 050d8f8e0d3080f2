"""The tests cannot reach other machines, so they show that the project works without a network."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

GUARD = Path(__file__).parent / "guard"
ROOT = Path(__file__).resolve().parent.parent
OTHER_MACHINE = "192.0.2.1"  # reserved for documentation (RFC 5737): no machine has it


def test_the_tests_have_no_network():
    method = os.environ.get("ALPACA_OFFLINE")
    if method is None:
        pytest.skip("not started by tests/offline.py, as `make test` does")
    if method == "namespace":
        assert {name for _, name in socket.if_nameindex()} == {"lo"}
    else:
        with pytest.raises(OSError, match="without a network"):
            socket.create_connection((OTHER_MACHINE, 80), timeout=1)


def test_connections_in_python_are_refused_except_to_this_machine():
    probe = (
        "import socket\n"
        "server = socket.create_server(('127.0.0.1', 0))\n"
        "socket.create_connection(server.getsockname()).close()\n"
        "for attempt in (\n"
        f"    lambda: socket.create_connection(('{OTHER_MACHINE}', 80), timeout=1),\n"
        "    lambda: socket.getaddrinfo('example.org', 80),\n"
        f"    lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('{OTHER_MACHINE}', 9)),\n"
        "):\n"
        "    try:\n"
        "        attempt()\n"
        "    except OSError as error:\n"
        "        assert 'without a network' in str(error), error\n"
        "    else:\n"
        "        raise SystemExit('reached another machine')\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", probe],
        env={**os.environ, "PYTHONPATH": str(GUARD)},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr


def test_importing_helpers_turns_off_the_telemetry_of_the_hub():
    code = (
        "import helpers\n"
        "from huggingface_hub import constants\n"
        "assert constants.HF_HUB_DISABLE_TELEMETRY\n"
    )
    switches = {"HF_HUB_DISABLE_TELEMETRY", "DISABLE_TELEMETRY", "DO_NOT_TRACK"}
    environment = {name: value for name, value in os.environ.items() if name not in switches}
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
