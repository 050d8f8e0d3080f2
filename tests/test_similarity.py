"""ROUGE-L as rouge-score computes it, tokens for every script, and the novelty filter."""

import itertools
import json
import random
import time
import unicodedata

import pytest
from conftest import ROOT
from rouge_score.rouge_scorer import RougeScorer

from helpers.similarity import RougeIndex, is_above, rouge_l, tokenize

SCORER = RougeScorer(["rougeL"], use_stemmer=False)
LATIN = [
    "",
    "?!",
    "Name a river in France.",
    "name  a RIVER, in the north of France",
    "a b a b a c a b",
    "b a b a c c a",
    "Où est l'été à Zürich? Ça va, Ærø, Łódź, naïve cœur",
    "İstanbul'da ILIK çay, straße, Größe, piñata",
    "In 1984, 3.14 × 10² is 2nd to 42% of £7.50 in room B12",
    "room 12, B 42; 10 is 2 nd",
    "snake_case and kebab-case\tor\nnew lines — “quoted” … ½ µm ﬁne",
    "Write a Python function f(x) { return x**2; } # 12",
]


def rouge_score(a, b):
    return SCORER.score(a, b)["rougeL"].fmeasure


def test_scores_equal_rouge_score_on_latin_text_to_the_last_bit():
    index = RougeIndex(LATIN)
    for text in LATIN:
        assert {kept: score for score, kept in index.nearest(text, len(LATIN))} == {
            kept: rouge_score(kept, text) for kept in LATIN
        }
        assert [rouge_l(kept, text) for kept in LATIN] == [
            rouge_score(kept, text) for kept in LATIN
        ]


def test_scores_equal_rouge_score_on_random_latin_text():
    rng = random.Random(0)
    letters = "abz09 .,-'éÀßøñşİıŁœ€–“½²µ\n_"
    texts = ["".join(rng.choices(letters, k=rng.randint(0, 30))) for _ in range(800)]
    for a, b in itertools.pairwise(texts):
        assert rouge_l(a, b) == RougeIndex([a]).nearest(b)[0][0] == rouge_score(a, b)


def test_scores_equal_rouge_score_on_decomposed_accents():
    text = unicodedata.normalize("NFD", "un café noir")
    assert rouge_l(text, "un cafe noir") == rouge_score(text, "un cafe noir")


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("프랑스의 강 이름을 하나 말하세요.", "오늘 저녁 메뉴 추천!"),
        ("フランスの川を一つ挙げてください。", "今日は寒いですね"),
        ("请说出一条法国的河流。", "今天晚饭吃什么好呢"),
        ("บอกชื่อแม่น้ำในประเทศฝรั่งเศส", "ซุป"),
        ("Назови реку во Франции.", "сегодня очень холодно"),
        ("اذكر نهرا في فرنسا", "الطقس بارد اليوم"),
        ("फ्रांस की एक नदी का नाम बताओ", "आज बहुत ठंड है"),
    ],
    ids=["Korean", "Japanese", "Chinese", "Thai", "Russian", "Arabic", "Hindi"],
)
def test_other_scripts_score_one_when_equal_and_little_when_unrelated(text, other):
    assert rouge_l(text, text) == 1.0
    assert RougeIndex([other, text]).nearest(text)[0] == (1.0, text)
    assert rouge_l(text, other) < 0.2
    assert rouge_l(text, "Name a river in France.") == 0.0
    assert rouge_l(text, unicodedata.normalize("NFD", text)) == 1.0


def test_tokens_of_mixed_text_are_words_syllables_and_characters():
    assert tokenize("Name 2강을, B2! ok川") == ["name", "2", "강", "을", "b2", "ok", "川"]
    assert tokenize("Привет, мир 42мир") == ["привет", "мир", "42", "мир"]
    assert tokenize("नदी का नाम") == ["नदी", "का", "नाम"]


@pytest.mark.parametrize("word", ["학교에서 ", "東京の", "ภาษา", "слово "])
def test_the_time_for_a_text_is_proportional_to_its_length(word):
    tokenize(word)  # caches the kinds of its characters

    def fastest(times):
        seconds = []
        for _ in range(5):
            started = time.perf_counter()
            assert len(tokenize(word * times)) >= times
            seconds.append(time.perf_counter() - started)
        return min(seconds)

    assert fastest(32_000) < 64 * fastest(2_000)  # 16 if proportional, 256 if quadratic


def test_korean_texts_with_another_particle_are_still_similar():
    assert rouge_l("학교에 간다", "학교로 간다") == pytest.approx(0.8)


def test_a_score_exactly_at_the_threshold_is_accepted_and_one_above_is_not():
    assert rouge_score("a b c d e f g x y z", "a b c d e f g p q r") == 0.7
    index = RougeIndex(["a b c d e f g x y z"])
    assert index.admit("a b c d e f g x y q").accepted is False  # 0.8
    assert len(index) == 1
    at = index.admit("a b c d e f g p q r")
    assert (at.accepted, at.score, at.nearest) == (True, 0.7, "a b c d e f g x y z")
    assert len(index) == 2


def pairs_at(threshold, longest=40):
    """Pairs of texts whose score is the threshold itself, but for the last bits of a float."""
    for a, b in itertools.product(range(1, longest), repeat=2):
        common = round(threshold * (a + b) / 2)
        if common <= min(a, b) and abs(2 * common - threshold * (a + b)) < 1e-12:
            shared = [f"c{i}" for i in range(common)]
            yield tuple(
                " ".join([*shared, *(f"{name}{i}" for i in range(common, size))])
                for name, size in (("a", a), ("b", b))
            )


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.6, 0.7, 0.8, 0.9])
def test_equal_is_not_above_whatever_the_last_bit_of_a_float_says(threshold):
    pairs = list(pairs_at(threshold))
    assert len(pairs) >= 15
    if threshold == 0.7:
        assert any(rouge_l(a, b) > threshold for a, b in pairs)  # the case is real
    for a, b in pairs:
        assert rouge_l(a, b) == pytest.approx(threshold, abs=1e-12)
        assert not is_above(rouge_l(a, b), threshold)
        assert RougeIndex([a], threshold).admit(b).accepted
        assert RougeIndex([a], threshold).decide_many([b]) == [True]


def test_a_score_just_above_the_threshold_is_above():
    a = " ".join(f"c{i}" for i in range(1001))
    b = " ".join([*(f"c{i}" for i in range(701)), *(f"b{i}" for i in range(300))])
    assert 0.7 < rouge_l(a, b) < 0.701
    assert not RougeIndex([a]).admit(b).accepted
    assert RougeIndex([a]).decide_many([b]) == [False]


@pytest.mark.parametrize("threshold", [0.5, 1.0])
def test_the_threshold_is_the_callers(threshold):
    index = RougeIndex(["a b", "c d"], threshold=threshold)
    assert index.admit("a x").accepted  # 0.5
    assert index.admit("a b").accepted == (threshold == 1.0)


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan")])
def test_a_threshold_outside_zero_to_one_is_refused(threshold):
    with pytest.raises(ValueError, match="threshold"):
        RougeIndex(threshold=threshold)


def test_an_admission_holds_the_nearest_its_score_and_the_mean_over_all_kept():
    index = RougeIndex(["a b c d", "a b x y", "p q r s"])
    answer = index.admit("a b c z")
    assert (answer.accepted, answer.score, answer.nearest) == (False, 0.75, "a b c d")
    assert answer.mean == pytest.approx((0.75 + 0.5 + 0) / 3)
    answer = index.admit("p q z z")  # the rejected text is not among those kept
    assert (answer.accepted, answer.nearest) == (True, "p q r s")
    assert answer.mean == pytest.approx(0.5 / 3)
    assert index.admit("p q z z").score == 1.0


def test_the_first_text_of_an_empty_index_is_accepted():
    index = RougeIndex()
    assert index.nearest("a") == []
    answer = index.admit("a")
    assert (answer.accepted, answer.score, answer.nearest, answer.mean) == (True, 0.0, None, 0.0)
    assert not index.admit("a").accepted


def test_nearest_gives_the_best_first_and_ties_in_the_order_kept():
    index = RougeIndex(["p q", "a x", "a b", "a y"])
    assert index.nearest("a b") == [(1.0, "a b"), (0.5, "a x"), (0.5, "a y"), (0.0, "p q")]
    assert index.nearest("a b", k=2) == [(1.0, "a b"), (0.5, "a x")]
    assert len(index) == 4
    many = [f"a x{n}" for n in range(60)]
    assert [text for _, text in RougeIndex(["q", *many]).nearest("a b", k=60)] == many


def test_admitting_many_equals_admitting_one_by_one_and_each_sees_those_before_it():
    rng = random.Random(1)
    texts = [" ".join(rng.choices("abcdef", k=rng.randint(1, 6))) for _ in range(150)]
    together, single = RougeIndex(LATIN), RougeIndex(LATIN)
    answers = together.admit_many(texts)
    assert answers == [single.admit(text) for text in texts]
    assert 0 < sum(answer.accepted for answer in answers) < len(texts)
    assert len(together) == len(single) == len(LATIN) + sum(a.accepted for a in answers)
    kept = list(LATIN)
    for text, answer in zip(texts, answers, strict=True):  # compared with all, by the definition
        scores = [rouge_score(other, text) for other in kept]
        assert (answer.score, answer.mean) == pytest.approx((max(scores), sum(scores) / len(kept)))
        assert answer.accepted == (max(scores) <= 0.7)
        kept += [text] if answer.accepted else []


ORACLE = ROOT.parent / "shared" / "data" / "similarity_oracle"


@pytest.mark.skipif(not ORACLE.is_dir(), reason=f"there are no reference scores in {ORACLE}")
@pytest.mark.parametrize("name", ["minpeter_regen_73", "avniavdulla_128", "minpeter_147"])
def test_every_score_stored_by_alpacas_own_generator_is_reproduced(name):
    seeds = [json.loads(line) for line in (ORACLE / "seed_tasks.jsonl").read_text().splitlines()]
    rows = json.loads((ORACLE / f"regen_{name}.json").read_text())
    texts = [row["instruction"] for row in rows]
    index = RougeIndex([row["instruction"] for row in seeds])
    admissions = index.admit_many(texts, k=10)
    for row, admission in zip(rows, admissions, strict=True):
        stored = row["most_similar_instructions"]
        scores = [score for score, _ in admission.neighbours]
        assert scores == pytest.approx(sorted(stored.values(), reverse=True), rel=0, abs=1e-9)
        for score, text in admission.neighbours:
            assert stored.get(text, scores[-1]) == pytest.approx(score, rel=0, abs=1e-9)
        assert admission.mean == pytest.approx(row["avg_similarity_score"], rel=0, abs=1e-9)
        assert admission.accepted and max(stored.values()) <= 0.7  # the generator kept them all
    assert RougeIndex([row["instruction"] for row in seeds]).decide_many(texts) == [True] * len(
        rows
    )


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.5, 0.7, 1.0])
def test_decide_many_agrees_with_admit_many(threshold):
    rng = random.Random(2)
    texts = [" ".join(rng.choices("abcdefgh", k=rng.randint(0, 9))) for _ in range(600)]
    slow, fast = RougeIndex(LATIN, threshold), RougeIndex(LATIN, threshold)
    decisions = fast.decide_many(texts)
    assert decisions == [answer.accepted for answer in slow.admit_many(texts)]
    assert len(fast) == len(slow) and fast.nearest("a b c") == slow.nearest("a b c")
    if 0 < threshold < 1:
        assert 0 < sum(decisions) < len(decisions)


def test_neighbours_are_the_nearest_of_those_kept_before():
    index = RougeIndex(["a b c d", "x y"])
    first, second = index.admit_many(["a b q q", "a b c q"], k=2)
    assert first.neighbours == ((0.5, "a b c d"), (0.0, "x y"))
    # "a b q q" was kept before, and shares three of four words with "a b c q" as well.
    assert second.neighbours == ((0.75, "a b c d"), (0.75, "a b q q"))
