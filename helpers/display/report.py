"""report.html: the whole run on one page that needs nothing else, no network and no script.

A file of its own because it is the one place where everything meets: manifest, metrics, pictures
and answers. It computes nothing; a number on the page is a number in the run's files.
"""

import json
from collections import Counter

from helpers.display import plots
from helpers.display.safe_html import escape
from helpers.evaluation.metrics import FACTS
from helpers.evaluation.verdict_stats import LEAST_PAIRS
from helpers.io import join_input, load_examples, read_jsonl
from helpers.release.cards import PUBLIC
from helpers.safe_io.file_kinds import DataError
from helpers.safe_io.received import ReceivedError, read_json
from helpers.safe_io.writing import write_text

TITLES = {  # of the lessons up to the report; the one after it is about what follows from it
    "01_preprocess": "Look at the data",
    "02_generate": "A model writes tasks",
    "03_train_lora": "LoRA",
    "04_train_fsdp": "Full FSDP",
    "05_evaluate": "Before and after",
}

CSS = """
:root { --ink: #1f2933; --paper: #fff; --soft: #5a6572; --rule: #d9dee3; --panel: #f5f7f8;
  --before: #6b7280; --lora: #0072b2; --fsdp: #b84f00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --paper: #111418; --soft: #a4adb8;
  --rule: #2c333b; --panel: #191e24; --before: #a4adb8; --lora: #59b3e6; --fsdp: #f08a4b; } }
* { box-sizing: border-box } body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 58rem; margin: 0 auto; padding: 3rem 1.25rem 5rem; }
h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 .5rem; } h2 { margin: 3rem 0 .5rem; }
.lead { font-size: 1.15rem; color: var(--soft); margin: 0 0 2rem; max-width: 46rem; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .5rem .75rem .5rem 0;
  border-top: 1px solid var(--rule); overflow-wrap: anywhere; }
th { overflow-wrap: normal; } thead th { border-top: 0; color: var(--soft); font-weight: 600; }
td small { color: var(--soft); display: block; } td.better strong::after { content: " ✓"; }
figure { margin: 1.25rem 0; background: #fff; border-radius: 6px; padding: .75rem; }
figure svg { max-width: 100%; height: auto; display: block; margin: 0 auto; }
ol.path { list-style: none; display: grid; gap: .75rem; padding: 0;
  grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); }
ol.path li { background: var(--panel); border-radius: 6px; padding: .75rem .9rem; }
ol.path b { display: block; } ol.path span { color: var(--soft); font-size: .9rem; }
article { border-top: 1px solid var(--rule); padding: 1rem 0; }
article p.ask { font-weight: 600; white-space: pre-wrap; margin: 0 0 .5rem;
  overflow-wrap: anywhere }
article dl { display: grid; grid-template-columns: 9.5rem 1fr; gap: .4rem 1rem; margin: 0; }
dt { font-weight: 600; } dd { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
dt.before { color: var(--before) } dt.lora { color: var(--lora) } dt.fsdp { color: var(--fsdp) }
dd em { color: var(--soft); } p.note { color: var(--soft); max-width: 46rem; }
blockquote { margin: 1rem 0; padding: .25rem 0 .25rem 1rem; border-left: 4px solid var(--before); }
@media (max-width: 40rem) { article dl { grid-template-columns: 1fr; gap: .1rem; }
  dd { margin-bottom: .6rem } }
"""


def write_report(run):
    """Write ``report.html`` into the run from its files; returns the path.

    Raises DataError naming a file that is missing, or a figure that is no number.
    """
    metrics = read_metrics(run.path("metrics.json"))
    sections = [
        _head(run, metrics),
        _path(run),
        _numbers(metrics),
        _judge(metrics["judge"]),
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


def read_metrics(path):
    """The figures of a run. A text in the place of a number is refused: the page would hold it.

    Raises DataError naming the figure, and for a file that is no JSON.
    """
    try:
        metrics = read_json(path)
    except (OSError, ReceivedError) as error:
        raise DataError(f"{error} Run lesson 5 again.") from None
    places = [("", metrics)]
    while places:
        place, value = places.pop()
        if isinstance(value, dict):
            places += [(f"{place}.{key}".strip("."), inner) for key, inner in value.items()]
        elif place != "judge.headline" and not isinstance(value, int | float | None):
            raise DataError(
                f"{path}: {place} is {str(value)!r:.60}, expected a number. Run lesson 5 again."
            )
    return metrics


def headline(metrics):
    """What LoRA changed, in one sentence, claiming only what the intervals carry.

    A change counts, for better or worse, only where the interval of the differences task by task
    leaves zero out; each is told with that interval.
    """
    phrases = []
    for key, what, more, less, unit, shown in (
        ("stop_rate", "the student stops by itself {} often", "more", "less", 100, _SHARE),
        ("rouge_l", "its answers share {} words with the reference", "more", "fewer", 1, _ROUGE),
    ):
        before, after = (unit * metrics[model][key]["value"] for model in ("before", "lora"))
        change = {end: unit * value for end, value in metrics["change"]["lora"][key].items()}
        figures = shown.format(before=before, after=after, **change)
        if change["low"] <= 0 <= change["high"]:
            phrases.append(f"whether {what.format(more)} is open ({figures})")
        else:
            phrases.append(f"{what.format(more if change['value'] > 0 else less)} ({figures})")
    phrases.append(_judged(metrics.get("judge") or {}))
    return f"On {metrics['tasks']} tasks, after LoRA, " + "; ".join(filter(None, phrases)) + "."


def _judged(judge):
    """What the judge says of LoRA, with what it is worth; nothing where none was asked."""
    if "lora" not in judge:
        return ""
    if judge["pairs"] < LEAST_PAIRS:
        return "the judge was examined on too few pairs to say what its word is worth"
    if not judge["can_tell"]:
        return "the judge cannot tell which answers are better"
    worth, rate = (_percent(rate) for rate in (judge["accuracy"], judge["lora"]["win_rate"]))
    return (
        f"a judge that is right in {worth} of {judge['pairs']} known pairs preferred its answers "
        f"to those before in {rate}"
    )


def _percent(rate):
    value, low, high = (100 * rate[end] for end in ("value", "low", "high"))
    return f"{value:.0f} % ({low:.0f} to {high:.0f})"


_SHARE = (
    "{before:.0f} % of its answers before, {after:.0f} % after: "
    "{value:+.0f} points, 95 % interval {low:+.0f} to {high:+.0f}"
)
_ROUGE = "ROUGE-L {before:.2f} before, {after:.2f} after: {value:+.2f}, {low:+.2f} to {high:+.2f}"


def _head(run, metrics):
    student = PUBLIC.get(run.profile.student, run.profile.student)
    return (
        f"<h1>A small model, before and after</h1><p class='lead'>{escape(headline(metrics))} "
        "It never saw these tasks; rates and changes carry their 95 % interval.</p>"
        f"<p class='note'>The model is {escape(student)}. <em>LoRA</em> trains a small file beside "
        "it, <em>full FSDP</em> all its numbers. <em>ROUGE-L</em> is the share of words in common "
        "with a reference answer, in order, from 0 to 1; the held-out loss, in <em>nats</em>, says "
        "how surprised the model is by that answer.</p>"
    )


def _path(run):
    steps, items = run.manifest()["steps"], []
    for name in TITLES:
        entry = steps.get(name, {})
        took = "shipped with the course" if "from" in entry else _minutes(entry.get("seconds"))
        items.append(f"<li><b>{name[:2]} · {TITLES[name]}</b><span>{took}</span></li>")
    return f"<h2>The path</h2><ol class='path'>{''.join(items)}</ol>"


def _numbers(metrics):
    names = [name for name in plots.NAMES if name in metrics]
    head = "".join(f"<th scope='col'>{plots.NAMES[name]}</th>" for name in names)
    rows = []
    for key, (label, unit, better) in FACTS.items():
        values = [metrics[name][key]["value"] for name in names]
        best = min(values) if better == "lower" else max(values)
        best = best if values.count(best) == 1 else None  # equals have no best among them
        cells = "".join(
            f"<td class='{'better' if metrics[name][key]['value'] == best else ''}'>"
            f"<strong>{metrics[name][key]['value']:.2f}</strong>"
            f"<small>{metrics[name][key]['low']:.2f} to {metrics[name][key]['high']:.2f}</small>"
            "</td>"
            for name in names
        )
        rows.append(
            f"<tr><th scope='row'>{escape(label)}<small style='font-weight:400;display:block'>"
            f"{unit}, {better} is better</small></th>{cells}</tr>"
        )
    picture = plots.facts(metrics)
    return (
        "<h2>Facts that need no judge</h2><p>The best value of each row has a ✓; where intervals "
        "overlap, the tick means little.</p><div class='scroll'><table><thead><tr><th></th>"
        f"{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
        f"<figure>{picture.svg()}</figure>{_changes(metrics['change'])}"
    )


def _changes(change):
    """The same facts as differences task by task, where the luck of the tasks cancels out."""
    head = "".join(f"<th scope='col'>{plots.NAMES[name]}</th>" for name in change)
    rows = "".join(
        f"<tr><th scope='row'>{escape(label)}</th>"
        + "".join(
            f"<td>{change[name][key]['value']:+.2f}<small>{change[name][key]['low']:+.2f} to "
            f"{change[name][key]['high']:+.2f}</small></td>"
            for name in change
        )
        + "</tr>"
        for key, (label, _, _) in FACTS.items()
    )
    return (
        "<p>All models answered the same tasks, so the sharper question is how much each task's "
        "answer changed. Where the interval leaves zero out, the change is more than the luck of "
        "which tasks were asked.</p>"
        f"<div class='scroll'><table><thead><tr><th scope='col'>change from before</th>{head}</tr>"
        f"</thead><tbody>{rows}</tbody></table></div>"
    )


def _judge(judge):
    """What the judge is worth and, only if it can tell anything, what it says of the models."""
    kinds = "".join(
        f"<tr><th scope='row'>{escape(kind)}</th><td>{found['prompts']}</td>"
        f"{_rate_cell(found['win_rate'])}</tr>"
        for kind, found in judge["kinds"].items()
    )
    kappa = "–" if judge["kappa"] is None else f"{judge['kappa']:.2f}"
    return (
        "<h2>The judge, and what it is worth</h2>"
        f"<blockquote>{escape(judge['headline'])}</blockquote>"
        "<div class='scroll'><table><thead><tr><th scope='col'>pairs whose better answer is known"
        "</th><th scope='col'>pairs</th><th scope='col'>found it</th></tr></thead><tbody>"
        f"{kinds}</tbody></table></div>"
        f"<p class='note'>Cohen's κ with the truth {kappa}; {judge['unparsed']} verdicts could "
        f"not be read. A coin finds half.</p>{_verdicts(judge)}"
    )


def _verdicts(judge):
    if not judge["can_tell"]:
        return (
            "<p>What a judge says of the models means nothing before it is known to tell better "
            "answers from worse, so it is not shown. It is in <code>metrics.json</code>, with "
            "everything else.</p>"
        )
    rows = []
    for name in (name for name in plots.NAMES if name in judge):
        s = judge[name]
        first = "–" if s["first_position_rate"] is None else f"{s['first_position_rate']:.0%}"
        rows.append(
            f"<tr><th scope='row'>{plots.NAMES[name]} against before</th>"
            f"{_rate_cell(s['win_rate'])}{_rate_cell(s['length']['controlled'])}"
            f"<td>{s['wins']} / {s['ties']} / {s['losses']}</td><td>{s['p_value']:.3f}</td>"
            f"<td>{s['flips']} of {s['prompts']}</td><td>{first}</td><td>{s['unparsed']}</td></tr>"
        )
    rates = {name: judge[name]["win_rate"] for name in plots.NAMES if name in judge}
    picture = plots.win_rates({"the better gold answer": judge["accuracy"], **rates})
    return (
        f"<figure>{picture.svg()}</figure>"
        "<div class='scroll'><table><thead><tr><th></th><th scope='col'>preferred in</th>"
        "<th scope='col'>at equal length</th><th scope='col'>wins / ties / losses</th>"
        "<th scope='col'>p, sign test</th><th scope='col'>flips</th><th scope='col'>named the "
        f"first</th><th scope='col'>unparsed</th></tr></thead><tbody>{''.join(rows)}</tbody>"
        "</table></div><p class='note'>Both orders of every pair. A verdict that follows the "
        "position is a flip and counts as a tie, as does one that could not be read; a judge that "
        "scores each answer by itself cannot flip. Read the win "
        "rates with the table above: a judge that errs often draws every difference towards one "
        "half.</p>"
    )


def _rate_cell(rate):
    return f"<td>{rate['value']:.0%}<small>{rate['low']:.0%} to {rate['high']:.0%}</small></td>"


def _training(run):
    curves = {}
    for name, file in (("lora", "lora/training.json"), ("fsdp", "fsdp/training.json")):
        curves[name] = json.loads(run.path(file).read_text())["history"]
    return (
        "<h2>Training</h2><p>Held-out loss is the line with markers; where it turns up while "
        "the training loss falls, the model is learning its rows by heart.</p>"
        f"<figure>{plots.loss_curves(curves).svg()}</figure>"
    )


def _data(run):
    kept, ledger = read_jsonl(run.path("generated.jsonl")), read_jsonl(run.path("ledger.jsonl"))
    train = load_examples(run.path("train.jsonl"))
    counts = Counter(row["reason"] for row in ledger)
    return (
        f"<h2>Data</h2><p>{len(train)} seed tasks written by people and {len(kept)} written by the "
        f"teacher; {len(ledger)} more were dropped, each for a reason on record.</p>"
        f"<figure>{plots.drops(counts).svg()}</figure>"
    )


def _answers(run, metrics):
    rows = load_examples(run.path("eval.jsonl"))
    shown = {key: words for key, words in plots.NAMES.items() if key in metrics}
    answers = {key: read_jsonl(run.path(f"answers/{key}.jsonl")) for key in shown}
    articles = []
    for i, row in enumerate(rows[:10]):
        ask = join_input(row)
        cells = [("reference", "reference", row["output"], "")]
        cells += [
            (name, words, answers[name][i]["output"],
             "" if answers[name][i]["stopped"] else "<em> … did not stop</em>")
            for name, words in shown.items()
        ]  # fmt: skip
        body = "".join(
            f"<dt class='{key}'>{words}</dt><dd>{escape(output) or '<em>(empty)</em>'}{note}</dd>"
            for key, words, output, note in cells
        )
        articles.append(f"<article><p class='ask'>{escape(ask)}</p><dl>{body}</dl></article>")
    return f"<h2>The first ten tasks, side by side</h2>{''.join(articles)}"


def _limits(run, metrics):
    steps = run.manifest()["steps"].values()
    own = [step["packages"] for step in steps if "from" not in step]  # not those of a shipped step
    packages = own[-1] if own else {}
    versions = ", ".join(f"{name} {version}" for name, version in packages.items() if version)
    return (
        "<h2>What these numbers do not show</h2><p>They come from one run, one random start and "
        f"{metrics['tasks']} tasks. ROUGE-L rewards the reference's words, not the truth: a fluent "
        "wrong answer scores well. A model of this size remains a student: read the answers above "
        f"before believing any of the figures.</p><p class='note'>Profile "
        f"{escape(run.profile.name)}{escape('; ' + versions if versions else '')}.</p>"
    )


def _minutes(seconds):
    if seconds is None:
        return "this lesson"
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d} min"
