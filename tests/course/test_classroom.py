"""The copies for a class: learners get no solution, the teacher gets all, nothing else is lost."""

import shutil

import nbformat

from helpers.course.classroom import SOLUTION as TAG
from helpers.course.classroom import class_copies
from helpers.run import LESSONS, ROOT

SOLUTION = "<summary>Solution</summary>"


def test_every_solution_is_tagged_as_one():
    for name in LESSONS:
        cells = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4).cells
        tagged = [SOLUTION in cell.source for cell in cells if TAG in cell.metadata.get("tags", ())]
        assert all(tagged) and len(tagged) == sum(SOLUTION in cell.source for cell in cells)


def test_learners_get_no_solutions_and_the_teacher_all_of_them(tmp_path):
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    folders = class_copies(tmp_path)
    assert {folder.parent for folder in folders.values()} == {tmp_path}
    for name in LESSONS:
        whole, handed, kept = (
            nbformat.read(folder / f"{name}.ipynb", as_version=4)
            for folder in (tmp_path / "notebooks", folders["learners"], folders["teacher"])
        )
        solutions = sum(SOLUTION in cell.source for cell in whole.cells)
        assert solutions >= 4
        assert not any(SOLUTION in cell.source for cell in handed.cells)
        assert sum("<details open>" in cell.source for cell in kept.cells) == solutions
        assert len(handed.cells) == len(whole.cells) - solutions and len(kept.cells) == len(
            whole.cells
        )
        code = [
            [c.source for c in nb.cells if c.cell_type == "code"] for nb in (whole, handed, kept)
        ]
        assert code[0] == code[1] == code[2]
        for copy in (handed, kept):
            assert not any(c.get("outputs") for c in copy.cells) and "alpaca" not in copy.metadata
        hints = sum("<summary>Hint</summary>" in cell.source for cell in handed.cells)
        assert hints == solutions
