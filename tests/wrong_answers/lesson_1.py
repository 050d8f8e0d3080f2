"""Wrong answers to the exercises of lesson 1, each with words that its diagnosis must contain."""

import json
import math

from helpers.io import FIELDS
from helpers.prompts import TEMPLATES

WITH, WITHOUT = TEMPLATES["en"]["with_input"], TEMPLATES["en"]["no_input"]


def prompt_always_with_input(row):
    return WITH.format(instruction=row["instruction"], input=row.get("input", ""))


def prompt_without_block_but_announced(row):
    text = WITH.format(instruction=row["instruction"], input=row.get("input", ""))
    return text if row.get("input", "").strip() else text.replace("### Input:\n\n\n", "")


def prompt_never_with_input(row):
    return WITHOUT.format(instruction=row["instruction"])


def prompt_spaces_count(row):
    given = row.get("input", "")
    return (WITH if given else WITHOUT).format(instruction=row["instruction"], input=given)


def prompt_needs_the_field(row):
    kind = WITH if row["input"].strip() else WITHOUT
    return kind.format(instruction=row["instruction"], input=row["input"])


def prompt_missing_is_none(row):
    given = str(row.get("input"))
    kind = WITH if given.strip() else WITHOUT
    return kind.format(instruction=row["instruction"], input=given)


def prompt_good(row):
    given = row.get("input", "")
    kind = WITH if given.strip() else WITHOUT
    return kind.format(instruction=row["instruction"], input=given)


def prompt_input_stripped(row):
    return prompt_good({**row, "input": row.get("input", "").strip()})


def prompt_filled_twice(row):
    given = row.get("input", "")
    kind = WITH if given.strip() else WITHOUT
    return kind.replace("{instruction}", row["instruction"]).replace("{input}", given)


def labels_learn_pads(prompt, response, end, padding):
    return [-100] * len(prompt) + response + [end] + [end] * padding


def labels_mask_end_by_id(prompt, response, end, padding):
    return [-100 if t == end else t for t in labels_learn_pads(prompt, response, end, padding)]


def labels_mask_pads_by_id(prompt, response, end, padding):
    """Finds the first end token and masks everything after it."""
    ids = prompt + response + [end] * (1 + padding)
    first = ids.index(end)
    return [-100 if i < len(prompt) or i > first else t for i, t in enumerate(ids)]


def labels_mask_what_the_prompt_has(prompt, response, end, padding):
    ids = [*prompt, *response, end]
    return [-100 if t in prompt else t for t in ids] + [-100] * padding


def labels_one_off(prompt, response, end, padding):
    return [-100] * (len(prompt) + 1) + response[1:] + [end] + [-100] * padding


def row_zero_based(lines, start=0):
    for number, line in enumerate(lines, start):
        try:
            row = json.loads(line)
        except ValueError:
            return number
        if "output" not in row or not row.get("instruction", "").strip():
            return number
    return None


def row_else_zero(lines):
    return row_zero_based(lines, 1) or 0


def row_not_caught(lines):
    for number, line in enumerate(lines, 1):
        if "output" not in json.loads(line):
            return number
    return None


def row_only_json(lines):
    for number, line in enumerate(lines, 1):
        try:
            json.loads(line)
        except ValueError:
            return number
    return None


def row_blank_passes(lines):
    for number, line in enumerate(lines, 1):
        try:
            if not {"instruction", "output"} <= set(json.loads(line)):
                return number
        except ValueError:
            return number
    return None


def row_any_instruction(lines):
    for number, line in enumerate(lines, 1):
        try:
            if "output" not in json.loads(line):
                return number
        except ValueError:
            return number
    return None


def row_takes_the_field(lines):
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            return number
        if not row["instruction"].strip() or not row["output"]:
            return number
    return None


def row_every_field_filled(lines):
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
        except ValueError:
            return number
        if not all(row.get(field, "").strip() for field in FIELDS):
            return number
    return None


def row_the_last(lines):
    return max((i for i, line in enumerate(lines, 1) if row_zero_based([line]) == 0), default=None)


def row_all_of_them(lines):
    return [i for i, line in enumerate(lines, 1) if row_zero_based([line]) == 0]


def costs(lengths, maximum):
    """Right except for the maximum, which the caller chooses."""
    padding = sum(max(0, maximum - length) for length in lengths)
    return maximum, sum(length > maximum for length in lengths), padding


def chosen(lengths, share):
    return sorted(lengths)[len(lengths) - 1 - int(share * len(lengths))]


def length_keeps_the_share(lengths, share):
    return costs(lengths, sorted(lengths)[int(share * len(lengths))])


def length_rounds_the_share(lengths, share):
    return costs(lengths, sorted(lengths)[len(lengths) - 1 - round(share * len(lengths))])


def length_between_rows(lengths, share):
    ordered = sorted(lengths)
    at = (1 - share) * (len(ordered) - 1)
    below, above = ordered[math.floor(at)], ordered[math.ceil(at)]
    return costs(lengths, below + (above - below) * (at % 1))


def length_counts_the_whole_as_cut(lengths, share):
    maximum, _, padding = costs(lengths, chosen(lengths, share))
    return maximum, sum(length >= maximum for length in lengths), padding


def length_counts_tokens(lengths, share):
    maximum, _, padding = costs(lengths, chosen(lengths, share))
    return maximum, sum(max(0, length - maximum) for length in lengths), padding


def length_all_allowed_are_cut(lengths, share):
    maximum, _, padding = costs(lengths, chosen(lengths, share))
    return maximum, int(share * len(lengths)), padding


def length_negative_padding(lengths, share):
    maximum, cut, _ = costs(lengths, chosen(lengths, share))
    return maximum, cut, sum(maximum - length for length in lengths)


def length_padded_to_longest(lengths, share):
    maximum, cut, _ = costs(lengths, chosen(lengths, share))
    return maximum, cut, sum(max(lengths) - length for length in lengths)


WRONG = {
    "row_prompt": [
        (prompt_always_with_input, "still has the heading"),
        (prompt_without_block_but_announced, "still announces one"),
        (prompt_never_with_input, "leaves it out"),
        (prompt_spaces_count, "an input of spaces only"),
        (prompt_needs_the_field, "no field `input` at all"),
        (prompt_missing_is_none, "row without the field"),
        (prompt_input_stripped, "lost its own spaces"),
        (prompt_filled_twice, "Fill the template only once"),
        (lambda row: prompt_good(row).strip(), "comes one line break"),
        (lambda row: prompt_good(row).replace("###", "##"), "differs from Alpaca's wording"),
        (lambda row: print(end=""), "end with a `return`"),
    ],
    "chance_to_stop": [
        (math.exp, "minus sign"),
        (lambda loss: 100 * math.exp(-loss), "per cent"),
        (lambda loss: 2**-loss, "right for bits"),
        (lambda loss: 10**-loss, "10 as the base"),
        (lambda loss: 1 - math.exp(-loss), "chance of going on"),
        (lambda loss: -math.log(loss), "logarithm of the loss"),
        (lambda loss: 1 - loss, "from 1"),
        (lambda loss: 1 / loss, "divided by the loss"),
        (lambda loss: round(math.exp(-loss), 3), "do not round"),
        (lambda loss: 0.1353, "is not 0.0"),
    ],
    "build_labels": [
        (lambda p, r, e, n: [-100] * len(p) + r + [-100] * n, "end token is missing"),
        (labels_mask_end_by_id, "end token is masked"),
        (lambda p, r, e, n: [-100] * len(p) + r + [e], "padding has no labels"),
        (labels_learn_pads, "padding is learned"),
        (lambda p, r, e, n: p + r + [e] + [-100] * n, "practise asking"),
        (lambda p, r, e, n: [-100] * (len(p) - 1) + r + [e] + [-100] * (n + 1), "moved by one"),
        (lambda p, r, e, n: [0] * len(p) + [1] * (len(r) + 1) + [0] * n, "not a 1 for yes"),
        (lambda p, r, e, n: [-100] * len(p) + [*r, e] + [-100], "You return 7 labels"),
        (labels_one_off, "one token too long"),
        (
            lambda p, r, e, n: [-100] * (len(p) - 1) + [p[-1], *r, e] + [-100] * n,
            "one token too short",
        ),
        (lambda p, r, e, n: [-100] * len(p) + [*r[::-1], e] + [-100] * n, "the labels 21, 22, 3"),
        (labels_mask_what_the_prompt_has, "also stands in the prompt"),
        (labels_mask_pads_by_id, "Go by place, not by id"),
    ],
    "broken_row": [
        (row_zero_based, "counted from 1"),
        (row_else_zero, "the answer is None"),
        (row_not_caught, "json.loads raises"),
        (row_only_json, "without an output"),
        (row_any_instruction, "without an instruction"),
        (row_blank_passes, "an instruction of spaces only"),
        (row_takes_the_field, "has no field 'output'"),
        (row_every_field_filled, "an input may be empty or missing"),
        (row_the_last, "you name the last"),
        (row_all_of_them, "you return a list"),
        (lambda lines: None, "breaks off in the middle"),
        (lambda lines: 2, "the answer is None"),
    ],
    "choose_max_length": [
        (chosen, "return three numbers"),
        (length_keeps_the_share, "that were to be kept"),
        (length_rounds_the_share, "cuts 1"),
        (length_between_rows, "is not a number of tokens"),
        (lambda lengths, share: costs(lengths, chosen(lengths, share) + 1), "is not cut"),
        (lambda lengths, share: costs(lengths, max(lengths)), "You left the share unused"),
        (length_counts_the_whole_as_cut, "it loses nothing"),
        (length_counts_tokens, "tokens that are cut off"),
        (length_all_allowed_are_cut, "cuts 1 of"),
        (length_negative_padding, "less than none"),
        (length_padded_to_longest, "not to the longest row"),
    ],
}
