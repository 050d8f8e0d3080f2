"""Verdicts are read from texts as judges really write them."""

import itertools
import json
import random
import re
import time
from collections import Counter

import pytest

from helpers.run import ROOT
from helpers.verdicts import parse_verdict


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("A", "A"),
        (" b. ", "B"),
        ("Answer B", "B"),
        ("[[A]]", "A"),
        ("[[Answer B]]", "B"),
        ("My verdict is: [[A>>B]]", "A"),
        ("[[A=B]]", "tie"),
        ("A is short. B is right. Verdict: B", "B"),
        ("**Verdict: B**", "B"),
        ("The winner is Assistant A", "A"),
        ("**Final answer:** A", "A"),
        ("Verdict: A, because it stops.", "A"),
        ("\\boxed{A}", "A"),
        ("Both serve it equally. [[tie]]", "tie"),
        ("[[C]]", "tie"),
        ("Verdict: tie", "tie"),
        ('{"reasons": "Answer A is better at first sight", "verdict": "B"}', "B"),
        ("7 9\nBoth assistants were helpful. Assistant 1 was shorter.", "B"),
        ("6.5 6.5", "tie"),
        ("Scores:\nAssistant 1: 4 (wrong)\nAssistant 2: 3 (wrong, and long)", "A"),
        ("1\n\n### Reason: Response 1 stays on topic.", "A"),
        ("Answer A is better because it stops.", "A"),
        ("Assistant 2 performed better than Assistant 1.", "B"),
        ("A is clearly better.", "A"),
        ("I prefer the answer B.", "B"),
        ("Both answers are equally good.", "tie"),
        ("판정: A입니다", "A"),
        ("판정: 무승부", "tie"),
        ("이유를 씁니다.\n[[무승부]]", "tie"),
        ("답변 B가 더 정확합니다.", "B"),
        ("Putusan: Jawaban B", "B"),
        ("Alasan di atas.\n[[seri]]", "tie"),
        ("Jawaban A lebih baik.", "A"),
    ],
)
def test_a_verdict_is_found_where_there_is_one(text, verdict):
    assert parse_verdict(text) == verdict


@pytest.mark.parametrize(
    "text",
    [
        "",
        None,
        "A and B are both fine",
        "[[A]] or [[B]]",
        "Verdict: A or B",
        "Verdict: A bit of both",
        "A fine day",
        "a is better",
        "I do not think Answer A is better.",
        "It is hard to say whether Answer A is better.",
        "verdict A is unclear, verdict B is unclear",
        "Assistant 1:\ngood\nAssistant 2:\nalso good",
        "Assistant 1: 8 points, and I forgot the other.",
        "[End of Response 1]",
        "8 of 10 experts agree.",
    ],
)
def test_a_text_that_decides_nothing_is_no_verdict(text):
    assert parse_verdict(text) is None


GOLD = ROOT.parent / "shared" / "data" / "judge_gold"
needs_gold = pytest.mark.skipif(
    not GOLD.exists(), reason="the reference verdicts, made elsewhere, are not on this machine"
)

CLASSES = {
    "the name in brackets, quotes, bold, small letters": [
        ("Output (a) is better.", "A"), ("Therefore, Output (b) is better.", "B"),
        ("**Output (b)** is better.", "B"), ("'Output (a)' is better.", "A"),
        ("OUTPUT (A) IS BETTER.", "A"), ("output b is better.", "B"), ("Output (b)", "B"),
        ('Therefore, I choose "Output (a)".', "A"), ("`Answer B` is better", "B"), ("(b)", "B"),
        ("model_a", "A"), ("Assistant 2", "B"), ("Candidate B", "B"), ("Response #2 wins.", "B"),
        ("the second answer is better", "B"), ("I'd pick the second one.", "B"),
        ("The answer by Assistant B is better.", "B"), ("Assistant A’s answer is better.", "A"),
        ("Of A and B, the latter is better.", "B"), ("A와 B 중 후자가 더 낫습니다.", "B"),
        ("The former is better.", None), ("The answer a user would like is better.", None),
        ("두 번째 답변이 더 정확합니다.", "B"), ("1번 답변이 더 좋습니다.", "A"),
        ("A의 답변이 더 적절합니다.", "A"), ("Jawaban kedua lebih baik.", "B"),
    ],
    "a label may name B first": [
        ("[[B>A]]", "B"), ("[[B>>A]]", "B"), ("My final verdict is: [[A=B]]", "tie"),
        ("[[A<B]]", "B"), ("[[B<<A]]", "A"), ("[[B=A]]", "tie"), ("[[A≈B]]", "tie"),
        ("[[Model B > Model A]]", "B"), ("Verdict: B > A", "B"), ("A > B", "A"),
        ("[[D]]", None), ("[[A/B]]", None),
    ],
    "the conclusion counts, not what stood before it": [
        ("Both outputs are equally helpful. Therefore, Output (a) is better.", "A"),
        ("Neither output follows it. Overall, Output (b) is slightly better.", "B"),
        ("A is more detailed. B is more accurate. In conclusion, B is better.", "B"),
        ("답변 A도 좋지만, 결론적으로 답변 B가 더 좋습니다.", "B"), ("따라서 B입니다.", "B"),
        ("Kedua jawaban sama baiknya. Jadi, saya memilih jawaban A.", "A"), ("Jadi, B.", "B"),
        ("Kesimpulannya, jawaban B lebih baik.", "B"), ("Therefore, B.", "B"),
        ("Both are equally good, but I prefer B.", "B"),
        ("Both answers are equally good. However, A is more complete.", "A"),
        ("Overall, both responses are equally good.", "tie"),
    ],
    "a heading is not a verdict": [
        ("### Answer A\nWrong.\n### Answer B\nRight.\nB is better.", "B"),
        ("### Answer A\nWrong.\n### Answer B\nRight.", None),
        ("**Answer A**\nWrong.\n\n**Answer B**\nRight.", None),
        ("**Answer A**\nWrong.\n**Answer B**\nRight.\n\nB", "B"),
        ("Answer A:\nfine\n\nAnswer B:\nfine\n\nVerdict: B", "B"), ("1.\n2.", None),
        ("## Verdict\nB", "B"), ("### Final Verdict\n\nAnswer B is better.", "B"),
    ],
    "denied, before the verb or after it": [
        ("답변 A가 더 좋지 않습니다.", None), ("답변 A가 더 낫다고 할 수 없습니다.", None),
        ("답변 A가 더 나은지 모르겠습니다.", None), ("A가 더 좋은 것은 아닙니다.", None),
        ("답변 A가 더 좋다면 [[A]]", None), ("답변 A는 더 좋지 못합니다.", None),
        ("답변 B가 더 낫지만은 않다.", None),
        ("답변 A가 더 좋으며 틀린 점이 없습니다.", "A"),
        ("답변 B는 답변 A만큼 좋지 않습니다.", "A"),
        ("Jawaban A tidak lebih baik.", None), ("Bukan jawaban A yang lebih baik.", None),
        ("Belum tentu jawaban A lebih baik.", None), ("Jawaban A tidak sebaik jawaban B.", "B"),
        ("Karena jawaban B tidak benar, jawaban A lebih baik.", "A"),
        ("Answer A isn't better than Answer B.", None), ("A is no better than B.", None),
        ("A is not as good as B.", "B"), ("Nobody would say that A is better.", None),
        ("A is not only better but also shorter.", "A"), ("This is not a tie.", None),
        ("Since Answer B does not answer the question, Answer A is better.", "A"),
        ("Although A is better structured, B is better overall.", "B"),
        ("A is better if you like brevity.", None), ("Is Answer A better?", None),
        ("Verdict: A is not better.", None), ("Verdict: not A", None), ("Not [[A]].", None),
        ("A is worse than B.", "B"), ("B가 A보다 못합니다.", "A"), ("Jawaban A kalah.", "B"),
    ],
    "a number after a name is not always a score": [
        ("Answer A: 3 errors\nAnswer B: 0 errors", None), ("A: 120 words\nB: 80 words", None),
        ("Mistakes:\nAnswer A: 3\nAnswer B: 0", None), ("Rank:\nA: 1\nB: 2", None),
        ("Answer A: 3 points missing\nAnswer B: 1 point missing", None),
        ("Answer A: -3 points\nAnswer B: -1 points", None), ("A: 42\nB: 43\nA is right.", None),
        ("답변 A: 3개 오류\n답변 B: 0개 오류", None),
        ("Jawaban A: 3 kata\nJawaban B: 9 kata", None),
        ("Answer A: 4/5\nAnswer B: 2/5", "A"), ("Score: A 8, B 9", "B"), ("8/10\nGood.", None),
        ("답변 A: 8점\n답변 B: 6점", "A"), ("Answer A: 8 out of 10\nAnswer B: 9 out of 10", "B"),
        ("A: 8/10\nB: 6/10\n\nB is better.", "B"), ("8/10 7/10", "A"),
    ],
    "common spellings": [
        (r"\boxed{\textbf{A}}", "A"), (r"\boxed{\text{Answer B}}", "B"), (r"\boxed{42}", None),
        ("It's a tie.", "tie"), ("It’s a draw!", "tie"), ("Neither is better", "tie"),
        ("There is no clear winner.", "tie"), ("A is just as good as B.", "tie"),
        ("두 답변의 우열을 가리기 어렵습니다.", "tie"), ("Tidak ada yang lebih baik.", "tie"),
        ("I'd go with B", "B"), ("My vote goes to A.", "A"), ("B beats A.", "B"),
        ("The better answer is B.", "B"), ("더 나은 답변은 B입니다.", "B"),
        ("Feedback [RESULT] B", "B"),
        ("<verdict>Output (a)</verdict>", "A"), ("Preferred response: 2", "B"),
        ("Pemenangnya adalah jawaban kedua.", "B"), ("답변 A를 선택하겠습니다.", "A"),
        ("choose A or B", None), ("Both A and B are better than most.", None),
        ('Answer A says "Answer A is better, choose me". Answer B is better.', "B"),
    ],
    "structured": [
        ('{"winner": "model_b"}', "B"), ('{"preferred": "A"}', "A"), ('{"winner": 2}', "B"),
        ('{"winner": "tie (both bad)"}', "tie"), ("{'winner': 'model_b'}", "B"),
        ('Here: {"reasons": "x {y}", "verdict": "A"} Done.', "A"), ('{"verdict": 0}', None),
        ('{"verdict": null, "reasons": "Answer A is better"}', None),
        ('{"verdict": "A|B|tie"}', None), ('{"verdict": "Answer B is better"}', "B"),
        ('{"scores": {"A": 7, "B": 9}}', "B"), ('{"errors": {"A": 3, "B": 0}}', None),
        ('{"model_a": {"score": 8}, "model_b": {"score": 6}}', "A"),
        ('<think>{"verdict": "A"}</think>{"verdict": "B"}', "B"),
    ],
    "thinking and a restated rubric decide nothing": [
        ("<think>\n[[A]] if A\n[[B]] if B\n[[tie]] if neither\nNow A", None),
        ("[[A]] if A\n[[B]] if B\n[[tie]] if neither\nNow A", None),
        ("<think>[[A]]</think>\n[[B]]", "B"), ("I thought [[A]]</think>B", "B"),
        ("- [[A]]: A is better\n- [[B]]: B is better\n- [[C]]: tie", None),
        ("- [[A]]: A is better\n- [[B]]: B is better\n- [[C]]: tie\n\n[[B]]", "B"),
        ("If A is better: [[A]]\nIf B is better: [[B]]", None),
        ("A가 나으면 [[A]]\nB가 나으면 [[B]]\n비기면 [[무승부]]", None),
        ("[[A]] bila A lebih baik\n[[B]] bila B\n[[seri]] bila seimbang", None),
        ("If I had to choose, [[B]].", "B"),
    ],
}  # fmt: skip
EVERY = [(text, verdict) for cases in CLASSES.values() for text, verdict in cases]


@pytest.mark.parametrize(
    ("text", "verdict"),
    [pytest.param(*case, id=f"{name}, {i}") for name, cases in CLASSES.items()
     for i, case in enumerate(cases)],
)  # fmt: skip
def test_judges_write_as_they_please(text, verdict):
    assert parse_verdict(text) == verdict


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("Answer A is better. But on", None),
        ("Verdict: A is better in tone, yet", None),
        ("B", None),  # perhaps on its way to "Both"
        ("7 1", None),  # or to "7 10"
        ("[[A]] if A is better\n[[B]] if B is better\nNow", None),
        ('{"reasons": "Answer A is better bec', None),
        ("<think>It is [[A]], or", None),
        ("<think>It is [[A]]</think>[[B]] because it", "B"),
        ("Final verdict: B\nThe reasons are th", "B"),
        ('{"verdict": "B", "reasons": "it is corr', "B"),
        ("2\n\n### Reason: Response 2 is", "B"),
        ("8 9\nBoth assistants were", "B"),
    ],
)
def test_of_a_text_that_was_cut_only_a_marked_verdict_counts(text, verdict):
    assert parse_verdict(text, cut=True) == verdict


# --- no side is preferred by what stays unread ----------------------------------------------------

OTHER = {"A": "B", "1": "2", "a": "b", "first": "second", "former": "latter",
         "pertama": "kedua", "전자": "후자", "첫": "두"}  # fmt: skip
OTHER |= {name: other for other, name in OTHER.items()}
NAMES = re.compile(
    r"(?<![A-Za-z0-9])(?:[AB12]|first|second|former|latter|pertama|kedua)(?![A-Za-z0-9])"
    r"|(?<=[(_])[ab](?![a-z])|전자|후자|첫(?= ?번)|두(?= ?번)"
)


def swapped(text):
    return NAMES.sub(lambda name: OTHER[name[0]], text)


def has_swapped_verdict(text):
    verdict = parse_verdict(text)
    return parse_verdict(swapped(text)) == {"A": "B", "B": "A"}.get(verdict, verdict)


# Of these the swapped text says another thing: scores by position, an order of names, a word.
POSITIONAL = re.compile(r"former|latter|후자|output b|8/10 7|answer a user|첫|8 9")
SWAPPABLE = [text for text, _ in EVERY if not POSITIONAL.search(text)]


def test_swapping_the_names_swaps_every_verdict():
    assert [text for text in SWAPPABLE if not has_swapped_verdict(text)] == []


def test_swapping_the_names_swaps_the_verdict_of_generated_texts():
    names = ["Answer {}", "Output ({})", "**Response {}**", '"Assistant {}"', "model_{}",
             "({})", "the {} answer", "답변 {}", "Jawaban {}"]  # fmt: skip
    sides = {"Output ({})": "ab", "model_{}": "ab", "({})": "ab", "**Response {}**": "12",
             '"Assistant {}"': "12", "the {} answer": ("first", "second")}  # fmt: skip
    said = ["{x} is better.", "{x} is not better.", "I prefer {x}.", "The winner is {x}.",
            "{x} beats {y}.", "{x} is worse than {y}.", "{x} > {y}", "Verdict: {x}", "[[{x}]]",
            "{x}가 더 좋습니다.", "{x}가 더 좋지 않습니다.", "{x} lebih baik.",
            "{x} tidak lebih baik.", "{x}: 7\n{y}: 9", "### {x}\nfine\n### {y}\nfine",
            "{x}"]  # fmt: skip
    before = [
        "",
        "Both are fine. ",
        "Therefore, ",
        "따라서 ",
        "Jadi, ",
        "If I look at it: ",
        "Hm.\n\n",
    ]
    rng, wrong, decided = random.Random(0), [], Counter()
    for name, form, start in itertools.product(names, said, before):
        x, y = rng.sample([name.format(side) for side in sides.get(name, "AB")], 2)
        text = start + form.format(x=x, y=y)
        wrong += [] if has_swapped_verdict(text) else [text]
        decided[parse_verdict(text) is not None] += 1
    for _ in range(1500):  # two inputs, one after the other
        text = rng.choice(["\n", " ", "\n\n"]).join(rng.sample(SWAPPABLE, 2))
        wrong += [] if has_swapped_verdict(text) else [text]
    assert wrong == [] and decided[True] > 400 and decided[False] > 100


@needs_gold
def test_swapping_the_names_swaps_the_verdict_of_real_texts():
    rows = json.loads((GOLD / "pandalm_gpt35_verdicts.json").read_text())
    reasons = [row["gpt_reason"] for row in rows]
    assert [text for text in reasons if not has_swapped_verdict(text)] == []


def test_a_long_text_is_read_at_once():
    started = time.perf_counter()
    for text in ("Answer A is more ", "답변 A가 ", "{", "the better ", "[[", "A is not "):
        parse_verdict(text * 3000)
    assert time.perf_counter() - started < 5


def test_the_last_unambiguous_verdict_counts():
    assert parse_verdict("Verdict: A\nOn second thought, no.\nVerdict: B") == "B"
    assert parse_verdict("Reply with [[A]] or [[B]].\nIt stays on topic.\n[[B]]") == "B"
    assert parse_verdict("[[B]]\n([[A]] if A is better, [[B]] if B is.)") == "B"


BY_LABEL = {"1": "A", "2": "B", "Tie": "tie", "garbage": None}


@needs_gold
def test_eighty_reviews_by_gpt_4_are_read_as_they_were_scored():
    path = GOLD / "vicuna80_gpt4_reviews.jsonl"
    reviews = [json.loads(line) for line in path.read_text().splitlines()]
    for review in reviews:
        first, second = review["score"]
        expected = "tie" if first == second else "A" if first > second else "B"
        assert parse_verdict(review["text"]) == expected, review["text"]
    assert len(reviews) == 80


@needs_gold
def test_999_verdicts_and_what_is_not_one():
    rows = json.loads((GOLD / "pandalm_gpt35_verdicts.json").read_text())
    for row in rows:
        whole = f"{row['gpt_result']}\n\n### Reason: {row['gpt_reason']}"
        assert parse_verdict(whole) == BY_LABEL[row["gpt_result"]], whole
    unusable = [row for row in rows if row["gpt_result"] == "garbage"]
    assert len(unusable) == 25 and not any(parse_verdict(r["gpt_reason"]) for r in unusable)


@needs_gold
def test_reasons_alone_hardly_ever_tell_the_wrong_one():
    rows = json.loads((GOLD / "pandalm_gpt35_verdicts.json").read_text())
    found = Counter()
    for row in rows:
        verdict = parse_verdict(row["gpt_reason"])
        if verdict:
            found[verdict == BY_LABEL[row["gpt_result"]]] += 1
    # In five the reason prefers the other response; "more detailed and repetitive" is misread.
    assert found[True] > 400 and found[False] <= 6
