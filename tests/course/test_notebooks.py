"""What can be measured of a good lesson, in the committed notebooks."""

import re
import statistics
from itertools import pairwise

import nbformat
import pytest

from helpers.course.notebook_files import code_hash
from helpers.display.widgets.interactive import WIDGET_VIEW
from helpers.run import LESSONS, ROOT

NOTEBOOKS = {
    name: nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4) for name in LESSONS
}
every_lesson = pytest.mark.parametrize("name", LESSONS)
KEYS = re.compile(r"\b(sk-[A-Za-z0-9_-]{16,}|hf_[A-Za-z0-9]{20,}|ghp_[A-Za-z0-9]{20,})")


def cells(name, kind):
    return [cell for cell in NOTEBOOKS[name].cells if cell.cell_type == kind]


def prose(name):
    """The prose of a lesson, without code and exercises, whose figures have their own tests."""
    texts = [c.source for c in cells(name, "markdown") if not c.source.startswith("### Exercise")]
    text = "\n\n".join(texts)
    text = re.sub(r"```.*?```|<details>.*?</details>", "", text, flags=re.S)
    return re.sub(r"`[^`]*`|Exercise \d\.\d", "", text)


@every_lesson
def test_cells_are_short_and_code_comes_between_texts(name):
    lines = [cell.source.count("\n") + 1 for cell in cells(name, "code")]
    assert max(lines) <= 25 and statistics.median(lines) <= 8
    kinds = "".join("c" if c.cell_type == "code" else "t" for c in NOTEBOOKS[name].cells)
    assert "ccc" not in kinds, "three code cells in a row"
    assert kinds.count("t") >= 1.5 * kinds.count("c")


@every_lesson
def test_the_head_lists_goals_and_the_end_what_was_learned(name):
    texts = [cell.source for cell in cells(name, "markdown")]
    head = texts[0] + texts[1]
    assert texts[0].startswith(f"# {name[1]} · ")
    assert "../assets/road_map_0" in head and "**After this lesson you can**" in head
    assert "**You need**" in head
    end = "\n".join(texts[-4:])
    assert "## What you learned" in end
    assert "**What the numbers do not show.**" in end and "**The way on.**" in end


@every_lesson
def test_heading_levels_are_not_skipped(name):
    found = [
        len(mark)
        for cell in cells(name, "markdown")
        for mark in re.findall(r"^(#+) ", re.sub(r"```.*?```", "", cell.source, flags=re.S), re.M)
    ]
    assert found[0] == 1 and found.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(found))


@every_lesson
def test_every_picture_has_alternative_text(name):
    for cell in cells(name, "markdown"):
        for words, target in re.findall(r"!\[(.*?)\]\((.*?)\)", cell.source):
            assert len(words) > 20, target
            assert (ROOT / "notebooks" / target).exists(), target
    for cell in cells(name, "code"):
        for output in cell.outputs:
            data = output.get("data", {})
            for svg in re.findall(
                r"<svg.*?>", data.get("text/html", "") + data.get("image/svg+xml", "")
            ):
                assert "aria-label" in svg or 'role="img"' in svg, svg[:200]
            if "image/png" in data:
                assert len(output.metadata["image/png"]["alt"]) > 20, "a picture without a text"


@every_lesson
def test_only_the_tagged_cell_fails(name):
    tagged = 0
    for cell in cells(name, "code"):
        meant = "raises-exception" in cell.metadata.get("tags", ())
        failed = any(output.output_type == "error" for output in cell.outputs)
        assert meant == failed, cell.source
        tagged += meant
    assert tagged == 1
    assert "is meant to" in prose(name)


@every_lesson
def test_outputs_belong_to_the_code_and_carry_no_controls(name):
    notebook = NOTEBOOKS[name]
    assert notebook.metadata["alpaca"] == {"code": code_hash(notebook), "profile": "laptop"}
    assert "widgets" not in notebook.metadata
    for cell in cells(name, "code"):
        for output in cell.outputs:
            assert WIDGET_VIEW not in output.get("data", {})


@every_lesson
def test_no_local_path_and_no_key_is_shown(name):
    text = (ROOT / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8")
    for trace in ("/root/", "/home/", "/tmp/", "/work/", f"{ROOT}/"):
        assert trace not in text, f"a local path: {trace}"
    assert not KEYS.search(text)


@every_lesson
def test_decimals_in_the_prose_come_from_an_output_or_a_cited_source(name):
    """A number such as 0.27 or 92.3 % is typed into prose only with its source."""
    outputs = "\n".join(
        str(output.get("text", "")) + str(output.get("data", {}).get("text/plain", ""))
        for cell in cells(name, "code")
        for output in cell.outputs
    )
    code = "\n".join(cell.source for cell in cells(name, "code"))
    for paragraph in prose(name).split("\n\n"):
        cited = re.search(r"et al\.|\(\w+ \d{4}|Alpaca|published|AlpacaEval|benchmarks/", paragraph)
        figures = re.findall(r"(?<![\d.])\d+\.\d+(?![\d.])", paragraph)
        unsourced = [f for f in figures if f not in outputs and f not in code]
        assert cited or not unsourced, f"{unsourced} in: {paragraph[:200]}"
