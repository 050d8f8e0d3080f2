"""Where this repository lives, named in one place and written to wherever a link needs it.

A file of its own because a fork has another address: ``make repository NAME=owner/name`` puts it
into ``pyproject.toml``, the badges of the README and the lessons, and the lessons' first cell,
which fetches the course in Google Colab. The lessons' outputs stay valid: no result hangs on it.
"""

import argparse
import re
import sys
import tomllib
from pathlib import Path

import nbformat

from helpers.course.lessons import code_hash
from helpers.run import LESSONS, ROOT
from helpers.safe_io.writing import write_text

PAGES = ("pyproject.toml", "README.md", "colab_guide.md", "SECURITY.md", "CITATION.cff")


def repository(root=ROOT):
    """The repository as ``owner/name``, from ``pyproject.toml``."""
    project = tomllib.loads((Path(root) / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project["urls"]["Repository"].removeprefix("https://github.com/")


def rename_repository(name, root=ROOT):
    """Write another ``owner/name`` wherever the old one stands; returns how often it stood there.

    Raises ValueError for a name that GitHub cannot have.
    """
    if not re.fullmatch(r"[A-Za-z0-9-]+/[A-Za-z0-9._-]+", name):
        raise ValueError(f"{name!r} is no repository; it should read owner/name.")
    root, old, times = Path(root), repository(root), 0
    for lesson in LESSONS:
        path = root / "notebooks" / f"{lesson}.ipynb"
        notebook = nbformat.read(path, as_version=4)
        for cell in notebook.cells:
            times += cell.source.count(old)
            cell.source = cell.source.replace(old, name)
        if "alpaca" in notebook.metadata:
            notebook.metadata["alpaca"]["code"] = code_hash(notebook)
        write_text(path, nbformat.writes(notebook) + "\n")
    for page in PAGES:
        text = (root / page).read_text(encoding="utf-8")
        times += text.count(old)
        write_text(root / page, text.replace(old, name))
    return times


def colab_badge(lesson, name):
    """Markdown of the badge that opens a lesson in Colab, as seen from the folder ``notebooks``."""
    colab = "https://colab.research.google.com/github"
    return (
        f"[![Open this lesson in Google Colab](../assets/open_in_colab.svg)]"
        f"({colab}/{name}/blob/main/notebooks/{lesson}.ipynb)"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", help="owner/name on GitHub")
    try:
        print(f"written in {rename_repository(parser.parse_args().name)} places")
    except ValueError as error:
        sys.exit(f"error: {error}")
