"""Export a model's answers in the formats of other evaluation tools.

``alpaca_eval`` is AlpacaEval's list of model outputs, ``mt_bench`` FastChat's answer file for
MT-bench. Benchmarks that ask the model themselves are run by EleutherAI's lm-evaluation-harness;
:func:`harness_command` writes its command line.
"""

import hashlib
import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from helpers.files.writing import write_text
from helpers.io import DataError, Task, join_input, write_jsonl
from helpers.training.answering import Answer

FORMATS = ("alpaca_eval", "mt_bench")


def export_answers(
    rows: Sequence[Task], answers: Sequence[Answer], path: str | Path, format: str, *, model: str
) -> Path:
    """Write one model's answers to the evaluation ``rows``; returns the path.

    ``"alpaca_eval"`` writes a JSON list with ``instruction``, ``output`` and ``generator``; the
    input is appended to the instruction, as AlpacaEval does. ``"mt_bench"`` writes JSON Lines with
    ``question_id``, ``model_id`` and ``choices``, one turn for each answer. Raises DataError for
    another format, or where there are not as many answers as rows.
    """
    if format not in FORMATS:
        raise DataError(f"format={format!r} is unknown; choose one of {', '.join(FORMATS)}.")
    if len(rows) != len(answers):
        raise DataError(
            f"{len(answers)} answers to {len(rows)} rows; expected one answer for each row."
        )
    both = list(zip(rows, answers, strict=True))
    if format == "alpaca_eval":
        plain = [
            {"instruction": join_input(row), "output": answer["output"], "generator": model}
            for row, answer in both
        ]
        return write_text(path, json.dumps(plain, ensure_ascii=False, indent=2) + "\n")
    return write_jsonl(path, [_mt_bench_row(row, answer, model) for row, answer in both])


def _mt_bench_row(row: Task, answer: Answer, model: str) -> dict[str, Any]:
    digest = hashlib.sha256(f"{model}\n{row['id']}\n{answer['output']}".encode()).hexdigest()
    return {
        "question_id": row["id"],
        "answer_id": digest[:22],
        "model_id": model,
        "choices": [{"index": 0, "turns": [answer["output"]]}],
        "tstamp": 0,  # no time, so that the same answers make the same file
    }


def harness_command(
    model: str | Path,
    *,
    adapter: str | Path | None = None,
    tasks: Sequence[str] = ("hellaswag", "arc_easy"),
) -> str:
    """The command that runs lm-evaluation-harness on a saved model.

    ``model`` is a model folder, ``adapter`` the folder of a peft adapter for it. The harness is a
    separate package (``pip install lm-eval``) and downloads the data of the ``tasks``.
    """
    arguments = f"pretrained={model}" + (f",peft={adapter}" if adapter else "")
    parts = ["lm_eval", "--model", "hf", "--model_args", arguments, "--tasks", ",".join(tasks)]
    return shlex.join([*parts, "--batch_size", "auto"])
