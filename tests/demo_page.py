"""Shared by the tests of the demo: stand-ins, and a page of them."""

from types import SimpleNamespace


class Refusal(Exception):
    """In the place of gradio's own, which takes options."""

    def __init__(self, text, **_):
        super().__init__(text)


STAND_IN = SimpleNamespace(Error=Refusal, Request=object)


def page_of(name):
    return SimpleNamespace(session_hash=name)
