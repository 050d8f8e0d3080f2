"""Small tokenizers of other kinds than the embedded student's, trained on a few sentences."""

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
# As in Gemma's template, one token starts a turn and another ends it, and the text is stripped.
TURNS = (
    "{{ bos_token }}{% for message in messages %}<|turn|>{{ message['role'] }}\n"
    "{{ message['content'] | trim }}</s>\n{% endfor %}"
    "{% if add_generation_prompt %}<|turn|>model\n{% endif %}"
)
_SPACES = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
_NO_FIRST_SPACE = [*_SPACES, decoders.Strip(" ", 1, 0)]


def _llama(tokenizer):
    """Add a leading space to every text between two control tokens (older LLaMA conversions)."""
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    tokenizer.decoder = decoders.Sequence(_NO_FIRST_SPACE)


def _mistral(tokenizer):
    """Add a leading space only to the first text."""
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    tokenizer.decoder = decoders.Sequence(_NO_FIRST_SPACE)


def _gemma(tokenizer):
    """Add no leading space."""
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.decoder = decoders.Sequence(_SPACES)


def _bpe(configure):
    """Train a BPE model with byte fallback."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True))
    configure(tokenizer)
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=["<unk>", "<s>", "</s>"], show_progress=False
    )
    tokenizer.train_from_iterator(TEXTS * 5, trainer)
    content = json.loads(tokenizer.to_str())
    for byte in range(256):
        content["model"]["vocab"].setdefault(f"<0x{byte:02X}>", len(content["model"]["vocab"]))
    return Tokenizer.from_str(json.dumps(content))


def _unigram():
    """Train a unigram model whose vocabulary holds the control tokens too (as in llm-jp's)."""
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
    """Build a fast tokenizer: ``"llama"``, ``"mistral"``, ``"gemma"`` or ``"unigram"``."""
    configurations = {"llama": _llama, "mistral": _mistral, "gemma": _gemma}
    trained = _unigram() if kind == "unigram" else _bpe(configurations[kind])
    trained.add_special_tokens(["<|turn|>"])
    names = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=trained, **names)
    tokenizer._tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", tokenizer.bos_token_id)]
    )
    tokenizer.chat_template = TURNS
    return tokenizer


KINDS = ("llama", "mistral", "gemma", "unigram")
