"""The exercises of lesson 1: what an instruction looks like to a model."""

import json
import math

from helpers.course.checks.wrong import Wrong
from helpers.prompts import format_prompt
from helpers.training.encoding import IGNORED

EXERCISES = ("row_prompt", "chance_to_stop", "build_labels", "broken_row", "choose_max_length")


def row_prompt(answer):
    """``answer(row)`` is the training prompt of a row whose input may be missing or blank."""
    river = _prompt(answer, "Name a river.", input="")
    if "### Input:" in river:
        raise Wrong("an empty input still leaves its heading in the prompt, with nothing under it.")
    if "paired with an input" in river:
        raise Wrong("the first sentence still announces an input, and none comes.")
    if "water" not in _prompt(answer, "Translate into German.", input="water"):
        raise Wrong("where a row has an input, your prompt leaves it out: nothing to work on.")
    if _prompt(answer, "Name a river.", input=" \n") != river:
        raise Wrong("an input of nothing but spaces is no input; your prompt keeps a place for it.")
    if _prompt(answer, "Name a river.") != river:
        raise Wrong("a row without the field should get the prompt of one whose input is empty.")
    _same_text(river, format_prompt("Name a river."))
    _same_text(_prompt(answer, "Indent it.", input="x"), format_prompt("Indent it.", "x"))
    code = "    return x\n"
    if _prompt(answer, "Indent it.", input=code) != format_prompt("Indent it.", code):
        raise Wrong("the input lost its own spaces or line breaks; in code they carry meaning.")
    if _prompt(answer, "What is {input} for?", input="x") != format_prompt(
        "What is {input} for?", "x"
    ):
        raise Wrong("braces in the task's own words were filled in: fill the template only once.")
    return "format_prompt does the same, and it is needed: 94 of the 175 seeds have no input."


def chance_to_stop(answer):
    """``answer(loss)`` is the probability that belongs to a loss in nats."""
    got, truth = _returned(answer(2.0)), math.exp(-2.0)
    slips = (
        (math.exp(2.0), "a probability above 1: the minus sign of −ln is lost on the way back."),
        (100 * truth, "that is in per cent; a probability lies between 0 and 1."),
        (2**-2.0, "you took 2 as the base, which is right for bits; nats go with e."),
        (10**-2.0, "you took 10 as the base; the natural logarithm, ln, has the base e."),
        (1 - truth, "that is the chance of going on; the loss is that of the end token itself."),
        (-math.log(2.0), "you took the logarithm of the loss; undo the logarithm instead."),
        (-1.0, "you took the loss from 1; it is no share, it can be 2 or 12 nats."),
        (0.5, "you divided by the loss; undo the logarithm instead."),
    )
    for value, words in slips:
        if math.isclose(got, value, rel_tol=0.01):
            raise Wrong(words)
    for loss in (2.0, 0.0, 0.05, 12.0):
        got, truth = answer(loss), math.exp(-loss)
        if math.isclose(got, truth, rel_tol=0.01):
            continue
        if any(got == round(truth, digits) for digits in range(5)):
            raise Wrong("do not round: a likely token and a hopeless one both lose their digits.")
        raise Wrong(f"for {loss} nats you say {got:.4g}; −ln of that is not {loss}.")
    return (
        "At 2.84 nats it is 6 in 100; and as our answers take the likeliest token every time, "
        "such a model stops only where no other token is likelier still."
    )


OFF = [IGNORED]
LABEL_SLIPS = (  # of a row with prompt 11 12 13, response 21 22, end 3, and two of padding
    (OFF * 3 + [21, 22] + OFF * 3, "the end token is masked: the model never learns to stop."),
    (OFF * 3 + [21, 22] + OFF * 2, "the end token is missing: the model never learns to stop."),
    (OFF * 3 + [21, 22], "neither the end token nor the padding has a label yet."),
    (OFF * 3 + [21, 22, 3], "the padding has no labels; ids and labels must be equally many."),
    (
        OFF * 2 + [21, 22, 3] + OFF * 3,
        "moved by one: a label lies under its own token; the loss shifts.",
    ),
    (OFF * 4 + [22, 3] + OFF * 2, "the mask is a token too long: the response loses its first."),
    (
        OFF * 2 + [13, 21, 22, 3] + OFF * 2,
        "the mask is a token too short: a prompt token is learned.",
    ),
    ([0, 0, 0, 1, 1, 1, 0, 0], "a learned token's label is its own id, not a mark for yes."),
)


def build_labels(answer):
    """``answer(prompt, response, end, padding)`` is the list of labels of the padded row."""

    def made(prompt, response, padding):
        return list(_returned(answer([*prompt], [*response], 3, padding)))

    got = made([11, 12, 13], [21, 22], 2)
    for labels, words in LABEL_SLIPS:
        if got == labels:
            raise Wrong(words)
    if len(got) != 8:
        raise Wrong(
            f"3 prompt, 2 response, 1 end, 2 padding: 8 tokens; you give {len(got)} labels."
        )
    if got[:3] != OFF * 3:
        raise Wrong(
            "part of the prompt is learned: the model would practise asking, not answering."
        )
    if got[6:] != OFF * 2:
        raise Wrong("the padding is learned: the model would practise filling up rows.")
    if got[3:6] != [21, 22, 3]:
        raise Wrong(f"the response and the end token should carry 21, 22, 3; yours {got[3:6]}.")
    if made([5, 6, 7], [6, 8], 0) != OFF * 3 + [6, 8, 3]:
        raise Wrong("a token of the response that also stands in the prompt must still be learned.")
    if made([5, 3, 7], [8, 3, 9], 1) != OFF * 3 + [8, 3, 9, 3] + OFF:
        raise Wrong("the end token's id may stand elsewhere in a row too: go by place, not by id.")
    return "The course goes by place as well, so it may pad with any token, even the end token."


def broken_row(answer):
    """``answer(lines)`` is the number, from 1, of the first line that is no row, or None."""
    row = {"instruction": "Say hi.", "input": "to Ada", "output": "Hi."}
    whole, torn = json.dumps(row), json.dumps(row)[:-9]
    bare, blank = json.dumps({**row, "input": ""}), json.dumps({**row, "instruction": " "})
    mute, short, lacking = (json.dumps({k: row[k] for k in row if k != gone}) for gone in row)
    said, none = _line(answer, whole, whole, torn, whole), _line(answer, whole, whole)
    if isinstance(said, list | tuple):
        raise Wrong("you give a list; asked for is one number, that of the first broken line.")
    if none is not None:
        raise Wrong(f"where every line is a row the answer is None; yours is {none!r}.")
    if said == 2:
        raise Wrong("lines are counted from 1, as an editor counts them; yours begin at 0.")
    if said != 3:
        raise Wrong(f"the third of four lines breaks off in the middle, and you say {said!r}.")
    if _line(answer, whole, bare) or _line(answer, whole, short):
        raise Wrong("an input may be empty or missing: many tasks need none.")
    if _line(answer, whole, lacking) is None:
        raise Wrong("a line without an output is whole JSON, but no row to learn from.")
    if _line(answer, whole, mute) is None:
        raise Wrong("a line without an instruction passes as a row; it asks for nothing.")
    if _line(answer, whole, lacking, torn) == 3:
        raise Wrong("two lines are broken and you name the last; asked for is the first.")
    if _line(answer, whole, blank, lacking) != 2:
        raise Wrong("an instruction of nothing but spaces asks for nothing; it counts as missing.")
    return (
        "The loader of the course does the same, names the field, and turns away what is no text."
    )


def choose_max_length(answer):
    """``answer(lengths, share)`` is the smallest maximum allowed, the rows it cuts, the padding."""
    seeds, ties = [40, 10, 30, 20, 50, 30, 20, 60], [9, 5, 5, 5]
    for lengths, share in ((seeds, 0.25), (seeds, 0.0), (ties, 0.5), ([7, 100, 60, 80], 0.2)):
        given = _returned(answer([*lengths], share))
        if not isinstance(given, list | tuple) or len(given) != 3:
            raise Wrong("give three numbers: the maximum, the rows it cuts, the padding it costs.")
        maximum, cut, padding = given
        over = sum(length > maximum for length in lengths)
        at_most = f"at most {share:.0%} of {len(lengths)} rows may be cut"
        if maximum != int(maximum):
            raise Wrong(f"{maximum} is no number of tokens: take the length of one of the rows.")
        if over > share * len(lengths):
            kept = " You may have cut what was to be kept." if over > len(lengths) / 2 else ""
            raise Wrong(f"{at_most}, and {maximum} cuts {over}.{kept}")
        best = min(n for n in lengths if sum(x > n for x in lengths) <= share * len(lengths))
        if maximum == best + 1:
            raise Wrong(f"a row as long as the maximum is not cut: {best} would do.")
        if maximum != best:
            unused = " You left the share unused." if maximum == max(lengths) else ""
            raise Wrong(
                f"{at_most}, and a maximum of {best} keeps to that; yours is longer.{unused}"
            )
        _costs(lengths, maximum, cut, padding)
    return (
        "The longest of the 175 seeds has 226 tokens; filled up to 512, three tokens of four would "
        "be padding, which is why the course pads each batch only to its own longest row."
    )


def _costs(lengths, maximum, cut, padding):
    """What a maximum costs: rows cut, and tokens of padding in a table of that width."""
    over = sum(length > maximum for length in lengths)
    if cut != over and cut == sum(length >= maximum for length in lengths):
        raise Wrong(f"you count a row of exactly {maximum} tokens as cut; it loses nothing.")
    if cut != over and cut == sum(max(0, length - maximum) for length in lengths):
        raise Wrong("you count the tokens cut off; asked for are the rows that lose their end.")
    if cut != over:
        raise Wrong(f"a maximum of {maximum} cuts {over} of {lengths}; you count {cut}.")
    truth = sum(max(0, maximum - length) for length in lengths)
    if padding == truth:
        return
    if padding == sum(maximum - length for length in lengths):
        raise Wrong("a row that is cut needs no padding; yours counts it as less than none.")
    if padding == sum(max(lengths) - length for length in lengths):
        raise Wrong("rows are padded to the maximum you chose, not to the longest row.")
    raise Wrong(f"padding {lengths} to {maximum} takes {truth} tokens; you say {padding}.")


def _returned(value):
    """What the learner's function gave back; nothing at all is a ``return`` forgotten."""
    if value is None:
        raise Wrong("your function gives nothing back: the return is missing.")
    return value


def _prompt(answer, instruction, **given):
    """The learner's prompt of a row; without an ``input`` the row has no such field."""
    try:
        return _returned(answer({"instruction": instruction, **given}))
    except KeyError as error:
        if given or error.args != ("input",):
            raise
        raise Wrong("a row may have no input field at all, and yours breaks on it.") from None


def _line(answer, *lines):
    """The number that the learner's function gives for these lines."""
    try:
        return answer(list(lines))
    except json.JSONDecodeError:
        raise Wrong("json.loads raises at a torn line, and your function with it.") from None
    except KeyError as field:
        raise Wrong(f"your function breaks on a row that has no field {field}.") from None


def _same_text(got, wanted):
    """Two prompts are equal to the letter."""
    if got == wanted:
        return
    if got.rstrip() == wanted.rstrip():
        raise Wrong("after “### Response:” comes one line break and nothing more; yours differs.")
    pairs = enumerate(zip(got + "\0", wanted + "\0", strict=False))
    at = next(i for i, (mine, theirs) in pairs if mine != theirs)
    raise Wrong(f"your prompt leaves Alpaca's wording after {wanted[max(0, at - 30) : at]!r}.")
