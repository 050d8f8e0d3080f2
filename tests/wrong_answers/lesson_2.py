"""Wrong answers to the exercises of lesson 2, each with words its diagnosis must contain."""

import re

from helpers.similarity import rouge_l

WORDS = ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
RIVERS = "Name three rivers in Peru."


def _count(task, asked, items, nothing=None):
    """A filter that differs from the right one in what it searches for."""
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


def sift(texts, threshold, lost=True, reached=False):
    kept, gone = [], []
    for text in texts:
        score = max((rouge_l(text, other) for other in kept), default=0.0)
        (gone if score > threshold or (reached and score == threshold) else kept).append(text)
    return gone if lost else kept


WRONG = {
    "fates": [
        (["kept", "dropped", "kept"], "four words are needed"),
        (["kept", "cut", "kept", "cut"], "is either"),
        (["dropped", "dropped", "kept", "dropped"], "### is part of its answer"),
        (["kept", "kept", "kept", "dropped"], "nobody answers"),
        (["kept", "dropped", "dropped", "dropped"], "only a heading ends a task"),
        (["kept", "dropped", "kept", "kept"], "nobody can tell"),
    ],
    "wrong_count": [
        (says_true, "True is none"),
        (says_nothing, "says nothing"),
        (says_empty, "yours is ''"),
        (always_objects, "three came"),
        (counts_all_lines, "without numbered lines"),
        (letters_in_a_row, '"often"'),
        (any_number, "1950 is a year"),
        (numbers_inside, "inside an item"),
        (one_digit, "10. begins a line"),
        (too_few_only, "too many, not too few"),
        (small_letters, "capital"),
        (no_digits, "in digits"),
    ],
    "shared_words": [
        (lambda a, b: len(longest(a, b)), "how many"),
        (lambda a, b: set(a) & set(b), "yours is a set"),
        (intersection, "not words in common"),
        (lambda a, b: longest(a, b)[::-1], "back to front"),
        (in_one_piece, "between the shared ones"),
        (first_match, "bars the way"),
        (each_once, "shared twice"),
    ],
    "bill_for": [
        (lambda tasks, share, *rest: print(end=""), "returned None"),
        (lambda tasks, share, *rest: tasks * _one(*rest), "more requests than tasks"),
        (lambda tasks, share, *rest: tasks * share * _one(*rest), "divide by it"),
        (lambda tasks, share, *rest: tasks / share * _one(*rest) * 1e6, "a million tokens"),
        (lambda tasks, share, *rest: tasks / share * _one(*rest) * 1e3, "not for a thousand"),
        (lambda tasks, share, i, o, x, y: tasks / share * _one(i, o, y, x), "are exchanged"),
        (lambda tasks, share, i, o, x, y: tasks / share * _one(i, 0, x, y), "dearer part"),
        (lambda tasks, share, i, o, x, y: tasks / share * _one(0, o, x, y), "the prompt is paid"),
        (lambda tasks, share, *rest: _one(*rest), "a single request"),
        (lambda *case: 500, "One step at a time"),
    ],
    "missed_pair": [
        (RIVERS, "two texts are asked for"),
        ((RIVERS, "Name three large rivers in Peru."), "the filter sees it"),
        ((RIVERS, "Please name for me three of the rivers there are in Peru."), "same order"),
        ((RIVERS, "Plan a picnic for four people."), "different tasks"),
        ((RIVERS, "Peru in rivers three name."), "shaken up"),
        ((RIVERS, "Peruvian rivers, three?"), "too short"),
        (
            (RIVERS, f"{'We went on foot for days and met nobody at all. ' * 3}{RIVERS} Thanks."),
            "much longer",
        ),
    ],
    "lost_at": [
        (lambda texts, threshold: len(sift(texts, threshold)), "not how many"),
        (lambda texts, threshold: sift(texts, threshold, lost=False), "the texts kept"),
        (lambda texts, threshold: sift(texts, threshold, reached=True), "just the threshold"),
        (lambda texts, threshold: sift(texts, 0.7), "the threshold handed in"),
        (all_and_itself, "with itself"),
        (all_others, "was new when it came"),
        (all_later, "came first stays"),
        (the_last_only, "not only against the last"),
        (but_equal_ones, "loses nothing with you"),
        (all_earlier, "turns nobody away itself"),
    ],
}
