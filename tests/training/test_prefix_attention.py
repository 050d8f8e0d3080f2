"""Rows that share a prefix get the losses and gradients that they would get alone."""

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from helpers.planning.hardware import SHARED_PREFIX
from helpers.training.batching import collate_shared, micro_batches
from helpers.training.encoding import collate, encode, token_losses
from helpers.training.prefix_attention import attend, training_attention

ROWS = [
    {"instruction": "Name the colours of the rainbow.", "input": "", "output": "Red to violet."},
    {"instruction": "Count to ten.", "input": "", "output": "1 2 3 4 5 6 7 8 9 10"},
    {"instruction": "Translate.", "input": "Guten Tag", "output": "Good day"},
    {"instruction": "Count to ten.", "input": "", "output": "No."},
    {"instruction": "Translate into French.", "input": "Good day", "output": "Bonjour"},
]
SHAPE = {"vocab_size": 400, "hidden_size": 32, "num_hidden_layers": 2, "intermediate_size": 48}
HEADS = {"num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 600}


def together(encoded):
    (part,) = micro_batches(encoded, 10_000, "shared")
    return part


def small_model(kind):
    options = {**SHAPE, **HEADS, "head_dim": 8, "initializer_range": 0.3}
    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **options)).train()


@pytest.mark.parametrize("kind", ["llama", "qwen2", "qwen3", "olmo2", "gemma"])
def test_losses_and_gradients_are_those_of_padded_rows(tokenizer, kind):
    model = small_model(kind)
    encoded = [encode(row, tokenizer) for row in ROWS]
    vocabulary = SHAPE["vocab_size"]
    for row in encoded:
        row["input_ids"] = [i % vocabulary for i in row["input_ids"]]
        row["labels"] = [i if i < 0 else i % vocabulary for i in row["labels"]]
    found = {}
    for attention, batch in (
        ("sdpa", collate(encoded, 0)),
        (training_attention(model.config), collate_shared(together(encoded))),
    ):
        model.set_attn_implementation(attention)
        loss = token_losses(model, batch).sum()
        found[attention] = loss.item(), torch.autograd.grad(loss, list(model.parameters()))
    assert list(found) == ["sdpa", SHARED_PREFIX]
    (loss, gradients), (shared_loss, shared_gradients) = found.values()
    assert shared_loss == pytest.approx(loss, rel=1e-5)
    for mine, theirs in zip(shared_gradients, gradients, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-3, atol=1e-4 * float(theirs.abs().max()))


def test_a_shared_prefix_is_computed_once(tokenizer):
    encoded = [encode(row, tokenizer) for row in ROWS]
    whole = sum(len(row["input_ids"]) for row in encoded)
    assert collate_shared(together(encoded))["input_ids"].numel() < 0.85 * whole


@pytest.mark.parametrize(
    "kind, options",
    [
        ("mistral", {"sliding_window": 64}),
        ("gemma2", {"attn_logit_softcapping": 50.0}),
        ("bloom", {}),
        ("qwen2", {"use_sliding_window": True, "sliding_window": 8, "max_window_layers": 1}),
    ],
)
def test_a_model_that_needs_more_than_causal_attention_gets_sdpa(kind, options):
    config = AutoConfig.for_model(kind, **SHAPE, **HEADS, **options)
    assert training_attention(config) == ("eager" if kind == "bloom" else "sdpa")


def test_what_it_would_ignore_is_an_error():
    query = torch.zeros(1, 2, 3, 4)
    with pytest.raises(ValueError, match=r'no segments.*set_attn_implementation\("sdpa"\)'):
        attend(None, query, query, query, None)
    with pytest.raises(ValueError, match="got an attention mask, which it would ignore"):
        attend(None, query, query, query, torch.ones(1, 1, 3, 3), segments=[(3, None)])
    with pytest.raises(ValueError, match="got sliding_window, which it would ignore"):
        attend(None, query, query, query, None, segments=[(3, None)], sliding_window=2)
