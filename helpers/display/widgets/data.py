"""Look through a dataset, build a training prompt, and find texts that are nearly the same."""

from collections.abc import Mapping, Sequence

from helpers.display.safe_html import CELL, Html, escape, table
from helpers.display.widgets.controls import browse_controls, form_controls, values_of
from helpers.display.widgets.interactive import Interactive
from helpers.prompts import format_prompt
from helpers.similarity import RougeIndex


def dataset_browser(
    rows: Sequence[Mapping[str, object]],
    *,
    columns: Sequence[str] = ("instruction", "input", "output"),
    fields: Sequence[str] = ("category", "language", "source", "flags"),
    page: int = 10,
) -> Interactive:
    """Look through rows: search for words, filter by fields, turn pages of ``page`` rows.

    ``columns`` are shown and searched. Each of ``fields`` becomes a filter if the rows have values
    for it, at most 50 different ones. Without a kernel the first page is shown.
    """
    offered = [field for field in fields if values_of(rows, field)]

    def show(some: Sequence[Mapping[str, object]], found: int, start: int) -> Html:
        last = start + len(some)
        caption = f"rows {start + 1} to {last} of {found}" if some else "no row fits"
        return table(some, columns, caption=caption, limit=page, numbered_from=start + 1)

    controls = browse_controls(rows, offered, columns, lambda *args: show(*args).markup, page=page)
    return Interactive(controls, show(rows[:page], len(rows), 0))


def prompt_builder(
    instruction: str, input: str = "", languages: Sequence[str] = ("en", "ko", "id")
) -> Interactive:
    """Build the training prompt from an instruction and an input that the reader can edit.

    ``languages`` are the languages on offer; the first is selected.
    """

    def show(instruction: str, input: str, language: str) -> Html:
        try:
            prompt = format_prompt(instruction, input, language)
        except ValueError as error:
            return Html(f"<p>{escape(error)}</p>", str(error))
        return Html(f'<pre style="{CELL}">{escape(prompt)}</pre>', prompt)

    controls = form_controls(
        {"instruction": instruction, "input": input},
        lambda **values: show(**values).markup,
        choices={"language": list(languages)},
    )
    return Interactive(controls, show(instruction, input, languages[0]))


def neighbours(index: RougeIndex, text: str, *, k: int = 5) -> Interactive:
    """Show the ``k`` texts of an index that are nearest to a text that the reader can edit."""

    def show(text: str) -> Html:
        found = index.nearest(text, k) if text.strip() else []
        rows = [{"ROUGE-L": f"{score:.2f}", "text": near} for score, near in found]
        return table(rows, ["ROUGE-L", "text"], caption=f"nearest to: {text}", limit=k)

    return Interactive(form_controls({"text": text}, lambda text: show(text).markup), show(text))
