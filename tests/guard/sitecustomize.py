"""Refuse connections to other machines, in every Python process of the tests.

``tests/offline.py`` puts this folder on ``PYTHONPATH`` if it cannot make a network namespace.
"""

import ipaddress
import socket


def _refuse_unless_local(address):
    host = address[0] if isinstance(address, tuple) else address
    if isinstance(address, (str, bytes)) and not isinstance(address, tuple):
        return  # a Unix socket
    try:
        local = host in ("", "localhost", None) or ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = host == socket.gethostname()
    if not local:
        raise OSError(f"the tests run without a network; refused to reach {host!r}")


class _GuardedSocket(socket.socket):
    def connect(self, address):
        _refuse_unless_local(address)
        return super().connect(address)

    def connect_ex(self, address):
        _refuse_unless_local(address)
        return super().connect_ex(address)

    def sendto(self, data, *rest):
        _refuse_unless_local(rest[-1])
        return super().sendto(data, *rest)


_getaddrinfo = socket.getaddrinfo


def _guarded_getaddrinfo(host, *args, **kwargs):
    name = host.decode() if isinstance(host, bytes) else host
    _refuse_unless_local((name,))
    return _getaddrinfo(host, *args, **kwargs)


socket.socket = _GuardedSocket
socket.getaddrinfo = _guarded_getaddrinfo
