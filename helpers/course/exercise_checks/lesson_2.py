"""The exercises of lesson 2: parse an answer with tasks, filter them, and estimate the cost.

The exercises about ROUGE-L are in ``text_overlap``.
"""

import math

from helpers.course.exercise_checks.answers import LearnersFunction, Wrong
from helpers.course.exercise_checks.text_overlap import lost_at, missed_pair, shared_words

_FATES = (  # what becomes of each task on the card, and why
    ("kept", "task 7 is kept: ### is part of its answer, and a task may have no input."),
    ("dropped", "task 8 is dropped: it has no answer, so there is nothing to learn from it."),
    ("kept", "task 9 is kept: 1. and 2. are a list in its answer. Only a heading ends a task."),
    ("dropped", "task 10 is dropped: the teacher was stopped, so its answer may be incomplete."),
)


def fates(answer: object) -> str:
    """``answer`` says of each of the four tasks of the card whether it is kept or dropped."""
    if not isinstance(answer, list | tuple) or len(answer) != len(_FATES):
        raise Wrong("four tasks were begun, 7 to 10. Give four words, in the order of the tasks.")
    if not set(map(str, answer)) <= {"kept", "dropped"}:
        raise Wrong('each of the four words is "kept" or "dropped", spelt like this.')
    for word, (fate, why) in zip(answer, _FATES, strict=True):
        if word != fate:
            raise Wrong(why)
    return (
        "parse_completion decides in the same way, and gives a reason for each of the two tasks "
        "that it drops. Only the teacher's finish reason tells an answer that was cut off from one "
        "that looks like it."
    )


_THREE = "1. Figs.\n2. Plums.\n3. Dates."
_GOOD_TASKS = (  # instruction, output, what is wrong with a filter that rejects this task
    (
        "Name three fruits to dry.",
        _THREE,
        "three fruits were asked for and three were named, but your filter rejects the task.",
    ),
    (
        "Name some fruits to dry.",
        _THREE,
        "if no number is asked for, no count can be wrong. Your filter rejects the task.",
    ),
    (
        "Name three fruits to dry.",
        "Figs, plums and dates.",
        "an answer without numbered lines cannot be counted. Then the filter returns None.",
    ),
    (
        "List fruits that are often dried.",
        _THREE,
        'your filter read a ten in "often". Look for whole words.',
    ),
    (
        "List fruits that people dried in 1950.",
        _THREE,
        "1950 is a year, not a number of things. Only numbers from two to ten count.",
    ),
    (
        "Name three fruits to dry and how warm.",
        "1. Figs, at 60.5 degrees.\n2. Plums, at 57.\n3. Dates, as they are.",
        "a number inside an item does not begin an item. Count lines that begin with a number.",
    ),
    (
        "Name three fruits to dry.",
        "1. Figs.\nHalve them first.\n2. Plums.\n3. Dates.",
        "an item may have a second line. Count only the lines that begin with a number.",
    ),
    (
        "Name ten fruits to dry.",
        "\n".join(f"{i}. Fruit." for i in range(1, 11)),
        'ten were asked for and ten were named. Does your filter count the line that begins "10."?',
    ),
)
_BAD_TASKS = (  # instruction, output, what is wrong with a filter that accepts this task
    (
        "Name two fruits to dry.",
        _THREE,
        "two were asked for and three were named: too many is wrong as well as too few.",
    ),
    (
        "Five fruits to dry, please.",
        _THREE,
        'a number at the start of a sentence has a capital letter: "Five".',
    ),
    (
        "Give 4 fruits to dry.",
        _THREE,
        "a number can also be written in digits. Your filter missed that 4 were asked for.",
    ),
    (
        "Give 10 fruits to dry.",
        _THREE,
        "10 has two digits, and your filter did not read it as ten.",
    ),
    (
        "Name eight fruits to dry.",
        _THREE,
        "the number words go up to ten. Your filter did not know eight.",
    ),
)


def wrong_count(answer: LearnersFunction) -> str:
    """``answer(task)`` is a reason if a numbered list has another length than asked, else None."""

    def filtered(instruction: str, output: str) -> object:
        return answer({"instruction": instruction, "input": "", "output": output})

    reason = filtered("Name five fruits to dry.", _THREE)
    if isinstance(reason, bool):
        raise Wrong(f"the ledger needs a reason in words. {reason} is not a reason.")
    if not reason:
        raise Wrong("five fruits were asked for and three were named. Your filter says nothing.")
    if not isinstance(reason, str):
        raise Wrong("the reason must be a text, which people can read in the ledger.")
    for instruction, output, diagnosis in _GOOD_TASKS:
        reason = filtered(instruction, output)
        if reason is not None and not reason:
            raise Wrong(f"for a good task the answer is None. Yours is {reason!r}.")
        if reason is not None:
            raise Wrong(diagnosis)
    for instruction, output, diagnosis in _BAD_TASKS:
        if not filtered(instruction, output):
            raise Wrong(diagnosis)
    return (
        "Of the 104 tasks in the shipped run this filter rejects three, and only one of them "
        "deserves it. One of the others mentions a 5-star hotel, one has a numbered list of its "
        "own. Every simple rule makes mistakes, so each rejected task is recorded with the reason."
    )


def bill_for(answer: LearnersFunction) -> str:
    """``answer(tasks, share, tokens_in, tokens_out, price_in, price_out)`` is dollars."""
    for case in ((52_000, 0.52, 183, 64, 0.15, 0.60), (52_000, 0.25, 400, 900, 1.0, 4.0)):
        dollars, (right, slips) = answer(*case), _bills(*case)
        if isinstance(dollars, bool) or not isinstance(dollars, int | float):
            raise Wrong(f"the answer is a number of dollars. Your function returned {dollars!r}.")
        for slip, diagnosis in slips.items():
            if math.isclose(dollars, slip, rel_tol=2e-3):
                raise Wrong(diagnosis)
        if not math.isclose(dollars, right, rel_tol=2e-3):
            raise Wrong(
                f"${dollars:,.2f} is not right. Take one step at a time: how many requests, how "
                "many tokens of each kind, how many dollars?"
            )
    return (
        "For the shipped run the bill is about $5.80. More than half of it is for writing, "
        "although the teacher read almost three times as much as it wrote. The figure is a lower "
        "bound: the more tasks are kept, the harder it is to find a new one."
    )


def _bills(
    tasks: int,
    share: float,
    tokens_in: int,
    tokens_out: int,
    price_in: float,
    price_out: float,
) -> tuple[float, dict[float, str]]:
    """``(right, {wrong: diagnosis})``: the right bill in dollars, and bills after usual slips."""
    read, written = tokens_in * price_in / 1e6, tokens_out * price_out / 1e6
    swapped = (tokens_in * price_out + tokens_out * price_in) / 1e6
    requests, one = tasks / share, read + written
    return requests * one, {
        tasks * one: "a request is paid for even if its task is rejected, so there are more "
        "requests than tasks.",
        tasks * share * one: "a smaller share means more requests, not fewer: divide by it.",
        one: "that is the price of a single request.",
        requests * one * 1e6: "the prices are for a million tokens, not for one.",
        requests * one * 1e3: "the prices are for a million tokens, not for a thousand.",
        requests * swapped: "you swapped the two prices. The teacher reads tokens in, and writes "
        "tokens out.",
        requests * read: "the tokens that the teacher writes are missing. They cost more.",
        requests * written: "the tokens that the teacher reads are missing. You pay for the prompt "
        "as well.",
    }


EXERCISES = (fates, wrong_count, shared_words, bill_for, missed_pair, lost_at)
