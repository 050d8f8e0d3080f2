"""The tests must not be able to reach anything but this machine, or they prove nothing."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

GUARD = Path(__file__).parent / "guard"
ELSEWHERE = "192.0.2.1"  # reserved for documentation (RFC 5737): no machine has it


def test_the_network_is_cut_off():
    way = os.environ.get("ALPACA_OFFLINE")
    if way is None:
        pytest.skip("not started by tests/offline.py; `make test` cuts the network off")
    if way == "namespace":
        assert {name for _, name in socket.if_nameindex()} == {"lo"}
    else:
        with pytest.raises(OSError, match="without a network"):
            socket.create_connection((ELSEWHERE, 80), timeout=1)


def test_the_guard_refuses_other_machines_and_allows_this_one():
    probe = (
        "import socket\n"
        "server = socket.create_server(('127.0.0.1', 0))\n"
        "socket.create_connection(server.getsockname()).close()\n"
        "for attempt in (\n"
        f"    lambda: socket.create_connection(('{ELSEWHERE}', 80), timeout=1),\n"
        "    lambda: socket.getaddrinfo('example.org', 80),\n"
        f"    lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('{ELSEWHERE}', 9)),\n"
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


def test_no_library_reports_to_anyone():
    from huggingface_hub import constants

    import helpers  # noqa: F401

    assert constants.HF_HUB_DISABLE_TELEMETRY
