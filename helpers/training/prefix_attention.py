"""Compute the beginning that rows have in common once: attention for rows that share a prefix.

Every row of a prompt style begins with the same words, in Alpaca's about 27 of some 110 tokens. A
token sees only the tokens before it, so those words get the same hidden states in every row. A
micro-batch therefore holds a shared prefix once, and the rest of each row after it::

    [prefix][rest of row 1][rest of row 2] ...      one sequence, without padding

Each part of that sequence is a *segment*. A token attends to its own segment and to the prefix that
the segment continues. Losses and gradients are those of whole rows, up to rounding. All other
layers treat every token alone, so they need no change. ``batching.collate_shared`` builds such a
micro-batch, and transformers passes its segments to :func:`attend`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional
from transformers import MODEL_FOR_CAUSAL_LM_MAPPING, AttentionInterface

from helpers.planning.hardware import SHARED_PREFIX, attention

if TYPE_CHECKING:
    from transformers import PretrainedConfig

# How many tokens a segment has, and which segment it continues (None: it begins a row).
Segment = tuple[int, int | None]


def training_attention(config: PretrainedConfig) -> str:
    """Return the attention to train a model with: this machine's, or what the model can do.

    :func:`attend` has no sliding window and no cap on the scores, and an old architecture of
    transformers computes attention in its own code. Such models get sdpa, or eager if they have no
    other.
    """
    if attention() != SHARED_PREFIX:
        return attention()
    text = config.get_text_config()
    kind = MODEL_FOR_CAUSAL_LM_MAPPING[type(config)]
    if not kind._can_set_attn_implementation():
        return "sdpa" if kind._supports_sdpa else "eager"
    other_layers = set(getattr(text, "layer_types", None) or ()) - {"full_attention"}
    options = [getattr(text, name, None) for name in ("sliding_window", "attn_logit_softcapping")]
    return "sdpa" if other_layers or any(options) else SHARED_PREFIX


def attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    *,
    segments: Sequence[Segment] | None = None,
    scaling: float | None = None,
    dropout: float = 0.0,
    **unused: Any,
) -> tuple[torch.Tensor, None]:
    """Attend within segments, as an attention function of transformers.

    ``query`` has the shape ``(1, heads, tokens, size)``; ``key`` and ``value`` may have fewer
    heads, each for a group of query heads. Returns the result, ``(1, tokens, heads, size)``, and
    no scores. Raises ValueError without segments (as when the model generates text), and for a
    mask, a sliding window, a cap on the scores, and sinks.
    """
    if segments is None:
        raise ValueError(
            f"{SHARED_PREFIX} attention got no segments: it computes only micro-batches of "
            'collate_shared. For anything else call model.set_attn_implementation("sdpa") first.'
        )
    ignored = [
        name for name in ("sliding_window", "softcap", "s_aux") if unused.get(name) is not None
    ]
    if attention_mask is not None or ignored:
        raise ValueError(
            f"{SHARED_PREFIX} attention got {', '.join(ignored) or 'an attention mask'}, which it "
            'would ignore. Call model.set_attn_implementation("sdpa"); for a training, '
            "training_attention() has to choose that for this model."
        )
    lengths = [length for length, _ in segments]
    scaling = query.shape[-1] ** -0.5 if scaling is None else scaling
    queries = (query[0] * scaling).split(lengths, dim=1)
    keys, values = key[0].split(lengths, dim=1), value[0].split(lengths, dim=1)
    results = []
    for number, (_, before) in enumerate(segments):
        seen = [number] if before is None else [before, number]
        seen_keys = torch.cat([keys[i] for i in seen], dim=1)
        seen_values = torch.cat([values[i] for i in seen], dim=1)
        results.append(_attend_segment(queries[number], seen_keys, seen_values, dropout))
    return torch.cat(results, dim=1).transpose(0, 1)[None], None


def _attend_segment(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, dropout: float
) -> torch.Tensor:
    """Attend to the last keys causally and to all before them; shapes ``(heads, tokens, size)``."""
    heads, tokens, _ = query.shape
    groups, seen, _ = key.shape
    scores = query.reshape(groups, -1, query.shape[-1]) @ key.transpose(1, 2)
    later = torch.full((tokens, seen), -torch.inf, dtype=scores.dtype, device=scores.device)
    scores.view(-1, tokens, seen).add_(later.triu_(seen - tokens + 1))
    weights = functional.softmax(scores, dim=-1, dtype=torch.float32).to(value.dtype)
    return (functional.dropout(weights, dropout) @ value).view(heads, tokens, -1)


AttentionInterface.register(SHARED_PREFIX, attend)
