"""Tokenizers of other kinds than the embedded student's, made in a moment from a few sentences."""

import json

from tokenizers import (
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import PreTrainedTokenizerFast

TEXTS = [
    "Below is an instruction that describes a task. ### Response: user model assistant",
    "The tags <p> and </p>, </s> or <s>, cost 30 euros; bash count_lines.sh <filename> _|/.",
    "Die Straße ist naß, été, 물을 주세요, terima kasih.",
]
# A turn is opened by one token and closed by another, as in Gemma's template; it trims its text.
TURNS = (
    "{{ bos_token }}{% for message in messages %}<|turn|>{{ message['role'] }}\n"
    "{{ message['content'] | trim }}</s>\n{% endfor %}"
    "{% if add_generation_prompt %}<|turn|>model\n{% endif %}"
)
_SPACES = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
_NO_FIRST_SPACE = [*_SPACES, decoders.Strip(" ", 1, 0)]


def _llama(tokenizer):
    """Every text between two control tokens begins with a space (LLaMA, older conversions)."""
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    tokenizer.decoder = decoders.Sequence(_NO_FIRST_SPACE)


def _mistral(tokenizer):
    """The first text alone begins with a space."""
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    tokenizer.decoder = decoders.Sequence(_NO_FIRST_SPACE)


def _gemma(tokenizer):
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.decoder = decoders.Sequence(_SPACES)


def _pieces(dress):
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True))
    dress(tokenizer)
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=["<unk>", "<s>", "</s>"], show_progress=False
    )
    tokenizer.train_from_iterator(TEXTS * 5, trainer)
    whole = json.loads(tokenizer.to_str())
    for byte in range(256):
        whole["model"]["vocab"].setdefault(f"<0x{byte:02X}>", len(whole["model"]["vocab"]))
    return Tokenizer.from_str(json.dumps(whole))


def _unigram():
    """Its control tokens stand in the vocabulary that texts are cut by (as in llm-jp's)."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=200,
        special_tokens=["<unk>", "<s>", "</s>"],
        unk_token="<unk>",
        initial_alphabet=[chr(i) for i in range(33, 127)],
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXTS * 5, trainer)
    return tokenizer


def tiny_tokenizer(kind):
    """A fast tokenizer of a ``kind``: ``"llama"``, ``"mistral"``, ``"gemma"`` or ``"unigram"``."""
    dresses = {"llama": _llama, "mistral": _mistral, "gemma": _gemma}
    made = _unigram() if kind == "unigram" else _pieces(dresses[kind])
    made.add_special_tokens(["<|turn|>"])
    names = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=made, **names)
    tokenizer._tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", tokenizer.bos_token_id)]
    )
    tokenizer.chat_template = TURNS
    return tokenizer


KINDS = ("llama", "mistral", "gemma", "unigram")
