"""A model's answers in the files other evaluations read, so that anyone can judge them again.

A room of its own because these are other people's formats: AlpacaEval's model outputs (a JSON list
with ``instruction``, ``output``, ``generator``) and MT-bench's answers (FastChat's JSON Lines with
``question_id``, ``model_id`` and ``choices``). For benchmarks that ask the model themselves there
is the command line of EleutherAI's lm-evaluation-harness.
"""

import hashlib
import json
import shlex

from helpers.io import DataError, join_input, write_jsonl
from helpers.safe_io.writing import write_text

FORMATS = ("alpaca_eval", "mt_bench")


def export_answers(rows, answers, path, format, *, model):
    """Write one model's answers to evaluation rows; returns the path.

    ``"alpaca_eval"``: JSON list, the input appended to the instruction as AlpacaEval does.
    ``"mt_bench"``: JSON Lines, one turn an answer; the row's id is the question's. Raises DataError
    for another format or for answers that are not as many as the rows.
    """
    if format not in FORMATS:
        raise DataError(f"format={format!r} is unknown; choose one of {', '.join(FORMATS)}.")
    if len(rows) != len(answers):
        raise DataError(f"{len(answers)} answers to {len(rows)} rows; expected one a row.")
    both = list(zip(rows, answers, strict=True))
    if format == "alpaca_eval":
        plain = [
            {"instruction": join_input(row), "output": given["output"], "generator": model}
            for row, given in both
        ]
        return write_text(path, json.dumps(plain, ensure_ascii=False, indent=2) + "\n")
    return write_jsonl(path, [_mt_bench(row, given, model) for row, given in both])


def _mt_bench(row, given, model):
    mark = hashlib.sha256(f"{model}\n{row['id']}\n{given['output']}".encode()).hexdigest()
    return {
        "question_id": row["id"],
        "answer_id": mark[:22],
        "model_id": model,
        "choices": [{"index": 0, "turns": [given["output"]]}],
        "tstamp": 0,  # the same answers make the same file
    }


def harness_command(model, *, adapter=None, tasks=("hellaswag", "arc_easy")):
    """The command that asks lm-evaluation-harness's questions of a saved model.

    ``model`` is a model folder, ``adapter`` one of peft's beside it. The harness is a package of
    its own (``pip install lm-eval``) and downloads the tasks' data.
    """
    arguments = f"pretrained={model}" + (f",peft={adapter}" if adapter else "")
    parts = ["lm_eval", "--model", "hf", "--model_args", arguments, "--tasks", ",".join(tasks)]
    return shlex.join([*parts, "--batch_size", "auto"])
