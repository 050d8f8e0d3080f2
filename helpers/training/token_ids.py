"""Turn text into token ids, so that text in a row never becomes a control token.

A row may hold ``<filename>``, ``</s>`` or ``<|im_end|>`` as text, and some tokenizers have a
control token of that name. If the text became that token, a model could learn to stop in the middle
of an answer, and the text would vanish when the ids are decoded. So only :func:`text_ids` with
``framed`` and the chat template add control tokens. In a row's own text the same letters are
encoded like any other letters.

Text without such letters is encoded by a plain call of the tokenizer, so its ids do not change.
Newer versions of transformers treat chats in a similar way (``sanitize_control_tokens``).
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from helpers.training.time_limit import time_limit

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

TEMPLATE_SECONDS = 10  # the limit for filling in a chat template, which takes a few milliseconds
_PRIVATE_USE = range(0xE000, 0xF900)  # characters that Unicode gives no meaning


def control_tokens(tokenizer: PreTrainedTokenizerBase) -> dict[str, int]:
    """Return ``{text: id}`` of a tokenizer's special tokens and of those in its chat template.

    The result is cached for a tokenizer, its end token and its template, so add tokens before the
    first call.
    """
    template = str(getattr(tokenizer, "chat_template", None) or "")
    return _control_tokens(tokenizer, tokenizer.eos_token_id, template)


@functools.lru_cache(maxsize=8)  # some tokenizers have thousands of added tokens
def _control_tokens(
    tokenizer: PreTrainedTokenizerBase, _eos_token_id: int | None, template: str
) -> dict[str, int]:
    added = getattr(tokenizer, "added_tokens_decoder", {})
    return {
        token.content: i
        for i, token in added.items()
        if token.special or (token.content in template and not token.content.isspace())
    }


def text_ids(text: str, tokenizer: PreTrainedTokenizerBase, *, framed: bool = False) -> list[int]:
    """Encode text without any control token.

    With ``framed`` the tokens are added that the tokenizer puts around every text, such as a start
    token. Those are the only control tokens then.
    """
    if not _look_alikes(text, tokenizer):
        return tokenizer(text, add_special_tokens=framed)["input_ids"]
    start, end = _frame(tokenizer) if framed else ([], [])
    return [*start, *_as_text(text, tokenizer), *end]


def chat_ids(
    turns: Sequence[Mapping[str, Any]], tokenizer: PreTrainedTokenizerBase, **options: Any
) -> list[int]:
    """Encode a chat in the model's own template; only the template adds control tokens.

    ``turns`` have ``role`` and ``content``. ``options`` are passed on to ``apply_chat_template``.
    Raises ValueError for a template that runs too long, and for a text that looks like a control
    token and uses every private character of Unicode.
    """
    contents = "\n".join(turn["content"] for turn in turns)
    found = _look_alikes(contents, tokenizer)
    if not found:
        text = render_chat(turns, tokenizer, **options)
        return tokenizer(text, add_special_tokens=False)["input_ids"]
    # A mark is put inside each look-alike before the template is filled in. After that, every
    # control token without a mark is the template's own.
    mark = _unused_character(contents, found)
    marked = [{**turn, "content": mark.join(_split(turn["content"], found))} for turn in turns]
    return _ids_of_marked(render_chat(marked, tokenizer, **options), mark, tokenizer)


def render_chat(
    turns: Sequence[Mapping[str, Any]], tokenizer: PreTrainedTokenizerBase, **options: Any
) -> str:
    """Fill a chat into the model's own template and return the text.

    A template is a program that comes with the model. Raises ValueError if it runs longer than
    :data:`TEMPLATE_SECONDS`.
    """
    what = f"the chat template of {getattr(tokenizer, 'name_or_path', '')}".rstrip()
    with time_limit(TEMPLATE_SECONDS, what):
        return tokenizer.apply_chat_template(turns, tokenize=False, **options)


def _unused_character(text: str, found: Sequence[str]) -> str:
    """Return a private character of Unicode that the text does not contain."""
    unused = next((chr(i) for i in _PRIVATE_USE if chr(i) not in text), None)
    if unused is None:
        raise ValueError(
            f"the text holds {found[0]!r}, which looks like a control token, and all "
            f"{len(_PRIVATE_USE):,} characters of Unicode's private use. One of them must be free "
            "to mark the look-alike. Remove one of them from the text."
        )
    return unused


def _ids_of_marked(text: str, mark: str, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Encode a rendered chat with ``mark`` inside each look-alike.

    Parts with a mark are encoded as text without it; all other parts keep their control tokens.
    """
    parts = re.split(f"({_pattern(control_tokens(tokenizer))})", text)
    ids: list[int] = []
    for is_marked, group in itertools.groupby(parts, key=lambda part: mark in part):
        piece = "".join(group).replace(mark, "")
        if is_marked:
            ids += _as_text(piece, tokenizer, inside=bool(ids) and not _starts_anew(tokenizer))
        elif piece:
            ids += _encoded(piece, tokenizer, inside=bool(ids))
    return ids


def _look_alikes(text: str, tokenizer: PreTrainedTokenizerBase) -> list[str]:
    """List the control tokens whose letters occur in a text."""
    return [token for token in control_tokens(tokenizer) if token in text]


def _pattern(tokens: Iterable[str]) -> str:
    """Build a regular expression for any of the tokens; a longer token before those it contains."""
    return "|".join(map(re.escape, sorted(tokens, key=len, reverse=True)))


def _split(text: str, tokens: Iterable[str]) -> list[str]:
    """Split the text after the first letter of each of the tokens."""
    cuts = [found.start() + 1 for found in re.finditer(_pattern(tokens), text)]
    return [text[start:end] for start, end in itertools.pairwise([0, *cuts, len(text)])]


def _as_text(text: str, tokenizer: PreTrainedTokenizerBase, *, inside: bool = False) -> list[int]:
    """Encode a text with look-alikes, none of which becomes a control token."""
    ids = _encoded(text, tokenizer, inside=inside, split_special_tokens=True)
    found = _look_alikes(text, tokenizer)
    if not {control_tokens(tokenizer)[token] for token in found} & set(ids):
        return ids
    # split_special_tokens does not help if the control tokens are in the vocabulary that texts are
    # split by, as in a unigram model. So the text is split before it is encoded.
    pieces = enumerate(_split(text, found))
    return [i for at, piece in pieces for i in _encoded(piece, tokenizer, inside=inside or at > 0)]


def _encoded(
    text: str, tokenizer: PreTrainedTokenizerBase, *, inside: bool, **options: Any
) -> list[int]:
    """Encode a text; ``inside`` another text it gets no leading space from the tokenizer."""
    if inside:
        anchor = tokenizer("\n", add_special_tokens=False)["input_ids"]
        ids = tokenizer(f"\n{text}", add_special_tokens=False, **options)["input_ids"]
        if ids[: len(anchor)] == anchor:
            return ids[len(anchor) :]
    return tokenizer(text, add_special_tokens=False, **options)["input_ids"]


def _starts_anew(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Whether text after a control token is encoded like the start of a text.

    LLaMA's tokenizer, for example, adds a leading space in both places.
    """
    bare = tokenizer("a", add_special_tokens=False)["input_ids"]
    control = next(iter(control_tokens(tokenizer)))
    after = tokenizer(f"{control}a", add_special_tokens=False)["input_ids"]
    return after[1:] == bare


def _frame(tokenizer: PreTrainedTokenizerBase) -> tuple[list[int], list[int]]:
    """Return the ids that the tokenizer puts before and after every text."""
    framed = tokenizer("a")["input_ids"]
    bare = tokenizer("a", add_special_tokens=False)["input_ids"]
    at = next(i for i in range(len(framed)) if framed[i : i + len(bare)] == bare)
    return framed[:at], framed[at + len(bare) :]
