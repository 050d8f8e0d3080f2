"""Google Colab's image satisfies our requirements with what it has: nothing of it would change."""

import re

import pytest
from packaging.requirements import Requirement

from helpers.run import ROOT

FREEZE = ROOT.parent / "shared" / "data" / "colab" / "pip-freeze.gpu.txt"
needs_freeze = pytest.mark.skipif(
    not FREEZE.exists(), reason="the list of what Colab has, made elsewhere, is not on this machine"
)
MUST_STAY = {"torch", "numpy", "pandas", "ipywidgets"}


def requirements():
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def installed():
    """``{package: version}`` of the frozen image, without the CUDA build's mark."""
    found = re.findall(r"^([\w.-]+)==([^+\s]+)", FREEZE.read_text(), re.M)
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in found}


@needs_freeze
def test_what_colab_has_is_what_we_ask_for():
    there = installed()
    changed = [
        str(need)
        for need in requirements()
        if need.name in there and there[need.name] not in need.specifier
    ]
    assert changed == []
    assert MUST_STAY - {need.name for need in requirements()} == {"numpy"}  # comes with the others


@needs_freeze
def test_the_guide_installs_what_colab_lacks_and_nothing_else():
    there, guide = installed(), (ROOT / "colab_guide.md").read_text()
    line = re.search(r'%pip install -q ("trl.*)', guide)[1].replace('"', "")
    asked = {Requirement(word).name for word in line.split()}
    missing = {need.name for need in requirements() if need.name not in there}
    # A notebook is Colab itself: it needs no server of Jupyter's own.
    assert missing - asked <= {"jupyter", "jupyterlab", "nbclient", "ipykernel"}
    assert not asked & MUST_STAY and not asked & set(there)
