"""Run a command without network access: ``python tests/offline.py COMMAND…``.

If the system permits it (Linux, as root or with user namespaces), the command runs in a network
namespace that has only loopback. Otherwise every Python process loads a module that refuses to
connect to other machines or to resolve their names (``guard/sitecustomize.py``). The environment
variable ``ALPACA_OFFLINE`` tells the tests which of the two is used: ``namespace`` or ``guard``.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

GUARD = Path(__file__).parent / "guard"
LOOPBACK_UP = (
    "import fcntl, socket, struct;"
    "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM);"
    # SIOCSIFFLAGS with IFF_UP | IFF_LOOPBACK | IFF_RUNNING; this works without the ip tool
    "fcntl.ioctl(s, 0x8914, struct.pack('16sH14x', b'lo', 0x49))"
)


def namespace():
    """The command prefix that enters an empty network namespace, or None if it is not permitted."""
    if not shutil.which("unshare"):
        return None
    enter = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--user", "-r", "--net"]
    probe = [*enter, sys.executable, "-c", LOOPBACK_UP]
    if subprocess.run(probe, capture_output=True).returncode:
        return None
    shell = 'python=$1; shift; "$python" -c "$0" && exec "$@"'
    return [*enter, "sh", "-c", shell, LOOPBACK_UP, sys.executable]


def main(command):
    """Run ``command`` without network access; returns its exit status."""
    prefix = namespace()
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    if prefix:
        environment["ALPACA_OFFLINE"] = "namespace"
        print("no network: running in a network namespace (loopback only)", flush=True)
    else:
        paths = [str(GUARD), os.environ.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
        environment["ALPACA_OFFLINE"] = "guard"
        print("no network: connections are refused in Python (no network namespace)", flush=True)
    return subprocess.run([*(prefix or []), *command], env=environment).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
