"""The demo: a page on this machine where others try the student of a finished run (``make demo``).

Gradio draws it; what happens is :mod:`helpers.release.chat`'s. Its terms are shown before the first
message. One answer is written at a time, for whoever came first; the others wait and see their
place. "Report this answer" keeps a row in ``reports.jsonl`` of the run, and nothing else is kept.

Gradio draws the text of a model as HTML even where it is told not to, so all text is escaped here;
it would call home, keep a history in the browser and, in Colab, open a tunnel to the world, so all
of that is switched off by name.
"""

import argparse
import html
import os
import sys
import threading
import time

from helpers.course.same_origin import SameOriginOnly
from helpers.io import append_jsonl
from helpers.release.adapters import check_base
from helpers.release.chat import LONGEST, TAKEN_BACK, Refused, respond
from helpers.release.guard import REMOTE, open_guard
from helpers.run import RunError, open_run
from helpers.training.model_folders import student_folder
from helpers.training.student import load_student, load_tokenizer

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when gradio is imported

TERMS = """### Before you write

- These models are an exercise in instruction tuning. They are small, and **often wrong in fluent
  words**: take nothing they say for a fact, and no advice from them on health, law or money.
- Messages and answers pass a filter. It misses some harm and stops some harmless text.
- Answers carry a watermark that a program can find.
- What you write stays on the machine that shows this page{remote}, and is kept only where you
  press *Report this answer*.
- Do not write names, addresses or anything that is nobody's business.
"""
FAR = " and goes to OpenAI's moderation endpoint"
SIDES = {"before": "before training", "lora": "after LoRA", "fsdp": "after full FSDP"}
WAITING = 20  # people who may wait; the next one is told to come back


def open_models(run, after):
    """The student before and after: ``{words for people: (model, tokenizer)}``.

    ``after`` is ``"lora"`` or ``"fsdp"``. A step that the run lacks is taken from the shipped run,
    as in the lessons. Raises RunError where that cannot be, naming the lesson to run.
    """
    lesson = {"lora": "03_train_lora", "fsdp": "04_train_fsdp"}[after]
    run.need("01_preprocess", "02_generate", lesson)
    student = (after == "fsdp" and run.profile.fsdp_student) or run.profile.student
    base = student_folder(student, run.cache)
    folder, adapter = base, run.path("lora/adapter")
    if after == "fsdp":
        folder, adapter = run.path("fsdp/model"), None
    if not os.path.isdir(folder):
        raise RunError(f"{folder} is missing: run lesson {lesson} in this run.")
    if adapter:
        check_base(base, adapter)
    tokenizer = load_tokenizer(base, run.profile.prompt_style)
    taught = load_student(folder, adapter)
    return {SIDES["before"]: (load_student(base), tokenizer), SIDES[after]: (taught, tokenizer)}


def build_page(speakers, guard, reports, *, tokens=160):
    """The page as ``gradio.Blocks``, with its queue.

    Reported answers go to the file ``reports``; ``tokens`` is how long an answer may be unless the
    settings say otherwise.
    """
    import gradio as gr

    names, pages = list(speakers), {}
    with gr.Blocks(title="Alpaca Classroom", analytics_enabled=False) as page:
        gr.Markdown("# A student of Alpaca Classroom")
        accepted = gr.State(False)
        with gr.Column() as terms:
            gr.Markdown(TERMS.format(remote=FAR if guard.by == REMOTE else ""))
            agree = gr.Button("I have read this", variant="primary")
        with gr.Column(visible=False) as room:
            with gr.Row():
                panes = [_pane(gr, name) for name in names]
            box = gr.Textbox(label="Instruction", lines=2, max_length=LONGEST)
            with gr.Row():
                ask, halt = gr.Button("Answer", variant="primary"), gr.Button("Stop")
                report = gr.Button("Report this answer")
            why = gr.Textbox(label="What is wrong with it? (for the report)", max_length=LONGEST)
            thanks = gr.Markdown()
            settings = _settings(gr, names, tokens)
        seen = (True, gr.Column(visible=False), gr.Column(visible=True))
        agree.click(lambda: seen, None, [accepted, terms, room], queue=False)
        run = gr.on(
            [ask.click, box.submit],
            _talker(gr, speakers, guard, pages),
            [box, *settings, accepted],
            panes,
            concurrency_limit=1,
            concurrency_id="model",
            show_progress_on=panes[:1],
        )
        halt.click(_stopper(gr, pages), None, None, cancels=[run], queue=False)
        report.click(_reporter(gr, reports, pages), [why], [why, thanks], queue=False)
        ask.click(lambda: "", None, thanks, queue=False)
        page.unload(_forgetter(gr, pages))
    return page.queue(max_size=WAITING)


def _settings(gr, names, tokens):
    """Who answers, how warmly, and how long at most."""
    with gr.Accordion("Settings", open=False):
        return [
            gr.CheckboxGroup(names, value=names, label="Who answers"),
            gr.Slider(0.1, 1.5, value=0.8, step=0.1, label="Temperature"),
            gr.Slider(16, 256, value=tokens, step=16, label="Tokens at most"),
        ]


def _pane(gr, name):
    # Copied text would be the escaped one, so there is no copy button.
    return gr.Chatbot(
        label=name, render_markdown=False, buttons=[], latex_delimiters=[], height=360
    )


def _talker(gr, speakers, guard, pages):
    """The function behind the button Answer: from a message to what the panes show, as it grows.

    ``pages`` keeps, for each open page, what stops its answer and its newest exchange, for a
    report; an exchange that was refused is one, too.
    """

    def talk(message, which, warmth, length, accepted, request: gr.Request):
        if not accepted:
            raise gr.Error("Read the terms first.", print_exception=False)
        asked = {name: speakers[name] for name in speakers if name in (which or ())}
        if not asked:
            raise gr.Error("Choose in the settings who answers.", print_exception=False)
        mine = {"stop": threading.Event()}
        pages.pop(request.session_hash, None)  # the newest at the end, the oldest goes first
        pages[request.session_hash] = mine
        while len(pages) > 10 * WAITING:
            pages.pop(next(iter(pages)), None)
        limits = {"max_new_tokens": int(length), "temperature": max(0.1, float(warmth))}
        try:
            for said in respond(message, asked, guard, stop=mine["stop"], **limits):
                answers = {name: _words(answer) for name, answer in said.items()}
                mine["said"] = {"message": message, "answers": answers}
                yield tuple(_exchange(message, answers.get(name)) for name in speakers)
        except Refused as refusal:
            mine["said"] = {"message": str(message)[:LONGEST], "refused": str(refusal)}
            raise gr.Error(html.escape(str(refusal)), print_exception=False) from None
        finally:
            mine["stop"].set()  # the page was closed

    return talk


def _words(answer):
    return TAKEN_BACK if answer["withheld"] else answer["output"]


def _exchange(message, answer):
    """What one pane shows: the message, and the answer so far; all of it as plain text."""
    turns = [{"role": "user", "content": html.escape(message)}]
    if answer is None:
        return turns
    return [*turns, {"role": "assistant", "content": html.escape(answer)}]


def _stopper(gr, pages):
    """The function behind the button Stop: the answer of this page ends at its next token."""

    def halt(request: gr.Request):
        if request.session_hash in pages:
            pages[request.session_hash]["stop"].set()

    return halt


def _reporter(gr, reports, pages):
    """The function behind the button Report: the newest exchange of this page goes to a file."""
    alone = threading.Lock()  # pressed twice, the button reports once

    def report(why, request: gr.Request):
        with alone:
            mine = pages.get(request.session_hash, {})
            if "said" not in mine:
                raise gr.Error("There is no answer to report yet.", print_exception=False)
            at = time.strftime("%Y-%m-%dT%H:%M:%S")
            try:
                append_jsonl(reports, [{**mine["said"], "why": str(why)[:LONGEST], "at": at}])
            except OSError as error:
                raise gr.Error(
                    f"Your report could not be kept ({error.strerror}). Try again later.",
                    print_exception=False,
                ) from None
            del mine["said"]  # once it is kept, and not before
        return "", "Thank you. The answer and your words were kept."

    return report


def _forgetter(gr, pages):
    """The function behind the closing of a page: nothing of it is kept."""

    def forget(request: gr.Request):
        mine = pages.pop(request.session_hash, None)
        if mine:
            mine["stop"].set()

    return forget


def serve(page, port=None, **more):
    """Open the page on 127.0.0.1; returns what gradio's ``launch`` does.

    Raises OSError where the port is taken.
    """
    import gradio as gr
    from starlette.middleware import Middleware

    for name in ("NO_PROXY", "no_proxy"):  # it calls itself once, and not through a proxy
        known = os.environ.get(name, "")
        os.environ[name] = ",".join(filter(None, [known, "127.0.0.1", "localhost"]))
    gate = Middleware(SameOriginOnly, waiting=lambda session: _waiting(page, session))
    fonts = {"font": ["system-ui", "sans-serif"], "font_mono": ["ui-monospace"]}
    look = gr.themes.Default(primary_hue="slate", **fonts)
    try:
        return page.launch(
            server_name="127.0.0.1",
            server_port=port,
            share=False,
            inbrowser=False,
            quiet=True,
            run_history=False,
            enable_monitoring=False,
            footer_links=[],
            ssr_mode=False,
            pwa=False,
            mcp_server=False,
            show_error=False,
            max_file_size=1,  # byte; no file is taken in any case
            app_kwargs={"middleware": [gate]},
            theme=look,
            **more,
        )
    except OSError as error:
        if port is None:
            raise
        raise OSError(
            f"port {port} of 127.0.0.1 is in use. Name another: make demo PORT=…"
        ) from error


def _waiting(page, session):
    """How many answers an open page waits for, or is being given."""
    return len(page._queue.pending_event_ids_session.get(session, ()))


def main(argv=None):
    """Command line: load the models of a run and open the page until Ctrl+C."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", default=None, help="run folder; default that of the profile")
    parser.add_argument("--port", type=int, default=None, help="default: the first free from 7860")
    parser.add_argument("--after", choices=["lora", "fsdp"], default="lora")
    parser.add_argument("--tokens", type=int, default=160, help="of an answer, at most")
    args = parser.parse_args(argv)
    try:
        run = open_run(None, args.run)
        speakers = open_models(run, args.after)
        guard = open_guard(run.cache)
        reports = run.path("reports.jsonl")
        page = build_page(speakers, guard, reports, tokens=args.tokens)
        _, address, _ = serve(page, args.port, prevent_thread_lock=True)
    except (RunError, ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    print(f"the demo is at {address} (Ctrl+C ends it)", flush=True)
    try:
        page.block_thread()
    except KeyboardInterrupt:
        print("\nclosed")


if __name__ == "__main__":
    main()
