"""Shared by all tests: the embedded student, converted once, and the embedded teacher."""

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("HF_HUB_OFFLINE", "1")  # nothing here needs the network


@pytest.fixture(scope="session")
def student_folder():
    """The embedded student's folder; the conversion stays in runs/cache for the next time."""
    from helpers.student import student_folder

    return student_folder("embedded", ROOT / "runs" / "cache")


@pytest.fixture(scope="session")
def tokenizer(student_folder):
    from helpers.student import load_tokenizer

    return load_tokenizer(student_folder)


@pytest.fixture(scope="session")
def endpoint():
    from helpers.endpoint import Endpoint

    return Endpoint.local(parallel=4)
