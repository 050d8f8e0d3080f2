"""Shared by all tests: the embedded student, converted once, the teacher, and one tiny run.

`make test` runs the lessons first, then the tests on two workers, a module at a time. Modules that
take long start first, so that both workers end together. ``pytest -m fast`` runs what needs no
model, browser or other process.
"""

import os
import subprocess
import sys
from pathlib import Path

import filelock
import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("HF_HUB_OFFLINE", "1")  # nothing here needs the network
if "PYTEST_XDIST_WORKER" in os.environ:  # workers share the cores
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # a thread that waits leaves its core

# The longest modules start first, by `--durations=0`; test_browser waits for answers most of the
# time, so it comes first of all.
LONGEST = ("browser", "lessons", "fsdp", "demo", "watermark", "nan_checks", "commands", "memory")
LONGEST += ("gguf", "launch", "lora", "checkpoints")
# Modules that take more than five seconds: they wait for servers, start processes or train.
SLOW = {*LONGEST, "adapters", "budget", "cached_calls", "chat", "cleaning", "code_fingerprint"}
SLOW |= {"failures", "guard", "io", "judge", "kill", "lab", "likelihood", "log_probabilities"}
SLOW |= {"openai_batch", "random_lists", "received", "refused_parameters", "replies"}
SLOW |= {"request_parameters", "retries", "token_ids", "upload", "verdict_parser"}
MODELS = {"student_folder", "tokenizer", "endpoint", "tiny_model", "finished", "chromium"}


def pytest_collection_modifyitems(items):
    """Put the modules into their order, and mark the tests that are fast."""
    order = [f"test_{name}" for name in LONGEST]
    items.sort(key=lambda item: [*order, item.path.stem].index(item.path.stem))
    for item in items:
        name = item.path.stem.removeprefix("test_")
        if name not in SLOW and not MODELS & set(item.fixturenames):
            item.add_marker("fast")


@pytest.fixture(scope="session")
def student_folder():
    """The embedded student's folder; the conversion stays in runs/cache for the next time."""
    from helpers.training.model_folders import student_folder

    return student_folder("embedded", ROOT / "runs" / "cache")


@pytest.fixture(scope="session")
def tokenizer(student_folder):
    from helpers.training.student import load_tokenizer

    return load_tokenizer(student_folder)


@pytest.fixture(scope="session")
def endpoint():
    from helpers.teacher.endpoint import Endpoint

    return Endpoint.local(parallel=4)


@pytest.fixture(scope="session")
def tiny_model(tokenizer, tmp_path_factory):
    """A folder with a random LLaMA of two thin layers and the student's tokenizer."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    folder = tmp_path_factory.mktemp("tiny_model")
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")  # its event loop would stand in the way of other modules
def chromium():
    """The system's Chromium, with a fresh profile."""
    import browser

    with browser.chromium() as driven:
        yield driven


def make_run(folder, **environment):
    """What `make run` calls, into ``folder``."""
    environment = {**os.environ, "ALPACA_PRECISION": "fp32", **environment}
    environment.pop("OMP_NUM_THREADS", None)  # as for a user
    command = [
        sys.executable,
        "-m",
        "helpers.course.lessons",
        "--profile",
        "tiny",
        "--run",
        str(folder),
    ]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="session")
def finished():
    """A whole tiny run, resumed from where an earlier one stopped, as for any user."""
    folder = ROOT / "runs" / "test"
    with filelock.FileLock(f"{folder}.lock"):  # one worker runs the lessons, the others wait
        result = make_run(folder)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-4000:]
    return folder, result.stdout
