"""Things to look at: rows, masks, a training's meter, answers side by side.

Functions of data that return a display: :class:`Html`, which shows in a notebook, on GitHub and in
exported pages, and reads as plain text where there is no HTML. Nothing is computed here, and every
piece of text that came from data or a model is escaped: it can be looked at, never run.
"""

import html
import re

from helpers.batches import IGNORED, end_id
from helpers.evidence import outcome
from helpers.io import join_input
from helpers.live import Live, browsing_desk, chat_desk, form, values_of, voting_booth
from helpers.prompts import format_prompt
from helpers.votes import cast, read_votes, waiting

STYLE = {
    "learned": "background:#cfe3f3;color:#0b3d63;border-bottom:2px solid #0072b2",
    "end": "background:#f9ddcc;color:#7a2f00;border-bottom:2px solid #d55e00;font-weight:600",
    "ignored": "color:#6b7280",
}
_CELL = "text-align:left;vertical-align:top;white-space:pre-wrap;overflow-wrap:anywhere"
_ASK = "white-space:pre-wrap;overflow-wrap:anywhere;font-weight:600"


class Html:
    """HTML with a plain-text reading of the same content."""

    def __init__(self, markup, text):
        self.markup, self.text = markup, text

    def _repr_html_(self):
        return self.markup

    def __repr__(self):
        return self.text


def escape(text):
    """Text made safe for HTML, with control and direction-changing characters made visible."""
    shown = "".join(
        char if char in "\n\t" or char.isprintable() else f"⟨U+{ord(char):04X}⟩"
        for char in str(text)
    )
    # In an element of its own, a dollar or backslash never pairs up into a formula for MathJax.
    return re.sub(r"[$\\]", lambda found: f"<span>{found.group()}</span>", html.escape(shown))


def table(rows, columns, *, caption="", limit=10):
    """Rows of dicts as a table of the given columns; says how many more there are."""
    head = "".join(f'<th scope="col" style="text-align:left">{escape(c)}</th>' for c in columns)
    body = "".join(
        "<tr>"
        + "".join(
            '<td style="text-align:left;vertical-align:top;white-space:pre-wrap;'
            f'overflow-wrap:anywhere">{escape(_brief(row.get(c, "")))}</td>'
            for c in columns
        )
        + "</tr>"
        for row in rows[:limit]
    )
    more = f" ({limit} of {len(rows)} shown)" if len(rows) > limit else ""
    title = f'<caption style="text-align:left">{escape(caption + more)}</caption>'
    text = [caption + more]
    text += [" | ".join(_brief(row.get(c, ""), 60) for c in columns) for row in rows[:limit]]
    return Html(f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>",
                "\n".join(text))  # fmt: skip


def response_mask(encoded, tokenizer):
    """One encoded row, token by token: what is ignored, what is learned, and the end token.

    The three kinds differ by underline and weight as well as by colour, and a legend names them.
    """
    spans, words, end = [], [], end_id(tokenizer)
    for token, label in zip(encoded["input_ids"], encoded["labels"], strict=True):
        kind = "ignored" if label == IGNORED else "learned"
        kind = "end" if kind == "learned" and token == end else kind
        shown = tokenizer.decode([token]).replace("\n", "⏎\n")
        spans.append(f'<span style="{STYLE[kind]}" title="{kind}">{escape(shown)}</span>')
        words.append(f"[{shown}]" if kind != "ignored" else shown)
    learned = sum(label != IGNORED for label in encoded["labels"])
    legend = (
        f'<p><span style="{STYLE["ignored"]}">prompt: ignored</span> · '
        f'<span style="{STYLE["learned"]}">response: learned</span> · '
        f'<span style="{STYLE["end"]}">end token: learned</span> — '
        f"{learned} of {len(encoded['labels'])} tokens carry loss</p>"
    )
    block = '<pre style="white-space:pre-wrap;line-height:1.7">' + "".join(spans) + "</pre>"
    return Html(legend + block, "".join(words))


def training_meter(points):
    """How a training stands, from the points it has told so far (``on_log`` of a training).

    Steps, the last losses, real tokens a second, padding, peak memory, minutes left, and the curve
    of the loss in small. Made again with every point, it is a meter that runs.
    """
    if not points:
        return Html("<p>training has not begun to tell</p>", "training has not begun to tell")
    last = points[-1]
    done, of = last["step"], last["of"]
    readings = {"step": f"{done} of {of}"}
    for key, name in (("loss", "batch loss"), ("heldout_loss", "held-out loss")):
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


def _sparkline(values, width=220, height=32):
    """A small curve of numbers as SVG, lowest at the bottom; nothing for fewer than two."""
    if len(values) < 2:
        return ""
    low, span = min(values), (max(values) - min(values)) or 1
    across = width / (len(values) - 1)
    heights = [height * (1 - (value - low) / span) for value in values]
    dots = " ".join(f"{i * across:.1f},{y:.1f}" for i, y in enumerate(heights))
    return (
        f'<svg role="img" aria-label="batch loss, from {values[0]:.2f} to {values[-1]:.2f}" '
        f'width="{width}" height="{height + 4}" viewBox="0 -2 {width} {height + 4}" '
        f'style="margin-left:1.5em"><polyline points="{dots}" fill="none" stroke="#0072b2" '
        'stroke-width="1.5"/></svg>'
    )


def side_by_side(rows, answers, *, names, limit=10, reference=True):
    """Answers of several models to the same tasks, below the row's own where ``reference``.

    ``answers`` maps a model's name to its answers, dicts with ``output`` and ``stopped``, in the
    rows' order; ``names`` maps it to what is shown.
    """
    parts, text = [], []
    for i, row in enumerate(rows[:limit]):
        ask = join_input(row)
        cells = [("reference", row.get("output", ""), "")] if reference else []
        for key, shown in names.items():
            given = answers[key][i]
            cells.append((shown, given["output"], "" if given["stopped"] else "did not stop"))
        body = "".join(
            f'<tr><th scope="row" style="text-align:left;vertical-align:top;white-space:nowrap">'
            f"{escape(name)}</th>"
            f'<td style="text-align:left;white-space:pre-wrap;overflow-wrap:anywhere">'
            f"{escape(output) or '<em>(empty)</em>'}"
            f"{f' <em>… {note}</em>' if note else ''}</td></tr>"
            for name, output, note in cells
        )
        parts.append(
            f'<p style="white-space:pre-wrap;overflow-wrap:anywhere"><strong>{i + 1}. '
            f"{escape(ask)}</strong></p><table>{body}</table>"
        )
        text += [f"{i + 1}. {ask}", *(f"   {name}: {output}" for name, output, _ in cells)]
    return Html("".join(parts), "\n".join(text))


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
        return table(some, columns, caption=caption, limit=page)

    controls = browsing_desk(rows, offered, columns, lambda *args: shown(*args).markup, page=page)
    return Live(controls, shown(rows[:page], len(rows), 0))


def prompt_builder(instruction, input="", languages=("en", "ko", "id")):
    """The training prompt being built, from an instruction and an input typed in."""

    def shown(instruction, input, language):
        try:
            prompt = format_prompt(instruction, input, language)
        except ValueError as error:
            return Html(f"<p>{escape(error)}</p>", str(error))
        return Html(f'<pre style="{_CELL}">{escape(prompt)}</pre>', prompt)

    start = {"instruction": instruction, "input": input}
    controls = form(start, lambda **v: shown(**v).markup, choices={"language": list(languages)})
    return Live(controls, shown(**start, language=languages[0]))


def neighbours(index, text, *, k=5):
    """The texts of a :class:`helpers.similarity.RougeIndex` that are nearest to one typed in."""

    def shown(text):
        found = index.nearest(text, k) if text.strip() else []
        rows = [{"ROUGE-L": f"{score:.2f}", "text": near} for score, near in found]
        return table(rows, ["ROUGE-L", "text"], caption=f"nearest to: {text}", limit=k)

    return Live(form({"text": text}, lambda text: shown(text).markup), shown(text))


def blind_vote(ballots, path, voter, *, limit=20):
    """Vote on ballots (:func:`helpers.votes.make_ballots`) without knowing whose answers they are.

    Votes go to the file ``path`` as they are cast; what this ``voter`` voted on before is not shown
    again. Where no kernel runs the first ballots can be read, models still hidden.
    """
    shown = ballots[:limit]
    todo = waiting(shown, read_votes(path), voter)
    controls = voting_booth(todo, _ballot, lambda ballot, choice: cast(path, ballot, voter, choice))
    few = shown[:3]
    text = f"a blind vote on {len(shown)} pairs of answers; {len(todo)} wait for {voter}"
    return Live(controls, Html(f"<p>{escape(text)}</p>" + "".join(map(_ballot, few)), text))


def _ballot(ballot):
    """One ballot as HTML."""
    return _two_answers(ballot["request"], {side: ballot[side] for side in "AB"})


def _two_answers(request, answers):
    """A request as HTML, and below it two answers side by side; ``answers`` maps names to texts."""
    cells = "".join(
        f'<td style="{_CELL};width:50%"><strong>{escape(name)}</strong><br>'
        f"{escape(answer) or '<em>(empty)</em>'}</td>"
        for name, answer in answers.items()
    )
    ask = f'<p style="{_ASK}">{escape(request)}</p>'
    return f'{ask}<table style="width:100%"><tr>{cells}</tr></table>'


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
    return Live(controls, shown(list(exchanges)))


def verdict_browser(pairs, verdicts, *, names=("left", "right"), limit=10):
    """Pairs with what a judge said of them in both orders, each folded until it is opened.

    ``pairs`` are those of :func:`helpers.judge.pair_up`, ``verdicts`` the records in their order;
    ``names`` says what left and right are. A judge's reasons are shown where it gave some.
    """
    said = {"win": names[0], "loss": names[1], "flip": "changed with the order",
            "tie": "tie", "unparsed": "could not be read"}  # fmt: skip
    parts, text = [], []
    for pair, record in list(zip(pairs, verdicts, strict=True))[:limit]:
        decided = said[outcome(record)]
        answers = dict(zip(names, (pair["left"], pair["right"]), strict=True))
        reasons = "".join(
            f'<p style="{_CELL}">{order}: {escape(record[order] or "unparsed")}'
            f"{_reason(record, order)}</p>"
            for order in ("ab", "ba")
        )
        parts.append(
            f"<details><summary>{escape(_brief(pair['request'], 90))} — <strong>{escape(decided)}"
            f"</strong></summary>{_two_answers(pair['request'], answers)}{reasons}</details>"
        )
        text.append(f"{_brief(pair['request'], 70)} — {decided}")
    more = f"<p>{limit} of {len(pairs)} shown</p>" if len(pairs) > limit else ""
    return Html("".join(parts) + more, "\n".join(text))


def _reason(record, order):
    said = record.get("texts", {}).get(order, "")
    return f" — {escape(said)}" if len(said) > 3 else ""


def _brief(value, length=400):
    text = str(value)
    return text if len(text) <= length else text[: length - 1] + "…"
