"""Serve the demo's page on 127.0.0.1 only, with everything off that the page does not need."""

import os
from typing import Any

import gradio as gr
from starlette.middleware import Middleware

from helpers.course.demo.same_origin import SameOriginOnly


def serve(page: gr.Blocks, port: int | None = None, **more: Any) -> tuple[Any, str, str]:
    """Open the page; returns ``(app, local address, share address)``, as Gradio's ``launch``.

    Without ``port`` the first free one from 7860 is used. ``more`` goes to ``launch``. Raises
    OSError if the port is taken.
    """
    for name in ("NO_PROXY", "no_proxy"):  # Gradio calls its own server once
        known = os.environ.get(name, "")
        os.environ[name] = ",".join(filter(None, [known, "127.0.0.1", "localhost"]))
    same_origin = Middleware(SameOriginOnly, waiting=lambda session: _waiting(page, session))
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
            max_file_size=1,  # byte; files are refused in any case
            app_kwargs={"middleware": [same_origin]},
            theme=_theme(),
            **more,
        )
    except OSError as error:
        if port is None:
            raise
        raise OSError(
            f"port {port} of 127.0.0.1 is in use. Name another: make demo PORT=…"
        ) from error


def _theme() -> gr.themes.Default:
    """Gradio's default look with fonts of the system, so that none is fetched."""
    fonts = {"font": ["system-ui", "sans-serif"], "font_mono": ["ui-monospace"]}
    return gr.themes.Default(primary_hue="slate", **fonts)


def _waiting(page: gr.Blocks, session: str) -> int:
    """How many answers an open page waits for, including the one that is being written."""
    return len(page._queue.pending_event_ids_session.get(session, ()))
