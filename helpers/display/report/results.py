"""Sections of the report with numbers: the facts, their changes, and the judge."""

from collections.abc import Iterable, Mapping
from typing import Any

from helpers.display import plots
from helpers.display.safe_html import escape
from helpers.evaluation.intervals import Interval
from helpers.evaluation.metrics import FACTS, FactName

Results = Mapping[str, Any]  # a part of ``metrics.json``; see ``metrics_file``


def facts_section(metrics: Results) -> str:
    """The facts of each model with their intervals, as a table and a chart, and the changes."""
    models = _models_in(metrics)
    head = "".join(f"<th scope='col'>{plots.NAMES[model]}</th>" for model in models)
    rows = "".join(_fact_row(metrics, models, fact) for fact in FACTS)
    picture = plots.facts(metrics)
    return (
        "<h2>Facts that need no judge</h2><p>The best value of each row has a ✓; where intervals "
        "overlap, the tick means little.</p><div class='scroll'><table><thead><tr><th></th>"
        f"{head}</tr></thead><tbody>{rows}</tbody></table></div>"
        f"<figure>{picture.svg()}</figure>{_changes(metrics['change'])}"
    )


def _models_in(results: Results) -> list[str]:
    """The models that have results, in the order of ``plots.NAMES``."""
    return [model for model in plots.NAMES if model in results]


def _fact_row(metrics: Results, models: Iterable[str], fact: FactName) -> str:
    label, unit, better = FACTS[fact]
    found: list[Interval] = [metrics[model][fact] for model in models]
    values = [one["value"] for one in found]
    best = min(values) if better == "lower" else max(values)
    unique = values.count(best) == 1  # of equal values none is marked
    cells = "".join(
        f"<td class='{'better' if unique and one['value'] == best else ''}'>"
        f"<strong>{one['value']:.2f}</strong>"
        f"<small>{one['low']:.2f} to {one['high']:.2f}</small>"
        "</td>"
        for one in found
    )
    return (
        f"<tr><th scope='row'>{escape(label)}<small style='font-weight:400;display:block'>"
        f"{unit}, {better} is better</small></th>{cells}</tr>"
    )


def _changes(change: Mapping[str, Mapping[FactName, Interval]]) -> str:
    """How much each fact changed, task by task, with intervals; ``{model: {fact: interval}}``."""
    head = "".join(f"<th scope='col'>{plots.NAMES[model]}</th>" for model in change)
    rows = "".join(
        f"<tr><th scope='row'>{escape(label)}</th>"
        + "".join(_change_cell(change[model][fact]) for model in change)
        + "</tr>"
        for fact, (label, _, _) in FACTS.items()
    )
    return (
        "<p>All models answered the same tasks, so the sharper question is how much each task's "
        "answer changed. Where the interval leaves zero out, the change is more than the luck of "
        "which tasks were asked.</p>"
        f"<div class='scroll'><table><thead><tr><th scope='col'>change from before</th>{head}</tr>"
        f"</thead><tbody>{rows}</tbody></table></div>"
    )


def _change_cell(change: Interval) -> str:
    return (
        f"<td>{change['value']:+.2f}<small>{change['low']:+.2f} to {change['high']:+.2f}</small>"
        "</td>"
    )


def judge_section(judge: Results) -> str:
    """How far the judge can be trusted, and its verdicts on the models if it can be at all."""
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


def _verdicts(judge: Results) -> str:
    """The judge's verdicts on each trained model; a sentence instead if it cannot tell."""
    if not judge["can_tell"]:
        return (
            "<p>What a judge says of the models means nothing before it is known to tell better "
            "answers from worse, so it is not shown. It is in <code>metrics.json</code>, with "
            "everything else.</p>"
        )
    models = _models_in(judge)
    rows = "".join(_verdict_row(model, judge[model]) for model in models)
    rates = {model: judge[model]["win_rate"] for model in models}
    picture = plots.win_rates({"the better gold answer": judge["accuracy"], **rates})
    return (
        f"<figure>{picture.svg()}</figure>"
        "<div class='scroll'><table><thead><tr><th></th><th scope='col'>preferred in</th>"
        "<th scope='col'>at equal length</th><th scope='col'>wins / ties / losses</th>"
        "<th scope='col'>p, sign test</th><th scope='col'>flips</th><th scope='col'>named the "
        f"first</th><th scope='col'>unparsed</th></tr></thead><tbody>{rows}</tbody>"
        "</table></div><p class='note'>Both orders of every pair. A verdict that follows the "
        "position is a flip and counts as a tie, as does one that could not be read; a judge that "
        "scores each answer by itself cannot flip. Read the win "
        "rates with the table above: a judge that errs often draws every difference towards one "
        "half.</p>"
    )


def _verdict_row(model: str, summary: Results) -> str:
    """The verdicts on one model, from its ``Summary`` as a dict."""
    first = summary["first_position_rate"]
    return (
        f"<tr><th scope='row'>{plots.NAMES[model]} against before</th>"
        f"{_rate_cell(summary['win_rate'])}{_rate_cell(summary['length']['controlled'])}"
        f"<td>{summary['wins']} / {summary['ties']} / {summary['losses']}</td>"
        f"<td>{summary['p_value']:.3f}</td><td>{summary['flips']} of {summary['prompts']}</td>"
        f"<td>{'–' if first is None else f'{first:.0%}'}</td><td>{summary['unparsed']}</td></tr>"
    )


def _rate_cell(rate: Interval) -> str:
    return f"<td>{rate['value']:.0%}<small>{rate['low']:.0%} to {rate['high']:.0%}</small></td>"
