"""The text of a chat message. A server may send it as one string or as a list of parts."""

_TEXT_PARTS = ("text", "output_text")


def text_of(content: object) -> str:
    """The text of a message's content: a string unchanged, or the text parts of a list, joined.

    A single part outside a list is read too, if its type is text. Parts of any other type, such as
    thinking or tool calls, are left out. All other content gives an empty text.
    """
    if isinstance(content, str):
        return content
    parts = read_field(content, "parts")  # Gemini's own format
    content = parts if isinstance(parts, list) else content
    if isinstance(content, list):
        return "".join(map(_text_of_part, content))
    return _text_of_part(content) if read_field(content, "type") in _TEXT_PARTS else ""


def _text_of_part(part: object) -> str:
    """The text of one part. Some servers nest it once more: ``{"text": {"value": …}}``."""
    if isinstance(part, str):
        return part
    if (read_field(part, "type") or "text") not in _TEXT_PARTS or read_field(part, "thought"):
        return ""
    for name in ("text", "content"):
        text = read_field(part, name)
        for found in (text, read_field(text, "value"), read_field(text, "text")):
            if isinstance(found, str):
                return found
    return ""


def read_field(part: object, name: str) -> object:
    """A key of a dict or an attribute of any other object; None where there is none.

    The same reply is an object from the client and a dict in a batch file.
    """
    return part.get(name) if isinstance(part, dict) else getattr(part, name, None)
