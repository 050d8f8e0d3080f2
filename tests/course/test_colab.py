"""The course in Google Colab: its packages suffice, and the first cell fetches the course."""

import re
import shutil
import subprocess
import sys

import nbformat
import pytest
from colab_resolution import FREEZE, MUST_STAY, installed
from packaging.requirements import Requirement

from helpers.course.badges import PAGES, colab_badge, rename_repository, repository
from helpers.course.notebook_files import code_hash
from helpers.run import LESSONS, ROOT

needs_freeze = pytest.mark.skipif(
    not FREEZE.exists(), reason="the list of Colab's packages is not on this machine"
)


def requirements():
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


@needs_freeze
def test_packages_of_colab_keep_their_versions():
    versions = installed()
    changed = [
        str(need)
        for need in requirements()
        if need.name in versions and versions[need.name] not in need.specifier
    ]
    assert changed == []
    named = {need.name for need in requirements()}
    assert set(MUST_STAY) - named == {"numpy"}  # the others depend on it


def test_every_link_and_badge_names_one_repository():
    name = repository()
    for lesson in LESSONS:
        cells = nbformat.read(ROOT / "notebooks" / f"{lesson}.ipynb", as_version=4).cells
        assert colab_badge(lesson, name) in cells[0].source
        first = next(cell for cell in cells if cell.cell_type == "code")
        assert f'"https://github.com/{name}"' in first.source
    for page in ("README.md", "colab_guide.md", "SECURITY.md"):
        address = r"github(?:\.com)?/([\w.-]+/[\w.-]+?)(?=/blob|/security|[)\s\"])"
        links = re.findall(address, (ROOT / page).read_text())
        assert links and set(links) == {name}, page


def test_the_first_cell_is_the_same_in_every_lesson():
    cells = [
        nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4).cells for name in LESSONS
    ]
    first = {next(cell.source for cell in lesson if cell.cell_type == "code") for lesson in cells}
    assert len(first) == 1


def test_a_fork_gets_new_links_and_its_outputs_stay_valid(tmp_path):
    for page in PAGES:
        shutil.copy(ROOT / page, tmp_path / page)
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks", ignore=shutil.ignore_patterns(".*"))
    assert rename_repository("somebody-else/a.fork", tmp_path) >= 2 * len(LESSONS) + 3
    assert repository(tmp_path) == "somebody-else/a.fork"
    for path in [*tmp_path.glob("*.*"), *tmp_path.glob("notebooks/*.ipynb")]:
        assert repository() not in path.read_text(encoding="utf-8"), path.name
    for lesson in LESSONS:
        notebook = nbformat.read(tmp_path / "notebooks" / f"{lesson}.ipynb", as_version=4)
        assert notebook.metadata["alpaca"]["code"] == code_hash(notebook)
    with pytest.raises(ValueError, match="owner/name"):
        rename_repository("no repository", tmp_path)


def test_the_first_cell_fetches_the_course_if_it_is_missing(tmp_path):
    """It is run as in Colab: in an empty folder, where Git clones this project, and twice."""
    source = nbformat.read(ROOT / "notebooks" / f"{LESSONS[0]}.ipynb", as_version=4).cells
    code = next(cell.source for cell in source if cell.cell_type == "code")
    course, folder = tmp_path / "course", tmp_path / "content"
    folder.mkdir()
    shutil.copytree(ROOT / "helpers", course / "helpers", ignore=shutil.ignore_patterns("__pyc*"))
    for page in ("requirements.txt", "constraints.txt"):
        shutil.copy(ROOT / page, course / page)
    git = ["git", "-C", str(course), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for step in (["init", "-q"], ["add", "."], ["commit", "-qm", "the course"]):
        subprocess.run([*git, *step], check=True)
    code = code.replace(f"https://github.com/{repository()}", course.as_uri())
    for where in (folder, folder, folder / "alpaca-classroom"):
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=where, capture_output=True, text=True
        )
        assert done.returncode == 0 and "nothing to install" in done.stdout, done.stderr
    assert (folder / "alpaca-classroom" / "helpers" / "course" / "setup.py").exists()
