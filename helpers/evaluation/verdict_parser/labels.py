"""Bring labels such as ``[[A]]`` in a judge's text into one form, and drop a restated rubric.

Labels become lower-case letters, so that the search for names does not find them; ``marks``
decides which labels are verdicts. *Weak* labels (``\\boxed{2}``, ``<answer>``) may be the answer of
the task instead of the judge's verdict.
"""

import re

from helpers.evaluation.verdict_parser.answer_names import compared, label_of

_LABEL = re.compile(
    r"\[\[([^\[\]\n]{1,40})\]\]"
    r"|<(?:verdict|winner|choice|decision|preference)>\s*([^<\n]{1,40}?)\s*</",
    re.I,
)
_WEAK_LABEL = re.compile(
    r"\\boxed\s*\{([^{}\n]{1,40})\}|<(?:answer|result)>\s*([^<\n]{1,40}?)\s*</\w+>?", re.I
)


def labelled(text: str) -> str:
    """A text with labels written as ``⟦a⟧``, ``⟦b⟧``, ``⟦tie⟧``, or ``⟦?⟧`` for any other.

    Weak labels are written as ``⟪a⟫``, or ``⟪#a⟫`` where they are numbers.
    """

    def strong(match: re.Match) -> str:
        return f"⟦{(label_of(match[1] or match[2]) or '?').lower()}⟧"

    def weak(match: re.Match) -> str:
        words = match[1] or match[2]
        label = (label_of(words) or "?").lower()
        return f"⟪{'#' if re.search('[0-9]', words) else ''}{label}⟫"

    def both(match: re.Match) -> str:
        return f"⟦{compared(match[1].upper(), match[2].replace('over', '>')).lower()}⟧"

    text = _WEAK_LABEL.sub(weak, _LABEL.sub(strong, text))
    return re.sub(r"⟦([ab])⟧\s*([><=]+|over)\s*⟦[ab]⟧", both, text)


def without_rubric(lines: list[str]) -> list[str]:
    """Lines without those that restate what each label means.

    The lines of a rubric follow one another, have one label each, and all labels differ. A line
    that repeats a label, or is the only one to mention the verdict, is a verdict after the rubric.
    """
    kept: list[str] = []
    run: list[tuple[str, str]] = []  # lines with one label, and the label
    for line in lines:
        labels = _LABEL.findall(line)
        if len(labels) == 1:
            run.append((line, "".join(labels[0]).strip().lower()))
        else:
            kept += [*_verdicts_in(run), line]
            run = []
    return kept + _verdicts_in(run)


def _verdicts_in(run: list[tuple[str, str]]) -> list[str]:
    """Those lines of a run that are not a rubric."""
    lines, labels = [line for line, _ in run], [label for _, label in run]
    listed = next((i for i, label in enumerate(labels) if label in labels[:i]), len(run))
    if listed == len(run) > 1:
        decides = [bool(re.search(r"verdict|overall|final|decision|판정|putusan", x, re.I))
                   for x in lines]  # fmt: skip
        bare = [not re.search(r"\w", _LABEL.sub("", line)) for line in lines]
        listed -= any(said[-1] and not any(said[:-1]) for said in (decides, bare))
    return lines[listed:] if listed > 1 else lines
