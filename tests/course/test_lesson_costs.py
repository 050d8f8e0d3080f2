"""The costs of a lesson: measured ones are shown, and the others are named as not measured."""

import nbformat

from helpers.course.lesson_costs import MEASURED, cost_table, record_costs, with_costs
from helpers.run import LESSONS, ROOT


def test_measured_costs_are_shown_and_others_are_not_measured_yet(tmp_path):
    path = tmp_path / "measured.json"
    assert cost_table("01_preprocess", path).count("not measured yet") == 4
    record_costs("laptop", "2 CPU cores", {"01_preprocess": {"seconds": 90, "bytes": 1.25e9}}, path)
    shown = cost_table("01_preprocess", path).splitlines()
    assert shown[1].split()[:4] == ["laptop", "1.5", "1.2", "GB"]
    assert shown[-1] == "(measured on 2 CPU cores)"
    assert cost_table("02_generate", path).count("not measured yet") == 4


def test_another_machine_replaces_earlier_figures(tmp_path):
    path = tmp_path / "measured.json"
    figures = {"seconds": 60, "bytes": 1e9}
    record_costs("laptop", "one", {"01_preprocess": figures}, path)
    record_costs("laptop", "one", {"02_generate": figures}, path)
    assert "1.0" in cost_table("01_preprocess", path) and "1.0" in cost_table("02_generate", path)
    record_costs("laptop", "two", {"02_generate": figures}, path)
    assert cost_table("01_preprocess", path).count("not measured yet") == 4


def test_an_older_table_in_a_text_is_replaced(tmp_path):
    path = tmp_path / "measured.json"
    text = f"run folder x\n\n{cost_table('01_preprocess', path)}\n02: unchanged\n"
    record_costs("laptop", "one", {"01_preprocess": {"seconds": 60, "bytes": 1e9}}, path)
    once = with_costs(text, "01_preprocess", path)
    assert once == f"run folder x\n\n{cost_table('01_preprocess', path)}\n02: unchanged\n"
    record_costs("laptop", "two", {"01_preprocess": {"seconds": 120, "bytes": 1e9}}, path)
    assert " 2.0 " in with_costs(once, "01_preprocess", path)


def test_the_heads_of_the_lessons_show_the_measured_costs():
    for lesson in LESSONS:
        page = nbformat.read(ROOT / "notebooks" / f"{lesson}.ipynb", as_version=4)
        printed = [o.text for c in page.cells for o in c.get("outputs", ()) if "text" in o]
        assert any(cost_table(lesson, ROOT / MEASURED) in text for text in printed), lesson


def test_every_lesson_was_measured_on_a_laptop():
    for lesson in LESSONS:
        assert "not measured" not in cost_table(lesson, ROOT / MEASURED).splitlines()[1]
