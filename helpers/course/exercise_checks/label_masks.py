"""The exercises about labels: which tokens of a batch does the model learn?"""

from helpers.course.exercise_checks.answers import LearnersFunction, Wrong, call
from helpers.training.encoding import IGNORED

_OFF = [IGNORED]
_LABEL_SLIPS = (  # of a row with prompt 11 12 13, response 21 22, end 3, and two padding tokens
    (_OFF * 3 + [21, 22] + _OFF * 3, "the end token is masked: the model never learns to stop."),
    (_OFF * 3 + [21, 22] + _OFF * 2, "the end token is missing: the model never learns to stop."),
    (_OFF * 3 + [21, 22], "neither the end token nor the padding has a label yet."),
    (_OFF * 3 + [21, 22, 3], "the padding has no labels. Every token of the row needs one."),
    (
        _OFF * 2 + [21, 22, 3] + _OFF * 3,
        "the labels are moved by one. A label belongs under its own token; the loss shifts them.",
    ),
    (
        _OFF * 4 + [22, 3] + _OFF * 2,
        "the mask is one token too long: the first token of the response is not learned.",
    ),
    (
        _OFF * 2 + [13, 21, 22, 3] + _OFF * 2,
        "the mask is one token too short: a token of the prompt is learned.",
    ),
    ([0, 0, 0, 1, 1, 1, 0, 0], "the label of a learned token is its own id, not a 1 for yes."),
)


def build_labels(answer: LearnersFunction) -> str:
    """``answer(prompt, response, end, padding)`` is the list of labels of the padded row."""

    def labels(prompt: list[int], response: list[int], padding: int) -> list[int]:
        return list(call(answer, [*prompt], [*response], 3, padding))

    given = labels([11, 12, 13], [21, 22], 2)
    for slip, diagnosis in _LABEL_SLIPS:
        if given == slip:
            raise Wrong(diagnosis)
    if len(given) != 8:
        tokens = "3 of the prompt, 2 of the response, 1 end, 2 of padding"
        raise Wrong(f"the row has 8 tokens ({tokens}). You return {len(given)} labels.")
    if given[:3] != _OFF * 3:
        raise Wrong("part of the prompt is learned: the model would practise asking questions.")
    if given[6:] != _OFF * 2:
        raise Wrong("the padding is learned: the model would practise filling up rows.")
    if given[3:6] != [21, 22, 3]:
        raise Wrong(f"response and end token need the labels 21, 22, 3. Yours are {given[3:6]}.")
    if labels([5, 6, 7], [6, 8], 0) != _OFF * 3 + [6, 8, 3]:
        raise Wrong("a token of the response that also stands in the prompt must still be learned.")
    if labels([5, 3, 7], [8, 3, 9], 1) != _OFF * 3 + [8, 3, 9, 3] + _OFF:
        raise Wrong("the end token's id may occur elsewhere in a row. Go by place, not by id.")
    return "The course goes by place as well, so it may pad with any token, even the end token."


_n = IGNORED  # short, for the tables below
_FAULTS = ("end masked", "prompt learned", "padding learned", "fine")
_GOOD_ROW = [_n, _n, 7, 8, 2]
_BATCHES = (  # labels, end token, the verdict, and the diagnosis for another verdict
    (
        [_GOOD_ROW, [_n, 9, 6, 5, 2]],
        2,
        "fine",
        "only answers and ends are learned here, so all is fine.",
    ),
    ([_GOOD_ROW, [_n, 9, 2, _n, _n]], 2, "fine", "a short row ends in padding, which is masked."),
    (
        [[_n, _n, 7, 8, _n], [_n, 9, _n, _n, _n]],
        2,
        "end masked",
        "no end is learned: this is the training in the lesson that did not stop.",
    ),
    (
        [_GOOD_ROW, [_n, 9, 2, 0, 0]],
        2,
        "padding learned",
        "look at every row, also after its end: the second learns two tokens of padding.",
    ),
    (
        [_GOOD_ROW, [_n, 9, 2, 2, 2]],
        2,
        "padding learned",
        "the end token may also be used as padding. The first 2 of a row is its end; any more are "
        "padding.",
    ),
    (
        [_GOOD_ROW, [4, 9, 2, _n, _n]],
        2,
        "prompt learned",
        "every row begins with its prompt. The second learns from its first token on.",
    ),
    (
        [_GOOD_ROW, [_n, 9, 6, _n, _n]],
        2,
        "end masked",
        "the second row has lost its end. The end of another row does not help it.",
    ),
    ([[_n, 7, 8, 0], [_n, 7, 0, _n]], 0, "fine", "the end token has the id 0 in this batch."),
    (
        [[_n, 2, 8, _n], [_n, 2, _n, _n]],
        0,
        "end masked",
        "the end is 0 here, not 2.",
    ),
)


def mask_fault(answer: LearnersFunction) -> str:
    """``answer(labels, end)`` names the fault of a batch's labels, or says that it is fine."""
    for labels, end, truth, diagnosis in _BATCHES:
        given = call(answer, [list(row) for row in labels], end)
        if given not in _FAULTS:
            raise Wrong(f"{given!r} is none of the four verdicts. Copy one of them from the card.")
        if given != truth:
            raise Wrong(f"{diagnosis} You say {given!r} for {labels} with the end {end}.")
    return (
        "This check takes a moment, and it can save a whole training. A loss curve tells less. A "
        "learned prompt and learned padding make it look better, because both are easy to guess; a "
        "masked end does not show in it at all."
    )
