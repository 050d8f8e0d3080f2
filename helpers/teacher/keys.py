"""Find an API key: in the environment, in a ``.env`` file, or in Google Colab's secrets.

A key is never typed into a notebook cell. The functions here return a key to their caller, and
never print, store or log one. :mod:`helpers.teacher.redaction` keeps it out of messages.
"""

import json
import os
import re
import unicodedata
from pathlib import Path

_QUOTES = {'"': '"', "'": "'", "`": "`", "“": "”", "‘": "’"}
_INVISIBLE = "\u200b\u2060\ufeff"  # characters that are often copied along with a key
# What a line of a ``.env`` file may have before the name, and between the name and the value.
_BEFORE_NAME = (
    r"[\s\ufeff\ufffd\u200b\u2060]*(?:-\s+)?"
    r"(?:(?i:export|setx?|setenv|env|declare|typeset|readonly|local)\s+"
    r"(?:-\w+\s+|\w+=[^\s'\"]*\s+)*)?(?:\$\{?(?i:env):)?([\"']?)"
)
_BEFORE_VALUE = r"(\1|\})?\s*(?:=|:\s)"

# What to do about an exception of Colab's secrets, by the name of its class.
_COLAB_ADVICE = {
    "SecretNotFoundError": "Colab has no secret {name} (the key symbol on the left adds one)",
    "NotebookAccessError": "this notebook may not read the secret {name}: switch its access on, "
    "under the key symbol on the left",
    "TimeoutException": "Colab did not answer for the secret {name}; run the cell again and allow "
    "the access it asks for",
    "ValueError": "Colab's secrets cannot have the name {name}",
}
_OTHER_ADVICE = "Colab's secrets could not be read"


def find_key(name: str, folder: str | Path = ".") -> tuple[str | None, str | None]:
    """``(key, None)`` for the environment variable ``name``, or ``(None, reason)`` without a key.

    The places are searched in this order: the environment, a line ``NAME=value`` of the file
    ``.env`` in ``folder``, and Colab's secrets if the code runs in Colab. An empty value is
    ignored. A value with a character that no key has is refused: the HTTP library would print
    such a key in its error.
    """
    key = _clean_value(os.environ.get(name) or "") or _from_env_file(Path(folder) / ".env", name)
    reason = None
    if not key:
        key, reason = _from_colab(name)
    if not key:
        return key, reason
    wrong = re.search(r"[^!-~]", key)
    if wrong:
        fallback = "a line break" if wrong[0] in "\r\n" else "a control character"
        kind = unicodedata.name(wrong[0], fallback).lower()
        return None, (
            f"{name} holds {kind} as character {wrong.start() + 1} of {len(key)}; a key is one "
            "word of ASCII letters, digits and punctuation: copy it again"
        )
    return key, None


def _from_env_file(path: Path, name: str) -> str | None:
    """The value of ``NAME=value`` in a file that a shell or an editor wrote, or None.

    A line may have a shell's keyword before the name (``export``, ``set``, ``$env:``, …), quotes,
    and a comment or a semicolon after the value. The file may be in UTF-16, as PowerShell writes
    it. As in a shell, the last line with a value counts.
    """
    try:
        data = path.read_bytes()
    except OSError:
        return None
    line = re.compile(_BEFORE_NAME + re.escape(name) + _BEFORE_VALUE + "(.*)")
    # A comment may be in any encoding; a key is ASCII.
    text = data.decode(json.detect_encoding(data), errors="replace")
    # ASCII text in UTF-16 is ASCII after its zero bytes are removed. This also reads a file in
    # which only some lines are in UTF-16.
    mixed = data.replace(b"\0", b"").decode("utf-8", errors="replace")
    found, found_in_mixed = (
        [match for match in map(line.fullmatch, candidate.splitlines()) if match]
        for candidate in (text, mixed)
    )
    if "\ufffd" in text or len(found) < len(found_in_mixed):
        found = found_in_mixed
    values = [_clean_value(match[3], "" if match[2] else match[1]) for match in found]
    return next((value for value in reversed(values) if value), None)


def _clean_value(text: str, closing_quote: str = "") -> str:
    """The text after ``=`` without its quotes and without a comment.

    ``closing_quote`` is a quote that was opened before the name, as in ``set "NAME=value"``.
    """
    text = text.strip().strip(_INVISIBLE)
    if closing_quote and closing_quote in text:
        return _strip_quotes(text[: text.index(closing_quote)])
    quote = _QUOTES.get(text[:1])
    if quote and quote in text[1:]:
        return _strip_quotes(text[1 : text.index(quote, 1)])
    return _strip_quotes(re.split(r"(?:^|\s)#", text, maxsplit=1)[0].rstrip().rstrip(";,"))


def _strip_quotes(text: str) -> str:
    """A value without surrounding spaces and quotes. ``docker --env-file`` keeps the quotes."""
    return text.strip().strip(_INVISIBLE).strip("\"'`“”‘’").strip()


def _from_colab(name: str) -> tuple[str | None, str | None]:
    """``(key, reason)`` from Colab's secrets; outside Colab the reason names the other places."""
    searched = f"the environment variable {name} is empty, and no line {name}=… is in a file .env"
    try:
        # Only Colab has this package, so the type checker cannot find it.
        from google.colab import userdata  # type: ignore[import-not-found]
    except ImportError:
        return None, searched
    try:
        key = (userdata.get(name) or "").strip()
    except Exception as error:  # the classes of these exceptions exist in Colab alone
        advice = _COLAB_ADVICE.get(type(error).__name__, _OTHER_ADVICE).format(name=name)
        return None, f"{searched}; {advice}"
    return key or None, f"{searched}; the secret {name} in Colab is empty"
