"""The copies for a class: solutions for the teacher only, and everything else for both."""

import shutil

import nbformat

from helpers.course.classroom import SOLUTION as TAG
from helpers.course.classroom import class_copies
from helpers.run import LESSONS, ROOT

SOLUTION = "<summary>Solution</summary>"


def test_every_solution_is_tagged():
    for name in LESSONS:
        cells = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4).cells
        tagged = [SOLUTION in cell.source for cell in cells if TAG in cell.metadata.get("tags", ())]
        assert all(tagged) and len(tagged) == sum(SOLUTION in cell.source for cell in cells)


def test_only_the_teacher_gets_the_solutions(tmp_path):
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    folders = class_copies(tmp_path)
    assert {folder.parent for folder in folders.values()} == {tmp_path}
    for name in LESSONS:
        original, learners, teacher = (
            nbformat.read(folder / f"{name}.ipynb", as_version=4)
            for folder in (tmp_path / "notebooks", folders["learners"], folders["teacher"])
        )
        solutions = sum(SOLUTION in cell.source for cell in original.cells)
        assert solutions >= 4
        assert not any(SOLUTION in cell.source for cell in learners.cells)
        assert sum("<details open>" in cell.source for cell in teacher.cells) == solutions
        assert len(learners.cells) == len(original.cells) - solutions and len(teacher.cells) == len(
            original.cells
        )
        code = [
            [c.source for c in nb.cells if c.cell_type == "code"]
            for nb in (original, learners, teacher)
        ]
        assert code[0] == code[1] == code[2]
        for copy in (learners, teacher):
            assert not any(c.get("outputs") for c in copy.cells) and "alpaca" not in copy.metadata
        hints = sum("<summary>Hint</summary>" in cell.source for cell in learners.cells)
        assert hints == solutions
