"""Faults: every class is found in several languages, and sound rows are left alone."""

import pytest
from cleaning_rows import cleaned, dropped, row

from helpers.data.cleaning.clean import clean_examples
from helpers.data.cleaning.refusals import refuses

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
def test_an_output_without_an_answer_is_dropped_with_its_class(fault, outputs):
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


def test_an_answer_that_resembles_a_refusal_or_an_empty_output_stays():
    # Some are in another language, which is a fault of its own.
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
def test_a_task_about_refusing_may_be_answered_with_a_refusal(instruction, given):
    assert refuses(row(output="Sorry, I can't make it on Friday."))
    assert not refuses(row(instruction, given, "Sorry, I can't make it on Friday."))


def test_an_answer_about_tasks_may_contain_a_task():
    text = "Instruction: Name a metal.\n\nInput: none\nOutput: Iron"
    assert dropped(row("Write an example task for a model.", output="Here it is.\n\n" + text)) == []


ADDRESSES = [
    "https://example.com/a", "www.example.org", "Article: https://a.b/c", "The link is https://a.b",
    "[Link to article]", "(attached file)", "report.pdf", "![x](https://a.b/c.png)",
    "<img src='a.png'>", "data:image/png;base64,iVBOR", "https://a.b/c\nhttps://a.b/d", "<image>",
    "[Image of a cat]", "<Picture Attached>", "(파일 첨부)", "[사진]", "[lampiran]", "[gambar]",
]  # fmt: skip


def test_an_address_in_place_of_a_text_is_dropped_unless_the_task_is_about_addresses():
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
def test_an_instruction_about_missing_material_is_dropped(instruction, language, fault):
    answers = {"en": "A short answer.", "ko": "짧은 대답입니다.", "id": "Ini jawaban yang singkat."}
    found = dropped(row(instruction, "", answers[language]), language=language)
    assert found == ([fault] if fault else [])


def test_an_output_that_is_a_copy_is_dropped_and_such_an_input_is_emptied():
    text = "The shop opens at nine in the morning."
    assert dropped(row("Turn it into a question.", text, text)) == ["echo"]
    assert dropped(row("Repeat the sentence.", text, text)) == []
    assert dropped(row("Correct the sentence if necessary.", text, text)) == []
    assert dropped(row("Name a tree.", "", "Name a tree.")) == ["echo"]
    assert cleaned(row("Name a tree.", "Name  a tree.", "Oak")) == row("Name a tree.", "", "Oak")


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
    # The language that a row names counts, not that of the other rows.
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


# For each rule, a sound row that it could mistake for a fault: instruction, input, output.
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


def test_sound_rows_that_resemble_a_fault_stay_unchanged():
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
def test_a_correct_text_may_be_repeated(text):
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
def test_instructions_about_attachments_recordings_and_charts_are_dropped(instruction, fault):
    assert dropped(row(instruction, "", "It rises.")) == [fault]


def test_a_copy_with_one_other_punctuation_mark_is_an_echo():
    text = "Give me the book right now"
    assert dropped(row("Rewrite it politely.", text, "give me the book right now.")) == ["echo"]
    assert dropped(row("Name a tree please now.", "", "Name a tree, please now")) == ["echo"]
