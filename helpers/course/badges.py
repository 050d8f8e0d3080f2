"""Write the repository's address wherever a link needs it: ``make repository NAME=owner/name``.

``pyproject.toml`` names the repository. A fork has another address, which is then written into
``pyproject.toml``, the badges and links of the pages and lessons, and the lessons' first cell,
which fetches the course in Google Colab. The outputs of the lessons stay valid, because none
depends on the address.
"""

import argparse
import re
import sys
import tomllib
from pathlib import Path

from helpers.course.notebook_files import code_hash, read_notebook, write_notebook
from helpers.files.writing import write_text
from helpers.run import LESSONS, ROOT, RunError

PAGES = ("pyproject.toml", "README.md", "colab_guide.md", "SECURITY.md", "CITATION.cff")


def repository(root: Path = ROOT) -> str:
    """The repository as ``owner/name``, from ``pyproject.toml``."""
    project = tomllib.loads((Path(root) / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project["urls"]["Repository"].removeprefix("https://github.com/")


def rename_repository(name: str, root: Path = ROOT) -> int:
    """Replace the repository's ``owner/name`` everywhere; returns the number of places.

    Raises ValueError for a name that GitHub does not allow.
    """
    if not re.fullmatch(r"[A-Za-z0-9-]+/[A-Za-z0-9._-]+", name):
        raise ValueError(f"{name!r} is not the name of a repository; expected owner/name.")
    root, old, places = Path(root), repository(root), 0
    for lesson in LESSONS:
        path = root / "notebooks" / f"{lesson}.ipynb"
        notebook = read_notebook(path)
        for cell in notebook.cells:
            places += cell.source.count(old)
            cell.source = cell.source.replace(old, name)
        if "alpaca" in notebook.metadata:
            notebook.metadata["alpaca"]["code"] = code_hash(notebook)
        write_notebook(notebook, path)
    for page in PAGES:
        text = (root / page).read_text(encoding="utf-8")
        places += text.count(old)
        write_text(root / page, text.replace(old, name))
    return places


def colab_badge(lesson: str, name: str) -> str:
    """Markdown of the badge that opens a lesson in Colab, for a page in the folder ``notebooks``.

    ``name`` is the repository's ``owner/name``.
    """
    colab = "https://colab.research.google.com/github"
    return (
        f"[![Open this lesson in Google Colab](../assets/open_in_colab.svg)]"
        f"({colab}/{name}/blob/main/notebooks/{lesson}.ipynb)"
    )


def main() -> None:
    """Rename the repository of this project."""
    parser = argparse.ArgumentParser(description="Write the repository's address into all links.")
    parser.add_argument("name", help="owner/name on GitHub")
    try:
        print(f"written in {rename_repository(parser.parse_args().name)} places")
    except (ValueError, RunError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
