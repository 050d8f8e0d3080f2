"""Build the report of a run from its files, section by section, and write it."""

from collections import Counter
from pathlib import Path

from helpers.display import plots
from helpers.display.report.metrics_file import Metrics, read_metrics
from helpers.display.report.results import facts_section, judge_section
from helpers.display.report.style import CSS
from helpers.display.report.summary_sentence import headline
from helpers.display.safe_html import escape
from helpers.files.file_kinds import DataError
from helpers.files.received import ReceivedError, read_json
from helpers.files.writing import write_text
from helpers.io import join_input, load_examples, read_jsonl
from helpers.release.public_names import PUBLIC
from helpers.run import Run
from helpers.training.training_record import CurvePoint

_LESSONS = {  # the lessons before the report
    "01_preprocess": "Look at the data",
    "02_generate": "A model writes tasks",
    "03_train_lora": "LoRA",
    "04_train_fsdp": "Full FSDP",
    "05_evaluate": "Before and after",
}


def write_report(run: Run) -> Path:
    """Write ``report.html`` into the run from its files; returns the path.

    Raises DataError naming a file that is missing, or a figure that is not a number.
    """
    metrics = read_metrics(run.path("metrics.json"))
    sections = [
        _head(run, metrics),
        _lessons(run),
        facts_section(metrics),
        judge_section(metrics["judge"]),
        _training(run),
        _data(run),
        _answers(run, metrics),
        _limits(run, metrics),
    ]
    page = (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Alpaca Classroom: run {escape(run.profile.name)}</title><style>{CSS}</style>"
        f"<main>{''.join(sections)}</main></html>\n"
    )
    return write_text(run.path("report.html"), page)


def _head(run: Run, metrics: Metrics) -> str:
    student = PUBLIC.get(run.profile.student, run.profile.student)
    return (
        f"<h1>A small model, before and after</h1><p class='lead'>{escape(headline(metrics))} "
        "It never saw these tasks; rates and changes carry their 95 % interval.</p>"
        f"<p class='note'>The model is {escape(student)}. <em>LoRA</em> trains a small file beside "
        "it, <em>full FSDP</em> all its numbers. <em>ROUGE-L</em> is the share of words in common "
        "with a reference answer, in order, from 0 to 1; the held-out loss, in <em>nats</em>, says "
        "how surprised the model is by that answer.</p>"
    )


def _lessons(run: Run) -> str:
    """The lessons that led to the report, and how long each took."""
    steps, items = run.manifest()["steps"], []
    for name, title in _LESSONS.items():
        entry = steps.get(name, {})
        took = "shipped with the course" if "from" in entry else _minutes(entry.get("seconds"))
        items.append(f"<li><b>{name[:2]} · {title}</b><span>{took}</span></li>")
    return f"<h2>The path</h2><ol class='path'>{''.join(items)}</ol>"


def _minutes(seconds: float | None) -> str:
    if seconds is None:  # the lesson that writes the report is not finished yet
        return "this lesson"
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d} min"


def _training(run: Run) -> str:
    files = {"lora": ("lora/training.json", 3), "fsdp": ("fsdp/training.json", 4)}
    curves = {
        model: _training_history(run.path(name), lesson) for model, (name, lesson) in files.items()
    }
    return (
        "<h2>Training</h2><p>Held-out loss is the line with markers; where it turns up while "
        "the training loss falls, the model is learning its rows by heart.</p>"
        f"<figure>{plots.loss_curves(curves).svg()}</figure>"
    )


def _training_history(path: Path, lesson: int) -> list[CurvePoint]:
    """The curve in a ``training.json``. Raises DataError naming the lesson that writes the file."""
    try:
        record = read_json(path)
    except (OSError, ReceivedError) as error:
        raise DataError(f"{error} Run lesson {lesson} again.") from None
    if not isinstance(record, dict) or "history" not in record:
        raise DataError(f"{path} has no 'history' of a training. Run lesson {lesson} again.")
    return record["history"]


def _data(run: Run) -> str:
    kept, ledger = read_jsonl(run.path("generated.jsonl")), read_jsonl(run.path("ledger.jsonl"))
    train = load_examples(run.path("train.jsonl"))
    counts = Counter(row["reason"] for row in ledger)
    return (
        f"<h2>Data</h2><p>{len(train)} seed tasks written by people and {len(kept)} written by the "
        f"teacher; {len(ledger)} more were dropped, each for a reason on record.</p>"
        f"<figure>{plots.drops(counts).svg()}</figure>"
    )


def _answers(run: Run, metrics: Metrics) -> str:
    """The first ten tasks with the reference and the answer of each model."""
    rows = load_examples(run.path("eval.jsonl"))
    models = [model for model in plots.NAMES if model in metrics]
    answers = {model: read_jsonl(run.path(f"answers/{model}.jsonl")) for model in models}
    articles = []
    for i, row in enumerate(rows[:10]):
        body = _answer("reference", "reference", row["output"])
        for model in models:
            given = answers[model][i]
            body += _answer(model, plots.NAMES[model], given["output"], given["stopped"])
        ask = escape(join_input(row))
        articles.append(f"<article><p class='ask'>{ask}</p><dl>{body}</dl></article>")
    return f"<h2>The first ten tasks, side by side</h2>{''.join(articles)}"


def _answer(model: str, name: str, output: str, stopped: bool = True) -> str:
    note = "" if stopped else "<em> … did not stop</em>"
    return f"<dt class='{model}'>{name}</dt><dd>{escape(output) or '<em>(empty)</em>'}{note}</dd>"


def _limits(run: Run, metrics: Metrics) -> str:
    steps = run.manifest()["steps"].values()
    # The packages of a shipped step are not those of this run.
    own = [step["packages"] for step in steps if "from" not in step]
    packages = own[-1] if own else {}
    versions = ", ".join(f"{name} {version}" for name, version in packages.items() if version)
    return (
        "<h2>What these numbers do not show</h2><p>They come from one run, one random start and "
        f"{metrics['tasks']} tasks. ROUGE-L rewards the reference's words, not the truth: a fluent "
        "wrong answer scores well. A model of this size remains a student: read the answers above "
        f"before believing any of the figures.</p><p class='note'>Profile "
        f"{escape(run.profile.name)}{escape('; ' + versions if versions else '')}.</p>"
    )
