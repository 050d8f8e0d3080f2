"""The files that a contributor meets name things that exist: hooks, workflows, citation, forms."""

import json
import re
import tomllib

import pytest
import yaml
from conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def load(name):
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def test_the_citation_names_this_version_and_its_licence():
    citation = load("CITATION.cff")
    assert citation["version"] == PROJECT["version"]
    assert citation["license"] == PROJECT["license"]
    assert citation["repository-code"] == PROJECT["urls"]["Repository"]


def test_every_hook_calls_a_tool_that_make_installs():
    needed = (ROOT / "requirements-dev.txt").read_text(encoding="utf-8")
    tools = {"ruff": "ruff", "mypy": "mypy", "lint-imports": "import-linter", "python": "pytest"}
    hooks = [hook for repository in load(".pre-commit-config.yaml")["repos"]
             for hook in repository["hooks"]]  # fmt: skip
    assert len(hooks) >= 4
    for hook in hooks:
        program, *words = hook["entry"].split()
        assert program.startswith(".venv/bin/") and tools[program.split("/")[-1]] in needed
        assert all((ROOT / word).exists() for word in words if word.startswith("tests/"))


def test_the_workflow_runs_what_is_run_before_a_change_lands():
    job = load(".github/workflows/tests.yml")["jobs"]["test"]
    assert [step["run"] for step in job["steps"] if "run" in step] == ["bash .ci/run"]
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    lowest = PROJECT["requires-python"].removeprefix(">=")
    assert lowest in job["strategy"]["matrix"]["python"]


@pytest.mark.parametrize("form", ["fault", "unclear"])
def test_an_issue_form_asks_where_and_what(form):
    asked = load(f".github/ISSUE_TEMPLATE/{form}.yml")["body"]
    assert {"where", "what"} <= {field["id"] for field in asked}


def test_the_development_container_ends_with_a_tiny_run():
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    assert container["postCreateCommand"] == "make run PROFILE=tiny"


def test_the_contribution_guide_names_paths_that_exist():
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    paths = re.findall(r"(?:helpers|tests|benchmarks)/[\w/.]+", guide)
    assert len(paths) > 5
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_test_that_a_page_names_exists():
    names = {path.name for path in ROOT.glob("tests/**/test_*.py")}
    pages = [*ROOT.glob("*.md"), *ROOT.glob("data/*.md"), *ROOT.glob("helpers/**/*.py")]
    named = {
        name
        for page in pages
        for name in re.findall(r"\btest_\w+\.py\b", page.read_text(encoding="utf-8"))
    }
    assert len(named) > 10 and named <= names
