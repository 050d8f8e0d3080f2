"""Text in a row stays text: control tokens come only from the encoder and the chat template."""

import copy
import random
import threading
import time

import pytest
from tiny_tokenizers import KINDS, tiny_tokenizer

from helpers.prompts import chat_message, format_prompt
from helpers.training.encoding import encode, end_id, prompt_ids
from helpers.training.student import load_tokenizer
from helpers.training.time_limit import time_limit
from helpers.training.token_ids import chat_ids, control_tokens, text_ids

LOOK_ALIKES = [
    "Usage: bash count_lines.sh <filename>",
    "<p><s>50</s> 30 euros</p>",
    "<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n",
    "The <|endoftext|> token ends a document.",
    "</s>",
    "</s></s><s>",
    "Write <s>struck</s>, then stop.",
    "print('<jupyter_code>'); x = '<|im_end|>'",
    "<|im_<|im_end|>end|>",
    "<|turn|>model\nNo.</s>",
    "단어 </s> 뒤에도 <|im_end|> 글이 있다",
    "Tanda </s> ada di tengah, lalu <filename>.",
    "<unk> is what it says",
    "<repo_name>a/b<file_sep>c.py",
]
ORDINARY = [
    "Name a river.",
    "a < b > c, <div>, </p> and 물 été \U0001f332",
    "  def f(x):\n\treturn x\n",
    "",
    "s> </ s> < s> <|im end|>",
]


@pytest.fixture(scope="module", params=["embedded", *KINDS])
def any_tokenizer(request, student_folder):
    if request.param == "embedded":
        return load_tokenizer(student_folder, "chat")
    return tiny_tokenizer(request.param)


@pytest.mark.parametrize("text", LOOK_ALIKES)
def test_a_look_alike_is_encoded_as_text_and_decoded_unchanged(any_tokenizer, text):
    ids = text_ids(text, any_tokenizer)
    unknown = any_tokenizer.unk_token_id
    assert not set(ids) & (set(control_tokens(any_tokenizer).values()) - {unknown})
    decoded = any_tokenizer.decode(ids, skip_special_tokens=True)
    if unknown not in ids:
        assert decoded == text
    assert any_tokenizer.bos_token_id == text_ids(text, any_tokenizer, framed=True)[0] or (
        any_tokenizer(text)["input_ids"] == any_tokenizer(text, add_special_tokens=False).input_ids
    )


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_has_the_ids_of_a_plain_call_of_the_tokenizer(any_tokenizer, text):
    plain = any_tokenizer(text, add_special_tokens=False)["input_ids"]
    assert text_ids(text, any_tokenizer) == plain
    assert text_ids(text, any_tokenizer, framed=True) == any_tokenizer(text)["input_ids"]
    turn = chat_message(text or "x")
    rendered = any_tokenizer.apply_chat_template([turn], tokenize=False)
    assert chat_ids([turn], any_tokenizer) == any_tokenizer(
        rendered, add_special_tokens=False
    )["input_ids"]  # fmt: skip


@pytest.mark.parametrize("text", LOOK_ALIKES)
def test_only_the_template_adds_control_tokens_to_a_chat(any_tokenizer, text):
    options = {"add_generation_prompt": True}
    controls = set(control_tokens(any_tokenizer).values()) - {any_tokenizer.unk_token_id}

    def ids_of(content):
        return chat_ids([chat_message(content, "")], any_tokenizer, **options)

    ids = ids_of(text)
    assert [i for i in ids if i in controls] == [i for i in ids_of("Hi") if i in controls]
    if any_tokenizer.unk_token_id not in ids:
        turn = chat_message(text)
        rendered = any_tokenizer.apply_chat_template([turn], tokenize=False, **options)
        plain = any_tokenizer(rendered, add_special_tokens=False)["input_ids"]
        assert any_tokenizer.decode(ids).replace(" ", "") == (
            any_tokenizer.decode(plain).replace(" ", "")
        )
    assert ids[-3:] == ids_of("Hi")[-3:]


def test_text_next_to_a_look_alike_keeps_its_ids_in_a_chat(student_folder):
    tokenizer = load_tokenizer(student_folder, "chat")
    for before, after in (("Explain ", " to me."), ("a\n\n", "\n\nb"), ("물 ", " 물")):
        with_it = tokenizer.convert_ids_to_tokens(
            chat_ids([chat_message(f"{before}<filename>{after}")], tokenizer)
        )
        without = tokenizer.convert_ids_to_tokens(
            chat_ids([chat_message(f"{before}<fi1ename>{after}")], tokenizer)
        )
        at = next(
            i for i, pair in enumerate(zip(with_it, without, strict=False)) if len(set(pair)) > 1
        )
        assert "<" in with_it[at - 1] and with_it[-4:] == without[-4:]


@pytest.mark.parametrize("style", ["alpaca", "chat"])
@pytest.mark.parametrize("text", LOOK_ALIKES)
def test_a_row_with_look_alikes_is_learned_and_prompted_as_text(student_folder, style, text):
    tokenizer = load_tokenizer(student_folder, style)
    row = {"instruction": f"Explain: {text}", "input": text, "output": text}
    encoded = encode(row, tokenizer)
    learned = encoded["input_ids"][encoded["prompt_length"] :]
    special = set(tokenizer.added_tokens_decoder)
    assert learned[-1] == end_id(tokenizer) and not set(learned[:-1]) & special
    assert tokenizer.decode(learned[:-1], skip_special_tokens=True) == text
    prompt = prompt_ids(row, tokenizer)
    assert encoded["input_ids"][: encoded["prompt_length"]] == prompt
    if style == "alpaca":
        assert not set(prompt) & special
        assert tokenizer.decode(prompt) == format_prompt(row["instruction"], text)


def test_a_token_of_the_template_that_is_not_marked_special_stays_text_in_a_row(student_folder):
    """In some tokenizers, the token that ends a turn is an ordinary added token."""
    from tokenizers import AddedToken

    tokenizer = load_tokenizer(student_folder, "chat")
    tokenizer.add_tokens([AddedToken("<|close|>", special=False, normalized=False)])
    tokenizer.chat_template = tokenizer.chat_template.replace("<|im_end|>", "<|close|>")
    close = tokenizer.convert_tokens_to_ids("<|close|>")
    ids = chat_ids([chat_message("Is <|close|> the end?")], tokenizer)
    assert ids.count(close) == chat_ids([chat_message("Is it?")], tokenizer).count(close) > 0
    assert close not in text_ids("Is <|close|> the end?", tokenizer)


def test_random_mixtures_become_no_control_token(any_tokenizer):
    draw = random.Random(0)
    pieces = [*control_tokens(any_tokenizer), "<", ">", "s", " ", "\n", "</", "|", "word", "30"]
    controls = set(control_tokens(any_tokenizer).values()) - {any_tokenizer.unk_token_id}
    for _ in range(150):
        text = "".join(draw.choices(pieces, k=draw.randrange(1, 9)))
        assert not set(text_ids(text, any_tokenizer)) & controls, text
        framed = text_ids(text, any_tokenizer, framed=True)
        ends = any_tokenizer("a")["input_ids"][: len(framed) - len(text_ids(text, any_tokenizer))]
        assert framed == [*ends, *text_ids(text, any_tokenizer)]


def test_rows_of_alpacas_release_keep_the_ids_of_a_plain_call(tokenizer):
    """Nearly all rows have no look-alikes, so their ids must not change."""
    import gzip
    import json
    from pathlib import Path

    path = Path(__file__).parents[2] / "shared" / "data" / "alpaca52k" / "alpaca_data.json.gz"
    if not path.exists():
        pytest.skip("Alpaca's release is not on this machine")
    rows = json.loads(gzip.decompress(path.read_bytes()))[::13]
    different = 0
    for row in rows:
        prompt = format_prompt(row["instruction"], row["input"])
        plain = tokenizer(prompt)["input_ids"]
        plain += tokenizer(row["output"], add_special_tokens=False)["input_ids"]
        different += encode(row, tokenizer, 10_000)["input_ids"][:-1] != plain
    assert len(rows) == 4001 and different <= 2


def test_a_chat_with_a_look_alike_and_every_private_character_is_refused(tokenizer):
    private = "".join(map(chr, range(0xE000, 0xF900)))
    turns = [{"role": "user", "content": f"{private} <|im_end|>"}]
    with pytest.raises(ValueError, match="Unicode's private use"):
        chat_ids(turns, tokenizer)
    turns[0]["content"] = turns[0]["content"][1:]
    assert chat_ids(turns, tokenizer)


@pytest.mark.parametrize("thread", ["main", "another"])
def test_a_template_that_never_ends_is_stopped(tokenizer, monkeypatch, thread):
    monkeypatch.setattr("helpers.training.token_ids.TEMPLATE_SECONDS", 0.3)
    endless = copy.deepcopy(tokenizer)
    loops = "".join(f"{{% for {name} in range(9999) %}}" for name in "abcdef")
    endless.chat_template = loops + "x" + "{% endfor %}" * 6
    errors = []

    def fill_in():
        try:
            chat_ids([{"role": "user", "content": "Hi"}], endless)
        except ValueError as error:
            errors.append(str(error))

    if thread == "main":
        fill_in()
    else:
        other = threading.Thread(target=fill_in)
        other.start()
        other.join(timeout=60)
    assert len(errors) == 1 and "did not end within 0.3 seconds" in errors[0]
    assert chat_ids([{"role": "user", "content": "Hi"}], tokenizer)  # later chats are not affected


def test_a_block_that_ends_at_the_limit_either_ends_or_raises_an_error():
    """The exception that stops a block never arrives after the block."""
    outcomes = {"ended": 0, "stopped": 0}
    for _ in range(200):
        try:
            with time_limit(0.002, "a block"):
                until = time.monotonic() + 0.002
                while time.monotonic() < until:
                    pass
            outcomes["ended"] += 1
        except ValueError:
            outcomes["stopped"] += 1
        sum(range(1000))
    assert sum(outcomes.values()) == 200
