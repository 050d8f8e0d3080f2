"""Rows to clean, and what cleaning does with them. Shared by the tests of cleaning."""

from helpers.data.cleaning.clean import clean_examples


def row(instruction="Explain how tides work.", given="", output="The moon pulls the water."):
    """A row to clean, sound if no field is given."""
    return {"instruction": instruction, "input": given, "output": output}


def dropped(*rows, language="en"):
    """The class of fault of each row that cleaning drops."""
    return [one.fault for one in clean_examples(rows, language).dropped]


def cleaned(one):
    """A row after all repairs; it must be kept."""
    (kept,) = clean_examples([one]).kept
    return kept
