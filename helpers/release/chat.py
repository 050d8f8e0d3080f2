"""Let one or two models answer an instruction, sentence by sentence, with a guard in between.

The guard checks every message before a model reads it. It also checks an answer after each
sentence, before that sentence is shown; if the guard cannot decide, nothing is shown. Answers are
sampled with the watermark, from the training prompt (:func:`helpers.prompts.format_prompt`). Models
tuned like Alpaca answer single instructions, so a message does not include earlier ones.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypedDict

from helpers.release.guard import GuardError, Ruling
from helpers.release.streaming import Piece, write_in_thread

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

LONGEST = 2000  # characters of a message
WITHHELD_TEXT = "(The filter withdrew this answer.)"

Decide = Callable[[str], Ruling]  # such as a Guard


class Refused(ValueError):
    """A message that is not answered; the text tells its author why."""


class ShownAnswer(TypedDict):
    """What may be shown of an answer so far.

    ``stopped``: the model ended by itself. ``withheld``: the guard stopped the answer, so
    ``output`` is empty.
    """

    output: str
    stopped: bool
    withheld: bool


def respond(
    text: str,
    models: Mapping[str, tuple[PreTrainedModel, PreTrainedTokenizerBase]],
    guard: Decide,
    *,
    stop: threading.Event | None = None,
    max_new_tokens: int = 160,
    temperature: float = 0.8,
) -> Iterator[dict[str, ShownAnswer]]:
    """Let each model answer ``text``, one after the other; yields the answers as they grow.

    ``models`` maps names to ``(model, tokenizer)``. Each yielded dict has the answer so far of
    every model that has begun, by name. Setting ``stop`` ends the current answer at the next token
    and skips the other models.

    Raises:
        Refused: for an empty or overlong message, for one that the guard stops or cannot check,
            and if a model writes nothing for too long.
    """
    text, stop = check_text(text, guard), stop or threading.Event()
    answers: dict[str, ShownAnswer] = {}
    for name, (model, tokenizer) in models.items():
        try:
            with write_in_thread(
                model, tokenizer, text, stop, max_new_tokens, temperature
            ) as pieces:
                for answer in _guarded(pieces, guard):
                    answers[name] = answer
                    yield dict(answers)
        except TimeoutError as error:
            raise Refused(f"{error} Try again.") from None
        if stop.is_set():
            return


def answer_functions(
    models: Mapping[str, tuple[PreTrainedModel, PreTrainedTokenizerBase]],
    guard: Decide,
    **limits: Any,
) -> dict[str, Callable[[str], ShownAnswer]]:
    """A function for each model that answers a text in one go, by name; for ``widgets.chat``.

    ``limits`` are keyword arguments of :func:`respond`. The functions raise Refused as it does. A
    withheld answer has the text :data:`WITHHELD_TEXT`.
    """

    def answer_with(name: str) -> Callable[[str], ShownAnswer]:
        def answer(text: str) -> ShownAnswer:
            *_, answers = respond(text, {name: models[name]}, guard, **limits)
            if answers[name]["withheld"]:
                return {**answers[name], "output": WITHHELD_TEXT}
            return answers[name]

        return answer

    return {name: answer_with(name) for name in models}


def check_text(text: object, guard: Decide) -> str:
    """The message without surrounding spaces; raises Refused if it must not be answered."""
    text = text.strip() if isinstance(text, str) else ""
    if not text:
        raise Refused("Write an instruction first.")
    if len(text) > LONGEST:
        raise Refused(
            f"Your message has {len(text):,} characters; {LONGEST:,} are allowed. Shorten it."
        )
    try:
        ruling = _decision(guard, text)
    except GuardError as error:
        raise Refused(
            f"This message could not be checked, so it is not answered: {error}"
        ) from None
    if ruling.blocked:
        why = f" ({ruling.why})" if ruling.why else ""
        raise Refused(
            f"The {ruling.by} stopped this message{why}. The filter can be wrong: try other words."
        )
    return text


def _decision(guard: Decide, text: str) -> Ruling:
    """The guard's decision; GuardError if the guard fails in any way."""
    try:
        return guard(text)
    except GuardError:
        raise
    except Exception as error:  # its message could hold the text
        raise GuardError(f"the guard failed ({type(error).__name__})") from None


def _guarded(pieces: Iterable[Piece], guard: Decide) -> Iterator[ShownAnswer]:
    """What may be shown of a growing answer, checked sentence by sentence."""
    written, shown = "", ""
    for piece, ended in pieces:
        written += piece
        complete = ended is not None
        # A sentence is complete when the next one begins, or at the end of the answer.
        checked = written if complete else written[: _last_end(written)]
        if checked == shown and not complete:
            continue
        try:
            blocked = bool(checked) and _decision(guard, checked).blocked
        except GuardError:
            blocked = True
        if blocked:
            yield {"output": "", "stopped": False, "withheld": True}
            return
        shown = checked
        yield {"output": shown.strip(), "stopped": bool(ended), "withheld": False}


def _last_end(text: str) -> int:
    """Where the last complete sentence or line of a text ends."""
    ends = [found.end() for found in re.finditer(r"[.!?。！？][\"'”’)]{0,8}\s|\n", text)]
    return ends[-1] if ends else 0
