"""Keep API keys out of messages, pickled files and child processes.

:class:`Secret` holds a key in memory, :func:`hide` removes a key from a text, and
:func:`without_keys` leaves keys out of the environment of a child process.
"""

import re
from base64 import b64encode
from collections.abc import Mapping
from urllib.parse import quote

# Beginnings of the variable names that a training process needs. All other variables are left out.
_NEEDED_NAME = re.compile(
    r"PATH|HOME|USER|LOGNAME|SHELL|PWD|TERM|TZ|LANG|LANGUAGE|LC_\w+|TMPDIR|TEMP|TMP|SYSTEMROOT|VIRTUAL_ENV"
    r"|(?:PYTHON|CONDA|LD|DYLD|OMP|MKL|KMP|GOMP|OPENBLAS|NUMEXPR|MALLOC|GLIBC|THP|CUDA|CUBLAS|CUDNN"
    r"|NVIDIA|NCCL|GLOO|TORCH\w*|PYTORCH|TRITON|ROCR|HIP|HSA|MIOPEN|FI|UCX|RDMAV|IBV|SLURM|XDG"
    r"|TRANSFORMERS|TOKENIZERS|ACCELERATE|ALPACA|HF)(?:_?\w+)?"
)
_KEY_NAME = re.compile(
    r"KEY|TOKEN(?!IZERS)|SECRET|PASS|CRED|COOKIE|AUTH|BEARER|SESSION_?ID|_PAT$", re.I
)
# A password in an address, the prefixes that providers give to their keys, a signed token (JWT).
_KEY_VALUE = re.compile(
    r"://[^\s@]{0,300}@|(?:^|[=\s])(?:sk[-_]|hf_|gh[pousr]_|github_pat_|glpat-|xox[abp]-|AKIA|AIza|gsk_)\w"
    r"|eyJ[\w-]+\.eyJ|AccountKey=|_authToken"
)
_FRAGMENT = 8  # a text that shares this many consecutive characters with a key contains part of it


class Secret:
    """A key or password in memory. Its text form is ``…``, and pickling it raises TypeError."""

    __slots__ = ("value",)

    def __init__(self, value: str):
        self.value = value

    @classmethod
    def of(cls, value: "Secret | str | None") -> "Secret | None":
        """Wrap a string as a secret; a secret and None are returned as they are."""
        return value if value is None or isinstance(value, Secret) else cls(value)

    def __repr__(self) -> str:
        return "…"

    def __deepcopy__(self, memo: dict[int, object]) -> "Secret":
        return self

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError(
            "a key is not pickled. Set it in the environment of the process that needs it."
        )


def hide(text: str, secret: str) -> str:
    """Replace a secret, long fragments of it and its encodings in a text by ``…``.

    A server may quote a key without its end, with stars in its middle, in base64 or in hex.
    """
    if len(secret) < _FRAGMENT:
        return re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", "…", text) if secret else text
    fragments = _fragments(secret)
    covered = [False] * len(text)
    for i in range(len(text) - _FRAGMENT + 1):
        if text[i : i + _FRAGMENT] in fragments:
            covered[i : i + _FRAGMENT] = [True] * _FRAGMENT
    kept = ("\0" if is_secret else char for char, is_secret in zip(text, covered, strict=True))
    return re.sub("\0+", "…", "".join(kept))


def _fragments(secret: str) -> set[str]:
    """All fragments of ``_FRAGMENT`` characters of a secret, plain and encoded."""
    data = secret.encode()
    forms = [secret, quote(secret, safe=""), data.hex(), data.hex().upper()]
    # Base64 encodes three bytes at a time, so the result depends on where the secret begins.
    base64_forms = [b64encode(bytes(shift) + data).decode() for shift in range(3)]
    forms += base64_forms
    forms += [form.replace("+", "-").replace("/", "_") for form in base64_forms]
    return {form[i : i + _FRAGMENT] for form in forms for i in range(len(form) - _FRAGMENT + 1)}


def without_keys(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that a training process needs, without any that may hold a key.

    A training process sends no requests. A key that it does not have cannot leak from it.
    """
    return {
        name: value
        for name, value in environment.items()
        if _NEEDED_NAME.fullmatch(name)
        and not _KEY_NAME.search(name)
        and not _KEY_VALUE.search(value)
    }
