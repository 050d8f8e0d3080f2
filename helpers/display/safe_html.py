"""Escape text for HTML, and show it: as tables, as two answers, as the differences of two texts.

All text from data or a model goes through :func:`escape`. Colours are inherited from the page, or
text and background are set together with a contrast of at least 4.5. So everything is readable on
light and dark pages. A colour never carries meaning alone: a line or a word says the same.
"""

import difflib
import html
import re
from collections.abc import Mapping, Sequence

from helpers.files.printable import printable

LONGEST_TEXT = 20_000  # characters of one text that are shown, so that the page stays usable
COMPARED = 1_000  # words and blanks of a text that are compared
WRAP = "white-space:pre-wrap;overflow-wrap:anywhere"
LINE = "border-top:1px solid rgba(128,128,128,0.35);padding:0.35em 0.8em 0.35em 0.5em;"
LINE += "line-height:1.45"
# Hidden overflow keeps stacked accents inside their cell.
CELL = f"text-align:left;vertical-align:top;min-width:8em;overflow:hidden;{LINE};{WRAP}"
REQUEST = f"font-weight:600;{WRAP}"
UNDERLINED = "background:#cfe3f3;color:#0b3d63;text-decoration:underline"


class Html:
    """HTML for a notebook, and plain text with the same content for other places."""

    def __init__(self, markup: str, text: str) -> None:
        self.markup, self.text = markup, printable(text)

    def _repr_html_(self) -> str:
        return self.markup

    def __repr__(self) -> str:
        return self.text


def escape(value: object) -> str:
    """A value as text that is safe in HTML.

    Characters that control the display or change the direction of text become visible. A text with
    more than :data:`LONGEST_TEXT` characters is cut, and the number of missing characters is added.
    """
    text = str(value)
    more = (
        f" … and {len(text) - LONGEST_TEXT:,} characters more" if len(text) > LONGEST_TEXT else ""
    )
    shown = printable(text[:LONGEST_TEXT])
    # MathJax pairs dollars or backslashes into formulas, but not across elements.
    safe = re.sub(r"[$\\]", lambda found: f"<span>{found.group()}</span>", html.escape(shown))
    return safe + more


def brief(value: object, length: int = 400) -> str:
    """A value as text of at most ``length`` characters; an ellipsis shows that it was cut."""
    text = str(value)
    return text if len(text) <= length else text[: length - 1] + "…"


def table(
    rows: Sequence[Mapping[str, object]],
    columns: Sequence[str],
    *,
    caption: str = "",
    limit: int = 10,
    numbered_from: int | None = None,
) -> Html:
    """The first ``limit`` rows as a table of the given columns; the caption counts the rows.

    Long texts are cut, and unfold on a click. With ``numbered_from``, rows are numbered from there,
    and a row's number unfolds into all its fields.
    """
    numbered = [] if numbered_from is None else ["row"]
    head = "".join(
        f'<th scope="col" style="text-align:left;padding-left:0.5em">{escape(name)}</th>'
        for name in [*numbered, *columns]
    )
    body = ""
    for i, row in enumerate(rows[:limit]):
        cells = "".join(
            f'<td style="{CELL}">{folded(row.get(column, ""), 400)}</td>' for column in columns
        )
        number = "" if numbered_from is None else _number_cell(numbered_from + i, row)
        body += f"<tr>{number}{cells}</tr>"
    more = f" ({limit} of {len(rows)} shown)" if len(rows) > limit else ""
    title = f'<caption style="text-align:left">{escape(caption + more)}</caption>'
    lines = [caption + more]
    lines += [" | ".join(brief(row.get(name, ""), 60) for name in columns) for row in rows[:limit]]
    markup = f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return Html(markup, "\n".join(lines))


def folded(value: object, length: int = 2000) -> str:
    """A value as HTML. A text longer than ``length`` is cut, and unfolds on a click."""
    if len(str(value)) <= length:
        return escape(value)
    return f"<details><summary>{escape(brief(value, length))}</summary>{escape(value)}</details>"


def _number_cell(number: int, row: Mapping[str, object]) -> str:
    """A cell with the number of a row, which unfolds into all fields of the row."""
    fields = "".join(f"<p><strong>{escape(key)}</strong> {escape(row[key])}</p>" for key in row)
    return (
        f'<td style="text-align:left;vertical-align:top;{LINE}"><details>'
        f'<summary style="white-space:nowrap">{number}'
        f'</summary><div style="width:28em;max-width:60vw;{WRAP}">{fields}</div></details></td>'
    )


def two_answers(request: str, answers: Mapping[str, str]) -> str:
    """A request as HTML, and below it the answers side by side, each under its name."""
    cells = "".join(
        f'<td style="{CELL};width:{100 // len(answers)}%"><strong>{escape(name)}</strong><br>'
        f"{folded(answer) or '<em>(empty)</em>'}</td>"
        for name, answer in answers.items()
    )
    ask = f'<p style="{REQUEST}">{escape(request)}</p>'
    return f'{ask}<table style="width:100%"><tr>{cells}</tr></table>'


def differences(value: object, other: object) -> str:
    """``value`` as HTML; words that ``other`` does not have in the same order are underlined.

    Only the first :data:`COMPARED` words and blanks are compared, because the time grows with the
    square of their number. The rest is shown without marks.
    """
    words, others = (re.findall(r"\s+|\S+", str(text)[:LONGEST_TEXT]) for text in (value, other))
    words, rest, others = words[:COMPARED], "".join(words[COMPARED:]), others[:COMPARED]
    blocks = difflib.SequenceMatcher(None, others, words, autojunk=False).get_opcodes()
    return "".join(
        escape("".join(words[start:end]))
        if kind == "equal"
        else f'<ins style="{UNDERLINED}">{escape("".join(words[start:end]))}</ins>'
        for kind, _, _, start, end in blocks
        if end > start
    ) + escape(rest)
