"""What a reader should know before using data: a card, written from the books and not from hope.

After *Datasheets for Datasets* (Gebru et al. 2021), cut down to what a generated set can answer:
who wrote it, how, what was turned away and why, how varied it is, what it must not be used for.
Every number comes from the run's own files.
"""

from collections import Counter


def data_card(generated, ledger, bill, settings, teacher, seeds, licence):
    """A Markdown card for a set of generated tasks; returns the text.

    ``generated`` and ``ledger`` are the run's rows, ``bill`` what :func:`helpers.generate.generate`
    returned, ``teacher`` a model's name, ``seeds`` how many tasks people wrote, ``licence`` a
    sentence about the terms of seeds and teacher.
    """
    if not generated:
        raise ValueError("there is no generated task to describe; run the loop first.")
    reasons = Counter(row["reason"] for row in ledger)
    words = sorted(len(row["instruction"].split()) for row in generated)
    scores = [row["nearest_score"] for row in generated]
    with_input = sum(bool(row["input"]) for row in generated)
    lines = [
        f"# {len(generated)} tasks written by {teacher}",
        "",
        f"Language: {settings.language}. Asked for by {settings.way.replace('_', ' ')} from "
        f"{seeds} seed tasks that people wrote. {bill['requests']} requests, "
        f"{bill['tokens_in']:,} tokens in, {bill['tokens_out']:,} out, ${bill['dollars']:.2f}.",
        "",
        "## What is in it",
        "",
        f"- Instructions: {words[0]} to {words[-1]} words, median {words[len(words) // 2]}; "
        f"{with_input} of {len(generated)} with an input.",
        f"- Novelty: every instruction has ROUGE-L of at most {settings.threshold} to every seed, "
        f"evaluation task and earlier one; the mean to the nearest is "
        f"{sum(scores) / len(scores):.2f}, the highest {max(scores):.2f}.",
        "",
        "## What was turned away",
        "",
        f"{len(ledger)} tasks, each with its reason on record:",
        "",
        *(f"- {reason}: {count}" for reason, count in reasons.most_common()),
        "",
        "## What it is not",
        "",
        "No filter knows whether an answer is true, and nobody has checked the answers one by one. "
        "They carry the teacher's errors and its leanings. Fit for learning how instruction tuning "
        "works; not fit as a source of facts, and not for advice on health, law or money.",
        "",
        "## Licence",
        "",
        licence,
    ]
    return "\n".join(lines) + "\n"
