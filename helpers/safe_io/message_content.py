"""The text of a chat message, whether a server sends it as one string or as a list of parts."""

_TEXT_PARTS = ("text", "output_text")


def text_of(content: object) -> str:
    """The text of a message's content: a string as it is, or the text parts of a list, joined.

    Parts that hold thinking, tool calls or anything but text are left out. One part that says it
    is text is read outside a list as well. Everything else is an empty text.
    """
    if isinstance(content, str):
        return content
    parts = field(content, "parts")  # Gemini's own content
    content = parts if isinstance(parts, list) else content
    if isinstance(content, list):
        return "".join(map(_text_of_part, content))
    return _text_of_part(content) if field(content, "type") in _TEXT_PARTS else ""


def _text_of_part(part: object) -> str:
    """The text of one part; some servers wrap it once more: ``{"text": {"value": …}}``."""
    if isinstance(part, str):
        return part
    if (field(part, "type") or "text") not in _TEXT_PARTS or field(part, "thought"):
        return ""
    for name in ("text", "content"):
        text = field(part, name)
        for found in (text, field(text, "value"), field(text, "text")):
            if isinstance(found, str):
                return found
    return ""


def field(part: object, name: str) -> object:
    """An attribute or key; replies are objects from the client and dicts in batch files."""
    return part.get(name) if isinstance(part, dict) else getattr(part, name, None)
