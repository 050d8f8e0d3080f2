"""Wrong answers to the exercises of lesson 2, each with words its diagnosis must contain."""

import re

from helpers.similarity import rouge_l

WORDS = ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
RIVERS = "Name three rivers in Peru."


def _count(task, asked, items, nothing=None):
    """A filter with the regular expressions ``asked`` for the number and ``items`` for the list."""
    number = re.search(asked, task["instruction"])
    if not number:
        return nothing
    word = number[0].lower()
    number = int(word) if word.isdigit() else WORDS.index(word) + 2
    found = len(re.findall(items, task["output"]))
    return f"asked for {number}, gave {found}" if found and found != number else nothing


WHOLE_WORDS = rf"(?i)\b([2-9]|10|{'|'.join(WORDS)})\b"
LINES = r"(?m)^\d+\."


def says_true(task):
    return bool(_count(task, WHOLE_WORDS, LINES))


def says_nothing(task):
    return None


def says_empty(task):
    return _count(task, WHOLE_WORDS, LINES, nothing="")


def always_objects(task):
    return "wrong count"


def counts_all_lines(task):
    asked = re.search(WHOLE_WORDS, task["instruction"])
    if not asked:
        return None
    number = int(asked[0]) if asked[0].isdigit() else WORDS.index(asked[0].lower()) + 2
    return None if len(task["output"].splitlines()) == number else "wrong count"


def letters_in_a_row(task):
    return _count(task, "|".join(WORDS), LINES)


def any_number(task):
    return _count(task, rf"(?i)\b(\d+|{'|'.join(WORDS)})\b", LINES)


def numbers_inside(task):
    return _count(task, WHOLE_WORDS, r"\d+\.")


def one_digit(task):
    return _count(task, WHOLE_WORDS, r"(?m)^\d\.")


def too_few_only(task):
    found = _count(task, WHOLE_WORDS, LINES)
    return None if found and "for two, gave" in found.replace("for 2,", "for two,") else found


def small_letters(task):
    return _count(task, WHOLE_WORDS.removeprefix("(?i)"), LINES)


def no_digits(task):
    return _count(task, rf"(?i)\b({'|'.join(WORDS)})\b", LINES)


def intersection(a, b):
    return [word for word in a if word in b]


def first_match(a, b):
    found, rest = [], list(b)
    for word in a:
        if word in rest:
            found.append(word)
            rest = rest[rest.index(word) + 1 :]
    return found


def in_one_piece(a, b):
    runs = [a[i:j] for i in range(len(a)) for j in range(i, len(a) + 1)]
    return max((run for run in runs if f" {' '.join(run)} " in f" {' '.join(b)} "), key=len)


def longest(a, b):
    grid = [[[] for _ in range(len(b) + 1)] for _ in range(len(a) + 1)]
    for i, word in enumerate(a):
        for j, other in enumerate(b):
            more = [*grid[i][j], word]
            grid[i + 1][j + 1] = (
                more if word == other else max(grid[i][j + 1], grid[i + 1][j], key=len)
            )
    return grid[-1][-1]


def each_once(a, b):
    return list(dict.fromkeys(longest(a, b)))


def _one(tokens_in, tokens_out, price_in, price_out):
    return (tokens_in * price_in + tokens_out * price_out) / 1_000_000


def all_earlier(texts, threshold):
    return [
        text
        for i, text in enumerate(texts)
        if any(rouge_l(text, other) > threshold for other in texts[:i])
    ]


def all_others(texts, threshold):
    return [
        text
        for i, text in enumerate(texts)
        if any(rouge_l(text, other) > threshold for other in texts[:i] + texts[i + 1 :])
    ]


def all_and_itself(texts, threshold):
    return [text for text in texts if any(rouge_l(text, other) > threshold for other in texts)]


def all_later(texts, threshold):
    return [
        text
        for i, text in enumerate(texts)
        if any(rouge_l(text, other) > threshold for other in texts[i + 1 :])
    ]


def the_last_only(texts, threshold):
    return [text for i, text in enumerate(texts) if i and rouge_l(text, texts[i - 1]) > threshold]


def but_equal_ones(texts, threshold):
    return [
        text
        for i, text in enumerate(texts)
        if any(rouge_l(text, other) > threshold for other in texts[:i] if other != text)
    ]


def novelty_filter(texts, threshold, lost=True, reached=False):
    """The lost texts, or the kept ones; with ``reached``, equal to the threshold is lost too."""
    kept, rejected = [], []
    for text in texts:
        score = max((rouge_l(text, other) for other in kept), default=0.0)
        (rejected if score > threshold or (reached and score == threshold) else kept).append(text)
    return rejected if lost else kept


WRONG = {
    "fates": [
        (["kept", "dropped", "kept"], "Give four words"),
        (["kept", "cut", "kept", "cut"], "spelt like this"),
        (["dropped", "dropped", "kept", "dropped"], "### is part of its answer"),
        (["kept", "kept", "kept", "dropped"], "it has no answer"),
        (["kept", "dropped", "dropped", "dropped"], "Only a heading ends a task"),
        (["kept", "dropped", "kept", "kept"], "may be incomplete"),
    ],
    "wrong_count": [
        (says_true, "True is not a reason"),
        (says_nothing, "says nothing"),
        (says_empty, "Yours is ''"),
        (always_objects, "three were named, but"),
        (counts_all_lines, "without numbered lines"),
        (letters_in_a_row, '"often"'),
        (any_number, "1950 is a year"),
        (numbers_inside, "inside an item"),
        (one_digit, 'begins "10."'),
        (too_few_only, "too many is wrong"),
        (small_letters, "capital"),
        (no_digits, "in digits"),
    ],
    "shared_words": [
        (lambda a, b: len(longest(a, b)), "says how many"),
        (lambda a, b: set(a) & set(b), "Yours is a set"),
        (intersection, "not words in common"),
        (lambda a, b: longest(a, b)[::-1], "in reverse order"),
        (in_one_piece, "between the shared ones"),
        (first_match, "you miss the longer"),
        (each_once, "shared twice"),
    ],
    "bill_for": [
        (lambda tasks, share, *rest: print(end=""), "returned None"),
        (lambda tasks, share, *rest: tasks * _one(*rest), "more requests than tasks"),
        (lambda tasks, share, *rest: tasks * share * _one(*rest), "divide by it"),
        (lambda tasks, share, *rest: tasks / share * _one(*rest) * 1e6, "a million tokens"),
        (lambda tasks, share, *rest: tasks / share * _one(*rest) * 1e3, "not for a thousand"),
        (
            lambda tasks, share, i, o, x, y: tasks / share * _one(i, o, y, x),
            "swapped the two prices",
        ),
        (
            lambda tasks, share, i, o, x, y: tasks / share * _one(i, 0, x, y),
            "that the teacher writes are missing",
        ),
        (
            lambda tasks, share, i, o, x, y: tasks / share * _one(0, o, x, y),
            "You pay for the prompt",
        ),
        (lambda tasks, share, *rest: _one(*rest), "a single request"),
        (lambda *case: 500, "one step at a time"),
    ],
    "missed_pair": [
        (RIVERS, "the answer is two texts"),
        ((RIVERS, "Name three large rivers in Peru."), "the filter finds it"),
        ((RIVERS, "Please name for me three of the rivers there are in Peru."), "same order"),
        ((RIVERS, "Plan a picnic for four people."), "different tasks"),
        ((RIVERS, "Peru in rivers three name."), "in another order"),
        ((RIVERS, "Peruvian rivers, three?"), "too short"),
        (
            (RIVERS, f"{'We went on foot for days and met nobody at all. ' * 3}{RIVERS} Thanks."),
            "much longer",
        ),
    ],
    "lost_at": [
        (lambda texts, threshold: len(novelty_filter(texts, threshold)), "not their number"),
        (
            lambda texts, threshold: novelty_filter(texts, threshold, lost=False),
            "the texts that are kept",
        ),
        (
            lambda texts, threshold: novelty_filter(texts, threshold, reached=True),
            "equal to the threshold",
        ),
        (
            lambda texts, threshold: novelty_filter(texts, 0.7),
            "the threshold that your function is given",
        ),
        (all_and_itself, "with itself"),
        (all_others, "was new when it came"),
        (all_later, "came first is kept"),
        (the_last_only, "not only with the last"),
        (but_equal_ones, "the copy of a text is not lost"),
        (all_earlier, "a lost text rejects no other"),
    ],
}
