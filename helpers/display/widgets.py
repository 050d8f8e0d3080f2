"""Things to look at and to try: rows, masks, a training's meter, answers, verdicts, ballots.

Functions of data that return a display: :class:`helpers.display.safe_html.Html`, which shows in a
notebook, on GitHub and in exported pages, and reads as plain text where there is no HTML; or
:class:`helpers.display.controls.Interactive`, the same with controls beside it. Nothing is computed
here, and every piece of text that came from data or a model goes through
:mod:`helpers.display.safe_html`.
"""

from collections import Counter
from numbers import Real

from helpers.display.controls import (
    Interactive,
    browsing_desk,
    chat_desk,
    form,
    values_of,
    voting_booth,
)
from helpers.display.safe_html import (
    ASK,
    CELL,
    LINE,
    WRAP,
    Html,
    brief,
    differences,
    escape,
    folded,
    table,
    two_answers,
)
from helpers.evaluation.verdict_stats import ORDERS, outcome
from helpers.evaluation.votes import cast_vote, open_ballots, read_votes
from helpers.io import join_input
from helpers.prompts import format_prompt
from helpers.training.encoding import IGNORED, end_id

STYLE = {
    "learned": "background:#cfe3f3;color:#0b3d63;border-bottom:2px solid #0072b2",
    "end": "background:#f9ddcc;color:#7a2f00;border-bottom:2px solid #d55e00;font-weight:600",
    "ignored": "opacity:0.8",  # of the page's own ink, which is dark or light
}
BORDER = "border-right:1px solid #9aa5b1"  # where a token ends, on white and in the dark


def response_mask(encoded, tokenizer):
    """One encoded row, token by token: what is ignored, what is learned, and the end token.

    The three kinds differ by underline and weight as well as by colour, and a legend names them; a
    thin line ends each token.
    """
    spans, words, end = [], [], end_id(tokenizer)
    for token, label in zip(encoded["input_ids"], encoded["labels"], strict=True):
        kind = "ignored" if label == IGNORED else "learned"
        kind = "end" if kind == "learned" and token == end else kind
        shown = tokenizer.decode([token]).replace("\n", "⏎\n")
        style = f"{STYLE[kind]};{BORDER}"
        spans.append(f'<span style="{style}" title="{kind}">{escape(shown)}</span>')
        words.append(f"[{shown}]" if kind != "ignored" else shown)
    learned = sum(label != IGNORED for label in encoded["labels"])
    legend = (
        f'<p><span style="{STYLE["ignored"]}">prompt: ignored</span> · '
        f'<span style="{STYLE["learned"]}">response: learned</span> · '
        f'<span style="{STYLE["end"]}">end token: learned</span> — '
        f"{learned} of {len(encoded['labels'])} tokens carry loss</p>"
    )
    # JupyterLab would break a line in the middle of a word.
    style = f"{WRAP};word-break:normal;line-height:1.7"
    block = f'<pre style="{style}">{"".join(spans)}</pre>'
    return Html(legend + block, "".join(words))


def training_meter(points):
    """How a training stands, from the points it has told so far (``on_log`` of a training).

    Steps, the last losses, real tokens a second, padding, peak memory, minutes left, and the curve
    of the loss in small. Made again with every point, it is a meter that runs. Raises ValueError
    for a point with a text in the place of a number: the page would hold it.
    """
    for point in points:
        _refuse_texts(point)
    if not points:
        return Html("<p>training has not begun to tell</p>", "training has not begun to tell")
    last = points[-1]
    done, of = last["step"], last["of"]
    readings = {"step": f"{done} of {of}"}
    for key, name in (("loss", "training loss"), ("heldout_loss", "held-out loss")):
        values = [point[key] for point in points if key in point]
        readings |= {name: f"{values[-1]:.3f}"} if values else {}
    if last["tokens_per_second"]:
        readings |= {
            "real tokens a second": f"{last['tokens_per_second']:,.0f}",
            "padding": f"{last['padding']:.0%}",
        }
    readings["peak memory"] = f"{last['memory'] / 1e9:.1f} GB"
    if last["minutes_left"] is not None:
        readings["minutes left"] = f"{last['minutes_left']:.1f}"
    cells = "".join(
        f'<td style="text-align:left;padding-right:1.5em">{name}<br><strong>{value}</strong></td>'
        for name, value in readings.items()
    )
    bar = f'<progress value="{done}" max="{of}" aria-label="steps done"></progress>'
    text = ", ".join(f"{name} {value}" for name, value in readings.items())
    losses = [point["loss"] for point in points if "loss" in point]
    return Html(f"{bar}{_sparkline(losses)}<table><tr>{cells}</tr></table>", text)


READINGS = ("step", "of", "loss", "heldout_loss", "tokens_per_second", "padding", "memory",
            "minutes_left")  # fmt: skip


def _refuse_texts(point):
    for key in READINGS:
        if not isinstance(point.get(key), Real | None):
            raise ValueError(
                f"a point of the training has {key} {point[key]!r:.60}, expected a number."
            )


def _sparkline(values, width=220, height=32):
    """A small curve of numbers as SVG, lowest at the bottom; nothing for fewer than two."""
    if len(values) < 2:
        return ""
    low, span = min(values), (max(values) - min(values)) or 1
    across = width / (len(values) - 1)
    heights = [height * (1 - (value - low) / span) for value in values]
    dots = " ".join(f"{i * across:.1f},{y:.1f}" for i, y in enumerate(heights))
    return (
        f'<svg role="img" aria-label="training loss, from {values[0]:.2f} to {values[-1]:.2f}" '
        f'width="{width}" height="{height + 4}" viewBox="0 -2 {width} {height + 4}" '
        f'style="margin-left:1.5em"><polyline points="{dots}" fill="none" '
        'stroke="currentColor" stroke-width="1.5"/></svg>'
    )


def side_by_side(rows, answers, *, names, limit=10, reference=True, differ_from=None):
    """Answers of several models to the same tasks, below the row's own where ``reference``.

    ``answers`` maps a model's name to its answers, dicts with ``output`` and ``stopped``, in the
    rows' order; ``names`` maps it to what is shown. In all but those of the model ``differ_from``
    the words are underlined that its answer does not have in this order.
    """
    parts, text = [], []
    for i, row in enumerate(rows[:limit]):
        ask = join_input(row)
        said = {"reference": {"output": row.get("output", "")}} if reference else {}
        said |= {key: answers[key][i] for key in names}
        body = "".join(
            f'<tr><th scope="row" style="text-align:left;vertical-align:top;{LINE}">'
            f"{escape(names.get(key, key))}</th>"
            f'<td style="{CELL}">{_marked(key, said, differ_from) or "<em>(empty)</em>"}'
            f"{'' if given.get('stopped', True) else ' <em>… did not stop</em>'}</td></tr>"
            for key, given in said.items()
        )
        parts.append(f'<p style="{ASK}">{i + 1}. {escape(ask)}</p><table>{body}</table>')
        told = [f"   {names.get(key, key)}: {given['output']}" for key, given in said.items()]
        text += [f"{i + 1}. {ask}", *told]
    return Html("".join(parts), "\n".join(text))


def _marked(key, said, differ_from):
    """One of several answers as HTML, with its differences from another's marked."""
    if differ_from is None or key in (differ_from, "reference"):
        return folded(said[key]["output"])
    return differences(said[key]["output"], said[differ_from]["output"])


def dataset_browser(rows, *, columns=("instruction", "input", "output"),
                    fields=("category", "language", "source", "flags"), page=10):  # fmt: skip
    """Look through rows: search words, filter by what the rows say of themselves, turn pages.

    ``columns`` are shown and searched; those ``fields`` that the rows have become filters. Where no
    kernel runs the first page is there to be read.
    """
    offered = [field for field in fields if values_of(rows, field)]

    def shown(some, total, start):
        last = start + len(some)
        caption = f"rows {start + 1} to {last} of {total}" if some else "no row fits"
        return table(some, columns, caption=caption, limit=page, numbered_from=start + 1)

    controls = browsing_desk(rows, offered, columns, lambda *args: shown(*args).markup, page=page)
    return Interactive(controls, shown(rows[:page], len(rows), 0))


def prompt_builder(instruction, input="", languages=("en", "ko", "id")):
    """The training prompt being built, from an instruction and an input typed in."""

    def shown(instruction, input, language):
        try:
            prompt = format_prompt(instruction, input, language)
        except ValueError as error:
            return Html(f"<p>{escape(error)}</p>", str(error))
        return Html(f'<pre style="{CELL}">{escape(prompt)}</pre>', prompt)

    start = {"instruction": instruction, "input": input}
    controls = form(start, lambda **v: shown(**v).markup, choices={"language": list(languages)})
    return Interactive(controls, shown(**start, language=languages[0]))


def neighbours(index, text, *, k=5):
    """The texts of a :class:`helpers.similarity.RougeIndex` that are nearest to one typed in."""

    def shown(text):
        found = index.nearest(text, k) if text.strip() else []
        rows = [{"ROUGE-L": f"{score:.2f}", "text": near} for score, near in found]
        return table(rows, ["ROUGE-L", "text"], caption=f"nearest to: {text}", limit=k)

    return Interactive(form({"text": text}, lambda text: shown(text).markup), shown(text))


def blind_vote(ballots, path, voter, *, limit=20):
    """Vote on ballots (``votes.make_ballots``) without knowing whose answers they are.

    Votes go to the file ``path`` as they are cast; what this ``voter`` voted on before is not shown
    again. Where no kernel runs the first ballots can be read, models still hidden.
    """
    shown = ballots[:limit]
    todo = open_ballots(shown, read_votes(path), voter)
    controls = voting_booth(
        todo, _ballot, lambda ballot, choice: cast_vote(path, ballot, voter, choice)
    )
    few = shown[:3]
    text = f"a blind vote on {len(shown)} pairs of answers; {len(todo)} wait for {voter}"
    return Interactive(controls, Html(f"<p>{escape(text)}</p>" + "".join(map(_ballot, few)), text))


def _ballot(ballot):
    """One ballot as HTML."""
    return two_answers(ballot["request"], {side: ballot[side] for side in "AB"})


def chat(answerers, exchanges=()):
    """Ask several models the same question, and read their answers side by side.

    ``answerers`` maps names to functions from a text to an answer, a dict with ``output`` and
    ``stopped``; ``exchanges``, a list of ``(text, {name: answer})``, is what has been said before,
    and all there is where no kernel runs.
    """

    def shown(told):
        rows = [{"id": str(i), "instruction": text} for i, (text, _) in enumerate(told)]
        names = {name: name for name in answerers}
        answers = {name: [given[name] for _, given in told] for name in names}
        return side_by_side(rows, answers, names=names, limit=len(rows), reference=False)

    controls = chat_desk(answerers, lambda told: shown(told).markup, exchanges)
    return Interactive(controls, shown(list(exchanges)))


def verdict_browser(pairs, verdicts, *, names=("left", "right"), limit=10):
    """Pairs with what a judge said of them in both orders, each folded until it is opened.

    ``pairs`` are those of :func:`helpers.evaluation.judge.pair_up`, ``verdicts`` the records in
    their order; ``names`` says what left and right are. A judge's reasons are shown where it gave
    some, and a pair's ``kind`` and ``why`` where it has them; a record's ``found``, where something
    else than a judge decided. With a kernel, one kind of verdict can be chosen.
    """
    said = {"win": names[0], "loss": names[1], "flip": "changed with the order",
            "tie": "tie", "unparsed": "could not be read"}  # fmt: skip
    both = [(p, r, said[outcome(r)]) for p, r in zip(pairs, verdicts, strict=True)]
    counts = Counter(decided for _, _, decided in both)
    options = [(f"all ({len(both)})", "")]
    options += [(f"{decided} ({count})", decided) for decided, count in counts.most_common()]

    def shown(verdict=""):
        some = [one for one in both if verdict in ("", one[2])]
        more = f"<p>{limit} of {len(some)} shown</p>" if len(some) > limit else ""
        text = [f"{brief(pair['request'], 70)} — {decided}" for pair, _, decided in some[:limit]]
        opened = "".join(_verdict(*one, names) for one in some[:limit])
        return Html(opened + more, "\n".join(text))

    controls = form({}, lambda **v: shown(**v).markup, choices={"verdict": options})
    return Interactive(controls, shown())


def _verdict(pair, record, decided, names):
    """One pair as HTML, folded: the request and the verdict outside, answers and reasons inside."""
    kind = f"{escape(pair['kind'])} · " if pair.get("kind") else ""
    why = f'<p style="{CELL}">known: {escape(pair["why"])}</p>' if pair.get("why") else ""
    answers = dict(zip(names, (pair["left"], pair["right"]), strict=True))
    told = [f"{order}: {record[order] or 'unparsed'}{_reason(record, order)}" for order in ORDERS]
    told = [record["found"]] if "found" in record else told
    reasons = "".join(f'<p style="{CELL}">{escape(line)}</p>' for line in told)
    return (
        f"<details><summary>{kind}{escape(brief(pair['request'], 90))} — <strong>"
        f"{escape(decided)}</strong></summary>{two_answers(pair['request'], answers)}{why}{reasons}"
        "</details>"
    )


def _reason(record, order):
    said = record.get("texts", {}).get(order, "")
    return f" — {said}" if len(said) > 3 else ""
