"""Reading verdicts and grades from texts as judges write them."""

import itertools
import json
import random
import re
import time
from collections import Counter

import pytest

from helpers.evaluation.verdict_parser.grades import parse_grade
from helpers.evaluation.verdict_parser.verdict import parse_verdict
from helpers.run import ROOT


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
def test_an_undecided_text_has_no_verdict(text):
    assert parse_verdict(text) is None


GOLD = ROOT.parent / "shared" / "data" / "judge_gold"
needs_gold = pytest.mark.skipif(
    not GOLD.exists(), reason="the reference verdicts are not on this machine"
)

CLASSES = {
    "the name in brackets, quotes, bold, lower case": [
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
    "a label that names B first": [
        ("[[B>A]]", "B"), ("[[B>>A]]", "B"), ("My final verdict is: [[A=B]]", "tie"),
        ("[[A<B]]", "B"), ("[[B<<A]]", "A"), ("[[B=A]]", "tie"), ("[[A≈B]]", "tie"),
        ("[[Model B > Model A]]", "B"), ("Verdict: B > A", "B"), ("A > B", "A"),
        ("[[D]]", None), ("[[A/B]]", None),
    ],
    "the conclusion counts, not what precedes it": [
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
# Texts that were misread once, and variants of each: (text, verdict).
ARENA_HARD = (
    "1. Assistant A is significantly better: [[A>>B]]\n"
    "2. Assistant A is slightly better: [[A>B]]\n3. Tie, relatively the same: [[A=B]]\n"
    "4. Assistant B is slightly better: [[B>A]]\n5. Assistant B is significantly better: [[B>>A]]"
)
MISREAD = {
    "1 and 2 in mathematics are not names": [
        (r"Answer A ends with \boxed{2}, which is right. Answer A is better.", "A"),
        ("Both give \\boxed{1}.\nB is better.", "B"),
        ("[[A]]\nAnswer B gives \\boxed{2}.", "A"), ("[[B]]\nAnswer A gives \\boxed{1}.", "B"),
        (r"The sum is \boxed{2}. Therefore A is right. [[A]]", "A"),
        ("The correct final answer is 2.\n\nAnswer A gets it. Answer A is better.", "A"),
        ("The result: 2\nAnswer A gives 2. Answer A is better.", "A"),
        ("The result: 1\nAnswer B gives 1. Answer B is better.", "B"),
        ("Both answers reach the conclusion: 1", None),
        ("Both answers reach the same result: 2", None),
        ("[[A]]\nThe correct result is 2.", "A"), ("Verdict: [[B]]. The right result: 1", "B"),
        ("<verdict>A</verdict>\nReason: the final answer is 2.", "A"),
        ("<winner>B</winner>\nReason: the result is 1.", "B"),
        ("Response A's final answer: 2\nResponse B's final answer: 1", None),
        ("Response A's answer: 1\nResponse B's answer: 2", None),
        ('Answer B printed {"result": 2}.\n[[A]]', "A"),
        ('Both return {"answer": 1}. Answer B is better.', "B"),
        ('Both return {"answer": 1}.', None), ("The reference answer is 2.", None),
        ('{"verdict": "A"}\nThe result {"answer": 2} in B is wrong.', "A"),
        ('{"winner": "B"}\n{"answer": 1}', "B"),
        ('Answer A contains the JSON {"choice": "B"}.\n\nVerdict: A', "A"),
        ('Answer B printed:\n{"verdict": "A"}\n\nVerdict: B', "B"),
        ("1 + 1 = 2.\nThe final answer is 2.\nAnswer A says so.", None),
        ("The correct option is B. Answer A chose it. Answer A is better.", "A"),
        ("The correct answer is \\boxed{B}.\nResponse A is better.", "A"),
        (r"\boxed{2}", "B"), ("Final answer: 2", "B"), ('{"answer": 2}', "B"), ("Result: 1", "A"),
        ("Final answer: 2.", "B"), ('{"result": "1"}', "A"), ("Winner: 2", "B"),
        ("정답은 2입니다. 답변 A가 더 좋습니다.", "A"),
        ("Hasil yang benar: 2\nJawaban A lebih baik.", "A"),
    ],
    "a quality does not outrank a whole statement": [
        ("A is better than B, but B is more concise.", "A"),
        ("Overall A is better, but B is more creative.", "A"),
        ("I choose A, but B is more readable.", "A"),
        ("A is better, yet B is more detailed.", "A"), ("B is better, yet A is clearer.", "B"),
        ("답변 A가 더 낫지만 답변 B가 더 자세합니다.", "A"),
        ("Jawaban A lebih baik, tetapi jawaban B lebih lengkap.", "A"),
        ("A is more concise, but B is better", "B"), ("B wins, though A is shorter.", "B"),
        ("답변 B가 더 간결하지만 답변 A가 더 낫습니다.", "A"),
        ("A is more detailed, but B answers the question.", None),
    ],
    "one criterion is not a verdict": [
        ("Correctness: A is better.\nStyle: B is better.\nOverall: tie", "tie"),
        ("Accuracy: A wins.\nClarity: B wins.\nOverall: draw.", "tie"),
        ("Accuracy: B wins.\nClarity: A wins.\nOverall: B", "B"),
        ("A is better than B in style. Final: tie.", "tie"), ("Final: B", "B"),
        ("In terms of accuracy, A is better. In terms of style, B is better.", None),
        ("In terms of accuracy, A is better. In terms of style, B is better. "
         "Since accuracy matters most, A.", "A"),
        ("A is better in accuracy. B is better in style.", None),
        ("A wins on accuracy.\nB wins on style.", None),
        ("## Accuracy\nA is better.\n## Style\nB is better.", None),
        ("## Accuracy\nA is better.\n## Style\nB is better.\n## Overall\nA is better.", "A"),
        ("**Style**: B is better.\n**Accuracy**: A is better.\n\nTherefore, A is better.", "A"),
        ("정확성: 답변 A가 더 좋습니다.\n문체: 답변 B가 더 좋습니다.\n종합: 무승부", "tie"),
        ("Akurasi: jawaban A lebih baik.\nGaya: jawaban B lebih baik.", None),
        ('{"style": {"winner": "A"}, "facts": {"winner": "B"}}', None),
        ('{"style": {"winner": "B"}, "facts": {"winner": "B"}}', "B"),
        ('{"overall": {"winner": "B"}, "style": {"winner": "A"}}', "B"),
        ('{"style": {"winner": "A"}, "final": {"winner": "B"}}', "B"),
        ('{"accuracy": {"A": 7, "B": 9}, "style": {"A": 9, "B": 5}}', None),
        ('{"criterion": "facts", "winner": "A"}\n{"criterion": "style", "winner": "B"}', None),
    ],
    "a restated rubric with labels at the line ends": [
        ("A better: [[A]]\nB better: [[B]]\nneither: [[tie]]", None),
        ("B better: [[B]]\nA better: [[A]]", None),
        ("A better: [[A]]\nB better: [[B]]\nneither: [[tie]]\n\n[[B]]", "B"),
        ("A better: [[A]]\nB better: [[B]]\nneither: [[tie]]\nVerdict: [[A]]", "A"),
        ("* Answer A better: [[A]]\n* Answer B better: [[B]]\n* Equal: [[tie]]\nI compare now.",
         None),
        ("Possible verdicts:\n[[A]]\n[[B]]\n[[tie]]", None),
        ("Possible verdicts:\n[[A]]\n[[B]]\n[[tie]]\n\nA is wrong.\n[[B]]", "B"),
        (ARENA_HARD, None), (ARENA_HARD + "\n\nMy final verdict is: [[A>B]]", "A"),
        (ARENA_HARD + "\nMy final verdict is tie: [[A=B]]", "tie"),
        ("Label [[A]] denotes that A wins.\nLabel [[B]] denotes that B wins.", None),
        ("A better -> [[A]]\n\nB better -> [[B]]\n\nA is wrong. [[B]]", "B"),
        ("A가 나을 때: [[A]]\nB가 나을 때: [[B]]\n비길 때: [[무승부]]", None),
        ("Jawaban A lebih baik: [[A]]\nJawaban B lebih baik: [[B]]\nseimbang: [[seri]]", None),
        ("I should end with one line: [[A]]", None), ("The last line must be [[B]].", None),
        ("Correctness: [[A]]\nStyle: [[B]]\nOverall: [[tie]]", "tie"),
    ],
    "a heading followed by a description": [
        ("Conclusion: A, which cites sources, is worse than B.", "B"),
        ("Conclusion: B, though it is long, is better.", "B"),
        ("Final decision: A, despite its length, is worse.", "B"),
        ("Verdict: A: good, B: bad", None), ("Verdict: B: good; A: bad", None),
        ("Decision: A - incomplete; B - complete", None),
        ("Result: A: fail. B: pass.", None), ("Result A: 5, Result B: 6", None),
        ("Verdict: A (wrong), B (right)", None), ("Verdict: A – wrong", None),
        ("Verdict: A, because B is wrong.", "A"), ("Verdict: B - it is complete.", "B"),
        ("Verdict: B (A is wrong)", "B"), ("Verdict: B, clearly.", "B"),
        ("Answer A is better. [[tie]] is not warranted.", "A"),
        ("[[A]] is wrong here.", None), ("I reject [[A]].", None), ("I ruled out [[B]].", None),
        ("Not [[A]], but [[B]].", "B"), ("[[A]], not [[B]].", "A"), ("[[A]] over [[B]]", "A"),
        ("[[B]] would be too harsh.", None), ("[[B]] is my verdict.", "B"),
    ],
    "numbers that are not scores": [
        *[(text, None) for text in (
            "Hallucinations: A: 3, B: 1", "Omissions\n- Answer A: 2\n- Answer B: 0",
            "Bugs: A: 3; B: 1", "Violations: A = 2, B = 0", "Verbosity: A: 5, B: 2",
            "Facts wrong — A: 3, B: 1", "오답 수\nA: 3\nB: 1", "문제점: A: 3, B: 1",
            "Kekurangan: A: 3, B: 1", "Answer A: 5\nAnswer B: 3\n(number of errors)",
            "A: 3 (bugs)\nB: 1 (bugs)", "Answer A: 3\nAnswer B: 4\n\nThe correct answer is 4.",
            '{"hallucinations": {"A": 3, "B": 1}}', '{"violations": {"A": 2, "B": 0}}',
            '{"position": {"A": 1, "B": 2}}', "Contradictions:\nA: 1\nB: 4",
            "Repetitions\n\nA: 1\nB: 4", "## Gaps\nA: 4/5\nB: 1/5", "Steps: A: 4, B: 9",
            '{"bugs": {"model_a": 2, "model_b": 5}}', "Warnings: A 3, B 1",
            "Answer A: 3\nAnswer B: 1\nFewer is better.", '{"A": 3, "B": 1, "unit": "bugs"}')],
        ("A: 7\nB: 9", "B"), ("Overall quality: A: 7, B: 5", "A"),
        ("Rating\n- Answer A: 6\n- Answer B: 8", "B"), ('{"A": 7, "B": 9}', "B"),
        ('{"overall": {"A": 7, "B": 9}}', "B"), ("종합 점수: A: 7, B: 9", "B"),
    ],
    "reported, hedged and denied": [
        *[(text, None) for text in (
            "I see no reason why A is better.", "There's no reason to prefer A over B.",
            "Nothing suggests that A is better.", "I disagree that A is better.",
            "It is false that A is better.", "It would be wrong to say that A is better.",
            "Answer A says B is better, which is true.", 'Answer A: "B is better"',
            "Some reviewers say A is better, others B.", "Perhaps A is better.",
            "Explain why A is better.", "A is better suited to beginners, B to experts.",
            "A is better than expected.", "B is better than nothing.",
            "Assistant A chose A, Assistant B chose B.", "Maybe B is better.",
            "It is unlikely that B is better.", "No evidence shows that B is better.",
            "Answer B claims that B wins.", "According to Answer B, A is better.",
            "Critics say that B wins.", "It is untrue that B is better.", 'A: "A wins"',
            "B is better for beginners.", "A is better than average.", "Response B prefers A.",
            "Suppose B is better.", "Possibly A wins.", "I refuse to say that B is better.",
            "답변 A는 답변 B가 더 낫다고 주장합니다.", "아마 답변 A가 더 나을 것입니다.",
            "Mungkin jawaban A lebih baik.", "Menurut jawaban A, jawaban B lebih baik.")],
        ("I initially thought A was better, but B is.", "B"),
        ("Originally I thought B was better, but A is.", "A"),
        ("답변 A가 더 자세하지만, 요청에 맞는 것은 답변 B입니다.", "B"),
        ("I would say that A is better.", "A"), ("I think B is better.", "B"),
        ("I believe that A is better.", "A"), ("There is no doubt that B is better.", "B"),
        ("I'd argue B is better.", "B"), ("For this reason A is better.", "A"),
    ],
    "other clear verdicts": [
        ("A is the clear winner.", "A"), ("Response B is my preferred answer.", "B"),
        ("I find Response B better.", "B"), ("I consider B the better answer.", "B"),
        ("B has a slight edge.", "B"), ("B is slightly ahead.", "B"),
        ("I rank B higher than A.", "B"), ("The weaker response is B.", "A"),
        ("The worse answer is A.", "B"), ("Which is better? B.", "B"), ("I'd say B.", "B"),
        ("My answer is B.", "B"), ("Vote: B", "B"), ("B입니다.", "B"), ("[[Winner: A]]", "A"),
        ("[[A]] > [[B]]", "A"), ("[[A]] < [[B]]", "B"), ("B</s>", "B"), ("A<|endoftext|>", "A"),
        ("[[B]]<|im_end|>", "B"), ('{"winner": "Response A (slightly)"}', "A"),
        ('{"score_a": "7/10", "score_b": "9/10"}', "B"), ("A's score: 7\nB's score: 9", "B"),
        ("Total: A 14, B 16", "B"), ("Jawaban A kurang baik dibandingkan jawaban B.", "B"),
        ("A is correct. B is wrong.", "A"), ("A is incorrect, B is right.", "B"),
        ("Definitely B.", "B"), ("Both", "tie"), ("Neither.", "tie"),
        ("A is correct. B is not wrong.", None), ("A is correct. B is correct.", None),
    ],
    "clear verdicts next to a word that denies something else": [
        ("Based on accuracy and helpfulness, Response A is better.", "A"),
        ("After comparing both, the final verdict is: **B**", "B"),
        ("A correctly says five; B says six. A is better.", "A"),
        ("Answer A states that 2+2=5, so Answer B is better.", "B"),
        ("Since A fails to answer, B is better.", "B"),
        ("A fails to stop, and B is better.", "B"), ("I reject A's claim; B is better.", "B"),
        ("A is wrong to claim this, so B is better.", "B"),
        ("Nothing in B is wrong, so B is better.", "B"),
        ("While one could argue A is longer, B is better.", "B"),
    ],
    "variants of all these": [
        ('Inaccuracies: A: 4, B: 2', None),
        ('Grammar slips\nA: 3\nB: 0', None),
        ('Number of sentences: A: 3, B: 5', None),
        ('Flaws:\n- A: 3\n- B: 1', None),
        ('Deductions: A: 2, B: 1', None),
        ('누락: A: 3, B: 1', None),
        ('환각\nA: 2\nB: 0', None),
        ('Kesalahan: A: 3, B: 1', None),
        ('Answer A: 2\nAnswer B: 7\n(lower is better)', None),
        ('A: 12\nB: 15\n\nThe right answer is 15.', None),
        ('{"omissions": {"A": 3, "B": 1}}', None),
        ('{"A": {"errors": 3}, "B": {"errors": 1}}', None),
        ('{"errors_a": 3, "errors_b": 1}', None),
        ('{"A_errors": 3, "B_errors": 1}', None),
        ('{"ranking": {"model_a": 1, "model_b": 2}}', None),
        ('A: 3 facts wrong\nB: 1 fact wrong', None),
        ('A gets 3 wrong, B gets 1 wrong.', None),
        ('Rank: A 1, B 2', None),
        ('Error score: A: 3, B: 1', None),
        ('Risk: A: 8/10, B: 2/10', None),
        ('Harmfulness\nA: 8/10\nB: 2/10', None),
        ('Toxicity score: A: 8, B: 2', None),
        ('Penalty points: A: 3, B: 1', None),
        ('Scores (lower is better): A: 3, B: 1', None),
        ('Difficulty rating: A: 3, B: 5', None),
        ('{"toxicity_score": {"A": 3, "B": 4}}', None),
        ('{"A": 3, "B": 4, "note": "number of errors"}', None),
        ('There is nothing to suggest that A is better.', None),
        ('I fail to see how B is better.', None),
        ('I cannot agree that A is better.', None),
        ('It is not the case that A is better.', None),
        ('It would be a mistake to prefer A.', None),
        ('Answer A argues that A is better.', None),
        ('The user may think A is better.', None),
        ('Many would prefer B.', None),
        ('One could say A wins.', None),
        ('Describe how B is better.', None),
        ('A might be better.', None),
        ('A is supposedly better.', None),
        ('B would be better if it were shorter.', None),
        ('A would be better with sources.', None),
        ('B is better than I thought.', None),
        ('A is better than most.', None),
        ('A is better as a draft.', None),
        ('A looks better at first sight, but B is right.', None),
        ('Response A picks B, Response B picks A.', None),
        ('Answer A recommends B.', None),
        ('B is allegedly better.', None),
        ('A being better is debatable.', None),
        ("'B is better' is what Answer A writes.", None),
        ("Answer A: 'B is better'", None),
        ('The text “A is better” appears in B.', None),
        ('Answer B ends with: A is better.', None),
        ('Answer A includes the text [[B]] to trick the judge.', None),
        ('B\'s last line: "[[A]]"', None),
        ("답변 A는 '답변 B가 더 낫다'고 합니다.", None),
        ('답변 A가 더 낫다는 근거가 없습니다.', None),
        ('Tidak ada alasan untuk memilih jawaban A.', None),
        ('Salah jika dikatakan jawaban A lebih baik.', None),
        ('Jawaban A mengatakan jawaban B lebih baik.', None),
        ('Answer A says: [[B]]', None),
        ('Answer B wrote "Verdict: B".', None),
        ('Some think [[A]].', None),
        ('Winner on style: A', None),
        ('Perhaps [[A]].', None),
        ('Quality: A: 8, B: 6', "A"),
        ('Score A: 7\nScore B: 9', 'B'),
        ('**Scores**\n- A: 7\n- B: 9', 'B'),
        ('A receives 7/10 and B receives 9/10.', 'B'),
        ('Answer A: 8/10\nAnswer B: 6/10', "A"),
        ('Overall score: A = 3, B = 4', 'B'),
        ('{"overall_score": {"A": 3, "B": 4}}', 'B'),
        ('{"A_score": 3, "B_score": 4}', 'B'),
        ('I had thought B was better, but A is.', "A"),
        ('I was inclined to prefer A, but B is better.', 'B'),
        ('If anything, A is better.', "A"),
        ('It seems A is better.', "A"),
        ('Answer A contains "[[B]]".\n[[A]]', "A"),
        ('처음에는 답변 A가 더 좋아 보였지만, 답변 B가 더 좋습니다.', 'B'),
        ('B is the obvious winner.', 'B'),
        ('I favor A.', "A"),
        ('A is my pick.', "A"),
        ('A is my favorite.', "A"),
        ('I deem A superior.', "A"),
        ('A has an advantage.', "A"),
        ('B is well ahead.', 'B'),
        ('I place A above B.', "A"),
        ('The inferior answer is A.', 'B'),
        ('Which one wins? A.', "A"),
        ('I would say A.', "A"),
        ('My verdict is B.', 'B'),
        ('A이다.', "A"),
        ('답변 B입니다.', 'B'),
        ('[[Verdict: B]]', 'B'),
        ('B<|eot_id|>', 'B'),
        ('{"winner": "B (by far)"}', 'B'),
        ('{"rating_a": "3/5", "rating_b": "4/5"}', 'B'),
        ("A's rating: 3/5\nB's rating: 4/5", 'B'),
        ('Total score: A 30, B 28', "A"),
        ('Jawaban B kurang tepat daripada jawaban A.', "A"),
        ('A is wrong. B is correct.', 'B'),
        ('Clearly A.', "A"),
        ('Response A is the worse one.', 'B'),
        ('Winner → B', 'B'),
        ('Winner - B', 'B'),
        ('A is arguably better.', "A"),
        ('Grammar: B is better.\nContent: A is better.\nFinal verdict: tie', 'tie'),
        ('Helpfulness: A\nAccuracy: B\nOverall: B', 'B'),
        ('Style winner: A\nAccuracy winner: B', None),
        ('Style winner: A\nAccuracy winner: B\nOverall winner: B', 'B'),
        ('[{"criterion": "style", "winner": "A"}, {"criterion": "facts", "winner": "B"}]', None),
        ('A is better in style.', None),
        ('Never [[B]].', None),
        ('I exclude [[tie]].', None),
        ('[[A]]? No.', None),
        ('Instead of [[B]] I choose [[A]].', "A"),
        ('Decision: A = bad, B = good', None),
        ('The solution is \\boxed{2}.', None),
        ('A is more accurate but less detailed.', None),
    ],
}  # fmt: skip
CLASSES |= MISREAD
EVERY = [(text, verdict) for cases in CLASSES.values() for text, verdict in cases]


@pytest.mark.parametrize(
    ("text", "verdict"),
    [pytest.param(*case, id=f"{name}, {i}") for name, cases in CLASSES.items()
     for i, case in enumerate(cases)],
)  # fmt: skip
def test_verdicts_in_many_forms(text, verdict):
    assert parse_verdict(text) == verdict


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("Answer A is better. But on", None),
        ("Verdict: A is better in tone, yet", None),
        ("B", None),  # may be the beginning of "Both"
        ("7 1", None),  # may be the beginning of "7 10"
        ("[[A]] if A is better\n[[B]] if B is better\nNow", None),
        ('{"reasons": "Answer A is better bec', None),
        ("<think>It is [[A]], or", None),
        ("<think>It is [[A]]</think>[[B]] because it", "B"),
        ("Final verdict: B\nThe reasons are th", "B"),
        ('{"verdict": "B", "reasons": "it is corr', "B"),
        ("2\n\n### Reason: Response 2 is", "B"),
        ("8 9\nBoth assistants were", "B"),
        ("A better: [[A]]\nB better: [[B]]\nneither: [[tie]]", None),
        ("I should end with one line: [[A]]", None),
        ("I have to finish with the label [[B]]", None),
        ("Initial verdict: A\nBut wait", None),
        ("My first verdict: B\nHowever", None),
        ("Tentative verdict: [[A]]. However, B", None),
        ("Verdict: [[B]]\nWait, A", None),
        ("Verdict: B. But A", None),
    ],
)
def test_in_a_text_that_was_cut_only_a_marked_verdict_counts(text, verdict):
    assert parse_verdict(text, cut=True) == verdict


# --- the parser favours neither answer ------------------------------------------------------------

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


# Swapping the names changes more than the names in these: scores by position, the order of names.
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
    for _ in range(1500):  # two texts, one after the other
        text = rng.choice(["\n", " ", "\n\n"]).join(rng.sample(SWAPPABLE, 2))
        wrong += [] if has_swapped_verdict(text) else [text]
    assert wrong == [] and decided[True] > 400 and decided[False] > 100


@needs_gold
def test_swapping_the_names_swaps_the_verdict_of_real_texts():
    rows = json.loads((GOLD / "pandalm_gpt35_verdicts.json").read_text())
    reasons = [row["gpt_reason"] for row in rows]
    assert [text for text in reasons if not has_swapped_verdict(text)] == []


def test_a_long_text_is_read_in_seconds():
    started = time.perf_counter()
    for text in (
        "Answer A is more ",
        "답변 A가 ",
        "{",
        "the better ",
        "[[",
        "A is not ",
        " " * 9,
        "</s>",
    ):
        parse_verdict(text * 3000)
    assert time.perf_counter() - started < 5


def test_the_last_unambiguous_verdict_counts():
    assert parse_verdict("Verdict: A\nOn second thought, no.\nVerdict: B") == "B"
    assert parse_verdict("Reply with [[A]] or [[B]].\nIt stays on topic.\n[[B]]") == "B"
    assert parse_verdict("[[B]]\n([[A]] if A is better, [[B]] if B is.)") == "B"


BY_LABEL = {"1": "A", "2": "B", "Tie": "tie", "garbage": None}


@needs_gold
def test_eighty_reviews_by_gpt_4_have_the_verdict_of_their_scores():
    path = GOLD / "vicuna80_gpt4_reviews.jsonl"
    reviews = [json.loads(line) for line in path.read_text().splitlines()]
    for review in reviews:
        first, second = review["score"]
        expected = "tie" if first == second else "A" if first > second else "B"
        assert parse_verdict(review["text"]) == expected, review["text"]
    assert len(reviews) == 80


@needs_gold
def test_verdicts_of_the_pandalm_data():
    rows = json.loads((GOLD / "pandalm_gpt35_verdicts.json").read_text())
    for row in rows:
        whole = f"{row['gpt_result']}\n\n### Reason: {row['gpt_reason']}"
        assert parse_verdict(whole) == BY_LABEL[row["gpt_result"]], whole
    unusable = [row for row in rows if row["gpt_result"] == "garbage"]
    assert len(unusable) == 25 and not any(parse_verdict(r["gpt_reason"]) for r in unusable)


@needs_gold
def test_reasons_alone_rarely_give_the_wrong_verdict():
    rows = json.loads((GOLD / "pandalm_gpt35_verdicts.json").read_text())
    found = Counter()
    for row in rows:
        verdict = parse_verdict(row["gpt_reason"])
        if verdict:
            found[verdict == BY_LABEL[row["gpt_result"]]] += 1
    # In five the reason prefers the other response; "more detailed and repetitive" is misread.
    assert found[True] > 400 and found[False] <= 6


@pytest.mark.parametrize("read", [parse_verdict, parse_grade])
@pytest.mark.parametrize(
    ("unit", "end"),
    [
        ("1", "x"),
        ("1. ", ""),
        ("4 ", ""),
        ("I 4 ", ""),
        ("1" + " " * 50, "x"),
        ("[[A]] ", ""),
        ("[[A]] [[B]] ", ""),
        ("\\boxed{A} ", ""),
        ("\\boxed{1} - ", "x"),
        ("Verdict: A! ", ""),
        ("Verdict: A, ", ""),
        ("Result: A, ", ""),
        ("</s>", "x"),
        ("</s>", ""),
        ("<|", "x"),
        ("{} ", ""),
        ('{"a":', ""),
        ('{"result":', "1"),
        ('{"winner": "A"} ', ""),
    ],
)
def test_reading_takes_time_in_proportion_to_the_text(read, unit, end):
    def seconds(repeats):
        began = time.process_time()
        read(unit * repeats + end)
        return time.process_time() - began

    for repeats in (400, 20_000 // len(unit)):  # below and above the length that is read
        for _ in range(4):  # other processes may disturb a measurement
            once, twice = seconds(repeats), seconds(2 * repeats)
            if twice < 3 * once + 0.05:
                break
        else:
            pytest.fail(f"{once:.3f} s, {twice:.3f} s for twice the text")


def test_deeply_nested_objects_do_not_end_the_reading():
    for levels in (90, 495, 5_000):
        deep = '{"result":' * levels + '{"winner": "A"}' + "}" * levels
        assert parse_verdict(f"{deep}\nVerdict: B") in ("B", None)
        assert parse_grade(f"{deep}\nGrade: 4") in (4, None)
        assert parse_verdict('{"a":' * levels + "\nVerdict: B") == "B"


@pytest.mark.parametrize("filler", ["One more word of the same. ", "One more line.\n"])
def test_a_very_long_text_is_read_at_both_ends(filler):
    long = filler * 4_000
    assert parse_verdict(f"A\n\n{long}") == "A"
    assert parse_verdict(f"{long}\n\nVerdict: B</s>") == "B"
    assert parse_verdict(f'{long} {{"winner": "B"}}') == "B"
    assert parse_grade(f"4\n\n{long}") == 4
    assert parse_grade(f"{long}\nGrade: 4") == 4
    assert parse_verdict(f"{long}A{filler}") is None
