"""GGUF export: the embedded server answers from the file as transformers answers."""

from types import SimpleNamespace

import pytest

from helpers.prompts import format_prompt
from helpers.release.gguf import export_gguf, modelfile
from helpers.teacher.endpoint import Endpoint
from helpers.training.answering import answer
from helpers.training.student import load_student

INSTRUCTIONS = [
    "Name the capital city of Canada.",
    "What is the opposite of hot?",
    "How do bees make honey?",
]


def test_the_embedded_server_answers_from_the_file(
    student_folder, tokenizer, tmp_path, monkeypatch
):
    """Every matrix of one layer is changed first, so a tensor taken from the base would show."""
    import torch

    # In the format of the file: in another one, the most likely token may differ.
    monkeypatch.setattr("helpers.training.answering.working_dtype", lambda: torch.float32)
    model = load_student(student_folder).float()
    torch.manual_seed(0)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if ".layers.7." in name:
                weight.mul_(1 + 0.05 * torch.randn(weight.shape[0], *[1] * (weight.ndim - 1)))
    model.save_pretrained(tmp_path / "tuned")
    path = export_gguf(tmp_path / "tuned", tmp_path / "tuned.gguf", kind="F32")
    endpoint = Endpoint.local(parallel=1, gguf=path)
    assert endpoint.model == "tuned"
    rows = [{"instruction": text, "input": ""} for text in INSTRUCTIONS]
    answers = answer(model, tokenizer, rows, max_new_tokens=12)
    for row, expected in zip(rows, answers, strict=True):
        reply = endpoint.client().completions.create(
            model=endpoint.model,
            prompt=format_prompt(row["instruction"]),
            max_tokens=12,
            temperature=0,
        )
        assert reply.choices[0].text.strip() == expected["output"]


def test_a_file_with_fewer_bits_is_smaller_and_can_be_run(student_folder, tmp_path):
    sizes = [
        export_gguf(student_folder, tmp_path / f"{kind}.gguf", kind=kind).stat().st_size
        for kind in ("F16", "Q8_0")
    ]
    assert sizes[1] < 0.6 * sizes[0]
    endpoint = Endpoint.local(parallel=1, gguf=tmp_path / "Q8_0.gguf")
    reply = endpoint.client().completions.create(
        model=endpoint.model, prompt=format_prompt(INSTRUCTIONS[0]), max_tokens=12, temperature=0
    )
    assert "capital" in reply.choices[0].text  # rounding may change the city, not the sentence


def test_a_model_of_another_family_is_refused_and_nothing_is_left(tiny_model, tmp_path):
    with pytest.raises(ValueError, match="choose one of F32"):
        export_gguf(tiny_model, tmp_path / "tiny.gguf", kind="Q4_1")
    with pytest.raises(ValueError, match="not of the embedded model's family"):
        export_gguf(tiny_model, tmp_path / "tiny.gguf")
    assert list(tmp_path.iterdir()) == []


def test_an_existing_file_and_a_full_disk_are_refused(student_folder, tmp_path, monkeypatch):
    (tmp_path / "mine.gguf").write_text("mine")
    with pytest.raises(FileExistsError, match="there already"):
        export_gguf(student_folder, tmp_path / "mine.gguf")
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=10))
    with pytest.raises(OSError, match="GB are needed"):
        export_gguf(student_folder, tmp_path / "new.gguf")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]


def test_a_modelfile_has_the_training_prompt(tmp_path):
    text = modelfile(tmp_path / "student.gguf")
    assert text.startswith("FROM ./student.gguf\n")
    prompt = text.split('"""')[1].replace("{{ .Prompt }}", INSTRUCTIONS[0])
    assert prompt == format_prompt(INSTRUCTIONS[0])
