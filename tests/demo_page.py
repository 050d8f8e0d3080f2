"""Shared by the tests of the demo: requests as Gradio passes them to a handler."""

from types import SimpleNamespace


def request_from(page):
    """A request from an open page, which Gradio knows by its session."""
    return SimpleNamespace(session_hash=page)
