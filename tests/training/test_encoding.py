"""Which tokens are learned: the response and the end token, and no others."""

import pytest
import torch
from transformers import Gemma2Config, Gemma2ForCausalLM, LlamaConfig, LlamaForCausalLM

from helpers.prompts import format_prompt
from helpers.training import encoding
from helpers.training.batching import collate_packed
from helpers.training.encoding import (
    IGNORED,
    collate,
    encode,
    encode_all,
    end_id,
    prompt_ids,
    response_tokens,
    token_losses,
)
from helpers.training.student import load_tokenizer

ROWS = [
    {"instruction": "Name a river.", "input": "", "output": "Loire"},
    {"instruction": "Translate.", "input": "water, 물", "output": "Wasser.\n\nOder: „Nass“ été 42"},
    {"instruction": "Say nothing.", "input": "", "output": ""},
    {"instruction": "Indent it.", "input": "x", "output": "  x\n"},
]


@pytest.fixture(scope="module")
def tiny_llama(tokenizer):
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        initializer_range=0.5,  # far from uniform, so that a shift by one position shows
    )
    return LlamaForCausalLM(config).eval()


@pytest.mark.parametrize("row", ROWS)
def test_the_prompt_is_ignored_and_the_whole_response_is_learned(tokenizer, row):
    encoded = encode(row, tokenizer)
    ids, labels, border = encoded["input_ids"], encoded["labels"], encoded["prompt_length"]
    assert labels == [IGNORED] * border + ids[border:]
    assert torch.nn.CrossEntropyLoss().ignore_index == IGNORED
    assert tokenizer.decode(ids[:border]) == format_prompt(row["instruction"], row["input"])
    assert tokenizer.decode(ids[border:]) == row["output"] + tokenizer.eos_token
    assert encoded["cut"] == 0


@pytest.fixture(scope="module")
def merging_tokenizer():
    """A tokenizer with one token for each letter, and one for a line break followed by ``Y``."""
    from tokenizers import Tokenizer
    from tokenizers.models import BPE
    from transformers import PreTrainedTokenizerFast

    letters = ["<end>", *sorted({chr(i) for i in range(32, 127)} | {"\n"}), "\nY"]
    vocabulary = {letter: i for i, letter in enumerate(letters)}
    model = BPE(vocab=vocabulary, merges=[("\n", "Y")])
    return PreTrainedTokenizerFast(tokenizer_object=Tokenizer(model), eos_token="<end>")


def test_the_prompt_is_a_prefix_of_the_row_even_if_the_tokenizer_merges_across_the_border(
    merging_tokenizer,
):
    row = {"instruction": "Agree.", "input": "", "output": "Yes"}
    together = merging_tokenizer(format_prompt(row["instruction"]) + row["output"])["input_ids"]
    encoded = encode(row, merging_tokenizer)
    prompt = prompt_ids(row, merging_tokenizer)
    assert together[: len(prompt)] != prompt  # the tokenizer merges across the border
    assert encoded["input_ids"][: encoded["prompt_length"]] == prompt
    assert encoded["input_ids"][len(prompt) :] == merging_tokenizer("Yes")["input_ids"] + [0]


def test_an_end_token_that_the_tokenizer_appends_is_removed_from_the_prompt():
    class AppendsEndToken:
        eos_token_id = 7

        def __call__(self, text, add_special_tokens=True):
            ids = [1 + ord(letter) % 5 for letter in text]
            return {"input_ids": [*ids, 7] if add_special_tokens else ids}

    encoded = encode(ROWS[0], AppendsEndToken())
    assert encoded["input_ids"].count(7) == 1 == encoded["labels"].count(7)
    assert encoded["labels"][-1] == 7 and 7 not in prompt_ids(ROWS[0], AppendsEndToken())


# Like Gemma's template: a turn ends with a token that is not the end token, and a system message
# raises an error.
TURNS = (
    "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'system' %}"
    "{{ raise_exception('no system message') }}{% endif %}<file_sep>{{ message['role'] }}\n"
    "{{ message['content'] }}<empty_output>\n{% endfor %}"
    "{% if add_generation_prompt %}<file_sep>assistant\n{% endif %}"
)


@pytest.fixture(params=["the student's", "like Gemma's"])
def chat_tokenizer(request, student_folder):
    tokenizer = load_tokenizer(student_folder, "chat")
    if request.param == "like Gemma's":
        tokenizer.chat_template = TURNS
    return tokenizer


@pytest.mark.parametrize("row", ROWS)
def test_with_a_chat_template_the_reply_and_the_end_of_its_turn_are_learned(chat_tokenizer, row):
    encoded = encode(row, chat_tokenizer)
    ids, labels, border = encoded["input_ids"], encoded["labels"], encoded["prompt_length"]
    turns = [
        {
            "role": "user",
            "content": row["instruction"] + ("\n\n" + row["input"]) * bool(row["input"]),
        },
        {"role": "assistant", "content": row["output"]},
    ]
    whole = chat_tokenizer.apply_chat_template(turns, tokenize=False)
    assert labels == [IGNORED] * border + ids[border:] and labels[-1] == end_id(chat_tokenizer)
    assert whole.startswith(chat_tokenizer.decode(ids[:border]))
    if row["output"] == row["output"].strip():  # a template may strip the reply
        assert whole == chat_tokenizer.decode(ids) + "\n"


def test_the_token_that_ends_a_turn_may_differ_from_the_end_token(student_folder, tokenizer):
    chat = load_tokenizer(student_folder, "chat")
    assert end_id(chat) == end_id(tokenizer) == tokenizer.eos_token_id
    chat.chat_template = TURNS
    assert end_id(chat) == chat.convert_tokens_to_ids("<empty_output>") != chat.eos_token_id


def test_a_tokenizer_that_pads_on_the_left_gives_the_same_batch(student_folder, tokenizer):
    left = load_tokenizer(student_folder)
    left.padding_side = "left"
    batches = []
    for each in (left, tokenizer):
        batches.append(collate([encode(row, each) for row in ROWS], each.pad_token_id))
    assert all(torch.equal(batches[0][key], batches[1][key]) for key in batches[0])


@pytest.mark.parametrize("row", ROWS)
def test_the_learned_labels_run_from_the_first_token_of_the_response_to_the_end_token(
    tokenizer, row
):
    learned = [label for label in encode(row, tokenizer)["labels"] if label != IGNORED]
    response = tokenizer(row["output"], add_special_tokens=False)["input_ids"]
    assert learned[0] == (response or [tokenizer.eos_token_id])[0]
    assert learned[-1] == tokenizer.eos_token_id
    assert learned.count(tokenizer.eos_token_id) == 1


def test_the_padding_token_is_not_the_end_token_and_is_in_the_vocabulary(tokenizer):
    assert tokenizer.pad_token_id not in (None, tokenizer.eos_token_id)
    assert tokenizer.pad_token_id < tokenizer.vocab_size


def test_a_long_row_is_cut_in_its_response_and_the_cut_is_counted(tokenizer):
    whole = encode(ROWS[1], tokenizer)
    border, length = whole["prompt_length"], len(whole["input_ids"])
    assert encode(ROWS[1], tokenizer, max_length=length) == whole
    for max_length in (length - 1, border + 1):
        short = encode(ROWS[1], tokenizer, max_length=max_length)
        assert short == {
            "input_ids": whole["input_ids"][:max_length],
            "labels": whole["labels"][:max_length],
            "prompt_length": border,
            "cut": length - max_length,
        }
        assert tokenizer.eos_token_id not in short["labels"]


def test_a_prompt_that_fills_the_length_is_an_error_with_both_lengths(tokenizer):
    border = encode(ROWS[0], tokenizer)["prompt_length"]
    with pytest.raises(ValueError, match=rf"{border} tokens and max_length is {border}.*river"):
        encode(ROWS[0], tokenizer, max_length=border)


def test_a_tokenizer_without_an_end_token_is_an_error():
    class NoEndToken:
        eos_token_id = None

        def __call__(self, text, **_):
            return {"input_ids": [1] * len(text)}

    with pytest.raises(ValueError, match="no end token"):
        encode(ROWS[0], NoEndToken())


def test_rows_that_do_not_fit_are_returned_with_the_reason(tokenizer):
    long = {**ROWS[0], "instruction": "Name a river. " * 60}
    encoded, dropped = encode_all([ROWS[0], long, ROWS[2]], tokenizer, max_length=100)
    assert encoded == [encode(ROWS[0], tokenizer, 100), encode(ROWS[2], tokenizer, 100)]
    assert [row["row"] for row in dropped] == [long]
    assert "max_length is 100" in dropped[0]["reason"]
    with pytest.raises(ValueError, match=r"none of the 1 rows.*max_length is 100"):
        encode_all([long], tokenizer, max_length=100)
    with pytest.raises(ValueError, match="empty"):
        encode_all([], tokenizer)


def test_padding_is_on_the_right_and_is_ignored_for_any_id(tokenizer):
    encoded = [encode(row, tokenizer) for row in ROWS]
    for pad_id in (tokenizer.pad_token_id, tokenizer.eos_token_id, encoded[0]["input_ids"][3]):
        batch = collate(encoded, pad_id)
        width = max(len(row["input_ids"]) for row in encoded)
        assert {tuple(part.shape) for part in batch.values()} == {(len(ROWS), width)}
        for i, row in enumerate(encoded):
            padding = width - len(row["input_ids"])
            assert batch["input_ids"][i].tolist() == row["input_ids"] + [pad_id] * padding
            assert batch["labels"][i].tolist() == row["labels"] + [IGNORED] * padding
            mask = [1] * len(row["input_ids"]) + [0] * padding
            assert batch["attention_mask"][i].tolist() == mask


def test_response_tokens_counts_outputs_and_end_tokens(tokenizer):
    lengths = [len(tokenizer(r["output"], add_special_tokens=False)["input_ids"]) for r in ROWS]
    assert response_tokens([encode(row, tokenizer) for row in ROWS]) == sum(lengths) + len(ROWS)


def test_token_losses_average_to_the_loss_of_transformers(tokenizer, tiny_llama):
    encoded = [encode(row, tokenizer) for row in ROWS]
    batch = collate(encoded, tokenizer.pad_token_id)
    with torch.no_grad():
        losses = token_losses(tiny_llama, batch)
        theirs = tiny_llama(**batch).loss
    assert losses.shape == (len(ROWS), batch["labels"].shape[1] - 1)
    assert losses.sum() / response_tokens(encoded) == pytest.approx(theirs.item(), rel=1e-5)
    assert ((losses > 0) == (batch["labels"][:, 1:] != IGNORED)).all()


def test_the_loss_of_a_token_is_at_the_position_before_it(tokenizer, tiny_llama):
    row = encode(ROWS[1], tokenizer)
    batch = collate([row, encode(ROWS[3], tokenizer)], tokenizer.eos_token_id)
    ids = torch.tensor([row["input_ids"]])
    with torch.no_grad():
        losses = token_losses(tiny_llama, batch)[0]
        log_probabilities = tiny_llama(ids).logits[0].log_softmax(-1)  # one row, no padding
    for position in range(row["prompt_length"], len(row["input_ids"])):
        expected = -log_probabilities[position - 1, row["input_ids"][position]].item()
        assert losses[position - 1].item() == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_token_losses_give_the_gradient_of_the_loss_of_transformers(tokenizer, tiny_llama):
    encoded = [encode(row, tokenizer) for row in ROWS]
    batch = collate(encoded, tokenizer.pad_token_id)
    gradients = []
    for loss in (
        token_losses(tiny_llama, batch).sum() / response_tokens(encoded),
        tiny_llama(**batch).loss,
    ):
        gradients.append(torch.autograd.grad(loss, list(tiny_llama.parameters())))
    for ours, theirs in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
def test_packed_rows_do_not_attend_to_each_other(tokenizer, tiny_llama, attention):
    encoded = [encode(row, tokenizer) for row in ROWS]
    tiny_llama.set_attn_implementation(attention)
    with torch.no_grad():
        together = token_losses(tiny_llama, collate_packed(encoded)).sum().item()
        alone = sum(
            token_losses(tiny_llama, collate([row], tokenizer.pad_token_id)).sum().item()
            for row in encoded
        )
    assert together == pytest.approx(alone, rel=1e-5)


def test_logits_in_slices_give_the_same_loss_and_gradient(tokenizer, tiny_llama, monkeypatch):
    batch = collate([encode(row, tokenizer) for row in ROWS], tokenizer.pad_token_id)
    results = []
    for positions in (10_000, 3):
        monkeypatch.setattr(encoding, "LOGITS_AT_ONCE", positions * len(tokenizer))
        loss = token_losses(tiny_llama, batch).sum()
        results.append([loss, *torch.autograd.grad(loss, list(tiny_llama.parameters()))])
    for whole, sliced in zip(*results, strict=True):
        torch.testing.assert_close(whole, sliced, rtol=1e-3, atol=1e-4)


def test_a_bound_on_the_logits_is_applied_before_the_loss(tokenizer):
    torch.manual_seed(0)
    shape = {"vocab_size": len(tokenizer), "hidden_size": 16, "intermediate_size": 32}
    shape |= {"num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1}
    config = Gemma2Config(**shape, head_dim=8, initializer_range=2.0, final_logit_softcapping=5.0)
    model = Gemma2ForCausalLM(config).eval()
    encoded = [encode(row, tokenizer) for row in ROWS]
    batch = collate(encoded, tokenizer.pad_token_id)
    with torch.no_grad():
        ours = token_losses(model, batch).sum() / response_tokens(encoded)
        assert ours.item() == pytest.approx(model(**batch).loss.item(), rel=1e-5)
        model.config.final_logit_softcapping = None
        assert ours.item() != pytest.approx(model(**batch).loss.item(), rel=1e-2)
