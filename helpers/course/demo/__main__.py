"""The command of the demo: load the models of a run and open the page until Ctrl+C."""

import argparse
import sys
from collections.abc import Sequence

from helpers.course.demo.models import open_models
from helpers.course.demo.page import build_page
from helpers.course.demo.server import serve
from helpers.release.guard import open_guard
from helpers.run import RunError, open_run


def main(argv: Sequence[str] | None = None) -> None:
    """Open the demo, and print its address."""
    args = _parser().parse_args(argv)
    try:
        run = open_run(None, args.run)
        models = open_models(run, args.after)
        guard = open_guard(run.cache)
        page = build_page(models, guard, run.path("reports.jsonl"), tokens=args.tokens)
        _, address, _ = serve(page, args.port, prevent_thread_lock=True)
    except (RunError, ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    print(f"the demo is at {address} (Ctrl+C ends it)", flush=True)
    try:
        page.block_thread()
    except KeyboardInterrupt:
        print("\nclosed")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m helpers.course.demo",
        description="A page on this machine where others try the model of a finished run.",
    )
    parser.add_argument("--run", default=None, help="run folder; default that of the profile")
    parser.add_argument("--port", type=int, default=None, help="default: the first free from 7860")
    parser.add_argument("--after", choices=["lora", "fsdp"], default="lora", help="which training")
    parser.add_argument("--tokens", type=int, default=160, help="most tokens of an answer")
    return parser


if __name__ == "__main__":
    main()
