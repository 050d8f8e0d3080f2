"""Show answers of several models to the same tasks, or to questions that the reader types."""

from collections.abc import Callable, Mapping, Sequence

from helpers.display.safe_html import CELL, LINE, REQUEST, Html, differences, escape, folded
from helpers.display.widgets.controls import Exchange, GivenAnswer, chat_controls
from helpers.display.widgets.interactive import Interactive
from helpers.io import join_input


def side_by_side(
    rows: Sequence[Mapping[str, object]],
    answers: Mapping[str, Sequence[GivenAnswer]],
    *,
    names: Mapping[str, str],
    limit: int = 10,
    reference: bool = True,
    differ_from: str | None = None,
) -> Html:
    """Show the answers of several models to the first ``limit`` tasks.

    ``answers`` maps each model to its answers in the rows' order, and ``names`` maps it to the name
    to show. With ``reference``, the row's own output comes first. With ``differ_from``, the words
    of each other model are underlined that this model's answer does not have in the same order.
    """
    parts: list[str] = []
    lines: list[str] = []
    for i, row in enumerate(rows[:limit]):
        ask = join_input(row)
        given: dict[str, GivenAnswer] = {}
        if reference:
            given["reference"] = {"output": row.get("output", "")}
        given |= {key: answers[key][i] for key in names}
        body = "".join(
            f'<tr><th scope="row" style="text-align:left;vertical-align:top;{LINE}">'
            f"{escape(names.get(key, key))}</th>"
            f'<td style="{CELL}">{_marked(key, given, differ_from) or "<em>(empty)</em>"}'
            f"{'' if answer.get('stopped', True) else ' <em>… did not stop</em>'}</td></tr>"
            for key, answer in given.items()
        )
        parts.append(f'<p style="{REQUEST}">{i + 1}. {escape(ask)}</p><table>{body}</table>')
        lines.append(f"{i + 1}. {ask}")
        lines += [f"   {names.get(key, key)}: {one['output']}" for key, one in given.items()]
    return Html("".join(parts), "\n".join(lines))


def _marked(key: str, given: Mapping[str, GivenAnswer], differ_from: str | None) -> str:
    """One of the given answers as HTML, with its differences from another one underlined."""
    if differ_from is None or key in (differ_from, "reference"):
        return folded(given[key]["output"])
    return differences(given[key]["output"], given[differ_from]["output"])


def chat(
    answerers: Mapping[str, Callable[[str], GivenAnswer]], exchanges: Sequence[Exchange] = ()
) -> Interactive:
    """Ask several models the same question, and read their answers side by side.

    ``answerers`` maps names to functions from a text to an answer, a dict with ``output`` and
    ``stopped``. ``exchanges`` is the conversation so far, as a list of ``(text, {name: answer})``.
    Without a kernel only this conversation is shown.
    """

    def show(exchanges: Sequence[Exchange]) -> Html:
        rows = [{"id": str(i), "instruction": text} for i, (text, _) in enumerate(exchanges)]
        names = {name: name for name in answerers}
        answers = {name: [given[name] for _, given in exchanges] for name in names}
        return side_by_side(rows, answers, names=names, limit=len(rows), reference=False)

    controls = chat_controls(answerers, lambda so_far: show(so_far).markup, exchanges)
    return Interactive(controls, show(list(exchanges)))
