"""One instruction to one or two models, answered in front of the reader: the chat of the demo.

Every message passes the guard, on its way in and on its way out. An answer is shown a sentence at a
time, each after the guard has read the answer up to there, so nothing is seen that it would stop;
where it cannot decide, nothing is shown. Answers are sampled with the watermark, from the very
prompt of the training (:func:`helpers.prompts.format_prompt`). Alpaca's models answer single
instructions: no message knows of an earlier one.
"""

import contextlib
import queue
import re
import threading

from helpers.release.guard import GuardError
from helpers.release.watermark import watermark
from helpers.training.encoding import end_id, prompt_ids

LONGEST = 2000  # characters of a message
LONGEST_WAIT = 120  # seconds for the next word of a model
TAKEN_BACK = "(The filter took this answer back.)"
ALONE = threading.Lock()  # one answer is written at a time: the cores are the same for all


class Refused(ValueError):
    """A message that is not answered; the text says why, for the person who wrote it."""


def respond(text, speakers, guard, *, stop=None, max_new_tokens=160, temperature=0.8):
    """Answer ``text`` by each of the ``speakers``, one after another; yields what there is so far.

    ``speakers`` maps names to ``(model, tokenizer)``, ``guard`` is a function of
    :func:`helpers.release.guard.open_guard`. Each yield is ``{name: {"output", "stopped",
    "withheld"}}`` of all that have begun: the text so far, whether the model ended it by itself,
    and whether the guard took it back. ``stop`` is a :class:`threading.Event` that ends the answer
    at the next token. Raises Refused for an empty or overlong message and one that the guard stops.
    """
    text, stop = check_text(text, guard), stop or threading.Event()
    said = {}
    for name, (model, tokenizer) in speakers.items():
        with _spoken(model, tokenizer, text, stop, max_new_tokens, temperature) as pieces:
            for answer in _guarded(pieces, guard):
                said[name] = answer
                yield dict(said)
        if stop.is_set():
            return


def answerers(speakers, guard, **limits):
    """The same for ``widgets.chat``: ``{name: function from a text to an answer}``.

    ``limits`` are those of :func:`respond`. A function raises Refused as it does.
    """

    def alone(name):
        def ask(text):
            *_, said = respond(text, {name: speakers[name]}, guard, **limits)
            return {**said[name], "output": TAKEN_BACK} if said[name]["withheld"] else said[name]

        return ask

    return {name: alone(name) for name in speakers}


def check_text(text, guard):
    """A message as it goes to the models. Raises Refused, with the reason in words."""
    text = text.strip() if isinstance(text, str) else ""
    if not text:
        raise Refused("Write an instruction first.")
    if len(text) > LONGEST:
        raise Refused(
            f"That message has {len(text):,} characters; {LONGEST:,} are read at most. Shorten it."
        )
    try:
        ruling = _asked(guard, text)
    except GuardError as error:
        raise Refused(
            f"This message could not be checked, so it is not answered: {error}"
        ) from None
    if ruling.blocked:
        why = f" ({ruling.why})" if ruling.why else ""
        raise Refused(f"The {ruling.by} stopped this message{why}. It may be wrong; reword it.")
    return text


def _asked(guard, text):
    """What a guard says of a text; a guard that breaks down has not decided, either."""
    try:
        return guard(text)
    except GuardError:
        raise
    except Exception as error:  # its message could hold the text
        raise GuardError(f"the guard broke down ({type(error).__name__})") from None


def _guarded(pieces, guard):
    """What may be shown of an answer while it is written: checked sentence by sentence."""
    written, shown = "", ""
    for piece, ended in pieces:
        written += piece
        whole = ended is not None
        # A sentence is done when the next one begins, or when there is no more.
        ready = written if whole else written[: _last_end(written)]
        if ready == shown and not whole:
            continue
        try:
            blocked = bool(ready) and _asked(guard, ready).blocked
        except GuardError:
            blocked = True
        if blocked:
            yield {"output": "", "stopped": False, "withheld": True}
            return
        shown = ready
        yield {"output": shown.strip(), "stopped": bool(ended), "withheld": False}


def _last_end(text):
    """Where the last finished sentence or line of a text ends."""
    ends = [found.end() for found in re.finditer(r"[.!?。！？][\"'”’)]{0,8}\s|\n", text)]
    return ends[-1] if ends else 0


def _until(*events):
    """A stopping criterion of transformers: true for all rows once one of the events is set."""
    import torch

    def told(ids, scores, **_):
        over = any(event.is_set() for event in events)
        return torch.full((len(ids),), over, dtype=torch.bool, device=ids.device)

    return told


@contextlib.contextmanager
def _spoken(model, tokenizer, text, stop, max_new_tokens, temperature):
    """An answer being written in a thread of its own: an iterator of ``(piece, ended)``.

    ``ended`` is None until the last piece, which says whether the model ended by itself. Left
    early, the model stops at its next token.
    """
    import torch
    from transformers import StoppingCriteriaList, TextIteratorStreamer

    leave, outcome = threading.Event(), {}
    streamer = TextIteratorStreamer(
        tokenizer, skip_prompt=True, timeout=LONGEST_WAIT, skip_special_tokens=True
    )
    ids = torch.tensor([prompt_ids({"instruction": text, "input": ""}, tokenizer)]).to(model.device)
    ends = sorted({end_id(tokenizer), tokenizer.eos_token_id} - {None})
    how = {
        "do_sample": True,
        "temperature": temperature,
        "top_p": 0.95,
        "max_new_tokens": max_new_tokens,
        "pad_token_id": tokenizer.pad_token_id,
        "eos_token_id": ends,
        "watermarking_config": watermark(),
        "stopping_criteria": StoppingCriteriaList([_until(stop, leave)]),
        "streamer": streamer,
    }

    def write():
        try:
            with ALONE, torch.inference_mode():
                out = model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), **how)
            outcome["ended"] = out[0, -1].item() in ends
        except Exception as error:  # told to the reader's side of the queue
            outcome["error"] = error
        finally:
            streamer.end()

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    try:
        yield _read(streamer, thread, outcome)
    finally:
        leave.set()
        thread.join()


def _read(streamer, thread, outcome):
    """The pieces that a writing thread puts into its streamer, and then how it ended."""
    try:
        for piece in streamer:
            yield piece, None
    except queue.Empty:
        raise Refused(
            f"The models said no word for {LONGEST_WAIT} seconds. Try it again."
        ) from None
    thread.join()
    if "error" in outcome:
        raise outcome["error"]
    yield "", outcome["ended"]
