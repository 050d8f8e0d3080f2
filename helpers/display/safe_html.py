"""Text made safe to look at: every word that came from data or a model is shown, never run.

A room of its own because all that is shown goes through it: :func:`escape` first, then a table, two
answers side by side, or the words in which one text differs from another. Colours come from the
page around, or in pairs of ink and ground with a contrast of 4.5 and more, so that all of it reads
on light and on dark pages; and what a colour says is said by a line or a word as well.
"""

import difflib
import html
import re

from helpers.safe_io.printable import printable

LONGEST = 20_000  # characters of one text that are shown; a page has to stay usable
COMPARED = 1_000  # words and blanks of a text
WRAP = "white-space:pre-wrap;overflow-wrap:anywhere"
LINE = "border-top:1px solid rgba(128,128,128,0.35);padding:0.35em 0.8em 0.35em 0.5em;"
LINE += "line-height:1.45"
# What is stacked upon a letter stays within its cell.
CELL = f"text-align:left;vertical-align:top;min-width:8em;overflow:hidden;{LINE};{WRAP}"
ASK = f"font-weight:600;{WRAP}"
NEW = "background:#cfe3f3;color:#0b3d63;text-decoration:underline"


class Html:
    """HTML with a plain-text reading of the same content."""

    def __init__(self, markup, text):
        self.markup, self.text = markup, printable(text)

    def _repr_html_(self):
        return self.markup

    def __repr__(self):
        return self.text


def escape(text):
    """Text made safe for HTML, with control and direction-changing characters made visible.

    Of more than ``LONGEST`` characters the beginning is shown, and how many are left.
    """
    text = str(text)
    more = f" … and {len(text) - LONGEST:,} characters more" if len(text) > LONGEST else ""
    shown = printable(text[:LONGEST])
    # In an element of its own, a dollar or backslash never pairs up into a formula for MathJax.
    safe = re.sub(r"[$\\]", lambda found: f"<span>{found.group()}</span>", html.escape(shown))
    return safe + more


def brief(value, length=400):
    """A text cut to ``length`` characters, with an ellipsis where something was cut."""
    text = str(value)
    return text if len(text) <= length else text[: length - 1] + "…"


def table(rows, columns, *, caption="", limit=10, numbered_from=None):
    """Rows of dicts as a table of the given columns; says how many more there are.

    Long texts are cut, and unfold. With ``numbered_from`` each row has its number in front, which
    unfolds into all its fields.
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
        number = _in_full(numbered_from + i, row) if numbered else ""
        body += f"<tr>{number}{cells}</tr>"
    more = f" ({limit} of {len(rows)} shown)" if len(rows) > limit else ""
    title = f'<caption style="text-align:left">{escape(caption + more)}</caption>'
    text = [caption + more]
    text += [" | ".join(brief(row.get(c, ""), 60) for c in columns) for row in rows[:limit]]
    return Html(f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>",
                "\n".join(text))  # fmt: skip


def folded(value, length=2000):
    """A value as HTML: as it is where it is short, else its beginning, which unfolds."""
    if len(str(value)) <= length:
        return escape(value)
    return f"<details><summary>{escape(brief(value, length))}</summary>{escape(value)}</details>"


def _in_full(number, row):
    """A cell with the number of a row, which unfolds into all its fields."""
    fields = "".join(f"<p><strong>{escape(key)}</strong> {escape(row[key])}</p>" for key in row)
    return (
        f'<td style="text-align:left;vertical-align:top;{LINE}"><details>'
        f'<summary style="white-space:nowrap">{number}'
        f'</summary><div style="width:28em;max-width:60vw;{WRAP}">{fields}</div></details></td>'
    )


def two_answers(request, answers):
    """A request as HTML, and below it answers side by side; ``answers`` maps names to texts."""
    cells = "".join(
        f'<td style="{CELL};width:{100 // len(answers)}%"><strong>{escape(name)}</strong><br>'
        f"{folded(answer) or '<em>(empty)</em>'}</td>"
        for name, answer in answers.items()
    )
    ask = f'<p style="{ASK}">{escape(request)}</p>'
    return f'{ask}<table style="width:100%"><tr>{cells}</tr></table>'


def differences(text, other):
    """``text`` as HTML, with the words underlined that ``other`` does not have in this order.

    The first :data:`COMPARED` words are compared, which takes their square in time; the rest is
    shown as it is.
    """
    words, others = (re.findall(r"\s+|\S+", str(t)[:LONGEST]) for t in (text, other))
    words, rest, others = words[:COMPARED], "".join(words[COMPARED:]), others[:COMPARED]
    blocks = difflib.SequenceMatcher(None, others, words, autojunk=False).get_opcodes()
    return "".join(
        escape("".join(words[start:end]))
        if kind == "equal"
        else f'<ins style="{NEW}">{escape("".join(words[start:end]))}</ins>'
        for kind, _, _, start, end in blocks
        if end > start
    ) + escape(rest)
