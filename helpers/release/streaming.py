"""Read a model's answer while a thread writes it, and stop the thread at any time."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from helpers.release.watermark import watermark
from helpers.training.encoding import end_id, prompt_ids

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

LONGEST_WAIT = 120  # seconds for the next token of a model
ONE_AT_A_TIME = threading.Lock()  # two answers at once would compete for the same cores
# What has been written since the last piece, and whether the model has ended by itself: None while
# it is writing, True or False with the last piece.
Piece = tuple[str, bool | None]


def stop_when_set(*events: threading.Event) -> Callable[..., torch.Tensor]:
    """A stopping criterion for ``model.generate``: all rows stop once one of the events is set."""
    import torch

    def is_stopped(ids: torch.Tensor, scores: object, **_: object) -> torch.Tensor:
        stopped = any(event.is_set() for event in events)
        return torch.full((len(ids),), stopped, dtype=torch.bool, device=ids.device)

    return is_stopped


@dataclass
class Outcome:
    """How the writing thread ended: whether the model stopped by itself, or with which error."""

    ended: bool = False
    error: Exception | None = None


@contextlib.contextmanager
def write_in_thread(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    text: str,
    stop: threading.Event,
    max_new_tokens: int,
    temperature: float,
) -> Iterator[Iterator[Piece]]:
    """Let a thread write an answer to the instruction ``text``; gives an iterator of its pieces.

    The answer is sampled with the watermark. Setting ``stop`` ends it at the next token, and so
    does leaving the block. The iterator raises TimeoutError if the model writes nothing for
    :data:`LONGEST_WAIT` seconds, and any error of the model.
    """
    import torch
    from transformers import StoppingCriteriaList, TextIteratorStreamer

    leave, outcome = threading.Event(), Outcome()
    streamer = TextIteratorStreamer(
        tokenizer, skip_prompt=True, timeout=LONGEST_WAIT, skip_special_tokens=True
    )
    ids = torch.tensor([prompt_ids({"instruction": text, "input": ""}, tokenizer)]).to(model.device)
    ends = sorted({end_id(tokenizer), tokenizer.eos_token_id} - {None})
    options = {
        "do_sample": True,
        "temperature": temperature,
        "top_p": 0.95,
        "max_new_tokens": max_new_tokens,
        "pad_token_id": tokenizer.pad_token_id,
        "eos_token_id": ends,
        "watermarking_config": watermark(),
        "stopping_criteria": StoppingCriteriaList([stop_when_set(stop, leave)]),
        "streamer": streamer,
    }

    def write() -> None:
        try:
            with ONE_AT_A_TIME, torch.inference_mode():
                out = model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), **options)
            outcome.ended = out[0, -1].item() in ends
        except Exception as error:  # read_pieces raises it in the thread that reads
            outcome.error = error
        finally:
            streamer.end()

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    try:
        yield read_pieces(streamer, thread, outcome)
    finally:
        leave.set()
        thread.join()


def read_pieces(
    streamer: Iterable[str], thread: threading.Thread, outcome: Outcome
) -> Iterator[Piece]:
    """Yield the pieces from the writing thread, and at last how the answer ended."""
    try:
        for piece in streamer:
            yield piece, None
    except queue.Empty:
        raise TimeoutError(f"The model wrote nothing for {LONGEST_WAIT} seconds.") from None
    thread.join()
    if outcome.error:
        raise outcome.error
    yield "", outcome.ended
