"""Labels in a judge's text, such as ``[[A]]``, in one form, and without a restated rubric.

On the ground floor, under :mod:`helpers.evaluation.verdict_parser.verdict`;
:mod:`helpers.evaluation.verdict_parser.marks` decides which of them are verdicts. Labels become
small letters, which are no names to whoever looks for names afterwards. *Weak* labels
(``\\boxed{2}``, ``<answer>``) may as well be the answer of a task.
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
    """A text in which labels stand as ``⟦a⟧``, ``⟦b⟧``, ``⟦tie⟧``, or ``⟦?⟧`` for any other.

    Weak ones stand as ``⟪a⟫``, or ``⟪#a⟫`` where they are numbers.
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

    They stand one after the other, hold one label each, and all labels differ. A line that repeats
    a label, or alone speaks of the verdict, is a verdict after the rubric.
    """
    kept, run = [], []
    for line in [*lines, None]:
        labels = _LABEL.findall(line) if line else []
        if len(labels) == 1:
            run.append((line, "".join(labels[0]).strip().lower()))
            continue
        kept += _real(run)
        run = []
        kept += [] if line is None else [line]
    return kept


def _real(run: list[tuple[str, str]]) -> list[str]:
    """The lines of a run of labels that are no rubric."""
    lines, labels = [line for line, _ in run], [label for _, label in run]
    listed = next((i for i, label in enumerate(labels) if label in labels[:i]), len(run))
    if listed == len(run) > 1:
        decides = [bool(re.search(r"verdict|overall|final|decision|판정|putusan", x, re.I))
                   for x in lines]  # fmt: skip
        bare = [not re.search(r"\w", _LABEL.sub("", line)) for line in lines]
        listed -= any(said[-1] and not any(said[:-1]) for said in (decides, bare))
    return lines[listed:] if listed > 1 else lines
