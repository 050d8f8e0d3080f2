"""Where a key comes from: the environment, a ``.env`` file, Google Colab's secrets. Never a cell.

A module of its own because a key is looked for in one place only, and goes nowhere else: it is
returned to whoever makes the request, and never printed, stored or put into an error.
"""

import json
import os
import re
import unicodedata
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

_QUOTES = {'"': '"', "'": "'", "`": "`", "“": "”", "‘": "’"}
# What a training needs of its surroundings, by the beginnings of the names; the rest stays behind.
_NEEDED = re.compile(
    r"PATH|HOME|USER|LOGNAME|SHELL|PWD|TERM|TZ|LANG|LANGUAGE|LC_\w+|TMPDIR|TEMP|TMP|SYSTEMROOT|VIRTUAL_ENV"
    r"|(?:PYTHON|CONDA|LD|DYLD|OMP|MKL|KMP|GOMP|OPENBLAS|NUMEXPR|MALLOC|GLIBC|THP|CUDA|CUBLAS|CUDNN"
    r"|NVIDIA|NCCL|GLOO|TORCH\w*|PYTORCH|TRITON|ROCR|HIP|HSA|MIOPEN|FI|UCX|RDMAV|IBV|SLURM|XDG"
    r"|TRANSFORMERS|TOKENIZERS|ACCELERATE|ALPACA|HF)(?:_?\w+)?"
)
_KEY_NAME = re.compile(
    r"KEY|TOKEN(?!IZERS)|SECRET|PASS|CRED|COOKIE|AUTH|BEARER|SESSION_?ID|_PAT$", re.I
)
# A password in an address; the beginnings that makers of keys have given theirs; a signed token.
_KEY_VALUE = re.compile(
    r"://[^\s@]{0,300}@|(?:^|[=\s])(?:sk[-_]|hf_|gh[pousr]_|github_pat_|glpat-|xox[abp]-|AKIA|AIza|gsk_)\w"
    r"|eyJ[\w-]+\.eyJ|AccountKey=|_authToken"
)
_PART = 8  # so many characters of a key in a row are a part of it, and no accident
# What a line of a file may have before a name, and between the name and its value.
_BEFORE = (
    r"[\s\ufeff\ufffd\u200b\u2060]*(?:-\s+)?"
    r"(?:(?i:export|setx?|setenv|env|declare|typeset|readonly|local)\s+"
    r"(?:-\w+\s+|\w+=[^\s'\"]*\s+)*)?(?:\$\{?(?i:env):)?([\"']?)"
)
_BETWEEN = r"(\1|\})?\s*(?:=|:\s)"
_BLANKS = "\u200b\u2060\ufeff"  # invisible, and often copied along with a key


class Secret:
    """A key or password in memory: never printed, pickled, or copied into another object."""

    __slots__ = ("value",)

    def __init__(self, value: str):
        self.value = value

    @classmethod
    def of(cls, value: "Secret | str | None") -> "Secret | None":
        """A value as a secret; None for none."""
        return value if value is None or isinstance(value, cls) else cls(value)

    def __repr__(self):
        return "…"

    def __deepcopy__(self, memo):
        return self

    def __reduce__(self):
        raise TypeError("a key is not pickled: let whoever reads this find it in the environment.")


def find_key(name: str, folder: str | Path = ".") -> tuple[str | None, str | None]:
    """``(key, why)`` for the environment variable ``name``: the key and None, or None and why not.

    Looked for in this order: the environment; a line ``NAME=value`` of the file ``.env`` in
    ``folder``; Colab's secrets, where this runs in Colab. An empty value counts as none, and so
    does one with a character that no key has: sent, it would be printed by the error it causes.
    """
    key = _value(os.environ.get(name) or "") or _from_env_file(Path(folder) / ".env", name)
    why = None
    if not key:
        key, why = _from_colab(name)
    odd = re.search(r"[^!-~]", key or "")
    if odd:
        kind = unicodedata.name(odd[0], "a line break" if odd[0] in "\r\n" else "a control sign")
        return None, (
            f"{name} holds {kind.lower()} as character {odd.start() + 1} of {len(key)}; a key is "
            "one word of letters, digits and signs: copy it again"
        )
    return key, None if key else why


def hide(text: str, secret: str) -> str:
    """The text with ``…`` for a secret, for longer parts of it, and for its encodings.

    A server may quote a key without its end, with its middle starred out, in base64 or in hex.
    """
    if len(secret) < _PART:
        return re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", "…", text) if secret else text
    data = secret.encode()
    # Base64 of a text depends on where in its group of three bytes it begins.
    written = [secret, quote(secret, safe=""), data.hex(), data.hex().upper()]
    written += [b64encode(bytes(shift) + data).decode() for shift in range(3)]
    written += [form.replace("+", "-").replace("/", "_") for form in written[-3:]]
    parts = {form[i : i + _PART] for form in written for i in range(len(form) - _PART + 1)}
    covered = [False] * len(text)
    for i in range(len(text) - _PART + 1):
        if text[i : i + _PART] in parts:
            covered[i : i + _PART] = [True] * _PART
    kept = ("\0" if hide else letter for letter, hide in zip(text, covered, strict=True))
    return re.sub("\0+", "…", "".join(kept))


def without_keys(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that a training needs, and of these none that looks like a key.

    For processes that ask nobody anything: what they lack cannot be taken.
    """
    return {
        name: value
        for name, value in environment.items()
        if _NEEDED.fullmatch(name) and not _KEY_NAME.search(name) and not _KEY_VALUE.search(value)
    }


def _from_env_file(path, name):
    """The value of ``NAME=value`` in a file as shells and editors write it; None without one.

    Allowed are a shell's word before the name (``export``, ``set``, ``$env:``, …), quotes, a
    comment or a semicolon behind the value, and UTF-16, in which PowerShell writes. As in a shell,
    the last line with a value counts.
    """
    try:
        data = path.read_bytes()
    except OSError:
        return None
    line = re.compile(_BEFORE + re.escape(name) + _BETWEEN + "(.*)")
    # A comment may be in any encoding; a key is ASCII.
    text = data.decode(json.detect_encoding(data), errors="replace")
    # Without its zeros UTF-16 is ASCII, also where only a part of the file is in it.
    mixed = data.replace(b"\0", b"").decode("utf-8", errors="replace")
    found, anywhere = (
        [match for match in map(line.fullmatch, read.splitlines()) if match]
        for read in (text, mixed)
    )
    if "\ufffd" in text or len(found) < len(anywhere):
        found = anywhere
    values = [_value(match[3], "" if match[2] else match[1]) for match in found]
    return next((value for value in reversed(values) if value), None)


def _value(text, closing=""):
    """What stands behind the ``=``, without its quotes and without a comment.

    ``closing`` is the quote that was opened before the name, as in ``set "NAME=value"``.
    """
    text = text.strip().strip(_BLANKS)
    if closing and closing in text:
        return _plain(text[: text.index(closing)])
    quote = _QUOTES.get(text[:1])
    if quote and quote in text[1:]:
        return _plain(text[1 : text.index(quote, 1)])
    return _plain(re.split(r"(?:^|\s)#", text, maxsplit=1)[0].rstrip().rstrip(";,"))


def _plain(text):
    """A value without blanks around it, and without quotes: ``docker --env-file`` keeps those."""
    return text.strip().strip(_BLANKS).strip("\"'`“”‘’").strip()


def _from_colab(name):
    """``(key, why)`` from Colab's secrets; outside Colab the other two places are named."""
    here = f"the environment variable {name} is empty, and no line {name}=… is in a file .env"
    try:
        from google.colab import userdata
    except ImportError:
        return None, here
    try:
        key = (userdata.get(name) or "").strip()
    except Exception as error:  # its own kinds, which exist in Colab alone
        return None, f"{here}; {_COLAB.get(type(error).__name__, _OTHER).format(name=name)}"
    return key or None, f"{here}; the secret {name} in Colab is empty"


_OTHER = "Colab's secrets could not be read"
_COLAB = {
    "SecretNotFoundError": "Colab has no secret {name} (the key symbol on the left adds one)",
    "NotebookAccessError": "this notebook may not read the secret {name}: switch its access on, "
    "under the key symbol on the left",
    "TimeoutException": "Colab did not answer for the secret {name}; run the cell again and allow "
    "the access it asks for",
    "ValueError": "{name} is no name that Colab's secrets can have",
}
