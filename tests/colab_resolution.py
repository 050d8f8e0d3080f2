"""Check that installing the requirements in Google Colab changes none of Colab's own packages.

``make test`` runs this before the tests, because it needs the package index. It resolves
``requirements.txt`` for Colab's Python with every package of Colab's image at the image's version,
and fails if no such versions exist. It prints that it is skipped if the list of the image's
packages is missing, or if no package index can be reached. ``tests/course/test_colab.py`` has the
checks that need no network.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FREEZE = ROOT.parent / "shared" / "data" / "colab" / "pip-freeze.gpu.txt"
MUST_STAY = ("torch", "numpy", "pandas", "ipywidgets")
# The image has a CUDA build of torch; the build in the index needs other versions of these.
CUDA_PACKAGES = re.compile(r"nvidia|cuda|cu1\d|triton")


def installed():
    """``{package: version}`` of Colab's image, without suffixes of CUDA builds (``+cu128``)."""
    found = re.findall(r"^([\w.-]+)==([^+\s]+)", FREEZE.read_text(), re.M)
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in found}


def resolve(image):
    """``{package: version}`` after installing the requirements next to the packages of ``image``.

    Raises RuntimeError with the resolver's message if no versions fit.
    """
    lines = [
        f"{name}=={version}" for name, version in image.items() if not CUDA_PACKAGES.search(name)
    ]
    with tempfile.TemporaryDirectory() as folder:
        constraints = Path(folder) / "constraints.txt"
        constraints.write_text("\n".join(lines))
        command = [sys.executable, "-m", "uv", "pip", "compile", "-q", "--no-header"]
        command += ["--no-annotate", "--python-version", "3.13", "-c", str(constraints)]
        command += ["--python-platform", "x86_64-manylinux_2_28", "requirements.txt"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    return dict(line.split("==") for line in done.stdout.split() if "==" in line)


def main():
    if not FREEZE.exists():
        return print("Colab's packages: skipped, because their list is missing")
    image = installed()
    try:
        found = resolve(image)
    except RuntimeError as error:
        if re.search(r"dns|connect|network|fetch", str(error), re.I):
            return print("Colab's packages: skipped, because no package index can be reached")
        sys.exit(f"the requirements cannot be installed next to Colab's packages:\n{error}")
    changed = {name: found.get(name) for name in MUST_STAY if found.get(name) != image[name]}
    if changed:
        sys.exit(f"installing the requirements would change these packages of Colab: {changed}")
    new = [f"{n} {v}" for n, v in found.items() if n not in image and not CUDA_PACKAGES.search(n)]
    return print(f"Colab keeps {', '.join(MUST_STAY)}; new packages: {', '.join(new)}")


if __name__ == "__main__":
    main()
