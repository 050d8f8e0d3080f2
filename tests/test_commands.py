"""Every command that the project prints or documents can be run."""

import functools
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from helpers.io import write_jsonl
from helpers.planning.training_plan import format_plan, training_plan
from helpers.profiles import PROFILES
from helpers.run import ROOT
from helpers.training.fsdp import main

ROWS = [{"instruction": f"Say {i}.", "input": "", "output": f"it is {i}"} for i in range(4)]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("helpers/**/*.py"), *ROOT.glob("benchmarks/*.*")]
PAGES += [ROOT / "Makefile"]


def pages():
    """``(page, text)`` of documents, code and lessons."""
    for path in PAGES:
        yield path.name, path.read_text(encoding="utf-8")
    for path in sorted(ROOT.glob("notebooks/*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            yield path.name, "".join(cell["source"])


def commands(start):
    """``(page, command)`` for each command that begins with the regular expression ``start``."""
    found = set()
    for page, text in pages():
        text = re.sub(r"\\+\n\s*", "", text)  # continued on the next line
        found |= {(page, match[0]) for match in re.finditer(rf"{start}[^\n`'\")]*", text)}
    return sorted(found)


@functools.cache
def help_of(*words):
    done = subprocess.run(
        [sys.executable, "-m", *words, "--help"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("page, command", commands(r"-m helpers\.\w+"))
def test_a_shown_module_accepts_the_shown_options(page, command):
    module, *words = command.removeprefix("-m ").split()
    known = help_of(module)
    for option in (word.partition("=")[0] for word in words if word.startswith("--")):
        assert re.search(rf"{option}\b", known), f"{page}: {module} has no {option}"


@pytest.mark.parametrize("page, command", commands(r"torchrun --"))
def test_torchrun_accepts_the_shown_options(page, command):
    known = help_of("torch.distributed.run")
    options = re.findall(r"--[\w-]+", command.partition(" -m ")[0])
    assert options and not [o for o in options if o.replace("_", "-") not in known
                            and o.replace("-", "_") not in known]  # fmt: skip


@pytest.mark.parametrize("page, command", commands(r"(?:(?<=`)|(?<=\n)|(?<=: ))make [a-z]+"))
def test_make_has_the_shown_target(page, command):
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.M)
    assert command.split()[1] in targets, f"{page}: {command}"


@pytest.mark.parametrize("page, command", commands(r"pip install"))
def test_a_shown_package_is_pinned(page, command):
    """So the command installs the version that the project is tested with."""
    pins = (ROOT / "constraints.txt").read_text().lower()
    words = [word for word in command.split()[2:] if not word.startswith("-")]
    for word in words[:1]:
        if (ROOT / word).is_file() or word == "lm-eval":  # not a dependency of the project
            continue
        need = Requirement(word)
        pin = re.search(rf"^{need.name}==(\S+)", pins, re.M)
        assert pin and pin[1] in need.specifier, f"{page}: {command}"


def plan_of(name):
    text = format_plan(training_plan(PROFILES[name]))
    return text.splitlines()[-1].strip()


@pytest.mark.parametrize("name", PROFILES)
def test_the_command_that_a_plan_prints_is_valid(name, capsys):
    command = plan_of(name)
    if "helpers.training.fsdp" not in command:
        profile, page = re.fullmatch(r"ALPACA_PROFILE=(\w+), and open (\S+)", command).groups()
        assert profile == name and (ROOT / page).is_file()
        return
    words = shlex.split(command)
    main([*words[words.index("helpers.training.fsdp") + 1 : words.index("--data")], "--plan"])
    assert command in capsys.readouterr().out


def run(command, folder):
    """Run a command as if in the project's folder, with ``folder`` for its files."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "ALPACA_PRECISION": "fp32"}
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    return subprocess.run(
        shlex.split(command), cwd=folder, env=environment, capture_output=True, text=True
    )


def test_the_command_that_a_plan_prints_trains(student_folder, tmp_path):
    """Exactly as printed, for the profile with a small enough student."""
    write_jsonl(tmp_path / "train.jsonl", ROWS)
    write_jsonl(tmp_path / "heldout.jsonl", ROWS[:2])
    done = run(plan_of("tiny"), tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads((tmp_path / "out" / "training.json").read_text())["steps"] == 1
    assert (tmp_path / "out" / "model" / "model.safetensors").is_file()


def test_the_command_for_several_machines_starts(tmp_path):
    """As in the docstring, but on this machine alone and with ``--help``."""
    (command,) = {c for _, c in commands(r"torchrun --nnodes") if "FIRST_HOST" in c}
    command = command.partition(" --profile")[0] + " --help"
    command = command.replace("--nnodes=2", "--nnodes=1").replace("per_node=4", "per_node=1")
    done = run(command.replace("FIRST_HOST:29400", "127.0.0.1:0"), tmp_path)
    assert done.returncode == 0 and "--heldout" in done.stdout, done.stderr[-2000:]
