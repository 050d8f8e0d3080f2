"""The exercises of lesson 1: what an instruction looks like to a model.

The exercise about masked labels is in ``label_masks``.
"""

import json
import math
from collections.abc import Sequence

from helpers.course.exercise_checks.answers import LearnersFunction, Wrong, call
from helpers.course.exercise_checks.label_masks import build_labels
from helpers.prompts import format_prompt


def row_prompt(answer: LearnersFunction) -> str:
    """``answer(row)`` is the training prompt of a row whose input may be missing or blank."""
    river = _prompt(answer, "Name a river.", input="")
    if "### Input:" in river:
        raise Wrong("the input is empty, but your prompt still has the heading “### Input:”.")
    if "paired with an input" in river:
        raise Wrong("the input is empty, but your first sentence still announces one.")
    if "water" not in _prompt(answer, "Translate into German.", input="water"):
        raise Wrong("this row has an input, but your prompt leaves it out.")
    if _prompt(answer, "Name a river.", input=" \n") != river:
        raise Wrong("an input of spaces only counts as empty. Your prompt keeps a place for it.")
    if _prompt(answer, "Name a river.") != river:
        raise Wrong("a row without the field `input` should get the prompt of an empty input.")
    _same_text(river, format_prompt("Name a river."))
    _same_text(_prompt(answer, "Indent it.", input="x"), format_prompt("Indent it.", "x"))
    code = "    return x\n"
    if _prompt(answer, "Indent it.", input=code) != format_prompt("Indent it.", code):
        raise Wrong("the input lost its own spaces or line breaks. In code they have a meaning.")
    braces = "What is {input} for?"
    if _prompt(answer, braces, input="x") != format_prompt(braces, "x"):
        raise Wrong("braces in the task's own words were filled in. Fill the template only once.")
    return "format_prompt does the same. It matters: 94 of the 175 seeds have no input."


_CHANCE_SLIPS = (  # what a wrong function returns for a loss of 2 nats, and its diagnosis
    (math.exp(2.0), "your probability is above 1: the minus sign of −ln got lost."),
    (100 * math.exp(-2.0), "your answer is in per cent. A probability lies between 0 and 1."),
    (2**-2.0, "you took 2 as the base. That is right for bits; nats have the base e."),
    (10**-2.0, "you took 10 as the base. The natural logarithm, ln, has the base e."),
    (1 - math.exp(-2.0), "this is the chance of going on. The loss is that of the end token."),
    (-math.log(2.0), "you took the logarithm of the loss. Undo the logarithm instead."),
    (-1.0, "you subtracted the loss from 1. A loss is not a share: it can be 2 or 12 nats."),
    (0.5, "you divided by the loss. Undo the logarithm instead."),
)


def chance_to_stop(answer: LearnersFunction) -> str:
    """``answer(loss)`` is the probability that belongs to a loss in nats."""
    given = call(answer, 2.0)
    for value, diagnosis in _CHANCE_SLIPS:
        if math.isclose(given, value, rel_tol=0.01):
            raise Wrong(diagnosis)
    for loss in (2.0, 0.0, 0.05, 12.0):
        given, truth = answer(loss), math.exp(-loss)
        if math.isclose(given, truth, rel_tol=0.01):
            continue
        if any(given == round(truth, digits) for digits in range(5)):
            raise Wrong("do not round: probabilities close to 0 or 1 lose their digits.")
        raise Wrong(f"for a loss of {loss} nats you return {given:.4g}. −ln of that is not {loss}.")
    return (
        "At 2.84 nats the chance is 6 in 100. In this course the likeliest token is taken every "
        "time, so such a model stops only where no other token is likelier still."
    )


def broken_row(answer: LearnersFunction) -> str:
    """``answer(lines)`` is the number, from 1, of the first line that is not a row, or None."""
    row = {"instruction": "Say hi.", "input": "to Ada", "output": "Hi."}
    good, cut_off = json.dumps(row), json.dumps(row)[:-9]
    empty_input = json.dumps({**row, "input": ""})
    blank_instruction = json.dumps({**row, "instruction": " "})
    no_instruction, no_input, no_output = (
        json.dumps({field: row[field] for field in row if field != left_out}) for left_out in row
    )
    given, none = _line(answer, good, good, cut_off, good), _line(answer, good, good)
    if isinstance(given, list | tuple):
        raise Wrong("you return a list. Return one number: that of the first broken line.")
    if none is not None:
        raise Wrong(f"if every line is a row, the answer is None. Yours is {none!r}.")
    if given == 2:
        raise Wrong("lines are counted from 1, as an editor counts them. You count from 0.")
    if given != 3:
        raise Wrong(f"the third of four lines breaks off in the middle. You return {given!r}.")
    if _line(answer, good, empty_input) or _line(answer, good, no_input):
        raise Wrong("an input may be empty or missing: many tasks need none.")
    if _line(answer, good, no_output) is None:
        raise Wrong("a line without an output is valid JSON, but there is nothing to learn from.")
    if _line(answer, good, no_instruction) is None:
        raise Wrong("you let a line without an instruction pass as a row.")
    if _line(answer, good, no_output, cut_off) == 3:
        raise Wrong("two lines are broken, and you name the last. Return the first.")
    if _line(answer, good, blank_instruction, no_output) != 2:
        raise Wrong("an instruction of spaces only counts as missing.")
    return "The loader of the course does the same. It also names the field that is wrong."


_LENGTHS = (  # lengths of rows in tokens, and the share that may be cut
    ([40, 10, 30, 20, 50, 30, 20, 60], 0.25),
    ([40, 10, 30, 20, 50, 30, 20, 60], 0.0),
    ([9, 5, 5, 5], 0.5),
    ([7, 100, 60, 80], 0.2),
)


def choose_max_length(answer: LearnersFunction) -> str:
    """``answer(lengths, share)``: the smallest maximum allowed, the rows it cuts, the padding."""
    for lengths, share in _LENGTHS:
        given = call(answer, [*lengths], share)
        if not isinstance(given, list | tuple) or len(given) != 3:
            raise Wrong("return three numbers: the maximum, the rows it cuts, the padding.")
        maximum, cut, padding = given
        if maximum != int(maximum):
            raise Wrong(f"{maximum} is not a number of tokens. Take the length of one of the rows.")
        _check_maximum(lengths, share, maximum)
        _check_cost(lengths, maximum, cut, padding)
    return (
        "The longest of the 175 seeds has 226 tokens. If every row were filled up to 512, three "
        "tokens of four would be padding. So the course pads each batch only to its longest row."
    )


def _check_maximum(lengths: Sequence[int], share: float, maximum: int) -> None:
    """Raise Wrong unless the maximum is the smallest that cuts at most that share of the rows."""
    allowed = share * len(lengths)
    at_most = f"at most {share:.0%} of {len(lengths)} rows may be cut"
    over = sum(length > maximum for length in lengths)
    if over > allowed:
        kept = " Did you cut the rows that were to be kept?" if over > len(lengths) / 2 else ""
        raise Wrong(f"{at_most}, but a maximum of {maximum} cuts {over}.{kept}")
    best = min(n for n in lengths if sum(length > n for length in lengths) <= allowed)
    if maximum == best + 1:
        raise Wrong(f"a row that is exactly as long as the maximum is not cut: {best} is enough.")
    if maximum != best:
        unused = " You left the share unused." if maximum == max(lengths) else ""
        raise Wrong(f"{at_most}, and a maximum of {best} is enough for that.{unused}")


def _check_cost(lengths: Sequence[int], maximum: int, cut: int, padding: int) -> None:
    """Raise Wrong unless the rows that are cut and the tokens of padding are counted right."""
    over = sum(length > maximum for length in lengths)
    if cut != over and cut == sum(length >= maximum for length in lengths):
        raise Wrong(f"you count a row of exactly {maximum} tokens as cut, but it loses nothing.")
    if cut != over and cut == sum(max(0, length - maximum) for length in lengths):
        raise Wrong("you count the tokens that are cut off. Count the rows that lose their end.")
    if cut != over:
        raise Wrong(f"a maximum of {maximum} cuts {over} of {lengths}. You count {cut}.")
    truth = sum(max(0, maximum - length) for length in lengths)
    if padding == truth:
        return
    if padding == sum(maximum - length for length in lengths):
        raise Wrong("a row that is cut needs no padding. You count less than none for it.")
    if padding == sum(max(lengths) - length for length in lengths):
        raise Wrong("rows are padded to the maximum you chose, not to the longest row.")
    raise Wrong(f"padding {lengths} to {maximum} takes {truth} tokens. You say {padding}.")


def _prompt(answer: LearnersFunction, instruction: str, **fields: str) -> str:
    """The learner's prompt of a row; without an ``input`` the row has no such field."""
    try:
        return call(answer, {"instruction": instruction, **fields})
    except KeyError as error:
        if fields or error.args != ("input",):
            raise
        raise Wrong("a row may have no field `input` at all. Your function fails on it.") from None


def _line(answer: LearnersFunction, *lines: str) -> object:
    """The number that the learner's function returns for these lines."""
    try:
        return answer(list(lines))
    except json.JSONDecodeError:
        raise Wrong("json.loads raises an error for half a line. Catch it.") from None
    except KeyError as field:
        raise Wrong(f"your function fails on a row that has no field {field}.") from None


def _same_text(given: str, wanted: str) -> None:
    """Raise Wrong unless two prompts are equal to the letter."""
    if given == wanted:
        return
    if given.rstrip() == wanted.rstrip():
        raise Wrong("after “### Response:” comes one line break and nothing more.")
    pairs = enumerate(zip(given + "\0", wanted + "\0", strict=False))
    first = next(place for place, (mine, theirs) in pairs if mine != theirs)
    context = wanted[max(0, first - 30) : first]
    raise Wrong(f"your prompt differs from Alpaca's wording after {context!r}.")


EXERCISES = (row_prompt, chance_to_stop, build_labels, broken_row, choose_max_length)
