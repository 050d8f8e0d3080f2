"""Text to token ids: text in data is text, whatever it looks like.

A row may hold ``<filename>``, ``</s>`` or ``<|im_end|>`` as text, and some tokenizers have a
control token of that name. Read as such, it would teach a model to stop in the middle of an
answer, and it would vanish when ids are decoded. Control tokens therefore come from us or from the
chat template alone; in a row's own text the same letters are encoded like any others.

Text without such letters is encoded by the plain call of the tokenizer, so its ids do not change.
Newer versions of transformers treat chats in a similar way (``sanitize_control_tokens``).
"""

import functools
import itertools
import re

from helpers.training.time_limit import time_limit

LONGEST = 10  # seconds; a template takes a few thousandths
_PRIVATE_USE = range(0xE000, 0xF900)  # characters that Unicode gives no meaning


def control_tokens(tokenizer):
    """``{text: id}`` of the tokens that steer a model: special ones, and those of its template.

    They are looked up once for a tokenizer, its end token and its template: add tokens before.
    """
    template = str(getattr(tokenizer, "chat_template", None) or "")
    return _control_tokens(tokenizer, tokenizer.eos_token_id, template)


@functools.lru_cache(maxsize=8)  # some tokenizers have thousands of added tokens
def _control_tokens(tokenizer, _eos_token_id, template):
    added = getattr(tokenizer, "added_tokens_decoder", {})
    return {
        token.content: i
        for i, token in added.items()
        if token.special or (token.content in template and not token.content.isspace())
    }


def text_ids(text, tokenizer, *, framed=False):
    """Token ids of ``text``, a str, without a control token among them: a list of int.

    With ``framed`` they stand in the frame that the tokenizer gives every text, such as a start
    token; only there control tokens remain.
    """
    if not _within(text, tokenizer):
        return tokenizer(text, add_special_tokens=framed)["input_ids"]
    start, end = _frame(tokenizer) if framed else ([], [])
    return [*start, *_as_text(text, tokenizer), *end]


def chat_ids(turns, tokenizer, **how):
    """Token ids of a chat in the model's own template, whose control tokens are the only ones.

    ``turns`` are dicts with ``role`` and ``content``; ``how`` is passed on to
    ``apply_chat_template``.
    """
    contents = "\n".join(turn["content"] for turn in turns)
    found = _within(contents, tokenizer)
    if not found:
        text = rendered(turns, tokenizer, **how)
        return tokenizer(text, add_special_tokens=False)["input_ids"]
    # A mark inside each look-alike, until the template is filled in: then all others are its own.
    mark = next((chr(i) for i in _PRIVATE_USE if chr(i) not in contents), None)
    if mark is None:
        raise ValueError(
            f"the text holds {found[0]!r}, which looks like a control token, and all "
            f"{len(_PRIVATE_USE):,} characters of Unicode's private use, so that none is left to "
            "mark it with. Remove one of them."
        )
    marked = [{**turn, "content": mark.join(_cut(turn["content"], found))} for turn in turns]
    text = rendered(marked, tokenizer, **how)
    parts = re.split(f"({_pattern(control_tokens(tokenizer))})", text)
    ids = []
    for is_marked, group in itertools.groupby(parts, key=lambda part: mark in part):
        piece = "".join(group).replace(mark, "")
        if is_marked:
            ids += _as_text(piece, tokenizer, inside=bool(ids) and not _begins_anew(tokenizer))
        elif piece:
            ids += _encoded(piece, tokenizer, inside=bool(ids))
    return ids


def rendered(turns, tokenizer, **how):
    """A chat as text in the model's own template, which is a program and may take :data:`LONGEST`.

    Raises ValueError for one that takes longer.
    """
    what = f"the chat template of {getattr(tokenizer, 'name_or_path', '')}".rstrip()
    with time_limit(LONGEST, what):
        return tokenizer.apply_chat_template(turns, tokenize=False, **how)


def _within(text, tokenizer):
    """The control tokens whose letters occur in a text."""
    return [token for token in control_tokens(tokenizer) if token in text]


def _pattern(tokens):
    """A regular expression for any of the tokens; a longer one before those it contains."""
    return "|".join(map(re.escape, sorted(tokens, key=len, reverse=True)))


def _cut(text, tokens):
    """The text in pieces, with a cut after the first letter of each of the tokens."""
    cuts = [found.start() + 1 for found in re.finditer(_pattern(tokens), text)]
    return [text[start:end] for start, end in itertools.pairwise([0, *cuts, len(text)])]


def _as_text(text, tokenizer, *, inside=False):
    ids = _encoded(text, tokenizer, inside=inside, split_special_tokens=True)
    found = _within(text, tokenizer)
    if not {control_tokens(tokenizer)[token] for token in found} & set(ids):
        return ids
    # Not every tokenizer can leave them alone: a unigram model has them in its vocabulary.
    pieces = enumerate(_cut(text, found))
    return [i for at, piece in pieces for i in _encoded(piece, tokenizer, inside=inside or at > 0)]


def _encoded(text, tokenizer, *, inside, **how):
    """Ids of a text; one that stands ``inside`` another gets no space that texts begin with."""
    if inside:
        anchor = tokenizer("\n", add_special_tokens=False)["input_ids"]
        ids = tokenizer(f"\n{text}", add_special_tokens=False, **how)["input_ids"]
        if ids[: len(anchor)] == anchor:
            return ids[len(anchor) :]
    return tokenizer(text, add_special_tokens=False, **how)["input_ids"]


def _begins_anew(tokenizer):
    """Whether text after a control token is encoded as at the beginning (LLaMA's first space)."""
    bare = tokenizer("a", add_special_tokens=False)["input_ids"]
    control = next(iter(control_tokens(tokenizer)))
    after = tokenizer(f"{control}a", add_special_tokens=False)["input_ids"]
    return after[1:] == bare


def _frame(tokenizer):
    """The ids that the tokenizer puts before and after every text."""
    framed = tokenizer("a")["input_ids"]
    bare = tokenizer("a", add_special_tokens=False)["input_ids"]
    at = next(i for i in range(len(framed)) if framed[i : i + len(bare)] == bare)
    return framed[:at], framed[at + len(bare) :]
