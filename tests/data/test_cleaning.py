"""Cleaning: every class of fault is found in several languages, and sound rows are left alone."""

import gzip
import json
import time
from collections import Counter

import pytest

from helpers.data.cleaning.clean import clean_examples
from helpers.data.cleaning.refusals import refuses
from helpers.data.cleaning.repairs import repair_characters, repair_markup
from helpers.io import load_examples
from helpers.run import ROOT


def row(instruction="Explain how tides work.", given="", output="The moon pulls the water."):
    return {"instruction": instruction, "input": given, "output": output}


def dropped(*rows, language="en"):
    return [one.fault for one in clean_examples(rows, language).dropped]


def after(one):
    """A row as cleaning keeps it."""
    (kept,) = clean_examples([one]).kept
    return kept


NOTHING = [
    "<noinput>", "No Input", "N/A", "NA", "n.a.", "None", "None required", "none needed.",
    "Not applicable", "No additional input needed", "`<noinput>`", "\\<noinput>", "<N/A>", "-",
    "null", "NaN", "Input: none", "There is no input.", "No input is needed for this task.",
    "no data provided", "없음", "입력 없음", "해당 사항 없음", "해당사항 없음", "입력값 없음",
    "입력 필요 없음",
    "입력이 필요하지 않습니다", "추가 정보 없음", "tidak ada", "Tidak ada masukan.",
    "Tidak diperlukan",
    "tanpa input", "Masukan tidak diperlukan", "nihil", "aucune entrée", "sin entrada", "无",
    "なし",
]  # fmt: skip


@pytest.mark.parametrize("given", NOTHING)
def test_an_input_that_says_there_is_none_becomes_empty(given):
    cleaning = clean_examples([row(given=given)])
    assert cleaning.kept == [row()]
    assert [(one.fault, one.before) for one in cleaning.repaired] == [
        ("says there is no input", row(given=given))
    ]


@pytest.mark.parametrize(
    "given",
    ["No.", "none of these", "Na", "0", "Tidak", "No pain, no gain", "not interested", "Empty nest",
     "Nothing compares to you.", "없음을 증명하라.", "null pointer exception",
     "Not all birds fly."],
)  # fmt: skip
def test_an_input_that_says_something_stays(given):
    assert clean_examples([row(given=given)]).kept == [row(given=given)]


EMPTY = ["", " \n", "N/A", "<nooutput>", "No Output.", "<noinput>", "null", "...", "—", "TBD",
         "Not applicable", "[insert answer here]", "No answer provided.", "[Output]",
         "해당 사항 없음",
         "출력 없음", "답변 없음", "tidak ada keluaran", "Tidak berlaku"]  # fmt: skip
REFUSALS = [
    "As an AI language model, I cannot feel.", "As an AI, I don't have a favourite colour.",
    "I'm sorry, but I can't assist with that request.", "I’m sorry, but I can’t help with that.",
    "I cannot fulfill this request.", "I am unable to open links.", "I must decline this request.",
    "I'm just a language model, so I cannot do that.", "This request violates our content policy.",
    "Unfortunately, I don't have access to real-time data.", "I'm afraid I can't do that.",
    "My apologies, but I'm not able to generate images.", "I won't be able to help with this.",
    "Sorry, this task involves creating visual output which the model cannot generate.",
    "Maaf, saya tidak dapat membantu dengan itu.", "Maaf, permintaan ini tidak dapat saya penuhi.",
    "Sebagai model bahasa AI, saya tidak bisa merasakannya.",
    "Saya hanyalah model bahasa dan tidak memiliki perasaan.",
    "죄송하지만, 저는 그 요청을 도와드릴 수 없습니다.",
    "저는 AI 언어 모델이기 때문에 감정이 없습니다.",
    "인공지능 언어 모델로서 저는 의견을 가질 수 없습니다.",
    "죄송합니다. 해당 질문에는 답변할 수 없습니다.",
    "Lo siento, pero no puedo ayudar con eso.", "抱歉，我无法回答。",
]  # fmt: skip
MERGED = [
    "Oak.\n###\n5. Instruction: Name a metal.\n5. Input:\n<noinput>\n5. Output:\nIron",
    "Oak.\n\n14. Instruction: Name a metal.",
    "Oak.\n\n**5. Output:** Iron",
    "Oak.\n\n### Instruction:\nName a metal.\n\n### Response:\nIron",
    "Oak.\n##\nInstruction: Name a metal\nOutput: Iron",
    "Oak.\n\nInstruction: Name a metal.\nInput: <noinput>\nOutput: Iron",
    "Oak.<|im_end|>\n<|im_start|>user\nName a metal<|im_end|>",
    "Oak. [/INST] [INST] Name a metal. [/INST] Iron",
    "Oak.\n### Human: and a metal?\n### Assistant: Iron",
    "참나무\n6. 지시: 금속 이름을 말하세요.\n6. 출력: 철",
    "Jati.\n7. Perintah: Sebutkan logam.\n7. Keluaran: Besi",
]


@pytest.mark.parametrize(
    ("fault", "outputs"),
    [("empty output", EMPTY), ("refusal", REFUSALS), ("two tasks in one", MERGED)],
)
def test_an_output_that_is_no_answer_is_dropped_with_its_class(fault, outputs):
    missed = [text for text in outputs if dropped(row(output=text)) != [fault]]
    assert missed == []


SOUND = [
    "None", "0", "No.", "+", "😀", "없음", "Tidak ada", "..- .-", "x",
    "I'm sorry to hear that. Rest, and drink enough.", "I can't wait to see you!",
    "I apologize for the delay in your order.", "I don't have a pen.", "We cannot give up now.",
    "I cannot recommend this film enough.", "As an AI researcher, I work on models.",
    "As an assistant manager, I lead a team.", "AI는 데이터로 학습합니다.",
    "Maaf atas keterlambatan saya.", "죄송합니다. 내일 다시 보내 드리겠습니다.",
    "The question of whether AI should vote is hard.", "Saya tidak bisa tidur karena berisik.",
    "I am an AI assistant that answers questions about plants.",
]  # fmt: skip


def test_an_output_that_only_looks_like_a_refusal_or_like_nothing_stays():
    # Their language is another matter, and "no" may be the whole answer.
    wrong = [(text, dropped(row(output=text))) for text in SOUND]
    assert [one for one in wrong if set(one[1]) - {"wrong language"}] == []


@pytest.mark.parametrize(
    ("instruction", "given"),
    [
        ("Write an excuse for missing the meeting.", ""),
        ("Make it informal.", "I regret to inform you that I will not be able to come."),
        ("거절하는 말을 공손하게 써 주세요.", ""),
        ("Tuliskan permintaan maaf kepada tetangga.", ""),
    ],
)
def test_a_task_about_saying_no_may_be_answered_with_no(instruction, given):
    assert refuses(row(output="Sorry, I can't make it on Friday."))
    assert not refuses(row(instruction, given, "Sorry, I can't make it on Friday."))


def test_an_answer_about_tasks_may_look_like_one():
    text = "Instruction: Name a metal.\n\nInput: none\nOutput: Iron"
    assert dropped(row("Write an example task for a model.", output="Here it is.\n\n" + text)) == []


ADDRESSES = [
    "https://example.com/a", "www.example.org", "Article: https://a.b/c", "The link is https://a.b",
    "[Link to article]", "(attached file)", "report.pdf", "![x](https://a.b/c.png)",
    "<img src='a.png'>", "data:image/png;base64,iVBOR", "https://a.b/c\nhttps://a.b/d", "<image>",
    "[Image of a cat]", "<Picture Attached>", "(파일 첨부)", "[사진]", "[lampiran]", "[gambar]",
]  # fmt: skip


def test_an_address_in_place_of_the_thing_is_dropped_unless_the_task_is_about_it():
    rows = [row("Summarize it in one sentence.", given) for given in ADDRESSES]
    assert dropped(*rows) == ["address or attachment"] * len(ADDRESSES)
    assert dropped(row("Extract the domain from the URL.", "https://www.a.b/c", "a.b")) == []
    assert (
        dropped(row("Write the HTML for it.", "https://a.b", '<a href="https://a.b">x</a>')) == []
    )
    assert dropped(row("Summarize it.", "The sea rose. Source: https://a.b/c tells more.")) == []


@pytest.mark.parametrize(
    ("instruction", "language", "fault"),
    [
        ("Summarize this article: https://a.b/c", "en", "address or attachment"),
        ("Visit https://a.b and review the shop.", "en", "address or attachment"),
        ("다음 링크를 열고 내용을 요약하세요: https://a.b/c", "ko", "address or attachment"),
        ("Buka https://a.b dan ceritakan isinya.", "id", "address or attachment"),
        ("Draw a lighthouse on a cliff.", "en", "picture or sound"),
        ("Please generate an image of a sunset.", "en", "picture or sound"),
        ("Describe this photo.", "en", "picture or sound"),
        ("고양이 그림을 그려 주세요.", "ko", "picture or sound"),
        ("Buat gambar seekor kucing.", "id", "picture or sound"),
        ("Shorten the following paragraph to one sentence.", "en", "text missing"),
        ("다음 문장을 짧게 줄여 주세요.", "ko", "text missing"),
        ("Tolong ringkas paragraf berikut ini.", "id", "text missing"),
        ("What does the s in https://example.com mean?", "en", None),
        ("Draw a conclusion from the data: 1, 2, 3.", "en", None),
        ("Draw a cat in ASCII art.", "en", None),
        ("Explain how to take a good photo.", "en", None),
        ("Create a character sketch of a sailor.", "en", None),
        ("그림자가 생기는 이유를 설명하세요.", "ko", None),
        ("Is the following sentence true? Water is wet.", "en", None),
        ("Translate the following sentence: I am here.", "en", None),
    ],
)
def test_an_instruction_that_needs_what_is_not_there_is_dropped(instruction, language, fault):
    answers = {"en": "A short answer.", "ko": "짧은 대답입니다.", "id": "Ini jawaban yang singkat."}
    found = dropped(row(instruction, "", answers[language]), language=language)
    assert found == ([fault] if fault else [])


def test_an_output_that_copies_is_dropped_and_an_input_that_copies_is_emptied():
    text = "The shop opens at nine in the morning."
    assert dropped(row("Turn it into a question.", text, text)) == ["echo"]
    assert dropped(row("Repeat the sentence.", text, text)) == []
    assert dropped(row("Correct the sentence if necessary.", text, text)) == []
    assert dropped(row("Name a tree.", "", "Name a tree.")) == ["echo"]
    assert after(row("Name a tree.", "Name  a tree.", "Oak")) == row("Name a tree.", "", "Oak")


KOREAN, FOREIGN = "달이 바다를 끌어당기기 때문에 밀물과 썰물이 생깁니다.", "wrong language"


@pytest.mark.parametrize(
    ("one", "language", "wrong"),
    [
        (row("서울을 흐르는 강을 말해 주세요.", "", "한강입니다."), "en", True),
        (row("Apa nama sungai yang terpanjang di dunia ini?", "", "Sungai Nil"), "en", True),
        (row("Escribe una carta para el director de la escuela.", "", "Hola."), "en", True),
        (row("Назови реку во Франции.", "", "Луара."), "en", True),
        (row(output=KOREAN), "en", True),
        (row(output="La luna atrae el agua de los mares y por eso sube y baja."), "en", True),
        (row("바다에 밀물과 썰물이 생기는 까닭을 설명하세요."), "ko", True),
        (row("Jelaskan mengapa air laut bisa pasang.", "", "The moon pulls the water of the sea, "
             "so it rises and it falls."), "id", True),
        (row("Translate into Korean: The moon pulls the sea.", "", KOREAN), "en", False),
        (row("Translate “Où est la gare de la ville?”", "", "Where is the station?"), "en", False),
        (row("다음 문장을 영어로 번역하세요.", "비가 와요.", "It is raining, take an umbrella."),
        "ko", False),
        (row("파이썬으로 합을 구하세요.", "", "def f(x): return sum(x)"), "ko", False),
        (row("Siapa presiden pertama?", "", "Soekarno"), "id", False),
    ],
)  # fmt: skip
def test_a_row_in_another_language_is_dropped_but_a_translation_is_not(one, language, wrong):
    assert dropped(one, language=language) == ([FOREIGN] if wrong else [])
    # A row that names its language is asked about that one.
    other = {"en": "ko", "ko": "en", "id": "ko"}[language]
    assert dropped({**one, "language": language}, language=other) == ([FOREIGN] if wrong else [])


@pytest.mark.parametrize(
    ("output", "cut"),
    [
        ("Yeast eats the sugar in the dough and gives off gas, which is held by the", True),
        ("Tides rise because the moon pulls, the sun pulls, the earth turns,", True),
        ("```python\nprint(1)\n", True),
        ("Reasons:\n1. Moon\n2. Sun\n3.", True),
        ("\n".join(f"{i}. Item" for i in range(1, 20)), True),
        ("\n".join(f"{i}. Item" for i in range(1, 21)), False),
        ("Dear Ann,\n\nthank you.\n\nBest regards,", False),
        ("```\na\n```", False),
        ("Use ``` to open a fence.", False),
    ],
)
def test_an_output_that_stops_before_its_end_is_dropped(output, cut):
    assert dropped(row(output=output)) == (["cut off"] if cut else [])


@pytest.mark.parametrize(
    ("text", "repaired"),
    [
        ("Itâ€™s", "It’s"), ("â€œHiâ€\x9d she said", "“Hi” she said"), ("cafÃ©", "café"),
        ("20Â°C", "20°C"), ("ì•ˆë…•í•˜ì„¸ìš”", "안녕하세요"), ("ðŸ˜€ yes", "😀 yes"),
        ("itÃ¢â‚¬â„¢s", "it’s"), ("ÐŸÑ€Ð¸Ð²ÐµÑ‚", "Привет"), ("a\x00b\x07c", "abc"),
        ("a\r\nb\u2028c", "a\nb\nc"), ("\ufeffx\u200by\u00adz", "xyz"), ("Great \ud83d", "Great"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"), ("नि\u200dक", "नि\u200dक"), ("São NÃO É",
        "São NÃO É"),
        ("café”…", "café”…"), ("naïve — “x” ½ µm\tœ", "naïve — “x” ½ µm\tœ"),
        ("Łódź ÄÖÜ ß Ñandú", "Łódź ÄÖÜ ß Ñandú"), ("서울 — 물", "서울 — 물"),
    ],
)  # fmt: skip
def test_characters_are_repaired_where_it_is_certain_what_they_were(text, repaired):
    assert repair_characters(text) == repaired == repair_characters(repaired)


@pytest.mark.parametrize(
    ("output", "repaired"),
    [
        ("One<br>two<br/>\nthree", "One\ntwo\nthree"),
        ("<p>Sun</p><p>and <b>moon</b></p>", "Sun\nand moon"),
        ("Salt &amp; &quot;pepper&quot;, it&#39;s", 'Salt & "pepper", it\'s'),
        ("The moon.<|im_end|>", "The moon."),
        ("The moon.</s>", "The moon."),
        ("### Response:\nThe moon.", "The moon."),
        ("<noinput>\nOutput:\nThe moon.", "The moon."),
        ("<p><s>50</s> 30 euros</p>", "<p><s>50</s> 30 euros</p>"),
        ("<s>50</s>", "<s>50</s>"),
        ("Use List<String>, and 3 < 4 && 5 > 2.", "Use List<String>, and 3 < 4 && 5 > 2."),
        ("Type &lt;b&gt; there.", "Type &lt;b&gt; there."),
        ("bash count.sh <filename>", "bash count.sh <filename>"),
    ],
)
def test_leftover_markup_goes_and_meant_markup_stays(output, repaired):
    assert after(row(output=output))["output"] == repaired


def test_a_task_about_markup_keeps_it():
    for text in ("<b>word</b>", "&amp; is an ampersand."):
        assert repair_markup(text, "Show it in HTML.") == text
        assert after(row("Show it in HTML.", output=text))["output"] == text


def test_duplicates_are_exact_or_near_and_the_first_one_stays():
    river = row("Name three rivers in the north of Peru.", "", "Marañón, Ucayali, Napo")
    rows = [
        river,
        {**river, "instruction": "name three  rivers in the north of peru."},
        {**river, "instruction": "Name three rivers in the south of Peru."},
        row("Name the largest lake on Earth.", "", "The Caspian Sea"),
    ]
    cleaning = clean_examples(rows)
    assert cleaning.kept == [rows[0], rows[3]]
    assert [one.fault for one in cleaning.dropped] == ["duplicate", "near-duplicate"]
    assert "row 1" in cleaning.dropped[0].reason and "north of" in cleaning.dropped[1].reason
    assert len(clean_examples(rows, threshold=None).kept) == 3


def test_the_same_request_about_another_text_is_another_task():
    request = "Say whether the review of the restaurant is positive or negative."
    texts = ["The soup was cold.", "The soup was hot.", "We waited an hour for the bill."]
    rows = [row(request, text, "negative") for text in texts]
    assert clean_examples(rows, threshold=0.8).kept == rows
    assert dropped(rows[0], {**rows[0], "output": "bad"}) == ["duplicate"]


REVIEW = (
    "Read the customer review below carefully and decide whether the overall sentiment expressed "
    "by the writer is positive, negative or neutral, then answer with one word."
)


@pytest.mark.parametrize("between", [0, 1, 20])
def test_a_near_duplicate_of_any_kept_row_is_found(between):
    """Also where that row was near others, and was kept because its input is another."""
    place = "Great location near the beach with friendly staff and clean rooms."
    texts = [f"Room {'x' * i} {i} number{i} was colour{i} and size{i}." for i in range(between)]
    rows = [row(REVIEW, text, "negative") for text in [*texts, place]]
    rows.append(row(REVIEW, place.replace("friendly", "very friendly"), "positive"))
    assert [one.position for one in clean_examples(rows).dropped] == [between + 1]
    assert len(clean_examples(rows[::-1]).dropped) == 1


def test_near_inputs_with_other_requests_hide_no_duplicate():
    texts = [f"The ferry to the island leaves at nine from pier {i}." for i in range(12)]
    rows = [row(f"{verb} it now.", texts[0]) for verb in ("Shorten", "Translate", "Explain")]
    rows += [row("Give the number of the pier in a full sentence.", text) for text in texts]
    assert [one.position for one in clean_examples(rows).dropped] == list(range(4, 15))


@pytest.mark.parametrize(
    "bad",
    [3, {}, {"instruction": "x"}, {"instruction": " ", "output": "x"}, {"output": "x"},
     {"instruction": "x", "output": None}, {"instruction": "x", "output": "y", "input": 3},
     {"instruction": "\u200b", "output": "x"}],
)  # fmt: skip
def test_what_is_no_task_is_dropped_and_stops_nothing(bad):
    cleaning = clean_examples([row(), bad, {"instruction": "Name a tree.", "output": "Oak"}])
    assert [(one.position, one.fault) for one in cleaning.dropped] == [(1, "not a task")]
    assert cleaning.kept[1] == {"instruction": "Name a tree.", "output": "Oak", "input": ""}
    assert cleaning.repaired == []
    assert [line["rows"] for line in cleaning.report()] == [1]


def test_an_unknown_language_is_named_and_a_rows_own_is_only_skipped():
    with pytest.raises(ValueError, match=r"'xx' has no filters.*en, id, ko"):
        clean_examples([row()], "xx")
    french = {**row("Nomme un fleuve de la France.", "N/A", "La Loire"), "language": "fr"}
    assert clean_examples([french]).kept == [{**french, "input": ""}]


def test_every_row_ends_in_one_place_and_repairs_lead_from_the_old_row_to_the_new():
    rows = [row(given="N/A", output="It&#39;s\u200b the moon."), row(), row(output=""), 3]
    before = json.dumps(rows)
    cleaning = clean_examples(rows)
    assert json.dumps(rows) == before
    assert len(cleaning.kept) + len(cleaning.dropped) == len(rows)
    steps = cleaning.repaired
    assert [one.position for one in steps] == [0, 0, 0] and steps[0].before == rows[0]
    assert steps[0].after == steps[1].before and steps[-1].after == cleaning.kept[0]
    assert clean_examples(cleaning.kept).kept == cleaning.kept  # and cleaning is over
    assert str(cleaning) == "1 of 4 rows kept, 1 of them repaired"


def test_the_report_counts_what_was_done_and_shows_an_example():
    rows = [row("Name a tree.", output=""), row("Name a river.", output="N/A"), row(given="None")]
    report = clean_examples(rows).report()
    assert [(line["done"], line["class"], line["rows"]) for line in report] == [
        ("dropped", "empty output", 2),
        ("repaired", "says there is no input", 1),
    ]
    assert report[0]["example"] == "Name a tree." and report[0]["why"] == "the output is empty"
    assert report[1]["why"] == "input: 'None' is now ''"
    assert clean_examples([]).report() == []


# A row for each rule that could take a sound one for a fault: instruction, input, output.
SOUND_ROWS = [
    ("Which value represents nothing in SQL?", "", "NULL"),
    ("What does a function without a return value give in JavaScript?", "", "undefined"),
    ("What is the result of dividing zero by zero in floating point?", "", "NaN"),
    ("What does the acronym TBD mean?", "", "TBD"),
    ("What is written on an invitation when the place is not yet decided?", "", "TBD"),
    ("What do you fill in where a field of a form does not apply?", "", "N/A"),
    ("Which placeholder text do designers use?", "", "Lorem ipsum dolor sit amet"),
    ("Write Morse code for E.", "", "."),
    ("What does an empty list look like in Python?", "", "[]"),
    ("What licence is required to ride a bicycle?", "", "None required"),
    ("Give the author's age.", "The author lives in Rome.", "Not provided"),
    ("Write 'ha' a hundred times.", "", "ha " * 100),
    (
        "Answer the letter.",
        "May I return it?",
        "Unfortunately, we cannot offer a refund after 90 days.",
    ),
    ("Write a break-up text.", "", "I'm sorry, but I can't do this anymore."),
    ("Write a scene in which a doctor gives bad news.", "", "I'm sorry, I can't save him."),
    ("Translate into English.", "Lo siento, no puedo ir.", "I'm sorry, I cannot come."),
    ("What happens in the video game Portal?", "", "You solve puzzles with portals."),
    ("How do I record this video call in Zoom?", "", "Press Record."),
    ("Show me a picture-perfect itinerary for Rome.", "", "Day 1: the Colosseum."),
    ("How do I crop the following image in GIMP?", "", "Use the crop tool."),
    ("Classify the website by topic.", "www.espn.com", "Sports"),
    ("Identify the company behind the website.", "https://www.apple.com", "Apple"),
    ("Identify the type of file.", "report.pdf", "A PDF document."),
    ("Write an email that mentions the attached document.", "", "Dear Ann, see the document."),
    ("Plan a lesson.", "", "Lesson\n\n1. Task: Warm up.\n2. Task: Solve."),
    ("Solve the puzzle.", "Example\n1. Input: 3\n1. Output: 9", "Square it."),
    ("Write a FAQ for a shop.", "", "FAQ\n\nQ: When do you open?\nA: At nine."),
    ("Write a chat with support.", "", "Here:\n\nUser: My phone is dead.\nAssistant: Charge it."),
    ("Turn it into a question.", "You come home with us.", "You come home with us?"),
    (
        "Cut it into two sentences.",
        "It rained and we stayed home.",
        "It rained. And we stayed home.",
    ),
    ("Convert it to ALL CAPS.", "I love to learn", "I LOVE TO LEARN"),
    ("Name three articles in English.", "", "The, a, and an"),
    ("Give the title of the novel in the original.", "", "El amor en los tiempos del cólera"),
    (
        "List the capitals of the north.",
        "",
        "Łódź, Kraków, Gdańsk, Poznań, Wrocław, Toruń i Białystok",
    ),
    ("Translate the word to English.", "nessuno", "nobody"),
    ("What language is it?", "なし", "Japanese"),
    ("Spell it backwards.", "null", "llun"),
    ("What is its antonym?", "empty", "full"),
    ("What is the type of this JSON value?", "[]", "array"),
    ("무를 이용한 요리를 알려 주세요.", "무", "무국입니다."),
    ("고객에게 환불이 안 된다는 문자를 써 주세요.", "", "죄송합니다. 환불해 드릴 수 없습니다."),
    ("Which token ends a text?", "", "It ends with </s>"),
    ("Say how the text goes on.", "", "It ends with </s>"),
    ("Explain the letter.", "", "“Ã” is an A with a tilde, ‘Â’ has a hat."),
    ("Show the output of the program.", "print(3)", "Output: 3"),
    ("Create a modal view.", "", '<div>\n  <div style="color:grey">\n  </div>\n</div>'),
    ('Describe the style in the painting "The Birth of Venus".', "", "It is graceful."),
    ("Write a line that describes the painting called Guernica.", "", "It mourns a town."),
    ("Build a small page.", "", "const A = () => {\n  return (<div><h1>Hi</h1></div>);\n}"),
]


def test_sound_rows_that_look_like_a_fault_stay_as_they_are():
    wrong = []
    for texts in SOUND_ROWS:
        one = row(*texts)
        language = "ko" if any("가" <= char <= "힣" for char in one["instruction"]) else "en"
        cleaning = clean_examples([one], language)
        if cleaning.kept != [one]:
            wrong.append((texts, cleaning.report()))
    assert wrong == []


@pytest.mark.parametrize(
    "text", ["Fix any spelling errors.", "Remove profanity.", "Make the sentence gender neutral.",
             "Extract the sentence about the shop.", "Edit it so that it is grammatical.",
             "Convert it to lower case.", "맞춤법을 고치세요."],
)  # fmt: skip
def test_a_text_that_is_right_already_may_be_repeated(text):
    given = "the shop opens at nine in the morning."
    assert "echo" not in dropped(row(text, given, given))


FAULTY_ROWS = {
    "empty output": [
        ("", text)
        for text in ("[image]", "<image>", "''", "{}", "[]", "None required", "Not provided",
                     "Output: ", "(blank)", "????????", "moon " * 300, "[photo]", "Answer:",
                     "&nbsp;", "<br>")
    ],
    "refusal": [
        ("", text)
        for text in (
            "I’m sorry, I cannot.", "Being an AI, I do not eat.",
            "I'm ChatGPT, a large language model trained by OpenAI.",
            "Please provide the text you would like me to summarize.",
            "It seems that you did not provide any text.", "요청하신 내용은 생성할 수 없습니다.",
            "I’m really sorry, but I’m not able to help with this one.",
        )
    ],
    "address or attachment": [
        (given, "It is about the moon.")
        for given in ("example.com/article", "youtu.be/abc123", "bit.ly/abc", "IMG_2034.HEIC",
                      "<a href='https://a.b'>link</a>", "talk.m4a")
    ],
    "two tasks in one": [
        ("", text)
        for text in (
            "Oak\n\nQ: Name a metal.\nA: Iron", "Oak\n\nUser: a metal?\nAssistant: Iron",
            "Oak\n\nTask 5: Name a metal.\nOutput: Iron",
            "Oak\n5. Name a metal.\nInput: none\nOutput: Iron",
            "Oak\n### Input:\nmetal\n### Response:\nIron",
        )
    ],
    "wrong language": [
        ("", text)
        for text in (
            "De getijden ontstaan doordat de maan het water aantrekt en de aarde draait.",
            "Pływy powstają, ponieważ Księżyc przyciąga wodę w oceanach i Ziemia się obraca.",
            "Gelgitler ayın ve güneşin çekim kuvveti nedeniyle oluşur ve her gün tekrarlanır.",
            "Tidvatten beror på att månen drar i vattnet och att jorden snurrar varje dygn.",
            "Thủy triều là do mặt trăng hút nước biển lên và xuống mỗi ngày.",
            "Maya şekeri yer ve gaz çıkarır, bu gaz hamuru kabartır ve ekmek yumuşak olur.",
        )
    ],
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTY_ROWS)
def test_more_faults_of_each_class_are_found(fault):
    rows = [row("Explain how tides work.", *texts) for texts in FAULTY_ROWS[fault]]
    assert [one for one in rows if dropped(one) != [fault]] == []


@pytest.mark.parametrize(
    ("instruction", "fault"),
    [
        ("Write a summary of https://example.com/news/1", "address or attachment"),
        ("Summarize the attached document.", "address or attachment"),
        ("Transcribe the audio recording.", "picture or sound"),
        ("Analyze the chart above.", "picture or sound"),
    ],
)
def test_more_instructions_that_need_what_is_not_there_are_dropped(instruction, fault):
    assert dropped(row(instruction, "", "It rises.")) == [fault]


def test_an_echo_with_one_other_sign_is_an_echo():
    text = "Give me the book right now"
    assert dropped(row("Rewrite it politely.", text, "give me the book right now.")) == ["echo"]
    assert dropped(row("Name a tree please now.", "", "Name a tree, please now")) == ["echo"]


@pytest.mark.parametrize(
    "given",
    ["This instruction does not require an input.", "&lt;noinput&gt;", "Ｎ／Ａ", "[]", '""', "{ }",
     "(kosong)", "특별한 입력 없음", "입력 없이", "不适用", "No input is required here.", "N\\A"],
)  # fmt: skip
def test_more_inputs_that_say_there_is_none_become_empty(given):
    assert clean_examples([row(given=given)]).kept == [row()]


@pytest.mark.parametrize(
    ("output", "repaired"),
    [
        ("Output: The moon pulls.", "The moon pulls."),
        ("### Answer\nThe moon pulls.", "The moon pulls."),
        ("<think>hm</think>The moon pulls.", "The moon pulls."),
        ("<think>\nhm\n</think>\n\nThe moon pulls.", "The moon pulls."),
        ("<h1>The moon</h1><p>It pulls.</p>", "The moon\nIt pulls."),
        ("<ul><li>Moon</li><li>Sun</li></ul>", "- Moon\n- Sun"),
        ("Tom&nbsp;&amp;\nAnn&#39;s", "Tom &\nAnn's"),
        ("Output: 3\nReason: it pulls.", "Output: 3\nReason: it pulls."),
    ],
)
def test_more_leftovers_are_taken_off(output, repaired):
    assert after(row(output=output))["output"] == repaired


FAULTS = {
    2: "says there is no input", 3: "empty output", 4: "refusal", 5: "address or attachment",
    6: "two tasks in one", 7: "stray characters", 9: "stray markup", 10: "echo",
    11: "wrong language", 12: "picture or sound", 13: "text missing", 14: "empty output",
    15: "cut off", 16: "stray markup", 17: "duplicate", 18: "near-duplicate",
}  # fmt: skip


def test_each_row_of_the_dirty_file_has_its_one_fault():
    rows = load_examples(ROOT / "data" / "dirty_rows.en.jsonl")
    cleaning = clean_examples(rows)
    found = {one.position + 1: one.fault for one in [*cleaning.dropped, *cleaning.repaired]}
    assert found == FAULTS and len(rows) == 19
    assert len(cleaning.dropped) + len(cleaning.repaired) == len(FAULTS)


@pytest.mark.parametrize("language", ["en", "ko", "id"])
def test_no_row_written_for_this_project_is_dropped_or_changed(language):
    for name in ("seed_tasks", "eval_tasks"):
        rows = load_examples(ROOT / f"data/{name}.{language}.jsonl")
        cleaning = clean_examples(rows, language)
        assert cleaning.kept == rows, cleaning.report()


ALPACA = ROOT.parent / "shared" / "data" / "alpaca52k" / "alpaca_data.json.gz"


@pytest.mark.skipif(not ALPACA.is_file(), reason=f"Alpaca's released data is not here ({ALPACA})")
def test_the_known_faults_of_alpacas_release_are_found():
    rows = json.loads(gzip.decompress(ALPACA.read_bytes()))
    assert len(load_examples(ALPACA)) == len(rows) == 52_002
    suspects = [
        one for one in rows if one["input"] or len(one["output"]) > 400 or not one["output"]
    ]
    cleaning = clean_examples(suspects, threshold=None)
    counts = Counter(one.fault for one in [*cleaning.dropped, *cleaning.repaired])
    empty = [one for one in cleaning.dropped if not one.row["output"].strip()]
    assert len(empty) == 28
    assert 525 <= counts["says there is no input"] <= 680
    assert 30 <= counts["two tasks in one"] <= 37
    assert counts["address or attachment"] > 250 and counts["duplicate"] == 0
    assert len(cleaning.dropped) < 0.04 * len(suspects)  # most rows are sound


@pytest.mark.parametrize(
    "piece",
    ["\n", " ", "-", "#\n", "\n---\n", "```\n", "1. ", ". ", "<", "[image", "é", "\n5. Output:",
     "\n\nInstruction:\n", "\n\nInstruction:\nInput:\n"],
)  # fmt: skip
def test_no_text_takes_long_however_monotonous(piece):
    def seconds(times):
        text = "Oak" + piece * times + "x"
        started = time.perf_counter()
        clean_examples([row(output=text), row(given=text), row(instruction=text)])
        return time.perf_counter() - started

    seconds(10)
    assert seconds(8_000) < 0.5 + 60 * seconds(400)  # in proportion it is 20
