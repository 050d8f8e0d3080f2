"""Would installing our requirements change what Google Colab has? Asked of the package index.

``make test`` runs this before the network is cut off, since a resolver needs the index. It resolves
``requirements.txt`` for Colab's Python with every package of Colab's image held at its version, and
fails where that cannot be done. Skips, and says so, without the list of that image (made elsewhere)
or without a network. ``tests/test_colab.py`` holds what can be told offline.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FREEZE = ROOT.parent / "shared" / "data" / "colab" / "pip-freeze.gpu.txt"
MUST_STAY = ("torch", "numpy", "pandas", "ipywidgets")
# The image carries a CUDA build of torch, whose libraries the index's own build does not match.
BUILDS = re.compile(r"nvidia|cuda|cu1\d|triton")


def installed():
    """``{package: version}`` of the frozen image, without the marks of CUDA builds."""
    found = re.findall(r"^([\w.-]+)==([^+\s]+)", FREEZE.read_text(), re.M)
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in found}


def resolve(there):
    """``{package: version}`` of what an installation beside ``there`` would end with.

    Raises RuntimeError with the resolver's words where nothing fits.
    """
    lines = [f"{name}=={version}" for name, version in there.items() if not BUILDS.search(name)]
    with tempfile.TemporaryDirectory() as folder:
        held = Path(folder) / "constraints.txt"
        held.write_text("\n".join(lines))
        command = [sys.executable, "-m", "uv", "pip", "compile", "-q", "--no-header"]
        command += ["--no-annotate", "--python-version", "3.13", "-c", str(held)]
        command += ["--python-platform", "x86_64-manylinux_2_28", "requirements.txt"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    return dict(line.split("==") for line in done.stdout.split() if "==" in line)


def main():
    if not FREEZE.exists():
        return print("Colab's resolution: skipped, the list of what Colab has is not here")
    there = installed()
    try:
        found = resolve(there)
    except RuntimeError as error:
        if re.search(r"dns|connect|network|fetch", str(error), re.I):
            return print("Colab's resolution: skipped, no package index can be reached")
        sys.exit(f"nothing installs beside what Colab has:\n{error}")
    changed = {name: found.get(name) for name in MUST_STAY if found.get(name) != there[name]}
    if changed:
        sys.exit(f"Colab would change: {changed}")
    new = [f"{n} {v}" for n, v in found.items() if n not in there and not BUILDS.search(n)]
    return print(f"Colab keeps {', '.join(MUST_STAY)}; beside them come {', '.join(new)}")


if __name__ == "__main__":
    main()
